"""Next-item quality on any file with user_id, item_id and pos.

    python -m benchmarks.sequences --interactions FILE [--items FILE] --models best --json FILE

`--models` takes shipped recipes by name or one's own by path; popular, item_graph and sasrec are
always in the table, but for what `--without` names. Full ranking over all items, all users,
item-level hits, ties pessimistic, items of the history excluded as each recipe says; intervals are
bootstraps over users. Where the file has a `timestamp`, `global-time` follows the protocols asked
for, unless `--no-global-time` is given. `--alone` adds a row for each channel of a recipe, learned
once and asked alone; a second table tells them by slice.
A recipe's channels that have learned from the same events by the same seed do not learn them again,
so with two protocols the seconds of the second are what it adds.
"""

import argparse
from collections.abc import Iterator, Sequence

from benchmarks.protocol_rows import Asked, Measured
from benchmarks.protocol_runs import add_arguments, run
from benchmarks.running import run_in_words
from galen.assembly.learned_channels import LearnedChannels
from galen.assembly.recipes.shipped import find_recipe
from galen.assembly.split import Protocol
from galen.assembly.train import train
from galen.compare.cost import measured
from galen.data.shop import Shop
from galen.evaluate.offline import HEADLINE, Question
from galen.evaluate.run import stages_of


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, measure, print the tables and write the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_arguments(parser, models="fused,best", protocols="strict,refit")
    parser.add_argument("--alone", action="store_true", help="each channel alone as well")
    options = parser.parse_args(arguments)
    known: dict[tuple[str, int], LearnedChannels] = {}

    def measure(
        shop: Shop, model: str, protocol: Protocol, seed: int, data: str
    ) -> Iterator[Measured]:
        """Channels that learned together have the cost of all of them."""
        own = known.setdefault((model, seed), LearnedChannels())
        with measured() as cost:
            asked = _asked(shop, model, protocol, seed, own, alone=options.alone)
        for one in asked:
            yield one.measured("sequences", data, cost, {})

    run(options, measure, quality=HEADLINE)


def _asked(
    shop: Shop, model: str, protocol: Protocol, seed: int, known: LearnedChannels, *, alone: bool
) -> list[Asked]:
    """A recipe that has learned and answered; each of its stages and channels too, if wanted."""
    recipe = find_recipe(model)
    trained = train(recipe, shop, protocol, seed=seed, progress=lambda what: None, known=known)
    assert trained.split.test is not None
    question = Question.of(trained.split.test, trained.people, seed=seed)
    whole = recipe.name
    asked = [Asked.of(trained, whole, trained.parts, question, seed)]
    for name, part in stages_of(trained.parts).items() if alone else ():
        if name != whole:
            asked.append(Asked.of(trained, f"{whole}, {name}", part, question, seed))
    return asked


if __name__ == "__main__":
    run_in_words(main)
