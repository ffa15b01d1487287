"""From a recipe and a shop to learned parts: channels, then fusion, then the ranker."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from types import MappingProxyType

import numpy as np

from galen.assembly.blending import fitted_blend
from galen.assembly.check import check_recipe
from galen.assembly.examples.judged_samples import JudgedSamples
from galen.assembly.examples.people import PeopleColumns
from galen.assembly.examples.preference_pairs import preference_examples
from galen.assembly.examples.replay import (
    OBJECTIVE,
    joined,
    replayed,
    requests_at,
    was_taken,
    with_something_taken,
)
from galen.assembly.learned_channels import LearnedChannels
from galen.assembly.parts import (
    BLEND,
    CHANNEL,
    Parts,
    channels,
    feature_specs,
    of_shop,
    ranker_spec,
    retriever_spec,
)
from galen.assembly.recipes.recipe import RankPart, Recipe
from galen.assembly.split import Moment, Protocol, Split, split_by
from galen.assembly.written_tables import check_tables
from galen.data.dataset import Dataset
from galen.data.schema import Kind
from galen.data.shop import Shop
from galen.features.from_tables import TableFeatures, with_tables
from galen.features.store import FeatureStore
from galen.nn.learning.training import TrainingError
from galen.pipeline.allowed import AllowedItems
from galen.pipeline.candidates import Candidates, Requests, stacked
from galen.pipeline.channels import merge, proposed
from galen.pipeline.stages import Examples, Fuser, LearnsAgain, Ranker, Retriever
from galen.rank.shop import learned
from galen.recall.fusion import Fusion, OneChannel

LEARNING = 0.8
"""Share of the newest moment's people that a ranker learns from where no older one is replayed."""

BLOCK = 2048  # requests that are asked at once, so that memory is bounded

Progress = Callable[[str], None]  # called with what is being done


@dataclass(frozen=True)
class Trained:
    """Parts that have learned under a protocol, with what was held out."""

    parts: Parts
    split: Split
    people: PeopleColumns
    surfaces: Mapping[str, Parts] = field(default_factory=dict)  # of surfaces with their own recipe


@dataclass(frozen=True)
class _Asked:
    """A moment with what recall answered the people of whom something recalled was taken."""

    moment: Moment
    store: FeatureStore
    requests: Requests
    candidates: Candidates
    retrievers: dict[str, Retriever]


def train(
    recipe: Recipe,
    shop: Shop,
    protocol: Protocol,
    *,
    seed: int = 0,
    progress: Progress,
    known: LearnedChannels | None = None,
) -> Trained:
    """Learn every part of a recipe from a shop's events, holding out what the protocol says.

    The recipes of surfaces learn too, and channels that recipes share learn once. `known` are
    channels that have learned from this shop with this seed; new ones are put to them.

    Raises:
        RecipeError: a part or a setting is not one that galen knows.
        SplitError: the events cannot be split as the protocol asks.
        EnrichedError: a table is wanted and missing, which is told before anything is learned, or
            was made from events after the split.
        TrainingError: a channel or the ranker cannot learn, or has nothing to learn from.
    """
    check_recipe(recipe)
    check_tables(recipe, shop.folder)
    progress("reading events")
    data = Dataset.read(shop)
    recipes = {one.name: one for one in (*recipe.surfaces.values(), recipe)}
    moments = {name: max(one.rank.moments, 1) if one.rank else 1 for name, one in recipes.items()}
    split = split_by(protocol, data, moments=max(moments.values()), seed=seed)
    impressions = bool((data.kind == int(Kind.IMPRESSION)).any())
    people, known = PeopleColumns.read(shop), known or LearnedChannels()
    learned_parts = {}
    for name, one in recipes.items():
        say = _of_recipe(name, progress) if len(recipes) > 1 else progress
        own = replace(split, train=split.train[: moments[name]])
        lesson = _Lesson(one, shop, people, own, impressions, seed, say, known=known)
        if one.samples:
            say("reading guesses to learn from")
            known_to_all = lesson.oldest if one.rank else split.valid.fit
            guessed = JudgedSamples.read(one.samples, known_to_all, seed)
            lesson = replace(lesson, guessed=guessed)
        learned_parts[name] = lesson.parts()
    surfaces = {surface: learned_parts[one.name] for surface, one in recipe.surfaces.items()}
    return Trained(learned_parts[recipe.name], split, people, surfaces)


def _of_recipe(name: str, progress: Progress) -> Progress:
    return lambda what: progress(f"recipe {name}: {what}")


