"""Commands that teach smaller models what was written: by adaptors, and by trees over vectors."""

from pathlib import Path
from typing import Annotated

import typer

from galen.cli.enrich import TaskName, enrich, opened_task, sources_of
from galen.cli.terminal import JsonFile, Quiet, Seed, ShopFolder, doing, folder_option, write_json


@enrich.command()
def tune(
    table: TaskName,
    shop: ShopFolder,
    base: Annotated[Path, typer.Option(help="The folder of a causal model in safetensors.")],
    to: Annotated[Path, folder_option(help="Where the taught model is written.")],
    provider: Annotated[
        str, typer.Option(help="Who answered: `rules`, or the TOML file of the run.")
    ] = "rules",
    epochs: Annotated[int, typer.Option(min=1, help="Times that each lesson is read.")] = 3,
    rank: Annotated[int, typer.Option(min=1, help="Of the adaptors.")] = 8,
    seed: Seed = 0,
    json: JsonFile = None,
    quiet: Quiet = False,
) -> None:
    """Teach a small causal model the answers of a table that were judged good."""
    from galen.data.enriched import enriched_folder
    from galen.enrich.distilling.fine_tuning import FineTuning, lessons_of
    from galen.enrich.distilling.fine_tuning import tune as teach
    from galen.enrich.running.journal import Journal
    from galen.llm.providers import open_provider, read_settings

    with doing(quiet) as say:
        say("reading the shop")
        opened = opened_task(table, sources_of(shop, None, 1, None, anew=False))
        teacher = open_provider(read_settings(provider), opened.rules).model
        with Journal(enriched_folder(shop)) as journal:
            lessons = lessons_of(opened.task, teacher, journal)
        say(f"teaching {len(lessons):,} answers of {teacher.name}")
        found = teach(base, lessons, to, FineTuning(rank=rank, epochs=epochs, seed=seed))
    typer.echo(
        f"{found.lessons:,} lessons, {found.held_out:,} held out, {found.left_out:,} too long; "
        f"loss on what was held out {found.loss_before:.3f} -> {found.loss_after:.3f} nats a token"
    )
    write_json(json, found)


@enrich.command("distil")
def distil_judge(
    shop: ShopFolder,
    to: Annotated[Path, folder_option(help="Where the judge is written.")],
    embedder: Annotated[
        str, typer.Option(help="`minilm`, or a TOML file of a server or folder.")
    ] = "minilm",
    sure: Annotated[float, typer.Option(min=0, max=1, help="Least probability.")] = 0.6,
    seed: Seed = 0,
    json: JsonFile = None,
    quiet: Quiet = False,
) -> None:
    """Distil the table `relations` into trees that judge every pair of the shop's words."""
    from galen.data.enriched import enriched_folder, read_all
    from galen.enrich.distilling.distillation import Distillation
    from galen.enrich.distilling.distilled_relations import distil_relations
    from galen.llm.providers import open_embedder

    with doing(quiet) as say:
        table = read_all(enriched_folder(shop), "relations")
        say(f"learning from {len(table):,} pairs")
        settings = Distillation(sure=sure, seed=seed)
        found = distil_relations(table, open_embedder(embedder), to, settings)
    for name, one in (("pairs", found.pairs), ("words", found.words)):
        share = one.share
        typer.echo(
            f"agrees on {name} held out: {share.share:.3f} [{share.low:.3f}, {share.high:.3f}], "
            f"kappa {one.kappa:.3f}, sure of {one.covered:.3f}"
        )
    told = ", ".join(f"{name} {count:,}" for name, count in found.judged.items())
    typer.echo(f"all {found.of:,} pairs in {found.seconds:.1f} s: {told}")
    write_json(json, found)
