"""One release of charts/mysql through its whole life: each test finds three ready pods with a client beside them, and leaves them so."""

import base64
import re
import time
from collections.abc import Iterator
from datetime import datetime

import pytest
from pods.waiting import wait_for

from .client import Attempt, Client, longest_pause, pauses
from .kube import CommandError, Namespace, Stream, helm, run
from .lab import Lab
from .measures import note, note_seconds
from .release import Release, is_ready

WRITE = "INSERT INTO written (number) VALUES (NUMBER)"
WRITE_PAUSE_SECONDS = 15.0
REATTACH_SECONDS = 15.0
INSTALL_SECONDS = 30.0
FURTHER_POD_SECONDS = 8.0
NO_PAUSE_SECONDS = 2.0
SERVICE_SECONDS = 4.0  # how long after a pod is ready its Service may lead to it, and an attempt that reached nobody may last


@pytest.fixture(scope="module")
def shop(shared_namespace: Namespace) -> Iterator[Release]:
    """The release, installed and measured once."""
    release = Release(shared_namespace, "shop")
    seconds = release.install()
    note_seconds("helm install to three ready pods", seconds, INSTALL_SECONDS)
    yield release


@pytest.fixture(scope="module")
def client(shop: Release) -> Client:
    client = Client(shop)
    client.start()
    client.sql("primary", "CREATE TABLE written (number INT PRIMARY KEY, at TIMESTAMP(6) DEFAULT CURRENT_TIMESTAMP(6))")
    return client


@pytest.fixture(autouse=True)
def all_ready(shop: Release) -> None:
    shop.wait_ready()


def rows_of(release: Release, ordinal: int) -> set[int]:
    return {int(number) for (number,) in release.sql(ordinal, "SELECT number FROM app.written")}


def acknowledged(attempts: list[Attempt]) -> set[int]:
    return {attempt.number for attempt in attempts if attempt.ok}


def empty_table(client: Client) -> None:
    client.sql("primary", "TRUNCATE TABLE written")


def test_an_installation_restarts_nothing(shop: Release) -> None:
    assert set(shop.restarts().values()) == {0}, shop.restarts()


def test_each_replica_copied_the_pod_before_it(shop: Release) -> None:
    assert [shop.donor(ordinal) for ordinal in range(3)] == [None, "0", "1"]


def test_the_pods_run_with_a_read_only_root_and_without_a_token(shop: Release) -> None:
    for pod in shop.pods():
        assert pod["spec"]["automountServiceAccountToken"] is False
        for container in [*pod["spec"]["initContainers"], *pod["spec"]["containers"]]:
            assert container["securityContext"]["readOnlyRootFilesystem"], container["name"]


@pytest.mark.parametrize("ordinal", [1, 2])
def test_a_write_on_a_replica_is_refused(shop: Release, client: Client, ordinal: int) -> None:
    with pytest.raises(CommandError, match="ERROR 1290 .*read-only"):
        client.sql(f"{shop.pod(ordinal)}.{shop.statefulset}", "INSERT INTO written (number) VALUES (-1)")


def test_a_write_through_the_read_service_arrives_only_where_the_primary_answers(shop: Release, client: Client) -> None:
    empty_table(client)
    outcomes = set()
    for number in range(30):
        try:
            client.sql("read", f"INSERT INTO written (number) VALUES ({number})")
            outcomes.add("written")
        except CommandError as error:
            assert "ERROR 1290 " in str(error), error
            outcomes.add("refused")
        if len(outcomes) == 2:
            break
    assert outcomes == {"written", "refused"}
    shop.wait_caught_up(1, 2)
    assert rows_of(shop, 0) == rows_of(shop, 1) == rows_of(shop, 2)


def test_helm_test_passes(shop: Release) -> None:
    printed = helm("test", shop.name, "--namespace", shop.namespace.name, "--logs", limit_seconds=150)
    for ordinal in range(3):
        assert f"{shop.pod(ordinal)}: read" in printed


