"""Photograph every view of the page, dark and light, on a desk and on a phone, into ``docs/pictures/view``.

``python docs/make_view_pictures.py``, with the extra ``view``, playwright, a Chromium and a font with Chinese
characters (Debian: fonts-noto-cjk). Two minutes.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parents[1]
FOLDER = Path(__file__).parent / "pictures" / "view"
PORT = 8791
VIEWS = ("city", "grid", "owner", "compare", "data")
SIZES = {"desk": (1440, 900), "phone": (390, 844)}
COLOURS = 256  # of a picture's palette: a third of the size, and nobody sees it
SCENARIO = """\
extends: {folder}/shanghai-summer.yaml
title: Two hot days in August, Shanghai
time: {{start: 2025-08-26, days: 2, warmup_days: 2}}
fleet: {{sample: 0.066225165563}}
"""
#: Both cities of the comparison have come to the hour of the first.
BESIDE = (
    "window.__v2g.view !== 'compare' || "
    "(window.__v2g.maps[1].frame && window.__v2g.frame.hour >= 20 && window.__v2g.noteKind !== 'busy')"
)
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]


def until(page: Page, what: str) -> None:
    """Wait for something to be true on the page."""
    page.wait_for_function(what, timeout=300_000)


def photograph(page: Page, name: str) -> None:
    """Save what is on screen with few colours."""
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(
        FOLDER / f"{name}.png", optimize=True
    )
    print(name, flush=True)


def prepared(page: Page, address: str) -> None:
    """Open the page and go to the evening of the second day, with the owner who earns most."""
    page.goto(address)
    until(page, "window.__v2g && window.__v2g.frame && !window.__v2g.frame.warming")
    page.evaluate("window.__v2g.say({kind: 'jump', step: window.__v2g.known.warmup_steps + 96})")
    until(page, "window.__v2g.frame.day === 1 && window.__v2g.noteKind !== 'busy'")
    page.evaluate("window.__v2g.jumpTo(20)")
    until(
        page,
        "window.__v2g.frame.day === 1 && window.__v2g.frame.hour >= 20 && window.__v2g.noteKind !== 'busy'",
    )
    page.evaluate("window.__v2g.say({kind: 'owner', asked: 'best'})")
    until(page, "window.__v2g.phone.card.yuan_total > 1")


def main() -> None:
    """Start the view, take all pictures, stop it."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as driver:
        scenario = Path(scratch) / "august.yaml"
        scenario.write_text(SCENARIO.format(folder=ROOT / "scenarios"))
        command = [sys.executable, "-m", "sim", "view", str(scenario), "--no-browser", "--port", str(PORT)]
        environment = os.environ | {"PYTHONUNBUFFERED": "1"}
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as server:
            said = server.stdout.readline() if server.stdout is not None else ""
            address = re.search(r"v2gcity view: (\S+)", said)
            if address is None:
                sys.exit(f"the view did not start: {said}")
            browser = driver.chromium.launch(executable_path=chromium, args=QUIET)
            for place, (width, height) in SIZES.items():
                page = browser.new_page(viewport={"width": width, "height": height})
                prepared(page, address[1])
                for view in VIEWS:
                    page.evaluate(f"window.__v2g.turn('{view}')")
                    until(page, BESIDE)
                    for theme in ("dark", "light"):
                        page.evaluate(
                            f"window.__v2g.dark = {str(theme == 'dark').lower()}; window.__v2g.theme()"
                        )
                        page.wait_for_timeout(1500)
                        photograph(page, f"{view}-{place}-{theme}")
                page.evaluate("window.__v2g.turn('city'); window.__v2g.root.classList.add('with-controls')")
                page.wait_for_timeout(600)
                photograph(page, f"controls-{place}-light")
                page.close()
            browser.close()
            server.send_signal(signal.SIGINT)


if __name__ == "__main__":
    main()
