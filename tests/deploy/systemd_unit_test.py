#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""systemd accepts the service, alone and with its drop-ins, without a word; what it may do is little; and a misspelt line is seen.

Whether the program can live with what is taken from it shows only where systemd starts it."""
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

from program import skip  # noqa: E402

FROM = Path(__file__).resolve().parents[2] / "deploy" / "systemd"
EXPOSURE_MAX = 20  # tenths: systemd-analyze calls 0 to 20 "OK" or better


class Root:
    """A file system with nothing in it but systemd's own units, a program of that name, and the service."""

    def __init__(self, folder):
        self.folder = Path(folder)
        shutil.copytree("/usr/lib/systemd/system", self.folder / "usr/lib/systemd/system", symlinks=True)
        self.units = self.folder / "etc/systemd/system"
        (self.units / "datong.service.d").mkdir(parents=True)
        program = self.folder / "usr/local/bin/datong"
        program.parent.mkdir(parents=True)
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
        shutil.copy(FROM / "datong.service", self.units)
        (self.folder / "usr/lib/sysusers.d").mkdir(parents=True)
        shutil.copy(FROM / "datong.sysusers.conf", self.folder / "usr/lib/sysusers.d/datong.conf")

    def drop_in(self, name):
        shutil.copy(FROM / name, self.units / "datong.service.d")

    def run(self, *command):
        done = subprocess.run([command[0], f"--root={self.folder}", *command[1:]], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=120, check=False)
        return done.returncode, done.stdout

    def verify(self):
        """Nothing, or what systemd says of it: of an unknown word it says something and ends well all the same."""
        code, said = self.run("systemd-analyze", "--man=no", "verify", "datong.service")
        return said if said or not code else f"exit code {code}"


def judge(root):
    yield "the service alone", root.verify()
    for name in ("kafka.conf", "files.conf"):
        root.drop_in(name)
        yield f"with {name}", root.verify()
    code, said = root.run("systemd-analyze", "--offline=true", f"--threshold={EXPOSURE_MAX}", "security", "datong.service")
    print(said.strip().splitlines()[-1])
    yield "what it may do", said if code else ""
    code, said = root.run("systemd-sysusers", "--dry-run")
    yield "the user", said if code or "Creating user 'datong'" not in said else ""
    service = root.units / "datong.service"
    service.write_text(service.read_text().replace("ProtectClock=", "ProtectClok="))
    yield "a misspelt line", "" if "ProtectClok" in root.verify() else "is not seen"


def main():
    for program in ("systemd-analyze", "systemd-sysusers"):
        if shutil.which(program) is None:
            return skip(f"{program} is not installed: nothing here can judge deploy/systemd")
    version = int(re.search(r"\d+", subprocess.run(["systemd-analyze", "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout)[0])
    if version < 252:
        return skip(f"systemd {version} is older than that of Debian 12")
    with tempfile.TemporaryDirectory(prefix="datong-systemd-") as folder:
        wrong = [f"{what}: {said}" for what, said in judge(Root(folder)) if said]
    print("\n".join(wrong) or "systemd has nothing to say")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
