"""Every way in which models of what comes next learn, small enough to be learned many times."""

from galen.features.tokenizing.coding import Coding
from galen.generative.generator import Generator
from galen.generative.preferring.preference import Preference
from galen.generative.tiger import Tiger
from galen.recall.sequence import SequenceModel
from galen.recall.two_tower import TwoTower

QUICK = {"width": 16, "dropout": 0.0, "batch": 16, "learning_rate": 1e-3, "epochs": 1}
SEQUENCE = {**QUICK, "layers": 1, "negatives": 16, "length": 12}
TIGER = {**QUICK, "layers": 1, "sizes": (4, 4), "length": 6}
GENERATOR = {**SEQUENCE, "sizes": (4, 4), "repeat": True}
PREFERENCE = {"epochs": 1, "learning_rate": 1e-3, "hard": 3, "drawn": 3, "group": 4}
GROUPS = {**PREFERENCE, "method": "policy_gradient"}
READ = {"gaps": True, "context": ("user", "hour"), "purchase_weight": 0.5}

CASES = {
    "sequence": SequenceModel(**SEQUENCE, text=True, text_size=8, backbone="hstu"),
    "sequence by softmax": SequenceModel(**SEQUENCE, **READ, loss="softmax"),
    "two towers": TwoTower(
        **QUICK, text=True, text_size=8, codes=Coding(sizes=(4, 4), vector_size=8)
    ),
    "tiger": Tiger(**TIGER),
    "tiger that reads nobody": Tiger(**TIGER, user_tokens=0),
    "tiger that reads moments": Tiger(**TIGER, gaps=True, context=("hour", "since")),
    "beam": Generator(**GENERATOR),
    "beam, dense and cold": Generator(**GENERATOR, **READ, dense=True, cold=2, average=0.5),
    "parallel": Generator(**GENERATOR, parallel=True),
    "parallel and dense": Generator(**GENERATOR, **READ, parallel=True, dense=True),
    "preference": Generator(**GENERATOR, preference=Preference(**PREFERENCE)),
    "groups": Generator(**GENERATOR, preference=Preference(**GROUPS)),
    "free groups": Generator(
        **GENERATOR, preference=Preference(**GROUPS, constrained=False, guided=False)
    ),
}
