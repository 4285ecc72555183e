"""What the page lets people change: scenarios, sliders, and the file that says what is on screen."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from sim.runs.memory import check_memory
from sim.runs.run import prepare
from sim.runs.store import scenario_text
from sim.scenario import Scenario, ScenarioError, load_scenario
from sim.scenario.shipped import shipped_scenarios
from sim.view.pair import Pair

PRICES_YUAN_PER_KWH = (0.0, 0.3, 0.6, 0.9, 1.2, 2.0, 4.0, 8.0)
FLEETS = (500, 2_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
#: The page steps two cities of so many cars at most; the command line has no such limit.
MOST_CARS = 2_000_000


@dataclass(frozen=True)
class Slider:
    """A slider: a key of the scenario, and the values it can take.

    Attributes
    ----------
    key : str
        Dotted path in a scenario.
    name : str
        What people read.
    values : tuple
    form : str
        How a value is written.
    """

    key: str
    name: str
    values: tuple[Any, ...]
    form: str

    def offer(self, spec: Scenario, arm: str) -> dict[str, Any]:
        """The slider as the page needs it, at the value that the arm has."""
        now = _value(spec.for_arm(arm), self.key)
        values = list(self.values)
        if now not in values:
            values = [now, *values] if not _ordered(now) else sorted([*_numbers(values), now])
        labels = [self._label(value, spec) for value in values]
        at = values.index(now)
        return {
            "key": self.key,
            "name": self.name,
            "values": values,
            "labels": labels,
            "words": labels[at],
            "at": at,
        }

    def _label(self, value: Any, spec: Scenario) -> str:
        if value is None:
            return "by tariff"
        if not _ordered(value):
            return str(value)
        if self.key == "fleet.sample":
            return f"{value * spec.fleet.cars:,.0f} cars"
        return self.form.format(value)


SLIDERS = (
    Slider("participation.enrolled_share", "enrolled", tuple(k / 100.0 for k in range(0, 40, 3)), "{:.0%}"),
    Slider("fleet.v2g_capable", "can feed in", tuple(k / 10.0 for k in range(11)), "{:.0%}"),
    Slider("chargers.bidirectional_kw", "charger power", (3.7, 7.0, 11.0, 15.0, 22.0), "{:.1f} kW"),
    Slider("market.feed_in_price_yuan_per_kwh", "feeding in pays", PRICES_YUAN_PER_KWH, "{:.2f} ¥/kWh"),
    Slider("fleet.sample", "simulated", (), "{:.3f}"),
)  # fmt: skip


def check_size(spec: Scenario, cities: int) -> None:
    """Refuse what the page, or the memory of this machine, has no room for.

    Parameters
    ----------
    spec : Scenario
    cities : int
        How many run side by side. The copy that an event is held against is small, see
        :data:`sim.view.pair.MOST_UNDISTURBED`.

    Raises
    ------
    ScenarioError
        If there is no room.
    """
    if spec.simulated_cars > MOST_CARS:
        raise ScenarioError.single(
            spec.name,
            "fleet.sample",
            f"{spec.simulated_cars:,} simulated cars are more than a page shows, which is {MOST_CARS:,}; "
            "choose a smaller sample, or use v2gcity run",
        )
    check_memory(spec, cities)


def _value(spec: Scenario, key: str) -> Any:
    value: Any = spec
    for part in key.split("."):
        value = getattr(value, part)
    return value


def _ordered(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _numbers(values: list[Any]) -> list[Any]:
    return [value for value in values if _ordered(value)]


def offer(
    spec: Scenario, arm: str, source: str, settings: Mapping[str, Any], compared: str = ""
) -> dict[str, Any]:
    """Everything the panel of controls shows, as plain data."""
    sliders = []
    for slider in SLIDERS:
        if slider.key == "fleet.sample":
            slider = Slider(slider.key, slider.name, _shares(spec), slider.form)
        sliders.append(slider.offer(spec, arm))
    known = scenarios()
    if source not in [each["key"] for each in known]:
        known = [{"key": source, "title": spec.title or spec.name}, *known]
    return {
        "scenarios": known,
        "scenario": source,
        "arms": list(spec.arms),
        "arm": arm,
        "reference": spec.reference,
        "sliders": sliders,
        "settings": dict(settings),
        "compared": compared,
        "about": " ".join(spec.description.split()),
    }


def _shares(spec: Scenario) -> tuple[float, ...]:
    """Samples that the page offers of a fleet."""
    shares = tuple(cars / spec.fleet.cars for cars in FLEETS if cars < spec.fleet.cars)
    return (*shares, 1.0) if spec.fleet.cars <= MOST_CARS else shares


def refuse_unoffered(settings: Mapping[str, Any], spec: Scenario) -> None:
    """Refuse settings that the panel of a scenario does not offer: a page may send anything.

    Raises
    ------
    ScenarioError
        For a key that is on no slider, or a value that is not on it.
    """
    offered = {slider.key: list(slider.values) for slider in SLIDERS}
    offered["fleet.sample"] = [*_shares(spec), spec.fleet.sample]
    for key, value in settings.items():
        if key not in offered:
            raise ScenarioError.single("page", key, f"is on no slider; allowed: {', '.join(offered)}")
        now = [_value(spec.for_arm(arm), key) for arm in spec.arms]
        if not any(_same(value, each) for each in (*offered[key], *now)):
            raise ScenarioError.single("page", key, f"{value!r} is not on the slider")


def _same(value: Any, offered: Any) -> bool:
    """Whether a value is one of the slider's: a page writes 0.0 as 0, but true is not 1."""
    return isinstance(value, bool) == isinstance(offered, bool) and bool(value == offered)


