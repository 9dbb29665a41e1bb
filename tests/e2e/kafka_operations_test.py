#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What an operator of an exchange on Kafka does and sees: the topics as they should be and as they are, warnings before it hurts, and
in Kafka's own tools the same offsets and the same lag. Everything that goes wrong is done with Kafka's tools."""
import os
import re
import shutil
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from harness import Datong  # noqa: E402
from kafka_cluster import KafkaCluster, NoKafka, skip  # noqa: E402
from kafka_tools import KafkaTools  # noqa: E402
from registered import FAILURES, check  # noqa: E402

CATALOG = """
departments: [{name: registry}, {name: tax}, {name: audit}]
key_domains: [{name: company}]
resources:
  - {name: companies, provider: registry, key_domain: company, kind: entity, key: [code], items: [code, name, city]}
grants:
  - {name: all, resource: companies, department: tax, items: all, purpose: test}
  - {name: some, resource: companies, department: audit, items: [code, name], purpose: test}
subscriptions:
  - {name: tax, grant: all, start: beginning}
  - {name: audit, grant: some, start: beginning}
connectors:
  - {name: to_tax, kind: file, sink: {subscription: tax, directory: DIRECTORY, format: csv}}
"""
SECONDS_MAX = 60


class Place:
    def __init__(self, folder, binary, servers):
        self.folder, self.servers, self.tools = folder, servers, KafkaTools(servers)
        self.datong = Datong(os.path.abspath(binary), os.path.join(folder, "data"), os.path.join(folder, "logs"))
        self.catalog = self.write("catalog.yaml", CATALOG.replace("DIRECTORY", os.path.join(folder, "tax")))
        self.engine = ["--engine", "kafka", "--bootstrap-servers", servers, "--exchange", "ops"]

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def topics(self, verb, *words):
        """(the finished command, its rows by topic, its summary)"""
        finished = self.datong.run("topics", verb, *words, "--output", "json")
        if not finished.out:
            return finished, {}, {}
        return finished, {row["topic"]: row for row in finished.json()["rows"]}, finished.json()["summary"]

    def rows(self, first, count):
        lines = "".join(f"C{i},name {i},city {i % 7}\n" for i in range(first, first + count))
        return self.write(f"companies-{first}.csv", "code,name,city\n" + lines)

    def lag(self):
        said = self.datong.must("lag", "--output", "json").json()
        return {row["subscription"]: row for row in said["rows"]}, said["summary"]

    def warnings(self, code):
        return [one for one in self.lag()[1]["warnings"] if one["warning"] == code]


def await_that(what, condition, seconds=SECONDS_MAX):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.2)
    check(False, f"waited {seconds} s: {what}")


def plans_change_nothing(place):
    finished, rows, summary = place.topics("plan", "-f", place.catalog, *place.engine)
    check(finished.code == 6 and "DT-6101" in finished.err, f"plan of a new exchange: {finished}")
    check({"ops.ledger", "ops.catalog", "ops.holder", "ops.members", "ops.pub.1", "ops.deliver.1", "ops.deliver.2", "ops.again.1",
           "ops.quarantine.3"} <= set(rows), f"not all topics are planned: {sorted(rows)}")
    check(all(row["state"] == "missing" for row in rows.values()), "something is there before anything was made")
    check(all(one["why"] for row in rows.values() for one in row["settings"]), "a setting without a reason")
    check(summary["brokers"] == 1 and summary["replication_factor"] == 1 and summary["differing"] == len(rows), f"summary: {summary}")
    check(not os.path.exists(place.datong.directory), "a plan made the directory")
    check(not [topic for topic in place.tools.topics() if topic.startswith("ops.")], "a plan made topics")
    return set(rows)


def topics_are_as_planned(place, planned):
    place.datong.must("apply", "-f", place.catalog, *place.engine)
    finished, rows, _ = place.topics("plan")
    check(finished.code == 0 and all(row["state"] == "as planned" for row in rows.values()), f"after apply: {finished}")
    there = {topic for topic in place.tools.topics() if topic.startswith("ops.")}
    check(set(rows) == there == planned, f"planned {sorted(planned)}, shown {sorted(rows)}, there {sorted(there)}")
    text = place.datong.must("topics", "plan").out
    for words in ("ops.deliver.1", "min.insync.replicas", "WHY", "deliveries of companies to tax", "The cluster is as planned."):
        check(words in text, f"{words!r} is not in the table:\n{text}")


def what_differs_is_mended(place):
    place.tools.set("ops.deliver.1", retention_ms=3600000, compression_type="gzip")
    place.tools.set("ops.ledger", cleanup_policy="compact")
    place.tools.delete_topic("ops.quarantine.2")
    finished, rows, summary = place.topics("plan")
    check(finished.code == 6 and summary["differing"] == 3, f"plan: {finished}")
    check(rows["ops.quarantine.2"]["state"] == "missing", "a deleted topic is not missed")
    check([(one["what"], one["found"], one["planned"], one["remedy"]) for one in rows["ops.deliver.1"]["differences"]] ==
          [("retention.ms", "3600000", "-1", "set")], f"differences: {rows['ops.deliver.1']['differences']}")
    check("retention.ms" in place.datong.run("topics", "plan").out, "the table does not show the difference")
    check(place.tools.settings("ops.deliver.1").get("retention.ms") == "3600000", "a plan changed a setting")

    finished, rows, _ = place.topics("apply")
    check(finished.code == 0, f"topics apply: {finished}")
    check((rows["ops.quarantine.2"]["state"], rows["ops.deliver.1"]["state"], rows["ops.ledger"]["state"]) == ("created", "set", "set"),
          f"states: {[row['state'] for row in rows.values()]}")
    finished, _, _ = place.topics("plan")
    check(finished.code == 0, f"plan after apply: {finished}")
    settings = place.tools.settings("ops.deliver.1")
    check(settings.get("retention.ms") == "-1" and settings.get("compression.type") == "gzip", f"what somebody else set is gone: {settings}")


def copies_are_told(place):
    """One broker cannot hold what three are asked for: said, and nothing made worse."""
    words = ["--replication-factor", "3", "--min-insync-replicas", "2"]
    finished, rows, _ = place.topics("plan", *words)
    check(finished.code == 6, f"plan of three copies on one broker: {finished}")
    found = {one["what"]: one for one in rows["ops.ledger"]["differences"]}
    check(set(found) == {"replicas", "min.insync.replicas"} and all(one["remedy"] == "by hand" and one["next"] for one in found.values()),
          f"differences: {found}")
    wrong = place.datong.run("topics", "plan", "--min-insync-replicas", "2")
    check(wrong.code == 2 and "DT-1002" in wrong.err, f"two in sync of one copy: {wrong}")
    check(place.topics("plan")[0].code == 0, "a plan was kept")


def embedded_has_nothing_to_plan(place):
    other = Datong(place.datong.binary, os.path.join(place.folder, "embedded"), os.path.join(place.folder, "logs"))
    check(other.run("topics", "plan").code == 4, "topics of no exchange")
    other.must("apply", "-f", place.catalog)
    check("nothing to plan" in other.must("topics", "plan").out, "topics of the embedded engine")
    check(other.must("topics", "apply", "--output", "json").json()["rows"] == [], "topics of the embedded engine, as JSON")


def kafkas_tools_agree(place):
    """kafka-consumer-groups and `lag` say the same of a subscription: all taken, and how far behind."""
    place.datong.must("import", "companies", place.rows(0, 300))
    running = place.datong.start_working(seconds=SECONDS_MAX)
    await_that("tax takes all", lambda: place.lag()[0]["tax"]["records_behind"] == 0)
    tax = place.tools.group("ops.subscription.1")
    check(tax.get("ops.deliver.1", (0, 0, 1))[2] == 0, f"kafka-consumer-groups sees lag where all is taken: {tax}")
    check(tax["ops.deliver.1"][0] == tax["ops.deliver.1"][1] > 0, f"offsets: {tax}")
    lanes = [place.tools.group(f"ops.lane.{lane}") for lane in range(4)]
    read = [lag for lane in lanes for topic, (_, _, lag) in lane.items() if topic.startswith("ops.pub.")]
    check(read and all(lag == 0 for lag in read), f"lanes as kafka-consumer-groups sees them: {lanes}")
    check(running.stop(), "run does not stop")
    place.datong.must("import", "companies", place.rows(300, 100), "--wait", "decided")
    behind = place.lag()[0]["tax"]["records_behind"]
    tax = place.tools.group("ops.subscription.1")
    check(behind == 100 and tax["ops.deliver.1"][2] > 0, f"behind: {behind} records here, {tax} there")
    return tax["ops.deliver.1"][0]


def retention_is_told_before_it_hurts(place, unread):
    check(place.lag()[1]["warnings"] == [], f"warnings of a sound cluster: {place.lag()[1]['warnings']}")
    place.tools.set("ops.deliver.1", retention_ms=7200000)
    told = place.warnings("retention")
    mine = [one for one in told if "tax" in one["what"]]
    check(len(mine) == 1 and mine[0]["urgent"] and mine[0]["where"] == "ops.deliver.1/0" and "7200000" in mine[0]["what"] and
          " in 1 h " in mine[0]["what"], f"retention of two hours: {told}")
    # The exchange may say the place of the mark that stands before it.
    check(re.search(r"\(offset (\d+)\)", mine[0]["what"])[1] in (str(unread - 1), str(unread)), f"offset {unread} is not what is unread: {mine}")
    place.tools.set("ops.deliver.1", retention_ms=10**13)
    told = [one for one in place.warnings("retention") if "tax" in one["what"]]
    check(len(told) == 1 and not told[0]["urgent"], f"retention of three centuries: {told}")
    check("warning retention" in place.datong.must("lag").out, "the table does not warn")
    place.tools.drop_before("ops.deliver.1", unread + 1, place.folder)
    told = place.warnings("unread_dropped")
    check(len(told) == 1 and told[0]["urgent"] and "tax" in told[0]["what"], f"unread records are gone: {told}")
    check(place.topics("apply")[0].code == 0, "topics apply")
    check(place.lag()[1]["warnings"] == [], "warnings stay when the cause is gone")


def away_is_not_empty(place, cluster):
    running = place.datong.start_working(seconds=SECONDS_MAX)
    cluster.kill()
    for words in (["books"], ["lag"]):
        finished = place.datong.run(*words)
        check(finished.code == 4 and "DT-4009" in finished.err and not finished.out.strip(), f"{words} while the cluster is away: {finished}")
    finished = place.datong.run("topics", "plan")
    check(finished.code == 4 and "DT-4009" in finished.err, f"topics plan while the cluster is away: {finished}")
    cluster.start()
    await_that("the books balance again", lambda: place.datong.run("books").code == 0, 120)
    check(running.stop(), "run does not stop")


def a_ledger_too_short_is_refused(place):
    """Somebody drops the beginning of a ledger. A checkpoint replaces it; without one the exchange does not begin, and says why."""
    place.datong.must("books")  # a start that ends in order writes checkpoints
    ends = place.tools.ends("ops.ledger")
    lane = ends.index(max(ends))
    place.tools.drop_before("ops.ledger", ends[lane] // 2, place.folder, lane)
    place.datong.must("books")
    shutil.rmtree(os.path.join(place.datong.directory, "index"))
    for words in (["books"], ["run"]):
        refused = place.datong.run(*words)
        check(refused.code == 1 and "DT-4003" in refused.err and f"ledger of lane {lane} is too short" in refused.err, f"a ledger too short: {refused}")


def main():
    with tempfile.TemporaryDirectory(prefix="datong-operations-") as folder:
        try:
            cluster = KafkaCluster(sys.argv[1])
        except NoKafka as why:
            return skip(why)
        try:
            place = Place(folder, sys.argv[1], cluster.servers)
            planned = plans_change_nothing(place)
            topics_are_as_planned(place, planned)
            what_differs_is_mended(place)
            copies_are_told(place)
            embedded_has_nothing_to_plan(place)
            unread = kafkas_tools_agree(place)
            retention_is_told_before_it_hurts(place, unread)
            away_is_not_empty(place, cluster)
            a_ledger_too_short_is_refused(place)
        finally:
            cluster.close()
    print(f"{len(FAILURES)} failures")
    return 1 if FAILURES else 0


if __name__ == "__main__":
    sys.exit(main())
