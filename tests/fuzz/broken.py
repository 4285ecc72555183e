"""Inputs that are wrong, one way at a time: scenario files, folders of tables, sweep files, ``--set``.

Every broken input is written into an empty folder and comes with the arguments of the command that shall
refuse it. Most must be refused; some ways are harmless now and then, and those may be taken as well.
"""

from __future__ import annotations

import copy
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from ruamel.yaml import YAML

from sim.data.catalogue import PLACES
from sim.scenario.schema import leaf_fields
from tests.fuzz.scenarios import draw_scenario

KEYS = [key for key, _ in leaf_fields()]

#: Values as somebody might type them, or a program might write them; raw YAML.
NASTY = (
    ".nan", ".inf", "-.inf", "nan", "1e999", "-1e999", "1e308", "-1", "0", "-0.0", "9" * 400, "9" * 5000, "0x" + "f" * 300,
    "1_000", "0o17", "1:30", "yes", "~", "null", "''", "' '", "[]", "{}", "[[]]", "[1, 2]", "{a: 1}", "{1: 2}", "? [1]",
    "2023-02-29", "2025-13-01", "2025-02-30 10:00", "0001-01-01", "9999-12-31", "10000-01-01", "2025-08-27T25:61:61", "2003-12-31",
    "2026-12-31", "2027-01-01", "2025-08-27 18:00:00+99:99", "2025-08-27T18:00:00Z", "'2025-08-27 18:00+08:00'", "0000-00-00",
    "2025-08-27 10:00:00.123456789123", "!!python/object/apply:os.system ['true']", "!!python/name:os.system", "!!binary aGVsbG8=",
    "!!binary '*'", "!!int x", "!!float x", "!!int '1'", "!!bool maybe", "!!timestamp 2023-02-29", "!!timestamp soon", "!!set {a, b}", "!!omap [a: 1]",
    "!!omap 3", "!!pairs [a: 1]", "!!null x", "!mine 3", "!<tag:x> 3", "&a [*a]", "&a {b: *a}", "*nowhere", "{<<: 3}", "{<<: [1]}", "{<<: {cars: 1}}",
    "{<<: &a {<<: *a}}", "'\\0'", '"\\0"', '"\\ud800"', '"\\e[31m"', '"\\x07"', "'a\u2028b'", "\u202eabc", "'[/red]'", "'[kW]'", "'" + "a" * 100_000 + "'",
    "|\n  text", ">-\n", "%", "@a", "`a`", "- 1", ": 2", "a: b: c", '"unclosed', "[unclosed", "{unclosed", "1 # note", "!!", "!", "&", "*", "|", "---", "...",
    "/dev/zero", "../../etc/passwd", "module:X", "os:system", "./", "18:00", "25:00-26:00", "99999999999", "-99999999999999999999", "1e-320", "0.1e", "+", "1.2.3",
)  # fmt: skip

SMALL = """\
name: small
seed: 3
fleet: {cars: 12, v2g_capable: 1.0}
participation: {enrolled_share: 0.2}
time: {start: 2025-08-27, days: 1, warmup_days: 0, step_minutes: 60}
arms:
  none: {operator: {policy: immediate}, participation: {contract: none}}
  v2g: {operator: {policy: peak-shave}, participation: {contract: two_way}}
reference: none
outputs: {figures: false}
"""
SWEEP = """\
name: tiny
title: A sweep of one point
scenario: small.yaml
settings:
  fleet.cars: 12
design:
  kind: list
parameters:
  share: {path: participation.enrolled_share, values: [0.2]}
replications: 1
outcomes:
  peak: effects.v2g.peak_shaving_mw
  co2: effects.v2g.co2_avoided_t
"""
SWEEP_KEYS = (
    "name", "title", "description", "scenario", "settings", "design", "design.kind", "design.size", "design.levels", "design.seed",
    "parameters", "parameters.share", "parameters.share.path", "parameters.share.values", "parameters.share.low", "parameters.share.range",
    "parameters.share.labels", "parameters.share.levels", "parameters.share.scale", "replications", "precision", "precision.relative",
    "outcomes", "outcomes.peak", "front", "front.cost", "settings.fleet.cars", "settings.arms.v2g", "unknown",
)  # fmt: skip
TABLES = tuple(sorted(path.name for path in (PLACES / "shanghai").glob("*.csv")))
CELLS = (
    "nan",
    "inf",
    "-inf",
    "NaN",
    "1e999",
    "-1",
    "1e308",
    "",
    " ",
    "x",
    "1,5",
    "0x10",
    "１２",
    "1_0",
    "−3",
    "\x00",
    "=1+1",
    '"',
    "9" * 400,
    "a" * 200_000,
    "\x1b[31m",
    "12.5",
    "true",
)


