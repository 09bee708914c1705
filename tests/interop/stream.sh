#!/bin/sh
# Sends interchanges to a stream listener by openssl, and looks at what comes back.
#
# usage: stream.sh [HOST:PORT FOLDER]
#   FOLDER holds authority.pem, client.pem and client.key of a partner that the listener knows. Without them a test
#   payer is started.
set -eu

if [ $# -eq 0 ]; then
    cd "$(dirname "$0")/../.."
    . tests/interop/sandbox.sh
    address=$stream
    folder=$work/partner
    mkdir "$folder"
    cp "$certificates/authority.pem" "$folder"
    cp "$certificates/billing.pem" "$folder/client.pem"
    cp "$certificates/billing.key" "$folder/client.key"
else
    address=$1
    folder=$2
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
fi

interchange() {
    printf 'ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *260115*1023*^*00501*%09d*1*T*:~\n' "$1"
    printf 'GS*HC*SENDER*RECEIVER*20260115*1023*1*X*005010X222A1~\nST*837*0001*005010X222A1~\nSE*2*0001~\nGE*1*1~\n'
    printf 'IEA*1*%09d~\n' "$1"
}

# call NAME OPTIONS...: sends standard input, keeps what comes back, waits until the other side closes or has said all
call() {
    name=$1
    shift
    timeout 20 openssl s_client -connect "$address" -CAfile "$folder/authority.pem" -verify_return_error \
        -quiet -no_ign_eof "$@" >"$work/$name" 2>"$work/$name.err"
}

fail() {
    echo "stream.sh: $1" >&2
    cat "$work"/*.err >&2
    exit 1
}

own="-cert $folder/client.pem -key $folder/client.key"

for version in tls1_2 tls1_3; do
    # the pipe stays open a moment, as s_client leaves when its input ends
    # shellcheck disable=SC2086
    { interchange 1; interchange 2; sleep 2; } | call "$version" "-$version" $own || fail "$version: openssl failed"
    [ "$(grep -c '^TA1\*00000000[12]\*260115\*1023\*A\*000~' "$work/$version")" = 2 ] || fail "$version: no two TA1s"
done

# TLS 1.1, if this openssl still speaks it
# shellcheck disable=SC2086
if { interchange 3; sleep 1; } | call tls1_1 -tls1_1 -cipher ALL:@SECLEVEL=0 $own; then
    fail "TLS 1.1 was spoken"
fi
if { interchange 4; sleep 1; } | call nobody && grep -q '^TA1' "$work/nobody"; then
    fail "a caller without a certificate was answered"
fi
# shellcheck disable=SC2086
{ echo "hello"; sleep 1; } | call garbage $own || true
if grep -q . "$work/garbage"; then
    fail "garbage was answered"
fi
echo "stream.sh: openssl is understood"
