from datetime import UTC, datetime
from pathlib import Path

from galen.data.importing.importer import ImportSettings, import_shop
from galen.data.schema import Kind
from galen.data.shop import Shop

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def test_labels_become_clicks_and_impressions_in_the_order_of_the_file(tmp_path: Path):
    file = tmp_path / "train.csv"
    file.write_text("label,user,item,weather\n1,7,3,sun\n0,7,4,sun\n3,8,3,rain\n,8,3,rain\n")
    report = import_shop(
        "ctr-table",
        {"events": file},
        tmp_path / "shop",
        now=NOW,
        settings=ImportSettings(max_bad_share=0.5),
    )
    events = Shop.open(tmp_path / "shop").read("events").to_pylist()
    assert [e["kind"] for e in events] == [Kind.CLICK, Kind.IMPRESSION]
    assert events[0]["order"] < events[1]["order"]
    assert report.ignored == {"events": ("weather",)}
    assert sum(report.quarantined.values()) == 2


def test_frappe_lands_whole(tmp_path: Path, real_data: Path):
    file = real_data / "frappe" / "valid.parquet"
    report = import_shop("ctr-table", {"events": file}, tmp_path / "shop", now=NOW)
    assert report.rows["events"] == 57_722
