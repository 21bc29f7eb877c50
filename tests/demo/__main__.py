"""The demo itself: its steps, what it shows of each, and what it checks."""

import random
import sys
import time
from collections.abc import Callable
from typing import Any

from pods import Cluster, TimedOut, wait_for
from pods.pod import SOCKET

from . import sample

NAME = "demo"
REFRESH_SECONDS = 0.2
BAR_CELLS = 30
TABLE_LIMIT_SECONDS = 60
ON_TERMINAL = sys.stdout.isatty()


class Screen:
    """Lines that stay, below them one that is written again and again where there is a terminal. Times count from the start."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        self._moving = False

    def line(self, text: str) -> None:
        self._erase()
        print(text, flush=True)

    def event(self, text: str) -> None:
        self.line(f"  {time.monotonic() - self.started:6.1f} s  {text}")

    def moving(self, text: str) -> None:
        """A progress bar; nothing where lines cannot be overwritten."""
        if ON_TERMINAL:
            self._erase()
            print(text, end="", flush=True)
            self._moving = True

    def _erase(self) -> None:
        if self._moving:
            print("\r\033[K", end="")
            self._moving = False


screen = Screen()
times: list[tuple[str, float]] = []
shown: dict[str, tuple[str, str]] = {}  # the state and reason of each pod that stand on the screen


def step(title: str, act: Callable[[Cluster], None], cluster: Cluster) -> None:
    """One step of the demo with its heading; its time goes into the table at the end."""
    screen.line(f"\n── {title}")
    started = time.monotonic()
    act(cluster)
    times.append((title, time.monotonic() - started))


def bar(done: int, total: int, text: str) -> str:
    filled = 0 if total == 0 else min(BAR_CELLS, BAR_CELLS * done // total)
    return f"           {'█' * filled}{'░' * (BAR_CELLS - filled)} {text}"


def clone_bar(pod: str, clone: dict[str, Any]) -> str:
    done, total, rate = clone["bytes_done"], clone["bytes_estimated"], clone["bytes_per_second"]
    if done * BAR_CELLS < total or total == 0:  # the server that receives the copy is still getting ready
        return bar(done, total, f"{pod} from {clone['donor']}")
    return bar(done, total, f"{pod} from {clone['donor']}: {done >> 20} of {total >> 20} MiB, {rate >> 20} MiB/s")


def watch(cluster: Cluster, pods: list[int], limit_seconds: float) -> None:
    """Shows each change of state, and copies in progress, until the named pods are ready; TimedOut after the limit."""
    deadline = time.monotonic() + limit_seconds
    while True:
        statuses = cluster.statuses()
        for pod, status in statuses.items():
            now = (status["state"], status["reason"]["code"])
            if shown.get(pod) != now:
                screen.event(f"{pod} is {status['state']}: {status['reason']['text']}")
                shown[pod] = now
        for pod, status in statuses.items():
            if status.get("clone") and status["state"] == "cloning":
                screen.moving(clone_bar(pod, status["clone"]))
        if all(statuses.get(f"db-{ordinal}", {}).get("ready") for ordinal in pods):
            return
        if time.monotonic() > deadline:
            raise TimedOut(f"not within {limit_seconds:g} s: {', '.join(f'db-{ordinal}' for ordinal in pods)} ready")
        time.sleep(REFRESH_SECONDS)


def table(cluster: Cluster) -> None:
    """The table that `ordinal status` prints in the last pod, which knows of all others, once that pod has seen all of them ready."""

    def all_ready() -> bool:
        return all(pod.get("ready") for pod in list(cluster)[-1].http("/cluster?format=json").json()["pods"])

    wait_for(all_ready, TABLE_LIMIT_SECONDS, "the last pod sees that all are ready")
    code, text = list(cluster)[-1].command("status")
    screen.line(f"\n{text.rstrip()}\n" if code in (0, 1) and text.strip() else f"\n{cluster.describe()}\n")


def provisioned(cluster: Cluster, ordinal: int) -> dict[str, Any]:
    """How a pod's volume got its data, when, and from whom."""
    volume: dict[str, Any] = cluster[ordinal].status()["volume"]
    return {key: volume.get(key) for key in ("how", "donor", "provisioned_at", "bytes")}


def expect(condition: bool, otherwise: str) -> None:
    if not condition:
        raise AssertionError(otherwise)


