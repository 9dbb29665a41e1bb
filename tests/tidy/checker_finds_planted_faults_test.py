#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A small tidy repository passes; with any one fault planted, exactly that kind of fault is found, where it was planted."""

import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from check_repository import RULES, SPDX, Repository, faults_of  # noqa: E402

C = f"// {SPDX}\n"
H = f"# {SPDX}\n"

TIDY = {
    "CMakeLists.txt": H + "add_subdirectory(proto)\nadd_subdirectory(core/low)\nadd_subdirectory(core/high)\n",
    "ARCHITECTURE.md": "# Map\n\n| folder | what |\n|---|---|\n| `core/low` | below |\n| `core/high` | above |\n",
    "core/low/CMakeLists.txt": H + "datong_module(low\n  SOURCES low.cc)\n",
    "core/low/README.md": "# low\n",
    "core/low/low.h": C + "#pragma once\n#include <string>\n",
    "core/low/low.cc": C + '#include "core/low/low.h"\nvoid F(S& s) { s.Reached("commit.synced"); }\n',
    "core/high/CMakeLists.txt": H + "datong_module(high  # comment\n  SOURCES high.cc\n  USES low proto)\n",
    "core/high/README.md": "# high\n",
    "core/high/high.cc": C + '#include "core/low/low.h"\n#include "datong/x/v1/x.pb.h"\n',
    "tests/unit/core/high/works_test.cc": C + '#include "core/low/low.h"\n#include "tests/support/box.h"\n',
    "docs/testing.md": "# Testing\n\n| step | where |\n|---|---|\n| `commit.synced` | low |\n",
    "docs/operations.md": "# Operations\n\n### `unreadable_row`\n\nRead it.\n",
    "docs/mutants.md": "# Mutants\n\n| mutant | by |\n|---|---|\n| `no_step` | somebody |\n",
    "tests/mutants/no_step.patch": "It forgets.\n\n--- a/core/low/low.cc\n+++ b/core/low/low.cc\n@@ -2,2 +2,1 @@\n"
                                   ' #include "core/low/low.h"\n-void F(S& s) { s.Reached("commit.synced"); }\n',
    "exchange_core/ledger/verdict.h": C + "enum V {\n  kStale = 7,\n  kUnreadableRow = 32,\n};\n",
}

