#!/usr/bin/env bash
# Makes seeds of what this repository has: samples, generated files and guides. Minimise them afterwards
# (README.md): what is committed is what each target needs.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo build --quiet --no-default-features
claimwire="${CARGO_TARGET_DIR:-target}/debug/claimwire"
corpus="fuzz/corpus"
scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT

# X12: samples, one generated file of each kind, and a few hostile ones.
mkdir "$scratch/x12"
for sample in samples/*/*.x12; do
    cp "$sample" "$scratch/x12/$(dirname "${sample#samples/}")-$(basename "$sample")"
done
for answer in samples/acknowledgments/*.answer; do
    cp "$answer" "$scratch/x12/answer-$(basename "$answer" .answer).x12"
done
for kind in 837p 837i 837d 835; do
    "$claimwire" generate --kind "$kind" --claims 2 --lines 4 -o "$scratch/x12/generated-$kind.x12"
    "$claimwire" generate --kind "$kind" --claims 1 --lines 2 --mutate 20 -o "$scratch/hostile"
    for file in "$scratch"/hostile/*.x12; do
        [ "$(stat -c %s "$file")" -gt 4096 ] || cp "$file" "$scratch/x12/hostile-$kind-$(basename "$file")"
    done
    rm -r "$scratch/hostile"
done

for target in tokens segments envelope document claims check answers explain generated; do
    mkdir -p "$corpus/$target"
    cp "$scratch"/x12/* "$corpus/$target/"
done

# Some begin with choices: which guide, which limit.
mkdir -p "$corpus/placement" "$corpus/framing" "$corpus/alphabet"
for file in "$scratch"/x12/*; do
    name="$(basename "$file")"
    case "$name" in
        837i*) guide='\2' ;; 837d*) guide='\4' ;; 835*) guide='\6' ;;
        999* | answer*) guide='\10' ;; 277ca*) guide='\12' ;; ta1*) guide='\14' ;; *) guide='\0' ;;
    esac
    { printf "$guide"; cat "$file"; } > "$corpus/placement/$name"
    { printf '\0\0'; cat "$file"; } > "$corpus/framing/$name"
    { printf '\1\0'; cat "$file"; } > "$corpus/framing/skip-$name"
    head -c 300 "$file" > "$corpus/alphabet/$name"
    for odd in 1 3 5 7 9 11 13; do
        { printf "\\$(printf %o $odd)"; head -c 200 "$file"; } > "$corpus/placement/order-$odd-$name"
    done
done

# JSON: documents, lines, segments.
mkdir -p "$corpus/claim_json"
for file in "$scratch"/x12/*; do
    name="$(basename "$file" .x12)"
    "$claimwire" convert "$file" --to json -o "$corpus/claim_json/$name.json" 2>/dev/null || true
    "$claimwire" convert "$file" --to ndjson -o "$corpus/claim_json/$name.ndjson" 2>/dev/null || true
    "$claimwire" convert "$file" --to segments -o "$corpus/segments/$name.json" 2>/dev/null || true
done

# Guides: whole ones, companions, and pages of the larger ones.
mkdir -p "$corpus/guide"
cp specs/*.guide samples/companions/*.guide "$corpus/guide/"
