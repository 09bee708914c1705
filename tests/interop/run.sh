#!/bin/sh
# Other people's programs on our files. Needs python3 with venv and, the first time, its package index.
set -eu
cd "$(dirname "$0")/../.."
target="${CARGO_TARGET_DIR:-target}"
python="$target/interop/venv/bin/python"
if ! "$python" -c 'import pyx12.version as v; assert v.__version__ == "4.0.0"' 2>/dev/null; then
    python3 -m venv "$target/interop/venv"
    "$python" -m pip install --quiet --disable-pip-version-check pyx12==4.0.0
fi
rm -rf "$target/interop/generated" "$target/interop/answers"
CLAIMWIRE_INTEROP="$(cd "$target" && pwd)/interop/generated" cargo test --quiet --test generate -- --ignored write_files_for_other_readers
"$python" tests/interop/pyx12_accepts.py "$target/interop/generated"
CLAIMWIRE_INTEROP="$(cd "$target" && pwd)/interop/answers" cargo test --quiet --test acknowledgments -- --ignored write_answers_for_other_readers
"$python" tests/interop/pyx12_reads_answers.py "$target/interop/answers"

# Other people's clients on our listeners; each has its time.
for script in core_server core_tls stream security; do
    timeout 900 sh "tests/interop/$script.sh"
done
