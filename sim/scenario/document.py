"""Read YAML as plain data that remembers the file and line of every key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from sim.scenario.errors import Problem, ScenarioError, suggestion
from sim.scenario.messages import KeyPath

MAX_FILE_BYTES = 1_000_000
MAX_NODES = 50_000
STANDARD_TAGS = ("tag:yaml.org,2002:", "!!str", "!!int", "!!float", "!!bool", "!!null", "!!map", "!!seq")


@dataclass
class Document:
    """Plain data with the place every key was written at."""

    data: dict[str, Any]
    places: dict[KeyPath, str] = field(default_factory=dict)
    root: str = ""

    def place(self, path: KeyPath) -> str:
        """``file:line`` of a key, or of the nearest one above it."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.places:
                return self.places[path[:length]]
        return self.root


def read_document(path: Path) -> Document:
    """Read a YAML file as plain data with the line of every key.

    Raises
    ------
    ScenarioError
        If it is not there, is not text or not a mapping.
    """
    text = _text_of(path)
    try:
        tree = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        raise ScenarioError([_yaml_problem(path, text, error)]) from None
    except (YAMLError, ValueError, RecursionError, OverflowError) as error:
        raise ScenarioError.single(f"{path}:1", "", f"not YAML: {error}") from None
    if tree is None:
        raise ScenarioError.single(f"{path}:1", "", "the file is empty; expected a mapping of keys")
    if not isinstance(tree, CommentedMap):
        raise ScenarioError.single(f"{path}:1", "", "expected a mapping of keys, such as 'name: mine'")
    document = Document({}, root=f"{path}:1")
    document.data = plain(tree, str(path), document.places)
    return document


def _text_of(path: Path) -> str:
    try:
        if path.is_dir():
            raise ScenarioError.single(str(path), "", "is a folder; expected a YAML file")
        if path.stat().st_size > MAX_FILE_BYTES:
            raise ScenarioError.single(
                str(path), "", f"larger than {MAX_FILE_BYTES:,} bytes; not an input file"
            )
        content = path.read_bytes()
    except FileNotFoundError:
        others = [item.name for item in sorted(path.parent.glob("*.yaml"))] if path.parent.is_dir() else []
        raise ScenarioError.single(str(path), "", f"no such file{suggestion(path.name, others)}") from None
    except OSError as error:
        raise ScenarioError.single(str(path), "", f"cannot be read: {error.strerror}") from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ScenarioError.single(f"{path}:1", "", "not a text file; expected YAML in UTF-8") from None
    for number, line in enumerate(text.splitlines(), start=1):
        if any(ord(char) < 32 and char not in "\t\r\n" for char in line):
            raise ScenarioError.single(f"{path}:{number}", "", "not a text file; expected YAML in UTF-8")
        if "\t" in line[: len(line) - len(line.lstrip())]:
            raise ScenarioError.single(
                f"{path}:{number}", "", "a tab indents this line; YAML allows spaces only"
            )
    return text


def _yaml_problem(path: Path, text: str, error: MarkedYAMLError) -> Problem:
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 1
    what = (error.problem or error.context or "not YAML").strip()
    if "duplicate key" in what:
        key = what.split('"')[1] if '"' in what else ""
        return Problem(f"{path}:{line}", key, "this key stands twice in the same mapping; keep one")
    if "\\t" in what:
        return Problem(f"{path}:{line}", "", "a tab where YAML allows spaces only")
    return Problem(f"{path}:{line}", "", f"not YAML: {what}")


def plain(tree: Any, file: str, places: dict[KeyPath, str] | None = None) -> Any:
    """Return ruamel's tree as plain data; note the line of every key in `places`."""
    left = MAX_NODES

    def walk(node: Any, path: KeyPath) -> Any:
        nonlocal left
        left -= 1
        if left < 0 or len(path) > 30:
            raise ScenarioError.single(file, "", "too many or too deeply nested values for an input file")
        tag = getattr(getattr(node, "tag", None), "value", None)
        if tag is not None and not str(tag).startswith(STANDARD_TAGS):
            raise ScenarioError.single(
                (places or {}).get(path, file),
                ".".join(path),
                f"the tag {tag} means nothing here; leave it out",
            )
        if isinstance(node, Mapping):
            result = {}
            for key, value in node.items():
                here = (*path, str(key))
                if places is not None and isinstance(node, CommentedMap):
                    places[here] = f"{file}:{_line(node, key)}"
                if not isinstance(key, str):
                    raise ScenarioError.single(
                        places[here] if places else file, ".".join(here), "keys must be words"
                    )
                result[str(key)] = walk(value, here)
            return result
        if isinstance(node, list):
            for index in range(len(node)):
                if places is not None and isinstance(node, CommentedSeq):
                    places[(*path, str(index))] = f"{file}:{_line_of_item(node, index)}"
            return [walk(item, (*path, str(index))) for index, item in enumerate(node)]
        return _scalar(node)

    return walk(tree, ())


def _line(node: CommentedMap, key: Any) -> int:
    try:
        return int(node.lc.key(key)[0]) + 1
    except (KeyError, TypeError):  # a key brought in by a YAML merge (<<) has no line of its own
        return int(node.lc.line) + 1


def _line_of_item(node: CommentedSeq, index: int) -> int:
    try:
        return int(node.lc.item(index)[0]) + 1
    except (KeyError, TypeError):
        return int(node.lc.line) + 1


def _scalar(value: Any) -> Any:
    """Strip ruamel's round-trip types, which remember how a number was written."""
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind(value)
    return value
