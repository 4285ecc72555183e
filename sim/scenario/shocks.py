"""Section of a scenario: sudden events."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import model_validator

from sim.scenario.fields import Moment, Section, chosen

Kind = Literal["unplug", "control_link", "charger_outage", "heat_wave", "plant_outage", "false_forecast"]

#: What each kind of shock takes besides ``at`` and ``hours``, and which of that it needs.
TAKES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "unplug": (("share", "district"), ()),
    "control_link": (("share", "district", "fallback"), ()),
    "charger_outage": (("share", "district", "places"), ()),
    "heat_wave": (("kelvin",), ("kelvin",)),
    "plant_outage": (("fuel", "mw"), ("fuel", "mw")),
    "false_forecast": (("mw",), ("mw",)),
}
#: These are or are not in a step; of the others a step may have a part.
STRIKE_WITH_A_STEP = ("unplug", "control_link", "charger_outage")


class ShockSection(Section):
    """One sudden event."""

    kind: Kind = chosen(
        ...,
        "unplug: drivers unplug and stay away; control_link: chargers lose the operator and fall back to "
        "a local rule; charger_outage: chargers deliver nothing; heat_wave: it is hotter than usual; "
        "plant_outage: plants or lines fail; false_forecast: the operator expects a wrong net load",
    )
    at: Moment = chosen(..., "when it begins, local time: 2025-08-27 19:00")
    hours: float = chosen(..., "how long it lasts", "h", gt=0.0, le=8760.0)
    share: float = chosen(1.0, "share of drivers or chargers that it hits", "-", ge=0.0, le=1.0)
    district: str | None = chosen(None, "only in this district (districts.csv)")
    fallback: Literal["charge", "wait"] = chosen(
        "charge",
        "local rule of a charger that has lost the operator. charge: at once at full power; wait: only "
        "what keeps the promise",
    )
    places: list[Literal["home", "work", "public"]] = chosen(
        lambda: ["home", "work", "public"], "sites whose chargers fail"
    )
    kelvin: float = chosen(0.0, "how much hotter", "K", ge=-30.0, le=30.0)
    fuel: Literal["coal", "gas", "import"] | None = chosen(None, "which plants fail, or the lines")
    mw: float = chosen(0.0, "capacity lost, or what is wrongly added to the forecast", "MW")

    @model_validator(mode="after")
    def _takes_what_it_needs(self) -> ShockSection:
        takes, needs = TAKES[self.kind]
        given = self.model_fields_set - {"kind", "at", "hours"}
        default = {name for name in given if getattr(self, name) == _default(name)}
        for name in sorted(given - set(takes) - default):
            raise ValueError(f"a {self.kind} takes {' and '.join(takes)}, not '{name}'")
        for name in needs:
            if name not in given:
                raise ValueError(f"a {self.kind} needs '{name}'")
        return self


def _default(name: str) -> Any:
    return ShockSection.model_fields[name].get_default(call_default_factory=True)