def asked_for(source: str | Path, settings: Mapping[str, Any], only_offered: bool) -> Scenario:
    """Scenario that a page asks for; with `only_offered`, changed only as its sliders can.

    Raises
    ------
    ScenarioError
        For anything wrong with it.
    ValueError
        If it is a year in weeks.
    """
    base = prepare(source, replications=1)
    if only_offered:
        refuse_unoffered(settings, base)
    spec = prepare(base, settings=as_overrides(settings, base))
    if spec.time.weeks:
        raise ValueError(f"{spec.name}: a year in weeks is no continuous time; it has no moving picture")
    return spec


def arm_to_show(spec: Scenario, arm: str | None) -> str:
    """The arm that is asked for, or v2g, or the first that is not the reference."""
    others = [name for name in spec.arms if name != spec.reference]
    return next(name for name in (arm, "v2g", *others, spec.reference) if name in spec.arms)


def asked_beside(main: Scenario, arm: str, source: str | Path, settings: Mapping[str, Any]) -> Scenario:
    """Another scenario to hold a city against, at the times of the city.

    Raises
    ------
    ScenarioError
        For anything wrong with it.
    ValueError
        If it has no such arm.
    """
    clock = {f"time.{key}": value for key, value in main.time.model_dump().items()}
    base = prepare(source, settings=clock, replications=1)
    spec = prepare(base, settings=as_overrides(settings, base))
    if arm not in spec.arms:
        raise ValueError(f"{spec.name}: no arm '{arm}'; there are {', '.join(spec.arms)}")
    return spec


def as_overrides(settings: Mapping[str, Any], spec: Scenario) -> dict[str, Any]:
    """Settings of sliders as overrides: of the scenario, and of every arm that sets the key for itself."""
    found: dict[str, Any] = {}
    for key, value in settings.items():
        own = [arm for arm, overrides in spec.arms.items() if _sets(overrides, key.split("."))]
        if len(own) < len(spec.arms):
            found[key] = value
        found |= {f"arms.{arm}.{key}": value for arm in own}
    return found


def _sets(overrides: Any, path: list[str]) -> bool:
    for key in path:
        if not isinstance(overrides, Mapping) or key not in overrides:
            return False
        overrides = overrides[key]
    return True


@lru_cache(maxsize=1)
def _shipped() -> tuple[tuple[str, str], ...]:
    found = []
    for path in shipped_scenarios():
        spec = load_scenario(path)
        if not spec.time.weeks:
            found.append((path.stem, spec.title or spec.name))
    return tuple(found)


def scenarios() -> list[dict[str, str]]:
    """Shipped scenarios that run in continuous time."""
    return [{"key": key, "title": title} for key, title in _shipped()]


def path_of(key: str) -> Path:
    """File of a scenario that the page names: a shipped one, or the file the view was started with.

    Raises
    ------
    ScenarioError
        If there is none.
    """
    for path in shipped_scenarios():
        if path.stem == key:
            return path
    raise ScenarioError.single(
        "scenario", key, f"not shipped; allowed: {', '.join(key for key, _ in _shipped())}"
    )


def as_yaml(pair: Pair) -> str:
    """The scenario of what is on screen, which gives it again on the command line."""
    return scenario_text(pair.shown)


def as_csv(pair: Pair) -> str:
    """The recorded steps of both arms."""
    out = io.StringIO()
    pd.concat([model.system_frame() for model in pair.models]).to_csv(out, index=False, float_format="%.6g")
    return out.getvalue()
