"""The training loop: it stops on validation, goes on after a break, and says what went wrong."""

import json
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
import torch
from rank.networks.schemas import PLAIN, plain_samples
from torch import nn

from galen.data.replacing import replacing
from galen.nn.learning import checkpoint
from galen.nn.learning.checkpoint import CheckpointError
from galen.nn.learning.losses import Auxiliary, ObjectiveLoss, auxiliary_loss
from galen.nn.learning.training import Training, TrainingError, fit, follow
from galen.nn.predicting import predict
from galen.rank.lessons import InMemory, in_order
from galen.rank.networks.deepfm import DeepFm
from galen.rank.score_metrics import auc

TRAIN, VALID = plain_samples(1500), plain_samples(500, seed=1)
SPEC = DeepFm(hidden=(16,), dropout=0.2)


class Broken(Exception):
    """Stands for a power cut."""


def validate(network):
    logits = predict(network, in_order(VALID), torch.float32)[:, 0].double().numpy()
    label = VALID.labels["click"].astype(np.float64)
    return {"auc": auc(label, logits), "loss": float(np.mean((logits > 0) != (label > 0)))}


def learn(settings, folder=None, watch=None, source=None, spec=SPEC):
    torch.manual_seed(settings.seed)
    network = spec.build(PLAIN, ("click",))
    source = source or InMemory(TRAIN, ("click",), settings.batch, settings.seed)
    course = fit(
        network, ObjectiveLoss([1.0]), source, validate, settings, folder=folder, watch=watch
    )
    return network, course


def curve(course):
    return [(epoch.loss, epoch.valid["auc"], epoch.rate) for epoch in course.epochs]


@pytest.mark.parametrize("average", [0.0, 0.9])
def test_a_training_that_is_broken_off_goes_on_to_the_same_curve_and_weights(tmp_path, average):
    settings = Training(
        epochs=5, batch=128, precision="float32", average=average, checkpoint_steps=5
    )
    whole, expected = learn(settings)

    class Breaks(InMemory):
        def lessons(self, epoch, skip):
            for number, lesson in enumerate(super().lessons(epoch, skip)):
                if epoch == 2 and skip + number == 7:
                    raise Broken
                yield lesson

    with pytest.raises(Broken):
        learn(settings, tmp_path, source=Breaks(TRAIN, ("click",), 128, 0))
    again, course = learn(settings, tmp_path)
    assert curve(course) == curve(expected)
    for name, tensor in whole.state_dict().items():
        assert torch.equal(tensor, again.state_dict()[name]), name


@pytest.mark.parametrize("writes", range(2, 9))
def test_a_training_killed_while_it_writes_a_checkpoint_goes_on_from_the_one_before(
    tmp_path, monkeypatch, writes
):
    settings = Training(epochs=2, batch=128, precision="float32", checkpoint_steps=4)
    _, expected = learn(settings)
    begun = []

    @contextmanager
    def killed(path):
        begun.append(path)
        with replacing(path) as part:
            yield part
            if len(begun) == writes:
                raise Broken

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "replacing", killed)
        with pytest.raises(Broken):
            learn(settings, tmp_path)
    assert curve(learn(settings, tmp_path)[1]) == curve(expected)
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_a_training_on_a_gpu_goes_on_to_the_same_draws(tmp_path):
    whole = Training(epochs=4, batch=128, precision="float32", device="cuda")
    _, expected = learn(whole)
    learn(replace(whole, epochs=2), tmp_path)
    losses = [epoch.loss for epoch in learn(whole, tmp_path)[1].epochs]
    assert losses == pytest.approx([epoch.loss for epoch in expected.epochs], rel=1e-5)


def test_what_is_left_of_a_checkpoint_that_was_not_finished_is_removed(tmp_path):
    (tmp_path / ".checkpoint-00000012-0001.safetensors.77").write_bytes(b"half")
    learn(Training(epochs=1, batch=128, precision="float32"), tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


def test_the_same_seed_learns_the_same_and_another_does_not():
    settings = Training(epochs=2, batch=128, precision="float32")
    first, second = learn(settings)[1], learn(settings)[1]
    other = learn(Training(epochs=2, batch=128, precision="float32", seed=1))[1]
    assert curve(first) == curve(second) != curve(other)


def test_stops_when_validation_gets_no_better_and_keeps_the_best_epoch():
    network, course = learn(Training(epochs=60, batch=64, learning_rate=0.02, precision="float32"))
    best = max(range(len(course.epochs)), key=lambda e: course.epochs[e].valid["auc"])
    assert len(course.epochs) < 60
    assert course.epochs[course.best].valid["auc"] == pytest.approx(
        course.epochs[best].valid["auc"], abs=1e-6
    )
    assert validate(network)["auc"] == pytest.approx(course.epochs[course.best].valid["auc"])


def test_an_order_that_stands_still_while_the_loss_falls_is_waited_for():
    told = iter([(0.90, 0.60), (0.89, 0.50), (0.89, 0.40), (0.91, 0.30), (0.90, 0.35), (1.0, 0.1)])

    def scripted(network):
        area, loss = next(told)
        return {"auc": area, "loss": loss}

    network = DeepFm(hidden=(8,)).build(PLAIN, ("click",))
    settings = Training(epochs=9, batch=128, precision="float32", patience=1, plateau=0.5)
    source = InMemory(TRAIN, ("click",), 128, 0)
    course = fit(network, ObjectiveLoss([1.0]), source, scripted, settings)
    assert [epoch.rate for epoch in course.epochs] == [1e-3] * 5
    assert course.best == 3


def test_of_epochs_whose_order_is_the_same_the_one_of_the_lowest_loss_is_kept():
    losses = iter([0.60, 0.50, 0.55, 0.58])
    network = DeepFm(hidden=(8,)).build(PLAIN, ("click",))
    settings = Training(epochs=9, batch=128, precision="float32", patience=2)
    source = InMemory(TRAIN, ("click",), 128, 0)
    course = fit(
        network,
        ObjectiveLoss([1.0]),
        source,
        lambda _: {"auc": 0.0, "loss": next(losses)},
        settings,
    )
    assert (course.best, len(course.epochs)) == (1, 4)


@pytest.mark.parametrize("average", [0.0, 0.9])
def test_a_course_that_is_followed_ends_with_the_weights_of_its_best_epoch(average):
    settings = Training(
        epochs=60, batch=64, learning_rate=0.02, precision="float32", average=average
    )
    network, course = learn(settings)
    assert course.best + 1 < len(course.epochs)
    torch.manual_seed(settings.seed)
    other = SPEC.build(PLAIN, ("click",))
    source = InMemory(TRAIN, ("click",), settings.batch, settings.seed)
    followed = follow(other, ObjectiveLoss([1.0]), source, course, settings)
    assert [e.rate for e in followed.epochs] == [e.rate for e in course.epochs][: course.best + 1]
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, other.state_dict()[name]), name


