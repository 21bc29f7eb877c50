"""What people and outages do to replication: it is put back where that is safe, and said and kept out of service where it is not."""

import time

import pytest

from .cluster import Cluster
from .engine import finish
from .faults import (
    behind_the_agents_back,
    databases,
    delay_applying,
    has_received,
    kill_and_see_back,
    lead,
    take_in_as_empty,
    wait_alert,
    wait_reason,
    wait_semi_sync,
    wait_sound,
)
from .pod import SOCKET, Pod
from .waiting import never, wait_for
from .writer import Writer

SOURCE = "SELECT CONCAT_WS(' ', host, connection_retry_interval) FROM performance_schema.replication_connection_configuration"
READ_ONLY = "SELECT @@GLOBAL.super_read_only + @@GLOBAL.read_only"
MYSQL_PORT = 3306


@pytest.mark.asan
def test_a_transaction_written_on_a_replica_is_named_and_keeps_it_unready_until_it_is_reseeded(sound: Cluster) -> None:
    uuid = sound[1].status()["mysql"]["server_uuid"]
    behind_the_agents_back(sound[1], "CREATE DATABASE errant")
    assert f"{uuid}:" in wait_reason(sound[1], "ERRANT_TRANSACTIONS")
    assert sound[1].status()["replication"]["errant"].startswith(f"{uuid}:")
    assert "db-1" in wait_alert(sound[0], "PEER_ERRANT")
    assert sound[0].ready() and sound[2].ready()
    never(sound[1].ready, 3, "db-1 is ready with a transaction of its own")
    assert sound[1].command("reseed", container="ordinal")[0] == 0
    sound[1].recreate()
    wait_sound(sound)
    assert databases(sound[1], "errant") == []


@pytest.mark.asan
def test_a_flush_on_a_replica_is_named_and_heals_once_the_primary_has_its_gtid(sound: Cluster) -> None:
    sound[2].sql("FLUSH TABLES")
    wait_reason(sound[2], "ERRANT_TRANSACTIONS")
    errant = sound[2].status()["replication"]["errant"]
    assert errant.count(":") == 1
    take_in_as_empty(sound[0], errant)
    wait_sound(sound)


@pytest.mark.asan
def test_a_gtid_set_that_mysqladmin_refresh_has_emptied_keeps_a_replica_unready_until_it_is_reseeded(sound: Cluster) -> None:
    held = sound[1].value("SELECT REPLACE(@@GLOBAL.gtid_executed, '\n', '')")
    refresh = f'MYSQL_PWD="$(cat /etc/ordinal/credentials/root)" exec mysqladmin --no-defaults --socket={SOCKET} --user=root refresh'
    finish("exec", sound[1].container("mysql"), "sh", "-c", refresh)
    assert sound[1].value(f"SELECT GTID_SUBSET('{held}', @@GLOBAL.gtid_executed)") == "0"
    wait_reason(sound[1], "GTID_SET_SHRANK")
    sound[0].sql("CREATE DATABASE made_after_the_refresh")
    never(lambda: sound[1].ready() or databases(sound[1], "made_after%"), 3, "db-1 goes on with a set that shrank")
    assert sound[1].command("reseed", container="ordinal")[0] == 0
    sound[1].recreate()
    wait_sound(sound)


@pytest.mark.asan
def test_received_rows_survive_a_change_by_hand_and_a_kill_while_the_source_is_gone(sound: Cluster) -> None:
    before = sound[1].value(SOURCE)
    delay_applying(sound[1], 30)
    with Writer(sound[0]) as writer:
        writer.wait_for_more(20)
    target = sound.executed()
    wait_for(lambda: has_received(sound[1], target), 20, "db-1 has received the rows")
    sound[0].kill()
    change = "STOP REPLICA IO_THREAD; CHANGE REPLICATION SOURCE TO SOURCE_CONNECT_RETRY=7"  # keeps the relay log while the SQL thread runs
    wait_for(lambda: sound[1].sql(change) == [], 20, "the change is made")
    kill_and_see_back(sound[1], "mysql")
    wait_for(lambda: writer.missing_on(sound[1]) == [], 60, "db-1 applies what it has received")
    delay_applying(sound[1], 0)
    sound.start(0)
    wait_sound(sound)
    wait_for(lambda: sound[1].value(SOURCE) == before, 20, "the channel is as it was")


def test_a_row_that_collides_stops_a_replica_with_mysqls_error_and_it_heals_when_the_row_is_gone(sound: Cluster) -> None:
    sound[0].sql("CREATE DATABASE IF NOT EXISTS collision; CREATE TABLE IF NOT EXISTS collision.t (id INT PRIMARY KEY)")
    sound.wait_caught_up()
    behind_the_agents_back(sound[1], "SET sql_log_bin=0; INSERT INTO collision.t VALUES (1)")
    sound[0].sql("INSERT INTO collision.t VALUES (1)")
    assert "1062" in wait_reason(sound[1], "REPLICA_SQL_ERROR")
    behind_the_agents_back(sound[1], "SET sql_log_bin=0; DELETE FROM collision.t")
    wait_sound(sound)


def test_a_source_changed_by_hand_is_put_back_and_logged(sound: Cluster) -> None:
    before = sound[2].value(SOURCE)
    told = sound[2].logs("ordinal").count("change_source")
    change = "STOP REPLICA; CHANGE REPLICATION SOURCE TO SOURCE_HOST='db-1.db.shop.svc.cluster.local'"
    wait_for(lambda: sound[2].sql(change) == [], 20, "db-2 takes the change before the agent starts its threads again")
    wait_for(lambda: sound[2].value(SOURCE) == before, 20, "the source is db-0 again")
    assert sound[2].logs("ordinal").count("change_source") > told
    wait_sound(sound)


