#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How long an exchange on Kafka stands still when one of the two processes that share it is killed: from SIGKILL until the other
works on every lane, and until the first row that was handed over after the kill has arrived in the subscriber's system (which
includes up to a second until the next file and another until the source looks into its folder). Brokers stay up. Median and worst.

    benchmarks/takeover.py build/release/datong HOST:PORT [--rounds N]"""
import argparse
import csv
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time

CATALOG = """
departments: [{{name: registry}}, {{name: tax}}]
key_domains: [{{name: company}}]
resources:
  - {{name: beats, provider: registry, key_domain: company, kind: event, partitions: 4, key: [code], id: [code], window: 365d,
     items: [code, moment]}}
grants:
  - {{name: all, resource: beats, department: tax, items: all, purpose: benchmark}}
subscriptions:
  - {{name: tax, grant: all, start: beginning}}
connectors:
  - {{name: in, kind: file, source: {{resource: beats, path: {folder}/in, mode: append, watch: 1s}}}}
  - {{name: out, kind: file, sink: {{subscription: tax, directory: {folder}/out}}}}
"""
LANES = 4
PATIENCE_S = 60
SHARE = re.compile(r"Z  (?:works on lane ([\d, ]+)|follows all lanes); (.*)$", re.MULTILINE)


class Process:
    def __init__(self, binary, servers, folder, name):
        self.log = os.path.join(folder, name + ".log")
        self.command = [binary, "run", "-d", os.path.join(folder, name), "--engine", "kafka", "--bootstrap-servers", servers,
                        "--exchange", "takeover"]
        self.start()

    def start(self):
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def share(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            shares = SHARE.findall(log.read())
        lanes, leader = shares[-1] if shares else ("", "")
        return len([lane for lane in lanes.split(",") if lane.strip()]), leader == "leads"


class Beats(threading.Thread):
    """Hands over a file with rows for every lane once a second; a row says when it was written."""

    def __init__(self, folder):
        super().__init__(daemon=True)
        self.folder, self.count, self.over = folder, 0, threading.Event()
        os.makedirs(folder)

    def run(self):
        while not self.over.wait(1.0):
            self.count += 1
            path = os.path.join(self.folder, f"beats-{self.count:08}.csv")
            with open(path + ".tmp", "w", encoding="utf-8") as file:
                file.write("code,moment\n" + "".join(f"{self.count}-{i},{time.time()}\n" for i in range(16)))
            os.rename(path + ".tmp", path)


def until(condition, what):
    begun = time.time()
    while not condition():
        if time.time() - begun > PATIENCE_S:
            raise SystemExit(f"{what}: not within {PATIENCE_S} s")
        time.sleep(0.01)
    return time.time()


class Arrivals:
    """The moments in finished files of the sink, each file read once."""

    def __init__(self, folder):
        self.folder, self.read = folder, set()

    def later_than(self, moment):
        found = False
        for name in sorted(os.listdir(self.folder)) if os.path.isdir(self.folder) else []:
            if not name.startswith("changes-") or not name.endswith(".csv") or name in self.read:
                continue
            self.read.add(name)
            with open(os.path.join(self.folder, name), encoding="utf-8", newline="") as file:
                found |= any(float(row["moment"]) > moment for row in csv.DictReader(file))
        return found


def round_of(one, two, arrivals, leader):
    until(lambda: sorted(p.share()[0] for p in (one, two)) == [LANES // 2, LANES // 2] and one.share()[1] != two.share()[1],
          "two processes share the lanes")
    time.sleep(2)
    killed, other = (one, two) if one.share()[1] == leader else (two, one)
    killed.process.kill()
    moment = time.time()
    killed.process.wait()
    arrived = until(lambda: arrivals.later_than(moment), "rows arrive") - moment
    lanes = until(lambda: other.share() == (LANES, True), "the other has all lanes") - moment
    killed.start()
    return lanes, arrived


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("servers")
    parser.add_argument("--rounds", type=int, default=10)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="datong-takeover-") as folder:
        catalog = os.path.join(folder, "catalog.yaml")
        with open(catalog, "w", encoding="utf-8") as file:
            file.write(CATALOG.format(folder=folder))
        subprocess.run([arguments.binary, "apply", "-f", catalog, "--lanes", str(LANES), "-d", os.path.join(folder, "one"), "--engine",
                        "kafka", "--bootstrap-servers", arguments.servers, "--exchange", "takeover"], check=True,
                       stdout=subprocess.DEVNULL)
        beats = Beats(os.path.join(folder, "in"))
        beats.start()
        one, two = (Process(arguments.binary, arguments.servers, folder, name) for name in ("one", "two"))
        try:
            arrivals = Arrivals(os.path.join(folder, "out"))
            for who, leader in (("the leader", True), ("the other", False)):
                rounds = [round_of(one, two, arrivals, leader) for _ in range(arguments.rounds)]
                for what, values in zip(("all lanes taken over", "rows arrive again"), zip(*rounds)):
                    print(f"{who} is killed: {what} after {statistics.median(values):.2f} s (median), {max(values):.2f} s (worst of "
                          f"{len(values)})", flush=True)
        finally:
            beats.over.set()
            for process in (one, two):
                process.process.kill()
                process.process.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
