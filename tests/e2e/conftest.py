"""The fixtures: namespaces of their own, removed afterwards, and what their pods had to say when a test fails."""

import os
import re
import shutil
from collections.abc import Callable, Generator, Iterator
from typing import Any

import pytest

from .client import Client
from .kube import CommandError, Namespace, run
from .lab import Lab
from .measures import noted
from .release import Release, Values

living: list[Namespace] = []


def pytest_sessionstart() -> None:
    """Fails at once, with a sentence, where there is no cluster."""
    for program in ("kubectl", "helm"):
        if shutil.which(program) is None:
            pytest.exit(f"{program} is not on the PATH: install it, and get a cluster, for instance with `kind create cluster`", 2)
    try:
        run("kubectl", "get", "--raw", "/readyz", limit_seconds=15)
    except CommandError as error:
        pytest.exit(f"no cluster answers: set KUBECONFIG, for instance after `kind create cluster` ({error})", 2)


@pytest.hookimpl(hookwrapper=True)  # the new form of wrapper is not in Debian 12's pytest
def pytest_runtest_makereport() -> Generator[None, Any, None]:
    """Adds what the pods had to say to the report of a test that failed, or whose fixture did."""
    outcome = yield
    report: pytest.TestReport = outcome.get_result()
    if report.failed:
        report.sections += [(f"namespace {namespace.name}", namespace.describe()) for namespace in living]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Prints what the tests measured."""
    if noted:
        terminalreporter.section("measures")
        for line in noted:
            terminalreporter.line(line)


def make_namespace(title: str) -> Iterator[Namespace]:
    namespace = Namespace("e2e-" + re.sub("[^a-z0-9]+", "-", title.lower()).strip("-")[:40].rstrip("-"))
    namespace.remove()
    namespace.create()
    living.append(namespace)
    try:
        yield namespace
    finally:
        living.remove(namespace)
        if "ORDINAL_E2E_KEEP" not in os.environ:
            namespace.remove()


@pytest.fixture
def namespace(request: pytest.FixtureRequest) -> Iterator[Namespace]:
    """An empty namespace for one test."""
    yield from make_namespace(request.node.name.removeprefix("test_"))


@pytest.fixture(scope="module")
def shared_namespace(request: pytest.FixtureRequest) -> Iterator[Namespace]:
    """An empty namespace that the tests of a module share."""
    yield from make_namespace(request.node.path.stem.removeprefix("test_"))


Installer = Callable[..., Release]


@pytest.fixture
def install(namespace: Namespace) -> Installer:
    """Installs a release of charts/mysql in the test's namespace, by name and values, and waits until its pods are ready."""

    def do(name: str = "shop", values: Values | None = None) -> Release:
        release = Release(namespace, name, values)
        release.install()
        return release

    return do


@pytest.fixture
def client_of() -> Callable[[Release], Client]:
    """Starts a client beside a release."""

    def do(release: Release) -> Client:
        client = Client(release)
        client.start()
        return client

    return do


@pytest.fixture
def lab() -> Lab:
    """What only a lab allows: its nodes are this machine. Elsewhere the test is left out."""
    lab = Lab()
    if not lab.present:
        pytest.skip("ORDINAL_E2E_LAB is not set: the nodes of this cluster cannot be reached")
    return lab
