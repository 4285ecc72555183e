"""Sweep files: varied parameters, design, replications and outcomes."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from sim.scenario import Scenario, ScenarioError, load_scenario
from sim.scenario.document import Document, read_document
from sim.scenario.errors import Problem, suggestion
from sim.scenario.fields import Section, chosen
from sim.scenario.messages import explain
from sim.scenario.schema import PlainName, leaf_fields
from sim.scenario.shipped import find_scenario, find_sweep

DESIGNS = ("grid", "list", "latin-hypercube", "sobol", "morris", "tornado")
Label = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", max_length=60)]

#: Columns of ``runs.parquet`` that no parameter or outcome may be named after.
RESERVED = ("point", "replication", "status", "key")


class DesignSection(Section):
    """Design: how points are placed in the parameter space."""

    kind: Literal["grid", "list", "latin-hypercube", "sobol", "morris", "tornado"] = chosen("grid", "design")
    size: int | None = chosen(
        None,
        "points of a Latin hypercube, base sample of Sobol, trajectories of Morris",
        "",
        ge=2,
        le=100_000,
    )
    levels: int = chosen(4, "levels of a Morris design; even", "", ge=2, le=64)
    seed: int = chosen(1, "seed of the design, not of the city", "", ge=0, lt=2**31)

    @model_validator(mode="after")
    def _has_a_size(self) -> DesignSection:
        sized = self.kind in ("latin-hypercube", "sobol", "morris")
        if sized and self.size is None:
            raise ValueError(f"design.size: a {self.kind} design needs a size, such as 64")
        if not sized and self.size is not None:
            raise ValueError(f"design.size: a {self.kind} design takes its size from the parameters")
        if self.kind == "sobol" and self.size is not None and self.size & (self.size - 1):
            nearest = 2 ** round(math.log2(self.size))
            raise ValueError(f"design.size: the base sample of Sobol is a power of two, such as {nearest}")
        if self.kind == "morris" and self.levels % 2:
            raise ValueError("design.levels: must be even")
        return self


class ParameterSection(Section):
    """A varied parameter: a key of the scenario, or several keys varied together."""

    path: str | list[str] = Field(description="key of the scenario, or keys that move together")
    values: list[Any] | None = chosen(None, "values; for keys that move together, a list for each")
    labels: list[str] | None = chosen(None, "what tables and figures call each value")
    low: float | None = chosen(None, "lower end of a range")
    high: float | None = chosen(None, "upper end of a range")
    range: Literal["data"] | None = chosen(None, "take the ends from the data tables")
    levels: int | None = chosen(None, "how many values of a range a grid takes", "", ge=2, le=1000)
    scale: Literal["linear", "log"] = chosen("linear", "how values are spread over the range")
    unit: str = chosen("", "unit, for figures")
    title: str = chosen("", "name, for figures")

    @property
    def paths(self) -> list[str]:
        """Keys of the scenario that the parameter sets."""
        return [self.path] if isinstance(self.path, str) else self.path

    @model_validator(mode="after")
    def _has_values_or_a_range(self) -> ParameterSection:
        ends = (self.low is not None) + (self.high is not None)
        if (self.values is not None) + (self.range is not None) + (ends > 0) != 1:
            raise ValueError("expected either values, or low and high, or range: data")
        if ends == 1:
            raise ValueError("a range needs both low and high")
        if self.values is not None:
            self._check_values(self.values)
        elif self.labels is not None:
            raise ValueError("labels: belong to values")
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError(f"low ({self.low:g}) must be below high ({self.high:g})")
        if self.scale == "log" and (self.low is None or self.low <= 0.0):
            raise ValueError("scale: log needs low and high above 0")
        return self

    def _check_values(self, values: list[Any]) -> None:
        if not values:
            raise ValueError("values: at least one is needed")
        if any(values.index(value) != at for at, value in enumerate(values)):
            raise ValueError("values: the same value stands twice")
        if self.levels is not None:
            raise ValueError("levels: belongs to a range; values are taken as they stand")
        if self.labels is not None and (
            len(self.labels) != len(values) or len(set(self.labels)) < len(values)
        ):
            raise ValueError(f"labels: expected {len(values)} different ones, one for each value")
        if len(self.paths) > 1 and any(
            isinstance(value, list) and len(value) != len(self.paths) for value in values
        ):
            raise ValueError(
                f"values: each must be one value, or a list of {len(self.paths)}, one for each key"
            )


class PrecisionSection(Section):
    """Stopping rule: precision at which enough replications have been run."""

    half_width: float | None = chosen(
        None, "half of the 95% interval, in the unit of the outcome", "", gt=0.0
    )
    relative: float | None = chosen(None, "half of the 95% interval over the mean", "", gt=0.0)
    least: int = chosen(4, "replications to begin with", "", ge=3, le=1000)
    most: int = chosen(40, "replications at most", "", ge=3, le=10_000)

    @model_validator(mode="after")
    def _has_a_width(self) -> PrecisionSection:
        if (self.half_width is None) == (self.relative is None):
            raise ValueError("expected either half_width or relative")
        if self.most < self.least:
            raise ValueError(f"most ({self.most}) must not be below least ({self.least})")
        return self


class FrontSection(Section):
    """Pareto front of two outcomes: points not dominated by any other point."""

    benefit: Label = Field(description="outcome of which more is better")
    cost: Label = Field(description="outcome of which less is better")


class Sweep(Section):
    """A sweep file. Build one with :func:`load_sweep`."""

    name: PlainName = chosen("sweep", "short name, in any script; the result folder is called after it")
    title: str = chosen("", "one line for headings")
    description: str = chosen("", "what the sweep is for")
    scenario: str = Field(description="scenario file, relative to this file")
    settings: dict[str, Any] = chosen(dict, "keys of the scenario that all points share")
    design: DesignSection = Field(default_factory=DesignSection)
    parameters: dict[Label, ParameterSection] = Field(description="what is varied", min_length=1)
    replications: int | Literal["auto"] = chosen(1, "draws of the city for each point; auto: see precision")
    precision: PrecisionSection | None = chosen(None, "how narrow the interval of the first outcome must be")
    outcomes: dict[Label, str] = Field(
        description="figures of summary.json; the first is the headline", min_length=1
    )
    front: FrontSection | None = chosen(None, "outcomes to draw against each other")

    @property
    def headline(self) -> str:
        """The first outcome."""
        return next(iter(self.outcomes))

    @model_validator(mode="after")
    def _names_are_clear(self) -> Sweep:
        for name in self.outcomes:
            if name in self.parameters:
                raise ValueError(
                    f"outcomes.{name}: a parameter has this name; columns need names of their own"
                )
        for section, names in (("parameters", self.parameters), ("outcomes", self.outcomes)):
            for name in names:
                if name in RESERVED:
                    raise ValueError(
                        f"{section}.{name}: this name is taken; others than {', '.join(RESERVED)}"
                    )
        taken: dict[str, str] = {}
        for name, parameter in self.parameters.items():
            for path in parameter.paths:
                if path in taken:
                    raise ValueError(f"parameters.{name}.path: {path} is varied by '{taken[path]}' already")
                taken[path] = name
        return self

    @model_validator(mode="after")
    def _parameters_suit_the_design(self) -> Sweep:
        kind = self.design.kind
        for name, parameter in self.parameters.items():
            where = f"parameters.{name}"
            if kind == "grid" and parameter.values is None and parameter.levels is None:
                raise ValueError(f"{where}.levels: a grid needs values, or levels of the range, such as 5")
            if kind != "grid" and parameter.levels is not None:
                raise ValueError(f"{where}.levels: only a grid takes levels; a {kind} design has its own")
            if kind == "list" and parameter.values is None:
                raise ValueError(f"{where}.values: a list needs values")
            if kind == "tornado" and parameter.values is not None and len(parameter.values) != 2:
                raise ValueError(f"{where}.values: a tornado takes two, low and high")
        if kind == "list":
            lengths = {len(parameter.values or []) for parameter in self.parameters.values()}
            if len(lengths) > 1:
                raise ValueError("design.kind: in a list all parameters need equally many values")
        if kind in ("sobol", "morris") and len(self.parameters) < 2:
            raise ValueError(f"design.kind: a {kind} design needs at least two parameters")
        return self

    @model_validator(mode="after")
    def _knows_when_to_stop(self) -> Sweep:
        if self.replications == "auto" and self.precision is None:
            raise ValueError("replications.auto: needs a precision, such as {relative: 0.1}")
        if self.replications != "auto" and self.precision is not None:
            raise ValueError("precision.most: belongs to 'replications: auto'")
        if isinstance(self.replications, int) and not 1 <= self.replications <= 10_000:
            raise ValueError(
                f"replications.number: must be at least 1 and at most 10000, got {self.replications}"
            )
        return self

    @model_validator(mode="after")
    def _front_is_of_outcomes(self) -> Sweep:
        for key in ("benefit", "cost"):
            word = getattr(self.front, key) if self.front else self.headline
            if word not in self.outcomes:
                hint = suggestion(word, self.outcomes) or ";"
                raise ValueError(
                    f"front.{key}: no outcome '{word}'{hint} allowed: {', '.join(self.outcomes)}"
                )
        return self


class Plan:
    """A parsed sweep file, with its base scenario and the source line of every key.

    Attributes
    ----------
    sweep : Sweep
    base : Scenario
        Base scenario before parameters are set; a single replication.
    document : Document
        The parsed file.
    """

    def __init__(self, sweep: Sweep, base: Scenario, document: Document):
        self.sweep, self.base, self.document = sweep, base, document

    def place(self, *path: str) -> str:
        """``file:line`` of a key of the sweep file."""
        return self.document.place(path)

    def ends(self, name: str) -> tuple[float, float]:
        """Lower and upper end of a parameter's range.

        Raises
        ------
        ScenarioError
            If the ends are to come from the data tables, which have none for the key.
        """
        parameter = self.sweep.parameters[name]
        if parameter.low is not None and parameter.high is not None:
            return parameter.low, parameter.high
        path, fields = in_schema(parameter.paths[0]), dict(leaf_fields())
        info = fields.get(path)
        extra = info.json_schema_extra if info is not None else None
        found = (extra.get("low"), extra.get("high")) if isinstance(extra, dict) else (None, None)
        if found[0] is None or found[1] is None:
            ranged = [key for key, each in fields.items() if _has_ends(each)]
            raise ScenarioError.single(
                self.place("parameters", name, "range"),
                f"parameters.{name}.range",
                f"the data tables have no range for '{path}'{suggestion(path, ranged)}; set low and high",
            )
        return float(str(found[0])), float(str(found[1]))


def in_schema(path: str) -> str:
    """Key of the schema that a key of a scenario is an instance of: those of arms are those of the whole."""
    return path.split(".", 2)[2] if path.startswith("arms.") and path.count(".") > 1 else path


def _has_ends(info: Any) -> bool:
    extra = info.json_schema_extra
    return isinstance(extra, dict) and extra.get("low") is not None and extra.get("high") is not None


def load_sweep(source: str | Path) -> Plan:
    """Read and check a sweep file and its base scenario.

    Raises
    ------
    ScenarioError
        For anything wrong, one line for each mistake.
    """
    path = find_sweep(source)
    document = read_document(path)
    document.data.setdefault("name", path.stem)
    try:
        sweep = Sweep.model_validate(document.data)
    except ValidationError as error:
        raise ScenarioError(explain(error, document.place, document.data, root=Sweep)) from None
    return Plan(sweep, _base(path, sweep, document), document)


def _base(path: Path, sweep: Sweep, document: Document) -> Scenario:
    try:
        file = find_scenario(sweep.scenario, path.parent)
    except ScenarioError as error:
        raise ScenarioError.single(document.place(("scenario",)), "scenario", str(error)) from None
    settings = {**sweep.settings, "replications": 1}
    try:
        return load_scenario(file, settings)
    except ScenarioError as error:
        places = {key: document.place(("settings", key)) for key in settings}
        raise relocated(error, places, document.place(("settings",))) from None


def relocated(error: ScenarioError, places: dict[str, str], otherwise: str) -> ScenarioError:
    """The same errors, those of overrides with the line of the sweep file that sets them.

    Errors without a line, for inconsistent combinations of values, get the place `otherwise`.
    """
    return ScenarioError(
        Problem(
            places.get(problem.key, problem.place if ":" in problem.place else otherwise),
            problem.key,
            problem.message,
        )
        for problem in error.problems
    )
