"""The answer of the pipeline, and what happened on the way to it."""

from dataclasses import dataclass

from galen.pipeline.candidates import Candidates


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the answer to "where did my item go?"."""

    name: str
    rows: int  # rows after the step
    seconds: float


@dataclass(frozen=True, slots=True)
class Slate:
    """The rows to show, best first within each request.

    `degraded` names what failed on the way ("recall:als", "rank", "eligibility:stock" …); it is
    empty when all went well.
    """

    candidates: Candidates  # columns: score, recall_score, <channel>_score, <channel>_rank, …
    steps: tuple[Step, ...]
    degraded: tuple[str, ...]
