#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An outside consumer agrees: Kafka's Java client (StreamReader.java, nothing of ours) reads the streams of subscriptions in every form
of delivery, and finds record by record what the sinks of the same subscriptions wrote - with killed lanes and a stranger's aborted
transactions in between."""
import base64
import json
import os
import re
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from harness import Datong  # noqa: E402
from judge import judge_sequences, read_changes  # noqa: E402
from kafka_cluster import KafkaCluster, NoKafka, skip  # noqa: E402
from kafka_tools import KafkaTools  # noqa: E402
from registered import FAILURES, check, write_table  # noqa: E402

READER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "StreamReader.java")
FORMS = ("packed", "records", "json")
SUBSCRIPTIONS = ("packed", "records", "json", "some")  # the last one: of other items, as JSON
CATALOG = """
departments: [{{name: registry}}, {{name: tax}}]
key_domains: [{{name: company}}]
resources:
  - name: 企业
    provider: registry
    key_domain: company
    kind: entity
    key: [code]
    items: [code, name, {{name: capital, type: int64}}, {{name: founded, type: date}}, {{name: open, type: bool}}, remark]
grants:
  - {{name: all, resource: 企业, department: tax, items: all, purpose: test}}
  - {{name: some, resource: 企业, department: tax, items: [code, founded], purpose: test}}
subscriptions:
  - {{name: packed, grant: all, start: beginning}}
  - {{name: records, grant: all, start: beginning, delivery: records}}
  - {{name: json, grant: all, start: beginning, delivery: json}}
  - {{name: some, grant: some, start: beginning, delivery: json}}
