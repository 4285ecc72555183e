"""The browser view, measured from the browser's side: first picture, frames, draws, memory.

``python benchmarks/view.py``, with the extra ``view``, playwright and a Chromium. Writes JSON into
``results/benchmarks/``. Three or four minutes.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[1]
PORT = 8792
FLEET = 1_510_000
SCENARIO = """\
extends: {folder}/shanghai-full.yaml
title: A city of {cars} cars
time: {{start: 2025-08-25, days: {days}, warmup_days: {warmup}}}
fleet: {{sample: {sample}}}
"""
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
#: Frames over some seconds of play; then, in a few seconds more, how often the page could draw, and the
#: longest time between two such turns. Asking for turns makes work: not while frames are counted.
LISTEN = """async () => {
  const app = window.__v2g, began = performance.now(), before = app.received;
  await new Promise((over) => setTimeout(over, 8000));
  const frames = (app.received - before) / (performance.now() - began) * 1000, times = [];
  let last = performance.now();
  const asked = last;
  while (last - asked < 3000) {
    await new Promise((turn) => requestAnimationFrame(turn));
    const now = performance.now();
    times.push(now - last);
    last = now;
  }
  return {frames, draws: times.length / (last - asked) * 1000, slowest_ms: Math.max(...times)};
}"""


@contextmanager
def served(cars: int, days: int, warmup: int) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The view of a city, in a process of its own, and the address it lets in at."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "bench.yaml"
        given = {
            "folder": ROOT / "scenarios",
            "cars": cars,
            "days": days,
            "warmup": warmup,
            "sample": cars / FLEET,
        }
        path.write_text(SCENARIO.format(**given))
        command = [sys.executable, "-m", "sim", "view", str(path), "--no-browser", "--port", str(PORT)]
        environment = os.environ | {"PYTHONUNBUFFERED": "1"}
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as server:
            assert server.stdout is not None
            said = server.stdout.readline()
            address = re.search(r"v2gcity view: (\S+)", said)
            assert address is not None, said
            yield server, address[1]
            server.send_signal(signal.SIGINT)


def memory_mb(server: subprocess.Popen[str]) -> float:
    """What the server holds in memory."""
    lines = Path(f"/proc/{server.pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024.0


def opened(browser: Browser, address: str) -> tuple[Page, float]:
    """A page, and the seconds to its first picture."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    began = time.perf_counter()
    page.goto(address)
    page.wait_for_function("window.__v2g && window.__v2g.received > 0", timeout=300_000)
    return page, time.perf_counter() - began


def play(page: Page) -> None:
    """As fast as it can, from the first recorded step."""
    page.wait_for_function("window.__v2g.frame && !window.__v2g.frame.warming", timeout=600_000)
    page.evaluate("window.__v2g.say({kind: 'speed', place: 4}); window.__v2g.say({kind: 'play', on: true})")
    page.wait_for_timeout(1000)


def frames(browser: Browser, cars: int) -> dict[str, Any]:
    """First picture and frames a second of a city; medians of three stretches of eight seconds."""
    with served(cars, days=28, warmup=1) as (
        server,
        address,
    ):  # long enough for a small city not to end meanwhile
        first = []
        for _ in range(3):
            page, seconds = opened(browser, address)
            first.append(round(seconds, 2))
            page.close()
        page, _ = opened(browser, address)
        play(page)
        found = [page.evaluate(LISTEN) for _ in range(3)]
        page.close()
        middle = {name: round(statistics.median(each[name] for each in found), 1) for name in found[0]}
        return {"cars": cars, "first_picture_s": first, **middle, "memory_mb": round(memory_mb(server))}


def steadiness(browser: Browser) -> dict[str, Any]:
    """Memory day by day over twenty simulated days, and after ten tabs have been opened and closed."""
    with served(20_000, days=21, warmup=1) as (server, address):
        page, _ = opened(browser, address)
        play(page)
        days = []
        for day in range(1, 21):
            page.wait_for_function(f"window.__v2g.frame.day >= {day}", timeout=600_000)
            days.append(round(memory_mb(server)))
        heap = page.evaluate("performance.memory ? performance.memory.usedJSHeapSize / 1048576 : 0")
        page.close()
        time.sleep(30.0)  # a tab that has gone is forgotten after twenty seconds
        before, after = memory_mb(server), []
        for _ in range(10):
            page, _ = opened(browser, address)
            page.wait_for_function("window.__v2g.frame && !window.__v2g.frame.warming", timeout=600_000)
            page.close()
            after.append(round(memory_mb(server)))
        time.sleep(30.0)
        return {
            "mb_by_day": days, "page_heap_mb": round(heap, 1), "mb_before_tabs": round(before),
            "mb_at_each_tab": after, "mb_after_tabs": round(memory_mb(server)),
        }  # fmt: skip


def main() -> None:
    """Measure and write."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=QUIET)
        found = {"date": dt.date.today().isoformat(), "frames": []}
        for cars in (2_000, 100_000, 1_000_000):
            found["frames"].append(frames(browser, cars))
            print(found["frames"][-1], flush=True)
        found["steady"] = steadiness(browser)
        print(found["steady"], flush=True)
        browser.close()
    path = ROOT / "results" / "benchmarks" / f"view-{found['date']}.json"
    path.write_text(json.dumps(found, indent=1) + "\n")
    print(path)


if __name__ == "__main__":
    main()
