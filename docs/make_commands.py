"""Write what every command says of itself into ``docs/commands.md``; a test holds the page against the program."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sim.cli import main

PAGE = Path(__file__).parent / "commands.md"
WIDTH = 100


def page() -> str:
    """The whole page."""
    parts: list[str] = [
        "# Commands\n\nMade by `docs/make_commands.py`; do not edit. Exit codes: 0 done, 1 a run failed, 2 bad input, 130 interrupted.\n"
    ]
    shown: dict[str, Any] = {
        "terminal_width": WIDTH,
        "max_content_width": WIDTH,
        "help_option_names": ["-h", "--help"],
    }
    with click.Context(main, info_name="v2gcity", **shown) as above:
        for name in main.list_commands(above):
            command = main.commands[name]
            with click.Context(command, info_name=name, parent=above, **shown) as context:
                parts.append(f"## {name}\n\n```text\n{command.get_help(context)}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
