"""What a page is told: in order, and sums of whole days when they are due."""

import threading
import time

import pytest

from sim.view import whole_days
from sim.view.outbox import Line
from sim.view.whole_days import WholeDays


def test_messages_go_out_in_order_and_only_posts_are_not_waited_for():
    let_go, out = threading.Event(), []

    def deliver(message):
        if message["kind"] == "frame":
            assert let_go.wait(10.0)
        out.append(message["kind"])

    line = Line(deliver)
    line.post({"kind": "frame"})
    assert out == [], "it is still on its way"
    threading.Timer(0.2, let_go.set).start()
    line.send({"kind": "summary"})
    assert out == ["frame", "summary"]


def test_what_cannot_be_delivered_is_told_once():
    def deliver(message):
        if message["kind"] == "frame":
            raise ValueError("no such page")

    line = Line(deliver)
    line.post({"kind": "frame"})
    with pytest.raises(ValueError, match="no such page"):
        line.send({"kind": "summary"})
    line.send({"kind": "summary"})


class APair:
    """As much of a pair as sums of whole days ask for; its owners take a while to count."""

    name, recording = "v2g", True

    def __init__(self, midnight=True, finished=False, takes_s=0.0):
        self.takes_s = takes_s
        self.arm, self.clock = self, self
        self.steps_per_day, self.step_index = 96, 96 if midnight else 95
        self.finished, self.times = finished, ["2025-08-25T23:45"] * 96

    def summary(self):
        time.sleep(self.takes_s)
        return {}


def test_sums_of_a_large_city_that_plays_wait_until_they_cost_little(monkeypatch):
    monkeypatch.setattr(whole_days, "SHARE_OF_TIME", 0.1)
    days, large = WholeDays(), APair(takes_s=0.05)
    assert days.are_due(large, playing=True)
    assert not days.are_due(APair(midnight=False), playing=False), "only whole days are summed up"
    assert days.told(large)["day"] == "2025-08-25"
    assert not days.are_due(large, playing=True)
    assert days.told_before(large)["day"] == "2025-08-25"
    assert days.told_before(APair()) is None, "another city"
    assert days.are_due(large, playing=False)
    assert days.are_due(APair(finished=True), playing=True)
    time.sleep(0.6)
    assert days.are_due(large, playing=True)
