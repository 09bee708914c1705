#!/usr/bin/env bash
# Builds every target, has each take the committed corpus, and runs each for some seconds (20, or as many as are named)
# from there, two at a time. Nothing is written to the corpus; what breaks a target is in fuzz/artifacts.
#
# Exit code 1: a target does not build, or breaks on what is committed. 3: it does not, but something new was found,
# which is no fault of the change at hand and becomes a regression of its own.
set -euo pipefail
cd "$(dirname "$0")"

export SECONDS_EACH="${1:-20}"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/../target}/fuzz"
mkdir -p "$CARGO_TARGET_DIR"
# No unsafe code is ours, so there is nothing that the address sanitizer would see and the tests do not.
timeout 1200 cargo +nightly fuzz build --dev --fuzz-dir . --sanitizer none
host="$(rustc +nightly -vV | sed -n 's/^host: //p')"
export PROGRAMS="$CARGO_TARGET_DIR/$host/debug"
FOUND="$(mktemp -d)"
export FOUND

run() {
    local target="$1" work log
    work="$(mktemp -d)"
    log="$work.log"
    mkdir -p "artifacts/$target"
    local from=("corpus/$target")
    [ ! -d "regressions/$target" ] || from+=("regressions/$target")
    # The clock of a busy machine is no measure of a hang: long runs have -timeout=1, this one does not.
    local options=(-dict=x12.dict -artifact_prefix="artifacts/$target/" -seed=1 -timeout=20 -rss_limit_mb=2048)
    if ! timeout 300 "$PROGRAMS/$target" "${from[@]}" "${options[@]}" -runs=0 > "$log" 2>&1; then
        echo "$target breaks on what is committed:"
        touch "$FOUND/broken"
    elif ! timeout $((SECONDS_EACH + 120)) "$PROGRAMS/$target" "$work" "${from[@]}" "${options[@]}" \
        -max_total_time="$SECONDS_EACH" -print_final_stats=1 > "$log" 2>&1; then
        echo "$target: something new is found:"
        touch "$FOUND/new"
    else
        awk -v target="$target" '
            /cov: / { for (i = 1; i < NF; i++) if ($i == "cov:") edges = $(i + 1) }
            /average_exec_per_sec/ { each = $2 }
            END { printf "%-12s %8d a second %8d edges\n", target, each, edges }' "$log"
        rm -rf "$work" "$log"
        return
    fi
    tail -n 60 "$log" | cut -c1-400
}
export -f run

sed -n "/^\[\[bin\]\]/,/^path/s/^name = \"\(.*\)\"$/\1/p" Cargo.toml | xargs -P 2 -I{} bash -c 'run {}'

[ ! -e "$FOUND/broken" ] || exit 1
[ ! -e "$FOUND/new" ] || exit 3
