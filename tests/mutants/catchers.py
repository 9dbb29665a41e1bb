# SPDX-License-Identifier: Apache-2.0
"""Who may notice a mutant: the simulation, and test programs. Each is held against the sound program, so that a fault of our own
is never taken for a catch; one that executed nothing is a failure.
"""
import concurrent.futures
import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree

from patch_file import Faulty

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "simulation"))

from simulate import judge_of, live  # noqa: E402

BLOCK = 2             # seeds per process: small, for most mutants die young
TEST_SECONDS = 600
SECONDS_OF_SILENCE = 10
NEVER_ENDS = "it never ends"  # as simulate.py says it


class Catch:
    def __init__(self, by, seed, sentence, seconds):
        self.by = by  # judges, or a test program
        self.seed, self.seconds = seed, seconds
        self.sentence = " ".join(sentence.split())


class Simulation:
    def __init__(self, sound, first, seeds, workers):
        self.sound, self.first, self.seeds, self.workers = sound, first, seeds, workers
        self._sound_fails = {}

    def __str__(self):
        return f"{self.seeds} seeds of the simulation"

    def catch(self, program, say):
        started, judged, told = time.monotonic(), 0, time.monotonic()
        blocks = [(first, min(BLOCK, self.first + self.seeds - first)) for first in range(self.first, self.first + self.seeds, BLOCK)]
        with concurrent.futures.ThreadPoolExecutor(self.workers) as pool:
            for at in range(0, len(blocks), self.workers):
                # All of a round end before the first failure counts: the same seed whatever the machine does.
                for block in list(pool.map(lambda piece: live(program, *piece), blocks[at:at + self.workers])):
                    judged += sum(report["records"] for report in block.reports)
                    for seed, complaints in failures_of(block):
                        if self._fails_anyway(seed, say) or self._was_only_slow(program, seed, complaints):
                            continue
                        judges = list(dict.fromkeys(judge_of([complaint]) for complaint in complaints))
                        return Catch(judges, seed, complaints[0], time.monotonic() - started)
                if time.monotonic() - told > SECONDS_OF_SILENCE:
                    told = time.monotonic()
                    say(f"{min((at + self.workers) * BLOCK, self.seeds)} of {self.seeds} seeds")
        if judged == 0:
            raise Faulty("the simulation judged no record")
        return None

    @staticmethod
    def _was_only_slow(program, seed, complaints):
        """A machine that stood still for a while looks like a seed that never ends; then it ends when asked again."""
        return NEVER_ENDS in complaints[0] and live(program, seed, 1).failure is None

    def _fails_anyway(self, seed, say):
        if seed not in self._sound_fails:
            self._sound_fails[seed] = live(self.sound, seed, 1).failure is not None
        if self._sound_fails[seed]:
            say(f"seed {seed} fails without the mutant too: left out")
        return self._sound_fails[seed]


def failures_of(block):
    failures = [(report["seed"], report["complaints"]) for report in block.reports if report["complaints"]]
    if block.failure and block.failure[0] not in {seed for seed, _ in failures}:
        failures.append(block.failure)
    return sorted(failures)


class TestProgram:
    """A Catch2 program, or some cases of it."""

    def __init__(self, target, cases, sound):
        self.target, self.cases = target, cases
        executed, failed = self._run(sound)
        if failed:
            raise Faulty(f"{self} fails without the mutant too: {failed}")
        if executed == 0:
            raise Faulty(f"{self} has no such case: nothing was executed")

    def __str__(self):
        return self.target + (f" \"{self.cases}\"" if self.cases else "")

    def catch(self, program, say):
        say(str(self))
        started = time.monotonic()
        executed, failed = self._run(program)
        if failed:
            return Catch([self.target], None, failed, time.monotonic() - started)
        if executed == 0:
            raise Faulty(f"{self}: nothing was executed")
        return None

    def _run(self, program):
        """How many cases ran, and the first that failed."""
        environment = {"DATONG_SEED": "1", **os.environ}  # random tests: the same choices with and without the mutant
        with tempfile.NamedTemporaryFile(suffix=".xml") as report:
            try:
                done = subprocess.run([program, *([self.cases] if self.cases else []), "--reporter", "xml", "--out", report.name],
                                      env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                                      check=False, timeout=TEST_SECONDS)
            except subprocess.TimeoutExpired:
                return 1, NEVER_ENDS
            try:
                cases = list(xml.etree.ElementTree.parse(report.name).iter("TestCase"))
            except xml.etree.ElementTree.ParseError:
                return 1, f"it died with {done.returncode}: {' '.join(done.stdout.strip().splitlines()[-1:])}"
        for case in cases:
            result = case.find("OverallResult")
            if result is None or result.get("success") != "true":
                return len(cases), case.get("name")
        return len(cases), None if done.returncode == 0 or not cases else f"it ended with {done.returncode}"