connectors:
{sinks}"""
COLUMNS = ["code", "name", "capital", "founded", "open", "remark"]
REMARKS = ["", "plain", 'she said "no"', "two\nlines", "tab\tand \\ backslash", "宁川市 ｆｕｌｌ 𠀀", "\x01control", "a,b"]
SECONDS_MAX = 120


class Place:
    """One exchange with a sink for every subscription."""

    def __init__(self, folder, binary, name):
        self.folder = os.path.join(folder, name)
        os.makedirs(self.folder)
        self.datong = Datong(os.path.abspath(binary), os.path.join(self.folder, "data"), os.path.join(self.folder, "logs"))
        del self.datong.limits["DATONG_HISTORY_SECONDS"]  # the streams stay to be read
        sinks = "".join(f"  - {{name: to_{one}, kind: file, sink: {{subscription: {one}, directory: {self.folder}/{one}, format: jsonl}}}}\n"
                        for one in SUBSCRIPTIONS)
        self.catalog = os.path.join(self.folder, "catalog.yaml")
        with open(self.catalog, "w", encoding="utf-8") as file:
            file.write(CATALOG.format(sinks=sinks))

    def table(self, name, keys, version):
        rows = [[f"C{i:04}", f"企业 {i}", str((i - 50) * version), f"20{i % 30:02}-0{1 + i % 9}-{1 + version:02}", ["true", "false"][i % 2],
                 REMARKS[(i + version) % len(REMARKS)]] for i in keys]
        return write_table(os.path.join(self.folder, name), COLUMNS, rows)

    def publish(self, name, keys, version, *words):
        self.datong.must("import", "企业", self.table(name, keys, version), "--wait", "published", *words)

    def work_until_applied(self):
        running = self.datong.start_working(seconds=SECONDS_MAX)
        deadline = time.monotonic() + SECONDS_MAX
        while time.monotonic() < deadline and running.alive():
            lag = self.datong.run("lag", "--output", "json")
            if lag.code == 0 and lag.json()["summary"]["caught_up"]:
                break
            time.sleep(0.2)
        else:
            check(False, f"the sinks have not applied everything: {running.errors()}")
        check(running.stop(), "run does not stop")

    def changes(self, subscription):
        delivered = list(read_changes(os.path.join(self.folder, subscription), ["code"]))
        for complaint in judge_sequences(delivered, subscription):
            check(False, complaint)
        return delivered


def told(change):
    """What must be the same in every form; of a delete the key is enough."""
    return (change.operation, change.key, None if change.operation == "delete" else sorted(change.values.items()))


def by_lane(changes):
    """In the order of each lane: what the lanes did meanwhile may stand in between in another order."""
    lanes = {}
    for one in changes:
        lanes.setdefault(one.lane, []).append((one.sequence, *told(one), one.file, one.row))
    return lanes


def live_through(place, strike):
    place.publish("first.csv", range(300), 1)
    place.work_until_applied()
    place.publish("second.csv", range(200, 420), 2)
    strike(place)
    place.work_until_applied()
    place.publish("third.csv", [i for i in range(420) if i % 10], 2, "--mode", "full")
    strike(place)
    place.work_until_applied()


def sinks_agree(place):
    """The form of delivery changes nothing of what a sink gets."""
    packed = place.changes("packed")
    check(len(packed) > 600 and {one.operation for one in packed} == {"insert", "update", "delete"}, f"{len(packed)} changes")
    for form in FORMS[1:]:
        check(by_lane(place.changes(form)) == by_lane(packed), f"the sink of {form} wrote other changes than the one of packed")
    some = place.changes("some")
    check([one.operation for one in some if one.operation != "delete"] and all(set(one.values) <= {"code", "founded"} for one in some),
          "the sink of some got items that are not granted")
    for name in SUBSCRIPTIONS:
        rows = place.datong.must("tail", name, "--from", "begin", "--no-follow", "--output", "json").json()["rows"]
        check(sorted((row["operation"], row["key"]) for row in rows) == sorted((one.operation, one.key) for one in place.changes(name)),
              f"tail of {name} shows {len(rows)} rows")


# --- what the Java client saw

class Message:
    def __init__(self, line):
        offset, *parts = line.split(" ")
        self.offset = int(offset)
        fields = {name: base64.b64decode(value) for name, _, value in (part.partition("=") for part in parts)}
        self.key, self.value = fields.get("key"), fields.get("value")
        self.headers = {name[len("header."):]: value for name, value in fields.items() if name.startswith("header.")}

    def text(self, header):
        return self.headers[header].decode()

    def number(self, header):
        return int(self.text(header))


def read(tools, topic, isolation="read_committed"):
    return [Message(line) for line in tools.java(READER, tools.servers, "read", topic, isolation).splitlines()]


def varint(data, at):
    number = shift = 0
    while True:
        number |= (data[at] & 127) << shift
        shift += 7
        at += 1
        if data[at - 1] < 128:
            return number, at


def from_protobuf(data, fields):
    """The wire format by hand. `fields`: number -> (name, type)."""
    items, at = {}, 0
    while at < len(data):
        tag, at = varint(data, at)
        name, kind = fields[tag >> 3]
        number, at = varint(data, at)
        if tag & 7 == 2:
            items[name], at = data[at:at + number].decode(), at + number
        elif kind == "bool":
            items[name] = "true" if number else "false"
        else:
            number = (number >> 1) ^ -(number & 1)
            items[name] = str(number) if name == "capital" else time.strftime("%Y-%m-%d", time.gmtime(number * 86400))
    return items


def fields_of(place):
    proto = place.datong.must("catalog", "proto", "企业").out
    found = re.findall(r"^\s*(?:optional\s+)?(\w+)\s+\w+\s*=\s*(\d+)", proto, re.MULTILINE)
    check(len(found) == len(COLUMNS), f"the message has other fields: {proto}")
    return {int(number): (name, kind) for name, (kind, number) in zip(COLUMNS, found)}


def single_records_agree(place, messages, subscription, decode):
    seen = {}
    for one in messages:
        key = one.key.decode()
        operation = one.text("datong_operation")
        check((one.value is None) == (operation == "delete"), f"{subscription}: offset {one.offset}: {operation} with value {one.value}")
        check(one.text("ce_type") == "datong." + operation and one.text("ce_specversion") == "1.0" and
              one.text("ce_source") == "/resources/%E4%BC%81%E4%B8%9A" and re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", one.text("ce_time")) and
              re.fullmatch(r"pub\.1/\d+@\d+", one.text("datong_source_position")), f"{subscription}: headers {one.headers}")
        items = None if one.value is None else sorted(decode(one.value).items())
        seen.setdefault(one.number("datong_lane"), []).append(
            (one.number("datong_sequence"), operation, key, items, one.headers.get("datong_file", b"").decode(),
             int(one.headers.get("datong_row", b"0"))))  # a delete by absence stands in no row
    wanted = by_lane(place.changes(subscription))
    wanted = {lane: [(sequence, operation, key, items and [pair for pair in items if pair[1] != ""], *rest)
                     for sequence, operation, key, items, *rest in rows] for lane, rows in wanted.items()}
    check(seen == wanted, f"{subscription}: the Java client read other records than the sink wrote")
    ids = [(one.text("ce_source"), one.text("ce_id")) for one in messages]
    check(len(ids) == len(set(ids)), f"{subscription}: an id names two messages")
    check(all(rows and [row[0] for row in rows] == list(range(1, len(rows) + 1)) for rows in seen.values()), f"{subscription}: a gap")


def packed_agrees(place, messages):
    following, records = {}, 0
    for one in messages:
        lane, count = one.number("datong_lane"), one.number("datong_records")
        check(one.number("datong_sequence") == following.get(lane, 1), f"packed: offset {one.offset}: a gap or a repeat in lane {lane}")
        following[lane] = one.number("datong_sequence") + count
        records += count
    check(records == len(place.changes("packed")), f"packed: {records} records in the stream, {len(place.changes('packed'))} in the sink's files")


def outside_consumer_agrees(place, tools):
    streams = {row["name"]: f"{place.exchange}.deliver.{row['stream']}"
               for row in place.datong.must("catalog", "show", "--output", "json").json()["rows"] if row["kind"] == "subscription"}
    check(len(set(streams.values())) == len(SUBSCRIPTIONS), f"forms share a stream: {streams}")
    packed_agrees(place, read(tools, streams["packed"]))
    fields = fields_of(place)
    single_records_agree(place, read(tools, streams["records"]), "records", lambda value: from_protobuf(value, fields))
    single_records_agree(place, read(tools, streams["json"]), "json", json.loads)
    single_records_agree(place, read(tools, streams["some"]), "some", json.loads)
    uncommitted = read(tools, streams["json"], "read_uncommitted")
    check(any(one.value == b"never committed" for one in uncommitted), "no aborted transaction stands between the records")


def main():
    with tempfile.TemporaryDirectory(prefix="datong-streams-") as folder:
        embedded = Place(folder, sys.argv[1], "embedded")
        embedded.datong.must("apply", "-f", embedded.catalog)
        live_through(embedded, lambda place: None)
        sinks_agree(embedded)
        print(f"embedded: {len(embedded.changes('packed'))} changes in each form", flush=True)
        try:
            cluster = KafkaCluster(sys.argv[1])
        except NoKafka as why:
            return 1 if FAILURES else skip(why)
        try:
            tools = KafkaTools(cluster.servers)
            place = Place(folder, sys.argv[1], "kafka")
            place.exchange = "streams"
            place.datong.must("apply", "-f", place.catalog, "--engine", "kafka", "--bootstrap-servers", cluster.servers, "--exchange",
                              place.exchange)

            def strike(place):
                """Lanes and sinks die with transactions open; a stranger's transaction is aborted in a stream."""
                tools.java(READER, tools.servers, "abort", f"{place.exchange}.deliver.3", "5")
                for n in (4, 7, 10):
                    died = place.datong.start("run", kill_at=f"transaction.sent:{n}")
                    check(died.wait(SECONDS_MAX), "nothing was struck")

            live_through(place, strike)
            sinks_agree(place)
            outside_consumer_agrees(place, tools)
            books = place.datong.must("books", "--output", "json").json()
            check(books["summary"]["balanced"], f"books: {books}")
        finally:
            cluster.close()
    print(f"{len(FAILURES)} failures")
    return 1 if FAILURES else 0


if __name__ == "__main__":
    sys.exit(main())
