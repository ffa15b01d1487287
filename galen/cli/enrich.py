"""Commands that let a language model write tables about a shop, and people judge them."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from galen.cli.grouped_help import SHOP
from galen.cli.terminal import (
    JsonFile,
    Knowledge,
    Quiet,
    Seed,
    ShopFolder,
    app,
    bar,
    console,
    doing,
    file_option,
    show,
    write_json,
)

if TYPE_CHECKING:
    from galen.data.dataset import Dataset
    from galen.data.shop import Shop
    from galen.enrich.running.journal import Journal
    from galen.enrich.running.plan import RunPlan
    from galen.enrich.running.runner import Report, Running
    from galen.enrich.tasks import Opened, Sources
    from galen.llm.language_model import LanguageModel

enrich = typer.Typer(
    help="Tables that language models write about a shop, offline; no request waits for one.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(
    enrich,
    name="enrich",
    rich_help_panel=SHOP,
    short_help="Tables that language models write, offline.",
)

TaskName = Annotated[str, typer.Argument(help="The table: items, …", metavar="TABLE")]
BeforeSplit = Annotated[
    str | None, typer.Option(help="A protocol: learn from nothing that it holds out.")
]
Moments = Annotated[int, typer.Option(min=1, help="Of training, with --before-split.")]


@enrich.command("run")
def run_task(
    table: TaskName,
    shop: ShopFolder,
    provider: Annotated[
        str,
        typer.Option(help="`rules`, which is no model, `recorded`, or a TOML file of a provider."),
    ] = "rules",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Ask nothing; tell the cost.")] = False,
    budget: Annotated[
        float | None, typer.Option(help="Stop before it is passed, at the provider's prices.")
    ] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Jobs at once.")] = None,
    tries: Annotated[int, typer.Option(min=1, help="Of an answer that is judged wrong.")] = 2,
    again: Annotated[bool, typer.Option("--again", help="Ask again what is held.")] = False,
    new_vocabulary: Annotated[
        bool, typer.Option("--new-vocabulary", help="Take the shop's words anew; asks all anew.")
    ] = False,
    before_split: BeforeSplit = None,
    moments: Moments = 1,
    measures: Annotated[
        Path | None, file_option(help="Write measures here, as Prometheus reads text files.")
    ] = None,
    knowledge: Knowledge = None,
    json: JsonFile = None,
    quiet: Quiet = False,
) -> None:
    """Ask about every record without a good answer, judge what comes, and write the table."""
    from galen.data.enriched import enriched_folder
    from galen.data.shop import Shop
    from galen.enrich.running.journal import Journal
    from galen.enrich.running.plan import plan
    from galen.enrich.running.runner import Running
    from galen.llm.providers import open_provider, read_settings
    from galen.llm.telemetry import measured_into

    opened_shop = Shop.open(shop)
    settings = read_settings(provider)
    with doing(quiet) as say:
        say("reading the shop")
        sources = sources_of(
            shop, before_split, moments, knowledge, anew=new_vocabulary, keep=not dry_run
        )
        opened = opened_task(table, sources)
    asked = open_provider(settings, opened.rules, None if dry_run else budget)
    running = Running(workers or settings.workers, settings.batch, tries, again)
    with Journal(enriched_folder(shop)) as journal:
        if dry_run:
            found = plan(opened.task, asked.model, journal, settings.prices, running)
            _tell_plan(found, asked.model.name, json)
            return
        with measured_into(_locked(asked.model, opened, opened_shop), measures) as model:
            report = _asked(opened, model, journal, opened_shop, running, quiet=quiet)
    _tell_report(report, asked.model.name, json)


def _locked(model: "LanguageModel", opened: "Opened", shop: "Shop") -> "LanguageModel":
    """The model behind the lock of the shop's people, whose ids that it leaves alone are told."""
    from galen.enrich.guarded import guarded
    from galen.llm.redaction import Redacting

    behind = guarded(model, opened, shop)
    if isinstance(behind, Redacting) and behind.left_alone:
        console.print(
            f"{behind.left_alone:,} ids of people are as short as amounts of goods, so no "
            "question is searched for them.",
            style="yellow",
        )
    return behind


def _asked(
    opened: "Opened",
    model: Any,
    journal: "Journal",
    shop: "Shop",
    running: "Running",
    *,
    quiet: bool,
) -> "Report":
    """Ask a model about a shop, which has to stay as it is meanwhile."""
    from galen.data.enriched import enriched_folder
    from galen.data.shop import Shop
    from galen.enrich.running.runner import microseconds, run

    table = opened.task.asked.name
    with bar(quiet, f"{table}: asking {model.name}") as advance:
        return run(
            opened.task,
            model,
            journal,
            enriched_folder(shop.folder),
            now=microseconds,
            running=running,
            progress=lambda done, put: advance(f"{table}: {put:,} asked", done, 0),
            unchanged=lambda: Shop.open(shop.folder).manifest == shop.manifest,
        )