# What is planted, and the one fault (file, line, kind) that must follow.
PLANTED = {
    "an include that is not declared": (
        {"core/low/low.h": TIDY["core/low/low.h"] + '#include "core/high/high.h"\n'}, ("core/low/low.h", 4, "undeclared-include")),
    "a message that is not declared": (
        {"core/low/low.h": TIDY["core/low/low.h"] + '#include "datong/x/v1/x.pb.h"\n'}, ("core/low/low.h", 4, "undeclared-include")),
    "production code that includes a test": (
        {"core/low/low.h": TIDY["core/low/low.h"] + '#include "tests/support/box.h"\n'}, ("core/low/low.h", 4, "undeclared-include")),
    "an include that is not written from the root": (
        {"core/low/low.h": TIDY["core/low/low.h"] + '#include "other.h"\n'}, ("core/low/low.h", 4, "unknown-include")),
    "a test that includes what is not declared": (
        {"tests/unit/core/low/t_test.cc": C + '#include "core/high/high.h"\n'}, ("tests/unit/core/low/t_test.cc", 2, "undeclared-include")),
    "a test of nothing": ({"tests/unit/core/gone/t_test.cc": C}, ("tests/unit/core/gone/t_test.cc", 1, "homeless-test")),
    "a neighbour that is not used": (
        {"core/high/high.cc": C + '#include "core/low/low.h"\n'}, ("core/high/CMakeLists.txt", 4, "unused-neighbour")),
    "a neighbour that does not exist": (
        {"core/high/CMakeLists.txt": TIDY["core/high/CMakeLists.txt"].replace("proto)", "proto\n  nowhere)")},
        ("core/high/CMakeLists.txt", 5, "unknown-neighbour")),
    "a circle": (
        {"core/low/CMakeLists.txt": H + "datong_module(low SOURCES low.cc USES high)\n",
         "core/low/low.cc": TIDY["core/low/low.cc"] + '#include "core/high/high.h"\n'}, ("core/high/CMakeLists.txt", 2, "cycle")),
    "an arrow upward": (
        {"CMakeLists.txt": H + "add_subdirectory(core/high)\nadd_subdirectory(core/low)\n"}, ("core/high/CMakeLists.txt", 4, "upward-arrow")),
    "a folder that is not built": (
        {"CMakeLists.txt": H + "add_subdirectory(core/low)\n"}, ("core/high/CMakeLists.txt", 2, "unlisted-folder")),
    "a source that is not built": ({"core/low/old.cc": C}, ("core/low/old.cc", 1, "dead-file")),
    "a heavy header": (
        {"core/low/low.h": TIDY["core/low/low.h"] + "#include <rocksdb/db.h>\n"}, ("core/low/low.h", 4, "heavy-header")),
    "a lock that the thread sanitizer does not see": (
        {"core/low/low.h": TIDY["core/low/low.h"] + "absl::Mutex mutex;\n"}, ("core/low/low.h", 4, "unseen-lock")),
    "a file without licence": ({"core/low/low.h": "#pragma once\n"}, ("core/low/low.h", 1, "licence")),
    "a script without licence": ({"dev": "#!/bin/sh\necho\n"}, ("dev", 2, "licence")),
    "an empty file without licence": ({"core/low/low.h": ""}, ("core/low/low.h", 1, "licence")),
    "a drawer": ({"core/low/string_utils.h": C}, ("core/low/string_utils.h", 1, "util")),
    "a tab": ({"docs/more.md": "# More\n\tx\n"}, ("docs/more.md", 2, "tab")),
    "a trailing space": ({"docs/more.md": "# More \n"}, ("docs/more.md", 1, "trailing-space")),
    "a foreign line end": ({"docs/more.md": "# More\r\n"}, ("docs/more.md", 1, "trailing-space")),
    "a last line that does not end": ({"docs/more.md": "# More"}, ("docs/more.md", 1, "no-line-end")),
    "a machine's address": ({"docs/more.md": "# More\n10.1.2.3\n"}, ("docs/more.md", 2, "address")),
    "a registry's host": ({"docs/more.md": "# More\nhttps://pypi.org/x\n"}, ("docs/more.md", 2, "address")),
    "a folder missing in the map": (
        {"ARCHITECTURE.md": TIDY["ARCHITECTURE.md"].replace("| `core/low` | below |\n", "")}, ("ARCHITECTURE.md", 1, "folder-table")),
    "a folder on the map only": (
        {"ARCHITECTURE.md": TIDY["ARCHITECTURE.md"] + "| `core/gone` | - |\n"}, ("ARCHITECTURE.md", 7, "folder-table")),
    "a folder that does not explain itself": ({"core/low/README.md": None}, ("core/low/CMakeLists.txt", 1, "no-readme")),
    "a step that is not listed": (
        {"core/high/high.cc": TIDY["core/high/high.cc"] + 'void G(S& s) {\n  s.Reached(\n      "read.begun");\n}\n'},
        ("core/high/high.cc", 5, "unlisted-step")),
    "a step that nothing reaches": (
        {"docs/testing.md": TIDY["docs/testing.md"] + "| `read.begun` | gone |\n"}, ("docs/testing.md", 6, "unlisted-step")),
    "a mutant without a row": (
        {"docs/mutants.md": "# Mutants\n"}, ("tests/mutants/no_step.patch", 1, "unlisted-mutant")),
    "a row without a mutant": (
        {"docs/mutants.md": TIDY["docs/mutants.md"] + "| `gone` | nobody |\n"}, ("docs/mutants.md", 6, "unlisted-mutant")),
    "a mutant that the code has left behind": (
        {"tests/mutants/no_step.patch": TIDY["tests/mutants/no_step.patch"].replace("synced", "written")},
        ("tests/mutants/no_step.patch", 5, "stale-mutant")),
    "a reason without heading": (
        {"exchange_core/ledger/verdict.h": TIDY["exchange_core/ledger/verdict.h"].replace("};", "  kBadSource = 37,\n};")},
        ("exchange_core/ledger/verdict.h", 5, "undocumented-reason")),
}


def plant(changes, root):
    for path, text in {**TIDY, **changes}.items():
        if text is not None:
            file = Path(root) / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text.encode())


def faults_with(changes):
    with tempfile.TemporaryDirectory() as root:
        plant(changes, root)
        return [(path, line, kind) for path, line, kind, _ in faults_of(root)]


class CheckerTest(unittest.TestCase):
    def test_a_tidy_repository_passes(self):
        self.assertEqual(faults_with({}), [])

    def test_each_planted_fault_is_found_and_no_other(self):
        for what, (changes, expected) in PLANTED.items():
            with self.subTest(what):
                found = faults_with(changes)
                self.assertIn(expected, found)
                kinds = {kind for _, _, kind in found}
                if expected[2] == "cycle":  # some arrow of a circle always points upward
                    kinds.discard("upward-arrow")
                self.assertEqual(kinds, {expected[2]})

    def test_each_rule_has_found_something(self):
        silent = set(RULES)
        for changes, _ in PLANTED.values():
            with tempfile.TemporaryDirectory() as root:
                plant(changes, root)
                repository = Repository(root)
                silent = {rule for rule in silent if not list(rule(repository))}
        self.assertEqual({rule.__name__ for rule in silent}, set())


if __name__ == "__main__":
    unittest.main()
