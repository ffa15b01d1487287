"""Commands that train, evaluate, serve and switch bundles."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from galen.cli.grouped_help import LEARN, SERVE
from galen.cli.tables import evaluate_on_table, train_on_table
from galen.cli.terminal import (
    BundleFolder,
    JsonFile,
    Quiet,
    Seed,
    ShopFolder,
    app,
    doing,
    file_option,
    folder_option,
    none_given,
    show,
    show_fitted,
    warn_of_never_shown,
    write_json,
)

if TYPE_CHECKING:
    from galen.serve.messages import RecommendRequest
    from galen.serve.settings import Settings


ShopOrSamples = Annotated[
    Path,
    typer.Argument(help="A shop's folder, or one of samples.", metavar="SHOP", file_okay=False),
]


@app.command(rich_help_panel=SERVE, short_help="Make a shop, train, evaluate, and serve the page.")
def demo(
    folder: Annotated[Path, folder_option(help="Where the shop and its bundles go.")] = Path(
        "shops/demo"
    ),
    users: Annotated[int, typer.Option(min=200, help="People of the made-up shop.")] = 2000,
    items: Annotated[int, typer.Option(min=100, help="SKUs of the made-up shop.")] = 1000,
    seed: Seed = 0,
    provider: Annotated[
        str, typer.Option(help="Of tables: `rules`, `recorded`, or a TOML file of a provider.")
    ] = "rules",
    run_server: Annotated[
        bool, typer.Option("--serve/--no-serve", help="Serve the page when all is made.")
    ] = True,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any free one.")] = 8000,
    json: JsonFile = None,
    quiet: Quiet = False,
) -> None:
    """Make a made-up shop, train, evaluate, print a table, and serve the page."""
    from galen.console.demo import DemoSettings, make_demo
    from galen.console.start import serve_shop

    with doing(quiet) as say:
        settings = DemoSettings(users, items, seed, provider)
        table = make_demo(folder, settings, datetime.now(UTC), say, json_file=json)
    show(table)
    if run_server:
        serve_shop(folder / "shop", folder / "bundle", port=port, quiet=quiet)


@app.command(
    rich_help_panel=LEARN, short_help="Learn a recipe from a shop, and make it the current bundle."
)
def train(
    shop: ShopOrSamples,
    bundle: BundleFolder,
    recipe: Annotated[str, typer.Option(help="A shipped recipe's name, or a TOML file.")] = "shop",
    protocol: Annotated[
        str | None,
        typer.Option(
            help="strict, refit or global-time hold a test part out; full, the default, does not "
            "(shops only)."
        ),
    ] = None,
    seed: Seed = 0,
    warm: Annotated[
        bool, typer.Option("--warm", help="Go on from the bundle's current network (samples only).")
    ] = False,
    tensorboard: Annotated[
        Path | None, folder_option(help="Write TensorBoard events here (samples only).")
    ] = None,
    json: JsonFile = None,
    quiet: Quiet = False,
) -> None:
    """Learn a recipe's parts from a shop, and make the bundle the current version of its folder.

    From a folder of samples (train.parquet, valid.parquet) the recipe's ranking model is learned
    alone; a network's training that was broken off goes on where it was.
    """
    from galen.assembly.bundles.bundle import save_bundle
    from galen.assembly.bundles.versions import check_place
    from galen.assembly.recipes.shipped import find_recipe
    from galen.assembly.split import protocol_named
    from galen.assembly.table import is_table
    from galen.assembly.train import train as learn
    from galen.data.shop import Shop

    check_place(bundle)
    if is_table(shop):
        none_given("samples are split already; leave it out", protocol=protocol)
        version = train_on_table(
            shop, bundle, recipe, seed, quiet, warm=warm, tensorboard=tensorboard
        )
        write_json(json, {"bundle": str(bundle), "version": version})
        return
    none_given("it is for a folder of samples, not for a shop", warm=warm, tensorboard=tensorboard)
    opened = Shop.open(shop)
    found = find_recipe(recipe)
    chosen = protocol_named(protocol or "full")
    with doing(quiet) as say:
        trained = learn(found, opened, chosen, seed=seed, progress=say)
        say("writing the bundle")
        saved = save_bundle(
            bundle,
            trained,
            shop=opened.manifest.name,
            seed=seed,
            now=datetime.now(UTC),
        )
    write_json(json, {"bundle": str(bundle), "version": saved.version})
    typer.echo(f"bundle {saved.version} is current in {bundle}")
    warn_of_never_shown(shop)


@app.command(
    rich_help_panel=LEARN, short_help="Ask a bundle about the part that it did not learn from."
)
def evaluate(
    shop: ShopOrSamples,
    bundle: Annotated[
        list[Path],
        typer.Argument(help="The bundle; of a table, as many runs as wanted.", metavar="BUNDLE"),
    ],
    report: Annotated[
        Path | None, file_option(help="Where the HTML report goes; the bundle by default.")
    ] = None,
    pack: Annotated[
        str | None, typer.Option(help="Ask through the rules of a pack too: general, eu …")
    ] = None,
    json: JsonFile = None,
    quiet: Quiet = False,
) -> None:
    """Ask a bundle about the part that it did not learn from; print a table, write a report."""
    from galen.assembly.table import is_table
    from galen.evaluate.command import evaluate_bundle

    if is_table(shop):
        none_given("it is for a shop; of samples nothing is shown", pack=pack)
        evaluate_on_table(shop, bundle, report, json, quiet)
        return
    if len(bundle) != 1:
        raise typer.BadParameter("a shop is evaluated with one bundle", param_hint="BUNDLE")
    with doing(quiet) as say:
        done = evaluate_bundle(
            shop, bundle[0], report=report, json_file=json, progress=say, pack=pack
        )
    show(done.table)
    if done.safety is not None:
        show(done.safety)
    typer.echo(f"report: {done.report}")
    warn_of_never_shown(shop)


User = Annotated[str | None, typer.Option(help="A user's id; without it, nobody is known.")]
Recent = Annotated[
    str, typer.Option(help="Ids of recently seen items, oldest first, comma-separated.")
]
SlateLength = Annotated[int, typer.Option("-n", min=1, max=1000, help="Items of the slate.")]
SurfaceShown = Annotated[str, typer.Option(help="Where the slate is shown.")]
Query = Annotated[str | None, typer.Option(help="What is asked for, in words.")]
ServerSettings = Annotated[Path | None, typer.Option(help="A TOML file of the server's settings.")]
ServedPack = Annotated[
    str | None, typer.Option(help="In place of the settings' rules: general, eu, … or a TOML file.")
]


def _asked(
    user: str | None, recent: str, n: int, surface: str, query: str | None, explain: bool
) -> "RecommendRequest":
    from pydantic import ValidationError

    from galen.serve.answering.once import surface_named
    from galen.serve.messages import RecommendRequest

    ids = [item for item in recent.split(",") if item]
    where = surface_named(surface)
    try:
        return RecommendRequest(
            user=user, recent=ids, n=n, surface=where, query=query, explain=explain
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise typer.BadParameter(first["msg"], param_hint=f"--{first['loc'][0]}") from error


def _settings(file: Path | None, pack: str | None) -> "Settings":
    """Those of the server, by its file and its environment, with a pack in place of its own."""
    import os

    import msgspec

    from galen.serve.settings import read_settings

    settings = read_settings(file, os.environ)
    if pack is None:
        return settings
    return msgspec.structs.replace(settings, pack=pack, pack_signature="")


@app.command(rich_help_panel=SERVE, short_help="Print one slate, and what each stage did.")
def recommend(
    shop: ShopFolder,
    bundle: BundleFolder,
    user: User = None,
    recent: Recent = "",
    n: SlateLength = 10,
    surface: SurfaceShown = "home",
    query: Query = None,
    pack: ServedPack = None,
    settings: ServerSettings = None,
    json: JsonFile = None,
    quiet: Quiet = False,
) -> None:
    """Print one slate, with each item's channels and what each stage did."""
    from galen.serve.answering.once import recommend_once

    asked = _asked(user, recent, n, surface, query, True)
    with doing(quiet) as say:
        say("opening the shop and the bundle")
        told = recommend_once(shop, bundle, asked, _settings(settings, pack))
    write_json(json, told.json())
    show_fitted(told.table)
    typer.echo(told.trace)


