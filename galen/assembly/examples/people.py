"""What is known of a shop's users beside their events, as columns by user row."""

from dataclasses import dataclass

from galen.data.arrays import Floats
from galen.data.columns import numbers_of
from galen.data.shop import Shop


@dataclass(frozen=True)
class PeopleColumns:
    """Columns of a shop's users that a request carries, a row each."""

    ids: list[str]
    age: Floats  # (users,) years; NaN where unknown
    region: list[str | None]
    life_stage: list[str | None]
    household: Floats  # (users,) people who live there; NaN where unknown

    @classmethod
    def read(cls, shop: Shop) -> "PeopleColumns":
        """The columns of a shop's table of users, in its order.

        Raises:
            ShopError: the table cannot be read.
        """
        table = shop.read("users", ["user_id", "age", "region", "life_stage", "household_size"])
        return cls(
            table["user_id"].to_pylist(),
            numbers_of(table["age"]),
            table["region"].to_pylist(),
            table["life_stage"].to_pylist(),
            numbers_of(table["household_size"]),
        )
