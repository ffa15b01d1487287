"""Only rows that may be passed on are shipped, with their terms."""

import pyarrow.parquet as pq

from galen.knowledge.build import built_in
from galen.knowledge.loading.interactions import LICENCES, OTHER
from galen.knowledge.shipping import write_shipped
from galen.knowledge.sources import SHIPPED


def test_what_is_shipped_is_small_and_of_sources_that_may_be():
    sources = set(pq.read_table(SHIPPED / "interactions.parquet")["source"].to_pylist())
    assert sources == set(LICENCES)
    assert sum(file.stat().st_size for file in SHIPPED.iterdir()) < 1_000_000


def test_every_source_that_is_shipped_stands_in_the_file_of_licences():
    text = (SHIPPED / "LICENCES.md").read_text()
    for name in (*LICENCES, *(file.name for file in SHIPPED.glob("*.parquet"))):
        assert name in text


def test_no_relation_that_galen_ships_is_under_terms_that_forbid_it():
    relations = built_in().relations
    assert OTHER not in set(relations["licence"].cast("string").to_pylist())


def test_shipped_tables_are_those_that_their_sources_give(real_data, tmp_path):
    write_shipped(
        real_data / "drug_interactions/ddi_evidence.parquet",
        real_data / "drug_vocabulary/vocabulary.parquet",
        real_data / "indications/pharmacotherapydb.parquet",
        tmp_path,
    )
    for name in ("interactions", "indications", "drugs"):
        made, kept = (pq.read_table(f / f"{name}.parquet") for f in (tmp_path, SHIPPED))
        assert made.equals(kept), name
