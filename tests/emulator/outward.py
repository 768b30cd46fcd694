"""The two things that Trailproof has AWS do: KMS signs a digest, and Security Hub takes findings.

moto signs the base64 text of a message and not the message, and takes findings from anybody. Sources are the API references of the
services, and the guidelines for BatchImportFindings with the default product ARN.
"""

import base64
import json

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from moto.kms.models import kms_backends

from world import Refusal


def asymmetric(call, name):
    """A key of the account by its id, its ARN, or an alias of it."""
    backend = kms_backends[call.account][call.region]
    try:
        key = backend.keys[backend.any_id_to_key_id(name)]
    except (KeyError, AttributeError, TypeError) as missing:
        raise Refusal("NotFoundException", f"Key '{name}' does not exist", 400) from missing
    if not key.enabled:
        raise Refusal("DisabledException", f"{key.arn} is disabled.", 400)
    return key


def json_reply(value, kind="application/x-amz-json-1.1"):
    return 200, [("Content-Type", kind)], json.dumps(value).encode()


def get_public_key(call, _account):
    key = asymmetric(call, json.loads(call.body)["KeyId"])
    if key.key_spec == "SYMMETRIC_DEFAULT":
        raise Refusal("UnsupportedOperationException", f"{key.arn} is a symmetric key.", 400)
    public = base64.b64encode(key.private_key.public_key()).decode()
    return json_reply({"KeyId": key.arn, "PublicKey": public, "KeySpec": key.key_spec, "KeyUsage": key.key_usage})


def sign(call, _account):
    asked = json.loads(call.body)
    key = asymmetric(call, asked["KeyId"])
    if key.key_usage != "SIGN_VERIFY" or asked["SigningAlgorithm"] not in key.signing_algorithms:
        raise Refusal("InvalidKeyUsageException", f"{key.arn} key usage is {key.key_usage} which is not valid for Sign.", 400)
    message = base64.b64decode(asked["Message"])
    if asked.get("MessageType") != "DIGEST" or len(message) != 32:
        raise Refusal("ValidationException", "the emulator signs digests of 32 bytes alone", 400)
    if asked.get("DryRun"):
        raise Refusal("DryRunOperationException", "The request would have succeeded, but the DryRun option is set.", 412)
    signature = key.private_key.private_key.sign(message, ec.ECDSA(Prehashed(hashes.SHA256())))
    signature = base64.b64encode(signature).decode()
    return json_reply({"KeyId": key.arn, "Signature": signature, "SigningAlgorithm": asked["SigningAlgorithm"]})


def import_findings(call, account):
    if account.security_hub is None:
        raise Refusal("InvalidAccessException", f"Account {call.account} is not subscribed to AWS Security Hub", 401)
    findings = json.loads(call.body)["Findings"]
    if not 1 <= len(findings) <= 100:
        raise Refusal("InvalidInputException", "Findings must hold 1 to 100 items", 400)
    failed = []
    for finding in findings:
        product = f"arn:aws:securityhub:{call.region}:{call.account}:product/{call.account}/default"
        wrong = [
            name
            for name, value in (("AwsAccountId", call.account), ("Region", call.region), ("ProductArn", product))
            if finding.get(name) != value
        ]
        if finding["Id"] in account.refused_findings:
            wrong.append("Title")
        if wrong:
            failed.append({"Id": finding["Id"], "ErrorCode": "InvalidInput", "ErrorMessage": f"{wrong[0]} is not valid"})
        else:
            account.security_hub[finding["Id"]] = finding
    counts = {"FailedCount": len(failed), "SuccessCount": len(findings) - len(failed)}
    return json_reply(counts | {"FailedFindings": failed}, "application/json")


HANDLERS = {"kms:GetPublicKey": get_public_key, "kms:Sign": sign, "securityhub:BatchImportFindings": import_findings}
