#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the world may do to an exchange: a full disk, a directory that may not be written, a flipped byte in any stored file,
checkpoints that are gone, a second process, wrong words on the command line. Each time: a clear error or no difference at all,
never wrong data, and nothing lost once the cause is gone.
"""
import argparse
import collections
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from harness import Datong, LineCounter  # noqa: E402
from judge import judge_all  # noqa: E402
from office import Office  # noqa: E402

NOBODY = 65534
FILES_PER_KIND = 4
FLIPS_PER_FILE = 3
ERROR = re.compile(r"error\[DT-\d{4}")
# Words for people and locks: nothing of what is stored.
NO_DATA = re.compile(r"^(LOCK|LOG(\.old\.\d+)?|control\.sock|OPTIONS-\d+|IDENTITY)$")


class Wrong(Exception):
    pass


def require(condition, what):
    if not condition:
        raise Wrong(str(what))


class Place:
    """A folder with departments and an exchange that has worked for a while."""

    def __init__(self, binary, folder, seed, data=None):
        self.rng = random.Random(seed)
        self.folder = folder
        self.office = Office(os.path.join(folder, "office"), self.rng)
        self.datong = Datong(binary, data or os.path.join(folder, "data"), os.path.join(folder, "logs"))
        self.counter = LineCounter()
        self.datong.must("apply", "-f", self.office.catalog(), "--lanes", "2")

    def work(self, dumps=2, orderly=True, size=1):
        for _ in range(dumps):
            self.office.publish(size)
        running = self.datong.start("run")
        self.await_deliveries(running)
        if orderly:
            require(running.stop(), "datong run does not stop")
            require(running.finished().code == 0, running.finished())
        else:
            running.strike()

    def await_deliveries(self, running, seconds=60):
        deadline = time.monotonic() + seconds
        while self.office.outstanding(self.counter) > 0 or judge_all(self.office.sinks):
            require(time.monotonic() < deadline, f"not delivered: {judge_all(self.office.sinks)}")
            require(not running.wait(0.1), running.finished())

    def require_whole(self):
        complaints = judge_all(self.office.sinks)
        require(not complaints, "\n".join(complaints))
        self.datong.must("books")
        self.datong.must("verify")


def looks(datong, directory):
    """Everything that is asked of a directory here; [(finished)]."""
    datong.directory = directory
    return [datong.run("tail", "tax-companies", "--from", "begin", "--no-follow", "--output", "ndjson"),
            datong.run("state", "tax-register", "--output", "ndjson"),
            datong.run("tail", "social-visits", "--from", "begin", "--no-follow", "--output", "ndjson"),
            datong.run("verify", "--output", "ndjson")]


def require_honest(before, after, what):
    """Each answer is the one of before, or a clear error. Returns how many were errors."""
    errors = 0
    for old, new in zip(before, after):
        if new.code == 0:
            require(new.out == old.out, f"{what}: another answer than before, and no error\nwas: {old}\nis: {new}")
            continue
        require(new.code > 0, f"{what}: the process died of signal {-new.code}: {new}")
        require(ERROR.search(new.err) or '"error"' in new.err, f"{what}: an error without a code: {new}")
        errors += 1
    return errors


def stored_files(directory):
    for folder, _, names in sorted(os.walk(directory)):
        for name in sorted(names):
            path = os.path.join(folder, name)
            if not NO_DATA.match(name) and os.path.isfile(path) and os.path.getsize(path) > 0:
                yield path


def kind_of(name):
    return re.sub(r"\d+", "N", name)


def some_of_each_kind(directory, rng):
    by_kind = collections.defaultdict(list)
    for path in stored_files(directory):
        by_kind[kind_of(os.path.relpath(path, directory))].append(path)
    return [path for paths in by_kind.values() for path in rng.sample(paths, min(len(paths), FILES_PER_KIND))]


def flip(path, at):
    with open(path, "r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 0x10]))


def test_flipped_bytes(binary, folder, seed):
    """After an orderly end and after a kill alike."""
    rng = random.Random(seed)
    kinds = collections.defaultdict(collections.Counter)
    for orderly in (True, False):
        place = Place(binary, os.path.join(folder, "orderly" if orderly else "killed"), seed)
        place.datong.limits["DATONG_HISTORY_SECONDS"] = "86400"
        place.work(dumps=3, size=15)
        place.work(dumps=1, size=15, orderly=orderly)
        place.datong.limits["DATONG_HOUSEKEEPING_SECONDS"] = "3600"
        kept = place.datong.directory
        spoilt = os.path.join(place.folder, "spoilt")
        shutil.copytree(kept, spoilt, ignore=shutil.ignore_patterns("control.sock"))
        before = looks(place.datong, spoilt)
        for finished in before:
            require(finished.code == 0, finished)
        for path in some_of_each_kind(kept, rng):
            size = os.path.getsize(path)
            name = os.path.relpath(path, kept)
            kind = kinds[kind_of(name)]
            places = {rng.randrange(min(size, 16)), size - 1 - rng.randrange(min(size, 64))}
            places.update(rng.randrange(size) for _ in range(FLIPS_PER_FILE))
            for at in places:
                shutil.rmtree(spoilt)
                shutil.copytree(kept, spoilt, ignore=shutil.ignore_patterns("control.sock"))
                flip(os.path.join(spoilt, name), at)
                after = looks(place.datong, spoilt)
                told = require_honest(before, after, f"byte {at} of {size} of {name} flipped") > 0
                warned = any("warning" in finished.err for finished in after)
                kind["told" if told else "warned" if warned else "no difference"] += 1
    return "bytes flipped:" + "".join(f"\n          {name}: {dict(kind)}" for name, kind in sorted(kinds.items()))


def test_checkpoints_gone(binary, folder, seed):
    place = Place(binary, folder, seed)
    place.work()
    before = looks(place.datong, place.datong.directory)
    removed = [path for path in stored_files(place.datong.directory) if path.endswith(".checkpoint")]
    require(removed, "there is no checkpoint to remove")
    for path in removed:
        os.remove(path)
    require(require_honest(before, looks(place.datong, place.datong.directory), "checkpoints gone") == 0, "an error")
    place.work()
    place.require_whole()
    return f"{len(removed)} checkpoints removed, every answer as before"


def fill(path):
    """Grows a file until nothing fits beside it any more; again, when something was freed since."""
    with open(path, "ab", buffering=0) as file:
        try:
            while True:
                file.write(bytes(65536))
        except OSError:
            pass
        try:
            while True:
                file.write(bytes(64))
        except OSError:
            pass


FULL = re.compile(r"^.*[Nn]o space left.*$", re.MULTILINE)


def test_full_disk(binary, folder, seed):
    """Full before the start, and full while it works."""
    disk = os.path.join(folder, "disk")
    os.makedirs(disk)
    mounted = os.geteuid() == 0 and subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", disk],
                                                   stderr=subprocess.DEVNULL, check=False).returncode == 0
    if not mounted:
        return "skipped: no small file system can be mounted here (the engine's own tests fill an injected disk)"
    try:
        place = Place(binary, folder, seed, data=os.path.join(disk, "data"))
        place.work()
        ballast = os.path.join(disk, "ballast")
        fill(ballast)
        place.office.publish(size=10)
        at_start = place.datong.start("run")
        if at_start.wait(5):
            finished = at_start.finished()
            require(finished.code > 0 and ERROR.search(finished.err) and FULL.search(finished.err), finished)
        else:
            require(FULL.search(at_start.errors()), f"nobody says that the disk is full: {at_start.errors()}")
            at_start.stop()
        os.remove(ballast)
        place.work()
        place.require_whole()

        running = place.datong.start("run")
        place.await_deliveries(running)
        # Retention works meanwhile and gives space back: fill and publish until somebody misses it.
        deadline = time.monotonic() + 30
        while not FULL.search(running.errors()) and time.monotonic() < deadline:
            fill(ballast)
            place.office.publish(size=20)
            if running.wait(0.3):
                break
        told = FULL.search(running.errors())
        require(told, f"nobody says that the disk is full: {running.errors()[-2000:]}")
        os.remove(ballast)
        by_itself = not running.wait(0)
        if by_itself:
            try:
                place.await_deliveries(running, seconds=30)
            except Wrong:
                by_itself = False
            running.stop()
        if not by_itself:
            place.work(dumps=0)
        place.require_whole()
        return f"told ({told.group().strip()[:160]}); then all was delivered once, {'by itself' if by_itself else 'after a restart'}"
    finally:
        subprocess.run(["umount", "--lazy", disk], check=False)


def test_read_only_directory(binary, folder, seed):
    place = Place(binary, folder, seed)
    place.work()
    datong = place.datong
    if os.geteuid() == 0:
        # A program in root's own folders may not be reachable for others.
        open_place = os.path.join(folder, "datong")
        shutil.copy(binary, open_place)
        datong = Datong(open_place, place.datong.directory, os.path.join(folder, "logs"),
                        ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"])
        require(shutil.which("setpriv"), "setpriv is missing")
    os.chmod(folder, 0o755)
    subprocess.run(["chmod", "-R", "a-w,a+rX", place.datong.directory], check=True)
    try:
        for arguments in (["run"], ["books"], ["apply", "-f", place.office.catalog()]):
            finished = datong.run(*arguments, seconds=30)
            require(finished.code == 5, f"exit code 5 is for what is not allowed: {arguments} {finished}")
            require(ERROR.search(finished.err) and place.datong.directory in finished.err, finished)
    finally:
        subprocess.run(["chmod", "-R", "u+w", place.datong.directory], check=True)
    place.work()
    place.require_whole()
    return "refused with exit code 5; nothing was harmed"


def test_two_processes(binary, folder, seed):
    place = Place(binary, folder, seed)
    place.office.publish()
    running = place.datong.start("run")
    place.await_deliveries(running)
    second = place.datong.run("run", seconds=60)
    require(second.code == 4 and ERROR.search(second.err), f"a second holder: {second}")
    through_socket = place.datong.must("tail", "tax-companies", "--from", "begin", "--no-follow", "--output", "ndjson")
    running.strike()
    alone = place.datong.must("tail", "tax-companies", "--from", "begin", "--no-follow", "--output", "ndjson")
    require(alone.out == through_socket.out, "the answer through the socket is another")
    place.require_whole()
    return "the second was refused, the holder answered for it"


def test_wrong_arguments(binary, folder, seed):
    place = Place(binary, folder, seed)
    broken = os.path.join(folder, "broken.yaml")
    with open(broken, "w", encoding="utf-8") as file:
        file.write("departments:\n  - {name: a, nmae: b}\n")
    nowhere = Datong(binary, os.path.join(folder, "nowhere"), os.path.join(folder, "logs"))
    cases = [
        (place.datong, ["bokks"], 2, "books"),
        (place.datong, ["books", "--nonsense"], 2, "nonsense"),
        (place.datong, ["tail"], 2, ""),
        (place.datong, ["run", "--lanes", "65"], 2, ""),
        (place.datong, ["run", "--lanes", "3"], 1, "lanes"),
        (place.datong, ["tail", "tax-company", "--no-follow"], 1, "tax-company"),
        (place.datong, ["import", "company", broken], 1, "company"),
        (place.datong, ["import", "companies", os.path.join(folder, "missing.csv")], 1, "missing.csv"),
        (place.datong, ["apply", "-f", os.path.join(folder, "missing.yaml")], 3, "missing.yaml"),
        (place.datong, ["apply", "-f", broken], 3, "broken.yaml:2:"),
        (nowhere, ["books"], 4, "nowhere"),
    ]
    wrong = []
    for datong, arguments, code, words in cases:
        finished = datong.run(*arguments, seconds=30)
        if finished.code != code or words not in finished.err or not ERROR.search(finished.err):
            wrong.append(f"{' '.join(arguments)}: wanted exit code {code} and '{words}', got {finished}")
    require(not os.path.exists(nowhere.directory), "a question made a directory")
    require(not wrong, "\n".join(wrong))
    place.work()
    place.require_whole()
    return f"{len(cases)} wrong commands, each told with its code"


TESTS = [test_wrong_arguments, test_two_processes, test_checkpoints_gone, test_read_only_directory, test_full_disk,
         test_flipped_bytes]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", default="build/release/datong")
    parser.add_argument("tests", nargs="*", help="part of a name; all when none is given")
    arguments = parser.parse_args()
    seed = int(os.environ.get("DATONG_SEED") or random.SystemRandom().randrange(1 << 32))
    print(f"DATONG_SEED={seed}", flush=True)
    failed = 0
    for test in TESTS:
        name = test.__name__[len("test_"):]
        if arguments.tests and not any(part in name for part in arguments.tests):
            continue
        folder = tempfile.mkdtemp(prefix=f"datong-{name}-")
        started = time.monotonic()
        try:
            said = test(os.path.abspath(arguments.binary), folder, seed)
            print(f"ok      {name}: {said} ({time.monotonic() - started:.1f} s)", flush=True)
            shutil.rmtree(folder, ignore_errors=True)
        except (Wrong, AssertionError, TimeoutError) as error:
            failed += 1
            print(f"FAILED  {name} (kept in {folder}):\n{error}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
