"""What a person sees of a cluster by its command line, its logs and its processes, when its passwords are strange ones: they work, and show
nowhere."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from .cluster import Cluster
from .conftest import START_LIMIT_SECONDS, Clusters
from .engine import docker, finish
from .faults import kill_and_see_back, wait_alert
from .pod import Pod, random_credentials
from .waiting import wait_for

LOGGED = {"ORDINAL_LOG__FORMAT": "json", "ORDINAL_LOG__LEVEL": "debug"}
# Each follows a random word: whatever quotes or escapes a password, the word stays.
STRANGE = {
    "root": "quotes ' and \" and ` and 🔑 and \\ at the end\\",
    "agent": "percent %s %n, dollar $HOME $(id), semicolon; -- # /* */",
    "replication": "ä '密' \\\"",  # here MySQL takes 32 bytes, of characters of three bytes at most
    "clone": "a'b\\'c\"d\\\\e f",
}
SETTINGS_FILE = "quotes ' and \" and 密.cnf"
WORD_LENGTH = 12


@pytest.fixture(scope="module")
def running() -> Iterator[Cluster]:
    """As conftest's, with strange passwords and every line of the log, as JSON."""
    made = Clusters("operator-view")
    try:
        cluster = made.make(environment=LOGGED)
        words = random_credentials()
        cluster.credentials.update({account: words[account].replace("-", "0")[:WORD_LENGTH] + text for account, text in STRANGE.items()})
        cluster.template.mysql_settings[SETTINGS_FILE] = "[mysqld]\nserver_id=7\n"  # which the agent has a warning for
        cluster.start(wait_seconds=START_LIMIT_SECONDS)
        yield cluster
    finally:
        made.end()


@pytest.mark.asan
def test_passwords_with_quotes_backslashes_spaces_and_other_scripts_work(running: Cluster) -> None:
    running[0].sql("CREATE DATABASE d")
    running.wait_caught_up()
    assert running[1].sql("SELECT CURRENT_USER()", password=running.credentials["root"]) == [["root@localhost"]]


def password_words(cluster: Cluster) -> list[str]:
    """What no place may show: of each password the word that no escaping changes."""
    return [password[:WORD_LENGTH] for password in cluster.credentials.values()]


def table(pod: Pod) -> tuple[int, dict[str, dict[str, str]]]:
    """The exit code of `ordinal status`, and its table: for each pod the cells by their headings."""
    code, text = pod.command("status")
    heading, *lines = text.splitlines()
    columns = [(found[0], found.start()) for found in re.finditer(r"\S+( \S+)*", heading)]
    ends = [start for _, start in columns[1:]] + [None]
    rows = [{name: line[start:end].strip() for (name, start), end in zip(columns, ends, strict=True)} for line in lines]
    return code, {row["POD"]: row for row in rows}


SERVING = {
    "db-0": {"ROLE": "primary", "STATE": "serving", "READY": "yes", "SOURCE": "-", "DATA FROM": "initialize", "LAG": "-", "NOTE": ""},
    "db-1": {"ROLE": "replica", "STATE": "serving", "READY": "yes", "SOURCE": "db-0", "DATA FROM": "clone of db-0", "NOTE": ""},
    "db-2": {"ROLE": "replica", "STATE": "serving", "READY": "yes", "SOURCE": "db-0", "DATA FROM": "clone of db-1", "NOTE": ""},
}


def shows(pod: Pod, code: int, expected: dict[str, dict[str, str]]) -> bool:
    """Whether `ordinal status` in a pod ends with a code and shows at least these cells."""
    seen, rows = table(pod)
    return seen == code and rows.keys() == expected.keys() and all(rows[name].items() >= cells.items() for name, cells in expected.items())


def test_status_shows_each_pods_role_state_source_donor_lag_and_gtids(running: Cluster) -> None:
    running[0].sql("CREATE DATABASE counted")
    executed = {"GTID EXECUTED": running.executed()}
    expected = {name: cells | executed for name, cells in SERVING.items()}
    for pod in running:
        wait_for(lambda: shows(pod, 0, expected), 20, f"{pod} shows every pod as it is: {expected}")
        lags = [row["LAG"] for name, row in table(pod)[1].items() if name != "db-0"]
        assert all(re.fullmatch(r"\d\.\ds", lag) for lag in lags), lags


