"""The HTTP face of a running pod, to kubelets, load balancers and people, and to clients that mean ill."""

import json
import re
import socket
import time

import pytest

from .cluster import Cluster
from .pod import HTTP_PORT, Pod

PATHS = ("/livez", "/readyz", "/mysql/livez", "/primary", "/status", "/cluster", "/history", "/metrics", "/version")
ANSWER_LIMIT_SECONDS = 10


def exchange(pod: Pod, sent: bytes, limit_seconds: float = ANSWER_LIMIT_SECONDS) -> bytes:
    """What the agent answers to some bytes until it closes the connection, or until the limit."""
    received = b""
    with socket.create_connection((pod.address(), HTTP_PORT), timeout=limit_seconds) as connection:
        try:
            connection.sendall(sent)
            while part := connection.recv(65536):
                received += part
        except OSError:  # a refused client may be cut off while it still sends
            pass
    return received


@pytest.mark.parametrize("path", PATHS)
def test_the_primary_answers(running: Cluster, path: str) -> None:
    answer = running[0].http(path)
    assert answer.status == 200
    assert answer.body


@pytest.mark.parametrize("path", PATHS)
def test_head_answers_as_get_does_without_the_body(running: Cluster, path: str) -> None:
    get, head = running[0].http(path), running[0].http(path, method="HEAD")
    assert (head.status, head.body) == (get.status, b"")
    assert head.headers["content-type"] == get.headers["content-type"]


def test_readyz_verbose_names_every_check(running: Cluster) -> None:
    lines = running[1].http("/readyz?verbose").text.splitlines()
    assert [line for line in lines if line.startswith("[+]")], lines
    assert not [line for line in lines if line.startswith("[-]")], lines


def test_each_check_of_readyz_has_a_path_of_its_own(running: Cluster) -> None:
    for check in running[1].status()["checks"]:
        assert running[1].http(f"/readyz/{check['name']}").status == 200, check
    assert running[1].http("/readyz/no-such-check").status == 404


def test_status_is_json_on_request_and_cluster_shows_every_pod(running: Cluster) -> None:
    by_header = running[1].http("/status", headers={"Accept": "application/json"})
    assert by_header.headers["content-type"].startswith("application/json")
    assert by_header.json()["pod"] == "db-1"
    pods = running[1].http("/cluster?format=json").json()["pods"]
    assert sorted(pod["pod"] for pod in pods) == ["db-0", "db-1", "db-2"]


def test_history_tells_of_the_copy(running: Cluster) -> None:
    text = running[1].http("/history?format=json").text
    assert "provisioned" in text and "db-0" in text


def test_metrics_have_a_help_and_a_type_for_every_name(running: Cluster) -> None:
    lines = running[1].http("/metrics").text.splitlines()
    names = {line.split("{")[0].split(" ")[0] for line in lines if line and not line.startswith("#")}
    described = {kind: {line.split(" ")[2] for line in lines if line.startswith(f"# {kind} ")} for kind in ("HELP", "TYPE")}
    assert len(names) > 10
    assert {re.sub("_(sum|count|bucket)$", "", name) for name in names} <= described["HELP"] == described["TYPE"]
    assert all(name.startswith("ordinal_") for name in names), names


@pytest.mark.asan
@pytest.mark.parametrize(("path", "method", "status"), [("/nothing", "GET", 404), ("/status", "POST", 405), ("/livez", "DELETE", 405)])
def test_an_unknown_path_is_404_and_another_method_405(running: Cluster, path: str, method: str, status: int) -> None:
    answer = running[0].http(path, method=method)
    assert answer.status == status
    assert status != 405 or "GET" in answer.headers["allow"]


@pytest.mark.asan
@pytest.mark.parametrize(
    "sent",
    [
        b"GET /livez HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 1_000_000 + b"\r\n\r\n",
        b"POST /livez HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 40\r\n\r\nabcd",
        b"POST /livez HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /livez HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)),
        b"\x00" * 5000,
    ],
    ids=["a header of 1 MB", "two lengths", "length and chunks", "a huge body", "the start of TLS", "zeros"],
)
def test_bad_requests_are_refused_and_the_next_client_is_served(running: Cluster, sent: bytes) -> None:
    answer = exchange(running[0], sent)
    assert answer == b"" or answer.split(b" ")[1][:1] == b"4", answer[:200]
    assert running[0].http("/livez").status == 200


def test_pipelined_requests_are_answered_in_their_order(running: Cluster) -> None:
    answer = exchange(running[0], b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\nGET /nothing HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert [part[:3] for part in answer.split(b"HTTP/1.1 ")[1:]] == [b"200", b"404"]


def test_a_client_that_sends_a_byte_now_and_then_is_cut_off(running: Cluster) -> None:
    started = time.monotonic()
    with socket.create_connection((running[0].address(), HTTP_PORT), timeout=ANSWER_LIMIT_SECONDS) as slow:
        slow.settimeout(0.5)
        while time.monotonic() - started < 30:
            try:
                slow.sendall(b"X")
                if not slow.recv(1):
                    break
            except TimeoutError:
                continue
            except OSError:
                break
        else:
            pytest.fail("the agent still listens to a request that has lasted 30 s")


def test_a_thousand_idle_connections_do_not_keep_a_probe_out(running: Cluster) -> None:
    address = (running[0].address(), HTTP_PORT)
    idle = []
    try:
        for _ in range(1000):
            idle.append(socket.create_connection(address, timeout=ANSWER_LIMIT_SECONDS))
        assert running[0].http("/readyz").status == 200
    finally:
        for connection in idle:
            connection.close()


def test_the_command_line_prints_what_the_endpoints_say(running: Cluster) -> None:
    code, text = running[1].command("status")
    assert code == 0
    assert all(pod.name in text for pod in running), text
    code, text = running[1].command("status", "--json")
    assert code == 0
    assert sorted(pod["pod"] for pod in json.loads(text)["pods"]) == ["db-0", "db-1", "db-2"]
    assert running[1].command("probe", "/readyz")[0] == 0
    assert running[1].command("probe", "/primary")[0] == 1
