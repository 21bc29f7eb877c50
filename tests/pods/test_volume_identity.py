"""A volume is only touched by the pod that its identity names; what cannot be read or explained is refused with a sentence and left
as it is."""

from collections.abc import Iterator

import pytest

from .cluster import Cluster
from .conftest import START_LIMIT_SECONDS, Clusters
from .engine import finish
from .faults import SERVER_UUID, databases, wait_reason, wait_sound, writable
from .pod import Pod
from .volume import Volume
from .waiting import never, wait_for

STRANGER = 3
CLUSTER_ID = "SELECT cluster_id FROM ordinal.cluster"


@pytest.fixture
def stranger(sound: Cluster) -> Iterator[Pod]:
    """db-3, which is not a pod of the cluster yet: nothing of it is there before and after."""
    pod = Pod(sound.name, sound.namespace, STRANGER, sound.template)
    pod.volume.remove()
    yield pod
    pod.kill()
    pod.volume.remove()


def content(volume: Volume) -> str:
    """A checksum of all that a volume holds: names, owners, modes, times, bytes."""
    return volume.run("tar --sort=name --format=posix --pax-option=delete=atime,delete=ctime -cf - . | sha256sum", read_only=True)


def copy_of_stopped(cluster: Cluster, ordinal: int, target: Volume) -> None:
    """Copies the volume of a replica, which is stopped for that, and started again."""
    cluster[ordinal].stop()
    cluster[ordinal].volume.copy_to(target.name)
    cluster.start(ordinal)


def refused(pod: Pod, code: str) -> str:
    """The sentence of a pod that refuses its volume with that code, and goes on to refuse it, without a change to the volume."""
    before = content(pod.volume)
    pod.start()
    status = pod.wait_state("refused")
    assert status["reason"]["code"] == code
    assert not status["ready"]
    never(lambda: pod.state() != "refused", 2, f"{pod} goes on")
    pod.kill()
    assert content(pod.volume) == before
    return str(status["reason"]["text"])


@pytest.mark.asan
def test_the_volume_of_another_pod_is_refused_untouched_until_a_person_rebinds_it(sound: Cluster, stranger: Pod) -> None:
    copy_of_stopped(sound, 1, stranger.volume)
    text = refused(stranger, "FOREIGN_VOLUME")
    assert "shop/db-1" in text and "shop/db-3" in text and "--rebind" in text
    stranger.start()
    stranger.wait_state("refused")
    code, printed = stranger.command("identity", "--rebind", container="init")
    assert code == 0, printed
    stranger.wait_ready(START_LIMIT_SECONDS)
    assert stranger.value(CLUSTER_ID) == sound[0].value(CLUSTER_ID)
    assert stranger.value(SERVER_UUID) != sound[1].value(SERVER_UUID)
    wait_sound(sound)


def move(stopped: Pod, target: Pod) -> None:
    """Gives a stopped pod's volume to one of another cluster, with which it goes in the end."""
    Volume(stopped.volume.name, target.cluster).copy_to(target.volume.name)


def test_the_volume_of_a_pod_of_that_name_in_another_cluster_serves_nobody_and_takes_nothing_in(clusters: Clusters, sound: Cluster) -> None:
    """Even with the same passwords, with which replication would succeed."""
    other = clusters.make(replicas=2)
    other.credentials.update(sound.credentials)
    other.start(wait_seconds=START_LIMIT_SECONDS)
    other[0].sql("CREATE DATABASE made_elsewhere")
    other.wait_caught_up()
    held, copied_at = other.executed(1), other[1].status()["volume"]["provisioned_at"]
    other[1].stop()
    sound[1].stop()
    own = sound[1].volume.copy_to(f"{sound[1].volume.name}-own")
    move(other[1], sound[1])
    sound.start(1)
    assert "db-0" in wait_reason(sound[1], "CLUSTER_MISMATCH", START_LIMIT_SECONDS)
    sound[0].sql("CREATE DATABASE not_for_strangers")
    never(lambda: sound[1].ready() or sound[1].reason() != "CLUSTER_MISMATCH" or sound.executed(1) != held, 5, "db-1 goes on")
    assert sound[1].state() == "blocked"
    assert sound[0].ready() and sound[2].ready()
    sound[1].stop()
    sound[0].kill()
    sound.start(1)
    assert "db-2" in wait_reason(sound[1], "CLUSTER_MISMATCH", START_LIMIT_SECONDS)
    never(sound[1].ready, 5, "db-1 serves while the primary is away")
    sound.start(0)
    sound[1].stop()
    move(sound[1], other[1])
    own.copy_to(sound[1].volume.name)
    own.remove()
    sound.start(1)
    other.start(1)
    wait_sound(sound)
    wait_sound(other)
    assert other[1].status()["volume"]["provisioned_at"] == copied_at


