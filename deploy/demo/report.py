#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The demo's arithmetic: reads answers of `datong ... --output json` and the generator's facts.

    report.py input EXPECTED                     what was generated
    report.py progress FILES LAG EXPECTED KEEP   a line; exit code 0 when all is taken, 3 while something is under way
    report.py changed FOLDER                     the key of a company that is in every dump and changed
    report.py subscription LAG                   name and resource of the first subscription that has taken something
    report.py key TAIL                           the key of the first record
    report.py received WORK < paths              the files that arrived
    report.py check FILES EXPECTED               every count as the generator foretold, or exit code 1
"""

import csv
import json
import os
import sys
from collections import Counter
from pathlib import Path


def load(path):
    return json.loads(Path(path).read_text(encoding="utf-8"))


def rows_of(answer):
    return answer["rows"] if isinstance(answer, dict) else answer


def show_input(expected):
    for register in load(expected)["registers"]:
        size = sum(file["bytes"] for file in register["files"]) / 1e6
        print(f"  {register['name']:<13} {len(register['files'])} files, {register['rows']:>9,} rows, {register['keys']:>9,} keys, {size:8.1f} MB")


def expected_files(expected):
    if not os.path.exists(expected):
        return 0
    return sum(len(register["files"]) for register in load(expected)["registers"])


def progress(files, lag, expected, keep):
    files, lag = rows_of(load(files)), rows_of(load(lag))
    done = sum(file["state"] != "receiving" for file in files)
    published = sum(file["rows"] for file in files)
    decided = sum(file["decided"] for file in files)
    behind = sum(row["records_behind"] for row in lag if not row["suspended"])
    waiting = sum(row["input_waiting"] for row in {row["resource"]: row for row in lag}.values())
    applied = sum(one["applied"] for file in files for one in file["subscribers"])
    print(f"{done} of {max(len(files), expected_files(expected))} files read, {published:,} rows published, {decided:,} decided, {applied:,} received, {behind:,} on their way")
    # With --keep the files may have been read by an earlier demo, so that nothing need follow.
    started = files and (keep == "yes" or done >= expected_files(expected))
    return 0 if started and done == len(files) and published == decided and behind == 0 and waiting == 0 else 3


def changed_key(folder):
    """From the files alone: a company whose rows differ between the first dump and the last."""

    def rows(path):
        with open(path, encoding="utf-8", errors="replace", newline="") as file:
            for row in csv.DictReader(file):
                if None not in row and row.get("注册地址") and row["统一社会信用代码"]:
                    yield row["统一社会信用代码"], row["注册资金"]

    dumps = sorted(Path(folder).glob("*.csv"))
    last = dict(rows(dumps[-1]))
    found = ""
    for key, capital in rows(dumps[0]):
        found = found or key
        if key in last and last[key] != capital:
            found = key
            break
    print(found)


def subscription(lag):
    for row in rows_of(load(lag)):
        if row["last_applied"]:
            print(f"{row['subscription']}\t{row['resource']}")
            return


def key(tail):
    for row in rows_of(load(tail)):
        if row["key"]:
            print(row["key"])
            return


def received(work):
    """One line per folder: files, lines of data, bytes."""
    folders = {}
    for path in sys.stdin.read().split("\n"):
        if path:
            entry = folders.setdefault(os.path.dirname(path), [0, 0])
            entry[0] += 1
            entry[1] += os.path.getsize(path)
    for folder, (count, size) in sorted(folders.items()):
        print(f"  {os.path.relpath(folder, work):<40} {count:>4} files, {size / 1e6:8.1f} MB")


def merged(verdicts, held):
    """Where a dump is held, later ones are compared with what was known before it: only their sum can be foretold."""
    if not held:
        return +Counter(verdicts)
    of_state = ("inserted", "updated", "unchanged", "staged", "snapshot_dropped")
    rest = Counter({name: count for name, count in verdicts.items() if name not in of_state})
    rest["of the state"] = sum(verdicts.get(name, 0) for name in of_state)
    return +rest


def check(files, expected):
    said = {}
    for row in rows_of(load(files)):
        said.setdefault(row["resource"], Counter()).update(row["verdicts"])
    agrees = True
    for register in load(expected)["registers"]:
        foretold, found = Counter(register["verdicts"]), said.get(register["name"], Counter())
        held = bool(found.get("staged") or found.get("snapshot_dropped"))
        if held:
            print(f"{register['name']}: the safety stop holds a dump, with {found.get('staged', 0):,} changes, until somebody has looked: "
                  "datong snapshot list, then confirm or reject")
        if merged(foretold, held) != merged(found, held):
            agrees = False
            print(f"error: {register['name']}: the generator foretold {dict(foretold)}, the exchange says {dict(found)}", file=sys.stderr)
    if agrees:
        print("\nEvery count above is what the generator foretold.")
    return 0 if agrees else 1


def main():
    commands = {"input": show_input, "progress": progress, "changed": changed_key, "subscription": subscription, "key": key,
                "received": received, "check": check}
    if len(sys.argv) < 2 or sys.argv[1] not in commands:
        print(__doc__, file=sys.stderr)
        return 2
    return commands[sys.argv[1]](*sys.argv[2:]) or 0


if __name__ == "__main__":
    sys.exit(main())
