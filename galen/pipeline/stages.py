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

from galen.data.arrays import Bools, Floats, Ints
from galen.data.dataset import Dataset
from galen.pipeline.candidates import Batch, Candidates, Requests


class Retriever(Protocol):
    """A recall channel that has learned."""

    def retrieve(self, requests: Requests, k: int) -> Candidates:
        """Propose at most k items a request: rows by request, best first, with a column `score`.

        Scores are finite, and no item stands twice in a request. Who it has nothing for has no
        rows; that is no error.
        """
        ...

    def save(self, folder: Path) -> None:
        """Write all that answering needs into a folder of its own, which exists and is empty."""
        ...


class Answer(Protocol):
    """What a channel thinks of items, for the requests that it was asked about."""

    def best(self, k: int) -> Candidates:
        """What the channel's `retrieve` gives for the same requests."""
        ...

    def scores(self, candidates: Candidates) -> Floats:
        """(N,): the score of each row, whoever found it; NaN where the channel knows nothing.

        They can be held against those of `best`. Items may be newer than what was learned.
        """
        ...


@runtime_checkable
class Scorer(Protocol):
    """A channel that can score any item, so that what others propose has its score too."""

    def answer(self, requests: Requests) -> Answer:
        """Read the requests once, for `best` and for rows that other channels found."""
        ...


@runtime_checkable
class GeneratingChannel(Protocol):
    """A channel that makes items, and so must know beforehand which may be shown."""

    def generate(
        self, requests: Requests, k: int, allowed: Callable[[Ints, int], Bools]
    ) -> Candidates:
        """As `retrieve`, of allowed items only.

        `allowed` tells for requests (P,) which of the first `items` items may be: (P, items).
        """
        ...


@runtime_checkable
class Chooser(Protocol):
    """A channel that thinks of few items and chooses by which of those may be shown."""

    def choose(self, requests: Requests, k: int, may: Callable[[Ints, Ints], Bools]) -> Candidates:
        """As `retrieve`, of allowed items only.

        `may` tells of rows, a request (M,) and an item (M,) each, whether they may: (M,).
        """
        ...


@runtime_checkable
class Reasoner(Protocol):
    """A channel that can say why it proposed an item, in words for a person."""

    def why(self, requests: Requests, request: int) -> Callable[[int], str | None]:
        """Read one of the requests, by its row, once, and answer for any item.

        The answer is None where the channel has nothing to say of the item.
        """
        ...


class Continued(Protocol):
    """What a channel says of items after P histories and what was placed after them."""

    def scores(self, item: Ints) -> Floats:
        """(P, m) of items (P, m); NaN where the channel knows nothing."""
        ...

    def after(self, item: Ints) -> "Continued":
        """One more item (P,) placed after each; -1 where there is none left to place.

        This object stays as it is.

        Raises:
            ValueError: a history is as long as the channel can read.
        """
        ...


@runtime_checkable
class Continuer(Protocol):
    """A channel that scores items given a history and what a slate holds so far."""

    def continued(self, requests: Requests, places: int) -> Iterable[tuple[Ints, Continued]]:
        """The requests that it can read, (P,) rows at a time, ready for `places` items of a slate.

        A request that it cannot read is in no part.
        """
        ...


class RetrieverSpec(Protocol):
    """Settings of a channel, before it has seen data."""

    def fit(self, data: Dataset) -> Retriever:
        """Learn from a shop's catalogue and events, and from nothing later than `data` tells.

        A shop without events is no error: the channel goes by what else is known, or proposes
        nothing.

        Raises:
            MendableError: something that the settings ask for is missing or cannot be read.
        """
        ...

    def load(self, folder: Path) -> Retriever:
        """Read back what `Retriever.save` wrote, with these settings; it proposes the same items.

        Files are not checked here: a bundle has held them against their digests before.
        """
        ...


@runtime_checkable
class LearnsAgain(Protocol):
    """Settings of a channel that learns for as long as people held out tell it to."""

    def again(self, data: Dataset, learned: Retriever) -> Retriever:
        """Learn from more of the same events for as long as `learned` did, and hold out nobody.

        Where `learned` was taught nothing, or was read from a folder, this learns as `fit` does.
        """
        ...


class Fuser(Protocol):
    """Makes one order of what channels said of the same rows."""

    def fuse(
        self, requests: Requests, candidates: Candidates, failed: Sequence[str] = ()
    ) -> Candidates:
        """Add `recall_score` and `<channel>_standing` from `<channel>_score` and `<channel>_rank`.

        A standing is the score among the rows of the request, of mean 0 and variance 1, so that
        what a ranker learned of it still holds when the channel has learned again.
        A rank is NaN where the channel did not propose the row, a score where it cannot tell one.
        Rows stay as they are, in their order, those of a request together. Of channels that
        `failed` all is NaN.
        """
        ...


class Filter(Protocol):
    """A rule of eligibility about one item at a time."""

    @property
    def rule(self) -> str:
        """The id of the rule, as it stands in traces and replies."""
        ...

    @property
    def reason(self) -> str:
        """Why an item that the rule drops is not shown, in words for a person."""
        ...

    def keep(self, requests: Requests, candidates: Candidates) -> Bools:
        """(N,): may the item of each row be shown to its request?

        It may read everything of a request, but no column: safety does not depend on a score.
        """
        ...


class SlateRule(Protocol):
    """A rule of eligibility about items side by side, which only a whole slate can break."""

    @property
    def rule(self) -> str:
        """The id of the rule, as of a `Filter`."""
        ...

    @property
    def reason(self) -> str:
        """Why an item is not shown beside those above it, in words for a person."""
        ...

    def keep(self, requests: Requests, candidates: Candidates, n: int) -> Bools:
        """(N,): the first n rows of each request that may be shown together.

        Rows of a request stand together, best first; a row gives way to those above it.
        """
        ...


class Assembler(Protocol):
    """Makes of candidates the rows that a ranker reads."""

    def assemble(self, requests: Requests, candidates: Candidates) -> Batch:
        """Every feature of every row, in the order of rows, as known just before its moment."""
        ...


class Ranker(Protocol):
    """A ranking model that has learned, as a pipeline asks it."""

    @property
    def objectives(self) -> tuple[str, ...]:
        """What is foretold of a row, such as "purchase", in the order of the scores' columns."""
        ...

    def score(self, batch: Batch) -> Floats:
        """(N, objectives) probabilities, rows in order.

        Raises:
            KeyError: the batch lacks a feature that was learned from.
        """
        ...

    def save(self, folder: Path) -> None:
        """Write all that scoring needs into a folder of its own, which exists and is empty."""
        ...


@dataclass(frozen=True, slots=True)
class Examples:
    """Rows that were shown (or recalled) and what came of them."""

    batch: Batch  # as the features stood just before; rows of a request stand together
    labels: dict[str, Floats]  # objective -> (N,) 0 or 1
    weight: Floats  # (N,)

    def __len__(self) -> int:
        return len(self.batch)


class Reranker(Protocol):
    """Shapes the slate: it may reorder and cut, but not add."""

    def rerank(self, requests: Requests, candidates: Candidates, n: int) -> Candidates:
        """Rows of `candidates`, each at most once, those of a request in the order to be shown.

        `candidates` have a column `score`, best first within each request. The first n of each
        are to be shown; rows below them may stay, for a later stage may drop some.
        """
        ...


Blend = Sequence[tuple[str, float]]
