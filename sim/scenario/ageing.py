"""Section of a scenario: how batteries age, and what a lost kilowatt-hour costs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

from sim.data.catalogue import select
from sim.scenario.fields import Section, assumed, chosen, sourced


@dataclass(frozen=True)
class AgeingLaw:
    """Parameters of one cell, see :mod:`sim.rules.wear` for the law and battery_ageing.csv for the fits.

    Attributes
    ----------
    cell, chemistry : str
    first_year_pct : float
        Calendar loss of the first year half full at 25 degC, [%].
    exponent : float
        Power of time with which calendar loss grows.
    soc_slope : float
        Rise of calendar ageing from half full to full, times two.
    activation_kj_per_mol : float
        Arrhenius activation energy of calendar ageing.
    first_cycle_pct : float
        Loss in the first full cycle of depth 1, [%].
    cycle_exponent : float
        Power of the cycles with which cycle loss grows.
    depth_exponent : float
        Power of the depth with which a cycle counts.
    """

    cell: str
    chemistry: str
    first_year_pct: float
    exponent: float
    soc_slope: float
    activation_kj_per_mol: float
    first_cycle_pct: float
    cycle_exponent: float
    depth_exponent: float


@cache
def ageing_law(cell: str) -> AgeingLaw:
    """Law of a cell of battery_ageing.csv."""
    (row,) = select("battery_ageing", cell=cell)
    numbers = {
        name: float(row[name]) for name in AgeingLaw.__dataclass_fields__ if name not in ("cell", "chemistry")
    }
    return AgeingLaw(cell=cell, chemistry=row["chemistry"], **numbers)


class WearSection(Section):
    """How batteries age and what that costs."""

    lfp_cell: Literal["LFP_250Ah_prismatic", "LFP_SonyMurata3Ah"] = chosen(
        "LFP_250Ah_prismatic", "cell whose law LFP packs follow (battery_ageing.csv)", "", "S62", "derived"
    )
    nmc_cell: Literal["NMC_Gr_50Ah_B1", "NMC622_DENSO50Ah"] = chosen(
        "NMC622_DENSO50Ah",
        "cell whose law NMC packs follow; of the two the one that suffers more from feeding in",
        "",
        "S62",
        "derived",
    )
    base: Literal["field", "cells"] = chosen(
        "field",
        "how fast batteries age besides what charging changes: as cars in the field, or as tested cells",
    )
    field_loss_pct_per_year: float = assumed("field_loss", gt=0.0, le=10.0)
    fast_charging_loss_pct_per_year: float = assumed("fast_charging_loss", ge=0.0, le=20.0)
    cycle_factor: float = chosen(1.0, "factor on what cycling costs in capacity", "-", ge=0.0, le=20.0)
    pack_price_lfp_usd_per_kwh: float = sourced(
        "batteries", "pack_price", chemistry="LFP", ge=0.0, text="price of an LFP pack"
    )
    pack_price_nmc_usd_per_kwh: float = sourced(
        "batteries", "pack_price", chemistry="NMC", ge=0.0, text="price of an NMC pack"
    )
    yuan_per_usd: float = sourced("batteries", "usd_cny", chemistry="-", gt=0.0, text="exchange rate")
    end_of_life_fade: float = assumed("end_of_life_fade", gt=0.0, le=1.0)
    car_age_years: float = assumed("car_age", gt=0.0, le=20.0)
    life_years: float = assumed("battery_life", gt=0.0, le=40.0)
    contract_days_per_year: float = assumed("contract_days", gt=0.0, le=366.0)

    @property
    def lfp(self) -> AgeingLaw:
        """Law of LFP packs."""
        return ageing_law(self.lfp_cell)

    @property
    def nmc(self) -> AgeingLaw:
        """Law of NMC packs."""
        return ageing_law(self.nmc_cell)

    @property
    def laws(self) -> tuple[AgeingLaw, AgeingLaw]:
        """Laws in the order of the cars' flag: LFP, NMC."""
        return self.lfp, self.nmc

    @property
    def pack_yuan_per_kwh(self) -> tuple[float, float]:
        """Prices of packs, LFP and NMC, [yuan/kWh]."""
        return (
            self.pack_price_lfp_usd_per_kwh * self.yuan_per_usd,
            self.pack_price_nmc_usd_per_kwh * self.yuan_per_usd,
        )
