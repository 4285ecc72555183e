"""The tables: complete, sourced, readable."""

import pytest

from sim.data import catalogue

ALL = [(place, name) for place in catalogue.places() for name in catalogue.tables(place) if name != "sources"]


@pytest.mark.parametrize(("place", "table"), ALL)
def test_every_row_has_a_known_source_and_a_confidence(place, table):
    for row in catalogue.rows(table, place):
        assert None not in row, f"{table}: a row has more cells than columns"
        assert row["confidence"], f"{table}: {row}"
        for code in row["source"].split("+"):
            assert code in catalogue.sources(), f"{table}: unknown source {code} in {row}"


def test_parameter_carries_everything_along():
    row = catalogue.parameter("chargers", "one_way_efficiency")
    assert (row.value, row.unit, row.low, row.high, row.source, row.confidence) == (
        0.933,
        "-",
        0.89,
        0.94,
        "S63",
        "derived",
    )


def test_shares_sum_to_one():
    assert sum(catalogue.column("districts", "population_share")) == pytest.approx(1.0, abs=0.002)
    assert sum(catalogue.column("vehicles", "fleet_share_shanghai_est")) == pytest.approx(1.0, abs=0.002)
    assert sum(catalogue.column("archetypes", "share")) == pytest.approx(1.0)
    assert sum(catalogue.column("commercial_models", "share")) == pytest.approx(1.0)


@pytest.mark.parametrize(("call", "message"), [
    (lambda: catalogue.rows("nothing"), "no table 'nothing'"),
    (lambda: catalogue.parameter("chargers", "no_such"), "0 rows of 'chargers'"),
    (lambda: catalogue.parameter("grid_shanghai", "peak_load"), "rows of 'grid_shanghai' match"),
])  # fmt: skip
def test_what_is_not_there_is_an_error(call, message):
    with pytest.raises(KeyError, match=message):
        call()


def test_plants_are_credited():
    assert "Global Energy Monitor" in catalogue.sources()["S77"].title
    assert "CC BY 4.0" in catalogue.sources()["S77"].title
    coal = catalogue.select("units", status="operating", fuel="coal")
    assert len(coal) == 35
    assert sum(float(row["mw"]) for row in coal) == pytest.approx(15_660, rel=0.005)
    gas = catalogue.select("units", status="operating", fuel="gas")
    assert sum(float(row["mw"]) for row in gas) == pytest.approx(8_540, rel=0.005)
