"""A generator that has learned: it writes, scores what others propose, and is kept as files."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import msgspec
import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from galen.data.arrays import Ints
from galen.data.schema import Kind
from galen.features.histories import columns_of_requests
from galen.features.reading import going_on, states_of
from galen.features.tokenizing.semantic_ids import SemanticIds
from galen.generative.answering import Allowed, answered, everything
from galen.generative.cold import Cold
from galen.generative.generator_settings import GeneratorSettings
from galen.generative.preferring.preference import Preferred
from galen.generative.scoring import WrittenAnswer
from galen.generative.trie import Trie
from galen.generative.writing import Writer
from galen.nn.learning.course import Course
from galen.nn.learning.precision import products_in, resolved
from galen.nn.sequences.buying import Buying
from galen.nn.sequences.code_head import CodeHead
from galen.nn.sequences.continuing import Continuing
from galen.nn.sequences.reader import Reader
from galen.pipeline.candidates import Candidates, Requests, no_candidates


class _Facts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    timed: bool
    mix: float
    learned: bool  # was there anything to learn from?
    lift: float = 0.0  # of bundles of before, which had it in the place of `level`
    buys: bool = False  # was it learned what is bought?
    preferred: Preferred | None = None
    users: int | None = None  # who came later is read as unknown; None in bundles of before
    repeat: bool | None = None  # may be written what was taken? None in bundles of before
    level: float | None = None


@dataclass(frozen=True)
class GeneratorIndex:
    """A generator that has learned."""

    settings: GeneratorSettings
    ids: SemanticIds
    reader: Reader
    head: CodeHead
    items: Tensor  # (items, width)
    timed: bool
    course: Course
    buying: Buying | None = None
    mix: float = 0.0
    level: float | None = None  # of items that nobody took, for their codes; None joins none
    learned: bool = True
    cold: Ints = field(default_factory=lambda: np.empty(0, np.int64))  # items that nobody took
    preferred: Preferred | None = None
    users: int | None = None  # rows from here on came after it had learned
    repeat: bool = False  # may be written what was taken before?

    @classmethod
    def load(cls, settings: GeneratorSettings, folder: Path) -> "GeneratorIndex":
        """Read back what `save` wrote.

        Raises:
            SemanticIdError: the file of codes is missing, cut short, or not the one written.
        """
        saved = load_file(folder / "generator.safetensors")
        facts = msgspec.json.decode((folder / "generator.json").read_bytes(), type=_Facts)
        ids = SemanticIds.load(folder)
        reader = settings.reader(facts.timed)
        head = CodeHead(settings.width, ids.sizes, parallel=settings.parallel)
        buying = Buying(settings.width, int(Kind.PURCHASE)) if facts.buys else None
        parts = {"reader": reader, "head": head}
        for name, part in (parts | ({} if buying is None else {"buying": buying})).items():
            start = f"{name}."
            part.load_state_dict(
                {key.removeprefix(start): t for key, t in saved.items() if key.startswith(start)}
            )
            part.eval()
        items, nothing = saved["items"], Course()
        index = cls(settings, ids, reader, head, items, facts.timed, nothing, buying)
        cold = saved["cold"].numpy()
        names = "mix", "level", "learned", "preferred", "users"
        known = {name: getattr(facts, name) for name in names}
        again = settings.repeat is True if facts.repeat is None else facts.repeat
        return replace(index, cold=cold, repeat=again, **known)

    def retrieve(self, requests: Requests, k: int) -> Candidates:
        """At most k items a request, whatever may be shown."""
        return self.generate(requests, k, everything)

    def generate(self, requests: Requests, k: int, allowed: Allowed) -> Candidates:
        """At most k items a request, none but those that are allowed."""
        if not self.learned:
            return no_candidates(("score",))
        states, asking = self._states(requests)
        writer = self.writer
        return answered(
            lambda part, mask, wanted: writer.best(states[part], mask, wanted),
            requests,
            asking,
            k,
            allowed,
            items=len(self.items),
            repeat=self.repeat,
        )

    def answer(self, requests: Requests) -> WrittenAnswer:
        """Scores of any items, so that a generator can rank what others propose."""
        read = self._states if self.learned else _nobody
        return WrittenAnswer(requests, self.writer, self.retrieve, read)

    @cached_property
    def writer(self) -> Writer:
        """What writes, over all items of the catalogue that was learned from."""
        trie = Trie.of(self.ids.codes, self.ids.sizes)
        codes = torch.from_numpy(np.ascontiguousarray(self.ids.codes.T)).T
        settings, cold = self.settings, None
        if settings.cold and self.level is not None:
            among = torch.zeros(len(self.items), dtype=torch.bool)
            among[torch.from_numpy(self.cold)] = True
            cold = Cold(among, settings.cold, self.level)
        return Writer(
            self.head,
            trie,
            codes,
            self.items,
            settings.beam,
            self.mix,
            self.buying,
            settings.purchase_weight,
            cold,
            settings.temperature,
            self._kind,
        )

    @property
    def _kind(self) -> torch.dtype:
        """What the network's products are served in."""
        return resolved(self.settings.serving, torch.device("cpu"))

    def continued(self, requests: Requests, places: int) -> Iterator[tuple[Ints, Continuing]]:
        """Requests with an event, ready for `places` items of a slate."""
        if not self.learned:
            return iter(())
        read, kinds = (self.reader, self.items, requests, places), self.settings.kinds
        timed, users = self.timed, self.users
        return going_on(*read, self.writer.scores, kinds=kinds, timed=timed, users=users)

    def save(self, folder: Path) -> None:
        tensors = {f"reader.{name}": t for name, t in self.reader.state_dict().items()}
        tensors |= {f"head.{name}": t for name, t in self.head.state_dict().items()}
        if self.buying is not None:
            tensors |= {f"buying.{name}": t for name, t in self.buying.state_dict().items()}
        tensors |= {"items": self.items, "cold": torch.from_numpy(self.cold)}
        plain = {name: t.contiguous() for name, t in tensors.items()}
        save_file(plain, folder / "generator.safetensors")
        buys = self.buying is not None
        facts = _Facts(
            self.timed,
            self.mix,
            self.learned,
            buys=buys,
            preferred=self.preferred,
            users=self.users,
            repeat=self.repeat,
            level=self.level,
        )
        (folder / "generator.json").write_bytes(msgspec.json.encode(facts))
        self.ids.save(folder)

    def _states(self, requests: Requests) -> tuple[Tensor, Ints]:
        """States of the requests that have an event, and which those are."""
        settings, items = self.settings, len(self.items)
        columns = columns_of_requests(
            requests.taken, items, settings.length, timed=self.timed, kinds=settings.kinds
        )
        with products_in(self._kind):
            read, known = (self.reader, self.items, columns), self.users
            states, asking = states_of(*read, requests, timed=self.timed, users=known)
        return states.float(), asking


def _nobody(requests: Requests) -> tuple[Tensor, Ints]:
    """A generator that has learned nothing reads nobody."""
    return torch.zeros(0, 1), np.empty(0, np.int64)