@dataclass(frozen=True)
class Broken:
    """A broken input.

    Attributes
    ----------
    way : str
        What was done, in words.
    arguments : tuple of str
        Of the command line.
    must_fail : bool
        Whether it may be taken as it is.
    """

    way: str
    arguments: tuple[str, ...]
    must_fail: bool = False


def break_something(rng: Random, folder: Path) -> Broken:
    """Write a broken input into an empty folder."""
    return rng.choice(
        (
            _scenario_value,
            _scenario_value,
            _scenario_text,
            _scenario_file,
            _place,
            _place,
            _place_file,
            _sweep,
            _setting,
            _setting,
            _options,
        )
    )(rng, folder)


# ----------------------------------------------------------------------------- scenario files
def with_raw(text: str, key: str, raw: str) -> str:
    """YAML in which a dotted key holds some raw text; the rest as it was."""
    data = YAML(typ="safe").load(text)
    node = data
    parts = key.split(".")
    for part in parts[:-1]:
        if not isinstance(node.get(part), dict):
            node[part] = {}
        node = node[part]
    node[parts[-1]] = Raw(raw)
    return "".join(_emitted(data, ""))


class Raw(str):
    """Text that is written into YAML as it is."""

    __slots__ = ()


def _emitted(node: dict[str, Any], indent: str) -> list[str]:
    lines = []
    for key, value in node.items():
        if isinstance(value, Raw):
            lines.append(f"{indent}{key}: {value}\n")
        elif isinstance(value, dict) and value:
            lines += [f"{indent}{key}:\n", *_emitted(value, indent + "  ")]
        else:
            lines.append(f"{indent}{key}: {value}\n")
    return lines


def _scenario_value(rng: Random, folder: Path) -> Broken:
    key = rng.choice(
        (
            *KEYS,
            "time.start",
            "time.end",
            "shocks",
            "market.events",
            "market.tariffs",
            "arms.v2g",
            "arms.v2g.time.days",
            "extends",
            "fleet",
            "unknown",
            "city.place",
        )
    )
    raw = rng.choice(NASTY)
    (folder / "small.yaml").write_text(with_raw(SMALL, key, raw), encoding="utf-8", errors="surrogatepass")
    return Broken(f"{key}: {raw[:60]}", ("validate", "small.yaml"))