def test_the_commands_that_helm_install_prints_work(shop: Release, client: Client) -> None:
    notes = shop.notes()
    commands = [line.strip() for line in notes.splitlines() if line.startswith("  kubectl ")]
    said = [run("bash", "-ec", command, stdin="SELECT CURRENT_USER();") for command in commands]
    password = shop.namespace.get("secrets", f"{shop.statefulset}-credentials")["data"]["application_password"]
    assert len(said) == 3
    assert said[0] == base64.b64decode(password).decode()
    assert "serving" in said[1] and shop.pod(0) in said[1]
    assert said[2].split() == ["CURRENT_USER()", "root@localhost"]
    for host in re.findall(r"(?m)^  (?:writes|reads) +(\S+):3306$", notes):
        assert client.sql(host, "SELECT 1") == "1"


def test_a_deleted_pod_comes_back_on_its_volume_without_a_copy(shop: Release) -> None:
    before = shop.status(1)["volume"]["provisioned_at"]
    began = time.monotonic()
    shop.namespace.delete(f"pod/{shop.pod(1)}")
    gone = time.monotonic()
    shop.wait_ready(60, 1)
    seconds = time.monotonic() - began
    note_seconds(f"delete pod to ready again, {gone - began:.1f} s of it until the old one was gone", seconds, REATTACH_SECONDS)
    assert shop.status(1)["volume"]["provisioned_at"] == before


def test_a_pod_that_lost_its_volume_copies_the_pod_before_it(shop: Release) -> None:
    before = shop.status(2)["volume"]["provisioned_at"]
    shop.namespace.delete(f"pvc/data-{shop.pod(2)}", wait=False)
    shop.namespace.delete(f"pod/{shop.pod(2)}")
    shop.wait_ready(120)
    assert shop.status(2)["volume"]["provisioned_at"] != before
    assert shop.donor(2) == "1"


def test_a_first_pod_that_lost_its_volume_is_restored_and_no_acknowledged_row_is_lost(shop: Release, client: Client) -> None:
    empty_table(client)
    shop.wait_status(0, lambda status: status["semi_sync"] == "active", 30, "semi-synchronous replication is active")
    cluster = shop.status(0)["cluster_id"]
    writer = client.begin("primary", WRITE, pause_seconds=0.05)
    writer.wait_succeeding(more=50)
    shop.namespace.delete(f"pvc/data-{shop.pod(0)}", wait=False)
    shop.namespace.delete(f"pod/{shop.pod(0)}", wait=False)
    wait_for(lambda: shop.status(0)["volume"].get("how") == "restore", 120, "the first pod is restored")
    shop.wait_ready()
    writer.wait_succeeding()
    attempts = writer.end()
    note(f"writes paused for {longest_pause(attempts):.1f} s while the first pod was restored")
    shop.wait_caught_up(1, 2)
    for ordinal in range(3):
        assert acknowledged(attempts) <= rows_of(shop, ordinal), shop.pod(ordinal)
    assert shop.status(0)["cluster_id"] == cluster


def told_to_stop(log: Stream) -> float:
    """When mysqld was told to stop, which is when its preStop had ended, by its own log."""
    line = next(line for _, line in log.lines if "Received SHUTDOWN" in line)
    return datetime.fromisoformat(line.split()[0]).timestamp()


def out_of_service(slices: Stream, address: str) -> float:
    """When the Service had dropped an address: what is neither ready nor serving gets no connection, not even when it is the only one."""
    serving = False
    dropped = 0.0
    for heard, found in slices.objects():
        conditions = [endpoint["conditions"] for endpoint in found.get("endpoints") or [] if address in endpoint["addresses"]]
        if serving and not any(condition["ready"] or condition["serving"] for condition in conditions):
            dropped = dropped or heard
        serving = serving or bool(conditions)
    assert dropped, f"{address} was never dropped"
    return dropped


