"""One command per flow; each imports only what it runs."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

if TYPE_CHECKING:
    from galen.data.importing.importer import ImportSettings

app = typer.Typer(
    help="galen: a recommender for health shops.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
console = Console(stderr=True)

ShopFolder = Annotated[Path, typer.Argument(help="The shop's folder.", metavar="SHOP")]
BundleFolder = Annotated[Path, typer.Argument(help="The bundle's folder.", metavar="BUNDLE")]
JsonFile = Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")]
Seed = Annotated[int, typer.Option(help="Decides every random draw.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress, only results and errors.")]


def main() -> None:
    """Run the command line; an error that a person can mend is told in words, without a trace."""
    from galen.data.mendable import MendableError

    try:
        app()
    except MendableError as error:
        console.print(f"error: {error}", style="red", markup=False, highlight=False)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


@contextmanager
def _doing(quiet: bool) -> Iterator[Callable[[str], None]]:
    """A line that says what is being done and for how long, for flows of several steps."""
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=quiet) as progress:
        current: list[Any] = []

        def say(what: str) -> None:
            if current:
                progress.update(current[-1], total=1, completed=1)
            current.append(progress.add_task(what, total=None))

        yield say
        if current:
            progress.update(current[-1], total=1, completed=1)


@contextmanager
def _bar(quiet: bool, what: str) -> Iterator[Callable[[str, int, int], None]]:
    """A bar of rows or bytes done, for flows that know how much there is."""
    from rich.progress import Progress

    with Progress(console=console, disable=quiet) as progress:
        task = progress.add_task(what, total=None)

        def advance(doing: str, done: int, total: int) -> None:
            progress.update(task, description=doing, completed=done, total=total or None)

        yield advance


def _import_settings(
    mapping: Path | None,
    fields: dict[str, str],
    assume: dict[str, str],
    options: dict[str, str],
    max_bad_share: float,
) -> "ImportSettings":
    """The mapping file's fields, then those of the command line over them."""
    from galen.data.importing.importer import ImportSettings
    from galen.data.importing.mapping import read_mapping

    tables = {} if mapping is None else read_mapping(mapping)
    for name, column in fields.items():
        table, dot, field = name.partition(".")
        if not dot:
            raise typer.BadParameter(f"{name!r} is not table.field", param_hint="--map")
        tables.setdefault(table, {})[field] = column
    return ImportSettings(max_bad_share, assume, tables, options)


def _show(table: Any) -> None:
    """Print a wide table whole, also where the terminal is narrow or a file."""
    Console(width=max(console.width, 112)).print(table)


def _pairs(given: list[str] | None, option: str) -> dict[str, str]:
    """name=value, each once."""
    pairs = {}
    for text in given or ():
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise typer.BadParameter(f"{text!r} is not name=value", param_hint=option)
        pairs[name] = value
    return pairs


@app.command()
def demo(
    folder: Annotated[Path, typer.Option(help="Where the shop and its bundles go.")] = Path(
        "shops/demo"
    ),
    users: Annotated[int, typer.Option(min=200, help="People of the made-up shop.")] = 2000,
    items: Annotated[int, typer.Option(min=100, help="SKUs of the made-up shop.")] = 1000,
    seed: Seed = 0,
    run_server: Annotated[bool, typer.Option("--serve/--no-serve")] = True,
    port: Annotated[int, typer.Option(min=0, max=65535)] = 8000,
    json: JsonFile = None,
    quiet: Quiet = False,
) -> None:
    """Make a made-up shop, train, evaluate, print a table, and serve the page."""
    from galen.console.demo import DemoSettings, make_demo
    from galen.console.start import serve_shop

    with _doing(quiet) as say:
        settings = DemoSettings(users, items, seed)
        table = make_demo(folder, settings, datetime.now(UTC), say, json_file=json)
    _show(table)
    if run_server:
        serve_shop(folder / "shop", folder / "bundle", port=port)


@app.command()
def synth(
    folder: ShopFolder,
    users: Annotated[int, typer.Option(min=1)] = 10_000,
    items: Annotated[int, typer.Option(min=1)] = 2000,
    days: Annotated[int, typer.Option(min=1)] = 180,
    seed: Seed = 0,
    quiet: Quiet = False,
) -> None:
    """Make a synthetic shop, for demo, tests and load; it is no evidence of quality."""
    from galen.data.synthetic.shop import SyntheticSettings, synthesize

    with _bar(quiet, "making people and their events") as advance:
        settings = SyntheticSettings(users=users, items=items, days=days, seed=seed)
        shop = synthesize(folder, settings, progress=advance)
    rows = ", ".join(f"{shop.rows(t):,} {t}" for t in ("items", "users", "events"))
    typer.echo(f"{folder}: {rows}")


