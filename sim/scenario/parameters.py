"""Every parameter a scenario uses, with unit, source and confidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sim.scenario.schema import Scenario, leaf_fields

#: From what can be trusted to what is merely assumed; "choice" is the researcher's own.
CONFIDENCE_ORDER = ("sourced", "derived", "measured", "background", "assumption", "choice")

NOT_PARAMETERS = ("name", "title", "description", "arms", "shocks", "reference", "outputs")


@dataclass(frozen=True, slots=True)
class ParameterInUse:
    """One parameter of a scenario.

    Attributes
    ----------
    key : str
        Dotted path in the scenario file.
    value : object
        As the scenario has it.
    unit, text : str
    source : str
        Codes of ``sources.csv``; "scenario" where the file overrides the table.
    confidence : str
        Of the table's figure; "choice" for what is not a fact.
    default : object
        The table's figure.
    """

    key: str
    value: Any
    unit: str
    text: str
    source: str
    confidence: str
    default: Any

    @property
    def overridden(self) -> bool:
        """Whether the scenario departs from the table."""
        return bool(self.value != self.default)

    @property
    def grade(self) -> str:
        """Confidence in one of the words of ``CONFIDENCE_ORDER``."""
        return next((word for word in CONFIDENCE_ORDER if self.confidence.startswith(word)), "assumption")


def parameters_in_use(spec: Scenario) -> list[ParameterInUse]:
    """All parameters of a scenario, in file order."""
    found = []
    for key, info in leaf_fields():
        if key.split(".")[0] in NOT_PARAMETERS:
            continue
        extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
        value = _value(spec, key)
        default = info.get_default(call_default_factory=True)
        departs = value != default and bool(extra.get("table"))
        found.append(
            ParameterInUse(
                key=key,
                value=value,
                unit=str(extra.get("unit", "")),
                text=info.description or "",
                source="scenario" if departs else str(extra.get("source", "")),
                confidence="choice" if departs else str(extra.get("confidence", "choice")),
                default=default,
            )
        )
    return found


def plain(value: Any) -> str:
    """A parameter's value as people read it."""
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, dict):
        return ", ".join(f"{key} {plain(each)}" for key, each in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)


def _value(spec: Any, key: str) -> Any:
    for part in key.split("."):
        spec = getattr(spec, part)
    return spec
