# SPDX-License-Identifier: Apache-2.0
"""Registers that change from dump to dump, written as CSV files, and a naive model of what their subscribers must receive.

The model of a full dump knows these sentences: a key's first content is an insert, other content than the last is an update, the
same content is nothing, a key that is not in the dump is deleted; two different rows with one key say nothing (or the last one
does); a row with a bad value says nothing but that its key is there; a row that is not as wide as the header is nobody's, and
while there is one nothing is deleted unasked; nor when more than a fifth would vanish. Such a dump is held, and then it changes
nothing until somebody confirms it. An event is delivered the first time its id is met. The model reads the files that were
written, in their order, and shares no code with the exchange.
"""
import csv
import io
import os
import random

COMPANY_COLUMNS = ["code", "name", "address", "capital"]
VISIT_COLUMNS = ["code", "serial", "text"]
STREETS = ["老街", "新街", "Harbour \"Old\" Road", "line one\nline two", "a, b", "湖滨路"]


class Change:
    """One delivery that a subscriber must see."""

    __slots__ = ("operation", "key", "values", "file", "row")

    def __init__(self, operation, key, values, file, row):
        self.operation, self.key, self.values, self.file, self.row = operation, key, values, file, row

    def __repr__(self):
        return f"{self.operation} {self.key} {self.values} from {self.file}:{self.row}"


def read_csv(path):
    """(columns, rows) of a CSV file; a row is a list of text."""
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    return rows[0], rows[1:]


VANISHING_PARTS = 5     # more than one part of so many may not vanish
KEYLESS_PER_HUNDRED = 1


class EntityModel:
    """Changes per key of an entity resource that is handed over as full dumps. `same_key`: which of two different rows with one key
    counts."""

    def __init__(self, columns, key="code", same_key="quarantine"):
        self.columns, self.key_at, self.same_key = columns, columns.index(key), same_key
        self.numbers_at = [at for at, name in enumerate(columns) if name == "capital"]
        self.state = {}      # key -> Change that made it
        self.history = {}    # key -> [Change]
        self.rows = 0        # read, ragged ones included
        self.ragged = 0

    def _read(self, path):
        """({key: (row number, row)} of what counts, keys that are in it, rows whose key nobody can read, rows)"""
        columns, rows = read_csv(path)
        assert columns == self.columns, path
        said, seen, contradicted, keyless = {}, set(), set(), 0
        for number, row in enumerate(rows, 1):
            if len(row) != len(columns):
                keyless += 1
                continue
            key = row[self.key_at]
            seen.add(key)
            if not all(row[at].isdigit() for at in self.numbers_at):
                continue
            if key not in said:
                said[key] = (number, row)
            elif said[key][1] != row:
                if self.same_key == "last":
                    said[key] = (number, row)
                else:
                    contradicted.add(key)
        for key in contradicted:
            del said[key]
        return said, seen, keyless, len(rows)

    def is_held(self, path):
        """Whether a person has to look at this dump first. Never so for the first one: there is nothing that it could destroy."""
        if not self.history:
            return False
        _, seen, keyless, rows = self._read(path)
        vanishing = sum(key not in seen for key in self.state)
        return (vanishing * VANISHING_PARTS > len(self.state) or (keyless > 0 and vanishing > 0) or
                keyless * 100 > rows * KEYLESS_PER_HUNDRED or rows == 0)

    def take(self, path):
        """The dump takes effect."""
        said, seen, keyless, rows = self._read(path)
        self.rows += rows
        self.ragged += keyless
        name = os.path.basename(path)
        for key, (number, row) in said.items():
            known = self.state.get(key)
            if known is None or known.values != row:
                self._change(Change("insert" if known is None else "update", key, row, name, number))
        for key in [key for key in self.state if key not in seen]:
            self._change(Change("delete", key, self.state[key].values, name, 0))  # no row says so

    def _change(self, change):
        if change.operation == "delete":
            del self.state[change.key]
        else:
            self.state[change.key] = change
        self.history.setdefault(change.key, []).append(change)

    def changes(self):
        return sum(len(of_key) for of_key in self.history.values())


class EventModel:
    """Events by id; each is delivered once, as it was when first met."""

    def __init__(self, columns, id_columns):
        self.columns = columns
        self.id_at = [columns.index(name) for name in id_columns]
        self.history = {}    # id -> [Change], always one
        self.rows = 0
        self.ragged = 0

    def take(self, path):
        columns, rows = read_csv(path)
        assert columns == self.columns, path
        for number, row in enumerate(rows, 1):
            self.rows += 1
            if len(row) != len(columns):
                self.ragged += 1
                continue
            key = tuple(row[at] for at in self.id_at)
            if key not in self.history:
                self.history[key] = [Change("insert", key, row, os.path.basename(path), number)]

    def changes(self):
        return len(self.history)