@dataclass(frozen=True)
class _Lesson:
    """One training: what is learned from, and the steps of learning."""

    recipe: Recipe
    shop: Shop
    people: PeopleColumns
    split: Split
    impressions: bool  # does the shop log what it showed?
    seed: int
    progress: Progress
    guessed: JudgedSamples | None = None
    known: LearnedChannels = field(default_factory=LearnedChannels)

    def parts(self) -> Parts:
        """Everything that the recipe names, having learned."""
        recipe = self.recipe
        if recipe.rank is None and len(recipe.recall) == 1:  # nothing is chosen by validation
            retrievers = self.learn(self.split.final, "all that may be learned from")
            return Parts(recipe, retrievers, OneChannel(*recipe.recall), None)
        valid = self.ask(self.split.valid, "validation")
        fuser = self.fuser(valid)
        valid = replace(valid, candidates=self._for_ranker(valid, fuser))
        tables = self.tables()
        ranker, powers = self.ranker(valid, fuser, tables)
        recipe = replace(recipe, blend={**recipe.blend, **powers})
        retrievers = valid.retrievers
        if len(self.split.final) != len(self.split.valid.fit):
            retrievers = self.learn(self.split.final, "all that may be learned from", retrievers)
        return Parts(recipe, retrievers, fuser, ranker, tables)

    def learn(
        self, data: Dataset, what: str, before: Mapping[str, Retriever] = MappingProxyType({})
    ) -> dict[str, Retriever]:
        """Each channel, of these events; one that learned from them before is taken as it is.

        `before` are channels that have learned from fewer of these events.
        """
        events = data if self.guessed is None else self.guessed.events(data)

        def fitted(name: str) -> Retriever:
            self.progress(f"learning channel {name} ({what})")
            spec = retriever_spec(self.recipe, name, self.seed)
            try:
                if name in before and isinstance(spec, LearnsAgain):
                    return spec.again(events, before[name])
                return spec.fit(events)
            except TrainingError as error:
                raise TrainingError(f"channel {name}: {error}") from error

        return {
            name: self.known.of(
                self.recipe, name, data, partial(fitted, name), again=name in before
            )
            for name in self.recipe.recall
        }

    def ask(self, moment: Moment, what: str, fuser: Fuser | None = None) -> _Asked:
        """What recall would have said at a moment, having learned only from before it.

        With `fuser` no more is kept of it than what a ranker would see.
        """
        retrievers = self.learn(moment.fit, what)
        self.progress(f"recalling ({what})")
        store = FeatureStore.replay(moment.past)
        requests = requests_at(moment, store, self.people, self.seed)
        asked = channels(self.recipe, retrievers)
        parts = []
        for start in range(0, len(requests), BLOCK):
            part = requests.part(start, min(start + BLOCK, len(requests)))
            anything = AllowedItems(part, ())
            rows = merge({c.name: proposed(c, anything) for c in asked})
            rows = with_something_taken(moment, replace(rows, request=rows.request + start))
            parts.append(rows if fuser is None else self._best(requests, rows, fuser))
        return _Asked(moment, store, requests, stacked(parts), retrievers)

    def fuser(self, valid: _Asked) -> Fuser:
        names = list(self.recipe.recall)
        if len(names) == 1:
            return OneChannel(names[0])
        self.progress("fusing channels")
        taken = was_taken(valid.moment, valid.candidates)
        fusion = Fusion(**{"seed": self.seed, **self.recipe.fusion})
        return fusion.fit(valid.requests, valid.candidates, taken, names)

    @property
    def oldest(self) -> Dataset:
        """What was known at the oldest moment of the lesson: more, no table may tell it."""
        return (self.split.train[-1] if self.split.train else self.split.valid).fit

    def tables(self) -> dict[str, TableFeatures]:
        """The features of tables that the recipe's ranker is to read."""
        specs = feature_specs(self.recipe)
        return {name: spec.of(self.oldest) for name, spec in specs.items()}

    def ranker(
        self, valid: _Asked, fuser: Fuser, tables: Mapping[str, TableFeatures]
    ) -> tuple[Ranker | None, dict[str, float]]:
        """The ranker, and the powers of its objectives where the recipe wants them learned."""
        rank, spec = self.recipe.rank, ranker_spec(self.recipe, self.seed)
        if rank is None or spec is None:
            return None, {}
        spec = of_shop(spec, self.oldest)
        more = tuple(tables.values())
        by_time = self.split.valid.after is not None
        may_be_logged = rank.examples == "auto" and not _asks_channels(rank)
        logged = rank.examples == "impressions" or (may_be_logged and self.impressions and by_time)
        if logged:
            learning, held_out = self._logged(rank, more)
        else:
            learning, held_out = self._replayed(rank, valid, fuser, more)
        learning = self._with_guesses(learning, more)
        learning, held_out = _learnable(rank.model, learning, held_out)
        self.progress(f"learning ranker {rank.model} from {len(learning):,} rows")
        ranker = learned(spec, learning, held_out)
        if logged and rank.fit_blend == OBJECTIVE:  # impressions do not tell what recall said
            held_out = self._examples(valid, more)
        if rank.fit_blend not in held_out.labels:  # not wanted, or not what these examples tell
            return ranker, {}
        self.progress(f"weighing objectives for {rank.fit_blend}")
        return ranker, fitted_blend(ranker, held_out, rank.fit_blend, self.recipe.blend)

    def _logged(
        self, rank: RankPart, tables: tuple[TableFeatures, ...]
    ) -> tuple[Examples, Examples]:
        """Examples to learn from and held-out ones, of what the shop has shown."""
        from galen.assembly.examples.impressions import impression_examples

        self.progress("making examples from impressions")
        learning, held_out, _ = impression_examples(
            self.shop, self.split, seed=self.seed, by_propensity=rank.by_propensity, tables=tables
        )
        return learning, held_out

    def _replayed(
        self, rank: RankPart, valid: _Asked, fuser: Fuser, tables: tuple[TableFeatures, ...]
    ) -> tuple[Examples, Examples]:
        """The same, of what recall would have said: at earlier moments, or to other people."""
        if not rank.moments:
            learning, held_out = (self._examples(part, tables) for part in self._parted(valid))
            return learning, held_out
        parts = [
            self._examples(self.ask(moment, f"moment {place + 1}", fuser), tables)
            for place, moment in enumerate(self.split.train)
            if len(moment.users)
        ]
        return joined(parts), self._examples(valid, tables)

    def _with_guesses(self, learning: Examples, tables: tuple[TableFeatures, ...]) -> Examples:
        """What a ranker learns from, where the recipe goes by guesses too."""
        if self.guessed is None:
            return learning
        weighed, past = self.guessed.weighed(learning), self.split.valid.past
        if not self.guessed.part.preferences:
            return weighed
        pairs = preference_examples(self.guessed, past, self.people, learning, tables)
        return weighed if pairs is None else joined([weighed, pairs])

    def _parted(self, asked: _Asked) -> Iterator[_Asked]:
        """Four fifths of the people of a moment, by seed, and the others."""
        some = np.random.default_rng(self.seed).random(len(asked.requests)) < LEARNING
        for people in (some, ~some):
            rows = asked.candidates.take(people[asked.candidates.request])
            yield replace(asked, candidates=rows)

    def _for_ranker(self, asked: _Asked, fuser: Fuser) -> Candidates:
        """The rows that a ranker would see of all that was asked, block by block."""
        if self.recipe.rank is None:
            return asked.candidates
        starts = range(0, len(asked.requests) + BLOCK, BLOCK)
        bounds = np.searchsorted(asked.candidates.request, starts)
        blocks = (asked.candidates.take(slice(*block)) for block in pairwise(bounds))
        return stacked([self._best(asked.requests, rows, fuser) for rows in blocks])

    def _best(self, requests: Requests, rows: Candidates, fuser: Fuser) -> Candidates:
        assert self.recipe.rank is not None
        return fuser.fuse(requests, rows).top(self.recipe.rank.limit, by="recall_score")

    def _examples(self, asked: _Asked, tables: tuple[TableFeatures, ...]) -> Examples:
        assert self.recipe.rank is not None
        self.progress("making examples from replayed recall")
        return replayed(
            asked.moment,
            asked.requests,
            asked.candidates,
            with_tables(asked.store, tables),
            negatives=self.recipe.rank.negatives,
            seed=self.seed,
        )


def _learnable(model: str, learning: Examples, held_out: Examples) -> tuple[Examples, Examples]:
    """Both without the objectives that no row met: nothing tells of those what is better.

    Raises:
        TrainingError: no objective is left, or there are no rows.
    """
    never = {name for name, label in learning.labels.items() if not (label > 0).any()}
    if len(never) == len(learning.labels) or not len(held_out):
        what = "be judged by" if len(never) < len(learning.labels) else "learn from"
        raise TrainingError(
            f"the ranker {model} has nothing to {what}: of the people asked nobody took next what "
            "was recalled, or was shown. It needs more events; a recipe without [rank] needs none."
        )

    def met(part: Examples) -> Examples:
        kept = {name: label for name, label in part.labels.items() if name not in never}
        return replace(part, labels=kept)

    return met(learning), met(held_out)


def _asks_channels(rank: RankPart) -> bool:
    """Does the ranker read what channels say? Impressions do not tell that."""
    if rank.model == BLEND:
        return any(_asks_channels(member) for member in rank.members)
    return rank.model == CHANNEL
