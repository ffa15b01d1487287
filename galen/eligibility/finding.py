"""What a rule found against an item: which rule, how strict, in which words, by which source."""

from dataclasses import dataclass
from typing import Final, Protocol

from galen.data.arrays import Bools
from galen.eligibility.premises import DROP, Small
from galen.pipeline.candidates import Candidates, Requests

NOT_ASKED: Final = "it could not be asked, so nothing that it guards is shown"


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason to drop an item or to show a notice with it.

    `words` may name what a person declared and what the item holds: for an operator's eyes.
    `notice` may not, since others may look on.
    """

    rule: str  # "interaction", or the id of a rule of the pack: "age-codeine"
    action: int
    words: str
    citation: str
    notice: str = ""


class RuleFamily(Protocol):
    """One family of rules: says for rows of candidates whether to show, warn or drop."""

    @property
    def rule(self) -> str:
        """The id of the family in traces and replies."""
        ...

    @property
    def reason(self) -> str:
        """Why an item that it drops is not shown, in words for a person."""
        ...

    def actions(self, requests: Requests, candidates: Candidates) -> Small:
        """(N,) NONE, DROP, or WARN where it is a `WarningFamily`."""
        ...

    def findings(self, requests: Requests, request: int, item: int) -> list[Finding]:
        """What it has against showing an item to one of the requests; slow, for few."""
        ...


class WarningFamily(RuleFamily, Protocol):
    """A family that may let an item be shown with a notice; the others only show or drop."""

    def notices(self, requests: Requests, request: int, item: int) -> list[str]:
        """What is to be shown with an item that it warns of."""
        ...


@dataclass(frozen=True, slots=True)
class FamilyFilter:
    """A family of rules as a stage of the pipeline."""

    family: RuleFamily

    @property
    def rule(self) -> str:
        return self.family.rule

    @property
    def reason(self) -> str:
        return self.family.reason

    def keep(self, requests: Requests, candidates: Candidates) -> Bools:
        return self.family.actions(requests, candidates) < DROP
