"""Commands over a folder of samples, where a ranking model learns alone."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from galen.cli.grouped_help import SAMPLES
from galen.cli.terminal import (
    JsonFile,
    Quiet,
    Report,
    Seed,
    app,
    console,
    doing,
    file_option,
    folder_option,
    numbers,
    show,
)


def train_on_table(
    table: Path,
    bundle: Path,
    recipe: str,
    seed: int,
    quiet: bool,
    *,
    warm: bool,
    tensorboard: Path | None,
) -> str | None:
    """Train, and give the version that is now current; None on a process that does not lead."""
    import shutil
    from contextlib import suppress

    from galen.assembly.recipes.shipped import find_recipe
    from galen.assembly.table import TableBundle, checkpoint_folder, save_run, train_table
    from galen.nn.learning.distributed import joined
    from galen.nn.learning.tensorboard import event_writer

    found = find_recipe(recipe)
    with joined() as group, doing(quiet or not group.leads) as say:
        before = TableBundle.open(bundle) if warm else None
        begun_from = "" if before is None else before.manifest.version
        checkpoints = checkpoint_folder(bundle, found, table, seed, begun_from=begun_from)
        run = train_table(
            found,
            table,
            seed=seed,
            progress=say,
            checkpoints=checkpoints,
            watch=None if tensorboard is None else event_writer(tensorboard),
            after=None if before is None else before.run(),
        )
        if group.leads:
            say("writing the bundle")
            saved = save_run(bundle, run, now=datetime.now(UTC))
            shutil.rmtree(checkpoints, ignore_errors=True)
            with suppress(OSError):  # others lie there that were broken off, or none ever did
                checkpoints.parent.rmdir()
            typer.echo(f"bundle {saved.manifest.version} is current in {bundle}")
            return saved.manifest.version
    return None


def evaluate_on_table(
    table: Path, runs: list[Path], report: Path | None, json: Path | None, quiet: bool
) -> None:
    """Compare trained runs on the test rows of a table, and write the report."""
    from galen.evaluate.table_report import write_report
    from galen.evaluate.table_runs import compare_runs, table_of, write_figures

    with doing(quiet) as say:
        comparison = compare_runs(table, runs, progress=say)
        say("writing the report")
        path = report or runs[0] / "report.html"
        write_report(comparison, path)
    if json is not None:
        write_figures(comparison, json)
    show(table_of(comparison))
    typer.echo(f"report: {path}")


@app.command(rich_help_panel=SAMPLES, short_help="Fit the scaling law of a family of networks.")
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
    folder: Annotated[Path, folder_option(help="Where finished points are kept.")] = Path(
        "scaling"
    ),
    report: Report = None,
    json: JsonFile = None,
    seed: Seed = 0,
    quiet: Quiet = False,
) -> None:
    """Train a family of networks at several sizes and amounts of data, and fit its scaling law."""
    from galen.assembly.experiments.scaling import sizes_and_shares
    from galen.assembly.recipes.shipped import find_recipe
    from galen.evaluate.scaling import scale as climb
    from galen.evaluate.scaling import table_of, write_figures, write_report

    found = find_recipe(recipe)
    ladder = sizes_and_shares(numbers(sizes, int), numbers(shares, float), seed)
    with doing(quiet) as say:
        scaling = climb(found, table, folder, ladder, predict=predict, progress=say)
    title = f"{found.name} on {table.name}"
    show(table_of(scaling, title))
    write_report(scaling, title, report or folder / "scaling.html")
    if json is not None:
        write_figures(scaling, json)
    typer.echo(f"report: {report or folder / 'scaling.html'}")


@app.command(rich_help_panel=SAMPLES, short_help="Search a recipe's settings within its ranges.")
def tune(
    table: Annotated[Path, typer.Argument(help="A folder of samples.", metavar="TABLE")],
    recipe: Annotated[
        str, typer.Option(help="A recipe that has ranges to search, in [tune].")
    ] = "ctr/deepfm",
    trials: Annotated[int, typer.Option(min=1, help="Of all runs together.")] = 30,
    seconds: Annotated[
        float | None, typer.Option(help="No trial begins when so many CPU seconds are spent.")
    ] = None,
    objective: Annotated[
        str, typer.Option(help="auc or loss, on the validation part; the test part is not read.")
    ] = "auc",
    folder: Annotated[Path, folder_option(help="Where finished trials are kept.")] = Path("tuning"),
    out: Annotated[Path, file_option(help="Where the tuned recipe goes.")] = Path("tuned.toml"),
    json: JsonFile = None,
    seed: Seed = 0,
    quiet: Quiet = False,
) -> None:
    """Search a recipe's settings within its [tune] ranges, and write the recipe with the best.

    A search that was broken off, or is given more trials, goes on where it was.
    """
    from galen.assembly.experiments.tuning import (
        Budget,
        objective_named,
        summary,
        tuned_text,
        write_tuning,
    )
    from galen.assembly.experiments.tuning import tune as search
    from galen.assembly.recipes.shipped import find_recipe

    found, budget = find_recipe(recipe), Budget(trials, seconds)

    def say(line: str) -> None:
        if not quiet:
            console.print(line, markup=False, highlight=False, soft_wrap=True)

    tuning = search(
        found, table, folder, budget, objective=objective_named(objective), seed=seed, progress=say
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(tuned_text(found, tuning), encoding="utf-8")
    if json is not None:
        write_tuning(tuning, json)
    typer.echo(summary(tuning))
    typer.echo(f"recipe: {out}")
