#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An exchange on Kafka while disks fill to the last byte, a core's and the broker's, and while somebody resets the offsets of all
consumer groups by hand. Judged from source to sink: nothing lost, nothing doubled, order kept, books balanced."""
import argparse
import os
import random
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from harness import Datong, LineCounter  # noqa: E402
from judge import judge_at_rest  # noqa: E402
from kafka_cluster import SKIPPED, KafkaCluster, NoKafka, skip  # noqa: E402
from kafka_tools import KafkaTools  # noqa: E402
from office import Office  # noqa: E402

BROKER_DISK_MIB = 512
CORE_DISK = "size=48m"
PATIENCE_S = 120
CLUSTER_AWAY, NO_SPACE = "DT-4009", "DT-4005"


class Wrong(Exception):
    pass


def require(condition, what):
    if not condition:
        raise Wrong(what)


def await_that(what, condition, running):
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        require(running.alive(), f"{what}: it ended by itself: {running.finished()}")
        require(time.monotonic() < deadline, f"{what}: not within {PATIENCE_S} s\n{running.errors()[-4000:]}")
        time.sleep(0.2)


class CoreDisk:
    """A small file system for what a core keeps for itself."""

    def __init__(self, path):
        self.path, self.ballast = path, os.path.join(path, "ballast")
        os.makedirs(path)
        self.mounted = os.geteuid() == 0 and subprocess.run(["mount", "-t", "tmpfs", "-o", CORE_DISK, "tmpfs", path],
                                                            stderr=subprocess.DEVNULL, check=False).returncode == 0

    def fill(self):
        with open(self.ballast, "wb", buffering=0) as file:
            try:
                while file.write(bytes(65536)):
                    pass
            except OSError:
                pass

    def empty(self):
        os.remove(self.ballast)

    def remove(self):
        if self.mounted:
            subprocess.run(["umount", "--lazy", self.path], check=False)


class Disks:
    def __init__(self, binary, cluster, folder, disk, seed):
        self.cluster, self.folder, self.disk = cluster, folder, disk
        self.office, self.counter = Office(folder, random.Random(seed)), LineCounter()
        self.options = ["--engine", "kafka", "--bootstrap-servers", cluster.servers, "--exchange", "city"]
        self.datong = Datong(binary, os.path.join(disk.path, "data"), os.path.join(folder, "logs"))
        self.newcomer = Datong(binary, os.path.join(disk.path, "newcomer"), os.path.join(folder, "logs-newcomer"))
        self.running = None

    def start(self):
        self.running = self.datong.start_working(*self.options)

    def arrive(self, what):
        begun = time.monotonic()
        await_that(what, lambda: self.office.outstanding(self.counter, imports=False) == 0, self.running)
        print(f"{what}: all is delivered after {time.monotonic() - begun:.1f} s", flush=True)

    def core_disk_full(self):
        """Only what makes the next start quicker is kept there: lanes work on, and whoever stops is told."""
        self.disk.fill()
        for _ in range(3):
            self.office.publish(size=20)
            self.arrive("the core's disk is full")
        require(self.running.stop() and self.running.finished().code == 1, f"stopped on a full disk: {self.running.finished()}")
        require(NO_SPACE in self.running.errors(), f"nobody says that the disk is full: {self.running.finished()}")
        newcomer = self.newcomer.run("run", *self.options)
        require(newcomer.code == 1 and NO_SPACE in newcomer.err, f"a first start in a full directory: {newcomer}")
        self.disk.empty()
        self.start()
        self.office.publish(size=20)
        self.arrive("there is room again on the core's disk")

    def broker_disk_full(self):
        """Kafka ends a broker that cannot write. Everything waits, and goes on when it is there again."""
        require(self.cluster.ask("fill") == "yes", "the broker's disk cannot be filled")
        deadline = time.monotonic() + PATIENCE_S
        while True:
            self.office.publish(size=20)
            told = self.datong.run("lag")
            require(self.running.alive(), f"the core ended: {self.running.finished()}")
            if CLUSTER_AWAY in told.err:
                break
            require(time.monotonic() < deadline, f"the broker works on with a full disk: {told}")
            time.sleep(1)
        require(told.code == 4 and not told.out.strip(), f"lag while the broker's disk is full: {told}")
        print("the broker's disk is full: the broker has ended, the core waits", flush=True)
        require(self.cluster.ask("empty") == "yes", "the broker's disk cannot be emptied")
        self.cluster.kill()  # what is left of it
        self.cluster.start()
        self.arrive("there is room again on the broker's disk")

    def offsets_reset_by_hand(self):
        """Groups are for Kafka's tools: where to go on, ledger and receipts say. While it works, and while it is stopped."""
        tools = KafkaTools(self.cluster.servers)
        command = ["org.apache.kafka.tools.consumer.group.ConsumerGroupCommand", "--bootstrap-server", self.cluster.servers]
        groups = [name for name in tools.java(*command, "--list").split() if name.startswith("city.")]
        require(any("subscription" in name for name in groups) and any("lane" in name for name in groups), f"groups: {groups}")

        def reset():
            said = tools.java(*command, *(word for name in groups for word in ("--group", name)), "--all-topics", "--reset-offsets",
                              "--to-earliest", "--execute", "--timeout", "60000")
            require("Error" not in said, said)
        reset()
        self.office.publish(size=20)
        self.arrive("offsets were reset while it works")
        require(self.running.stop() and self.running.finished().code == 0, f"it stops badly: {self.running.finished()}")
        reset()
        self.start()
        self.office.publish(size=20)
        self.arrive("offsets were reset while it was stopped")

    def judge(self):
        complaints = judge_at_rest(self.office.sinks)
        require(not complaints, "\n".join(complaints))
        require(self.running.stop() and self.running.finished().code == 0, f"it stops badly: {self.running.finished()}")
        self.datong.must("books")
        self.datong.must("verify")

    def run(self):
        self.datong.must("apply", "-f", self.office.catalog(), *self.options)
        self.start()
        self.office.publish(size=20)
        self.arrive("at first")
        self.core_disk_full()
        self.broker_disk_full()
        self.offsets_reset_by_hand()
        self.judge()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("binary")
    parser.add_argument("--seed", type=int, default=int(os.environ.get("DATONG_SEED") or random.randrange(1 << 30)))
    arguments = parser.parse_args()
    print(f"DATONG_SEED={arguments.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="datong-disks-") as folder:
        disk = CoreDisk(os.path.join(folder, "disk"))
        if not disk.mounted:
            print("SKIPPED: no small file system can be mounted here", file=sys.stderr)
            return SKIPPED
        cluster = test = None
        try:
            cluster = KafkaCluster(arguments.binary, "--disk", str(BROKER_DISK_MIB))
            test = Disks(arguments.binary, cluster, folder, disk, arguments.seed)
            test.run()
        except NoKafka as why:
            return skip(why)
        except (Wrong, AssertionError, TimeoutError) as why:
            print(f"FAILED: {why}", file=sys.stderr)
            return 1
        finally:
            if test is not None and test.running is not None and test.running.alive():
                test.running.strike()
            if cluster is not None:
                cluster.close()
            disk.remove()
    print("nothing lost, nothing doubled, order kept, books balanced")
    return 0


if __name__ == "__main__":
    sys.exit(main())
