"""Where keys stand among sorted ones."""

from typing import Any

import numpy as np
import numpy.typing as npt


def places_of(keys: npt.NDArray[Any], wanted: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """The place of each wanted key among rising `keys`, the first of equals; -1 where it is not."""
    if not len(keys):
        return np.full(np.shape(wanted), -1)
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[place] == wanted, place, -1)
