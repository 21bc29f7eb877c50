"""`./dev bench`: prints each measure with its target. What two things cost is measured in turns in one run and told as a ratio."""

import os
import re
import socket
import statistics
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from demo import sample
from pods import Cluster, Pod, wait_for

START_LIMIT_SECONDS = 180
IDLE_SECONDS = 60
REQUESTS = 1_000_000
PIPELINED = 200
ANSWER = b"HTTP/1.1 "  # begins each
COPIES = 5
COPY_SCALE = 2.2  # of the sample: about 1 GB on disk


def say(measure: str, found: str, target: str) -> None:
    print(f"{measure:<58} {found:>26}   (target {target})", flush=True)


def resident_mb(pod: Pod) -> float:
    text = Path(f"/proc/{pod.process_id('ordinal')}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", text)
    assert found, text
    return int(found[1]) / 1024


def binary_bytes(pod: Pod) -> int:
    return Path(f"/proc/{pod.process_id('ordinal')}/exe").stat().st_size


def cpu_seconds(pod: Pod) -> float:
    fields = Path(f"/proc/{pod.process_id('ordinal')}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def logged_at(log: str, pattern: str) -> float:
    """The time of the first log line that has the pattern, in seconds of the day."""
    found = re.search(r"T(\d+):(\d+):([\d.]+)Z \w+ .*" + pattern, log)
    assert found, f"no line with {pattern} in:\n{log}"
    return int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3])


