#!/usr/bin/env python3
"""A local AWS for the tests: moto behind a shim that supplies what moto lacks, counts calls and plays faults.

    emulator.py --port 0        the first line on stdout is the port; it listens on loopback only

An access key `AKIA<12 digits>TEST` belongs to the account of those digits, so that tests share one emulator and never meet. Everything
under /_emulator speaks JSON:

    POST   /_emulator/seed      {"scenario", "account"?}     -> {"account", "access_key", ...}; without an account it picks a fresh one;
                                                       "random" makes the ids that moto draws the same every time, "clock" the times
    POST   /_emulator/account   {"account", SETTING: value}  settings: see world.Account
    POST   /_emulator/faults    {"account", "operation", "kind", ...}  see Fault
    DELETE /_emulator/faults?account=A
    GET    /_emulator/calls?account=A     in order, and counted by operation and Region
    DELETE /_emulator/calls?account=A     (or POST) forgets them
"""

import argparse
import fnmatch
import io
import json
import logging
import os
import re
import socket
import struct
import threading
import time
import urllib.parse
from dataclasses import dataclass

os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "false")

from moto.moto_api._internal import mock_random  # noqa: E402
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app  # noqa: E402
from werkzeug.serving import WSGIRequestHandler, make_server  # noqa: E402

import access  # noqa: E402
import answers  # noqa: E402
import beside  # noqa: E402
import cbor  # noqa: E402
import scenarios  # noqa: E402
import watch  # noqa: E402
from world import WORLD, Call, Refusal  # noqa: E402

