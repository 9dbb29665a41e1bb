#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every `datong` command that the pages and the service files tell people to give exists, with its options.

    commands_exist_test.py BINARY
"""
import re
import shlex
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

from program import Program  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
FILES = ("README.md", "README.zh-CN.md", "docs/*.md", "deploy/systemd/*", "deploy/compose/*.yaml", "deploy/kubernetes/*.yaml")
# A line of its own in a block of a page, behind who gives it or a unit's word; or in a sentence, between backticks.
LINE = re.compile(r"^(?:    |#   |ExecStart=).*?\bdatong (?P<line>[a-z].*)$")
QUOTED = re.compile(r"`datong (?P<line>[a-z][^`|]*)`")
NO_COMMAND = re.compile(r"^(?:lag -d DIR,|COMMAND\b)")


def commands_in(text):
    """(number of the line, the words behind `datong`)"""
    for number, line in enumerate(text.split("\n"), 1):
        found = [match.group("line") for match in QUOTED.finditer(line)]
        whole = LINE.match(line)
        if whole and "`datong" not in line:
            found.append(whole.group("line"))
        for command in found:
            command = re.split(r"\s#|\s{3,}|[|;&>]|\\$", command)[0].strip()
            if command and not NO_COMMAND.match(command):
                try:
                    yield number, shlex.split(command)
                except ValueError:
                    yield number, command.split()


def faults(program, texts):
    """(how many commands were looked at, what is wrong with them)"""
    count, wrong = 0, []
    for name, text in texts:
        for number, words in commands_in(text):
            count += 1
            wrong += [f"{name}:{number}: {complaint}" for complaint in program.complaints(words)]
    return count, wrong


def main():
    program = Program(sys.argv[1])
    planted = "    datong lag --wach\n`datong acl aply`\nExecStart=/usr/local/bin/datong run --engin kafka\n    runuser -u datong -- datong lags -d D\n"
    if len(faults(program, [("planted", planted)])[1]) != 4:
        print(f"the test is blind: {faults(program, [('planted', planted)])}", file=sys.stderr)
        return 1
    paths = sorted({path for pattern in FILES for path in ROOT.glob(pattern) if path.is_file()})
    count, wrong = faults(program, [(path.relative_to(ROOT), path.read_text(encoding="utf-8")) for path in paths])
    print("\n".join(wrong))
    print(f"{count} commands in {len(paths)} files, {len(wrong)} of them wrong")
    return 1 if wrong or count < 50 else 0


if __name__ == "__main__":
    sys.exit(main())
