"""Figures of the article that pages draw as reference lines, read from its claims."""

from __future__ import annotations

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


#: What a night leaves an owner [yuan].
YUAN_PER_NIGHT = article_figure("C08a")
#: How much less coal plants are used [%].
COAL_CUT_PCT = article_figure("C12")
#: How much more stable the grid is [%], by a meaning that is not told.
STABILITY_PCT = article_figure("C11")
