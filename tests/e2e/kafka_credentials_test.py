#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An exchange on a cluster that wants TLS and a password: it works with the right ones, says which is wrong otherwise, and never
shows the password."""
import os
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from harness import Datong  # noqa: E402
from kafka_cluster import KafkaCluster, NoKafka, skip  # noqa: E402
from registered import FAILURES, check  # noqa: E402

CATALOG = """
departments: [{name: registry}, {name: tax}]
key_domains: [{name: company}]
resources:
  - {name: companies, provider: registry, key_domain: company, kind: entity, key: [code], items: [code, name]}
grants:
  - {name: all, resource: companies, department: tax, items: all, purpose: test}
subscriptions:
  - {name: tax, grant: all, start: beginning}
"""
GOOD = {"security.protocol": "SASL_SSL", "sasl.mechanism": "SCRAM-SHA-512", "sasl.username": "exchange"}


class Place:
    def __init__(self, folder, binary, servers, password):
        self.folder, self.binary, self.servers, self.password = folder, binary, servers, password
        self.count = 0
        self.catalog = self.write("catalog.yaml", CATALOG)

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def config(self, **changes):
        properties = {**GOOD, "ssl.ca.location": os.path.join(self.folder, "ca.pem"), "sasl.password": self.password,
                      **{name.replace("_", "."): value for name, value in changes.items()}}
        self.count += 1
        return self.write(f"kafka-{self.count}.properties", "".join(f"{name} = {value}\n" for name, value in properties.items()))

    def apply(self, config, servers=None):
        """(the finished command, its directory)"""
        self.count += 1
        directory = os.path.join(self.folder, f"data-{self.count}")
        datong = Datong(self.binary, directory, os.path.join(self.folder, "logs"))
        options = ["--engine", "kafka", "--bootstrap-servers", servers or self.servers, "--exchange", "city"]
        finished = datong.run("apply", "-f", self.catalog, *options, *(["--kafka-config", config] if config else []))
        self.check_secret(finished.out + finished.err, directory)
        return finished, datong

    def check_secret(self, said, directory):
        check(self.password not in said, f"the password is shown: {said}")
        for parent, _, names in os.walk(directory):
            for name in names:
                if not os.path.isfile(os.path.join(parent, name)):
                    continue  # the control socket
                with open(os.path.join(parent, name), "rb") as file:
                    check(self.password.encode() not in file.read(), f"the password stands in {parent}/{name}")


def refused(place, name, config, words, servers=None, code=None):
    finished, datong = place.apply(config, servers)
    check(finished.code != 0 and (code is None or finished.code == code), f"{name}: exit code {finished.code}: {finished.err}")
    for word in words:
        check(word in finished.err, f"{name}: {word!r} is not said: {finished.err}")
    check(not os.path.exists(os.path.join(datong.directory, "engine.json")), f"{name}: the failed choice is kept")
    print(f"{name}: {finished.seconds:.1f} s: {finished.err.strip()}", flush=True)


def works(place):
    finished, datong = place.apply(place.config())
    if not check(finished.code == 0, f"the right password: {finished}"):
        return
    rows = place.write("companies.csv", "code,name\n" + "".join(f"C{i},name {i}\n" for i in range(100)))
    imported = datong.run("import", "companies", rows)
    check(imported.code == 0, f"import: {imported}")
    running = datong.start_working()
    check(running.alive(), f"run: {running.errors()}")
    with open(f"/proc/{running.process.pid}/cmdline", encoding="utf-8") as file:
        place.check_secret(file.read(), datong.directory)
    books = datong.run("books")
    check(books.code == 0, f"books: {books}")
    check(running.stop(), "run does not stop")
    place.check_secret(running.errors(), datong.directory)


def main():
    with tempfile.TemporaryDirectory(prefix="datong-credentials-") as folder:
        try:
            cluster = KafkaCluster(sys.argv[1], "--secure", folder)
        except NoKafka as why:
            return skip(why)
        try:
            servers, expired = cluster.servers.split()
            with open(os.path.join(folder, "password"), encoding="utf-8") as file:
                place = Place(folder, os.path.abspath(sys.argv[1]), servers, file.read())
            works(place)
            refused(place, "wrong password", place.config(sasl_password="guessed"), ["DT-5002", "uthentication"], code=5)
            refused(place, "expired certificate", place.config(), ["DT-5002", "certificate"], servers=expired, code=5)
            refused(place, "unknown authority", place.config(ssl_ca_location="/etc/ssl/certs/ca-certificates.crt"), ["DT-5002", "certificate"], code=5)
            refused(place, "no TLS", place.config(security_protocol="SASL_PLAINTEXT"), ["DT-4009"], code=4)
            refused(place, "no configuration", None, ["DT-4009"], code=4)
            refused(place, "no such file", os.path.join(folder, "nothing"), ["nothing"])
            refused(place, "a word that librdkafka does not know", place.config(sasl_pasword="x"), ["sasl.pasword"])
            refused(place, "a line that is no property", place.write("bad", "# a comment\nsasl.password\n"), ["bad:2"], code=2)
        finally:
            cluster.close()
    print(f"{len(FAILURES)} failures")
    return 1 if FAILURES else 0


if __name__ == "__main__":
    sys.exit(main())
