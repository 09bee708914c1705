#!/usr/bin/env bash
# What other open parsers do with 1,000 hostile files, and what we do. Needs python3 with venv and, the first time,
# its package index.
set -euo pipefail
cd "$(dirname "$0")/../.."
target="${CARGO_TARGET_DIR:-target}"
venv="$target/others/venv"
files="$target/others/hostile"

if [ ! -x "$venv/bin/python" ]; then
    python3 -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
        pyx12==4.0.0 linuxforhealth-x12==0.57.0 'pydantic[dotenv]<2'
fi
cargo build --quiet --no-default-features --features cli
rm -rf "$files"
"$target/debug/claimwire" generate --kind 837p --claims 3 --lines 3 --seed 5 --mutate 1000 -o "$files"
"$venv/bin/python" fuzz/others/judge.py "$files"

# 0 says that a file is accepted, 1 that it is rejected, 2 that it is no X12; anything else is a crash, 124 a hang.
accept=0 reject=0 crash=0 hang=0
for file in "$files"/*.x12; do
    code=0
    timeout 10 "$target/debug/claimwire" validate "$file" >/dev/null 2>&1 || code=$?
    case "$code" in
        0) accept=$((accept + 1)) ;;
        1 | 2) reject=$((reject + 1)) ;;
        124) hang=$((hang + 1)) ;;
        *) crash=$((crash + 1)) ;;
    esac
done
echo "| claimwire | 1000 | $accept | $reject | $crash | $hang | |"
