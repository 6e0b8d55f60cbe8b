"""The transformers of dunwu in PyTorch: what their training losses are, and how fast they train.

    pip install -r scripts/requirements.txt
    python scripts/pytorch_transformer.py > crates/dunwu-engine/tests/data/pytorch_transformer.json
    python scripts/pytorch_transformer.py speed [threads] [path of dunwu]
    python scripts/pytorch_transformer.py text FILE [seed] [epochs]

The first records losses for crates/dunwu-engine/tests/transformer/pytorch.rs, from initial weights and splits of
splitmix64, which the test mirrors. The second times a training step of the published one-layer network (arXiv
2301.05217) on 30 % of a + b mod 113, full batch, float32, eagerly and through torch.compile (which needs a C++ compiler),
and in turn with them in dunwu, if its binary is named: the time of 220 epochs less that of 20. The third
trains the byte model of docs/transformers.md and prints its losses after each epoch.
"""

import json
import subprocess
import sys
import tempfile
import time

import torch
from pytorch_reference import SplitMix, split
from torch.nn import functional

CASES = [
    {
        "name": "the published network, float32",
        "modulus": 113,
        "train": 3830,
        "plan": ["task=Z113", "epochs=50"],
    },
    {
        "name": "two layers, layer norm, gelu, rotary, float64",
        "modulus": 23,
        "train": 211,
        "plan": [
            "task=Z23",
            "epochs=50",
            "precision=f64",
            "layers=2",
            "heads=2",
            "model_width=16",
            "mlp_width=24",
            "norm=layer",
            "activation=gelu",
            "positions=rotary",
            "causal=false",
        ],
    },
    {
        "name": "two layers, root mean square after each sum, silu, tied, float64",
        "modulus": 23,
        "train": 211,
        "plan": [
            "task=Z23",
            "epochs=50",
            "precision=f64",
            "layers=2",
            "heads=4",
            "model_width=16",
            "mlp_width=24",
            "norm=rms",
            "norm_place=post",
            "activation=silu",
            "tie_embeddings=true",
            "mlp_bias=false",
        ],
    },
]
DEFAULTS = {
    "layers": "1",
    "heads": "4",
    "model_width": "128",
    "mlp_width": "512",
    "norm": "none",
    "norm_place": "pre",
    "activation": "relu",
    "positions": "learned",
    "causal": "true",
    "tie_embeddings": "false",
    "mlp_bias": "true",
    "precision": "f32",
    "epochs": "50",
}


def keys_of(case):
    return DEFAULTS | dict(word.split("=") for word in case["plan"] if word.split("=")[0] != "task")


def tensors(keys, modulus):
    """Name and shape of every tensor, in the order of a snapshot."""
    d, nodes = int(keys["model_width"]), int(keys["mlp_width"])
    vectors = {"layer": 2, "rms": 1}
    out = [("embedding", modulus + 1, d)]
    if keys["positions"] == "learned":
        out.append(("positions", 3, d))
    for i in range(int(keys["layers"])):
        if keys["norm"] != "none":
            out.append((f"layers.{i}.norm.0", vectors[keys["norm"]], d))
        out += [(f"layers.{i}.attention.{part}", d, d) for part in ("q", "k", "v", "out")]
        if keys["norm"] != "none":
            out.append((f"layers.{i}.norm.1", vectors[keys["norm"]], d))
        out += [(f"layers.{i}.mlp.in", d, nodes), (f"layers.{i}.mlp.out", nodes, d)]
        if keys["mlp_bias"] == "true":
            out += [(f"layers.{i}.mlp.in_bias", 1, nodes), (f"layers.{i}.mlp.out_bias", 1, d)]
    if keys["norm"] != "none" and keys["norm_place"] == "pre":
        out.append(("norm", vectors[keys["norm"]], d))
    if keys["tie_embeddings"] == "false":
        out.append(("readout", d, modulus))
    return out


def weights(keys, modulus, dtype):
    """Uniform in ±1/√rows, of vectors ±1, of the embedding and the positions ±1/√columns."""
    mix = SplitMix(1)
    out = {}
    for name, rows, cols in tensors(keys, modulus):
        fan_in = cols if name in ("embedding", "positions") else rows
        # SplitMix divides by √rows.
        drawn = mix.matrix(rows, cols) * (rows / fan_in) ** 0.5
        out[name] = torch.tensor(drawn, dtype=dtype).requires_grad_()
    return out


