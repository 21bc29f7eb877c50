"""What can be done to a cluster whose only node is this machine: kill a container's first process, restart the kubelet."""

import os
import shlex
import signal
from pathlib import Path

from pods.waiting import wait_for

from .kube import Namespace, run


class Lab:
    """`ORDINAL_E2E_LAB` holds the command that restarts a component of the node when its name is added to it."""

    def __init__(self) -> None:
        self._restart = shlex.split(os.environ.get("ORDINAL_E2E_LAB", ""))

    @property
    def present(self) -> bool:
        return bool(self._restart)

    def restart_kubelet(self) -> None:
        run(*self._restart, "kubelet", limit_seconds=60)

    def kill(self, namespace: Namespace, pod: str, container: str) -> None:
        """SIGKILL to the first process of a container, once it runs."""
        os.kill(wait_for(lambda: self._first_process(namespace, pod, container), 30, f"{container} of {pod} runs"), signal.SIGKILL)

    def _first_process(self, namespace: Namespace, pod: str, container: str) -> int | None:
        status = namespace.get("pods", pod)["status"]
        containers = [*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])]
        of_that_name = next(found for found in containers if found["name"] == container)
        if "running" not in of_that_name["state"]:
            return None
        identifier = of_that_name["containerID"].rpartition("/")[2]
        for process in Path("/proc").glob("[0-9]*"):
            try:
                inside = identifier in (process / "cgroup").read_text()
                numbers = next(line for line in (process / "status").read_text().splitlines() if line.startswith("NSpid:")).split()
            except (OSError, StopIteration):
                continue  # it ended meanwhile
            if inside and numbers[-1] == "1":
                return int(process.name)
        return None
