#!/bin/sh
# curl hands a file to a CORE server over mutual TLS: with a certificate of the authority's that is enough, without one,
# or with somebody else's, there is no answer. Needs curl and openssl.
set -eu
cd "$(dirname "$0")/../.."
. tests/interop/sandbox.sh

printf '%s' 'ISA*00*          *00*          *ZZ*BILLCO         *ZZ*PAYERB         *260115*0930*^*00501*000000905*0*T*:~TA1*000000904*260114*2215*A*000~IEA*0*000000905~' >"$work/payload"
# post OPTIONS... : what curl is told by the server is in $work/answer.
post() {
    curl --silent --show-error --max-time 60 --output "$work/answer" --cacert "$certificates/authority.pem" "$@" "$core" \
        -F PayloadType=X12_837_Request_005010X222A1 -F ProcessingMode=Batch \
        -F "PayloadID=$(openssl rand -hex 4)-0000-4000-8000-000000000000" -F TimeStamp=2026-01-15T14:30:00Z \
        -F SenderID=BILLCO -F ReceiverID=PAYERB -F CORERuleVersion=2.2.0 -F PayloadLength=154 \
        -F CheckSum=0F3CAF1B9C7C35501EBEFF4297B48AB973632A7C -F "Payload=@$work/payload"
}
fail() {
    echo "core_tls.sh: $1" >&2
    cat "$work/answer" >&2
    exit 1
}

for version in 1.2 1.3; do
    post --tls-max "$version" --tlsv"$version" --cert "$certificates/billing.pem" --key "$certificates/billing.key" ||
        fail "TLS $version: curl failed"
    grep -q '^Success' "$work/answer" || fail "TLS $version: no Success"
done
: >"$work/answer"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=nobody \
    -keyout "$work/nobody.key" -out "$work/nobody.pem" 2>"$work/openssl"
if post 2>"$work/curl"; then
    fail "a caller without a certificate was answered"
fi
if post --cert "$work/nobody.pem" --key "$work/nobody.key" 2>"$work/curl"; then
    fail "a caller with a certificate of its own was answered"
fi
[ ! -s "$work/answer" ] || fail "a caller who was refused was told something"
echo "core_tls.sh: curl is known by its certificate"
