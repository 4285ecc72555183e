"""The terminal: texts of users are shown as they were typed, never read as markup."""

from __future__ import annotations

from rich.console import Console
from rich.progress import TextColumn


def console(width: int | None = None, stderr: bool = False) -> Console:
    """A console for texts of anybody; of a given width where the output is no terminal."""
    found = Console(markup=False, emoji=False, highlight=False, stderr=stderr)
    if found.is_terminal or width is None:
        return found
    return Console(markup=False, emoji=False, highlight=False, stderr=stderr, width=width)


def text_column(form: str) -> TextColumn:
    """A column of a progress bar that shows texts of anybody."""
    return TextColumn(form, markup=False)
