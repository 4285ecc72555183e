"""The article's claims as a table on the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sim.report.claims_html import interval_words
from sim.report.console import console as make_console
from sim.studies.article.answer import FAILS, HOLDS, ONLY_IF, VERDICTS
from sim.studies.article.judge import Judgement

WIDTH = 150
COLOURS = {HOLDS: "blue", ONLY_IF: "yellow", FAILS: "red"}


def show_claims(judgement: Judgement, console: Console | None = None) -> None:
    """Print what the article claims, what the model answers, and the verdict."""
    out = console or make_console(WIDTH)
    table = Table(
        title="The article's claims, tried",
        title_justify="left",
        header_style="bold",
        box=None,
        pad_edge=False,
    )
    for head in ("", "claim", "the article", "the model", "verdict"):
        table.add_column(head, overflow="fold")
    for row in judgement.rows:
        claim, answer = row.claim, row.answer
        unit = "" if claim.unit == "-" else f" {claim.unit}"
        figure = (
            ""
            if answer.figure is None or answer.figure.value is None
            else interval_words(answer.figure, answer.unit)
        )
        colour = COLOURS.get(answer.verdict, "dim")
        verdict = f"{answer.verdict} {answer.condition}".strip()
        table.add_row(claim.id, claim.claim, f"{claim.article_figure}{unit}", figure, Text(verdict, colour))
    out.print(table)
    out.print(", ".join(f"{judgement.count(verdict)} {verdict}" for verdict in VERDICTS))
