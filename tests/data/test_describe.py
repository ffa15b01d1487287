import json
from pathlib import Path

import pytest
from rich.console import Console
from shop_files import HEADER, event, run, shop

from galen.data.describe import describe, write_report
from galen.data.manifest import ShopError


def described(folder: Path, rows: bytes) -> None:
    items = b"item_id,price,brand\n" + b"".join(b"i%d,,[b]\n" % n for n in range(4))
    run(folder, events=HEADER + rows, items=items)


def test_the_figures_are_those_of_the_tables(tmp_path: Path):
    by_user = {"u0": 5, "u1": 1, "u2": 3}
    rows = b"".join(
        event(100 * u + n, user_id=user, item_id=f"i{n % 2}", kind="click" if n else "purchase")
        for u, (user, count) in enumerate(by_user.items())
        for n in range(count)
    )
    described(tmp_path, rows + event(900, value="-1"))
    quality = describe(shop(tmp_path))
    assert quality.rows == {"items": 4, "users": 3, "events": 9, "quarantine": 1}
    assert quality.kinds == {"click": 6, "purchase": 3}
    assert {kind: sum(m.values()) for kind, m in quality.months.items()} == dict(quality.kinds)
    assert quality.users_by_events == {"0": 0, "1": 1, "2-3": 1, "4-7": 1}
    assert quality.sparse_users == pytest.approx(2 / 3)
    assert quality.untouched_items == 0.5
    assert quality.item_events == [6, 3]
    assert quality.missing["price"] == 1.0
    assert quality.missing["brand"] == quality.missing["item_id"] == 0.0
    assert quality.quarantined == {"events: value is negative": 1}
    assert json.loads(quality.json())["sparse_users"] == quality.sparse_users


def test_the_report_is_one_page_without_a_network(tmp_path: Path):
    described(tmp_path, event(1))
    write_report(describe(shop(tmp_path)), tmp_path / "new" / "quality.html")
    page = (tmp_path / "new" / "quality.html").read_text()
    assert page.count("<svg") == 5
    assert "<script" not in page
    assert 'src="http' not in page
    assert 'href="http' not in page


def test_a_shop_without_events_is_described(tmp_path: Path):
    described(tmp_path, b"")
    quality = describe(shop(tmp_path))
    assert quality.untouched_items == 1.0
    console = Console(record=True, width=200, quiet=True)
    for table in quality.tables():
        console.print(table)
    write_report(quality, tmp_path / "quality.html")


def test_a_damaged_table_is_told_as_such(tmp_path: Path):
    described(tmp_path, event(1))
    whole = shop(tmp_path)
    (tmp_path / "shop" / "events.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(ShopError, match="import the shop again"):
        describe(whole)
