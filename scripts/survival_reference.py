"""Records what lifelines and scipy say of small samples, for crates/dunwu-analysis/tests/survival.rs.

    pip install -r scripts/requirements.txt
    python scripts/survival_reference.py > crates/dunwu-analysis/tests/data/survival.json

Samples: the leukaemia remissions of Freireich et al. 1963, the most printed example of the subject, and draws
with many ties and much censoring.
"""

import json
import sys

import numpy as np
from lifelines import KaplanMeierFitter
from lifelines.statistics import multivariate_logrank_test
from lifelines.utils import median_survival_times, restricted_mean_survival_time
from scipy import stats

TREATED = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
TREATED_EVENTS = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]


def draws(seed, n, scale, budget):
    rng = np.random.default_rng(seed)
    times = np.ceil(rng.exponential(scale, n)).astype(int) + 1
    watched = np.minimum(rng.integers(budget // 3, budget + 1, n), budget)
    return np.minimum(times, watched).tolist(), (times <= watched).astype(int).tolist()


def finite(x):
    return None if not np.isfinite(x) else int(x)


def curve(times, events, horizon):
    fit = KaplanMeierFitter().fit(times, events)
    steps = [int(t) for t in fit.survival_function_.index if t > 0]
    interval = median_survival_times(fit.confidence_interval_)
    return {
        "times": times,
        "events": events,
        "steps": steps,
        "survival": [float(fit.survival_function_.loc[t].iloc[0]) for t in steps],
        "low": [float(fit.confidence_interval_.loc[t].iloc[0]) for t in steps],
        "high": [float(fit.confidence_interval_.loc[t].iloc[1]) for t in steps],
        "median": finite(fit.median_survival_time_),
        "median_interval": [finite(interval.iloc[0, 0]), finite(interval.iloc[0, 1])],
        "horizon": horizon,
        "restricted_mean": float(restricted_mean_survival_time(fit, t=horizon)),
    }


def rank(groups):
    times = sum((g[0] for g in groups), [])
    events = sum((g[1] for g in groups), [])
    labels = sum(([i] * len(g[0]) for i, g in enumerate(groups)), [])
    test = multivariate_logrank_test(times, labels, events)
    return {
        "groups": [{"times": t, "events": e} for t, e in groups],
        "statistic": float(test.test_statistic),
        "p": float(test.p_value),
        "degrees": len(groups) - 1,
    }


def main():
    treated, placebo = (TREATED, TREATED_EVENTS), (PLACEBO, [1] * len(PLACEBO))
    three = [draws(1, 12, 8, 30), draws(2, 15, 12, 30), draws(3, 10, 25, 30)]
    chi = [(0.01, 1), (3.2, 1), (17.5, 1), (0.7, 2), (12.0, 2), (2.5, 3), (30.0, 3), (9.0, 7), (40.0, 8)]
    out = {
        "curves": [curve(*treated, 30), curve(*placebo, 20)] + [curve(*g, 10) for g in three],
        "tests": [rank([treated, placebo]), rank(three), rank(three[:2])],
        "chi": [{"x": x, "degrees": k, "p": float(stats.chi2.sf(x, k))} for x, k in chi],
    }
    json.dump(out, sys.stdout, indent=1)
    print()


main()
