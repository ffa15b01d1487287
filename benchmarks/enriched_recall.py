"""Channels over an encoder's vectors: items that nobody took, and where own vectors begin."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa

from benchmarks.asking import BLOCK, gains_of, places_of_wanted, requests_of, slates_of
from benchmarks.cold_items import World, world_of
from benchmarks.rows import Row
from galen.compare.cost import measured
from galen.data.arrays import Floats, Ints
from galen.data.dataset import Dataset
from galen.data.enriched import Extent, write_enriched
from galen.enrich.vectors import origin
from galen.evaluate.slices import COLD
from galen.features.item_vectors import TABLE, Encoded, Use, vector_column
from galen.pipeline.candidates import Candidates
from galen.pipeline.stages import Scorer
from galen.recall.content import Content
from galen.recall.sequence import SequenceModel

AMONG: Final = 50  # places among the items held out
SHARE: Final = 0.1  # of items that are held out
RECENT: Final = 5  # newest events whose categories a person likes


def laid_beside(data: Dataset, found: Encoded, folder: Path, now: datetime) -> Dataset:
    """The data with vectors as the table that an enrichment would have written."""
    rows = np.flatnonzero(found.there)
    at = np.full(len(rows), np.datetime64(now.replace(tzinfo=None), "us"))
    items = pa.array([data.catalogue.ids[row] for row in rows.tolist()], pa.string())
    columns = {"item": items, "vector": vector_column(found.vectors[rows])}
    table = pa.table(columns | origin(len(rows), found.encoder, at))
    write_enriched(folder, TABLE, table, Extent())
    return replace(data, enriched=folder)


def held_out(data: Dataset, seed: int) -> World:
    """A tenth of all items taken out of learning, and those asked whose last item is one."""
    options = argparse.Namespace(part="test", people=None, share=SHARE, warm=0)
    return world_of(data, options, seed)


def content_row(name: str, world: World, data: Dataset, form: Use, said: str, seed: int) -> Row:
    """Recall among the held-out items of the content channel over the table beside `data`."""
    with measured() as cost:
        spec = Content(encoded=form, size=64, popular=0.0)
        index = spec.fit(replace(world.learning, enriched=data.enriched))
        place = _places_among(index, world)
    return _row("held-out items", said, name, seed, _among(world, place), cost.cpu_seconds)


def plain_rows(world: World, category: Ints, said: str, seed: int) -> list[Row]:
    """What chance, and what the popularity of the categories that a person likes, come to."""
    cold = np.flatnonzero(world.cold)
    random = np.random.default_rng(seed)
    people = len(world.requests)
    newest = world.requests.history.latest(RECENT)
    liked = np.zeros((people, int(category.max(initial=0)) + 1))
    known = category[newest.item] >= 0
    np.add.at(liked, (newest.request[known], category[newest.item][known]), 1.0)
    counts = np.bincount(category[world.learning.item].clip(min=0), minlength=liked.shape[1])
    popular = counts / max(counts.max(initial=1), 1)
    noise = random.random((people, len(cold)))  # items of one category are alike
    of_item = category[cold]
    by_category = (liked[:, of_item] + 0.5 * popular[of_item]) * (of_item >= 0) + 1e-6 * noise
    rows = []
    for name, scores in (("chance", noise), ("popular in category", by_category)):
        place = _place(scores, world, 0, cold)
        rows.append(_row("held-out items", said, name, seed, _among(world, place), 0.0))
    return rows


def sequence_row(name: str, data: Dataset, spec: SequenceModel, said: str) -> Row:
    """NDCG@10 of everybody's last event, learned without it and the one before (strict)."""
    past, last = data.without_last(1), data.nth_last(1)
    with measured() as cost:
        index = spec.fit(data.without_last(2))
        found = slates_of(index, requests_of(past, last.user.astype(np.int64)))
        recall, ndcg = gains_of(places_of_wanted(found, last.item.astype(np.int64)))
    count = np.bincount(data.without_last(2).item, minlength=len(data.catalogue))[last.item]
    cold = count < COLD
    metrics = {
        "recall@10": float(recall.mean()),
        "ndcg@10": float(ndcg.mean()),
        "ndcg@10/cold": float(ndcg[cold].mean()) if cold.any() else float("nan"),
        "epochs": float(len(index.course.epochs)),
    }
    return _row("where own vectors begin", said, name, spec.seed, metrics, cost.cpu_seconds)


def _row(
    what: str, data: str, model: str, seed: int, metrics: Mapping[str, float], seconds: float
) -> Row:
    strict = "strict" if what.startswith("where") else f"{SHARE:g} of items held out"
    return Row(
        benchmark=f"enrichment, {what}",
        data=data,
        model=model,
        protocol=strict,
        seed=seed,
        metrics=dict(metrics),
        cpu_seconds=seconds,
        wall_seconds=0.0,
        peak_memory_bytes=0,
    )


def _among(world: World, place: Ints) -> dict[str, float]:
    return {
        "recall@50": float((place < AMONG).mean()),
        "people": float(len(place)),
        "items": float(world.cold.sum()),
    }


def _places_among(index: Scorer, world: World) -> Ints:
    """(R,) place of what was wanted among the items held out, ties pessimistic."""
    cold = np.flatnonzero(world.cold)
    place = np.full(len(world.wanted), len(cold))
    for start in range(0, len(world.wanted), BLOCK):
        part = world.requests.part(start, min(start + BLOCK, len(world.wanted)))
        request = np.repeat(np.arange(len(part)), len(cold))
        pairs = Candidates(request, np.tile(cold, len(part)), {})
        scores = index.answer(part).scores(pairs).reshape(len(part), len(cold))
        place[start : start + len(part)] = _place(scores, world, start, cold)
    return place


def _place(scores: Floats, world: World, start: int, cold: Ints) -> Ints:
    scores = np.where(np.isnan(scores), -np.inf, scores)
    rows = np.arange(len(scores))
    wanted = np.searchsorted(cold, world.wanted[start : start + len(scores)])
    own = scores[rows, wanted][:, None]
    place = (scores >= own).sum(axis=1) - 1
    return np.where(np.isneginf(own[:, 0]), len(cold), place)


def mean_of(rows: Sequence[Row], model: str, metric: str) -> Floats:
    """(seeds,) of one model, by seed."""
    found = {row.seed: row.metrics[metric] for row in rows if row.model == model}
    return np.array([found[seed] for seed in sorted(found)])
