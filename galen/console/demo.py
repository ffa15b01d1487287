"""A made-up shop from nothing to a served page, through the same calls as a real one."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from rich.table import Table

from galen.assembly.bundles.bundle import save_bundle
from galen.assembly.recipes.shipped import find_recipe
from galen.assembly.split import Protocol
from galen.assembly.train import train
from galen.console.demo_tables import WrittenTable, write_tables
from galen.data.shop import Shop
from galen.data.synthetic.shop import SyntheticSettings, synthesize
from galen.evaluate.command import evaluate_bundle

Progress = Callable[[str], None]
RECIPE: Final = "demo"


@dataclass(frozen=True, slots=True)
class DemoSettings:
    """The shop that the demo makes, and who writes its tables."""

    users: int = 2000
    items: int = 1000
    seed: int = 0
    provider: str = "rules"  # of the tables: a name, or a TOML file


def make_demo(
    folder: Path,
    settings: DemoSettings,
    now: datetime,
    progress: Progress,
    *,
    json_file: Path | None = None,
) -> Table:
    """Make the shop, its tables, and two bundles: one evaluated, one that has seen everything.

    What tables learn of events is cut as each bundle's training wants it. Gives the table of the
    evaluation, which says who wrote the tables; its report lies in the first bundle.

    Raises:
        LanguageModelError: there is no such provider.
        EnrichError: it cannot be asked.
    """
    progress("making a synthetic shop")
    shop_folder = folder / "shop"
    made = SyntheticSettings(users=settings.users, items=settings.items, seed=settings.seed)
    synthesize(shop_folder, made, lambda what, users, all_users: None)
    shop = Shop.open(shop_folder)
    written = _bundle(shop, folder / "evaluated", "global-time", settings, now, progress)
    done = evaluate_bundle(
        shop_folder, folder / "evaluated", report=None, json_file=json_file, progress=progress
    )
    _bundle(shop, folder / "bundle", "full", settings, now, progress)
    done.table.caption = "Tables before training: " + ", ".join(map(str, written))
    return done.table


def _bundle(
    shop: Shop,
    root: Path,
    protocol: Protocol,
    settings: DemoSettings,
    now: datetime,
    progress: Progress,
) -> tuple[WrittenTable, ...]:
    """Write the tables from what the bundle's training may know, then train; gives the tables."""
    progress(f"writing tables by {settings.provider}")
    written = write_tables(shop, protocol, settings.provider, now)
    trained = train(find_recipe(RECIPE), shop, protocol, seed=settings.seed, progress=progress)
    save_bundle(
        root,
        trained,
        shop=shop.manifest.name,
        seed=settings.seed,
        now=now,
    )
    return written
