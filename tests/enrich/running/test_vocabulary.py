import pytest
from enrich.asked import SPRAY, TABLETS, graph
from worlds import items_table

from galen.data.catalogue import Catalogue
from galen.data.enriched import OTHER
from galen.enrich.running.faults import EnrichError
from galen.enrich.running.vocabulary import FILE, Vocabulary


def of(*records):
    return Vocabulary.of(Catalogue(items_table(list(records))), graph())


def test_words_come_from_the_graph_and_from_the_shops_own_categories():
    words = of({**SPRAY, "category": ["cold", "Nose Baths"]}).words
    assert {"saline nasal spray", "nose baths", OTHER} <= set(words["product_word"])
    assert "nasal congestion" in words["need"]
    assert words["form"] == ("spray", OTHER)


def test_a_new_category_changes_the_version():
    assert of(SPRAY).version != of({**SPRAY, "category": ["cold", "nose baths"]}).version
    assert of(SPRAY).version == of({**SPRAY, "title": "another"}).version


def test_it_is_kept_beside_the_tables_until_a_new_one_is_asked_for(tmp_path):
    assert Vocabulary.open(tmp_path) is None
    of(SPRAY).save(tmp_path)
    kept = Vocabulary.open(tmp_path)
    assert kept == of(SPRAY)
    assert kept.lacks(of(SPRAY, TABLETS)) == ["tablet"]


@pytest.mark.parametrize("content", ["{", "[1]", '{"form": 3}'])
def test_a_broken_file_is_told_and_left(tmp_path, content):
    (tmp_path / FILE).write_text(content)
    with pytest.raises(EnrichError, match=r"vocabulary\.json cannot be read"):
        Vocabulary.open(tmp_path)
    assert (tmp_path / FILE).read_text() == content
