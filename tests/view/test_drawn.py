"""What is drawn and written on the page, read from a browser that is told what a session would tell it.

The page runs alone: no server, and a widget that only keeps what the page sends. Texts on canvases are
noted with their places as they are drawn.
"""

import base64
import json

import pytest

from sim.data.catalogue import PLACES
from sim.scenario import load_scenario
from sim.view import figures
from sim.view.pair import Pair
from sim.view.stage import Stage, script
from tests.conftest import some_districts
from tests.view.conftest import SMALL
from tests.view.test_browser import chromium, pytestmark  # noqa: F401

ALONE = """
const drawn = [];
const write = CanvasRenderingContext2D.prototype.fillText;
CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
  const wide = this.measureText(text).width;
  const left = x - { left: 0, start: 0, center: wide / 2, right: wide, end: wide }[this.textAlign];
  drawn.push({ text: String(text), left, on: this.canvas.getAttribute("aria-label") || "" });
  write.call(this, text, x, y);
};
window.drawn = drawn;
window.sent = [];
const model = { get: () => true, on: () => null, off: () => null, send: (message) => window.sent.push(message) };
document.body.innerHTML = '<div id="root" style="width: 1400px"></div>';
const root = document.getElementById("root");
root.className = "v2g";
window.app = new App(model, root);
window.hear = (message, buffers) => window.app.hear(message, buffers.map((text) => {
  const bytes = Uint8Array.from(atob(text), (each) => each.charCodeAt(0));
  return new DataView(bytes.buffer);
}));
"""


class Alone:
    """The page without a server."""

    def __init__(self, browser):
        self.page = browser.new_page(viewport={"width": 1440, "height": 900})
        self.wrong = []
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.set_content("<!doctype html><body></body>")
        self.page.add_style_tag(content=Stage.class_traits()["_css"].default_value)
        self.page.add_script_tag(content=script().split("export default")[0] + ALONE)

    def hear(self, sent):
        """Give messages of a stage to the page, and wait until all is drawn."""
        for content, buffers in sent:
            texts = [base64.b64encode(bytes(part)).decode() for part in buffers or []]
            self.page.evaluate("([message, buffers]) => window.hear(message, buffers)", [content, texts])
        sent.clear()
        self.rest()

    def rest(self):
        """Wait until the page has nothing more to draw."""
        self.page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done, 60)))")

    def says(self, expression):
        """What an expression of the page's own script gives."""
        return self.page.evaluate(expression)

    def text(self, mark):
        """What people read in a marked part."""
        return self.page.get_by_test_id(mark).inner_text()

    def drawn(self, label=""):
        """Texts on the canvases whose label holds a word, drawn afresh."""
        self.says("() => { window.drawn.length = 0; app.drawn = 0; app.paint(); }")
        self.rest()
        return [each for each in self.says("window.drawn") if label in each["on"]]


@pytest.fixture
def alone(chromium):  # noqa: F811
    found = Alone(chromium)
    yield found
    found.page.close()
    assert not found.wrong


@pytest.fixture
def stage(monkeypatch):
    found = Stage(source="quickstart")
    found.sent = []

    def send(content, buffers=None):
        found.sent.append((json.loads(json.dumps(content)), buffers))
        found.session.acknowledge()

    monkeypatch.setattr(found, "send", send)
    yield found
    found.session._forget()


def opened_at(stage, hour, **settings):
    """Let a stage open the small city and go to an hour of its day."""
    session = stage.session
    session.do_run("scenarios/quickstart.yaml", {**SMALL, **settings})
    session.do_jump(session.sides[0].pair.arm.clock.warmup_steps + 4 * hour - 1)
    return session


def test_a_power_has_one_unit_one_sign_and_one_sentence(alone):
    told = {
        "power(-871)": "−871 MW", "power(1234)": "1.23 GW", "power(-1234)": "−1.23 GW", "power(0)": "0 MW",
        "power(-3.14)": "−3.1 MW", "power(-0.04)": "0.0 MW",
        "besides(871)": "871 MW above without", "besides(-871)": "871 MW below without",
        "besides(0)": "the same as without",
        "change(-1500, power)": "1.50 GW less", "change(0.01, power)": "0.0 MW",
        "money(-0.001)": "0.00 ¥", "money(-0.8)": "−0.80 ¥", "clock(17.999)": "18:00", "number(-1000)": "−1,000",
    }  # fmt: skip
    for expression, expected in told.items():
        assert alone.says(expression) == expected, expression


