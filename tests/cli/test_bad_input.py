"""Bad input: one line that names the place, what is wrong and what is allowed; exit 2; nothing written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from sim.cli import main

HEAD = "name: bad\ntime: {start: 2025-08-27, days: 1, warmup_days: 0}\n"

#: File content, then the whole message after the name of the file.
FILES: dict[str, tuple[str | bytes, str]] = {
    "misspelt key": (
        HEAD + "fleet:\n  carz: 500\n",
        r":4: fleet.carz: unknown key, did you mean 'cars'\? allowed: .*\bcars\b.*",
    ),
    "misspelt section": (HEAD + "fleat: {}\n", r":3: fleat: unknown key, did you mean 'fleet'\? allowed: .*"),
    "misspelt key in an arm": (
        HEAD + "arms:\n  uncontrolled: {}\n  v2g:\n    operator: {polcy: v2g}\n",
        r":6: arms\.v2g\.operator\.polcy: unknown key, did you mean 'policy'\? allowed: .*",
    ),
    "wrong type": (HEAD + "fleet: {cars: many}\n", r":3: fleet\.cars: expected a whole number, got 'many'"),
    "fraction of a car": (HEAD + "fleet: {cars: 2.5}\n", r":3: fleet\.cars: expected a whole number, got 2\.5"),
    "number with a unit": (
        HEAD + "chargers:\n  home_kw: 7 kW\n",
        r":4: chargers\.home_kw: expected a number, got '7 kW'; the unit \(kW\) stands in the key",
    ),
    "text instead of a section": (HEAD + "fleet: big\n", r":3: fleet: expected a mapping of keys to values, got 'big'"),
    "out of range": (HEAD + "fleet: {sample: 1.5}\n", r":3: fleet\.sample: must be at most 1, got 1\.5"),
    "not a number": (HEAD + "grid: {wind_mw: .nan}\n", r":3: grid\.wind_mw: expected a finite number, got nan"),
    "unknown tariff": (
        HEAD + "market: {home_tariff: residental_tou_tier1}\n",
        r":3: market\.home_tariff: unknown tariff 'residental_tou_tier1', did you mean 'residential_tou_tier1'\? allowed: .*",
    ),
    "tariff with a gap": (
        HEAD + "market:\n  tariffs:\n    mine:\n      periods:\n        - {hours: '06:00-21:00', price_yuan_per_kwh: 0.6}\n        - {hours: '22:00-06:00', price_yuan_per_kwh: 0.3}\n",
        r":5: market\.tariffs\.mine: no period covers 21:00-22:00 on workdays of month 1; every minute needs a price .*",
    ),
    "tariff that overlaps": (
        HEAD + "market:\n  tariffs:\n    mine:\n      periods:\n        - {hours: '06:00-22:30', price_yuan_per_kwh: 0.6}\n        - {hours: '22:00-06:00', price_yuan_per_kwh: 0.3}\n",
        r":5: market\.tariffs\.mine: two periods overlap 22:00-22:30 on workdays of month 1; every minute needs one price",
    ),
    "tariff without a price in winter": (
        HEAD + "market:\n  tariffs:\n    mine:\n      periods:\n        - {price_yuan_per_kwh: 0.6, season: summer}\n        - {price_yuan_per_kwh: 0.5, season: other}\n",
        r":5: market\.tariffs\.mine: no period covers 00:00-24:00 on workdays of month 1; every minute .*",
    ),
    "unknown currency": (
        HEAD + "market:\n  tariffs:\n    mine: {currency: euro, periods: [{price_yuan_per_kwh: 0.6}]}\n",
        r":5: market\.tariffs\.mine\.currency: unknown value 'euro'; allowed: yuan",
    ),
    "unknown season": (
        HEAD + "market:\n  tariffs:\n    mine:\n      periods:\n        - {price_yuan_per_kwh: 0.6, season: sumer}\n",
        r":7: market\.tariffs\.mine\.periods\.0\.season: unknown value 'sumer', did you mean 'summer'\? allowed: all, summer, winter, other.*",
    ),
    "hours that are none": (
        HEAD + "market:\n  tariffs:\n    mine:\n      periods:\n        - {price_yuan_per_kwh: 0.6, hours: 22-6}\n",
        r":7: market\.tariffs\.mine\.periods\.0\.hours: expected hours such as 22:00-06:00, got '22-6'",
    ),
    "a price for each tier but one": (
        HEAD + "market:\n  tariffs:\n    mine: {tier_limits_kwh_per_year: [3000.0, 5000.0], periods: [{price_yuan_per_kwh: [0.6, 0.7]}]}\n",
        r":5: market\.tariffs\.mine: the period 00:00-24:00 has 2 prices; 2 tier limits need 3, one for each tier",
    ),
    "a tariff under a name that ships": (
        HEAD + "market:\n  tariffs:\n    residential_tou: {periods: [{price_yuan_per_kwh: 0.6}]}\n",
        r":4: market\.tariffs: a tariff called 'residential_tou' ships already; choose another name",
    ),
    "tiers at work": (
        HEAD + "market: {work_tariff: residential_tou}\n",
        r":3: market\.work_tariff: 'residential_tou' has tiers of yearly use; only a tariff at home may have them",
    ),
    "two prices for feeding in": (
        HEAD + "market: {feed_in_price_yuan_per_kwh: 0.8, feed_in_tariff: wuhan_feed_in}\n",
        r":3: market: feed_in_price_yuan_per_kwh and feed_in_tariff exclude each other; set all but one to null",
    ),
    "unknown regime": (
        HEAD + "market: {regime: guandong}\n",
        r":3: market\.regime: unknown regime 'guandong', did you mean 'guangdong'\? allowed: .*",
    ),
    "feeding the home without its meter": (
        HEAD + "participation: {contract: home_only}\n",
        r":3: participation\.contract: a car can feed the home only behind the meter of the home; set market\.household\.meter to household",
    ),
    "a choice nobody can reckon": (
        HEAD + "market: {feed_in_tariff: dynamic}\nparticipation: {enrolment: choice}\n",
        r":4: participation\.enrolment: owners cannot reckon with a dynamic price before the run; use share",
    ),
    "an event outside the run": (
        HEAD + "market:\n  events: [{at: '2024-01-01 18:00', hours: 2.0}]\n",
        r":4: market\.events\.0\.at: 2024-01-01 18:00 is not within what is recorded, 2025-08-27 00:00 to 2025-08-28 00:00",
    ),
    "an event in another zone": (
        HEAD + "market:\n  events: [{at: '2025-08-27 18:00+08:00', hours: 2.0}]\n",
        r":4: market\.events\.0\.at: times are local and take no offset, such as 2025-08-27 19:00; got '.*'",
    ),
    "an event on a day": (
        HEAD + "market:\n  events: [{at: 2025-08-27, hours: 2.0}]\n",
        r":4: market\.events\.0\.at: expected a time such as 2025-08-27 19:00, got '2025-08-27'",
    ),
    "a mistake in a tariff is told once": (
        HEAD + "market:\n  home_tariff: mine\n  tariffs:\n    mine: {periods: [{price_yuan_per_kwh: 0.6, season: []}]}\n",
        r":6: market\.tariffs\.mine\.periods\.0\.season: .*",
    ),
    "a person with an unknown car": (
        HEAD + "drivers:\n  personas:\n    li: {model: BYD Ham EV}\n",
        r":5: drivers\.personas\.li: model: unknown name 'BYD Ham EV', did you mean 'BYD Han EV'\? allowed: .*",
    ),
    "unknown car model": (
        HEAD + "fleet:\n  models: {Tesla Model 4: 1.0}\n",
        r":4: fleet\.models: unknown car model 'Tesla Model 4', did you mean 'Tesla Model .*",
    ),
    "unknown policy": (
        HEAD + "operator: {policy: valey}\n",
        r":3: operator\.policy: unknown policy 'valey', did you mean 'valley'\? allowed: immediate, tou, tou-staggered, price, valley, peak-shave, coordinated, auction, package\.module:Class",
    ),
    "unknown word where a number may stand": (
        HEAD + "fleet: {v2g_capable: all}\n",
        r":3: fleet\.v2g_capable: unknown value 'all'; allowed: catalogue, a number",
    ),
    "shares that do not add up": (
        HEAD + "drivers: {archetypes: {taxi: 0.4}}\n",
        r":3: drivers\.archetypes: shares of archetypes sum to 0\.4; they must sum to 1",
    ),
    "empty file": ("", r":1: the file is empty; expected a mapping of keys"),
    "only a comment": ("# nothing\n", r":1: the file is empty; expected a mapping of keys"),
    "a list": ("- a\n- b\n", r":1: expected a mapping of keys, such as 'name: mine'"),
    "a tab": ("name: bad\nfleet:\n\tcars: 5\n", r":3: a tab indents this line; YAML allows spaces only"),
    "a binary file": (b"\x89PNG\r\n\x1a\n\x00\xff\xfe", r":1: not a text file in UTF-8; expected a YAML file"),
    "control characters": (b"name: a\nseed: \x07\n", r":2: not a text file in UTF-8; expected a YAML file"),
    "broken YAML": ("name: [a\nseed: 1\n", r":\d+: not YAML: .*"),
    "duplicate key": (
        HEAD + "fleet:\n  cars: 5\n  cars: 6\n",
        r":5: fleet\.cars: this key stands twice in the same mapping; keep one",
    ),
    "keys that are not words": (HEAD + "fleet: {1: 2}\n", r":3: fleet\.1: keys must be words"),
    "zero cars": (HEAD + "fleet: {cars: 0}\n", r":3: fleet\.cars: must be more than 0 cars, got 0"),
    "negative power": (HEAD + "chargers: {home_kw: -7}\n", r":3: chargers\.home_kw: must be more than 0 kW, got -7"),
    "end before start": (
        "name: bad\ntime:\n  start: 2025-08-27\n  end: 2025-08-20\n",
        r":4: time\.end: 2025-08-20 lies before the start 2025-08-27",
    ),
    "end and days disagree": (
        "name: bad\ntime:\n  start: 2025-08-27\n  end: 2025-08-28\n  days: 5\n",
        r":2: time: end \(2025-08-28\) and days \(5\) disagree; give one of the two",
    ),
    "a day that is none": ("name: bad\ntime:\n  start: 2025-02-30\n", r":\d+: .*"),
    "before the calendar": (
        "time: {start: 1999-01-01, days: 1}\n",
        r":1: time\.start: 1999-01-01 is outside the published calendar of holidays, 2004-01-01 to 2026-12-31",
    ),
    "odd step": (
        "time: {step_minutes: 7}\n",
        r":1: time\.step_minutes: 7 does not divide the hour; allowed: 1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60",
    ),
    "a sample that leaves no car": (
        HEAD + "fleet: {cars: 10, sample: 0.01}\n",
        r":3: fleet: a sample of 0\.01 leaves none of 10 cars; give a larger sample",
    ),
    "an arm that changes the trips": (
        HEAD + "arms:\n  uncontrolled: {}\n  v2g:\n    fleet: {cars: 3}\n",
        r":6: arms\.v2g\.fleet\.cars: all arms share this key; set it for the whole scenario",
    ),
    "a reference that is no arm": (HEAD + "reference: nobody\n", r":\d: .*reference 'nobody' is not among the arms: .*"),
    "a shock of no kind": (HEAD + "shocks: [{kind: unplugged, at: 2025-08-26 19:00, hours: 1}]\n", r":3: shocks\.0\.kind: unknown value 'unplugged', did you mean 'unplug'\?.*"),
    "a shock outside the run": (HEAD + "shocks: [{kind: unplug, at: 2024-08-26 19:00, hours: 1}]\n", r":3: shocks\.0\.at: 2024-08-26 19:00 is not within what is recorded, 2025-08-27 00:00 to 2025-08-28 00:00"),
    "a shock at no time": (HEAD + "shocks: [{kind: unplug, at: soon, hours: 1}]\n", r":3: shocks\.0\.at: expected a time such as 2025-08-27 19:00, got 'soon'"),
    "a shock with a foreign key": (HEAD + "shocks: [{kind: heat_wave, at: 2025-08-26 19:00, hours: 1, kelvin: 3.0, mw: 5.0}]\n", r":3: shocks\.0: a heat_wave takes kelvin, not 'mw'"),
    "a shock that lasts no time": (HEAD + "shocks: [{kind: unplug, at: 2025-08-27 19:00}]\n", r":3: shocks\.0\.hours: is missing"),
    "a shock without what it needs": (HEAD + "shocks: [{kind: plant_outage, at: 2025-08-26 19:00, hours: 1, fuel: coal}]\n", r":3: shocks\.0: a plant_outage needs 'mw'"),
    "a shock in no district": (HEAD + "shocks: [{kind: unplug, at: 2025-08-26 19:00, hours: 1, district: Pudon}]\n", r":3: shocks\.0\.district: unknown district 'Pudon', did you mean 'Pudong.*"),
    "a shock with a misspelt key": (HEAD + "shocks: [{kind: unplug, at: 2025-08-27 19:00, hours: 1, shar: 0.5}]\n", r":3: shocks\.0\.shar: unknown key, did you mean 'share'\?.*"),
    "extends a missing file": ("extends: bse.yaml\n", r":1: extends: bse\.yaml: no such file, did you mean 'base\.yaml'\? these ship: california, .*"),
    "extends itself": ("extends: bad.yaml\n", r":1: extends: the files extend each other in a circle: bad\.yaml -> bad\.yaml"),
    "extends a number": ("extends: 5\n", r":1: extends: expected the name of a scenario file"),
    "too many enrolled": (
        HEAD + "participation: {enrolled_share: 0.9}\n",
        r"participation\.enrolled_share: 0\.9 of the cars cannot enrol; .* allowed: 0 to 0\.\d+",
    ),
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "base.yaml").write_text(HEAD)
    return tmp_path


def refused(arguments: list[str]) -> str:
    """Run a command that must be refused; return its one line."""
    outcome = CliRunner().invoke(main, arguments)
    assert outcome.exit_code == 2, outcome.output
    assert "Traceback" not in outcome.output
    lines = outcome.stderr.strip().splitlines()
    assert len(lines) == 1, outcome.stderr
    assert not outcome.stdout
    return lines[0]


@pytest.mark.parametrize("name", FILES)
def test_bad_file(name: str, folder: Path):
    content, message = FILES[name]
    path = folder / "bad.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    before = sorted(folder.iterdir())
    line = refused(["run", "bad.yaml", "--out", "result"])
    assert re.fullmatch(rf"bad(\.yaml)?(: )?{message}", line), line
    assert sorted(folder.iterdir()) == before, "nothing is written"


def test_circle_over_two_files(folder: Path):
    (folder / "a.yaml").write_text("extends: b.yaml\n")
    (folder / "b.yaml").write_text("name: b\nextends: a.yaml\n")
    assert refused(["validate", "a.yaml"]) == (
        "b.yaml:2: extends: the files extend each other in a circle: a.yaml -> b.yaml -> a.yaml"
    )


def test_a_mistake_in_the_base_names_the_base(folder: Path):
    (folder / "base.yaml").write_text("fleet:\n  cars: none\n")
    (folder / "child.yaml").write_text("extends: base.yaml\nseed: 4\n")
    assert (
        refused(["validate", "child.yaml"]) == "base.yaml:2: fleet.cars: expected a whole number, got 'none'"
    )


def test_all_mistakes_are_told_at_once(folder: Path):
    (folder / "bad.yaml").write_text("seed: -1\nfleet:\n  cars: 0\n  sampel: 1\n")
    outcome = CliRunner().invoke(main, ["validate", "bad.yaml"])
    assert outcome.exit_code == 2
    assert [line.split(": ")[0] for line in outcome.stderr.splitlines()] == [
        "bad.yaml:1",
        "bad.yaml:3",
        "bad.yaml:4",
    ]


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("fleet.carz=5", r"--set: fleet\.carz: unknown key, did you mean 'cars'\? allowed: .*"),
        ("fleet.cars.x=5", r"--set: fleet\.cars\.x: 'fleet\.cars' is a single value, it has no keys below it"),
        ("fleet.cars", r"--set: fleet\.cars: expected KEY=VALUE, for example fleet\.cars=50000"),
        ("fleet.cars=[", r"--set: fleet\.cars: '\[' is not a YAML value: .*"),
        ("fleet.cars=lots", r"--set: fleet\.cars: expected a whole number, got 'lots'"),
        ("operator.policy=best", r"--set: operator\.policy: unknown policy 'best'; allowed: immediate, tou, tou-staggered, price, valley, peak-shave, coordinated, auction, package\.module:Class"),
    ],
)  # fmt: skip
def test_bad_setting(setting: str, message: str, folder: Path):
    (folder / "good.yaml").write_text(HEAD + "fleet: {cars: 100}\n")
    assert re.fullmatch(message, refused(["run", "good.yaml", "--set", setting]))
    assert not (folder / "results").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--days", "0"], r"--set: time\.days: must be more than 0 d, got 0"),
        (["--sample", "0.001"], r"good\.yaml:3: fleet: a sample of 0\.001 leaves none of 100 cars; give a larger sample"),
        (["--replications", "0"], r"--set: replications: must be at least 1, got 0"),
        (["--arms", "uncontrolled,v2h"], r"--arms: v2h: no such arm, did you mean 'v2g'\? allowed: .*"),
        (["--arms", "v2g"], r"--arms: v2g: the reference 'uncontrolled' must be among the arms"),
    ],
)  # fmt: skip
def test_bad_option(options: list[str], message: str, folder: Path):
    (folder / "good.yaml").write_text(HEAD + "fleet: {cars: 100}\n")
    assert re.fullmatch(message, refused(["run", "good.yaml", *options]))


def test_missing_scenario(folder: Path):
    line = refused(["run", "bse.yaml"])
    assert line.startswith("bse.yaml: no such file, did you mean 'base.yaml'? these ship: california, ")


def test_scenario_is_a_folder(folder: Path):
    assert refused(["validate", "."]) == ".: is a folder; expected a YAML file"


def test_output_is_a_file(folder: Path):
    (folder / "good.yaml").write_text(HEAD + "fleet: {cars: 100}\n")
    (folder / "taken").write_text("mine")
    assert (
        refused(["run", "good.yaml", "--out", "taken"])
        == "taken: is a file; expected a folder for the results"
    )
    assert (
        refused(["run", "good.yaml", "--out", "taken/below"])
        == "taken: is a file; expected a folder for the results"
    )
    assert (folder / "taken").read_text() == "mine"


def test_output_holds_something_else(folder: Path):
    (folder / "good.yaml").write_text(HEAD + "fleet: {cars: 100}\n")
    (folder / "photos").mkdir()
    (folder / "photos" / "cat.png").write_text("meow")
    assert "holds files that are not a result" in refused(["run", "good.yaml", "--out", "photos"])
    assert (folder / "photos" / "cat.png").exists()


def test_output_cannot_be_written(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("os.access", lambda *_: False)  # permission bits do not bind an administrator
    (folder / "good.yaml").write_text(HEAD + "fleet: {cars: 100}\n")
    assert (
        refused(["run", "good.yaml", "--out", "locked"])
        == "locked: cannot be written; name another folder with --out"
    )


def test_compare_needs_results(folder: Path):
    assert refused(["compare", ".", "."]) == ".: is not a result folder (manifest.json is missing)"


def test_a_bomb_of_aliases_is_refused(folder: Path):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 8)]
    (folder / "bomb.yaml").write_text("\n".join(lines))
    assert "too many or too deeply nested values" in refused(["validate", "bomb.yaml"])


YEAR = (
    "time:\n  warmup_days: 1\n  weeks:\n    - {start: 2025-07-14, months: [1,2,3,4,5,6,7,8,9,10,11,12]}\n"
    "fleet: {cars: 100}\n"
)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["commitment", "good.yaml", "--arm", "v2k"], "--arm: v2k: no such arm, did you mean 'v2g'"),
        (
            ["commitment", "good.yaml", "--out", "nowhere/rows.csv"],
            "nowhere/rows.csv: there is no folder nowhere",
        ),
        (["gap", "good.yaml", "--out", "nowhere/rows.csv"], "nowhere/rows.csv: there is no folder nowhere"),
        (["gap", "good.yaml", "--days", "0"], "v2gcity gap: Invalid value for '--days'"),
        (["commitment", "year.yaml"], "year: time.weeks: a year in weeks is no continuous time"),
        (["gap", "year.yaml"], "year: time.weeks: a year in weeks has no gap"),
        (["export", ".", "--to", "pypsa"], ".: is not a result folder"),
        (["validate", "long.yaml"], "long: time.weeks: the weeks stand for"),
    ],
)
def test_the_grid_commands_refuse_in_one_line(arguments: list[str], message: str, folder: Path):
    (folder / "good.yaml").write_text(HEAD + "fleet: {cars: 100}\n")
    (folder / "year.yaml").write_text(YEAR)
    (folder / "long.yaml").write_text(
        YEAR.replace(
            "fleet", "    - {start: 2025-08-04, stands_for_days: 400, temperature_profile: heatwave}\nfleet"
        ).replace("stands_for_days: 400", "stands_for_days: 366")
    )
    assert refused(arguments).startswith(message)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run"], "v2gcity run: Missing argument 'SCENARIO'."),
        (["run", "base.yaml", "--days", "x"], "v2gcity run: Invalid value for '--days': 'x' is not a valid integer."),
        (["run", "base.yaml", "--dais", "1"], "v2gcity run: No such option '--dais'. Did you mean one of: '--days', '--data'?"),
        (["rnu"], "v2gcity: No such command 'rnu'. Did you mean 'run'?"),
    ],
)  # fmt: skip
def test_bad_command_line(arguments: list[str], message: str, folder: Path):
    assert refused(arguments).startswith(message.split(". Did")[0].split(" Did")[0])
