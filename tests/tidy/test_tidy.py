"""Style rules that a machine can check, over the text of the checkout. It must not compile or run anything."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
AGENT = ROOT / "agent"
LINE_LENGTH_MAX = 140
PURE = ("base", "core")
CODE = {".cpp", ".hpp", ".py", ".cmake", ".toml", ".sh"}
NAMED = {"dev", "Dockerfile", "CMakeLists.txt", "run"}
IGNORED = {".git", "build", "__pycache__", ".mypy_cache", ".pytest_cache"}

# What core and base must not name: libraries, the clock and the environment are handed to them as values.
IMPURE = {
    "Boost": r"\bboost\b|<boost/",
    "spdlog": r"\bspdlog\b",
    "toml++": r"toml\+\+|\btoml::",
    "a clock's now()": r"\bnow\(\)",
    "the environment": r"\b(secure_)?getenv\b|\benviron\b",
}
# Names that say nothing, old words for replication, and notes to oneself. Their halves are joined here so that this file may name them.
BANNED = [
    ("util" + "s", r"\butils?\b"),
    ("man" + "ager", r"(?<!cert-)\b\w*manager\b"),
    ("help" + "er", r"\b\w*helpers?\b"),
    ("sla" + "ve", r"\bslaves?\b"),
    ("mas" + "ter", r"\bmaster\b(?!_)"),
    ("TO" + "DO", r"\b(TODO|FIXME|XXX|HACK)\b"),
    ("using name" + "space std", r"using namespace std;"),
]


def files(*suffixes: str, under: Path = ROOT) -> Iterator[Path]:
    """Every file below `under` that ends in one of the suffixes, but nothing that a tool made."""
    for path in sorted(under.rglob("*")):
        if path.is_file() and path.suffix in suffixes and not IGNORED & set(path.relative_to(ROOT).parts):
            yield path


def code() -> Iterator[Path]:
    """Every file that a person wrote as code: C++, Python, shell, CMake."""
    yield from files(*CODE)
    for path in sorted(ROOT.rglob("*")):
        if path.is_file() and path.suffix not in CODE and path.name in NAMED and not IGNORED & set(path.relative_to(ROOT).parts):
            yield path


def lines(path: Path) -> list[tuple[str, str]]:
    """Each line of a file with the place to show for it, `agent/main.cpp:3`."""
    text = path.read_text(encoding="utf-8")
    return [(f"{path.relative_to(ROOT)}:{number}", line) for number, line in enumerate(text.splitlines(), 1)]


def allowed_arrows() -> dict[str, set[str]]:
    """For each folder of agent/, the folders whose headers its link line in agent/CMakeLists.txt lets it include."""
    arrows: dict[str, set[str]] = {}
    for name, rest in re.findall(r"^ordinal_library\((\w+)([^)]*)\)", (AGENT / "CMakeLists.txt").read_text(encoding="utf-8"), re.M):
        uses = re.search(r"\bUSES((?:\s+[a-z_]+)*)", rest)
        arrows[name] = {name} | set(uses[1].split() if uses else [])
    return arrows


def included_folders(path: Path) -> list[tuple[str, str]]:
    """The folders of agent/ whose headers a file includes, each with the place of the #include."""
    found = []
    for place, line in lines(path):
        match = re.match(r'\s*#\s*include\s+["<]([\w.]+)/[^">]+[">]', line)
        if match and (AGENT / match[1]).is_dir():
            found.append((place, match[1]))
    return found


def test_every_folder_of_the_agent_is_a_library_and_every_library_is_a_folder() -> None:
    folders = {path.name for path in AGENT.iterdir() if path.is_dir()}
    assert folders == set(allowed_arrows())


def test_a_folder_includes_only_headers_of_folders_that_its_link_line_uses() -> None:
    arrows = allowed_arrows()
    wrong = [
        f"{place}: {folder}/ may not include {included}/"
        for folder, uses in arrows.items()
        for path in files(".cpp", ".hpp", under=AGENT / folder)
        for place, included in included_folders(path)
        if included not in uses
    ]
    assert not wrong, "\n".join(wrong)


