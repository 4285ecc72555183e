"""Break the rules on purpose, one at a time, and see which tests turn red.

``python tests/break_rules.py`` copies the project, makes one change, runs the tests named for it,
and prints a table. A breakage that no test notices is a missing test; the command then fails.
The table of the last run stands in ``tests/README.md``. Takes about half an hour.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
GATE, LAWS, TWINS = "tests/rules/test_gate.py", "tests/test_laws.py", "tests/agents"
SWEEPS = "tests/experiment/sweeps"
CLAIMS, VIEW = "tests/experiment/test_claims.py", "tests/view"


@dataclass(frozen=True)
class Breakage:
    """One wrong change: what it means, where it goes, and who should notice."""

    what: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


BREAKAGES = (
    Breakage("the gate forgets the promise", "sim/rules/gate.py",
             "return max(latest, min(reserve_kwh, owed_kwh))", "return min(reserve_kwh, owed_kwh)", (GATE, LAWS)),
    Breakage("the gate forgets the reserve", "sim/rules/gate.py",
             "return max(latest, min(reserve_kwh, owed_kwh))", "return latest", (GATE, TWINS)),
    Breakage("the gate lets charging go beyond the target", "sim/rules/gate.py",
             "battery_kw, full_kwh, taper_h), target_kwh)", "battery_kw, full_kwh, taper_h), 2.0 * target_kwh)", (GATE, LAWS)),
    Breakage("converters start for a trickle", "sim/rules/gate.py",
             "if feed_in_kw < minimum_load * rated_kw:", "if feed_in_kw < 0.0:", (GATE,)),
    Breakage("wishes are not clipped", "sim/agents/charging.py",
             "power = min(max(wish_kw, float(charger.low_kw)), float(charger.high_kw))", "power = wish_kw", (TWINS,)),
    Breakage("discharging has no losses", "sim/rules/battery.py",
             "return (grid_kw - fixed * rated_kw) / (1.0 - proportional)", "return grid_kw", ("tests/rules/test_battery.py",)),
    Breakage("charging losses on the wrong side of the meter", "sim/rules/battery.py",
             "return max(0.0, grid_kw * (1.0 - proportional) - fixed * rated_kw)",
             "return grid_kw * (1.0 + proportional) + fixed * rated_kw", ("tests/rules/test_battery.py", LAWS)),
    Breakage("no taper near full", "sim/rules/battery.py",
             "    knee_kwh = full_kwh - battery_kw * taper_h\n    if energy_kwh < knee_kwh:\n        linear_h",
             "    knee_kwh = full_kwh\n    if energy_kwh < knee_kwh:\n        linear_h", ("tests/rules/test_battery.py",)),
    Breakage("no limit near empty", "sim/rules/battery.py",
             "return battery_kw * min(1.0, max(0.0, energy_kwh) / (weak_soc * capacity_kwh))", "return battery_kw",
             ("tests/rules/test_battery.py",)),
    Breakage("standby trickles into the battery", "sim/agents/moving.py",
             "_settle(row, car, power, battery_kw if car.converting else 0.0, moment, w)",
             "_settle(row, car, power, power, moment, w)", (LAWS,)),
    Breakage("a trip is skipped when the battery is low", "sim/agents/travelling.py",
             "    elif step >= driver.depart_step:\n        _leave",
             "    elif step >= driver.depart_step and car.energy_kwh > 0.2 * car.capacity_kwh:\n        _leave", (LAWS, TWINS)),
    Breakage("nobody charges on the way", "sim/agents/travelling.py",
             "        _plan_en_route_charge(driver, car, step, kwh, f)", "        pass", (TWINS, LAWS)),
    Breakage("charging on the way costs what it does at home", "sim/agents/travelling.py",
             "        car.post_kind = EN_ROUTE\n", "        car.post_kind = 0\n", (LAWS,)),
    Breakage("a car on the way charges past full", "sim/agents/travelling.py",
             "car.power_kw = min(mean_kw, whole_watts_below(room_kwh / f.step_hours / at_rating))",
             "car.power_kw = mean_kw", ("tests/agents/test_behaviour.py",)),
    Breakage("hybrids drive their whole distance on electricity", "sim/agents/moving.py",
             "            if car.is_phev:\n                book.fuel_km +=", "            if False:\n                book.fuel_km +=", (TWINS,)),
    Breakage("cars stay plugged in while they drive", "sim/agents/travelling.py",
             "        detach(row, car, step, w)\n    driver.wants = NO_POST\n    driver.deciding = 0", "    driver.wants = NO_POST\n    driver.deciding = 0", (TWINS,)),
    Breakage("everybody plugs in whenever parked", "sim/agents/plugging.py",
             "    soc = energy / capacity\n", "    soc = energy / capacity\n    return True\n", ("tests/test_calibration.py",)),
    Breakage("enrolled drivers behave like others", "sim/agents/plugging.py",
             "if draw < shifted_probability(", "if -1.0 > shifted_probability(", (TWINS,)),
    Breakage("last come, first served", "sim/agents/plugging.py",
             "for k in np.argsort(turn):", "for k in np.argsort(turn)[::-1]:", (TWINS,)),
    Breakage("two cars on one charger", "sim/agents/plugging.py",
             "        if chargers[post].car < 0:\n            return int(post)", "        return int(post)", (TWINS,)),
    Breakage("draws depend on the row, not on the driver", "sim/city/people.py",
             "_settle_row(key, row, int(people.driver_id[row]), people, odds, town)",
             "_settle_row(key, row, row, people, odds, town)", ("tests/city/test_people.py",)),
    Breakage("a purpose is left out of the draws", "sim/rules/chance.py",
             "return _mix(z ^ (np.uint64(purpose) * _ODD_PURPOSE))", "return _mix(z)", ("tests/rules/test_chance.py",)),
    Breakage("all replications share their draws", "sim/rules/chance.py",
             "np.uint64(replication + 1)", "np.uint64(1)", ("tests/rules/test_chance.py", "tests/experiment")),
    Breakage("the operator foresees the noise", "sim/agents/operator.py",
             "            model.grid.expected_net_load_mw,",
             "            model.grid.demand.actual_mw - model.grid.renewables.wind_mw - model.grid.renewables.solar_mw,",
             (LAWS,)),
    Breakage("cars that can wait least are discharged first", "sim/dispatch/level.py",
             "return place, LAXITY_BINS + place", "return place, 2 * LAXITY_BINS - place",
             ("tests/dispatch",)),
    Breakage("sold energy is bought back without losses", "sim/dispatch/policies/peak_shaving.py",
             "outlook.owed_mwh + sold / outlook.round_trip", "outlook.owed_mwh + sold", ("tests/dispatch",)),
    Breakage("one-way cars feed in", "sim/agents/plugging.py",
             "able and (f.contract == TWO_WAY or", "able and (True or", (TWINS, LAWS, "tests/test_golden.py")),
    Breakage("feed-in is paid twice", "sim/agents/moving.py",
             "earned = 0.0 if by_meter else -grid_kwh", "earned = 0.0 if by_meter else -2.0 * grid_kwh", (LAWS,)),
    Breakage("work is billed at the home tariff", "sim/market/tariffs.py",
             "WORK_POST: market.work_tariff", "WORK_POST: market.tariff_at_home", ("tests/market", LAWS)),
    Breakage("a payment without a payee", "sim/market/ledger.py",
             "        self.balance[payee] += yuan\n", "", ("tests/market", LAWS)),
    Breakage("valley hours end at midnight", "sim/scenario/tariffs.py",
             "return (minute >= start) | (minute < end)", "return minute >= start", ("tests/market",)),
    Breakage("dear plants run first", "sim/grid/supply.py",
             "order = np.argsort(cost, kind=\"stable\")", "order = np.argsort(-cost, kind=\"stable\")", ("tests/grid",)),
    Breakage("average emissions at the margin", "sim/grid/supply.py",
             "price, marginal_co2 = stack.cost_yuan_per_mwh[k], stack.co2_t_per_mwh[k]",
             "price, marginal_co2 = stack.cost_yuan_per_mwh[k], co2 / load_mw", ("tests/grid",)),
    Breakage("being on burns nothing", "sim/grid/supply.py",
             "coal += stack.idle_tce_per_h[k] + least * stack.tce_per_mwh[k]", "coal += least * stack.tce_per_mwh[k]",
             ("tests/grid", "tests/test_laws.py")),
    Breakage("units ramp at once", "sim/grid/supply.py",
             "stack.least_mw[k] = min(stack.most_mw[k], max(minimum, before - ramp))", "stack.least_mw[k] = minimum",
             ("tests/grid",)),
    Breakage("units run below their minimum", "sim/grid/supply.py",
             "minimum, ramp = plants.minimum_share[row] * able, plants.ramp_share_per_h[row] * able * hours",
             "minimum, ramp = 0.0, plants.ramp_share_per_h[row] * able * hours", ("tests/grid",)),
    Breakage("supply stands still while cars warm up", "sim/model.py",
             "        outcome = self.grid.meet(now, count.charge_mw - count.discharge_mw)\n        if now >= self.clock.warmup_steps:\n",
             "        if now >= self.clock.warmup_steps:\n            outcome = self.grid.meet(now, count.charge_mw - count.discharge_mw)\n",
             ("tests/experiment",)),
    Breakage("arms have their own weather and outages", "sim/building.py",
             "        key = sky_key(key, clock.times[0])\n",
             "        key = sky_key(key + np.uint64(len(spec.operator.policy)), clock.times[0])\n", (LAWS,)),
    Breakage("adequacy forgets how many days a day stands for", "sim/effects/adequacy.py",
             "arm.step_hours * arm.step_weights", "arm.step_hours * np.ones(len(arm.system))", ("tests/effects",)),
    Breakage("lines count twice in adequacy", "sim/effects/adequacy.py",
             ".to_numpy() - units.lines_mw", ".to_numpy() - 2.0 * units.lines_mw", ("tests/effects",)),
    Breakage("adequacy forgets wind and sun", "sim/effects/adequacy.py",
             '(system["net_load_mw"] - system["other_mw"])', '(system["demand_mw"] - system["other_mw"])', ("tests/effects",)),
    Breakage("cars on call count as if they never faded", "sim/effects/adequacy.py",
             "np.maximum(0.0, up - at)", "np.maximum(0.0, up)", ("tests/effects",)),
    Breakage("the reserve margin counts what has failed", "sim/grid/system.py",
             "reserve_margin_mw=supply_mw + float(able.sum())", "reserve_margin_mw=supply_mw + float(plants.mw.sum())",
             ("tests/grid",)),
    Breakage("policies are judged on another curve than they see", "sim/experiment/gap.py",
             '"grid": {"outages": "expected"},', '"grid": {"outages": "drawn"},', ("tests/dispatch/test_optimum.py",)),
    Breakage("starts are free", "sim/grid/system.py",
             "+ float(sizes @ plants.start_yuan_per_mw)", "+ 0.0", ("tests/grid",)),
    Breakage("reserve is forgotten", "sim/grid/commitment.py",
             "short = met.unserved_mw + max(0.0, reserve_share * load_mw[hour] - max(0.0, reserve))",
             "short = met.unserved_mw", ("tests/grid",)),
    Breakage("units fail at other times in each arm", "sim/grid/outages.py",
             "works = uniform(key, unit, 0, UNIT_FIRST) < availability[row]", "works = np.random.random() < availability[row]",
             ("tests/grid",)),
    Breakage("storage has no losses", "sim/grid/storage.py",
             "held_mwh += (efficiency * drawn - given) * hours", "held_mwh += (drawn - given) * hours", ("tests/grid",)),
    Breakage("the weather does not move demand", "sim/grid/demand.py",
             "hot = np.maximum(0.0, past_day_c - grid.cooling_above_c)", "hot = np.zeros(len(past_day_c))", ("tests/grid",)),
    Breakage("today's charging is counted twice", "sim/grid/demand.py",
             "between_hours(of_kind.mild_mw - cars, hours)", "between_hours(of_kind.mild_mw, hours)", ("tests/grid",)),
    Breakage("a plant never fails when capacity is counted", "sim/effects/adequacy.py",
             "likely = binomial(working, count, availability)", "likely = binomial(working, count, 1.0)", ("tests/effects",)),
    Breakage("firm capacity is the cut of the peak", "sim/effects/adequacy.py",
             "    wanted = loss_of_load_hours(table, after, hours)\n", "    return float(before.max() - after.max())\n    wanted = 0.0\n",
             ("tests/effects",)),
    Breakage("a year counts every week once", "sim/experiment/parts.py",
             "system[\"weight\"] = np.repeat(part.day_weights, model.clock.steps_per_day)[: len(system)]", "pass",
             ("tests/experiment/test_year.py",)),
    Breakage("owners of a year live one week", "sim/experiment/parts.py",
             "weighed = change * self._weights[self._day]", "weighed = change", ("tests/experiment/test_year.py",)),
    Breakage("average factors pass for marginal ones", "sim/effects/supply.py",
             "-float((draw * marginal * weights).sum()) * hours", "-float((draw * average * weights).sum()) * hours",
             ("tests/effects",)),
    Breakage("posts do not scale with the sample", "sim/city/infrastructure.py",
             "public = n * chargers.public_posts_per_car * chargers.availability",
             "public = spec.fleet.cars * chargers.public_posts_per_car * chargers.availability", ("tests/city",)),
    Breakage("make-up workdays are forgotten", "sim/city/calendar.py",
             "return bool(chinese_calendar.is_workday(day))", "return day.weekday() < 5", ("tests/city",)),
    Breakage("night shifts start their day at four", "sim/city/days.py",
             "        return NIGHT_WORKERS_DAY_STARTS_MIN", "        return DAY_STARTS_MIN", ("tests/city",)),
    Breakage("ride-hailing drives like a commuter", "sim/city/days.py",
             "if person.archetype >= RIDE_HAILING:", "if person.archetype > 99:", ("tests/city",)),
    Breakage("the warm-up is counted", "sim/bookkeeping.py",
             "        over_blocks(books.open_all, len(model.cars), model.step_index, model.world)\n", "", (LAWS,)),
    Breakage("an emptier fleet gets credit", "sim/effects/arms.py",
             "        return -self.fleet_total(\"stored_change_kwh\")", "        return -0.0 * self.fleet_total(\"stored_change_kwh\")",
             ("tests/effects",)),
    Breakage("an emptier battery costs its owner nothing", "sim/effects/arms.py",
             "cost: pd.Series = self.owners[\"net_cost_yuan\"] + restoring_kwh * price",
             "cost: pd.Series = self.owners[\"net_cost_yuan\"] + 0.0 * restoring_kwh * price", ("tests/effects",)),
    Breakage("coal of the peak hours alone", "sim/effects/supply.py",
             "before = reference.total(total) +", "before = float(reference.system[total].iloc[18:20].sum()) +",
             ("tests/effects",)),
    Breakage("gross peak taken for net-load peak", "sim/effects/comparison.py",
             "    return float(arm.system[\"net_load_mw\"].max())\n", "    return float(arm.system[\"demand_mw\"].max())\n",
             ("tests/effects",)),
    Breakage("capacity by the best day", "sim/effects/comparison.py",
             "return float((before - after)[tight].min())", "return float((before - after)[tight].max())", ("tests/effects",)),
    Breakage("arms with other trips are compared", "sim/effects/comparison.py",
             "        if not same:", "        if False:", ("tests/effects",)),
    Breakage("a random start in the cheap hours is ignored", "sim/rules/price_response.py",
             "return slack <= (1.0 - patience) * usual_slack", "return slack <= usual_slack", ("tests/dispatch",)),
    Breakage("owners feed in without minding the losses", "sim/rules/price_response.py",
             "return feed_in_price - rebuy_price / round_trip > least_gain_yuan_per_kwh",
             "return feed_in_price - rebuy_price > least_gain_yuan_per_kwh", ("tests/dispatch",)),
    Breakage("one-way policies pay for must-charging with others' batteries", "sim/dispatch/level.py",
             "        give = np.zeros(RANKS)\n", "        pass\n", ("tests/dispatch",)),
    Breakage("the hours of tariffs slip at the end of the run", "sim/agents/operator.py",
             "return values[steps - -(-beyond // per_day) * per_day]", "return values[steps - beyond]", ("tests/dispatch",)),
    Breakage("a policy's nonsense is taken for a wish", "sim/agents/operator.py",
             "self.wish_now = checked(wish, self.model.spec.operator.policy, self.model.step_index)", "self.wish_now = wish",
             ("tests/dispatch",)),
    Breakage("a car bids nothing for what it owes", "sim/rules/bidding.py",
             "return saved / (debt_slots - left)", "return 0.0 * saved", ("tests/dispatch/test_optimum.py",)),
    Breakage("an ask forgets the losses of charging back", "sim/rules/bidding.py",
             "return growth * extra / (most - debt_slots) + least_gain", "return extra / (most - debt_slots) + least_gain",
             ("tests/dispatch/test_optimum.py",)),
    Breakage("leaving early is no cause of a broken promise", "sim/agents/travelling.py",
             "            charger.excuse = LEFT_EARLY\n            if charger", "            if charger", ("tests/dispatch/test_shocks.py",)),
    Breakage("feeders bear anything", "sim/agents/limits.py",
             "shares_within(must_kw, rest_kw, fed_kw, cap_kw[group])", "shares_within(must_kw, rest_kw, fed_kw, 1e12)",
             ("tests/dispatch/test_shocks.py",)),
    Breakage("owners who come back are not paid", "sim/agents/moving.py",
             "rating * f.step_hours * moment.event_price", "0.0 * moment.event_price", ("tests/dispatch/test_shocks.py",)),
    Breakage("those who have unplugged plug in again at once", "sim/agents/plugging.py",
             "    if step < driver.away_until:\n        return False\n", "", ("tests/dispatch/test_shocks.py",)),
    Breakage("the marginal rank draws more than there is room for", "sim/dispatch/level.py",
             "cleared.charge_share * total + SLIVER_KW", "cleared.charge_share * total + 50.0", ("tests/dispatch/test_dispatch.py",)),
    Breakage("a market's ceiling is not held", "sim/agents/operator.py",
             "np.minimum(market.curve.reached_at(1000.0 * order.price), market.ceiling_mw)",
             "market.curve.reached_at(1000.0 * order.price)", ("tests/dispatch/test_optimum.py",)),
    Breakage("own forecasts are told the future", "sim/experiment/gap.py",
             "        if trial.forecasts == \"perfect\":\n            grid, steps",
             "        if trial.policy == \"coordinated\" and self._arrivals is not None:\n            grid, steps",
             ("tests/dispatch/test_optimum.py",)),
    Breakage("connections of sites bear twice their share", "sim/agents/limits.py",
             "ratings[ends] - ratings[begins]", "2.0 * (ratings[ends] - ratings[begins])", ("tests/dispatch/test_shocks.py",)),
    Breakage("payments for coming back are left out of the owner's net cost", "sim/records.py",
             "for kind in (\"feed_in\", \"event\", \"availability\"))", "for kind in (\"feed_in\", \"availability\"))",
             ("tests/dispatch/test_shocks.py",)),
    Breakage("who has answered one call is paid in the next", "sim/agents/shocks.py",
             "        if moment.event_price <= 0.0:\n            driver.answers_event = 0", "        pass",
             ("tests/dispatch/test_shocks.py",)),
    Breakage("recharging that makes a new peak is not called a rebound", "sim/effects/comparison.py",
             "float(after[raised].max() - before.max())", "float(after[raised].max() - after.max())", ("tests/effects",)),
    Breakage("wear is left out", "sim/rules/wear.py",
             "return loss_pct / 100.0 / end_of_life_fade * capacity_kwh * pack_yuan_per_kwh", "return 0.0 * loss_pct",
             ("tests/rules/test_ageing.py",)),
    Breakage("cycles inside other cycles are not counted", "sim/rules/wear.py",
             "        closed += full_cycles(inner, exponent)\n", "", ("tests/rules/test_ageing.py",)),
    Breakage("a full battery rests as well as an empty one", "sim/rules/wear.py",
             "max(0.0, 1.0 + soc_slope * (soc - MIDDLE_SOC))", "1.0", ("tests/rules/test_ageing.py",)),
    Breakage("tiers of yearly use are ignored", "sim/rules/household.py",
             "part * (price + additions[tier])", "part * price", ("tests/market",)),
    Breakage("energy used in the home is paid like energy fed in", "sim/agents/meter.py",
             "return added, exported * moment.feed_in_price,",
             "return added, -car_kwh * moment.feed_in_price,", ("tests/market",)),
    Breakage("sharp prices do not replace the peak price", "sim/scenario/tariffs.py",
             "key=lambda each: RANKS[each.band]", "key=lambda each: -RANKS[each.band]", ("tests/market",)),
    Breakage("hours without a price are let through", "sim/scenario/tariffs.py",
             "if self.otherwise_yuan_per_kwh is None and np.any(bare):", "if False:", ("tests/market", "tests/cli")),
    Breakage("the aggregator keeps nothing", "sim/building.py",
             "retail[HOME_POST] if saves_only else kept * feed_in_prices(spec, clock)",
             "retail[HOME_POST] if saves_only else feed_in_prices(spec, clock)", ("tests/market",)),
    Breakage("a month with too few hours is paid all the same", "sim/settlement.py",
             "np.where(enough, earned, 0.0)", "np.where(True, earned, 0.0)", ("tests/market",)),
    Breakage("leaving early costs nothing", "sim/agents/travelling.py",
             "w.books[car.book].penalty_yuan += f.left_early_penalty", "pass", ("tests/market",)),
    Breakage("the warranty is forgotten", "sim/agents/charging.py",
             "> warranty_kwh(step, f):", "> 1e12:", ("tests/market",)),
    Breakage("the button does nothing", "sim/agents/charging.py",
             "        charger.overridden = 1\n        charger.steered = 0\n", "        charger.overridden = 1\n", ("tests/agents",)),
    Breakage("neighbours do not matter", "sim/rules/joining.py",
             "+ peers * share_of_peers", "+ 0.0 * peers * share_of_peers", ("tests/agents",)),
    Breakage("dynamic prices stay as they were", "sim/agents/operator.py",
             "        self.prices.publish(step,", "        (lambda *unused: None)(step,", ("tests/market",)),
    Breakage("a story is told without its reasons", "sim/agents/charging.py",
             "        charger.reason = reasons.SELLS\n", "", ("tests/cli",)),
    Breakage("results are written in place", "sim/experiment/store.py",
             "        yield scratch\n        scratch.chmod(0o755)\n        _swap(scratch, folder)\n",
             "        folder.mkdir(exist_ok=True)\n        yield folder\n", ("tests/experiment",)),
    Breakage("agents of one's own are stepped twice", "sim/agents/kernels.py",
             "        if driver.custom:\n            continue\n        if driver.place", "        if driver.place", (TWINS,)),
    Breakage("a full car never charges again", "sim/agents/agenda.py",
             "    elif car.charger >= 0:\n        w.activity[row] = PLUGGED", "    elif car.charger >= 0:\n        w.activity[row] = IDLE", (LAWS,)),
    Breakage("cells do not age while a car stands", "sim/agents/books.py",
             "    book.stress_years += f.step_years * calendar_stress(soc, warm, f.soc_slope[nmc])\n", "", ("tests/agents",)),
    Breakage("a book says more than was earned", "sim/agents/moving.py",
             "            book.feed_in_revenue_yuan += earned\n            book.event_revenue_yuan += premium\n\n\n@part_of_row\ndef _use",
             "            book.feed_in_revenue_yuan += 2.0 * earned\n            book.event_revenue_yuan += premium\n\n\n@part_of_row\ndef _use", (LAWS,)),
    Breakage("a resting car is not counted as plugged in", "sim/agents/tally.py",
             "plugged += (activity == PLUGGED) | (activity == IDLE)", "plugged += activity == PLUGGED", (LAWS,)),
    Breakage("partial sums are added as threads finish", "sim/rows/blocks.py",
             "    total: NDArray[np.float64] = partial.sum(axis=0)\n",
             "    import threading\n    total: NDArray[np.float64] = partial.sum(axis=0) * (1.0 + 1e-13 * thread_count())\n", (TWINS,)),
    Breakage("all draws of a sweep are the first", "sim/experiment/sweeps/one_run.py",
             "draws=[task.replication]", "draws=[0]", (f"{SWEEPS}/test_sweep.py",)),
    Breakage("differences of a sweep are not paired", "sim/experiment/sweeps/intervals.py",
             "(wide[outcome][point] - wide[outcome][base])", "(wide[outcome][point] - wide[outcome][base].mean())",
             (f"{SWEEPS}/test_intervals.py",)),
    Breakage("a run that failed hides one that was done", "sim/experiment/sweeps/run_store.py",
             "if entry.key not in entries or entry.status == DONE:", "if True:", (f"{SWEEPS}/test_run_store.py",)),
    Breakage("runs of other code are taken for this one's", "sim/experiment/sweeps/one_run.py",
             'f"{code_hash()}|{replication}|{scenario}"', 'f"{replication}|{scenario}"', (f"{SWEEPS}/test_run_store.py",)),
    Breakage("a verdict looks at the mean alone", "sim/experiment/claims/answer.py",
             "(self.value, self.value) if self.low is None or self.high is None else (self.low, self.high)",
             "(self.value, self.value)", (CLAIMS,)),
    Breakage("a verdict forgets the uncertain parameters", "sim/experiment/claims/answer.py",
             "if self.spread is not None and _inside", "if False and _inside", (CLAIMS,)),
    Breakage("claims rest on the first draw", "sim/experiment/claims/runs.py",
             "for draw in range(result.spec.replications)", "for draw in range(1)", (CLAIMS,)),
    Breakage("what owners are paid is no cost of a firm kilowatt", "sim/experiment/claims/grid_claims.py",
             "if cheap == cheap_to_buy:", "if True:", (CLAIMS,)),
    Breakage("cars that stay plugged in count as beginning to charge", "sim/experiment/check/observed.py",
             "plugs_in[clock.day[now]] |= begun & at_home", "plugs_in[clock.day[now]] |= at_home",
             ("tests/experiment/test_check.py",)),
    Breakage("an interrupt that something swallows is forgotten", "sim/cli_frame.py",
             "if asked:", "if False:", ("tests/cli/test_commands.py",)),
    Breakage("a surprise leaves plants in order", "sim/model.py",
             "self.grid.fail(spec, self.clock, self._key, self.step_index)\n        self.spec = spec", "self.spec = spec",
             (f"{VIEW}/test_pair.py",)),
    Breakage("what somebody foresees strikes by surprise", "sim/model.py",
             "perfect or any(shock.kind not in UNFORESEEN for shock in shocks)", "False", (f"{VIEW}/test_pair.py",)),
    Breakage("a surprise strikes what only one of two cities foresees", "sim/view/session.py",
             "if any(each.foresees([shock]) for each in self._pairs):", "if self._main.pair.foresees([shock]):",
             (f"{VIEW}/test_session.py::test_a_shock_strikes_both_cities_or_is_run_again_in_both",)),
    Breakage("a frame stands for a step that it does not show", "sim/view/recording.py",
             "if self._frames and frame.step != self._frames[-1].step + 1:", "if False:", (f"{VIEW}/test_session.py::test_what_was_seen_while_the_first_days_went_by_does_not_stand_for_later_steps",)),
    Breakage("frames are sent without the sums of their hour", "sim/view/session.py",
             "known = live and told is self._operator", "known = True",
             (f"{VIEW}/test_session.py::test_what_changes_by_the_hour_is_sent_once_and_remembered_in_every_frame",)),
    Breakage("runs side by side go on after Ctrl-C", "sim/experiment/claims/runs.py",
             "                process.terminate()\n", "                pass\n", ("tests/experiment/test_claims.py",)),
    Breakage("a plan that stops early is taken for the whole day", "sim/city/days.py",
             "    plan.goes_on = last == 0\n", "    plan.goes_on = False\n", ("tests/city/test_days.py",)),
    Breakage("steered cars are both demand and stores of the network", "sim/experiment/pypsa_export.py",
             "(cars - system[\"ev_steered_mw\"] if without_steered else cars)", "cars", ("tests/experiment/test_pypsa.py",)),
    Breakage("a home with a charger uses nothing", "sim/city/infrastructure.py",
             "sizes[: len(owners)] = log_normals(", "log_normals(", ("tests/market",)),
    Breakage("the network feeds in without losses", "sim/experiment/pypsa_fleet.py",
             "-1.0 / battery_side_kw(-1.0, 1.0, *losses)", "1.0", ("tests/experiment/test_pypsa.py",)),
    Breakage("the fleet of the network may end empty", "sim/experiment/pypsa_fleet.py",
             "np.append(noted[\"least_energy_mwh\"], energy[-1])", "np.append(noted[\"least_energy_mwh\"], 0.0)",
             ("tests/experiment/test_pypsa.py",)),
    Breakage("the map leaves out cars on the road", "sim/agents/whereabouts.py",
             "out[at + N_PLUGGED + look - PLUGGED_IN] += 1.0",
             "out[at + N_PLUGGED + look - PLUGGED_IN] += 1.0 if driver.place != 3 else 0.0", (f"{VIEW}/test_pair.py",)),
    Breakage("sums on the page count an emptier fleet as a saving", "sim/view/pair.py",
             "fleet=model.bookkeeper.fleet(),\n        fleet_cars", "fleet=dict.fromkeys(model.bookkeeper.fleet(), 0.0),\n        fleet_cars",
             (f"{VIEW}/test_pair.py",)),
)  # fmt: skip


def tried(breakage: Breakage) -> tuple[Breakage, str]:
    """Make the change in a copy, run the tests, and return the first test that noticed (or "")."""
    with tempfile.TemporaryDirectory(prefix="v2gcity-broken-") as place:
        copy = Path(place) / "copy"
        shutil.copytree(
            ROOT, copy, ignore=shutil.ignore_patterns(".git", ".venv", "results", "__pycache__", ".*_cache")
        )
        path = copy / breakage.file
        text = path.read_text()
        if text.count(breakage.old) != 1:
            raise SystemExit(
                f"{breakage.what}: the text to change stands {text.count(breakage.old)} times in {breakage.file}"
            )
        path.write_text(text.replace(breakage.old, breakage.new))
        environment = os.environ | {"V2GCITY_CACHE_DIR": str(Path(place) / "cache"), "PYTHONPATH": str(copy)}
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-x",
            "-q",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:randomly",
            *breakage.tests,
        ]
        outcome = subprocess.run(
            command, cwd=copy, env=environment, capture_output=True, text=True, check=False
        )
    if outcome.returncode not in (0, 1):
        raise SystemExit(
            f"{breakage.what}: pytest could not run {' '.join(breakage.tests)}\n{outcome.stderr}"
        )
    red = [line for line in outcome.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return breakage, red[0].split(" - ")[0].split("::", 1)[-1].split("[")[0] if red else ""


def main() -> None:
    """Try all breakages, or those whose description contains the first argument."""
    wanted = [each for each in BREAKAGES if len(sys.argv) < 2 or sys.argv[1] in each.what]
    missed = 0
    with ThreadPoolExecutor(2) as pool:
        for breakage, noticed in pool.map(tried, wanted):
            missed += not noticed
            print(
                f"| {breakage.what} | `{breakage.file}` | {f'`{noticed}`' if noticed else '**not noticed**'} |",
                flush=True,
            )
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
