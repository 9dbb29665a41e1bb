#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Departments on a Kafka cluster with an authorizer: `datong acl apply` lets each one's own user write what it provides and read what
it subscribes to. Everything else they try is refused, and what was allowed is refused right after it was revoked, also on connections
that stand. What a department writes that is no batch of its own harms nobody."""
import json
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from harness import Datong  # noqa: E402
from kafka_cluster import KafkaCluster, NoKafka, skip  # noqa: E402
from registered import FAILURES, check  # noqa: E402

CATALOG = """
departments: [{name: registry, kafka_user: registry}, {name: police, kafka_user: police}, {name: tax, kafka_user: tax}]
key_domains: [{name: company}]
resources:
  - {name: companies, provider: registry, key_domain: company, kind: entity, key: [code], items: [code, name]}
  - {name: people, provider: police, key_domain: company, kind: entity, key: [code], items: [code, name]}
grants:
  - {name: companies, resource: companies, department: tax, items: all, purpose: test}
  - {name: people, resource: people, department: tax, items: [code], purpose: test}
  - {name: names, resource: companies, department: police, items: [name], purpose: test}
subscriptions:
  - {name: companies, grant: companies, start: beginning}
  - {name: people, grant: people, start: beginning}
  - {name: names, grant: names, start: beginning}
"""
REVOKED = """
grants:
  - {name: companies, resource: companies, department: tax, items: all, purpose: test, revoked: true}
"""
LEFT = """
departments: [{name: registry}]
"""
TOPIC, GROUP, IDENTITY = "TOPIC_AUTHORIZATION_FAILED", "GROUP_AUTHORIZATION_FAILED", "TRANSACTIONAL_ID_AUTHORIZATION_FAILED"


class Place:
    def __init__(self, folder, binary, client, servers):
        self.folder, self.client, self.servers = folder, client, servers
        self.datong = Datong(binary, os.path.join(folder, "data"), os.path.join(folder, "logs"))
        self.passwords = {}
        self.configs = {user: self.config(user) for user in ("exchange", "registry", "police", "tax")}

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def config(self, user):
        with open(os.path.join(self.folder, "password" if user == "exchange" else f"password-{user}"), encoding="utf-8") as file:
            self.passwords[user] = file.read()
        return self.write(f"{user}.properties", "security.protocol = SASL_SSL\nsasl.mechanism = SCRAM-SHA-512\n"
                          f"sasl.username = {user}\nsasl.password = {self.passwords[user]}\nssl.ca.location = {self.folder}/ca.pem\n")

    def start(self, user, *words):
        return subprocess.Popen([self.client, self.servers, self.configs[user], *words], stdout=subprocess.PIPE, text=True)

    def says(self, user, *words):
        process = self.start(user, *words)
        said = process.communicate(timeout=120)[0].split()
        return said[0] if said else "nothing"

    def expect(self, expected, user, *words):
        said = self.says(user, *words)
        check(said == expected, f"{user}: {' '.join(words)}: {said}, not {expected}")

    def apply(self, name, text):
        return self.datong.must("apply", "-f", self.write(name, text))

    def numbers(self):
        """(topics of what each resource is published to, streams of each subscription, numbers of subscriptions)"""
        rows = self.datong.must("catalog", "show", "--output", "json").json()["rows"]
        published = {row["name"]: f"city.pub.{row['id']}" for row in rows if row["kind"] == "resource"}
        streams = {row["name"]: f"city.deliver.{row['stream']}" for row in rows if row["kind"] == "subscription"}
        numbers = {row["name"]: row["id"] for row in rows if row["kind"] == "subscription"}
        return published, streams, numbers

    def plan(self, *words):
        return self.datong.must("acl", *(words or ("plan",)), "--output", "json").json()


def before_anything_is_allowed(place, published, streams):
    place.expect(TOPIC, "registry", "write", published["companies"])
    place.expect(TOPIC, "tax", "read", streams["companies"])


def plan_and_apply(place):
    planned = place.plan()
    check(planned["summary"]["create"] > 0 and planned["summary"]["delete"] == 0 and not planned["summary"]["applied"], f"plan: {planned['summary']}")
    again = place.plan()
    check(again == planned, "a plan changes nothing")
    applied = place.plan("apply")
    check(applied["summary"]["create"] == planned["summary"]["create"] and applied["summary"]["applied"], f"apply: {applied['summary']}")
    settled = place.plan()
    check(settled["summary"]["create"] == settled["summary"]["delete"] == settled["summary"]["foreign"] == 0
          and settled["summary"]["keep"] == planned["summary"]["create"], f"plan after apply: {settled['summary']}")
    table = place.datong.must("acl", "plan").out
    check("Nothing to change." in table and "User:registry" in table and "provides companies" in table, table)


def each_its_own(place, published, streams, numbers):
    place.expect("OK", "registry", "write", published["companies"])
    place.expect("OK", "police", "write", published["people"])
    place.expect(TOPIC, "registry", "write", published["people"])
    place.expect(TOPIC, "police", "write", published["companies"])
    place.expect(TOPIC, "tax", "write", published["companies"])
    for topic in ("city.ledger", "city.catalog", "city.sources", "city.receipts", "city.snapshots", "city.holder", streams["companies"]):
        place.expect(TOPIC, "registry", "write", topic)
        if topic != streams["companies"]:
            place.expect(TOPIC, "tax", "read", topic)
    place.expect("OK", "registry", "write", "city.requests.1")
    place.expect("OK", "registry", "read", "city.answers.1")
    place.expect(TOPIC, "registry", "read", "city.requests.1")
    place.expect(TOPIC, "registry", "write", "city.answers.1")
    place.expect(TOPIC, "registry", "write", "city.requests.2")
    place.expect(TOPIC, "registry", "read", "city.answers.2")
    place.expect("OK", "tax", "read", streams["companies"])
    place.expect("OK", "tax", "read", streams["people"])
    place.expect("OK", "police", "read", streams["names"])
    place.expect(TOPIC, "police", "read", streams["companies"])
    place.expect(TOPIC, "police", "read", streams["people"])
    place.expect(TOPIC, "registry", "read", streams["companies"])
    place.expect(TOPIC, "tax", "read", published["companies"])
    place.expect(TOPIC, "police", "read", published["companies"])
    place.expect("OK", "tax", "commit", f"city.subscription.{numbers['companies']}", streams["companies"])
    place.expect(GROUP, "police", "commit", f"city.subscription.{numbers['companies']}", streams["names"])
    for identity in ("city.lane.0", "city.catalog", "city.source.x", "city.subscription.1"):
        place.expect(IDENTITY, "registry", "begin", identity)


def right_after_a_revocation(place, published, streams, numbers):
    reader = place.start("tax", "keep-reading", streams["companies"])
    writer = place.start("registry", "keep-writing", published["companies"])
    check(reader.stdout.readline().startswith("OK") and writer.stdout.readline().startswith("OK"), "before the revocation")
    place.apply("revoked.yaml", REVOKED)
    planned = place.plan("apply")
    check(planned["summary"]["delete"] == 3 and planned["summary"]["create"] == 0, f"revocation: {planned['summary']}")
    place.expect(TOPIC, "tax", "read", streams["companies"])
    place.expect(GROUP, "tax", "commit", f"city.subscription.{numbers['companies']}", streams["people"])
    place.expect("OK", "tax", "read", streams["people"])  # what else it has stays
    check(reader.communicate(timeout=120)[0].startswith(TOPIC), "a reader whose connection stands is refused")
    place.expect("OK", "registry", "write", published["companies"])
    place.apply("left.yaml", LEFT)  # the registry has no user of its own any longer
    planned = place.plan("apply")
    check(planned["summary"]["delete"] == 4 and planned["summary"]["create"] == 0, f"a user that went: {planned['summary']}")
    place.expect(TOPIC, "registry", "write", published["companies"])
    check(writer.communicate(timeout=120)[0].startswith(TOPIC), "a writer whose connection stands is refused")
    place.expect("OK", "police", "write", published["people"])


def nobody_was_harmed(place):
    """All those foreign messages were no batches. Both departments' rows still pass, imported as ever."""
    for resource in ("companies", "people"):
        rows = place.write(f"{resource}.csv", "code,name\n" + "".join(f"{resource}-{i},n\n" for i in range(50)))
        imported = place.datong.run("import", resource, rows)
        check(imported.code == 0, f"import {resource}: {imported}")
    books = place.datong.run("books")
    check(books.code == 0, f"books: {books}")
    held = place.datong.must("quarantine", "list", "--output", "json").json()["rows"]
    reasons = {row.get("reason") for row in held}
    check("malformed_batch" in json.dumps(held), f"the foreign messages are not in quarantine: {reasons}")
    check(place.datong.run("verify").code == 0, "verify")


