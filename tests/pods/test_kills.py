"""Whoever is killed, and whenever: the next start finishes without a person, and nobody else is held up."""

import os
import re
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from .cluster import Cluster
from .conftest import START_LIMIT_SECONDS, Clusters
from .engine import docker, finish
from .faults import delay_applying, kill_and_see_back, wait_sound
from .pod import FailPoint, Pod
from .waiting import wait_for
from .writer import Writer

VICTIMS = ("agent", "mysqld", "pod")
STOP_SECONDS = 8
INHERITED = "SELECT host FROM performance_schema.replication_connection_configuration"
CLONE_SERVED = "Clone Begin Master Task by ordinal_clone@"


def limit_copies(pod: Pod, mib_per_second: int) -> None:
    """How fast the throw-away servers of a cluster that start from now on copy, 0 for no limit; in a running pod too."""
    pod.template.mysql_settings["copies.cnf"] = f"[mysqld]\nloose_clone_max_data_bandwidth={mib_per_second}\n"
    if pod.running("pause"):
        pod.write_etc()


@pytest.fixture(scope="module")
def running(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """Three pods, whose replicas are called behind after 2 s."""
    made = Clusters(request.node.path.stem.removeprefix("test_"))
    try:
        cluster = made.make(environment={"ORDINAL_READINESS__MAX_LAG": "2s"})
        cluster.start(wait_seconds=START_LIMIT_SECONDS)
        yield cluster
    finally:
        made.end()


def write_rows(cluster: Cluster) -> None:
    """A few MB more, so that no two copies of the data are the same."""
    cluster[0].sql("CREATE DATABASE IF NOT EXISTS kept; CREATE TABLE IF NOT EXISTS kept.t (id INT AUTO_INCREMENT PRIMARY KEY, what TEXT)")
    numbers = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) SELECT i FROM n"
    cluster[0].sql(f"INSERT INTO kept.t (what) SELECT REPEAT(UUID(), 100) FROM ({numbers}) AS numbers")


def throw_away_mysqld(pod: Pod) -> int | None:
    """The host's id of the mysqld that works for `init`; None when there is none."""
    rows = docker("top", pod.container("init"), "-o", "pid,comm").splitlines()[1:]
    return next((int(number) for number, name in map(str.split, rows) if name == "mysqld"), None)


def kill(victim: str, pod: Pod) -> None:
    """Ends the agent or the mysqld that provision a pod, or the pod."""
    if victim == "agent":
        pod.kill_container("init")
    elif victim == "mysqld":
        process = throw_away_mysqld(pod)
        assert process, f"{pod} has no throw-away mysqld"
        os.kill(process, signal.SIGKILL)
    else:
        pod.recreate()


def check_attempts(victim: str, pod: Pod) -> None:
    """The victim was hit in the pod's first attempt, and the next one succeeded."""
    assert pod.init_attempts == (2 if victim == "agent" else 1)
    assert pod.logs("init").count("mysqld was killed by signal 9") == (1 if victim == "mysqld" else 0)


def clone_sessions(donor: Pod) -> int:
    return int(donor.value("SELECT COUNT(*) FROM performance_schema.processlist WHERE user = 'ordinal_clone'"))


def begin_a_slow_copy(cluster: Cluster) -> Pod:
    """db-2, with an empty volume and some bytes of a copy that would take more than a minute; its next attempt is fast."""
    pod = cluster[2]
    write_rows(cluster)
    limit_copies(pod, 1)
    pod.recreate(empty=True)
    pod.wait_status(lambda status: status.get("clone", {}).get("bytes_done", 0) > 4_000_000, START_LIMIT_SECONDS, "copies")
    limit_copies(pod, 0)
    assert clone_sessions(cluster[1])
    return pod


def check_copied(cluster: Cluster) -> None:
    """db-2 has a complete copy from db-1, which was free for it. Of a copy that broke off, mysqld keeps the session for minutes, where the
    network told it nothing of its end, and lets the next clone begin all the same: so what counts is that this one is not refused."""
    wait_sound(cluster)
    volume = cluster[2].status()["volume"]
    assert (volume["how"], volume["donor"]) == ("clone", "db-1")
    assert "DONOR_BUSY" not in cluster[2].logs("init")


@pytest.mark.parametrize("victim", VICTIMS)
def test_a_first_pod_that_is_hit_while_it_initializes_begins_anew(clusters: Clusters, victim: str) -> None:
    cluster = clusters.make(replicas=2)
    cluster.start()
    half_made = ("exec", cluster[0].container("pause"), "test", "-e", "/var/lib/ordinal/scratch/mysql.ibd")
    wait_for(lambda: finish(*half_made).returncode == 0, START_LIMIT_SECONDS, "db-0 has half a database")
    assert cluster[0].state() == "initializing"
    kill(victim, cluster[0])
    wait_sound(cluster)
    check_attempts(victim, cluster[0])
    assert [status["volume"]["how"] for status in cluster.statuses().values()] == ["initialize", "clone"]


@pytest.mark.parametrize("victim", VICTIMS)
def test_a_replica_that_is_hit_in_the_middle_of_its_copy_frees_its_donor_and_copies_again(sound: Cluster, victim: str) -> None:
    pod = begin_a_slow_copy(sound)
    kill(victim, pod)
    assert sound[1].ready()
    check_copied(sound)
    check_attempts(victim, pod)


