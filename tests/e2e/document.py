"""The charts' generated documents: the tables of values, the golden files, the example's difference. `./dev docs` writes them."""

import difflib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

BEGIN, END = "<!-- values: generated from values.yaml -->", "<!-- end of values -->"


def documented(text: str) -> Iterator[tuple[str, str]]:
    """Each value that a `# --` comment stands before: its path and the comment."""
    path: list[str] = []
    comment: list[str] = []
    for line in text.splitlines():
        stripped = line.strip()
        if stripped.startswith("# -- "):
            comment = [stripped.removeprefix("# -- ")]
        elif stripped.startswith("#") and comment:
            comment.append(stripped.removeprefix("#").strip())
        elif key := re.match(r"( *)(\w+):", line):
            path[len(key[1]) // 2 :] = [key[2]]
            if comment:
                yield ".".join(path), " ".join(comment)
            comment = []
        else:
            comment = []


def default_of(values: dict[str, Any], path: str) -> str:
    found: Any = values
    for key in path.split("."):
        found = found[key]
    return "" if found is None else f"`{json.dumps(found)}`"


def undocumented(values: dict[str, Any], documented_paths: set[str], path: str = "") -> Iterator[str]:
    """Each value that no comment stands before, neither before it nor before a map that it is in."""
    for key, value in values.items():
        below = f"{path}{key}"
        if below in documented_paths:
            continue
        if isinstance(value, dict) and value:
            yield from undocumented(value, documented_paths, f"{below}.")
        else:
            yield below


def unlike(schema: dict[str, Any], values: dict[str, Any], root: dict[str, Any], path: str = "") -> Iterator[str]:
    """Each key that only one of a schema and the values has, in the maps that both say something of."""
    known = schema["properties"]
    for key in sorted(known.keys() ^ values.keys()):
        yield f"{path}{key}"
    for key in known.keys() & values.keys():
        below = known[key]
        if "$ref" in below:
            below = root["definitions"][below["$ref"].rpartition("/")[2]]
        if "properties" in below and values[key]:
            yield from unlike(below, values[key], root, f"{path}{key}.")


def values_table(folder: Path) -> str:
    """The table of a chart's values, in Markdown."""
    text = (folder / "values.yaml").read_text(encoding="utf-8")
    values = yaml.safe_load(text)
    rows = [f"| `{path}` | {default_of(values, path)} | {comment} |" for path, comment in documented(text)]
    return "\n".join(["| value | default | meaning |", "|---|---|---|", *rows])


def readme(folder: Path) -> str:
    """A chart's README.md as it must be: what a person wrote, with the present table of values."""
    text = (folder / "README.md").read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{values_table(folder)}\n{END}{after}"


def example_difference(example: Path) -> str:
    """What turns the example chart without Ordinal into the one with it, as a unified difference."""
    sides = [example / "plain", example / "with-ordinal"]
    lines: list[str] = []
    for name in sorted({path.relative_to(side).as_posix() for side in sides for path in side.glob("**/*.yaml")}):
        before, after = ((side / name).read_text(encoding="utf-8").splitlines() for side in sides)
        lines += difflib.unified_diff(before, after, f"a/{name}", f"b/{name}", lineterm="", n=1)
    return "\n".join(lines)


def main(root: Path) -> None:
    """Writes the tables of values and the example's difference into the READMEs. The golden files need helm: a run of the tests with
    ORDINAL_WRITE_GOLDEN set writes them."""
    for chart in ("ordinal", "mysql"):
        folder = root / "charts" / chart
        (folder / "README.md").write_text(readme(folder), encoding="utf-8")
    path = root / "README.md"
    block = f"```diff\n{example_difference(root / 'tests' / 'example')}\n```"
    path.write_text(re.sub(r"(?s)```diff\n.*?```", lambda _: block, path.read_text(encoding="utf-8"), count=1), encoding="utf-8")


if __name__ == "__main__":
    main(Path(__file__).resolve().parents[2])
