"""Our CORE server driven by zeep from the WSDL it serves, and by raw SOAP with MTOM, which zeep cannot send."""

import email
import hashlib
import re
import sys
import uuid

import requests
import zeep
from zeep.wsse.username import UsernameToken

URL, PAYLOAD = sys.argv[1], open(sys.argv[2], "rb").read()
STATED = {"PayloadLength": len(PAYLOAD), "CheckSum": hashlib.sha1(PAYLOAD).hexdigest()}


def fields(kind, mode):
    return {
        "PayloadType": kind,
        "ProcessingMode": mode,
        "PayloadID": str(uuid.uuid4()),
        "TimeStamp": "2026-01-15T14:30:00Z",
        "SenderID": "BILLCO",
        "ReceiverID": "PAYERB",
        "CORERuleVersion": "2.2.0",
    }


def check(what, said, expected):
    assert said == expected, f"{what}: {said!r} is not {expected!r}"


def by_zeep():
    client = zeep.Client(URL + "?wsdl", wsse=UsernameToken("billco", "s3cret"))
    core = client.service
    claims, own_999 = "X12_837_Request_005010X222A1", "X12_999_SubmissionRequest_005010X231A1"

    answer = core.RealTimeTransaction(**fields(claims, "RealTime"), Payload=PAYLOAD.decode())
    check("real time", (answer.ErrorCode, answer.PayloadType), ("Success", "X12_TA1_Response_00501X231A1"))
    check("real time", answer.Payload.encode(), PAYLOAD)
    for submit in (core.BatchSubmitTransaction, core.GenericBatchSubmissionTransaction):
        answer = submit(**fields(claims, "Batch"), **STATED, Payload=PAYLOAD)
        check("submission", (answer.ErrorCode, answer.PayloadType), ("Success", "X12_BatchReceiptConfirmation"))
    for retrieve, kind in (
        (core.BatchSubmitAckRetrievalTransaction, "X12_999_RetrievalRequest_005010X231A1"),
        (core.BatchResultsRetrievalTransaction, "X12_005010_Request_Batch_Results_277"),
        (core.GenericBatchRetrievalTransaction, "X12_835_Request_005010X221A1"),
    ):
        answer = retrieve(**fields(kind, "Batch"))
        check(kind, (answer.ErrorCode, answer.Payload), ("Success", PAYLOAD))
        check(kind, {"PayloadLength": answer.PayloadLength, "CheckSum": answer.CheckSum}, STATED)
    for confirm in (core.BatchResultsAckSubmitTransaction, core.GenericBatchReceiptConfirmationTransaction):
        check("confirmation", confirm(**fields(own_999, "Batch"), **STATED, Payload=PAYLOAD).ErrorCode, "Success")

    answer = core.BatchSubmitTransaction(**fields(claims, "Batch"), PayloadLength=1, CheckSum="00", Payload=PAYLOAD)
    check("wrong length", answer.ErrorCode, "PayloadLengthIllegal")
    stranger = zeep.Client(URL + "?wsdl", wsse=UsernameToken("billco", "wrong")).service
    answer = stranger.BatchSubmitTransaction(**fields(claims, "Batch"), **STATED, Payload=PAYLOAD)
    check("wrong password", answer.ErrorCode, "UnAuthorized")
    print("zeep: all eight operations are answered")


ENVELOPE = """<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header>
<w:Security xmlns:w="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd">
<w:UsernameToken><w:Username>billco</w:Username><w:Password>s3cret</w:Password></w:UsernameToken></w:Security>
</s:Header><s:Body><c:{root} xmlns:c="http://www.caqh.org/SOAP/WSDL/CORERule2.2.0.xsd">{children}</c:{root}>
</s:Body></s:Envelope>"""


def by_mtom(action, root, children, payload):
    """Posts an envelope with its payload beside it; gives the answer's ErrorCode and payload."""
    children = "".join(f"<{name}>{value}</{name}>" for name, value in children.items())
    parts = [("root@test", "application/xop+xml", ENVELOPE.format(root=root, children=children).encode())]
    if payload is not None:
        parts.append(("payload@test", "application/octet-stream", payload))
    body = b"".join(
        f"--MIME_1\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: binary\r\nContent-ID: <{cid}>\r\n\r\n".encode()
        + content + b"\r\n" for cid, kind, content in parts
    ) + b"--MIME_1--\r\n"
    kind = ('multipart/related; boundary="MIME_1"; type="application/xop+xml"; start="<root@test>"; '
            f'start-info="application/soap+xml"; action="{action}"')
    answer = requests.post(URL, data=body, headers={"Content-Type": kind}, timeout=60)
    check(action, answer.status_code, 200)
    code = re.search(rb"<ErrorCode>(\w+)</ErrorCode>", answer.content)[1].decode()
    if not answer.headers["Content-Type"].startswith("multipart/related"):
        return code, None
    # Python's own reader of MIME, told the type that HTTP says.
    message = email.message_from_bytes(f"Content-Type: {answer.headers['Content-Type']}\r\n\r\n".encode() + answer.content)
    envelope, attached = message.get_payload()
    check(action, envelope["Content-ID"], message.get_param("start"))
    href = re.search(r'href="cid:([^"]+)"', envelope.get_payload())[1]
    check(action, attached["Content-ID"], f"<{href}>")
    return code, attached.get_payload(decode=True)


def by_raw_soap():
    include = '<i:Include xmlns:i="http://www.w3.org/2004/08/xop/include" href="cid:payload%40test"/>'
    claims = fields("X12_837_Request_005010X222A1", "Batch") | STATED | {"Payload": include}
    check("MTOM", by_mtom("BatchSubmitTransaction", "COREEnvelopeBatchSubmission", claims, PAYLOAD), ("Success", None))
    wanted = fields("X12_835_Request_005010X221A1", "Batch")
    root = "COREEnvelopeBatchResultsRetrievalRequest"
    check("MTOM", by_mtom("GenericBatchRetrievalTransaction", root, wanted, None), ("Success", PAYLOAD))
    print("raw SOAP: MTOM goes both ways")


by_zeep()
by_raw_soap()
