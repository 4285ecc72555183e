"""What the article claims: rows of ``sim/data/claims.yaml``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ruamel.yaml import YAML

import sim.data

PATH = Path(sim.data.__file__).parent / "claims.yaml"


@dataclass(frozen=True)
class Claim:
    """One sentence of the article.

    Attributes
    ----------
    id, claim : str
    article_figure, unit : str
        As the article has it.
    evidence : str
        What has been published.
    verdict : str
        What the published evidence says of it, before any run.
    model_output, formula, rule : str
        How it is tried.
    testable : str
        ``yes``, ``partly``, ``input`` (the model takes it, it cannot judge it) or ``no``.
    source : str
        Codes of ``sources.csv`` joined by ``+``.
    confidence : str
    """

    id: str
    claim: str
    article_figure: str
    unit: str
    evidence: str
    verdict: str
    model_output: str
    formula: str
    rule: str
    testable: str
    source: str
    confidence: str


@cache
def claims() -> tuple[Claim, ...]:
    """All claims, in the order of the article."""
    rows = YAML(typ="safe").load(PATH.read_text(encoding="utf-8"))["claims"]
    return tuple(Claim(**{key: str(value) for key, value in row.items()}) for row in rows)
