#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What happens to full dumps in offices, done to real registers: exports cut off, filtered, respelled, shifted, repeated, late.
Each is held, dropped or passed as docs/snapshots.md says; of what is held nothing leaves, everything else goes on, and a person
decides.

usage: full_dumps_test.py DATONG DATA_DIRECTORY [part of a name]...
Where the data is absent the test passes, saying that it skipped.
"""
import gzip
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from registered import (FAILURES, HELD, Exchange, changes_between, check, read_table, state_digest, write_table)  # noqa: E402

PARTLY = 6
OTHER = """
  - {name: other, provider: provider, key_domain: domain, kind: entity, items: [key, text], key: [key]}
"""
FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


class Register:
    """The dumps of one real register, and what tests make of them. Rows are lists of text in the order of `columns`."""

    def __init__(self, paths, key):
        self.key, self.dumps = key, []
        for path in paths:
            self.columns, rows = read_table(path)
            self.dumps.append(rows)
        self.key_at = self.columns.index(key)

    def state(self, rows):
        return {row[self.key_at]: tuple(row) for row in rows}


class Table(Register):
    """A register that a test has made up, with its first dump; its key is the first column."""

    def __init__(self, columns, rows):
        self.columns, self.key, self.key_at, self.dumps = columns, columns[0], 0, [rows]


class Scene:
    """An exchange that has taken the first dump of a register. Each file given to it is judged."""

    def __init__(self, world, name, register, first=True, policy="", items=None, not_compared=()):
        self.world, self.register, self.what = world, register, f"{name}-{world.partitions}"
        self.folder = os.path.join(world.scratch, self.what)
        os.makedirs(self.folder)
        self.exchange = Exchange(world.binary, os.path.join(self.folder, "data"), register.columns, register.key,
                                 not_compared=not_compared, partitions=world.partitions, policy=policy, more=OTHER, items=items)
        self.count = self.others = 0
        self.state = {}
        if first:
            self.passes(register.dumps[0])

    def file(self, rows, columns=None, name=None, **how):
        self.count += 1
        path = os.path.join(self.folder, name or f"dump-{self.count}.csv")
        return write_table(path, columns or self.register.columns, rows, **how)

    def check_digest(self, what):
        self.exchange.check_copies(state_digest(self.state.values()), what)

    def passes(self, rows, *options, state=None, wanted=None, code=0, path=None, **how):
        """`rows` are taken at once with the changes `wanted`, and every copy becomes `state` (what the rows say when not given).
        Returns the snapshot."""
        state = self.register.state(rows) if state is None else state
        wanted = wanted or changes_between(self.state, state)
        deliveries = len(self.exchange.delivered())
        path = path or self.file(rows, **how)
        what = f"{self.what}: {os.path.basename(path)}"
        run = self.exchange.dump(path, *options, code=code)
        snapshot = self.exchange.snapshot()
        got = {"inserts": snapshot["inserted"], "updates": snapshot["updated"], "deletes": snapshot["deleted"]}
        check(all(got[kind] == wanted[kind] for kind in got), f"{what}: {got} but {wanted} wanted; {run['verdicts']}")
        check(snapshot["state"] == "released" and not snapshot["stops"] and not snapshot["staged"], f"{what}: {snapshot}")
        check(len(self.exchange.delivered()) - deliveries == sum(got.values()), f"{what}: other deliveries than changes")
        self.state = state
        self.check_digest(what)
        return snapshot

    def nothing_leaves(self, path, state, options, code):
        before, delivered = self.exchange.log(), len(self.exchange.delivered())
        what = f"{self.what}: {os.path.basename(path)}"
        run = self.exchange.dump(path, *options, code=None if isinstance(code, tuple) else code)
        snapshot = self.exchange.snapshot()
        check(snapshot["state"] == state, f"{what} is {snapshot['state']}, not {state}: {snapshot}")
        check(self.exchange.log() == before and len(self.exchange.delivered()) == delivered, f"{what}: something left")
        self.check_digest(what)
        return run, snapshot, what

    def held(self, path, stops, words="", options=(), more_stops=()):
        """Held for exactly these stops (of `more_stops` each may stand beside them)."""
        run, snapshot, what = self.nothing_leaves(path, "held", options, HELD)
        got = set(snapshot["stops"])
        check(set(stops) <= got <= set(stops) | set(more_stops), f"{what}: stopped by {sorted(got)}, wanted {sorted(stops)}")
        shown = self.exchange.show(snapshot["snapshot"])
        texts = {row["stop"]: row["text"] for row in shown if row["kind"] == "stop"}
        check(set(texts) == got and all(texts.values()), f"{what}: `show` says {texts}")
        check(words in " ".join(texts.values()), f"{what}: no word of '{words}' in {texts}")
        check(run["state"] == "held", f"{what}: `files` says {run['state']}")
        self.rest_goes_on()
        return snapshot["snapshot"]

    def check_waiting(self, *numbers):
        """These dumps are held: everybody who asks is told so."""
        lag = {row["subscription"]: row["held_snapshots"] for row in self.exchange.rows("lag")}
        check(lag == {"all": len(numbers), "copy": len(numbers)}, f"{self.what}: held {numbers}, and `lag` says {lag}")
        files = {row["run"] for row in self.exchange.rows("files") if row["state"] == "held"}
        check(files == set(numbers), f"{self.what}: held {numbers}, and `files` says {sorted(files)}")
        summary = self.exchange.ask("snapshot", "list")["summary"]
        check(summary["held"] == len(numbers), f"{self.what}: held {numbers}, and `snapshot list` says {summary}")

    def dropped(self, path, words="", options=(), code=(1, 6)):
        """Fails or is too old: nothing of it counts."""
        run, snapshot, what = self.nothing_leaves(path, "dropped", options, code)
        check(words in run["failure"] + snapshot["why"], f"{what}: '{words}' is not in '{run['failure']}', '{snapshot['why']}'")
        check(snapshot["staged"] == 0 and snapshot["deleted"] == 0, f"{what}: {snapshot}")
        return run, snapshot

    def rest_goes_on(self):
        self.others += 1
        path = write_table(os.path.join(self.folder, f"other-{self.others}.csv"), ["key", "text"], [[f"k{self.others}", "text"]])
        run = self.exchange.import_file(path, resource="other")
        check(run["verdicts"] == {"inserted": 1}, f"{self.what}: another resource meanwhile: {run}")

    def decide(self, number, word, code=0, by="steward", why="looked at it"):
        done = self.exchange.run("snapshot", word, str(number), "--why", why, "--by", by, code=code)
        if code == 0:
            row = self.exchange.snapshot(number)
            check((row["by"], row["why"]) == (by, why), f"{self.what}: who and why of snapshot {number}: {row}")
        return done

    def deliver(self):
        """Has the sinks take what is there."""
        path = write_table(os.path.join(self.folder, "nothing-new.csv"), self.register.columns, [])
        self.exchange.import_file(path, "--mode", "append")

    def confirm(self, number, state):
        self.decide(number, "confirm")
        self.deliver()
        row = self.exchange.snapshot(number)
        check(row["state"] == "released", f"{self.what}: confirmed, and {row}")
        self.state = state
        self.check_digest(f"{self.what}: snapshot {number} confirmed")

    def end(self):
        self.exchange.check_books(self.what)


# --- the incidents

def with_item(register, rows, column, change):
    at = register.columns.index(column)
    return [row[:at] + [change(row[at])] + row[at + 1:] for row in rows]


def without(columns, column):
    at = columns.index(column)
    return lambda row: row[:at] + row[at + 1:]


def renamed(columns, old, new):
    return [new if column == old else column for column in columns]


def test_too_much_vanishes(world):
    """Confirmed, rejected, and replaced by the next good one."""
    register = world.gov
    scene = Scene(world, "vanishing", register)
    rows = register.dumps[1]
    half = rows[:len(rows) // 2]
    first = scene.held(scene.file(half), {"vanishing"}, "keys this source supplied")
    snapshot = scene.exchange.snapshot(first)
    check(snapshot["deleted"] == changes_between(scene.state, register.state(half))["deletes"], f"vanishing: {snapshot}")
    samples = [row for row in scene.exchange.show(first) if row["kind"] == "sample" and row["change"] == "delete"]
    gone = scene.state.keys() - register.state(half).keys()
    check(samples and all(row["key"] in gone for row in samples), f"vanishing: samples {samples[:2]}")
    second = scene.held(scene.file(half[:-1]), {"vanishing"})
    scene.check_waiting(first, second)
    scene.decide(first, "confirm", code=1)  # only the later one can be
    scene.decide(second, "reject", why="the export was filtered")
    scene.check_waiting(first)
    check(scene.exchange.snapshot(second)["state"] == "dropped", "a rejected one is not dropped")
    check(len(scene.exchange.log()) == len(register.dumps[0]), "something left of a rejected one")
    scene.decide(second, "confirm", code=1)
    third = scene.held(scene.file(half[:-2]), {"vanishing"})
    good = scene.passes(rows)
    scene.check_waiting()
    for number in (first, third):
        row = scene.exchange.snapshot(number)
        shown = scene.exchange.show(number)[0]
        check(row["state"] == "dropped" and shown.get("superseded_by") == good["snapshot"], f"not superseded: {row} {shown}")
    scene.decide(third, "confirm", code=1)
    scene.passes(register.dumps[2])
    # A person says that it is right so.
    last = scene.held(scene.file(half[:-3]), {"vanishing"})
    scene.confirm(last, register.state(half[:-3]))
    scene.passes(register.dumps[4], state=register.state(register.dumps[4]))
    scene.end()


def test_share_of_what_vanishes(world):
    """Just below and just above the share, and a number of records instead."""
    register = world.uk
    for policy, most in (("", len(register.dumps[0]) // 5), ("vanish_share_max: 5%", len(register.dumps[0]) // 20),
                         ("vanish_records_max: 7", 7)):
        scene = Scene(world, f"share-{most}", register, policy=policy)
        rows = register.dumps[0]
        scene.held(scene.file(rows[most + 1:]), {"vanishing"})
        scene.passes(rows[most:])
        scene.end()


def test_empty_or_cut_at_a_limit(world):
    register = world.gov
    scene = Scene(world, "limits", register, policy="suspicious_counts: [1000, 7580]")
    scene.held(scene.file([]), {"empty", "vanishing"}, "no rows")
    rows = register.dumps[1]
    scene.held(scene.file(rows[:1000]), {"cut_at_limit", "vanishing"}, "1000")
    scene.held(scene.file(rows[:7580]), {"cut_at_limit"}, "7580")
    scene.passes(rows[:7581])
    scene.passes(rows)
    scene.end()
    # Not a number that somebody had declared, but the height of a sheet, with its header or without.
    many = [[f"K{number}", "text"] for number in range(65_600)]
    sheet = Scene(world, "sheet", Table(["key", "text"], many))
    sheet.held(sheet.file(many[:65_535]), {"cut_at_limit"}, "65535")
    sheet.held(sheet.file(many[:65_536]), {"cut_at_limit"}, "65536")
    sheet.passes(many[:65_534])
    sheet.passes(many[:65_535 + world.partitions % 2])  # more than the last one had: no cut
    sheet.end()


def test_columns(world):
    register = world.uk
    columns, rows = register.columns, register.dumps[1]
    scene = Scene(world, "columns", register)
    keyless = ("vanishing", "unreadable_keys", "columns_differ", "empty")
    unreadable = scene.held(scene.file(rows, renamed(columns, "key", "identifier")), {"keys_missing"}, more_stops=keyless)
    scene.decide(unreadable, "confirm", code=1)  # no row of it could be read
    cut = without(columns, "key")
    scene.held(scene.file([cut(row) for row in rows], cut(columns)), {"keys_missing"}, more_stops=keyless)
    scene.held(scene.file(rows, renamed(columns, "website", "web")), {"columns_differ"}, "renamed: website -> web")
    scene.held(scene.file(rows, renamed(columns, "website", "Web Site")), {"columns_differ"}, "renamed: website -> Web Site")
    cut = without(columns, "website")
    scene.held(scene.file([cut(row) for row in rows], cut(columns)), {"columns_differ"}, "dropped: website")
    scene.held(scene.file([row + ["x"] for row in rows], columns + ["remark"]), {"columns_differ"}, "added: remark")
    order = list(range(len(columns)))
    random.Random(5).shuffle(order)
    scene.passes(rows, path=scene.file([[row[at] for at in order] for row in rows], [columns[at] for at in order]))
    scene.end()

    scene = Scene(world, "added", register, policy="added_columns: pass")
    scene.passes(rows, path=scene.file([row + ["x"] for row in rows], columns + ["remark"]))
    scene.held(scene.file([row + ["x"] for row in rows], renamed(columns, "website", "web") + ["remark"]), {"columns_differ"})
    scene.end()


def test_keys_emptied(world):
    register = world.gov
    rows = register.dumps[0]
    empty = lambda some: with_item(register, some, register.key, lambda _: "")  # noqa: E731
    scene = Scene(world, "keyless", register)
    scene.held(scene.file(empty(rows[:400]) + rows[400:]), {"keys_missing", "unreadable_keys"}, "400")
    number = scene.held(scene.file(empty(rows[:30]) + rows[30:]), {"unreadable_keys"}, "30")
    scene.confirm(number, register.state(rows[30:]))
    # Rows without a key where no delete is due: they are held back, and that is all.
    scene.passes(rows, code=PARTLY, path=scene.file(rows + empty(rows[:3])))
    scene.end()


def test_keys_respelled(world):
    register = world.gov
    rows = register.dumps[0]
    spellings = {"lower": str.lower, "spaces": lambda key: f" {key[:3]} {key[3:]}",
                 "width": lambda key: key.translate(FULL_WIDTH)}
    scene = Scene(world, "respelled", register)
    for how, spell in spellings.items():
        scene.held(scene.file(with_item(register, rows, register.key, spell), name=f"{how}.csv"), {"keys_respelled", "vanishing"},
                   "same_spelling")
    scene.passes(register.dumps[1])
    scene.end()

    scene = Scene(world, "same-spelling", register, items={register.key: {"same_spelling": ["case", "spaces", "width"]}})
    for how, spell in spellings.items():
        deliveries = len(scene.exchange.delivered())
        respelled = with_item(register, rows, register.key, spell)
        scene.exchange.dump(scene.file(respelled, name=f"{how}.csv"))
        snapshot = scene.exchange.snapshot()
        numbers = [snapshot[kind] for kind in ("inserted", "updated", "deleted")]
        check(numbers == [0, len(rows), 0] and snapshot["state"] == "released", f"{scene.what}: {how}: {snapshot}")
        check(len(scene.exchange.delivered()) - deliveries == len(rows), f"{scene.what}: {how}: other deliveries")
        wanted = state_digest([tuple(row) for row in respelled])
        check(scene.exchange.digest() == wanted, f"{scene.what}: {how}: another state")
        check(state_digest(scene.exchange.state_file().values()) == wanted, f"{scene.what}: {how}: another state file")
    scene.end()


def test_files_that_break_off(world):
    register = world.gov
    rows = register.dumps[4]   # one key less, and some changes
    scene = Scene(world, "broken", register)
    whole = scene.file(rows, name="whole.csv.gz")
    with open(whole, "rb") as file:
        content = file.read()

    def store(name, content):
        path = os.path.join(scene.folder, name)
        with open(path, "wb") as file:
            file.write(content)
        return path

    scene.dropped(store("half.csv.gz", content[:len(content) // 2]))
    scene.dropped(store("no-trailer.csv.gz", content[:-8]))
    text = gzip.decompress(content)
    lines = text.decode().splitlines(keepends=True)
    scene.dropped(store("quote.csv", "".join(lines[:-20] + ['"NEVER.GOV,'] + lines[-20:]).encode()))
    scene.dropped(store("row.csv", "".join(lines)[:-(len(lines[-1]) // 2 + 10)].rsplit(",", 1)[0].encode()), "cut_off")
    scene.held(store("marked-half.csv", b"\xef\xbb\xbf" + "".join(lines[:3000]).encode()), {"vanishing"})
    scene.passes(rows, path=store("marked.csv", b"\xef\xbb\xbf" + text))
    scene.passes(rows, path=store("whole-last-line.csv", text.rstrip(b"\n")))
    scene.end()


def test_manifests(world):
    register = world.uk
    scene = Scene(world, "manifest", register)
    stated = ("--manifest", "sha256,count")

    def state(path, digest=None, count=None):
        with open(path, "rb") as file:
            right = hashlib.sha256(file.read()).hexdigest()
        with open(path + ".sha256", "w", encoding="utf-8") as file:
            file.write(f"{digest or right}  {os.path.basename(path)}\n")
        with open(path + ".count", "w", encoding="utf-8") as file:
            file.write(f"{len(read_table(path)[1]) if count is None else count}\n")
        return path

    rows = register.dumps[1]
    scene.dropped(scene.file(rows[5:]), "no_manifest", stated)
    scene.dropped(state(scene.file(rows[5:]), digest="0" * 64), "digest_mismatch", stated)
    scene.dropped(state(scene.file(rows[5:]), digest="no digest"), "bad_manifest", stated)
    scene.dropped(state(scene.file(rows[5:]), count=len(rows)), "count_mismatch", stated)
    scene.passes(rows, *stated, path=state(scene.file(rows)))
    scene.end()

    scene = Scene(world, "trailer", register)
    trailer = ("--trailer", "合计")
    end = lambda count: [["合计", str(count)] + [""] * (len(register.columns) - 2)]  # noqa: E731
    scene.dropped(scene.file(rows[5:]), "cut_off", trailer)
    scene.dropped(scene.file(rows[5:] + end(len(rows))), "count_mismatch", trailer)
    scene.passes(rows, *trailer, path=scene.file(rows + end(len(rows))))
    scene.end()


def test_out_of_order(world):
    register = world.gov
    named = ("--as-of", "name")
    scene = Scene(world, "order", register, first=False)
    scene.passes(register.dumps[0], *named, name="gov-2022-03-11.csv")
    scene.passes(register.dumps[4], *named, name="gov-2022-03-15.csv")
    scene.dropped(scene.file(register.dumps[2], name="gov-2022-03-13.csv"), "older", named, code=(0, 6))
    check(scene.exchange.show(3)[0]["outdated"] is True, f"{scene.what}: {scene.exchange.show(3)[0]}")
    # Another file about the same day is a correction of it.
    scene.passes(register.dumps[3], *named, name="gov-again-2022-03-15.csv")
    scene.dropped(scene.file(register.dumps[4], name="gov-without-a-day.csv"), "no_as_of", named)
    scene.passes(register.dumps[5], *named, name="gov-2022-03-16.csv")
    scene.end()

    stated = ("--manifest", "as_of", "--as-of", "manifest")
    scene = Scene(world, "stated-order", world.uk, first=False)

    def about(moment, rows):
        path = scene.file(rows)
        with open(path + ".as_of", "w", encoding="utf-8") as file:
            file.write(moment + "\n")
        return path

    first, older, newer = world.uk.dumps[:3]
    scene.passes(first, *stated, path=about("2018-10-30", first))
    scene.passes(newer, *stated, path=about("2020-09-01 18:30", newer))
    late = about("2020-09-01 18:29:59", older)
    changes = changes_between(scene.state, world.uk.state(older))
    _, snapshot = scene.dropped(late, "older", stated, code=0)
    check(snapshot["stale"] == changes["inserts"] + changes["updates"] > 0, f"{scene.what}: {changes} stale, not {snapshot}")
    check(snapshot["as_of"].startswith("2020-09-01T10:29:59"), f"{scene.what}: as of {snapshot['as_of']}")
    check(scene.exchange.show(snapshot["snapshot"])[0]["outdated"] is True, f"{scene.what}: not outdated: {snapshot}")
    scene.dropped(about("some day", older), "bad_manifest", stated)
    scene.dropped(scene.file(older), "no_manifest", stated)
    scene.end()

    scene = Scene(world, "again", register)
    one, two = scene.file(register.dumps[0]), scene.file(register.dumps[4])
    scene.passes(register.dumps[4], path=two)
    scene.passes(register.dumps[4], path=two)
    again = scene.exchange.dump(os.path.join(scene.folder, "dump-1.csv"))  # an old file is no news
    check(again["generated_deletes"] == 0 and "updated" not in again["verdicts"], f"{scene.what}: an old file again: {again}")
    scene.check_digest(f"{scene.what}: an old file again")
    scene.passes(register.dumps[0], path=one)  # A, B, A: the same content in a file of its own
    scene.passes(register.dumps[4], "--as-new", path=two)
    scene.end()


def test_two_rows_with_one_key(world):
    register = world.uk
    rows, at = register.dumps[0], register.columns.index("name")

    def other(row, name):
        return row[:at] + [name] + row[at + 1:]

    changed, repeated = rows[10], rows[20]
    fresh = [f"NEW{place}" if column in ("key", "government-organisation") else text
             for place, (column, text) in enumerate(zip(register.columns, rows[30]))]
    dump = rows[:10] + [other(changed, "first")] + rows[11:]
    dump += [other(changed, "second"), repeated, fresh, other(fresh, "otherwise")]
    key, new = changed[register.key_at], fresh[register.key_at]
    state = register.state(rows)
    wanted = {"quarantine": (state, 4),
              "first": ({**state, key: tuple(other(changed, "first")), new: tuple(fresh)}, 2),
              "last": ({**state, key: tuple(other(changed, "second")), new: tuple(other(fresh, "otherwise"))}, 2)}
    for rule, (after, conflicting) in wanted.items():
        scene = Scene(world, f"same-key-{rule}", register, policy=f"same_key: {rule}")
        scene.passes(dump, state=after, code=PARTLY)
        run = scene.exchange.rows("files")[-1]
        check(run["verdicts"].get("conflicting_rows", 0) == conflicting and run["verdicts"].get("duplicate", 0) == 1,
              f"{scene.what}: {run['verdicts']}, wanted {conflicting} conflicting and 1 duplicate")
        scene.passes(rows)
        scene.end()


def check_samples(scene, number, rows, told_twice):
    """`show` has samples of every kind of change of a held dump with these rows."""
    register, before, after = scene.register, scene.state, scene.register.state(rows)
    both_told = [tuple(row) for row in told_twice]
    conflicting = both_told[0][register.key_at]
    values = lambda items: items and tuple(items.get(column) or "" for column in register.columns)  # noqa: E731
    wanted = {"insert": lambda key, now, old: key not in before and now == after.get(key) and old is None,
              "update": lambda key, now, old: now == after.get(key) and old == before.get(key) != now,
              "delete": lambda key, now, old: key not in after and now == before.get(key) and key != conflicting and old is None,
              "conflict": lambda key, now, old: key == conflicting and now in both_told and old is None}
    samples = {}
    for row in scene.exchange.show(number):
        if row["kind"] == "sample":
            samples.setdefault(row["change"], []).append(row)
    check(samples.keys() == wanted.keys(), f"{scene.what}: `show` has samples of {sorted(samples)}")
    for kind, some in samples.items():
        for row in some:
            check(wanted[kind](row["key"], values(row["items"]), values(row["before"])), f"{scene.what}: a sample: {row}")


def test_changed_meanwhile(world):
    """Keys that somebody changed while a dump was held stay as they are when it is confirmed."""
    register = world.uk
    at = register.columns.index("name")
    rows = register.dumps[0]
    scene = Scene(world, "meanwhile", register)
    moved = [row[:at] + ["moved"] + row[at + 1:] for row in rows[:500]]
    fresh = with_item(register, rows[30:31], "key", lambda _: "NEW1")
    told_twice = [rows[600][:at] + [text] + rows[600][at + 1:] for text in ("one", "another")]
    number = scene.held(scene.file(moved + fresh + told_twice), {"vanishing"})
    check_samples(scene, number, moved + fresh, told_twice)
    live = [row[:at] + ["live"] + row[at + 1:] for row in (rows[3], rows[700])]
    run = scene.exchange.import_file(scene.file(live, name="live.csv"))
    check(run["verdicts"] == {"updated": 2}, f"{scene.what}: {run}")
    after = [*moved, *fresh, rows[600], *live]  # who is told of twice neither changes nor vanishes
    scene.confirm(number, register.state(after))
    kinds = {row["before"] is None for row in scene.exchange.show(number) if row["kind"] == "sample"}
    check(kinds == {True}, f"{scene.what}: what a change was before is told only while it waits")
    scene.end()


def test_one_item_changes(world):
    register = world.gov
    rows = register.dumps[0]
    masked = with_item(register, rows, "Security Contact Email", lambda text: text + "?")
    scene = Scene(world, "one-item", register, policy="one_item_share_max: 90%")
    scene.held(scene.file(masked), {"one_item_changes"}, "Security Contact Email")
    half = masked[:len(rows) // 2] + rows[len(rows) // 2:]
    scene.passes(half)
    scene.end()
    scene = Scene(world, "one-item-off", register)
    scene.passes(masked)
    scene.end()


def test_early_flow(world):
    """Changes leave as they come; deletes still wait for the judgement."""
    register = world.gov
    scene = Scene(world, "early", register, policy="early_flow: true")
    scene.passes(register.dumps[4])
    half = register.dumps[5][:3000]
    wanted = changes_between(scene.state, register.state(half))
    scene.exchange.dump(scene.file(half), code=HELD)
    snapshot = scene.exchange.snapshot()
    check(snapshot["state"] == "held" and "vanishing" in snapshot["stops"], f"{scene.what}: {snapshot}")
    scene.state = {**scene.state, **register.state(half)}
    scene.check_digest(f"{scene.what}: changes that left early")
    scene.confirm(snapshot["snapshot"], register.state(half))
    check(scene.exchange.snapshot(snapshot["snapshot"])["deleted"] == wanted["deletes"], f"{scene.what}: {wanted}")
    scene.end()


def test_schema_changes(world):
    """A new item between two dumps."""
    register = world.uk
    rows = register.dumps[0]
    scene = Scene(world, "schema", register)
    exchange = scene.exchange
    exchange.columns.append("region")
    exchange.compared.append("region")
    exchange.apply()
    scene.state = {key: values + ("",) for key, values in scene.state.items()}
    scene.check_digest(f"{scene.what}: a new item")
    scene.held(scene.file(rows), {"columns_differ"}, "dropped: region")
    wider = [row + ["north" if place % 3 == 0 else ""] for place, row in enumerate(rows[2:])]
    scene.passes(wider, columns=exchange.columns)

    # An item ends: its column is one that nobody knows, and a record that had a value there is another one without it.
    cut = without(exchange.columns, "end-date")
    exchange.items["end-date"] = {"retired": True}
    exchange.compared.remove("end-date")
    exchange.apply()
    before = scene.state
    scene.state = {key: tuple(cut(list(values))) for key, values in before.items()}
    scene.check_digest(f"{scene.what}: an item less")
    scene.held(scene.file(wider, exchange.columns), {"columns_differ"}, "added: end-date")
    narrower = [cut(row) for row in wider[3:]]
    wanted = changes_between(before, register.state(with_item(register, wider[3:], "end-date", lambda _: "")))
    scene.passes(narrower, columns=cut(exchange.columns), wanted=wanted)
    scene.end()

    # An item that comes while a dump is held says nothing in it.
    scene = Scene(world, "schema-while-held", register)
    exchange = scene.exchange
    moved = with_item(register, rows[:500], "name", lambda text: text + " (moved)")
    number = scene.held(scene.file(moved), {"vanishing"})
    exchange.columns.append("region")
    exchange.compared.append("region")
    exchange.apply()
    scene.state = {key: values + ("",) for key, values in scene.state.items()}
    scene.check_digest(f"{scene.what}: a new item")
    state = {key: values + ("",) for key, values in register.state(moved).items()}
    scene.confirm(number, state)
    scene.passes([row + ["north"] for row in rows], columns=exchange.columns)
    scene.end()


LATER = """
subscriptions:
  - {name: from-beginning, grant: grant, start: beginning}
  - {name: from-now, grant: grant, start: now}
  - {name: from-present, grant: grant, start: present}
