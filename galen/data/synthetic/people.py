"""The made-up people: households with a life stage and conditions, and what they need when."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from galen.data.arrays import Bools, Floats, Ints
from galen.data.schema import DAY
from galen.data.synthetic.items import TASTES
from galen.data.synthetic.words import NEEDS, REGIONS, STAGES

YEAR_DAYS = 365.25
CHRONIC_WEIGHT = 2.5  # of a need that a household has for good, in average needs
SPREAD = 1.3  # of the log of how often people come: most come seldom

_SHARE = np.array([need.share for need in NEEDS])
_SWING = np.array([need.swing for need in NEEDS])
_PEAK = np.array([need.peak for need in NEEDS])
_CHRONIC = np.array([need.chronic for need in NEEDS])
_FACTOR = np.array([[dict(s.more).get(need.name, 1.0) for need in NEEDS] for s in STAGES])


@dataclass(frozen=True, slots=True)
class People:
    """A block of users, by row of the block."""

    table: pa.Table  # schema USERS
    need: Floats  # (users, needs) how often each need arises, apart from the season
    for_good: Bools  # (users, needs) which of them the household has for good
    house: Ints  # (users,) household, those of one together
    taste: Floats  # (users, TASTES) for brands
    thrift: Floats  # (users,) how much a higher price puts off
    visits: Ints  # (users,) that are not for buying again
    created: Ints  # (users,) microseconds

    def __len__(self) -> int:
        return len(self.visits)

    @property
    def chronic(self) -> Bools:
        """(users,): has the household any condition for good?"""
        return np.asarray(self.for_good.any(axis=1))


def make_people(
    first: int, users: int, start: int, days: int, sessions: float, random: np.random.Generator
) -> People:
    """Draw users first … first + users - 1, who come `sessions` times on average."""
    stage_of_house = random.choice(len(STAGES), users, p=[s.share for s in STAGES])
    adults = np.array([s.adults for s in STAGES])[stage_of_house]
    house = np.repeat(np.arange(users), adults)[:users]
    stage = stage_of_house[house]
    factor = _FACTOR[stage_of_house]
    ill = random.random(factor.shape) < np.minimum(_CHRONIC * factor, 0.8)
    wants = _SHARE * factor * random.gamma(2.0, 0.5, factor.shape) + CHRONIC_WEIGHT * ill
    rate = random.lognormal(-(SPREAD**2) / 2, SPREAD, users)
    known_before = random.random(users) < 0.7
    created = np.where(
        known_before,
        start - random.integers(1, 3 * 365, users) * DAY,
        start + random.integers(0, max(days - 1, 1), users) * DAY,
    )
    low, high = (np.array([s.ages[n] for s in STAGES])[stage] for n in (0, 1))
    names = [STAGES[s].name for s in stage]
    region = random.integers(0, len(REGIONS), users)[house]
    unknown = random.random(users) < 0.15  # people who did not tell their age
    table = pa.table(
        {
            "user_id": [f"user-{first + n:07d}" for n in range(users)],
            "age": pa.array(random.integers(low, high + 1), mask=unknown),
            "sex": np.where(random.random(users) < 0.55, "female", "male"),
            "region": [REGIONS[r] for r in region],
            "household_id": [f"house-{first + h:07d}" for h in house],
            "life_stage": names,
            "created_at": pa.array(created, pa.timestamp("us")),
        }
    )
    return People(
        table,
        wants[house],
        ill[house],
        house,
        random.normal(0, 0.5, (users, TASTES)),
        random.lognormal(-0.5, 0.5, users),
        random.poisson(sessions * rate),
        created,
    )


def needs_at(want: Floats, at: Ints, random: np.random.Generator) -> Ints:
    """(V,): the need behind each visit, from what its person wants (V, needs) and the season."""
    day = at / DAY % YEAR_DAYS
    season = np.exp(_SWING * np.cos((day[:, None] - _PEAK) * (2 * np.pi / YEAR_DAYS)))
    running = np.cumsum(want * season, axis=1)
    drawn = random.random(len(at)) * running[:, -1]
    return np.asarray((running < drawn[:, None]).sum(axis=1))
