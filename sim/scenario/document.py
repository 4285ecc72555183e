"""Read YAML as plain data that remembers the file and line of every key.

Only what a person can see in the text becomes data: mappings, lists, texts, numbers, true, false and null.
Dates stay texts, which the schema reads; tags that ask for anything else are refused, so that looking at a
file runs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from sim.data.files import FileTrouble, read_text
from sim.scenario.errors import Problem, ScenarioError, suggestion
from sim.scenario.messages import KeyPath

MAX_FILE_BYTES = 120_000
MAX_NODES = 50_000
MAX_DEPTH = 30
CORE = "tag:yaml.org,2002:"
MERGE = f"{CORE}merge"
BASES = {"0x": 16, "0o": 8, "0b": 2}


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
    tree = _composed(text, str(path))
    if tree is None:
        raise ScenarioError.single(f"{path}:1", "", "the file is empty; expected a mapping of keys")
    if not isinstance(tree, MappingNode):
        raise ScenarioError.single(f"{path}:1", "", "expected a mapping of keys, such as 'name: mine'")
    reader = _Reader(str(path))
    return Document(reader.plain(tree, ()), reader.places, root=f"{path}:1")


def read_value(text: str, place: str, key: str) -> Any:
    """A YAML value that was given on the command line, as plain data.

    Raises
    ------
    ScenarioError
        If it is none.
    """
    try:
        tree = _composed(text, place)
        return None if tree is None else _Reader(place, lines=False).plain(tree, tuple(key.split(".")))
    except ScenarioError as error:
        what = error.problems[0].message.removeprefix("not YAML: ")
        raise ScenarioError.single(place, key, f"{text!r} is not a YAML value: {what}") from None


def _text_of(path: Path) -> str:
    try:
        text = read_text(path, MAX_FILE_BYTES, "a YAML file")
    except FileNotFoundError:
        others = [item.name for item in sorted(path.parent.glob("*.yaml"))] if path.parent.is_dir() else []
        raise ScenarioError.single(str(path), "", f"no such file{suggestion(path.name, others)}") from None
    except FileTrouble as trouble:
        place = str(path) if trouble.line is None else f"{path}:{trouble.line}"
        raise ScenarioError.single(place, "", trouble.message) from None
    for number, line in enumerate(text.splitlines(), start=1):
        if "\t" in line[: len(line) - len(line.lstrip())]:
            raise ScenarioError.single(
                f"{path}:{number}", "", "a tab indents this line; YAML allows spaces only"
            )
    return text


def _composed(text: str, file: str) -> Node | None:
    """The tree of a text, nothing in it built yet."""
    try:
        tree: Node | None = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        raise ScenarioError([_yaml_problem(file, error)]) from None
    except RecursionError:
        raise ScenarioError.single(f"{file}:1", "", "too deeply nested for an input file") from None
    except (YAMLError, ValueError, OverflowError) as error:
        raise ScenarioError.single(f"{file}:1", "", f"not YAML: {error}") from None
    return tree


def _yaml_problem(file: str, error: MarkedYAMLError) -> Problem:
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 1
    what = (error.problem or error.context or "not YAML").strip()
    if "\\t" in what:
        return Problem(f"{file}:{line}", "", "a tab where YAML allows spaces only")
    return Problem(f"{file}:{line}", "", f"not YAML: {what}")


class _Reader:
    """Turns a tree into plain data and notes the line of every key in `places`."""

    def __init__(self, file: str, lines: bool = True):
        self._file, self._lines = file, lines
        self.places: dict[KeyPath, str] = {}
        self._left = MAX_NODES
        self._above: list[Node] = []

    def plain(self, node: Node, path: KeyPath) -> Any:
        """Plain data of a node and all below it.

        Raises
        ------
        ScenarioError
            For what no input file needs: tags, values within themselves, keys that are no words.
        """
        self._left -= 1
        if self._left < 0 or len(path) > MAX_DEPTH:
            raise self._trouble(node, path, "too many or too deeply nested values for an input file")
        if any(node is other for other in self._above):
            raise self._trouble(node, path, "this value contains itself")
        if isinstance(node, ScalarNode):
            return self._scalar(node, path)
        self._above.append(node)
        try:
            return self._mapping(node, path) if isinstance(node, MappingNode) else self._list(node, path)
        finally:
            self._above.pop()

    def _mapping(self, node: MappingNode, path: KeyPath) -> dict[str, Any]:
        self._refuse_tag(node, path, "map")
        data: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key_node, value in node.value:
            if key_node.tag == MERGE:
                merged = self._merged(value, path) | merged
                continue
            if not isinstance(key_node, ScalarNode) or key_node.tag != f"{CORE}str":
                shown = key_node.value if isinstance(key_node, ScalarNode) else "a list or mapping"
                raise self._trouble(key_node, (*path, str(shown)), "keys must be words")
            here = (*path, str(key_node.value))
            if key_node.value in data:
                raise self._trouble(key_node, here, "this key stands twice in the same mapping; keep one")
            self.places[here] = self._place(key_node)
            data[str(key_node.value)] = self.plain(value, here)
        return merged | data

    def _merged(self, node: Node, path: KeyPath) -> dict[str, Any]:
        """What ``<<`` brings in: a mapping, or several of which the first counts most."""
        sources = node.value if isinstance(node, SequenceNode) else [node]
        data: dict[str, Any] = {}
        for source in reversed(sources):
            if not isinstance(source, MappingNode):
                raise self._trouble(node, (*path, "<<"), "'<<' takes a mapping, or a list of mappings")
            data |= self.plain(source, path)
        return data

    def _list(self, node: Node, path: KeyPath) -> list[Any]:
        self._refuse_tag(node, path, "seq")
        for index, item in enumerate(node.value):
            self.places[(*path, str(index))] = self._place(item)
        return [self.plain(item, (*path, str(index))) for index, item in enumerate(node.value)]

    def _scalar(self, node: ScalarNode, path: KeyPath) -> Any:
        text, kind = str(node.value), str(node.tag).removeprefix(CORE)
        if kind == "null":
            return None
        if kind == "bool" and text.lower() in ("true", "false"):
            return text.lower() == "true"
        try:
            if kind == "int":
                return _whole(text)
            if kind == "float":
                return _real(text)
        except ValueError:
            raise self._trouble(node, path, f"'{_short(text)}' is no number") from None
        if kind not in ("str", "timestamp", "value", "merge"):
            raise self._trouble(node, path, f"the tag {node.tag} means nothing here; leave it out")
        return text

    def _refuse_tag(self, node: Node, path: KeyPath, usual: str) -> None:
        if str(node.tag) != f"{CORE}{usual}":
            raise self._trouble(node, path, f"the tag {node.tag} means nothing here; leave it out")

    def _place(self, node: Node) -> str:
        return f"{self._file}:{node.start_mark.line + 1}" if self._lines else self._file

    def _trouble(self, node: Node, path: KeyPath, message: str) -> ScenarioError:
        return ScenarioError.single(self._place(node), ".".join(path), message)


def _whole(text: str) -> int:
    digits = text.replace("_", "").lower()
    sign, digits = (-1, digits[1:]) if digits.startswith("-") else (1, digits.removeprefix("+"))
    return sign * int(digits[2:], BASES[digits[:2]]) if digits[:2] in BASES else sign * int(digits)


def _real(text: str) -> float:
    number = text.replace("_", "").lower()
    return float(number.replace(".inf", "inf").replace(".nan", "nan"))


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:37]}..."
