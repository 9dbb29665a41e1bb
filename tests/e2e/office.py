# SPDX-License-Identifier: Apache-2.0
"""The departments around the exchange under test: three registers that go on changing, their catalog, and the sinks with what
each has to hold."""
import os

from judge import Sink
from registers import COMPANY_COLUMNS, VISIT_COLUMNS, CompanyRegister, VisitRegister

PROJECTION = ["code", "name"]

CATALOG = """
departments: [{{name: registry}}, {{name: tax}}, {{name: social}}]
key_domains: [{{name: company}}]
resources:
  - {{name: companies, provider: registry, key_domain: company, kind: entity, partitions: 4,
     items: [code, name, address, {{name: capital, type: int64}}], key: [code]}}
  - {{name: permits, provider: registry, key_domain: company, kind: entity, partitions: 4,
     items: [code, name, address, {{name: capital, type: int64}}], key: [code], snapshots: {{same_key: last}}}}
  - {{name: visits, provider: registry, key_domain: company, kind: event, partitions: 4,
     items: [code, serial, text], key: [code], id: [code, serial], window: 365d}}
grants:
  - {{name: companies-all, resource: companies, department: tax, items: all, purpose: test}}
  - {{name: companies-some, resource: companies, department: social, items: [code, name], purpose: test}}
  - {{name: permits-all, resource: permits, department: tax, items: all, purpose: test}}
  - {{name: visits-all, resource: visits, department: social, items: all, purpose: test}}
subscriptions:
  - {{name: tax-companies, grant: companies-all, start: beginning}}
  - {{name: tax-register, grant: companies-all, start: beginning}}
  - {{name: social-companies, grant: companies-some, start: beginning}}
  - {{name: tax-permits, grant: permits-all, start: beginning}}
  - {{name: social-visits, grant: visits-all, start: beginning}}
connectors:
  - {{name: companies-in, kind: file, source: {{resource: companies, path: {input}/companies, mode: full, watch: 1s}}}}
  - {{name: visits-in, kind: file, source: {{resource: visits, path: {input}/visits, mode: append, watch: 1s}}}}
  - {{name: tax-companies-out, kind: file, sink: {{subscription: tax-companies, directory: {output}/tax-companies}}}}
  - {{name: tax-register-out, kind: file, sink: {{subscription: tax-register, directory: {output}/tax-register, form: state}}}}
  - {{name: social-companies-out, kind: file,
     sink: {{subscription: social-companies, directory: {output}/social-companies, format: jsonl}}}}
  - {{name: tax-permits-out, kind: file, sink: {{subscription: tax-permits, directory: {output}/tax-permits}}}}
  - {{name: social-visits-out, kind: file, sink: {{subscription: social-visits, directory: {output}/social-visits}}}}
"""

LATE = """
subscriptions:
  - {{name: {name}, grant: companies-all, start: present}}
connectors:
  - {{name: {name}-out, kind: file, sink: {{subscription: {name}, directory: {output}/{name}}}}}
"""


class Office:
    """Everything outside the exchange, below one folder."""

    def __init__(self, folder, rng):
        self.folder, self.rng = folder, rng
        self.input, self.output = os.path.join(folder, "in"), os.path.join(folder, "out")
        self.companies = CompanyRegister(rng, os.path.join(self.input, "companies"))
        self.permits = CompanyRegister(rng, os.path.join(self.input, "permits"), "permits", same_key="last")
        self.visits = VisitRegister(rng, os.path.join(self.input, "visits"))
        self.late = 0
        company, visit = COMPANY_COLUMNS, VISIT_COLUMNS
        self.sinks = [
            Sink("tax-companies", self.sink("tax-companies"), self.companies.model, company),
            Sink("tax-register", self.sink("tax-register"), self.companies.model, company, check="state"),
            Sink("social-companies", self.sink("social-companies"), self.companies.model, PROJECTION),
            Sink("tax-permits", self.sink("tax-permits"), self.permits.model, company),
            Sink("social-visits", self.sink("social-visits"), self.visits.model, visit, key_columns=("code", "serial")),
        ]

    def sink(self, name):
        return os.path.join(self.output, name)

    def catalog(self):
        return self._write("catalog.yaml", CATALOG.format(input=self.input, output=self.output))

    def late_catalog(self):
        """One more department system that starts in the middle, with the present state."""
        self.late += 1
        name = f"late-{self.late}"
        self.sinks.append(Sink(name, self.sink(name), self.companies.model, COMPANY_COLUMNS, check="late"))
        return self._write(f"{name}.yaml", LATE.format(name=name, output=self.output))

    def _write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def publish(self, size=1):
        """New dumps in the watched folders."""
        for _ in range(self.rng.randrange(1, 3)):
            lacking = 0.3 if self.rng.random() < 0.1 else None  # held; the next one supersedes it
            self.companies.write_dump(new=10 * size, changed=15 * size, repeated=10 * size, lacking=lacking)
        if self.rng.random() < 0.7:
            self.visits.write_dump(new=15 * size, repeated=15 * size)

    def publish_events_alone(self):
        """So many that they fill whole segments, which nothing needs any more once they are delivered."""
        self.visits.write_dump(new=1500, repeated=0)

    def permits_file(self):
        """(path, whether it is held)"""
        return self.permits.write_dump(new=15, changed=20, repeated=10, lacking=0.4 if self.rng.random() < 0.3 else None)

    def outstanding(self, counter, imports=True):
        """Deliveries that the sinks must still write; without `imports` those of the watched folders only."""
        return sum(sink.model.changes() - counter.count(sink.directory) for sink in self.sinks
                   if sink.check == "changes" and (imports or sink.model is not self.permits.model))
