"""How well scores order and how true probabilities are: AUC, gAUC, log-loss, NE, calibration.

Every metric is one vectorised pass over (N,) arrays, of single or double precision. `weight` (N,)
is how many rows each stands for, where negatives were thinned; without it each stands for itself.
How scores order is told of rows as they are: thinning at random does not move it.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from galen.data.arrays import Floats, Ints

Reals = npt.NDArray[np.floating[Any]]


def where_uneven(weight: Reals) -> Reals | None:
    """The weights of rows; None where each stands for itself, so that they round nothing."""
    return weight if (weight != 1).any() else None


def auc(label: Reals, score: Reals) -> float:
    """Share of (positive, negative) pairs in the right order, ties half; NaN for one class."""
    from scipy.stats import rankdata

    positive = label > 0
    good, bad = int(positive.sum()), int((~positive).sum())
    if not good or not bad:
        return float("nan")
    rank = rankdata(score)
    return float((rank[positive].sum() - good * (good + 1) / 2) / (good * bad))


def pr_auc(label: Reals, score: Reals) -> float:
    """Average precision: that at each score with its rise of recall; NaN without a positive.

    Rows of one score come in at once, so their order does not matter.
    """
    order = np.argsort(-score, kind="stable")
    positive, score = label[order] > 0, score[order]
    if not positive.any():
        return float("nan")
    last = np.append(score[1:] != score[:-1], True)  # row of each distinct score
    found = np.cumsum(positive)[last]
    precision = found / (np.flatnonzero(last) + 1)
    return float(np.diff(found, prepend=0) @ precision / found[-1])


def auc_by_group(label: Reals, score: Reals, group: Ints) -> tuple[Ints, Floats, Ints]:
    """(groups,) each group in rising order, its AUC (NaN for one class) and its rows."""
    order = np.lexsort((score, group))
    group, score, positive = group[order], score[order], label[order] > 0
    groups, start, size = np.unique(group, return_index=True, return_counts=True)
    if not len(start):
        return groups, np.empty(0), size
    of = np.repeat(np.arange(len(start)), size)
    place = np.arange(len(group)) - start[of] + 1
    new_run = np.append(True, (score[1:] != score[:-1]) | (group[1:] != group[:-1]))
    run = np.cumsum(new_run) - 1
    runs = np.bincount(run)
    mean_place = np.bincount(run, place) / runs
    rank_sum = np.bincount(of[positive], mean_place[run][positive], minlength=len(start))
    good = np.bincount(of[positive], minlength=len(start)).astype(np.float64)
    bad = size - good
    both = (good > 0) & (bad > 0)
    value = np.full(len(start), np.nan)
    pairs = good[both] * bad[both]
    value[both] = (rank_sum[both] - good[both] * (good[both] + 1) / 2) / pairs
    return groups, value, size


def grouped_auc(label: Reals, score: Reals, group: Ints) -> float:
    """AUC within each group, weighted by its rows; groups of one class are left out.

    Zhu et al., "Optimized Cost per Click in Taobao Display Advertising", KDD 2017.
    """
    _, value, size = auc_by_group(label, score, group)
    both = ~np.isnan(value)
    return float(np.average(value[both], weights=size[both])) if both.any() else float("nan")


def grouped_auc_by_person(
    label: Reals, score: Reals, group: Ints, person: Ints
) -> tuple[Ints, Floats, Ints]:
    """(P,) each person in rising order, the sum of AUC times rows of their groups, and those rows.

    All of a group are of one person; the sums over persons have the grouped AUC as their ratio, and
    groups of one class count in neither.
    """
    _, value, size = auc_by_group(label, score, group)
    _, first = np.unique(group, return_index=True)
    people, of = np.unique(person[first], return_inverse=True)
    rows = np.where(np.isnan(value), 0, size)
    right = np.bincount(of, np.nan_to_num(value) * rows, minlength=len(people))
    weighed = np.bincount(of, rows, minlength=len(people))
    return people, right.astype(np.float64), weighed.astype(np.int64)


def losses(label: Reals, probability: Reals) -> Floats:
    """(N,) negative log-likelihood of each row, in nats."""
    # In single precision 1 - 1e-12 is 1, whose logarithm has no end.
    p = np.clip(probability.astype(np.float64), 1e-12, 1 - 1e-12)
    return np.asarray(-(label * np.log(p) + (1 - label) * np.log1p(-p)))


def log_loss(label: Reals, probability: Reals, weight: Reals | None = None) -> float:
    """Mean negative log-likelihood in nats."""
    return float(np.average(losses(label, probability), weights=weight))


def normalised_entropy(label: Reals, probability: Reals, weight: Reals | None = None) -> float:
    """Log-loss over that of always saying the mean; below 1 is better than the mean.

    He et al., "Practical Lessons from Predicting Clicks on Ads at Facebook", ADKDD 2014.
    """
    mean = _mean(label, weight)
    if mean in (0.0, 1.0):
        return float("nan")
    floor = -(mean * np.log(mean) + (1 - mean) * np.log1p(-mean))
    return log_loss(label, probability, weight) / float(floor)


def reliability(
    label: Reals, probability: Reals, bins: int = 15, weight: Reals | None = None
) -> tuple[Floats, Floats, Floats]:
    """(bins,) mean prediction, observed share and weight of bins of equal numbers of rows."""
    order = np.argsort(probability, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    of = [None if weight is None else weight[part] for part in parts]
    said, seen = (
        np.array([_mean(values[part], own) for part, own in zip(parts, of, strict=True)])
        for values in (probability, label)
    )
    heavy = [
        float(len(part) if own is None else own.sum()) for part, own in zip(parts, of, strict=True)
    ]
    return said, seen, np.array(heavy)


def calibration_error(
    label: Reals, probability: Reals, bins: int = 15, weight: Reals | None = None
) -> float:
    """Mean distance of prediction from observation over bins of equal numbers of rows (ECE)."""
    said, seen, heavy = reliability(label, probability, bins, weight)
    return float(np.average(np.abs(said - seen), weights=heavy))


def field_calibration(
    label: Reals, probability: Reals, field_ids: Ints, weight: Reals | None = None
) -> float:
    """Mean distance of prediction from observation over the values of a field, by their rows.

    Field-ECE of Pan et al., "Field-aware Calibration: A Simple and Empirically Strong Method for
    Reliable Probabilistic Predictions", WWW 2020. NaN without rows.
    """
    if not len(label):
        return float("nan")
    _, code = np.unique(field_ids, return_inverse=True)
    off = probability - label if weight is None else (probability - label) * weight
    heavy = len(label) if weight is None else weight.sum(dtype=np.float64)
    return float(np.abs(np.bincount(code, off)).sum() / heavy)


def all_of(
    label: Reals, probability: Reals, group: Ints, weight: Reals | None = None
) -> dict[str, float]:
    """Every metric of this page, by its name in reports."""
    return {
        "auc": auc(label, probability),
        "pr_auc": pr_auc(label, probability),
        "gauc": grouped_auc(label, probability, group),
        "logloss": log_loss(label, probability, weight),
        "ne": normalised_entropy(label, probability, weight),
        "ece": calibration_error(label, probability, weight=weight),
        "predicted_over_observed": _mean(probability, weight) / max(_mean(label, weight), 1e-12),
    }


def _mean(values: Reals, weight: Reals | None) -> float:
    if weight is None:
        return float(values.mean(dtype=np.float64))
    return float(np.average(values.astype(np.float64), weights=weight))