class FolderWriter:
    """Writes numbered files into a folder so that each appears complete, with the greatest name so far."""

    def __init__(self, folder, prefix):
        self.folder, self.prefix, self.count = folder, prefix, 0
        os.makedirs(folder, exist_ok=True)

    def write(self, columns, rows):
        self.count += 1
        path = os.path.join(self.folder, f"{self.prefix}-{self.count:06}.csv")
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
        hidden = os.path.join(self.folder, f".{self.prefix}-{self.count:06}.tmp")
        with open(hidden, "w", encoding="utf-8", newline="") as file:
            file.write(text.getvalue())
        os.rename(hidden, path)
        return path


class CompanyRegister:
    """A register of companies, written whole each time: new ones, changes, changes back (A, B, A), companies that are gone and some
    that return, repetitions and contradictions within a dump, bad values, ragged rows; now and then a dump that lacks too much."""

    KEYS_MAX = 600  # from then on about as many go as come

    def __init__(self, rng, folder, prefix="companies", same_key="quarantine"):
        self.rng, self.files = rng, FolderWriter(folder, prefix)
        self.model = EntityModel(COMPANY_COLUMNS, same_key=same_key)
        self.count = 0
        self.earlier = {}   # key -> a row that it had before
        self.gone = {}      # key -> its last row

    def _new(self):
        self.count += 1
        key = f"C{self.count:06}"
        return [key, f"企业 {key}", self.rng.choice(STREETS), str(self.rng.randrange(1000))]

    def _changed(self, row):
        key = row[0]
        other = self.earlier.get(key)
        if other is None or self.rng.random() < 0.5:
            other = [key, row[1], self.rng.choice(STREETS), str(self.rng.randrange(1000))]
        self.earlier[key] = row
        return other

    def _some_of(self, things, most):
        return self.rng.sample(things, min(len(things), self.rng.randrange(most + 1)))

    def write_dump(self, new, changed, repeated, lacking=None):
        """One file; returns (its path, whether it is held). `new`, `changed`, `repeated`: how many rows of each kind, about.
        `lacking`: the share of companies that it does not have; when none is given some few, or as many as come."""
        first = not self.model.history
        current = {key: change.values for key, change in self.model.state.items()}
        keys = list(current)
        if lacking is None:
            most = len(keys) // 6 if len(keys) + new > self.KEYS_MAX else len(keys) // 50 + 1
            going = [] if self.rng.random() < 0.3 else self._some_of(keys, min(most, len(keys)))
        else:
            going = self.rng.sample(keys, int(len(keys) * lacking))
        rows = {key: row for key, row in current.items() if key not in set(going)}
        for key in self._some_of([key for key in self.gone if key not in current], 3):
            rows[key] = self.gone[key]
        for _ in range(new):
            row = self._new()
            rows[row[0]] = row
        there = list(rows)
        for key in [self.rng.choice(there) for _ in range(changed)] if not first else []:
            rows[key] = self._changed(rows[key])
        self.gone.update({key: current[key] for key in going})
        written = list(rows.values())
        written += [rows[self.rng.choice(there)] for _ in range(repeated)]
        if not first:
            for key in self._some_of(there, 3):  # a second row that says otherwise
                written.insert(self.rng.randrange(len(written)), rows[key][:2] + ["elsewhere", "7"])
        for key in self._some_of(there, 2):
            row = rows[key]
            written[written.index(row)] = row[:3] + ["many"]
        if self.rng.random() < 0.5:
            self.rng.shuffle(written)
        if not first and self.rng.random() < 0.15:
            written.insert(self.rng.randrange(len(written) + 1), self.rng.choice([["short"], ["C1", "too", "many", "1", "values"]]))
        path = self.files.write(COMPANY_COLUMNS, written)
        held = self.model.is_held(path)
        if not held:
            self.model.take(path)
        return path, held


class VisitRegister:
    """Events: each once or several times, in one file or in later ones; sometimes with another text under the same id."""

    def __init__(self, rng, folder, prefix="visits"):
        self.rng, self.files = rng, FolderWriter(folder, prefix)
        self.model = EventModel(VISIT_COLUMNS, ["code", "serial"])
        self.seen = []

    def write_dump(self, new, repeated):
        rows = []
        for _ in range(new):
            row = [f"C{self.rng.randrange(1, 5000):06}", str(len(self.seen) + 1), self.rng.choice(STREETS)]
            self.seen.append(row)
            rows.append(row)
        for _ in range(repeated):
            row = self.rng.choice(self.seen)
            rows.append(row if self.rng.random() < 0.7 else row[:2] + ["told again otherwise"])
        if rows and self.rng.random() < 0.3:
            rows.insert(self.rng.randrange(len(rows)), ["ragged"])
        path = self.files.write(VISIT_COLUMNS, rows)
        self.model.take(path)
        return path


def seeded(seed):
    return random.Random(seed)
