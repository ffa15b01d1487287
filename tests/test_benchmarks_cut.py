"""A researcher's own file in a benchmark: any format, whole or cut, and what of it is not used."""

import gzip
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks import sequences
from benchmarks.cut import cut, shop_of
from galen.data.importing.importer import import_shop
from galen.data.mendable import MendableError
from galen.data.shop import Shop

HEADER = "user_id,item_id,pos\n"
WALKS = [(f"u{u}", f"i{(u + place) % 6}", place) for u in range(40) for place in range(6)]
QUICK = ["--models", "popular", "--without", "item_graph,sasrec", "--protocol", "strict"]


def lines(rows):
    return "".join(f"{user},{item},{place}\n" for user, item, place in rows)


def test_people_are_drawn_alike_from_a_table_of_any_format(tmp_path):
    (tmp_path / "walks.csv").write_text(HEADER + lines(WALKS))
    (tmp_path / "walks.csv.gz").write_bytes(gzip.compress((HEADER + lines(WALKS)).encode()))
    columns = dict(zip(HEADER.strip().split(","), zip(*WALKS, strict=True), strict=True))
    pq.write_table(
        pa.table({name: list(values) for name, values in columns.items()}),
        tmp_path / "walks.parquet",
    )
    drawn = []
    for name in ("walks.csv", "walks.csv.gz", "walks.parquet"):
        paths = cut(tmp_path / name, None, 10, 0, tmp_path)
        shop = tmp_path / f"shop of {name}"
        import_shop("sequences", paths, shop, now=datetime.now(UTC))
        drawn.append(sorted(Shop.open(shop).read("users")["user_id"].to_pylist()))
    assert len(drawn[0]) == 10
    assert drawn[0] == drawn[1] == drawn[2]


def test_items_of_a_cut_may_be_text_too(tmp_path):
    (tmp_path / "walks.csv").write_text(HEADER + lines(WALKS))
    (tmp_path / "items.csv").write_text("item_id,brand\n" + "".join(f"i{n},B\n" for n in range(9)))
    paths = cut(tmp_path / "walks.csv", tmp_path / "items.csv", 10, 0, tmp_path)
    assert set(pq.read_table(paths["items"])["item_id"].to_pylist()) == {f"i{n}" for n in range(6)}


def test_rows_that_figures_lack_are_told(tmp_path, capsys):
    file = tmp_path / "walks.csv"
    file.write_text(HEADER + lines(WALKS) + "u1,i1,later\n")
    sequences.main(["--interactions", str(file), *QUICK])
    told = "rows that cannot be used: 1 of events: order is not a whole number (first in "
    assert f"{told}{file}, line 242)" in capsys.readouterr().out


def test_too_many_such_rows_are_refused_without_a_file_that_is_gone(tmp_path):
    file = tmp_path / "walks.csv"
    file.write_text(HEADER + lines(WALKS) + lines([("u1", "i1", -1)]) * 20)
    with pytest.raises(MendableError, match=r"20 of events: order is negative.*line 242.*5%") as no:
        sequences.main(["--interactions", str(file), *QUICK])
    assert "shop" not in str(no.value)


@pytest.mark.parametrize("header", ["user_id,item_id", "user,item,ts", "user_id;item_id;pos"])
def test_a_file_without_the_columns_of_a_history_is_told_which_they_are(tmp_path, header):
    file = tmp_path / "walks.csv"
    file.write_text(f"{header}\n")
    with pytest.raises(MendableError, match=r"user_id, item_id and pos, .* or timestamp.*commas"):
        shop_of({"interactions": file}, tmp_path / "shop")


def test_what_cannot_be_left_out_is_not_passed_over(tmp_path):
    with pytest.raises(MendableError, match="--without 'item-graph': it can name popular, item_gr"):
        sequences.main(["--interactions", "nowhere", "--without", "item-graph"])


def test_no_seed_at_all_is_refused(capsys):
    with pytest.raises(SystemExit):
        sequences.main(["--interactions", "nowhere", "--seeds", "0"])
    assert "argument --seeds: 0 is less than 1." in capsys.readouterr().err
