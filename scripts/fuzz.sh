#!/bin/sh
# Fuzzes every reader of logs for so many seconds each, or one of them:
#   scripts/fuzz.sh SECONDS [csv|events|json|mlflow|run|text|wandb]
# Needs a C++ compiler. What it learns stays in target/fuzz/corpus; an input that breaks a reader is in target/fuzz.
set -eu
seconds=${1:?usage: scripts/fuzz.sh SECONDS [READER]}
readers=${2:-csv events json mlflow run text wandb}
cd "$(dirname "$0")/.."
root=$PWD
data=$root/crates/dunwu-store/tests/data/logs
host=$(rustc -vV | sed -n 's/^host: //p')

# What cargo-fuzz passes, but for the sanitizers, which a stable compiler does not have.
export RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 --cfg fuzzing"
export CARGO_TARGET_DIR=$root/target/fuzz
cargo build --release -q --manifest-path fuzz/Cargo.toml --target "$host"

seeds() {
    case $1 in
    csv) cp "$data/keras.csv" "$2"; printf 'run,step,metric,value\na,1,loss,2\nb,2,loss,nan\n' >"$2/long.csv" ;;
    events)
        cp "$data"/events.* "$2"
        # A record of a step and a scalar, as the target frames it.
        printf '\377\021\000\020\007\052\015\012\013\012\004loss\025\000\000\200\077' >"$2/record"
        ;;
    json) cp "$data/trainer_state.json" "$2"; printf '{"step":1,"loss":2}\n{"step":2,"loss":NaN}\n' >"$2/lines.jsonl" ;;
    mlflow) find "$data/mlflow" -type f -path '*metrics*' -exec cp {} "$2" \; ;;
    run) printf '\0format = 1\n' >"$2/plan"; printf '\2PAR1' >"$2/curve" ;;
    text) printf 'step (?<step>\\d+) loss (?<loss>\\S+)\nstep 1 loss 2.5\nstep 2 loss nan\n' >"$2/lines" ;;
    wandb) cp "$data/run-red1.wandb" "$2"; printf ':W&B\341\276\000' >"$2/begin" ;;
    esac
}

# Inputs are written a thousand times a second: in memory, where there is such a folder.
[ -d /dev/shm ] && export TMPDIR=/dev/shm
cd "$CARGO_TARGET_DIR"
for reader in $readers; do
    mkdir -p "corpus/$reader"
    seeds "$reader" "corpus/$reader"
    echo "fuzzing $reader for $seconds s"
    if ! "$host/release/$reader" "corpus/$reader" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=4096 \
        -max_len=65536 -seed=1 -print_final_stats=1 >"$reader.log" 2>&1; then
        tail -n 40 "$reader.log"
        echo "$reader broke; the input and $reader.log are in target/fuzz" >&2
        exit 1
    fi
    grep -E '^stat::(number_of_executed|peak_rss)' "$reader.log"
done
