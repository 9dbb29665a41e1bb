#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An exchange under load, around which processes die at random: cores are killed and started again, or sleep while another takes their
lanes over and wake up behind its back; brokers are killed or stopped and come back. Nobody helps: what must be restarted is what a service
manager would restart. At the end a judge compares source files with sink files: nothing lost, nothing doubled, the order of each key
kept. Then the books must balance and the index equal one rebuilt from the ledger.

On Kafka two cores, each with a directory of its own, share the lanes of one exchange; with the embedded engine it is one. The seed that is
printed replays the choices of a run (not the moments of its threads)."""
import argparse
import collections
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from harness import Datong, LineCounter  # noqa: E402
from judge import judge_all  # noqa: E402
from kafka_cluster import KafkaCluster, NoKafka, skip  # noqa: E402
from office import Office  # noqa: E402

RUNNING = re.compile(r": running, process \d+")
SHARE = re.compile(r"Z  (?:works on lane [\d, ]+|follows all lanes); (.*)$", re.MULTILINE)
# What a core may end with by itself: the cluster is away when it starts.
RESTARTED = {"embedded": (), "kafka": ("DT-4009",)}
# How often each is drawn, of each engine.
STRIKES = {
    "embedded": {"kill the core": 3, "freeze the core": 1},
    "kafka": {"kill the leader": 3, "kill the follower": 2, "freeze the leader": 2, "freeze the follower": 1, "kill a broker": 3,
              "restart a broker": 1},
}
CALM_MAX_S = 3.0         # between two strikes
FROZEN_MAX_S = {"embedded": 2.0, "kafka": 6.0}  # the lanes of a core that is silent for 1 s are taken over
BROKER_AWAY_MAX_S = 4.0
REST_EVERY = 20          # rounds
PATIENCE_S = 300         # for everything to arrive, on however busy a machine


class Judged(Exception):
    """The exchange did something that it must not do."""


class Core:
    """A process `datong run` and its directory; started again when it ends."""

    def __init__(self, name, datong, options, engine):
        self.name, self.datong, self.options, self.engine = name, datong, options, engine
        self.running = None
        self.restarts = 0

    def start(self):
        self.running = self.datong.start("run", *self.options)

    def look(self):
        """Starts it again when it has ended for a reason that is one."""
        if self.running is None or self.running.alive():
            return
        finished = self.running.finished()
        if not any(f"error[{code}]" in finished.err for code in RESTARTED[self.engine]):
            raise Judged(f"{self.name} ended by itself: {finished}")
        self.restarts += 1
        self.start()

    def leads(self):
        """As far as it has said; on the embedded engine it is the only one."""
        if self.running is None or not self.running.alive():
            return False
        if self.engine == "embedded":
            return RUNNING.search(self.running.errors()) is not None
        said = SHARE.findall(self.running.errors())
        return bool(said) and said[-1] == "leads"

    def kill(self):
        self.running.strike()
        self.running = None

    def signal(self, number):
        if self.running.alive():
            self.running.process.send_signal(number)


class Chaos:
    def __init__(self, binary, folder, engine, seed, cluster=None, brokers=1):
        self.engine, self.cluster, self.brokers = engine, cluster, brokers
        self.rng = random.Random(seed)
        self.office = Office(os.path.join(folder, "office"), self.rng)
        self.counter = LineCounter()
        options = ["--engine", "kafka", "--bootstrap-servers", cluster.servers, "--exchange", "city"] if cluster else []
        self.cores = [Core(name, Datong(binary, os.path.join(folder, name), os.path.join(folder, "logs-" + name)), options, engine)
                      for name in (("core-a", "core-b") if cluster else ("core",))]
        self.struck = collections.Counter()
        self.cores[0].datong.must("apply", "-f", self.office.catalog(), "--lanes", "2", *options)

    def _look(self):
        for core in self.cores:
            core.look()

    def _sleep(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._look()
            time.sleep(0.1)

    def _leader(self):
        """The core that leads, as far as it is known; any other one while none does."""
        return next((core for core in self.cores if core.leads()), self.cores[0])

    def _follower(self):
        leader = self._leader()
        return next(core for core in self.cores if core is not leader)

    def _kill(self, core):
        core.kill()
        self._sleep(self.rng.uniform(0, 1))
        core.start()

    def _freeze(self, core, seconds):
        core.signal(signal.SIGSTOP)
        try:
            self._sleep(seconds)
        finally:
            core.signal(signal.SIGCONT)

    def strike(self, what):
        """In words, what was done."""
        deed, _, whom = what.partition(" ")
        if not whom.endswith("broker"):
            core = self._follower() if whom == "the follower" else self._leader()
            if deed == "kill":
                self._kill(core)
                return core.name
            seconds = self.rng.uniform(0.5, FROZEN_MAX_S[self.engine])
            self._freeze(core, seconds)
            return f"{core.name} for {seconds:.1f} s"
        broker, away = str(self.rng.randint(1, self.brokers)), self.rng.uniform(0, BROKER_AWAY_MAX_S)
        self.cluster.ask(f"{'kill' if deed == 'kill' else 'stop'} {broker}")
        self._sleep(away)
        self.cluster.ask(f"start {broker}")
        return f"broker {broker} for {away:.1f} s"

    def round(self, number):
        self.office.publish(size=self.rng.choice([1, 5, 20]))
        self._sleep(self.rng.uniform(0, CALM_MAX_S))
        outstanding = self.office.outstanding(self.counter)
        table = STRIKES[self.engine]
        what = self.rng.choices(list(table), table.values())[0]
        whom = self.strike(what)
        self.struck[what] += 1
        print(f"round {number}: {what}: {whom}; {outstanding} deliveries outstanding", flush=True)

    def rest(self):
        """Lets everything arrive, then judges what the sinks wrote. The exchange goes on."""
        deadline = time.monotonic() + PATIENCE_S
        while self.office.outstanding(self.counter) > 0 or judge_all(self.office.sinks):
            if time.monotonic() > deadline or self.office.outstanding(self.counter) < 0:
                said = "\n".join(f"--- {core.name}\n{core.running.errors()[-3000:]}" for core in self.cores)
                raise Judged("\n".join(judge_all(self.office.sinks)) + f"\n{said}")
            self._sleep(0.5)

    def run(self, rounds):
        for core in self.cores:
            core.start()
        for number in range(1, rounds + 1):
            self.round(number)
            if number % REST_EVERY == 0:
                self.rest()
        self.rest()
        for core in self.cores:
            if not core.running.stop():
                raise Judged(f"{core.name} does not stop")
        for core in self.cores:
            for words in (["books"], ["verify"]):
                finished = core.datong.run(*words, seconds=PATIENCE_S)
                if finished.code != 0:
                    raise Judged(f"{' '.join(words)} on {core.name}: {finished}")

    def report(self):
        wanted = sum(sink.model.changes() for sink in self.office.sinks if sink.check == "changes")
        lines = [f"{count:8}  {what}" for what, count in sorted(self.struck.items())]
        lines += [f"{core.restarts:8}  {core.name} ended by itself and was started again" for core in self.cores]
        return "\n".join([*lines, f"{sum(self.struck.values())} rounds, {wanted} deliveries wanted"])

    def end(self):
        for core in self.cores:
            if core.running is not None and core.running.alive():
                core.signal(signal.SIGCONT)
                core.running.strike()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default="build/release/datong")
    parser.add_argument("--engine", choices=list(STRIKES), default="kafka")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--brokers", type=int, choices=[1, 3], default=1)
    parser.add_argument("--seed", type=int, default=int(os.environ.get("DATONG_SEED") or random.SystemRandom().randrange(1 << 32)))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}: the same choices again with --seed {arguments.seed}", flush=True)
    try:
        cluster = KafkaCluster(arguments.binary, "--brokers", str(arguments.brokers)) if arguments.engine == "kafka" else None
    except NoKafka as why:
        return skip(why)
    folder = tempfile.mkdtemp(prefix="datong-chaos-")
    started = time.monotonic()
    failed, chaos = "", None
    try:
        chaos = Chaos(os.path.abspath(arguments.binary), folder, arguments.engine, arguments.seed, cluster, arguments.brokers)
        chaos.run(arguments.rounds)
    except (Judged, AssertionError, TimeoutError) as error:
        failed = str(error)
    finally:
        if chaos:
            chaos.end()
        if cluster:
            cluster.close()
    print(f"{chaos.report() if chaos else ''}\n{time.monotonic() - started:.0f} s")
    if failed:
        print(f"FAILED (--seed {arguments.seed}, kept in {folder}):\n{failed}")
        return 1
    print("lost 0, doubled 0, out of order 0; books balanced; index equal to one rebuilt from the ledger")
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