LOCK = threading.Lock()
CREDENTIAL = re.compile(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/aws4_request")
OWN_KEY = re.compile(r"^AKIA(\d{12})TEST$")

# S3 names an operation by its sub-resource.
SUBRESOURCES = {
    "accelerate": "BucketAccelerateConfiguration",
    "acl": "BucketAcl",
    "cors": "BucketCors",
    "encryption": "BucketEncryption",
    "lifecycle": "BucketLifecycleConfiguration",
    "location": "BucketLocation",
    "logging": "BucketLogging",
    "notification": "BucketNotificationConfiguration",
    "object-lock": "ObjectLockConfiguration",
    "ownershipControls": "BucketOwnershipControls",
    "policy": "BucketPolicy",
    "policyStatus": "BucketPolicyStatus",
    "publicAccessBlock": "PublicAccessBlock",
    "replication": "BucketReplication",
    "requestPayment": "BucketRequestPayment",
    "tagging": "BucketTagging",
    "versioning": "BucketVersioning",
    "website": "BucketWebsite",
}

# Where the IAM action is not the operation's name.
ACTIONS = {
    "s3:ListBuckets": "s3:ListAllMyBuckets",
    "s3:HeadBucket": "s3:ListBucket",
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:ListObjects": "s3:ListBucket",
    "s3:HeadObject": "s3:GetObject",
    "s3:GetBucketAccelerateConfiguration": "s3:GetAccelerateConfiguration",
    "s3:GetBucketCors": "s3:GetBucketCORS",
    "s3:GetBucketNotificationConfiguration": "s3:GetBucketNotification",
    "s3:GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "s3:GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "s3:GetBucketReplication": "s3:GetReplicationConfiguration",
    "s3:GetObjectLockConfiguration": "s3:GetBucketObjectLockConfiguration",
    "s3:GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "s3control:GetPublicAccessBlock": "s3:GetAccountPublicAccessBlock",
}


@dataclass
class Fault:
    """A scripted misfortune: of which calls, and what happens to them."""

    operation: str  # glob over `service:Operation`
    kind: str  # of KINDS
    region: str = "*"
    resource: str = ""  # only calls that mention this in path, query or body
    skip: int = 0  # how many of them go well first
    times: int = -1  # how often; -1 for always
    status: int = 500
    seconds: float = 600
    message: str = ""

    KINDS = ("deny", "scp", "throttle", "status", "missing", "hang", "reset", "truncated", "malformed")

    def __post_init__(self):
        if self.kind not in self.KINDS:
            raise ValueError(f"no fault of kind {self.kind!r}")

    def hits(self, call):
        hits = (
            self.times != 0
            and fnmatch.fnmatchcase(call.name, self.operation)
            and fnmatch.fnmatchcase(call.region, self.region)
            and self.resource.encode() in urllib.parse.unquote_to_bytes(call.path + "?" + call.query) + b" " + call.body
        )
        if hits and self.skip > 0:
            self.skip -= 1
            return False
        return hits


def caller(environ):
    """Access key, account, Region and service of a signed request."""
    signed = CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
    key, region, service = signed.groups() if signed else ("", "us-east-1", "unsigned")
    own = OWN_KEY.match(key)
    if own:
        return key, own.group(1), region, service
    from moto.iam.models import get_account_id_from

    return key, get_account_id_from(key), region, service


def read_call(environ):
    """Names the operation of a request."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(length) if length else b""
    environ["wsgi.input"] = io.BytesIO(body)
    key, account, region, service = caller(environ)
    method, path, query = environ["REQUEST_METHOD"], environ["PATH_INFO"], environ.get("QUERY_STRING", "")
    arguments = urllib.parse.parse_qs(query, keep_blank_values=True)
    verb = method.capitalize()
    bucket = ""
    target = environ.get("HTTP_X_AMZ_TARGET")
    service = "cloudwatch" if service == "monitoring" else service
    if target:
        operation = target.rsplit(".", 1)[-1]
    elif service == "s3" and path.startswith("/v20180820/"):
        service = "s3control"
        tail = path.rstrip("/").rsplit("/", 1)[-1]
        operation = verb + tail[:1].upper() + tail[1:]
    elif service == "s3":
        bucket, _, object_key = path.lstrip("/").partition("/")
        part = next((name for name in SUBRESOURCES if name in arguments), None)
        if not bucket:
            operation = "ListBuckets"
        elif part and not object_key:
            operation = verb + SUBRESOURCES[part]
        elif object_key:
            operation = verb + "Object"
        elif method == "GET":
            operation = "ListObjectsV2" if "list-type" in arguments else "ListObjects"
        else:
            operation = verb + "Bucket"
    elif path.startswith(f"/service/{watch.SERVICE}/operation/"):
        operation = path.rsplit("/", 1)[1]
    elif beside.rest_operation(service, method, path):
        operation = beside.rest_operation(service, method, path)
    elif service == "account":
        operation = path.strip("/")[:1].upper() + path.strip("/")[1:]
    else:
        action = re.search(rb"(?:^|&)Action=(\w+)", body)
        operation = action.group(1).decode() if action else f"{method} {path}"
    call = Call(service, operation, account, region, key, method, path, query, arguments, body, bucket, access.caller_arn(account, key))
    call.expected_owner = environ.get("HTTP_X_AMZ_EXPECTED_BUCKET_OWNER", "")
    return call


def refusal(call, refused):
    """An error as the service writes it."""
    headers = [("x-amzn-RequestId", call.request_id), ("x-amz-request-id", call.request_id), *refused.headers]
    code, message = refused.code, refused.message.replace("&", "&amp;").replace("<", "&lt;")
    if call.method == "HEAD":
        body, kind = b"", "application/xml"
    elif call.service == "s3":
        body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message><RequestId>{call.request_id}</RequestId></Error>'.encode()
        kind = "application/xml"
    elif call.service in ("s3control", "iam", "sts", "sns"):
        body = (
            f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
            f"<RequestId>{call.request_id}</RequestId></ErrorResponse>"
        ).encode()
        kind = "text/xml"
    elif call.service == "cloudwatch" and watch.speaks_cbor(call):
        body = cbor.encode({"__type": f"com.amazonaws.cloudwatch#{code}", "message": refused.message})
        kind = "application/cbor"
        headers += [("smithy-protocol", "rpc-v2-cbor"), ("x-amzn-query-error", f"{code};Sender")]
    elif call.service == "securityhub":
        body = json.dumps({"Code": code, "Message": refused.message}).encode()
        kind = "application/json"
        headers.append(("x-amzn-ErrorType", code))
    else:
        body = json.dumps({"__type": code, "message": refused.message}).encode()
        kind = "application/x-amz-json-1.1"
        headers.append(("x-amzn-ErrorType", code))
    return refused.status, [*headers, ("Content-Type", kind)], body


def action_of(call):
    """The IAM action that a call needs. Source: the Service Authorization Reference."""
    return ACTIONS.get(call.name, call.name.replace("s3control:", "s3:"))


def is_permitted(call, account):
    """Whether the caller's own policies allow the call, where the test gave it some."""
    if account.permissions is None or call.name == "sts:GetCallerIdentity":
        return True
    documents = account.permissions["user" if OWN_KEY.match(call.key) else "role"]
    resource = call.form().get("RoleArn", ["*"])[0] if call.name == "sts:AssumeRole" else "*"
    return access.permits(documents, action_of(call), resource)


def denial(call, fault):
    action = action_of(call)
    because = (
        "with an explicit deny in a service control policy"
        if fault and fault.kind == "scp"
        else f"because no identity-based policy allows the {action} action"
    )
    message = (fault and fault.message) or f"User: {call.caller_arn} is not authorized to perform: {action} {because}"
    return denied(call, message)


def denied(call, message):
    code = {"sns": "AuthorizationError", **dict.fromkeys(("s3", "s3control", "iam", "sts", "cloudwatch"), "AccessDenied")}
    status = 403 if call.service in (*code, "account", "guardduty", "securityhub") else 400
    return Refusal(code.get(call.service, "AccessDeniedException"), message, status)


# What services call a caller who asks too often, and a thing that is not there, where it is not in the first way.
THROTTLED = {
    "s3": ("SlowDown", 503),
    "s3control": ("SlowDown", 503),
    "account": ("TooManyRequestsException", 429),
    "organizations": ("TooManyRequestsException", 400),
    "iam": ("Throttling", 400),
    "sts": ("Throttling", 400),
    "sns": ("Throttling", 400),
    "cloudwatch": ("Throttling", 400),
    "guardduty": ("TooManyRequestsException", 429),
    "securityhub": ("TooManyRequestsException", 429),
}
MISSING = {
    "s3": ("NoSuchBucket", 404),
    "kms": ("NotFoundException", 400),
    "sns": ("NotFound", 404),
    "cloudtrail": ("TrailNotFoundException", 400),
    "organizations": ("AWSOrganizationsNotInUseException", 400),
    "iam": ("NoSuchEntity", 404),
    "s3control": ("NoSuchResource", 404),
    "sts": ("NoSuchEntity", 404),
}


def hang_up(environ):
    peer = environ["werkzeug.socket"]
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.shutdown(socket.SHUT_RDWR)


def cut_off(environ, body):
    yield body
    environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)


