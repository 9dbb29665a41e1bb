#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A mutant counts as caught only when a catcher that is sound without it fails with it. What cannot be read, applied, built or asked is
a failure that says so; what nobody notices is not caught. Held on a product of two files.
"""
import json
import os
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import mutants  # noqa: E402
import patch_file  # noqa: E402

HEADER = "#pragma once\ninline int Offset() { return 1; }\nint Answer();\n"
LIBRARY = '#include "product/answer.h"\n\nint Answer() { return 41 + Offset(); }\nint Unasked() { return 1; }\n'
# Speaks like Catch2, whose cases are one, and like the simulator, whose seeds are sound up to 2.
PROGRAM = r"""
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include "product/answer.h"
int main(int argc, char** argv) {
  const bool right = Answer() == 42;
  const char* out = nullptr;
  const char* first = nullptr;
  bool nothing = false;
  for (int i = 1; i < argc; ++i) {
    if (!std::strcmp(argv[i], "--out")) out = argv[i + 1];
    if (!std::strcmp(argv[i], "--first")) first = argv[i + 1];
    if (!std::strcmp(argv[i], "another*")) nothing = true;
  }
  if (Answer() < 0) std::abort();
  if (first != nullptr) {
    const int seed = std::atoi(first);
    std::printf("{\"seed\": %d, \"records\": 1, \"complaints\": [%s]}\n", seed,
                right && seed < 3 ? "" : "\"the_answer_is_right: it is not\"");
    return right && seed < 3 ? 0 : 1;
  }
  std::FILE* xml = std::fopen(out, "w");
  if (nothing) {
    std::fprintf(xml, "<Catch></Catch>");
  } else {
    std::fprintf(xml, "<Catch><TestCase name=\"the answer\"><OverallResult success=\"%s\"/></TestCase></Catch>",
                 right ? "true" : "false");
  }
  std::fclose(xml);
  return right ? 0 : 1;
}
"""
NINJA = """
rule cxx
  command = c++ -I{root} -MD -MF $out.d -o $out -c $in
  depfile = $out.d
  deps = gcc
rule ar
  command = ar qc $out $in
rule link
  command = : && c++ $in -o $out && :
build product/CMakeFiles/answer.dir/answer.cc.o: cxx {root}/product/answer.cc
build product/libanswer.a: ar product/CMakeFiles/answer.dir/answer.cc.o
build CMakeFiles/datong-simulate.dir/main.cc.o: cxx {root}/main.cc
build datong-simulate: link CMakeFiles/datong-simulate.dir/main.cc.o product/libanswer.a
build tests/answer_test: link CMakeFiles/datong-simulate.dir/main.cc.o product/libanswer.a
build answer_test: phony tests/answer_test
"""
OBJECTS = {"product/CMakeFiles/answer.dir/answer.cc.o": "product/answer.cc", "CMakeFiles/datong-simulate.dir/main.cc.o": "main.cc"}


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def patch(before, after, catchers="Catcher: answer_test", file="product/answer.cc"):
    return (f"A mistake.\n\nBreaks: the answer\n{catchers}\n\n--- a/{file}\n+++ b/{file}\n@@ -{before[0]},1 +{before[0]},1 @@\n"
            f"-{before[1]}\n+{after}\n")


WRONG = patch((3, "int Answer() { return 41 + Offset(); }"), "int Answer() { return 40 + Offset(); }")


class NoMutantPassesForNothing(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        root = cls.folder.name
        write(f"{root}/product/answer.h", HEADER)
        write(f"{root}/product/answer.cc", LIBRARY)
        write(f"{root}/main.cc", PROGRAM)
        tree = f"{root}/build/release"
        write(f"{tree}/build.ninja", NINJA.format(root=root))
        write(f"{tree}/compile_commands.json", json.dumps([
            {"directory": tree, "file": f"{root}/{source}",
             "command": f"c++ -I{root} -MD -MF {output}.d -o {output} -c {root}/{source}"} for output, source in OBJECTS.items()]))
        subprocess.run(["ninja", "-C", tree], check=True, stdout=subprocess.DEVNULL)
        mutants.ROOT = root
        patch_file.HERE = f"{root}/mutants"

        class Options:
            build, first, seeds, workers = tree, 1, 2, 1
        cls.options = Options
        cls.run_ = mutants.Run(Options)
        cls.run_.say = lambda what: None

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def judge(self, text, seeds=2, first=1):
        write(f"{patch_file.HERE}/mistake.patch", text)
        self.run_.simulation.seeds, self.run_.simulation.first = seeds, first
        return self.run_.judge("mistake")

    def assert_fails(self, outcome, words):
        self.assertIsNone(outcome.catch)
        self.assertIn(words, outcome.failure or "it did not fail")
        self.assertTrue(outcome.sentence().startswith("FAILED"))

    def test_a_mistake_is_caught_by_a_test_program(self):
        outcome = self.judge(WRONG)
        self.assertIsNone(outcome.failure)
        self.assertEqual((outcome.catch.by, outcome.catch.sentence), (["answer_test"], "the answer"))

    def test_a_mistake_is_caught_by_the_simulation(self):
        outcome = self.judge(WRONG.replace("answer_test", "simulation"))
        self.assertIsNone(outcome.failure)
        self.assertEqual((outcome.catch.by, outcome.catch.seed), (["the_answer_is_right"], 1))

    def test_a_mistake_in_a_header_reaches_whoever_includes_it(self):
        outcome = self.judge(patch((2, "inline int Offset() { return 1; }"), "inline int Offset() { return 2; }", file="product/answer.h"))
        self.assertIsNone(outcome.failure)
        self.assertEqual(outcome.catch.by, ["answer_test"])

    def test_a_program_that_dies_has_noticed(self):
        outcome = self.judge(patch((3, "int Answer() { return 41 + Offset(); }"), "int Answer() { return -1; }"))
        self.assertIn("died", outcome.catch.sentence)

    def test_what_nobody_notices_is_not_caught(self):
        outcome = self.judge(patch((4, "int Unasked() { return 1; }"), "int Unasked() { return 2; }", "Catcher: simulation\nCatcher: answer_test"))
        self.assertIsNone(outcome.catch)
        self.assertIsNone(outcome.failure)
        self.assertTrue(outcome.sentence().startswith("NOT CAUGHT"))

    def test_a_seed_that_fails_anyway_catches_nothing(self):
        outcome = self.judge(WRONG.replace("answer_test", "simulation"), first=3)
        self.assertIsNone(outcome.catch)

    def test_what_does_not_apply_fails(self):
        self.assert_fails(self.judge(WRONG.replace("-int Answer() { return 41", "-int Answer() { return 4")), "does not apply")

    def test_what_does_not_build_fails(self):
        self.assert_fails(self.judge(WRONG.replace("return 40 +", "return forty +")), "does not compile")

    def test_what_is_not_in_the_program_fails(self):
        write(f"{mutants.ROOT}/product/other.cc", "int other = 1;\n")
        self.assert_fails(self.judge(patch((1, "int other = 1;"), "int other = 2;", file="product/other.cc")), "does not reach answer_test")

    def test_a_catcher_that_executes_nothing_fails(self):
        self.assert_fails(self.judge(WRONG.replace("answer_test", "answer_test another*")), "nothing was executed")

    def test_a_patch_that_does_not_explain_itself_fails(self):
        self.assert_fails(self.judge(WRONG.replace("Breaks:", "Broken:")), "must say")

    def test_a_patch_of_a_test_fails(self):
        self.assert_fails(self.judge(WRONG.replace("/product/", "/tests/")), "production code")


if __name__ == "__main__":
    unittest.main()
