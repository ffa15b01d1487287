"""Commands of health knowledge: build it, check it, tell two apart, explain what it holds."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from galen.cli.grouped_help import KNOWLEDGE
from galen.cli.terminal import (
    JsonFile,
    Knowledge,
    Quiet,
    ShopFolder,
    app,
    doing,
    pairs,
    show,
    write_json,
)

if TYPE_CHECKING:
    from galen.knowledge.loading.loaded import RowProblem

knowledge = typer.Typer(
    help="Health knowledge: concepts and relations, with their sources.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(
    knowledge,
    name="knowledge",
    rich_help_panel=KNOWLEDGE,
    short_help="Concepts and relations, with their sources.",
)

KnowledgeFolder = Annotated[Path, typer.Argument(help="The folder.", metavar="KNOWLEDGE")]


@knowledge.command()
def build(
    folder: KnowledgeFolder,
    sources: Annotated[
        Path | None, typer.Option(help="A TOML file: [sources] name = 'path'.")
    ] = None,
    source: Annotated[
        list[str] | None, typer.Option(help="A source of yours, as name=path; repeatable.")
    ] = None,
    shipped: Annotated[bool, typer.Option(help="With what galen ships.")] = True,
    json: JsonFile = None,
    quiet: Quiet = False,
) -> None:
    """Make a graph of what galen ships and your own copies of sources, whole or not at all."""
    from galen.knowledge.build import build as make
    from galen.knowledge.sources import read_sources

    given = {} if sources is None else read_sources(sources)
    for name, path in pairs(source, "--source").items():
        given[name] = [*given.get(name, []), Path(path)]
    with doing(quiet) as say:
        report = make(given, folder, datetime.now(UTC), shipped, say)
    show(report.table())
    write_json(json, report.json())


@knowledge.command()
def check(
    paths: Annotated[
        list[Path], typer.Argument(help="Folders of knowledge, TOML files, files of sources.")
    ],
    shipped: Annotated[bool, typer.Option(help="With what galen ships.")] = True,
    json: JsonFile = None,
    quiet: Quiet = False,
) -> None:
    """Refuse what contradicts itself: every problem with file, row and reason."""
    from galen.knowledge.check import refuse
    from galen.knowledge.checking_files import check_path

    problems: list[RowProblem] = []
    with doing(quiet) as say:
        for path in paths:
            say(f"checking {path}")
            problems += check_path(path, datetime.now(UTC).date(), shipped)
    write_json(json, problems)
    refuse(problems)
    if not quiet:
        typer.echo("no problem found")


@knowledge.command()
def diff(
    old: KnowledgeFolder, new: KnowledgeFolder, json: JsonFile = None, quiet: Quiet = False
) -> None:
    """Tell what a new folder of knowledge adds, drops, and grades higher or lower."""
    from galen.knowledge.comparing import compare
    from galen.knowledge.graph import Graph

    with doing(quiet) as say:
        say("comparing both")
        difference = compare(Graph.open(old), Graph.open(new))
    show(difference.table())
    for how, shifts in (("rose", difference.rose), ("fell", difference.fell)):
        if shifts:
            typer.echo(f"severities that {how}: {len(shifts):,}")
        for shift in shifts[:20]:
            typer.echo(f"  {shift}")
    write_json(json, difference.json())


@knowledge.command()
def claims(
    shop: ShopFolder,
    folder: Knowledge = None,
    lines: Annotated[int, typer.Option(min=0, help="Breaches to list; the JSON has all.")] = 50,
    json: JsonFile = None,
    quiet: Quiet = False,
) -> None:
    """List what titles and descriptions may not say of their products; 1 where any is banned."""
    from rich.table import Table

    from galen.features.shop_claims import claims_of_shop
    from galen.knowledge.build import graph_of

    with doing(quiet) as say:
        report = claims_of_shop(shop, graph_of(folder), say)
    write_json(json, report.json())
    if report.breaches and not quiet:
        table = Table("item", "class", "where", "rule", "what", "source")
        for found in report.breaches[:lines]:
            where = f"{found.field} {found.start}-{found.end}"
            said = found.rule, found.text, found.citation
            table.add_row(found.item, found.product_class, where, *said)
        show(table)
    counted = ", ".join(f"{rule} {count:,}" for rule, count in report.by_rule.items())
    typer.echo(
        f"{len(report.breaches):,} breaches in {report.items_in_breach:,} of {report.items:,} items"
        + (f": {counted}" if counted else "; that is no leave, the rules find few new wordings")
    )
    if report.banned:
        raise typer.Exit(1)


@knowledge.command()
def explain(
    concept: Annotated[str, typer.Argument(help="A name in any language, or an id.")],
    other: Annotated[str | None, typer.Argument(help="Another, to tell of both.")] = None,
    folder: Knowledge = None,
    json: JsonFile = None,
    quiet: Quiet = False,
) -> None:
    """Say what is known of a concept, or how two hang together, with sources."""
    from galen.knowledge.build import graph_of
    from galen.knowledge.explaining import Explainer

    with doing(quiet) as say:
        say("reading what is known")
        explainer = Explainer(graph_of(folder))
        told = explainer.one(concept) if other is None else explainer.two(concept, other)
    out = Console(soft_wrap=True, markup=False, highlight=False)
    for said in told.concepts:
        out.print(f"{said['concept_id']}: {', '.join((said['synonyms'] or [])[:8])}")
        out.print(f"  {', '.join(said['codes'] or []) or 'no code'}")
    for statement in told.statements:
        out.print(f"- {statement}")
    for path in told.paths:
        out.print(path.sentence)
        for step in path.steps:
            out.print(f"  - {step}")
    if other is not None and not told.statements and not told.paths:
        out.print("nothing is known of the two together; that is no proof that they are safe")
    write_json(json, told.json())
