#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Drives datong-simulate over many seeds, shrinks the first story that fails, and takes away one sync after the other.

A run that executed nothing, struck nothing or judged nothing is a failure.
"""

import argparse
import collections
import concurrent.futures
import json
import os
import random
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
EXPLAINED = os.path.join(HERE, "explained_syncs.txt")
STEPS = os.path.join(HERE, "..", "..", "docs", "testing.md")
REGRESSIONS = os.path.join(HERE, "regression_seeds.txt")
BLOCK = 20                # seeds per process
SECONDS_PER_SEED = 60     # a seed takes a fraction of one; this is for what never ends
TWICE = 20                # seeds that are run a second time
OPERATIONS_MIN = 500
CUTS_MIN = 2


class Block:
    """What one process said of its seeds."""

    def __init__(self, reports, syncs, failure):
        self.reports, self.syncs, self.failure = reports, syncs, failure  # failure: (seed, complaints) or None


def live(binary, first, count, extra=(), seconds=None):
    command = [binary, "--first", str(first), "--count", str(count), *extra]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace", check=False,
                              timeout=seconds or SECONDS_PER_SEED * count)
        out, err, code = done.stdout, done.stderr, done.returncode
    except subprocess.TimeoutExpired as expired:
        out = (expired.stdout or b"").decode(errors="replace")
        err, code = "it never ends", None
    reports, syncs = [], []
    for line in out.splitlines():
        if line.startswith('{"sync"') or line.startswith('{"caller"'):
            syncs.append(json.loads(line))
        elif line.startswith("{"):
            try:
                reports.append(json.loads(line))
            except json.JSONDecodeError:
                pass  # cut off by the end of the process, which is told below
    for report in reports:
        if report["complaints"]:
            return Block(reports, syncs, (report["seed"], report["complaints"]))
    if code != 0:
        told = err.strip().splitlines()[-3:] or [f"it ended with {code}"]
        return Block(reports, syncs, (first + len(reports), ["the process: " + " | ".join(told)]))
    return Block(reports, syncs, None)


# --- many seeds -----------------------------------------------------------------------------------------------------------


class Sum:
    def __init__(self):
        self.seeds = self.operations = self.cuts = self.kills = self.records = self.lived_s = 0
        self.looked_at, self.reached, self.struck = (collections.Counter() for _ in range(3))
        self.traces = {}
        self.faults = []

    def add(self, report, operations_min):
        self.seeds += 1
        for name in ("operations", "cuts", "kills", "records", "lived_s"):
            setattr(self, name, getattr(self, name) + report[name])
        for name in ("looked_at", "reached", "struck"):
            getattr(self, name).update(report[name])
        self.looked_at.update({judge: 0 for judge in report["looked_at"]})
        self.traces[report["seed"]] = report["trace"]
        if report["complaints"]:
            return
        if report["operations"] < operations_min:
            self.faults.append(f"seed {report['seed']}: only {report['operations']} operations")
        if report["cuts"] < CUTS_MIN:
            self.faults.append(f"seed {report['seed']}: only {report['cuts']} power cuts")
        if report["records"] == 0:
            self.faults.append(f"seed {report['seed']}: no record was judged")


def progress(sum_, seeds, started):
    spent = max(time.monotonic() - started, 0.001)
    left = (seeds - sum_.seeds) * spent / max(sum_.seeds, 1)
    if sys.stderr.isatty():
        print(f"\r{sum_.seeds} of {seeds} seeds, {sum_.seeds / spent:.1f}/s, {left:.0f} s left ", end="", file=sys.stderr, flush=True)


def regressions():
    """Lines: seed | what it found."""
    with open(REGRESSIONS, encoding="utf-8") as lines:
        return sorted({int(line.split("|", 1)[0]) for line in lines if line.strip() and not line.startswith("#")})


def listed_steps():
    """Those of the table in docs/testing.md, which tests/tidy holds against the code; without those of another engine."""
    with open(STEPS, encoding="utf-8") as lines:
        rows = re.findall(r"^\|\s*`([a-z_]+\.[a-z_.]+)`\s*\|\s*(\w*)\s*\|", lines.read(), re.MULTILINE)
    return {step for step, engine in rows if engine in ("", "embedded")}


def run_twice(options, sum_, extra):
    """Faults of seeds that do other things the second time, alone in a process and with nothing lived through before."""
    seeds = sorted(sum_.traces)
    seeds = seeds[::max(1, len(seeds) // TWICE)][:TWICE]
    with concurrent.futures.ThreadPoolExecutor(options.workers) as pool:
        for seed, block in zip(seeds, pool.map(lambda seed: live(options.binary, seed, 1, extra), seeds)):
            said = block.reports[0]["trace"] if block.reports else "nothing"
            if said != sum_.traces[seed]:
                yield f"seed {seed}: run twice, it did other things: {sum_.traces[seed]} and {said}"


def run(options):
    started = time.monotonic()
    sum_, failure = Sum(), None
    extra = ["--operations", str(options.operations)]
    blocks = [(first, min(BLOCK, options.first + options.seeds - first))
              for first in range(options.first, options.first + options.seeds, BLOCK)]
    wanted = options.seeds
    if options.regressions:
        known = [seed for seed in regressions() if not options.first <= seed < options.first + options.seeds]
        blocks += [(seed, 1) for seed in known]
        wanted += len(known)
    with concurrent.futures.ThreadPoolExecutor(options.workers) as pool:
        waiting = {pool.submit(live, options.binary, first, count, extra) for first, count in blocks}
        for finished in concurrent.futures.as_completed(waiting):
            block = finished.result()
            for report in block.reports:
                sum_.add(report, options.operations)
            progress(sum_, wanted, started)
            if block.failure and (failure is None or block.failure[0] < failure[0]):
                failure = block.failure
            if failure:
                pool.shutdown(wait=True, cancel_futures=True)
                break
    spent = time.monotonic() - started
    if sys.stderr.isatty():
        print(file=sys.stderr)
    if failure is None:
        sum_.faults += run_twice(options, sum_, extra)
        if sum_.seeds != wanted:
            sum_.faults.append(f"{wanted} seeds were asked for and {sum_.seeds} lived through")
        for judge, looked_at in sorted(sum_.looked_at.items()):
            if looked_at == 0:
                sum_.faults.append(f"judge {judge} never looked at anything")
        if not sum_.looked_at:
            sum_.faults.append("no judge looked")
        if options.seeds >= 200:
            for step in sorted(listed_steps() - set(sum_.reached)):
                sum_.faults.append(f"the step {step} was never reached")
        never = sorted(set(sum_.reached) - set(sum_.struck))
        if never and options.seeds >= 200:
            sum_.faults.append(f"no strike at: {', '.join(never)}")
    hours = sum_.lived_s / 3600
    print(f"seeds {options.first} to {options.first + options.seeds - 1}: {sum_.seeds} lived, {sum_.operations} operations, {sum_.cuts} power cuts, "
          f"{sum_.kills} kills, {sum_.records} records judged")
    print(f"{hours:.1f} simulated hours in {spent:.0f} s: {hours / (spent / 60):.0f} simulated hours per minute, {sum_.seeds / spent:.1f} seeds per second")
    print("looked at: " + ", ".join(f"{judge} {count}" for judge, count in sorted(sum_.looked_at.items())))
    print("strikes at steps: " + ", ".join(f"{step} {count}" for step, count in sorted(sum_.struck.items())))
    for fault in sum_.faults[:20]:
        print(f"FAILED  {fault}")
    if failure:
        tell(options, *failure)
    return 1 if failure or sum_.faults else 0


# --- one seed, made short -------------------------------------------------------------------------------------------------


def judge_of(complaints):
    return complaints[0].split(":")[0]


def fails(options, seed, only, judge):
    block = live(options.binary, seed, 1,
                 ["--operations", str(options.operations), "--only", ",".join(map(str, only))])
    return block.failure is not None and judge_of(block.failure[1]) == judge


def shrink(options, seed, judge):
    """Leaves out operations as long as the same judge complains: halves, quarters, ..., single ones."""
    kept = list(range(options.operations))
    if not fails(options, seed, kept, judge):
        return None  # it needed what comes behind the story
    deadline = time.monotonic() + options.shrink_seconds
    pieces = 2
    while len(kept) > 1 and time.monotonic() < deadline:
        size = max(1, len(kept) // pieces)
        starts = list(range(0, len(kept), size))
        trials = [kept[:at] + kept[at + size:] for at in starts]
        with concurrent.futures.ThreadPoolExecutor(options.workers) as pool:
            outcomes = list(pool.map(lambda trial: bool(trial) and fails(options, seed, trial, judge), trials))
        gone = set()
        for at, outcome in zip(starts, outcomes):
            if outcome:
                gone.update(kept[at:at + size])
        smaller = [number for number in kept if number not in gone]
        if gone and smaller and fails(options, seed, smaller, judge):
            kept = smaller  # all that could go alone can go together
        elif any(outcomes):
            kept = trials[outcomes.index(True)]
        elif size == 1:
            break
        else:
            pieces = min(len(kept), pieces * 2)
    return kept


def tell(options, seed, complaints):
    print(f"\nFAILED  seed {seed}")
    for complaint in complaints[:8]:
        print(f"        {complaint}")
    replay = [options.binary, "--first", str(seed), "--operations", str(options.operations), "--story"]
    if options.shrink_seconds:
        kept = shrink(options, seed, judge_of(complaints))
        if kept:
            replay += ["--only", ",".join(map(str, kept))]
            print(f"\nthe short story ({len(kept)} of {options.operations} operations):")
            story = subprocess.run(replay, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False,
                                   timeout=SECONDS_PER_SEED * 2)
            for line in story.stdout.splitlines():
                if not line.startswith("{"):
                    print(line)
                else:
                    print("".join(f"      ->  {complaint}\n" for complaint in json.loads(line)["complaints"][:3]), end="")
    print("\nreplay: " + " ".join(replay))


# --- each sync taken away -------------------------------------------------------------------------------------------------


def function_at(binary, offset):
    said = subprocess.run(["addr2line", "-C", "-f", "-e", binary, hex(offset - 1)], stdout=subprocess.PIPE, text=True, check=False)
    name = said.stdout.splitlines()[0] if said.stdout else "??"
    return re.sub(r"\(.*", "", name.replace("(anonymous namespace)::", ""))


def explained(path):
    """Lines: path | function | why it may go unnoticed."""
    known = {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            if line.strip() and not line.startswith("#"):
                kind, function, why = (part.strip() for part in line.split("|", 2))
                known[(kind, function)] = why
    return known


def find_who_misses(options, site):
    extra = ["--operations", str(options.operations), "--lost-caller", str(site["caller"]), "--lost-path", site["sync"]]
    for first in range(options.first, options.first + options.seeds, BLOCK):
        block = live(options.binary, first, min(BLOCK, options.first + options.seeds - first), extra)
        if block.failure:
            return block.failure
    return None


def remove_syncs(options):
    sites = {}
    firsts = range(options.first, options.first + min(options.seeds, 60), BLOCK)
    extra = ["--list-syncs", "--operations", str(options.operations)]
    with concurrent.futures.ThreadPoolExecutor(options.workers) as pool:
        blocks = list(pool.map(lambda first: live(options.binary, first, BLOCK, extra), firsts))
    for block in blocks:
        if block.failure:
            print(f"FAILED  seed {block.failure[0]} with every sync in place: {block.failure[1][0]}")
            return 1
        for site in block.syncs:
            sites.setdefault((site["sync"], site["caller"]), {**site, "count": 0})["count"] += site["count"]
    if not sites:
        print("FAILED  no sync was ever made")
        return 1
    known, missed = explained(options.explained), 0
    names = {key: function_at(options.binary, site["caller"]) for key, site in sites.items()}
    unused = set(known) - {(path, names[path, caller]) for path, caller in sites}
    taken = sorted(sites)
    if options.some:
        taken = [(path, caller) for path, caller in taken if (path, names[path, caller]) not in known]
        taken = sorted(random.Random(options.first).sample(taken, min(options.some, len(taken))))
    print(f"{len(taken)} of {len(sites)} syncs, each taken away for up to {options.seeds} seeds")
    with concurrent.futures.ThreadPoolExecutor(options.workers) as pool:
        found = pool.map(lambda key: (key, find_who_misses(options, sites[key])), taken)
        for key, failure in found:
            path, function = key[0], names[key]
            if failure:
                verdict = f"missed by '{judge_of(failure[1])}', seed {failure[0]}"
            elif (path, function) in known:
                verdict = f"explained: {known[(path, function)]}"
            else:
                missed += 1
                verdict = "NOBODY MISSES IT"
            print(f"{path:45} {function:50} {sites[key]['count']:7}  {verdict}", flush=True)
    for path, function in sorted(unused):
        print(f"FAILED  {options.explained} explains a sync that is never made: {path} | {function}")
    print(f"{len(taken) - missed} of {len(taken)} accounted for")
    return 1 if missed or unused else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--seeds", type=int, default=300)
    parser.add_argument("--first", type=int, default=int(os.environ.get("DATONG_SEED") or 1))
    parser.add_argument("--operations", type=int, default=OPERATIONS_MIN)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--shrink-seconds", type=int, default=120, help="0: do not")
    parser.add_argument("--regressions", action="store_true", help="those of regression_seeds.txt as well")
    parser.add_argument("--explained", default=EXPLAINED, help="the syncs that nobody need miss, each with its reason")
    parser.add_argument("--remove-syncs", action="store_true", help="take away one sync after the other; somebody must miss it")
    parser.add_argument("--some", type=int, default=0, help="only so many of the syncs; --first chooses them")
    options = parser.parse_args()
    options.binary = os.path.abspath(options.binary)
    if options.seeds < 1 or options.operations < 1:
        parser.error("at least one seed and one operation")
    return remove_syncs(options) if options.remove_syncs else run(options)


if __name__ == "__main__":
    sys.exit(main())
