"""The rule pack that a server is told to keep, read only where its signature is what was asked."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import structlog

from galen.data.catalogue import Catalogue
from galen.eligibility.guard import Guard
from galen.eligibility.rules.withdrawn import Withdrawals
from galen.knowledge.build import graph_of
from galen.knowledge.graph import Graph
from galen.knowledge.labels.contents import IngredientReader
from galen.knowledge.pack import Pack, PackError, read_pack
from galen.knowledge.pack_check import check_pack, faults, out_of_date
from galen.knowledge.pack_signature import read_key, read_signature, signature_file, verify
from galen.serve.settings import Settings, SettingsError

log = structlog.get_logger(__name__)


def trusted_pack(settings: Settings) -> Pack:
    """The pack of the settings; with a key, a signature that is there must fit.

    Raises:
        PackError: it cannot be read, was altered, or is not signed and has to be.
        SettingsError: it has to be signed, and no key is named.
    """
    pack = read_pack(settings.pack)
    if settings.require_signed_pack and not settings.pack_key:
        raise SettingsError("require_signed_pack is set and pack_key is not; name the key file.")
    file = Path(settings.pack_signature or signature_file(settings.pack))
    if settings.pack_key and (settings.require_signed_pack or file.exists()):
        verify(pack, read_signature(file), read_key(Path(settings.pack_key)))
    return pack


def sound_pack(settings: Settings, graph: Graph, today: date) -> Pack:
    """The pack of the settings as it is now, to take the place of a running one.

    Raises:
        PackError: what `trusted_pack` says, or the pack contradicts itself or is out of date.
    """
    pack = trusted_pack(settings)
    _refuse(settings, check_pack(pack, graph, today))
    return pack


def trusted_guard(
    settings: Settings, catalogue: Catalogue, withdrawals: Withdrawals, today: date
) -> Guard:
    """The guard of a server's start.

    A rule whose day has passed is kept and told: a shop that starts again at night would stand
    still until somebody has looked at a source, and would be no safer for it.

    Raises:
        PackError, KnowledgeError: the pack or the folder of knowledge cannot be used.
    """
    graph, pack = graph_of(settings.knowledge), trusted_pack(settings)
    _refuse(settings, faults(pack, graph))
    for problem in out_of_date(pack, today):
        log.warning("rule_out_of_date", pack=settings.pack, problem=problem)
    return Guard.over(catalogue, graph, IngredientReader.of(graph), pack, withdrawals)


def _refuse(settings: Settings, problems: Sequence[str]) -> None:
    if problems:
        raise PackError("\n".join(f"{settings.pack}: {problem}" for problem in problems))
