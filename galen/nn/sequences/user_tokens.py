"""People as few tokens, which they share: what tells somebody apart whose history says little."""

from torch import Tensor


def bucket_of(user: Tensor, buckets: int) -> Tensor:
    """The token of rows of users, 1 … buckets, by multiplicative hashing (Knuth, TAOCP 3, 6.4).

    0 is that of nobody (-1).
    """
    bucket: Tensor = (user.clamp_min(0) * 2_654_435_761 % (1 << 32)) * buckets >> 32
    return (bucket + 1).masked_fill(user < 0, 0)