def norm(x, w, name):
    if name not in w:
        return x
    v = w[name]
    if len(v) == 2:
        return functional.layer_norm(x, x.shape[-1:], v[0], v[1], 1e-5)
    return functional.rms_norm(x, x.shape[-1:], v[0], 1e-5)


def turned(x):
    """Rotary positions: halves of each head turned against each other."""
    half = x.shape[-1] // 2
    rates = 10000.0 ** (-torch.arange(half, dtype=x.dtype) / half)
    angles = torch.arange(x.shape[-2], dtype=x.dtype)[:, None] * rates
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * angles.cos() - b * angles.sin(), a * angles.sin() + b * angles.cos()], -1)


def outputs(w, keys, tokens, modulus, everywhere=False):
    """Outputs at the last position of every row, or at every position."""
    heads = int(keys["heads"])
    pre = keys["norm_place"] == "pre"
    x = w["embedding"][tokens]
    if "positions" in w:
        x = x + w["positions"]
    for i in range(int(keys["layers"])):
        at = f"layers.{i}."
        seen = norm(x, w, at + "norm.0") if pre else x
        split_heads = lambda y: y.unflatten(-1, (heads, -1)).transpose(1, 2)
        q, k, v = (split_heads(seen @ w[at + "attention." + part]) for part in ("q", "k", "v"))
        if keys["positions"] == "rotary":
            q, k = turned(q), turned(k)
        scores = q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5
        if keys["causal"] == "true":
            mask = torch.ones(scores.shape[-2:], dtype=torch.bool).tril()
            scores = scores.masked_fill(~mask, float("-inf"))
        found = (scores.softmax(-1) @ v).transpose(1, 2).flatten(2)
        x = x + found @ w[at + "attention.out"]
        x = x if pre else norm(x, w, at + "norm.0")
        seen = norm(x, w, at + "norm.1") if pre else x
        nodes = seen @ w[at + "mlp.in"]
        if at + "mlp.in_bias" in w:
            nodes = nodes + w[at + "mlp.in_bias"]
        moved = getattr(functional, keys["activation"])(nodes) @ w[at + "mlp.out"]
        if at + "mlp.out_bias" in w:
            moved = moved + w[at + "mlp.out_bias"]
        x = x + moved
        x = x if pre else norm(x, w, at + "norm.1")
    x = norm(x, w, "norm") if pre else x
    last = x if everywhere else x[:, -1]
    return last @ w["readout"] if "readout" in w else last @ w["embedding"][:modulus].T


def rows_of(modulus, train):
    rows = torch.tensor(split(modulus, train))
    a, b = rows // modulus, rows % modulus
    return torch.stack([a, b, torch.full_like(a, modulus)], 1), (a + b) % modulus


def optimiser(w):
    return torch.optim.AdamW(w.values(), lr=1e-3, betas=(0.9, 0.98), eps=1e-8, weight_decay=1.0)


def losses(case):
    keys, modulus = keys_of(case), case["modulus"]
    w = weights(keys, modulus, torch.float64 if keys["precision"] == "f64" else torch.float32)
    tokens, labels = rows_of(modulus, case["train"])
    step, out = optimiser(w), []
    for epoch in range(int(keys["epochs"]) + 1):
        loss = functional.cross_entropy(outputs(w, keys, tokens, modulus), labels)
        out.append(loss.item())
        step.zero_grad()
        loss.backward()
        step.step()
    return out


def pytorch_step(compiled):
    """A function that makes one training step, warmed up."""
    case = CASES[0]
    keys, modulus = keys_of(case), case["modulus"]
    w = weights(keys, modulus, torch.float32)
    tokens, labels = rows_of(modulus, case["train"])
    step = optimiser(w)
    loss_of = lambda: functional.cross_entropy(outputs(w, keys, tokens, modulus), labels)
    if compiled:
        loss_of = torch.compile(loss_of)

    def one():
        step.zero_grad()
        loss_of().backward()
        step.step()

    for _ in range(3):
        one()
    return one