def three_empty_pods(cluster: Cluster) -> None:
    order = random.sample(range(3), 3)
    screen.event(f"starting db-{order[0]}, db-{order[1]} and db-{order[2]} with empty volumes, at once")
    cluster.start(*order)
    watch(cluster, [0, 1, 2], 120)
    donors = [provisioned(cluster, ordinal)["donor"] for ordinal in (1, 2)]
    expect(donors == ["db-0", "db-1"], f"db-1 and db-2 should have cloned from db-0 and db-1, and did from {donors}")
    table(cluster)


def sample_data(cluster: Cluster) -> None:
    def progress(name: str, rows: int, total: int) -> None:
        screen.moving(bar(rows, total, f"{name}: {rows:,} of {total:,} rows"))
        if rows == total:
            screen.event(f"shop.{name} has {total:,} rows")

    sample.write(cluster[0], progress=progress)
    cluster.wait_caught_up(limit_seconds=300)
    screen.event("both replicas have applied everything")
    table(cluster)


def fourth_pod(cluster: Cluster) -> None:
    cluster.template.replicas = 4
    cluster.start(3)
    watch(cluster, [3], 180)
    got = provisioned(cluster, 3)
    expect((got["how"], got["donor"]) == ("clone", "db-2"), f"db-3 should have cloned from db-2: {got}")
    screen.event(f"db-3 copied {got['bytes'] >> 20} MiB from {got['donor']}")
    table(cluster)


def same_volume(cluster: Cluster) -> None:
    before = provisioned(cluster, 1)
    screen.event("killing db-1, every process at once; a new pod gets its volume")
    cluster[1].recreate()
    watch(cluster, [1], 120)
    after = provisioned(cluster, 1)
    expect(after == before, f"db-1 should have kept its data of {before['provisioned_at']}, and shows {after}")
    screen.event(f"db-1 was reattached: its data is the copy of {after['provisioned_at']}, no clone")
    table(cluster)


def empty_volume(cluster: Cluster) -> None:
    before = provisioned(cluster, 1)
    screen.event("killing db-1 again; the new pod gets an empty volume")
    cluster[1].recreate(empty=True)
    watch(cluster, [1], 180)
    after = provisioned(cluster, 1)
    expect(after["donor"] == "db-0" and after["provisioned_at"] != before["provisioned_at"], f"db-1 should have cloned from db-0: {after}")
    screen.event(f"db-1 copied {after['bytes'] >> 20} MiB from db-0")
    table(cluster)


def same_content(cluster: Cluster) -> None:
    cluster.wait_caught_up()
    found = cluster.table_checksums()
    names = sorted(found["db-0"])
    expect(len(names) > len(sample.TABLES), f"tables are missing on db-0: {names}")
    for name in names:
        values = {pod: found[pod].get(name, "missing") for pod in found}
        screen.line(f"  {name:<20} " + "  ".join(f"{pod} {value:>10}" for pod, value in values.items()))
        expect(len(set(values.values())) == 1, f"the content of {name} differs: {values}")
    expect(all(sorted(of_pod) == names for of_pod in found.values()), f"the pods have different tables: {found}")


STEPS = (
    ("three empty pods become one database", three_empty_pods),
    ("a sample database is written through db-0", sample_data),
    ("db-3 joins and clones from db-2", fourth_pod),
    ("db-1 dies and comes back with its volume", same_volume),
    ("db-1 dies and comes back with an empty volume", empty_volume),
    ("every table on every pod has the same content", same_content),
)


def run() -> int:
    cluster = Cluster(NAME, namespace=NAME).__enter__()
    try:
        for title, act in STEPS:
            step(title, act, cluster)
    except Exception as failure:  # whatever it was, what the pods say of it is worth more than a traceback
        screen.line(f"\nThe demo failed: {failure!r}\n\n{cluster.describe()}\n")
        screen.line("The pods are still there: `docker logs demo-db-0-ordinal`; `./dev demo down` removes them.")
        return 1
    screen.line("")
    for title, seconds in times:
        screen.line(f"  {seconds:6.1f} s  {title}")
    screen.line(f"""
The cluster is running. To look at it:
  curl http://{cluster[0].address()}:8008/status
  docker exec demo-db-0-mysql /ordinal/ordinal status
  docker exec -it demo-db-0-mysql sh -c 'MYSQL_PWD=$(cat /etc/ordinal/credentials/root) mysql --user=root --socket={SOCKET} shop'
  docker logs demo-db-1-ordinal
./dev demo down removes it.""")
    return 0


def main(arguments: list[str]) -> int:
    if arguments == ["down"]:
        Cluster(NAME).remove()
        return 0
    if arguments:
        print("usage: ./dev demo [down]", file=sys.stderr)
        return 2
    return run()


sys.exit(main(sys.argv[1:]))
