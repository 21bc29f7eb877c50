"""Who may be cloned from."""

from .cluster import Cluster
from .conftest import START_LIMIT_SECONDS, Clusters
from .waiting import never


def test_an_empty_replica_waits_for_the_pod_before_it_and_no_other(cluster: Cluster) -> None:
    cluster.start(wait_seconds=START_LIMIT_SECONDS)
    cluster[1].stop()
    cluster[2].recreate(empty=True)
    status = cluster[2].wait_state("waiting_for_donor")
    assert status["reason"]["code"] == "DONOR_UNAVAILABLE"
    assert "db-1" in status["reason"]["text"]
    never(lambda: cluster[2].state() != "waiting_for_donor", 8, "db-2 went on without db-1")
    cluster.start(1, wait_seconds=START_LIMIT_SECONDS)
    cluster[2].wait_ready(START_LIMIT_SECONDS)
    assert cluster[2].status()["volume"]["donor"] == "db-1"


def test_with_a_fallback_the_nearest_pod_before_is_the_donor_after_that_time_and_the_primary_last(clusters: Clusters) -> None:
    cluster = clusters.make(environment={"ORDINAL_DONOR__FALLBACK_AFTER": "3s"})
    cluster.start(wait_seconds=START_LIMIT_SECONDS)
    cluster.template.replicas = 4
    for gone, donor in ((2, "db-1"), (1, "db-0")):
        cluster[gone].stop()
        cluster[3].kill()
        cluster.start(3, wait_seconds=START_LIMIT_SECONDS)
        assert cluster[3].status()["volume"]["donor"] == donor
        cluster[3].kill()
        cluster[3].volume.remove()
