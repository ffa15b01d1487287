"""A random llama of some thousand parameters with a vocabulary of bytes, as llama.cpp reads it."""

from pathlib import Path

import gguf
import numpy as np

WIDTH, HEADS, DEEP, LAYERS = 64, 4, 128, 2


def write_tiny_gguf(path: Path, seed: int = 0, context: int = 16384) -> Path:
    random = np.random.default_rng(seed)
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(context)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(DEEP)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    tokens = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    kinds = [gguf.TokenType.UNKNOWN, gguf.TokenType.CONTROL, gguf.TokenType.CONTROL]
    kinds += [gguf.TokenType.BYTE] * 256
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([0.0] * len(tokens))
    writer.add_token_types(kinds)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_add_space_prefix(False)  # else no grammar accepts what stands before the answer

    def add(name: str, *shape: int, ones: bool = False) -> None:
        values = np.ones(shape) if ones else random.normal(0, 0.2, shape)
        writer.add_tensor(name, values.astype(np.float32))

    add("token_embd.weight", len(tokens), WIDTH)
    add("output_norm.weight", WIDTH, ones=True)
    add("output.weight", len(tokens), WIDTH)
    for layer in range(LAYERS):
        at = f"blk.{layer}"
        add(f"{at}.attn_norm.weight", WIDTH, ones=True)
        add(f"{at}.ffn_norm.weight", WIDTH, ones=True)
        for part in ("attn_q", "attn_k", "attn_v", "attn_output"):
            add(f"{at}.{part}.weight", WIDTH, WIDTH)
        add(f"{at}.ffn_gate.weight", DEEP, WIDTH)
        add(f"{at}.ffn_up.weight", DEEP, WIDTH)
        add(f"{at}.ffn_down.weight", WIDTH, DEEP)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
