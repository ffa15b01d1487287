"""The contracts of the rooms. A stage is any object with the right method: no base class.

Who may do what, and is held to it by the pipeline:
    Retriever  proposes rows with a `score`    Filter    drops rows, and is the only one to
    Scorer     does so, and scores any row
    Continuer  lends its model to a reranker    SlateRule  does so, looking at the whole slate
    Fuser      turns channel columns into one  Ranker    adds one column per objective
    Assembler  turns rows into numbers         Reranker  reorders and cuts
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from galen.data.dataset import Dataset
from galen.pipeline.candidates import Batch, Bools, Candidates, Floats, Ints, Requests


class Retriever(Protocol):
    """A recall channel that has learned.

    `retrieve` gives at most k rows a request, best first, with one column `score`.
    """

    def retrieve(self, requests: Requests, k: int) -> Candidates: ...
    def save(self, folder: Path) -> None: ...


class Answer(Protocol):
    """What a channel thinks of items, for the requests that it was asked about."""

    def best(self, k: int) -> Candidates:
        """What `retrieve` would give."""
        ...

    def scores(self, candidates: Candidates) -> Floats:
        """(N,): the score of each row, whoever found it; NaN where the channel knows nothing."""
        ...


@runtime_checkable
class Scorer(Protocol):
    """A channel that can score any item, so that what others propose has its score too."""

    def answer(self, requests: Requests) -> Answer: ...


@runtime_checkable
class Generator(Protocol):
    """A channel that makes items, and so must know beforehand which may be shown.

    `allowed` tells for requests (P,) which of the first `items` items may be: (P, items).
    """

    def generate(
        self, requests: Requests, k: int, allowed: Callable[[Ints, int], Bools]
    ) -> Candidates: ...


@runtime_checkable
class Chooser(Protocol):
    """A channel that thinks of few items and chooses by which of those may be shown.

    `may` tells of rows, a request (M,) and an item (M,) each, whether they may: (M,).
    """

    def choose(
        self, requests: Requests, k: int, may: Callable[[Ints, Ints], Bools]
    ) -> Candidates: ...


@runtime_checkable
class Reasoner(Protocol):
    """A channel that can say why it proposed an item, in words for a person.

    `why` reads one of the requests once, and answers for items; None where it has nothing to say.
    """

    def why(self, requests: Requests, request: int) -> Callable[[int], str | None]: ...


class Continued(Protocol):
    """What a channel says of items after P histories and what was placed after them."""

    def scores(self, item: Ints) -> Floats:
        """(P, m) of items (P, m); NaN where the channel knows nothing."""
        ...

    def after(self, item: Ints) -> "Continued":
        """One more item (P,) placed after each."""
        ...


@runtime_checkable
class Continuer(Protocol):
    """A channel that scores items given a history and what a slate holds so far.

    `continued` gives requests that it can read, (P,) rows at a time, ready for `places` items.
    """

    def continued(self, requests: Requests, places: int) -> Iterable[tuple[Ints, Continued]]: ...


class RetrieverSpec(Protocol):
    """Settings of a channel, before it has seen data."""

    def fit(self, data: Dataset) -> Retriever: ...
    def load(self, folder: Path) -> Retriever: ...


@runtime_checkable
class LearnsAgain(Protocol):
    """Settings of a channel that learns for as long as people held out tell it to.

    `again` learns from more of the same events for as long as `learned` did, and holds out nobody.
    """

    def again(self, data: Dataset, learned: Retriever) -> Retriever: ...


class Fuser(Protocol):
    """Adds `recall_score` and `<channel>_standing` from `<channel>_score` and `<channel>_rank`.

    A standing is the score among the rows of the request, of mean 0 and variance 1, so that what
    a ranker learned of it still holds when the channel has learned again.
    A rank is NaN where the channel did not propose the row, a score where it cannot tell one.
    """

    def fuse(self, requests: Requests, candidates: Candidates) -> Candidates: ...


class Filter(Protocol):
    """A rule of eligibility: true where the item may be shown."""

    @property
    def rule(self) -> str:
        """The id of the rule, as it stands in traces and replies."""
        ...

    @property
    def reason(self) -> str:
        """Why an item that the rule drops is not shown, in words for a person."""
        ...

    def keep(self, requests: Requests, candidates: Candidates) -> Bools: ...


class SlateRule(Protocol):
    """A rule of eligibility about items side by side, which only a whole slate can break.

    `keep` gives the first n rows of each request that may be shown together, rows in order.
    """

    @property
    def rule(self) -> str: ...
    @property
    def reason(self) -> str: ...
    def keep(self, requests: Requests, candidates: Candidates, n: int) -> Bools: ...


class Assembler(Protocol):
    """Makes of candidates the rows that a ranker reads."""

    def assemble(self, requests: Requests, candidates: Candidates) -> Batch: ...


class Ranker(Protocol):
    """A ranking model that has learned; `score` gives (N, objectives), rows in order."""

    @property
    def objectives(self) -> tuple[str, ...]: ...
    def score(self, batch: Batch) -> Floats: ...
    def save(self, folder: Path) -> None: ...


@dataclass(frozen=True, slots=True)
class Examples:
    """Rows that were shown (or recalled) and what came of them."""

    batch: Batch  # as the features stood just before; rows of a request stand together
    labels: dict[str, Floats]  # objective -> (N,) 0 or 1
    weight: Floats  # (N,)

    def __len__(self) -> int:
        return len(self.batch)


class Reranker(Protocol):
    """Shapes the slate from the column `score`; gives rows of `candidates`, best first."""

    def rerank(self, requests: Requests, candidates: Candidates, n: int) -> Candidates: ...


Blend = Sequence[tuple[str, float]]
