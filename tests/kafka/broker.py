#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An Apache Kafka cluster for a test: fetched, started and surely ended.

    broker.py [--version 3.9.1] [--jars DIRECTORY] [--brokers 1] [--secure DIRECTORY [--users A,B]] [--proxied] [--disk MIB]

Speaks in lines. The first one it prints is

    ready 127.0.0.1:PORT,...  the brokers take connections, or
    unavailable WHY           the jars or Java cannot be had here: nothing is wrong with the code under test

Then it obeys its standard input, answering each line:

    kill [N]                  SIGKILL, of broker N or of all; "killed"
    stop [N]                  in order; "stopped"
    start [N]                 again, from what is on disk, at the same port; "ready 127.0.0.1:PORT,..."
    tool CLASS WORD...        a Java program of Kafka's; {servers} among the words stands for the brokers' addresses. Its exit code
                              and, as JSON, what it said: `0 "..."`
    lose|cut|hold|delay request|answer API COUNT
                              what happens to the next COUNT of them from now on (proxy.py); "yes"
    await COUNT               "struck COUNT" once that has happened so often, for the newest of these lines
    heal                      nothing happens any longer, and what was delayed arrives; "yes"
    release                   what was held arrives; "released CODE..."
    fill, empty               the broker's disk, to the last byte, and what filled it away again; "yes"

At the end of input the brokers are killed and their directory removed: whoever holds the other end of the pipe need not remember to
clean up, and may die in any way. Should this program be killed, the kernel kills the brokers.

With --secure its clients must know a password and trust its certificate; the addresses it prints are that listener's, and behind them
stand those of another one, whose certificates have expired: `ready 127.0.0.1:PORT,... 127.0.0.1:PORT,...`. DIRECTORY gets what a client
needs: ca.pem, and password, the one of user `exchange` (SCRAM-SHA-512), who may do everything. An authorizer lets other users do
what a rule (ACL) allows and nothing else; --users A,B makes some, their passwords in DIRECTORY/password-A, DIRECTORY/password-B.

With --proxied the address it prints is that of a proxy, and clients know no other. With --disk the broker's data has a file system of
so many MiB of its own, for which one must be root.