@enrich.command()
def review(
    table: TaskName,
    shop: ShopFolder,
    sample: Annotated[int, typer.Option(min=1, help="Rows to judge, drawn by the seed.")] = 50,
    verdicts: Annotated[
        Path | None, typer.Option(help="A CSV with key, good (yes or no) and note.")
    ] = None,
    export: Annotated[Path | None, file_option(help="Write the sample as CSV to judge.")] = None,
    seed: Seed = 0,
    json: JsonFile = None,
    quiet: Quiet = False,
) -> None:
    """Judge a sample of what was written, one by one or by a file; tells the precision."""
    from galen.cli.reviewing import judged_by_file, judged_by_person, write_sample
    from galen.data.enriched import enriched_folder, read_all
    from galen.enrich.review import precision, queue
    from galen.enrich.running.journal import Journal

    folder = enriched_folder(shop)
    with doing(quiet) as say:
        say("reading the table")
        rows = read_all(folder, table)
    now = int(datetime.now(UTC).timestamp() * 1e6)
    with Journal(folder) as journal:
        waiting = queue(rows, journal, table, sample, seed)
        if export is not None:
            write_sample(waiting, export)
            typer.echo(f"{len(waiting):,} rows to judge are in {export}; fill `good` and `note`.")
            write_json(json, {"rows": len(waiting), "file": str(export)})
            return
        said = (
            judged_by_file(verdicts, rows, now)
            if verdicts is not None
            else judged_by_person(waiting, now)
        )
        for verdict in said:
            journal.judge(table, verdict)
        found = precision(rows, journal.verdicts(table))
    typer.echo(
        f"{found.good} of {found.judged} judged are good: precision {found.share:.3f} "
        f"[{found.low:.3f}, {found.high:.3f}] (Wilson, 95 %)"
    )
    write_json(json, found)


@enrich.command()
def held(table: TaskName, shop: ShopFolder, json: JsonFile = None, quiet: Quiet = False) -> None:
    """List the records without a good answer, each with its reason."""
    from galen.data.enriched import enriched_folder
    from galen.data.shop import Shop
    from galen.enrich.running.journal import Journal

    _check_table(table)
    with doing(quiet) as say, Journal(enriched_folder(Shop.open(shop).folder)) as journal:
        say("reading the journal")
        found = sorted(journal.held(table).values(), key=lambda one: (one.code, one.record))
    told = Table(title=f"{len(found):,} records are held")
    for name in ("record", "reason", "tries", "detail"):
        told.add_column(name)
    for one in found[:100]:
        told.add_row(one.record, one.code, str(one.tries), one.detail[:80])
    show(told)
    write_json(json, found)


@enrich.command()
def groups(shop: ShopFolder, json: JsonFile = None, quiet: Quiet = False) -> None:
    """Propose which items are packs of one standard product; a person decides."""
    from galen.data.catalogue import Catalogue
    from galen.data.enriched import Extent, enriched_folder, write_enriched
    from galen.data.shop import Shop
    from galen.enrich.duplicates import NAME, propose_groups, with_origin

    with doing(quiet) as say:
        say("comparing titles")
        found = propose_groups(Catalogue.read(Shop.open(shop)))
        rows = with_origin(found, datetime.now(UTC))
        path = write_enriched(enriched_folder(shop), NAME, rows, Extent())
    count = len(set(found["group"].to_pylist()))
    write_json(json, {"items": len(found), "groups": count, "table": str(path)})
    typer.echo(f"{len(found):,} items in {count:,} groups: {path}")


@enrich.command()
def vectors(
    shop: ShopFolder,
    embedder: Annotated[
        str, typer.Option(help="`minilm`, or a TOML file of a server or folder.")
    ] = "minilm",
    json: JsonFile = None,
    quiet: Quiet = False,
) -> None:
    """Turn the texts of items into vectors; only texts that changed are read again."""
    from galen.data.catalogue import Catalogue
    from galen.data.enriched import enriched_folder
    from galen.data.shop import Shop
    from galen.enrich.vectors import write_vectors
    from galen.llm.providers import open_embedder

    with bar(quiet, "reading the catalogue") as advance:
        report = write_vectors(
            Catalogue.read(Shop.open(shop)),
            enriched_folder(shop),
            open_embedder(embedder),
            now=datetime.now(UTC),
            watch=advance,
        )
    write_json(json, report)
    told = f"{report.encoded:,} encoded, {report.kept:,} kept, {report.empty:,} without text"
    typer.echo(f"{told}, {report.refused:,} refused, {report.gone:,} gone")
    if report.encoder_changed:
        console.print("the encoder answers otherwise than before; encode all anew", style="yellow")


