"""Numbers of any size as numbers of about one: signed logarithms, standardised."""

import numpy as np

from galen.data.arrays import Singles
from galen.features.encoding.schema import Number, Schema


def number_of(name: str, values: Singles) -> Number:
    """A field with the mean and spread of the values (N,) that are known."""
    known = bent(values[~np.isnan(values)]).astype(np.float64)
    if not len(known):
        return Number(name)
    spread = float(known.std())
    return Number(name, mean=float(known.mean()), spread=spread if spread > 1e-6 else 1.0)


def bent(values: Singles) -> Singles:
    """Signed logarithm: sign(x) · log(1 + |x|)."""
    return np.asarray(np.sign(values) * np.log1p(np.abs(values)), dtype=np.float32)


def scaled(schema: Schema, numbers: Singles) -> Singles:
    """(N, 2 × numbers): standardised values, 0 where missing, then 1 where a value is missing."""
    mean: Singles = np.array([n.mean for n in schema.numbers], np.float32)
    spread = np.array([n.spread for n in schema.numbers], np.float32)
    values = (bent(numbers) - mean) / spread
    missing = np.isnan(values)
    values[missing] = 0
    return np.concatenate([values, missing.astype(np.float32)], axis=1)
