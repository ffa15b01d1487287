"""`galen evaluate`: a bundle against the part of a shop that it did not learn from."""

from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from galen.assembly.bundles.bundle import Bundle
from galen.assembly.examples.people import PeopleColumns
from galen.assembly.split import Split, SplitError, split_by
from galen.data.dataset import Dataset
from galen.data.json_file import write_json_file
from galen.data.shop import Shop
from galen.eligibility.guard import Guard
from galen.evaluate.guarded import Guarded
from galen.evaluate.impressions import Ranked, ranked_by
from galen.evaluate.offline import HEADLINE
from galen.evaluate.report import write_report
from galen.evaluate.run import Evaluation, Progress, evaluate
from galen.evaluate.safety import cost_of_safety, safety_figures, safety_table

WITH_INTERVAL = HEADLINE[:2]  # of the table; the report has all


@dataclass(frozen=True)
class Evaluated:
    """What `galen evaluate` found, and where its report is."""

    table: Table
    report: Path
    safety: Table | None  # what the gate costs, where it was asked


def evaluate_bundle(
    shop_folder: Path,
    bundle_folder: Path,
    *,
    report: Path | None,
    json_file: Path | None,
    progress: Progress,
    pack: str | None = None,
) -> Evaluated:
    """Evaluate, write the report (into the bundle by default) and the figures, give the table.

    With `pack` the recommender is asked through the gate too, under a pack by name or path.

    Raises:
        SplitError: the bundle was trained on everything, on another shop, or on other events of it.
        ShopError: the shop cannot be read.
        BundleError: the bundle cannot be read.
        PackError: the pack cannot be used.
    """
    bundle = Bundle.open(bundle_folder)
    shop = Shop.open(shop_folder)
    progress("reading the shop and the bundle")
    data = Dataset.read(shop)
    if bundle.manifest.shop != shop.manifest.name or bundle.manifest.items != len(data.catalogue):
        raise SplitError(
            f"{bundle.folder} was trained on shop {bundle.manifest.shop!r} with "
            f"{bundle.manifest.items} items; this is {shop.manifest.name!r} with "
            f"{len(data.catalogue)}. Train again on this shop."
        )
    bundle.check(data.catalogue)
    split = split_by(bundle.manifest.protocol, data, seed=bundle.manifest.seed)
    _check_state(bundle, split)
    people, named = PeopleColumns.read(shop), bundle.all_parts()
    parts = named[bundle.recipe.name]
    surfaces = {surface: named[one.name] for surface, one in bundle.recipe.surfaces.items()}
    guarded = None
    if pack is not None:
        guarded = Guarded(Guard.of(split.final.catalogue, pack=pack), shop.read("users"))
    seed = bundle.manifest.seed
    done = evaluate(
        parts,
        split,
        people,
        seed=seed,
        progress=progress,
        guarded=guarded,
        surfaces=surfaces,
    )
    ranked = ranked_by(parts, shop, split, seed=seed)
    path = report or bundle.folder / "report.html"
    progress("writing the report")
    title = f"{bundle.recipe.name} on {shop.manifest.name}"
    write_report(done, ranked, title, path)
    if json_file is not None:
        write_json_file(json_file, figures(done, ranked))
    costs = cost_of_safety(done)
    safety = safety_table(costs, title) if costs else None
    return Evaluated(table_of(done, ranked, title), path, safety)


def _check_state(bundle: Bundle, split: Split) -> None:
    """See that what the protocol holds out of the shop as it is was held out of the bundle."""
    learned, here = bundle.manifest.learned, split.final.extent
    if learned is not None and learned != here:
        raise SplitError(
            f"{bundle.folder} learned from {learned}, and of this shop {split.protocol} would "
            f"learn from {here}: its events have changed since, and what is held out now may be "
            "what it learned. Train again on the shop as it is."
        )


def figures(evaluation: Evaluation, ranked: list[Ranked]) -> dict[str, object]:
    """Every figure of an evaluation as a tree for JSON."""
    return {
        "protocol": evaluation.protocol,
        "seed": evaluation.seed,
        "requests": len(evaluation.question.requests),
        "models": {name: result.mean() for name, result in evaluation.results.items()},
        "slices": {
            name: {
                part.name: {
                    "requests": int(part.requests.sum()),
                    **{m: float(result.by_request[m][part.requests].mean()) for m in HEADLINE},
                }
                for part in evaluation.question.slices
            }
            for name, result in evaluation.results.items()
        },
        "safety": safety_figures(cost_of_safety(evaluation)),
        "ranking": {one.objective: one.metrics for one in ranked},
    }


def table_of(evaluation: Evaluation, ranked: list[Ranked], title: str) -> Table:
    """Models in rows; intervals are 95 % bootstraps over people."""
    caption = f"{evaluation.protocol}, {len(evaluation.question.requests):,} people, full ranking"
    for one in ranked:
        figures_of = "  ".join(f"{name} {value:.4f}" for name, value in one.metrics.items())
        caption += f"\n{one.objective}: {figures_of}"
    table = Table(title=title, caption=caption, caption_justify="left")
    for heading in ("model", *HEADLINE, "coverage@10"):
        table.add_column(heading, no_wrap=True)
    everybody = evaluation.question.slices[0]
    for name, result in evaluation.results.items():
        mean = result.mean()
        cells = [
            str(result.interval(m, everybody, seed=evaluation.seed)) for m in WITH_INTERVAL
        ] + [f"{mean[m]:.4f}" for m in HEADLINE if m not in WITH_INTERVAL]
        degraded = f" (degraded: {', '.join(result.degraded)})" if result.degraded else ""
        table.add_row(name + degraded, *cells, f"{result.of_catalogue['coverage@10']:.3f}")
    return table
