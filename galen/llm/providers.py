"""Opens a provider by name or from a TOML file, with the wrappers that its settings ask for."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from galen.llm.budget import Budgeted, TokenPrices
from galen.llm.language_model import Embedder, LanguageModel, LanguageModelError
from galen.llm.minilm import MiniLm
from galen.llm.openai_batches import OpenAIBatches
from galen.llm.openai_compatible import OpenAICompatible, OpenAIEmbedder, Server
from galen.llm.rate_limit import RateLimited
from galen.llm.recorded import SHIPPED, Recorded, Recording
from galen.llm.retrying import Retrying
from galen.llm.rules import RulesModel
from galen.llm.text_encoder import TextEncoderFolder
from galen.llm.transformers_folder import TransformersFolder

KINDS: Final = ("rules", "recorded", "openai", "openai_batches", "transformers")


class ProviderSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A file of settings; what a kind does not use has to be left out or as it is here."""

    kind: str
    address: str = ""  # of a server
    model: str = ""  # by the server's name for it
    key_variable: str = ""  # of the environment
    folder: str = ""  # of a model on this machine
    file: str = ""  # of a recording
    record: str = ""  # a file to write answers to
    seconds: float = 120.0
    constrained: bool = True
    price_read: float = 0.0  # of a million tokens
    price_written: float = 0.0
    questions_a_minute: float | None = None
    tokens_a_minute: float | None = None
    tries: int = 5
    workers: int = 4
    batch: int = 1

    @property
    def prices(self) -> TokenPrices:
        """What a budget reckons by."""
        return TokenPrices(self.price_read, self.price_written)


@dataclass(frozen=True)
class Provider:
    """A model to ask, and how it wants to be asked."""

    model: LanguageModel
    settings: ProviderSettings
    budget: Budgeted | None


def read_settings(given: str) -> ProviderSettings:
    """The name of a provider without settings, or the path of a TOML file.

    Raises:
        LanguageModelError: there is no such provider or file, or a setting is wrong.
    """
    if given == "rules":
        return ProviderSettings(kind="rules", batch=256, workers=1)
    if given == "recorded":
        return ProviderSettings(kind="recorded", file=str(SHIPPED), batch=256, workers=1)
    path = Path(given)
    if not path.suffix == ".toml":
        raise LanguageModelError(
            f"{given!r} is no provider; give `rules`, `recorded`, or a TOML file whose "
            f"`kind` is one of {', '.join(KINDS)}."
        )
    try:
        return msgspec.convert(tomllib.loads(path.read_text("utf-8")), ProviderSettings)
    except OSError as error:
        raise LanguageModelError(f"{path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise LanguageModelError(f"{path}: {error}.") from error


def open_provider(
    settings: ProviderSettings, rules: RulesModel | None = None, budget: float | None = None
) -> Provider:
    """A model with its wrappers; `rules` is what the kind `rules` answers by.

    Raises:
        LanguageModelError: a setting is missing, an extra is, or there is no such kind.
    """
    paid = settings.kind.startswith("openai")
    if budget is not None and paid and settings.prices == TokenPrices():
        raise LanguageModelError(
            "a budget needs prices: set price_read and price_written (of a million tokens)."
        )
    model = _bare(settings, rules)
    limited = None
    if settings.kind == "openai":
        limits = settings.questions_a_minute, settings.tokens_a_minute
        if any(limits):
            model = RateLimited(model, *limits)
    if budget is not None:
        model = limited = Budgeted(model, settings.prices, budget)
    if settings.kind == "openai":
        model = Retrying(model, tries=settings.tries)  # each try is reckoned with
    if settings.record:
        model = Recording(model, Path(settings.record))
    return Provider(model, settings, limited)


def open_embedder(given: str) -> Embedder:
    """`minilm`, or the path of a TOML file with the kind `openai` or `transformers`.

    Raises:
        MissingExtraError: the packages of this embedder are not installed.
        LanguageModelError: there is no such embedder.
    """
    if given == "minilm":
        return MiniLm()
    settings = read_settings(given)
    if settings.kind == "openai":
        return OpenAIEmbedder(_server(settings), tries=settings.tries)
    if settings.kind == "transformers":
        return TextEncoderFolder(Path(_needed(settings, "folder")))
    raise LanguageModelError(f"{settings.kind!r} gives no vectors; take openai or transformers.")


def _bare(settings: ProviderSettings, rules: RulesModel | None) -> LanguageModel:
    if settings.kind == "rules":
        if rules is None:
            raise LanguageModelError("this task has no rules; give a file of a provider.")
        return rules
    if settings.kind == "recorded":
        return Recorded(Path(_needed(settings, "file")))
    if settings.kind == "transformers":
        return TransformersFolder(Path(_needed(settings, "folder")), max(settings.batch, 1))
    if settings.kind == "openai":
        return OpenAICompatible(_server(settings))
    if settings.kind == "openai_batches":
        return OpenAIBatches(_server(settings))
    raise LanguageModelError(f"kind {settings.kind!r} is none of {', '.join(KINDS)}.")


def _server(settings: ProviderSettings) -> Server:
    return Server(
        _needed(settings, "address"),
        _needed(settings, "model"),
        settings.key_variable,
        settings.seconds,
        settings.prices,
        settings.constrained,
    )


def _needed(settings: ProviderSettings, name: str) -> Any:
    value = getattr(settings, name)
    if not value:
        raise LanguageModelError(f"a provider of the kind {settings.kind!r} needs `{name}`.")
    return value
