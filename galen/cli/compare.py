"""The command that tells which recipe to take, for whom and at what cost."""

from pathlib import Path
from typing import Annotated

import typer

from galen.cli.grouped_help import LEARN
from galen.cli.terminal import (
    JsonFile,
    Quiet,
    Seed,
    ShopFolder,
    app,
    bar,
    file_option,
    folder_option,
    show,
    warn_of_never_shown,
)

RulePack = Annotated[str, typer.Option(help="general, eu, us, cn, or a TOML file.")]


@app.command(rich_help_panel=LEARN, short_help="Say which recipe to take, for whom, at what cost.")
def compare(
    shop: ShopFolder,
    recipe: Annotated[
        list[str] | None,
        typer.Option(help="A shipped recipe's name, or a TOML file; give it several times."),
    ] = None,
    protocol: Annotated[
        str, typer.Option(help="strict, refit or global-time: what is held out.")
    ] = "strict",
    pack: RulePack = "general",
    folder: Annotated[
        Path, folder_option(help="Keeps finished steps; the same command goes on from them.")
    ] = Path("comparing"),
    budget: Annotated[
        float | None, typer.Option(min=0, help="Seconds; no step begins after them.")
    ] = None,
    seed: Seed = 0,
    rate: Annotated[float, typer.Option(min=0.1, help="Requests a second, for latency.")] = 50.0,
    requests: Annotated[int, typer.Option(min=10, help="Requests, for latency.")] = 1000,
    cpu_hour_price: Annotated[float, typer.Option(min=0, help="US dollars a CPU hour.")] = 0.05,
    gpu_hour_price: Annotated[float, typer.Option(min=0, help="US dollars a GPU hour.")] = 2.5,
    report: Annotated[
        Path | None, file_option(help="Where the HTML report goes; the folder by default.")
    ] = None,
    json: JsonFile = None,
    quiet: Quiet = False,
) -> None:
    """Compare recipes on a shop: quality through the gate, safety, cost, latency, and advice.

    Without --recipe the shipped whole pipelines are compared: classic, scaled, enriched,
    generative and hybrid.
    """
    from galen.assembly.split import protocol_named
    from galen.compare.command import compare as run
    from galen.compare.cost import HourlyPrices
    from galen.compare.running import WAYS, ComparisonPlan, cannot_run

    plan = ComparisonPlan(
        shop=shop,
        recipes=tuple(recipe or WAYS),
        folder=folder,
        protocol=protocol_named(protocol),
        pack=pack,
        seed=seed,
        rate=rate,
        requests=requests,
        budget=budget,
    )
    prices = HourlyPrices(cpu_hour_price, gpu_hour_price)
    for name, why in cannot_run(plan).items():
        typer.echo(f"note: {name} cannot be run: {why}", err=True)
    with bar(quiet, "comparing") as advance:
        done = run(plan, prices, report=report, json_file=json, progress=advance)
    for table in done.tables:
        show(table)
    for sentence in done.sentences:
        typer.echo(sentence)
    typer.echo(f"report: {done.report}")
    warn_of_never_shown(shop)
