"""A tab's session: requests in order, frames acknowledged, troubles told, nothing left running."""

import time

import pytest

from sim.view.session import Session

SETTINGS = {"fleet.sample": 300 / 1_510_000, "time.warmup_days": 1}


class Browser:
    """Stands for a page: keeps what it is sent and answers, unless it has gone."""

    def __init__(self):
        self.got, self.here = [], True
        self.session = Session(self.take)

    def take(self, message):
        self.got.append(message)
        if message["kind"] == "frame" and self.here:
            self.session.acknowledge()

    def kinds(self):
        return [message["kind"] for message in self.got]

    def last(self, kind):
        return next(message for message in reversed(self.got) if message["kind"] == kind)

    def frame(self):
        return self.last("frame")["frames"][0]


@pytest.fixture
def browser():
    found = Browser()
    yield found
    found.session.close()


@pytest.fixture
def opened(browser):
    """A page with a run at its first recorded step, worked by hand, without a thread."""
    session = browser.session
    session.do_run("scenarios/quickstart.yaml", SETTINGS)
    session.do_jump(0)
    return browser


def wait_for(true, seconds=60.0):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def test_a_run_plays_to_its_end_and_the_thread_ends_with_the_tab(browser):
    session = browser.session
    session.start()
    session.ask("run", source="scenarios/quickstart.yaml", settings=SETTINGS)
    session.ask("speed", place=4)
    session.ask("play", on=True)
    wait_for(lambda: "frame" in browser.kinds() and browser.frame().figures["finished"])
    assert browser.last("summary")["finished"]
    frames = [message["frames"][0] for message in browser.got if message["kind"] == "frame"]
    steps = [frame.step for frame in frames if not frame.figures["warming"]]
    assert steps == sorted(set(steps))
    assert len(steps) == 96
    session.close()
    wait_for(lambda: not session._thread.is_alive(), 10.0)
    assert not session.sides


def test_a_browser_that_has_gone_stops_the_clock(browser, monkeypatch):
    monkeypatch.setattr("sim.view.session.SILENCE_S", 0.2)
    session = browser.session
    session.start()
    session.ask("run", source="scenarios/quickstart.yaml", settings=SETTINGS)
    wait_for(lambda: bool(session.sides) and session.sides[0].pair.recording)
    browser.here = False
    session.ask("play", on=True)
    wait_for(lambda: "silent" in browser.kinds())
    step = session.sides[0].pair.arm.step_index
    time.sleep(0.5)
    assert session.sides[0].pair.arm.step_index == step


def test_two_tabs_know_nothing_of_each_other(opened):
    other = Browser()
    other.session.do_run("scenarios/quickstart.yaml", SETTINGS)
    before = opened.session.sides[0].pair.arm.step_index
    other.session.do_jump(10**6)
    assert opened.session.sides[0].pair.arm.step_index == before
    assert other.session.sides[0].pair.arm.finished
    other.session._forget()


def test_jumping_back_shows_what_was_seen(opened):
    session = opened.session
    first = session.sides[0].pair.arm.clock.warmup_steps
    session.do_jump(first + 40)
    seen = opened.frame()
    session.do_jump(first + 60)
    session.do_jump(first + 40)
    again = opened.frame()
    assert not opened.last("frame")["live"]
    assert again.figures["system"] == seen.figures["system"]
    assert (again.cells == seen.cells).all()
    session.do_step()
    assert opened.frame().step == first + 61


def test_what_changes_by_the_hour_is_sent_once_and_remembered_in_every_frame(opened):
    session = opened.session
    first = session.sides[0].pair.arm.clock.warmup_steps
    session.do_speed(4)
    session.do_play(True)
    for _ in range(9):
        session._advance()
    sent = [message["frames"][0].figures for message in opened.got if message["kind"] == "frame"][-8:]
    assert 1 <= sum("operator" in figures for figures in sent) < 8
    session.do_jump(first + 2)
    early = opened.frame().figures
    session.do_jump(first + 8)
    late = opened.frame().figures
    assert early["operator"]["policy"] == late["operator"]["policy"]
    assert early["saved"] is not None
    assert early["operator"]["forecast"] != late["operator"]["forecast"]


def test_what_was_seen_while_the_first_days_went_by_does_not_stand_for_later_steps(browser, monkeypatch):
    """Few frames are shown of those days; a moment after them is found nevertheless."""
    monkeypatch.setattr("sim.view.session.WARMING_FRAMES_PER_S", 1e9)
    session = browser.session
    session.do_run("scenarios/quickstart.yaml", SETTINGS)
    for number in range(98):
        if number % 7:
            session._step()
        else:
            session._advance()
    session.do_play(True)
    for _ in range(5):
        session._advance()
    session.do_jump(100)
    assert browser.frame().step == 100


