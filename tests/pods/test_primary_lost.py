"""The first pod comes back with less than it had: without its volume, with an older one, with peers that know more. No acknowledged row may
be lost, and nobody may write before that is certain."""

import re

import pytest

from .cluster import Cluster
from .conftest import START_LIMIT_SECONDS
from .engine import docker
from .faults import (
    SERVER_UUID,
    behind_the_agents_back,
    databases,
    delay_applying,
    has_received,
    kill_and_see_back,
    lead,
    purge_binary_logs,
    take_in_as_empty,
    wait_alert,
    wait_reason,
    wait_semi_sync,
    wait_sound,
    writable,
)
from .pod import Pod, SqlError
from .waiting import never, wait_for
from .writer import Writer

TOO_MANY_CONNECTIONS = 1040
CLUSTER_ID = "SELECT cluster_id FROM ordinal.cluster"


@pytest.mark.asan
def test_an_older_snapshot_of_the_primarys_volume_stays_closed_until_it_has_caught_up(sound: Cluster) -> None:
    wait_semi_sync(sound)
    sound[0].sql("CREATE DATABASE before_the_snapshot")
    sound[0].stop()
    snapshot = sound[0].volume.copy_to(f"{sound[0].volume.name}-snapshot")
    sound.start(0, wait_seconds=START_LIMIT_SECONDS)
    wait_semi_sync(sound)
    with Writer(sound[0]) as writer:
        writer.wait_for_more(50)
        sound[0].kill()
    snapshot.copy_to(sound[0].volume.name)
    sound[0].start()
    wait_for(lambda: writable(sound[0]), START_LIMIT_SECONDS, "db-0 is open")
    assert writer.missing_on(sound[0]) == []
    assert "PRIMARY_BEHIND" in sound[0].logs("ordinal")
    sound[0].wait_ready()
    assert sound[0].status()["volume"]["how"] == "initialize"
    sound[0].sql("CREATE DATABASE after_the_snapshot")
    wait_sound(sound)


@pytest.mark.asan
def test_a_primary_without_its_volume_is_restored_with_every_acknowledged_row(sound: Cluster) -> None:
    wait_semi_sync(sound)
    cluster_id = sound[0].value(CLUSTER_ID)
    with Writer(sound[0]) as writer:
        writer.wait_for_more(50)
        sound[0].recreate(empty=True)
    wait_for(lambda: writable(sound[0]), START_LIMIT_SECONDS, "db-0 is open")
    assert writer.missing_on(sound[0]) == []
    sound[0].wait_ready()
    assert sound[0].status()["volume"]["how"] == "restore"
    assert sound[0].value(CLUSTER_ID) == cluster_id
    sound[0].sql("CREATE DATABASE after_the_restore")
    wait_sound(sound)


@pytest.mark.asan
def test_rows_that_one_replica_has_only_received_survive_the_loss_of_the_primary_and_a_kill(sound: Cluster) -> None:
    wait_semi_sync(sound)
    sound.wait_caught_up()
    sound[2].cut_network()
    delay_applying(sound[1], 40)
    with Writer(sound[0]) as writer:
        writer.wait_for_more(20)
    target = sound.executed()
    wait_for(lambda: has_received(sound[1], target), 20, "db-1 has received the rows")
    sound[0].kill()
    sound[1].kill_container("mysql")
    sound[2].restore_network()
    sound[0].start(empty=True)
    waiting = sound[0].wait_status(lambda status: status["reason"]["code"] == "APPLYING_PENDING", 60, "waits for the applying")
    assert "db-1" in waiting["reason"]["text"]
    sound[0].wait_ready(START_LIMIT_SECONDS)
    assert sound[0].status()["volume"]["donor"] == "db-1"
    assert writer.missing_on(sound[0]) == []
    delay_applying(sound[1], 0)
    wait_sound(sound)


def says(pod: Pod, *parts: str) -> bool:
    """Whether the sentence of the reason in a pod's /status has all these parts."""
    return all(part in str(pod.status()["reason"]["text"]) for part in parts)


@pytest.mark.asan
def test_an_empty_first_pod_waits_for_every_peer_by_name_and_never_initializes_again(sound: Cluster) -> None:
    cluster_id = sound[0].value(CLUSTER_ID)
    for pod in sound:
        pod.stop()
    sound[0].start(empty=True)
    for absent, come in ((("db-1", "db-2"), 1), (("db-2",), 2)):
        wait_for(lambda: says(sound[0], *absent), 30, f"db-0 waits for {absent}")
        never(lambda: sound[0].reason() != "PEERS_UNKNOWN", 3, f"db-0 went on without {absent}")
        sound.start(come)
    sound[0].wait_ready(START_LIMIT_SECONDS)
    assert sound[0].status()["volume"]["how"] == "restore"
    assert sound[0].value(CLUSTER_ID) == cluster_id
    wait_sound(sound)


