#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the repository against what it says of itself.

    check_repository.py ROOT

Prints a line `file:line: kind: what` per fault and exits 1 when there is one. Each rule is one function below; RULES lists them.
"""

import re
import sys
from pathlib import Path

# Headers that would make everybody who includes ours pay for what few need, and who may show them in a header nevertheless.
HEAVY_HEADERS = ("rocksdb/", "google/protobuf/", "yaml-cpp/", "nlohmann/")
HEAVY_ALLOWED = {
    "exchange_core/admin": ("nlohmann/",),  # questions and answers are JSON: it is their type
    "cli": ("nlohmann/",),
}

SPDX = "SPDX-License-Identifier: Apache-2.0"
SPDX_SUFFIXES = {".h", ".cc", ".proto", ".cmake", ".py", ".sh", ".yaml", ".yml"}
SPDX_NAMES = {"CMakeLists.txt", "packages.txt", "dev", "run", "demo"}
TEXT_SUFFIXES = SPDX_SUFFIXES | {".md", ".json", ".txt"}
SKIPPED_FOLDERS = {".git", ".cache", "build", "demo-data", "__pycache__"}
# Bytes that are test input or expected output, not ours to tidy.
DATA_FOLDERS = ("tests/golden/", "tests/data/", "tests/fuzz/corpus/")

REGISTRY_HOSTS = re.compile(
    r"\b(pypi\.org|registry\.npmjs\.org|crates\.io|proxy\.golang\.org|deb\.debian\.org|registry-1\.docker\.io|"
    r"repo1?\.maven\.org)\b"
)
IP_ADDRESS = re.compile(r"(?<![\w.])(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?![\w.])")
ALLOWED_ADDRESSES = {"127.0.0.1", "0.0.0.0"}


class Module:
    """One datong_module() call: a folder and what it declares."""

    def __init__(self, folder, name, line, arguments):
        self.folder, self.name, self.line = folder, name, line
        self.uses = arguments.get("USES", [])  # (word, line)
        self.test_uses = arguments.get("TEST_USES", [])


class Repository:
    def __init__(self, root):
        self.root = Path(root)
        self.files = sorted(self._walk(self.root))
        self._texts = {}
        self.modules = {}  # by folder
        for path in self.files:
            if path.endswith("/CMakeLists.txt") and not path.startswith("tests/"):
                self._read_module(path)
        self.by_name = {module.name: module for module in self.modules.values()}

    def _walk(self, folder):
        for entry in folder.iterdir():
            if entry.is_symlink():
                continue
            if entry.is_dir():
                if entry.name not in SKIPPED_FOLDERS and not (entry / "CMakeCache.txt").exists():
                    yield from self._walk(entry)
            else:
                yield entry.relative_to(self.root).as_posix()

    def text(self, path):
        if path not in self._texts:
            file = self.root / path
            self._texts[path] = file.read_bytes().decode("utf-8", errors="replace") if file.exists() else ""
        return self._texts[path]

    def lines(self, path):
        return enumerate(self.text(path).split("\n"), 1)

    def _read_module(self, path):
        words = cmake_words(self.text(path))
        folder = path[: -len("/CMakeLists.txt")]
        for i, (word, line) in enumerate(words):
            if word != "datong_module":
                continue
            arguments, key, depth = {}, None, 0
            for word, at in words[i + 1 :]:
                depth += (word == "(") - (word == ")")
                if depth == 0:
                    break
                if word in ("SOURCES", "USES", "PACKAGES", "TEST_USES", "TEST_PACKAGES"):
                    key = word
                elif word != "(":
                    arguments.setdefault(key, []).append((word, at))
            self.modules[folder] = Module(folder, arguments[None][0][0], line, arguments)

    def module_of(self, path):
        """The module whose folder holds the file, the innermost if several do."""
        folder = path
        while "/" in folder:
            folder = folder.rsplit("/", 1)[0]
            if folder in self.modules:
                return self.modules[folder]
        return None

    def includes(self, path):
        for number, line in self.lines(path):
            found = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
            if found:
                yield number, found.group(1)

    def production(self):
        """Sources of modules, and the module of each."""
        for path in self.files:
            if path.endswith((".h", ".cc")) and not path.startswith("tests/"):
                module = self.module_of(path)
                if module:
                    yield path, module


def cmake_words(text):
    words = []
    for number, line in enumerate(text.split("\n"), 1):
        for word in re.findall(r'"[^"]*"|[()]|[^\s()]+', line.split("#", 1)[0]):
            words.append((word, number))
    return words


def target_of_include(repository, include):
    """Name of the module an include reaches into; 'proto' for generated messages; None when it is not ours."""
    if include.startswith("datong/") and include.endswith(".pb.h"):
        return "proto"
    module = repository.module_of(include)
    return module.name if module else None


def check_includes_are_declared(repository):
    for path, module in repository.production():
        allowed = {word for word, _ in module.uses} | {module.name}
        for line, include in repository.includes(path):
            target = target_of_include(repository, include)
            if target is not None and target not in allowed:
                yield path, line, "undeclared-include", f'"{include}": {module.folder} does not declare USES {target}'
            if target is None and not include.startswith("tests/"):
                yield path, line, "unknown-include", f'"{include}" is in no folder of ours (write it from the root)'
            if include.startswith("tests/"):
                yield path, line, "undeclared-include", f'"{include}": production code does not include tests'


def check_tests_declare_includes(repository):
    for path in repository.files:
        if not (path.startswith("tests/unit/") and path.endswith((".h", ".cc"))):
            continue
        module = repository.module_of(path[len("tests/unit/") :])
        if module is None:
            yield path, 1, "homeless-test", "mirrors no folder with a datong_module()"
            continue
        allowed = {word for word, _ in module.uses + module.test_uses} | {module.name}
        for line, include in repository.includes(path):
            target = target_of_include(repository, include)
            if target is not None and target not in allowed:
                yield path, line, "undeclared-include", f'"{include}": {module.folder} declares neither USES nor TEST_USES {target}'


def check_declared_is_included(repository):
    reached = {}
    for path, module in repository.production():
        for _, include in repository.includes(path):
            reached.setdefault(module.name, set()).add(target_of_include(repository, include))
    for module in repository.modules.values():
        for word, line in module.uses:
            path = module.folder + "/CMakeLists.txt"
            if word != "proto" and word not in repository.by_name:
                yield path, line, "unknown-neighbour", f"USES {word}: there is no such folder"
            elif word not in reached.get(module.name, set()):
                yield path, line, "unused-neighbour", f"USES {word}, but no file here includes it"


def check_cycles(repository):
    done, path = set(), []

    def visit(module):
        if module.name in path:
            circle = path[path.index(module.name) :] + [module.name]
            yield module.folder + "/CMakeLists.txt", module.line, "cycle", " -> ".join(circle)
            return
        if module.name in done:
            return
        path.append(module.name)
        for word, _ in module.uses:
            if word in repository.by_name:
                yield from visit(repository.by_name[word])
        path.pop()
        done.add(module.name)

    for module in repository.modules.values():
        yield from visit(module)


def check_order(repository):
    """A folder may use only what the top CMakeLists.txt names before it: the list there reads from bottom to top."""
    words = cmake_words(repository.text("CMakeLists.txt"))
    place = {}
    for i, (word, _) in enumerate(words):
        if word == "add_subdirectory":
            place[words[i + 2][0]] = i
    for module in repository.modules.values():
        path = module.folder + "/CMakeLists.txt"
        if module.folder not in place:
            yield path, module.line, "unlisted-folder", "the top CMakeLists.txt does not add it"
            continue
        for word, line in module.uses:
            used = repository.by_name.get(word)
            if used and place.get(used.folder, 0) > place[module.folder]:
                yield path, line, "upward-arrow", f"USES {word}, which the top CMakeLists.txt names later"


def check_sources_are_built(repository):
    for path, module in repository.production():
        if path.endswith(".cc"):
            words = {word for word, _ in cmake_words(repository.text(module.folder + "/CMakeLists.txt"))}
            if path[len(module.folder) + 1 :] not in words:
                yield path, 1, "dead-file", f"{module.folder}/CMakeLists.txt does not build it"


def check_heavy_headers(repository):
    for path, module in repository.production():
        if not path.endswith(".h"):
            continue
        for number, line in repository.lines(path):
            found = re.match(r'\s*#\s*include\s+[<"]([^>"]+)[>"]', line)
            if found and found.group(1).startswith(HEAVY_HEADERS):
                if not found.group(1).startswith(HEAVY_ALLOWED.get(module.folder, ("\0",))):
                    yield path, number, "heavy-header", f"<{found.group(1)}> belongs into a .cc file"


def check_locks_are_seen(repository):
    """Debian's Abseil is built without the annotations of the thread sanitizer: it would see a race behind every such lock."""
    for path in repository.files:
        if path.endswith((".h", ".cc")):
            for number, line in repository.lines(path):
                if re.search(r"\babsl::(Reader|Writer)?(Mutex|CondVar|Notification|BlockingCounter)", line):
                    yield path, number, "unseen-lock", "use std::mutex: the thread sanitizer does not see this one"


