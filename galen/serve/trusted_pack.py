"""The rule pack that a server is told to keep, read only where its signature is what was asked."""

from datetime import date
from pathlib import Path

from galen.data.catalogue import Catalogue
from galen.eligibility.guard import Guard
from galen.eligibility.rules.withdrawn import Withdrawals
from galen.knowledge.build import graph_of
from galen.knowledge.graph import Graph
from galen.knowledge.labels.contents import IngredientReader
from galen.knowledge.pack import Pack, PackError, read_pack
from galen.knowledge.pack_check import check_pack
from galen.knowledge.pack_signature import read_key, read_signature, signature_file, verify
from galen.serve.settings import Settings, SettingsError


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
    """The pack of the settings as it is now, to be put in force.

    Raises:
        PackError: what `trusted_pack` says, or the pack contradicts itself or is out of date.
    """
    pack = trusted_pack(settings)
    problems = check_pack(pack, graph, today)
    if problems:
        raise PackError("\n".join(f"{settings.pack}: {problem}" for problem in problems))
    return pack


def trusted_guard(
    settings: Settings, catalogue: Catalogue, withdrawals: Withdrawals, today: date
) -> Guard:
    """The guard of a server's start: of the pack that a reload would take, and no other.

    Raises:
        PackError, KnowledgeError: the pack or the folder of knowledge cannot be used.
    """
    graph = graph_of(settings.knowledge)
    pack = sound_pack(settings, graph, today)
    return Guard.over(catalogue, graph, IngredientReader.of(graph), pack, withdrawals)
