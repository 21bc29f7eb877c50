"""The fixtures: clusters with names of their own in every run, removed afterwards, and what their pods had to say when a test fails."""

import re
from collections.abc import Generator, Iterator
from typing import ClassVar

import pytest

from .cluster import Cluster
from .engine import RUN, remove_dead_runs
from .pod import ORDINAL_IMAGE

SANITIZER_COMPLAINTS = re.compile(r"ERROR: \w+Sanitizer|runtime error:")
START_LIMIT_SECONDS = 120


class Clusters:
    """Makes clusters that end with the test or module that they are named after."""

    living: ClassVar[list["Clusters"]] = []

    def __init__(self, name: str) -> None:
        self._name = f"{re.sub('[^a-z0-9]+', '-', name.lower()).strip('-')[:48].rstrip('-')}-{RUN}"
        self.made: list[Cluster] = []
        self.living.append(self)

    def make(self, replicas: int = 3, environment: dict[str, str] | None = None) -> Cluster:
        name = f"{self._name}-{len(self.made) + 1}" if self.made else self._name
        self.made.append(Cluster(name, replicas=replicas, environment=environment).__enter__())
        return self.made[-1]

    def end(self) -> None:
        """Removes them; AssertionError when a sanitizer complained in a log."""
        self.living.remove(self)
        logs = {pod.container("*"): pod.all_logs() for cluster in self.made for pod in cluster}
        for cluster in self.made:
            cluster.remove()
        complaints = {name: text[found.start() :][:4000] for name, text in logs.items() if (found := SANITIZER_COMPLAINTS.search(text))}
        assert not complaints, "\n".join(f"{name}: {text}" for name, text in complaints.items())


def pytest_configure(config: pytest.Config) -> None:
    """Clears the engine of earlier runs before this one makes anything: not in a worker of pytest-xdist, and not to list tests."""
    if not hasattr(config, "workerinput") and not config.option.collectonly:
        remove_dead_runs()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Fail points exist in the sanitized agent alone."""
    for item in items:
        if item.get_closest_marker("fail_points") and "asan" not in ORDINAL_IMAGE:
            item.add_marker(pytest.mark.skip(reason="this agent has no fail points; ./dev test asan runs it"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Adds what the pods had to say to the report of a test that failed, or whose fixture did."""
    report = yield
    if report.failed:
        report.sections += [(f"pods of {cluster.name}", cluster.last_words()) for clusters in Clusters.living for cluster in clusters.made]
    return report


@pytest.fixture
def clusters(request: pytest.FixtureRequest) -> Iterator[Clusters]:
    """For tests that need more than one cluster, or one with other settings."""
    made = Clusters(request.node.name.removeprefix("test_"))
    try:
        yield made
    finally:
        made.end()


@pytest.fixture
def cluster(clusters: Clusters) -> Cluster:
    """Three pods, none of them started."""
    return clusters.make()


@pytest.fixture(scope="module")
def running(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """Three pods, started and ready, that the tests of a module share. A test leaves them as it finds them: ready, each on its volume."""
    made = Clusters(request.node.path.stem.removeprefix("test_"))
    try:
        cluster = made.make()
        cluster.start(wait_seconds=START_LIMIT_SECONDS)
        yield cluster
    finally:
        made.end()


@pytest.fixture
def sound(running: Cluster) -> Cluster:
    """The pods of `running` for tests that do harm: all ready, or, where the test before left something broken, all begun anew."""
    try:
        for pod in running:
            pod.wait_ready()
    except AssertionError:
        for pod in running:
            pod.kill()
        for pod in running:
            pod.start(empty=True)
        for pod in running:
            pod.wait_ready(START_LIMIT_SECONDS)
    return running