Each process is broker and controller (KRaft). The directory is temporary, the ports are free ones of this machine.
"""

import argparse
import ctypes
import fcntl
import json
import os
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

from proxy import APIS, VERBS, Proxy  # noqa: E402

HERE = Path(__file__).resolve().parent
READY_SECONDS_MAX = 600  # on a machine that is busy otherwise; alone it takes 3 to 5
HEAP = {1: "384m", 3: "256m"}  # by the number of brokers
STOP_SECONDS_MAX = 60

# A broker's defaults are for a machine of its own. The short session lets a killed broker come back: until the session of the one
# before has ended, the controller in it refuses the new one.
SETTINGS = """\
process.roles=broker,controller
node.id={number}
controller.quorum.voters={voters}
controller.listener.names=CONTROLLER
log.dirs={directory}/data
auto.create.topics.enable=false
offsets.topic.replication.factor={replicas}
offsets.topic.num.partitions=4
transaction.state.log.replication.factor={replicas}
transaction.state.log.min.isr={in_sync}
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
# The second one is for the tests' own tools, which no proxy shall disturb.
PROXIED = """\
listeners=PLAINTEXT://127.0.0.1:{ports[0]},DIRECT://127.0.0.1:{ports[1]},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=PLAINTEXT://127.0.0.1:{proxy_port},DIRECT://127.0.0.1:{ports[1]}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,DIRECT:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=DIRECT
"""
SECURE = """\
listeners=SECURE://127.0.0.1:{ports[0]},EXPIRED://127.0.0.1:{ports[1]},INSIDE://127.0.0.1:{ports[2]},CONTROLLER://127.0.0.1:{controller_port}
listener.security.protocol.map=SECURE:SASL_SSL,EXPIRED:SASL_SSL,INSIDE:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=INSIDE
sasl.enabled.mechanisms=SCRAM-SHA-512
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:exchange;User:ANONYMOUS
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


def openssl(directory, *arguments):
    subprocess.run(["openssl", *arguments], cwd=directory, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, check=True)


def make_authority(directory, public):
    """Its key stays in `directory`, its certificate goes to `public`."""
    openssl(directory, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", str(public / "ca.pem"), "-subj",
            "/CN=test authority", "-days", "2")


def make_certificates(directory, authority, public):
    """Two for 127.0.0.1 in `directory`, one valid and one that has expired, each with its key, signed by the authority."""
    (directory / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    for name, days in (("valid", "2"), ("expired", "0")):
        openssl(directory, "req", "-newkey", "rsa:2048", "-nodes", "-keyout", "key", "-out", "request", "-subj", "/CN=127.0.0.1")
        openssl(directory, "x509", "-req", "-in", "request", "-CA", str(public / "ca.pem"), "-CAkey", str(authority / "ca.key"),
                "-CAcreateserial", "-CAserial", str(authority / "serial"), "-days", days, "-extfile", "names", "-out", "certificate")
        (directory / f"{name}.pem").write_text((directory / "key").read_text() + (directory / "certificate").read_text())


class SmallDisk:
    """A file system of its own below `directory`."""

    def __init__(self, directory, mib):
        self.directory, self.ballast = directory, directory / "ballast"
        directory.mkdir()
        mounted = os.geteuid() == 0 and subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mib}m", "tmpfs", str(directory)],
                                                       stderr=subprocess.DEVNULL, check=False).returncode == 0
        if not mounted:
            raise Unavailable("no small file system can be mounted here")

    def fill(self):
        with open(self.ballast, "ab", buffering=0) as file:
            for size in (1 << 20, 4096):
                try:
                    while True:
                        file.write(bytes(size))
                except OSError:
                    pass

    def empty(self):
        self.ballast.unlink(missing_ok=True)

    def remove(self):
        subprocess.run(["umount", "--lazy", str(self.directory)], check=False)


class Broker:
    """One process. `java`: the command line that starts it, up to the class."""

    def __init__(self, java, directory, port, settings):
        self.java, self.directory, self.port = java, directory, port
        directory.mkdir(exist_ok=True)
        self.settings = directory / "server.properties"
        self.settings.write_text(settings)
        self.log = open(directory / "log", "ab")
        self.process = None

    def format(self, *users):
        self.run("kafka.tools.StorageTool", "format", "--cluster-id", "datong-tests-000000000", "--config", str(self.settings), *users)

    def run(self, *arguments):
        done = subprocess.run([*self.java, *arguments], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                              preexec_fn=die_with_parent)
        if done.returncode != 0:
            raise RuntimeError(f"{arguments[0]} failed:\n{self.log_tail()}")

    def log_tail(self):
        return "\n".join((self.directory / "log").read_text(errors="replace").splitlines()[-30:])

    def start(self):
        if self.process is None:
            self.process = subprocess.Popen([*self.java, "kafka.Kafka", str(self.settings)], stdin=subprocess.DEVNULL,
                                            stdout=self.log, stderr=self.log, preexec_fn=die_with_parent)

    def await_ready(self):
        deadline = time.monotonic() + READY_SECONDS_MAX
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"the broker ended with {self.process.returncode}:\n{self.log_tail()}")
            try:
                # It listens only once it has joined its own cluster and serves requests.
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError(f"the broker was not ready within {READY_SECONDS_MAX} s:\n{self.log_tail()}")

    def kill(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                pass  # a cluster that has lost its quorum does not let it go
        self.kill()


class Cluster:
    """What obeys the lines."""

    def __init__(self, jars, java, options):
        self.directory = Path(tempfile.mkdtemp(prefix="datong-kafka-"))
        self.java = [java, f"-Xmx{options.heap or HEAP[options.brokers]}", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto",
                     "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", f"{jars}/*"]
        self.disk = self.proxy = None
        self.brokers = {}
        try:
            self._make(options)
        except BaseException:
            self.remove()
            raise

    def _make(self, options):
        numbers = range(1, options.brokers + 1)
        places = {number: self.directory / str(number) for number in numbers}
        ports = {number: free_ports(4) for number in numbers}  # of each: three listeners, and the controller
        if options.disk:
            self.disk = SmallDisk(places[1], options.disk)
        listeners, users = OPEN, []
        self.shown = [f"127.0.0.1:{ports[number][0]}" for number in numbers]
        self.direct = ",".join(self.shown)
        if options.proxied:
            self.proxy = Proxy(ports[1][0])
            listeners, self.shown, self.direct = PROXIED, [f"127.0.0.1:{self.proxy.port}"], f"127.0.0.1:{ports[1][1]}"
        self.ready = "ready " + ",".join(self.shown)
        if options.secure:
            make_authority(self.directory, options.secure)
            for place in places.values():
                place.mkdir()
                make_certificates(place, self.directory, options.secure)
            listeners = SECURE
            for name, file in (("exchange", "password"), *((user, f"password-{user}") for user in options.users)):
                password = secrets.token_hex(16)
                (options.secure / file).write_text(password)
                users += ["--add-scram", f"SCRAM-SHA-512=[name={name},password={password}]"]
            self.direct = ",".join(f"127.0.0.1:{ports[number][2]}" for number in numbers)
            self.ready = " ".join(["ready", ",".join(self.shown), ",".join(f"127.0.0.1:{ports[number][1]}" for number in numbers)])
        for number in numbers:
            settings = (listeners + SETTINGS).format(
                number=number, ports=ports[number], controller_port=ports[number][3], directory=places[number],
                proxy_port=self.proxy.port if self.proxy else 0, replicas=min(3, options.brokers), in_sync=2 if options.brokers >= 3 else 1,
                voters=",".join(f"{one}@127.0.0.1:{ports[one][3]}" for one in numbers))
            self.brokers[number] = Broker(self.java, places[number], ports[number][0], settings)
            self.brokers[number].format(*users)

    def _chosen(self, words):
        return [self.brokers[int(word)] for word in words] or list(self.brokers.values())

    def start(self, *words):
        for broker in self._chosen(words):
            broker.start()
        for broker in self._chosen(words):
            broker.await_ready()
        return self.ready

    def kill(self, *words):
        for broker in self._chosen(words):
            broker.kill()
        return "killed"

    def stop(self, *words):
        for broker in self._chosen(words):
            broker.stop()
        return "stopped"

    def tool(self, *words):
        words = [word.replace("{servers}", self.direct) for word in words]
        done = subprocess.run([*self.java, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, check=False, preexec_fn=die_with_parent)
        return f"{done.returncode} {json.dumps(done.stdout)}"

    def disturb(self, verb, what, api, count):
        self.proxy.make_rule(verb, what, APIS[api], int(count))
        return "yes"

    def await_struck(self, count):
        return f"struck {self.proxy.await_struck(int(count))}"

    def heal(self):
        self.proxy.heal()
        return "yes"

    def release(self):
        return " ".join(["released", *map(str, self.proxy.release())])

    def fill(self):
        self.disk.fill()
        return "yes"

    def empty(self):
        self.disk.empty()
        return "yes"

    def remove(self):
        for broker in self.brokers.values():
            broker.kill()
            broker.log.close()
        if self.disk:
            self.disk.remove()
        shutil.rmtree(self.directory, ignore_errors=True)


def say(line):
    print(line, flush=True)


def serve(cluster):
    say(cluster.start())
    commands = {"kill": cluster.kill, "stop": cluster.stop, "start": cluster.start, "tool": cluster.tool, "await": cluster.await_struck, "heal": cluster.heal, "release": cluster.release, "fill": cluster.fill, "empty": cluster.empty}
    for line in sys.stdin:
        word, *rest = shlex.split(line) or [""]
        if word in VERBS:
            say(cluster.disturb(word, *rest))
        else:
            say(commands[word](*rest) if word in commands else f"no such command: {line.strip()}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", default="3.9.1", help="of Kafka; pom.xml has a profile for each")
    parser.add_argument("--jars", type=Path, default=HERE.parents[1] / "build" / "kafka", help="where jars are kept, by version")
    parser.add_argument("--brokers", type=int, default=1, choices=sorted(HEAP))
    parser.add_argument("--heap", help="of each broker, as java writes it; for thousands of topics: 2g")
    parser.add_argument("--proxied", action="store_true", help="between one broker and its clients stands proxy.py")
    parser.add_argument("--disk", type=int, metavar="MIB", help="the size of the one broker's own file system")
    parser.add_argument("--secure", type=Path, help="where ca.pem and password go; with TLS and a password")
    parser.add_argument("--users", type=lambda names: names.split(","), default=[], help="more users of a secure broker, who may do nothing yet")
    options = parser.parse_args()
    # An ordinary end, so that the directory goes away.
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, lambda *_: sys.exit(1))
    try:
        java = java_program()
        jars = (options.jars / options.version).resolve()
        fetch_jars(options.version, jars)
        cluster = Cluster(jars, java, options)
    except Unavailable as why:
        say(f"unavailable {why}")
        return 0
    try:
        serve(cluster)
    finally:
        cluster.remove()
    return 0


if __name__ == "__main__":
    sys.exit(main())