def test_the_arrows_between_folders_have_no_circle() -> None:
    arrows = {folder: uses - {folder} for folder, uses in allowed_arrows().items()}
    while leaves := [folder for folder, uses in arrows.items() if not uses]:
        arrows = {folder: uses - set(leaves) for folder, uses in arrows.items() if folder not in leaves}
    assert not arrows, f"these folders use one another in a circle: {sorted(arrows)}"


def test_siblings_around_the_core_do_not_touch() -> None:
    siblings = {"provision", "mysql", "peers", "http", "config"}
    touching = {folder: uses & siblings - {folder} for folder, uses in allowed_arrows().items() if folder in siblings}
    assert not any(touching.values()), touching


def test_a_unit_test_includes_only_what_its_folder_may_include() -> None:
    arrows = allowed_arrows()
    wrong = [
        f"{place}: the tests of {folder}/ may not include {included}/"
        for folder, uses in arrows.items()
        for path in files(".cpp", ".hpp", under=ROOT / "tests" / "unit" / folder)
        for place, included in included_folders(path)
        if included not in uses
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("what", IMPURE)
def test_core_and_base_name_no(what: str) -> None:
    wrong = [
        place
        for folder in PURE
        for path in files(".cpp", ".hpp", under=AGENT / folder)
        for place, line in lines(path)
        if re.search(IMPURE[what], line.split("//")[0])
    ]
    assert not wrong, f"core and base must not name {what}: " + ", ".join(wrong)


def test_toml_is_read_through_one_header() -> None:
    allowed = AGENT / "toml" / "document.hpp"
    wrong = [place for path in files(".cpp", ".hpp") if path != allowed for place, line in lines(path) if re.search(r"include <toml", line)]
    assert not wrong, "these would be compiled with other assertions: " + ", ".join(wrong)


def test_no_line_is_too_long() -> None:
    long = [f"{place}: {len(line)} columns" for path in code() for place, line in lines(path) if len(line) > LINE_LENGTH_MAX]
    assert not long, "\n".join(long)


def test_no_line_ends_in_white_space() -> None:
    loose = [place for path in code() for place, line in lines(path) if line != line.rstrip()]
    assert not loose, "\n".join(loose)


def test_every_cpp_file_opens_with_a_comment_that_says_what_it_owns() -> None:
    silent = [str(path.relative_to(ROOT)) for path in files(".cpp", ".hpp") if not re.match(r"// \S.{15,}", lines(path)[0][1])]
    assert not silent, "\n".join(silent)


def test_every_python_module_opens_with_a_docstring() -> None:
    silent = [str(path.relative_to(ROOT)) for path in files(".py") if not path.read_text(encoding="utf-8").startswith('"""')]
    assert not silent, "\n".join(silent)


def test_every_header_is_included_once() -> None:
    unguarded = [str(path.relative_to(ROOT)) for path in files(".hpp") if "#pragma once\n" not in path.read_text(encoding="utf-8")]
    assert not unguarded, "\n".join(unguarded)


@pytest.mark.parametrize("word, pattern", BANNED, ids=[word for word, _ in BANNED])
def test_nobody_writes(word: str, pattern: str) -> None:
    sources = [path for path in code() if path != Path(__file__).resolve() and path.suffix in {".cpp", ".hpp", ".py"} or path.name == "dev"]
    found = [place for path in sources for place, line in lines(path) if re.search(pattern, line)]
    assert not found, f"'{word}': " + ", ".join(found)


def test_every_source_file_is_in_a_folder_that_is_built() -> None:
    folders = set(allowed_arrows())
    lost = [
        str(path.relative_to(ROOT))
        for path in files(".cpp", ".hpp", under=AGENT)
        if path.parent != AGENT and path.relative_to(AGENT).parts[0] not in folders or len(path.relative_to(AGENT).parts) > 2
    ]
    assert not lost, "\n".join(lost)


def test_each_unit_test_lies_in_a_folder_named_like_the_one_it_tests() -> None:
    # Tests that need a server have a folder beside the others: mysql_server, provision_mysqld.
    folders = set(allowed_arrows()) | {"support", "docs"}
    lost = [
        str(path.relative_to(ROOT))
        for path in files(".cpp", ".hpp", under=ROOT / "tests" / "unit")
        if path.parent.name.split("_")[0] not in folders
    ]
    assert not lost, "\n".join(lost)
