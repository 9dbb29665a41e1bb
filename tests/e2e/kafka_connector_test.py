#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Connectors that departments run themselves, on a Kafka cluster with TLS, passwords and an authorizer, each with its department's
user and no rights but those of `datong acl apply`: full dumps and flowing files leave one agency, two others receive them. Connectors
and the leading core are killed at random moments. At the end a judge compares source files with sink files: nothing lost, nothing
doubled, the order of each key kept; the books must balance. Then rights are taken back and given back, a password is wrong, and two
connectors have one identity."""
import argparse
import os
import random
import signal
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from harness import Datong, LineCounter, Running  # noqa: E402
from judge import judge_all  # noqa: E402
from kafka_cluster import KafkaCluster, NoKafka, skip  # noqa: E402
from office import Office  # noqa: E402
from registered import FAILURES, check  # noqa: E402

CATALOG = """
departments: [{{name: registry, kafka_user: registry}}, {{name: tax, kafka_user: tax}}, {{name: social, kafka_user: social}}]
key_domains: [{{name: company}}]
resources:
  - {{name: companies, provider: registry, key_domain: company, kind: entity, partitions: 4,
     items: [code, name, address, {{name: capital, type: int64}}], key: [code]}}
  - {{name: visits, provider: registry, key_domain: company, kind: event, partitions: 4,
     items: [code, serial, text], key: [code], id: [code, serial], window: 365d}}
grants:
  - {{name: companies-all, resource: companies, department: tax, items: all, purpose: test}}
  - {{name: companies-some, resource: companies, department: social, items: [code, name], purpose: test}}
  - {{name: visits-all, resource: visits, department: social, items: all, purpose: test}}
subscriptions:
  - {{name: tax-companies, grant: companies-all, start: beginning}}
  - {{name: tax-register, grant: companies-all, start: beginning}}
  - {{name: social-companies, grant: companies-some, start: beginning}}
  - {{name: social-visits, grant: visits-all, start: beginning}}
connectors:
  - {{name: companies-in, kind: agency, source: {{resource: companies}}}}
  - {{name: visits-in, kind: agency, source: {{resource: visits}}}}
  - {{name: tax-companies-out, kind: agency, sink: {{subscription: tax-companies}}}}
  - {{name: tax-register-out, kind: file, sink: {{subscription: tax-register, directory: {output}/tax-register, form: state}}}}
  - {{name: social-companies-out, kind: agency, sink: {{subscription: social-companies}}}}
  - {{name: social-visits-out, kind: agency, sink: {{subscription: social-visits}}}}
