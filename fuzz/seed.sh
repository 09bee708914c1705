#!/usr/bin/env bash
# Makes seeds of what this repository has: samples, generated files and guides. Minimise them afterwards
# (README.md): what is committed is what each target needs.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo build --quiet --no-default-features --features cli
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
mkdir -p "$corpus/submission"
claimwire="$(realpath "$claimwire")"
for file in "$scratch"/x12/*; do
    name="$(basename "$file" .x12)"
    # From where they lie, so that lines name no folder.
    convert() { (cd "$scratch/x12" && "$claimwire" convert "$name.x12" --to "$1" -o "$OLDPWD/$2" 2>/dev/null) || true; }
    convert json "$corpus/claim_json/$name.json"
    convert ndjson "$corpus/claim_json/$name.ndjson"
    convert segments "$corpus/segments/$name.json"
    case "$name" in 837* | generated-837*)
        cp "$file" "$corpus/submission/"
        convert ndjson "$corpus/submission/$name.ndjson"
        { printf '['; paste -sd, "$corpus/submission/$name.ndjson"; printf ']'; } > "$corpus/submission/$name.json"
    esac
done

# Guides: whole ones, companions, and pages of the larger ones.
mkdir -p "$corpus/guide"
cp specs/*.guide samples/companions/*.guide "$corpus/guide/"

# Settings.
mkdir -p "$corpus/settings"
cp samples/partners/*.toml "$corpus/settings/"
cat > "$corpus/settings/gateway.toml" <<'END'
folder = "data"
master_key = "file:master.key"
partners = "partners"
usage = "production"
hand_on = "claims"
intake = "in"
resend_after = "90s"
offer_again = "10m"
keep_days = 400
backups = "backups"
[api]
listen = "127.0.0.1:8080"
[core]
listen = "0.0.0.0:8443"
tls = { certificate = "gateway.pem", key = "gateway.key", client_certificates = "optional", client_authorities = "partners.pem" }
[stream]
listen = "0.0.0.0:9000"
tls = { certificate = "gateway.pem", key = "gateway.key", client_certificates = "required", client_authorities = "partners.pem" }
[logs]
format = "json"
level = "debug"
END

# Messages of CAQH CORE connectivity: the boundary on a line before a multipart, the Content-Type before a message.
mkdir -p "$corpus/mime" "$corpus/soap" "$corpus/message"
fields='<PayloadType>X12_837_Request_005010X222A1</PayloadType><ProcessingMode>Batch</ProcessingMode><PayloadID>f81d4fae-7dec-11d0-a765-00a0c91e6bf6</PayloadID><PayloadLength>10</PayloadLength><TimeStamp>2026-01-15T10:20:34Z</TimeStamp><SenderID>A&amp;B</SenderID><ReceiverID>C</ReceiverID><CORERuleVersion>2.2.0</CORERuleVersion><CheckSum>6A3FE55946</CheckSum>'
security='<w:Security xmlns:w="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd" s:mustUnderstand="true"><w:UsernameToken><w:Username>billing</w:Username><w:Password Type="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordText">not a secret</w:Password></w:UsernameToken></w:Security>'
include='<x:Include xmlns:x="http://www.w3.org/2004/08/xop/include" href="cid:payload@a"/>'
envelope() {
    printf '<?xml version="1.0" encoding="UTF-8"?>\n<s:Envelope xmlns:s="%s"><s:Header>%s</s:Header><s:Body><c:COREEnvelopeBatchSubmission xmlns:c="http://www.caqh.org/SOAP/WSDL/CORERule2.2.0.xsd">%s<Payload>%s</Payload></c:COREEnvelopeBatchSubmission></s:Body></s:Envelope>' "$1" "$security" "$fields" "$2"
}
new=http://www.w3.org/2003/05/soap-envelope
old=http://schemas.xmlsoap.org/soap/envelope/
envelope "$new" "$include" > "$corpus/soap/include.xml"
envelope "$new" '<![CDATA[ISA*00*~IEA*0*1~]]>' > "$corpus/soap/cdata.xml"
envelope "$old" 'SVNBKjAwKn5JRUEqMCoxfg==' > "$corpus/soap/base64.xml"
printf '<s:Envelope xmlns:s="%s"><s:Header><a:Action xmlns:a="http://www.w3.org/2005/08/addressing">RealTimeTransaction</a:Action></s:Header><s:Body><s:Fault><s:Code><s:Value>s:Sender</s:Value></s:Code><s:Reason><s:Text xml:lang="en">No &#38; no.</s:Text></s:Reason></s:Fault></s:Body></s:Envelope>' "$new" > "$corpus/soap/fault.xml"
printf '<s:Envelope xmlns:s="%s"><s:Body><s:Fault><faultcode>s:Client</faultcode><faultstring>No.</faultstring></s:Fault></s:Body></s:Envelope>' "$old" > "$corpus/soap/fault-1.1.xml"

form() {
    printf -- '--a%b%b' "$1" "Content-Disposition: form-data; name=\"PayloadType\"$1$1X12_837_Request_005010X222A1$1--a$1"
    printf '%b' "Content-Disposition: form-data; name=\"UserName\"$1$1billing$1--a$1Content-Disposition: form-data; name=\"Password\"$1$1not a secret$1--a$1"
    printf '%b' "Content-Disposition: form-data;$1 name=\"Payload\"; filename=\"b.x12\"$1$2$1ISA*00*~IEA*0*1~$1--a--$1"
}
related() {
    printf -- '--a\r\nContent-Type: application/xop+xml; charset=UTF-8; type="application/soap+xml"\r\nContent-ID: <root@a>\r\n\r\n'
    envelope "$new" "$include"
    printf -- '\r\n--a\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: %s\r\nContent-ID: <payload@a>\r\n\r\n%s\r\n--a--\r\n' "$1" "$2"
}
for end in '\r\n' '\n'; do
    name="form-$([ "$end" = '\n' ] && echo lf || echo crlf)"
    { printf 'a\n'; form "$end" ''; } > "$corpus/mime/$name"
    { printf '\1multipart/form-data; boundary=a\n'; form "$end" ''; } > "$corpus/message/$name"
done
{ printf 'a\nbefore\n'; form '\n' 'Content-Transfer-Encoding: base64\n'; printf 'after'; } > "$corpus/mime/form-around"
{ printf 'a\n'; related base64 SVNBKjAwKn4=; } > "$corpus/mime/related"
{ printf '\21multipart/related; boundary="a"; type="application/xop+xml"; start="<root@a>"; start-info="application/soap+xml"; action="BatchSubmitTransaction"\n'; related binary 'ISA*00*~IEA*0*1~'; } > "$corpus/message/related"
{ printf '\41multipart/related; boundary=a\n'; related quoted-printable 'ISA=2A00*~=\r\nIEA*0*1~'; } > "$corpus/message/quoted"
for name in include cdata base64; do
    { printf '\50application/soap+xml; charset=UTF-8; action="RealTimeTransaction"\n'; cat "$corpus/soap/$name.xml"; } > "$corpus/message/$name"
    { printf '\0text/xml\n'; cat "$corpus/soap/$name.xml"; } > "$corpus/message/$name-text"
done