def pytorch_seconds(one, steps=20):
    start = time.perf_counter()
    for _ in range(steps):
        one()
    return (time.perf_counter() - start) / steps


def dunwu_seconds(binary, threads):
    def run(epochs):
        with tempfile.TemporaryDirectory() as directory:
            words = ["model=transformer", "task=Z113", "train_size=3830", "eval_every=1000000", "probes=none"]
            words += [f"epochs={epochs}", f"threads={threads}", f"--out={directory}/run"]
            start = time.perf_counter()
            subprocess.run([binary, "train", *words], check=True, capture_output=True)
            return time.perf_counter() - start

    few, many = run(20), run(220)
    return (many - few) / 200


def speed(threads=1, binary=None, rounds=5):
    """Milliseconds a step, the fastest and the middle of several rounds in which all take their turn."""
    torch.set_num_threads(threads)
    contenders = {}
    for name, compiled in [("eager", False), ("compiled", True)]:
        try:
            one = pytorch_step(compiled)
            contenders[name] = lambda one=one: pytorch_seconds(one)
        except Exception as error:
            print(f"{name}: {str(error).splitlines()[0]}", file=sys.stderr)
    if binary:
        contenders["dunwu"] = lambda: dunwu_seconds(binary, threads)
    times = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, measure in contenders.items():
            times[name].append(1e3 * measure())
    out = {name: {"fastest_ms": min(t), "median_ms": sorted(t)[len(t) // 2]} for name, t in times.items()}
    print(json.dumps({"torch": torch.__version__, "threads": threads} | out))


TEXT = DEFAULTS | {"layers": "4", "norm": "layer", "activation": "gelu", "tie_embeddings": "false"}


def text_weights(seed, context):
    """Initial weights of the byte model: normal with deviation 1/√fan_in, scales 1, shifts and biases 0."""
    torch.manual_seed(seed)
    w = {}
    for name, rows, cols in tensors(TEXT, 256):
        if name == "embedding":
            rows = 256
        if name == "positions":
            rows = context
        if "norm" in name:
            drawn = torch.stack([torch.ones(cols), torch.zeros(cols)])
        elif name.endswith("bias"):
            drawn = torch.zeros(rows, cols)
        else:
            drawn = torch.randn(rows, cols) / (cols if name in ("embedding", "positions") else rows) ** 0.5
        w[name] = drawn.requires_grad_()
    return w


def text(path, seed=0, epochs=3, context=64, batch=64):
    with open(path, "rb") as file:
        data = torch.tensor(list(file.read()))
    rows = (len(data) - 1) // context
    tokens = data[: rows * context].view(rows, context)
    labels = data[1 : rows * context + 1].view(rows, context)
    trained = round(0.9 * rows)
    w = text_weights(seed, context)
    step = torch.optim.AdamW(w.values(), lr=1e-3, betas=(0.9, 0.98), eps=1e-8, weight_decay=0.1)
    loss_of = lambda at: functional.cross_entropy(
        outputs(w, TEXT, tokens[at], 256, True).flatten(0, 1), labels[at].flatten()
    )

    def mean_loss(at):
        with torch.no_grad():
            parts = at.split(256)
            return sum(loss_of(part).item() * len(part) for part in parts) / len(at)

    print(f"{sum(t.numel() for t in w.values())} weights, {trained} rows to train on, {rows - trained} held out")
    for epoch in range(epochs):
        for at in torch.randperm(trained).split(batch):
            step.zero_grad()
            loss_of(at).backward()
            step.step()
        held = mean_loss(torch.arange(trained, rows))
        print(json.dumps({"epoch": epoch + 1, "test_loss": held}), flush=True)


def main():
    if sys.argv[1:2] == ["speed"]:
        threads, *binary = sys.argv[2:] or ["1"]
        speed(int(threads), *binary)
        return
    if sys.argv[1:2] == ["text"]:
        path, *numbers = sys.argv[2:]
        return text(path, *map(int, numbers))
    cases = [case | {"losses": losses(case)} for case in CASES]
    print(json.dumps({"torch": torch.__version__, "cases": cases}, indent=1))


if __name__ == "__main__":
    main()
