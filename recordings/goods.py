"""What a language model wrote down of goods and of the people who need them, by product word."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

HERE: Final = Path(__file__).parent
SEASONS: Final = ("winter", "spring", "summer", "autumn")
STAGE_OF_AGE: Final = {
    "18 to 29": "young adult",
    "45 to 59": "middle age",
    "60 to 74": "old age",
    "75 and over": "old age",
}
FOLLOWS: Final = 4.0
"""How much more often a word is taken after one that it often follows."""
AGAIN: Final = 2.0
"""How much more often people come back for the very word that they came from."""


class Good(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One product word; `recordings/goods.toml` says what its fields mean."""

    usual: float
    seasons: tuple[float, float, float, float]
    needs: tuple[str, ...]
    after: tuple[str, ...]
    names: tuple[str, ...]
    stages: dict[str, float] = msgspec.field(default_factory=dict)
    population: str = "everyone"
    noun: str = ""

    def factor(self, people: Mapping[str, str], own: str) -> float:
        """How often such people take it, over the other goods."""
        found = self.usual * self.stages.get(stage_of(people), 1.0)
        if people.get("season") in SEASONS:
            found *= self.seasons[SEASONS.index(people["season"])]
        before = people.get("comes from")
        if before == own:
            return found * AGAIN
        return found * (FOLLOWS if before in self.after else 1.0)


@dataclass(frozen=True)
class Goods:
    """The whole table, and why people need what a need names."""

    of_word: Mapping[str, Good] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls) -> "Goods":
        goods = tomllib.loads((HERE / "goods.toml").read_text("utf-8"))
        reasons = tomllib.loads((HERE / "reasons.toml").read_text("utf-8"))
        return cls(msgspec.convert(goods, dict[str, Good]), reasons)


def stage_of(people: Mapping[str, str]) -> str:
    """The stage of life that is told, or the one that an age band suggests."""
    return people.get("life stage", "") or STAGE_OF_AGE.get(people.get("age", ""), "")
