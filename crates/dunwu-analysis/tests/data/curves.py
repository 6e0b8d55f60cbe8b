"""Makes the recorded curves beside this file. Needs numpy only: python curves.py [name ...]

One hidden layer without biases on a*b = a + b mod M, full batch, Adam with L2 added to the gradient, initial
weights uniform in +-1/sqrt(fan_in), loss mean(|o~|^2 - 2 o~_y) + 1 - 1/M with o~ = o - mean(o): the setting of
arXiv 2509.21519. Columns are defined as the probes define them. Figures are rounded to 4 significant digits.
"""
import sys
import numpy as np

# name: M, K, training rows, lr, L2, epochs, options
RUNS = {
    "published": (71, 2048, 2016, 1e-3, 2e-4, 360, {}),
    "no_decay": (71, 2048, 2016, 1e-3, 0.0, 360, {}),
    "small": (31, 512, 480, 2e-3, 2e-4, 420, {}),
    "relu": (31, 512, 480, 2e-3, 2e-4, 600, {"relu": True, "every": 2}),
    "scarce": (41, 512, 300, 2e-3, 2e-4, 500, {"every": 2}),
    "random_labels": (23, 512, 212, 2e-3, 2e-4, 400, {"random": True}),
    "plentiful": (23, 512, 476, 2e-3, 2e-4, 300, {}),
    "instant": (23, 512, 476, 1e-2, 2e-3, 160, {}),
    "lr_too_large": (23, 256, 265, 5.0, 2e-4, 150, {}),
    "lr_zero": (23, 256, 265, 0.0, 2e-4, 100, {}),
    "too_much_decay": (23, 256, 265, 1e-3, 2e-1, 300, {}),
}
WINDOW = 20
COLUMNS = "train_loss train_acc test_acc grad_f update_norm.W weight_norm.W sigma23 purity features_covered".split()


def spectrum(W, M):
    power = sum(np.abs(np.fft.rfft(W[j * M:(j + 1) * M], axis=0)) ** 2 for j in (0, 1))[1:]
    share = power / np.maximum(power.sum(0), 1e-30)
    best, purity = share.argmax(0), share.max(0)
    return {"purity": purity.mean(), "features_covered": len(set(best[purity >= 0.5]))}


def run(M, K, n, lr, decay, epochs, options):
    rng, f32 = np.random.default_rng(0), np.float32
    a, b = np.divmod(np.arange(M * M), M)
    y = rng.integers(0, M, M * M) if options.get("random") else (a + b) % M
    order = rng.permutation(M * M)
    tr, te = np.sort(order[:n]), np.sort(order[n:])
    X = np.zeros((n, 2 * M), f32)
    X[np.arange(n), a[tr]] = X[np.arange(n), M + b[tr]] = 1
    Y = np.eye(M, dtype=f32)[y[tr]]
    P = {"W": rng.uniform(-1, 1, (2 * M, K)).astype(f32) / f32((2 * M) ** 0.5),
         "V": rng.uniform(-1, 1, (K, M)).astype(f32) / f32(K ** 0.5)}
    m, s = ({k: np.zeros_like(p) for k, p in P.items()} for _ in "ms")
    before, updates, rows = None, [], []
    forward = (lambda x: np.maximum(x, 0)) if options.get("relu") else np.square
    slope = (lambda x: (x > 0).astype(f32)) if options.get("relu") else (lambda x: 2 * x)
    for e in range(epochs + 1):
        W, V = P["W"], P["V"]
        pre = W[a[tr]] + W[M + b[tr]]
        F = forward(pre)
        O = F @ V
        R = O - O.mean(1, keepdims=True)
        row = {"epoch": e, "train_loss": ((R ** 2).sum(1) - 2 * R[np.arange(n), y[tr]]).mean() + 1 - 1 / M,
               "train_acc": (O.argmax(1) == y[tr]).mean(),
               "test_acc": ((forward(W[a[te]] + W[M + b[te]]) @ V).argmax(1) == y[te]).mean()}
        if not np.isfinite(row["train_loss"]):
            break
        resid = Y - O
        resid = resid - resid.mean(0)
        row["grad_f"] = max(((resid.T @ resid) * (V.T @ V)).sum(), 0) ** 0.5
        row["weight_norm.W"] = np.linalg.norm(W)
        if before is not None:
            D = W - before
            row["update_norm.W"] = np.linalg.norm(D)
            updates = (updates + [D.ravel()])[-WINDOW:]
            if len(updates) == WINDOW:
                U = np.array(updates, np.float64)
                v = np.sqrt(np.maximum(np.linalg.eigvalsh(U @ U.T)[::-1], 0))
                if v[2] > 0:
                    row["sigma23"] = v[1] / v[2]
        row.update(spectrum(W, M))
        if e % options.get("every", 1) == 0:
            rows.append(row)
        dO = (2 / n) * (R - Y + 1 / f32(M))
        g = {"V": F.T @ dO, "W": X.T @ (slope(pre) * (dO @ V.T))}
        before = W.copy()
        for k in P:
            g[k] = g[k] + f32(decay) * P[k]
            m[k] = f32(0.9) * m[k] + f32(0.1) * g[k]
            s[k] = f32(0.999) * s[k] + f32(0.001) * g[k] ** 2
            step = f32(lr / (1 - 0.9 ** (e + 1)))
            P[k] = P[k] - step * m[k] / (np.sqrt(s[k] / f32(1 - 0.999 ** (e + 1))) + f32(1e-8))
    return rows


for name in sys.argv[1:] or RUNS:
    with np.errstate(all="ignore"):
        rows = run(*RUNS[name])
    with open(f"{name}.csv", "w") as out:
        out.write(",".join(["epoch"] + COLUMNS) + "\n")
        for r in rows:
            out.write(",".join([str(r["epoch"])] + [f"{r[c]:.4g}" if c in r else "" for c in COLUMNS]) + "\n")
