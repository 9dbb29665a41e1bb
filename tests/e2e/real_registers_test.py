#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Real registers through the real binary: every row gets exactly one verdict and none is invented, inserts and updates per dump
and the digests of the present state are those computed independently beside the data, the same file again delivers nothing.

usage: real_registers_test.py DATONG DATA_DIRECTORY
Where the data is absent the test passes, saying that it skipped.
"""
import csv
import gzip
import io
import json
import os
import subprocess
import sys
import tempfile

FAILURES = []


def check(condition, what):
    if not condition:
        FAILURES.append(what)
        print(f"FAILED: {what}")


class Exchange:
    """A data directory and the commands a person would type."""

    def __init__(self, binary, directory, catalog):
        self.binary, self.directory = binary, directory
        path = directory + ".yaml"
        with open(path, "w", encoding="utf-8") as file:
            file.write(catalog)
        self.run("apply", "-f", path)

    def run(self, *arguments, code=0):
        done = subprocess.run([self.binary, *arguments, "-d", self.directory, "--output", "json"], text=True,
                              capture_output=True, timeout=300, check=False)
        if code is not None and done.returncode != code:
            check(False, f"datong {' '.join(arguments)}: exit code {done.returncode}, not {code}: {done.stderr[-2000:]}")
        return done

    def ask(self, *arguments, code=0):
        return json.loads(self.run(*arguments, code=code).stdout or "{}")

    def rows(self, *arguments):
        answer = self.ask(*arguments)
        return answer["rows"]

    def import_file(self, resource, path, *options, code=0):
        """The verdicts of this reading of the file."""
        self.run("import", resource, path, *options, code=code)
        return self.rows("files")[-1]

    def state_digest(self, subscription, items=None):
        only = ["--items", ",".join(items)] if items else []
        answer = self.ask("state", subscription, "--digest", *only)
        return answer["summary"]["sha256"]

    def check_books(self, what):
        self.ask("verify")
        for row in self.rows("books"):
            check(row.get("balanced", True), f"{what}: books of {row} do not balance")


def catalog_for(columns, key, kind="entity", not_compared=()):
    items = ", ".join(json.dumps({"name": c, "compared": c not in not_compared}, ensure_ascii=False) for c in columns)
    keys = json.dumps([key] if isinstance(key, str) else key, ensure_ascii=False)
    identity = f"key: {keys}" if kind == "entity" else ""
    return f"""
departments: [{{name: provider}}, {{name: subscriber}}]
key_domains: [{{name: domain}}]
resources:
  - name: register
    provider: provider
    key_domain: domain
    kind: {kind}
    partitions: 4
    items: [{items}]
    {identity}
grants: [{{name: grant, resource: register, department: subscriber, items: all, purpose: test}}]
subscriptions: [{{name: all, grant: grant, start: beginning}}]
"""


def open_text(path):
    return io.TextIOWrapper(gzip.open(path) if path.endswith(".gz") else open(path, "rb"), encoding="utf-8-sig", newline="")


def header_of(path, delimiter=","):
    with open_text(path) as file:
        return next(csv.reader(file, delimiter=delimiter))


def read_dump(path, key, compared, delimiter=","):
    with open_text(path) as file:
        rows = csv.reader(file, delimiter=delimiter)
        header = next(rows)
        return {row[header.index(key)]: tuple(row[header.index(c)] for c in compared) for row in rows}


def accounted(run):
    return sum(run["verdicts"].values())


def check_series(binary, scratch, name, paths, facts, key, not_compared=(), options=(), delimiter=",", states=True):
    """Successive dumps: changes as a naive comparison without deletes finds them; where the facts know no deletes, the facts' own."""
    columns = header_of(paths[0], delimiter)
    compared = [c for c in columns if c not in not_compared]
    exchange = Exchange(binary, os.path.join(scratch, name), catalog_for(columns, key, not_compared=not_compared))
    held = {}
    deletes_so_far = 0
    for path, fact in zip(paths, facts):
        run = exchange.import_file("register", path, "--mode", "full", *options)
        dump = read_dump(path, key, compared, delimiter)
        inserts = sum(k not in held for k in dump)
        updates = sum(k in held and held[k] != v for k, v in dump.items())
        held.update(dump)
        what = f"{name} {os.path.basename(path)}"
        verdicts = run["verdicts"]
        check(run["rows"] == fact["rows"] == accounted(run), f"{what}: {run['rows']} rows, {accounted(run)} verdicts, {fact['rows']} in the file")
        check(verdicts.get("inserted", 0) == inserts, f"{what}: {verdicts} but {inserts} inserts")
        check(verdicts.get("updated", 0) == updates, f"{what}: {verdicts} but {updates} updates")
        change = fact.get("change", {"inserts": fact["rows"], "updates": 0, "deletes": 0})
        if deletes_so_far == 0:
            check((verdicts.get("inserted", 0), verdicts.get("updated", 0)) == (change["inserts"], change["updates"]),
                  f"{what}: {verdicts} but the facts say {change}")
        deletes_so_far += change["deletes"]
        if states and deletes_so_far == 0:
            check(exchange.state_digest("all", compared) == fact["state"], f"{what}: another present state")
    before = exchange.ask("tail", "all", "--from", "begin", "--no-follow")
    again = exchange.import_file("register", paths[-1], "--mode", "full", *options)
    check(set(again["verdicts"]) <= {"duplicate", "unchanged"} and accounted(again) == again["rows"],
          f"{name}: the last file again gives {again['verdicts']}")
    again = exchange.import_file("register", paths[0], "--mode", "full", *options)
    check(set(again["verdicts"]) <= {"duplicate", "stale"} and accounted(again) == again["rows"],
          f"{name}: the first file again gives {again['verdicts']}")
    after = exchange.ask("tail", "all", "--from", "begin", "--no-follow")
    check(len(after["rows"]) == len(before["rows"]), f"{name}: files read before delivered something again")
    exchange.check_books(name)
    print(f"{name}: {len(paths)} dumps, {len(held)} keys, {len(after['rows'])} deliveries")


