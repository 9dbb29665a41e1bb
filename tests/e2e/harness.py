# SPDX-License-Identifier: Apache-2.0
"""Drives the real binary: starts it, strikes it, waits for it, asks it. Knows nothing about what is right."""
import json
import os
import re
import signal
import subprocess
import time

SOURCE_DIRECTORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
STRUCK = re.compile(r"^struck (\S+)$", re.MULTILINE)
# Small enough that a test of seconds meets what an exchange of years does.
TINY_LIMITS = {
    "DATONG_CHECKPOINT_RECORDS": "400",
    "DATONG_HISTORY_SECONDS": "0",
    "DATONG_HOUSEKEEPING_SECONDS": "1",
    "DATONG_SEGMENT_BYTES": "16384",
}


def step_names(engine="embedded"):
    """Every step at which a strike can be asked for: the table in docs/testing.md, which is held against the code."""
    with open(os.path.join(SOURCE_DIRECTORY, "docs", "testing.md"), encoding="utf-8") as file:
        rows = re.findall(r"^\| `([a-z_]+\.[a-z_]+)` \| *(\w*) *\|", file.read(), re.MULTILINE)
    return [step for step, only in rows if only in ("", engine)]


class Finished:
    """A command that has ended."""

    def __init__(self, code, out, err, seconds):
        self.code, self.out, self.err, self.seconds = code, out, err, seconds
        struck = STRUCK.search(err)
        self.struck = struck.group(1) if struck else None

    @property
    def killed(self):
        return self.code == -signal.SIGKILL

    def json(self):
        return json.loads(self.out)

    def __repr__(self):
        return f"exit code {self.code} after {self.seconds:.1f} s\n--- stdout\n{self.out[-3000:]}\n--- stderr\n{self.err[-3000:]}"


class Running:
    """A command at work. Its output goes to files, so that it can't block on us."""

    def __init__(self, arguments, environment, log):
        self.out_path, self.err_path = log + ".out", log + ".err"
        self.started = time.monotonic()
        with open(self.out_path, "wb") as out, open(self.err_path, "wb") as err:
            self.process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=environment)

    def alive(self):
        return self.process.poll() is None

    def seconds(self):
        return time.monotonic() - self.started

    def wait(self, seconds):
        """True when it has ended."""
        try:
            self.process.wait(seconds)
            return True
        except subprocess.TimeoutExpired:
            return False

    def strike(self):
        self.process.kill()
        self.process.wait()

    def stop(self, seconds=60):
        """The orderly way; True when it went."""
        self.process.send_signal(signal.SIGTERM)
        if self.wait(seconds):
            return True
        self.strike()
        return False

    def errors(self):
        with open(self.err_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def finished(self):
        with open(self.out_path, encoding="utf-8", errors="replace") as file:
            out = file.read()
        return Finished(self.process.returncode, out, self.errors(), self.seconds())


class Datong:
    """The binary and one data directory. `log_folder`: where the output of the last commands stays."""

    def __init__(self, binary, directory, log_folder, prefix=()):
        self.binary, self.directory, self.log_folder, self.prefix = binary, directory, log_folder, list(prefix)
        self.limits = dict(TINY_LIMITS)
        self.count = 0
        os.makedirs(log_folder, exist_ok=True)

    def start(self, *arguments, kill_at=None):
        self.count += 1
        environment = {**os.environ, **self.limits}
        environment.pop("DATONG_KILL_AT", None)
        if kill_at is not None:
            environment["DATONG_KILL_AT"] = kill_at
        log = os.path.join(self.log_folder, f"{self.count:05}-{arguments[0]}")
        return Running([*self.prefix, self.binary, *arguments, "--data-dir", self.directory], environment, log)

    def start_working(self, *options, seconds=300):
        """`datong run` at work: a command that came before that would open the directory itself. Or ended; whoever asks it, sees."""
        running = self.start("run", *options)
        while ": running, process" not in running.errors() and running.seconds() < seconds and not running.wait(0.1):
            pass
        return running

    def run(self, *arguments, kill_at=None, seconds=120):
        running = self.start(*arguments, kill_at=kill_at)
        if not running.wait(seconds):
            running.strike()
            raise TimeoutError(f"datong {' '.join(arguments)} did not end within {seconds} s: {running.finished()}")
        return running.finished()

    def must(self, *arguments, seconds=120):
        finished = self.run(*arguments, seconds=seconds)
        if finished.code != 0:
            raise AssertionError(f"datong {' '.join(arguments)}: {finished}")
        return finished


class LineCounter:
    """Counts the lines that sinks have finished, reading each file once."""

    def __init__(self):
        self.lines = {}

    def count(self, directory):
        total = 0
        if not os.path.isdir(directory):
            return 0
        for name in os.listdir(directory):
            if not name.startswith("changes-"):
                continue
            path = os.path.join(directory, name)
            if path not in self.lines:
                self.lines[path] = self._records(path)
            total += self.lines[path]
        return total

    @staticmethod
    def _records(path):
        with open(path, "rb") as file:
            content = file.read()
        if path.endswith(".jsonl"):
            return content.count(b"\n")
        # A line break inside quotes belongs to a value; a quote that stands for itself is doubled and changes nothing here.
        quoted, lines = False, 0
        for piece in re.findall(rb'["\n]', content):
            if piece == b'"':
                quoted = not quoted
            elif not quoted:
                lines += 1
        return lines - 1
