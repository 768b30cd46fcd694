#!/usr/bin/env python3
"""Prowler and Trailproof side by side on one account of the emulator: what each costs, and where their verdicts differ.

    benches/prowler.py [--binary target/release/trailproof] [--rounds 3]

It makes its own environment for Prowler (`benches/prowler-requirements.txt`, a few minutes the first time), starts the emulator with the
scenario `acme`, and asks both about the same seven Regions. Every difference is explained in EXPLAINED; one that is not there ends the
script with 1, so that a new version of either is looked at. It is no part of `tests/run`.
"""

import argparse
import csv
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ACCOUNT = "111122223333"
REGIONS = ["us-east-1", "us-east-2", "us-west-2", "eu-west-1", "eu-central-1", "ap-southeast-2", "af-south-1"]

# Prowler's check -> what its rows are about, and the policies that ask the same; a thing passes where all of them pass.
PAIRS = {
    "cloudtrail_bucket_requires_mfa_delete": ("trail's bucket", ["log-bucket-mfa-delete"]),
    "cloudtrail_cloudwatch_logging_enabled": ("trail", ["trail-cloud-watch-logs-delivered"]),
    "cloudtrail_insights_exist": ("account", ["trail-insights-enabled"]),
    "cloudtrail_kms_encryption_enabled": ("trail", ["trail-kms-encryption"]),
    "cloudtrail_log_file_validation_enabled": ("trail", ["trail-log-file-validation"]),
    "cloudtrail_logs_s3_bucket_access_logging_enabled": ("trail's bucket", ["log-bucket-access-logging"]),
    "cloudtrail_logs_s3_bucket_is_not_publicly_accessible": ("trail's bucket", ["log-bucket-policy-not-public", "log-bucket-acl-not-public"]),
    "cloudtrail_multi_region_enabled": ("account", ["trail-covers-every-region"]),
    "cloudtrail_multi_region_enabled_logging_management_events": ("account", ["trail-records-management-events"]),
    "cloudtrail_s3_dataevents_read_enabled": ("account", ["trail-records-s3-object-reads"]),
    "cloudtrail_s3_dataevents_write_enabled": ("account", ["trail-records-s3-object-writes"]),
    "s3_account_level_public_access_blocks": ("account", ["account-public-access-blocked"]),
    "s3_bucket_kms_encryption": ("bucket", ["log-bucket-kms-encryption"]),
    "s3_bucket_level_public_access_block": ("bucket", ["log-bucket-public-access-blocked"]),
    "s3_bucket_no_mfa_delete": ("bucket", ["log-bucket-mfa-delete"]),
    "s3_bucket_object_lock": ("bucket", ["log-bucket-object-lock"]),
    "s3_bucket_object_versioning": ("bucket", ["log-bucket-versioning"]),
    "s3_bucket_public_access": ("bucket", ["log-bucket-policy-not-public", "log-bucket-acl-not-public"]),
    "s3_bucket_secure_transport_policy": ("bucket", ["log-bucket-tls-only"]),
    "s3_bucket_server_access_logging_enabled": ("bucket", ["log-bucket-access-logging"]),
    "kms_cmk_rotation_enabled": ("key", ["key-rotation"]),
    "kms_cmk_not_deleted_unintentionally": ("key", ["key-enabled"]),
    "kms_key_not_publicly_accessible": ("key", ["key-policy-not-public"]),
}

# (Prowler's check, the thing's name) -> who is right, checked against what the scenario makes.
EXPLAINED = {}

# Names under a loopback address resolve to it: S3 Control writes the account before the host.
RESOLVER = """
import re, socket
ask = socket.getaddrinfo
def resolve(host, *rest, **named):
    name = host.decode() if isinstance(host, bytes) else host
    return ask("127.0.0.1" if name and re.search(r"\\.127\\.0\\.0\\.1$", name) else host, *rest, **named)
socket.getaddrinfo = resolve
"""


