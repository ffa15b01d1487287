"""What goes in and out of the service: the one definition that HTTP, the pages and the log share.

Ids are strings here, and only here.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from galen.data.schema import Kind, Surface


def _whole(value: Any) -> Any:
    """JSON has one kind of number: 3.0 is 3."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _text_or_moment(value: Any) -> Any:
    """A number is not a moment: nobody can tell seconds from milliseconds."""
    if isinstance(value, (str, datetime)):
        return value
    raise ValueError("a moment is text, such as 2026-01-31T08:00:00Z")


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("the year must lie between 1 and 9999, in UTC too") from None


Moment = Annotated[
    AwareDatetime,
    BeforeValidator(_text_or_moment),
    AfterValidator(_in_utc),
    Field(strict=False),
]
Length = Annotated[int, Field(ge=1, le=1000), BeforeValidator(_whole)]
Years = Annotated[int, Field(ge=0, le=150), BeforeValidator(_whole)]
Place = Annotated[int, Field(ge=0, le=10_000), BeforeValidator(_whole)]
Count = Annotated[int, Field(ge=0, le=2**53), BeforeValidator(_whole)]  # exact in every JSON reader
Id = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Word = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Text = Annotated[str, StringConstraints(max_length=20_000)]
Amount = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]
SurfaceName = Literal["home", "search", "cart", "detail", "push", "post_prescription", "paid"]
KindName = Literal["impression", "click", "cart", "purchase", "rating", "hide", "return"]
Mode = Literal["personalised", "contextual", "non_personalised"]
Purpose = Literal["cross_sell", "refill"]

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


class Message(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


Record = TypeVar("Record", bound=Message)


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

    @property
    def empty(self) -> bool:
        return self == _EVERYTHING


_EVERYTHING = SlateFilter()


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
    filters: SlateFilter = _EVERYTHING
    explain: bool = Field(default=False, description="Tell what each step did.")
    session: Id | None = None
    age: Years | None = Field(default=None, description="Years, where the user is not known.")
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


class ItemRecord(Message):
    """All that is said of an item; what is absent is unknown, and the unknown is not shown."""

    spu_id: Id | None = None
    title: Text | None = None
    brand: Word | None = None
    category: list[Word] | None = Field(
        default=None, max_length=20, description="A path, widest first."
    )
    price: Amount | None = None
    description: Text | None = None
    attributes: list[Text] | None = Field(default=None, max_length=200)
    ingredients: list[Text] | None = Field(default=None, max_length=200)
    rx_class: Literal["none", "otc", "pharmacist", "prescription"] | None = None
    form: Word | None = None
    pack_size: Amount | None = None
    pack_unit: Word | None = None
    daily_dose: Amount | None = Field(
        default=None, description="Of `pack_unit`, that one person takes a day."
    )
    batch: Word | None = Field(default=None, description="That is sold now.")
    stock: Count | None = None
    delivery_days: Amount | None = Field(default=None, description="From an order to the customer.")
    regions: list[Word] | None = Field(
        default=None, max_length=300, description='"*" is everywhere.'
    )
    min_age: Years | None = Field(default=None, description="Years; 0 is everyone.")
    hidden: bool | None = None
    created_at: Moment | None = None

    def columns(self, item_id: str) -> dict[str, Any]:
        """The record as the catalogue takes it."""
        return {"item_id": item_id, **self.model_dump(), "created_at": _naive(self.created_at)}


class Item(ItemRecord):
    item_id: str

    @classmethod
    def of_row(cls, columns: Mapping[str, Any]) -> "Item":
        return _of_row(cls, columns)


class UserRecord(Message):
    """All that is said of a user; what is absent is unknown."""

    age: Years | None = Field(default=None, description="Years.")
    sex: Word | None = None
    region: Word | None = None
    household_id: Id | None = None
    household_size: Count | None = Field(default=None, description="People who live there.")
    life_stage: Word | None = None
    conditions: list[Word] | None = Field(default=None, max_length=100)
    medicines: list[Word] | None = Field(default=None, max_length=100)
    allergies: list[Word] | None = Field(default=None, max_length=100)
    consents: list[Purpose] | None = Field(
        default=None,
        max_length=10,
        description="For what their history may be read; absent where the shop asks elsewhere.",
    )
    created_at: Moment | None = None

    def columns(self, user_id: str) -> dict[str, Any]:
        """The record as `People` takes it."""
        return {"user_id": user_id, **self.model_dump(), "created_at": _naive(self.created_at)}


class User(UserRecord):
    user_id: str

    @classmethod
    def of_row(cls, columns: Mapping[str, Any]) -> "User":
        return _of_row(cls, columns)


class Withdrawal(Message):
    """What nothing shows any more: an item, a standard product, a batch, all that hold a concept.

    A batch beside a name narrows it to items of that batch and of no known one; `{"batch": "L123"}`
    alone is all that is known to be of it.
    """

    what: Literal["item", "product", "concept", "batch"]
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


def _naive(moment: datetime | None) -> datetime | None:
    """Tables keep UTC without a zone; moments came in as UTC."""
    return None if moment is None else moment.replace(tzinfo=None)


def _of_row(model: type[Record], columns: Mapping[str, Any]) -> Record:
    """A row of a table; the shop's own data was checked when it was imported."""
    created = columns.get("created_at")
    moment = None if created is None else created.replace(tzinfo=UTC)
    return model.model_construct(**{**columns, "created_at": moment})
