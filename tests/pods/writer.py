"""A client that writes rows one by one and remembers which of them the server acknowledged. It must not judge: the tests do."""

import subprocess
import threading

from .pod import SOCKET, Pod, SqlError
from .waiting import wait_for

TABLE = "written.ids"
END_LIMIT_SECONDS = 60.0
NO_SUCH_TABLE = (1049, 1146)  # ER_BAD_DB_ERROR, ER_NO_SUCH_TABLE


class Writer:
    """Inside its `with`, writes ascending ids through a pod's socket, each after the answer to the one before, until the `with` or the
    server ends."""

    def __init__(self, pod: Pod) -> None:
        self._pod = pod
        self._ending = threading.Event()
        self.acknowledged: list[int] = []
        pod.sql(f"CREATE DATABASE IF NOT EXISTS written; CREATE TABLE IF NOT EXISTS {TABLE} (id INT PRIMARY KEY)")
        self._first = int(pod.value(f"SELECT COALESCE(MAX(id), 0) + 1 FROM {TABLE}"))

    def __enter__(self) -> "Writer":
        client = f'MYSQL_PWD="$(cat /etc/ordinal/credentials/root)" exec mysql --no-defaults --socket={SOCKET} --user=root'
        script = f"{client} --batch --unbuffered --skip-column-names"
        words = ["docker", "exec", "--interactive", self._pod.container("mysql"), "sh", "-c", script]
        self._client = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self._thread = threading.Thread(target=self._write, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Ends after the row that is under way: what the server has acknowledged by then is complete."""
        self._ending.set()
        self._thread.join(END_LIMIT_SECONDS)
        self._client.kill()
        self._client.wait(END_LIMIT_SECONDS)

    def wait_for_more(self, rows: int, limit_seconds: float = 60) -> None:
        """Returns when that many more rows have been acknowledged."""
        target = len(self.acknowledged) + rows
        wait_for(lambda: len(self.acknowledged) >= target, limit_seconds, f"{self._pod} acknowledges {rows} more rows")

    def missing_on(self, pod: Pod) -> list[int]:
        """The acknowledged ids that a pod does not have: all of them where the table itself has not arrived."""
        try:
            present = {int(row) for (row,) in pod.sql(f"SELECT id FROM {TABLE}")}
        except SqlError as error:
            if error.code not in NO_SUCH_TABLE:
                raise
            present = set()
        return sorted(set(self.acknowledged) - present)

    def _write(self) -> None:
        assert self._client.stdin and self._client.stdout
        row = self._first
        while not self._ending.is_set():
            try:
                self._client.stdin.write(f"INSERT INTO {TABLE} VALUES ({row}); SELECT {row};\n".encode())
                self._client.stdin.flush()
            except BrokenPipeError:
                return
            answer = self._client.stdout.readline()
            if not answer:
                return
            self.acknowledged.append(int(answer))
            row += 1
