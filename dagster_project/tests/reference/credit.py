"""A purchase's revenue over its valid touchpoints (attribution rules, section 6). Money in units of 0.0001."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal
from fractions import Fraction

Weight = Fraction | Decimal

DAY_MICROSECONDS = 24 * 60 * 60 * 1_000_000
# 60 digits: revenue has up to 18 before the point, which leaves more than 40 behind it
EXACT = Context(prec=60, Emin=-999_999_999, Emax=999_999_999)
# Shares of time_decay carry an error of some 10^-40 units: below this they are noise
NOISE = Decimal("1e-30")
REMAINDER_DECIMALS = 12


def weights(model: str, ages: Sequence[int], half_life_days: float) -> list[Weight]:
    """One weight for each touch, first to last, with sum 1.

    `ages`: microseconds from the touch to the purchase, in the order of section 4 (so they never grow).
    """
    if model == "linear":
        return [Fraction(1, len(ages))] * len(ages)
    if model == "position_based":
        return position_weights(len(ages))
    if model == "time_decay":
        return time_decay_weights(ages, half_life_days)
    raise ValueError(f"unknown multi-touch model {model}")


def position_weights(count: int) -> list[Weight]:
    if count == 1:
        return [Fraction(1)]
    if count == 2:
        return [Fraction(1, 2), Fraction(1, 2)]
    between = Fraction(20, 100) / (count - 2)
    return [Fraction(40, 100), *[between] * (count - 2), Fraction(40, 100)]


def time_decay_weights(ages: Sequence[int], half_life_days: float) -> list[Weight]:
    """2^(-age / half-life), normalised; ages relative to the latest touch: its own weight is 1, so no sum is 0."""
    half_life = EXACT.multiply(Decimal(str(half_life_days)), Decimal(DAY_MICROSECONDS))
    decayed = [EXACT.power(Decimal(2), EXACT.divide(Decimal(ages[-1] - age), half_life)) for age in ages]
    total = Decimal(0)
    for weight in decayed:
        total = EXACT.add(total, weight)
    return [EXACT.divide(weight, total) for weight in decayed]


def split(units: int, shares_of: Sequence[Weight]) -> list[int]:
    """Whole units for each touch; together exactly `units`. Largest remainders first, ties to the later touch."""
    credits: list[int] = []
    remainders: list[Fraction] = []
    for weight in shares_of:
        whole, remainder = _cut(units, weight)
        credits.append(whole)
        remainders.append(remainder)
    left = units - sum(credits)
    by_remainder = sorted(range(len(credits)), key=lambda touch: (remainders[touch], touch), reverse=True)
    for touch in by_remainder[:left]:
        credits[touch] += 1
    if sum(credits) != units:
        raise AssertionError(f"{left} units left over {len(credits)} touches")
    return credits


def _cut(units: int, weight: Weight) -> tuple[int, Fraction]:
    """A share in whole units, and its remainder rounded to 12 decimals of a unit."""
    if isinstance(weight, Decimal):
        share = EXACT.multiply(Decimal(units), weight).quantize(NOISE, ROUND_HALF_UP, EXACT)
        whole = int(share.to_integral_value(ROUND_FLOOR))
        remainder = Fraction(share) - whole
    else:
        exact_share = units * weight
        whole = exact_share.numerator // exact_share.denominator
        remainder = exact_share - whole
    scale = 10**REMAINDER_DECIMALS
    scaled = remainder * scale + Fraction(1, 2)
    return whole, Fraction(scaled.numerator // scaled.denominator, scale)
