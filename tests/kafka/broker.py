#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One Apache Kafka broker for a test: fetched, started and surely ended.

    broker.py [--version 3.9.1] [--jars DIRECTORY] [--secure DIRECTORY]

Speaks in lines. The first one it prints is

    ready 127.0.0.1:PORT      the broker takes connections, or
    unavailable WHY           the jars or Java cannot be had here: nothing is wrong with the code under test

Then it obeys its standard input, answering each line: `kill` (SIGKILL; "killed"), `start` (again, from what is on disk, at the same
port; "ready 127.0.0.1:PORT"). At the end of input the broker is killed and its directory removed: whoever holds the other end of
the pipe need not remember to clean up, and may die in any way. Should this program be killed, the kernel kills the broker.

With --secure its clients must know a password and trust its certificate; the address it prints is that listener's, and behind it
stands that of another one, whose certificate has expired: `ready 127.0.0.1:PORT 127.0.0.1:PORT`. DIRECTORY gets what a client
needs: ca.pem, and password, the one of user `exchange` (SCRAM-SHA-512).

One process is broker and controller (KRaft). The directory is temporary, the ports are free ones of this machine.
"""

import argparse
import ctypes
import fcntl
import os
import secrets
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

OPEN = """\
listeners=PLAINTEXT://127.0.0.1:{ports[0]},CONTROLLER://127.0.0.1:{controller_port}
"""
SECURE = """\
listeners=SECURE://127.0.0.1:{ports[0]},EXPIRED://127.0.0.1:{ports[1]},INSIDE://127.0.0.1:{ports[2]},CONTROLLER://127.0.0.1:{controller_port}
listener.security.protocol.map=SECURE:SASL_SSL,EXPIRED:SASL_SSL,INSIDE:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=INSIDE
sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.secure.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.expired.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.secure.ssl.keystore.type=PEM
listener.name.secure.ssl.keystore.location={directory}/valid.pem
listener.name.expired.ssl.keystore.type=PEM
listener.name.expired.ssl.keystore.location={directory}/expired.pem
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


def make_certificates(directory, public):
    """Two for 127.0.0.1 in `directory`, one valid and one that has expired, each with its key, signed by the authority in `public`."""
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=directory, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, check=True)

    authority = str(public / "ca.pem")
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", authority, "-subj", "/CN=test authority", "-days", "2")
    (directory / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    for name, days in (("valid", "2"), ("expired", "0")):
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "key", "-out", "request", "-subj", "/CN=127.0.0.1")
        openssl("x509", "-req", "-in", "request", "-CA", authority, "-CAkey", "ca.key", "-CAcreateserial", "-CAserial", "serial",
                "-days", days, "-extfile", "names", "-out", "certificate")
        (directory / f"{name}.pem").write_text((directory / "key").read_text() + (directory / "certificate").read_text())


class Broker:
    def __init__(self, jars, java, public=None):
        self.directory = Path(tempfile.mkdtemp(prefix="datong-kafka-"))
        self.java = [java, f"-Xmx{HEAP}", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto",
                     "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", f"{jars}/*"]
        controller_port, *self.ports = free_ports(4)
        self.settings = self.directory / "server.properties"
        self.settings.write_text((SECURE if public else OPEN).format(
            ports=self.ports, controller_port=controller_port, directory=self.directory) + SETTINGS.format(
            controller_port=controller_port, directory=self.directory))
        self.shown = 2 if public else 1
        users = []
        if public:
            make_certificates(self.directory, public)
            password = secrets.token_hex(16)
            (public / "password").write_text(password)
            users = ["--add-scram", f"SCRAM-SHA-512=[name=exchange,password={password}]"]
        self.log = open(self.directory / "log", "ab")
        self.process = None
        self.run("kafka.tools.StorageTool", "format", "--cluster-id", "datong-tests-000000000", "--config", str(self.settings),
                 *users)

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
                socket.create_connection(("127.0.0.1", self.ports[0]), timeout=1).close()
                return " ".join(["ready", *(f"127.0.0.1:{port}" for port in self.ports[:self.shown])])
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
    parser.add_argument("--secure", type=Path, help="where ca.pem and password go; with TLS and a password")
    options = parser.parse_args()
    # An ordinary end, so that the directory goes away.
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, lambda *_: sys.exit(1))
    try:
        java = java_program()
        jars = (options.jars / options.version).resolve()
        fetch_jars(options.version, jars)
    except Unavailable as why:
        say(f"unavailable {why}")
        return 0
    broker = Broker(jars, java, options.secure)
    try:
        serve(broker)
    finally:
        broker.remove()
    return 0


if __name__ == "__main__":
    sys.exit(main())
