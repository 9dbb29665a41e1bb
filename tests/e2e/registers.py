# SPDX-License-Identifier: Apache-2.0
"""Registers that change from dump to dump, written as CSV files, and a naive model of what their subscribers must receive.

The model knows three sentences: a key's first content is an insert, other content than the last is an update, the same content
is nothing; an event is delivered the first time its id is met; a row that is not as wide as the header is nobody's. It reads the
files that were written, in their order, and shares no code with the exchange.
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


class EntityModel:
    """Changes per key of an entity resource whose order is that of its files and rows."""

    def __init__(self, columns, key="code"):
        self.columns, self.key_at = columns, columns.index(key)
        self.state = {}      # key -> Change that made it
        self.history = {}    # key -> [Change]
        self.rows = 0        # read, ragged ones included
        self.ragged = 0

    def take(self, path):
        columns, rows = read_csv(path)
        assert columns == self.columns, path
        for number, row in enumerate(rows, 1):
            self.rows += 1
            if len(row) != len(columns):
                self.ragged += 1
                continue
            key = row[self.key_at]
            known = self.state.get(key)
            if known is not None and known.values == row:
                continue
            change = Change("insert" if known is None else "update", key, row, os.path.basename(path), number)
            self.state[key] = change
            self.history.setdefault(key, []).append(change)

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
    """A register of companies: new ones, changes, changes back (A, B, A), repetitions within a dump, ragged rows."""

    def __init__(self, rng, folder, prefix="companies"):
        self.rng, self.files = rng, FolderWriter(folder, prefix)
        self.model = EntityModel(COMPANY_COLUMNS)
        self.current = {}   # key -> row
        self.earlier = {}   # key -> a row that it had before

    def _new(self):
        key = f"C{len(self.current) + 1:06}"
        self.current[key] = [key, f"企业 {key}", self.rng.choice(STREETS), str(self.rng.randrange(1000))]
        return self.current[key]

    def _changed(self, key):
        row = self.current[key]
        if key in self.earlier and self.rng.random() < 0.5:
            self.earlier[key], self.current[key] = row, self.earlier[key]
        else:
            self.earlier[key] = row
            self.current[key] = [key, row[1], self.rng.choice(STREETS), str(self.rng.randrange(1000))]
        return self.current[key]

    def write_dump(self, new, changed, repeated):
        """One file; returns its path. `new`, `changed`, `repeated`: how many rows of each kind, about."""
        rows = [self._new() for _ in range(new)]
        keys = list(self.current)
        rows += [self._changed(self.rng.choice(keys)) for _ in range(changed)]
        rows += [self.current[self.rng.choice(keys)] for _ in range(repeated)]
        # Not shuffled as a whole: within a file too the last row about a key is the one that counts.
        for _ in range(len(rows) // 100):
            at = self.rng.randrange(len(rows) + 1)
            rows.insert(at, self.rng.choice([["short"], ["C1", "too", "many", "1", "values"]]))
        if self.rng.random() < 0.5:
            self.rng.shuffle(rows)
        path = self.files.write(COMPANY_COLUMNS, rows)
        self.model.take(path)
        self.current = {key: change.values for key, change in self.model.state.items()}
        return path


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
