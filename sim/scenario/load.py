"""Read scenario files: inheritance, overrides, and errors that name file and line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from sim.data.catalogue import places
from sim.scenario.errors import Problem, ScenarioError, suggestion
from sim.scenario.messages import KeyPath, explain
from sim.scenario.schema import SHARED_BY_ARMS, Scenario, merge

MAX_FILE_BYTES = 1_000_000
MAX_NODES = 50_000
MAX_EXTENDS = 20


@dataclass
class _Document:
    """Plain data of a scenario with the place every key was written at."""

    data: dict[str, Any]
    places: dict[KeyPath, str] = field(default_factory=dict)
    root: str = ""

    def place(self, path: KeyPath) -> str:
        for length in range(len(path), 0, -1):
            if path[:length] in self.places:
                return self.places[path[:length]]
        return self.root


def load_scenario(
    source: str | Path | Mapping[str, Any] | Scenario,
    settings: Sequence[str] | Mapping[str, Any] = (),
) -> Scenario:
    """Load, merge and check a scenario.

    Parameters
    ----------
    source : path, mapping or Scenario
        A YAML file, the same as plain data, or a scenario to be changed.
    settings : sequence of "a.b=value" or mapping of dotted path to value
        Overrides, as given by ``--set`` on the command line.

    Raises
    ------
    ScenarioError
        For anything wrong with the input, one line for each mistake.
    """
    if isinstance(source, Scenario):
        document = _Document(source.resolved(), root="scenario")
    elif isinstance(source, Mapping):
        document = _Document(dict(source), root="scenario")
        document.data.pop("extends", None)
    else:
        document = _read_chain(Path(source), ())
        document.data.setdefault("name", Path(source).stem)
    for path, value, place in _parsed(settings):
        _override(document, path, value, place)
    document.data["arms"] = _without_removed(document.data.get("arms"))
    if document.data["arms"] is None:
        del document.data["arms"]
    return _checked(document)


def _checked(document: _Document) -> Scenario:
    try:
        scenario = Scenario.model_validate(document.data)
    except ValidationError as error:
        raise ScenarioError(explain(error, document.place, document.data)) from None
    problems = [
        problem
        for arm, overrides in scenario.arms.items()
        for problem in _problems_of_arm(scenario, arm, overrides, document)
    ]
    if problems:
        raise ScenarioError(problems)
    return scenario


def _problems_of_arm(
    scenario: Scenario, arm: str, overrides: Mapping[str, Any], document: _Document
) -> list[Problem]:
    prefix: KeyPath = ("arms", arm)
    shared = [
        Problem(
            document.place((*prefix, *key.split("."))),
            f"arms.{arm}.{key}",
            "all arms share this key; set it for the whole scenario",
        )
        for key in SHARED_BY_ARMS
        if _has(overrides, key.split("."))
    ]
    if shared:
        return shared
    data = merge(scenario.model_dump(exclude={"arms"}), overrides) | {"arms": {}}
    try:
        Scenario.model_validate(data)
    except ValidationError as error:
        return explain(error, lambda path: document.place((*prefix, *path)), data, prefix)
    return []


def _has(data: Any, path: Sequence[str]) -> bool:
    for key in path:
        if not isinstance(data, Mapping) or key not in data:
            return False
        data = data[key]
    return True


def _without_removed(arms: Any) -> Any:
    if not isinstance(arms, Mapping):
        return arms
    return {name: overrides for name, overrides in arms.items() if overrides is not None}


# ------------------------------------------------------------------------------- overrides
def _parsed(settings: Sequence[str] | Mapping[str, Any]) -> list[tuple[KeyPath, Any, str]]:
    if isinstance(settings, Mapping):
        return [(tuple(key.split(".")), value, "override") for key, value in settings.items()]
    parsed = []
    for text in settings:
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise ScenarioError.single("--set", text, "expected KEY=VALUE, for example fleet.cars=50000")
        try:
            parsed.append(
                (tuple(key.strip().split(".")), _plain(YAML(typ="safe").load(value), "--set"), "--set")
            )
        except YAMLError:
            raise ScenarioError.single("--set", key, f"{value!r} is not a YAML value") from None
    return parsed


def _override(document: _Document, path: KeyPath, value: Any, place: str) -> None:
    patch: Any = value
    for key in reversed(path):
        patch = {key: patch}
    target: Any = document.data
    for depth, key in enumerate(path[:-1]):
        target = target.get(key, {})
        if not isinstance(target, Mapping):
            raise ScenarioError.single(
                place,
                ".".join(path),
                f"'{'.'.join(path[: depth + 1])}' is a single value, it has no keys below it",
            )
    document.data = merge(document.data, patch)
    document.places[path] = place


# ----------------------------------------------------------------------------------- files
def _read_chain(path: Path, below: tuple[Path, ...]) -> _Document:
    """Read a file and, first, whatever it extends."""
    document = _read_file(path)
    if "extends" not in document.data:
        return document
    place = document.place(("extends",))
    parent = document.data.pop("extends")
    if not isinstance(parent, str) or not parent:
        raise ScenarioError.single(place, "extends", "expected the name of a scenario file")
    target = path.parent / parent
    chain = (*below, path.resolve())
    if target.resolve() in chain:
        names = " -> ".join([*(item.name for item in chain), target.name])
        raise ScenarioError.single(place, "extends", f"the files extend each other in a circle: {names}")
    if len(chain) >= MAX_EXTENDS:
        raise ScenarioError.single(place, "extends", f"more than {MAX_EXTENDS} files extend each other")
    if not target.is_file():
        others = (
            [item.name for item in sorted(target.parent.glob("*.yaml"))] if target.parent.is_dir() else []
        )
        raise ScenarioError.single(
            place, "extends", f"no such file: {parent}{suggestion(target.name, others)}"
        )
    base = _read_chain(target, chain)
    return _Document(merge(base.data, document.data), base.places | document.places, document.root)


def _read_file(path: Path) -> _Document:
    text = _text_of(path)
    try:
        tree = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        raise ScenarioError([_yaml_problem(path, text, error)]) from None
    except (YAMLError, ValueError, RecursionError, OverflowError) as error:
        raise ScenarioError.single(f"{path}:1", "", f"not YAML: {error}") from None
    if tree is None:
        raise ScenarioError.single(f"{path}:1", "", "the file is empty; expected a mapping of scenario keys")
    if not isinstance(tree, CommentedMap):
        raise ScenarioError.single(
            f"{path}:1", "", "expected a mapping of scenario keys, such as 'name: mine'"
        )
    document = _Document({}, root=f"{path}:1")
    document.data = _plain(tree, str(path), document.places)
    _find_place_beside(path, document.data)
    return document


def _find_place_beside(path: Path, data: dict[str, Any]) -> None:
    """A folder of tables is named relative to the file that names it."""
    city = data.get("city")
    place = city.get("place") if isinstance(city, dict) else None
    if isinstance(place, str) and place not in places() and (path.parent / place).is_dir():
        data["city"]["place"] = str((path.parent / place).resolve())


def _text_of(path: Path) -> str:
    try:
        if path.is_dir():
            raise ScenarioError.single(str(path), "", "is a folder; expected a scenario file")
        if path.stat().st_size > MAX_FILE_BYTES:
            raise ScenarioError.single(
                str(path), "", f"larger than {MAX_FILE_BYTES:,} bytes; not a scenario file"
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


def _plain(tree: Any, file: str, places: dict[KeyPath, str] | None = None) -> Any:
    """Return ruamel's tree as plain data; note the line of every key in `places`."""
    left = MAX_NODES

    def walk(node: Any, path: KeyPath) -> Any:
        nonlocal left
        left -= 1
        if left < 0 or len(path) > 30:
            raise ScenarioError.single(file, "", "too many or too deeply nested values for a scenario")
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
                    places[(*path, str(index))] = f"{file}:{node.lc.item(index)[0] + 1}"
            return [walk(item, (*path, str(index))) for index, item in enumerate(node)]
        return _scalar(node)

    return walk(tree, ())


def _line(node: CommentedMap, key: Any) -> int:
    try:
        return int(node.lc.key(key)[0]) + 1
    except (KeyError, TypeError):  # a key brought in by a YAML merge (<<) has no line of its own
        return int(node.lc.line) + 1


def _scalar(value: Any) -> Any:
    """Strip ruamel's round-trip types, which remember how a number was written."""
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind(value)
    return value
