"""A made-up shop from nothing to a served page, through the same calls as a real one."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from rich.table import Table

from galen.assembly.bundle import save_bundle
from galen.assembly.shipped import find_recipe
from galen.assembly.split import Protocol
from galen.assembly.train import train
from galen.data.shop import Shop
from galen.data.synthetic.shop import SyntheticSettings, synthesize
from galen.evaluate.command import evaluate_bundle

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class DemoSettings:
    users: int = 2000
    items: int = 1000
    seed: int = 0


def make_demo(
    folder: Path,
    settings: DemoSettings,
    now: datetime,
    progress: Progress,
    *,
    json_file: Path | None = None,
) -> Table:
    """Make the shop and two bundles under a folder: one evaluated, one that has seen everything.

    Gives the table of the evaluation; its report lies in the first bundle.
    """
    progress("making a synthetic shop")
    shop_folder = folder / "shop"
    made = SyntheticSettings(users=settings.users, items=settings.items, seed=settings.seed)
    synthesize(shop_folder, made, lambda what, users, all_users: None)
    shop = Shop.open(shop_folder)
    _bundle(shop, folder / "evaluated", "global-time", settings.seed, now, progress)
    done = evaluate_bundle(
        shop_folder, folder / "evaluated", report=None, json_file=json_file, progress=progress
    )
    _bundle(shop, folder / "bundle", "full", settings.seed, now, progress)
    return done.table


def _bundle(
    shop: Shop, root: Path, protocol: Protocol, seed: int, now: datetime, progress: Progress
) -> None:
    trained = train(find_recipe("shop"), shop, protocol, seed=seed, progress=progress)
    save_bundle(
        root,
        trained,
        shop=shop.manifest.name,
        seed=seed,
        now=now,
    )