def ask_many_times(pod: Pod, path: str, count: int) -> float:
    """Requests a second over one kept-alive connection, pipelined."""
    request = f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode() * PIPELINED
    began = time.monotonic()
    with socket.create_connection((pod.address(), 8008), timeout=10) as connection:
        for _ in range(count // PIPELINED):
            connection.sendall(request)
            answers = b""
            while answers.count(ANSWER) < PIPELINED:
                more = connection.recv(1 << 20)
                assert more, f"{pod} closed the connection after {answers.count(ANSWER)} of {PIPELINED} answers"
                answers += more
    return count / (time.monotonic() - began)


def in_a_stopped_pod(pod: Pod, script: str) -> list[float]:
    """The numbers that a bash script prints in the pod's mysql image, with its volumes, while neither agent nor mysqld run."""
    return [float(word) for word in pod.beside(script).split()]


def measure_start(cluster: Cluster) -> None:
    began = time.monotonic()
    cluster.start(wait_seconds=START_LIMIT_SECONDS)
    say("three empty pods to three ready ones", f"{time.monotonic() - began:.1f} s", "none")
    served = [logged_at(pod.logs("ordinal"), "state=serving ready=true") for pod in cluster]
    for n in (1, 2):
        say(f"db-{n - 1} serving to db-{n} serving, small database", f"{served[n] - served[n - 1]:.1f} s", "<= 5 s")


def measure_idle(cluster: Cluster) -> None:
    say("size of the stripped binary", f"{binary_bytes(cluster[0]) / 1e6:.1f} MB", "<= 13 MB")
    before, calls = [cpu_seconds(pod) for pod in cluster], file_calls(cluster[1])
    time.sleep(IDLE_SECONDS)  # the measure is what happens while nothing is asked
    say("reads and writes of files by db-1, a second", f"{(file_calls(cluster[1]) - calls) / IDLE_SECONDS:.0f}", "none")
    shares = [100 * (cpu_seconds(pod) - earlier) / IDLE_SECONDS for pod, earlier in zip(cluster, before, strict=True)]
    say("idle, per cent of a core", " ".join(f"{share:.2f}" for share in shares), "<= 0.3")
    say("resident memory", " ".join(f"{resident_mb(pod):.1f} MB" for pod in cluster), "<= 10 MB")


def file_calls(pod: Pod) -> int:
    """How often the agent has called read and write of the kernel, which sockets do not count as: they are received and sent."""
    found = dict(line.split(": ") for line in Path(f"/proc/{pod.process_id('ordinal')}/io").read_text().splitlines())
    return int(found["syscr"]) + int(found["syscw"])


def measure_requests(pod: Pod) -> None:
    ask_many_times(pod, "/readyz", 10_000)
    before, calls, began = resident_mb(pod), file_calls(pod), time.monotonic()
    rate = ask_many_times(pod, "/readyz", REQUESTS)
    took, calls = time.monotonic() - began, file_calls(pod) - calls
    say(f"{REQUESTS:,} requests to /readyz", f"{rate:,.0f} a second", "none")
    say("resident memory before and after them", f"{before:.1f} MB, {resident_mb(pod):.1f} MB", "flat")
    say("reads and writes of files, a second, meanwhile", f"{calls / took:.0f}", "those of the idle agent")


def measure_agent_start(pod: Pod) -> None:
    """With the pod's containers gone, its volumes in the hands of a shell."""
    pod.end_containers("mysql", "ordinal")
    times = in_a_stopped_pod(
        pod,
        "for i in 1 2 3 4 5; do a=$EPOCHREALTIME; /ordinal/ordinal init >&2; b=$EPOCHREALTIME; echo $(( (${b/./} - ${a/./}) / 100 )); done",
    )
    say("init on a reattached volume, process and all, median", f"{statistics.median(times) / 10:.1f} ms", "<= 50 ms")
    times = in_a_stopped_pod(
        pod,
        "for i in 1 2 3 4 5; do a=$EPOCHREALTIME; /ordinal/ordinal run >&2 & p=$!;"
        " until exec 3<>/dev/tcp/127.0.0.1/8008; do :; done 2>/dev/null;"
        " printf 'GET /livez HTTP/1.0\\r\\n\\r\\n' >&3; read -r -u 3 line; b=$EPOCHREALTIME; echo $(( (${b/./} - ${a/./}) / 100 ));"
        " kill -9 $p; wait $p 2>/dev/null || true; done",
    )
    say("agent start to first answer, median", f"{statistics.median(times) / 10:.1f} ms", "<= 15 ms")


def forget(pod: Pod) -> None:
    """Drops what the kernel has in memory of the pod's data, so that whoever reads it next reads the disk."""
    pod.volume.run("sync; find data -type f -exec dd if={} iflag=nocache count=0 status=none ';'")


def clone_seconds(pod: Pod) -> float:
    """From the first statement about the donor's data to the copy that is synced and recorded as complete. MySQL keeps the begin and the
    end of each stage of a clone, in microseconds since the epoch; the first of them begins when the donor has accepted the client."""
    begun = int(pod.volume.run("sed -n 2p 'data/#clone/#view_progress'").split()[2]) / 1e6
    completed = re.findall(r"(\S+)Z info event=provisioned how=clone ", pod.all_logs())
    assert completed, pod.all_logs()
    return datetime.fromisoformat(completed[-1] + "+00:00").timestamp() - begun


def measure_copy(cluster: Cluster) -> None:
    """A clone and a plain copy of the same data, in turns, both from the disk."""
    primary, replica = cluster[0], cluster[1]
    sample.write(primary, COPY_SCALE)
    clones, copies = [], []
    copy = "a=$(date +%s%N); cp -r data copy; sync -f copy; b=$(date +%s%N); du -sm copy; rm -rf copy; echo $(( (b - a) / 1000000 ))"
    for _ in range(COPIES):
        forget(primary)
        replica.recreate(empty=True)
        replica.wait_ready(START_LIMIT_SECONDS)
        clones.append(clone_seconds(replica))
        forget(replica)
        size, _, milliseconds = replica.volume.run(copy).split()
        copies.append(float(milliseconds) / 1000)
    clone, plain = statistics.median(clones), statistics.median(copies)
    say(f"a clone of {size} MB, synced, median of {COPIES}", f"{clone:.2f} s", "none")
    say("the same by cp -r and sync", f"{plain:.2f} s", "none")
    say("ratio", f"{clone / plain:.2f}", "<= 1.2")


def main() -> None:
    with Cluster("bench") as cluster:
        steps: list[Callable[[], None]] = [
            lambda: measure_start(cluster),
            lambda: measure_idle(cluster),
            lambda: measure_requests(cluster[1]),
            lambda: measure_agent_start(cluster[2]),
            lambda: measure_copy(cluster),
        ]
        for step in steps:
            step()
        wait_for(cluster[0].ready, 10, "db-0 is still ready")


main()
