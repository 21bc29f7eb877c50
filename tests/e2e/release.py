"""A release of charts/mysql, or of a chart that includes charts/ordinal, and what tests ask of its pods."""

import functools
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pods.waiting import wait_for

from .kube import Manifest, Namespace, helm

ROOT = Path(__file__).resolve().parents[2]
MYSQL_CHART = ROOT / "charts" / "mysql"
START_LIMIT_SECONDS = 180.0
SOCKET = "/run/ordinal/mysql/mysqld.sock"

Values = dict[str, Any]

# What a test cluster has instead of the values' defaults: the images that were loaded into it, and little room.
BASE_VALUES: Values = {
    "mysql.image.repository": "ordinal-mysql",
    "mysql.image.tag": "test",
    "ordinal.image.tag": "dev",
    "storage.size": "1Gi",
}


def set_words(values: Values) -> list[str]:
    """The words for helm that set each value, given by its path, as JSON."""
    return [word for path, value in values.items() for word in ("--set-json", f"{path}={json.dumps(value)}")]


def template_words(values: Values, *words: str) -> list[str]:
    """The words of `helm template` for the release `shop`. Which Kubernetes it is for is said, else helm assumes that of its own build."""
    return ["template", "shop", str(MYSQL_CHART), "--kube-version=1.34.0", *set_words(values), *words]


@functools.cache
def example_chart() -> Path:
    """The chart of somebody else that includes the library, with the present library packed into it."""
    chart = ROOT / "tests" / "example" / "with-ordinal"
    helm("dependency", "build", str(chart))
    return chart


