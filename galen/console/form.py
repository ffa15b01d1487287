"""The form of the page as it was filled in, and what it asks the service for."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Final

from galen.serve.messages import RecommendRequest

BETWEEN: Final = re.compile(r"[,;\uff0c\uff1b\u3001\n]")
"""What parts one declared word from the next, in East Asian writing too."""


@dataclass(frozen=True, slots=True)
class FilledForm:
    """Every field as text, as a browser sends it; an empty one says nothing."""

    user: str = ""
    recent: str = ""  # item ids with spaces or commas between them
    surface: str = "home"
    n: str = "10"
    query: str = ""
    age: str = ""
    conditions: str = ""  # words with commas between them, as in the four that follow
    medicines: str = ""
    allergies: str = ""
    prescriptions: str = ""
    cart: str = ""  # item ids
    discreet: str = ""  # anything: others may look on
    before: str = ""  # the items of the slate before an event, to show what it changed

    @classmethod
    def of(cls, sent: Mapping[str, str]) -> "FilledForm":
        """The fields among what was sent, without blanks around them."""
        names = {field.name for field in fields(cls)}
        return cls(**{name: value.strip() for name, value in sent.items() if name in names})

    @property
    def recent_ids(self) -> list[str]:
        """The newest hundred items that were typed in."""
        return _ids(self.recent)[-100:]

    @property
    def before_ids(self) -> list[str]:
        """Items of the slate before, in its order."""
        return _ids(self.before)

    @property
    def declares(self) -> bool:
        """Is anything said beside who, what was looked at, and where?"""
        plain = {"user", "recent", "surface", "n", "before"}
        return any(value for name, value in self.kept().items() if name not in plain)

    def kept(self) -> dict[str, str]:
        """All that is filled in, to be sent along with a button."""
        return {name: value for name, value in asdict(self).items() if value}

    def request(self) -> RecommendRequest:
        """What the API would be asked.

        Raises:
            ValueError: a number is none; pydantic.ValidationError: a field holds what cannot be.
        """
        return RecommendRequest.model_validate(
            {
                "user": self.user or None,
                "recent": self.recent_ids,
                "surface": self.surface,
                "n": _number("n", self.n),
                "query": self.query or None,
                "age": _number("age", self.age) if self.age else None,
                "conditions": _words(self.conditions),
                "medicines": _words(self.medicines),
                "allergies": _words(self.allergies),
                "prescriptions": _words(self.prescriptions),
                "cart": _ids(self.cart),
                "discreet": bool(self.discreet),
                "explain": True,
            }
        )


def _ids(text: str) -> list[str]:
    return text.replace(",", " ").split()


def _words(text: str) -> list[str]:
    return [word.strip() for word in BETWEEN.split(text) if word.strip()]


def _number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"{name}: {text!r} is not a whole number")
    return int(text)
