"""Scenario fields whose defaults come from the sourced tables.

Each field remembers the table row it was taken from, so that ``v2gcity data`` can print every
parameter in use with its value, unit, source and confidence.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from sim.data.catalogue import parameter
from sim.data.defaults import numbers


def _as_time(at: Any) -> Any:
    given = at
    if isinstance(at, str):
        try:
            at = dt.datetime.fromisoformat(at) if len(at) > len("2025-08-27") else None
        except ValueError:
            raise ValueError(f"expected a time such as 2025-08-27 19:00, got '{given}'") from None
    if not isinstance(at, dt.datetime):
        raise ValueError(f"expected a time such as 2025-08-27 19:00, got '{given}'")
    if at.tzinfo is not None:
        raise ValueError(f"times are local and take no offset, such as 2025-08-27 19:00; got '{given}'")
    return at


def _as_day(day: Any) -> Any:
    """A date given as text, as JSON has it; what is none is left for the check that follows."""
    try:
        return dt.date.fromisoformat(day) if isinstance(day, str) else day
    except ValueError:
        return day


#: A quantity beyond this is a mistake in any unit; the world's power stations are 1e7 MW.
LARGEST = 1e9

Day = Annotated[dt.date, BeforeValidator(_as_day)]
Moment = Annotated[dt.datetime, BeforeValidator(_as_time)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]

#: Electric cars of the place whose tables are the defaults of a scenario.
FLEET = numbers("cars")[0]


class Section(BaseModel):
    """A mapping of a scenario file: unknown keys and foreign types are mistakes."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, validate_default=True
    )

    @field_validator("*")
    @classmethod
    def _of_this_world(cls, value: Any) -> Any:
        """No quantity is so large that sums of it leave the numbers there are."""
        if isinstance(value, float) and abs(value) > LARGEST:
            raise ValueError(f"must be at most {LARGEST:g} in size, got {value:g}")
        if isinstance(value, list | tuple | dict):
            for item in value.values() if isinstance(value, dict) else value:
                cls._of_this_world(item)
        return value


def sourced(
    table: str,
    name: str = "",
    *,
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    scale: float = 1.0,
    unit: str | None = None,
    text: str = "",
    **where: str,
) -> Any:
    """Field with default and provenance from one row of a parameter table.

    Parameters
    ----------
    table, name, **where
        See :func:`sim.data.catalogue.parameter`.
    ge, gt, le : float, optional
        Hard bounds of what the model can take, in the unit of the field.
    scale : float
        Factor from the table's unit to the field's unit.
    unit : str, optional
        Unit of the field where it is not the table's.
    text : str
        Description; the table's note is added to it.
    """
    row = parameter(table, name, **where)

    def scaled(value: float | None) -> float | None:
        return None if value is None else float(f"{value * scale:.12g}")

    return Field(
        default=scaled(row.value),
        ge=ge,
        gt=gt,
        le=le,
        description=f"{text} ({row.note})" if text and row.note else text or row.note,
        json_schema_extra={
            "unit": unit or row.unit,
            "low": scaled(row.low),
            "high": scaled(row.high),
            "table": table,
            "parameter": row.name,
            "source": row.source,
            "confidence": row.confidence,
        },
    )


def assumed(name: str, **options: Any) -> Any:
    """Field whose default stands in ``model_assumptions.csv``."""
    return sourced("model_assumptions", name, **options)


def chosen(
    default: Any, text: str, unit: str = "", source: str = "", confidence: str = "choice", **bounds: Any
) -> Any:
    """Field that is a choice of the researcher; a fact where a source is stated with it."""
    extra: dict[str, Any] = {"unit": unit, "source": source, "confidence": confidence}
    if callable(default):
        return Field(default_factory=default, description=text, json_schema_extra=extra, **bounds)
    return Field(default=default, description=text, json_schema_extra=extra, **bounds)


def check_sum(shares: dict[str, float], what: str) -> None:
    """Refuse shares that do not sum to one."""
    total = sum(shares.values())
    if abs(total - 1.0) > 1e-6:
        raise ValueError(f"{what} sum to {total:g}; they must sum to 1")
