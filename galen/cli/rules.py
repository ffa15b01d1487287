"""Commands of rule packs: show one, check it, see what another would change."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from galen.cli.terminal import Quiet, ShopFolder, app, doing, show

if TYPE_CHECKING:
    from galen.knowledge.graph import Graph

rules = typer.Typer(
    help="Rule packs: what may be shown where, with references.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(rules, name="rules")

PackName = Annotated[
    str, typer.Argument(help="general, eu, us, cn, or a TOML file.", metavar="PACK")
]
Knowledge = Annotated[
    Path | None, typer.Option(help="A folder of `galen knowledge build`; else galen's own.")
]


def _graph(folder: Path | None) -> "Graph":
    from galen.knowledge.build import built_in
    from galen.knowledge.graph import Graph

    return built_in() if folder is None else Graph.open(folder)


@rules.command("show")
def show_(pack: PackName) -> None:
    """List a pack's rules with their references and dates."""
    from rich.table import Table

    from galen.knowledge.pack import read_pack
    from galen.knowledge.pack_check import concepts_of

    read = read_pack(pack)
    table = Table("rule", "about", "reference", "read")
    for rule in read.rules:
        about = ", ".join(concepts_of(rule)) or type(rule).__name__.lower()
        table.add_row(rule.id, about, rule.citation, str(rule.date))
    show(table)
    typer.echo(f"{read.version}\n{read.said}")


@rules.command("check")
def check_(pack: PackName, knowledge: Knowledge = None, quiet: Quiet = False) -> None:
    """Refuse a pack that contradicts itself, is out of date, or names what nobody knows."""
    from galen.knowledge.pack import PackError, read_pack
    from galen.knowledge.pack_check import check_pack

    read = read_pack(pack)
    problems = check_pack(read, _graph(knowledge), datetime.now(UTC).date())
    if problems:
        raise PackError("\n".join(f"{pack}: {problem}" for problem in problems))
    if not quiet:
        typer.echo(f"{read.version}: no problem found in {len(read.rules)} rules")


@rules.command("dry-run")
def dry_run(
    shop: ShopFolder,
    pack: PackName,
    old: Annotated[str, typer.Option(help="The pack in force.")] = "general",
    days: Annotated[int, typer.Option(min=1, help="Of the newest impressions.")] = 1,
    knowledge: Knowledge = None,
    quiet: Quiet = False,
) -> None:
    """Show what another pack would have changed on the slates of the last days."""
    from galen.data.dataset import Dataset
    from galen.data.shop import Shop
    from galen.eligibility.guard import Guard
    from galen.evaluate.pack_trial import try_pack
    from galen.knowledge.contents import IngredientReader
    from galen.knowledge.pack import read_pack

    opened = Shop.open(shop)
    with doing(quiet) as say:
        say("reading the shop")
        data, graph = Dataset.read(opened), _graph(knowledge)
        reader = IngredientReader.of(graph)
        both = [Guard.over(data.catalogue, graph, reader, read_pack(p)) for p in (old, pack)]
        say("asking both packs")
        trial = try_pack(data, opened.read("users"), both[0], both[1], days)
    if trial.changes:
        show(trial.table())
    typer.echo(
        f"{trial.rows:,} impressions of {days} days, {trial.old} against {trial.new}: "
        f"{'these rules differ' if trial.changes else 'nothing would change'}"
    )
