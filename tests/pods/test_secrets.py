"""Passwords change under a running cluster, and none of them shows where it must not."""

from pathlib import Path

import pytest

from .cluster import Cluster
from .conftest import START_LIMIT_SECONDS
from .engine import docker, finish
from .faults import kill_and_see_back, wait_alert
from .pod import Pod, SqlError, random_credentials
from .waiting import wait_for
from .writer import Writer

PATHS = ("/status", "/cluster", "/metrics", "/history", "/version", "/readyz?verbose", "/")
ACCESS_DENIED = 1045
SHARED = ("replication", "clone")  # the accounts that pods use with one another


def takes(pod: Pod, account: str, password: str) -> bool:
    """Whether the pod's mysqld takes this password for one of the shared accounts."""
    client = f"mysql --no-defaults --host=127.0.0.1 --user=ordinal_{account} --ssl-mode=REQUIRED --execute='SELECT 1'"
    script = f'MYSQL_PWD="$PASSWORD" exec {client}'
    done = finish("exec", "--env", "PASSWORD", pod.container("mysql"), "sh", "-c", script, environment={"PASSWORD": password})
    assert done.returncode == 0 or f"ERROR {ACCESS_DENIED}".encode() in done.stderr, done.stderr.decode()
    return done.returncode == 0


def alerts(pod: Pod) -> dict[str, str]:
    """The texts of the pod's alerts by their codes."""
    return {alert["code"]: alert["text"] for alert in pod.status()["alerts"]}


def change_files(cluster: Cluster, **passwords: str) -> dict[str, str]:
    """Changes the Secret without a word to the pods; the passwords from before."""
    before = dict(cluster.credentials)
    cluster.credentials.update(passwords)
    return before


def wait_for_the_new_ones_alone(cluster: Cluster, before: dict[str, str]) -> None:
    """Returns when every pod takes the Secret's passwords of the shared accounts and refuses those from before."""

    def new_ones_alone() -> bool:
        return all(
            takes(pod, account, cluster.credentials[account]) and not takes(pod, account, before[account])
            for pod in cluster
            for account in SHARED
        )

    wait_for(new_ones_alone, 60, "every pod takes the new passwords alone")


@pytest.mark.asan
def test_changed_passwords_are_set_and_the_old_ones_end_when_the_last_pod_has_moved(running: Cluster) -> None:
    changed = random_credentials()
    before = change_files(running, **{account: changed[account] for account in ("agent", *SHARED)})
    with Writer(running[0]) as writer:
        running[1].write_etc()
        running[0].write_etc()
        waiting = "for the sake of db-2"
        wait_for(lambda: waiting in alerts(running[0]).get("OLD_PASSWORD_KEPT", ""), 30, "the old password is kept for db-2 alone")
        assert all(takes(running[0], account, passwords[account]) for account in SHARED for passwords in (before, changed))
        running[2].write_etc()
        wait_for_the_new_ones_alone(running, before)
        running[1].sql("STOP REPLICA")  # it starts again with the new password
        writer.wait_for_more(5)
    running.wait_caught_up()
    assert [writer.missing_on(pod) for pod in running] == [[]] * 3
    assert not {"OLD_PASSWORD_KEPT", "PASSWORD_NOT_SET"} & alerts(running[0]).keys()
    running[2].recreate(empty=True)  # it clones with the new password
    running[2].wait_ready(START_LIMIT_SECONDS)
    shown = [word for pod in running for word in (*before.values(), *changed.values()) if word in pod.all_logs()]
    assert not shown


def test_passwords_changed_while_the_primary_was_down_are_set_when_it_comes_back(running: Cluster) -> None:
    running[0].stop()
    changed = random_credentials()
    before = change_files(running, **{account: changed[account] for account in SHARED})
    running[1].write_etc()
    running[2].write_etc()
    running[0].start()
    for pod in running:
        pod.wait_ready(START_LIMIT_SECONDS)
    wait_for_the_new_ones_alone(running, before)


def test_roots_changed_file_is_named_until_root_changes_the_password(running: Cluster) -> None:
    before = change_files(running, root=random_credentials()["root"])
    for pod in running:
        pod.write_etc()
    wait_alert(running[0], "ROOT_PASSWORD_DIFFERS")
    running[0].sql(f"ALTER USER root@localhost IDENTIFIED BY '{running.credentials['root']}'", password=before["root"])
    wait_for(lambda: "ROOT_PASSWORD_DIFFERS" not in alerts(running[0]), 60, "root's password is that of the file")
    running.wait_caught_up()


def test_the_agents_changed_password_holds_from_the_next_start_of_mysqld_and_locks_no_agent_out(running: Cluster) -> None:
    before = change_files(running, agent=random_credentials()["agent"])
    pod = running[1]
    pod.write_etc()
    kill_and_see_back(pod, "ordinal")  # its successor finds the new password in the file and the old one in force
    pod.wait_ready()
    kill_and_see_back(pod, "mysql")
    wait_for(lambda: pod.sql("DO 1", user="ordinal", password=running.credentials["agent"]) == [], 60, "mysqld has the new password")
    with pytest.raises(SqlError) as refused:
        pod.sql("DO 1", user="ordinal", password=before["agent"])
    assert refused.value.code == ACCESS_DENIED
    pod.wait_ready()
    kill_and_see_back(pod, "ordinal")
    pod.wait_ready()
    for other in (running[0], running[2]):
        other.write_etc()


def test_a_pod_that_waits_for_its_donor_clones_with_the_password_of_that_day(running: Cluster) -> None:
    running[1].kill()
    running[2].recreate(empty=True)
    running[2].wait_state("waiting_for_donor")
    before = change_files(running, clone=random_credentials()["clone"])
    running[0].write_etc()
    wait_for(lambda: takes(running[0], "clone", running.credentials["clone"]), 30, "db-0 has set the new password")
    running[0].sql("ALTER USER ordinal_clone@'%' DISCARD OLD PASSWORD")
    assert not takes(running[0], "clone", before["clone"])
    running[2].write_etc()
    running[1].start()
    for pod in running:
        pod.wait_ready(START_LIMIT_SECONDS)


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
