"""Records what PyTorch's training losses are, for crates/dunwu-engine/tests/pytorch.rs.

    pip install -r scripts/requirements.txt
    python scripts/pytorch_reference.py > crates/dunwu-engine/tests/data/pytorch.json

Initial weights and splits come from splitmix64, so that no file of weights is needed; the test
mirrors the generator. Models: one hidden layer without biases on one-hot operands of modular addition.
"""

import json
import sys

import numpy as np
import torch

MASK = (1 << 64) - 1


class SplitMix:
    def __init__(self, seed):
        self.state = seed

    def bits(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)

    def matrix(self, rows, cols):
        """Uniform in ±1/√rows, row by row."""
        unit = np.array([self.bits() >> 40 for _ in range(rows * cols)]) / float(1 << 24)
        return ((2.0 * unit - 1.0) / np.sqrt(rows)).reshape(rows, cols)


def split(m, train):
    rows = list(range(m * m))
    mix = SplitMix(2)
    for i in range(len(rows) - 1, 0, -1):
        j = mix.bits() % (i + 1)
        rows[i], rows[j] = rows[j], rows[i]
    return sorted(rows[:train])


def loss_of(name, out, labels, m):
    if name == "cross_entropy":
        return torch.nn.functional.cross_entropy(out, labels)
    target = torch.nn.functional.one_hot(labels, m).to(out.dtype)
    if name == "mse":
        return ((out - target) ** 2).sum(1).mean()
    if name == "mse_centred":
        out = out - out.mean(1, keepdim=True)
        picked = out.gather(1, labels[:, None])[:, 0]
        return ((out**2).sum(1) - 2 * picked).mean() + 1 - 1 / m
    if name == "stablemax":
        s = torch.where(out >= 0, out + 1, 1 / (1 - out))
        return -torch.log(s.gather(1, labels[:, None])[:, 0] / s.sum(1)).mean()
    raise ValueError(name)


ACTIVATIONS = {
    "square": lambda x: x * x,
    "relu": torch.relu,
    "silu": torch.nn.functional.silu,
    "gelu": torch.nn.functional.gelu,
    "tanh": torch.tanh,
    "relu_square": lambda x: torch.relu(x) ** 2,
}


def optimizer(name, params, lr, decay):
    if name == "adam":
        return torch.optim.Adam(params, lr=lr, weight_decay=decay)
    if name == "adamw":
        return torch.optim.AdamW(params, lr=lr, weight_decay=decay)
    if name == "sgd":
        return torch.optim.SGD(params, lr=lr, momentum=0.9, weight_decay=decay)
    if name == "lion":
        return Lion(params, {"lr": lr, "decay": decay})
    if name.startswith("muon"):
        return Muon(params, {"lr": lr, "decay": decay, "polynomials": POLYNOMIALS[name]})
    raise ValueError(name)


class Lion(torch.optim.Optimizer):
    """arXiv 2302.06675, betas 0.9 and 0.999."""

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                m = self.state[p].setdefault("m", torch.zeros_like(p))
                p.mul_(1 - group["lr"] * group["decay"])
                p.sub_(group["lr"] * torch.sign(0.9 * m + 0.1 * p.grad))
                m.mul_(0.999).add_(p.grad, alpha=0.001)


POLYNOMIALS = {
    "muon standard": [(3.4445, -4.7750, 2.0315)] * 5,
    "muon published": [
        (4.0848, -6.8946, 2.9270),
        (3.9505, -6.3029, 2.6377),
        (3.7418, -5.5913, 2.3037),
        (2.8769, -3.1427, 1.2046),
        (2.8366, -3.0525, 1.2012),
    ],
}


class Muon(torch.optim.Optimizer):
    """Momentum 0.9 as a running mean, no Nesterov step, no factor for the shape; Adam for the readout, the last."""

    def __init__(self, params, defaults):
        hidden, readout = params
        super().__init__([hidden], defaults)
        self.adam = torch.optim.Adam([readout], lr=defaults["lr"], weight_decay=defaults["decay"])

    def zero_grad(self):
        super().zero_grad()
        self.adam.zero_grad()

    @torch.no_grad()
    def step(self):
        self.adam.step()
        group = self.param_groups[0]
        (p,) = group["params"]
        m = self.state[p].setdefault("m", torch.zeros_like(p))
        m.lerp_(p.grad, 0.1)
        x = m / (m.norm() + 1e-7)
        for a, b, c in group["polynomials"]:
            gram = x @ x.T
            x = a * x + (b * gram + c * gram @ gram) @ x
        p.mul_(1 - group["lr"] * group["decay"]).sub_(group["lr"] * x)


