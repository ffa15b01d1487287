"""What people read beside an item that a rule warns of, in the language of the pack."""

from typing import Final

from galen.knowledge.pack import Language

NOTICES: Final[dict[str, dict[Language, str]]] = {
    "contraindication": {
        "en": "Ask a pharmacist whether this suits you before you use it.",
        "zh": "使用前请咨询药师是否适合您。",
    },
    "allergy": {
        "en": "Ask a pharmacist first if you have an allergy to a medicine.",
        "zh": "如对药物过敏,请先咨询药师。",
    },
    "interaction": {
        "en": "Ask a pharmacist first if you take other medicines.",
        "zh": "如正在服用其他药品,请先咨询药师。",
    },
    "duplicate": {
        "en": "It holds something that you may be taking already. Ask a pharmacist.",
        "zh": "其中含有您可能正在服用的成分,请咨询药师。",
    },
    "unknown": {
        "en": "We do not know all that this holds. Ask a pharmacist whether it suits you.",
        "zh": "我们不完全了解该商品的成分,请咨询药师是否适合您。",
    },
    "unrecognised": {
        "en": "We could not check this against what you told us. Ask a pharmacist.",
        "zh": "我们无法根据您提供的信息核对该商品,请咨询药师。",
    },
}
"""By family of rules, and `unrecognised` beside `unknown`.

None names a condition or a medicine, since others may look on.
"""
