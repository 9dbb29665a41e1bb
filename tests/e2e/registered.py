# SPDX-License-Identifier: Apache-2.0
"""One register, one exchange and its subscribers, asked and read as a person would: through commands and through the files that
the sinks wrote. Says nothing about what is right; `check` keeps what a test found wrong."""
import csv
import gzip
import hashlib
import io
import json
import os
import subprocess

from judge import judge_sequences, lines_of, part_names, read_part

FAILURES = []
HELD = 7  # the exit code of an import whose dump is held


def check(condition, what):
    if not condition:
        FAILURES.append(what)
        print(f"FAILED: {what}", flush=True)
    return condition


# --- dumps

def open_text(path):
    return io.TextIOWrapper(gzip.open(path) if path.endswith(".gz") else open(path, "rb"), encoding="utf-8-sig", newline="")


def read_table(path, delimiter=","):
    """(columns, rows) of a dump."""
    with open_text(path) as file:
        rows = list(csv.reader(file, delimiter=delimiter))
    return rows[0], rows[1:]


def header_of(path, delimiter=","):
    with open_text(path) as file:
        return next(csv.reader(file, delimiter=delimiter))


def read_dump(path, key, compared, delimiter=","):
    """What a dump says: key -> compared values."""
    header, rows = read_table(path, delimiter)
    key_at, places = header.index(key), [header.index(column) for column in compared]
    return {row[key_at]: tuple(row[at] for at in places) for row in rows}


def write_table(path, columns, rows, mark=b"", encoding="utf-8"):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([columns, *rows])
    content = mark + text.getvalue().encode(encoding)
    with gzip.open(path, "wb") if path.endswith(".gz") else open(path, "wb") as file:
        file.write(content)
    return path


def changes_between(before, after):
    """Naive: two dictionaries, nothing else."""
    both = before.keys() & after.keys()
    updates = sum(before[key] != after[key] for key in both)
    return {"inserts": len(after.keys() - before.keys()), "updates": updates,
            "deletes": len(before.keys() - after.keys()), "unchanged": len(both) - updates}


def state_digest(records):
    """As docs/commands.md says it; `records`: values of the compared items, in declared order."""
    lines = sorted("\x1f".join(values).encode() for values in records)
    return hashlib.sha256(b"\n".join(lines)).hexdigest()


# --- the exchange

CATALOG = """
departments: [{{name: provider}}, {{name: subscriber}}]
key_domains: [{{name: domain}}]
resources:
  - name: register
    provider: provider
    key_domain: domain
    kind: {kind}
    partitions: {partitions}
    items: [{items}]
    {identity}
{more}
grants: [{{name: grant, resource: register, department: subscriber, items: all, purpose: test}}]
subscriptions: [{{name: all, grant: grant, start: beginning}}, {{name: copy, grant: grant, start: beginning}}]
connectors:
  - {{name: all-out, kind: file, sink: {{subscription: all, directory: {output}/changes, format: jsonl}}}}
  - {{name: copy-out, kind: file, sink: {{subscription: copy, directory: {output}/state, format: jsonl, form: state}}}}
"""


