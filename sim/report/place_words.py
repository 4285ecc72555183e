"""What of a place is its own and what is Shanghai's, in English and Chinese, for page and report."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from sim.data.catalogue import SHANGHAI, has_own, place_name
from sim.scenario import Scenario

#: What people call the places that ship.
NAMES = {
    "california": ("California", "加利福尼亚"),
    "china-2025": ("China 2025", "中国（2025年）"),
    "china-2030": ("China 2030", "中国（2030年）"),
}
#: What tables hold that a place may have of its own.
HELD: dict[str, tuple[tuple[str, ...], str]] = {
    "plants": (("units",), "机组"),
    "contracts": (("contracts", "contract_shapes"), "合同电量"),
    "further imports": (("extra_imports",), "增购外来电"),
    "demand": (("demand_days",), "用电负荷"),
    "wind and sun": (("renewable_monthly_mean",), "风光出力"),
    "weather": (("temperature_extremes", "temperature_month_hour"), "气温"),
    "the map": (("districts", "map_outline"), "地图"),
    "names of districts": (("districts",), "区名"),
    "holidays, seasons and hours of the day": (("conventions",), "节假日、季节与时段"),
    "car models": (("vehicles",), "车型"),
    "trips": (("departure_profiles", "mobility_parameters"), "出行"),
    "charging habits": (("charging_behaviour",), "充电习惯"),
    "pay regimes": (("pay_regimes",), "补偿方案"),
}


@dataclass(frozen=True)
class PlaceWords:
    """A place that is not Shanghai, in words.

    Attributes
    ----------
    name, name_zh : str
    en, zh : str
        What is its own, what is Shanghai's, and the money.
    """

    name: str
    name_zh: str
    en: str
    zh: str

    @property
    def plain(self) -> dict[str, str]:
        """As plain data."""
        return asdict(self)


def place_words(spec: Scenario) -> PlaceWords | None:
    """What to say of the place of a scenario; nothing of Shanghai."""
    place = spec.city.place
    if place == SHANGHAI:
        return None
    name, name_zh = NAMES.get(place, (place_name(place), place_name(place)))
    own = {words: any(has_own(table, place) for table in tables) for words, (tables, _) in HELD.items()}
    own["tariffs"] = spec.market.home_tariff in spec.market.tariffs or has_own("tariffs", place)
    zh = {words: text for words, (_, text) in HELD.items()} | {"tariffs": "电价"}
    its, theirs = ([words for words, mine in own.items() if mine is whose] for whose in (True, False))
    return PlaceWords(
        name,
        name_zh,
        f"{name}: {_list(its) or 'no tables'} are its own. Shanghai's are {_list(theirs)}. Owners' money is in yuan.",
        f"{name_zh}：{'、'.join(zh[words] for words in its) or '无'}为当地数据；"
        f"{'、'.join(zh[words] for words in theirs)}沿用上海。车主金额均以人民币元计。",
    )


def _list(words: list[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)