def no_password_is_shown(place):
    for parent, _, names in os.walk(os.path.join(place.folder, "logs")):
        for name in names:
            with open(os.path.join(parent, name), encoding="utf-8", errors="replace") as file:
                text = file.read()
            check(not any(password in text for password in place.passwords.values()), f"a password stands in {name}")


def main():
    binary, client = (os.path.abspath(path) for path in sys.argv[1:3])
    with tempfile.TemporaryDirectory(prefix="datong-access-") as folder:
        try:
            cluster = KafkaCluster(binary, "--secure", folder, "--users", "registry,police,tax")
        except NoKafka as why:
            return skip(why)
        try:
            place = Place(folder, binary, client, cluster.servers.split()[0])
            path = place.write("catalog.yaml", CATALOG)
            place.datong.must("apply", "-f", path, "--engine", "kafka", "--bootstrap-servers", place.servers, "--exchange", "city",
                              "--kafka-config", place.configs["exchange"])
            running = place.datong.start_working()
            published, streams, numbers = place.numbers()
            before_anything_is_allowed(place, published, streams)
            plan_and_apply(place)
            each_its_own(place, published, streams, numbers)
            right_after_a_revocation(place, published, streams, numbers)
            nobody_was_harmed(place)
            check(running.alive(), f"run: {running.errors()}")
            check(running.stop(), "run does not stop")
            no_password_is_shown(place)
        finally:
            cluster.close()
    print(f"{len(FAILURES)} failures")
    return 1 if FAILURES else 0


if __name__ == "__main__":
    sys.exit(main())
