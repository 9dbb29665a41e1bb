#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kills the real exchange again and again - at named steps and at random moments, while it imports, decides, delivers, prunes and
checkpoints - and goes on with the same directory each time. With --engine kafka the broker is killed as well, under a running
exchange, and comes back; the exchange goes on without being told to. At the end a judge compares source files with sink files: nothing
lost, nothing doubled, the order of each key kept. Then the books must balance and the index equal one rebuilt from the ledger.

A round in which nothing was struck does not count. DATONG_SEED replays the choices of a run (not the moments of its threads).
"""
import argparse
import collections
import json
import os
import random
import shutil
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from harness import Datong, LineCounter, step_names  # noqa: E402
from judge import judge_all  # noqa: E402
from kafka_cluster import KafkaCluster, NoKafka, skip  # noqa: E402
from office import Office  # noqa: E402
from self_test import run_self_test  # noqa: E402

RANDOM = "(random moment)"
BROKER = "(the broker)"
RUNNING = ": running, process"  # from then on it can be asked
STEP_PATIENCE_S = 8.0     # a step that is not reached by then is left for a later round
RANDOM_MOMENT_MAX_S = {"embedded": 1.5, "kafka": 6.0}  # on Kafka a killed holder is waited for
BROKER_AWAY_MAX_S = 4.0
HANGS_S = 180             # a command that takes longer, on however busy a machine
BROKER_PATIENCE_S = 120   # for everything to flow again
REST_EVERY = 25           # counted rounds between two complete judgements
TRIES_PER_ROUND = 12
# How often a step may be passed before it strikes; what comes once per start or more seldom strikes at once.
PASSES = {"commit": 25, "transaction": 25, "lane.decided": 10, "lane.committed": 10, "source": 6, "publish": 6, "sink": 8, "receipt": 10,
          "checkpoint": 3, "retention.rows_dropped": 3, "snapshot.reported": 8, "snapshot.step_done": 8, "snapshot.decided": 3}


class Judged(Exception):
    """The exchange did something that it must not do."""


class CrashTest:
    def __init__(self, binary, folder, seed, say, cluster=None):
        self.cluster = cluster
        self.engine = "kafka" if cluster else "embedded"
        self.rng = random.Random(seed)
        self.say = say
        self.office = Office(os.path.join(folder, "office"), self.rng)
        self.datong = Datong(cluster.program if cluster else binary, os.path.join(folder, "data"), os.path.join(folder, "logs"))
        self.counter = LineCounter()
        self.strikes = collections.Counter()
        self.tries = collections.Counter()
        self.steps = step_names(self.engine)
        self.catalog = self.office.catalog()
        self.applied = False
        self.pending_catalog = self.catalog   # to be applied again until an apply has said that it is done
        self.pending_import = None            # the same for a file: (path, whether it is held)
        self.pending_decision = None          # a held file about which somebody has made up their mind: (path, confirm or reject)
        self.counted = self.uncounted = 0

    # --- one round

    def _kill_at(self, step):
        passes = PASSES.get(step) or PASSES.get(step.split(".")[0], 1)
        # The more often it was missed, the earlier it strikes.
        return f"{step}:{self.rng.randrange(1, max(1, passes >> self.tries[step]) + 1)}"

    def _choose_step(self):
        """A random moment now and then; else a step among those struck least. One that was missed comes again the sooner."""
        if self.cluster and self.rng.random() < 0.15:
            return BROKER
        if self.rng.random() < 0.25:
            return RANDOM
        done = {step: self.strikes[step] + self.tries[step] // 3 for step in self.steps}
        return self.rng.choice([step for step in self.steps if done[step] == min(done.values())])

    def round(self):
        """True when it counted."""
        step = self._choose_step()
        if step == "catalog.committed" and self.applied and self.pending_catalog is None and self.office.late < 6:
            self.pending_catalog = self.office.late_catalog()
        if step == BROKER:
            struck = self._broker_round() if self.applied else None
        elif self.pending_catalog is not None:
            struck = self._apply_round(step)
        elif self.pending_decision is not None and self.rng.random() < 0.5:
            struck = self._decision_round(step)
        elif step.split(".")[0] in ("source", "publish", "commit", "lane", "snapshot") and self.rng.random() < 0.4:
            struck = self._import_round(step)
        else:
            struck = self._run_round(step)
        if struck is None:
            self.uncounted += 1
            if step not in (RANDOM, BROKER):
                self.tries[step] += 1
            return False
        name, where = struck
        self.strikes[name] += 1
        self.counted += 1
        self.say(f"round {self.counted}: struck {name}: {where}")
        return True

    def _short(self, *arguments, step):
        """A command of its own, struck or not. Returns (finished, what was struck or None)."""
        kill_at = None if step == RANDOM else self._kill_at(step)
        running = self.datong.start(*arguments, kill_at=kill_at)
        moment = self.rng.uniform(0.01, 0.4 * RANDOM_MOMENT_MAX_S[self.engine])
        if step == RANDOM and not running.wait(moment):
            running.strike()
            return running.finished(), (RANDOM, f"{arguments[0]}, after {moment:.2f} s")
        if not running.wait(HANGS_S):
            running.strike()
            raise Judged(f"datong {arguments[0]} hangs: {running.finished()}")
        finished = running.finished()
        if finished.struck:
            return finished, (finished.struck, f"{arguments[0]}, {kill_at}")
        return finished, None

    def _apply_round(self, step):
        finished, struck = self._short("apply", "-f", self.pending_catalog, "--lanes", "2", step=step)
        if struck:
            return struck
        if finished.code != 0:
            raise Judged(f"apply failed: {finished}")
        self.pending_catalog, self.applied = None, True
        return None

    def _next_import(self):
        """The file that is to be imported; None while one is held."""
        if self.pending_import is None and self.pending_decision is None:
            self.pending_import = self.office.permits_file()
        return self.pending_import

    def _import(self):
        return ["import", "permits", self.pending_import[0], "--mode", "full"]

    def _import_round(self, step):
        if self._next_import() is None:
            return self._decision_round(step)
        # Whether a dump is held is known when it is decided.
        how = self.rng.choice(["decided", "applied"] if self.pending_import[1] else ["published", "decided", "applied"])
        finished, struck = self._short(*self._import(), "--wait", how, step=step)
        if struck:
            return struck
        self._import_ended(finished)
        return None

    def _import_ended(self, finished):
        """6: rows were held back. 7: the dump is held."""
        path, held = self.pending_import
        if finished.code not in ((7,) if held else (0, 6)):
            raise Judged(f"import of {path}, which is {'' if held else 'not '}to be held: {finished}")
        self.pending_import = None
        if held:
            self.pending_decision = (path, self.rng.choice(["confirm", "confirm", "reject"]))

    def _held_snapshot(self):
        """The number under which a person finds the dump."""
        rows = [row for row in self.datong.must("snapshot", "list", "--resource", "permits", "--output", "json").json()["rows"]]
        return str(rows[-1]["snapshot"])

    def _decision_round(self, step):
        path, word = self.pending_decision
        finished, struck = self._short("snapshot", word, self._held_snapshot(), "--why", "seen", step=step)
        if struck:
            return struck
        self._decision_ended(finished)
        return None

    def _decision_ended(self, finished):
        path, word = self.pending_decision
        # A try that was struck may have been heard: "is decided already".
        if finished.code != 0 and "decided already" not in finished.err:
            raise Judged(f"snapshot {word} failed: {finished}")
        if word == "confirm":
            self.office.permits.model.take(path)
        self.pending_decision = None

    def _run_round(self, step):
        self.office.publish(size=self.rng.choice([1, 1, 5, 20]))
        if step == "retention.segment_removed":
            self.office.publish_events_alone()
        kill_at = None if step == RANDOM else self._kill_at(step)
        running = self.datong.start("run", kill_at=kill_at)
        helper = self._start_import_beside(running) if self.rng.random() < 0.3 else None
        try:
            if step == RANDOM:
                return self._strike_at_random(running)
            return self._await_strike(running, kill_at)
        finally:
            if running.alive():
                running.strike()
            if helper is not None:
                self._end_import_beside(helper)

    def _broker_round(self):
        """The broker dies under a running exchange and comes back; the exchange goes on without being told to."""
        running = self.datong.start("run")
        try:
            while RUNNING not in running.errors() and not running.wait(0.05):
                pass
            self.office.publish(size=self.rng.choice([1, 5, 20]))
            if running.wait(self.rng.uniform(0.1, 2.0)):
                raise Judged(f"datong run ended by itself: {running.finished()}")
            outstanding = self.office.outstanding(self.counter)
            self.cluster.kill()
            away = self.rng.uniform(0, BROKER_AWAY_MAX_S)
            time.sleep(away)
            self.cluster.start()
            deadline = time.monotonic() + BROKER_PATIENCE_S
            while self.office.outstanding(self.counter, imports=False) > 0:
                if running.wait(0.2):
                    raise Judged(f"datong run did not outlive its broker: {running.finished()}")
                if time.monotonic() > deadline:
                    raise Judged(f"nothing flows {BROKER_PATIENCE_S} s after the broker's return: {running.errors()}")
            return BROKER, f"run, away for {away:.1f} s, {outstanding} deliveries outstanding"
        finally:
            if running.alive():
                running.strike()

    def _strike_at_random(self, running):
        moment = self.rng.uniform(0.02, RANDOM_MOMENT_MAX_S[self.engine])
        publish_at = moment * self.rng.random()
        if running.wait(publish_at):
            raise Judged(f"datong run ended by itself: {running.finished()}")
        self.office.publish()
        if running.wait(moment - publish_at):
            raise Judged(f"datong run ended by itself: {running.finished()}")
        outstanding = self.office.outstanding(self.counter)
        running.strike()
        doing = "working" if RUNNING in running.errors() else "starting"
        if outstanding == 0:
            return None  # it had nothing to do
        return RANDOM, f"run, {doing}, after {moment:.2f} s, {outstanding} deliveries outstanding"

    def _await_strike(self, running, kill_at):
        deadline = time.monotonic() + STEP_PATIENCE_S
        while time.monotonic() < deadline:
            if running.wait(0.3):
                break
            if self.office.outstanding(self.counter) == 0:
                self.office.publish()  # there is always work
        else:
            # An orderly end has steps of its own.
            if not running.stop():
                raise Judged(f"datong run does not stop: {running.finished()}")
        finished = running.finished()
        if finished.struck:
            return finished.struck, f"run, {kill_at}, after {finished.seconds:.2f} s"
        if finished.code != 0:
            raise Judged(f"datong run failed: {finished}")
        return None

    def _start_import_beside(self, running):
        """An import that asks the running exchange. None when that died too early to be asked."""
        while RUNNING not in running.errors():
            if running.wait(0.02):
                return None
        if self._next_import() is None:
            return None
        return self.datong.start(*self._import())

    def _end_import_beside(self, helper):
        """Its exchange may have died under it: then the same file is imported again later."""
        if not helper.wait(HANGS_S):
            helper.strike()
            raise Judged(f"an import hangs whose exchange was killed: {helper.finished()}")
        finished = helper.finished()
        if finished.code in (0, 6, 7):
            self._import_ended(finished)

    # --- between and after the rounds

    def rest(self, seconds=120):
        """Lets everything finish, then judges."""
        if self.pending_catalog is not None:
            self.datong.must("apply", "-f", self.pending_catalog, "--lanes", "2")
            self.pending_catalog, self.applied = None, True
        if self.pending_import is not None:
            self._import_ended(self.datong.run(*self._import()))
        if self.pending_decision is not None:
            self._decision_ended(self.datong.run("snapshot", self.pending_decision[1], self._held_snapshot(), "--why", "seen"))
        running = self.datong.start("run")
        deadline = time.monotonic() + seconds
        while RUNNING not in running.errors() and not running.wait(0.05):
            pass
        while self.office.outstanding(self.counter) > 0 and time.monotonic() < deadline and not running.wait(0.1):
            pass
        # State files and late subscribers have no count to wait for; the last complaint counts.
        while (complaints := judge_all(self.office.sinks)) and time.monotonic() < min(deadline, running.started + 20):
            if running.wait(0.3):
                break
        if not running.stop():
            complaints.append("datong run does not stop")
        finished = running.finished()
        if finished.code != 0:
            complaints.append(f"datong run failed: {finished}")
        if complaints:
            raise Judged("\n".join(complaints) + f"\nthe last run: {finished}")
        self._check_accounts()

    def _check_accounts(self):
        books = self.datong.run("books", "--output", "json")
        if books.code != 0:
            raise Judged(f"the books do not balance: {books}")
        verify = self.datong.run("verify")
        if verify.code != 0:
            raise Judged(f"the index differs from one rebuilt: {verify}")
        self._check_present_state()

    def _check_present_state(self):
        """Retention, which drops all it may here, has left what the present state points to."""
        model = self.office.companies.model
        wanted = {key: (dict(zip(model.columns, change.values)), change.file, change.row) for key, change in model.state.items()}
        answer = self.datong.must("state", "tax-register", "--output", "ndjson")
        rows = [json.loads(line) for line in answer.out.splitlines()]
        rows = {row["key"]: (row["items"], row["file"], row["row"]) for row in rows if "key" in row}
        if rows != wanted:
            wrong = sorted(key for key in rows.keys() | wanted.keys() if rows.get(key) != wanted.get(key))
            raise Judged(f"`datong state` is wrong for {len(wrong)} keys, among them {wrong[:5]}")

    def run(self, rounds):
        since_rest = 0
        while self.counted < rounds:
            if not any(self.round() for _ in range(TRIES_PER_ROUND)):
                raise Judged(f"nothing was struck in {TRIES_PER_ROUND} rounds one after the other")
            since_rest += 1
            if since_rest == REST_EVERY:
                self.rest()
                since_rest = 0
            elif self.rng.random() < 0.1:
                self._check_books_after_crash()
        self.rest()

    def _check_books_after_crash(self):
        if not self.applied:
            return
        books = self.datong.run("books")
        if books.code != 0:
            raise Judged(f"the books do not balance after a crash: {books}")

    def report(self):
        lines = [f"{'strikes':>8}  step"]
        for name in self.steps + [RANDOM] + ([BROKER] if self.cluster else []):
            lines.append(f"{self.strikes[name]:8}  {name}")
        totals = ", ".join(f"{name} {model.changes()}" for name, model in (
            ("companies", self.office.companies.model), ("permits", self.office.permits.model),
            ("visits", self.office.visits.model)))
        deletes = sum(change.operation == "delete" for model in (self.office.companies.model, self.office.permits.model)
                      for history in model.history.values() for change in history)
        lines.append(f"{self.counted} rounds counted, {self.uncounted} struck nothing; deliveries wanted per subscriber: {totals}; "
                     f"{deletes} of them deletes")
        return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", default="build/release/datong")
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--engine", choices=["embedded", "kafka"], default="embedded")
    parser.add_argument("--keep", action="store_true", help="keep the folder also when all went well")
    parser.add_argument("--self-test", action="store_true", help="only show that the judge can fail")
    arguments = parser.parse_args()
    seed = int(os.environ.get("DATONG_SEED") or random.SystemRandom().randrange(1 << 32))
    print(f"DATONG_SEED={seed}", flush=True)

    failures = run_self_test(seed)
    if failures or arguments.self_test:
        print("\n".join(failures))
        return 1 if failures else 0

    try:
        cluster = KafkaCluster(arguments.binary) if arguments.engine == "kafka" else None
    except NoKafka as why:
        return skip(why)
    folder = tempfile.mkdtemp(prefix="datong-crash-")
    started = time.monotonic()
    test = CrashTest(os.path.abspath(arguments.binary), folder, seed, lambda line: print(line, flush=True),
                     cluster)
    failed = ""
    try:
        test.run(arguments.rounds)
        missed = [step for step in test.steps if test.strikes[step] == 0]
        if missed and arguments.rounds >= 3 * len(test.steps):
            failed = "never struck: " + ", ".join(missed)
    except (Judged, AssertionError, TimeoutError) as error:
        failed = str(error)
    finally:
        if cluster:
            cluster.close()
    print(test.report())
    print(f"{time.monotonic() - started:.0f} s")
    if failed:
        print(f"FAILED (DATONG_SEED={seed}, kept in {folder}):\n{failed}")
        return 1
    print("lost 0, doubled 0, out of order 0; books balanced; index equal to one rebuilt from the ledger")
    if arguments.keep:
        print(f"kept in {folder}")
    else:
        shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
