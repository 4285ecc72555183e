"""One rule, one implementation: agent by agent, by kernel, in any blocks, on any threads, in any order."""

from __future__ import annotations

import numpy as np
import pytest

from sim import Car, Charger, CityModel, Driver
from sim.state import blocks
from tests.conftest import small

ARMS = ("uncontrolled", "smart", "v2g")
FEW = {"fleet__sample": 60 / 1_510_000}


def run(spec, arm, **options):
    model = CityModel(spec, arm=arm, **options)
    model.run_model()
    return model


def assert_same(one: CityModel, other: CityModel, sums_within: float = 0.0) -> None:
    """Every row and book has the same bits; sums too, or to rounding where they are added in another order."""
    for kind in ("drivers", "cars", "chargers", "accounts"):
        assert_same_rows(kind, getattr(one.world, kind), getattr(other.world, kind), but=("custom",))
    left, right = one.system_frame(), other.system_frame()
    for name in left.columns:
        if sums_within and left[name].dtype == float:
            np.testing.assert_allclose(left[name], right[name], rtol=sums_within, atol=1e-9, err_msg=name)
        else:
            np.testing.assert_array_equal(left[name], right[name], err_msg=name)


def assert_same_rows(kind: str, mine: np.ndarray, theirs: np.ndarray, but: tuple[str, ...] = ()) -> None:
    for name in mine.dtype.names:
        if name == "stress_years":  # a standing car ages step by step or, when nobody looks, all at once
            np.testing.assert_allclose(mine[name], theirs[name], rtol=1e-12, err_msg=f"{kind}.{name}")
        elif name not in but:
            np.testing.assert_array_equal(mine[name], theirs[name], err_msg=f"{kind}.{name}")


@pytest.mark.parametrize("arm", ARMS)
def test_agent_by_agent_equals_kernel(arm):
    """Every driver, charger and car stepped as a Mesa object in Python gives the same bits.

    Kernels add up cars at posts first, then those on the road; Python goes by row.
    """
    assert_same(run(small(**FEW), arm), run(small(**FEW), arm, compiled=False), sums_within=1e-12)


@pytest.mark.parametrize("arm", ARMS)
def test_subclasses_that_change_nothing_change_nothing(arm):
    class SameDriver(Driver):
        def wants_to_plug(self):
            return super().wants_to_plug()

    class SameCar(Car):
        def step(self):
            super().step()

    class SameCharger(Charger):
        def set_point(self):
            return super().set_point()

    spec = small(**FEW)
    model = CityModel(spec, arm=arm)
    model.recruit(SameDriver, range(0, 60, 2))
    model.recruit(SameCar, range(0, 60, 3))
    model.recruit(SameCharger, range(0, len(model.chargers), 2))
    model.run_model()
    assert_same(run(spec, arm), model, sums_within=1e-12)


@pytest.mark.parametrize("arm", ["uncontrolled", "v2g"])
def test_threads_do_not_matter(arm, monkeypatch):
    """Fixed blocks decide what is added to what; threads only decide when."""
    in_one_block = run(small(), arm)
    monkeypatch.setattr(blocks, "BLOCK_BITS", 5)
    models = []
    for threads in ("1", "2", "3"):
        monkeypatch.setenv("V2GCITY_THREADS", threads)
        assert blocks.thread_count() == int(threads)
        models.append(run(small(), arm))
    assert_same(models[0], models[1])
    assert_same(models[0], models[2])
    assert_same(models[0], in_one_block, sums_within=1e-12)


def test_kernels_let_other_threads_work():
    """While a kernel runs in another thread, this one goes on: the interpreter's lock is released."""
    import threading

    from sim.agents import kernels

    model = CityModel(small(fleet__sample=20_000 / 1_510_000), arm="v2g")
    running, done = threading.Event(), threading.Event()

    def work():
        running.set()
        for _ in range(3):
            kernels.wake_up(0, 20_000, model.world)
        done.set()

    thread = threading.Thread(target=work)
    thread.start()
    running.wait()
    ticks = 0
    while not done.is_set():
        ticks += 1
    thread.join()
    assert ticks > 1000


def test_order_of_agents_does_not_matter():
    """Relabelled cars in reverse order lead the same lives."""
    spec = small()
    forward, backward = CityModel(spec, arm="v2g"), CityModel(spec, arm="v2g")
    for kind in ("drivers", "cars"):
        records = getattr(backward.world, kind)
        records[:] = records[::-1].copy()
    backward.before_writing()
    forward.run_model()
    backward.run_model()
    for kind in ("drivers", "cars"):
        mine, theirs = getattr(forward.world, kind), getattr(backward.world, kind)[::-1]
        # which of several equal posts is a matter of rows, and reversed cars took their accounts along
        assert_same_rows(kind, mine, theirs, but=("charger", "custom", "book"))
    assert_same_rows("accounts", forward.city.accounts, backward.city.accounts)
    np.testing.assert_allclose(
        forward.system_frame()["net_load_mw"], backward.system_frame()["net_load_mw"], rtol=1e-12
    )


def test_a_driver_of_ones_own_changes_only_its_own_behaviour():
    """Plain Python for a few; everybody else does the same as without them.

    The city has no shared posts, so that drivers do not meet; nobody controls, so that no signal does.
    """
    alone = {
        "chargers__public_posts_per_car": 0.0, "chargers__work_access_share": 0.0, "time__days": 3,
    }  # fmt: skip
    spec = small(**alone)

    class NeverPlugs(Driver):
        def wants_to_plug(self):
            self.asked = getattr(self, "asked", 0) + 1  # agents of one's own may remember things
            return False

    model = CityModel(spec, arm="uncontrolled")
    chosen = [int(row) for row in np.flatnonzero(model.world.drivers["home_charger"] >= 0)[:25]]
    recruited = model.recruit(NeverPlugs, chosen)
    assert [agent.row for agent in recruited] == chosen
    assert set(model.agents_by_type) >= {Driver, NeverPlugs}
    assert len(model.agents_by_type[Driver]) == len(model.drivers) - 25
    model.run_model()
    plain = run(spec, "uncontrolled")

    assert model.city.accounts["sessions"][chosen].sum() == 0
    assert plain.city.accounts["sessions"][chosen].sum() > 0
    assert sum(getattr(agent, "asked", 0) for agent in recruited) > 25
    others = np.setdiff1d(np.arange(len(model.drivers)), chosen)
    for kind in ("drivers", "cars"):
        mine, theirs = getattr(model.world, kind)[others], getattr(plain.world, kind)[others]
        for name in mine.dtype.names:
            np.testing.assert_array_equal(mine[name], theirs[name], err_msg=f"{kind}.{name}")
    np.testing.assert_array_equal(model.city.accounts["trips"], plain.city.accounts["trips"])


def test_a_charger_of_ones_own_is_kept_inside_the_gate():
    class Greedy(Charger):
        def set_point(self):
            return float("nan") if self.row % 3 == 0 else 1e6 * (-1) ** self.row

    model = CityModel(small(), arm="v2g")
    model.recruit(Greedy, range(len(model.chargers)))
    model.run_model()
    audit = model.accountant.audit
    assert audit.passed, audit.violations
