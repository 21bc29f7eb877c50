"""kubectl and helm as functions, and the API server itself for what is asked again and again. It must not know what the charts make."""

import atexit
import functools
import http.client
import json
import re
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

from pods.waiting import NotYet

LIMIT_SECONDS = 60.0
EVENT_COLUMNS = "LAST:.lastTimestamp,ON:.involvedObject.name,WHAT:.message"

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


@functools.cache
def proxy_port() -> int:
    """The port of a `kubectl proxy` on this host that ends with the tests. A kubectl for every question would cost a tenth of a second of
    a core, and tests that wait ask all the time."""
    proxy = subprocess.Popen(["kubectl", "proxy", "--port=0"], stdout=subprocess.PIPE, text=True)
    atexit.register(proxy.terminate)
    assert proxy.stdout is not None
    serving = re.search(r":(\d+)$", proxy.stdout.readline().strip())
    if serving is None:
        raise CommandError("kubectl proxy does not say where it serves")
    return int(serving[1])


def ask(path: str) -> str:
    """What the API server answers to a GET; CommandError for every status but 200, and when there is no answer."""
    connection = http.client.HTTPConnection("127.0.0.1", proxy_port(), timeout=15)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        raise CommandError(f"GET {path}: {error or type(error).__name__}") from error
    finally:
        connection.close()
    if response.status != 200:
        raise CommandError(f"GET {path}: {response.status} {body[:500]}")
    return body


# Where the API server has the kinds that tests look at.
API = {
    "pods": "/api/v1",
    "persistentvolumeclaims": "/api/v1",
    "secrets": "/api/v1",
    "statefulsets": "/apis/apps/v1",
    "networkpolicies": "/apis/networking.k8s.io/v1",
    "endpointslices": "/apis/discovery.k8s.io/v1",
}


class Stream:
    """The lines that a kubectl which does not end by itself prints while the block runs, each with the time at which it came."""

    def __init__(self, *words: str) -> None:
        self._words = words
        self.lines: list[tuple[float, str]] = []

    def __enter__(self) -> "Stream":
        self._process = subprocess.Popen(["kubectl", *self._words], stdout=subprocess.PIPE, text=True)
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        return self

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append((time.time(), line))

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._reader.join(10)
        self._process.wait(10)

    def objects(self) -> Iterator[tuple[float, Manifest]]:
        """The objects of a stream of events, as `Namespace.watch` makes it: each as it was from that time on."""
        for heard, line in list(self.lines):
            yield heard, json.loads(line)["object"]


class Namespace:
    """kubectl within one namespace. Making the object makes nothing in the cluster."""

    def __init__(self, name: str) -> None:
        self.name = name

    def create(self) -> None:
        """Makes the namespace, in which Pod Security enforces "restricted"."""
        labels = {"pod-security.kubernetes.io/enforce": "restricted", "ordinal.e2e": "true"}
        apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.name, "labels": labels}})

    def remove(self) -> None:
        """Removes the namespace and all that is in it, the pods without asking them; returns when it is gone."""
        # The namespace controller looks again only after half the grace period of what still runs: so the pods go first.
        self.kubectl("delete", "statefulsets", "--all", "--cascade=orphan")
        self.kubectl("delete", "pods", "--all", "--grace-period=1", limit_seconds=120)
        run("kubectl", "delete", "namespace", self.name, "--ignore-not-found", "--timeout=120s", limit_seconds=150)

    def kubectl(self, *words: str, stdin: str | None = None, limit_seconds: float = LIMIT_SECONDS) -> str:
        return run("kubectl", "--namespace", self.name, *words, stdin=stdin, limit_seconds=limit_seconds)

    def get(self, kind: str, name: str) -> Manifest:
        """An object as the API server has it, of a kind in `API`; CommandError when there is none."""
        found: Manifest = json.loads(ask(f"{API[kind]}/namespaces/{self.name}/{kind}/{name}"))
        return found

    def list(self, kind: str) -> list[Manifest]:
        """All objects of a kind in `API`."""
        found: list[Manifest] = json.loads(ask(f"{API[kind]}/namespaces/{self.name}/{kind}"))["items"]
        return found

    def watch(self, kind: str, selector: str) -> Stream:
        """The objects of a kind in `API` that a selector such as `labelSelector=a=b` chooses: as they are, and each change."""
        return Stream("get", "--raw", f"{API[kind]}/namespaces/{self.name}/{kind}?watch=true&{selector}")

    def apply(self, manifest: Manifest) -> None:
        self.kubectl("apply", "--filename", "-", stdin=json.dumps(manifest))

    def delete(self, *names: str, wait: bool = True) -> None:
        """Deletes objects named as `pod/db-0`; with `wait` returns when they are gone."""
        self.kubectl("delete", *names, f"--wait={'true' if wait else 'false'}", limit_seconds=360)

    def execute(self, pod: str, container: str, script: str, *, stdin: str | None = None, limit_seconds: float = LIMIT_SECONDS) -> str:
        """What a shell script prints in a container."""
        words = ["exec", *(["--stdin"] if stdin is not None else []), pod, "--container", container, "--", "bash", "-ec", script]
        return self.kubectl(*words, stdin=stdin, limit_seconds=limit_seconds)

    def agent(self, pod: str, path: str) -> str:
        """What the agent of a pod answers, through the API server; CommandError for every status but 200."""
        return ask(f"/api/v1/namespaces/{self.name}/pods/{pod}:8008/proxy{path}")

    def describe(self) -> str:
        """What a person needs who looks into a failure: the pods, the last events, the ends of all logs."""
        parts = []
        words: Sequence[Sequence[str]] = (
            ("get", "pods,pvc", "--output", "wide"),
            ("get", "events", "--sort-by=.lastTimestamp", f"--output=custom-columns={EVENT_COLUMNS}"),
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
