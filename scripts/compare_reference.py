"""Records what scipy says of subspaces and signs, for crates/dunwu-analysis/tests/compare.rs.

    pip install -r scripts/requirements.txt
    python scripts/compare_reference.py > crates/dunwu-analysis/tests/data/compare.json

Alignment is computed from the centred kernels, as in arXiv 1905.00414 eq. 3, not from singular vectors.
"""

import json
import sys

import numpy as np
from scipy import linalg, stats


def centred(x):
    return x - x.mean(axis=0)


def basis(x):
    """Directions that hold 95 % of the variance."""
    u, s, _ = np.linalg.svd(centred(x), full_matrices=False)
    held = np.cumsum(s**2) / np.sum(s**2)
    return u[:, : int(np.argmax(held >= 0.95)) + 1]


def cka(x, y):
    k, l = centred(x) @ centred(x).T, centred(y) @ centred(y).T
    return np.sum(k * l) / (np.linalg.norm(k) * np.linalg.norm(l))


def pair(seed, rows, nodes_a, nodes_b, shared):
    rng = np.random.default_rng(seed)
    common = rng.normal(size=(rows, shared))
    a = common @ rng.normal(size=(shared, nodes_a)) + 0.3 * rng.normal(size=(rows, nodes_a))
    b = common @ rng.normal(size=(shared, nodes_b)) + 0.3 * rng.normal(size=(rows, nodes_b)) + 2.0
    # Rounded, so that the file holds what was computed with.
    a, b = np.round(a, 6), np.round(b, 6)
    u, v = basis(a), basis(b)
    return {
        "rows": rows,
        "nodes": [nodes_a, nodes_b],
        "a": a.ravel().tolist(),
        "b": b.ravel().tolist(),
        "ranks": [u.shape[1], v.shape[1]],
        "angles": sorted(np.degrees(linalg.subspace_angles(u, v)).tolist()),
        "cka": float(cka(a, b)),
    }


def sign(wins, losses):
    p = stats.binomtest(wins, wins + losses, 0.5).pvalue
    return {"wins": wins, "losses": losses, "p": float(p)}


def main():
    out = {
        "pairs": [pair(1, 20, 5, 7, 3), pair(2, 12, 16, 4, 2), pair(3, 15, 6, 6, 0)],
        "signs": [sign(9, 1), sign(10, 0), sign(3, 7), sign(40, 20), sign(80, 40), sign(700, 640)],
    }
    json.dump(out, sys.stdout)
    print()


main()
