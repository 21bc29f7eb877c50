"""Empty pods become one database, in whatever order they come."""

import pytest

from demo import sample

from .cluster import Cluster
from .conftest import START_LIMIT_SECONDS, Clusters
from .waiting import never


def donors(cluster: Cluster) -> list[tuple[str, str]]:
    """For each pod, how its volume got its data and from whom."""
    return [(status["volume"]["how"], status["volume"]["donor"]) for status in cluster.statuses().values()]


CHAIN = [("initialize", ""), ("clone", "db-0"), ("clone", "db-1")]


@pytest.mark.asan
def test_three_empty_pods_started_at_once_become_one_database_by_a_chain_of_clones(cluster: Cluster) -> None:
    cluster.start(wait_seconds=START_LIMIT_SECONDS)
    assert donors(cluster) == CHAIN
    statuses = cluster.statuses()
    assert [status["role"] for status in statuses.values()] == ["primary", "replica", "replica"]
    assert len({status["cluster_id"] for status in statuses.values()}) == 1
    assert len({status["mysql"]["server_uuid"] for status in statuses.values()}) == 3
    assert [statuses[pod]["replication"]["source"] for pod in ("db-1", "db-2")] == ["db-0", "db-0"]


def test_the_last_pod_first_gives_the_same_chain(cluster: Cluster) -> None:
    cluster.start(2)
    cluster[2].wait_state("waiting_for_donor")
    cluster.start(1)
    cluster[1].wait_state("waiting_for_donor")
    cluster.start(0)
    for pod in cluster:
        pod.wait_ready(START_LIMIT_SECONDS)
    assert donors(cluster) == CHAIN


def test_a_first_pod_does_not_initialize_before_every_peer_has_said_that_it_never_had_data(cluster: Cluster) -> None:
    cluster.start(0)
    cluster[0].wait_state("waiting_for_peers")
    assert cluster[0].reason() == "PEERS_UNKNOWN"
    cluster.start(1)
    cluster[1].wait_state("waiting_for_donor")
    cluster[0].wait_status(lambda status: "db-1" not in status["reason"]["text"], 10, "no longer waits for db-1")
    assert "db-2" in cluster[0].status()["reason"]["text"]
    never(lambda: cluster[0].state() != "waiting_for_peers", 3, "db-0 went on without db-2")
    cluster.start(2)
    for pod in cluster:
        pod.wait_ready(START_LIMIT_SECONDS)
    assert donors(cluster) == CHAIN


def test_pods_that_come_one_after_another_each_clone_from_the_one_before(clusters: Clusters) -> None:
    cluster = clusters.make(replicas=1)
    for ordinal in range(3):
        cluster.template.replicas = ordinal + 1
        cluster.start(ordinal, wait_seconds=START_LIMIT_SECONDS)
        cluster[0].sql(f"CREATE DATABASE after_db_{ordinal}")
    cluster.wait_caught_up()
    assert donors(cluster) == CHAIN
    assert len(set(map(str, cluster.table_checksums().values()))) == 1
    for pod in cluster:
        assert pod.value("SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name LIKE 'after_db_%'") == "3"


def test_every_table_has_the_same_content_on_pods_that_were_there_and_on_one_that_joins_later(cluster: Cluster) -> None:
    cluster.start(wait_seconds=START_LIMIT_SECONDS)
    sample.write(cluster[0], scale=0.05)
    cluster.template.replicas = 4
    cluster.start(3, wait_seconds=START_LIMIT_SECONDS)
    cluster[0].sql("DELETE FROM shop.orders WHERE id % 7 = 0 AND id NOT IN (SELECT order_id FROM shop.events)")
    cluster.wait_caught_up()
    found = cluster.table_checksums()
    assert set(found["db-0"]) >= {f"shop.{table.name}" for table in sample.TABLES}
    assert all(checksums == found["db-0"] for checksums in found.values()), found
    assert donors(cluster) == [*CHAIN, ("clone", "db-2")]
