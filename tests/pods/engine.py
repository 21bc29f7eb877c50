"""The docker command line. It must not know what a pod is, beyond the label by which everything of a cluster is found again."""

import subprocess

LABEL = "ordinal.cluster"
MYSQL_IMAGE = "ordinal-mysql:test"
LIMIT_SECONDS = 120.0


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


def remove_everything(cluster: str | None = None) -> None:
    """Removes the containers, volumes and networks of one cluster, or of all clusters: at once, with nothing asked of them."""
    label = f"label={LABEL}" + (f"={cluster}" if cluster else "")
    for kind, list_words, remove_words in (
        ("container", ["ls", "--all", "--quiet"], ["rm", "--force", "--volumes"]),
        ("volume", ["ls", "--quiet"], ["rm", "--force"]),
        ("network", ["ls", "--quiet"], ["rm"]),
    ):
        found = docker(kind, *list_words, "--filter", label).split()
        if found:
            docker(kind, *remove_words, *found)