def check_licence_line(repository):
    for path in repository.files:
        name = path.rsplit("/", 1)[-1]
        if path.startswith(DATA_FOLDERS) or not (Path(path).suffix in SPDX_SUFFIXES or name in SPDX_NAMES):
            continue
        lines = repository.text(path).split("\n")
        line = 2 if lines[0].startswith("#!") else 1
        if len(lines) < line or SPDX not in lines[line - 1]:
            yield path, line, "licence", f"must read {SPDX}"


def check_names(repository):
    for path in repository.files:
        if "util" in path.lower():
            yield path, 1, "util", "say what it is for: a drawer of that name never stays small"


def check_white_space(repository):
    for path in repository.files:
        if path.startswith(DATA_FOLDERS) or not (Path(path).suffix in TEXT_SUFFIXES or Path(path).name in SPDX_NAMES):
            continue
        for number, line in repository.lines(path):
            if "\t" in line:
                yield path, number, "tab", "indent with spaces"
            if line.endswith((" ", "\r")):
                yield path, number, "trailing-space", "nothing may follow the last character"
        if repository.text(path) and not repository.text(path).endswith("\n"):
            yield path, len(repository.text(path).split("\n")), "no-line-end", "the last line must end"


def check_addresses(repository):
    for path in repository.files:
        if path.startswith(DATA_FOLDERS) or path.startswith("tests/tidy/") or Path(path).suffix not in TEXT_SUFFIXES:
            continue
        for number, line in repository.lines(path):
            for found in IP_ADDRESS.finditer(line):
                if found.group(0) not in ALLOWED_ADDRESSES and all(int(part) < 256 for part in found.groups()):
                    yield path, number, "address", f"{found.group(0)}: no machine's address belongs here"
            found = REGISTRY_HOSTS.search(line)
            if found:
                yield path, number, "address", f"{found.group(0)}: packages come from where the system takes them"


