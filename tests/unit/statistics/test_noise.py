"""The noise is the exact discrete Gaussian law of the plan, and never the same draw twice."""

import math
from fractions import Fraction

from services.statistics.contributor.handlers import Noise

SIGMA_SQUARED = Fraction(357, 100)
DRAWS = 6000
CHI_SQUARED_999 = 37.7
"""0.999 quantile of chi squared with 15 degrees of freedom."""


def probabilities(sigma_squared: Fraction, reach: int) -> dict[int, float]:
    weights = {x: math.exp(-(x**2) / (2 * float(sigma_squared))) for x in range(-60, 61)}
    total = sum(weights.values())
    return {x: weights[x] / total for x in range(-reach, reach + 1)}


def chi_squared(values: tuple[int, ...], sigma_squared: Fraction) -> float:
    reach = 7
    expected = probabilities(sigma_squared, reach)
    rest = 1 - sum(expected.values())
    found = sum(
        (sum(1 for value in values if value == x) - DRAWS * p) ** 2 / (DRAWS * p)
        for x, p in expected.items()
    )
    outside = sum(1 for value in values if abs(value) > reach)
    return found + (outside - DRAWS * rest) ** 2 / (DRAWS * rest)


def test_the_sampler_follows_the_exact_law() -> None:
    values = Noise().add([0] * DRAWS, SIGMA_SQUARED)
    assert chi_squared(values, SIGMA_SQUARED) < CHI_SQUARED_999


def test_planted_noise_of_another_variance_is_found() -> None:
    values = Noise().add([0] * DRAWS, SIGMA_SQUARED * 2)
    assert chi_squared(values, SIGMA_SQUARED) > CHI_SQUARED_999


def test_two_draws_differ_and_stay_around_the_count() -> None:
    first, second = (Noise().add([100] * 40, SIGMA_SQUARED) for _ in range(2))
    assert first != second
    assert abs(sum(first) / 40 - 100) < 3
