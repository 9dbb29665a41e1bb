#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Processes that share the lanes of one exchange on a Kafka cluster: one joins, one stops, one is killed, one sleeps and wakes, leader
or not; the clock of a machine jumps; a newer release takes over from an older one; all while registers flow. Judged from source to
sink: nothing lost, nothing doubled, order kept, books balanced, and at the end of every act each lane has one process that works on it."""
import argparse
import os
import random
import re
import signal
import struct
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from judge import judge_at_rest  # noqa: E402
from harness import Datong, LineCounter  # noqa: E402
from kafka_cluster import KafkaCluster, NoKafka, skip  # noqa: E402
from office import Office  # noqa: E402

LANES = 4
PATIENCE_S = 90
ASLEEP_S = 4  # longer than a lease, and than whoever follows needs to take over
NEWER_TOOK_OVER = "DT-4004"
SHARE = re.compile(r"Z  (?:works on lane ([\d, ]+)|follows all lanes); (.*)$", re.MULTILINE)


class Wrong(Exception):
    pass


class WallClock:
    """Of one machine: what its processes take for the time of day (shifted_clock.cc). What they measure leases with goes on."""

    def __init__(self, library, path):
        self.path = path
        self.prefix = ["env", f"LD_PRELOAD={library}", f"DATONG_TEST_CLOCK={path}"]
        with open(path, "wb") as file:
            file.write(bytes(8))

    def shift(self, seconds):
        with open(self.path, "r+b") as file:
            file.write(struct.pack("=q", seconds * 1_000_000))


class Member:
    """One process with a directory and a clock of its own."""

    def __init__(self, name, test, binary=None):
        self.name = name
        self.clock = WallClock(test.clock_library, os.path.join(test.folder, name + ".clock"))
        self.datong = Datong(binary or test.binary, os.path.join(test.folder, name), os.path.join(test.folder, "logs", name),
                             self.clock.prefix)
        self.options = ["--engine", "kafka", "--bootstrap-servers", test.servers, "--exchange", "city"]
        self.running = None

    def start(self):
        self.running = self.datong.start("run", *self.options)

    def _share(self):
        shares = SHARE.findall(self.running.errors())
        return shares[-1] if shares else ("", "")

    def lanes(self):
        return {int(lane) for lane in self._share()[0].split(",") if lane.strip()}

    def leads(self):
        return self._share()[1] == "leads"

    def shares_told(self):
        return len(SHARE.findall(self.running.errors()))

    def signal(self, number):
        os.kill(self.running.process.pid, number)


class SharedLanesTest:
    def __init__(self, arguments, servers, folder):
        self.binary, self.next_release, self.clock_library = arguments.binary, arguments.next_release, arguments.clock_library
        self.servers, self.folder = servers, folder
        self.rng = random.Random(arguments.seed)
        self.office = Office(folder, self.rng)
        self.counter = LineCounter()
        self.members = {name: Member(name, self) for name in ("one", "two", "three")}
        self.members["next"] = Member("next", self, self.next_release)
        self.awake = []

    def start(self, name):
        self.members[name].start()
        self.awake.append(self.members[name])

    def leader(self):
        leaders = [member for member in self.awake if member.leads()]
        return leaders[0] if len(leaders) == 1 else None

    def follower(self):
        return next(member for member in self.awake if member is not self.leader())

    def _await(self, what, condition):
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            for member in self.awake:
                if not member.running.alive():
                    raise Wrong(f"{what}: {member.name} ended by itself: {member.running.finished()}")
            if time.monotonic() > deadline:
                logs = "\n".join(f"--- {member.name}\n{member.running.errors()[-4000:]}" for member in self.awake)
                raise Wrong(f"{what}: not within {PATIENCE_S} s\n{logs}")
            time.sleep(0.1)

    def _is_shared(self):
        lanes = [member.lanes() for member in self.awake]
        even = all(LANES // len(lanes) <= len(of_one) <= -(-LANES // len(lanes)) for of_one in lanes)
        return even and sorted(lane for of_one in lanes for lane in of_one) == list(range(LANES)) and self.leader() is not None

    def act(self, what, do):
        """Something happens while dumps flow in; afterwards all of them arrive, and the lanes are shared evenly."""
        begun = time.monotonic()
        before = {member: member.lanes() for member in self.awake}
        self.office.publish(size=20)
        do()
        self.office.publish(size=5)
        self._await(f"{what}: the lanes are shared", self._is_shared)
        self._await(f"{what}: all is delivered", lambda: self.office.outstanding(self.counter, imports=False) == 0)
        print(f"{what}: {time.monotonic() - begun:.1f} s; " +
              ", ".join(f"{member.name} {sorted(member.lanes())}{' leads' if member.leads() else ''}" for member in self.awake),
              flush=True)
        return before

    # --- what happens

    def _moved_once(self, told):
        """On a machine so busy that somebody was taken for dead meanwhile, lanes have moved for other reasons too."""
        quiet = all(member.shares_told() <= count + 1 for member, count in told.items() if member in self.awake)
        if not quiet:
            print("(somebody was silent for a lease in between: which lanes moved is not looked at)", flush=True)
        return quiet

    def join(self, name):
        told = {member: member.shares_told() for member in self.awake}
        before = self.act(f"{name} joins", lambda: self.start(name))
        moved = {lane for member, lanes in before.items() for lane in lanes - member.lanes()}
        if self._moved_once(told) and not moved <= self.members[name].lanes():
            raise Wrong(f"{name} joined, and lanes {moved} moved that it did not get")

    def stop(self, member):
        def do():
            self.awake.remove(member)
            if not member.running.stop():
                raise Wrong(f"{member.name} does not stop: {member.running.finished()}")
            if member.running.finished().code != 0:
                raise Wrong(f"{member.name} stopped badly: {member.running.finished()}")
        told = {other: other.shares_told() for other in self.awake}
        before = self.act(f"{member.name} stops", do)
        quiet = self._moved_once(told)
        for other, lanes in before.items():
            if quiet and other in self.awake and not lanes <= other.lanes():
                raise Wrong(f"{member.name} stopped, and {other.name} lost lanes of {lanes}: it has {other.lanes()}")

    def kill(self, member, what):
        def do():
            self.awake.remove(member)
            member.running.strike()
        self.act(f"{member.name}, {what}, is killed", do)

    def sleep(self, member, what):
        def do():
            member.signal(signal.SIGSTOP)
            self.awake.remove(member)
            time.sleep(ASLEEP_S)
            self._await(f"{member.name} sleeps: the others have its lanes", self._is_shared)
            self.office.publish(size=5)
            member.signal(signal.SIGCONT)
            self.awake.append(member)
        self.act(f"{member.name}, {what}, sleeps and wakes", do)

    def clock_jumps(self, member, what, seconds):
        """A time of day says nothing about who lives: nobody's lanes move for it."""
        told = {other: other.shares_told() for other in self.awake}
        def do():
            member.clock.shift(seconds)
            time.sleep(2)
        before = self.act(f"{member.name}, {what}, has its clock shifted by {seconds} s", do)
        moved = [other.name for other, lanes in before.items() if lanes != other.lanes()]
        if self._moved_once(told) and moved:
            raise Wrong(f"the clock of {member.name} jumped, and lanes of {moved} moved")

    def newer_release_takes_over(self):
        """It waits until the older ones have ended, and then none of them comes or stays, not even one that was asleep."""
        newer = self.members["next"]
        newer.start()
        self._await("the newer release says for whom it waits", lambda: ", of an older release to end" in newer.running.errors())
        self.act("a newer release waits", lambda: None)
        sleeper = self.follower()
        sleeper.signal(signal.SIGSTOP)
        self.awake.remove(sleeper)
        self._await("the others have the sleeper's lanes", self._is_shared)
        while self.awake:
            older = self.awake.pop()
            if not older.running.stop() or older.running.finished().code != 0:
                raise Wrong(f"{older.name} stopped badly: {older.running.finished()}")
        self.awake.append(newer)
        self.act("the newer release takes over", lambda: None)
        sleeper.signal(signal.SIGCONT)
        if not sleeper.running.wait(PATIENCE_S):
            raise Wrong(f"{sleeper.name} woke behind a newer release and works on: {sleeper.running.errors()}")
        self._must_be_told_of_newer(sleeper.running.finished())
        self._must_be_told_of_newer(sleeper.datong.run("run", *sleeper.options))
        self._must_be_told_of_newer(sleeper.datong.run("books"))
        self.act("the older one has gone", lambda: None)

    @staticmethod
    def _must_be_told_of_newer(finished):
        if finished.code != 4 or NEWER_TOOK_OVER not in finished.err or "install that release" not in finished.err:
            raise Wrong(f"one of an older release beside a newer one: {finished}")

    def run(self):
        one = self.members["one"].datong
        one.must("apply", "-f", self.office.catalog(), "--lanes", str(LANES), *self.members["one"].options)
        self.join("one")
        self.join("two")
        self.refuses_elsewhere()
        self.join("three")
        self.kill(self.follower(), "a follower")
        self.start(next(name for name, member in self.members.items() if member not in self.awake))
        self.kill(self.leader_at_rest(), "the leader")
        self.start(next(name for name, member in self.members.items() if member not in self.awake))
        self.sleep(self.leader_at_rest(), "the leader")
        self.leader_at_rest()
        self.sleep(self.follower(), "a follower")
        self.leader_at_rest()
        for days in (3, -3, 0):
            self.clock_jumps(self.leader_at_rest(), "the leader", days * 86_400)
        self.clock_jumps(self.follower(), "a follower", -3_600)
        self.stop(self.follower())
        self.stop(self.leader())
        self.start(next(name for name, member in self.members.items() if member not in self.awake))
        self.leader_at_rest()
        self.newer_release_takes_over()
        self.judge()

    def leader_at_rest(self):
        self._await("somebody leads", self._is_shared)
        return self.leader()

    def refuses_elsewhere(self):
        """A change is made where the leader is; a look is answered anywhere; who is no member finds the exchange taken."""
        follower = self.follower()
        refused = follower.datong.run("apply", "-f", self.office.catalog())
        if refused.code != 4 or "DT-4008" not in refused.err:
            raise Wrong(f"an apply at a follower: {refused}")
        for member in self.awake:
            member.datong.must("books")
        refused = self.members["three"].datong.run("books", *[])
        if refused.code == 0:
            raise Wrong(f"books without an exchange: {refused}")
        refused = self.members["three"].datong.run("apply", "-f", self.office.catalog(), *self.members["three"].options)
        if refused.code != 4 or "DT-4008" not in refused.err:
            raise Wrong(f"an apply beside those at work: {refused}")

    def judge(self):
        complaints = judge_at_rest(self.office.sinks)
        if complaints:
            raise Wrong("\n".join(complaints))
        last = self.awake[0]
        if not last.running.stop() or last.running.finished().code != 0:
            raise Wrong(f"the last one stops badly: {last.running.finished()}")
        # Each has a directory and checkpoints of its own, some of them of the middle of all this.
        for member in self.members.values():
            member.datong.binary = self.next_release
            member.datong.must("books")
            member.datong.must("verify")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("binary")
    parser.add_argument("next_release", help="the same program of a later release, whose format is another")
    parser.add_argument("clock_library", help="shifted_clock.cc, to be preloaded")
    parser.add_argument("--seed", type=int, default=int(os.environ.get("DATONG_SEED") or random.randrange(1 << 30)))
    arguments = parser.parse_args()
    print(f"DATONG_SEED={arguments.seed}", flush=True)
    try:
        cluster = KafkaCluster(arguments.binary)
    except NoKafka as why:
        return skip(why)
    try:
        with tempfile.TemporaryDirectory(prefix="datong-shared-") as folder:
            test = SharedLanesTest(arguments, cluster.servers, folder)
            try:
                test.run()
            finally:
                for member in test.members.values():
                    if member.running is not None and member.running.alive():
                        member.running.strike()
    except (Wrong, AssertionError, TimeoutError) as why:
        print(f"FAILED: {why}", file=sys.stderr)
        return 1
    finally:
        cluster.close()
    print("nothing lost, nothing doubled, order kept, books balanced")
    return 0


if __name__ == "__main__":
    sys.exit(main())
