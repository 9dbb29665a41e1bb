# SPDX-License-Identifier: Apache-2.0
"""A finished build, of which a mutant reuses everything that its change does not reach: only the sources concerned are compiled
again, with the build's own commands, and linked before the libraries that hold the sound ones.
"""
import json
import os
import re
import shlex
import subprocess

from patch_file import Faulty

OBJECT_FOLDER = re.compile(r"^(.*?)CMakeFiles/([^/]+)\.dir/")


def output_of(command):
    return command[command.index("-o") + 1]


class BuildTree:
    def __init__(self, root, tree):
        self.root, self.tree = os.path.abspath(root), os.path.abspath(tree)
        commands = os.path.join(self.tree, "compile_commands.json")
        if not os.path.isfile(commands):
            raise SystemExit(f"error: {self.tree} is no build; ./dev build makes it")
        with open(commands, encoding="utf-8") as file:
            self.commands = {output_of(shlex.split(entry["command"])): entry for entry in json.load(file)}  # by object
        self._readers = None
        self._links = {}

    def program(self, target):
        """Where the build has put it."""
        return os.path.join(self.tree, output_of(self._link_of(target)))

    def build(self, target, changed, sources, into):
        """The program with the changed files of the folder `sources` in the place of ours; objects and program go below `into`."""
        link = self._link_of(target)
        objects = self._objects_of(link, changed)
        if not objects:
            raise Faulty(f"does not reach {target}: nothing of {', '.join(changed)} is in it")
        made = {name: self._compile(name, sources, into) for name in sorted(objects)}
        program = os.path.join(into, target)
        line, put = [], False
        for at, word in enumerate(link):
            if word.endswith((".a", ".so")) and not put:
                # An archive gives only what is not defined yet.
                line += [path for name, path in made.items() if name not in link]
                put = True
            line.append(program if at and link[at - 1] == "-o" else made.get(word, word))
        self._run(line, f"{target} does not link")
        return program

    # --- what the build says of itself

    def _link_of(self, target):
        if target not in self._links:
            said = self._ninja("query", target)
            alias = re.search(r"input: phony\n\s+(\S+)\n", said)  # a target's name stands for the file it makes
            said = self._ninja("commands", "-s", alias.group(1) if alias else target).strip()
            words = shlex.split(said.splitlines()[-1]) if said else []
            if "-o" not in words:
                raise SystemExit(f"error: {self.tree} does not know how to link {target}: {said[-300:]}")
            self._links[target] = [word for word in words if word not in (":", "&&")]
        return self._links[target]

    def _ninja(self, *question):
        done = subprocess.run(["ninja", "-C", self.tree, "-t", *question], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              check=False)
        if done.returncode != 0:
            raise SystemExit(f"error: {self.tree}: {done.stdout.strip()}")
        return done.stdout

    def _objects_of(self, link, changed):
        """The objects of a program that are made of these files, directly or by including them."""
        reached = set()
        for name in changed:
            path = os.path.join(self.root, name)
            if name.endswith(".cc"):
                reached |= {output for output, entry in self.commands.items() if self._absolute(entry["file"]) == path}
            else:
                reached |= self._readers_of(path)
        return {output for output in reached if output in link or self._archive_of(output) in link}

    @staticmethod
    def _archive_of(output):
        found = OBJECT_FOLDER.match(output)
        return f"{found.group(1)}lib{found.group(2)}.a" if found else None

    def _readers_of(self, header):
        if self._readers is None:
            self._readers, output = {}, None
            for line in self._ninja("deps").splitlines():
                if line and not line.startswith(" "):
                    output = line.split(": #deps")[0]
                elif line.strip():
                    self._readers.setdefault(self._absolute(line.strip()), set()).add(output)
        return self._readers.get(header, set()) & set(self.commands)

    def _absolute(self, path):
        return os.path.normpath(os.path.join(self.tree, path))

    # --- what is made

    def _compile(self, name, sources, into):
        entry = self.commands[name]
        made = os.path.join(into, "objects", name)
        os.makedirs(os.path.dirname(made), exist_ok=True)
        source = self._absolute(entry["file"])
        changed = os.path.join(sources, os.path.relpath(source, self.root))
        words, line, looks_here = shlex.split(entry["command"]), [], False
        for at, word in enumerate(words):
            before = words[at - 1] if at else ""
            if word.startswith("-I") and not looks_here:
                line.append("-I" + sources)  # before ours: a changed header hides the sound one
                looks_here = True
            if before == "-o":
                word = made
            elif before == "-MF":
                word = made + ".d"
            elif self._absolute(word) == source and os.path.isfile(changed):
                word = changed
            line.append(word)
        self._run(line, f"{os.path.relpath(source, self.root)} does not compile")
        return made

    def _run(self, line, what):
        environment = {"CCACHE_BASEDIR": self.root, "CCACHE_NOHASHDIR": "1", **os.environ}
        done = subprocess.run(line, cwd=self.tree, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              errors="replace", check=False)
        if done.returncode != 0:
            raise Faulty(f"{what}:\n{done.stdout.strip()[-2000:]}")
