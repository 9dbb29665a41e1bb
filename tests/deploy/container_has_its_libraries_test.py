#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The second stage of the Dockerfile installs the package of every library that the program is linked with.

    container_has_its_libraries_test.py BINARY
"""
import re
import shutil
import subprocess
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

from program import skip  # noqa: E402

DOCKERFILE = Path(__file__).resolve().parents[2] / "deploy" / "container" / "Dockerfile"
ALWAYS_THERE = {"libc6", "libgcc-s1"}


def said(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False).stdout


def needed(binary):
    """Packages of the libraries that the binary itself names; theirs come with them."""
    names = set(re.findall(r"NEEDED\s+(\S+)", said("objdump", "-p", binary)))
    paths = [str(Path(path).resolve()) for name, path in re.findall(r"(\S+) => (/\S+)", said("ldd", binary)) if name in names]
    # Packages that are older than the merged /usr know their files below /lib.
    owners = dict(line.split(": ")[::-1] for line in said("dpkg-query", "-S", *paths, *(path.removeprefix("/usr") for path in paths)).splitlines())
    packages = set()
    for path in paths:
        owner = owners.get(path) or owners.get(path.removeprefix("/usr")) or f"the package of {path}, which dpkg does not know"
        packages.add(owner.split(":")[0])
    return packages - ALWAYS_THERE


def installed():
    last = DOCKERFILE.read_text(encoding="utf-8").split("\nFROM ")[-1]
    return set(re.search(r"--no-install-recommends \\\n((?:.*\\\n)*?) &&", last)[1].replace("\\", " ").split())


def main():
    for program in ("dpkg-query", "ldd", "objdump"):
        if shutil.which(program) is None:
            return skip(f"{program} is not installed: nobody here knows whose the libraries are")
    if "VERSION_ID=\"12\"" not in Path("/etc/os-release").read_text(encoding="utf-8"):
        return skip("this is not Debian 12, whose packages the image has")
    libraries, packages = needed(sys.argv[1]), installed()
    print(f"needed: {' '.join(sorted(libraries))}")
    missing = libraries - packages
    print(f"missing in the image: {' '.join(sorted(missing)) or 'nothing'}")
    return 1 if missing or len(libraries) < 3 else 0


if __name__ == "__main__":
    sys.exit(main())