def test_a_lost_primary_is_not_restored_from_peers_that_exclude_each_other(sound: Cluster) -> None:
    uuid = sound[0].value(SERVER_UUID)
    sound[0].kill()
    for pod, number in ((sound[1], 1_000_001), (sound[2], 1_000_002)):
        behind_the_agents_back(pod, f"SET gtid_next='{uuid}:{number}'; CREATE DATABASE history_{number}; SET gtid_next=AUTOMATIC")
    sound[0].start(empty=True)
    refused = sound[0].wait_state("refused")
    assert refused["reason"]["code"] == "SETS_DIVERGED"
    assert all(text in refused["reason"]["text"] for text in ("db-1", "db-2", "1000001", "1000002"))
    never(lambda: sound[0].state() != "refused", 3, "db-0 chose a history")
    sound[2].recreate(empty=True)  # the person's choice: db-1 counts
    sound[0].wait_ready(START_LIMIT_SECONDS)
    assert databases(sound[0], "history%") == ["history_1000001"]
    wait_sound(sound)


def latch(pod: Pod) -> str:
    """What the identity of the pod's volume has latched, "" when nothing."""
    code, text = pod.command("identity", container="ordinal")
    found = re.search(r'^latched = "(\w*)"$', text, re.MULTILINE)
    assert code == 0 and found, text
    return found[1]


def clear(pod: Pod) -> None:
    """Runs `ordinal identity --clear` in a pod, and returns when the agent has lifted the latch."""
    code, text = pod.command("identity", "--clear", container="ordinal")
    assert code == 0, text
    wait_for(lambda: latch(pod) == "", 20, f"{pod} lifts its latch")


def test_an_older_snapshot_without_any_replica_opens_as_a_new_history_and_the_lost_tail_is_named(sound: Cluster) -> None:
    wait_semi_sync(sound)
    sound[0].stop()
    snapshot = sound[0].volume.copy_to(f"{sound[0].volume.name}-snapshot")
    sound.start(0, wait_seconds=START_LIMIT_SECONDS)
    uuid = sound[0].value(SERVER_UUID)
    sound[0].sql("CREATE DATABASE tail")
    sound.wait_caught_up()
    for pod in sound:
        pod.kill()
    snapshot.copy_to(sound[0].volume.name)
    sound[0].start(environment={"ORDINAL_PRIMARY__PEER_CHECK_TIMEOUT": "3s"})
    sound[0].wait_ready(START_LIMIT_SECONDS)
    assert sound[0].value(SERVER_UUID) != uuid
    for number in range(3):
        sound[0].sql(f"CREATE DATABASE fork_{number}")
    sound.start(1, 2)
    for pod in (sound[1], sound[2]):
        assert uuid in wait_reason(pod, "SOURCE_LOST_TRANSACTIONS")
        assert databases(pod, "fork%") == []
        assert databases(pod, "tail") == ["tail"]
    text = wait_alert(sound[0], "FORKED")
    assert uuid in text and sound[0].value(SERVER_UUID) in text
    assert sound[0].ready()
    for pod in (sound[1], sound[2]):
        kill_and_see_back(pod, "ordinal")
        never(pod.ready, 3, f"{pod} forgot what its source has lost")
    clear(sound[1])
    never(lambda: sound[1].ready() or databases(sound[1], "fork%"), 3, "db-1 goes on with a source that still lacks what it lost")
    wait_for(lambda: latch(sound[1]) == "SOURCE_LOST_TRANSACTIONS", 20, "db-1 latches it again")
    take_in_as_empty(sound[0], lead(sound, 1))
    never(sound[1].ready, 3, "db-1 lifts its latch unasked")
    copy = sound[1].status()["volume"]["provisioned_at"]
    clear(sound[1])
    sound[1].wait_ready()
    assert sound[1].status()["volume"]["provisioned_at"] == copy
    assert sound[2].command("reseed", container="ordinal")[0] == 0
    sound[2].recreate()
    sound[2].wait_ready(START_LIMIT_SECONDS)
    sound[0].sql("DROP DATABASE IF EXISTS tail")
    wait_sound(sound)
    assert [databases(pod, "tail") for pod in sound] == [[]] * 3


