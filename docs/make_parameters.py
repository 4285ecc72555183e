"""Write every parameter of the model with unit, range, source and confidence into ``docs/parameters.md``.

``python docs/make_parameters.py``; a test holds the page against the tables.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sim.data.catalogue import sources
from sim.scenario.parameters import NOT_PARAMETERS, plain
from sim.scenario.schema import leaf_fields

PAGE = Path(__file__).parent / "parameters.md"
HEAD = """# Every parameter

Made by `docs/make_parameters.py` from the sections of a scenario; do not edit. Keys are those of a scenario file. `low` and `high` are the
ends of what is plausible, used by sweeps with `range: data`. Confidence goes from *sourced* over *derived*, *measured* and *background* to
*assumption*; a *choice* is no fact but the researcher's own. Codes of sources are explained below.
"""


def page() -> str:
    """The whole page."""
    parts, codes = [HEAD], set()
    section = ""
    for key, row in _rows():
        if key.split(".")[0] != section:
            section = key.split(".")[0]
            parts.append(
                f"\n## {section}\n\n| key | default | unit | low | high | what it is | source | confidence |\n| --- | --- | --- | --- | --- | --- | --- | --- |"
            )
        codes |= set(row[-2].split("+")) - {""}
        parts.append(f"| `{key}` | {' | '.join(row)} |")
    known = sources()
    parts.append("\n## Sources\n\n| code | what | where | year |\n| --- | --- | --- | --- |")
    for code in sorted(codes & known.keys()):
        each = known[code]
        parts.append(f"| {code} | {each.title} | {each.address} | {each.year} |")
    return "\n".join(parts) + "\n"


def _rows() -> Iterator[tuple[str, list[str]]]:
    for key, info in leaf_fields():
        if key.split(".")[0] in NOT_PARAMETERS:
            continue
        extra: dict[str, Any] = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
        default = plain(info.get_default(call_default_factory=True))
        text = (info.description or "").replace("|", "/").replace("\n", " ")
        yield (
            key,
            [
                default if len(default) <= 60 else f"{default[:57]}...",
                str(extra.get("unit", "")),
                "" if extra.get("low") is None else plain(extra["low"]),
                "" if extra.get("high") is None else plain(extra["high"]),
                text,
                str(extra.get("source", "")),
                str(extra.get("confidence", "choice")),
            ],
        )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
