"""What may be wrong with what a language model wrote, each with a code."""

from dataclasses import dataclass
from enum import StrEnum

from galen.data.mendable import MendableError


class EnrichError(MendableError):
    """An enrichment cannot be run, or stopped on the way; the message says how to go on."""


class FaultCode(StrEnum):
    """Why a value was not taken."""

    TRUNCATED = "truncated"  # cut at the most tokens it may take
    SYNTAX = "syntax"  # no JSON
    SCHEMA = "schema"  # a field is missing, unknown or of the wrong type
    RANGE = "range"  # a number or a length out of its bounds
    VOCABULARY = "vocabulary"  # a word that the shop's vocabulary does not have
    UNGROUNDED = "ungrounded"  # says what nothing it was told says
    COPY = "copy"  # says only what it was told, or what was to be said anew
    LANGUAGE = "language"  # written in another script than what it is about
    CLAIM = "claim"  # says what may not be said of such a product
    UNKNOWN_ID = "unknown_id"  # names an id, an address or a page
    DIAGNOSIS = "diagnosis"  # names an illness where only goods may be named
    KNOWLEDGE = "knowledge"  # against what the graph of knowledge holds
    UNANSWERED = "unanswered"  # the endpoint gave no answer; asked again with the next run


@dataclass(frozen=True, slots=True)
class Fault:
    """One reason why an answer is not taken."""

    code: FaultCode
    detail: str