def _scenario_text(rng: Random, folder: Path) -> Broken:
    """The text of a scenario, broken as a whole."""
    ways: dict[str, Callable[[], tuple[bytes, bool]]] = {
        "cut short": lambda: (SMALL[: rng.randrange(len(SMALL))].encode(), False),
        "a hole": lambda: (_holed(rng, SMALL).encode(), False),
        "a line twice": lambda: (_doubled(rng, SMALL).encode(), False),
        "bytes flipped": lambda: (_flipped(rng, SMALL.encode()), False),
        "byte-order mark in the middle": lambda: (SMALL.replace("seed", "\ufeffseed").encode(), True),
        "UTF-16": lambda: (SMALL.encode("utf-16"), True),
        "latin-1": lambda: (SMALL.replace("small", "\xe9t\xe9").encode("latin-1"), True),
        "a NUL": lambda: (SMALL.replace("seed", "se\0ed").encode(), True),
        "a tab": lambda: (SMALL.replace("  none", "\tnone").encode(), True),
        "a tab between": lambda: (SMALL.replace("seed: 3", "seed:\t3").encode(), False),
        "deep lists": lambda: (("a: " + "[" * (n := rng.choice((50, 1000, 100_000))) + "]" * n).encode(), True),
        "deep mappings": lambda: (("a: " + "{a: " * (n := rng.choice((50, 1000, 20_000))) + "1" + "}" * n).encode(), True),
        "deep blocks": lambda: ("".join(" " * depth + "a:\n" for depth in range(rng.choice((50, 1200)))).encode(), True),
        "aliases that explode": lambda: (_explosion(rng.choice((3, 8, 30))).encode(), True),
        "merges that explode": lambda: (_merges(rng.choice((3, 8, 20))).encode(), True),
        "contains itself": lambda: (b"fleet: &a\n  cars: 5\n  wear: *a\n", True),
        "merges itself": lambda: (b"fleet: &a\n  <<: *a\n  cars: 50\n", True),
        "merges itself in turn": lambda: (b"fleet: &a\n  <<: &b\n    <<: *a\n  cars: 50\n", True),
        "many keys": lambda: ("".join(f"k{number}: 1\n" for number in range(80_000)).encode(), True),
        "many list items": lambda: (("shocks: [" + "1," * 400_000 + "]").encode(), True),
        "many lines": lambda: (b"#\n" * 450_000 + SMALL.encode(), False),
        "long line": lambda: (b"# " + b"x" * 900_000 + b"\n" + SMALL.encode(), False),
        "long text": lambda: (SMALL.encode() + b"title: '" + b"x" * 900_000 + b"'\n", False),
        "larger than a megabyte": lambda: (SMALL.encode() + b"#" * 2_000_000, True),
        "many quotes": lambda: (("a: " + '"' * 900_000).encode(), True),
        "many anchors": lambda: ("".join(f"a{number}: &x{number} 1\n" for number in range(40_000)).encode(), True),
        "many arms": lambda: (SMALL.replace("arms:\n", "arms:\n" + "".join(f"  a{number}: {{}}\n" for number in range(3000))).encode(), False),
        "many shocks": lambda: ((SMALL + "shocks: [" + "{kind: unplug, at: 2025-08-27 19:00, hours: 1}," * 8000 + "]").encode(), False),
        "many persons": lambda: ((SMALL + "drivers: {personas: {" + "".join(f"a{number}: {{}}, " for number in range(9000)) + "}}").encode(), True),
        "two documents": lambda: ((SMALL + "---\n" + SMALL).encode(), True),
        "another version": lambda: (b"%YAML 9.9\n---\n" + SMALL.encode(), False),
        "a directive": lambda: (b"%TAG ! tag:x,2000:\n---\na: !b 1\n", True),
        "empty": lambda: (rng.choice((b"", b"\n", b"# nothing\n", b"---\n", b"\xef\xbb\xbf", b"~", b"[]", b"3", b"text")), True),
        "a list": lambda: (b"- 1\n- 2\n", True),
        "noise": lambda: (rng.randbytes(rng.choice((10, 1000, 100_000))), True),
        "unknown key": lambda: (with_raw(SMALL, rng.choice(("fleet.car", "tim", "operator.polcy", "grid.x.y")), "1").encode(), True),
        "strange keys": lambda: ((SMALL + rng.choice(("1: 2", "? [a, b]\n: 1", "? {a: 1}\n: 2", "~: 1", "true: 1", "2025-01-01: 1", "1.5: 2", "'': 1", "' ': 2", "'a.b': 1", "'\\n': 1", '"\\n": 1', "[a]: 1", "!!python/tuple [1]: 2"))).encode(), True),
    }  # fmt: skip
    way = rng.choice(list(ways))
    content, must_fail = ways[way]()
    (folder / "small.yaml").write_bytes(content)
    return Broken(f"scenario: {way}", ("validate", "small.yaml"), must_fail)


