"""Hooks of the site: what the pages show from outside the docs folder is brought along or only named."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]
OUTSIDE = re.compile(r"(!?)\[([^\]]*)\]\(\.\./([^)#]+)\)")
BROUGHT = "brought"


def on_files(files: Files, config: Any) -> Files:
    """Bring pictures of results along."""
    for picture in sorted((ROOT / "results" / "benchmarks").glob("*.png")):
        files.append(File.generated(config, f"{BROUGHT}/{picture.name}", abs_src_path=str(picture)))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Point to brought pictures; name files of the source without a link."""

    def inside(found: re.Match[str]) -> str:
        picture, text, path = found.groups()
        return f"![{text}]({BROUGHT}/{Path(path).name})" if picture else text

    return OUTSIDE.sub(inside, markdown)
