"""What a generator wrote, beside what may be written and what would have been best.

Ids are read back from the trie that wrote them and looked up among the catalogue's, so that one
that is of no item is seen, as is one that may not be shown. A beam is compared with one as wide as
the catalogue, which finds what scoring every item finds.
"""

from dataclasses import replace
from typing import Final

import numpy as np
import torch

from galen.data.arrays import Bools, Floats, Ints
from galen.evaluate.offline import Question
from galen.evaluate.slate_metrics import Answers, by_request
from galen.features.tokenizing.semantic_ids import SemanticIds
from galen.generative.answering import everything
from galen.generative.generator_index import GeneratorIndex
from galen.generative.tiger import TigerIndex
from galen.generative.trie import Trie
from galen.pipeline.candidates import Candidates, Requests, stacked

Index = GeneratorIndex | TigerIndex

K: Final = 10
ROWS: Final = 50_000
"""Prefixes that are kept at once where all of a catalogue are."""


def codes_of(trie: Trie, item: Ints) -> Ints:
    """(n, levels): the codes on the way to each item's leaf, -1 where the trie has none."""
    place = np.empty(len(trie), np.int64)
    place[trie.item.numpy()] = np.arange(len(trie))
    known = (item >= 0) & (item < len(trie))
    leaf = torch.from_numpy(place[np.where(known, item, 0)])
    codes = np.empty((len(item), trie.levels), np.int64)
    for level, (code, first) in enumerate(zip(trie.code, trie.leaves[1:], strict=True)):
        node = torch.searchsorted(first, leaf, right=True) - 1
        codes[:, level] = code[node].numpy()
    return np.where(known[:, None], codes, -1)


def wrong(found: Candidates, trie: Trie, ids: SemanticIds, allowed: Bools) -> dict[str, float]:
    """Shares of what was written that are of no item, and that `allowed` (R, items) forbids."""
    known = ids.items_of(codes_of(trie, found.item)) == found.item
    known &= (found.item >= 0) & (found.item < allowed.shape[1])
    forbidden = ~allowed[found.request[known], found.item[known]]
    written = max(len(found), 1)
    nothing = float((~known).sum()) / written
    told = float(forbidden.sum()) / written
    return {
        "written": float(len(found)),
        "of_no_item": nothing,
        "forbidden": told,
        "invalid": nothing + told,
    }


def written_wrong(index: Index, requests: Requests, k: int, seed: int) -> dict[str, float]:
    """`wrong` of k items a request, of which half the catalogue, drawn, may be shown."""
    draw = np.random.default_rng(seed)
    allowed = draw.random((len(requests), len(index.ids))) < 0.5
    found = index.generate(requests, k, lambda people, items: allowed[people, :items])
    if not index.settings.repeat:
        history = requests.history
        old = history.item < allowed.shape[1]
        allowed[history.request[old], history.item[old]] = False
    trie = index.trie if isinstance(index, TigerIndex) else index.writer.trie
    return wrong(found, trie, index.ids, allowed)


def beam_gaps(index: Index, question: Question, requests: int) -> dict[str, float]:
    """How far the best ten by beam stand below those of the whole catalogue, as a share.

    `beam_gap` is of the recipe's beam, `beam_50_gap` of one of 50: of the sum of scores, which are
    log-probabilities, and of NDCG@10. Nothing where there is no beam.
    """
    if isinstance(index, GeneratorIndex) and index.settings.parallel:
        return {}
    asked = question.requests.part(0, min(requests, len(question.requests)))
    beams = {"beam_gap": index.settings.beam, "beam_50_gap": 50}
    exact = _best(index, asked, len(index.ids))
    gaps = {}
    for name, width in beams.items():
        found = _best(index, asked, width)
        gaps[name] = _gap(_scores(found, len(asked)), _scores(exact, len(asked)))
        ndcg = [_ndcg(slates, question, len(asked)) for slates in (found, exact)]
        gaps[f"{name}_ndcg@10"] = (ndcg[1] - ndcg[0]) / ndcg[1] if ndcg[1] else 0.0
    return gaps


def _best(index: Index, asked: Requests, width: int) -> Candidates:
    """The ten best by a beam of `width`, for as many requests at once as memory is meant for."""
    wide: Index
    if isinstance(index, TigerIndex):
        wide = replace(index, settings=replace(index.settings, beam=width))
    else:
        wide = replace(index, settings=replace(index.settings, beam=width))
    together = max(1, ROWS // width)
    parts = []
    for start in range(0, len(asked), together):
        part = asked.part(start, min(start + together, len(asked)))
        found = wide.generate(part, K, everything)
        parts.append(Candidates(found.request + start, found.item, found.columns))
    return stacked(parts)


def _scores(found: Candidates, requests: int) -> tuple[Floats, Ints]:
    """(R,) sums of scores, and of how many items each is."""
    total = np.bincount(found.request, found.columns["score"], requests)
    return total.astype(np.float64), np.bincount(found.request, minlength=requests)


def _gap(found: tuple[Floats, Ints], exact: tuple[Floats, Ints]) -> float:
    """Relative, of all requests; infinite where a beam found fewer items than there are."""
    if (found[1] < exact[1]).any():
        return float("inf")
    whole = abs(float(exact[0].sum()))
    return float(exact[0].sum() - found[0].sum()) / whole if whole else 0.0


def _ndcg(slates: Candidates, question: Question, requests: int) -> float:
    moment = question.moment
    mine = moment.truth_request < requests
    answers = Answers(slates, requests, moment.truth_request[mine], moment.truth_item[mine])
    return float(by_request(answers, (K,))[f"ndcg@{K}"].mean())
