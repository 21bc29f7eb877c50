"""Probes that never hurt: what goes wrong with the agent is never taken out on mysqld."""

import time

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
        before = release.restarts()[agent]
        lab.kill(release.namespace, release.pod(0), "ordinal")
        release.wait_restarted(agent, before)
        assert release.restarts()[mysql] == 0
    note(f"the agent was killed {release.restarts()[agent]} times in {CRASHES_SECONDS} s")
    release.wait_ready()
    assert release.restarts()[mysql] == 0
