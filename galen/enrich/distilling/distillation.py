"""A small classifier that judges pairs as a language model did, for the whole catalogue at once.

It reads the vectors of both ends and learns from pairs that the model judged. How far it agrees is
measured twice: on pairs held out, and on pairs with an end that no lesson had. A pair of which it
is not sure enough is left to the model.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import lightgbm
import numpy as np
from lightgbm.basic import LightGBMError
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file
from sklearn.metrics import cohen_kappa_score

from galen.data.arrays import Bools, Floats, Ints, Singles
from galen.enrich.review import Precision, wilson
from galen.enrich.running.faults import EnrichError

UNSURE: Final = -1


@dataclass(frozen=True, slots=True)
class JudgedPairs:
    """Pairs with what a model said of each."""

    one: Ints  # (P,) rows of the vectors
    other: Ints  # (P,)
    verdict: Ints  # (P,) places among the names
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.one)

    def take(self, rows: Bools) -> "JudgedPairs":
        """The pairs where `rows` (P,) is true."""
        return JudgedPairs(self.one[rows], self.other[rows], self.verdict[rows], self.names)


@dataclass(frozen=True, slots=True)
class Distillation:
    """`sure` is the least probability of a verdict; `folds` are those of the measurement."""

    size: int = 32  # leading directions of the vectors that are read
    trees: int = 200
    leaves: int = 15
    rate: float = 0.05
    sure: float = 0.6
    folds: int = 5
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Agreement:
    """With the model that taught, on pairs it was not told of."""

    share: Precision  # of the pairs that it was sure of
    kappa: float  # over chance (Cohen 1960); NaN where there is one verdict only
    covered: float  # share of pairs that it was sure of


@dataclass(frozen=True)
class Distilled:
    """A classifier that has learned, and how far it agrees."""

    names: tuple[str, ...]
    sure: float
    directions: Singles  # (d, size)
    booster: lightgbm.Booster
    pairs: Agreement  # held out
    ends: Agreement  # with an end held out

    def judge(self, vectors: Singles, one: Ints, other: Ints) -> tuple[Ints, Floats]:
        """(P,) verdicts, `UNSURE` where it is not sure enough, and their probabilities."""
        columns = pair_columns(vectors @ self.directions, one, other)
        return _judged(self.booster, columns, self.sure)

    def save(self, folder: Path) -> None:
        """Write what judging needs into a folder, which is made; how far it agrees is not kept."""
        folder.mkdir(parents=True, exist_ok=True)
        self.booster.save_model(folder / "trees.txt")
        facts = {"names": self.names, "sure": self.sure}
        save_file({"directions": self.directions}, folder / "directions.safetensors")
        (folder / "verdicts.json").write_text(json.dumps(facts) + "\n", "utf-8")


def distil(
    judged: JudgedPairs, vectors: Singles, settings: Distillation | None = None
) -> Distilled:
    """Learn to judge pairs as a model did.

    Raises:
        EnrichError: there are fewer than ten pairs for each fold, or one verdict only.
    """
    settings = settings or Distillation()
    if len(judged) < 10 * settings.folds or len(np.unique(judged.verdict)) < 2:
        raise EnrichError(
            f"{len(judged)} pairs with {len(np.unique(judged.verdict))} kinds of verdict are too "
            f"few to learn from; judge {10 * settings.folds} or more, of two kinds."
        )
    random = np.random.default_rng(settings.seed)
    of_pair = random.permutation(len(judged)) % settings.folds
    of_end = random.permutation(len(vectors)) % settings.folds
    directions = _leading(vectors, settings.size)
    columns = pair_columns(vectors @ directions, judged.one, judged.other)
    pairs, ends = [], []
    for fold in range(settings.folds):
        held = of_pair == fold
        pairs.append(_held_out(judged, columns, held, ~held, settings))
        touched = (of_end[judged.one] == fold) | (of_end[judged.other] == fold)
        counted = np.minimum(of_end[judged.one], of_end[judged.other]) == fold  # each pair once
        ends.append(_held_out(judged, columns, counted, ~touched, settings))
    booster = _learn(columns, judged.verdict, len(judged.names), settings)
    return Distilled(
        judged.names, settings.sure, directions, booster, _agreement(pairs), _agreement(ends)
    )


def _leading(vectors: Singles, size: int) -> Singles:
    """(d, size or fewer): the directions in which vectors differ most."""
    spread = vectors - vectors.mean(axis=0)
    found = np.linalg.svd(spread, full_matrices=False)[2][:size].T
    return np.ascontiguousarray(found, np.float32)


def open_distilled(folder: Path) -> tuple[tuple[str, ...], float, Singles, lightgbm.Booster]:
    """The names of the verdicts, the least probability, the directions and trees of a folder.

    Raises:
        EnrichError: a file is missing or cannot be read.
    """
    try:
        facts = json.loads((folder / "verdicts.json").read_text("utf-8"))
        booster = lightgbm.Booster(model_file=str(folder / "trees.txt"))
        directions = load_file(folder / "directions.safetensors")["directions"]
        return tuple(facts["names"]), float(facts["sure"]), directions, booster
    except (OSError, ValueError, KeyError, SafetensorError, LightGBMError) as error:
        raise EnrichError(f"{folder} holds no distilled judge: {error}") from error


def pair_columns(vectors: Singles, one: Ints, other: Ints) -> Singles:
    """(P, 2d + 1): how far apart two vectors are, what they share, and their cosine."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = vectors / np.maximum(length, 1e-9)
    left, right = unit[one], unit[other]
    shared = left * right
    return np.concatenate(
        [np.abs(left - right), shared, shared.sum(axis=1, keepdims=True)], axis=1
    ).astype(np.float32)


def _learn(columns: Singles, verdict: Ints, kinds: int, settings: Distillation) -> Any:
    parameters = {
        "objective": "multiclass",
        "num_class": kinds,
        "num_leaves": settings.leaves,
        "learning_rate": settings.rate,
        "min_data_in_leaf": 5,
        "max_bin": 63,
        "seed": settings.seed,
        "deterministic": True,
        "num_threads": 1,
        "verbosity": -1,
    }
    return lightgbm.train(parameters, lightgbm.Dataset(columns, verdict), settings.trees)


def _held_out(
    judged: JudgedPairs, columns: Singles, test: Any, train: Any, settings: Distillation
) -> tuple[Ints, Ints]:
    """What was said of the pairs held out, and what the model says of them."""
    if not test.any() or len(np.unique(judged.verdict[train])) < 2:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    kinds = len(judged.names)
    booster = _learn(columns[train], judged.verdict[train], kinds, settings)
    return judged.verdict[test], _judged(booster, columns[test], settings.sure)[0]


def _judged(booster: Any, columns: Singles, sure: float) -> tuple[Ints, Floats]:
    if not len(columns):
        return np.empty(0, np.int64), np.empty(0)
    probability = np.asarray(booster.predict(columns))
    verdict = probability.argmax(axis=1)
    best = probability.max(axis=1)
    return np.where(best >= sure, verdict, UNSURE).astype(np.int64), best


def _agreement(parts: Sequence[tuple[Ints, Ints]]) -> Agreement:
    said, found = (np.concatenate([part[side] for part in parts]) for side in (0, 1))
    sure = found != UNSURE
    share = wilson(int((said == found)[sure].sum()), int(sure.sum()))
    kinds = set(said[sure].tolist()) | set(found[sure].tolist())
    kappa = float(cohen_kappa_score(said[sure], found[sure])) if len(kinds) > 1 else float("nan")
    return Agreement(share, kappa, float(sure.mean()) if len(sure) else 0.0)
