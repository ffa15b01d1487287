"""What goes in and out of the service: the one definition that HTTP, the pages and the log share.

Ids are strings here, and only here.
"""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from galen.data.schema import Kind, Surface
from galen.eligibility.rules.withdrawn import What
from galen.knowledge.pack import SurfaceName
from galen.serve.fields import (
    Amount,
    Id,
    KindName,
    Length,
    Message,
    Mode,
    Moment,
    Place,
    Purpose,
    Word,
    Years,
)

SURFACES: dict[SurfaceName, Surface] = {
    "home": Surface.HOME,
    "search": Surface.SEARCH,
    "cart": Surface.CART,
    "detail": Surface.DETAIL,
    "push": Surface.PUSH,
    "post_prescription": Surface.POST_PRESCRIPTION,
    "paid": Surface.PAID,
}
KINDS: dict[KindName, Kind] = {
    "impression": Kind.IMPRESSION,
    "click": Kind.CLICK,
    "cart": Kind.CART,
    "purchase": Kind.PURCHASE,
    "rating": Kind.RATING,
    "hide": Kind.HIDE,
    "return": Kind.RETURN,
}


class SlateFilter(Message):
    """What the caller wants to see only, or not at all."""

    category: list[Word] = Field(
        default=[], max_length=50, description="Any place in the category path."
    )
    brand: list[Word] = Field(default=[], max_length=50)
    price_min: Amount | None = None
    price_max: Amount | None = None
    exclude: list[Id] = Field(
        default=[], max_length=1000, description="Items that must not be shown."
    )


class RecommendRequest(Message):
    """Who asks, and for what. Without a user the recent items speak for an anonymous session."""

    user: Id | None = None
    query: Annotated[str, StringConstraints(max_length=2000)] | None = Field(
        default=None, description="What is asked for, in words: a product, a symptom, a need."
    )
    recent: list[Id] = Field(
        default=[], max_length=100, description="Items of this session, oldest first."
    )
    n: Length = Field(default=20, description="Length of the slate.")
    surface: SurfaceName = "home"
    filters: SlateFilter = SlateFilter()
    explain: bool = Field(default=False, description="Tell what each step did.")
    session: Id | None = None
    age: Years | None = Field(default=None, description="Years of whom it is for.")
    region: Word | None = Field(
        default=None, description="Where to sell, where the user is not known."
    )
    mode: Mode = Field(
        default="personalised",
        description="contextual reads no history, only what is sent here; non_personalised "
        "neither that nor recent items nor an age, save for rules of safety, which hold in each.",
    )
    purpose: Purpose = Field(
        default="cross_sell", description="What the history is read for; each has its consent."
    )
    discreet: bool = Field(
        default=False,
        description="Others may look on: goods that tell of a person, and all that rules of health "
        "could take out of anybody's slate, are not shown. To hide taste too, send a mode.",
    )
    cart: list[Id] = Field(default=[], max_length=200)
    conditions: list[Word] = Field(
        default=[],
        max_length=100,
        description="Conditions and states such as pregnancy, beside those of the user's record.",
    )
    medicines: list[Word] = Field(
        default=[], max_length=100, description="Ingredients that are taken now."
    )
    allergies: list[Word] = Field(
        default=[], max_length=100, description="Ingredients and classes of them."
    )
    prescriptions: list[Word] = Field(
        default=[],
        max_length=50,
        description="Molecules of prescriptions that the shop has checked; each unlocks itself.",
    )


class ShownItem(Message):
    """One place of a slate."""

    id: str
    title: str | None
    price: float | None
    score: float
    channels: list[str] = Field(description="The recall channels that proposed it.")
    reason: str = Field(description="Why it is here, in words for a person.")
    notices: list[str] = Field(description="Words that must be shown with it.")


class StepDone(Message):
    """One line of the way from the shop to the slate."""

    name: str
    rows: int = Field(description="Rows left after the step.")
    milliseconds: float


class Explanation(Message):
    """What each stage did for a slate."""

    steps: list[StepDone]
    dropped: dict[str, int] = Field(description="Rows that each rule dropped.")


class Recommendation(Message):
    """A slate. `degraded` names what failed on the way; it is empty when all went well."""

    request_id: str
    model_version: str
    recipe: str = Field(description="The recipe that answered, of those in the model's bundle.")
    rules_version: str = Field(description="The rule pack and the knowledge that decided.")
    degraded: list[str]
    items: list[ShownItem]
    cards: list[str] = Field(description="Help lines that must be shown with the slate.")
    explanation: Explanation | None = None


class Event(Message):
    """What a person did, or was shown. Sent again with the same event_id it counts once."""

    event_id: Id
    user: Id | None = Field(
        default=None, description="A user not known before is known from now on."
    )
    session: Id | None = None
    item: Id
    kind: KindName
    timestamp: Moment | None = Field(default=None, description="Now, where absent.")
    request: Id | None = Field(default=None, description="request_id of the slate that led to it.")
    position: Place | None = Field(default=None, description="Place in the slate, 0 first.")
    surface: SurfaceName | None = None
    quantity: Amount | None = None
    value: Amount | None = Field(default=None, description="Money paid, or stars given.")
    propensity: float | None = Field(default=None, gt=0, le=1, allow_inf_nan=False)


class EventBatch(Message):
    """Events to log."""

    events: list[Event] = Field(min_length=1, max_length=1000)


class EventError(Message):
    """An event that was not taken; the others of its batch were."""

    index: int
    event_id: str
    detail: str


class EventsTaken(Message):
    """Given only when every accepted event is on the disk."""

    accepted: int
    duplicates: int
    errors: list[EventError]


class Withdrawal(Message):
    """What nothing shows any more: an item, a standard product, a batch, all that hold a concept.

    A batch beside a name narrows it to items of that batch and of no known one; `{"batch": "L123"}`
    alone is all that is known to be of it.
    """

    what: What
    name: Id = Field(
        description="item_id, spu_id, a concept such as ingredient:ranitidine, or a batch."
    )
    batch: Annotated[str, StringConstraints(max_length=200)] = ""

    @model_validator(mode="before")
    @classmethod
    def _batch_alone(cls, value: Any) -> Any:
        if isinstance(value, dict) and set(value) == {"batch"}:
            return {"what": "batch", "name": value["batch"]}
        if isinstance(value, dict) and value.get("what") == "batch" and value.get("batch"):
            return {**value, "batch": ""}  # a batch is not narrowed by another: rather too much
        return value


class Withdrawn(Message):
    """All withdrawals in force."""

    withdrawals: list[Withdrawal]


class PackInForce(Message):
    """The rule pack that decides, as `rules_version` of a reply names it."""

    name: str
    edition: str
    version: str = Field(description="Name, edition and a digest of the rules.")
    knowledge_version: str


class ExplainRequest(Message):
    """An item, and the request in which it is or is not."""

    item: Id
    asked: RecommendRequest


class FindingTold(Message):
    """What one rule has against an item, with its source."""

    rule: str
    action: Literal["warn", "drop"]
    words: str
    citation: str


class ItemExplained(Message):
    """Why an item is in a slate, or is not; for operators only."""

    item: str
    shown: bool
    because: str
    channels: dict[str, int] = Field(description="The place that each channel gave it, 1 first.")
    place: int | None = Field(description="Where it stands in the whole order, 1 first.")
    findings: list[FindingTold]
    rules_version: str
    model_version: str
    recipe: str = Field(description="The recipe that answered, of those in the model's bundle.")


class Health(Message):
    """Whether the service can do its work, and with what."""

    ready: bool
    model_version: str
    items: int
    users: int
    waiting_writes: int
    problems: list[str]
