"""One result of several seeds, so that its interval is of the people and not of the draws."""

from collections.abc import Sequence

import numpy as np

from galen.evaluate.offline import Result


def mean_of_seeds(name: str, runs: Sequence[Result]) -> Result:
    """Every person's mean over runs that were asked the same requests."""
    by_request = {
        metric: np.mean([run.by_request[metric] for run in runs], axis=0)
        for metric in runs[0].by_request
    }
    return Result(name, by_request, {}, ())
