"""Put a table between two marks of a page."""

from __future__ import annotations

import re
import sys
from pathlib import Path


def put_between(page: Path, begin: str, end: str, table: str) -> None:
    """Replace what stands between the marks `begin` and `end` of a page."""
    text = page.read_text(encoding="utf-8")
    pattern = re.compile(f"{re.escape(begin)}.*{re.escape(end)}", re.DOTALL)
    if not pattern.search(text):
        sys.exit(f"{page.name} has no marks for the table")
    page.write_text(pattern.sub(lambda _: f"{begin}\n{table}\n{end}", text), encoding="utf-8")
