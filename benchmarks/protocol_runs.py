"""The run that benchmarks of recipes share: every model, protocol and seed, to rows and tables.

`popular`, `item_graph` and `sasrec` are always in the tables, unless `--without` names them. Where
events have a time, the protocol `global-time` follows those asked for, since leave-one-out can be
solved partly by what others take on the same day.
"""

import argparse
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

from rich.console import Console

from benchmarks.cut import cut, shop_of
from benchmarks.named_recipes import recipes_named
from benchmarks.protocol_rows import SPLITS, Compared, Measured, told
from benchmarks.rows import Row, write_rows
from benchmarks.running import at_least_one, file_to_write
from galen.assembly.split import Protocol, SplitError, protocol_named, split_by
from galen.data.dataset import Dataset
from galen.data.mendable import MendableError
from galen.data.shop import Shop

ALWAYS: Final = ("popular", "item_graph", "sasrec")
"""The rows that every table starts with."""

BY_TIME: Final = "global-time"

Measure = Callable[[Shop, str, Protocol, int, str], Iterable[Measured]]
"""From a shop, a recipe, a protocol, a seed and what the data are called to what was measured."""


def add_arguments(parser: argparse.ArgumentParser, *, models: str, protocols: str) -> None:
    """What every such benchmark is told, with its own defaults."""
    parser.add_argument("--interactions", type=Path, required=True)
    parser.add_argument("--items", type=Path)
    parser.add_argument("--models", default=models, help="comma-separated recipes")
    parser.add_argument("--without", default="", help=f"of {', '.join(ALWAYS)}: leave these out")
    parser.add_argument("--protocol", default=protocols, help=", ".join(SPLITS))
    parser.add_argument(
        "--no-global-time", action="store_true", help="do not add it where events have a time"
    )
    parser.add_argument("--seeds", type=at_least_one, default=1)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--people", type=int, default=0, help="drawn from the file; 0 for all")
    parser.add_argument("--json", type=file_to_write)


def run(
    options: argparse.Namespace,
    measure: Measure,
    *,
    quality: Sequence[str],
    more: Sequence[str] = (),
) -> None:
    """Measure every model by every protocol and seed; print tables and write the rows.

    Raises:
        RecipeError: a model is neither shipped nor a file.
        MendableError: `--without` names another model, or the file cannot be read as histories.
        SplitError: a protocol is not known, holds nothing out, or cannot split these events.
    """
    console = Console(width=220)
    rows: list[Row] = []
    data = options.interactions.parent.name or options.interactions.stem
    data += f", {options.people} people drawn" if options.people else ""
    left_out = [model for model in options.without.split(",") if model]
    if unknown := sorted({*left_out} - {*ALWAYS}):
        raise MendableError(f"--without {unknown[0]!r}: it can name {', '.join(ALWAYS)}.")
    always = [model for model in ALWAYS if model not in left_out]
    models = recipes_named([*always, *options.models.split(",")])
    with tempfile.TemporaryDirectory() as folder:
        paths = cut(options.interactions, options.items, options.people, 0, Path(folder))
        shop = shop_of(paths, Path(folder) / "shop")
        for protocol in _protocols(shop, options, console):
            found: list[Measured] = []
            for model in models:
                for seed in range(options.first_seed, options.first_seed + options.seeds):
                    for one in measure(shop, model, protocol, seed, data):
                        console.print(told(one.row, (*quality, *more)))
                        found.append(one)
                        rows.append(one.row)
                    write_rows(options.json, rows)
            compared = Compared.of(found)
            console.print(compared.table(quality), compared.by_slice())
            if more:
                console.print(compared.figures(more))


def _protocols(shop: Shop, options: argparse.Namespace, console: Console) -> list[Protocol]:
    """Those asked for, and by time where the events allow it."""
    wanted = [protocol_named(name) for name in dict.fromkeys(options.protocol.split(","))]
    for name in wanted:
        if name not in SPLITS:
            raise SplitError(f"protocol {name!r} holds nothing out; use {', '.join(SPLITS)}.")
    if shop.clock == "time" and BY_TIME not in wanted and not options.no_global_time:
        try:
            split_by(BY_TIME, Dataset.read(shop))
        except SplitError as error:
            console.print(f"{BY_TIME} is left out: {error}")
        else:
            wanted.append(BY_TIME)
    return wanted
