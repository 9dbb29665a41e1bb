#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What an exchange of very many resources and subscriptions costs while nothing moves: until it works, processor time and memory
while it idles, and how long its operator waits for `books` and `lag`. Give a Kafka cluster to measure that engine: it gets some
fourteen thousand topics, for which its brokers need 2 GB of heap.

    benchmarks/many_subscriptions.py build/release/datong [--kafka HOST:PORT] [--resources N] [--subscriptions-each N]"""
import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time

DEPARTMENTS = 50
PATIENCE_S = 900
WARM_UP_S = 20
IDLE_S = 30


def catalog(resources, each):
    lines = ["departments:"] + [f"  - {{name: d{i}}}" for i in range(DEPARTMENTS)] + ["key_domains: [{name: k}]", "resources:"]
    lines += [f"  - {{name: r{i}, provider: d{i % DEPARTMENTS}, key_domain: k, kind: entity, key: [code], items: [code, name]}}"
              for i in range(resources)]
    pairs = [(i, s) for i in range(resources) for s in range(each)]
    lines += ["grants:"] + [f"  - {{name: g{i}-{s}, resource: r{i}, department: d{(i + s + 1) % DEPARTMENTS}, items: all, purpose: test}}"
                            for i, s in pairs]
    lines += ["subscriptions:"] + [f"  - {{name: s{i}-{s}, grant: g{i}-{s}, start: beginning}}" for i, s in pairs]
    return "\n".join(lines) + "\n"


def timed(command):
    begun = time.monotonic()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=PATIENCE_S)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.monotonic() - begun, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def processor_s(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mb(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS")) / 1024


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("binary")
    options.add_argument("--kafka", metavar="HOST:PORT")
    options.add_argument("--resources", type=int, default=2000)
    options.add_argument("--subscriptions-each", type=int, default=5)
    options = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="datong-many-") as folder:
        data, file, log = (os.path.join(folder, name) for name in ("data", "catalog.yaml", "run.log"))
        with open(file, "w", encoding="utf-8") as out:
            out.write(catalog(options.resources, options.subscriptions_each))
        engine = ["--engine", "kafka", "--bootstrap-servers", options.kafka, "--exchange", "many"] if options.kafka else []
        total, own = timed([options.binary, "apply", "-d", data, "-f", file, *engine])
        print(f"catalog applied in {total:.1f} s ({own:.1f} s of our processor time)", flush=True)
        with open(log, "wb") as out:
            begun = time.monotonic()
            running = subprocess.Popen([options.binary, "run", "-d", data], stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        try:
            while True:
                with open(log, encoding="utf-8", errors="replace") as text:
                    if ": running, process" in text.read():
                        break
                if running.poll() is not None or time.monotonic() - begun > PATIENCE_S:
                    with open(log, encoding="utf-8", errors="replace") as text:
                        sys.exit("datong run does not begin: " + text.read())
                time.sleep(0.05)
            print(f"works after {time.monotonic() - begun:.1f} s", flush=True)
            time.sleep(WARM_UP_S)
            before = processor_s(running.pid)
            time.sleep(IDLE_S)
            used = processor_s(running.pid) - before
            print(f"idles with {100 * used / IDLE_S:.1f} % of one processor and {memory_mb(running.pid):.0f} MB", flush=True)
            for command in ("books", "lag"):
                print(f"{command} answers in {timed([options.binary, command, '-d', data])[0]:.1f} s", flush=True)
        finally:
            running.terminate()
            running.wait()


if __name__ == "__main__":
    main()