"""
SUBSCRIPTION = "subscriptions: [{{name: tax-companies, grant: companies-all, start: beginning, suspended: {suspended}}}]\n"
# user, what stands in the connector's file
CONNECTORS = {
    "companies-in": ("registry", "source: {{resource: companies, path: {input}/companies, mode: full, watch: 1s}}"),
    "visits-in": ("registry", "source: {{resource: visits, path: {input}/visits, mode: append, watch: 1s}}"),
    "tax-companies-out": ("tax", "sink: {{subscription: tax-companies, directory: {output}/tax-companies}}"),
    "social-companies-out": ("social", "sink: {{subscription: social-companies, directory: {output}/social-companies, format: jsonl}}"),
    "social-visits-out": ("social", "sink: {{subscription: social-visits, directory: {output}/social-visits}}"),
}
PATIENCE_S = 300
TAKEN, DENIED = 8, 5


class Agencies(Office):
    """The departments of Office, of which three run their connectors themselves."""

    def __init__(self, folder, rng):
        super().__init__(folder, rng)
        self.sinks = [sink for sink in self.sinks if sink.model is not self.permits.model]

    def catalog(self):
        return self._write("catalog.yaml", CATALOG.format(input=self.input, output=self.output))


class Connector:
    """A process `datong connector run`; started again when it was killed."""

    def __init__(self, place, name):
        self.place, self.name, self.starts, self.running = place, name, 0, None
        user, what = CONNECTORS[name]
        self.file = place.connector_file(name, user, what)

    def start(self, file=None, directory=None):
        self.starts += 1
        log = os.path.join(self.place.folder, "logs", f"{self.name}-{self.starts:04}")
        environment = {**os.environ, "CREDENTIALS_DIRECTORY": directory or self.place.secrets}
        running = Running([self.place.binary, "connector", "run", "-f", file or self.file], environment, log)
        if file is None:
            self.running = running
        return running

    def kill(self):
        self.running.strike()
        self.start()

    def says(self, words, seconds=PATIENCE_S):
        deadline = time.monotonic() + seconds
        while words not in self.running.errors():
            if not self.running.alive() or time.monotonic() > deadline:
                return check(False, f"{self.name} does not say {words!r}: {self.running.errors()[-2000:]}")
            time.sleep(0.2)
        return True


class Place:
    def __init__(self, folder, binary, servers, rng):
        self.folder, self.binary, self.servers, self.rng = folder, binary, servers, rng
        self.secrets = os.path.join(folder, "secrets")
        os.makedirs(self.secrets)
        os.makedirs(os.path.join(folder, "logs"))
        self.passwords = {}
        for user in ("exchange", "registry", "tax", "social"):
            self.secret(user)
        self.office = Agencies(os.path.join(folder, "office"), rng)
        self.counter = LineCounter()
        self.engine = ["--engine", "kafka", "--bootstrap-servers", servers, "--exchange", "city", "--kafka-config",
                       os.path.join(self.secrets, "exchange")]
        self.cores = [Datong(binary, os.path.join(folder, name), os.path.join(folder, "logs-" + name)) for name in ("core-a", "core-b")]
        self.running = [None, None]
        self.connectors = {}

    def secret(self, user, password=None, name=None):
        if password is None:
            with open(os.path.join(self.folder, "password" if user == "exchange" else f"password-{user}"), encoding="utf-8") as file:
                password = self.passwords[user] = file.read()
        path = os.path.join(self.secrets, name or user)
        with open(path, "w", encoding="utf-8") as file:
            file.write("security.protocol = SASL_SSL\nsasl.mechanism = SCRAM-SHA-512\n"
                       f"sasl.username = {user}\nsasl.password = {password}\nssl.ca.location = {self.folder}/ca.pem\n")

    def connector_file(self, name, user, what, secret=None):
        path = os.path.join(self.folder, f"{name}-{secret or user}.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"name: {name}\nexchange: city\nbootstrap_servers: {self.servers}\n"
                       f"kafka_config: $CREDENTIALS_DIRECTORY/{secret or user}\nkind: file\n"
                       + what.format(input=self.office.input, output=self.office.output) + "\n")
        return path

    def start_core(self, number):
        self.running[number] = self.cores[number].start("run", *self.engine)

    def leader(self):
        """The number of the core that leads, as far as it has said so."""
        for number, running in enumerate(self.running):
            lines = [line for line in running.errors().splitlines() if "lane" in line and "lead" in line]
            if running.alive() and lines and lines[-1].endswith("; leads"):
                return number
        return 0

    def look(self):
        """What a service manager would start again."""
        for number, running in enumerate(self.running):
            if not running.alive():
                check("error[DT-4008]" in running.errors() or "error[DT-4009]" in running.errors(),
                      f"core {number} ended by itself: {running.errors()[-2000:]}")
                self.start_core(number)
        for connector in self.connectors.values():
            if not connector.running.alive():
                check(False, f"{connector.name} ended by itself: {connector.running.errors()[-2000:]}")
                connector.start()

    def sleep(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.look()
            time.sleep(0.1)

    def apply(self, text):
        """Where the leader is; the other one says who that is."""
        path = os.path.join(self.folder, "change.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        deadline = time.monotonic() + PATIENCE_S
        while True:
            for core in self.cores:
                finished = core.run("apply", "-f", path)
                if finished.code == 0:
                    return
            if time.monotonic() > deadline:
                raise AssertionError(f"apply: {finished}")
            time.sleep(0.5)

    def acl_apply(self):
        time.sleep(1)  # until the process that is asked knows of the change, whoever made it
        self.cores[0].must("acl", "apply")

    def dump(self):
        """One that changes something and is not held."""
        while self.office.companies.write_dump(new=20, changed=20, repeated=10)[1]:
            pass

    def arrive(self, what):
        """Everything arrives, and what arrived is right."""
        deadline = time.monotonic() + PATIENCE_S
        while self.office.outstanding(self.counter) > 0 or judge_all(self.office.sinks):
            if time.monotonic() > deadline or self.office.outstanding(self.counter) < 0:
                said = "\n".join(f"--- {c.name}\n{c.running.errors()[-1500:]}" for c in self.connectors.values())
                said += "\n".join(running.errors()[-3000:] for running in self.running)
                check(False, f"{what}: {self.office.outstanding(self.counter)} outstanding\n" + "\n".join(judge_all(self.office.sinks)) + said)
                return
            self.sleep(0.5)


def begin(place):
    place.cores[0].must("apply", "-f", place.office.catalog(), "--lanes", "2", *place.engine)
    for number in (0, 1):
        place.start_core(number)
    place.acl_apply()
    for name in CONNECTORS:
        place.connectors[name] = Connector(place, name)
        place.connectors[name].start()


def die_at_random(place, rounds):
    killed = {}
    for number in range(1, rounds + 1):
        place.office.publish(size=place.rng.choice([1, 5, 20]))
        place.sleep(place.rng.uniform(0, 3))
        whom = place.rng.choice([*CONNECTORS, "the leader", "the leader", "the other core"])
        if whom in CONNECTORS:
            place.connectors[whom].kill()
        else:
            core = place.leader() if whom == "the leader" else 1 - place.leader()
            place.running[core].strike()
            time.sleep(place.rng.uniform(0, 1))
            place.start_core(core)
        killed[whom] = killed.get(whom, 0) + 1
        print(f"round {number}: {whom} is killed; {place.office.outstanding(place.counter)} deliveries outstanding", flush=True)
    place.arrive("after all those deaths")
    print(f"killed: {killed}; {sum(s.model.changes() for s in place.office.sinks if s.check == 'changes')} deliveries", flush=True)


def rights_come_and_go(place):
    sink = place.connectors["tax-companies-out"]
    place.apply(SUBSCRIPTION.format(suspended="true"))
    place.dump()
    sink.says("permission_denied")  # by the exchange's word
    place.acl_apply()
    place.sleep(3)
    before = place.counter.count(place.office.sink("tax-companies"))
    place.dump()
    place.sleep(3)
    check(place.counter.count(place.office.sink("tax-companies")) == before, "something arrives where the right to it is gone")
    place.apply(SUBSCRIPTION.format(suspended="false"))
    place.acl_apply()
    place.arrive("a subscription that may go on")

    source = place.connectors["companies-in"]
    place.apply("departments: [{name: registry}]\n")
    place.acl_apply()
    place.dump()
    source.says("permission_denied")
    place.apply("departments: [{name: registry, kafka_user: registry}]\n")
    place.acl_apply()
    place.arrive("a source that may go on")


def wrong_password(place):
    place.secret("tax", "guessed", "wrong")
    connector = place.connectors["tax-companies-out"]
    file = place.connector_file("tax-companies-out", "tax", CONNECTORS["tax-companies-out"][1], "wrong")
    running = connector.start(file)
    check(running.wait(60), "a wrong password does not end it")
    said = running.errors()
    check(running.process.returncode == DENIED and "DT-5002" in said and "guessed" not in said and "repair" in said, f"wrong password: {said}")


def mistakes(place):
    path = os.path.join(place.folder, "mistake.yaml")
    with open(path, "w", encoding="utf-8") as file:
        file.write("name: x\nexchange: city\nbootstrap_servers: here:1\nkind: file\nsinks: {}\n")
    finished = place.cores[0].run("connector", "run", "-f", path)
    check(finished.code == 3 and "mistake.yaml:5:1" in finished.err and "'sinks'" in finished.err, f"mistakes: {finished}")
    stranger = place.connectors["social-visits-out"].start(
        place.connector_file("social-visits-out", "tax", CONNECTORS["social-visits-out"][1]))
    deadline = time.monotonic() + 60
    while "permission_denied" not in stranger.errors() and time.monotonic() < deadline:
        time.sleep(0.2)
    check('"tax" has no subscription "social-visits"' in stranger.errors(), f"another department's subscription: {stranger.errors()}")
    check(stranger.stop(), "a connector that waits does not stop")


def two_with_one_identity(place):
    first = place.connectors["companies-in"].running
    second = place.connectors["companies-in"]
    second.start()
    deadline = time.monotonic() + PATIENCE_S
    second.says("idle: ")
    place.dump()
    while first.alive() and time.monotonic() < deadline:
        time.sleep(0.2)
    check(first.process.poll() == TAKEN and "DT-4010" in first.errors(), f"the first of two: {first.errors()[-2000:]}")
    place.arrive("two with one identity")


def the_cluster_goes_away(place, cluster):
    cluster.kill()
    place.dump()
    time.sleep(5)
    cluster.start()
    place.arrive("the cluster went away")


def end(place):
    for connector in place.connectors.values():
        check(connector.running.stop() and connector.running.process.returncode == 0,
              f"{connector.name} does not stop in order: {connector.running.errors()[-1000:]}")
    for running in place.running:
        check(running.stop(), "run does not stop")
    for words in (["books"], ["verify"]):
        finished = place.cores[0].run(*words, seconds=PATIENCE_S)
        check(finished.code == 0, f"{' '.join(words)}: {finished}")


def no_password_is_shown(place):
    for connector in place.connectors.values():
        if connector.running.alive():
            with open(f"/proc/{connector.running.process.pid}/cmdline", encoding="utf-8") as file:
                said = file.read()
            check(not any(password in said for password in place.passwords.values()), f"a password stands in {said}")
    for parent, _, names in os.walk(place.folder):
        for name in names:
            if not name.endswith((".err", ".out")):
                continue
            with open(os.path.join(parent, name), encoding="utf-8", errors="replace") as file:
                said = file.read()
            check(not any(password in said for password in place.passwords.values()), f"a password stands in {name}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--seed", type=int, default=int(os.environ.get("DATONG_SEED") or random.SystemRandom().randrange(1 << 32)))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}: the same choices again with --seed {arguments.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="datong-connector-", ignore_cleanup_errors=True) as folder:
        try:
            cluster = KafkaCluster(arguments.binary, "--secure", folder, "--users", "registry,tax,social")
        except NoKafka as why:
            return skip(why)
        place = None
        try:
            place = Place(folder, os.path.abspath(arguments.binary), cluster.servers.split()[0], random.Random(arguments.seed))
            begin(place)
            die_at_random(place, arguments.rounds)
            rights_come_and_go(place)
            wrong_password(place)
            mistakes(place)
            two_with_one_identity(place)
            the_cluster_goes_away(place, cluster)
            no_password_is_shown(place)
            end(place)
        finally:
            for process in [] if place is None else [*place.running, *(c.running for c in place.connectors.values())]:
                if process is not None and process.alive():
                    process.process.send_signal(signal.SIGKILL)
            cluster.close()
    print(f"{len(FAILURES)} failures")
    return 1 if FAILURES else 0


if __name__ == "__main__":
    sys.exit(main())