@app.command("import")
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
    assume: Annotated[
        list[str] | None,
        typer.Option(help="field=value for items where nothing is known; repeatable."),
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
    paths |= {name: Path(file) for name, file in _pairs(path, "--path").items()}
    settings = _import_settings(
        mapping,
        _pairs(fields, "--map"),
        _pairs(assume, "--assume"),
        _pairs(option, "--option"),
        max_bad_share,
    )
    with _bar(quiet, f"importing {source}") as advance:
        report = import_shop(
            source, paths, folder, now=datetime.now(UTC), settings=settings, progress=advance
        )
    Console().print(report.table())
    if json is not None:
        json.write_text(report.json() + "\n")


@app.command()
def describe(
    shop: ShopFolder,
    report: Annotated[Path | None, typer.Option(help="Where the HTML report goes.")] = None,
    json: JsonFile = None,
) -> None:
    """Report a shop's data quality: what is missing, what is unknown, what was quarantined."""
    from galen.data.describe import describe as look
    from galen.data.describe import write_report
    from galen.data.shop import Shop

    quality = look(Shop.open(shop))
    for table in quality.tables():
        Console().print(table)
    if json is not None:
        json.write_text(quality.json() + "\n")
    path = report or shop / "quality.html"
    write_report(quality, path)
    typer.echo(f"report: {path}")


@app.command()
def train(
    shop: Annotated[
        Path, typer.Argument(help="A shop's folder, or one of samples.", metavar="SHOP")
    ],
    bundle: BundleFolder,
    recipe: Annotated[str, typer.Option(help="A shipped recipe's name, or a TOML file.")] = "shop",
    protocol: Annotated[
        str, typer.Option(help="strict, refit or global-time hold a test part out; full does not.")
    ] = "full",
    seed: Seed = 0,
    warm: Annotated[
        bool, typer.Option("--warm", help="Go on from the bundle's current network (samples only).")
    ] = False,
    tensorboard: Annotated[
        Path | None, typer.Option(help="Write TensorBoard events here (samples only).")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Learn a recipe's parts from a shop, and make the bundle the current version of its folder.

    From a folder of samples (train.parquet, valid.parquet) the recipe's ranking model is learned
    alone; a network's training that was broken off goes on where it was.
    """
    from galen.assembly.bundle import save_bundle
    from galen.assembly.shipped import find_recipe
    from galen.assembly.split import protocol_named
    from galen.assembly.table import is_table
    from galen.assembly.train import train as learn
    from galen.data.shop import Shop

    if is_table(shop):
        _train_table(shop, bundle, recipe, seed, quiet, warm=warm, tensorboard=tensorboard)
        return
    opened = Shop.open(shop)
    found = find_recipe(recipe)
    chosen = protocol_named(protocol)
    with _doing(quiet) as say:
        trained = learn(found, opened, chosen, seed=seed, progress=say)
        say("writing the bundle")
        saved = save_bundle(
            bundle,
            trained,
            shop=opened.manifest.name,
            seed=seed,
            now=datetime.now(UTC),
        )
    typer.echo(f"bundle {saved.version} is current in {bundle}")


def _train_table(
    table: Path,
    bundle: Path,
    recipe: str,
    seed: int,
    quiet: bool,
    *,
    warm: bool,
    tensorboard: Path | None,
) -> None:
    import shutil

    from galen.assembly.shipped import find_recipe
    from galen.assembly.table import TableBundle, checkpoint_folder, save_run, train_table
    from galen.nn.distributed import joined
    from galen.nn.events import event_writer

    found = find_recipe(recipe)
    with joined() as group, _doing(quiet or not group.leads) as say:
        checkpoints = checkpoint_folder(bundle, found, table, seed)
        run = train_table(
            found,
            table,
            seed=seed,
            progress=say,
            checkpoints=checkpoints,
            watch=None if tensorboard is None else event_writer(tensorboard),
            after=TableBundle.open(bundle).run() if warm else None,
        )
        if group.leads:
            say("writing the bundle")
            saved = save_run(bundle, run, now=datetime.now(UTC))
            shutil.rmtree(checkpoints.parent, ignore_errors=True)
            typer.echo(f"bundle {saved.manifest.version} is current in {bundle}")


@app.command()
def scale(
    table: Annotated[Path, typer.Argument(help="A folder of samples.", metavar="TABLE")],
    recipe: Annotated[
        str, typer.Option(help="A recipe whose network has the dial `size`.")
    ] = "ctr/rankmixer",
    sizes: Annotated[str, typer.Option(help="Comma-separated.")] = "1,2,4,8,16,32",
    shares: Annotated[str, typer.Option(help="Shares of the rows.")] = "0.0625,0.25,1",
    predict: Annotated[
        int | None, typer.Option(help="A larger size, predicted before it is trained.")
    ] = None,
    folder: Annotated[Path, typer.Option(help="Where finished points are kept.")] = Path("scaling"),
    report: Annotated[Path | None, typer.Option(help="Where the HTML report goes.")] = None,
    json: JsonFile = None,
    seed: Seed = 0,
    quiet: Quiet = False,
) -> None:
    """Train a family of networks at several sizes and amounts of data, and fit its scaling law."""
    from galen.assembly.scaling import sizes_and_shares
    from galen.assembly.shipped import find_recipe
    from galen.evaluate.scaling import scale as climb
    from galen.evaluate.scaling import table_of, write_figures, write_report

    found = find_recipe(recipe)
    ladder = sizes_and_shares(_numbers(sizes, int), _numbers(shares, float), seed)
    with _doing(quiet) as say:
        scaling = climb(found, table, folder, ladder, predict=predict, progress=say)
    title = f"{found.name} on {table.name}"
    _show(table_of(scaling, title))
    write_report(scaling, title, report or folder / "scaling.html")
    if json is not None:
        write_figures(scaling, json)
    typer.echo(f"report: {report or folder / 'scaling.html'}")


def _numbers(text: str, kind: Any) -> list[Any]:
    """Comma-separated numbers."""
    try:
        return [kind(part) for part in text.split(",")]
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no list of numbers: {error}") from error


@app.command()
def evaluate(
    shop: ShopFolder,
    bundle: BundleFolder,
    report: Annotated[
        Path | None, typer.Option(help="Where the HTML report goes; the bundle by default.")
    ] = None,
    json: JsonFile = None,
    quiet: Quiet = False,
) -> None:
    """Ask a bundle about the part that it did not learn from; print a table, write a report."""
    from galen.evaluate.command import evaluate_bundle

    with _doing(quiet) as say:
        done = evaluate_bundle(shop, bundle, report=report, json_file=json, progress=say)
    _show(done.table)
    typer.echo(f"report: {done.report}")


@app.command()
def recommend(
    shop: ShopFolder,
    bundle: BundleFolder,
    user: Annotated[
        str | None, typer.Option(help="A user's id; without it, nobody is known.")
    ] = None,
    recent: Annotated[
        str, typer.Option(help="Ids of recently seen items, oldest first, comma-separated.")
    ] = "",
    n: Annotated[int, typer.Option("-n", min=1, max=1000, help="Items of the slate.")] = 10,
    surface: Annotated[str, typer.Option(help="Where the slate is shown.")] = "home",
    json: JsonFile = None,
) -> None:
    """Print one slate, with each item's channels and what each stage did."""
    from galen.serve.once import recommend_once

    ids = [item for item in recent.split(",") if item]
    told = recommend_once(shop, bundle, user=user, recent=ids, n=n, surface=surface)
    if json is not None:
        json.write_text(told.json() + "\n")
    Console().print(told.table)
    typer.echo(told.trace)


@app.command()
def serve(
    shop: ShopFolder,
    bundle: BundleFolder,
    settings: Annotated[Path | None, typer.Option(help="A TOML file of settings.")] = None,
    host: Annotated[str | None, typer.Option(help="Address; a public one needs keys.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535)] = None,
) -> None:
    """Serve the API and the first page."""
    from galen.console.start import serve_shop

    serve_shop(shop, bundle, settings_file=settings, host=host, port=port)


@app.command()
def rollback(
    bundle: BundleFolder,
    to: Annotated[str | None, typer.Option(help="A version; the one before by default.")] = None,
) -> None:
    """Serve an earlier version of a bundle from now on."""
    from galen.assembly import versions

    if to is None:
        to = versions.rollback(bundle)
    else:
        versions.switch(bundle, to)
    typer.echo(f"bundle {to} is current in {bundle}")
