# SPDX-License-Identifier: Apache-2.0
"""A committed patch: one plausible mistake, what it breaks, and who is to notice.

    One sentence or two: the mistake.

    Breaks: the promise that no longer holds
    Catcher: simulation
    Catcher: broker_conformance_test a newer holder*

    --- a/broker_adapters/embedded/group_commit.cc
    +++ b/broker_adapters/embedded/group_commit.cc
    ...

Catchers are asked in this order. A test program is followed by the cases to run, as Catch2 takes them; none: all of them.
"""
import os
import re
import shutil
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
SIMULATION = "simulation"


class Faulty(Exception):
    """The mutant, not the production code, is at fault: it cannot be read, applied or built."""


class Mutant:
    def __init__(self, path):
        self.name = os.path.basename(path)[:-len(".patch")]
        self.path = path
        self.breaks, self.catchers, words = None, [], []  # catchers: (program, cases)
        with open(path, encoding="utf-8") as file:
            self.text = file.read()
        head, found, _ = self.text.partition("\n--- a/")
        if not found:
            raise Faulty("there is no difference in it")
        for line in head.splitlines():
            if line.startswith("Breaks:"):
                self.breaks = line[len("Breaks:"):].strip()
            elif line.startswith("Catcher:"):
                program, _, cases = line[len("Catcher:"):].strip().partition(" ")
                self.catchers.append((program, cases.strip()))
            elif line.strip() and self.breaks is None:
                words.append(line.strip())
        self.mistake = " ".join(words)
        if not self.mistake or not self.breaks or not self.catchers:
            raise Faulty("it must say the mistake, Breaks: and Catcher:")
        self.files = re.findall(r"^\+\+\+ b/(\S+)$", self.text, re.MULTILINE)
        strange = [name for name in self.files if not name.endswith((".h", ".cc")) or name.startswith("tests/")]
        if not self.files or strange:
            raise Faulty(f"only .h and .cc of production code can be mistaken here, not {strange or 'nothing'}")

    def apply(self, root, into):
        """Copies what is changed, as it is in the checkout now, below `into` and changes the copy."""
        for name in self.files:
            source, copy = os.path.join(root, name), os.path.join(into, name)
            if not os.path.isfile(source):
                raise Faulty(f"does not apply: there is no {name}")
            os.makedirs(os.path.dirname(copy), exist_ok=True)
            shutil.copyfile(source, copy)
        # Not `git apply`: below a checkout it silently skips what lies outside of the folder it runs in.
        done = subprocess.run(["patch", "--batch", "--forward", "--fuzz=0", "--no-backup-if-mismatch", "-p1", "-d", into, "-i", self.path],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
        if done.returncode != 0:
            raise Faulty("does not apply: " + " | ".join(done.stdout.strip().splitlines()[-3:]))
        for name in self.files:
            with open(os.path.join(root, name), "rb") as before, open(os.path.join(into, name), "rb") as after:
                if before.read() == after.read():
                    raise Faulty(f"changes nothing in {name}")


def all_names():
    return sorted(name[:-len(".patch")] for name in os.listdir(HERE) if name.endswith(".patch"))


def read(name):
    return Mutant(os.path.join(HERE, name + ".patch"))
