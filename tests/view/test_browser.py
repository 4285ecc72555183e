"""The page in a real browser: headless Chromium, where there is one. Nothing may leave this machine."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager

import pytest

import sim

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium; Debian: apt-get install chromium"),
    pytest.mark.xdist_group("browser"),
]

QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
PATIENCE_MS = 120_000
SCENARIO = """\
extends: {folder}/quickstart.yaml
title: A day of the tests
time: {{warmup_days: 1}}
fleet: {{sample: {sample}}}
arms: {{smart: null}}
"""


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture(scope="module")
def scenario(tmp_path_factory):
    from sim.scenario.shipped import scenarios_folder

    path = tmp_path_factory.mktemp("view") / "tests.yaml"
    path.write_text(SCENARIO.format(folder=scenarios_folder(), sample=1000 / 1_510_000))
    return path


@contextmanager
def served(source):
    """A server in a process of its own, and its address; it has to end when it is told to."""
    port = free_port()
    command = [sys.executable, "-m", "sim", "view", str(source), "--no-browser", "--port", str(port)]
    environment = os.environ | {"PYTHONUNBUFFERED": "1", "NO_PROXY": "localhost"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    ) as process:
        try:
            line = process.stdout.readline()
            found = re.search(rf"v2gcity view: (http://localhost:{port}/\?token=\S+) ", line)
            assert found, line + process.stdout.read()
            yield process, found[1]
            process.send_signal(signal.SIGINT)
            process.wait(15)
        finally:
            process.kill()


@pytest.fixture(scope="module")
def server(scenario):
    with served(scenario) as (_, address):
        yield address


@pytest.fixture(scope="module")
def chromium():
    with playwright.sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield found
        found.close()


class Watch:
    """A page, and everything on it that must not happen."""

    def __init__(self, chromium, address, **given):
        self.context = chromium.new_context(
            viewport={"width": 1440, "height": 900}, accept_downloads=True, **given
        )
        self.page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.wrong = []
        origin = address.partition("/?")[0]
        home = (origin, origin.replace("http", "ws"), "data:", "blob:")
        self.page.on(
            "request",
            lambda request: None if request.url.startswith(home) else self.wrong.append(request.url),
        )
        self.page.on(
            "response",
            lambda answer: (
                self.wrong.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None
            ),
        )
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("console", lambda said: self.wrong.append(said.text) if said.type == "error" else None)
        self.page.goto(address)
        self.until("window.__v2g && window.__v2g.frame && !window.__v2g.frame.warming")

    def until(self, what):
        self.page.wait_for_function(what, timeout=PATIENCE_MS)

    def press(self, mark):
        self.page.get_by_test_id(mark).click()

    def jump(self, hour):
        self.page.evaluate(f"window.__v2g.jumpTo({'null' if hour is None else hour})")
        wanted = "window.__v2g.frame.finished" if hour is None else f"window.__v2g.frame.hour >= {hour}"
        self.until(f"{wanted} && window.__v2g.noteKind !== 'busy'")

    def text(self, mark):
        return self.page.get_by_test_id(mark).inner_text()

    def pixels(self, red, green, blue):
        """How many pixels of the map have about a hue."""
        return self.page.evaluate(
            """([r, g, b]) => { const sheet = document.querySelector('.map canvas');
            const data = sheet.getContext('2d').getImageData(0, 0, sheet.width, sheet.height).data; let found = 0;
            for (let k = 0; k < data.length; k += 4)
              if (Math.abs(data[k]-r) + Math.abs(data[k+1]-g) + Math.abs(data[k+2]-b) < 60) found++;
            return found; }""",
            [red, green, blue],
        )

    def warm_pixels(self):
        """How many pixels of the map are of any shade of orange: one shade is one power."""
        return self.page.evaluate(
            """() => { const sheet = document.querySelector('.map canvas');
            const data = sheet.getContext('2d').getImageData(0, 0, sheet.width, sheet.height).data; let found = 0;
            for (let k = 0; k < data.length; k += 4)
              if (data[k] > data[k+1] && data[k+1] > data[k+2] && data[k] - data[k+2] > 30) found++;
            return found; }"""
        )


@pytest.fixture
def watch(chromium, server):
    found = Watch(chromium, server)
    yield found
    found.context.close()
    assert not found.wrong


def test_nothing_has_no_sign(watch):
    """What rounds to nothing is neither earned nor lost."""
    told = """() => { const earned = {n: 1, median: -0.001, max: 0.04};
        window.__v2g.tiles.summary({owner_earnings_yuan_per_day: earned}, "2025-08-27"); }"""
    watch.page.evaluate(told)
    tile = watch.page.get_by_test_id("tile-owner").inner_text()
    assert "\n0.00 ¥" in tile
    assert "best 0.0 " in tile


def test_a_day_is_played_and_its_figures_are_those_of_the_command_line(watch, scenario, tmp_path):
    watch.page.get_by_test_id("speed").evaluate(
        "node => { node.value = 4; node.dispatchEvent(new Event('input')) }"
    )
    before = watch.page.evaluate("window.__v2g.received")
    watch.press("play")
    watch.until("window.__v2g.frame.finished")
    watch.until("window.__v2g.summary")
    assert watch.page.evaluate("window.__v2g.received") - before >= 90
    with watch.page.expect_download() as waiting:
        watch.press("menu")
        watch.press("export-yaml")
    path = tmp_path / "shown.yaml"
    waiting.value.save_as(path)
    effect = sim.run(path).summary["effects"]["v2g"]
    shown = watch.page.evaluate("window.__v2g.summary.effects.v2g")
    for key in ("peak_shaving_mw", "coal_displaced_tce", "co2_avoided_t", "soc_carry_over_mwh"):
        assert shown[key] == pytest.approx(effect[key], rel=1e-9), key
    frame = watch.page.evaluate("window.__v2g.frame")
    assert frame["saved"]["coal_displaced_tce"] == pytest.approx(effect["coal_displaced_tce"], rel=1e-9)
    assert f"{abs(frame['saved']['co2_avoided_t']):,.0f} t" in watch.text("tile-co2")
    median = effect["owner_earnings_yuan_per_day"]["median"]
    assert f"{abs(median):.2f} ¥" in watch.text("tile-owner")


def test_cars_charge_at_night_and_give_back_in_the_evening(watch):
    watch.jump(3)
    blue, orange = watch.pixels(0x4C, 0xB2, 0xFF), watch.warm_pixels()
    watch.jump(20)
    assert watch.warm_pixels() > orange + 50
    assert blue > 50
    watch.page.mouse.move(360, 480)
    watch.page.wait_for_selector(".tip:not([hidden])")
    assert "plugged in" in watch.page.inner_text(".tip")


def test_owners_are_found_and_the_unknown_is_said(watch):
    watch.jump(None)
    for rank in ("worst", "median", "best"):
        watch.press(rank)
    watch.until("document.querySelectorAll('.events li').length > 0")
    assert "¥" in watch.text("night")
    watch.page.get_by_test_id("find").fill("17")
    watch.page.keyboard.press("Enter")
    watch.until("window.__v2g.phone.card.car === 17")
    watch.page.get_by_test_id("find").fill("nobody at all")
    watch.page.keyboard.press("Enter")
    watch.until("window.__v2g.noteKind === 'trouble'")
    assert "no such owner" in watch.text("note")


def test_a_shock_strikes_on_the_page(watch):
    watch.jump(18)
    watch.press("tab-grid")
    watch.press("unplug")
    watch.until(
        "window.__v2g.noteKind !== 'trouble' && document.querySelector('.note').textContent.includes('unplug at')"
    )
    watch.press("step")
    watch.until("window.__v2g.frame.system.cars_plugged === 0")
    watch.press("payment")
    watch.until(
        "window.__v2g.frame && window.__v2g.frame.operator && window.__v2g.frame.operator.premium === 2"
    )
    watch.press("step")
    assert "feeding in pays" in watch.text("operator")


def test_two_cities_on_one_clock(watch):
    watch.jump(19)
    watch.press("tab-compare")
    watch.until(
        "window.__v2g.sides.length === 2 && window.__v2g.maps[1].frame && window.__v2g.maps[1].frame.hour >= 19"
    )
    watch.press("step")
    watch.until("window.__v2g.maps[0].frame.step === window.__v2g.maps[1].frame.step")
    given = "window.__v2g.maps[{}].frame.system.ev_discharge_mw"
    assert watch.page.evaluate(given.format(0)) > 0.0
    assert watch.page.evaluate(given.format(1)) == 0.0


def test_settings_run_or_say_why_not(watch):
    watch.press("menu")
    slider = watch.page.get_by_test_id("slider-participation.enrolled_share")
    slider.evaluate("node => { node.value = 0; node.dispatchEvent(new Event('input')) }")
    watch.press("run")
    watch.until(
        "window.__v2g.frame && !window.__v2g.frame.warming && window.__v2g.frame.system.cars_enrolled === 0"
    )
    watch.press("tab-data")
    assert "Pudong 浦东新区" in watch.text("table")
    with watch.page.expect_download() as waiting:
        watch.press("export-csv")
    assert waiting.value.suggested_filename == "tests.csv"
    with watch.page.expect_download() as waiting:
        watch.press("export-png")
    assert waiting.value.suggested_filename.endswith(".png")
    watch.page.get_by_test_id("scenario").select_option("shanghai-winter")
    watch.until("window.__v2g.offer.scenario === 'shanghai-winter'")


def test_keys_theme_and_a_phone(chromium, server):
    watch = Watch(chromium, server, reduced_motion="reduce")
    watch.page.set_viewport_size({"width": 390, "height": 844})
    watch.press("theme")
    assert "light" in watch.page.evaluate("window.__v2g.root.className")
    before = watch.page.evaluate("window.__v2g.shown")
    watch.page.keyboard.press("ArrowRight")
    watch.until(f"window.__v2g.shown === {before + 1}")
    watch.page.keyboard.press("3")
    assert watch.page.evaluate("window.__v2g.view") == "owner"
    wide = watch.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 390
    label = watch.page.locator(".map canvas").first.get_attribute("aria-label")
    assert "cars charging" in label
    watch.context.close()
    assert not watch.wrong


def test_a_lost_line_is_said(chromium, scenario):
    with served(scenario) as (process, address):
        watch = Watch(chromium, address)
        process.kill()
        watch.until("document.querySelector('.note').textContent.includes('no answer')")
        watch.context.close()


def test_a_closed_tab_frees_its_model_and_others_go_on(chromium, server):
    first, second = Watch(chromium, server), Watch(chromium, server)
    first.jump(20)
    assert second.page.evaluate("window.__v2g.frame.hour") < 20.0
    first.context.close()
    second.press("step")
    second.until("window.__v2g.frame.hour > 0")
    second.context.close()


def test_a_finished_result_is_shown_again(chromium, scenario, tmp_path):
    sim.run(scenario, tmp_path / "result")
    with served(tmp_path / "result") as (_, address):
        watch = Watch(chromium, address)
        watch.jump(None)
        watch.until(
            "document.querySelector('.note').textContent.includes('all effects are those of the result')"
        )
        watch.context.close()
    assert not watch.wrong
