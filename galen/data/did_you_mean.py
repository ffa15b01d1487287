"""The end of an error about a name that is not known: the known one that it is most like."""

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(name: str, known: Iterable[str], *, least: float = 0.0) -> str:
    """ " Did you mean 'x'?", to stand after a sentence; nothing where no name is `least` alike.

    `least` is a share of letters, 0 … 1.
    """
    near = get_close_matches(name, list(known), n=1, cutoff=least)
    return f" Did you mean {near[0]!r}?" if near else ""
