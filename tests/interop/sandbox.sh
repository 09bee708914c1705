# To be sourced: starts a test payer on loopback, both of its listeners asking for certificates, and stops it at the end.
# Gives $work (a folder of one's own), $certificates, $core (a URL) and $stream (HOST:PORT).

target="${CARGO_TARGET_DIR:-target}"
cargo build --quiet
work=$(mktemp -d)
certificates=$work/certificates
"$target/debug/claimwire" sandbox --core 127.0.0.1:0 --stream 127.0.0.1:0 --self-signed "$certificates" \
    >"$work/said" 2>"$work/log" &
sandbox=$!
trap 'kill "$sandbox" 2>/dev/null; rm -rf "$work"' EXIT
tries=0
until [ "$(grep -c . "$work/said")" -ge 2 ]; do
    tries=$((tries + 1))
    [ "$tries" -lt 300 ] || { echo "the test payer does not start" >&2; cat "$work/log" >&2; exit 1; }
    sleep 0.1
done
core=$(sed -n 's|^CORE *||p' "$work/said")
stream=$(sed -n 's|^stream *||p' "$work/said")