def _scenario_file(rng: Random, folder: Path) -> Broken:
    """What stands where a file should stand, or is extended by one."""
    target = folder / "odd.yaml"
    kind = _put_something_odd(rng, target)
    arguments = rng.choice(
        (
            ("validate", "odd.yaml"),
            ("data", "odd.yaml"),
            ("run", "odd.yaml", "--out", "out"),
            ("validate", "small.yaml"),
            ("sweep", "odd.yaml", "--workers", "0", "--out", "out"),
        )
    )
    named = {
        "a name with a NUL": '"a\\0b.yaml"',
        "a long name": "a" * 300 + ".yaml",
        "a device": "/dev/zero",
        "the root": "/",
    }
    odd = rng.choice((None, None, *named))
    extends = named[odd] if odd and arguments[1] == "small.yaml" else "odd.yaml"
    (folder / "small.yaml").write_text(f"extends: {extends}\n{SMALL}", encoding="utf-8")
    return Broken(f"{arguments[0]} {arguments[1]}: {odd if extends != 'odd.yaml' else kind}", arguments, True)


def _put_something_odd(rng: Random, target: Path) -> str:
    ways: dict[str, Callable[[], object]] = {
        "nothing": lambda: None,
        "a folder": target.mkdir,
        "a pipe": lambda: os.mkfifo(target),
        "a link to itself": lambda: target.symlink_to(target),
        "a link to a device": lambda: target.symlink_to(
            rng.choice(("/dev/zero", "/dev/random", "/dev/null", "/dev/stdin"))
        ),
        "a link to a process": lambda: target.symlink_to(
            rng.choice(("/proc/self/mem", "/proc/kmsg", "/proc/self/maps"))
        ),
        "a link to nothing": lambda: target.symlink_to("nowhere"),
        "extends itself": lambda: target.write_text("extends: odd.yaml\n", encoding="utf-8"),
        "extends odd things": lambda: target.write_text(
            f"extends: {rng.choice(NASTY[:60])}\n", encoding="utf-8"
        ),
    }
    way = rng.choice(list(ways))
    ways[way]()
    return way


def _holed(rng: Random, text: str) -> str:
    at = rng.randrange(len(text))
    return (
        text[:at]
        + rng.choice(("", "\t", ":", "- ", "{", "'", "\u2028", "é", "#", "&a ", "*a"))
        + text[at + rng.randrange(12) :]
    )


def _doubled(rng: Random, text: str) -> str:
    lines = text.splitlines(keepends=True)
    line = rng.randrange(len(lines))
    return "".join([*lines[: line + 1], lines[line], *lines[line + 1 :]])


def _flipped(rng: Random, content: bytes) -> bytes:
    broken = bytearray(content)
    for _ in range(rng.randint(1, 4)):
        broken[rng.randrange(len(broken))] = rng.randrange(256)
    return bytes(broken)


def _explosion(levels: int) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]" for level in range(1, levels)]
    return "\n".join(lines)


def _merges(levels: int) -> str:
    lines = ["a0: &a0 {cars: 1}"]
    lines += [
        f"a{level}: &a{level} {{<<: [{', '.join([f'*a{level - 1}'] * 9)}]}}" for level in range(1, levels)
    ]
    return "\n".join(lines)


# ------------------------------------------------------------------------------------- places
def _copied_place(folder: Path) -> Path:
    place = folder / "mytown"
    shutil.copytree(PLACES / "shanghai", place)
    (folder / "small.yaml").write_text(f"city: {{place: ./mytown}}\n{SMALL}", encoding="utf-8")
    return place