def test_status_calls_a_killed_pod_unreachable_and_says_why_and_ends_with_1(running: Cluster) -> None:
    running[2].kill()
    gone = {"ROLE": "-", "STATE": "unreachable", "READY": "no", "SOURCE": "-", "DATA FROM": "-", "LAG": "-", "GTID EXECUTED": "-"}
    for pod in (running[0], running[1]):
        wait_for(lambda: shows(pod, 1, SERVING | {"db-2": gone}), 20, f"{pod} shows db-2 as {gone}, and the others as before")
        assert table(pod)[1]["db-2"]["NOTE"]
    running.start(2, wait_seconds=START_LIMIT_SECONDS)
    wait_for(lambda: shows(running[0], 0, SERVING), 20, "db-0 shows db-2 again")


def test_status_without_an_agent_to_ask_says_so_and_ends_with_1(running: Cluster) -> None:
    code, text = running[0].command("status", "127.0.0.1:9")
    assert code == 1
    assert "127.0.0.1:9" in text


def test_version_is_that_of_the_running_agent(running: Cluster) -> None:
    code, text = running[1].command("version")
    assert (code, text) == (0, running[1].http("/version").text)
    assert re.fullmatch(r"ordinal \d+\.\d+\.\d+\n", text)


def seen_of_processes(pod: Pod, which: str) -> dict[str, bytes]:
    """Command line and environment of every process in a container, as far as they live long enough to be looked at."""
    seen: dict[str, bytes] = {}
    listed = finish("top", pod.container(which), "-eo", "pid").stdout.decode().splitlines()[1:]
    for process in [Path("/proc") / line.strip() for line in listed]:
        try:
            seen |= {f"{process}/{name}": (process / name).read_bytes() for name in ("cmdline", "environ")}
        except (FileNotFoundError, ProcessLookupError):
            continue
    return seen


@pytest.mark.asan
def test_no_password_shows_in_a_process_or_an_answer_while_a_pod_clones(running: Cluster) -> None:
    words = [word.encode() for word in password_words(running)]
    pod = running[2]
    pod.recreate(empty=True)
    places: dict[str, bytes] = {}
    copying = {}

    def looked_until_served() -> bool:
        places.update(seen_of_processes(pod, "init"))
        status = pod.status()
        places["/status"] = places.get("/status", b"") + json.dumps(status, ensure_ascii=False).encode()
        if status["state"] == "cloning":
            copying.update(seen_of_processes(pod, "init"))
        return bool(status["ready"])

    wait_for(looked_until_served, START_LIMIT_SECONDS, "db-2 is cloned again")
    places["inspect"] = docker("inspect", pod.container("init")).encode()
    commands = [content for place, content in copying.items() if place.endswith("cmdline")]
    assert any(b"init" in command for command in commands) and any(b"--initialize-insecure" in command for command in commands), commands
    shown = [place for place, content in (places | copying).items() for word in words if word in content]
    assert not shown, f"a password shows in {shown}"


@pytest.mark.asan
def test_every_line_of_the_log_is_json_also_where_it_repeats_strange_names_and_holds_no_password(running: Cluster) -> None:
    event = "quotes ' and \" and 密 and \\ and {\n in a name"
    running[0].sql("CREATE DATABASE IF NOT EXISTS events")
    running[0].sql(f"SET NAMES utf8mb4; CREATE EVENT events.`{event}` ON SCHEDULE EVERY 1 DAY DISABLE ON REPLICA DO SELECT 1")
    kill_and_see_back(running[0], "ordinal")  # it looks for such events when it logs in
    running[0].wait_ready()
    assert event in wait_alert(running[0], "EVENTS_DISABLED")
    running[0].sql("DROP DATABASE events")
    words = password_words(running)
    told = []
    for pod in running:
        assert not [word for word in words if word in pod.all_logs()], f"{pod} logs a password"
        for which in ("install", "init", "ordinal"):
            lines = [json.loads(line) for line in pod.logs(which).splitlines()]
            assert lines or which == "install", f"{which} of {pod} logs nothing"
            told += lines
    for line in told:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"]), line
        assert re.fullmatch(r"\w+", line["event"]), line
    assert {"debug", "info", "warn"} <= {line["level"] for line in told} <= {"debug", "info", "warn", "error"}
    assert [line for line in told if event in line.get("reason", "")], f"no line names {event}"
    assert [line for line in told if SETTINGS_FILE in line.get("what", "")], f"no line names {SETTINGS_FILE}"
