"""Other shapes of a release: two in one namespace, another first ordinal, OrderedReady, an ordinary sidecar, a chart of somebody else."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pods.waiting import wait_for

from .client import Client
from .conftest import Installer
from .kube import Namespace, helm
from .lab import Lab
from .measures import note
from .release import MYSQL_CHART, ROOT, START_LIMIT_SECONDS, Release, example_chart, is_ready

PACKAGES = ROOT / "tests" / "e2e" / "packages"  # of older versions of the chart, as `helm package` made them

def test_two_releases_in_one_namespace_are_two_databases(namespace: Namespace) -> None:
    """One of them numbers its pods from 1, the other starts them one after another: both differ from the usual in one thing only."""
    from_one = Release(namespace, "one", {"firstOrdinal": 1, "replicas": 2})
    ordered = Release(namespace, "two", {"podManagementPolicy": "OrderedReady", "replicas": 2})
    from_one.install(wait_seconds=None)
    ordered.install(wait_seconds=None)
    for release in (from_one, ordered):
        release.wait_ready(START_LIMIT_SECONDS)
    assert [pod["metadata"]["name"] for pod in from_one.pods()] == ["one-mysql-1", "one-mysql-2"]
    assert from_one.donor(2) == "1" and from_one.status(1)["role"] == "primary"
    assert ordered.donor(1) == "0" and ordered.status(0)["role"] == "primary"
    assert from_one.status(1)["cluster_id"] != ordered.status(0)["cluster_id"]
    for release in (from_one, ordered):
        client = Client(release)
        client.start()
        client.sql("primary", f"CREATE TABLE mine (name VARCHAR(10)); INSERT INTO mine VALUES ('{release.name}')")
    for release, replica in ((from_one, 2), (ordered, 1)):
        release.wait_caught_up(replica)
        assert release.value(replica, "SELECT name FROM app.mine") == release.name


def test_an_ordered_start_comes_back_after_all_of_its_pods_are_gone(install: Installer) -> None:
    # An ordered pod-0 waits for the sets of pods that come only after it, as long as it is told to.
    patience = {"primary": {"peer_check_timeout": "5s"}}
    release = install("queue", {"podManagementPolicy": "OrderedReady", "replicas": 2, "ordinal.config": patience})
    cluster = release.status(0)["cluster_id"]
    release.namespace.delete(*(f"pod/{release.pod(ordinal)}" for ordinal in range(2)))
    release.wait_ready()
    assert release.status(0)["cluster_id"] == cluster


def test_an_ordinary_sidecar_does_the_same_as_a_native_one(install: Installer, client_of: Callable[[Release], Client]) -> None:
    release = install("plain", {"ordinal.nativeSidecar": False, "replicas": 2})
    assert [container["name"] for container in release.pods()[0]["spec"]["containers"]] == ["mysql", "ordinal"]
    assert set(release.restarts().values()) == {0}
    client = client_of(release)
    reader = client.begin("primary", "SELECT 1", pause_seconds=0.05)
    reader.wait_succeeding()
    release.namespace.delete(f"pod/{release.pod(0)}")
    reader.wait_succeeding(60)
    broken = [attempt for attempt in reader.end() if attempt.broken]
    assert not broken, broken[:3]


def test_the_example_chart_replicates_with_the_library(namespace: Namespace) -> None:
    release = Release(namespace, "db", {}, chart=example_chart())
    release.install()
    assert [release.donor(ordinal) for ordinal in range(3)] == [None, "0", "1"]
    release.sql(0, "CREATE DATABASE shop; CREATE TABLE shop.item (name VARCHAR(20)); INSERT INTO shop.item VALUES ('bolt')")
    release.wait_caught_up(1, 2)
    assert release.value(2, "SELECT name FROM shop.item") == "bolt"


def test_a_pod_of_one_is_ready_and_becomes_three(install: Installer) -> None:
    release = install("lone", {"replicas": 1})
    assert release.status(0)["semi_sync"] == "off"
    release.upgrade(replicas=3)
    release.wait_ready()
    assert [release.donor(ordinal) for ordinal in (1, 2)] == ["0", "1"]
    release.wait_status(0, lambda status: status["semi_sync"] == "active", 30, "semi-synchronous replication is active")


def test_a_package_of_the_chart_has_the_library_in_it(namespace: Namespace, tmp_path: Path) -> None:
    helm("package", str(MYSQL_CHART), "--destination", str(tmp_path))
    (package,) = tmp_path.glob("mysql-*.tgz")
    release = Release(namespace, "packed", {"replicas": 2}, chart=package)
    release.install()
    assert release.donor(1) == "0"


NO_PACKAGE = pytest.param("", marks=pytest.mark.skip(reason="tests/e2e/packages has no package: there is no older version yet"), id="none")


@pytest.mark.parametrize("package", [path.name for path in sorted(PACKAGES.glob("mysql-*.tgz"))] or [NO_PACKAGE])
def test_a_release_of_an_older_package_is_upgraded_and_keeps_its_data(namespace: Namespace, package: str) -> None:
    release = Release(namespace, "old", {"replicas": 2}, chart=PACKAGES / package)
    release.install()
    cluster = release.status(0)["cluster_id"]
    release.sql(0, "CREATE TABLE app.kept (number INT); INSERT INTO app.kept VALUES (1)")
    release.chart = MYSQL_CHART
    release.upgrade()
    release.wait_rolled()
    assert release.status(0)["cluster_id"] == cluster
    release.wait_caught_up(1)
    assert [release.value(ordinal, "SELECT number FROM app.kept") for ordinal in range(2)] == ["1", "1"]


def received(release: Release, ordinal: int) -> str:
    """The transactions that a replica has, applied or not."""
    status = "SELECT RECEIVED_TRANSACTION_SET FROM performance_schema.replication_connection_status WHERE CHANNEL_NAME = ''"
    return release.value(ordinal, f"SELECT REPLACE(CONCAT(@@GLOBAL.gtid_executed, ',', ({status})), '\n', '')")


def numbers(release: Release, ordinal: int) -> set[str]:
    return {number for (number,) in release.sql(ordinal, "SELECT number FROM app.written")}


def test_what_a_replica_received_outlives_a_killed_first_pod_and_its_volume(
    install: Installer, client_of: Callable[[Release], Client], lab: Lab
) -> None:
    """Without semi-synchronous replication nothing is promised for what no replica had received, and nothing less for the rest."""
    release = install("loose", {"ordinal.config": {"replication": {"semi_sync": False}}})
    client = client_of(release)
    client.sql("primary", "CREATE TABLE written (number INT PRIMARY KEY)")
    writer = client.begin("primary", "INSERT INTO written VALUES (NUMBER)")
    writer.wait_succeeding(more=50)
    # The last pod misses the newest transactions, and is there before the first pod asks who has what.
    lab.kill(release.namespace, release.pod(2), "mysql")
    writer.wait_succeeding(more=5)
    lab.kill(release.namespace, release.pod(0), "mysql")
    release.namespace.delete(f"pvc/data-{release.pod(0)}", f"pod/{release.pod(0)}", wait=False)
    had = received(release, 1)
    rows = numbers(release, 1)
    less = wait_for(lambda: received(release, 2), 30, "the last pod answers again")
    note(f"the first pod lost its volume: {release.pod(1)} had {had}, {release.pod(2)} had {less}")
    wait_for(lambda: release.status(0)["volume"].get("how") == "restore", 120, "the first pod is restored")
    release.wait_ready()
    writer.wait_succeeding()
    writer.end()
    release.wait_caught_up(1, 2)
    for ordinal in range(3):
        assert rows <= numbers(release, ordinal)
        assert release.value(ordinal, f"SELECT GTID_SUBSET('{had}', @@GLOBAL.gtid_executed)") == "1", release.pod(ordinal)


def network_policies_are_enforced(namespace: Namespace, release: Release, client: Client) -> bool:
    """Whether a policy that lets nobody in keeps the client out."""
    deny = {"podSelector": {"matchLabels": {"statefulset.kubernetes.io/pod-name": release.pod(0)}}, "policyTypes": ["Ingress"]}
    policy = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "nobody"}, "spec": deny}
    namespace.apply(policy)
    reader = client.begin("primary", "SELECT 1", pause_seconds=0.2)
    try:
        wait_for(lambda: any(not attempt.ok for attempt in reader.attempts()), 15, "a connection is refused")
    except AssertionError:
        return False
    finally:
        reader.end()
        namespace.delete("networkpolicy/nobody")
    return True


def test_the_network_policy_lets_in_whom_the_values_name_and_nobody_else(install: Installer, namespace: Namespace) -> None:
    release = install("closed", {"replicas": 2, "networkPolicy.mysqlFrom": [{"podSelector": {"matchLabels": {"app": "shop"}}}]})
    rules = namespace.list("networkpolicies")[0]["spec"]["ingress"]
    own = {"podSelector": {"matchLabels": {"app.kubernetes.io/instance": "closed", "app.kubernetes.io/name": "mysql"}}}
    assert {rule["ports"][0]["port"]: rule["from"] for rule in rules} == {
        3306: [own, {"podSelector": {"matchLabels": {"app": "shop"}}}],
        8008: [own],
    }
    assert all(is_ready(pod) for pod in release.pods())
    namespace.kubectl("delete", "networkpolicy", release.statefulset)
    client = Client(release)
    client.start()
    if not network_policies_are_enforced(namespace, release, client):
        note("this cluster does not enforce network policies: only what was rendered has been looked at")
        return
    reader = client.begin("primary", "SELECT 1", pause_seconds=0.2)
    reader.wait_succeeding(15)
    release.upgrade()
    wait_for(lambda: any(not attempt.ok for attempt in reader.attempts()), 15, "a stranger is kept out")
    namespace.kubectl("label", "pod", client.name, "app=shop")
    reader.wait_succeeding(15)
    reader.end()
    agent = f"timeout 2 bash -c 'exec 3<>/dev/tcp/{release.pods()[0]['status']['podIP']}/8008' 2> /dev/null && echo open || echo shut"
    assert namespace.execute(client.name, "client", agent).strip() == "shut"
