"""Draw the floors of the house and the imports between them into ``docs/pictures/floors.png``.

``python docs/make_floors.py``. Floors are those of the import contract in ``pyproject.toml``; the width of a line
is the number of imports from one room to another.
"""

from __future__ import annotations

import ast
import tomllib
from collections import Counter
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
from matplotlib.patches import FancyBboxPatch

ROOT = Path(__file__).parents[1]
PICTURE = Path(__file__).parent / "pictures" / "floors.png"
LEFT_OUT = {"__main__", "version", "cli_sweep", "cli_errors"}  # beside the command line, or a single number


def floors() -> list[list[str]]:
    """Rooms of every floor, the top floor first."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = settings["tool"]["importlinter"]["contracts"][0]["layers"]
    rooms = [[name.strip().removeprefix("sim.") for name in layer.split("|")] for layer in layers]
    return [kept for floor in rooms if (kept := [room for room in floor if room not in LEFT_OUT])]


def room_of(path: Path) -> str:
    """Room that a file belongs to."""
    return path.relative_to(ROOT / "sim").parts[0].removesuffix(".py")


def imports() -> tuple[Counter[tuple[str, str]], Counter[str]]:
    """Number of imports between rooms, and lines of every room."""
    between: Counter[tuple[str, str]] = Counter()
    lines: Counter[str] = Counter()
    for path in (ROOT / "sim").rglob("*.py"):
        text, room = path.read_text(encoding="utf-8"), room_of(path)
        lines[room] += len(text.splitlines())
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("sim."):
                between[room, node.module.split(".")[1]] += 1
    return between, lines


def draw() -> None:
    """Draw the picture."""
    mpl.use("Agg")
    house, (between, lines) = floors(), imports()
    figure, axes = plt.subplots(figsize=(10.0, 9.5))
    middle: dict[str, tuple[float, float]] = {}
    for level, floor in enumerate(house):
        for place, room in enumerate(floor):
            middle[room] = (10.0 * (place + 0.5) / len(floor), float(len(house) - level))
    for (upper, lower), number in between.items():
        if upper in middle and lower in middle and upper != lower:
            (x, y), (to_x, to_y) = middle[upper], middle[lower]
            bend = "arc3,rad=0.25" if y - to_y > 1.5 else "arc3,rad=0"
            axes.annotate(
                "", (to_x, to_y + 0.3), (x, y - 0.3), zorder=1,
                arrowprops={"arrowstyle": "-|>", "alpha": 0.3, "color": "#2b6a99", "connectionstyle": bend,
                            "linewidth": 0.4 + 0.05 * number},
            )  # fmt: skip
    for room, (x, y) in middle.items():
        axes.add_patch(
            FancyBboxPatch((x - 1.35, y - 0.28), 2.7, 0.56, boxstyle="round,pad=0.02", zorder=2,
                           facecolor="#f4f1ea", edgecolor="#444444")
        )  # fmt: skip
        name = room if (ROOT / "sim" / room).is_dir() else f"{room}.py"
        axes.text(x, y + 0.06, name, ha="center", va="center", fontsize=11, zorder=3)
        axes.text(
            x,
            y - 0.17,
            f"{lines[room]:,} lines",
            ha="center",
            va="center",
            fontsize=7,
            color="#666666",
            zorder=3,
        )
    axes.set_xlim(-0.2, 10.2)
    axes.set_ylim(0.5, len(house) + 0.6)
    axes.axis("off")
    axes.set_title("Floors of v2gcity: imports point down", fontsize=13)
    figure.savefig(PICTURE, dpi=110, bbox_inches="tight")
    plt.close(figure)


if __name__ == "__main__":
    draw()