def check_messy(binary, scratch, data, facts):
    dialects = {
        "bj-key-projects.gbk.csv.gz": ["--encoding", "gbk"],
        "bj-new-companies.utf8.csv.gz": [],
        "bj-listed-companies.utf8bom.csv.gz": [],
        "bj-changping-sme.gbk.csv": ["--encoding", "gbk", "--title-lines", "1"],
        "bj-huairou-health-permits.utf8bom.csv": [],
        "bj-service-opening.gbk.csv": ["--encoding", "gbk"],
    }
    for name, options in dialects.items():
        path = os.path.join(data, "messy", name)
        opened = gzip.open(path) if name.endswith(".gz") else open(path, "rb")
        text = opened.read().decode("gb18030" if "gbk" in name else "utf-8-sig")
        records = list(csv.reader(io.StringIO(text, newline="")))
        check(len(records) == facts[name]["records"], f"{name}: the test itself reads {len(records)} records")
        header_at = 1 if "--title-lines" in options else 0
        columns = [c.strip("\u200b\ufeff") or f"column_{i + 1}" for i, c in enumerate(records[header_at])]
        rows = [tuple(r) for r in records[header_at + 1:]]
        exchange = Exchange(binary, os.path.join(scratch, name), catalog_for(columns, [], kind="event"))
        run = exchange.import_file("register", path, *options, code=None)
        verdicts = run["verdicts"]
        check(run["rows"] == len(rows) == accounted(run), f"{name}: {len(rows)} rows, {run['rows']} published, {verdicts}")
        check(verdicts.get("inserted", 0) == len(set(rows)), f"{name}: {verdicts} but {len(set(rows))} different rows")
        again = exchange.import_file("register", path, *options, code=None)
        check(again["verdicts"].get("inserted", 0) == 0, f"{name}: again gives {again['verdicts']}")
        exchange.check_books(name)
        print(f"{name}: {verdicts}")

    exchange = Exchange(binary, os.path.join(scratch, "xlsx"), catalog_for(["a"], "a"))
    refused = exchange.run("import", "register", os.path.join(data, "messy", "bj-changping-listed.csv"), code=None)
    check(refused.returncode != 0 and "XLSX" in refused.stderr, f"the workbook named .csv: {refused.returncode} {refused.stderr}")


def check_companies(binary, scratch, data, facts):
    path = os.path.join(data, "company", "companies-a.csv.gz")
    exchange = Exchange(binary, os.path.join(scratch, "companies"), catalog_for(header_of(path), "统一社会信用代码"))
    run = exchange.import_file("register", path, "--mode", "full", code=6)  # one row is held back: 13 columns
    check(run["verdicts"] == {"inserted": facts["rows"] - 1, "unreadable_row": 1}, f"companies: {run['verdicts']}")
    exchange.check_books("companies")
    print(f"companies: {run['verdicts']}")


def main():
    binary, data = sys.argv[1:3]
    if not os.path.isdir(data):
        print(f"skipped: no data at {data}")
        return 0
    with open(os.path.join(data, "facts.json"), encoding="utf-8") as file:
        facts = json.load(file)

    def paths(folder, entries):
        return [os.path.join(data, folder, one["name"]) for one in entries]

    with tempfile.TemporaryDirectory(prefix="datong-registers-") as scratch:
        uk = facts["uk-registers/government-organisation"]
        check_series(binary, scratch, "uk-registers", paths("uk-registers", uk), uk, "key")
        gov = facts["dotgov"]
        check_series(binary, scratch, "dotgov", paths("dotgov", gov), gov, "Domain Name")
        divisions = facts["divisions/gb2260-stats"]
        check_series(binary, scratch, "gb2260", paths("divisions", divisions), divisions, "Code",
                     not_compared=("Source", "Revision"), options=("--delimiter", "tab"), delimiter="\t", states=False)
        streets = facts["divisions/streets"]
        check_series(binary, scratch, "streets", paths("divisions", streets), streets, "code")
        check_messy(binary, scratch, data, facts["messy"])
        check_companies(binary, scratch, data, facts["company/companies-a.csv.gz"])
    print(f"{len(FAILURES)} failures")
    return 1 if FAILURES else 0


if __name__ == "__main__":
    sys.exit(main())
