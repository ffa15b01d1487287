"""How well scores order and how true probabilities are: AUC, gAUC, log-loss, NE, calibration.

Every metric is one vectorised pass over (N,) arrays.
"""

import numpy as np
from scipy.stats import rankdata

from galen.pipeline.candidates import Floats, Ints


def auc(label: Floats, score: Floats) -> float:
    """Share of (positive, negative) pairs in the right order, ties half; NaN for one class."""
    positive = label > 0
    good, bad = int(positive.sum()), int((~positive).sum())
    if not good or not bad:
        return float("nan")
    rank = rankdata(score)
    return float((rank[positive].sum() - good * (good + 1) / 2) / (good * bad))


def grouped_auc(label: Floats, score: Floats, group: Ints) -> float:
    """AUC within each group, weighted by its rows; groups of one class are left out.

    Zhu et al., "Optimized Cost per Click in Taobao Display Advertising", KDD 2017.
    """
    order = np.lexsort((score, group))
    group, score, positive = group[order], score[order], label[order] > 0
    _, start, size = np.unique(group, return_index=True, return_counts=True)
    if not len(start):
        return float("nan")
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
    if not both.any():
        return float("nan")
    value = (rank_sum[both] - good[both] * (good[both] + 1) / 2) / (good[both] * bad[both])
    return float(np.average(value, weights=size[both]))


def log_loss(label: Floats, probability: Floats, weight: Floats | None = None) -> float:
    """Mean negative log-likelihood in nats."""
    p = np.clip(probability, 1e-12, 1 - 1e-12)
    return float(-np.average(label * np.log(p) + (1 - label) * np.log1p(-p), weights=weight))


def normalised_entropy(label: Floats, probability: Floats) -> float:
    """Log-loss over that of always saying the mean; below 1 is better than the mean.

    He et al., "Practical Lessons from Predicting Clicks on Ads at Facebook", ADKDD 2014.
    """
    mean = float(label.mean())
    if mean in (0.0, 1.0):
        return float("nan")
    floor = -(mean * np.log(mean) + (1 - mean) * np.log1p(-mean))
    return log_loss(label, probability) / float(floor)


def reliability(label: Floats, probability: Floats, bins: int = 15) -> tuple[Floats, Floats, Ints]:
    """(bins,) mean prediction, observed share and rows of bins of equal numbers of rows."""
    order = np.argsort(probability, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    said = np.array([probability[part].mean() for part in parts])
    seen = np.array([label[part].mean() for part in parts])
    return said, seen, np.array([len(part) for part in parts])


def calibration_error(label: Floats, probability: Floats, bins: int = 15) -> float:
    """Mean distance of prediction from observation over bins of equal numbers of rows (ECE)."""
    said, seen, rows = reliability(label, probability, bins)
    return float(np.average(np.abs(said - seen), weights=rows))


def all_of(label: Floats, probability: Floats, group: Ints) -> dict[str, float]:
    """Every metric of this page, by its name in reports."""
    return {
        "auc": auc(label, probability),
        "gauc": grouped_auc(label, probability, group),
        "logloss": log_loss(label, probability),
        "ne": normalised_entropy(label, probability),
        "ece": calibration_error(label, probability),
        "predicted_over_observed": float(probability.mean() / max(label.mean(), 1e-12)),
    }
