"""Serves llama.cpp with a model of random weights on a free port: prints the address, ends when stdin closes.

The model knows no language. It is made so that it speaks printable characters only and never ends by itself, so what
it says is decided by the request: the limit on tokens, or the grammar that llama.cpp makes of a schema or a tool.
"""

import os
import sys
import tempfile

import gguf
import numpy
import xllamacpp

WIDTH, LAYERS, HEADS, FEED = 64, 2, 4, 128
CONTEXT = 1024
CHARACTERS = [chr(code) for code in range(33, 127)] + ["\u2581"]
# Tools are shown to the model, so that a test can see in the count of tokens that they arrived.
TEMPLATE = """
{%- for tool in tools or [] %}<|tool|>{{ tool | tojson }}<|end|>{% endfor %}
{%- for message in messages %}<|{{ message.role }}|>{{ message.content }}<|end|>{% endfor %}<|assistant|>"""


def write_model(path):
    """The smallest model of the llama family that llama.cpp loads."""
    kinds = gguf.TokenType
    special = [("<unk>", kinds.UNKNOWN), ("<s>", kinds.CONTROL), ("</s>", kinds.CONTROL)]
    raw = [(f"<0x{byte:02X}>", kinds.BYTE) for byte in range(256)]
    tokens = special + raw + [(character, kinds.NORMAL) for character in CHARACTERS]
    mute = len(special) + len(raw)

    model = gguf.GGUFWriter(path, "llama")
    model.add_context_length(CONTEXT)
    model.add_embedding_length(WIDTH)
    model.add_block_count(LAYERS)
    model.add_feed_forward_length(FEED)
    model.add_head_count(HEADS)
    model.add_layer_norm_rms_eps(1e-5)
    model.add_rope_dimension_count(WIDTH // HEADS)
    model.add_tokenizer_model("llama")
    model.add_token_list([text for text, _ in tokens])
    model.add_token_scores([0.0] * len(tokens))
    model.add_token_types([kind for _, kind in tokens])
    model.add_unk_token_id(0)
    model.add_bos_token_id(1)
    model.add_eos_token_id(2)
    model.add_chat_template(TEMPLATE)

    random = numpy.random.default_rng(seed=1)
    weights = lambda *shape: random.normal(scale=0.3, size=shape).astype(numpy.float32)
    ones = numpy.ones(WIDTH, dtype=numpy.float32)
    # The first dimension is the same for every token and no layer changes it, so it can hold what is never said.
    embedding, output = weights(len(tokens), WIDTH), weights(len(tokens), WIDTH)
    embedding[:, 0], output[:, 0], output[:mute, 0] = 4.0, 0.0, -100.0
    tensors = {"token_embd": embedding, "output": output, "output_norm": ones}
    for layer in range(LAYERS):
        for name, rows, columns in [
            ("attn_q", WIDTH, WIDTH),
            ("attn_k", WIDTH, WIDTH),
            ("attn_v", WIDTH, WIDTH),
            ("attn_output", WIDTH, WIDTH),
            ("ffn_gate", FEED, WIDTH),
            ("ffn_up", FEED, WIDTH),
            ("ffn_down", WIDTH, FEED),
        ]:
            matrix = weights(rows, columns)
            if name in ("attn_output", "ffn_down"):
                matrix[0] = 0.0
            tensors[f"blk.{layer}.{name}"] = matrix
        tensors |= {f"blk.{layer}.attn_norm": ones, f"blk.{layer}.ffn_norm": ones}
    for name, tensor in tensors.items():
        model.add_tensor(f"{name}.weight", tensor)
    model.write_header_to_file()
    model.write_kv_data_to_file()
    model.write_tensors_to_file()
    model.close()


def serve(path, key):
    params = xllamacpp.CommonParams()
    params.model.path = path
    params.model_alias = {"random"}
    params.api_keys = [key]
    params.port = 0
    params.n_ctx = CONTEXT
    params.n_parallel = 1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    # The likeliest token, and always from the start: the same answer to the same request.
    params.sampling.temp = 0
    params.cache_prompt = params.fit_params = params.warmup = params.ui = False
    return xllamacpp.Server(params)


with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "random.gguf")
    write_model(path)
    server = serve(path, key=sys.argv[1])
print(server.listening_address, flush=True)
sys.stdin.read()
# The engine's threads do not end by themselves.
os._exit(0)
