"""Times the workloads of `dunwu bench` in PyTorch on one thread and prints JSON.

    pip install -r scripts/requirements.txt
    python scripts/pytorch_speed.py

Every epoch is a training step with Adam and exact accuracy and loss on training and held-out rows.
Contenders: the published way (dense products with one-hot inputs), gathers in place of them, those
through torch.compile (which needs a C++ compiler), and gathers with a gradient written by hand.
"""

import json
import time

import torch

torch.set_num_threads(1)
WORKLOADS = {"FIG3": (71, 2048, 2016, 12), "MID": (127, 512, 4838, 12), "SMALL": (23, 256, 211, 200)}


def setting(m, width, train):
    g = torch.Generator().manual_seed(0)
    order = torch.randperm(m * m, generator=g)
    rows, held = order[:train].sort().values, order[train:].sort().values
    w = (torch.rand(2 * m, width, generator=g) * 2 - 1) / (2 * m) ** 0.5
    v = (torch.rand(width, m, generator=g) * 2 - 1) / width**0.5
    return rows, held, w, v


def centred(out, labels, m):
    out = out - out.mean(1, keepdim=True)
    return ((out**2).sum(1) - 2 * out.gather(1, labels[:, None])[:, 0]).mean() + 1 - 1 / m


def score(out, labels, m):
    return (out.argmax(1) == labels).float().mean().item(), centred(out, labels, m).item()


def published(m, width, train, epochs):
    rows, held, w, v = setting(m, width, train)
    first, last = w.T.clone().requires_grad_(), v.T.clone().requires_grad_()
    step = torch.optim.Adam([first, last], lr=1e-3, weight_decay=2e-4)
    identity = torch.eye(m)

    def outputs(a, b):
        one_hot = torch.cat([identity[a], identity[b]], 1)
        hidden = torch.nn.functional.linear(one_hot, first) ** 2
        kept.append(hidden.clone())
        return torch.nn.functional.linear(hidden, last)

    x, y = (rows // m, rows % m), (rows // m + rows % m) % m
    xt, yt = (held // m, held % m), (held // m + held % m) % m
    for _ in range(epochs):
        kept = []
        loss = centred(outputs(*x), y, m)
        step.zero_grad()
        loss.backward()
        step.step()
        with torch.no_grad():
            score(outputs(*x), y, m), score(outputs(*xt), yt, m)
        yield


def gathers(m, width, train, epochs):
    rows, held, w, v = setting(m, width, train)
    w.requires_grad_(), v.requires_grad_()
    step = torch.optim.Adam([w, v], lr=1e-3, weight_decay=2e-4)
    y, yt = (rows // m + rows % m) % m, (held // m + held % m) % m
    for _ in range(epochs):
        out = (w[rows // m] + w[m + rows % m]) ** 2 @ v
        loss = centred(out, y, m)
        step.zero_grad()
        loss.backward()
        with torch.no_grad():
            score(out, y, m), score((w[held // m] + w[m + held % m]) ** 2 @ v, yt, m)
        step.step()
        yield


def compiled(m, width, train, epochs):
    rows, held, w, v = setting(m, width, train)
    w.requires_grad_(), v.requires_grad_()
    step = torch.optim.Adam([w, v], lr=1e-3, weight_decay=2e-4, fused=True)
    y, yt = (rows // m + rows % m) % m, (held // m + held % m) % m

    @torch.compile(dynamic=False)
    def outputs(w, v, a, b):
        return (w[a] + w[b]) ** 2 @ v

    @torch.compile(dynamic=False)
    def both(out, labels):
        return centred(out, labels, m), (out.argmax(1) == labels).float().mean()

    for _ in range(epochs):
        loss, right = both(outputs(w, v, rows // m, m + rows % m), y)
        step.zero_grad()
        loss.backward()
        with torch.no_grad():
            losses, rights = both(outputs(w, v, held // m, m + held % m), yt)
            loss.item(), right.item(), losses.item(), rights.item()
        step.step()
        yield


@torch.no_grad()
def by_hand(m, width, train, epochs):
    rows, held, w, v = setting(m, width, train)
    step = torch.optim.Adam([w, v], lr=1e-3, weight_decay=2e-4)
    a, b = rows // m, m + rows % m
    y, yt = (a + b) % m, (held // m + held % m) % m
    target = torch.nn.functional.one_hot(y, m).float() - 1 / m
    w.grad, v.grad = torch.zeros_like(w), torch.zeros_like(v)
    pre, f, out = torch.empty(train, width), torch.empty(train, width), torch.empty(train, m)
    for _ in range(epochs):
        torch.add(w[a], w[b], out=pre)
        torch.mul(pre, pre, out=f)
        torch.mm(f, v, out=out)
        score(out, y, m), score((w[held // m] + w[m + held % m]) ** 2 @ v, yt, m)
        r = (out - out.mean(1, keepdim=True) - target) * (2 / train)
        torch.mm(f.T, r, out=v.grad)
        torch.mm(r, v.T, out=f)
        f.mul_(pre).mul_(2)
        w.grad.zero_()
        w.grad.index_add_(0, a, f)
        w.grad.index_add_(0, b, f)
        step.step()
        yield


def main():
    result = {}
    for name, (m, width, train, epochs) in WORKLOADS.items():
        result[name] = {}
        for contender in [published, gathers, compiled, by_hand]:
            best = float("inf")
            for _ in range(3):
                run = contender(m, width, train, epochs + 2)
                next(run), next(run)
                start = time.perf_counter()
                for _ in run:
                    pass
                best = min(best, (time.perf_counter() - start) / epochs)
            result[name][contender.__name__] = round(best * 1e3, 3)
    print(json.dumps({"torch": torch.__version__, "ms_per_epoch": result}, indent=2))


main()
