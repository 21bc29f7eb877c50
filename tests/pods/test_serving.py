"""What a running cluster lets clients do, and how it says goodbye."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from .cluster import Cluster
from .conftest import START_LIMIT_SECONDS
from .engine import finish
from .pod import Pod, SqlError
from .waiting import never, wait_for

READ_ONLY = 1290
DRAIN_LIMIT_SECONDS = 10
DRAIN_UNSEEN_SECONDS = 8  # how long a drain waits that no probe sees


@pytest.mark.asan
def test_the_primary_takes_writes_and_the_replicas_have_them(running: Cluster) -> None:
    running[0].sql("CREATE DATABASE written; CREATE TABLE written.t (id INT PRIMARY KEY); INSERT INTO written.t VALUES (1), (2)")
    running.wait_caught_up()
    assert [pod.value("SELECT COUNT(*) FROM written.t") for pod in running] == ["2"] * 3


@pytest.mark.parametrize("ordinal", [1, 2])
def test_a_replica_refuses_writes_even_of_root(running: Cluster, ordinal: int) -> None:
    with pytest.raises(SqlError) as refused:
        running[ordinal].sql("CREATE DATABASE never")
    assert refused.value.code == READ_ONLY
    assert "super-read-only" in str(refused.value)


@pytest.mark.parametrize(("ordinal", "codes"), [(0, [200, 503, 200]), (1, [503, 200, 200])])
def test_load_balancers_find_the_primary_and_the_replicas(running: Cluster, ordinal: int, codes: list[int]) -> None:
    assert [running[ordinal].http(path).status for path in ("/primary", "/replica", "/read-only")] == codes


def test_a_change_of_read_only_by_hand_is_put_back(running: Cluster) -> None:
    running[1].sql("SET GLOBAL read_only = OFF")
    wait_for(lambda: running[1].value("SELECT @@GLOBAL.super_read_only + @@GLOBAL.read_only") == "2", 10, "db-1 is read-only again")
    running[1].wait_ready()


def test_a_server_taken_offline_by_hand_is_not_ready_until_it_is_back(running: Cluster) -> None:
    running[0].sql("SET GLOBAL offline_mode = ON")
    running[0].wait_status(lambda status: status["reason"]["code"] == "OFFLINE_MODE", 10, "db-0 says that it is offline")
    assert not running[0].ready()
    running[0].sql("SET GLOBAL offline_mode = OFF")
    for pod in running:
        pod.wait_ready()
    running[0].sql("CREATE DATABASE made_after_offline")
    running.wait_caught_up()


def test_replication_stopped_by_hand_is_started_again(running: Cluster) -> None:
    running[2].sql("STOP REPLICA")
    running[0].sql("CREATE DATABASE made_while_stopped")
    running.wait_caught_up(2)
    running[2].wait_ready()


@pytest.mark.asan
def test_drain_turns_a_pod_unready_while_mysqld_still_answers(running: Cluster) -> None:
    done = finish("exec", running[2].container("mysql"), "/ordinal/ordinal", "drain", limit_seconds=DRAIN_LIMIT_SECONDS)
    assert done.returncode == 0, done.stderr.decode()
    assert running[2].http("/readyz").status == 503
    assert running[2].reason() == "DRAINING"
    assert running[2].value("SELECT 1") == "1"
    running[2].recreate()
    running[2].wait_ready(START_LIMIT_SECONDS)


def probe_as_kubelet(pod: Pod) -> bool:
    return pod.http("/readyz", headers={"User-Agent": "kube-probe/1.34"}).status == 200


def probe_by_command(pod: Pod) -> bool:
    return pod.command("probe", "/readyz")[0] == 0


@pytest.mark.parametrize("probe", [probe_as_kubelet, probe_by_command])
def test_a_drain_ends_early_for_two_probes_and_for_no_other_asker(running: Cluster, probe: Callable[[Pod], bool]) -> None:
    pod = running[1]
    with ThreadPoolExecutor(1) as beside:
        started = time.monotonic()
        drain = beside.submit(finish, "exec", pod.container("mysql"), "/ordinal/ordinal", "drain", limit_seconds=DRAIN_LIMIT_SECONDS)
        wait_for(lambda: not pod.ready(), 5, "db-1 drains")
        never(lambda: pod.ready() or drain.done(), 3, "the drain ends for an asker that is no probe")
        assert not probe(pod)
        assert not drain.done(), "the kubelet counts two failed probes before the pod is out of service"
        assert not probe(pod)
        assert drain.result().returncode == 0
        assert time.monotonic() - started < DRAIN_UNSEEN_SECONDS
    pod.recreate()
    pod.wait_ready(START_LIMIT_SECONDS)


@pytest.mark.asan
def test_a_drained_primary_ends_its_writes_and_lets_its_replicas_go_before_mysqld_stops(running: Cluster) -> None:
    primary = running[0]
    with ThreadPoolExecutor(1) as beside:
        drain = beside.submit(finish, "exec", primary.container("mysql"), "/ordinal/ordinal", "drain", limit_seconds=DRAIN_LIMIT_SECONDS)
        wait_for(lambda: not primary.ready(), 5, "db-0 drains")
        primary.sql("CREATE DATABASE written_while_draining")
        started = time.monotonic()
        assert [probe_by_command(primary) for _ in range(2)] == [False] * 2
        assert drain.result().returncode == 0
        assert time.monotonic() - started < DRAIN_UNSEEN_SECONDS
    with pytest.raises(SqlError) as refused:
        primary.sql("CREATE DATABASE never")
    assert refused.value.code == READ_ONLY
    assert primary.value("SELECT COUNT(*) FROM performance_schema.threads WHERE PROCESSLIST_COMMAND LIKE 'Binlog Dump%'") == "0"
    last = primary.value("SELECT @@GLOBAL.gtid_executed")
    for replica in (running[1], running[2]):
        assert replica.value(f"SELECT GTID_SUBSET('{last}', @@GLOBAL.gtid_executed)") == "1", f"{replica.name} has all that was written"
        assert replica.ready(), replica.name
    primary.recreate()
    primary.wait_ready(START_LIMIT_SECONDS)
    primary.sql("CREATE DATABASE written_after")
    running.wait_caught_up()


@pytest.mark.asan
def test_a_pod_that_is_stopped_ends_cleanly_and_starts_without_crash_recovery(running: Cluster) -> None:
    running[2].stop()
    ends = "\n".join(running[2].earlier_logs)
    assert "Shutdown complete" in ends
    running.start(2, wait_seconds=START_LIMIT_SECONDS)
    assert "crash recovery" not in running[2].logs("mysql")


def test_sigterm_to_the_agent_turns_it_unready_at_once_and_it_answers_until_mysqld_is_gone(running: Cluster) -> None:
    pod = running[1]
    finish("update", "--restart", "no", pod.container("ordinal"), pod.container("mysql"))
    finish("kill", "--signal", "TERM", pod.container("ordinal"))
    wait_for(lambda: pod.http("/readyz").status == 503, 5, "db-1 is unready after SIGTERM")
    assert pod.state() == "stopping"
    finish("kill", "--signal", "TERM", pod.container("mysql"))
    wait_for(lambda: not pod.running("ordinal"), 30, "the agent ends after mysqld")
    assert finish("inspect", "--format", "{{.State.ExitCode}}", pod.container("ordinal")).stdout.strip() == b"0"
    pod.recreate()
    pod.wait_ready(START_LIMIT_SECONDS)
