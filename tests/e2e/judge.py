# SPDX-License-Identifier: Apache-2.0
"""Judges what sinks wrote against what a naive model says they had to receive. Reads source and sink files, asks nobody.

Every complaint is one line of text; no complaint means: nothing lost, nothing doubled, the order of each key kept.
"""
import csv
import json
import os
import time

COMPLAINTS_MAX = 20


class Delivered:
    """One line of a sink's changes."""

    __slots__ = ("operation", "key", "values", "file", "row", "lane", "sequence", "place")

    def __init__(self, operation, key, values, file, row, lane, sequence, place):
        self.operation, self.key, self.values, self.file, self.row = operation, key, values, file, row
        self.lane, self.sequence, self.place = lane, sequence, place


def part_names(directory, kind):
    """Finished files of a sink in the order in which it wrote them; the position in a name sorts as text."""
    if not os.path.isdir(directory):
        return []
    return sorted(name for name in os.listdir(directory) if name.startswith(kind + "-"))


def _csv_lines(path):
    with open(path, encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file, strict=True)


def _json_lines(path):
    with open(path, encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def lines_of(path):
    return _json_lines(path) if path.endswith(".jsonl") else _csv_lines(path)


def _items_of(line):
    return {name: value for name, value in line.items() if not name.startswith("_")}


def read_part(directory, name, key_columns):
    """The delivered lines of one file."""
    for number, line in enumerate(lines_of(os.path.join(directory, name)), 1):
        items = _items_of(line)
        key = tuple(items.get(column, "") for column in key_columns)
        yield Delivered(line["_operation"], key if len(key) > 1 else key[0], items, line["_source_file"],
                        int(line["_source_row"]), int(line["_lane"]), int(line["_sequence"]), f"{name}:{number}")


def read_changes(directory, key_columns):
    """Every delivered line, in order."""
    for name in part_names(directory, "changes"):
        yield from read_part(directory, name, key_columns)


class Complaints:
    def __init__(self, subject):
        self.subject, self.lines, self.count = subject, [], 0

    def add(self, text):
        self.count += 1
        if self.count <= COMPLAINTS_MAX:
            self.lines.append(f"{self.subject}: {text}")
        elif self.count == COMPLAINTS_MAX + 1:
            self.lines.append(f"{self.subject}: ... and more")


def _projected(change, columns, items):
    values = dict(zip(columns, change.values))
    return {name: values[name] for name in items}


def _equal(delivered, change, expected):
    return (delivered.operation == change.operation and delivered.values == expected and delivered.file == change.file
            and delivered.row == change.row)


def _compare_key(key, got, wanted, model, items, complaints):
    """The sequence of one key. The first difference decides what it is called."""
    for at, change in enumerate(wanted):
        expected = _projected(change, model.columns, items)
        if at < len(got) and _equal(got[at], change, expected):
            continue
        later = [d for d in got[at:] if _equal(d, change, expected)]
        if later:
            doubled = at > 0 and got[at].values == got[at - 1].values
            complaints.add(f"{'doubled' if doubled else 'out of order or changed'}: key {key}, change {at + 1}: "
                           f"wanted {change}, {got[at].place} says {got[at].operation} {got[at].values}")
        elif at < len(got) and len(got) >= len(wanted):
            complaints.add(f"wrong: key {key}, change {at + 1}: wanted {change}, {got[at].place} says "
                           f"{got[at].operation} {got[at].values} of {got[at].file}:{got[at].row}")
        else:
            complaints.add(f"lost: key {key}, change {at + 1} of {len(wanted)}: {change}")
        return
    for extra in got[len(wanted):]:
        complaints.add(f"doubled: key {key}: {extra.place} delivers {extra.operation} {extra.values} once more")


def judge_sequences(delivered, subject):
    """Lane and sequence: without gaps, none twice, rising in the order of delivery."""
    complaints = Complaints(subject)
    last = {}
    for line in delivered:
        expected = last.get(line.lane, 0) + 1
        if line.sequence != expected:
            complaints.add(f"sequence: {line.place} has {line.sequence} of lane {line.lane}, {expected} comes next")
        last[line.lane] = line.sequence
    return complaints.lines


def judge_changes(delivered, model, items, subject):
    """Everything delivered from the beginning, against the model."""
    complaints = Complaints(subject)
    got = {}
    for line in delivered:
        got.setdefault(line.key, []).append(line)
    for key, wanted in model.history.items():
        _compare_key(key, got.get(key, []), wanted, model, items, complaints)
    for key in got.keys() - model.history.keys():
        complaints.add(f"invented: key {key}: {got[key][0].place} has {got[key][0].values}")
    return complaints.lines


def judge_late_changes(delivered, model, items, subject):
    """A subscriber that began in the middle with the present state: each key is an end piece of its history."""
    complaints = Complaints(subject)
    got = {}
    for line in delivered:
        got.setdefault(line.key, []).append(line)
    for key, history in model.history.items():
        lines = got.get(key, [])
        if not lines:
            if history[-1].operation != "delete":  # else it may have been gone before
                complaints.add(f"lost: key {key}: nothing was delivered")
            continue
        if len(lines) > len(history):
            complaints.add(f"doubled: key {key}: {len(lines)} deliveries of {len(history)} changes")
            continue
        for at, (line, change) in enumerate(zip(lines, history[-len(lines):])):
            operation = "insert" if at == 0 else change.operation
            same = (line.values == _projected(change, model.columns, items) and line.file == change.file and
                    line.row == change.row and line.operation == operation)
            if not same:
                complaints.add(f"wrong: key {key}: {line.place} says {line.operation} {line.values}, wanted {change}")
                break
    for key in got.keys() - model.history.keys():
        complaints.add(f"invented: key {key}: {got[key][0].place}")
    return complaints.lines


def judge_state(directory, model, items, subject):
    """The present state file, against the model's."""
    complaints = Complaints(subject)
    names = part_names(directory, "state")
    if not names:
        if model.state:
            complaints.add(f"lost: there is no state file in {directory}")
        return complaints.lines
    if len(names) > 2:
        complaints.add(f"{len(names)} state files lie side by side")
    seen = {}
    for number, line in enumerate(lines_of(os.path.join(directory, names[-1])), 1):
        values = _items_of(line)
        key = values["code"]
        if key in seen:
            complaints.add(f"doubled: key {key} in lines {seen[key]} and {number}")
        seen[key] = number
        change = model.state.get(key)
        if change is None:
            complaints.add(f"invented: key {key}")
        elif values != _projected(change, model.columns, items):
            complaints.add(f"wrong: key {key} is {values}, wanted {change}")
        elif (line["_source_file"], int(line["_source_row"])) != (change.file, change.row):
            complaints.add(f"wrong: key {key} is said to be from {line['_source_file']}:{line['_source_row']}, not {change}")
    for key in model.state.keys() - seen.keys():
        complaints.add(f"lost: key {key}")
    return complaints.lines


class Sink:
    """One sink and what it has to hold. `check`: changes, late or state."""

    def __init__(self, name, directory, model, items, check="changes", key_columns=("code",)):
        self.name, self.directory, self.model, self.items = name, directory, model, list(items)
        self.check, self.key_columns = check, tuple(key_columns)

    def judge(self):
        if self.check == "state":
            return judge_state(self.directory, self.model, self.items, self.name)
        delivered = list(read_changes(self.directory, self.key_columns))
        if self.check == "late":
            return judge_late_changes(delivered, self.model, self.items, self.name)
        return judge_changes(delivered, self.model, self.items, self.name) + judge_sequences(delivered, self.name)


def judge_all(sinks):
    return [complaint for sink in sinks for complaint in sink.judge()]


def judge_at_rest(sinks, patience_s=20):
    """What is still to complain of when all changes have arrived: state files, which have no count to wait for, may come a little later."""
    deadline = time.monotonic() + patience_s
    while (complaints := judge_all(sinks)) and time.monotonic() < deadline:
        time.sleep(0.3)
    return complaints
