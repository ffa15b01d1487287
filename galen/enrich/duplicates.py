"""Which items look like packs of one standard product, as proposals for a person to accept.

Two items are alike if brand, category, ingredients, form and strengths are the same and their
titles, without what tells of the pack, nearly so; what hangs together by that is one group.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
import pyarrow as pa
from rapidfuzz import fuzz, process
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from galen.data.catalogue import Catalogue
from galen.data.enriched import PROVENANCE
from galen.enrich.running.meaning import plain

NAME: Final = "product_groups"
MODEL: Final = "rules:product_groups@1"
_AMOUNT: Final = re.compile(
    r"(?P<number>\d+(?:[.,]\d+)?)\s*(?P<unit>mg|mcg|µg|g|kg|ml|l|iu|%|[a-z]+)?(?:\s*/\s*\d*\s*[a-z]+)?"
)
_STRENGTHS: Final = frozenset({"mg", "mcg", "µg", "iu", "%"})
_PACKS: Final = re.compile(r"\b(?:pack|packs|box|bottle|tube|x|of|pcs|count|ct)\b|[^\w%.]+")


@dataclass(frozen=True, slots=True)
class Likeness:
    """`least` is the likeness of titles in percent from which two items are of one product."""

    least: float = 92.0


@dataclass(frozen=True, slots=True)
class _Look:
    """An item as it is compared."""

    row: int
    title: str  # without amounts
    amounts: tuple[str, ...]  # of strength


def propose_groups(catalogue: Catalogue, likeness: Likeness | None = None) -> pa.Table:
    """Items of groups of two or more: key, group (its first item), score, and the present product.

    The score is the least likeness, 0 … 1, that held an item to its group.
    """
    likeness = likeness or Likeness()
    names = ["item_id", "spu_id", "title", "brand", "category", "form", "pack_size"]
    names.append("ingredients")
    rows = catalogue.table.select(names).to_pylist()
    blocks: dict[tuple[Any, ...], list[_Look]] = {}
    for row, record in enumerate(rows):
        if record["title"]:
            amounts, title = _parted(record["title"], record["pack_size"])
            path, holds = (tuple(record[name] or ()) for name in ("category", "ingredients"))
            block = (record["brand"], path, holds, record["form"], amounts)
            blocks.setdefault(block, []).append(_Look(row, title, amounts))
    found: dict[str, list[Any]] = {"key": [], "group": [], "score": [], "spu_id": []}
    for looks in blocks.values():
        for group, score in _groups(looks, likeness.least):
            first = rows[group[0]]["item_id"]
            for row, held in zip(group, score, strict=True):
                values = (rows[row]["item_id"], first, held, rows[row]["spu_id"])
                for name, value in zip(found, values, strict=True):
                    found[name].append(value)
    types = (pa.string(), pa.string(), pa.float64(), pa.string())
    columns = [pa.array(found[name], kind) for name, kind in zip(found, types, strict=True)]
    return pa.table(columns, names=list(found))


def with_origin(groups: pa.Table, now: datetime) -> pa.Table:
    """Groups as they are written: made by rules, from no event."""
    size = len(groups)
    origin = {"model": MODEL, "prompt": "", "knowledge": "", "at": now, "cost": 0.0}
    columns = [pa.array([origin[field.name]] * size, field.type) for field in PROVENANCE]
    return pa.table([*groups.columns, *columns], names=[*groups.column_names, *PROVENANCE.names])


def _groups(block: Sequence[_Look], least: float) -> Iterator[tuple[list[int], list[float]]]:
    """Rows that hang together, and by how much each is held."""
    if len(block) < 2:
        return
    titles = [look.title for look in block]
    like = process.cdist(titles, titles, scorer=fuzz.token_sort_ratio, score_cutoff=least)
    np.fill_diagonal(like, 0)
    _, label = connected_components(sparse.csr_matrix(like), directed=False)
    for group in range(int(label.max()) + 1):
        members = np.flatnonzero(label == group).tolist()
        if len(members) > 1:
            held = like[members].max(axis=1) / 100
            yield [block[at].row for at in members], held.tolist()


def _parted(title: str, pack_size: float | None) -> tuple[tuple[str, ...], str]:
    """The strengths that a title names, and the rest of it without amounts."""
    strengths = []

    def leave_out(found: re.Match[str]) -> str:
        number, unit = float(found["number"].replace(",", ".")), found["unit"] or ""
        if unit in _STRENGTHS and number != pack_size:
            strengths.append(f"{number:g} {unit}")
        return " " if unit in _STRENGTHS or unit in ("g", "kg", "ml", "l", "") else f" {unit} "

    rest = _AMOUNT.sub(leave_out, plain(title))
    return tuple(sorted(strengths)), " ".join(_PACKS.sub(" ", rest).split())
