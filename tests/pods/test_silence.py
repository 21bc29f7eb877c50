"""A mysqld that accepts connections and answers none: when the kubelet is told to restart it."""

import time

from .conftest import START_LIMIT_SECONDS, Clusters
from .waiting import wait_for

LIMIT_SECONDS = 10
LIMITS = {"ORDINAL_MYSQL__SILENCE_LIMIT": f"{LIMIT_SECONDS}s", "ORDINAL_AGENT__WATCHDOG": "5s"}


def test_a_frozen_mysqld_fails_its_liveness_after_the_limit_and_lives_when_it_answers(clusters: Clusters) -> None:
    cluster = clusters.make(1, LIMITS)
    cluster.start(wait_seconds=START_LIMIT_SECONDS)
    pod = cluster[0]
    began = time.monotonic()
    pod.freeze("mysql")
    wait_for(lambda: not pod.ready(), LIMIT_SECONDS, "the pod is not ready")
    assert pod.http("/mysql/livez").status == 200
    wait_for(lambda: pod.http("/mysql/livez").status == 503, LIMIT_SECONDS + 10, "mysqld is not alive")
    assert time.monotonic() - began > LIMIT_SECONDS
    assert "MYSQL_SILENT" in pod.http("/mysql/livez").body.decode()
    assert pod.http("/livez").status == 200
    pod.thaw("mysql")
    wait_for(lambda: pod.http("/mysql/livez").status == 200, 10, "mysqld is alive")
    pod.wait_ready(30)