def test_the_first_pods_volume_of_another_cluster_takes_no_writes_beside_pods_that_know_better(clusters: Clusters) -> None:
    environment = {"ORDINAL_PRIMARY__PEER_CHECK_TIMEOUT": "1s"}
    ours, other = (clusters.make(replicas=2, environment=environment) for _ in range(2))
    other.credentials.update(ours.credentials)
    for cluster in (ours, other):
        cluster.start(wait_seconds=START_LIMIT_SECONDS)
        cluster[0].stop()
    own = ours[0].volume.copy_to(f"{ours[0].volume.name}-own")
    move(other[0], ours[0])
    ours.start(0)
    assert "db-1" in wait_reason(ours[0], "CLUSTER_MISMATCH", START_LIMIT_SECONDS)
    never(lambda: writable(ours[0]), 8, "a volume of another cluster takes writes")
    ours[0].stop()
    own.copy_to(ours[0].volume.name)
    own.remove()
    ours.start(0)
    wait_sound(ours)


@pytest.mark.asan
@pytest.mark.parametrize(
    ("namespace", "first_ordinal", "named"),
    [("elsewhere", 0, "elsewhere/db-2"), ("shop", 1, "first ordinal 1")],
    ids=["namespace", "first ordinal"],
)
def test_a_volume_of_another_namespace_or_first_ordinal_is_refused_untouched(
    sound: Cluster, namespace: str, first_ordinal: int, named: str
) -> None:
    sound[2].stop()
    before = content(sound[2].volume)
    other = Pod(sound.name, namespace, 2, sound.template)
    other.start(environment={"ORDINAL_CLUSTER__FIRST_ORDINAL": str(first_ordinal)})
    try:
        text = wait_reason(other, "FOREIGN_VOLUME")
        assert "shop/db-2 (first ordinal 0)" in text and named in text
    finally:
        other.kill()
    assert content(sound[2].volume) == before
    sound.start(2)
    wait_sound(sound)


DAMAGE = {
    "empty": (": > identity.toml", "IDENTITY_CORRUPT"),
    "cut": ("truncate --size=200 identity.toml", "IDENTITY_CORRUPT"),
    "a digit changed": ("sed -i '/^server_id/s/1/2/' identity.toml", "IDENTITY_CORRUPT"),
    "of another role": ("sed -i s/db-2/db-3/ identity.toml", "IDENTITY_CORRUPT"),
    "not readable": ("chown root: identity.toml; chmod 600 identity.toml", "IDENTITY_UNREADABLE"),
    "a directory": ("rm identity.toml; mkdir identity.toml", "IDENTITY_UNREADABLE"),
}


@pytest.mark.asan
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_identity_is_refused_and_the_volume_left_as_it_is(sound: Cluster, stranger: Pod, damage: str) -> None:
    script, code = DAMAGE[damage]
    stranger.volume.create()
    text = sound[2].volume.read("identity.toml")
    stranger.volume.run(f"cat > identity.toml <<'END'\n{text}\nEND\nmkdir data; touch data/ibdata1 lock; chown -R 999:999 .; {script}")
    refused(stranger, code)


def crc32c(text: bytes) -> int:
    """The Castagnoli checksum, as the identity file has it."""
    value = 0xFFFFFFFF
    for byte in text:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
    return value ^ 0xFFFFFFFF


def test_an_identity_of_a_newer_version_is_refused_and_the_volume_left_as_it_is(sound: Cluster, stranger: Pod) -> None:
    body, heading, checksum = sound[2].volume.read("identity.toml").partition("[integrity]\n")
    checked = body if f"{crc32c(body.encode()):08x}" in checksum else body + heading
    assert f"{crc32c(checked.encode()):08x}" in checksum
    newer = checked.replace("schema = 1", "schema = 2", 1)
    text = newer.removesuffix(heading) + f'{heading}crc32c = "{crc32c(newer.encode()):08x}"\n'
    stranger.volume.create()
    stranger.volume.run(f"cat > identity.toml <<'END'\n{text}END\nmkdir data; touch data/ibdata1 lock; chown -R 999:999 .")
    assert "schema is 2" in refused(stranger, "IDENTITY_NEWER")


