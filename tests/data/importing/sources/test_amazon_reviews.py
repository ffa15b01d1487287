import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from galen.data.importing.importer import ImportRefused, import_shop
from galen.data.shop import Shop

NOW = datetime(2026, 6, 1, tzinfo=UTC)
OF_2018 = {
    "overall": 5.0,
    "verified": True,
    "reviewTime": "09 13, 2009",
    "reviewerID": "A1",
    "asin": "B1",
    "style": {"Size:": " Large"},
    "reviewText": "Good.",
    "unixReviewTime": 1252800000,
}
OF_2023 = {
    "rating": 4.0,
    "title": "Good",
    "text": "Good.",
    "images": [],
    "asin": "B2",
    "parent_asin": "B1",
    "user_id": "A1",
    "timestamp": 1252800000123,
    "helpful_vote": 0,
    "verified_purchase": True,
}


@pytest.mark.parametrize("review", [OF_2018, OF_2023])
def test_reviews_of_every_edition_are_read_from_gzip(tmp_path: Path, review: dict[str, object]):
    file = tmp_path / "reviews.jsonl.gz"
    file.write_bytes(gzip.compress(json.dumps(review).encode() + b"\n"))
    import_shop("amazon-reviews", {"reviews": file}, tmp_path / "shop", now=NOW)
    shop = Shop.open(tmp_path / "shop")
    (event,) = shop.read("events").to_pylist()
    assert event["value"] == review.get("overall", review.get("rating"))
    assert event["timestamp"].date() == datetime(2009, 9, 13).date()
    assert shop.read("items")["item_id"].to_pylist() == ["B1"]
    assert shop.read("users")["user_id"].to_pylist() == ["A1"]


def test_metadata_describe_the_items(tmp_path: Path):
    reviews, items = tmp_path / "reviews.jsonl", tmp_path / "meta.jsonl"
    reviews.write_text(json.dumps(OF_2018) + "\n")
    meta = {
        "asin": "B1",
        "title": "Balm",
        "brand": "OPI",
        "category": ["Beauty", "Lips"],
        "feature": ["5 g"],
        "price": "$5.99 - $7.99",
        "description": ["Soft."],
    }
    items.write_text(json.dumps(meta) + "\n")
    paths = {"reviews": reviews, "items": items}
    report = import_shop("amazon-reviews", paths, tmp_path / "shop", now=NOW)
    assert not report.quarantined
    (item,) = Shop.open(tmp_path / "shop").read("items").to_pylist()
    assert (item["brand"], item["category"], item["attributes"]) == (
        "OPI",
        ["Beauty", "Lips"],
        ["5 g"],
    )
    assert item["price"] is None


def test_a_file_that_holds_no_reviews_is_refused(tmp_path: Path):
    file = tmp_path / "reviews.jsonl"
    file.write_text('{"name": "x"}\n')
    with pytest.raises(ImportRefused, match="none of the columns user_id, reviewerID"):
        import_shop("amazon-reviews", {"reviews": file}, tmp_path / "shop", now=NOW)