def python(*requirements):
    script = ROOT / "tests/emulator/python"
    return subprocess.run([script, *requirements], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


class Emulator:
    def __init__(self):
        command = [python(), ROOT / "tests/emulator/emulator.py", "--port", "0", "--max-seconds", "3000"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}"

    def ask(self, method, what, **body):
        request = urllib.request.Request(f"{self.url}/_emulator/{what}", json.dumps(body).encode(), method=method)
        with urllib.request.urlopen(request, timeout=120) as reply:
            return json.load(reply)

    def __enter__(self):
        self.key = self.ask("POST", "seed", scenario="acme", account=ACCOUNT)["access_key"]
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def measured(command, environment, emulator, expected):
    """Wall and processor seconds, peak memory in MB, and requests of one run of a program."""
    emulator.ask("DELETE", f"calls?account={ACCOUNT}")
    begun = time.monotonic()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    output = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    wall = time.monotonic() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in expected:
        sys.exit(f"{command[0]} ended with {process.returncode}:\n{output.decode()[-3000:]}")
    requests = emulator.ask("GET", f"calls?account={ACCOUNT}")["total"]
    return {"wall": wall, "cpu": used.ru_utime + used.ru_stime, "memory": used.ru_maxrss / 1000, "requests": requests}


def run_prowler(prowler, emulator, folder):
    (folder / "sitecustomize.py").write_text(RESOLVER)
    environment = surroundings(emulator, folder) | {"PYTHONPATH": str(folder)}
    out = folder / "prowler"
    command = [prowler, "aws", "--region", *REGIONS, "--checks", *PAIRS, "--output-formats", "csv", "-o", out, "-F", "r"]
    command += ["--no-banner", "--no-color", "--ignore-exit-code-3"]
    cost = measured(command, environment, emulator, {0})
    with open(out / "r.csv", newline="") as file:
        return cost, list(csv.DictReader(file, delimiter=";"))


def run_trailproof(binary, emulator, folder):
    out = folder / "trailproof"
    command = [binary, "scan", "--quiet", "--region", *REGIONS, "--out", out]
    cost = measured(command, surroundings(emulator, folder), emulator, {1})
    return cost, json.loads((out / "report.json").read_text()), json.loads((out / "inventory.json").read_text())


def surroundings(emulator, folder):
    return {
        "HOME": str(folder),
        "PATH": os.environ["PATH"],
        "AWS_ENDPOINT_URL": emulator.url,
        "AWS_ACCESS_KEY_ID": emulator.key,
        "AWS_SECRET_ACCESS_KEY": "example",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def name(identifier):
    return identifier.rsplit(":::", 1)[-1].rsplit("/", 1)[-1]


def verdicts_of_prowler(rows):
    """(check, thing) -> verdict: a thing with rows of several Regions passes where all of them do."""
    verdicts = {}
    for row in rows:
        about, _ = PAIRS[row["CHECK_ID"]]
        thing = ACCOUNT if about == "account" else name(row["RESOURCE_UID"])
        verdicts.setdefault((row["CHECK_ID"], thing), set()).add(row["STATUS"].lower())
    return {key: "pass" if found == {"pass"} else "fail" if "fail" in found else ", ".join(sorted(found)) for key, found in verdicts.items()}


def verdicts_of_trailproof(report, inventory):
    by_policy = {}
    for finding in report["findings"]:
        by_policy.setdefault(finding["policy"], {})[name(finding["subject"]["id"])] = finding["outcome"]
    bucket_of = {trail["name"]: value(trail["bucket"]) for trail in inventory["trails"]}
    verdicts = {}
    for check, (about, policies) in PAIRS.items():
        subjects = bucket_of if about == "trail's bucket" else {thing: thing for thing in by_policy.get(policies[0], {})}
        for thing, subject in subjects.items():
            found = {by_policy.get(policy, {}).get(subject, "not judged") for policy in policies}
            worst = next((outcome for outcome in ("fail", "unknown", "not judged", "not_applicable") if outcome in found), "pass")
            verdicts[check, thing] = worst
    return verdicts


def value(fact):
    return (fact.get("known") or {}).get("value") if isinstance(fact, dict) else fact


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", type=Path, default=Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release/trailproof")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    prowler = Path(python(ROOT / "benches/prowler-requirements.txt")).parent / "prowler"
    costs = {"Prowler": [], "Trailproof": []}
    with Emulator() as emulator, tempfile.TemporaryDirectory() as temporary:
        for number in range(options.rounds):
            folder = Path(temporary, str(number))
            folder.mkdir()
            cost, rows = run_prowler(prowler, emulator, folder)
            costs["Prowler"].append(cost)
            cost, report, inventory = run_trailproof(options.binary, emulator, folder)
            costs["Trailproof"].append(cost)
    print(f"acme, one account, {len(REGIONS)} Regions; the quietest of {options.rounds} rounds")
    print(f"{'':12}{'wall s':>9}{'cpu s':>9}{'peak MB':>9}{'requests':>10}")
    for tool, all_costs in costs.items():
        best = min(all_costs, key=lambda cost: cost["wall"])
        print(f"{tool:12}{best['wall']:9.2f}{best['cpu']:9.2f}{best['memory']:9.0f}{best['requests']:10}")
    theirs, ours = verdicts_of_prowler(rows), verdicts_of_trailproof(report, inventory)
    both = [key for key in theirs if key in ours]
    agreed = sum(theirs[key] == ours[key] for key in both)
    print(f"\n{len(PAIRS)} checks that both have: {len(both)} verdicts on the same things, {agreed} alike")
    unexplained = 0
    for key in sorted(theirs.keys() | ours.keys()):
        check, thing = key
        if theirs.get(key) == ours.get(key) or not differs(theirs.get(key), ours.get(key)):
            continue
        says = EXPLAINED.get(key)
        unexplained += says is None
        print(f"{check} | {thing} | {theirs.get(key, 'silent')} | {ours.get(key, 'silent')} | {says or 'NOT EXPLAINED'}")
    alone = sorted({thing for check, thing in theirs if (check, thing) not in ours})
    print(f"\nthings that Prowler alone judges: {', '.join(alone) or 'none'}")
    sys.exit(1 if unexplained else 0)


def differs(theirs, ours):
    """Things that no trail leads to are not Trailproof's concern."""
    return ours is not None and theirs != ours


if __name__ == "__main__":
    main()
