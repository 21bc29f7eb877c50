"""kubectl and helm as functions. It must not know what the charts make."""

import json
import subprocess
from collections.abc import Sequence
from typing import Any

from pods.waiting import NotYet

LIMIT_SECONDS = 60.0

Manifest = dict[str, Any]


class CommandError(NotYet):
    """kubectl or helm failed; the text is what it printed. While a test waits for something, it is a reason to look again."""


def run(*words: str, stdin: str | None = None, limit_seconds: float = LIMIT_SECONDS) -> str:
    """What a command prints to its standard output; CommandError when it fails or takes too long."""
    try:
        done = subprocess.run(words, input=stdin or "", capture_output=True, text=True, timeout=limit_seconds, check=False)
    except subprocess.TimeoutExpired as error:
        raise CommandError(f"{' '.join(words)}: no end after {limit_seconds:g} s") from error
    if done.returncode != 0:
        raise CommandError(f"{' '.join(words)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def helm(*words: str, stdin: str | None = None, limit_seconds: float = LIMIT_SECONDS) -> str:
    return run("helm", *words, stdin=stdin, limit_seconds=limit_seconds)


def apply(manifest: Manifest) -> None:
    run("kubectl", "apply", "--filename", "-", stdin=json.dumps(manifest))


class Namespace:
    """kubectl within one namespace. Making the object makes nothing in the cluster."""

    def __init__(self, name: str) -> None:
        self.name = name

    def create(self) -> None:
        """Makes the namespace, in which Pod Security enforces "restricted"."""
        labels = {"pod-security.kubernetes.io/enforce": "restricted", "ordinal.e2e": "true"}
        apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.name, "labels": labels}})

    def remove(self) -> None:
        """Removes the namespace and all that is in it; returns when it is gone."""
        run("kubectl", "delete", "namespace", self.name, "--ignore-not-found", "--timeout=120s", limit_seconds=150)

    def kubectl(self, *words: str, stdin: str | None = None, limit_seconds: float = LIMIT_SECONDS) -> str:
        return run("kubectl", "--namespace", self.name, *words, stdin=stdin, limit_seconds=limit_seconds)

    def get(self, kind: str, name: str) -> Manifest:
        """An object as the API server has it; CommandError when there is none."""
        found: Manifest = json.loads(self.kubectl("get", kind, name, "--output", "json"))
        return found

    def list(self, kind: str, selector: str = "") -> list[Manifest]:
        found: list[Manifest] = json.loads(self.kubectl("get", kind, "--selector", selector, "--output", "json"))["items"]
        return found

    def apply(self, manifest: Manifest) -> None:
        self.kubectl("apply", "--filename", "-", stdin=json.dumps(manifest))

    def delete(self, *names: str, wait: bool = True) -> None:
        """Deletes objects named as `pod/db-0`; with `wait` returns when they are gone."""
        self.kubectl("delete", *names, f"--wait={'true' if wait else 'false'}", limit_seconds=360)

    def execute(self, pod: str, container: str, script: str, *, stdin: str | None = None, limit_seconds: float = LIMIT_SECONDS) -> str:
        """What a shell script prints in a container."""
        words = ["exec", *(["--stdin"] if stdin is not None else []), pod, "--container", container, "--", "bash", "-ec", script]
        return self.kubectl(*words, stdin=stdin, limit_seconds=limit_seconds)

    def raw(self, pod: str, path: str) -> str:
        """What the agent of a pod answers, through the API server's proxy; CommandError for every status but 2xx."""
        return run("kubectl", "get", "--raw", f"/api/v1/namespaces/{self.name}/pods/{pod}:8008/proxy{path}", limit_seconds=15)

    def describe(self) -> str:
        """What a person needs who looks into a failure: the pods, the last events, the ends of all logs."""
        parts = []
        words: Sequence[Sequence[str]] = (
            ("get", "pods,pvc", "--output", "wide"),
            ("get", "events", "--sort-by=.lastTimestamp", "--output=custom-columns=LAST:.lastTimestamp,ON:.involvedObject.name,WHAT:.message"),
        )
        for command in words:
            try:
                parts.append("\n".join(self.kubectl(*command).splitlines()[-40:]))
            except CommandError as error:
                parts.append(str(error))
        for pod in self.list("pods"):
            name = pod["metadata"]["name"]
            for container in [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]:
                try:
                    text = self.kubectl("logs", name, "--container", container["name"], "--tail=25")
                except CommandError as error:
                    text = str(error)
                if text.strip():
                    parts.append(f"── {name} {container['name']}\n{text.rstrip()}")
        return "\n".join(parts)