def test_the_first_pod_is_out_of_service_before_mysqld_stops_and_no_connection_is_broken(shop: Release, client: Client) -> None:
    namespace, pod = shop.namespace, shop.pod(0)
    address = namespace.get("pods", pod)["status"]["podIP"]
    server = shop.value(0, "SELECT @@server_uuid")
    reader = client.begin("primary", "SELECT @@server_uuid", pause_seconds=0.05)
    reader.wait_succeeding(more=10)
    slices_of = f"labelSelector=kubernetes.io/service-name={shop.statefulset}-primary"
    words = ("--namespace", namespace.name, "logs", "--follow", "--tail=0", pod, "--container=mysql")
    with namespace.watch("endpointslices", slices_of) as slices, Stream(*words) as log:
        wait_for(lambda: bool(slices.lines), 15, "the Service's endpoints are known")
        namespace.delete(f"pod/{pod}")
        reader.wait_succeeding(60)
    attempts = reader.end()
    stopped, dropped = told_to_stop(log), out_of_service(slices, address)
    note(f"the first pod was out of service {stopped - dropped:.1f} s before mysqld was told to stop")
    assert dropped < stopped
    broken = [attempt for attempt in attempts if attempt.broken]
    assert not broken, f"dropped at {dropped}, mysqld told to stop at {stopped}: {broken[:3]}"
    assert any(not attempt.ok for attempt in attempts), "the first pod was never away"
    late = [attempt for attempt in attempts if attempt.ok and attempt.began > stopped and attempt.said == server]
    assert not late, late[:3]


def test_scaling_restarts_no_pod_and_old_volumes_come_back(shop: Release, client: Client) -> None:
    uids, restarts = shop.uids(), shop.restarts()
    began = time.monotonic()
    shop.upgrade(replicas=5)
    shop.wait_ready(120, 3)
    fourth = time.monotonic() - began
    shop.wait_ready()
    note(f"from 3 to 5 pods: the first was ready after {fourth:.1f} s, its new volume included")
    note_seconds("each further pod", time.monotonic() - began - fourth, FURTHER_POD_SECONDS)
    assert [shop.donor(3), shop.donor(4)] == ["2", "3"]
    provisioned = [shop.status(ordinal)["volume"]["provisioned_at"] for ordinal in (3, 4)]
    shop.namespace.kubectl("scale", "statefulset", shop.statefulset, "--replicas=3")
    wait_for(lambda: len(shop.pods()) == 3, 120, "two pods are gone")
    empty_table(client)
    client.sql("primary", "INSERT INTO written (number) VALUES (7)")
    shop.namespace.kubectl("scale", "statefulset", shop.statefulset, "--replicas=5")
    shop.wait_ready()
    shop.wait_caught_up(3, 4)
    assert [shop.status(ordinal)["volume"]["provisioned_at"] for ordinal in (3, 4)] == provisioned
    assert rows_of(shop, 3) == rows_of(shop, 4) == {7}
    shop.upgrade(replicas=3)
    wait_for(lambda: len(shop.pods()) == 3, 120, "two pods are gone")
    assert shop.uids() == uids
    assert shop.restarts() == restarts


def absence(pods: Stream) -> tuple[float, float]:
    """From when to when the one pod of a stream was away: from its deletion until the next of its name was ready."""
    first = next(pod["metadata"]["uid"] for _, pod in pods.objects())
    left = next(heard for heard, pod in pods.objects() if "deletionTimestamp" in pod["metadata"])
    back = next(heard for heard, pod in pods.objects() if pod["metadata"]["uid"] != first and is_ready(pod))
    return left, back


@pytest.mark.parametrize(
    "change",
    [{"ordinal__image__tag": "next"}, {"mysql__image__tag": "next"}, {"mysql__config": "[mysqld]\nmax_connections=200\n"}],
    ids=["image", "mysql-image", "settings"],
)
def test_a_rolling_update_fails_no_read_and_pauses_writes_only_while_the_first_pod_restarts(
    shop: Release, client: Client, change: dict[str, object]
) -> None:
    empty_table(client)
    uids = shop.uids()
    writer = client.begin("primary", WRITE, pause_seconds=0.05)
    reader = client.begin("read", "SELECT COUNT(*) FROM written", pause_seconds=0.1)
    writer.wait_succeeding()
    reader.wait_succeeding()
    with shop.namespace.watch("pods", f"fieldSelector=metadata.name={shop.pod(0)}") as first_pods:
        shop.upgrade(**change)
        shop.wait_rolled()
        writer.wait_succeeding()
    reads, writes = reader.end(), writer.end()
    note_seconds(f"rolled with {len(reads)} reads and {len(writes)} writes, which paused for", longest_pause(writes), WRITE_PAUSE_SECONDS)
    assert not set(uids.values()) & set(shop.uids().values()), "every pod is another one"
    failed = [attempt for attempt in reads if not attempt.ok]
    assert not failed, failed[:3]
    left, back = absence(first_pods)
    away = [(attempt.began, attempt.ended) for attempt in writes if not attempt.ok]
    away += [pause for pause in pauses(writes) if pause[1] - pause[0] > NO_PAUSE_SECONDS]
    assert away, "the first pod was never away"
    outside = [(begin, end) for begin, end in away if begin < left or end > back + SERVICE_SECONDS]
    assert not outside, f"writes failed or paused outside of {left} to {back}: {outside[:3]}"
    if "mysql__config" in change:
        assert [shop.value(ordinal, "SELECT @@max_connections") for ordinal in range(3)] == ["200"] * 3
    shop.wait_caught_up(1, 2)
    for ordinal in range(3):
        assert acknowledged(writes) <= rows_of(shop, ordinal), shop.pod(ordinal)