class Emulator:
    """The WSGI application."""

    def __init__(self):
        self.moto = DomainDispatcherApplication(create_backend_app)
        self.url = ""
        answers.patch_moto()

    def __call__(self, environ, start):
        path = environ["PATH_INFO"]
        if path.startswith("/_emulator/"):
            return self.control(environ, start, path.removeprefix("/_emulator/"))
        call = read_call(environ)
        account = WORLD.account(call.account)
        if account.clock:
            call.request_id = call.steady_id()
        seen = {"service": call.service, "operation": call.operation, "region": call.region, "status": 0}
        with LOCK:
            account.calls.append(seen)
            fault = next((f for f in [*account.faults, *account.standing] if f.hits(call)), None)
            if fault and fault.times > 0:
                fault.times -= 1
        if account.latency_ms:
            time.sleep(account.latency_ms / 1000)
        if fault and fault.kind in ("hang", "reset"):
            self.drop(environ, account, fault)
        try:
            status, headers, body = self.answer(environ, call, account, fault)
        except Refusal as refused:
            status, headers, body = refusal(call, refused)
        seen["status"] = status
        length = len(body)
        if fault and fault.kind == "truncated":
            body = body[: length // 2]
        elif fault and fault.kind == "malformed":
            body = body[: max(1, length * 2 // 3)] + b'<"'
            length = len(body)
        headers = [(k, v) for k, v in headers if k.lower() not in ("content-length", "connection")]
        if call.method != "HEAD" or status != 200:
            headers.append(("Content-Length", str(length)))
        start(f"{status} Status", headers)
        return cut_off(environ, body) if fault and fault.kind == "truncated" else [body]

    def drop(self, environ, account, fault):
        """Closes the connection without an answer; a hang waits first, until the fault is cleared."""
        end = time.monotonic() + (fault.seconds if fault.kind == "hang" else 0)
        while time.monotonic() < end and fault in account.faults:
            time.sleep(0.05)
        hang_up(environ)
        raise ConnectionResetError("dropped by a fault")

    def answer(self, environ, call, account, fault):
        kind = fault.kind if fault else ""
        if call.key.startswith("AKIAREVOKED"):
            code = {"s3": "InvalidAccessKeyId", "sts": "InvalidClientTokenId", "iam": "InvalidClientTokenId"}
            raise Refusal(code.get(call.service, "UnrecognizedClientException"), "The security token included in the request is invalid.", 403)
        if kind in ("deny", "scp") or not is_permitted(call, account):
            raise denial(call, fault)
        if kind == "throttle":
            code, status = THROTTLED.get(call.service, ("ThrottlingException", 400))
            raise Refusal(code, fault.message or "Rate exceeded", status)
        if kind == "missing":
            code, status = MISSING.get(call.service, ("ResourceNotFoundException", 404 if call.service == "account" else 400))
            raise Refusal(code, fault.message or "It does not exist.", status)
        if kind == "status":
            raise Refusal("InternalError" if call.service == "s3" else "InternalFailure", fault.message or "We encountered an internal error.", fault.status)
        status, headers, body = answers.answer(call, account) or self.ask_moto(environ, call)
        headers = [(name, value) for name, value in headers if name.lower() not in ("x-amzn-requestid", "x-amz-request-id", "date")]
        headers.append(("x-amz-request-id" if call.service == "s3" else "x-amzn-RequestId", call.request_id))
        return status, headers, body

    def ask_moto(self, environ, call):
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = call.served_by or call.account
        environ["HTTP_HOST"] = self.url.removeprefix("http://")
        body = answers.before(call)
        environ["wsgi.input"], environ["CONTENT_LENGTH"] = io.BytesIO(body), str(len(body))
        got = []
        try:
            parts = self.moto(environ, lambda status, headers, exc=None: got.append((int(status.split()[0]), headers)))
            data = b"".join(parts)
        except NotImplementedError as missing:
            raise Refusal("UnsupportedOperationException", f"the emulator has no {call.name}: {missing}", 400) from missing
        status, headers = got[-1]
        if status == 404 and data.lstrip()[:14].lower() == b"<!doctype html":
            raise Refusal("UnsupportedOperationException", f"the emulator has no {call.name}", 400)
        return status, headers, answers.after(call, WORLD.account(call.account), status, data)

    def control(self, environ, start, what):
        """The tests' own requests."""
        length = int(environ.get("CONTENT_LENGTH") or 0)
        arguments = dict(urllib.parse.parse_qsl(environ.get("QUERY_STRING", "")))
        method = environ["REQUEST_METHOD"]
        status = 200
        try:
            arguments |= json.loads(environ["wsgi.input"].read(length)) if length else {}
            reply = self.command(method, what, arguments)
        except Exception as error:  # noqa: BLE001  whatever it is, the test that asked must see it
            logging.exception("%s /_emulator/%s", method, what)
            status, reply = 400, {"error": f"{type(error).__name__}: {error}"}
        body = json.dumps(reply).encode()
        start(f"{status} Status", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]

    def command(self, method, what, arguments):
        if (method, what) == ("POST", "seed"):
            number = arguments.pop("account", None) or WORLD.fresh()
            if "random" in arguments:
                mock_random.seed(arguments.pop("random"))
            return scenarios.seed(self.url, number, Fault, **arguments)
        account = WORLD.account(arguments.pop("account"))
        with LOCK:
            if what == "faults" and method == "DELETE":
                account.faults.clear()
            elif what == "faults" and method == "POST":
                account.faults.append(Fault(**arguments))
            elif what == "calls" and method == "GET":
                counts = {}
                for call in account.calls:
                    by_region = counts.setdefault(f"{call['service']}:{call['operation']}", {})
                    by_region[call["region"]] = by_region.get(call["region"], 0) + 1
                return {"total": len(account.calls), "operations": counts, "calls": list(account.calls)}
            elif what == "calls" and method in ("DELETE", "POST"):
                account.calls.clear()
            elif what == "findings" and method == "GET":
                return {"findings": list((account.security_hub or {}).values())}
            elif what == "account" and method == "POST":
                account.set(**arguments)
            else:
                raise ValueError(f"no such request: {method} {what}")
        return {}


class Quiet(WSGIRequestHandler):
    def log_request(self, *_):
        pass

    def log(self, *_):
        pass


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--max-seconds", type=int, default=7200, help="the server ends itself after this long")
    options = parser.parse_args()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    emulator = Emulator()
    server = make_server("127.0.0.1", options.port, emulator, threaded=True, request_handler=Quiet)
    server.daemon_threads = True
    emulator.url = f"http://127.0.0.1:{server.server_port}"
    end = threading.Timer(options.max_seconds, os._exit, [0])
    end.daemon = True
    end.start()
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