class Modifier:
    """The projection of arXiv 2501.04697, then Grokfast (arXiv 2405.20233) with window 3, alpha 0.98, lambda 2."""

    def __init__(self, words):
        self.words, self.past = words, {}

    @torch.no_grad()
    def __call__(self, i, p):
        g = p.grad
        if "orthogonal_gradient=true" in self.words:
            h = g - (p * g).sum() / (p * p).sum() * p
            g = h * g.norm() / h.norm()
        if "gradient_filter=ema" in self.words:
            self.past[i] = g.clone() if i not in self.past else 0.98 * self.past[i] + 0.02 * g
            g = g + 2 * self.past[i]
        if "gradient_filter=ma" in self.words:
            window = self.past.setdefault(i, [])
            window.append(g.clone())
            del window[:-3]
            g = g + 2 * sum(window) / 3 if len(window) == 3 else g
        p.grad.copy_(g)


def run(m, width, train, epochs, dtype, activation, loss, optim, lr, decay, words):
    mix = SplitMix(1)
    w = torch.tensor(mix.matrix(2 * m, width), dtype=dtype, requires_grad=True)
    v = torch.tensor(mix.matrix(width, m), dtype=dtype, requires_grad=True)
    rows = torch.tensor(split(m, train))
    a, b = rows // m, rows % m
    labels = (a + b) % m
    step = optimizer(optim, [w, v], lr, decay)
    losses, modifier = [], Modifier(words)
    for _ in range(epochs):
        out = ACTIVATIONS[activation](w[a] + w[m + b]) @ v
        value = loss_of(loss, out, labels, m)
        losses.append(value.item())
        step.zero_grad()
        value.backward()
        for i, p in enumerate([w, v]):
            modifier(i, p)
        step.step()
    return losses


def main():
    torch.manual_seed(0)
    torch.set_num_threads(2)
    cases = []

    def case(name, m, width, train, epochs, precision, activation="square", loss="mse_centred", optim="adam", lr=1e-3, decay=2e-4, words=()):
        dtype = torch.float64 if precision == "f64" else torch.float32
        losses = run(m, width, train, epochs, dtype, activation, loss, optim, lr, decay, words)
        plan = [f"width={width}", f"epochs={epochs - 1}", f"precision={precision}", f"activation={activation}",
                f"loss={loss}", f"optimizer={optim.split()[0]}", f"lr={lr}", f"weight_decay={decay}", *words]
        cases.append({"name": name, "modulus": m, "train": train, "plan": plan, "losses": losses})
        print(name, losses[-1], file=sys.stderr)

    case("FIG3", 71, 2048, 2016, 50, "f32")
    case("MID", 127, 512, 4838, 50, "f32")
    case("SMALL", 23, 256, 211, 50, "f32")
    for activation in ACTIVATIONS:
        for loss in ["mse", "mse_centred", "cross_entropy", "stablemax"]:
            case(f"{activation}, {loss}", 7, 16, 30, 20, "f64", activation, loss, lr=1e-2)
    for optim, lr in [("adam", 1e-2), ("adamw", 1e-2), ("sgd", 0.1)]:
        for loss in ["mse_centred", "cross_entropy"]:
            case(f"{optim}, {loss}", 7, 16, 30, 20, "f64", "silu", loss, optim, lr, 0.1)
    case("lion", 7, 16, 30, 20, "f64", "silu", "cross_entropy", "lion", 1e-2, 0.1)
    for name in POLYNOMIALS:
        words = ("muon_coefficients=" + name.split()[1],)
        case(name, 7, 16, 30, 20, "f64", "silu", "cross_entropy", name, 1e-2, 0.1, words)
    for words in [
        ("gradient_filter=ema",),
        ("gradient_filter=ma", "filter_window=3"),
        ("orthogonal_gradient=true",),
        ("gradient_filter=ema", "orthogonal_gradient=true"),
    ]:
        case(" ".join(words), 7, 16, 30, 20, "f64", "silu", "cross_entropy", "adamw", 1e-2, 0.1, words)
    json.dump({"torch": torch.__version__, "cases": cases}, sys.stdout, indent=0)


if __name__ == "__main__":
    main()