class Release:
    """A release by its name. Making the object installs nothing."""

    def __init__(self, namespace: Namespace, name: str, values: Values | None = None, chart: Path = MYSQL_CHART) -> None:
        self.namespace = namespace
        self.name = name
        self.chart = chart
        of_mysql = chart.name.startswith("mysql")  # the folder, or a package mysql-0.1.0.tgz
        self.values = (BASE_VALUES if of_mysql else {}) | (values or {})
        self.statefulset = f"{name}-mysql" if of_mysql else name

    def install(self, wait_seconds: float | None = START_LIMIT_SECONDS) -> float:
        """Installs it; with `wait_seconds` returns when all pods are ready. The result is the time that this took, in seconds."""
        began = time.monotonic()
        helm("install", self.name, str(self.chart), "--namespace", self.namespace.name, *set_words(self.values))
        if wait_seconds is not None:
            self.wait_ready(wait_seconds)
        return time.monotonic() - began

    def upgrade(self, **values: Any) -> None:
        """Upgrades it with more values, whose dots are written as two underlines; returns at once."""
        self.values |= {path.replace("__", "."): value for path, value in values.items()}
        helm("upgrade", self.name, str(self.chart), "--namespace", self.namespace.name, *set_words(self.values))

    def uninstall(self) -> None:
        """Uninstalls it; returns when its pods are gone."""
        pods = self.pods()
        helm("uninstall", self.name, "--namespace", self.namespace.name)
        wait_for(lambda: not self.pods(), 120, f"{len(pods)} pods of {self.name} are gone")

    def notes(self) -> str:
        """What helm told the person who installed it."""
        return helm("get", "notes", self.name, "--namespace", self.namespace.name)

    # What Kubernetes says

    def pods(self) -> list[Manifest]:
        """The pods of the StatefulSet, by ordinal."""
        pods = [pod for pod in self.namespace.list("pods") if pod["metadata"].get("generateName") == f"{self.statefulset}-"]
        return sorted(pods, key=lambda pod: int(pod["metadata"]["name"].rpartition("-")[2]))

    def pod(self, ordinal: int) -> str:
        return f"{self.statefulset}-{ordinal}"

    def replicas(self) -> int:
        found: int = self.namespace.get("statefulsets", self.statefulset)["spec"]["replicas"]
        return found

    def wait_ready(self, limit_seconds: float = START_LIMIT_SECONDS, *ordinals: int) -> None:
        """Returns when the named pods, or as many as the StatefulSet wants, are ready and none is on its way out."""

        def ready() -> bool:
            found = {pod["metadata"]["name"]: pod for pod in self.pods()}
            wanted = {self.pod(ordinal) for ordinal in ordinals}
            if not wanted and len(found) != self.replicas():
                return False
            return all(name in found and is_ready(found[name]) for name in wanted or found)

        wait_for(ready, limit_seconds, f"the pods {ordinals or ''} of {self.statefulset} are ready")

    def wait_rolled(self, limit_seconds: float = 300) -> None:
        """Returns when the StatefulSet's present template runs in all pods and they are ready."""

        def rolled() -> bool:
            found = self.namespace.get("statefulsets", self.statefulset)
            status = found["status"]
            return bool(
                status.get("observedGeneration") == found["metadata"]["generation"]
                and status["updateRevision"] == status["currentRevision"]
                and status.get("readyReplicas") == status.get("updatedReplicas") == found["spec"]["replicas"]
            )

        wait_for(rolled, limit_seconds, f"{self.statefulset} is rolled")

    def restarts(self) -> dict[str, int]:
        """How often each container was started again in its present pod, by `pod/container`."""
        return {
            f"{pod['metadata']['name']}/{container['name']}": container["restartCount"]
            for pod in self.pods()
            for container in [*pod["status"].get("initContainerStatuses", []), *pod["status"].get("containerStatuses", [])]
        }

    def wait_restarted(self, container: str, count: int) -> None:
        """Returns when a container, `pod/container`, was started again more than `count` times in its present pod."""
        wait_for(lambda: self.restarts()[container] > count, 120, f"{container} is started again")

    def uids(self) -> dict[str, str]:
        """The uid of each pod: another one is another pod of the same name."""
        return {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in self.pods()}

    # What the agents and MySQL say

    def status(self, ordinal: int) -> dict[str, Any]:
        """A pod's own /status."""
        found: dict[str, Any] = json.loads(self.namespace.agent(self.pod(ordinal), "/status?format=json"))
        return found

    def history(self, ordinal: int) -> list[str]:
        """The names of the events of a pod's volume, oldest first."""
        events = json.loads(self.namespace.agent(self.pod(ordinal), "/history"))["events"]
        return [event["event"] for event in events]

    def wait_status(self, ordinal: int, condition: Callable[[dict[str, Any]], object], limit_seconds: float, what: str) -> dict[str, Any]:
        """The first /status for which the condition holds."""
        found: dict[str, Any] = {}

        def look() -> bool:
            found.clear()
            found.update(self.status(ordinal))
            return bool(condition(found))

        wait_for(look, limit_seconds, f"{self.pod(ordinal)}: {what}")
        return found

    def donor(self, ordinal: int) -> str | None:
        """The pod whose data a pod copied; None when it initialised."""
        donor: str = self.status(ordinal)["volume"].get("donor") or ""
        return donor.removeprefix(f"{self.statefulset}-") or None

    def sql(self, ordinal: int, statement: str, *, limit_seconds: float = 60) -> list[list[str]]:
        """The rows that statements print on a pod, as root over the socket."""
        options = f"--no-defaults --socket={SOCKET} --user=root --batch --skip-column-names"
        client = f'MYSQL_PWD="$(cat /etc/ordinal/credentials/root)" mysql {options}'
        printed = self.namespace.execute(self.pod(ordinal), "mysql", client, stdin=statement, limit_seconds=limit_seconds)
        return [line.split("\t") for line in printed.splitlines()]

    def value(self, ordinal: int, statement: str) -> str:
        """The only field of the only row."""
        rows = self.sql(ordinal, statement)
        assert len(rows) == 1 and len(rows[0]) == 1, f"{statement}: {rows}"
        return rows[0][0]

    def wait_caught_up(self, *ordinals: int, limit_seconds: int = 60) -> None:
        """Returns when the named pods have executed what the first pod has executed now."""
        target = self.value(self.first(), "SELECT REPLACE(@@GLOBAL.gtid_executed, '\\n', '')")
        for ordinal in ordinals:
            assert self.value(ordinal, f"SELECT WAIT_FOR_EXECUTED_GTID_SET('{target}', {limit_seconds})") == "0", (
                f"{self.pod(ordinal)} has not executed {target} within {limit_seconds} s"
            )

    def first(self) -> int:
        """The primary's ordinal."""
        found: int = self.namespace.get("statefulsets", self.statefulset)["spec"].get("ordinals", {}).get("start", 0)
        return found


def is_ready(pod: Manifest) -> bool:
    """Whether a pod is ready and not on its way out."""
    conditions = {condition["type"]: condition["status"] for condition in pod["status"].get("conditions", [])}
    return conditions.get("Ready") == "True" and "deletionTimestamp" not in pod["metadata"]
