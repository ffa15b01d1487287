from dataclasses import asdict, dataclass

from galen.nn.sequences.next_item_training import training_of


@dataclass(frozen=True)
class Settings:
    epochs: int = 7
    batch: int = 33
    learning_rate: float = 0.5
    patience: int = 9
    plateau: float = 0.7
    device: str = "cuda"
    seed: int = 5


def test_all_that_settings_say_of_training_reaches_it_and_order_is_what_it_is_judged_by():
    beside = {"weight_decay": 0.1, "average": 0.2, "precision": "bfloat16"}
    training = asdict(training_of(Settings(), **beside))
    assert training.items() >= (asdict(Settings()) | beside | {"monitor": "ndcg"}).items()
