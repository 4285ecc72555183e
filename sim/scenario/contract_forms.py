"""Forms of contract between owners and operator: rows of ``contract_forms.csv``, whose traits code reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sim.data.catalogue import rows


@dataclass(frozen=True)
class ContractForm:
    """What a form of contract allows.

    Attributes
    ----------
    name : str
    controls : bool
        The operator may control when enrolled cars charge.
    discharges_at_home, discharges_elsewhere : bool
        Cars may discharge at bidirectional chargers there.
    saves_only : bool
        What a car discharges supplies its home alone: it saves buying and is not paid for.
    """

    name: str
    controls: bool
    discharges_at_home: bool
    discharges_elsewhere: bool
    saves_only: bool


def _forms() -> dict[str, ContractForm]:
    traits = ("controls", "discharges_at_home", "discharges_elsewhere", "saves_only")
    return {
        row["form"]: ContractForm(row["form"], *(row[trait] == "1" for trait in traits))
        for row in rows("contract_forms")
    }


FORMS = _forms()
if TYPE_CHECKING:
    ContractName = str
else:
    ContractName = Literal[tuple(FORMS)]
