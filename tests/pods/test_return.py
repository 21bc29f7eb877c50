"""Pods and containers that die and come back, on their volumes or on empty ones, at other addresses or without a name."""

import ipaddress

import pytest

from .cluster import Cluster
from .conftest import START_LIMIT_SECONDS
from .engine import docker
from .faults import databases, kill_and_see_back, wait_alert
from .pod import Pod
from .waiting import wait_for


def copy_of(pod: Pod) -> tuple[str, str, str]:
    """What identifies the copy that a volume holds."""
    volume = pod.status()["volume"]
    return volume["how"], volume["donor"], volume["provisioned_at"]


def write_and_see(cluster: Cluster, what: str) -> None:
    """A row written at the primary arrives at every replica."""
    cluster[0].sql("CREATE DATABASE IF NOT EXISTS seen; CREATE TABLE IF NOT EXISTS seen.t (what VARCHAR(80))")
    cluster[0].sql(f"INSERT INTO seen.t VALUES ('{what}')")
    cluster.wait_caught_up()
    for pod in cluster:
        assert pod.value(f"SELECT COUNT(*) FROM seen.t WHERE what = '{what}'") == "1"


@pytest.mark.asan
def test_a_replica_that_died_is_reattached_to_its_volume_without_a_copy(running: Cluster) -> None:
    before = copy_of(running[1])
    running[1].kill()
    running[0].sql("CREATE DATABASE made_while_db_1_was_away")
    running.start(1, wait_seconds=START_LIMIT_SECONDS)
    assert copy_of(running[1]) == before
    write_and_see(running, "reattached")


@pytest.mark.asan
def test_a_replica_with_an_empty_volume_clones_again(running: Cluster) -> None:
    before = copy_of(running[1])
    running[1].recreate(empty=True)
    running[1].wait_ready(START_LIMIT_SECONDS)
    after = copy_of(running[1])
    assert after[:2] == ("clone", "db-0") and after != before
    write_and_see(running, "cloned again")


def test_a_primary_that_died_opens_again_on_its_volume_under_a_new_server_uuid(running: Cluster) -> None:
    before, uuid = copy_of(running[0]), running[0].status()["mysql"]["server_uuid"]
    running[0].recreate()
    running[0].wait_ready(START_LIMIT_SECONDS)
    assert copy_of(running[0]) == before
    assert running[0].status()["mysql"]["server_uuid"] != uuid
    write_and_see(running, "primary back")
    for pod in running:
        pod.wait_ready()


@pytest.mark.asan
@pytest.mark.parametrize("ordinal", [0, 1])
def test_a_killed_agent_comes_back_beside_a_mysqld_that_never_noticed(running: Cluster, ordinal: int) -> None:
    pod = running[ordinal]
    mysqld, restarts = pod.process_id("mysql"), pod.restarts("ordinal")
    pod.kill_container("ordinal")
    wait_for(lambda: pod.restarts("ordinal") > restarts, 20, f"{pod}'s agent is restarted")
    pod.wait_ready()
    assert pod.process_id("mysql") == mysqld
    write_and_see(running, f"agent {ordinal} back")


@pytest.mark.parametrize("ordinal", [0, 1])
def test_a_killed_mysqld_comes_back_beside_an_agent_that_said_so(running: Cluster, ordinal: int) -> None:
    pod = running[ordinal]
    agent = pod.process_id("ordinal")
    pod.kill_container("mysql")
    wait_for(lambda: not pod.ready(), 10, f"{pod} is not ready without mysqld")
    pod.wait_ready()
    assert pod.process_id("ordinal") == agent
    write_and_see(running, f"mysqld {ordinal} back")


def test_all_pods_killed_at_once_come_back_in_any_order(running: Cluster) -> None:
    before = [copy_of(pod) for pod in running]
    running[0].sql("CREATE DATABASE made_before_the_power_went")
    for pod in running:
        pod.kill()
    running.start(2, 0, 1, wait_seconds=START_LIMIT_SECONDS)
    assert [copy_of(pod) for pod in running] == before
    assert running[0].value("SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name = 'made_before_the_power_went'") == "1"
    write_and_see(running, "all back")


def test_a_primary_and_a_replica_that_swap_their_addresses_are_found_by_their_names(running: Cluster) -> None:
    copies = [copy_of(pod) for pod in running]
    before = {pod.name: pod.address() for pod in running}
    first, second = sorted((running[0], running[2]), key=lambda pod: ipaddress.ip_address(pod.address()), reverse=True)
    first.kill()
    second.kill()
    first.start()  # the engine gives the lowest address that is free
    wait_for(first.address, 20, f"{first} has an address")
    second.start()
    for pod in running:
        pod.wait_ready(START_LIMIT_SECONDS)
    assert {pod.name: pod.address() for pod in running} == before | {"db-0": before["db-2"], "db-2": before["db-0"]}
    assert [copy_of(pod) for pod in running] == copies
    write_and_see(running, "swapped")


def connect_anew(pod: Pod, *words: str) -> None:
    """Takes a running pod from its network and puts it there again, with an alias or without a name."""
    docker("network", "disconnect", pod.cluster, pod.container("pause"))
    docker("network", "connect", *words, pod.cluster, pod.container("pause"))


def test_replicas_serve_while_the_name_of_the_primary_leads_nowhere_and_go_on_when_it_is_back(running: Cluster) -> None:
    copies = [copy_of(pod) for pod in running]
    connect_anew(running[0])
    try:
        for container in ("mysql", "ordinal"):
            kill_and_see_back(running[1], container)  # what begins needs the name; a connection that lasts does not
        running[1].wait_ready()
        assert "db-0" in wait_alert(running[1], "SOURCE_SILENT")
        assert running[0].ready() and running[2].ready()
        running[0].sql("CREATE DATABASE made_while_nameless")
        assert databases(running[1], "made_while_nameless") == []
    finally:
        connect_anew(running[0], "--alias", f"db-0.db.{running.namespace}.svc.cluster.local")
    for pod in running:
        pod.wait_ready()
    assert [copy_of(pod) for pod in running] == copies
    write_and_see(running, "named again")
