"""A pod beside the database that writes and reads through the Services, over a new connection each time, and notes what came of it."""

from dataclasses import dataclass

from pods.waiting import wait_for

from .kube import Manifest, Namespace
from .release import Release

IMAGE = "ordinal-mysql:test"
SECURITY = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
POD_SECURITY = {"runAsNonRoot": True, "runAsUser": 999, "runAsGroup": 999, "fsGroup": 999, "seccompProfile": {"type": "RuntimeDefault"}}

# Each line that a loop writes: when the attempt began and ended, what came of it, the value written or read, and MySQL's words.
LOOP = """
while [ ! -e "/tmp/$log.stop" ]; do
  number=$((number + 1)); began=$EPOCHREALTIME
  statement=${template//NUMBER/$number}
  if said=$(mysql --no-defaults --host="$host" --user="$user" --database="$database" --connect-timeout=2 --batch --skip-column-names \\
      --execute="$statement" 2>&1); then outcome=ok; else outcome=failed; fi
  printf '%s\\t%s\\t%s\\t%s\\t%s\\n' "$began" "$EPOCHREALTIME" "$outcome" "$number" "${said//[$'\\n\\t']/ }" >> "/tmp/$log"
  [ "$pause" = 0 ] || sleep "$pause"
done
: > "/tmp/$log.ended"
"""


@dataclass(frozen=True)
class Attempt:
    """One statement over one new connection. Times are seconds of the cluster's clock."""

    began: float
    ended: float
    ok: bool
    number: int
    said: str

    @property
    def broken(self) -> bool:
        """Whether it failed although a server had answered: 2013 and 1053 come of one that is ending. It had reached nobody with 2003, when
        a Service had no endpoint, nor when no greeting came: some networks take connections for every address outside of the cluster."""
        return not self.ok and "ERROR 2003 " not in self.said and "waiting for initial communication packet" not in self.said


class Client:
    """A pod with a shell and MySQL's client. Its name is that of the release whose application account it uses."""

    def __init__(self, release: Release) -> None:
        self.release = release
        self.namespace = release.namespace
        self.name = f"client-{release.name}"
        self._loops = 0

    def start(self) -> None:
        secret = f"{self.release.statefulset}-credentials"
        credentials = {"name": "credentials", "secret": {"secretName": secret, "defaultMode": 0o400}}
        volumes = [{"name": "tmp", "emptyDir": {}}, credentials]
        mounts = [{"name": "tmp", "mountPath": "/tmp"}, {"name": "credentials", "mountPath": "/credentials"}]
        container = {
            "name": "client",
            "image": IMAGE,
            "command": ["sleep", "infinity"],
            "securityContext": SECURITY,
            "volumeMounts": mounts,
        }
        pod: Manifest = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": self.name},
            "spec": {
                "terminationGracePeriodSeconds": 0,
                "automountServiceAccountToken": False,
                "securityContext": POD_SECURITY,
                "containers": [container],
                "volumes": volumes,
            },
        }
        self.namespace.apply(pod)
        self.namespace.kubectl("wait", "--for=condition=Ready", f"pod/{self.name}", "--timeout=60s", limit_seconds=90)
        # Services and network policies know of a new pod a moment after it runs.
        wait_for(lambda: self.sql("primary", "SELECT 1"), 30, f"{self.name} reaches the primary")

    def sql(self, service: str, statement: str) -> str:
        """What one statement prints, by the application's account through a Service: `primary`, `read`, or the name of a host."""
        options = '--host="$host" --user="$user" --database="$database" --connect-timeout=5 --batch --skip-column-names'
        script = f"{self._settings(service)} mysql --no-defaults {options}"
        return self.namespace.execute(self.name, "client", script, stdin=statement).rstrip("\n")

    def begin(self, service: str, template: str, pause_seconds: float = 0) -> "Loop":
        """Starts a loop of statements through a Service; NUMBER in the template counts up."""
        self._loops += 1
        log = f"loop-{self._loops}"
        quoted = template.replace("'", "'\\''")
        settings = f"{self._settings(service)} log={log} number=0 pause={pause_seconds} template='{quoted}';"
        self.namespace.execute(self.name, "client", f": > /tmp/{log}; ({settings}{LOOP}) > /dev/null 2>&1 < /dev/null & disown")
        return Loop(self, log)

    def _settings(self, service: str) -> str:
        host = f"{self.release.statefulset}-{service}" if service in ("primary", "read") else service
        return (
            f"host={host}; user=$(cat /credentials/application_user); database=$(cat /credentials/application_database); "
            "export MYSQL_PWD=$(cat /credentials/application_password);"
        )


class Loop:
    """A loop of statements that runs in the client."""

    def __init__(self, client: Client, log: str) -> None:
        self._client = client
        self._log = log

    def attempts(self) -> list[Attempt]:
        """What has come of the statements so far, in their order."""
        text = self._client.namespace.execute(self._client.name, "client", f"cat /tmp/{self._log}")
        found = []
        for line in text.splitlines():
            began, ended, outcome, number, *said = line.split("\t")
            found.append(Attempt(float(began), float(ended), outcome == "ok", int(number), " ".join(said)))
        return found

    def wait_succeeding(self, limit_seconds: float = 30, more: int = 3) -> None:
        """Returns when `more` statements have succeeded from now on."""
        before = sum(attempt.ok for attempt in self.attempts())
        wait_for(lambda: sum(attempt.ok for attempt in self.attempts()) >= before + more, limit_seconds, f"{more} statements succeed")

    def end(self) -> list[Attempt]:
        """Stops the loop and tells what came of all statements."""
        self._client.namespace.execute(self._client.name, "client", f": > /tmp/{self._log}.stop")
        is_there = f"test -e /tmp/{self._log}.ended && echo yes || true"
        wait_for(lambda: self._client.namespace.execute(self._client.name, "client", is_there).strip(), 60, "the loop has ended")
        return self.attempts()


def pauses(attempts: list[Attempt]) -> list[tuple[float, float]]:
    """From when to when no statement succeeded, between each two that did."""
    ends = [attempt.ended for attempt in attempts if attempt.ok]
    return list(zip(ends, ends[1:], strict=False))


def longest_pause(attempts: list[Attempt]) -> float:
    """The longest time between two statements that succeeded, in seconds."""
    return max((end - begin for begin, end in pauses(attempts)), default=0.0)