"""


def replay(log, columns):
    copy = {}
    for row in log:
        if row["operation"] == "delete":
            copy.pop(row["key"], None)
        else:
            copy[row["key"]] = tuple(row["items"].get(column) or "" for column in columns)
    return copy


def test_new_subscription_in_the_middle(world):
    register = world.divisions
    scene = Scene(world, "subscriptions", register, not_compared=("Source", "Revision"))
    scene.exchange.key = "Code"
    scene.passes(register.dumps[1])
    scene.exchange.apply(LATER)
    before = scene.state
    scene.passes(register.dumps[2])
    change = changes_between(before, scene.state)
    number_of_changes = change["inserts"] + change["updates"] + change["deletes"]
    wanted = state_digest(scene.state.values())
    for name in ("from-beginning", "from-present"):
        log = scene.exchange.log(name)
        by_log = state_digest(replay(log, scene.exchange.compared).values())
        check(by_log == wanted, f"{scene.what}: {name}: another state by its log")
        check(scene.exchange.digest(name) == wanted, f"{scene.what}: {name}: another state")
        deletes = sum(row["operation"] == "delete" for row in log)
        if name == "from-present":
            check(deletes == change["deletes"] and len(log) == len(before) + number_of_changes,
                  f"{scene.what}: {name}: {len(log)} deliveries, {deletes} deletes; {len(before)} were present, then {change}")
    log = scene.exchange.log("from-now")
    operations = {word: sum(row["operation"] == word for row in log) for word in ("insert", "update", "delete")}
    check(len(log) == number_of_changes and operations["delete"] == change["deletes"],
          f"{scene.what}: from-now: {operations}, wanted {change}")
    scene.end()


class RunningExchange:
    """`datong run` on the directory of an exchange; commands then go through its socket."""

    def __init__(self, exchange, folder):
        self.log = os.path.join(folder, "run.err")
        with open(self.log, "wb") as err:
            self.process = subprocess.Popen([exchange.binary, "run", "-d", exchange.directory], stdin=subprocess.DEVNULL,
                                            stdout=subprocess.DEVNULL, stderr=err)
        self.await_("running, process", lambda: self.errors())

    def errors(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def await_(self, wanted, look, seconds=60):
        """Until `look()` is, or holds, what is wanted."""
        deadline = time.monotonic() + seconds
        while True:
            seen = look()
            if seen == wanted or (isinstance(seen, str) and wanted in seen):
                return True
            if time.monotonic() > deadline or self.process.poll() is not None:
                return check(False, f"never came: {wanted}, but {str(seen)[:500]}; {self.errors()[-1500:]}")
            time.sleep(0.1)

    def stop(self):
        self.process.terminate()
        check(self.process.wait(60) == 0, f"datong run does not stop well: {self.errors()[-1500:]}")


def numbers_told(scene, rows, waits):
    """What `datong run` says in its line about a dump with these rows; `waits`: its changes have not left."""
    found = changes_between(scene.state, scene.register.state(rows))
    staged = found["inserts"] + found["updates"] if waits else 0
    numbers = {"inserted": found["inserts"], "updated": found["updates"], "deleted": found["deletes"],
               "unchanged": found["unchanged"], "staged": staged}
    return ", ".join([f"read {len(rows)}"] + [f"{name} {number}" for name, number in numbers.items() if number])


def test_held_while_it_runs(world):
    register = world.uk
    scene = Scene(world, "running", register)
    exchange = scene.exchange
    rows = register.dumps[1]
    running = RunningExchange(exchange, scene.folder)
    number = scene.held(scene.file(rows[:500]), {"vanishing"})
    stop = next(row["text"] for row in exchange.show(number) if row["kind"] == "stop")
    found = numbers_told(scene, rows[:500], waits=True)
    line = f"snapshot {number} of register, dump-{scene.count}.csv: "
    running.await_(f"  {line}held; {found}; vanishing: {stop}\n", running.errors)
    scene.check_waiting(number)
    scene.decide(number, "reject", why="filtered")
    running.await_(f"  {line}dropped; read 500, ", running.errors)
    number = scene.held(scene.file(rows[:501]), {"vanishing"})
    running.stop()
    line = f"snapshot {number} of register, dump-{scene.count}.csv: "
    check(exchange.snapshot(number)["state"] == "held", f"{scene.what}: not held after an end: {exchange.snapshot(number)}")
    running = RunningExchange(exchange, scene.folder)
    check(exchange.snapshot(number)["state"] == "held", f"{scene.what}: not held after a restart: {exchange.snapshot(number)}")
    running.await_(f"  {line}held; read 501, ", running.errors)  # whoever starts it is told what waits
    scene.decide(number, "confirm")
    running.await_(f"  {line}released; {numbers_told(scene, rows[:501], waits=False)}", running.errors)
    scene.state = register.state(rows[:501])
    wanted = state_digest(scene.state.values())
    running.await_(wanted, lambda: state_digest(exchange.state_file().values()))
    scene.check_digest(f"{scene.what}: confirmed")
    scene.passes(rows)
    number = scene.held(scene.file(rows[:502]), {"vanishing"})
    running.process.kill()
    running.process.wait()
    check(exchange.snapshot(number)["state"] == "held", f"{scene.what}: not held after a kill: {exchange.snapshot(number)}")
    scene.confirm(number, register.state(rows[:502]))
    scene.end()


def test_interrupted(world):
    """An import that was struck and is given again says of the dump what becomes of it, whoever else was at work meanwhile."""
    register = world.uk
    scene = Scene(world, "interrupted", register)
    exchange = scene.exchange
    for rows, held in ((register.dumps[1], False), (register.dumps[1][:500], True)):
        path = scene.file(rows)
        command = exchange.command("import", "register", path, "--mode", "full")
        struck = subprocess.run(command, env={**os.environ, "DATONG_KILL_AT": "source.published:1"}, capture_output=True,
                                timeout=120, check=False)
        check(struck.returncode < 0, f"{scene.what}: it was not struck")
        scene.rest_goes_on()
        if held:
            scene.held(path, {"vanishing"})
        else:
            scene.passes(rows, path=path)
    scene.end()


SOURCES = """
connectors:
  - {{name: east, kind: file, source: {{resource: register, path: {folder}/east, mode: full, watch: 1s}}}}
  - {{name: west, kind: file, source: {{resource: register, path: {folder}/west, mode: full, watch: 1s}}}}
