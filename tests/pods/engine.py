"""The docker command line. It must not know what a pod is, beyond the labels by which all of a cluster or of a run is found again."""

import os
import subprocess
import time

CLUSTER_LABEL = "ordinal.cluster"
RUN_LABEL = "ordinal.run"  # of what a run of the tests makes, and of nothing else
MYSQL_IMAGE = "ordinal-mysql:test"
LIMIT_SECONDS = 120.0
RELEASE_LIMIT_SECONDS = 60.0
RELEASE_POLL_SECONDS = 0.2
# Different for each run of the tests; its workers inherit it. Demo and bench have none, and keep their names.
RUN = os.environ.get("ORDINAL_RUN", "")


class EngineError(Exception):
    """A docker command failed; the text is what it printed."""


def finish(
    *arguments: str, stdin: bytes | None = None, environment: dict[str, str] | None = None, limit_seconds: float | None = LIMIT_SECONDS
) -> subprocess.CompletedProcess[bytes]:
    """Runs `docker ARGUMENTS` to its end, whatever its exit code, with `environment` as its whole environment beside PATH and HOME."""
    try:
        return subprocess.run(
            ["docker", *arguments],
            input=b"" if stdin is None else stdin,
            capture_output=True,
            env={"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME": "/tmp", **(environment or {})},
            timeout=limit_seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise EngineError(f"docker {' '.join(arguments)}: no end after {limit_seconds} s") from error


def docker(
    *arguments: str, stdin: bytes | None = None, environment: dict[str, str] | None = None, limit_seconds: float | None = LIMIT_SECONDS
) -> str:
    """What `docker ARGUMENTS` prints, without the final newline; EngineError when it fails or takes too long."""
    done = finish(*arguments, stdin=stdin, environment=environment, limit_seconds=limit_seconds)
    if done.returncode != 0:
        raise EngineError(f"docker {' '.join(arguments)}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout.decode(errors="replace").rstrip("\n")


def logs(container: str, lines: int | None = None) -> str:
    """What a container printed, both streams in the order of their times; "" when there is no such container."""
    tail = ["--tail", str(lines)] if lines else []
    done = subprocess.run(["docker", "logs", *tail, container], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=60)
    return done.stdout.decode(errors="replace") if done.returncode == 0 else ""


def label_words(cluster: str) -> list[str]:
    """The docker words for whatever belongs to a cluster."""
    return ["--label", f"{CLUSTER_LABEL}={cluster}", *(["--label", f"{RUN_LABEL}={RUN}"] if RUN else [])]


def remove_everything(cluster: str | None = None) -> None:
    """Removes the containers, volumes and networks of one cluster, or of all clusters, as remove_labelled() does."""
    remove_labelled(f"{CLUSTER_LABEL}={cluster}" if cluster else CLUSTER_LABEL)


def remove_dead_runs() -> None:
    """Removes what earlier runs of the tests have left, as remove_labelled() does. Only before this run has made anything; ./dev lets no
    two runs overlap."""
    remove_labelled(RUN_LABEL)


def remove_labelled(label: str) -> None:
    """Removes the containers, volumes and networks with a label: at once, with nothing asked of them. The engine may hold on to a volume
    for a while after its last container is gone, or just be making or starting another one: so it is asked until it knows of nothing any
    more. EngineError, with the engine's last word, when that takes too long."""
    deadline = time.monotonic() + RELEASE_LIMIT_SECONDS
    while True:
        refusals = []
        left = False
        for kind, list_words, remove_words in (
            ("container", ["ls", "--all", "--quiet"], ["rm", "--force", "--volumes"]),
            ("volume", ["ls", "--quiet"], ["rm", "--force"]),
            ("network", ["ls", "--quiet"], ["rm"]),
        ):
            if found := docker(kind, *list_words, "--filter", f"label={label}").split():
                left = True
                if (done := finish(kind, *remove_words, *found)).returncode != 0:
                    refusals.append(f"docker {kind} {' '.join(remove_words)}: {done.stderr.decode(errors='replace').strip()}")
        if not left:
            return
        if time.monotonic() > deadline:
            raise EngineError(f"{label} is not gone after {RELEASE_LIMIT_SECONDS:g} s: {'; '.join(refusals)}")
        if refusals:
            time.sleep(RELEASE_POLL_SECONDS)
