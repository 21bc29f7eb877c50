"""Asks a real MySQL server and our GtidSet the same questions about random GTID sets.

Needs a Docker engine, the image ordinal-mysql:test, and the path of the program `gtid_tool` (target of tests/unit) in ORDINAL_GTID_TOOL.
ORDINAL_GTID_SEED repeats a run. It owns one throw-away container and touches nothing else.
"""

import os
import random
import subprocess
import uuid
from collections.abc import Iterator
from typing import NamedTuple

import pytest

IMAGE = "ordinal-mysql:test"
PAIRS = 500
START_LIMIT_SECONDS = 60
BATCH_LIMIT_SECONDS = 60
REFUSED = "refused"

UUIDS = [
    "00000000-0000-0000-0000-000000000001",
    "3E11FA47-71CA-11E1-9E33-C80AA9429562",
    "3e11fa47-71ca-11e1-9e33-c80aa9429563",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
]
TAGS = ["", "", "_", "a", "A0", "a_", "ab", "tag_of_thirty_two_characters_000"]
# Tab and newline separate the tool's questions, so they are left to the unit tests, as are quotes to SQL.
SPACES = ["", "", "", " ", "  ", "\r", "\v", "\f"]
MUTATIONS: list[str] = ["", *" ,:;-_+.01259aAgZ{}\r"]
LARGEST = 2**63 - 2


class Question(NamedTuple):
    kind: str
    left: str
    right: str = ""

    def as_line(self) -> str:
        return f"{self.kind}\t{self.left}\t{self.right}\n"

    def as_sql(self, number: int) -> str:
        expression = {
            "contains": f"GTID_SUBSET('{self.right}', '{self.left}')",
            "without": f"GTID_SUBTRACT('{self.left}', '{self.right}')",
            "canonical": f"GTID_SUBTRACT('{self.left}', '')",
        }[self.kind]
        # MySQL prints ",\n" where we print ",".
        return f"SELECT {number}, REPLACE({expression}, '\\n', '');\n"


