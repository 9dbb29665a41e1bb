# SPDX-License-Identifier: Apache-2.0
"""The program's own word about its commands and options, and how a test here says that it cannot be run."""
import re
import subprocess
import sys

SKIPPED = 77
# How the help of a command begins the list of its own commands.
OWN_COMMANDS = re.compile(r"^subcommands:", re.IGNORECASE | re.MULTILINE)


def skip(why):
    print(f"SKIPPED: {why}", file=sys.stderr)
    return SKIPPED


class Program:
    def __init__(self, binary):
        self.binary, self.known = binary, {}

    def _help(self, command):
        if command not in self.known:
            done = subprocess.run([self.binary, *command, "--help"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  timeout=60, check=False)
            self.known[command] = done.stdout if done.returncode == 0 else None
        return self.known[command]

    def complaints(self, words):
        """What is wrong with a command line, without its values: each word after `datong`, as it stands in a file."""
        if not words:
            return ["no command"]
        command = tuple(words[:1])
        text = self._help(command)
        if text and OWN_COMMANDS.search(text) and len(words) > 1:
            command = tuple(words[:2])
            text = self._help(command)
        if text is None:
            return [f"there is no command `{' '.join(command)}`"]
        options = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", text))
        return [f"`{' '.join(command)}` has no option {word}" for word in words[len(command):]
                if word.startswith("-") and word != "-" and word.split("=")[0] not in options]
