"""Probes that never hurt: what goes wrong with the agent is never taken out on mysqld."""

import time

from pods.waiting import wait_for

from .conftest import Installer
from .lab import Lab
from .measures import note

CRASHES_SECONDS = 70


def test_an_agent_in_a_crash_loop_never_restarts_mysqld(install: Installer, lab: Lab) -> None:
    """Three failures in a row of mysqld's probe, at one every 20 s, would be seen in this time; one failure restarts it here."""
    release = install("loop", {"replicas": 1, "ordinal.mysqlLivenessFailureThreshold": 1})
    mysql, agent = f"{release.pod(0)}/mysql", f"{release.pod(0)}/ordinal"
    end = time.monotonic() + CRASHES_SECONDS
    while time.monotonic() < end:
        lab.kill(release.namespace, release.pod(0), "ordinal")
        before = release.restarts()[agent]
        wait_for(lambda before=before: release.restarts()[agent] > before, 120, "the agent is started again")
        assert release.restarts()[mysql] == 0
    note(f"the agent was killed {release.restarts()[agent]} times in {CRASHES_SECONDS} s")
    release.wait_ready()
    assert release.restarts()[mysql] == 0