class Sets:
    """Random texts of GTID sets, in all the forms that MySQL takes."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def well_formed(self) -> str:
        return self.space() + f"{self.space()},{self.space()}".join(self.part() for _ in range(self.random.randrange(5))) + self.space()

    def pair(self) -> tuple[str, str]:
        left, right = self.well_formed(), self.well_formed()
        # Two random sets rarely contain one another; half of the pairs are made so that the left one does.
        return (f"{left},{right}", right) if self.random.random() < 0.5 else (left, right)

    def mutated(self) -> str:
        text = self.well_formed()
        at = self.random.randrange(len(text) + 1)
        return text[:at] + self.random.choice(MUTATIONS) + text[at + self.random.randrange(2) :]

    def part(self) -> str:
        words = [self.random.choice(UUIDS)]
        for _ in range(self.random.randrange(4)):
            if tag := self.random.choice(TAGS):
                words.append(tag)
            words += [self.interval() for _ in range(self.random.randrange(4))]
        return f"{self.space()}:{self.space()}".join(words) if self.random.random() < 0.95 else ""

    def interval(self) -> str:
        first, last = self.number(), self.number()
        return f"{first}{self.space()}-{self.space()}{last}" if self.random.random() < 0.7 else f"{first}"

    def number(self) -> int:
        kind = self.random.random()
        if kind < 0.9:
            return self.random.randint(1, 30)
        return self.random.randint(1, LARGEST) if kind < 0.95 else LARGEST - self.random.randrange(3)

    def space(self) -> str:
        return self.random.choice(SPACES)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The name of a container in which mysqld answers on /tmp/mysqld.sock."""
    name = f"gtid-{uuid.uuid4().hex[:8]}"
    script = (
        "mysqld --no-defaults --initialize-insecure --datadir=/tmp/data && "
        "exec mysqld --no-defaults --datadir=/tmp/data --socket=/tmp/mysqld.sock --pid-file=/tmp/mysqld.pid "
        "--skip-networking --mysqlx=OFF --secure-file-priv=NULL"
    )
    command = ["docker", "run", "--detach", "--name", name, "--network", "none", "--user", "999:999", "--entrypoint", "sh"]
    subprocess.run([*command, IMAGE, "-c", script], check=True, timeout=START_LIMIT_SECONDS, stdout=subprocess.DEVNULL)
    try:
        ping = ["mysqladmin", "--no-defaults", "--socket=/tmp/mysqld.sock", "--user=root", f"--wait={START_LIMIT_SECONDS}", "ping"]
        started = subprocess.run(["docker", "exec", name, *ping], capture_output=True, text=True, timeout=2 * START_LIMIT_SECONDS)
        if started.returncode != 0:
            logs = subprocess.run(["docker", "logs", name], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=30)
            pytest.fail(f"mysqld did not answer: {started.stderr}\n{logs.stdout}")
        yield name
    finally:
        subprocess.run(["docker", "rm", "--force", "--volumes", name], timeout=60, stdout=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def tool() -> str:
    path = os.environ.get("ORDINAL_GTID_TOOL", "")
    if not os.access(path, os.X_OK):
        pytest.fail(f"ORDINAL_GTID_TOOL must be the path of the program gtid_tool, which is built with the unit tests; it is {path!r}.")
    return path


@pytest.fixture(scope="module")
def sets() -> Sets:
    seed = int(os.environ.get("ORDINAL_GTID_SEED") or random.SystemRandom().getrandbits(32))
    print(f"ORDINAL_GTID_SEED={seed}")
    return Sets(seed)


def server_answers(server: str, questions: list[Question]) -> list[str]:
    client = ["mysql", "--no-defaults", "--socket=/tmp/mysqld.sock", "--user=root", "--batch", "--raw", "--skip-column-names", "--force"]
    batch = "".join(question.as_sql(number) for number, question in enumerate(questions))
    ran = subprocess.run(
        ["docker", "exec", "--interactive", server, *client], input=batch, capture_output=True, text=True, timeout=BATCH_LIMIT_SECONDS
    )
    errors = ran.stderr.splitlines()
    assert all(error.startswith("ERROR 1772 ") for error in errors), f"the server said more than that sets are malformed: {errors[:5]}"
    answers = dict(line.split("\t") for line in ran.stdout.splitlines())
    assert len(answers) + len(errors) == len(questions)
    return [answers.get(str(number), REFUSED) for number in range(len(questions))]


def tool_answers(tool: str, questions: list[Question]) -> list[str]:
    lines = "".join(question.as_line() for question in questions).encode()
    ran = subprocess.run([tool], input=lines, capture_output=True, check=True, timeout=BATCH_LIMIT_SECONDS)
    return ran.stdout.decode().split("\n")[:-1]


def compare(tool: str, server: str, questions: list[Question]) -> list[str]:
    """The answers, when server and tool agree on each of them."""
    expected = server_answers(server, questions)
    answers = tool_answers(tool, questions)
    assert len(answers) == len(questions)
    differences = [
        f"{question}\n  server {theirs!r}\n  tool   {ours!r}"
        for question, theirs, ours in zip(questions, expected, answers, strict=True)
        if theirs != ours
    ]
    assert not differences, f"{len(differences)} of {len(questions)} answers differ, among them:\n" + "\n".join(differences[:5])
    return answers


def test_subset_is_the_servers(tool: str, server: str, sets: Sets) -> None:
    answers = compare(tool, server, [Question("contains", *sets.pair()) for _ in range(PAIRS)])
    assert set(answers) == {"0", "1"}


def test_subtraction_is_the_servers(tool: str, server: str, sets: Sets) -> None:
    answers = compare(tool, server, [Question("without", *sets.pair()) for _ in range(PAIRS)])
    assert REFUSED not in answers


def test_every_form_of_input_is_read_and_printed_as_by_the_server(tool: str, server: str, sets: Sets) -> None:
    answers = compare(tool, server, [Question("canonical", sets.well_formed()) for _ in range(PAIRS)])
    assert REFUSED not in answers


def test_texts_with_a_mistake_are_refused_when_the_server_refuses_them(tool: str, server: str, sets: Sets) -> None:
    answers = compare(tool, server, [Question("canonical", sets.mutated()) for _ in range(PAIRS)])
    assert REFUSED in answers
