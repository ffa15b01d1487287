from datetime import UTC, datetime
from pathlib import Path

from galen.data.importing.importer import ImportSettings, import_shop
from galen.data.shop import Shop

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def imported_people(folder: Path, ages: str) -> list[dict[str, object]]:
    (folder / "ratings.dat").write_text("1::10::5::978300760\n")
    lines = (f"{n}::F::{age}::10::48067\n" for n, age in enumerate(ages.split(), 1))
    (folder / "users.dat").write_text("".join(lines))
    settings = ImportSettings(max_bad_share=1.0)
    import_shop("movielens", {"folder": folder}, folder / "shop", now=NOW, settings=settings)
    return Shop.open(folder / "shop").read("users").to_pylist()


def test_the_code_of_people_below_18_is_no_age_and_an_odd_age_is_still_told(tmp_path: Path):
    people = imported_people(tmp_path, "1 18 56 old")
    assert [person["age"] for person in people] == [None, 18, 56, None]
    (bad,) = Shop.open(tmp_path / "shop").read("quarantine").to_pylist()
    assert bad["reason"] == "age is not a whole number"


def test_the_original_files_are_read_with_their_separator_and_encoding(tmp_path: Path):
    (tmp_path / "ratings.dat").write_text("1::10::5::978300760\n2::20::3::978302109\n")
    titles = '10::Misérables, "Les" (1995)::Drama|Musical\n20::Toy Story (1995)::Animation\n'
    (tmp_path / "movies.dat").write_text(titles, encoding="latin-1")
    (tmp_path / "users.dat").write_text("1::F::1::10::48067\n2::M::56::16::70072\n")
    report = import_shop("movielens", {"folder": tmp_path}, tmp_path / "shop", now=NOW)
    assert not report.quarantined
    shop = Shop.open(tmp_path / "shop")
    items = shop.read("items").to_pylist()
    assert items[0]["title"] == 'Misérables, "Les" (1995)'
    assert items[0]["attributes"] == ["Drama", "Musical"]
    assert [(u["sex"], u["age"]) for u in shop.read("users").to_pylist()] == [
        ("F", None),
        ("M", 56),
    ]
    events = shop.read("events").to_pylist()
    assert [event["value"] for event in events] == [5.0, 3.0]
    assert events[0]["timestamp"] == datetime(2000, 12, 31, 22, 12, 40)


def test_the_later_csv_files_are_read(tmp_path: Path):
    (tmp_path / "ratings.csv").write_text("userId,movieId,rating,timestamp\n1,10,4.5,964982703\n")
    (tmp_path / "movies.csv").write_text('movieId,title,genres\n10,"A, B",Comedy|Drama\n')
    report = import_shop("movielens", {"folder": tmp_path}, tmp_path / "shop", now=NOW)
    assert dict(report.rows) == {"items": 1, "users": 1, "events": 1}
    assert Shop.open(tmp_path / "shop").clock == "time"


def test_the_parquet_form_lands_but_for_ratings_without_a_place(tmp_path: Path, real_data: Path):
    folder = real_data / "movielens_1m"
    report = import_shop("movielens", {"folder": folder}, tmp_path / "shop", now=NOW)
    assert report.rows["events"] == 1_000_209 - 598
    assert dict(report.quarantined) == {("events", "order is missing"): 598}