def test_a_page_without_a_city_says_so(browser):
    session = browser.session
    for ask, given in (
        ("play", {"on": True}),
        ("step", {}),
        ("export", {"form": "csv"}),
        ("owner", {"asked": "1"}),
    ):
        session.ask(ask, **given)
        session._take_requests(wait=False)
        assert browser.last("trouble")["text"].startswith("no city is open")


def test_a_shock_strikes_both_cities_or_is_run_again_in_both(opened):
    session = opened.session
    settings = {**SETTINGS, "operator.arrivals": "perfect"}
    session.do_compare("v2g", source="scenarios/shanghai-winter.yaml", settings=settings)
    assert not session.sides[0].pair.foresees([])
    assert session.sides[1].pair.foresees([])
    model = session.sides[0].pair.arm
    session.do_shock("unplug", hours=1, share=1.0)
    assert session.sides[0].pair.arm is not model
    assert [len(side.pair.spec.shocks) for side in session.sides] == [1, 1]


def test_a_surprise_strikes_and_an_announcement_runs_again(opened):
    session = opened.session
    session.do_jump(session.sides[0].pair.arm.clock.warmup_steps + 70)
    model = session.sides[0].pair.arm
    session.do_shock("unplug", hours=2, share=1.0)
    assert opened.last("struck")["text"].startswith("unplug at 17:45")
    assert session.sides[0].pair.arm is model
    session.do_step()
    assert session.sides[0].pair.latest()["cars_plugged"] == 0.0
    step = session.sides[0].pair.arm.step_index
    session.do_shock("payment", hours=3, yuan_per_kwh=2.0)
    again = session.sides[0].pair
    assert again.arm is not model
    assert again.arm.step_index == step
    assert [len(again.spec.shocks), len(again.spec.market.events)] == [1, 1]
    assert again.latest()["cars_plugged"] == 0.0
    session.do_shock("heat_wave", hours=4, kelvin=3)
    assert len(session.sides[0].pair.spec.shocks) == 2


def test_beside_the_reference_no_model_is_added_and_the_clock_is_one(opened):
    session = opened.session
    model = session.sides[0].pair.arm
    session.do_compare("uncontrolled")
    main, second = session.sides
    assert second.pair.arm is main.pair.reference
    assert main.pair.arm is model
    session.do_step()
    frames = opened.last("frame")["frames"]
    assert len(frames) == 2
    assert frames[0].step == frames[1].step
    assert frames[1].figures["system"]["ev_discharge_mw"] == 0.0
    session.do_compare("v2g", source="scenarios/shanghai-winter.yaml", settings=SETTINGS)
    assert session.sides[1].pair.spec.name == "shanghai-winter"
    assert session.sides[1].pair.spec.time == session.sides[0].pair.spec.time
    session.do_step()
    session.do_shock("unplug", hours=1)
    assert all(side.pair.spec.shocks for side in session.sides)
    session.do_compare(None)
    assert len(session.sides) == 1


@pytest.mark.parametrize(("ask", "given", "said"), [
    ("run", {"source": "scenarios/nothing.yaml", "settings": {}}, "no such file"),
    ("run", {"source": "scenarios/quickstart.yaml", "settings": {"participation.enrolled_share": 0.9}}, "enrolled_share"),
    ("run", {"source": "scenarios/shanghai-year.yaml", "settings": {}}, "no continuous time"),
    ("run", {"source": "scenarios/china-2025.yaml", "settings": {"fleet.cars": 400_000_000}}, "400,000,000 simulated cars are more than a page shows, which is 2,000,000"),
    ("owner", {"asked": "nobody"}, "no such owner"),
    ("shock", {"kind": "unplug", "hours": -1}, "hours"),
    ("compare", {"arm": "nothing", "source": "scenarios/quickstart.yaml"}, "no arm"),
])  # fmt: skip
def test_what_is_wrong_is_told_and_the_page_goes_on(opened, ask, given, said):
    session = opened.session
    session.ask(ask, **given)
    session._take_requests(wait=False)
    assert said in opened.last("trouble")["text"]
    session.do_step()
    assert opened.kinds()[-1] == "frame"


def test_a_step_that_fails_is_told(opened, monkeypatch, capfd):
    session = opened.session
    monkeypatch.setattr(session.sides[0].pair.arm.operator.policy, "wish", lambda moment: 1 / 0)
    session.do_play(True)
    session._advance()
    assert "the run stopped" in opened.last("trouble")["text"]
    assert not session._going
    assert "ZeroDivisionError" in capfd.readouterr().err


def test_a_page_drawn_again_is_told_where_things_stand(opened):
    session = opened.session
    session.do_step()
    shown = opened.frame()
    session.do_show_again()
    assert opened.kinds()[-2:] == ["opened", "frame"]
    assert opened.frame().step == shown.step
    assert opened.frame().figures["operator"]
    assert len(opened.last("opened")["history"]["net_load_mw"]) == 2
