"""The agent kills itself between two steps that change a volume; the next start finishes without a person. Sanitized agent only."""

import pytest

from .cluster import Cluster
from .conftest import START_LIMIT_SECONDS
from .pod import FailPoint
from .waiting import wait_for

pytestmark = [pytest.mark.asan, pytest.mark.fail_points]

# What `init` passes on its way from an empty volume to a provisioned one; a number counts the passings.
POINTS_OF_INIT = (
    "file_written",
    "file_synced",
    "file_renamed",
    "leftovers_thrown_away",
    "file_written:2",
    "file_renamed:2",
    "incoming_renamed",
    "file_written:3",
    "file_renamed:3",
    "identity_provisioned",
)


@pytest.mark.parametrize("point", POINTS_OF_INIT)
def test_a_replica_killed_while_it_is_provisioned_finishes_at_its_next_start(running: Cluster, point: str) -> None:
    pod = running[2]
    pod.recreate(empty=True, fail_point=FailPoint("init", point))
    pod.wait_ready(START_LIMIT_SECONDS)
    assert pod.init_attempts == 2, f"init did not pass {point}"
    assert pod.status()["volume"]["donor"] == "db-1"
    running[0].sql(f"CREATE DATABASE `after {point}`")
    running.wait_caught_up()
    found = running.table_checksums()
    assert found["db-2"] == found["db-0"]


@pytest.mark.parametrize("point", ["file_renamed", "incoming_renamed"])
def test_a_first_pod_killed_while_it_initializes_finishes_at_its_next_start(cluster: Cluster, point: str) -> None:
    cluster[0].start(fail_point=FailPoint("init", point))
    cluster.start(1, 2)
    wait_for(lambda: cluster[0].init_attempts == 2, START_LIMIT_SECONDS, f"init passes {point}")
    for pod in cluster:
        pod.wait_ready(START_LIMIT_SECONDS)
    assert cluster[0].status()["volume"]["how"] == "initialize"
