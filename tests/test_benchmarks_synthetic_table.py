"""The table of the synthetic shop's impressions says of each what is true of it."""

from dataclasses import replace

import numpy as np
import pyarrow as pa

from benchmarks.synthetic_table import USER_COLUMNS, impressions
from galen.data.synthetic.shop import SyntheticSettings, blocks, item_table

SETTINGS = SyntheticSettings(users=300, items=90, days=60, seed=1)


def test_an_impression_is_described_by_its_own_person_also_where_the_first_have_no_events() -> None:
    (block,) = blocks(SETTINGS)
    late = np.asarray(block.events["user"]) >= 5
    block = replace(
        block,
        events=block.events.filter(pa.array(late)),
        click_probability=block.click_probability[late],
    )
    table = impressions(block, item_table(SETTINGS))
    for name in USER_COLUMNS:
        assert table[name].equals(block.users[name].take(table["user"])), name


def test_people_of_later_blocks_are_described_by_their_own_block() -> None:
    (block,) = blocks(SETTINGS)
    moved = pa.array(np.asarray(block.events["user"]) + 8192)
    place = block.events.schema.get_field_index("user")
    later = replace(block, events=block.events.set_column(place, "user", moved), first=8192)
    stock = item_table(SETTINGS)
    assert impressions(later, stock)["age"].equals(impressions(block, stock)["age"])
