"""Figures of the article that runs are held against, read from its claims."""

from __future__ import annotations

from sim.effects.reference_lines import (
    COAL_LESS_PCT,
    STABILITY_PCT,
    YUAN_PER_NIGHT,
    ReferenceLine,
    ReferenceLines,
)
from sim.studies.article.catalogue import claims


def article_figure(claim_id: str) -> float:
    """What the article says in a claim, in the claim's unit.

    Raises
    ------
    KeyError
        If there is no such claim.
    """
    for claim in claims():
        if claim.id == claim_id:
            return float(claim.article_figure)
    raise KeyError(claim_id)


#: What the article says, by quantity.
ARTICLE: ReferenceLines = {
    YUAN_PER_NIGHT: ReferenceLine(article_figure("C08a"), "the article"),
    COAL_LESS_PCT: ReferenceLine(article_figure("C12"), "the article"),
    STABILITY_PCT: ReferenceLine(article_figure("C11"), "the article"),
}
