"""What a product is before the law, by its prescription class and by the words that it goes under.

The words are galen's own, in rules/product_classes.toml.
"""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from galen.data.schema import RxClass
from galen.knowledge.texts.claims import ProductClass
from galen.knowledge.texts.concept_words import folded

OF_PRESCRIPTION_CLASS: Final = {
    RxClass.OTC.value: ProductClass.MEDICINE_OTC,
    RxClass.PHARMACIST.value: ProductClass.MEDICINE_OTC,
    RxClass.PRESCRIPTION.value: ProductClass.MEDICINE_PRESCRIPTION,
}

OTHERWISE: Final = ProductClass.SUPPLEMENT
"""Of goods that are no medicine and say nothing of themselves: they too may not claim to treat."""


@dataclass(frozen=True, slots=True)
class ProductClasses:
    """The words of each class, read once; what has no known prescription class is a medicine."""

    words: tuple[tuple[ProductClass, re.Pattern[str]], ...]

    @classmethod
    def read(cls) -> "ProductClasses":
        """The words that galen ships."""
        text = (files("galen.knowledge") / "rules" / "product_classes.toml").read_text("utf-8")
        return cls(
            tuple(
                (ProductClass(row["class"]), _pattern(row["en"], row["other"]))
                for row in tomllib.loads(text)["classes"]
            )
        )

    def of(
        self, rx_class: str | None, category: Sequence[str] | None, title: str | None
    ) -> ProductClass:
        """The class of one item; its narrowest category is looked at first, its title last."""
        if rx_class != RxClass.NONE.value:
            return OF_PRESCRIPTION_CLASS.get(rx_class or "", ProductClass.MEDICINE_OTC)
        for said in (*reversed(category or ()), title or ""):
            text = f"{folded(said)} {said}"
            for kind, pattern in self.words:
                if pattern.search(text):
                    return kind
        return OTHERWISE


def _pattern(english: Sequence[str], other: Sequence[str]) -> re.Pattern[str]:
    words = "|".join(re.escape(folded(word)) for word in english)
    return re.compile("|".join([rf"(?<!\w)(?:{words})(?!\w)", *map(re.escape, other)]))
