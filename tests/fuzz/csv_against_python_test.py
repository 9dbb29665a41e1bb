#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Well-formed CSV means to our reader what it means to Python's csv module, row by row.

    csv_against_python_test.py CSV_ROWS [--files N]

Files are written by a generator of its own (not by csv.writer, whose habits a reader could share) from a seed that is printed;
DATONG_SEED replays one. A difference is printed with the file's bytes. Nothing compared is a failure.

Where the two readers differ on purpose, the expectation says so in one place: expected_rows().
"""

import argparse
import csv
import io
import json
import os
import random
import secrets
import subprocess
import sys
import tempfile
from pathlib import Path

FILES_PER_START = 500
BYTE_ORDER_MARK = "\ufeff"
DELIMITERS = [",", ";", "\t", "|", "^", "x", "~"]
LINE_ENDS = ["\n", "\r\n", "\r"]
WORDS = ["市场监管局", "统一社会信用代码", "企业", "a", "x", "Zürich", "é", "𠮷", "1.50", "007"]
WORDS += [" ", "　", "'", "-", "#", "\\", "\\n", "\x1f"]


def random_text(rng, delimiter):
    """Any text, with what quoting is for more often than elsewhere."""
    parts = []
    for _ in range(rng.choice([1, 1, 1, 2, 3, 8])):
        parts.append(rng.choice([rng.choice(WORDS), rng.choice(WORDS), delimiter, '"', '""', "\n", "\r\n", "\r"]))
    return "".join(parts)


def written(rng, value, delimiter, first):
    """A value as RFC 4180 lets it stand: quoted where it must be, and sometimes where it need not."""
    needs_quotes = any(c in value for c in (delimiter, '"', "\n", "\r"))
    # A record of one empty value would be a blank line.
    if needs_quotes or rng.random() < 0.15 or (first and value == ""):
        return '"' + value.replace('"', '""') + '"'
    return value


def random_file(rng):
    """(bytes, delimiter, has a header, width)."""
    delimiter = rng.choice(DELIMITERS)
    width = rng.choice([1, 2, 3, 5, 12])
    line_end = rng.choice(LINE_ENDS)
    mixed = rng.random() < 0.1
    has_header = rng.random() < 0.7
    text = BYTE_ORDER_MARK if rng.random() < 0.3 else ""
    rows = rng.choice([0, 1, 2, 5, 40])
    if not has_header:
        rows += 1  # an empty file is refused, not taken for an empty table
    lines = []
    if has_header:
        lines.append(delimiter.join(written(rng, f"h{i}列", delimiter, i == 0) for i in range(width)))
    for _ in range(rows):
        values = [random_text(rng, delimiter) if rng.random() < 0.8 else "" for _ in range(width)]
        lines.append(delimiter.join(written(rng, value, delimiter, width == 1) for value in values))
    for number, line in enumerate(lines):
        last = number == len(lines) - 1
        end = rng.choice(LINE_ENDS) if mixed else line_end
        text += line + ("" if last and rng.random() < 0.3 else end)
        # Blank lines are no records to either reader. Not after the first: CR and LF of two ends would make one.
        if not mixed and not last and rng.random() < 0.05:
            text += line_end
    return text.encode("utf-8"), delimiter, has_header, width


def unquoted_empty(content, delimiter):
    """Per record, which values are empty and not quoted: the csv module of Python before 3.12 can't tell."""
    marks, record, at = [], [], 0
    quoted, begin = False, True
    empty = True

    def end_value():
        record.append(empty and not quoted)

    def end_record(marks, record):
        if len(record) > 1 or not record[0]:
            marks.append(list(record))
        record.clear()

    while at < len(content):
        c = content[at]
        if begin and c == '"':
            quoted, begin = True, False
            at += 1
            while True:
                if content[at] == '"':
                    if content[at + 1 : at + 2] != '"':
                        break
                    at += 1
                at += 1
        elif c == delimiter:
            end_value()
            quoted, begin, empty = False, True, True
        elif c in "\r\n":
            if content[at : at + 2] == "\r\n":
                at += 1
            end_value()
            end_record(marks, record)
            quoted, begin, empty = False, True, True
        else:
            begin = empty = False
        at += 1
    if record or not begin:
        end_value()
        end_record(marks, record)
    return marks


def expected_rows(content, delimiter):
    """What Python reads, and two things that ours does on purpose besides: a byte order mark is not part of the first value, and
    an empty value without quotes is absent (null), with quotes it is an empty text."""
    text = content.decode("utf-8")
    if text.startswith(BYTE_ORDER_MARK):
        text = text[1:]
    rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row]
    marks = unquoted_empty(text, delimiter)
    if [len(row) for row in rows] != [len(mark) for mark in marks]:
        raise AssertionError("the test's own scanner lost its way")
    return [[None if absent else value for value, absent in zip(row, mark)] for row, mark in zip(rows, marks)]


def compare(binary, folder, files):
    """Differences, as text, among the files; each a tuple of random_file()."""
    lines = []
    for number, (content, delimiter, has_header, width) in enumerate(files):
        path = Path(folder) / f"{number}.csv"
        path.write_bytes(content)
        lines.append(f"{ord(delimiter)} {'header' if has_header else 'none'} {0 if has_header else width} {path}\n")
    ran = subprocess.run([binary], input="".join(lines), capture_output=True, text=True, encoding="utf-8", check=True)
    answers = ran.stdout.split("\n")[:-1]
    if len(answers) != len(files):
        raise SystemExit(f"csv_rows answered for {len(answers)} of {len(files)} files\n{ran.stderr}")
    rows_compared, differences = 0, []
    for (content, delimiter, has_header, width), answer in zip(files, answers):
        expected = expected_rows(content, delimiter)
        names = expected.pop(0) if has_header else [f"c{i}" for i in range(width)]
        if json.loads(answer) != ["rows", names, expected]:
            differences.append(f"content:  {content!r}\nexpected: {json.dumps(expected, ensure_ascii=False)}\nread:     {answer}")
        rows_compared += len(expected)
    return rows_compared, differences


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("csv_rows")
    parser.add_argument("--files", type=int, default=3000)
    given = parser.parse_args()
    seed = int(os.environ.get("DATONG_SEED") or secrets.randbits(64))
    print(f"csv_against_python: DATONG_SEED={seed}", flush=True)
    rng = random.Random(seed)

    files_compared = rows_compared = 0
    while files_compared < given.files:
        files = [random_file(rng) for _ in range(min(FILES_PER_START, given.files - files_compared))]
        with tempfile.TemporaryDirectory() as folder:
            rows, differences = compare(given.csv_rows, folder, files)
        if differences:
            print(f"{len(differences)} files are read differently, the first:\n{differences[0]}")
            return 1
        files_compared += len(files)
        rows_compared += rows
    print(f"compared: {files_compared} files, {rows_compared} rows")
    if files_compared == 0 or rows_compared == 0:
        print("nothing was compared")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
