#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Real registers through the real binary: every dump gives exactly the inserts, updates and deletes that were computed
independently beside the data, and every copy - the exchange's own, the sink's state file, the one of who applies the changes -
has the stated digest after every dump; every row gets exactly one verdict; the same file again delivers nothing.

usage: real_registers_test.py DATONG DATA_DIRECTORY
Where the data is absent the test passes, saying that it skipped.
"""
import csv
import gzip
import io
import json
import os
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from registered import FAILURES, Exchange, changes_between, check, header_of, read_dump  # noqa: E402


def accounted(run):
    return sum(run["verdicts"].values())


def check_trace(exchange, key, appeared, vanished, what):
    """`appeared`, `vanished`: numbers of snapshots."""
    rows = exchange.rows("trace", key)
    said = [(row["verdict"], row["snapshot"]) for row in rows if row["kind"] == "occurrence"]
    check(("inserted", appeared) in said and ("deleted", vanished) in said,
          f"{what}: {key} appeared in snapshot {appeared} and vanished in {vanished}, but trace says {said}")
    check(rows[-1].get("state") == "deleted", f"{what}: {key} is said to be {rows[-1].get('state')}")


def check_series(binary, scratch, name, paths, facts, key, partitions, not_compared=(), options=(), delimiter=","):
    columns = header_of(paths[0], delimiter)
    name = f"{name}-{partitions}"
    exchange = Exchange(binary, os.path.join(scratch, name), columns, key, not_compared=not_compared, partitions=partitions)
    held, since = {}, {}   # since: in which snapshot a key appeared
    wanted_lines = 0
    for path, fact in zip(paths, facts):
        run = exchange.dump(path, *options)
        what = f"{name} {os.path.basename(path)}"
        dump = read_dump(path, key, exchange.compared, delimiter)
        change = fact.get("change", {"inserts": fact["rows"], "updates": 0, "deletes": 0, "unchanged": 0})
        check(changes_between(held, dump) == change, f"{what}: the test itself finds other changes than the facts say")
        verdicts = run["verdicts"]
        check(run["rows"] == fact["rows"] == accounted(run),
              f"{what}: {run['rows']} rows, {accounted(run)} verdicts, {fact['rows']} in the file")
        got = {"inserts": verdicts.get("inserted", 0), "updates": verdicts.get("updated", 0),
               "deletes": run["generated_deletes"], "unchanged": verdicts.get("unchanged", 0)}
        check(got == change, f"{what}: `files` says {got}, the facts {change}")
        snapshot = exchange.snapshot()
        listed = {"inserts": snapshot["inserted"], "updates": snapshot["updated"], "deletes": snapshot["deleted"],
                  "unchanged": snapshot["unchanged"]}
        check(listed == change and snapshot["rows"] == fact["rows"], f"{what}: `snapshot list` says {snapshot}, the facts {change}")
        check(snapshot["state"] == "released" and not snapshot["staged"], f"{what}: {snapshot}")
        wanted_lines += change["inserts"] + change["updates"] + change["deletes"]
        check(len(exchange.delivered()) == wanted_lines, f"{what}: {len(exchange.delivered())} deliveries, {wanted_lines} wanted")
        exchange.check_copies(fact["state"], what)
        for gone in sorted(held.keys() - dump.keys())[:2]:
            check_trace(exchange, gone, since[gone], snapshot["snapshot"], what)
        since.update({appeared: snapshot["snapshot"] for appeared in dump.keys() - held.keys()})
        held = dump
    for path in (paths[-1], paths[0]):
        again = exchange.dump(path, *options)
        check(set(again["verdicts"]) <= {"duplicate", "unchanged", "stale"} and accounted(again) == again["rows"],
              f"{name}: {os.path.basename(path)} again gives {again['verdicts']}")
        check(again["generated_deletes"] == 0, f"{name}: {os.path.basename(path)} again deletes {again['generated_deletes']}")
    check(len(exchange.delivered()) == wanted_lines, f"{name}: files read before delivered something again")
    exchange.check_copies(facts[-1]["state"], f"{name}, after files read before")
    exchange.check_books(name)
    print(f"{name}: {len(paths)} dumps, {len(held)} keys, {wanted_lines} deliveries", flush=True)


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
        exchange = Exchange(binary, os.path.join(scratch, name), columns, columns[0], kind="event")
        run = exchange.import_file(path, *options, code=None, wait="decided")
        verdicts = run["verdicts"]
        check(run["rows"] == len(rows) == accounted(run), f"{name}: {len(rows)} rows, {run['rows']} published, {verdicts}")
        check(verdicts.get("inserted", 0) == len(set(rows)), f"{name}: {verdicts} but {len(set(rows))} different rows")
        again = exchange.import_file(path, *options, code=None, wait="decided")
        check(again["verdicts"].get("inserted", 0) == 0, f"{name}: again gives {again['verdicts']}")
        exchange.check_books(name)
        print(f"{name}: {verdicts}")

    exchange = Exchange(binary, os.path.join(scratch, "xlsx"), ["a"], "a")
    refused = exchange.run("import", "register", os.path.join(data, "messy", "bj-changping-listed.csv"), code=None)
    check(refused.returncode != 0 and "XLSX" in refused.stderr, f"the workbook named .csv: {refused.returncode} {refused.stderr}")


def check_companies(binary, scratch, data, facts):
    path = os.path.join(data, "company", "companies-a.csv.gz")
    exchange = Exchange(binary, os.path.join(scratch, "companies"), header_of(path), "统一社会信用代码")
    run = exchange.dump(path, code=6)  # one row is held back: 13 columns
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
        uk, gov = facts["uk-registers/government-organisation"], facts["dotgov"]
        divisions, streets = facts["divisions/gb2260-stats"], facts["divisions/streets"]
        for partitions in (1, 4):
            check_series(binary, scratch, "uk-registers", paths("uk-registers", uk), uk, "key", partitions)
            check_series(binary, scratch, "gb2260", paths("divisions", divisions), divisions, "Code", partitions,
                         not_compared=("Source", "Revision"), options=("--delimiter", "tab"), delimiter="\t")
            check_series(binary, scratch, "dotgov", paths("dotgov", gov), gov, "Domain Name", partitions)
            check_series(binary, scratch, "streets", paths("divisions", streets), streets, "code", partitions)
        check_messy(binary, scratch, data, facts["messy"])
        check_companies(binary, scratch, data, facts["company/companies-a.csv.gz"])
    print(f"{len(FAILURES)} failures")
    return 1 if FAILURES else 0


if __name__ == "__main__":
    sys.exit(main())
