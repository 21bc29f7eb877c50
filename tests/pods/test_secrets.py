"""Passwords: any text works as one, and none of them shows where it must not."""

from pathlib import Path

import pytest

from .cluster import Cluster
from .conftest import START_LIMIT_SECONDS
from .engine import docker, finish
from .pod import Pod

STRANGE = {
    "root": "quotes ' and \" and ` and 🔑 and \\ at the end\\",
    "agent": "percent %s %n, dollar $HOME $(id), semicolon; -- # /* */",
    "replication": "pässwörd '密码' \\\"",  # here MySQL takes 32 bytes, of characters of three bytes at most
    "clone": "a'b\\'c\"d\\\\e f",
}
PATHS = ("/status", "/cluster", "/metrics", "/history", "/version", "/readyz?verbose", "/")


@pytest.mark.asan
def test_passwords_with_quotes_backslashes_spaces_and_other_scripts_work(cluster: Cluster) -> None:
    cluster.credentials.update(STRANGE)
    cluster.start(wait_seconds=START_LIMIT_SECONDS)
    cluster[0].sql("CREATE DATABASE d")
    cluster.wait_caught_up()
    assert cluster[1].sql("SELECT CURRENT_USER()", password=STRANGE["root"]) == [["root@localhost"]]


def processes(pod: Pod) -> list[Path]:
    """The /proc directories of every process in a pod's containers."""
    present = [pod.container(which) for which in ("ordinal", "mysql") if pod.running(which)]
    return [Path("/proc") / line.split()[0] for which in present for line in docker("top", which, "-eo", "pid").splitlines()[1:]]


def test_no_password_shows_in_a_process_a_log_an_answer_or_a_file_of_the_volume(running: Cluster) -> None:
    passwords = [password.encode() for password in running.credentials.values()]
    for pod in running:
        places = {f"{process}/{name}": (process / name).read_bytes() for process in processes(pod) for name in ("cmdline", "environ")}
        places["logs"] = pod.all_logs().encode()
        places |= {path: pod.http(path).body for path in PATHS}
        places["inspect"] = "".join(docker("inspect", pod.container(which)) for which in ("init", "ordinal", "mysql")).encode()
        shown = [place for place, content in places.items() for password in passwords if password in content]
        assert not shown, f"{pod} shows a password in {shown}"
        found = finish(
            "exec", "--interactive", pod.container("mysql"), "grep", "--recursive", "--text", "--files-with-matches", "--fixed-strings",
            "--file=-", "/var/lib/ordinal", stdin=b"\n".join(passwords),
        )  # fmt: skip
        assert found.returncode == 1, f"{pod} has a password in {found.stdout.decode()}{found.stderr.decode()}"
