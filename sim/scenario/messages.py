"""Turn pydantic's complaints into one plain line for each mistake."""

from __future__ import annotations

import re
import typing
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from sim.scenario.errors import Problem, unknown
from sim.scenario.fields import Section
from sim.scenario.schema import Scenario

KeyPath = tuple[str, ...]

ABOUT_A_KEY = re.compile(r"([a-z_]+(?:\.[\w-]+)+): (.*)", re.DOTALL)

EXPECTED = {
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "string_type": "text",
    "bool_type": "true or false",
    "date_type": "a date such as 2025-08-25",
    "date_from_datetime_inexact": "a date such as 2025-08-25",
    "dict_type": "a mapping of keys to values",
    "model_type": "a mapping of keys to values",
    "list_type": "a list",
}
BOUNDS = {
    "greater_than": ("gt", "more than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}


def explain(
    error: ValidationError,
    place: Callable[[KeyPath], str],
    data: Mapping[str, Any],
    prefix: KeyPath = (),
    root: type[Section] = Scenario,
) -> list[Problem]:
    """Return one problem for each key that is wrong.

    Parameters
    ----------
    error : ValidationError
        What pydantic found.
    place : callable
        Gives ``file:line`` of a key path.
    data : mapping
        The data that was checked; tells real keys from pydantic's names of union members.
    prefix : tuple of str
        Put before every key in the message, e.g. ``("arms", "v2g")``.
    root : type of Section
        What the data was checked against.
    """
    found: dict[KeyPath, list[ErrorDetails]] = {}
    for details in error.errors(include_url=False):
        path = _real_path(details["loc"], data, details["type"])
        found.setdefault(path, []).append(details)
    return [
        Problem(place(where), ".".join((*prefix, *where)), message)
        for path, group in found.items()
        for where, message in [_placed(path, _message(root, path, group))]
    ]


def _placed(path: KeyPath, message: str) -> tuple[KeyPath, str]:
    """Key and message; what concerns several keys begins with the one it is about."""
    named = ABOUT_A_KEY.match(message)
    key = tuple(named[1].split(".")) if named is not None else ()
    if named is None or key[: len(path)] != path:
        return path, message
    return key, named[2]


def _real_path(loc: tuple[int | str, ...], data: Any, kind: str) -> KeyPath:
    """Cut what pydantic appends for members of a union."""
    path: list[str] = []
    for item in loc:
        key = str(item)
        inside = (isinstance(data, Mapping) and key in data) or (
            isinstance(data, list) and isinstance(item, int)
        )
        if not inside and not (kind == "missing" and isinstance(data, Mapping)):
            break
        path.append(key)
        data = data[item] if inside else None
    return tuple(path)


def _message(root: type[Section], path: KeyPath, group: list[ErrorDetails]) -> str:
    first = group[0]
    if first["type"] == "extra_forbidden":
        allowed = _allowed_keys(root, path[:-1])
        return unknown("key", path[-1], sorted(allowed))
    literals = _choices(root, path)
    if len(group) > 1 or first["type"] == "literal_error":
        return _wrong_choice(first["input"], group, literals)
    return _single(root, path, first)


def _single(root: type[Section], path: KeyPath, details: ErrorDetails) -> str:
    kind, given = details["type"], details["input"]
    unit = _unit(root, path)
    if kind in EXPECTED:
        hint = (
            f"; the unit ({unit}) stands in the key"
            if isinstance(given, str) and unit and given[:1].isdigit()
            else ""
        )
        return f"expected {EXPECTED[kind]}, got {_short(given)}{hint}"
    if kind in BOUNDS:
        bound, words = BOUNDS[kind]
        suffix = f" {unit}" if unit not in ("", "-") else ""
        return f"must be {words} {details['ctx'][bound]:g}{suffix}, got {_short(given)}"
    if kind == "too_long":
        return f"at most {details['ctx']['max_length']} are allowed, got {details['ctx']['actual_length']}"
    if kind == "string_pattern_mismatch":
        return f"expected letters, digits, '-', '_' or '.', got {_short(given)}"
    if kind == "missing":
        return "is missing"
    return details["msg"].removeprefix("Value error, ")


def _wrong_choice(given: Any, group: list[ErrorDetails], literals: list[str]) -> str:
    numbers = [details for details in group if details["type"] in BOUNDS or details["type"] == "value_error"]
    if numbers and not isinstance(given, str):
        return _single(Section, (), numbers[0])
    others = ["a number" for details in group if details["type"] == "float_type"]
    others += ["a mapping" for details in group if details["type"] == "dict_type"]
    return unknown(f"value {_short(given)}", str(given), [*literals, *others])


def _field(root: type[Section], path: KeyPath) -> FieldInfo | None:
    model: Any = root
    found: FieldInfo | None = None
    for key in path:
        item = _item_of(model, key)
        if item is not None:
            model = item
            continue
        if not (isinstance(model, type) and issubclass(model, Section)):
            return found
        found = model.model_fields.get(key)
        model = found.annotation if found else None
    return found


def _item_of(model: Any, key: str) -> Any:
    """Type of an item of a list or mapping of sections, if the key names one."""
    origin, items = typing.get_origin(model), typing.get_args(model)
    if origin is list and key.isdigit():
        return items[0]
    return items[1] if origin is dict and isinstance(items[1], type) else None


def _allowed_keys(root: type[Section], path: KeyPath) -> list[str]:
    info = _field(root, path)
    model: Any = info.annotation if info else root
    model = _item_of(model, path[-1] if path else "") or model
    if isinstance(model, type) and issubclass(model, Section):
        return [*model.model_fields, *(["extends"] if model is Scenario else [])]
    return []


def _unit(root: type[Section], path: KeyPath) -> str:
    info = _field(root, path)
    extra = info.json_schema_extra if info else None
    return str(extra.get("unit", "")) if isinstance(extra, dict) else ""


def _choices(root: type[Section], path: KeyPath) -> list[str]:
    info = _field(root, path)
    return _literals(info.annotation) if info else []


def _literals(annotation: Any) -> list[str]:
    if typing.get_origin(annotation) is typing.Literal:
        return [str(choice) for choice in typing.get_args(annotation)]
    return [word for part in typing.get_args(annotation) for word in _literals(part)]


def _short(value: Any) -> str:
    text = f"'{value}'" if isinstance(value, str) else f"{value}"
    return text if len(text) <= 60 else text[:57] + "..."