def _place(rng: Random, folder: Path) -> Broken:
    """A folder of tables in which one thing in one table is wrong."""
    path = _copied_place(folder) / rng.choice(TABLES)
    lines = path.read_text(encoding="utf-8").splitlines()
    row, cells = rng.randrange(1, len(lines)), lines[0].split(",")
    column, cell = rng.randrange(min(len(cells), lines[row].count(",") + 1)), rng.choice(CELLS)
    quoted = [*lines]
    parts = lines[row].split(",")
    parts[column] = cell
    quoted[row] = ",".join(parts)
    ways: dict[str, Callable[[], tuple[list[str], bool]]] = {
        f"{cells[column]} of line {row + 1} is {cell[:20]!r}": lambda: (quoted, False),
        f"line {row + 1} twice": lambda: ([*lines[: row + 1], *lines[row:]], True),
        f"line {row + 1} left out": lambda: (lines[:row] + lines[row + 1 :], False),
        "a column twice": lambda: ([f"{lines[0]},{cells[0]}", *(f"{line},x" for line in lines[1:])], True),
        "an unknown column": lambda: ([f"{lines[0]},colour", *(f"{line},red" for line in lines[1:])], True),
        "a column without a name": lambda: ([f"{lines[0]},", *(f"{line}," for line in lines[1:])], False),
        "the first column misspelt": lambda: ([lines[0].replace(cells[0], cells[0] + "x", 1), *lines[1:]], path.name != "map_outline.csv"),
        "no rows": lambda: (lines[:1], path.name != "map_outline.csv"),
        "no head": lambda: (lines[1:], path.name != "map_outline.csv"),
        "empty": lambda: ([], path.name != "map_outline.csv"),
        "a line too short": lambda: ([*lines[:row], cells[0], *lines[row + 1 :]], path.name != "map_outline.csv"),
        "a line too long": lambda: ([*lines[:row], lines[row] + ",x,y", *lines[row + 1 :]], True),
        "a quote left open": lambda: ([*lines[:row], '"' + lines[row], *lines[row + 1 :]], True),
        "semicolons": lambda: ([line.replace(",", ";") for line in lines], path.name != "map_outline.csv"),
        "in another order": lambda: ([lines[0], *reversed(lines[1:])], False),
        "blank lines between": lambda: ([each for line in lines for each in (line, "")], False),
        "very many rows": lambda: (lines + lines[1:] * (4_000_000 // len("\n".join(lines)) + 1), True),
    }  # fmt: skip
    way = rng.choice(list(ways))
    broken, must_fail = ways[way]()
    text = "\n".join(broken) + "\n"
    path.write_text(text, encoding="utf-8")
    return Broken(f"{path.name}: {way}", ("validate", "small.yaml"), must_fail)


def _place_file(rng: Random, folder: Path) -> Broken:
    """A folder of tables in which something else stands where a table should stand."""
    place = _copied_place(folder)
    path = place / rng.choice(TABLES)
    content = path.read_bytes()
    if rng.random() < 0.4:
        path.unlink()
        kind = _put_something_odd(rng, path)
        harmless = kind in ("nothing", "a link to nothing")
        return Broken(f"{path.name}: {kind}", ("validate", "small.yaml"), not harmless)
    ways: dict[str, Callable[[], tuple[bytes, bool]]] = {
        "byte-order mark": lambda: (b"\xef\xbb\xbf" + content, False),
        "carriage returns": lambda: (content.replace(b"\n", b"\r\n"), False),
        "old Mac lines": lambda: (content.replace(b"\n", b"\r"), False),
        "UTF-16": lambda: (content.decode().encode("utf-16"), True),
        "latin-1": lambda: (content + b"\xe9\n", True),
        "a NUL": lambda: (content.replace(b",", b"\0,", 1), True),
        "bytes flipped": lambda: (_flipped(rng, content), False),
        "noise": lambda: (rng.randbytes(1000), True),
        "forty megabytes": lambda: (content + b"x" * 40_000_000, True),
        "a lone quote": lambda: (b'"', True),
    }
    way = rng.choice(list(ways))
    broken, must_fail = ways[way]()
    path.write_bytes(broken)
    if rng.random() < 0.15:
        (place / "unitss.csv").write_text("a,b\n1,2\n", encoding="utf-8")
        return Broken(f"unknown table unitss.csv, and {path.name}: {way}", ("validate", "small.yaml"), True)
    return Broken(f"{path.name}: {way}", ("validate", "small.yaml"), must_fail)


# ------------------------------------------------------------------------- sweeps and options
def _sweep(rng: Random, folder: Path) -> Broken:
    (folder / "small.yaml").write_text(SMALL, encoding="utf-8")
    key, raw = rng.choice(SWEEP_KEYS), rng.choice(NASTY)
    text, way = (
        with_raw(SWEEP, key, raw)
        if "settings." not in key
        else SWEEP.replace("fleet.cars: 12", f"{key[9:]}: {raw}"),
        f"{key}: {raw[:60]}",
    )
    if rng.random() < 0.3:
        text, way = rng.choice((_holed, _doubled))(rng, SWEEP), "a hole or a line twice"
    (folder / "tiny.yaml").write_text(text, encoding="utf-8", errors="surrogatepass")
    return Broken(f"sweep: {way}", ("sweep", "tiny.yaml", "--workers", "0", "--out", "out", "--quiet"))


def _setting(rng: Random, folder: Path) -> Broken:
    (folder / "small.yaml").write_text(SMALL, encoding="utf-8")
    key = rng.choice((*KEYS, "", ".", "a..b", "fleet.", ".fleet", "fleet", "time", "arms.v2g", "arms.v2g.operator.policy", "arms..x", "arms.new.operator.policy",
                      "fleet.cars.x", "__class__", "name.x", "shocks.0.hours", "fleet.models.Other BEV", "operator.policy", "participation.contract", "extends", "time.start"))  # fmt: skip
    shadowed = key in ("operator.policy", "participation.contract")
    text = f"{key}={rng.choice(NASTY)}"
    if rng.random() < 0.05:
        text = rng.choice(
            (
                "",
                "=",
                "=3",
                "fleet.cars",
                "fleet.cars:3",
                "a=b=c",
                "a\0b=1",
                "\ud800=1",
                "fleet.cars=1=2",
                "x" * 100_000,
            )
        )
    return Broken(
        f"--set {text[:80]}",
        (rng.choice(("validate", "validate", "gap")), "small.yaml", "--set", text),
        shadowed,
    )


def _options(rng: Random, folder: Path) -> Broken:
    """Numbers on the command line."""
    (folder / "small.yaml").write_text(SMALL, encoding="utf-8")
    option = rng.choice(("--days", "--sample", "--seed", "--replications", "--arms", "--out"))
    values = {
        "--days": ("0", "-1", "nan", "99999999", "1.5", "", "1e3", "9" * 5000),
        "--sample": ("0", "-1", "nan", "inf", "2", "1e-300", "", "x", "0x1"),
        "--seed": ("-1", "x", "9" * 30, "1.5", "", "nan"),
        "--replications": ("0", "-1", "x", "99999999", "", "nan"),
        "--arms": ("", ",", "v2g", "none,,v2g", "nobody", "none,nobody", "\0", "[/x]"),
        "--out": ("small.yaml", "small.yaml/x", "/proc/x", "/dev/null", "a" * 300, "/dev/full/x"),
    }
    value = rng.choice(values[option])
    return Broken(f"{option} {value[:40]}", ("run", "small.yaml", option, value), False)


def mutated(rng: Random) -> dict[str, Any]:
    """A random scenario with one value of another kind: for :func:`sim.scenario.load_scenario` as a mapping."""
    data = copy.deepcopy(draw_scenario(rng))
    node: Any = data
    while isinstance(node, dict | list) and node:
        key = rng.choice(list(node)) if isinstance(node, dict) else rng.randrange(len(node))
        if not isinstance(node[key], dict | list) or not node[key] or rng.random() < 0.2:
            node[key] = rng.choice(
                (
                    None,
                    True,
                    -1,
                    0,
                    1e308,
                    float("nan"),
                    float("inf"),
                    10**400,
                    "",
                    "x",
                    "\0",
                    [],
                    {},
                    [1],
                    {"a": 1},
                    b"x",
                    {1: 2},
                    object,
                )
            )
            break
        node = node[key]
    return data
