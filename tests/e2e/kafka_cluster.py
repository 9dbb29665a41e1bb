#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a test of the real binary on a real Kafka broker, unchanged: it is given a program that adds, to the commands that make an
exchange, which cluster carries it.

    kafka_cluster.py BINARY TEST.py [ARGUMENT...]     {binary} among the arguments stands for that program

Exit code 77, and a line that says why, when no broker can be had here; with DATONG_REQUIRE_KAFKA=1 that is a failure."""
import os
import shlex
import stat
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
SKIPPED = 77
# An exchange for each data directory, so that a test may have many; its name is a number made of the directory's.
PROGRAM = """#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
before=; directory=
for word; do
  case $before in -d|--data-dir) directory=$word ;; esac
  before=$word
done
case $1 in
  run|apply|import)
    exec {binary} "$@" --engine kafka --bootstrap-servers {servers} --exchange "e$(printf %s "$directory" | cksum | cut -d' ' -f1)" ;;
esac
exec {binary} "$@"
"""


class NoKafka(Exception):
    """None can be had on this machine: nothing is wrong with what is tested."""


class KafkaCluster:
    """Brokers (tests/kafka/broker.py, with these options), and the binary on them as `program`."""

    def __init__(self, binary, *options):
        self.process = subprocess.Popen([sys.executable, os.path.join(os.path.dirname(HERE), "kafka", "broker.py"), *options],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.servers = self._await_ready()
        self.folder = tempfile.TemporaryDirectory(prefix="datong-on-kafka-")
        self.program = os.path.join(self.folder.name, "datong")
        with open(self.program, "w", encoding="utf-8") as file:
            file.write(PROGRAM.format(binary=shlex.quote(os.path.abspath(binary)), servers=self.servers))
        os.chmod(self.program, stat.S_IRWXU)

    def _answer(self):
        return self.process.stdout.readline().rstrip("\n")

    def _say(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()

    def _await_ready(self):
        word, _, rest = self._answer().partition(" ")
        if word == "unavailable":
            raise NoKafka(rest)
        if word != "ready":
            raise RuntimeError("the Kafka broker did not start")
        return rest

    def kill(self):
        self._say("kill")
        assert self._answer() == "killed"

    def start(self):
        self._say("start")
        self._await_ready()

    def ask(self, line):
        """Any line that broker.py knows, and what it answers."""
        self._say(line)
        return self._answer()

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.folder.cleanup()


def skip(why):
    """The exit code of a test that cannot be run here."""
    print(f"SKIPPED: this test needs a Kafka broker, and none can be had: {why}", file=sys.stderr)
    if os.environ.get("DATONG_REQUIRE_KAFKA") == "1":
        print("FAILED: DATONG_REQUIRE_KAFKA=1 forbids to skip it", file=sys.stderr)
        return 1
    return SKIPPED


def main():
    if len(sys.argv) < 3:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        cluster = KafkaCluster(sys.argv[1])
    except NoKafka as why:
        return skip(why)
    try:
        arguments = [cluster.program if word == "{binary}" else word for word in sys.argv[2:]]
        return subprocess.run([sys.executable, *arguments], check=False).returncode
    finally:
        cluster.close()


if __name__ == "__main__":
    sys.exit(main())
