#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What an exchange of very many resources and subscriptions costs while nothing moves: until it works, processor time and memory
while it idles, and how long its operator waits for `books` and `lag`. Give a Kafka cluster to measure that engine: it gets some
fourteen thousand topics, for which its brokers need 2 GB of heap. With --connectors the process also runs a source for every resource
and a sink for every subscription, and one file goes the whole way through while all the others have nothing to do.

    benchmarks/many_subscriptions.py build/release/datong [--kafka HOST:PORT] [--resources N] [--subscriptions-each N] [--connectors]"""
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


def catalog(resources, each, connectors_in):
    lines = ["departments:"] + [f"  - {{name: d{i}}}" for i in range(DEPARTMENTS)] + ["key_domains: [{name: k}]", "resources:"]
    lines += [f"  - {{name: r{i}, provider: d{i % DEPARTMENTS}, key_domain: k, kind: entity, key: [code], items: [code, name]}}"
              for i in range(resources)]
    pairs = [(i, s) for i in range(resources) for s in range(each)]
    lines += ["grants:"] + [f"  - {{name: g{i}-{s}, resource: r{i}, department: d{(i + s + 1) % DEPARTMENTS}, items: all, purpose: test}}"
                            for i, s in pairs]
    lines += ["subscriptions:"] + [f"  - {{name: s{i}-{s}, grant: g{i}-{s}, start: beginning}}" for i, s in pairs]
    if connectors_in:
        lines += ["connectors:"]
        lines += [f"  - {{name: in{i}, kind: file, source: {{resource: r{i}, path: {connectors_in}/in/{i}, watch: 1s}}}}" for i in range(resources)]
        lines += [f"  - {{name: out{i}-{s}, kind: file, sink: {{subscription: s{i}-{s}, directory: {connectors_in}/out/{i}-{s}}}}}"
                  for i, s in pairs]
    return "\n".join(lines) + "\n"


def one_file(folder, name):
    """Seconds until its row is with the subscriber."""
    with open(os.path.join(folder, name), "w", encoding="ascii") as file:
        file.write(f"code,name\n{name},x\n")
    target = os.path.join(folder, "out", "0-0")
    before = set(os.listdir(target)) if os.path.isdir(target) else set()
    begun = time.monotonic()
    os.rename(os.path.join(folder, name), os.path.join(folder, "in", "0", name + ".csv"))
    while not any(new.startswith("changes-") for new in set(os.listdir(target) if os.path.isdir(target) else ()) - before):
        if time.monotonic() - begun > PATIENCE_S:
            sys.exit("the row does not arrive")
        time.sleep(0.005)
    return time.monotonic() - begun


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
    options.add_argument("--connectors", action="store_true")
    options = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="datong-many-") as folder:
        data, file, log = (os.path.join(folder, name) for name in ("data", "catalog.yaml", "run.log"))
        with open(file, "w", encoding="utf-8") as out:
            out.write(catalog(options.resources, options.subscriptions_each, folder if options.connectors else None))
        if options.connectors:
            for i in range(options.resources):
                os.makedirs(os.path.join(folder, "in", str(i)))
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
            if options.connectors:
                took = sorted(one_file(folder, f"f{i}") for i in range(5))
                print(f"a file's row arrives after {took[len(took) // 2]:.2f} s, at the most {took[-1]:.2f} s", flush=True)
            for command in ("books", "lag"):
                print(f"{command} answers in {timed([options.binary, command, '-d', data])[0]:.1f} s", flush=True)
        finally:
            running.terminate()
            running.wait()


if __name__ == "__main__":
    main()
