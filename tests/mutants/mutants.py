#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Applies each planted bug to a scratch copy and shows who caught it and how fast. A bug that nobody catches is a hole in the tests;
a patch that does not apply or build, and a catcher that executed nothing, are failures as well.

Without names: all of them. Exit code 0: every mutant was caught; 1: not; 2: wrong command line.
"""
import argparse
import fcntl
import os
import re
import shutil
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import patch_file  # noqa: E402
from build_tree import BuildTree  # noqa: E402
from catchers import Simulation, TestProgram  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(patch_file.HERE))
SIMULATOR = "datong-simulate"


class Outcome:
    def __init__(self, name, mutant=None, catch=None, failure=None, built_s=0.0):
        self.name, self.mutant, self.catch, self.failure, self.built_s = name, mutant, catch, failure, built_s

    def sentence(self):
        if self.failure:
            return "FAILED  " + self.failure
        if self.catch is None:
            return "NOT CAUGHT  " + self.mutant.mistake
        seed = "" if self.catch.seed is None else f", seed {self.catch.seed}"
        return f"caught by {', '.join(self.catch.by)}{seed}, {self.catch.seconds:.1f} s (built in {self.built_s:.1f} s): {self.catch.sentence[:160]}"


class Run:
    def __init__(self, options):
        self.tree = BuildTree(ROOT, options.build)
        self.scratch = os.path.join(ROOT, "build", "mutants")
        os.makedirs(self.scratch, exist_ok=True)
        self.simulation = Simulation(self.tree.program(SIMULATOR), options.first, options.seeds, options.workers)
        self.say = self._progress

    @staticmethod
    def _progress(what):
        print(f"    {what}", file=sys.stderr, flush=True)

    def judge(self, name):
        folder = os.path.join(self.scratch, name)
        shutil.rmtree(folder, ignore_errors=True)
        mutant, built_s = None, 0.0
        try:
            mutant = patch_file.read(name)
            sources = os.path.join(folder, "sources")
            mutant.apply(ROOT, sources)
            for target, cases in mutant.catchers:
                simulated = target == patch_file.SIMULATION
                target = SIMULATOR if simulated else target
                catcher = self.simulation if simulated else TestProgram(target, cases, self.tree.program(target))
                started = time.monotonic()
                program = self.tree.build(target, mutant.files, sources, folder)
                built_s += time.monotonic() - started
                catch = catcher.catch(program, self.say)
                os.remove(program)  # large, and made again in seconds
                if catch:
                    return Outcome(name, mutant, catch, None, built_s)
                self.say(f"{catcher}: saw nothing")
            return Outcome(name, mutant, None, None, built_s)
        except patch_file.Faulty as fault:
            return Outcome(name, mutant, None, str(fault), built_s)


def row(outcome):
    """As docs/mutants.md has it."""
    caught, mutant = outcome.catch, outcome.mutant
    cells = [f"`{outcome.name}`", mutant.mistake if mutant else "?", mutant.breaks if mutant else "?"]
    if caught:
        cells += [", ".join(f"`{judge}`" for judge in caught.by), "" if caught.seed is None else str(caught.seed), f"{caught.seconds:.1f}"]
    else:
        cells += ["failed" if outcome.failure else "nobody", "", ""]
    return "| " + " | ".join(cells) + " |"


def put_table(path, outcomes):
    """Everything behind the marker is the table's. Rows of other mutants stay, as long as there are such mutants."""
    marker = "<!-- the table -->\n"
    with open(path, encoding="utf-8") as file:
        head, found, before = file.read().partition(marker)
    if not found:
        raise SystemExit(f"error: {path} has no line {marker.strip()}")
    known = set(patch_file.all_names())
    rows = {name: line for line in before.splitlines() for name in re.findall(r"^\| `([a-z_]+)` \|", line) if name in known}
    rows.update((outcome.name, row(outcome)) for outcome in outcomes)
    lines = ["| mutant | the mistake | what it breaks | caught by | seed | seconds |", "|---|---|---|---|---|---|"]
    with open(path, "w", encoding="utf-8") as file:
        file.write(head + marker + "\n" + "\n".join(lines + [rows[name] for name in sorted(rows)]) + "\n")


def programs_of(names):
    """What must be built before: the simulator, and the test programs that are asked."""
    wanted = {SIMULATOR}
    for name in names:
        try:
            wanted |= {target for target, _ in patch_file.read(name).catchers if target != patch_file.SIMULATION}
        except patch_file.Faulty:
            pass  # told when it is its turn
    return sorted(wanted)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--build", default=os.path.join(ROOT, "build", "release"), help="the finished build whose objects are reused")
    parser.add_argument("--seeds", type=int, default=200, help="of the simulation, per mutant")
    parser.add_argument("--first", type=int, default=int(os.environ.get("DATONG_SEED") or 1), help="the first seed")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--list", action="store_true", help="print the names")
    parser.add_argument("--programs", action="store_true", help="print what must be built before")
    parser.add_argument("--table", metavar="FILE", help="also write their rows into the table of this document")
    options = parser.parse_args()
    known = patch_file.all_names()
    unknown = sorted(set(options.names) - set(known))
    if unknown:
        parser.error(f"there is no mutant {', '.join(unknown)}; --list names them")
    if options.table and not os.path.isfile(options.table):
        parser.error(f"--table: there is no document {options.table}")  # now, not when all is done
    if options.seeds < 1 or options.workers < 1:
        parser.error("at least one seed and one worker")
    names = options.names or known
    if options.list or options.programs:
        print("\n".join(known if options.list else programs_of(names)))
        return 0
    if not names:
        print("FAILED  there is no mutant", file=sys.stderr)
        return 1
    if shutil.which("patch") is None:
        raise SystemExit("error: the program patch is missing; ./dev setup")

    run = Run(options)
    with open(os.path.join(run.scratch, "LOCK"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        outcomes = []
        for name in names:
            print(f"{name} ({len(outcomes) + 1} of {len(names)})", flush=True)
            outcomes.append(run.judge(name))
            print("  " + outcomes[-1].sentence(), flush=True)
    caught = sum(outcome.catch is not None for outcome in outcomes)
    print()
    print(f"{'mutant':44} {'caught by':34} {'seed':>5} {'seconds':>8}")
    for outcome in outcomes:
        by = outcome.catch.by[0] if outcome.catch else "FAILED" if outcome.failure else "NOT CAUGHT"
        seed = outcome.catch.seed if outcome.catch and outcome.catch.seed is not None else ""
        print(f"{outcome.name:44} {by:34} {seed:>5} " + (f"{outcome.catch.seconds:8.1f}" if outcome.catch else ""))
    print(f"{caught} of {len(outcomes)} mutants caught")
    if options.table:
        put_table(options.table, outcomes)
    return 0 if caught == len(outcomes) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(1)
