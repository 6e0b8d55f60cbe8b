#!/bin/sh
# Trains the grid of delayed generalisation that the forecaster's head for it is fitted to:
#   scripts/delayed_grid.sh DIR [threads=N]
# Runs that memorise and understand later, and runs that memorise and never do: no decay, too few rows,
# random labels, too large a learning rate. About ten minutes of two cores. Started again, it goes on.
set -eu
dir=${1:?usage: scripts/delayed_grid.sh DIR [threads=N]}
shift
cd "$(dirname "$0")/.."

# A group of runs: what they share is kept equal, so that one directory holds them all.
group() {
    cargo run --release -q -p dunwu-cli -- sweep "$@" width=256 epochs=4000 eval_every=10 probes=norms \
        curve_points=200 seeds=3 --out "$dir" --add --quiet
}

# Data and decay decide: the border of these groups lies near 2.5.
group "$@" task=Z23,Z31,Z41 train_multiplier=2.2,2.8,3.4,5 weight_decay=0,1e-4,2e-4,5e-4 lr=1e-3
# Other tables than addition mod n.
group "$@" "task=S4,D15,Z5xZ6,x^2+x*y+y^2 mod 29" train_multiplier=2.8,3.6,5 weight_decay=0,2e-4 lr=1e-3
# Labels without a rule.
group "$@" task=Z23,Z31 train_multiplier=3,5 weight_decay=1e-4,2e-4 lr=1e-3 label_noise=0.95
# Learning rates from small to too large.
group "$@" task=Z23,Z31 train_multiplier=2.8,3.4,5 weight_decay=2e-4 lr=3e-4,1e-2,3e-2
# The classifier of most of the literature, with decoupled decay.
group "$@" task=Z23,Z31 train_fraction=0.4,0.6,0.8 weight_decay=0,0.3,1 lr=3e-3 \
    activation=relu loss=cross_entropy optimizer=adamw
# The same rule with mini-batches, and two hidden layers.
group "$@" task=Z23,Z31 train_multiplier=3,5 weight_decay=0,2e-4 lr=1e-3 batch_size=64
group "$@" task=Z23 train_fraction=0.5,0.7 weight_decay=0,2e-4 lr=1e-3 hidden_layers=2 activation=relu
