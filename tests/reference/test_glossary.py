"""Every setting has a meaning: its own, or the one that parts of its kind share."""

import inspect
import re
from collections import Counter
from dataclasses import dataclass

from galen.rank.networks.ffm import Ffm
from galen.rank.networks.fm import Fm
from reference.glossary import EVERYWHERE, OF_KIND, shared
from reference.parts import GIVEN, KINDS, parts, settings_of
from reference.rows import remarks_of_class


@dataclass(frozen=True)
class Silent:
    """A part that says nothing of its settings."""

    seed: int = 0
    size: int = 1
    unheard: int = 2


def meanings(kind, part):
    return {name.strip("`"): meaning for name, *_, meaning in settings_of(kind, part)}


def untold(kind):
    """Settings of the parts of a kind that say nothing of them, and how many parts have each."""
    found = next(found for title, _, found in KINDS if title == kind)
    count = Counter()
    for part in found.values():
        said = remarks_of_class(part) if inspect.isclass(part) else {}
        count.update(set(inspect.signature(part).parameters) - set(said) - set(GIVEN))
    return count


def test_no_setting_on_the_page_is_without_a_meaning():
    found, part = [], ""
    for line in parts().splitlines():
        if line.startswith("### "):
            part = line.removeprefix("### ")
        row = re.match(r"\| `([\w.]+)` \|.*\|  \|$", line)
        if row:
            found.append(f"{part}.{row[1]}")
    assert not found, "say it at the end of the field's line"


def test_a_remark_of_a_part_stands_above_what_its_kind_shares():
    assert meanings("Networks", Fm)["dimension"] == OF_KIND["Networks"]["dimension"]
    assert meanings("Networks", Ffm)["dimension"] == remarks_of_class(Ffm)["dimension"]


def test_a_setting_without_a_remark_means_what_its_kind_shares():
    assert meanings("Networks", Silent)["size"] == OF_KIND["Networks"]["size"]
    assert meanings("Networks", Silent)["seed"] == EVERYWHERE["seed"]


def test_a_kind_does_not_lend_its_words_to_another():
    assert meanings("Channels", Silent)["size"] == ""
    assert "size" not in shared("Rerankers")


def test_a_setting_that_nobody_tells_is_empty():
    assert meanings("Networks", Silent)["unheard"] == ""


def test_the_kinds_of_the_glossary_are_those_of_the_page():
    assert set(OF_KIND) <= {title for title, _, _ in KINDS}


def test_a_shared_meaning_is_of_two_parts_or_more():
    every = Counter()
    for title, _, _ in KINDS:
        own = untold(title)
        every.update(own)
        alone = [name for name in OF_KIND.get(title, {}) if own[name] < 2]
        assert not alone, f"{title}: say it at the field, or leave it out of the glossary"
    assert not [name for name in EVERYWHERE if every[name] < 2]