def evict(release: Release, ordinal: int) -> None:
    """Asks for the eviction of a pod; CommandError when a PodDisruptionBudget forbids it."""
    pod = release.pod(ordinal)
    path = f"/api/v1/namespaces/{release.namespace.name}/pods/{pod}/eviction"
    metadata = f'{{"name": "{pod}", "namespace": "{release.namespace.name}"}}'
    body = f'{{"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {metadata}}}'
    release.namespace.kubectl("create", "--raw", path, "--filename", "-", stdin=body)


def test_an_eviction_is_granted_and_a_second_one_at_once_is_not(shop: Release) -> None:
    evict(shop, 2)
    with pytest.raises(CommandError, match="disruption budget"):
        evict(shop, 1)
    shop.wait_ready()


def test_a_kill_of_each_first_process_is_survived(shop: Release, client: Client, lab: Lab) -> None:
    empty_table(client)
    client.sql("primary", "INSERT INTO written (number) VALUES (1)")
    for ordinal in range(3):
        for container in ("mysql", "ordinal"):
            before = shop.restarts()
            began = time.monotonic()
            lab.kill(shop.namespace, shop.pod(ordinal), container)
            name = f"{shop.pod(ordinal)}/{container}"
            shop.wait_restarted(name, before[name])
            shop.wait_status(ordinal, lambda status: status["ready"], 120, "the agent says that it is ready again")
            shop.wait_ready(120)
            note(f"{name} killed: ready again {time.monotonic() - began:.1f} s later")
            others = {other: count for other, count in shop.restarts().items() if other != name}
            assert others == {other: count for other, count in before.items() if other != name}
    shop.wait_caught_up(1, 2)
    assert all(rows_of(shop, ordinal) == {1} for ordinal in range(3))


def test_a_restart_of_the_kubelet_disturbs_nothing(shop: Release, client: Client, lab: Lab) -> None:
    restarts = shop.restarts()
    reader = client.begin("read", "SELECT 1", pause_seconds=0.1)
    lab.restart_kubelet()
    wait_for(reader.attempts, 60, "the kubelet lets commands be run in pods again")
    reader.wait_succeeding(more=20)
    assert all(attempt.ok for attempt in reader.end())
    assert shop.restarts() == restarts


def test_a_release_that_is_uninstalled_and_installed_again_goes_on_with_its_volumes_and_passwords(shop: Release, client: Client) -> None:
    empty_table(client)
    client.sql("primary", "INSERT INTO written (number) VALUES (42)")
    shop.wait_caught_up(1, 2)
    cluster = shop.status(0)["cluster_id"]
    secret = shop.namespace.get("secrets", f"{shop.statefulset}-credentials")["data"]
    shop.uninstall()
    assert len(shop.namespace.list("persistentvolumeclaims")) >= 3
    shop.install()
    assert shop.namespace.get("secrets", f"{shop.statefulset}-credentials")["data"] == secret
    assert shop.status(0)["cluster_id"] == cluster
    # A Service is new, and leads to a pod a moment after that is ready.
    wait_for(lambda: client.sql("primary", "SELECT number FROM written") == "42", 15, "the new Service leads to the old row")
    assert all(rows_of(shop, ordinal) == {42} for ordinal in range(3))
