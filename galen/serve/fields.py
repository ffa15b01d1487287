"""What fields of messages may hold: exact types, each with its bounds."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)


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
KindName = Literal["impression", "click", "cart", "purchase", "rating", "hide", "return"]
Mode = Literal["personalised", "contextual", "non_personalised"]
Purpose = Literal["cross_sell", "refill"]


class Message(BaseModel):
    """What a request or a reply is made of: exact types, and no field that is not known."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)
