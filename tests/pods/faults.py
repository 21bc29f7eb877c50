"""What a person can do to a server behind the agent's back, and what the tests that do it look at. It must not judge an agent's answer."""

from .cluster import Cluster
from .conftest import START_LIMIT_SECONDS
from .pod import Pod
from .waiting import wait_for

SERVER_UUID = "SELECT @@GLOBAL.server_uuid"
RESTART_LIMIT_SECONDS = 30


def behind_the_agents_back(pod: Pod, statements: str) -> None:
    """Runs statements on a replica with super_read_only off. The agent may switch it on again in between: then they are tried again."""
    script = f"SET GLOBAL super_read_only=OFF; {statements}; SET GLOBAL super_read_only=ON"
    wait_for(lambda: pod.sql(script) == [], 20, f"{pod} takes {statements!r}")


def delay_applying(pod: Pod, seconds: int) -> None:
    """Makes a replica's SQL thread wait before each transaction, without losing what was received. The agent may start the thread in
    between: then it is tried again."""
    script = f"STOP REPLICA SQL_THREAD; CHANGE REPLICATION SOURCE TO SOURCE_DELAY={seconds}; START REPLICA SQL_THREAD"
    wait_for(lambda: pod.sql(script) == [], 20, f"{pod} applies {seconds} s late")


def purge_binary_logs(pod: Pod) -> None:
    """Throws away every binary log but a new one."""
    pod.sql("FLUSH BINARY LOGS")
    newest = pod.sql("SHOW BINARY LOG STATUS")[0][0]

    def purged() -> bool:
        pod.sql(f"PURGE BINARY LOGS TO '{newest}'")  # leaves what a replica is still being sent
        return len(pod.sql("SHOW BINARY LOGS")) == 1

    wait_for(purged, 20, f"{pod} has purged its binary logs")


def kill_and_see_back(pod: Pod, container: str) -> None:
    """SIGKILL to a container; returns when it runs again."""
    restarts = pod.restarts(container)
    pod.kill_container(container)
    wait_for(lambda: pod.restarts(container) > restarts, RESTART_LIMIT_SECONDS, f"{container} of {pod} is started again")


def has_received(pod: Pod, gtid_set: str) -> bool:
    """Whether a replica has executed or received all of a GTID set."""
    mysql = pod.status()["mysql"]
    union = ",".join(filter(None, (mysql["gtid_executed"], mysql["gtid_received"])))
    return pod.value(f"SELECT GTID_SUBSET('{gtid_set}', '{union}')") == "1"


def take_in_as_empty(pod: Pod, gtid: str) -> None:
    """Commits an empty transaction under a GTID at the primary: what a person does who has found that transaction harmless, or saved it."""
    pod.sql(f"SET gtid_next='{gtid}'; BEGIN; COMMIT; SET gtid_next=AUTOMATIC")


def lead(cluster: Cluster, ordinal: int) -> str:
    """The transactions that a replica has executed and the primary, which is asked after it, has not."""
    ahead, behind = cluster.executed(ordinal), cluster.executed(0)
    return cluster[ordinal].value(f"SELECT GTID_SUBTRACT('{ahead}', '{behind}')")


def writable(pod: Pod) -> bool:
    return pod.value("SELECT @@GLOBAL.read_only") == "0"


def databases(pod: Pod, pattern: str) -> list[str]:
    """The names of the databases on a pod that are LIKE a pattern, sorted."""
    return sorted(name for (name,) in pod.sql(f"SHOW DATABASES LIKE '{pattern}'"))


def wait_alert(pod: Pod, code: str, limit_seconds: float = 30) -> str:
    """The sentence of an alert in a pod's /status, as soon as it is there."""

    def sentence() -> str | None:
        return next((alert["text"] for alert in pod.status()["alerts"] if alert["code"] == code), None)

    return wait_for(sentence, limit_seconds, f"{pod} has the alert {code}")


def wait_reason(pod: Pod, code: str, limit_seconds: float = 60) -> str:
    """The sentence of the reason in a pod's /status, as soon as the reason has that code. The pod must not be ready then."""
    status = pod.wait_status(lambda seen: seen["reason"]["code"] == code, limit_seconds, f"says {code}")
    assert not status["ready"]
    return str(status["reason"]["text"])


def wait_semi_sync(cluster: Cluster) -> None:
    """Returns when a replica acknowledges what the primary commits."""
    cluster[0].wait_status(lambda status: status["semi_sync"] == "active", 30, "semi-synchronous replication is active")


def wait_sound(cluster: Cluster, limit_seconds: float = START_LIMIT_SECONDS) -> None:
    """Returns when every pod is ready, and has the same rows as the primary."""
    for pod in cluster:
        pod.wait_ready(limit_seconds)
    cluster.wait_caught_up()
    found = cluster.table_checksums()
    assert all(checksums == found["db-0"] for checksums in found.values()), found
