#!/bin/sh
# Our CORE server driven by other people's clients: curl in MIME, zeep and raw SOAP with MTOM in SOAP.
# CORE_URL names a server that runs already; without it one is started that lives in a test. CURL_OPTIONS are
# given to curl (a client certificate, say). Needs curl, python3 with venv and, the first time, its package index.
set -eu
cd "$(dirname "$0")/../.."
target="${CARGO_TARGET_DIR:-target}"
python="$target/interop/core-venv/bin/python"
if ! "$python" -c 'import importlib.metadata as m; assert m.version("zeep") == "4.3.3"' 2>/dev/null; then
    python3 -m venv "$target/interop/core-venv"
    "$python" -m pip install --quiet --disable-pip-version-check zeep==4.3.3
fi
work=$(mktemp -d)
server=
trap 'exec 9>&- || true; rm -rf "$work"; [ -z "$server" ] || wait "$server"' EXIT

if [ -z "${CORE_URL:-}" ]; then
    cargo test --quiet --test gateway --no-run
    mkfifo "$work/hold"
    CLAIMWIRE_INTEROP="$work/url" cargo test --quiet --test gateway -- --ignored --exact core::serve::serve_for_other_clients <"$work/hold" &
    server=$!
    exec 9>"$work/hold" # the server runs as long as this is open
    until [ -s "$work/url" ]; do
        kill -0 "$server"
        sleep 0.1
    done
    CORE_URL=$(cat "$work/url")
fi

printf '%s' 'ISA*00*          *00*          *ZZ*BILLCO         *ZZ*PAYERB         *260115*0930*^*00501*000000905*0*T*:~TA1*000000904*260114*2215*A*000~IEA*0*000000905~' >"$work/payload"
id() { "$python" -c 'import uuid; print(uuid.uuid4())'; }
# form EXPECTED-CODE FIELD... : posts a form and looks for the code in the answer.
form() {
    code=$1
    shift
    # shellcheck disable=SC2086
    curl --silent --show-error --max-time 60 ${CURL_OPTIONS:-} --output "$work/answer" "$CORE_URL" \
        -F TimeStamp=2026-01-15T14:30:00Z -F UserName=billco -F SenderID=BILLCO -F ReceiverID=PAYERB \
        -F CORERuleVersion=2.2.0 "$@"
    grep -q "^$code" "$work/answer" || { echo "curl: no $code in:" && cat "$work/answer" && exit 1; }
}
claims="-F PayloadType=X12_837_Request_005010X222A1"
length="-F PayloadLength=154 -F CheckSum=0F3CAF1B9C7C35501EBEFF4297B48AB973632A7C"
# shellcheck disable=SC2086
{
    form Success $claims $length -F ProcessingMode=Batch -F "PayloadID=$(id)" -F Password=s3cret -F "Payload=@$work/payload"
    form Success $claims -F ProcessingMode=RealTime -F "PayloadID=$(id)" -F Password=s3cret -F "Payload=<$work/payload"
    grep -q 'IEA\*0\*000000905~' "$work/answer"
    form Success -F PayloadType=X12_835_Request_005010X221A1 -F ProcessingMode=Batch -F "PayloadID=$(id)" -F Password=s3cret
    grep -q 'IEA\*0\*000000905~' "$work/answer"
    form UnAuthorized $claims $length -F ProcessingMode=Batch -F "PayloadID=$(id)" -F Password=wrong -F "Payload=@$work/payload"
    form ChecksumMismatched $claims -F PayloadLength=154 -F CheckSum=00 -F ProcessingMode=Batch -F "PayloadID=$(id)" -F Password=s3cret -F "Payload=@$work/payload"
}
echo "curl: forms are answered"
"$python" tests/interop/core_server.py "$CORE_URL" "$work/payload"