"""


def test_two_sources(world):
    """Two connectors of one provider: each deletes only what it supplied last."""
    register = world.uk
    scene = Scene(world, "sources", register, first=False)
    exchange = scene.exchange
    rows, at = register.dumps[0], register.columns.index("name")
    east, west = rows[:500], rows[500:]
    for name in ("east", "west"):
        os.makedirs(os.path.join(scene.folder, name))
    exchange.apply(SOURCES.format(folder=scene.folder))
    running = RunningExchange(exchange, scene.folder)

    def dump(name, number, some, state):
        hidden = scene.file(some, name=f"hidden-{name}-{number}")
        os.rename(hidden, os.path.join(scene.folder, name, f"{name}-{number}.csv"))
        scene.state = state
        running.await_(state_digest(state.values()), lambda: exchange.digest())
        running.await_(state_digest(state.values()), lambda: state_digest(exchange.state_file().values()))

    dump("east", 1, east, register.state(east))
    dump("west", 1, west, register.state(rows))
    dump("east", 2, east[2:], register.state(rows[2:]))
    # A key of the east that the west changes is the west's from then on.
    taken = east[10][:at] + ["taken over"] + east[10][at + 1:]
    dump("west", 2, west + [taken], {**scene.state, **register.state([taken])})
    dump("east", 3, east[2:10] + east[11:], dict(scene.state))
    dump("west", 3, west[3:], register.state(east[2:10] + east[11:] + west[3:]))
    running.await_(["released"] * 6, lambda: [row["state"] for row in exchange.rows("snapshot", "list", "--all")])
    deleted = {row["file"]: row["deleted"] for row in exchange.rows("snapshot", "list", "--all")}
    check(deleted == {"east-1.csv": 0, "west-1.csv": 0, "east-2.csv": 2, "west-2.csv": 0, "east-3.csv": 0, "west-3.csv": 4},
          f"{scene.what}: {deleted}")
    sources = {row["source"] for row in exchange.rows("snapshot", "list", "--all")}
    check(len(sources) == 2, f"{scene.what}: {sources}")
    # One of them is held; the other goes on.
    hidden = scene.file(west[:50], name="hidden-west-4")
    os.rename(hidden, os.path.join(scene.folder, "west", "west-4.csv"))
    running.await_("held", lambda: exchange.snapshot()["state"])
    dump("east", 4, east[3:10] + east[11:], register.state(east[3:10] + east[11:] + west[3:]))
    held = [row["snapshot"] for row in exchange.rows("snapshot", "list", "--all") if row["state"] == "held"]
    check(len(held) == 1, f"{scene.what}: held {held}")
    if held:
        scene.decide(held[0], "confirm")
        scene.state = register.state(east[3:10] + east[11:] + west[:50])
        # Rows of it that the last released one lacked come back, the rest vanishes.
        running.await_(state_digest(scene.state.values()), lambda: state_digest(exchange.state_file().values()))
        scene.check_digest(f"{scene.what}: one source's dump confirmed")
    running.stop()
    scene.end()


TESTS = [test_too_much_vanishes, test_share_of_what_vanishes, test_empty_or_cut_at_a_limit, test_columns, test_keys_emptied,
         test_keys_respelled, test_files_that_break_off, test_manifests, test_out_of_order, test_two_rows_with_one_key,
         test_changed_meanwhile, test_one_item_changes, test_early_flow, test_schema_changes, test_new_subscription_in_the_middle,
         test_held_while_it_runs, test_interrupted, test_two_sources]


class World:
    def __init__(self, binary, data, scratch, partitions):
        self.binary, self.scratch, self.partitions = binary, scratch, partitions
        with open(os.path.join(data, "facts.json"), encoding="utf-8") as file:
            facts = json.load(file)
        names = lambda folder, entries: [os.path.join(data, folder, one["name"]) for one in entries]  # noqa: E731
        self.gov = Register(names("dotgov", facts["dotgov"]), "Domain Name")
        self.uk = Register(names("uk-registers", facts["uk-registers/government-organisation"]), "key")
        self.divisions = Divisions(names("divisions", facts["divisions/gb2260-stats"]))


class Divisions(Register):
    """Two of its columns differ in every dump and are not compared."""

    def __init__(self, paths):
        self.key, self.dumps = "Code", []
        for path in paths:
            self.columns, rows = read_table(path, "\t")
            self.dumps.append(rows)
        self.key_at = self.columns.index(self.key)

    def state(self, rows):
        return {row[self.key_at]: tuple(row[self.columns.index(column)] for column in ("Code", "Name")) for row in rows}


def main():
    binary, data = sys.argv[1:3]
    if not os.path.isdir(data):
        print(f"skipped: no data at {data}")
        return 0
    scratch = tempfile.mkdtemp(prefix="datong-full-dumps-")
    for partitions in (1, 4):
        world = World(os.path.abspath(binary), data, scratch, partitions)
        for test in TESTS:
            name = test.__name__[len("test_"):]
            if len(sys.argv) > 3 and not any(part in name for part in sys.argv[3:]):
                continue
            started, failures = time.monotonic(), len(FAILURES)
            try:
                test(world)
            except (LookupError, StopIteration, TypeError, ValueError, OSError, subprocess.TimeoutExpired) as error:
                line = error.__traceback__.tb_next.tb_lineno
                check(False, f"{name}: an answer is not what it must be: {type(error).__name__} {error} at line {line}")
            outcome = "ok     " if failures == len(FAILURES) else "FAILED "
            print(f"{outcome} {name}, {partitions} partitions ({time.monotonic() - started:.1f} s)", flush=True)
    print(f"{len(FAILURES)} failures" + (f", kept in {scratch}" if FAILURES else ""))
    if not FAILURES:
        shutil.rmtree(scratch)
    return 1 if FAILURES else 0


if __name__ == "__main__":
    sys.exit(main())
