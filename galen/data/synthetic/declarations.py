"""What the made-up people have, and what of it they declare to the shop.

It has a stream of random numbers of its own: with or without it all other columns are the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from galen.data.arrays import Bools, Floats, Ints
from galen.data.synthetic.health import (
    AILMENTS,
    ALLERGIES,
    CONSENTS,
    EXPECTING,
    LACTATION,
    NURSING,
    PREGNANCY,
)
from galen.data.synthetic.items import NEED_OF
from galen.data.synthetic.people import People
from galen.data.synthetic.words import NEEDS, STAGES

TELLS: Final = 0.35  # share of people who fill in what they have, take and do not tolerate
TELLS_ONE: Final = 0.9  # share of what they have that those people name
OFTENEST: Final = 0.5  # the highest probability of expecting a baby

STATES: Final = (*(ailment.name for ailment in AILMENTS), PREGNANCY, LACTATION)
MEDICINES: Final = tuple(dict.fromkeys(m for a in AILMENTS for m, _ in a.medicines))
_WOMEN = [need.name for need in NEEDS].index("women")


@dataclass(frozen=True, slots=True)
class TrueConditions:
    """What is true of a block of people, told or not."""

    state: Bools  # (users, STATES)
    medicine: Bools  # (users, MEDICINES) taken now
    allergy: Bools  # (users, ALLERGIES)


def draw_health(people: People, random: np.random.Generator) -> TrueConditions:
    """Who has what: of each need that a household has for good one of its adults is the reason."""
    has = people.for_good & _one_of_each_house(people.house, random)
    stage = np.asarray(people.table["life_stage"])
    elderly = stage == "elderly"
    users = len(people)
    state, medicine = np.zeros((users, len(STATES)), bool), np.zeros((users, len(MEDICINES)), bool)
    for place, ailment in enumerate(AILMENTS):
        share = ailment.share * np.where(elderly, ailment.elderly, 1.0)
        state[:, place] = random.random(users) < share
        if ailment.need:
            state[:, place] &= has[:, NEED_OF[ailment.need]]
        for name, taking in ailment.medicines:
            takes = random.random(users) < taking
            medicine[:, MEDICINES.index(name)] |= takes & state[:, place]
    female = np.asarray(people.table["sex"]) == "female"
    want = people.need[:, _WOMEN]
    often = want / np.maximum(_mean_by_stage(want, stage), 1e-9)
    expecting = np.minimum(_by_stage(EXPECTING, stage) * often, OFTENEST)
    pregnant = female & (random.random(users) < expecting)
    nursing = female & (random.random(users) < _by_stage(NURSING, stage))
    state[:, STATES.index(PREGNANCY)] = pregnant
    state[:, STATES.index(LACTATION)] = nursing & ~pregnant
    allergy = random.random((users, len(ALLERGIES))) < [share for _, share in ALLERGIES]
    return TrueConditions(state, medicine, allergy)


def declare(people: People, health: TrueConditions, random: np.random.Generator) -> pa.Table:
    """The people's table with the columns conditions, medicines, allergies and consents.

    A field that nobody filled in is missing; one that was filled in with nothing is empty.
    """
    users = len(people)
    tells = random.random(users) < TELLS
    table = people.table
    for name, words, has in (
        ("conditions", STATES, health.state),
        ("medicines", MEDICINES, health.medicine),
        ("allergies", [name for name, _ in ALLERGIES], health.allergy),
    ):
        named = has & (random.random(has.shape) < TELLS_ONE)
        table = table.append_column(name, lists_of(named, words, tells))
    allowed = random.choice(len(CONSENTS), users, p=[share for _, share in CONSENTS])
    consents = pa.array([some for some, _ in CONSENTS], pa.list_(pa.string()))
    return table.append_column("consents", consents.take(pa.array(allowed)))


def lists_of(chosen: Bools, words: Sequence[str], told: Bools) -> pa.ListArray:
    """(N,) lists of the words that are chosen (N, words); missing where nothing was told (N,)."""
    kept = chosen & told[:, None]
    ends = np.concatenate([[0], np.cumsum(kept.sum(axis=1))]).astype(np.int32)
    values = pa.array(words, pa.string()).take(pa.array(np.nonzero(kept)[1]))
    return pa.ListArray.from_arrays(pa.array(ends), values, mask=pa.array(~told))


def _one_of_each_house(house: Ints, random: np.random.Generator) -> Bools:
    """(users, NEEDS): for each need, is this the one adult of the household who has it?"""
    lot = random.random((len(house), len(NEEDS)))
    highest = np.zeros((int(house[-1]) + 1, len(NEEDS)))
    np.maximum.at(highest, house, lot)
    return np.asarray(lot == highest[house])


def _by_stage(share: Mapping[str, float], stage: np.ndarray) -> Floats:
    found = np.zeros(len(stage))
    for name, value in share.items():
        found[stage == name] = value
    return found


def _mean_by_stage(want: Floats, stage: np.ndarray) -> Floats:
    found = np.ones(len(stage))
    for one in STAGES:
        mine = stage == one.name
        if mine.any():
            found[mine] = want[mine].mean()
    return found
