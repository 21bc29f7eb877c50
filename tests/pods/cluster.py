"""Some pods on a network of their own, and what is asked of all of them at once."""

from collections.abc import Iterator
from typing import Any

from .engine import docker, label_words, remove_everything
from .pod import CONTAINERS, Pod, Template, random_credentials
from .waiting import NotYet

FAILURE_LOG_LINES = 60


class Cluster:
    """The pods db-0, db-1, … of one StatefulSet `db`. Making the object starts nothing; entering it removes what a former run of that name
    left behind."""

    def __init__(self, name: str, *, replicas: int = 3, namespace: str = "shop", environment: dict[str, str] | None = None) -> None:
        self.name = name
        self.namespace = namespace
        self.template = Template(replicas, random_credentials(), environment or {})
        self._pods: dict[int, Pod] = {}

    def __enter__(self) -> "Cluster":
        self.remove()
        docker("network", "create", *label_words(self.name), self.name)
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()

    def __getitem__(self, ordinal: int) -> Pod:
        """The pod with that ordinal, which may be down or never have existed."""
        if ordinal not in self._pods:
            self._pods[ordinal] = Pod(self.name, self.namespace, ordinal, self.template)
        return self._pods[ordinal]

    def __iter__(self) -> Iterator[Pod]:
        return iter([self._pods[ordinal] for ordinal in sorted(self._pods)])

    @property
    def credentials(self) -> dict[str, str]:
        return self.template.credentials

    def start(self, *ordinals: int, wait_seconds: float | None = None) -> None:
        """Starts the named pods, or as many as the template has, at once; with `wait_seconds` returns when all of them are ready."""
        chosen = [self[ordinal] for ordinal in ordinals or range(self.template.replicas)]
        for pod in chosen:
            pod.start()
        if wait_seconds is not None:
            for pod in chosen:
                pod.wait_ready(wait_seconds)

    def statuses(self) -> dict[str, dict[str, Any]]:
        """Each pod's /status; pods that do not answer are left out."""
        found = {}
        for pod in self:
            try:
                found[pod.name] = pod.status()
            except NotYet:
                continue
        return found

    def executed(self, ordinal: int = 0) -> str:
        """The gtid_executed of a pod, on one line."""
        return self[ordinal].value("SELECT REPLACE(@@GLOBAL.gtid_executed, '\\n', '')")

    def wait_caught_up(self, *ordinals: int, limit_seconds: int = 60) -> None:
        """Returns when the named pods, or all, have executed what db-0 has executed now."""
        target = self.executed()
        for pod in [self[ordinal] for ordinal in ordinals] or list(self):
            rows = pod.sql(f"SELECT WAIT_FOR_EXECUTED_GTID_SET('{target}', {limit_seconds})", limit_seconds=limit_seconds + 30)
            assert rows == [["0"]], f"{pod} has not executed {target} within {limit_seconds} s"

    def table_checksums(self, *ordinals: int) -> dict[str, dict[str, str]]:
        """For each pod, what CHECKSUM TABLE says of every table that a user made."""
        return {pod.name: checksums(pod) for pod in [self[ordinal] for ordinal in ordinals] or list(self)}

    def describe(self) -> str:
        """A line for each pod: role, state, reason, containers."""
        return "\n".join(pod.describe() for pod in self)

    def last_words(self) -> str:
        """What a person needs who looks into a failure: each pod's state and the ends of its logs."""
        parts = [self.describe()]
        for pod in self:
            for which in CONTAINERS:
                if text := pod.logs(which, FAILURE_LOG_LINES):
                    parts.append(f"── {pod.container(which)}\n{text.rstrip()}")
            if pod.earlier_logs:
                text = "\n".join(pod.earlier_logs[-1].splitlines()[-FAILURE_LOG_LINES:])
                parts.append(f"── {pod.name}, the container that went last\n{text}")
        return "\n".join(parts)

    def remove(self) -> None:
        """Removes every trace of the cluster, also what a former run of the same name left."""
        for pod in self:
            pod.abandon()
        remove_everything(self.name)
        if any([pod.joined() for pod in self]):  # what they were just making when the containers went
            remove_everything(self.name)


def checksums(pod: Pod) -> dict[str, str]:
    """CHECKSUM TABLE of every user's table on a pod, by `database.table`; it reads each row."""
    tables = pod.sql(
        "SELECT CONCAT('`', table_schema, '`.`', table_name, '`') FROM information_schema.tables WHERE table_type = 'BASE TABLE'"
        " AND table_schema NOT IN ('mysql', 'sys', 'performance_schema', 'information_schema') ORDER BY 1"
    )
    if not tables:
        return {}
    names = ", ".join(name for (name,) in tables)
    return {name: checksum for name, checksum in pod.sql(f"CHECKSUM TABLE {names}", limit_seconds=300)}