def test_a_replica_reset_by_hand_replicates_again(sound: Cluster) -> None:
    before = sound[2].value(SOURCE)
    wait_for(lambda: sound[2].sql("STOP REPLICA; RESET REPLICA ALL") == [], 20, "db-2 is reset before the agent starts its threads again")
    sound[0].sql("CREATE DATABASE IF NOT EXISTS made_after_the_reset")
    wait_for(lambda: sound[2].sql(SOURCE) == [[before]], 20, "the source is db-0 again")
    wait_sound(sound)


@pytest.mark.asan
def test_a_replica_made_writable_by_hand_is_closed_again_and_logged(sound: Cluster) -> None:
    told = sound[1].logs("ordinal").count("WRITABLE_REPLICA")
    sound[1].sql("SET GLOBAL super_read_only=OFF, GLOBAL read_only=OFF")
    wait_for(lambda: sound[1].value(READ_ONLY) == "2", 10, "db-1 is read-only again")
    assert sound[1].logs("ordinal").count("WRITABLE_REPLICA") > told
    wait_sound(sound)


def test_a_replica_with_persisted_settings_is_read_only_after_a_restart_of_mysqld(sound: Cluster) -> None:
    sound[1].sql("SET PERSIST_ONLY super_read_only=OFF; SET PERSIST_ONLY read_only=OFF; SET PERSIST_ONLY sync_binlog=0")
    sound[1].kill_container("mysql")
    wait_for(lambda: sound[1].value(READ_ONLY) == "2", 60, "db-1 answers and is read-only")
    assert sound[1].value("SELECT @@GLOBAL.sync_binlog") == "1"
    assert "read_only, super_read_only, sync_binlog" in wait_alert(sound[1], "PERSISTED_VARIABLES")
    wait_sound(sound)
    sound[1].sql("RESET PERSIST")


def test_a_replica_that_applies_late_says_how_late_and_is_unready_beyond_the_limit(sound: Cluster) -> None:
    delay_applying(sound[1], 20)
    try:
        with Writer(sound[0]) as writer:
            writer.wait_for_more(1)
            began = time.monotonic()
            wait_reason(sound[1], "LAG_TOO_HIGH")
            lag_seconds = sound[1].status()["replication"]["lag_seconds"]
            assert 10 < lag_seconds < time.monotonic() - began + 3
            assert writer.missing_on(sound[1])
            assert sound[2].ready()
    finally:
        delay_applying(sound[1], 0)
    wait_sound(sound)


@pytest.mark.asan
def test_a_frozen_primary_is_not_ready_and_its_replicas_serve_on_with_an_honest_bound(sound: Cluster) -> None:
    sound[0].freeze("mysql")
    try:
        began = time.monotonic()
        never(lambda: unready_replicas(sound), 6, "a replica stops to serve")
        assert not sound[0].ready()
        seconds = time.monotonic() - began
        replication = sound[1].status()["replication"]
        assert seconds - 2 < replication["source_silence_seconds"] < seconds + 2
        assert seconds - 2 < replication["lag_seconds"] < seconds + 2
        wait_alert(sound[1], "SOURCE_SILENT")
    finally:
        sound[0].thaw("mysql")
    wait_sound(sound)


def test_replicas_serve_through_an_outage_of_the_primary_and_go_on_without_a_copy(sound: Cluster) -> None:
    copies = [pod.status()["volume"]["provisioned_at"] for pod in sound]
    sound[0].kill()
    never(lambda: unready_replicas(sound), 20, "a replica stops to serve")
    sound.start(0)
    wait_sound(sound)
    assert [pod.status()["volume"]["provisioned_at"] for pod in sound] == copies
    sound[0].sql("CREATE DATABASE IF NOT EXISTS made_after_the_outage")
    sound.wait_caught_up()


def unready_replicas(cluster: Cluster) -> list[str]:
    """The replicas that are not ready, with what they say."""
    return [f"{pod}: {status['reason']}" for pod in (cluster[1], cluster[2]) if not (status := pod.status())["ready"]]


@pytest.mark.asan
def test_a_replica_that_has_what_the_primary_still_awaits_the_acknowledgement_of_is_not_called_errant(sound: Cluster) -> None:
    """Acknowledgements are dropped on their way; the primary waits for them in vain until its time-out of 2 s."""
    wait_semi_sync(sound)
    sound.wait_caught_up()
    with Writer(sound[0]) as writer:
        writer.wait_for_more(1)
        leads: list[str] = []

        def unready_ahead() -> list[str]:
            leads.append(lead(sound, 1))
            return unready_replicas(sound)

        sound[0].drop_arriving(MYSQL_PORT)
        try:
            never(unready_ahead, 4, "a healthy replica is not ready")
        finally:
            sound[0].restore_network()
        assert any(leads), "db-1 never had what db-0 still awaited the acknowledgement of"
        writer.wait_for_more(1)
        never(lambda: unready_replicas(sound), 3, "a healthy replica is not ready")
    wait_sound(sound)


def test_replicas_stay_ready_under_a_load_of_writes(sound: Cluster) -> None:
    wait_semi_sync(sound)
    with Writer(sound[0]) as writer:
        writer.wait_for_more(1)
        never(lambda: unready_replicas(sound), 10, "a healthy replica is not ready")
    wait_sound(sound)
