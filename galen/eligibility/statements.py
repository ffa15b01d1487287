"""Statements that goods and what is declared do not go together, from the graph and the pack."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from galen.eligibility.bearing import Bearing
from galen.eligibility.finding import Finding
from galen.eligibility.premises import NONE, Premises, Small
from galen.knowledge.pack import Precaution
from galen.pipeline.candidates import Ints


@dataclass(frozen=True, slots=True)
class Statements:
    """Columns of S statements, and who made each: a row of the graph's relations, or a rule."""

    premises: Premises
    declared: Ints  # (S,) concepts
    goods: Ints  # (S,) concepts
    action: Small  # (S,)
    source: Ints  # (S,) row of the graph's relations, or -1 - place in `rules`
    rules: tuple[Precaution, ...] = ()

    def bearing(self) -> Bearing:
        """A statement holds for all kinds of what is declared, and for all kinds of the goods."""
        size = len(self.premises.graph)
        wider = self.premises.graph.wider
        none = np.empty(0, np.int64)
        matrix = sparse.csr_matrix((none.astype(np.int8), (none, none)), (size, size))
        for action in np.unique(self.action[self.action > NONE]).tolist():
            chosen = self.action == action
            place = (self.declared[chosen], self.goods[chosen])
            stated = sparse.csr_matrix((np.ones(chosen.sum(), np.int32), place), (size, size))
            spread = (wider.astype(np.int32) @ stated @ wider.T.astype(np.int32)).tocsr()
            spread.data = np.full(spread.nnz, action, np.int32)
            matrix = matrix.maximum(spread.astype(np.int8))
        return Bearing(sparse.csr_matrix(matrix))

    def findings(
        self, declared: Ints, item: int, *, family: str, verb: str, notice: str
    ) -> list[Finding]:
        """What holds against an item, strictest first; `verb` joins goods and what is declared."""
        premises = self.premises
        told = premises.items.concept[item]
        of_declared = _with_wider(premises, declared)
        of_goods = _with_wider(premises, told[told >= 0].astype(np.int64))
        held = np.isin(self.declared, of_declared) & np.isin(self.goods, of_goods)
        places = np.flatnonzero(held & (self.action > NONE))
        found = []
        for place in places[np.argsort(-self.action[places], kind="stable")].tolist():
            good = _named(premises, told[told >= 0], int(self.goods[place]))
            state = _named(premises, declared, int(self.declared[place]))
            words = f"{good} {verb} {state}"
            action, source = int(self.action[place]), int(self.source[place])
            if source < 0:
                rule = self.rules[-1 - source]
                said = rule.notice or notice
                found.append(Finding(rule.id, action, words, rule.citation, said))
            else:
                relation = premises.graph.told(source)
                citation = str(relation["citation"] or relation["source"])
                found.append(Finding(family, action, words, citation, notice))
        return found


def _with_wider(premises: Premises, concepts: Ints) -> Ints:
    """Concepts and all that they are kinds of."""
    if not len(concepts):
        return concepts
    return np.unique(premises.graph.wider[concepts].indices).astype(np.int64)


def _named(premises: Premises, concepts: npt.NDArray[np.integer], stated: int) -> str:
    """Which of the concepts a statement speaks of: "aspirin (nsaid)" where it is of a class."""
    graph = premises.graph
    which = next(row for row in concepts.tolist() if graph.wider[row, stated])
    kind = "" if which == stated else f" ({graph.names[stated]})"
    return f"{graph.names[which]}{kind}"