@pytest.mark.asan
def test_a_second_agent_on_a_volume_waits_for_the_lock_and_says_so(sound: Cluster) -> None:
    done = finish("exec", sound[1].container("mysql"), "timeout", "4", "/ordinal/ordinal", "run")
    assert done.returncode == 124
    assert b"another agent holds the lock" in done.stdout + done.stderr
    assert sound[1].ready()


@pytest.mark.asan
def test_a_replica_whose_data_was_removed_clones_again(sound: Cluster) -> None:
    sound[2].stop()
    sound[2].volume.run("rm -r data")
    sound.start(2, wait_seconds=START_LIMIT_SECONDS)
    assert sound[2].status()["volume"]["donor"] == "db-1"
    wait_sound(sound)


@pytest.mark.asan
def test_a_primary_whose_data_was_removed_is_restored(sound: Cluster) -> None:
    cluster_id = sound[0].value(CLUSTER_ID)
    sound[0].sql("CREATE DATABASE IF NOT EXISTS made_before_the_removal")
    sound.wait_caught_up()
    sound[0].stop()
    sound[0].volume.run("rm -r data")
    sound.start(0, wait_seconds=START_LIMIT_SECONDS)
    assert sound[0].status()["volume"]["how"] == "restore"
    assert sound[0].value(CLUSTER_ID) == cluster_id
    assert databases(sound[0], "made_before_the_removal")
    wait_sound(sound)


def test_data_that_was_lost_everywhere_is_not_hidden_by_a_new_database(sound: Cluster) -> None:
    for pod in sound:
        pod.stop()
        pod.volume.run("mkdir kept; mv data kept/")
    sound.start()
    text = wait_reason(sound[0], "DATA_LOST_EVERYWHERE")
    assert all(pod.name in text for pod in sound)
    never(lambda: sound[0].state() != "refused", 3, "db-0 made a new database")
    for pod in sound:
        pod.kill()
        pod.volume.run("mv kept/data .; rmdir kept")
    sound.start()
    wait_sound(sound)


@pytest.mark.asan
def test_a_volume_that_cannot_be_written_is_refused_with_owner_mode_and_remedy_until_it_can(stranger: Pod) -> None:
    stranger.volume.create()
    stranger.volume.run("chown root: .; chmod 755 .")
    stranger.start()
    text = wait_reason(stranger, "VOLUME_NOT_WRITABLE")
    assert all(part in text for part in ("/var/lib/ordinal", "0755", "999")), text
    assert stranger.state() == "refused"
    stranger.volume.run("chown 999:999 .")
    stranger.wait_status(lambda status: status["state"] != "refused", 20, "init goes on")
    stranger.kill()


def test_a_reseed_waits_for_its_donor_with_the_old_data_in_service(sound: Cluster) -> None:
    before = sound[2].status()["volume"]["provisioned_at"]
    sound[1].stop()
    assert sound[2].command("reseed", container="ordinal")[0] == 0
    sound[2].recreate()
    sound[2].wait_ready(START_LIMIT_SECONDS)
    assert sound[2].status()["volume"]["provisioned_at"] == before
    sound.start(1, wait_seconds=START_LIMIT_SECONDS)
    sound[2].recreate()
    wait_sound(sound)
    assert sound[2].status()["volume"]["provisioned_at"] != before
    left = "ls -d discarded incoming requests/* trash/* 2>/dev/null || true"
    wait_for(lambda: sound[2].volume.run(left, read_only=True) == "", 20, "nothing of the old data is left")


def test_a_reseed_that_is_withdrawn_leaves_the_pod_its_data(sound: Cluster) -> None:
    before = sound[2].status()["volume"]["provisioned_at"]
    assert sound[2].command("reseed", container="ordinal")[0] == 0
    assert sound[2].command("reseed", "--cancel", container="ordinal") == (0, "Withdrawn: this pod keeps its data.\n")
    sound[2].recreate()
    wait_sound(sound)
    assert sound[2].status()["volume"]["provisioned_at"] == before


