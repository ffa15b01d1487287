"""Statements that goods and what is declared do not go together, from the graph and the pack."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from galen.data.arrays import Ints
from galen.eligibility.bearing import Bearing
from galen.eligibility.finding import Finding
from galen.eligibility.premises import NONE, Premises, Small
from galen.eligibility.rows_of import columns_of, entries_of
from galen.eligibility.some_kind import and_kinds
from galen.knowledge.pack import Precaution


@dataclass(frozen=True, slots=True)
class Statements:
    """S statements by what is declared, and who made each: a relation of the graph, or a rule."""

    premises: Premises
    by_declared: sparse.csr_matrix  # (concepts, S): a statement's row is what is declared
    goods: Ints  # (S,) concepts
    action: Small  # (S,)
    source: Ints  # (S,) row of the graph's relations, or -1 - place in `rules`
    rules: tuple[Precaution, ...] = ()

    @classmethod
    def of(
        cls,
        premises: Premises,
        declared: Ints,
        goods: Ints,
        action: Small,
        source: Ints,
        rules: tuple[Precaution, ...] = (),
    ) -> "Statements":
        """Those that take any action; `declared` and `goods` (S,) are concepts."""
        some = np.flatnonzero(action > NONE)
        count = len(some)
        places = declared[some], np.arange(count)
        shape = len(premises.graph), max(count, 1)
        by_declared = sparse.csr_matrix((np.ones(count, np.int32), places), shape)
        return cls(premises, by_declared, goods[some], action[some], source[some], rules)

    def bearing(self) -> Bearing:
        """A statement holds for all kinds of what is declared, and for all kinds of the goods."""
        size = len(self.premises.graph)
        wider = self.premises.graph.wider.astype(np.int32)
        declared = self.by_declared.tocoo()
        none = np.empty(0, np.int64)
        matrix = sparse.csr_matrix((none.astype(np.int8), (none, none)), (size, size))
        for action in np.unique(self.action).tolist():
            chosen = self.action[declared.col] == action
            place = declared.row[chosen], self.goods[declared.col[chosen]]
            stated = sparse.csr_matrix((np.ones(chosen.sum(), np.int32), place), (size, size))
            spread = (wider @ stated @ wider.T).tocsr()
            spread.data = np.full(spread.nnz, action, np.int32)
            matrix = matrix.maximum(spread.astype(np.int8))
        return Bearing(sparse.csr_matrix(matrix))

    def held(self, declared: Ints, item: int) -> Ints:
        """Places of the statements that hold against an item, the strictest first."""
        wider, told = self.premises.graph.wider, self.premises.items.concept[item]
        if not len(declared) or not len(self.action):
            return np.empty(0, np.int64)
        held = and_kinds(self.premises, told[told >= 0].astype(np.int64))
        goods, meant = columns_of(wider, held), and_kinds(self.premises, declared)
        _, entry = entries_of(self.by_declared, columns_of(wider, meant))
        place = self.by_declared.indices[entry].astype(np.int64)
        place = place[np.isin(self.goods[place], goods)]
        return place[np.argsort(-self.action[place], kind="stable")]

    def findings(
        self, declared: Ints, item: int, *, family: str, verb: str, notice: str
    ) -> list[Finding]:
        """What holds against an item, in words; `verb` joins goods and what is declared."""
        premises = self.premises
        told = premises.items.concept[item]
        row_of = self.by_declared.tocsc().indices  # a statement has one row
        found = []
        for place in self.held(declared, item).tolist():
            good = _named(premises, told[told >= 0], int(self.goods[place]))
            state = _named(premises, declared, int(row_of[place]))
            words = f"{good} {verb} {state}"
            action, source = int(self.action[place]), int(self.source[place])
            if source < 0:
                rule = self.rules[-1 - source]
                said = rule.notice_in(premises.pack.language) or notice
                found.append(Finding(rule.id, action, words, rule.citation, said))
            else:
                relation = premises.graph.told(source)
                citation = str(relation["citation"] or relation["source"])
                found.append(Finding(family, action, words, citation, notice))
        return list(dict.fromkeys(found))  # two kinds of a class may be held by one source

    def notices(self, declared: Ints, item: int, action: int, otherwise: str) -> list[str]:
        """What to show with an item for the statements of one action."""
        said = []
        for place in self.held(declared, item).tolist():
            if self.action[place] == action:
                source = int(self.source[place])
                rule = self.rules[-1 - source] if source < 0 else None
                own = "" if rule is None else rule.notice_in(self.premises.pack.language)
                said.append(own or otherwise)
        return list(dict.fromkeys(said))


def _named(premises: Premises, concepts: npt.NDArray[np.integer], stated: int) -> str:
    """Which of the concepts a statement speaks of: "aspirin (nsaid)" where it is of a class.

    Of a class some kind of which it speaks of, that too: "antidepressant (if it is sertraline)".
    """
    names, wider = premises.graph.names, premises.graph.wider
    which = next((row for row in concepts.tolist() if wider[row, stated]), -1)
    if which >= 0:
        return names[which] if which == stated else f"{names[which]} ({names[stated]})"
    of_each = ((row, columns_of(premises.kinds_of_classes, np.array([row]))) for row in concepts)
    which, kinds = next(
        (row, [kind for kind in (stated, *kinds.tolist()) if kind in kinds and wider[kind, stated]])
        for row, kinds in of_each
        if wider[kinds, stated].nnz
    )
    return f"{names[which]} (if it is {names[kinds[0]]})"