class Exchange:
    """A data directory with the resource `register`, a subscriber `all` that receives its changes and one, `copy`, that holds
    its present state; and the commands a person would type."""

    def __init__(self, binary, directory, columns, key, kind="entity", not_compared=(), partitions=4, policy="", more="",
                 items=None):
        self.binary, self.directory, self.output = binary, directory, directory + "-out"
        self.columns, self.key, self.not_compared, self.partitions = list(columns), key, not_compared, partitions
        self.kind, self.policy, self.more, self.items = kind, policy, more, dict(items or {})
        self.compared = [column for column in columns if column not in not_compared]
        self.parts = {}  # files of changes that were read: name -> (what the file was then, its lines)
        self.apply()

    def catalog(self):
        items = [{"name": column, "compared": column not in self.not_compared, **self.items.get(column, {})}
                 for column in self.columns]
        items = ", ".join(json.dumps(item, ensure_ascii=False) for item in items)
        identity = f"key: {json.dumps([self.key], ensure_ascii=False)}" if self.kind == "entity" else ""
        if self.policy:
            identity += f"\n    snapshots: {{{self.policy}}}"
        return CATALOG.format(kind=self.kind, partitions=self.partitions, items=items, identity=identity, more=self.more,
                              output=self.output)

    def apply(self, text=None, code=0):
        path = self.directory + ".yaml"
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.catalog() if text is None else text)
        return self.run("apply", "-f", path, code=code)

    def command(self, *arguments):
        return [self.binary, *arguments, "-d", self.directory, "--output", "json"]

    def run(self, *arguments, code=0):
        done = subprocess.run(self.command(*arguments), text=True, capture_output=True, timeout=300, check=False)
        if code is not None:
            check(done.returncode == code, f"datong {' '.join(arguments)}: exit code {done.returncode}, not {code}: "
                                           f"{done.stdout[-1500:]} {done.stderr[-1500:]}")
        return done

    def ask(self, *arguments, code=0):
        return json.loads(self.run(*arguments, code=code).stdout or "{}")

    def rows(self, *arguments):
        return self.ask(*arguments).get("rows", [])

    def import_file(self, path, *options, code=0, resource="register", wait="applied"):
        """What became of this reading of the file: its row of `files`, the last one of the resource."""
        return self.import_files([path], *options, code=code, resource=resource, wait=wait)[-1]

    def import_files(self, paths, *options, code=0, resource="register", wait="applied"):
        """The same for a list of files, given in one command."""
        self.run("import", resource, *paths, "--wait", wait, *options, code=code)
        return self.rows("files", "--resource", resource)[-len(paths):]

    def dump(self, path, *options, code=0):
        """The same for a full dump."""
        return self.import_file(path, "--mode", "full", *options, code=code)

    def snapshot(self, number=None):
        """One row of `snapshot list`; the last one when no number is given."""
        rows = self.rows("snapshot", "list", "--all")
        return rows[-1] if number is None else next(row for row in rows if row["snapshot"] == number)

    def show(self, number):
        return self.rows("snapshot", "show", str(number))

    def stops(self, number=None):
        return sorted(stop["stop"] if isinstance(stop, dict) else stop for stop in self.snapshot(number)["stops"])

    def digest(self, subscription="all"):
        return self.ask("state", subscription, "--digest", "--items", ",".join(self.compared))["summary"]["sha256"]

    def log(self, subscription="all"):
        return self.rows("tail", subscription, "--from", "begin", "--no-follow")

    # --- what the sinks wrote

    def delivered(self):
        """Every delivered line, in order. A file that is what it was is not read again."""
        directory, lines = os.path.join(self.output, "changes"), []
        for name in part_names(directory, "changes"):
            status = os.stat(os.path.join(directory, name))
            same = (status.st_ino, status.st_size, status.st_mtime_ns)
            if self.parts.get(name, (None,))[0] != same:
                self.parts[name] = (same, list(read_part(directory, name, (self.key,))))
            lines += self.parts[name][1]
        return lines

    def _values(self, items):
        return tuple(items.get(column) or "" for column in self.compared)

    def replayed(self):
        """The copy of somebody who applied the delivered changes one after the other; each must fit the copy."""
        delivered, copy = self.delivered(), {}
        for line in delivered:
            known = line.key in copy
            check(known == (line.operation != "insert"),
                  f"{line.place}: {line.operation} of {line.key}, which is {'' if known else 'not '}there")
            if line.operation == "delete":
                check(copy.pop(line.key, None) == self._values(line.values),
                      f"{line.place}: the delete of {line.key} carries other content than the last")
            else:
                copy[line.key] = self._values(line.values)
        for complaint in judge_sequences(delivered, "all"):
            check(False, complaint)
        return copy

    def state_file(self):
        directory = os.path.join(self.output, "state")
        name = part_names(directory, "state")[-1]
        return {line[self.key]: self._values(line) for line in lines_of(os.path.join(directory, name))}

    def check_copies(self, wanted, what):
        """`wanted`: the digest that every copy must have."""
        check(self.digest() == wanted, f"{what}: another present state")
        check(state_digest(self.replayed().values()) == wanted, f"{what}: who applies the changes arrives at another state")
        check(state_digest(self.state_file().values()) == wanted, f"{what}: the state file is another")

    def check_books(self, what):
        check(self.run("verify", code=None).returncode == 0, f"{what}: verify")
        for row in self.rows("books"):
            check(row.get("balanced", True), f"{what}: books of {row} do not balance")
