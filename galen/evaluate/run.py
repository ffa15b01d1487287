"""Evaluate a recommender on the held-out part: stage by stage, beside the usual baselines."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from galen.assembly.examples.people import PeopleColumns
from galen.assembly.parts import Parts, retriever_spec
from galen.assembly.recipes.recipe import Recipe
from galen.assembly.recipes.shipped import find_recipe
from galen.assembly.split import Protocol, Split, SplitError
from galen.data.schema import Kind, Surface
from galen.evaluate.guarded import Guarded
from galen.evaluate.offline import Question, Result, answer
from galen.recall.fusion import OneChannel

Progress = Callable[[str], None]
BASELINES = ("popular", "item_graph")


@dataclass(frozen=True)
class Evaluation:
    """Every model's answers to the same question."""

    question: Question
    results: dict[str, Result]  # the recipe's own stages first, then the baselines
    main: str  # name of the whole recommender
    protocol: Protocol
    seed: int
    guarded: str | None = None  # name of the whole recommender asked through the gate


def evaluate(
    parts: Parts,
    split: Split,
    people: PeopleColumns,
    *,
    seed: int,
    progress: Progress,
    guarded: Guarded | None = None,
    surfaces: Mapping[str, Parts] | None = None,
) -> Evaluation:
    """Run the pipeline, its stages and the baselines over the people of the test part.

    With `guarded` the whole recommender is also asked through the gate, as it would be served.
    The recipes of `surfaces` are asked the same question as those surfaces would ask it.

    Raises:
        SplitError: the protocol holds nothing out.
    """
    if split.test is None or not len(split.test.users):
        raise SplitError(
            f"protocol {split.protocol!r} holds nothing out to evaluate on; train with "
            "--protocol strict, refit or global-time."
        )
    progress("asking the held-out people")
    question = Question.of(split.test, people, seed=seed)
    through_gate = None if guarded is None else guarded.question(question)
    if guarded is not None and through_gate is not None:
        slices = [*question.slices, *guarded.slices(through_gate)]
        question = replace(question, slices=slices)
    results: dict[str, Result] = {}
    for name, model in {**stages_of(parts), **baselines(parts, split)}.items():
        if name not in results:
            progress(f"evaluating {name}")
            pipeline = model.pipeline(split.final.catalogue, question.store)
            results[name] = answer(question, name, pipeline)
    for surface, other in (surfaces or {}).items():
        name = f"{other.recipe.name} on {surface}"
        progress(f"evaluating {name}")
        pipeline = other.pipeline(split.final.catalogue, question.store)
        results[name] = answer(question.on(Surface[surface.upper()]), name, pipeline)
    gated = None
    if guarded is not None and through_gate is not None:
        gated = f"{parts.recipe.name} under {guarded.guard.gate.premises.pack.name}"
        progress(f"evaluating {gated}")
        pipeline = guarded.guard.gate.guard(parts.pipeline(split.final.catalogue, question.store))
        results[gated] = answer(through_gate, gated, pipeline)
    return Evaluation(question, results, parts.recipe.name, split.protocol, seed, gated)


def stages_of(parts: Parts) -> dict[str, Parts]:
    """The whole recommender, then with ever fewer stages, then each channel alone."""
    name = parts.recipe.name
    stages = {name: parts}
    if parts.recipe.rerank:
        stages[f"{name} without rerank"] = parts.without_rerank()
    if parts.ranker is not None:
        stages[f"{name} recall only"] = parts.recall_only()
    if len(parts.retrievers) > 1:
        stages |= {f"channel {channel}": parts.channel(channel) for channel in parts.retrievers}
    return stages


def baselines(parts: Parts, split: Split) -> dict[str, Parts]:
    """Popularity and the item graph with their shipped settings; repurchase where people buy."""
    names = list(BASELINES)
    if split.final.clock == "time" and bool((split.final.kind == int(Kind.PURCHASE)).any()):
        names.append("repurchase")
    made = {}
    for name in names:
        if name != parts.recipe.name:
            made[name] = _baseline(find_recipe(name), split)
    return made


def _baseline(recipe: Recipe, split: Split) -> Parts:
    (name,) = recipe.recall
    retriever = retriever_spec(recipe, name).fit(split.final)
    return Parts(recipe, {name: retriever}, OneChannel(name), None)