@pytest.mark.parametrize(("low", "high", "per", "texts"), [
    (-1100, 1500, 1, ["−1,000", "0", "1,000"]), (0, 0.66, 1, ["0.0", "0.2", "0.4", "0.6"]),
    (25_000, 26_600, 1000, ["25.0", "25.5", "26.0", "26.5"]), (-2400, 4100, 1000, ["−2", "0", "2", "4"]),
])  # fmt: skip
def test_no_two_ticks_read_the_same(alone, low, high, per, texts):
    found = alone.says(f"ticks({low}, {high}, 4, {per})")
    assert [each["text"] for each in found] == texts
    for each in found:
        assert float(each["text"].replace(",", "").replace("−", "-")) * per == pytest.approx(each["value"])


@pytest.mark.parametrize(("drawn_mw", "unit"), [(700.0, "MW"), (4200.0, "GW")])
def test_the_cars_have_the_unit_of_their_axis_and_every_minus(alone, stage, drawn_mw, unit):
    """The axis chooses its unit; the title says which; a negative tick of four digits is inside the picture."""
    session = opened_at(stage, 19)
    history = {name: [0.0] * 76 for name in figures.history(session.sides[0].pair)}
    history |= {"ev_charge_mw": [drawn_mw] * 76, "ev_discharge_mw": [0.3 * drawn_mw + 750.0] * 76}
    stage.sent.append(({"kind": "history", "history": history}, None))
    alone.hear(stage.sent)
    alone.says("app.turn('grid')")
    hours = {f"{hour:02d}" for hour in range(0, 25, 4)}
    ticks = [each for each in alone.drawn("Power of the cars") if each["text"] not in hours]
    title = alone.page.locator(".panel.cars h2").inner_text()
    assert title.splitlines()[0] == f"The cars, {unit}"
    assert any(each["text"].startswith("−") for each in ticks)
    assert min(each["left"] for each in ticks) >= 0.0
    highest = max(float(each["text"].replace(",", "")) for each in ticks if each["text"][0] != "−")
    assert highest <= 1.1 * drawn_mw / {"MW": 1.0, "GW": 1000.0}[unit]


def test_a_higher_peak_is_above(alone, stage):
    opened_at(stage, 19)
    alone.hear(stage.sent)
    alone.says(
        "() => { app.history.net_load_mw[3] = Math.max(...app.history.reference_net_load_mw) + 871; app.drawn = 0; app.show(app.frame); }"
    )
    assert "highest so far: 871 MW above without" in alone.text("tile-shaved")


def fen(text):
    """A sum of money as it is written, in hundredths of a yuan."""
    return round(100 * float(text.replace("¥", "").replace("−", "-").replace(",", "")))


def test_the_parts_on_the_phone_add_up_to_the_sum_above_them(alone, stage):
    """To the last fen, at every hour, for whoever fed in: all are differences against the reference."""
    session = opened_at(stage, 1, **{"participation.enrolled_share": 0.3})
    alone.hear(stage.sent)
    alone.says("app.turn('owner')")
    first, seen = session.sides[0].pair.arm.clock.warmup_steps, set()
    for hour in (3, 9, 14, 19, 21):
        session.do_jump(first + 4 * hour - 1)
        earned = session.sides[0].pair.earned_yuan()
        for car in earned.index[earned.abs() > 0.0][:4]:
            session.do_owner(str(car))
            alone.hear(stage.sent)
            parts = [fen(line) for line in alone.text("parts").splitlines() if "¥" in line]
            assert len(parts) == 3
            assert sum(parts) == fen(alone.text("night"))
            seen.add(tuple(parts))
    assert len(seen) > 10
    assert "against charging at once" in alone.text("phone")


def test_two_days_are_no_month(alone, stage):
    """The phone tells what has been, a day; it makes no month of it."""
    session = opened_at(stage, 24, **{"time.days": 2, "time.start": "2025-08-26"})
    session.do_owner("3")
    alone.hear(stage.sent)
    alone.says("app.turn('owner')")
    card = alone.says("app.card")
    assert alone.text("a-day") == f"{alone.says('money(app.card.yuan_total)')}"
    assert card["days"] == 1.0
    assert "month" not in alone.text("phone")
    session.do_jump(10**6)
    alone.hear(stage.sent)
    assert "a day, over 2.0 days" in alone.text("phone")
    assert not [event for event in alone.says("app.card.events") if event[1] == "end"]