@enrich.command("co-taken")
def co_taken(
    shop: ShopFolder,
    before_split: BeforeSplit = None,
    moments: Moments = 1,
    seed: Seed = 0,
    json: JsonFile = None,
    quiet: Quiet = False,
) -> None:
    """Turn the vectors of items, so that what people take together lies near; another table."""
    from galen.data.shop import Shop
    from galen.enrich.co_taken import TABLE, CoTaken, write_co_taken

    with doing(quiet) as say:
        say("turning the vectors")
        data = _data(Shop.open(shop), before_split, moments)
        rows = write_co_taken(data, datetime.now(UTC), CoTaken(seed=seed))
    write_json(json, {"table": TABLE, "rows": rows})
    typer.echo(f"{rows:,} vectors turned: table {TABLE}")


def _data(shop: "Shop", protocol: str | None, moments: int) -> "Dataset":
    """All events, or those that the oldest moment of a training knows."""
    from galen.assembly.split import PROTOCOLS, known_before
    from galen.data.dataset import Dataset

    data = Dataset.read(shop)
    if protocol is None:
        return data
    if protocol not in PROTOCOLS:
        raise typer.BadParameter(f"{protocol!r} is none of {', '.join(PROTOCOLS)}")
    return known_before(protocol, data, moments=moments)


def sources_of(
    shop: Path,
    protocol: str | None,
    moments: int,
    knowledge: Path | None,
    *,
    anew: bool,
    keep: bool = True,
) -> "Sources":
    """What tasks are made from, with the vocabulary of the shop's tables, kept until `anew`."""
    from galen.data.enriched import enriched_folder
    from galen.data.shop import Shop
    from galen.enrich.running.vocabulary import Vocabulary
    from galen.enrich.tasks import Sources
    from galen.knowledge.build import graph_of

    data, graph = _data(Shop.open(shop), protocol, moments), graph_of(knowledge)
    folder = enriched_folder(shop)
    now = Vocabulary.of(data.catalogue, graph)
    kept = Vocabulary.open(folder)
    if kept is None or anew:
        if keep:
            now.save(folder)
        kept = now
    elif lacking := kept.lacks(now):
        told = ", ".join(lacking[:5])
        console.print(
            f"{len(lacking):,} words of the shop are not in its vocabulary ({told}); take them in "
            "with --new-vocabulary, which asks every record anew.",
            style="yellow",
            markup=False,
        )
    return Sources(data, graph, kept)


def opened_task(table: str, sources: "Sources") -> "Opened":
    """The task of a table.

    Raises:
        BadParameter: there is no such table.
    """
    from galen.enrich.tasks import TASKS

    _check_table(table)
    return TASKS[table](sources)


def _check_table(table: str) -> None:
    from galen.enrich.tasks import TASKS

    if table not in TASKS:
        raise typer.BadParameter(f"{table!r} is none of {', '.join(TASKS)}", param_hint="TABLE")


def _tell_plan(found: "RunPlan", model: str, json: Path | None) -> None:
    time = "not known before a first run" if found.seconds is None else f"{found.seconds:,.0f} s"
    told = Table("", "", title=f"what {model} would be asked", show_header=False)
    told.add_row("records", f"{found.records:,}")
    told.add_row("answered before", f"{found.kept:,}")
    told.add_row("held", f"{found.held:,}")
    told.add_row("to ask", f"{found.to_ask:,}")
    told.add_row("tokens to read", f"{found.tokens_read:,}")
    told.add_row("tokens to write", f"{found.tokens_written:,}")
    told.add_row("cost", f"{found.cost:,.4f}, at most {found.most_cost:,.4f}")
    told.add_row("time", time)
    told.add_row("from runs before" if found.measured else "estimated by length", "")
    show(told)
    write_json(json, found)


def _tell_report(report: "Report", model: str, json: Path | None) -> None:
    spent = report.spent
    typer.echo(
        f"{report.records:,} records by {model}: {report.kept_before:,} answered before, "
        f"{report.asked:,} asked ({spent.tokens_read:,} tokens read, {spent.tokens_written:,} "
        f"written, cost {spent.cost:,.4f})"
    )
    for reason, count in sorted(report.held.items()):
        typer.echo(f"  held, {reason}: {count:,}")
    typer.echo(str(report.table))
    write_json(json, report)