@app.command(
    "explain-item", rich_help_panel=SERVE, short_help="Say why an item is in a slate or is not."
)
def explain_item(
    shop: ShopFolder,
    bundle: BundleFolder,
    item: Annotated[str, typer.Option(help="The item's id.")],
    user: User = None,
    recent: Recent = "",
    n: SlateLength = 10,
    surface: SurfaceShown = "home",
    query: Query = None,
    pack: ServedPack = None,
    settings: ServerSettings = None,
    json: JsonFile = None,
    quiet: Quiet = False,
) -> None:
    """Say why an item is in a slate or is not: stages, rules and citations."""
    from rich.table import Table

    from galen.serve.answering.once import explain_once

    asked = _asked(user, recent, n, surface, query, False)
    with doing(quiet) as say:
        say("opening the shop and the bundle")
        told = explain_once(shop, bundle, asked, item, _settings(settings, pack))
    write_json(json, told.model_dump_json(indent=1))
    typer.echo(f"{told.item}: {told.because}")
    if told.findings:
        table = Table("rule", "action", "what", "by")
        for found in told.findings:
            table.add_row(found.rule, found.action, found.words, found.citation)
        show_fitted(table)
    made_by = f"model {told.model_version}, recipe {told.recipe}"
    typer.echo(f"{made_by}, rules {told.rules_version}")


@app.command(rich_help_panel=SERVE)
def serve(
    shop: ShopFolder,
    bundle: BundleFolder,
    settings: ServerSettings = None,
    host: Annotated[str | None, typer.Option(help="Address; a public one needs keys.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="0: any free one.")] = None,
    quiet: Quiet = False,
) -> None:
    """Serve the API and the first page."""
    from galen.console.start import serve_shop

    warn_of_never_shown(shop)
    serve_shop(shop, bundle, settings_file=settings, host=host, port=port, quiet=quiet)


@app.command(rich_help_panel=SERVE)
def rollback(
    bundle: BundleFolder,
    to: Annotated[str | None, typer.Option(help="A version; the one before by default.")] = None,
    json: JsonFile = None,
    quiet: Quiet = False,
) -> None:
    """Serve an earlier version of a bundle from now on."""
    from galen.assembly.bundles import versions

    with doing(quiet) as say:
        say("switching")
        if to is None:
            to = versions.rollback(bundle)
        else:
            versions.switch(bundle, to)
    write_json(json, {"bundle": str(bundle), "version": to})
    typer.echo(f"bundle {to} is current in {bundle}")