def check_folder_table(repository):
    """ARCHITECTURE.md has a row for each folder and each row a folder; each folder explains itself."""
    listed = {}
    for number, line in repository.lines("ARCHITECTURE.md"):
        found = re.match(r"\|\s*`([a-z_/]+)/?`\s*\|", line)
        if found:
            listed[found.group(1).rstrip("/")] = number
    for module in repository.modules.values():
        if module.folder not in listed:
            yield "ARCHITECTURE.md", 1, "folder-table", f"the table of folders lacks `{module.folder}`"
        if module.folder + "/README.md" not in repository.files:
            yield module.folder + "/CMakeLists.txt", 1, "no-readme", "say in README.md what the folder is and never does"
    for folder, number in listed.items():
        if not (repository.root / folder).is_dir():
            yield "ARCHITECTURE.md", number, "folder-table", f"there is no folder `{folder}`"


def check_steps_are_listed(repository):
    """Crash tests strike at named steps; docs/testing.md has a table of them."""
    listed = {}
    for number, line in repository.lines("docs/testing.md"):
        found = re.match(r"\|\s*`([a-z_]+\.[a-z_.]+)`\s*\|", line)
        if found:
            listed[found.group(1)] = number
    literals = set()
    for path, _ in repository.production():
        text = repository.text(path)
        literals.update(re.findall(r'"([a-z_]+\.[a-z_.]+)"', text))
        for found in re.finditer(r'Reached\(\s*"([^"]+)"', text):
            if found.group(1) not in listed:
                line = text.count("\n", 0, found.start()) + 1
                yield path, line, "unlisted-step", f"docs/testing.md does not list the step `{found.group(1)}`"
    for step, number in listed.items():
        if step not in literals:
            yield "docs/testing.md", number, "unlisted-step", f"no code reaches the step `{step}`"


