"""How well scores order and how true probabilities are: AUC, gAUC, log-loss, NE, calibration.

Every metric is one vectorised pass over (N,) arrays, of single or double precision. What is said
about probabilities can be weighted: rows that were left out of a log come back as the weight of
those that stand for them. Orders (AUC, gAUC, PR-AUC) count rows.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from galen.data.arrays import Floats, Ints

Reals = npt.NDArray[np.floating[Any]]


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
    """(bins,) mean prediction, observed share and weight of bins that weigh about the same.

    A row that weighs more than a bin leaves bins empty; those are left out.
    """
    order = np.argsort(probability, kind="stable")
    weight = _telling(weight)
    parts = [part for part in _bins(order, bins, weight) if len(part)]
    weights = [None if weight is None else weight[part] for part in parts]
    pairs = list(zip(parts, weights, strict=True))
    said = np.array([_mean(probability[part], w) for part, w in pairs])
    seen = np.array([_mean(label[part], w) for part, w in pairs])
    return said, seen, np.array([float(len(part) if w is None else w.sum()) for part, w in pairs])


def calibration_error(
    label: Reals, probability: Reals, bins: int = 15, weight: Reals | None = None
) -> float:
    """Mean distance of prediction from observation over bins that weigh about the same (ECE)."""
    said, seen, size = reliability(label, probability, bins, weight)
    return float(np.average(np.abs(said - seen), weights=size))


def field_calibration(
    label: Reals, probability: Reals, field_ids: Ints, weight: Reals | None = None
) -> float:
    """Mean distance of prediction from observation over the values of a field, by their weight.

    Field-ECE of Pan et al., "Field-aware Calibration: A Simple and Empirically Strong Method for
    Reliable Probabilistic Predictions", WWW 2020. NaN where nothing weighs anything.
    """
    total = float(len(label) if weight is None else weight.sum(dtype=np.float64))
    if not total:
        return float("nan")
    _, code = np.unique(field_ids, return_inverse=True)
    gap = probability - label if weight is None else (probability - label) * weight
    return float(np.abs(np.bincount(code, gap)).sum() / total)


def all_of(
    label: Reals, probability: Reals, group: Ints, weight: Reals | None = None
) -> dict[str, float]:
    """Every metric of this page, by its name in reports.

    Args:
        label: (N,) 0 or 1.
        probability: (N,)
        group: (N,) within which gAUC compares.
        weight: (N,) how many rows each one stands for in whatever is said about probabilities;
            without it, one. Some row weighs more than 0.
    """
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
    weight = _telling(weight)
    if weight is None:
        return float(values.mean(dtype=np.float64))
    return float(np.average(values.astype(np.float64), weights=weight))


def _telling(weight: Reals | None) -> Reals | None:
    """None where all rows weigh the same: figures are then those without weights, to the bit."""
    if weight is None or not len(weight) or (weight == weight[0]).all():
        return None
    return weight.astype(np.float64)


def _bins(order: Ints, bins: int, weight: Reals | None) -> list[Ints]:
    """Places of rows in `order`, cut into bins; rows that weigh nothing are in none."""
    if weight is None:
        return np.array_split(order, bins)
    order = order[weight[order] > 0]
    reached = np.cumsum(weight[order])
    middle = (reached - weight[order] / 2) / reached[-1]
    return np.split(order, np.searchsorted(middle, np.arange(1, bins) / bins))