def test_one_colour_is_one_power_on_both_maps_and_at_all_times(alone, stage):
    """The scale is that of the cars' ratings; both maps show it, and no moment moves it."""
    session = opened_at(stage, 3)
    session.do_compare("uncontrolled")
    alone.hear(stage.sent)
    alone.says("app.turn('compare')")
    assert alone.says("app.maps[0].full === app.maps[1].full")
    full = alone.says("app.maps[0].full")
    words = [each["text"] for each in alone.drawn() if "MW or more" in each["text"]]
    assert words == [f"{full / 1000.0:g} MW or more"] * 2
    for hour in (12, 19):
        session.do_jump(session.sides[0].pair.arm.clock.warmup_steps + 4 * hour - 1)
        alone.hear(stage.sent)
        assert alone.says("[app.maps[0].full, app.maps[1].full]") == [full] * 2


def test_a_hexagon_of_the_same_power_has_the_same_colour_beside_a_stronger_one(alone, stage):
    session = opened_at(stage, 3)
    session.do_compare("uncontrolled")
    alone.hear(stage.sent)
    alone.says("app.turn('compare')")
    shown = """other => { const cells = [0, 1].map(k => new Float32Array(app.map.x.length * 4));
        cells[0][0] = cells[1][0] = 0.3 * app.maps[0].full; cells[1][400] = other * app.maps[0].full;
        return app.maps.map((map, k) => { const none = new Int16Array(0);
            map.take(app.frame, cells[k], new Uint8Array(0), none, false); map.canvas.paint();
            const [x, y] = map.at[0], pen = map.power.getContext("2d"), ratio = map.canvas.ratio;
            return [...pen.getImageData(x * ratio, y * ratio, 1, 1).data]; }); }"""
    one, beside_a_stronger = alone.page.evaluate(shown, 40.0)
    assert one == beside_a_stronger
    assert one[3] > 0


def test_a_new_scenario_marks_its_own_owner(alone, stage):
    """Nothing of the former city stays on the page: not its owner, its operator, its sums, its table."""
    session = opened_at(stage, 19)
    session.do_owner("best")
    alone.hear(stage.sent)
    former = alone.says("app.card.name")
    assert former in [each["text"] for each in alone.drawn("Map of the city")]
    alone.says("app.turn('grid')")
    assert "policy" in alone.text("operator")
    settings = {"fleet.sample": 500 / 1_510_000, "time.warmup_days": 0, "time.days": 2}
    session.do_run("scenarios/shanghai-winter.yaml", settings)
    alone.hear(stage.sent)
    alone.says("app.turn('owner')")
    own = alone.says("app.card.name")
    assert own == alone.page.locator(".phone h3").inner_text() != former
    assert "policy" not in alone.page.get_by_test_id("operator").text_content()
    assert alone.page.get_by_test_id("table").text_content() == ""
    session.do_step()
    alone.hear(stage.sent)
    marked = [each["text"] for each in alone.drawn("Map of the city") if each["text"].startswith("Owner ")]
    assert marked == [own]


def test_a_page_drawn_anew_has_its_owner_again(alone, stage):
    session = opened_at(stage, 12)
    session.do_owner("17")
    alone.hear(stage.sent)
    session.do_show_again()
    alone.hear(stage.sent)
    assert alone.says("app.card.car") == 17
    assert alone.page.locator(".phone h3").inner_text() == "Owner 17"


def test_play_at_the_end_stays_play_and_says_why(alone, stage):
    session = opened_at(stage, 24)
    alone.hear(stage.sent)
    for _ in range(2):
        alone.page.get_by_test_id("play").click()
        assert alone.says("sent.at(-1)") == {"kind": "play", "on": True}
        session.do_play(True)
        alone.hear(stage.sent)
        assert "Play" in alone.text("play")
        assert "the run is at its end" in alone.text("note")


def test_what_an_event_does_is_shown_against_the_same_arm_without_it(alone, stage):
    """Both arms unplug, so that they hardly differ any more; the page tells what that did to the arm."""
    session = opened_at(stage, 18)
    pair = session.sides[0].pair
    alone.hear(stage.sent)
    assert not alone.page.get_by_test_id("tile-event").is_visible()
    session.do_shock("unplug", hours=2, share=1.0)
    session.do_step()
    session.do_step()
    alone.hear(stage.sent)
    assert alone.text("tile-shaved").splitlines()[1] == "0 MW"
    calm = Pair.of(load_scenario("scenarios/quickstart.yaml", SMALL), "v2g")
    while calm.arm.step_index < pair.arm.step_index:
        calm.step()
    did = pair.latest()["net_load_mw"] - calm.latest()["net_load_mw"]
    assert abs(did) > 10.0
    told = alone.text("tile-event").splitlines()
    assert told[1] == alone.says(f"change({did:.4f}, power)")
    assert "the same arm without it" in told[2]
    assert "without what happened" in alone.page.locator(".panel.load").inner_text()
    session.do_shock("payment", hours=3, yuan_per_kwh=2.0)
    again = session.sides[0].pair
    assert again is not pair
    assert again.undisturbed.step_index == again.arm.step_index
    assert figures.history(again)["undisturbed_net_load_mw"] == pytest.approx(
        figures.history(calm)["net_load_mw"]
    )
    session.do_run("scenarios/quickstart.yaml", SMALL)
    session.do_jump(100)
    alone.hear(stage.sent)
    assert not alone.page.get_by_test_id("tile-event").is_visible()