def test_a_replica_that_needs_what_the_primary_has_purged_catches_up_from_a_sibling(sound: Cluster) -> None:
    sound[2].stop()
    for number in range(5):
        sound[0].sql(f"CREATE DATABASE purged_{number}")
    sound.wait_caught_up(1)
    purge_binary_logs(sound[0])
    sound[0].sql("CREATE DATABASE after_the_purge")
    sound.start(2, wait_seconds=START_LIMIT_SECONDS)
    assert "CATCHING_UP_FROM_SIBLING" in sound[2].logs("ordinal")
    assert sound[2].status()["replication"]["source"] == "db-0"
    wait_sound(sound)


def test_a_replica_that_needs_what_nobody_has_any_more_says_so_until_it_is_reseeded(sound: Cluster) -> None:
    sound[2].stop()
    for number in range(5):
        sound[0].sql(f"CREATE DATABASE gone_{number}")
    sound.wait_caught_up(1)
    purge_binary_logs(sound[0])
    purge_binary_logs(sound[1])
    sound.start(2)
    wait_reason(sound[2], "SOURCE_PURGED")
    assert sound[2].command("reseed", container="ordinal")[0] == 0
    sound[2].recreate()
    wait_sound(sound)
    assert sound[2].status()["volume"]["donor"] == "db-1"


@pytest.mark.parametrize("harm", ["DROP DATABASE ordinal", "UPDATE ordinal.cluster SET cluster_id = UUID()", "DELETE FROM ordinal.cluster"])
def test_an_import_that_takes_the_cluster_row_away_is_mended_on_an_open_primary(sound: Cluster, harm: str) -> None:
    cluster_id = sound[0].value(CLUSTER_ID)
    sound[0].sql(harm)
    wait_for(lambda: sound[0].sql(CLUSTER_ID) == [[cluster_id]], 10, "the row is back")
    assert writable(sound[0])
    assert "CLUSTER_ROW_MISSING" in sound[0].logs("ordinal", 200)
    wait_sound(sound)
    assert [pod.value(CLUSTER_ID) for pod in sound] == [cluster_id] * 3


def test_a_changed_password_of_the_agent_holds_after_pods_were_started_again_one_by_one(sound: Cluster) -> None:
    sound.credentials["agent"] = "another 'password' \\ of the agent"
    for pod in (sound[2], sound[1], sound[0]):
        pod.stop()
        pod.start()
        pod.wait_ready(START_LIMIT_SECONDS)
    wait_sound(sound)


@pytest.mark.parametrize("container", ["ordinal", "mysql"])
@pytest.mark.parametrize("ordinal", [0, 1])
def test_an_agents_password_that_changes_under_a_running_pod_locks_nobody_out(sound: Cluster, ordinal: int, container: str) -> None:
    pod = sound[ordinal]
    sound.credentials["agent"] = f"changed under {container} of {pod}"
    for each in sound:
        each.write_etc()
    kill_and_see_back(pod, container)
    never(lambda: pod.reason() == "MYSQL_DENIED", 5, f"{pod} locked its agent out")
    wait_sound(sound)


def refuses_connections(pod: Pod) -> bool:
    """Whether not even root gets in over the socket."""
    try:
        pod.sql("SELECT 1")
    except SqlError as error:
        return error.code == TOO_MANY_CONNECTIONS
    return False


def test_an_agent_gets_in_by_the_admin_port_when_root_has_used_up_all_connections(sound: Cluster) -> None:
    sound.template.mysql_settings["small.cnf"] = "[mysqld]\nmax_connections=10\n"
    sound[0].recreate()
    sound[0].wait_ready(START_LIMIT_SECONDS)
    sound.template.mysql_settings.clear()
    client = 'MYSQL_PWD="$(cat /etc/ordinal/credentials/root)" mysql --no-defaults --socket=/run/ordinal/mysql/mysqld.sock --user=root'
    sessions = f"for i in $(seq 20); do {client} -e 'SELECT SLEEP(300)' & done; wait"
    docker("exec", "--detach", sound[0].container("mysql"), "sh", "-c", sessions)
    wait_for(lambda: refuses_connections(sound[0]), 20, "all connections are used up")
    kill_and_see_back(sound[0], "ordinal")
    sound[0].wait_ready()
    assert refuses_connections(sound[0])
    never(lambda: not sound[0].ready(), 3, "db-0 is unready")
    sound[0].recreate()
    wait_sound(sound)