@pytest.mark.parametrize("victim", VICTIMS)
def test_a_replica_that_is_hit_before_it_has_forgotten_its_donors_source_forgets_it_then(sound: Cluster, victim: str) -> None:
    """The agent forgets it as soon as mysqld answers: so one of them is held back while the other is hit."""
    pod = sound[2]
    write_rows(sound)
    pod.kill()
    pod.start(empty=True, held="mysql" if victim == "agent" else "ordinal")
    if victim == "agent":
        pod.wait_state("starting", "recovering")
        kill_and_see_back(pod, "ordinal")
    else:
        wait_for(lambda: len(pod.sql(INHERITED)) == 1, START_LIMIT_SECONDS, "db-2's mysqld has its donor's source")
        assert "replication_reset = false" in pod.volume.read("identity.toml")
        if victim == "mysqld":
            kill_and_see_back(pod, "mysql")
        else:
            pod.recreate()
    if victim != "pod":
        pod.release()
    check_copied(sound)
    assert "replication_reset = true" in pod.volume.read("identity.toml")


@pytest.mark.asan
@pytest.mark.fail_points
def test_an_agent_that_is_killed_after_it_has_forgotten_its_donors_source_and_before_it_noted_so_forgets_it_again(sound: Cluster) -> None:
    pod = sound[2]
    pod.recreate(empty=True, fail_point=FailPoint("ordinal", "file_written:4"))
    check_copied(sound)
    killed, next_one = pod.earlier_logs[-1], pod.logs("ordinal")  # each act is logged when it is done
    assert "act=write_server_uuid" in killed and "act=reset_replica_all" not in killed and "act=reset_replica_all" in next_one
    assert "replication_reset = true" in pod.volume.read("identity.toml")


@pytest.mark.parametrize("victim", VICTIMS)
def test_a_replica_that_is_hit_while_it_is_behind_catches_up(sound: Cluster, victim: str) -> None:
    pod = sound[1]
    delay_applying(pod, 60)
    with Writer(sound[0]) as writer:
        pod.wait_state("catching_up")
    assert writer.missing_on(pod)
    if victim == "pod":
        pod.recreate()
        wait_for(lambda: pod.running("mysql"), START_LIMIT_SECONDS, "db-1's mysqld is started")
    else:
        kill_and_see_back(pod, "ordinal" if victim == "agent" else "mysql")
    assert wait_for(lambda: writer.missing_on(pod), 30, "db-1 is still behind")
    delay_applying(pod, 0)
    wait_sound(sound)
    assert writer.missing_on(pod) == []


def stop_init(pod: Pod) -> None:
    """SIGTERM to `init`, which has to end of itself, and not well, in a few seconds, and its mysqld with it; then the pod goes."""
    process = wait_for(lambda: throw_away_mysqld(pod), 10, f"{pod} has a throw-away mysqld")
    with ThreadPoolExecutor(1) as beside:
        code = beside.submit(docker, "wait", pod.container("init"), limit_seconds=STOP_SECONDS)
        pod.stop()
        assert code.result() == "1"
    assert not Path(f"/proc/{process}").exists()
    assert "event=stopped reason=SIGTERM" in pod.earlier_logs[-1]


@pytest.mark.asan
def test_an_init_that_is_told_to_end_while_it_waits_for_its_donor_ends_at_once_and_begins_anew_later(sound: Cluster) -> None:
    sound[1].freeze("ordinal")
    try:
        sound[2].recreate(empty=True)
        sound[2].wait_state("waiting_for_donor")
        stop_init(sound[2])
    finally:
        sound[1].thaw("ordinal")
    sound.start(2)
    check_copied(sound)


@pytest.mark.asan
def test_an_init_that_is_told_to_end_while_it_copies_ends_at_once_frees_its_donor_and_begins_anew_later(sound: Cluster) -> None:
    stop_init(begin_a_slow_copy(sound))
    assert sound[1].ready()
    sound.start(2)
    check_copied(sound)


def test_each_pod_of_a_chain_serves_one_clone(cluster: Cluster) -> None:
    cluster.template.mysql_settings["notes.cnf"] = "[mysqld]\nlog_error_verbosity=3\n"
    cluster.start(wait_seconds=START_LIMIT_SECONDS)
    assert [pod.logs("mysql").count(CLONE_SERVED) for pod in cluster] == [1, 1, 0]
    assert [re.findall("event=clone_started donor=([^ ]+)", pod.all_logs()) for pod in cluster] == [[], ["db-0"], ["db-1"]]


def test_a_copy_shows_how_far_it_is_until_it_ends(sound: Cluster) -> None:
    pod = sound[2]
    write_rows(sound)
    limit_copies(pod, 20)
    pod.recreate(empty=True)
    clones: list[dict[str, Any]] = []
    pages: list[str] = []

    def ended() -> bool:
        status = pod.status()
        if "clone" in status:
            clones.append(status["clone"])
            pages.append(pod.http("/metrics").text)
        return bool(clones) and status["state"] not in ("waiting_for_donor", "cloning")

    wait_for(ended, START_LIMIT_SECONDS, "db-2 has its copy")
    limit_copies(pod, 0)
    assert {clone["donor"] for clone in clones} == {"db-1"}
    moving = [clone for clone in clones if clone["bytes_done"]]
    assert all(clone["bytes_done"] < 1.1 * clone["bytes_estimated"] and clone["bytes_per_second"] for clone in moving), moving
    assert moving[-1]["eta_seconds"] < moving[0]["eta_seconds"]
    check_grows([clone["bytes_done"] for clone in clones])
    for name in ("clone_bytes", "clone_seconds"):
        check_grows([float(value) for page in pages for value in re.findall(f"^ordinal_{name} (.*)$", page, re.MULTILINE)])
    check_copied(sound)


def check_grows(values: list[float]) -> None:
    assert values == sorted(values) and len(set(values)) > 5, values
