#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Shows that a simulation can fail: a run in which nothing was done, struck or judged, one that does other things when it is
run twice, one that dies or never ends, is no pass; and of a story that fails, what is left is what it takes to fail.

simulate.py stays as it is; what it drives is a stand-in for datong-simulate that says what each case needs.
"""

import os
import stat
import subprocess
import sys
import tempfile

from simulate import listed_steps

HERE = os.path.dirname(os.path.abspath(__file__))

STAND_IN = '''#!%s
import argparse, json, os, sys
parser = argparse.ArgumentParser()
for name in ("first", "count", "operations", "lost-caller"):
    parser.add_argument("--" + name, type=int, default=0)
parser.add_argument("--lost-path", default="")
parser.add_argument("--only", default="")
parser.add_argument("--story", action="store_true")
parser.add_argument("--list-syncs", action="store_true")
options = parser.parse_args()
case = os.environ["CASE"]
STEPS = %r
only = [int(number) for number in options.only.split(",") if number]
failed = False
for seed in range(options.first, options.first + options.count):
    if case == "it dies" and seed == 7:
        sys.exit("the stand-in broke a promise of its own")
    if case == "seeds are left out" and seed == 7:
        continue
    report = {"seed": seed, "operations": options.operations, "cuts": 2, "kills": 1, "records": 5, "lived_s": 60,
              "trace": str(seed), "complaints": [], "looked_at": {"one judge": 3, "other judge": 1},
              "reached": {step: 9 for step in STEPS}, "struck": {step: 1 for step in STEPS}}
    if case == "nothing was done":
        report["operations"] = 0
    if case == "nothing was struck":
        report["cuts"] = 0
    if case == "no record was judged":
        report["records"] = 0
    if case == "one judge never looked":
        report["looked_at"]["other judge"] = 0
    if case == "no judge":
        report["looked_at"] = {}
    if case == "a step is never struck":
        del report["struck"][STEPS[0]]
    if case == "a step is never reached":
        del report["reached"][STEPS[0]], report["struck"][STEPS[0]]
    if case == "run twice, it does other things":
        report["trace"] = str(os.getpid())
    if case == "a story fails" and seed == 5 and (not only or {7, 300} <= set(only)):
        report["complaints"] = ["one judge: what is 7 is also 300"]
    if options.lost_caller == 1 and options.lost_path == "data/N":
        report["complaints"] = ["one judge: lost"]
    failed = failed or report["complaints"] != []
    if options.story:
        for number in only:
            print("%%4d  something" %% number)
    print(json.dumps(report))
if options.list_syncs and case != "no sync is made":
    print(json.dumps({"sync": "data/N", "caller": 1, "count": 4}))
    if case == "nobody misses a sync":
        print(json.dumps({"sync": "data/N", "caller": 2, "count": 4}))
sys.exit(1 if failed else 0)
''' % (sys.executable, sorted(listed_steps()))

# What is done, and what the run must say of it; None: it must pass.
CASES = (
    ("all is well", [], None),
    ("nothing was done", [], "only 0 operations"),
    ("nothing was struck", [], "only 0 power cuts"),
    ("no record was judged", [], "no record was judged"),
    ("one judge never looked", [], "judge other judge never looked at anything"),
    ("no judge", [], "no judge looked"),
    ("a step is never struck", ["--seeds", "200"], "no strike at: catalog.committed"),
    ("a step is never reached", ["--seeds", "200"], "the step catalog.committed was never reached"),
    ("all is well", ["--seeds", "200"], None),
    ("seeds are left out", [], "30 seeds were asked for and 29 lived through"),
    ("run twice, it does other things", [], "run twice, it did other things"),
    ("it dies", [], "seed 7"),
    ("a story fails", [], "the short story (2 of 500 operations)"),
    ("a story fails", [], "--only 7,300"),
    ("all is well", ["--remove-syncs"], None),
    ("no sync is made", ["--remove-syncs"], "no sync was ever made"),
    ("nobody misses a sync", ["--remove-syncs"], "NOBODY MISSES IT"),
)


def main():
    faults = 0
    with tempfile.TemporaryDirectory() as folder:
        stand_in = os.path.join(folder, "stand_in")
        with open(stand_in, "w", encoding="utf-8") as file:
            file.write(STAND_IN)
        os.chmod(stand_in, os.stat(stand_in).st_mode | stat.S_IXUSR)
        nothing_explained = os.path.join(folder, "explained_syncs.txt")
        open(nothing_explained, "w", encoding="utf-8").close()
        for case, more, sentence in CASES:
            done = subprocess.run([sys.executable, os.path.join(HERE, "simulate.py"), "--binary", stand_in, "--first", "1", "--seeds", "30",
                                   "--explained", nothing_explained, *more],
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, env={**os.environ, "CASE": case})
            good = done.returncode == 0 if sentence is None else done.returncode == 1 and sentence in done.stdout
            faults += not good
            print(f"{'ok    ' if good else 'FAILED'}  {case} {' '.join(more)}")
            if not good:
                print(done.stdout)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
