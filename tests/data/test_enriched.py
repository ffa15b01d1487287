from datetime import UTC, datetime

import pyarrow as pa
import pytest

from galen.data.enriched import (
    PROVENANCE,
    EnrichedError,
    Extent,
    Origin,
    enriched_folder,
    origins,
    read_enriched,
    write_enriched,
)

NOW = datetime(2026, 11, 28, tzinfo=UTC)


def rows(*keys, model="rules:words", prompt="product_word@1"):
    models = [model] * len(keys) if isinstance(model, str) else model
    origin = {
        "model": models,
        "prompt": [prompt] * len(keys),
        "knowledge": [""] * len(keys),
        "at": [NOW] * len(keys),
        "cost": [0.0] * len(keys),
    }
    columns = [pa.array(values, PROVENANCE.field(name).type) for name, values in origin.items()]
    return pa.table([pa.array(keys), *columns], names=["key", *origin])


def test_a_table_is_read_as_it_was_written(tmp_path):
    write_enriched(tmp_path, "words", rows("a", "b"), Extent())
    found = read_enriched(tmp_path, "words", ["key"])
    assert found["key"].to_pylist() == ["a", "b"]
    assert found["model"].to_pylist() == ["rules:words"] * 2


def test_tables_lie_beside_a_shop_so_that_an_import_leaves_them(tmp_path):
    assert enriched_folder(tmp_path / "demo") == tmp_path.resolve() / "demo.enriched"


def test_a_missing_table_says_how_to_write_it(tmp_path):
    with pytest.raises(EnrichedError, match="galen enrich run words SHOP"):
        read_enriched(tmp_path, "words", ["key"])


def test_rows_without_an_origin_are_refused_and_leave_the_old_table(tmp_path):
    write_enriched(tmp_path, "words", rows("a"), Extent())
    with pytest.raises(EnrichedError, match="lacks model"):
        write_enriched(tmp_path, "words", pa.table({"key": ["b"]}), Extent())
    assert read_enriched(tmp_path, "words", ["key"])["key"].to_pylist() == ["a"]


def test_values_of_two_models_never_mix_unnoticed(tmp_path):
    write_enriched(tmp_path, "words", rows("a", "b", model=["rules:words", "openai:x"]), Extent())
    with pytest.raises(EnrichedError, match="mixes model 'openai:x' and 'rules:words'"):
        read_enriched(tmp_path, "words", ["key"])
    assert len(read_enriched(tmp_path, "words", ["key"], mixed=True)) == 2


def test_a_file_cut_short_is_told(tmp_path):
    path = write_enriched(tmp_path, "words", rows("a"), Extent())
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(EnrichedError, match=r"words\.parquet cannot be read"):
        read_enriched(tmp_path, "words", ["key"])


@pytest.mark.parametrize("made_from", [Extent(11, 5), Extent(10, 6)])
def test_a_table_that_knows_later_events_is_refused(tmp_path, made_from):
    write_enriched(tmp_path, "words", rows("a"), made_from)
    with pytest.raises(EnrichedError, match="--before-split"):
        read_enriched(tmp_path, "words", ["key"], known=Extent(10, 5))
    assert read_enriched(tmp_path, "words", ["key"], known=Extent(11, 6)).num_rows == 1


def test_a_table_of_all_events_of_a_smaller_shop_knows_what_the_grown_one_holds_out(tmp_path):
    write_enriched(tmp_path, "words", rows("a"), Extent(250, 5))
    with pytest.raises(EnrichedError, match=r"from 250 events up to 5, .* without the last 2 of"):
        read_enriched(tmp_path, "words", ["key"], known=Extent(450, 6, held_back=2))
    write_enriched(tmp_path, "words", rows("a"), Extent(240, 5, held_back=3))
    for known in (Extent(450, 6, held_back=2), Extent(450, 6)):
        assert read_enriched(tmp_path, "words", ["key"], known=known).num_rows == 1


def test_who_wrote_what_is_told_of_every_table_even_of_one_cut_short(tmp_path):
    write_enriched(tmp_path, "needs", rows("a", "b", model=["rules:x", "local:y"]), Extent())
    path = write_enriched(tmp_path, "words", rows("a", "b"), Extent())
    path.write_bytes(path.read_bytes()[:-9])
    (tmp_path / "journal.sqlite").write_text("no table")
    assert origins(tmp_path) == [Origin("needs", 2, ("local:y", "rules:x"), NOW), Origin("words")]
    assert origins(tmp_path / "nowhere") == []