def check_quarantine_reasons(repository):
    """Every reason to hold a record back has a heading for the person who must do something about it."""
    header = "exchange_core/ledger/verdict.h"
    headings = {line.strip("# `") for _, line in repository.lines("docs/operations.md") if line.startswith("#")}
    for number, line in repository.lines(header):
        found = re.match(r"\s*k(\w+) = (\d+),", line)
        if found and int(found.group(2)) >= 32:
            reason = re.sub(r"(?<!^)([A-Z])", r"_\1", found.group(1)).lower()
            if reason not in headings:
                yield header, number, "undocumented-reason", f"docs/operations.md has no heading `{reason}`"


def check_mutants(repository):
    """Every planted bug still fits the code, and docs/mutants.md has a row for each."""
    document = "docs/mutants.md"
    listed = {}
    for number, line in repository.lines(document):
        found = re.match(r"\|\s*`([a-z_]+)`\s*\|", line)
        if found:
            listed[found.group(1)] = number
    patches = {path.rsplit("/", 1)[-1][: -len(".patch")]: path for path in repository.files
               if path.startswith("tests/mutants/") and path.endswith(".patch")}
    for name, path in patches.items():
        if name not in listed:
            yield path, 1, "unlisted-mutant", f"{document} does not say who catches it"
        changed, before, begun = None, [], 0
        for number, line in [*repository.lines(path), (0, "@@")]:
            if line.startswith(("--- a/", "@@")) and before:
                if "\n".join(before) not in repository.text(changed):
                    yield path, begun, "stale-mutant", f"{changed} no longer reads like this"
                before = []
            if line.startswith("--- a/"):
                changed = line[len("--- a/") :]
            elif line.startswith("@@"):
                begun = number
            elif changed and line.startswith((" ", "-")):
                before.append(line[1:])
    for name, number in listed.items():
        if name not in patches:
            yield document, number, "unlisted-mutant", f"there is no mutant `{name}`"


RULES = (
    check_includes_are_declared,
    check_tests_declare_includes,
    check_declared_is_included,
    check_cycles,
    check_order,
    check_sources_are_built,
    check_heavy_headers,
    check_locks_are_seen,
    check_licence_line,
    check_names,
    check_white_space,
    check_addresses,
    check_folder_table,
    check_steps_are_listed,
    check_quarantine_reasons,
    check_mutants,
)


def faults_of(root):
    repository = Repository(root)
    return sorted({fault for rule in RULES for fault in rule(repository)})


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    faults = faults_of(sys.argv[1])
    for path, line, kind, what in faults:
        print(f"{path}:{line}: {kind}: {what}")
    print(f"{len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
