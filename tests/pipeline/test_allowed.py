"""What a channel is told it may propose."""

import numpy as np

from galen.pipeline.allowed import AllowedItems


class Even:
    """Allows the first request the even items, and the second all."""

    rule, reason = "even", "it is odd"

    def keep(self, requests, candidates):
        return (candidates.item % 2 == 0) | (candidates.request == 1)


class Below:
    rule, reason = "below", "it is too high"

    def keep(self, requests, candidates):
        return candidates.item < 4


class Broken:
    rule, reason = "broken", "it is broken"

    def keep(self, requests, candidates):
        raise OSError("the table is gone")


def among(world, *rules):
    allowed = AllowedItems(world.requests([[0], [7]]), rules)
    return allowed.among(np.array([1, 0]), 6).tolist()


def test_an_item_is_allowed_to_those_whom_every_rule_allows_it(world):
    yes, no = True, False
    assert among(world, Even(), Below()) == [[yes] * 4 + [no] * 2, [yes, no, yes, no, no, no]]
    assert among(world) == [[yes] * 6] * 2


def test_a_rule_that_cannot_be_asked_allows_nothing_to_anybody(world):
    for rules in ([Broken()], [Broken(), Even()], [Even(), Broken()]):
        assert not np.any(among(world, *rules))