SOLD = "SELECT GROUP_CONCAT(id ORDER BY id) FROM old_shop.sold"


def make_foreign_data(pod: Pod, directory: str) -> None:
    """A database as a plain mysqld of a person leaves it, with an account, some rows, and the root password that the pod is given."""
    volume = pod.volume
    volume.create()
    statements = (
        f"ALTER USER root@localhost IDENTIFIED BY '{pod.template.credentials['root']}';\\n"
        "CREATE DATABASE old_shop;\\nCREATE TABLE old_shop.sold (id INT PRIMARY KEY);\\nINSERT INTO old_shop.sold VALUES (1), (2), (3);\\n"
        "CREATE USER reader@localhost IDENTIFIED BY 'reads';\\nGRANT SELECT ON old_shop.* TO reader@localhost;\\n"
    )
    volume.run(
        f"mkdir -p {directory}; chown 999:999 {directory}; printf \"{statements}\" > /tmp/made.sql;"
        f" mysqld --no-defaults --initialize-insecure --user=mysql --datadir=$PWD/{directory} --init-file=/tmp/made.sql >&2"
    )


@pytest.mark.parametrize("directory", [".", "data"])
def test_a_foreign_database_is_refused_until_adopting_is_allowed_and_then_becomes_everybodys(clusters: Clusters, directory: str) -> None:
    cluster = clusters.make()
    make_foreign_data(cluster[0], directory)
    assert "adopt_existing" in refused_apart_from_the_lock(cluster[0])
    cluster.template.environment["ORDINAL_VOLUME__ADOPT_EXISTING"] = "true"
    cluster.start(wait_seconds=START_LIMIT_SECONDS)
    assert [status["volume"]["how"] for status in cluster.statuses().values()] == ["adopt", "clone", "clone"]
    cluster[0].sql("INSERT INTO old_shop.sold VALUES (4)")
    wait_sound(cluster)
    for pod in cluster:
        assert pod.value(SOLD) == "1,2,3,4"
        assert pod.sql(SOLD, user="reader", password="reads") == [["1,2,3,4"]]


def refused_apart_from_the_lock(pod: Pod) -> str:
    """As refused(), on a volume that never had an agent's lock."""
    pod.volume.run("touch lock; chown 999:999 lock; chmod 640 lock")
    return refused(pod, "FOREIGN_DATA")


def test_a_replica_does_not_adopt_a_foreign_database(stranger: Pod) -> None:
    make_foreign_data(stranger, "data")
    assert "replicas clone it" in refused_apart_from_the_lock(stranger)


@pytest.mark.asan
def test_the_identity_is_shown_in_full(sound: Cluster) -> None:
    code, text = sound[1].command("identity")
    assert code == 0
    assert text.rstrip("\n") == sound[1].volume.read("identity.toml")
    for part in ('pod = "db-1"', 'namespace = "shop"', 'state = "provisioned"', 'donor = "db-0"', "crc32c"):
        assert part in text


def test_the_configuration_is_shown_with_the_place_that_each_value_came_from(sound: Cluster) -> None:
    code, text = sound[1].command("check-config")
    assert code == 0
    line = next(line for line in text.splitlines() if "discovery" in line)
    assert '"static"' in line and line.endswith("# environment"), line


def test_wrong_usage_is_2_and_a_bad_configuration_78_with_every_error_at_once(sound: Cluster) -> None:
    assert sound[1].command("nonsense")[0] == 2
    bad = ("--env", "ORDINAL_CLUSTER__REPLICAS=none", "--env", "ORDINAL_NO__SUCH_KEY=1")
    done = finish("exec", *bad, sound[1].container("mysql"), "/ordinal/ordinal", "check-config")
    text = (done.stdout + done.stderr).decode()
    assert done.returncode == 78, text
    assert "ORDINAL_CLUSTER__REPLICAS" in text and "ORDINAL_NO__SUCH_KEY" in text


def test_a_probe_of_a_silent_agent_fails_unless_silence_is_allowed(sound: Cluster) -> None:
    sound[1].freeze("ordinal")
    try:
        assert sound[1].command("probe", "/mysql/livez")[0] == 1
        assert sound[1].command("probe", "--unreachable-ok", "/mysql/livez")[0] == 0
    finally:
        sound[1].thaw("ordinal")
    assert sound[1].command("probe", "/mysql/livez")[0] == 0
    sound[1].wait_ready()
