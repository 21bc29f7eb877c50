"""One pod: what Kubernetes would make of a StatefulSet's template, out of containers that share a network namespace and volumes.

A pod's incarnation is: a pause container that holds the network and the memory volumes; `install` and `init`, one after the other, where
`init` is tried again when it fails; then `ordinal` and `mysql` together, each restarted when it ends. It must not know of other pods.
"""

import http.client
import io
import json
import os
import re
import secrets
import signal
import subprocess
import tarfile
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from .engine import MYSQL_IMAGE, EngineError, docker, finish, label_words, logs
from .volume import POD_USER, Volume
from .waiting import NotYet, TimedOut, wait_for

ORDINAL_IMAGE = os.environ.get("ORDINAL_IMAGE") or "ordinal:dev"
HTTP_PORT = 8008
SOCKET = "/run/ordinal/mysql/mysqld.sock"
CONTAINERS = ("install", "init", "ordinal", "mysql")
STOP_LIMIT_SECONDS = 60
INIT_BACK_OFF_SECONDS = (0.5, 1.0, 2.0, 4.0, 8.0)
# With the sanitized agent. Leaks are looked for at the end of a process by a thread that ptraces the others, as a pod's user may.
SANITIZERS = {"ASAN_OPTIONS": "abort_on_error=0:exitcode=99", "UBSAN_OPTIONS": "print_stacktrace=1"}


class Unreachable(NotYet):
    """Nobody answers at the pod's address, or the pod has none."""


class SqlError(NotYet):
    """The mysql client failed. `code` is MySQL's error number, 0 when there is none."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        found = re.search(r"ERROR (\d+) ", text)
        self.code = int(found[1]) if found else 0


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class FailPoint:
    """A point, compiled into the sanitized agent, at which the agent of one container kills itself, once."""

    container: str
    name: str


@dataclass
class Template:
    """What a StatefulSet's template says: the same for every pod, unless a test makes one differ."""

    replicas: int
    credentials: dict[str, str]
    environment: dict[str, str] = field(default_factory=dict)  # ORDINAL_SECTION__KEY
    mysql_settings: dict[str, str] = field(default_factory=dict)  # file name in mysql.d -> text
    ordinal_toml: str | None = None

    def archive(self) -> bytes:
        """The content of /etc/ordinal as a tar file, with owners and modes as a Secret and a ConfigMap have them under fsGroup."""
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            for directory in ("credentials", "mysql.d"):
                archive.addfile(entry(directory, 0o755, directory=True))
            texts = {f"credentials/{name}": (text, 0o440) for name, text in self.credentials.items()}
            texts |= {f"mysql.d/{name}": (text, 0o644) for name, text in self.mysql_settings.items()}
            if self.ordinal_toml is not None:
                texts["ordinal.toml"] = (self.ordinal_toml, 0o644)
            for path, (text, mode) in texts.items():
                content = text.encode()
                archive.addfile(entry(path, mode, size=len(content)), io.BytesIO(content))
        return buffer.getvalue()


def entry(path: str, mode: int, *, size: int = 0, directory: bool = False) -> tarfile.TarInfo:
    """The header of a file or directory that root owns and the pods' group may read."""
    info = tarfile.TarInfo(path)
    info.type = tarfile.DIRTYPE if directory else tarfile.REGTYPE
    info.mode, info.size, info.uid, info.gid = mode, size, 0, 999
    return info


