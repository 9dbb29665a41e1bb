# SPDX-License-Identifier: Apache-2.0
"""Shows that the judge can fail: what a perfect exchange would have written is accepted, and each single damage done to a copy
of it - a line lost, doubled, moved, changed, invented - is complained about."""
import csv
import json
import os
import random
import shutil
import tempfile

from judge import judge_all, part_names
from office import Office

HEAD = ["_operation", "_key", "_lane", "_sequence", "_source_file", "_source_row"]


def _write_changes(sink, changes, parts=4):
    """As the file sink does, in several parts; two lanes."""
    os.makedirs(sink.directory, exist_ok=True)
    next_sequence = {0: 1, 1: 1}
    size = len(changes) // parts + 1
    jsonl = sink.name == "social-companies"
    for part in range(parts):
        path = os.path.join(sink.directory, f"changes-{part + 1:020}{'.jsonl' if jsonl else '.csv'}")
        with open(path, "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            if not jsonl:
                writer.writerow(HEAD + sink.items)
            for change in changes[part * size:(part + 1) * size]:
                lane = sum(str(change.key).encode()) % 2
                values = dict(zip(sink.model.columns, change.values))
                head = [change.operation, "digest", lane, next_sequence[lane], change.file, change.row]
                next_sequence[lane] += 1
                if jsonl:
                    file.write(json.dumps({**dict(zip(HEAD, head)), **{name: values[name] for name in sink.items}}) + "\n")
                else:
                    writer.writerow(head + [values[name] for name in sink.items])


def _write_state(sink):
    os.makedirs(sink.directory, exist_ok=True)
    with open(os.path.join(sink.directory, "state-1.csv"), "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["_key", "_source_file", "_source_row"] + sink.items)
        for change in sink.model.state.values():
            writer.writerow(["digest", change.file, change.row] + change.values)


def write_perfectly(office):
    for sink in office.sinks:
        if sink.check == "state":
            _write_state(sink)
            continue
        changes = [change for history in sink.model.history.values() for change in history]
        changes.sort(key=lambda change: (change.file, change.row))
        if sink.check == "late":  # began when half of the files were through, but before the last file with a delete
            middle = min(changes[len(changes) // 2].file, max(c.file for c in changes if c.operation == "delete"))
            before = {}
            for change in changes:
                if change.file < middle:
                    before[change.key] = change
            present = [type(change)("insert", change.key, change.values, change.file, change.row)
                       for change in before.values() if change.operation != "delete"]
            changes = present + [change for change in changes if change.file >= middle]
        _write_changes(sink, changes)


def _records(path):
    """The head line and the records of a sink's file, as lists of values."""
    with open(path, encoding="utf-8", newline="") as file:
        if path.endswith(".jsonl"):
            objects = [json.loads(line) for line in file]
            return list(objects[0]), [list(one.values()) for one in objects]
        rows = list(csv.reader(file))
    return rows[0], rows[1:]


def _store(path, head, records):
    with open(path, "w", encoding="utf-8", newline="") as file:
        if path.endswith(".jsonl"):
            file.writelines(json.dumps(dict(zip(head, record))) + "\n" for record in records)
        else:
            csv.writer(file, lineterminator="\n").writerows([head] + records)


def _pair(records, same):
    """Two places whose records are of the same kind and differ, or None."""
    first = {}
    for at, record in enumerate(records):
        kind = same(record)
        if kind in first and records[first[kind]] != record:
            return first[kind], at
        first.setdefault(kind, at)
    return None


def _damage(kind, records, rng):
    """False: there is nothing in this file to which it could be done."""
    at = rng.randrange(len(records) - 1)
    if kind == "lose":
        del records[at]
    elif kind == "double":
        records.insert(at, records[at])
    elif kind == "double far away":
        records.append(records[at])
    elif kind == "swap within a lane":
        a, b = _pair(records, lambda record: record[2])
        records[a], records[b] = records[b], records[a]
    elif kind == "swap within a key":  # lane and sequence stay as they should be
        pair = _pair(records, lambda record: record[6])
        if pair is None:
            return False
        a, b = pair
        records[a], records[b] = (records[b][:2] + records[a][2:4] + records[b][4:],
                                  records[a][:2] + records[b][2:4] + records[a][4:])
    elif kind in ("lose a delete", "double a delete", "delete becomes update", "delete of other content"):
        deletes = [place for place, record in enumerate(records) if record[0] == "delete"]
        if not deletes:
            return False
        at = rng.choice(deletes)
        if kind == "lose a delete":
            del records[at]
        elif kind == "double a delete":
            records.insert(rng.randrange(at, len(records)) + 1, list(records[at]))
        elif kind == "delete becomes update":
            records[at] = ["update"] + records[at][1:]
        else:
            records[at] = records[at][:-1] + [records[at][-1] + "0"]
    elif kind == "delete what is there":
        record = records[at]
        records.append(["delete"] + record[1:5] + [0] + record[6:])
    elif kind == "lose all":
        records.clear()
    elif kind == "change":
        records[at] = records[at][:-1] + [records[at][-1] + "0"]
    return True


DAMAGES = ["lose", "double", "double far away", "lose all", "change", "swap within a lane", "swap within a key"]
# Lanes are numbered anew afterwards: that nothing is missing must not be all that the judge can see.
DELETE_DAMAGES = ["lose a delete", "double a delete", "delete becomes update", "delete of other content", "delete what is there"]
# The order of lines in a state file means nothing, and of a late subscriber only the order within a key.
MEANINGLESS = {"state": ("swap within a lane", "swap within a key"), "late": ("swap within a lane",)}


def _number_anew(sink):
    next_sequence = {}
    for name in part_names(sink.directory, "changes"):
        path = os.path.join(sink.directory, name)
        head, records = _records(path)
        for record in records:
            lane = str(record[2])
            next_sequence[lane] = next_sequence.get(lane, 0) + 1
            record[3] = next_sequence[lane]
        _store(path, head, records)


def _damage_file(sink, name, kind, rng):
    """False: it could not be done to this file."""
    path = os.path.join(sink.directory, name)
    head, records = _records(path)
    if kind == "keep what was deleted":
        gone = [history[-1] for key, history in sink.model.history.items() if key not in sink.model.state]
        if not gone:
            return False
        records.append(["digest", gone[0].file, gone[0].row] + gone[0].values)
    elif not _damage(kind, records, rng):
        return False
    _store(path, head, records)
    if kind in DELETE_DAMAGES:
        _number_anew(sink)
    return True


def _lacks_deletes(register):
    return not any(change.operation == "delete" for history in register.model.history.values() for change in history)


def run_self_test(seed):
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="datong-judge-") as folder:
        office = Office(os.path.join(folder, "office"), rng)
        office.late_catalog()
        for _ in range(8):
            office.publish()
            path, held = office.permits_file()
            if held:
                office.permits.model.take(path)  # somebody confirmed it
        while _lacks_deletes(office.companies) or _lacks_deletes(office.permits):
            office.companies.write_dump(new=10, changed=15, repeated=10)
            office.permits.write_dump(new=10, changed=15, repeated=10)
        write_perfectly(office)
        complaints = judge_all(office.sinks)
        if complaints:
            return ["the judge complains about a perfect exchange:"] + complaints
        failures, tried = [], 0
        whole = os.path.join(folder, "whole")
        shutil.copytree(office.output, whole)
        for sink in office.sinks:
            state = sink.check == "state"
            events = len(sink.key_columns) > 1
            for kind in DAMAGES + ([] if state or events else DELETE_DAMAGES) + (["keep what was deleted"] if state else []):
                if kind in MEANINGLESS.get(sink.check, ()) or (kind == "swap within a key" and events):
                    continue  # an event has no history
                names = part_names(sink.directory, "state" if state else "changes")
                rng.shuffle(names)
                name = next((name for name in names if _damage_file(sink, name, kind, rng)), None)
                if name is None:
                    if kind in DELETE_DAMAGES:
                        failures.append(f"there was nothing to which this could be done: {kind} in {sink.name}")
                    continue
                tried += 1
                if not judge_all([sink]):
                    failures.append(f"the judge does not see: {kind} in {sink.name} ({name})")
                shutil.rmtree(sink.directory)
                shutil.copytree(os.path.join(whole, sink.name), sink.directory)
        if judge_all(office.sinks):
            failures.append("the copies were not put back")
        print(f"judge: {tried} damages tried, {tried - len(failures)} seen (seed {seed})")
        return failures
