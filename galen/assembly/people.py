"""What is known of a shop's users beside their events, as columns by user row."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from galen.data.shop import Shop
from galen.pipeline.candidates import Floats


@dataclass(frozen=True)
class People:
    ids: list[str]
    age: Floats  # (users,) years; NaN where unknown
    region: list[str | None]
    life_stage: list[str | None]

    @classmethod
    def read(cls, shop: Shop) -> "People":
        table = shop.read("users", ["user_id", "age", "region", "life_stage"])
        age = pc.fill_null(pc.cast(table["age"], pa.float64()), float("nan"))
        return cls(
            table["user_id"].to_pylist(),
            np.asarray(age, dtype=np.float64),
            table["region"].to_pylist(),
            table["life_stage"].to_pylist(),
        )
