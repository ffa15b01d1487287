"""Commands that make and describe a shop's data."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from galen.cli.grouped_help import SHOP
from galen.cli.terminal import (
    JsonFile,
    Quiet,
    Report,
    Seed,
    ShopFolder,
    app,
    bar,
    doing,
    pairs,
    write_json,
)

if TYPE_CHECKING:
    from galen.data.importing.importer import ImportSettings


@app.command(
    rich_help_panel=SHOP, short_help="Make a synthetic shop; it is no evidence of quality."
)
def synth(
    folder: ShopFolder,
    users: Annotated[int, typer.Option(min=1, help="People of the made-up shop.")] = 10_000,
    items: Annotated[int, typer.Option(min=1, help="SKUs of the made-up shop.")] = 2000,
    days: Annotated[int, typer.Option(min=1, help="How long the shop has been open.")] = 180,
    sessions: Annotated[
        float, typer.Option(min=0.1, help="Mean visits of a person, but for buying again.")
    ] = 4.0,
    seed: Seed = 0,
    json: JsonFile = None,
    quiet: Quiet = False,
) -> None:
    """Make a synthetic shop, for demo, tests and load; it is no evidence of quality."""
    from galen.data.synthetic.shop import SyntheticSettings, synthesize

    with bar(quiet, "making people and their events") as advance:
        settings = SyntheticSettings(users, items, days, seed, sessions=sessions)
        shop = synthesize(folder, settings, progress=advance)
    rows = {table: shop.rows(table) for table in ("items", "users", "events")}
    write_json(json, rows)
    typer.echo(f"{folder}: {', '.join(f'{n:,} {table}' for table, n in rows.items())}")


def _import_settings(
    mapping: Path | None,
    fields: list[str] | None,
    words: list[str] | None,
    assume: list[str] | None,
    options: list[str] | None,
    max_bad_share: float,
) -> "ImportSettings":
    """The mapping file's fields and words, then those of the command line over them."""
    from galen.data.importing.importer import ImportSettings
    from galen.data.importing.mapping import MappingFile, read_mapping

    file = MappingFile() if mapping is None else read_mapping(mapping)
    tables = file.tables
    for name, column in pairs(fields, "--map").items():
        table, dot, field = name.partition(".")
        if not dot:
            raise typer.BadParameter(f"{name!r} is not table.field", param_hint="--map")
        tables.setdefault(table, {})[field] = column
    said = {field: dict(meanings) for field, meanings in file.words.items()}
    for name, meant in pairs(words, "--word").items():
        field, dot, word = name.partition(".")
        if not dot or not word:
            raise typer.BadParameter(f"{name!r} is not field.word", param_hint="--word")
        said.setdefault(field, {})[word] = meant
    assumed, given = pairs(assume, "--assume"), pairs(options, "--option")
    return ImportSettings(max_bad_share, assumed, tables, given, said)


@app.command(
    "import", rich_help_panel=SHOP, short_help="Make a shop from CSV, JSON Lines or Parquet."
)
def import_(
    source: Annotated[str, typer.Argument(help="A named source; `table` for files of your own.")],
    folder: ShopFolder,
    items: Annotated[Path | None, typer.Option(help="File of items.")] = None,
    users: Annotated[Path | None, typer.Option(help="File of users.")] = None,
    events: Annotated[Path | None, typer.Option(help="File of events.")] = None,
    path: Annotated[
        list[str] | None,
        typer.Option("--path", help="Another file of a source, as name=path; repeatable."),
    ] = None,
    mapping: Annotated[
        Path | None, typer.Option(help="A TOML file: [items] field = 'column'.")
    ] = None,
    fields: Annotated[
        list[str] | None,
        typer.Option("--map", help="table.field=column, or table.field==constant; repeatable."),
    ] = None,
    word: Annotated[
        list[str] | None,
        typer.Option(
            help="field.word=ours: what a word of kind, surface or rx_class in the files means; "
            "field.word= leaves its rows out; repeatable."
        ),
    ] = None,
    assume: Annotated[
        list[str] | None,
        typer.Option(
            help="field=value for items where nothing is known, field= for none; repeatable."
        ),
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option(help="An option of the source, as name=value.")
    ] = None,
    max_bad_share: Annotated[
        float, typer.Option(min=0, max=1, help="Above this share of bad rows, refuse.")
    ] = 0.05,
    json: JsonFile = None,
    quiet: Quiet = False,
) -> None:
    """Make a shop from CSV, JSON Lines or Parquet; bad rows go to quarantine, with reasons."""
    from galen.data.importing.importer import import_shop

    given = {"items": items, "users": users, "events": events}
    paths = {name: file for name, file in given.items() if file is not None}
    paths |= {name: Path(file) for name, file in pairs(path, "--path").items()}
    settings = _import_settings(mapping, fields, word, assume, option, max_bad_share)
    with bar(quiet, f"importing {source}") as advance:
        report = import_shop(
            source, paths, folder, now=datetime.now(UTC), settings=settings, progress=advance
        )
    Console().print(report.table())
    if report.never_shown.lacking:
        typer.echo(report.never_shown.told())
    write_json(json, report.json())


@app.command(rich_help_panel=SHOP, short_help="Make one shop of several.")
def merge(
    shops: Annotated[list[Path], typer.Argument(help="Shops, two or more.", metavar="SHOP")],
    folder: Annotated[
        Path, typer.Argument(help="The new shop's folder.", metavar="NEW", file_okay=False)
    ],
    json: JsonFile = None,
    quiet: Quiet = False,
) -> None:
    """Make one shop of several: ids begin with the name of their shop's folder.

    A sequence channel with text = true that is trained on it may be begun from in another shop.
    """
    from galen.data.merging import merge_shops

    with doing(quiet) as say:
        say(f"merging {len(shops)} shops")
        whole = merge_shops(shops, folder)
    rows = {table: whole.rows(table) for table in ("items", "users", "events")}
    write_json(json, rows)
    typer.echo(f"{folder}: {', '.join(f'{n:,} {table}' for table, n in rows.items())}")


@app.command(rich_help_panel=SHOP, short_help="Report a shop's data quality.")
def describe(
    shop: ShopFolder,
    report: Report = None,
    claims: Annotated[
        bool, typer.Option("--claims", help="Count what copy may not say of its products, too.")
    ] = False,
    json: JsonFile = None,
    quiet: Quiet = False,
) -> None:
    """Report a shop's data quality: what is missing, what is unknown, what was quarantined."""
    from galen.data.describe import describe as look
    from galen.data.describe import write_report
    from galen.data.shop import Shop

    with doing(quiet) as say:
        say("reading the shop")
        quality = look(Shop.open(shop))
    for table in quality.tables():
        Console().print(table)
    if quality.never_shown.lacking:
        typer.echo(quality.never_shown.told())
    if claims:
        _count_claims(shop)
    write_json(json, quality.json())
    path = report or shop / "quality.html"
    write_report(quality, path)
    typer.echo(f"report: {path}")


def _count_claims(shop: Path) -> None:
    from rich.table import Table

    from galen.features.shop_claims import claims_of_shop
    from galen.knowledge.build import built_in

    report = claims_of_shop(shop, built_in(), lambda _: None)
    table = Table("rule of claims", "breaches", title="titles and descriptions")
    for rule, count in report.by_rule.items():
        table.add_row(rule, f"{count:,}")
    table.add_row("items in breach", f"{report.items_in_breach:,} of {report.items:,}")
    Console().print(table)
