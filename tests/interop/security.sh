#!/bin/sh
# sslyze on our listeners: nothing below TLS 1.2, no weak suite, none of the known holes.
# Needs python3 with venv and, the first time, its package index.
set -eu
cd "$(dirname "$0")/../.."
target="${CARGO_TARGET_DIR:-target}"
python="$target/interop/sslyze/bin/python"
if ! "$python" -c 'import sslyze' 2>/dev/null; then
    python3 -m venv "$target/interop/sslyze"
    timeout 300 "$python" -m pip install --quiet --disable-pip-version-check sslyze==6.3.1
fi
. tests/interop/sandbox.sh
address=${core#https://}
address=${address%/core}
status=0
timeout 300 "$python" -m sslyze --cert "$certificates/billing.pem" --key "$certificates/billing.key" \
    --sslv2 --sslv3 --tlsv1 --tlsv1_1 --tlsv1_2 --tlsv1_3 --compression --heartbleed --openssl_ccs --robot --reneg --fallback \
    --mozilla_config disable --json_out "$work/found.json" "$address" "$stream" >"$work/sslyze" 2>&1 || status=$?
[ -s "$work/found.json" ] || { cat "$work/sslyze" >&2; exit 1; }
"$python" - "$work/found.json" <<'PYTHON'
import json, sys

found = json.load(open(sys.argv[1]))
assert len(found["server_scan_results"]) == 2, found
for server in found["server_scan_results"]:
    where = server["server_location"]["port"]
    assert server["connectivity_status"] == "COMPLETED", server["connectivity_error_trace"]
    result = {name: one["result"] for name, one in server["scan_result"].items() if one and one["status"] == "COMPLETED"}
    for version in ["ssl_2_0", "ssl_3_0", "tls_1_0", "tls_1_1"]:
        assert result[version + "_cipher_suites"]["accepted_cipher_suites"] == [], (where, version)
    for version in ["tls_1_2", "tls_1_3"]:
        suites = [one["cipher_suite"]["name"] for one in result[version + "_cipher_suites"]["accepted_cipher_suites"]]
        assert suites, (where, version)
        for suite in suites:
            strong = suite.endswith(("GCM_SHA256", "GCM_SHA384", "CHACHA20_POLY1305_SHA256"))
            assert strong and (version == "tls_1_3" or suite.startswith("TLS_ECDHE_")), (where, suite)
        print(where, version, " ".join(suites))
    assert not result["tls_compression"]["supports_compression"]
    assert not result["heartbleed"]["is_vulnerable_to_heartbleed"]
    assert not result["openssl_ccs_injection"]["is_vulnerable_to_ccs_injection"]
    assert result["robot"]["robot_result"].startswith("NOT_VULNERABLE"), result["robot"]
    assert not result["session_renegotiation"]["is_vulnerable_to_client_renegotiation_dos"]
PYTHON
echo "security.sh: sslyze finds nothing"