def test_a_shock_to_many_cars_says_what_is_compared(stage, monkeypatch):
    monkeypatch.setattr("sim.view.pair.MOST_UNDISTURBED", 100)
    session = opened_at(stage, 18)
    session.do_shock("unplug", hours=2, share=1.0)
    assert session.sides[0].pair.undisturbed is None
    told = stage.sent[-1][0]["text"]
    assert "in v2g and uncontrolled alike" in told
    assert "not what the shock does to both" in told


def test_the_reference_is_called_by_what_it_does(alone, stage):
    opened_at(stage, 12, reference="smart")
    alone.hear(stage.sent)
    assert "arm 'smart'" in alone.text("tile-shaved")
    assert "arm 'smart'" in alone.page.locator(".panel.load h2").inner_text()
    assert "charging at once" not in alone.page.locator("body").inner_text()


def test_a_map_that_was_out_of_sight_tells_the_present(alone, stage):
    """Clock and counts beside a map are those of what it shows, whatever was looked at meanwhile."""
    session = opened_at(stage, 12)
    alone.hear(stage.sent)
    alone.says("app.turn('grid')")
    for hour in (17, 20):
        session.do_jump(session.sides[0].pair.arm.clock.warmup_steps + 4 * hour - 1)
        alone.hear(stage.sent)
    alone.says("app.turn('city')")
    alone.rest()
    charging = session.sides[0].pair.latest()["cars_charging"]
    told = alone.page.locator(".map").first.inner_text()
    assert "19:45" in told
    assert alone.says(f"cars({charging})") in told


def test_another_place_says_what_is_shanghais(alone, stage):
    """In English and Chinese; nothing of it with Shanghai."""
    few = {"fleet.sample": 400 / 1_780_000, "time.warmup_days": 0, "time.days": 1}
    stage.session.do_run("scenarios/california.yaml", few)
    alone.hear(stage.sent)
    told = alone.text("place")
    assert "California: plants, contracts" in told
    assert "Shanghai's are the map, names of districts" in told
    assert "in yuan" in told
    assert "地图、区名" in told
    assert "人民币" in told
    assert "上海" not in alone.page.locator("h1").inner_text()
    assert "加利福尼亚" in alone.page.locator("h1").inner_text()
    stage.session.do_run("scenarios/quickstart.yaml", SMALL)
    alone.hear(stage.sent)
    assert alone.text("place") == ""
    assert "上海" in alone.page.locator("h1").inner_text()


def test_each_side_has_the_map_of_its_own_place(alone, stage, tmp_path):
    """A place with districts of its own is not drawn on the other's map."""
    place = tmp_path / "town"
    place.mkdir()
    for path in (PLACES / "shanghai").glob("*.csv"):
        if path.name != "map_outline.csv":
            (place / path.name).write_bytes(path.read_bytes())
    (place / "districts.csv").write_text(some_districts(8), encoding="utf-8")
    session = opened_at(stage, 2)
    session.do_compare(
        "v2g", source="scenarios/quickstart.yaml", settings={**SMALL, "city.place": str(place)}
    )
    alone.hear(stage.sent)
    alone.says("app.turn('compare')")
    sizes = alone.says("app.maps.map(map => [map.map.x.length * 4, map.cells.length, map.map.names.length])")
    assert [cells for cells, found, _ in sizes] == [found for _, found, _ in sizes]
    assert [names for *_, names in sizes] == [16, 8]
    assert "town: plants" in alone.text("place")


def test_so_far_means_up_to_the_moment_that_is_shown(alone, stage):
    """Looking back, the highest net load so far is that of then."""
    session = opened_at(stage, 20)
    first = session.sides[0].pair.arm.clock.warmup_steps
    session.do_jump(first + 15)
    alone.hear(stage.sent)
    history = figures.history(session.sides[0].pair)
    cut = max(history["reference_net_load_mw"][:16]) - max(history["net_load_mw"][:16])
    assert cut != max(history["reference_net_load_mw"]) - max(history["net_load_mw"])
    assert f"highest so far: {alone.says(f'besides({-cut})')}" in alone.text("tile-shaved")
