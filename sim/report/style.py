"""How figures look: colours that colour-blind readers can tell apart, and little else."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager
from matplotlib.text import Text

# Okabe & Ito (2008), distinguishable with all common kinds of colour blindness.
BLUE, ORANGE, GREEN, VERMILION, SKY, PURPLE, YELLOW = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7", "#F0E442",
)  # fmt: skip
INK, GREY, LIGHT, BROWN = "#222222", "#6b7280", "#d9dce1", "#7f4f24"

ARM_COLOURS = {"uncontrolled": INK, "smart": BLUE, "v2g": VERMILION}
OTHER_ARMS = (GREEN, PURPLE, ORANGE, SKY, BROWN)
FUEL_COLOURS = {
    "other_mw": "#b7d7b0", "import_mw": "#a8c5dd", "coal_mw": "#9a9a9a", "gas_mw": "#e8c98f",
    "unserved_mw": "#f3b8a5",
}  # fmt: skip
FUEL_NAMES = {
    "other_mw": "other plants, storage", "import_mw": "imports", "coal_mw": "coal", "gas_mw": "gas",
    "unserved_mw": "not met",
}  # fmt: skip

#: Families with Chinese letters that are common on Linux, macOS and Windows.
CHINESE_FAMILIES = (
    "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Source Han Sans CN", "PingFang SC", "Hiragino Sans GB",
    "Heiti SC", "STHeiti", "Microsoft YaHei", "SimHei", "SimSun", "WenQuanYi Zen Hei", "WenQuanYi Micro Hei",
    "Droid Sans Fallback", "Arial Unicode MS", "Noto Sans CJK JP", "Noto Serif CJK SC",
)  # fmt: skip
#: Beyond these letters the font that comes with matplotlib has gaps.
FIRST_CHINESE = "\u2e80"

DPI = 130
LONGEST_FINDING = 100  # letters of a title that fit at full size on a figure eleven inches wide


def arm_colour(arm: str, arms: list[str]) -> str:
    """Colour of an arm: fixed for the standard ones."""
    if arm in ARM_COLOURS:
        return ARM_COLOURS[arm]
    others = [name for name in arms if name not in ARM_COLOURS]
    return OTHER_ARMS[others.index(arm) % len(OTHER_ARMS)]


def arm_name(arm: str) -> str:
    """An arm as a sentence begins with it."""
    return {"v2g": "V2G", "smart": "Smart charging"}.get(arm, f"'{arm}'")


def new_figure(width: float, height: float) -> Figure:
    """An empty figure that belongs to no window."""
    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def save(figure: Figure, path: Path, **metadata: str) -> None:
    """Write a figure. Texts of people are drawn as typed: a dollar sign begins no formula."""
    texts = figure.findobj(Text)
    for text in texts:
        text.set_parse_math(False)
        text.set_fontfamily(["DejaVu Sans", *chinese_families()])
    if not chinese_families() and any(char >= FIRST_CHINESE for text in texts for char in text.get_text()):
        _say_that_letters_are_missing()
        for text in texts:
            text.set_text("".join(char if char < FIRST_CHINESE else "?" for char in text.get_text()))
    figure.savefig(path, metadata=metadata)


@cache
def chinese_families() -> tuple[str, ...]:
    """Installed families with Chinese letters."""
    installed = set(fontManager.get_font_names())
    return tuple(name for name in CHINESE_FAMILIES if name in installed)


@cache
def _say_that_letters_are_missing() -> None:
    print(
        "no font with Chinese letters is installed, figures show ? for them: install Noto Sans CJK "
        "(Debian: apt install fonts-noto-cjk)",
        file=sys.stderr,
    )


def headline(figure: Figure, finding: str, detail: str) -> None:
    """Title that says the finding, and a line that says what is drawn."""
    size = 13.0 if len(finding) <= LONGEST_FINDING else 13.0 * LONGEST_FINDING / len(finding)
    figure.suptitle(f"{finding}\n", x=0.012, ha="left", va="top", fontsize=size, fontweight="bold", color=INK)
    figure.text(
        0.012, 0.985 - 0.34 / figure.get_figheight(), detail, ha="left", va="top", fontsize=9.5, color=GREY
    )


def tidy(axes: Axes, ylabel: str) -> None:
    """Light frame, horizontal grid, unit on the axis."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(LIGHT)
    axes.grid(axis="y", color=LIGHT, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(colors=GREY, labelsize=9)
    axes.set_ylabel(ylabel, fontsize=9.5, color=GREY)
