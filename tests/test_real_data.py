"""The main job on real data: imported, learned, evaluated, and as good as it has been."""

from datetime import UTC, datetime

import pytest

from galen.assembly.recipes.shipped import find_recipe
from galen.assembly.train import train
from galen.data.importing.importer import import_shop
from galen.data.shop import Shop
from galen.evaluate.offline import Question, answer


@pytest.mark.parametrize(
    ("name", "items", "hr", "ndcg"),
    [("amazon_beauty", True, 0.0822, 0.0518), ("amazon_health", False, 0.0619, 0.0384)],
)
def test_the_item_graph_alone_finds_the_next_item(real_data, tmp_path, name, items, hr, ndcg):
    paths = {"interactions": real_data / name / "interactions.parquet"}
    if items:
        paths["items"] = real_data / name / "items.parquet"
    import_shop("sequences", paths, tmp_path / "shop", now=datetime(2026, 1, 1, tzinfo=UTC))
    trained = train(
        find_recipe("item_graph"), Shop.open(tmp_path / "shop"), "strict", progress=lambda _: None
    )
    question = Question.of(trained.split.test, trained.people, seed=0)
    pipeline = trained.parts.pipeline(trained.split.final.catalogue, question.store)
    figures = answer(question, name, pipeline).mean()
    assert figures["hr@10"] >= hr
    assert figures["ndcg@10"] >= ndcg
