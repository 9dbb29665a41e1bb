#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One Apache Kafka broker for a test: fetched, started and surely ended.

    broker.py [--version 3.9.1] [--jars DIRECTORY]

Speaks in lines. The first one it prints is

    ready 127.0.0.1:PORT      the broker takes connections, or
    unavailable WHY           the jars or Java cannot be had here: nothing is wrong with the code under test

Then it obeys its standard input, answering each line: `kill` (SIGKILL; "killed"), `start` (again, from what is on disk, at the same
port; "ready 127.0.0.1:PORT"). At the end of input the broker is killed and its directory removed: whoever holds the other end of
the pipe need not remember to clean up, and may die in any way. Should this program be killed, the kernel kills the broker.

One process is broker and controller (KRaft). The directory is temporary, the ports are free ones of this machine.
"""

import argparse
import ctypes
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
READY_SECONDS_MAX = 180  # on a machine that is busy otherwise; alone it takes 3 to 5
HEAP = "384m"

# A broker's defaults are for a machine of its own. The short session lets a killed broker come back: until the session of the one
# before has ended, the controller in it refuses the new one.
SETTINGS = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller_port}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
controller.listener.names=CONTROLLER
log.dirs={directory}/data
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
log.cleaner.dedupe.buffer.size=4194304
log.index.size.max.bytes=1048576
num.network.threads=2
num.io.threads=4
background.threads=2
group.initial.rebalance.delay.ms=0
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=6000
"""


class Unavailable(Exception):
    """What the tests need cannot be had on this machine."""


def die_with_parent():
    """The kernel kills this process when its parent ends, however that ends."""
    PR_SET_PDEATHSIG = 1
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def fetch_jars(version, directory):
    """Several tests may want them at once: one fetches, the others wait."""
    directory.mkdir(parents=True, exist_ok=True)
    complete = directory / "complete"
    with open(directory / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if complete.exists():
            return
        if shutil.which("mvn") is None:
            raise Unavailable("Maven is not installed: ./dev test installs it")
        command = ["mvn", "--batch-mode", "--quiet", "--file", str(HERE / "pom.xml"), f"-Pkafka-{version}",
                   "dependency:copy-dependencies", f"-DoutputDirectory={directory}"]
        fetched = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if fetched.returncode != 0 or not list(directory.glob(f"kafka_2.13-{version}.jar")):
            errors = [line for line in fetched.stdout.splitlines() if "ERROR" in line] or ["it said nothing"]
            raise Unavailable(f"Maven could not fetch Kafka {version}: {errors[0].strip()}")
        complete.touch()


def java_program():
    home = os.environ.get("JAVA_HOME")
    program = shutil.which(os.path.join(home, "bin", "java")) if home else shutil.which("java")
    if program is None:
        raise Unavailable("Java is not installed: ./dev test installs it")
    said = subprocess.run([program, "-version"], stderr=subprocess.PIPE, text=True).stderr
    number = said.split('"')[1].split(".")[0] if '"' in said else ""
    if not number.isdigit() or int(number) < 17:
        raise Unavailable(f"{program} is not Java 17 or newer: {said.splitlines()[0] if said else 'it does not say what it is'}")
    return program


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Broker:
    def __init__(self, jars, java):
        self.directory = Path(tempfile.mkdtemp(prefix="datong-kafka-"))
        self.java = [java, f"-Xmx{HEAP}", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto",
                     "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", f"{jars}/*"]
        self.port, controller_port = free_ports(2)
        self.settings = self.directory / "server.properties"
        self.settings.write_text(
            SETTINGS.format(port=self.port, controller_port=controller_port, directory=self.directory))
        self.log = open(self.directory / "log", "ab")
        self.process = None
        self.run("kafka.tools.StorageTool", "format", "--cluster-id", "datong-tests-000000000", "--config", str(self.settings))

    def run(self, *arguments):
        done = subprocess.run([*self.java, *arguments], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                              preexec_fn=die_with_parent)
        if done.returncode != 0:
            raise RuntimeError(f"{arguments[0]} failed:\n{self.log_tail()}")

    def log_tail(self):
        return "\n".join((self.directory / "log").read_text(errors="replace").splitlines()[-30:])

    def start(self):
        self.process = subprocess.Popen([*self.java, "kafka.Kafka", str(self.settings)], stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=self.log, preexec_fn=die_with_parent)
        deadline = time.monotonic() + READY_SECONDS_MAX
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"the broker ended with {self.process.returncode}:\n{self.log_tail()}")
            try:
                # It listens only once it has joined its own cluster and serves requests.
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return f"ready 127.0.0.1:{self.port}"
            except OSError:
                time.sleep(0.05)
        raise RuntimeError(f"the broker was not ready within {READY_SECONDS_MAX} s:\n{self.log_tail()}")

    def kill(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None
        return "killed"

    def remove(self):
        self.kill()
        self.log.close()
        shutil.rmtree(self.directory, ignore_errors=True)


def say(line):
    print(line, flush=True)


def serve(broker):
    say(broker.start())
    commands = {"kill": broker.kill, "start": broker.start}
    for line in sys.stdin:
        command = commands.get(line.strip())
        say(command() if command else f"no such command: {line.strip()}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", default="3.9.1", help="of Kafka; pom.xml has a profile for each")
    parser.add_argument("--jars", type=Path, default=HERE.parents[1] / "build" / "kafka", help="where jars are kept, by version")
    options = parser.parse_args()
    # An ordinary end, so that the directory goes away.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        java = java_program()
        jars = (options.jars / options.version).resolve()
        fetch_jars(options.version, jars)
    except Unavailable as why:
        say(f"unavailable {why}")
        return 0
    broker = Broker(jars, java)
    try:
        serve(broker)
    finally:
        broker.remove()
    return 0


if __name__ == "__main__":
    sys.exit(main())