class Pod:
    """A pod of a cluster by its ordinal; making the object starts nothing."""

    def __init__(self, cluster: str, namespace: str, ordinal: int, template: Template) -> None:
        self.cluster = cluster
        self.namespace = namespace
        self.ordinal = ordinal
        self.name = f"db-{ordinal}"
        self.template = template
        self.volume = Volume(f"{cluster}-{self.name}", cluster)
        self.earlier_logs: list[str] = []  # of containers that are gone
        self.init_attempts = 0  # of the present incarnation
        self._run, self._bin, self._etc = (Volume(f"{cluster}-{self.name}-{what}", cluster) for what in ("run", "bin", "etc"))
        self._sequence: threading.Thread | None = None
        self._leaving = threading.Event()
        self._failure: str | None = None
        self._held: str | None = None
        self._address = ""  # of the present incarnation; tests that wait ask for it ten times a second

    def __repr__(self) -> str:
        return self.name

    def container(self, which: str) -> str:
        """The name of one of the pod's containers: `demo-db-0-mysql`."""
        return f"{self.cluster}-{self.name}-{which}"

    # Life and death

    def start(
        self,
        *,
        empty: bool = False,
        fail_point: FailPoint | None = None,
        environment: dict[str, str] | None = None,
        held: str | None = None,
    ) -> None:
        """Begins an incarnation and returns at once. `empty` gives it a new volume in place of the one it had; `fail_point` holds for the
        first run of its container, `environment` for this incarnation, on top of the template's. The container `held`, of `ordinal` and
        `mysql`, is not started after `init`, but by release()."""
        assert self._sequence is None, f"{self.name} is up"
        self._leaving.clear()
        self._failure = None
        self.init_attempts = 0
        self._held = held
        arguments = (empty, fail_point, environment or {})
        self._sequence = threading.Thread(target=self._run_sequence, args=arguments, name=self.name, daemon=True)
        self._sequence.start()

    def release(self) -> None:
        """Starts the container that start() was told to hold."""
        assert self._held, f"nothing of {self.name} is held"
        docker("start", self.container(self._held))

    def stop(self) -> None:
        """Ends the pod as Kubernetes does: preStop in the mysql container, SIGTERM to mysqld, when that is gone SIGTERM to the agent."""
        if self.running("mysql"):
            finish("exec", self.container("mysql"), "/ordinal/ordinal", "drain", limit_seconds=STOP_LIMIT_SECONDS)
        self._leaving.set()
        for which in ("mysql", "ordinal", "init"):
            finish("stop", "--time", str(STOP_LIMIT_SECONDS), self.container(which), limit_seconds=STOP_LIMIT_SECONDS + 30)
        self._remove_containers()

    def kill(self) -> None:
        """Ends everything in the pod at once with SIGKILL, as the death of its node would."""
        self._leaving.set()
        present = self._containers()
        if present:
            finish("update", "--restart", "no", *present)
            for which in present:
                self._signal(which, signal.SIGKILL)
        self._remove_containers()

    def end_containers(self, *which: str) -> None:
        """SIGTERM to the named containers, which are not restarted; the rest of the pod stays."""
        for name in which:
            docker("update", "--restart", "no", self.container(name))
            docker("stop", "--time", str(STOP_LIMIT_SECONDS), self.container(name), limit_seconds=STOP_LIMIT_SECONDS + 30)

    def beside(self, script: str) -> str:
        """What a bash script prints that runs in the pod as another container would: same user, network, volumes and environment."""
        words = self._run_words("beside", self._environment(), detached=False)
        found = docker(*words, MYSQL_IMAGE, "bash", "-c", script)
        docker("rm", "--force", self.container("beside"))
        return found

    def abandon(self) -> None:
        """Lets go of an incarnation that someone else removes."""
        self._leaving.set()

    def joined(self) -> bool:
        """Waits until nothing more is made for an incarnation that was let go of; whether there was one."""
        sequence, self._sequence = self._sequence, None
        if sequence is not None:
            sequence.join()
        return sequence is not None

    def recreate(self, *, empty: bool = False, fail_point: FailPoint | None = None) -> None:
        """Kills the pod and begins a new incarnation, as start() does."""
        self.kill()
        self.start(empty=empty, fail_point=fail_point)

    def kill_container(self, which: str) -> None:
        """SIGKILL to the first process of a container; it is restarted as after a crash. EngineError when it does not run."""
        if not self._signal(self.container(which), signal.SIGKILL):
            raise EngineError(f"{self.container(which)} is not running")

    def freeze(self, *which: str) -> None:
        """Stops the named containers, or all of the pod, in mid-instruction; their sockets stay open."""
        for name in which or ("mysql", "ordinal"):
            docker("pause", self.container(name))

    def thaw(self, *which: str) -> None:
        for name in which or ("mysql", "ordinal"):
            docker("unpause", self.container(name))

    def cut_network(self) -> None:
        """Drops every packet between this pod and the others, without a word to either side. Tests still reach the pod from the host."""
        gateway = self._network("Gateway")
        for chain, direction, peer in (("INPUT", "--in-interface", "--source"), ("OUTPUT", "--out-interface", "--destination")):
            self._in_network("iptables", "--append", chain, direction, "eth0", "!", peer, gateway, "--jump", "DROP")

    def drop_arriving(self, port: int) -> None:
        """Drops every packet that arrives at a TCP port of this pod; what it sends still leaves."""
        self._in_network("iptables", "--append", "INPUT", "--protocol", "tcp", "--destination-port", str(port), "--jump", "DROP")

    def restore_network(self) -> None:
        for chain in ("INPUT", "OUTPUT"):
            self._in_network("iptables", "--flush", chain)

    # What can be seen of it

    def running(self, which: str) -> bool:
        return self._inspect(which, "{{.State.Running}}") == "true"

    def restarts(self, which: str) -> int:
        """How often a container was started again in this incarnation."""
        return int(self._inspect(which, "{{.RestartCount}}") or 0)

    def process_id(self, which: str) -> int:
        """The host's id of a container's first process, 0 when it does not run."""
        return int(self._inspect(which, "{{.State.Pid}}") or 0)

    def address(self) -> str:
        """The pod's IP address; Unreachable when it has none."""
        if not self._address:
            self._address = self._network("IPAddress")
        return self._address

    def logs(self, which: str, lines: int | None = None) -> str:
        """What one of the present containers printed."""
        return logs(self.container(which), lines)

    def all_logs(self) -> str:
        """What all containers printed, those of earlier incarnations and attempts too."""
        return "\n".join([*self.earlier_logs, *(self.logs(which) for which in CONTAINERS)])

    def http(self, path: str, *, method: str = "GET", headers: dict[str, str] | None = None, limit_seconds: float = 5.0) -> Answer:
        """The agent's answer; Unreachable when there is none within the limit."""
        connection = http.client.HTTPConnection(self.address(), HTTP_PORT, timeout=limit_seconds)
        try:
            connection.request(method, path, headers=headers or {})
            response = connection.getresponse()
            return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(f"{self.name}: {error or type(error).__name__}") from error
        finally:
            connection.close()

    def status(self) -> dict[str, Any]:
        """The pod's own /status; Unreachable when nobody answers."""
        found: dict[str, Any] = self.http("/status?format=json").json()
        return found

    def state(self) -> str:
        """The state in /status."""
        return str(self.status()["state"])

    def reason(self) -> str:
        """The code of the reason in /status."""
        return str(self.status()["reason"]["code"])

    def ready(self) -> bool:
        return self.http("/readyz").status == 200

    def wait_ready(self, limit_seconds: float = 60) -> None:
        wait_for(self.ready, limit_seconds, f"{self.name} is ready")

    def wait_state(self, *states: str, limit_seconds: float = 60) -> dict[str, Any]:
        """The first /status that shows one of the states."""
        return self.wait_status(lambda status: status["state"] in states, limit_seconds, " or ".join(states))

    def wait_status(self, condition: Callable[[dict[str, Any]], object], limit_seconds: float, what: str) -> dict[str, Any]:
        """The first /status for which the condition holds."""
        last: dict[str, Any] = {}

        def look() -> dict[str, Any] | None:
            last.clear()
            last.update(self.status())
            return last if condition(last) else None

        try:
            return wait_for(look, limit_seconds, f"{self.name}: {what}")
        except TimedOut as error:
            raise TimedOut(f"{error}; last /status: {json.dumps(last)}") from error

    def sql(
        self, statement: str, *, user: str = "root", password: str | None = None, database: str = "", limit_seconds: float = 60
    ) -> list[list[str]]:
        """The rows that the statements print, in the mysql container over the socket. Without `password` it is root's file of the pod."""
        credential = '"$(cat /etc/ordinal/credentials/root)"' if password is None else '"$PASSWORD"'
        options = f"--socket={SOCKET} --user={user} --batch --skip-column-names --database={database}"
        client = f"MYSQL_PWD={credential} exec mysql --no-defaults {options}"
        done = finish(
            "exec", "--interactive", "--env", "PASSWORD", self.container("mysql"), "sh", "-c", client,
            stdin=statement.encode(), environment={"PASSWORD": password or ""}, limit_seconds=limit_seconds,
        )  # fmt: skip
        if done.returncode != 0:
            raise SqlError(f"{self.name}: {done.stderr.decode(errors='replace').strip()}")
        return [line.split("\t") for line in done.stdout.decode().splitlines()]

    def value(self, statement: str) -> str:
        """The only field of the only row of a query, as root."""
        rows = self.sql(statement)
        assert len(rows) == 1 and len(rows[0]) == 1, f"{statement}: {rows}"
        return rows[0][0]

    def command(self, *arguments: str, container: str = "mysql", limit_seconds: float = 60) -> tuple[int, str]:
        """Exit code and output of `/ordinal/ordinal ARGUMENTS` in a container of the pod, as a person would run it there."""
        binary = "/ordinal" if container == "ordinal" else "/ordinal/ordinal"
        done = finish("exec", self.container(container), binary, *arguments, limit_seconds=limit_seconds)
        return done.returncode, (done.stdout + done.stderr).decode(errors="replace")

    def write_etc(self, template: Template | None = None) -> None:
        """Puts the template's files into /etc/ordinal of the running pod, as the kubelet does when a Secret changes."""
        docker("cp", "--archive", "-", f"{self.container('pause')}:/etc/ordinal", stdin=(template or self.template).archive())

    def describe(self) -> str:
        """One line that says how the pod is, for a person who wonders why something failed."""
        containers = {which: self._inspect(which, "{{.State.Status}} {{.State.ExitCode}}") for which in CONTAINERS}
        states = ", ".join(f"{which} {state.removesuffix(' 0')}" for which, state in containers.items() if state) or "no containers"
        try:
            status = self.status()
            reason = status["reason"]
            says = f"{status['role']} {status['state']}, {'ready' if status['ready'] else 'not ready'}: {reason['code']}: {reason['text']}"
        except (NotYet, ValueError, KeyError) as error:
            says = f"no status: {error}"
        return f"{self.name}: {says} [{states}]" + (f" [start failed: {self._failure}]" if self._failure else "")

    # How an incarnation begins and ends

    def _run_sequence(self, empty: bool, fail_point: FailPoint | None, environment: dict[str, str]) -> None:
        try:
            self._create_shared(empty)
            docker(*self._run_words("install", detached=False), ORDINAL_IMAGE, "install", "/target")
            settings = self._environment() | environment
            self._provision(settings, fail_point)
            if not self._leaving.is_set():
                self._serve(settings, fail_point)
        except EngineError as error:
            if not self._leaving.is_set():
                self._failure = str(error)

    def _create_shared(self, empty: bool) -> None:
        if empty:
            self.volume.remove()
        self.volume.create()
        for volume, size, mode in ((self._run, "16m", "0750"), (self._bin, "512m", "0755"), (self._etc, "1m", "0755")):
            volume.remove()
            volume.create_in_memory(size, mode)
        domain = f"db.{self.namespace}.svc.cluster.local"
        docker(
            "run", "--detach", "--name", self.container("pause"), *label_words(self.cluster), "--stop-timeout", "0",
            "--network", self.cluster, "--network-alias", f"{self.name}.{domain}", "--hostname", self.name, "--domainname", domain,
            *self._mounts("pause"), MYSQL_IMAGE, "sleep", "infinity",
        )  # fmt: skip
        self.write_etc()

    def _provision(self, settings: dict[str, str], fail_point: FailPoint | None) -> None:
        """Runs `init` until it succeeds, and makes the other containers meanwhile."""
        first = fail_point.name if fail_point and fail_point.container == "init" else None
        with ThreadPoolExecutor(1) as beside:
            self._start_init(settings, first)
            made = beside.submit(self._create_lasting, settings, fail_point)
            while docker("wait", self.container("init"), limit_seconds=None) != "0" and not self._leaving.is_set():
                if self._leaving.wait(INIT_BACK_OFF_SECONDS[min(self.init_attempts, len(INIT_BACK_OFF_SECONDS)) - 1]):
                    break
                self._forget("init")
                self._start_init(settings)
            made.result()

    def _start_init(self, settings: dict[str, str], fail_point: str | None = None) -> None:
        self.init_attempts += 1
        docker(*self._run_words("init", settings, fail_point), MYSQL_IMAGE, "/ordinal/ordinal", "init")

    def _create_lasting(self, settings: dict[str, str], fail_point: FailPoint | None) -> None:
        first = fail_point.name if fail_point and fail_point.container == "ordinal" else None
        self._create_ordinal(settings, first)
        words = self._run_words("mysql", settings | {"NOTIFY_SOCKET": "/run/ordinal/notify"}, lasting=True)
        docker(*words, MYSQL_IMAGE, "mysqld", "--defaults-file=/run/ordinal/my.cnf")

    def _create_ordinal(self, settings: dict[str, str], fail_point: str | None = None) -> None:
        docker(*self._run_words("ordinal", settings, fail_point, lasting=True), ORDINAL_IMAGE, "run")

    def _serve(self, settings: dict[str, str], fail_point: FailPoint | None) -> None:
        docker("start", *(self.container(which) for which in ("ordinal", "mysql") if which != self._held))
        if fail_point and fail_point.container == "ordinal":
            docker("wait", self.container("ordinal"), limit_seconds=None)
            if not self._leaving.is_set():
                self._forget("ordinal")
                self._create_ordinal(settings)
                docker("start", self.container("ordinal"))

    def _environment(self) -> dict[str, str]:
        given = {"ORDINAL_CLUSTER__DISCOVERY": "static", "ORDINAL_CLUSTER__REPLICAS": str(self.template.replicas)}
        return SANITIZERS | given | self.template.environment

    def _mounts(self, which: str) -> list[str]:
        """The docker words for a container's volumes. The agent's own image has its binary where the others have the copy of it."""
        data, run, etc = f"{self.volume.name}:/var/lib/ordinal", f"{self._run.name}:/run/ordinal", f"{self._etc.name}:/etc/ordinal"
        places = {
            "pause": [data, run, f"{self._bin.name}:/ordinal", etc],
            "install": [f"{self._bin.name}:/target"],
            "ordinal": [data, run, f"{etc}:ro"],
        }.get(which, [data, run, f"{self._bin.name}:/ordinal:ro", f"{etc}:ro"])
        return [word for place in places for word in ("--volume", place)]

    def _run_words(
        self,
        which: str,
        environment: dict[str, str] | None = None,
        fail_point: str | None = None,
        *,
        lasting: bool = False,
        detached: bool = True,
    ) -> list[str]:
        """The docker words that start a container in the manner of this pod; a lasting one is only made, and starts again when it ends."""
        variables = dict(environment or {}) | ({"ORDINAL_FAIL_POINT": fail_point} if fail_point else {})
        words = ["create"] if lasting else ["run", *(["--detach"] if detached else [])]
        if lasting and not fail_point:
            words += ["--restart", "always"]
        return [
            *words, "--name", self.container(which), *label_words(self.cluster), "--user", POD_USER, "--read-only",
            "--network", f"container:{self.container('pause')}", "--cap-drop", "ALL", "--security-opt", "no-new-privileges",
            *self._mounts(which), *(word for name, value in variables.items() for word in ("--env", f"{name}={value}")),
        ]  # fmt: skip

    def _remove_containers(self) -> None:
        self.earlier_logs += [text for which in CONTAINERS if (text := self.logs(which))]
        while present := self._containers():
            finish("rm", "--force", *present)
        if self._sequence is not None:
            self._sequence.join()
            self._sequence = None
        if present := self._containers():  # made by the sequence before it noticed
            docker("rm", "--force", *present)
        self._address = ""

    def _forget(self, which: str) -> None:
        self.earlier_logs.append(self.logs(which))
        docker("rm", "--force", self.container(which))

    def _containers(self) -> list[str]:
        pattern = f"name=^/{self.container('')}[a-z]+$"
        return docker("container", "ls", "--all", "--format", "{{.Names}}", "--filter", pattern).split()

    def _signal(self, container: str, number: int) -> bool:
        process = int(docker("inspect", "--format", "{{.State.Pid}}", container))
        if process:
            os.kill(process, number)
        return process != 0

    def _inspect(self, which: str, template: str) -> str:
        done = finish("inspect", "--format", template, self.container(which))
        return done.stdout.decode().strip() if done.returncode == 0 else ""

    def _network(self, what: str) -> str:
        found = self._inspect("pause", "{{range .NetworkSettings.Networks}}{{.%s}}{{end}}" % what)
        if not found:
            raise Unreachable(f"{self.name} has no address")
        return found

    def _in_network(self, *words: str) -> None:
        subprocess.run(["nsenter", "--net", "--target", str(self.process_id("pause")), *words], check=True, timeout=10)


def random_credentials() -> dict[str, str]:
    """New passwords for the four accounts."""
    return {account: secrets.token_urlsafe(18) for account in ("root", "agent", "replication", "clone")}