def test_bfloat16_reaches_what_float32_reaches():
    reached = {
        kind: max(
            epoch.valid["auc"]
            for epoch in learn(Training(epochs=12, batch=128, precision=kind))[1].epochs
        )
        for kind in ("float32", "bfloat16")
    }
    assert reached["bfloat16"] == pytest.approx(reached["float32"], abs=0.01)


def test_a_checkpoint_that_was_cut_short_is_told_and_left_alone(tmp_path):
    settings = Training(epochs=1, batch=128, precision="float32")
    learn(settings, tmp_path)
    (file,) = tmp_path.glob("*.safetensors")
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(CheckpointError, match=r"cut short; remove .* to begin anew"):
        learn(settings, tmp_path)
    assert file.stat().st_size == 100


def test_a_checkpoint_of_another_network_is_told(tmp_path):
    settings = Training(epochs=1, batch=128, precision="float32")
    learn(settings, tmp_path)
    with pytest.raises(CheckpointError, match="of another shape"):
        learn(settings, tmp_path, spec=DeepFm(hidden=(8,)))


def test_facts_that_are_no_json_are_told(tmp_path):
    (tmp_path / "checkpoint.json").write_text('{"file": ')
    with pytest.raises(CheckpointError, match="cannot be read"):
        learn(Training(epochs=1, batch=128), tmp_path)


def test_a_loss_that_is_no_number_stops_training_with_advice():
    settings = Training(epochs=1, batch=128, learning_rate=1e30, clip=0.0, precision="float32")
    with pytest.raises(TrainingError, match="lower learning_rate"):
        learn(settings)


@pytest.mark.parametrize("told", [{"auc": np.nan, "loss": 0.1}, {"auc": 0.9, "loss": np.inf}])
def test_an_epoch_that_validation_cannot_judge_stops_training_with_advice(told):
    network = SPEC.build(PLAIN, ("click",))
    source, settings = InMemory(TRAIN, ("click",), 128, 0), Training(epochs=2, batch=128)
    with pytest.raises(TrainingError, match="after epoch 0; lower learning_rate"):
        fit(network, ObjectiveLoss([1.0]), source, lambda _: told, settings)


@pytest.mark.parametrize("device", ["cuda:99", "no such device"])
def test_a_device_that_is_not_there_is_told_in_words(device):
    with pytest.raises(TrainingError, match="nothing can be learned on device") as told:
        learn(Training(epochs=1, batch=128, device=device))
    assert str(told.value).endswith('set device = "cpu".')


def test_a_label_that_is_not_known_has_no_part_in_the_loss():
    logits = torch.tensor([[0.0], [100.0]])
    labels = torch.tensor([[1.0], [float("nan")]])
    loss = ObjectiveLoss([1.0])(logits, labels, torch.ones(2))
    assert float(loss) == pytest.approx(np.log(2))


def test_a_weight_counts_as_so_many_rows():
    logits, labels = torch.tensor([[0.3], [-1.0]]), torch.tensor([[1.0], [1.0]])
    heavy = ObjectiveLoss([1.0])(logits, labels, torch.tensor([2.0, 1.0]))
    rows = torch.tensor([0, 0, 1])
    repeated = ObjectiveLoss([1.0])(logits[rows], labels[rows], torch.ones(3))
    assert float(heavy) == pytest.approx(float(repeated))


def test_what_a_block_adds_to_the_loss_is_taken_once():
    block = Auxiliary(0.5)
    network = nn.Sequential(block)
    block.add(torch.tensor(4.0))
    assert float(auxiliary_loss(network)) == 2.0
    assert auxiliary_loss(network) is None


def test_checkpoints_leave_one_file_of_tensors(tmp_path):
    learn(Training(epochs=3, batch=128, precision="float32"), tmp_path)
    assert len(list(tmp_path.glob("*.safetensors"))) == 1
    assert len(json.loads((tmp_path / "checkpoint.json").read_text())["epochs"]) == 3
