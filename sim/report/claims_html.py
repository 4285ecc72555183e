"""The page of the article's claims: one self-contained file that opens offline."""

from __future__ import annotations

from html import escape
from pathlib import Path

from sim.data.catalogue import sources
from sim.report.page import page
from sim.studies.article.answer import FAILS, HOLDS, INPUT, ONLY_IF, UNDEFINED, Answer, Figure
from sim.studies.article.judge import Judged, Judgement
from sim.version import __version__

MEANING = {
    HOLDS: "the figure lies where the article says, over all that was tried: the draws of the city, and the ranges of the uncertain parameters where the figure was followed over them",
    ONLY_IF: "it depends, on what is said",
    FAILS: "the figure lies elsewhere, over all that was tried",
    UNDEFINED: "the article does not say what would be measured, or nothing here can measure it",
    INPUT: "the model takes it as given, and cannot judge it",
}
COLOURS = {HOLDS: "#0072b2", ONLY_IF: "#8f7a00", FAILS: "#c0392b", UNDEFINED: "#64707d", INPUT: "#64707d"}


def write_claims(judgement: Judgement, folder: Path) -> Path:
    """Write ``claims.html``."""
    path = folder / "claims.html"
    path.write_text(page("The article's claims, tried", body(judgement)), encoding="utf-8")
    return path


def body(judgement: Judgement) -> str:
    """The page without its frame."""
    taste = (
        "<p><b>This is a taste</b>: few cars, few days, few draws. Run without --quick before you quote it.</p>"
        if judgement.quick
        else ""
    )
    return "\n".join(
        [
            "<h1>The article's claims, tried</h1>"
            '<p class="lead">An article about China says what electric cars that feed the grid earn, save and spare. Each sentence that can be tried was '
            "tried on runs of the model that anybody can repeat. A verdict says no more than these runs.</p>",
            taste,
            _count(judgement),
            *[_row(each) for each in judgement.rows],
            _how(judgement),
            f"<footer>v2gcity {escape(__version__)}</footer>",
        ]
    )


def _count(judgement: Judgement) -> str:
    cards = "".join(
        f'<div class="card"><b style="color:{COLOURS[verdict]}">{judgement.count(verdict)}</b><span>{verdict}: {meaning}</span></div>'
        for verdict, meaning in MEANING.items()
    )
    return f'<div class="cards">{cards}</div>'


def _row(each: Judged) -> str:
    claim, answer = each.claim, each.answer
    colour = COLOURS[answer.verdict]
    condition = f" {escape(answer.condition)}" if answer.condition else ""
    unit = f" {escape(claim.unit)}" if claim.unit != "-" else ""
    inverse = f"<p><b>What would make it true.</b> {escape(answer.inverse)}</p>" if answer.inverse else ""
    links = ", ".join(f'<a href="#{_mark(name)}">{escape(name)}</a>' for name in answer.runs)
    runs = f"Runs: {links}." if links else ""
    return (
        f'<section id="{claim.id}"><h2>{claim.id} · {escape(claim.claim)}</h2>'
        f'<p>The article: <b>{escape(claim.article_figure)}{unit}</b>. Verdict: <b style="color:{colour}">{answer.verdict}</b>{condition}.</p>'
        f"<p>{escape(answer.text)}{_figure(answer)}</p>{inverse}"
        f"<p style='color:var(--grey)'>Published: {escape(claim.evidence)} ({_sources(claim.source)}). Tried by: {escape(claim.formula)}; {escape(claim.rule)}. {runs}</p></section>"
    )


def _figure(answer: Answer) -> str:
    if answer.figure is None or answer.figure.value is None:
        return ""
    return f" <b>{interval_words(answer.figure, answer.unit)}</b>."


def interval_words(figure: Figure, unit: str) -> str:
    """A figure with its interval over draws and its spread over uncertain parameters."""
    words = f"{number(figure.value)} {unit}".strip()
    if figure.low is not None and figure.high is not None:
        words += f", 95% interval over draws {number(figure.low)} to {number(figure.high)}"
    else:
        words += ", one draw or all alike"
    if figure.spread is not None:
        low, high = figure.spread
        words += f", over uncertain parameters {number(low)} to {number(high)}"
    if figure.decides:
        words += f", decided most by {figure.decides[0]}"
    return words


def number(value: float | None) -> str:
    """A number as people read it."""
    if value is None:
        return "none"
    size = abs(value)
    return f"{value:,.0f}" if size >= 100.0 else f"{value:.1f}" if size >= 10.0 else f"{value:.2f}"


def _sources(codes: str) -> str:
    known = sources()
    return ", ".join(
        f'<span title="{escape(known[code].title, quote=True)}">{escape(code)}</span>'
        if code in known
        else escape(code)
        for code in codes.split("+")
    )


def _how(judgement: Judgement) -> str:
    rows = "".join(
        f'<tr id="{_mark(name)}"><td>{escape(name)}</td><td><code>{escape(command)}</code></td></tr>'
        for name, command in judgement.commands.items()
    )
    return (
        "<h2>The runs, to be repeated</h2><p>Intervals are 95% Student intervals over draws of the city. The spread over uncertain parameters is that of the "
        "middle nine tenths of the points of a Latin hypercube over a year, with parameters of supply, money, behaviour and wear within their ranges and the operator's policy as one of them; what decides is the parameter "
        "with the strongest rank correlation. Parameters that the data tables call assumptions are listed with every run (v2gcity data).</p>"
        f'<div class="wide"><table><tr><th>run</th><th>command</th></tr>{rows}</table></div>'
    )


def _mark(name: str) -> str:
    return f"run-{name.replace(' ', '-')}"
