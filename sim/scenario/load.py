"""Read scenario files: inheritance, overrides, and errors that name file and line."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sim.data.catalogue import places
from sim.scenario.document import Document, read_document, read_value
from sim.scenario.errors import Problem, ScenarioError, unknown
from sim.scenario.messages import KeyPath, explain
from sim.scenario.schema import SHARED_BY_ARMS, STANDARD_ARMS, Scenario, merge
from sim.scenario.shipped import find_scenario
from sim.scenario.supply_side import IMPORT_PATH, OWN_CODE, POLICY_NAMES

MAX_EXTENDS = 20


def load_scenario(
    source: str | Path | Mapping[str, Any] | Scenario,
    settings: Sequence[str] | Mapping[str, Any] = (),
    policies: Collection[str] | None = (),
) -> Scenario:
    """Load, merge and check a scenario. Nothing that a file names is imported or run.

    Parameters
    ----------
    source : path, mapping or Scenario
        A YAML file or the name of a scenario that ships; the same as plain data; or a scenario to be changed.
    settings : sequence of "a.b=value" or mapping of dotted path to value
        Overrides, as given by ``--set`` on the command line.
    policies : collection of str, optional
        Names of policies of one's own that operators may follow, beside those that ship and import paths;
        None for any name.

    Raises
    ------
    ScenarioError
        For anything wrong with the input, one line for each mistake.
    """
    if isinstance(source, Scenario):
        document = Document(source.resolved(), root="scenario")
    elif isinstance(source, Mapping):
        document = Document(dict(source), root="scenario")
        document.data.pop("extends", None)
    else:
        file = find_scenario(source)
        document = _read_chain(file, ())
        document.data.setdefault("name", file.stem)
    overrides = _parsed(settings)
    if document.data.get("arms") is None and any(
        len(path) > 1 and path[0] == "arms" for path, *_ in overrides
    ):
        document.data["arms"] = deepcopy(
            STANDARD_ARMS
        )  # a key of one arm changes that arm and leaves the others
    for path, value, place in overrides:
        _override(document, path, value, place)
    document.data["arms"] = _without_removed(document.data.get("arms"))
    if document.data["arms"] is None:
        del document.data["arms"]
    scenario = _checked(document, policies)
    _refuse_settings_without_effect(scenario, [(path, place) for path, _, place in overrides])
    return scenario


def _checked(document: Document, policies: Collection[str] | None) -> Scenario:
    try:
        scenario = Scenario.model_validate(document.data)
    except ValidationError as error:
        raise ScenarioError(explain(error, document.place, document.data)) from None
    problems = [
        problem
        for arm, overrides in scenario.arms.items()
        for problem in _problems_of_arm(scenario, arm, overrides, document)
    ]
    problems = problems or _unknown_policies(scenario, policies, document)
    if problems:
        raise ScenarioError(problems)
    return scenario


def _unknown_policies(
    scenario: Scenario, policies: Collection[str] | None, document: Document
) -> list[Problem]:
    """Names that no policy has. Whether there is anything at an import path is not looked at."""
    if policies is None:
        return []
    key, known = ("operator", "policy"), [*POLICY_NAMES, *policies]
    named: list[tuple[KeyPath, str]] = [(key, scenario.operator.policy)]
    named += [
        (("arms", arm, *key), overrides["operator"]["policy"])
        for arm, overrides in scenario.arms.items()
        if _has(overrides, key)
    ]
    return [
        Problem(document.place(path), ".".join(path), unknown(f"policy '{name}'", name, [*known, OWN_CODE]))
        for path, name in dict.fromkeys(named)
        if name not in known and not IMPORT_PATH.fullmatch(name)
    ]


def _refuse_settings_without_effect(scenario: Scenario, overrides: Sequence[tuple[KeyPath, str]]) -> None:
    """An override that every arm overrides again would change nothing, and nobody would be told."""
    for path, place in overrides:
        if scenario.arms and all(_has(each, path) for each in scenario.arms.values()):
            key, arms = ".".join(path), list(scenario.arms)
            keys = " or ".join(f"arms.{arm}.{key}" for arm in arms)
            raise ScenarioError.single(
                place, key, f"every arm sets this key for itself, so that nothing would change; set {keys}"
            )


def _problems_of_arm(
    scenario: Scenario, arm: str, overrides: Mapping[str, Any], document: Document
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
        parsed.append((tuple(key.strip().split(".")), read_value(value, "--set", key.strip()), "--set"))
    return parsed


def _override(document: Document, path: KeyPath, value: Any, place: str) -> None:
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
def _read_chain(path: Path, below: tuple[Path, ...]) -> Document:
    """Read a file and, first, whatever it extends."""
    document = _read_scenario(path)
    if "extends" not in document.data:
        return document
    place = document.place(("extends",))
    parent = document.data.pop("extends")
    if not isinstance(parent, str) or not parent:
        raise ScenarioError.single(place, "extends", "expected the name of a scenario file")
    try:
        target = find_scenario(parent, path.parent)
    except ScenarioError as error:
        raise ScenarioError.single(place, "extends", str(error)) from None
    chain = (*below, path.resolve())
    if target.resolve() in chain:
        names = " -> ".join([*(item.name for item in chain), target.name])
        raise ScenarioError.single(place, "extends", f"the files extend each other in a circle: {names}")
    if len(chain) >= MAX_EXTENDS:
        raise ScenarioError.single(place, "extends", f"more than {MAX_EXTENDS} files extend each other")
    base = _read_chain(target, chain)
    return Document(merge(base.data, document.data), base.places | document.places, document.root)


def _read_scenario(path: Path) -> Document:
    document = read_document(path)
    _find_place_beside(path, document.data)
    return document


def _find_place_beside(path: Path, data: dict[str, Any]) -> None:
    """A folder of tables is named relative to the file that names it."""
    city = data.get("city")
    place = city.get("place") if isinstance(city, dict) else None
    if isinstance(place, str) and place not in places() and (path.parent / place).is_dir():
        data["city"]["place"] = str((path.parent / place).resolve())
