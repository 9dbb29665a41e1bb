#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""compose.yaml and the Kubernetes manifests are what the Compose specification and Kubernetes' own schemas allow, name nothing that is
not there, and give commands that the program has. Nothing is started: no image and no cluster can be had here.

    manifests_test.py BINARY
"""
import copy
import fcntl
import json
import subprocess
import sys
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from program import Program, skip  # noqa: E402

ROOT = HERE.parents[1]
PACKAGES = ROOT / "build" / "deploy-packages"
COMPOSE = ROOT / "deploy" / "compose" / "compose.yaml"
MANIFESTS = ROOT / "deploy" / "kubernetes"
NEVER_IN_THE_CLUSTER = {"secret.template.yaml", "kustomization.yaml"}
FETCH_SECONDS_MAX = 300
KUBERNETES = ("1.29", "1.37")  # the oldest and the newest that the manifests are for


class Unavailable(Exception):
    """The judges cannot be fetched: nothing is wrong with what they would judge."""


def fetch_packages():
    wanted = HERE / "requirements.txt"
    PACKAGES.mkdir(parents=True, exist_ok=True)
    complete = PACKAGES / "complete"
    with open(PACKAGES / "lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not complete.exists() or complete.read_text(encoding="utf-8") != wanted.read_text(encoding="utf-8"):
            command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-warn-conflicts",
                       "--root-user-action=ignore", "--only-binary=:all:", "--upgrade", "--target", str(PACKAGES), "-r", str(wanted)]
            try:
                done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                      check=False, timeout=FETCH_SECONDS_MAX)
            except subprocess.TimeoutExpired as too_long:
                raise Unavailable(f"they were not here after {FETCH_SECONDS_MAX} s") from too_long
            if done.returncode != 0:
                raise Unavailable((done.stdout.strip().splitlines() or ["it said nothing"])[-1])
            complete.write_text(wanted.read_text(encoding="utf-8"), encoding="utf-8")
    sys.path.insert(0, str(PACKAGES))


def documents(path):
    import yaml
    return [document for document in yaml.safe_load_all(path.read_text(encoding="utf-8")) if document]


# --- Compose

def compose_faults(project):
    from compose_spec import PyCompose
    try:
        PyCompose.from_json(json.dumps(project)).validate()
    except ValueError as why:
        return [str(why)]
    return []


def commands_of_compose(project):
    for service in project["services"].values():
        if service["image"].startswith("datong:"):
            yield service["command"]
            yield service["healthcheck"]["test"][2:]  # CMD datong ...


# --- Kubernetes

def schema_faults(manifests):
    import kubernetes_validate
    for name, manifest in manifests:
        for version in KUBERNETES:
            try:
                kubernetes_validate.validate(manifest, version, strict=True)
            except (kubernetes_validate.ValidationError, kubernetes_validate.SchemaNotFoundError) as why:
                yield f"{name}, Kubernetes {version}: {getattr(why, 'message', why)}"


def reference_faults(manifests):
    """Names that one manifest gives and another one has."""
    there = {(manifest["kind"], manifest["metadata"]["name"]) for _, manifest in manifests}
    of_kind = {manifest["kind"]: manifest for _, manifest in manifests}
    stateful = of_kind["StatefulSet"]["spec"]
    pod = stateful["template"]["spec"]
    labels = stateful["template"]["metadata"]["labels"].items()
    wanted = {("Service", stateful["serviceName"]), ("ServiceAccount", pod["serviceAccountName"])}
    for volume in pod["volumes"]:
        for kind, key, field in (("ConfigMap", "configMap", "name"), ("Secret", "secret", "secretName"),
                                 ("PersistentVolumeClaim", "persistentVolumeClaim", "claimName")):
            if key in volume:
                wanted.add((kind, volume[key][field]))
    volumes = {volume["name"] for volume in [*pod["volumes"], *(one["metadata"] for one in stateful["volumeClaimTemplates"])]}
    for container in pod["containers"]:
        wanted |= {("ConfigMap", one["configMapRef"]["name"]) for one in container["envFrom"]}
        yield from (f"no volume {mount['name']}" for mount in container["volumeMounts"] if mount["name"] not in volumes)
    yield from (f"{kind} {name} is named and not there" for kind, name in sorted(wanted - there))
    for selector in (stateful["selector"]["matchLabels"], of_kind["Service"]["spec"]["selector"],
                     of_kind["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
                     of_kind["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"]):
        if not selector.items() <= labels:
            yield f"the selector {selector} finds no core"
    listed = documents(MANIFESTS / "kustomization.yaml")[0]["resources"]
    files = {path.name for path in MANIFESTS.glob("*.yaml")} - NEVER_IN_THE_CLUSTER
    yield from (f"kustomization.yaml: {name}" for name in sorted(files ^ set(listed)))


def commands_of_kubernetes(manifests):
    for _, manifest in manifests:
        if manifest["kind"] == "StatefulSet":
            for container in manifest["spec"]["template"]["spec"]["containers"]:
                yield container["args"]
                for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                    yield container[probe]["exec"]["command"][1:]


# --- both

def blind_spots(project, manifests):
    """Faults that are planted and not found."""
    broken = copy.deepcopy(project)
    broken["services"]["core-1"]["restrat"] = "always"
    if not compose_faults(broken):
        yield "a misspelt word of compose.yaml is not seen"
    broken = copy.deepcopy(project)
    del broken["secrets"]["kafka_passwords"]
    if not compose_faults(broken):
        yield "a secret that compose.yaml does not have is not missed"
    broken = copy.deepcopy([one for one in manifests if one[1]["kind"] == "StatefulSet"])
    broken[0][1]["spec"]["template"]["spec"]["containers"][0]["readinesProbe"] = {}
    if not list(schema_faults(broken)):
        yield "a misspelt word of a manifest is not seen"


def main():
    try:
        fetch_packages()
    except Unavailable as why:
        return skip(f"the judges of deploy/compose and deploy/kubernetes cannot be had: pip: {why}")
    program = Program(sys.argv[1])
    project = documents(COMPOSE)[0]
    manifests = [(path.name, document) for path in sorted(MANIFESTS.glob("*.yaml")) if path.name != "kustomization.yaml"
                 for document in documents(path)]
    wrong = [f"compose.yaml: {fault}" for fault in compose_faults(project)]
    wrong += [*schema_faults(manifests), *reference_faults(manifests), *blind_spots(project, manifests)]
    commands = [*commands_of_compose(project), *commands_of_kubernetes(manifests)]
    wrong += [complaint for command in commands for complaint in program.complaints(command)]
    print("\n".join(wrong))
    print(f"{len(project['services'])} services, {len(manifests)} manifests, {len(commands)} commands; {len(wrong)} faults")
    return 1 if wrong or len(commands) < 8 else 0


if __name__ == "__main__":
    sys.exit(main())
