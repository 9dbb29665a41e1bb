#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An exchange is carried over from its directory to Kafka, killed at every step of the way. Nothing is lost or doubled at its
subscribers, the books and the heads of the ledger are on Kafka what they were before, and until the last step the exchange works in
its directory as ever. Wrong uses are refused by name."""
import os
import random
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from harness import Datong, LineCounter, step_names  # noqa: E402
from judge import judge_all  # noqa: E402
from kafka_cluster import KafkaCluster, NoKafka, skip  # noqa: E402
from kafka_tools import KafkaTools  # noqa: E402
from office import Office  # noqa: E402
from registered import FAILURES, check  # noqa: E402

SECONDS_MAX = 240
RUNNING = ": running, process"
LAST_STEPS = ["migrate.turned_round", "migrate.set_aside"]
SMALL = """
departments: [{name: registry}, {name: tax}]
key_domains: [{name: company}]
resources:
  - {name: companies, provider: registry, key_domain: company, kind: entity, key: [code], items: [code, name]}
grants: [{name: all, resource: companies, department: tax, items: all, purpose: test}]
subscriptions:
  - {name: tax, grant: all, start: beginning}
  - {name: tax-json, grant: all, start: beginning, delivery: json}
connectors: [{name: to_tax, kind: file, sink: {subscription: tax, directory: DIRECTORY}}]
"""


class Moving:
    """One exchange and its way to the cluster."""

    def __init__(self, folder, binary, servers, name):
        self.folder = os.path.join(folder, name)
        os.makedirs(self.folder)
        self.datong = Datong(os.path.abspath(binary), os.path.join(self.folder, "data"), os.path.join(self.folder, "logs"))
        self.name, self.servers = name, servers
        self.where_to = ["--bootstrap-servers", servers, "--exchange", name]

    def migrate(self, *words, kill_at=None, seconds=SECONDS_MAX):
        return self.datong.run("migrate", *(words or self.where_to), "--output", "json", kill_at=kill_at, seconds=seconds)

    def path(self, name):
        return os.path.join(self.datong.directory, name)

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def accounts(self):
        """Books and heads; the index equals the ledger replayed."""
        books = self.datong.must("books", "--output", "json", seconds=SECONDS_MAX).json()["rows"]
        verified = self.datong.must("verify", "--output", "json", seconds=SECONDS_MAX).json()["summary"]
        check(verified["sound"], f"{self.name}: verify: {verified}")
        return books, verified["heads"]

    def works(self, *words):
        running = self.datong.start("run", *words)
        deadline = time.monotonic() + SECONDS_MAX
        while RUNNING not in running.errors() and not running.wait(0.1) and time.monotonic() < deadline:
            pass
        check(RUNNING in running.errors(), f"{self.name}: run does not begin: {running.errors()}")
        return running

    def elsewhere(self, *words):
        """The same exchange, from a directory on another machine."""
        other = Datong(self.datong.binary, os.path.join(self.folder, "elsewhere"), os.path.join(self.folder, "logs-elsewhere"))
        return other.run(*words, "--engine", "kafka", *self.where_to, seconds=SECONDS_MAX)

    def opens_elsewhere(self):
        other = Moving(self.folder, self.datong.binary, self.servers, "opened")
        running = other.works("--engine", "kafka", *self.where_to)
        check(running.stop(), f"{self.name}: run on another machine does not stop")


def refused(finished, code, error, *words):
    return check(finished.code == code and error in finished.err and all(word in finished.err for word in words),
                 f"{error} with {words} was to come: {finished}")


def small_exchange(folder, binary, servers, name):
    """Half of it delivered: 200 rows are, 100 are not."""
    moving = Moving(folder, binary, servers, name)
    moving.sink = os.path.join(moving.folder, "tax")
    moving.datong.must("apply", "-f", moving.write("catalog.yaml", SMALL.replace("DIRECTORY", moving.sink)))
    for first, count, wait in ((0, 200, "applied"), (200, 100, "decided")):
        rows = "".join(f"C{i},name {i}\n" for i in range(first, first + count))
        moving.datong.must("import", "companies", moving.write(f"{first}.csv", "code,name\n" + rows), "--wait", wait)
    return moving


def arrives(moving, rows):
    """Whoever works on it now delivers what is left, and no more."""
    running = moving.works()
    counter, deadline = LineCounter(), time.monotonic() + SECONDS_MAX
    while counter.count(moving.sink) < rows and time.monotonic() < deadline:
        time.sleep(0.2)
    time.sleep(1)
    check(counter.count(moving.sink) == rows, f"{moving.name}: {counter.count(moving.sink)} rows at the sink, not {rows}")
    check(running.stop(), f"{moving.name}: run does not stop")


class RealWay:
    """Registers that change, five subscribers, retention that drops: killed at each step before the last ones, worked on in between."""

    def __init__(self, folder, binary, cluster, seed):
        self.moving = Moving(folder, binary, cluster.servers, "city")
        self.datong, self.cluster = self.moving.datong, cluster
        self.office = Office(os.path.join(self.moving.folder, "office"), random.Random(seed))
        self.counter = LineCounter()

    def flows(self, publish=True):
        """Works until all that was published is with the sinks."""
        if publish:
            self.office.publish(size=10)
        running = self.moving.works()
        deadline = time.monotonic() + SECONDS_MAX
        while self.office.outstanding(self.counter, imports=False) > 0 and time.monotonic() < deadline and not running.wait(0.2):
            pass
        time.sleep(2.5)  # retention has its turn
        check(running.stop(), f"run does not stop: {running.errors()}")
        check(self.office.outstanding(self.counter, imports=False) == 0, f"not all is delivered: {running.errors()}")

    def begins(self):
        self.datong.must("apply", "-f", self.office.catalog(), "--lanes", "2")
        self.office.publish(size=20)
        self.office.publish_events_alone()
        self.flows(publish=False)
        path, _ = self.office.permits_file()  # a first dump is never held
        decided = self.datong.run("import", "permits", path, "--mode", "full", "--wait", "decided", seconds=SECONDS_MAX)
        check(decided.code in (0, 6), f"import: {decided}")
        check(self.office.outstanding(self.counter) > 0, "everything is delivered: there is nothing on the way")

    def is_struck_at_each_step(self):
        for step in [one for one in step_names("move") if one.startswith("migrate.") and one not in LAST_STEPS]:
            before = self.moving.accounts()
            times = {"migrate.topic_made": 5, "migrate.part_sent": 3, "migrate.partition_copied": 9}.get(step, 1)
            struck = self.moving.migrate(*(() if step == "migrate.noted" else ["--bootstrap-servers", self.cluster.servers]),
                                         kill_at=f"{step}:{times}")
            check(struck.struck == step, f"not struck at {step}: {struck}")
            check(self.moving.accounts() == before, f"{step}: the exchange in the directory is another")
            if step != "migrate.noted":
                refused(self.moving.elsewhere("run"), 4, "DT-4011", "migrate")
            if step in ("migrate.part_sent", "migrate.carried"):
                self.flows()  # it works where it was; the next try carries over what came since
            print(f"struck at {step}", flush=True)

    def outlives_its_broker(self):
        """Away at some moment of the way: said, and the same command goes on. It is struck before it is done, for more moments."""
        said = 0
        for moment in (0.7, 1.5, 3.0):
            self.office.publish(size=20)
            self.flows(publish=False)
            running = self.datong.start("migrate", *self.moving.where_to, kill_at="migrate.compared:1")
            running.wait(moment)
            self.cluster.kill()
            check(running.wait(SECONDS_MAX), "migrate waits for ever for a broker that is away")
            finished = running.finished()
            if finished.struck is None:
                said += refused(finished, 4, "DT-4009")
            self.cluster.start()
        check(said > 0, "the broker never was away in the middle")

    def arrives(self):
        before = self.moving.accounts()
        moved = self.moving.migrate()
        if not check(moved.code == 0, f"migrate: {moved}"):
            return
        summary = moved.json()["summary"]
        check(summary["outcome"] == "moved" and summary["balanced"] and summary["heads"] == before[1], f"summary: {summary}")
        check(sum(row["kept_messages"] for row in moved.json()["rows"]) == summary["kept_messages"] > 0, f"rows: {moved}")
        check(os.path.isdir(self.moving.path("log-before-kafka")) and summary["kept_in"] == self.moving.path("log-before-kafka"),
              "the former data is not kept where it is said to be")
        check(not os.path.exists(self.moving.path("log")) and not os.path.exists(self.moving.path("migration.json")), "something is left over")
        check(self.moving.accounts() == before, "books or heads are others on Kafka")
        refused(self.moving.migrate(), 2, "DT-1002", "already")
        plan = self.datong.run("topics", "plan")
        check(plan.code == 0, f"topics are not as planned: {plan}")

    def goes_on(self):
        self.flows()
        self.flows()
        deadline = time.monotonic() + SECONDS_MAX
        running = self.moving.works()
        while (self.office.outstanding(self.counter) > 0 or judge_all(self.office.sinks)) and time.monotonic() < deadline:
            if running.wait(0.3):
                break
        check(running.stop(), "run does not stop")
        for complaint in judge_all(self.office.sinks):
            check(False, complaint)
        self.moving.accounts()
        group = KafkaTools(self.cluster.servers).group("city.subscription.1")
        check(group and all(lag == 0 for _, _, lag in group.values()), f"kafka-consumer-groups sees lag where all is taken: {group}")
        self.moving.opens_elsewhere()


def last_steps_need_nobody(folder, binary, servers):
    """Killed behind the step that counts: it is on Kafka, and whoever comes next does what is left."""
    one = small_exchange(folder, binary, servers, "one")
    before = one.accounts()
    check(one.migrate(kill_at="migrate.turned_round:1").struck == "migrate.turned_round", "not struck")
    refused(one.elsewhere("run"), 4, "DT-4011")  # this directory comes first
    check(one.accounts() == before, "one: books or heads are others on Kafka")
    check(os.path.isdir(one.path("log-before-kafka")) and not os.path.exists(one.path("log")), "one: the former data has its old name")
    arrives(one, 300)
    refused(one.migrate(), 2, "DT-1002")

    other = small_exchange(folder, binary, servers, "other")
    before = other.accounts()
    check(other.migrate(kill_at="migrate.set_aside:1").struck == "migrate.set_aside", "not struck")
    completed = other.migrate(*["--bootstrap-servers", servers])
    check(completed.code == 0 and completed.json()["summary"]["outcome"] == "completed", f"the last steps: {completed}")
    check(other.accounts() == before, "other: books or heads are others on Kafka")
    other.opens_elsewhere()
    arrives(other, 300)
    return one


def foreign_readers_see_records(tools, moving):
    """What the directory did not keep: the attributes beside each record."""
    said = tools.java("org.apache.kafka.tools.consumer.ConsoleConsumer", "--bootstrap-server", moving.servers, "--topic",
                      f"{moving.name}.deliver.2", "--from-beginning", "--max-messages", "300", "--timeout-ms", "60000", "--isolation-level",
                      "read_committed", "--property", "print.headers=true", "--property", "print.key=true")
    records = said.split("datong.envelope:")[1:]  # a line may have any byte in its envelope
    check(len(records) == 300 and all("ce_id:stream-2-" in one and "content-type:application/json" in one for one in records),
          f"{len(records)} records with attributes: {records[:3]}")
    check(any('C299\t{"code":"C299","name":"name 299"}' in one for one in records), f"the last record: {records[-1:]}")


def wrong_uses(folder, binary, servers, taken):
    moving = small_exchange(folder, binary, servers, "wrong")
    nobody = Moving(folder, binary, servers, "nobody")
    refused(nobody.migrate(), 4, "DT-4002")
    refused(moving.migrate("--exchange", "wrong"), 2, "DT-1002", "--bootstrap-servers")
    refused(moving.migrate("--bootstrap-servers", servers), 2, "DT-1002", "--exchange")
    refused(moving.migrate("--bootstrap-servers", "127.0.0.1:1", "--exchange", "wrong"), 4, "DT-4009")
    refused(moving.migrate("--bootstrap-servers", servers, "--exchange", taken), 1, "DT-4012", f"{taken}.")
    refused(moving.datong.run("run", "--engine", "kafka", *moving.where_to), 2, "DT-1002", "datong migrate")
    running = moving.works()
    refused(moving.migrate(), 4, "DT-4001")
    check(running.stop(), "wrong: run does not stop")
    check(not os.path.exists(moving.path("migration.json")) and not os.path.exists(moving.path("engine.json")), "a refused move left something")
    check(moving.migrate(kill_at="migrate.claimed:1").struck == "migrate.claimed", "not struck")
    refused(moving.migrate("--exchange", "elsewhere"), 2, "DT-1002", "wrong")
    told = moving.works()
    check("a move of this exchange to Kafka" in told.errors(), f"run says nothing of the move that was begun: {told.errors()}")
    check(told.stop(), "wrong: run does not stop")
    second = small_exchange(folder, binary, servers, "second")
    refused(second.migrate("--bootstrap-servers", servers, "--exchange", "wrong"), 1, "DT-4012")
    check(moving.migrate().code == 0, "wrong: what was refused before does not go when it is right")


def main():
    seed = int(os.environ.get("DATONG_SEED", "1"))
    with tempfile.TemporaryDirectory(prefix="datong-migrate-") as folder:
        try:
            cluster = KafkaCluster(sys.argv[1])
        except NoKafka as why:
            return skip(why)
        try:
            binary, servers = sys.argv[1], cluster.servers
            one = last_steps_need_nobody(folder, binary, servers)
            foreign_readers_see_records(KafkaTools(servers), one)
            wrong_uses(folder, binary, servers, one.name)
            way = RealWay(folder, binary, cluster, seed)
            way.begins()
            way.is_struck_at_each_step()
            way.outlives_its_broker()
            way.arrives()
            way.goes_on()
        finally:
            cluster.close()
    print(f"{len(FAILURES)} failures")
    return 1 if FAILURES else 0


if __name__ == "__main__":
    sys.exit(main())
