"""Holds every format of a report against somebody else's idea of it, and against report.json.

    validate.py FOLDER     the folder that `trailproof scan` wrote every format into
    validate.py --self-test FOLDER     damages each document and demands a complaint
"""

import contextlib
import csv
import functools
import io
import json
import re
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections import Counter
from datetime import datetime
from pathlib import Path
from urllib.parse import urlparse

import botocore.session
import jsonschema
import junitparser
from botocore.validate import ParamValidator
from py_ocsf_models.events.findings.compliance_finding import ComplianceFinding
from py_ocsf_models.objects.cloud import Cloud
from pydantic import BaseModel, ValidationError
from trestle.cli import Trestle

HERE = Path(__file__).parent
SARIF_SCHEMA = HERE / "node_modules/@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json"
MARKDOWNLINT = HERE / "node_modules/.bin/markdownlint-cli2"

# What nobody who looks at a file should meet: controls, bidirectional overrides, zero-width characters.
HIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


class Report:
    """report.json, as far as the formats are compared with it."""

    def __init__(self, folder):
        self.data = json.loads((folder / "report.json").read_text())
        self.findings = self.data["findings"]
        self.words = Counter(word(f) for f in self.findings)
        self.outcomes = Counter(f["outcome"] for f in self.findings)


def word(finding):
    waiver = finding.get("waiver")
    if finding["outcome"] == "fail" and waiver:
        if not waiver["is_expired"]:
            return "waived"
    if finding["outcome"] == "fail" and finding.get("known"):
        return "known"
    if finding["outcome"] == "fail" and waiver:
        return "waiver expired"
    return finding["outcome"].replace("_", " ")


def same(what, found, wanted):
    return [] if found == wanted else [f"{what}: {found} instead of {wanted}"]


def hidden(text):
    return [f"a hidden character {match.group()!r}" for match in list(HIDDEN.finditer(text))[:1]]


# --- OCSF -------------------------------------------------------------------------------------------------------------

# Attributes of OCSF 1.5.0 that the Python models lack. `cloud` comes with the profile, and is held against its own model.
BEYOND_THE_MODELS = {"Compliance.status", "ComplianceFinding.cloud"}


def unknown_fields(model, given):
    """Keys that the model swallowed without knowing them."""
    if isinstance(model, BaseModel) and isinstance(given, dict):
        for key, value in given.items():
            name = f"{type(model).__name__}.{key}"
            if key not in type(model).model_fields:
                if name not in BEYOND_THE_MODELS:
                    yield f"unknown field {name}"
            else:
                yield from unknown_fields(getattr(model, key), value)
    elif isinstance(model, list) and isinstance(given, list):
        for one, its in zip(model, given):
            yield from unknown_fields(one, its)


def ocsf(folder, report):
    text = (folder / "report.ocsf.jsonl").read_text()
    complaints = hidden(text)
    events = [json.loads(line) for line in text.splitlines()]
    complaints += same("events", len(events), len(report.findings))
    complaints += same("distinct ids", len({e["finding_info"]["uid"] for e in events}), len(events))
    for event in events:
        try:
            model = ComplianceFinding.model_validate(event)
            cloud = Cloud.model_validate(event["cloud"])
        except ValidationError as error:
            complaints.append(str(error))
            continue
        complaints += [*unknown_fields(model, event), *unknown_fields(cloud, event["cloud"])]
        for moment in ("time", "start_time", "end_time"):
            if not 10**12 < event[moment] < 10**13:
                complaints.append(f"{moment} is not in milliseconds: {event[moment]}")
        complaints += same("type_uid", event["type_uid"], event["class_uid"] * 100 + event["activity_id"])
        complaints += same("version", event["metadata"]["version"], "1.5.0")
        complaints += empty(event)
    status = Counter((e["compliance"]["status_id"], e["status_id"]) for e in events)
    wanted = {
        "fail": (3, 1), "waiver expired": (3, 1), "waived": (3, 3), "known": (3, 99),
        "unknown": (2, 1), "pass": (1, 4), "not applicable": (99, 99),
    }
    expected = Counter()
    for name, number in report.words.items():
        expected[wanted[name]] += number
    complaints += same("statuses", status, expected)
    for event in events:
        if event["compliance"]["status_id"] in (1, 99):
            complaints += same("severity of what needs nothing", event["severity_id"], 1)
    return complaints


def empty(value, path=""):
    """Empty lists, objects and nulls."""
    if isinstance(value, dict):
        return (["empty object " + path] if not value else []) + [c for k, v in value.items() for c in empty(v, f"{path}.{k}")]
    if isinstance(value, list):
        return (["empty list " + path] if not value else []) + [c for v in value for c in empty(v, path)]
    return ["null " + path] if value is None else []


# --- ASFF -------------------------------------------------------------------------------------------------------------

LENGTHS = {"Title": 256, "Description": 1024, "Id": 512, "GeneratorId": 512, "ProductArn": 2048}
PRODUCT = re.compile(r"arn:(aws(?:-[a-z-]+)?):securityhub:([a-z]+(?:-[a-z]+)+-\d+):(\d{12}):product/(\d{12})/default")
# The customer's own; an import must not set them.
FORBIDDEN = {"Note", "UserDefinedFields", "VerificationState", "Workflow", "WorkflowState", "Severity", "Types", "Confidence"}


def asff(folder, report):
    text = (folder / "report.asff.jsonl").read_text()
    complaints = hidden(text)
    model = botocore.session.get_session().get_service_model("securityhub")
    shape = model.operation_model("BatchImportFindings").input_shape
    all_findings = []
    for line in text.splitlines():
        request = json.loads(line)
        problems = ParamValidator().validate(request, shape)
        if problems.has_errors():
            complaints.append(problems.generate_report())
            continue
        findings = request["Findings"]
        all_findings += findings
        if not 1 <= len(findings) <= 100:
            complaints.append(f"a request of {len(findings)} findings")
        if len(line.encode()) > 6_000_000:
            complaints.append("a request of more than 6 MB")
        complaints += same("accounts and Regions of a request", len({(f["AwsAccountId"], f["Region"]) for f in findings}), 1)
        for finding in findings:
            complaints += asff_finding(finding)
    complaints += same("findings", len(all_findings), len(report.findings))
    complaints += same("distinct ids", len({f["Id"] for f in all_findings}), len(all_findings))
    wanted = {
        "fail": "FAILED", "waiver expired": "FAILED", "waived": "FAILED", "known": "FAILED",
        "unknown": "WARNING", "pass": "PASSED", "not applicable": "NOT_AVAILABLE",
    }
    expected = Counter()
    for name, number in report.words.items():
        expected[wanted[name]] += number
    complaints += same("statuses", Counter(f["Compliance"]["Status"] for f in all_findings), expected)
    known = {a["scope"]["id"] for a in report.data["population"]["accounts"]}
    complaints += [f"account {f['AwsAccountId']} is not of the population" for f in all_findings if f["AwsAccountId"] not in known]
    return complaints


def asff_finding(finding):
    complaints = [f"{key} is longer than {limit}" for key, limit in LENGTHS.items() if len(finding[key].encode()) > limit]
    if len(json.dumps(finding).encode()) > 240_000:
        complaints.append("a finding of more than 240 KB")
    complaints += [f"{key} is not ours to set" for key in FORBIDDEN & finding.keys()]
    product = PRODUCT.fullmatch(finding["ProductArn"])
    if not product:
        return complaints + [f"not a default product: {finding['ProductArn']}"]
    complaints += same("account of the product", {product[3], product[4]}, {finding["AwsAccountId"]})
    complaints += same("Region of the product", product[2], finding["Region"])
    if finding["Compliance"]["Status"] not in {"PASSED", "WARNING", "FAILED", "NOT_AVAILABLE"}:
        complaints.append(f"status {finding['Compliance']['Status']}")
    if finding["FindingProviderFields"]["Severity"]["Label"] not in {"INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL"}:
        complaints.append("severity label")
    for moment in ("CreatedAt", "UpdatedAt"):
        datetime.strptime(finding[moment], "%Y-%m-%dT%H:%M:%S.%fZ")
    if len(finding["Compliance"].get("RelatedRequirements", [])) > 32:
        complaints.append("more than 32 related requirements")
    for requirement in finding["Compliance"].get("RelatedRequirements", []):
        if requirement.startswith("PCI") and not re.fullmatch(r"PCI DSS v\d+\.\d+(\.\d+)?/[A-Z]?\d[\d.]*", requirement):
            complaints.append(f"not AWS's spelling: {requirement}")
    fields = finding["ProductFields"]
    if len(fields) > 50 or any(len(k) > 128 or len(v.encode()) > 2048 for k, v in fields.items()):
        complaints.append("ProductFields is too large")
    for text in (finding.get("Remediation") or {}).get("Recommendation", {}).values():
        if len(text.encode()) > 512:
            complaints.append("a recommendation is longer than 512")
    for resource in finding["Resources"]:
        if len(resource["Id"].encode()) > 512:
            complaints.append("a resource id is longer than 512")
        arn = resource["Id"].split(":")
        if arn[0] == "arn" and arn[1] != product[1]:
            complaints.append(f"partition {product[1]} of {resource['Id']}")
        complaints += same("partition", resource["Partition"], product[1])
    if any(not str(v).strip() for v in finding.values()):
        complaints.append("an empty string")
    return complaints


# --- SARIF ------------------------------------------------------------------------------------------------------------


def sarif(folder, report):
    path = folder / "report.sarif"
    text = path.read_text()
    complaints = hidden(text)
    document = json.loads(text)
    schema = json.loads(SARIF_SCHEMA.read_text())
    validator = jsonschema.Draft7Validator(schema, format_checker=jsonschema.FormatChecker())
    complaints += [f"{list(e.path)}: {e.message[:200]}" for e in list(validator.iter_errors(document))[:5]]
    if complaints:
        return complaints
    complaints += same("runs", len(document["runs"]), 1)
    run = document["runs"][0]
    results, rules = run["results"], run["tool"]["driver"]["rules"]
    live = report.outcomes["fail"] + report.outcomes["unknown"]
    complaints += same("results and left out", len(results) + run["properties"]["resultsLeftOut"], live)
    complaints += same("kinds", Counter(r["kind"] for r in results), Counter({"fail": report.outcomes["fail"], "open": report.outcomes["unknown"]}))
    complaints += same("suppressed", sum(1 for r in results if r.get("suppressions")), report.words["waived"])
    complaints += same("distinct fingerprints", len({r["partialFingerprints"]["trailproofFinding/v1"] for r in results}), len(results))
    if len(results) > 25_000 or len(rules) > 25_000:
        complaints.append("more than GitHub takes")
    inventory = (folder / "inventory.json").read_text().splitlines()
    read = {account["id"] for account in json.loads("\n".join(inventory))["accounts"]}
    for artifact in run["artifacts"]:
        digest = subprocess.run(["sha256sum", folder / artifact["location"]["uri"]], capture_output=True, text=True, check=True)
        complaints += same("hash of the artifact", artifact["hashes"]["sha-256"], digest.stdout.split()[0])
    for result in results:
        complaints += same("rule", rules[result["ruleIndex"]]["id"], result["ruleId"])
        if result["kind"] != "fail" and result["level"] != "none":
            complaints.append("a level where the kind is not fail")
        for location in result["locations"]:
            uri = location["physicalLocation"]["artifactLocation"]["uri"]
            if urlparse(uri).scheme or uri.startswith("/"):
                complaints.append(f"not a relative path: {uri}")
            line = location["physicalLocation"]["region"]["startLine"]
            name = location["logicalLocations"][0]["name"]
            full = location["logicalLocations"][0]["fullyQualifiedName"]
            kind = next(f["subject"]["kind"] for f in report.findings if f["subject"]["id"] == full)
            record = "\n".join(inventory[line - 1 : line + 60])
            # The record is there, and not merely the top of the file; an account of which nothing was read has none.
            if (kind != "account" or full in read) and (line == 1 or (name not in record and full not in record)):
                complaints.append(f"line {line} is not the record of {full}")
    for rule in rules:
        if len(rule["properties"]["tags"]) > 10 or not rule["help"]["text"].strip():
            complaints.append(f"rule {rule['id']}: tags or help")
    return complaints


# --- OSCAL ------------------------------------------------------------------------------------------------------------


@functools.cache
def trestle_workspace():
    workspace = tempfile.TemporaryDirectory()
    code, said = trestle(workspace.name, "init", "--local")
    assert code == 0, said
    return workspace


def trestle(workspace, *arguments):
    """The command line of compliance-trestle, in this process: starting it takes longer than its work."""
    said = io.StringIO()
    before, sys.argv = sys.argv, ["trestle", *arguments, "--trestle-root", workspace]
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            code = Trestle().run()
    except SystemExit as end:
        code = end.code
    finally:
        sys.argv = before
    return code, said.getvalue()


def trestle_validates(text):
    workspace = trestle_workspace().name
    home = Path(workspace) / "assessment-results/ours"
    home.mkdir(parents=True, exist_ok=True)
    (home / "assessment-results.json").write_text(text)
    return trestle(workspace, "validate", "-t", "assessment-results", "-n", "ours")


def oscal(folder, report):
    text = (folder / "report.oscal.json").read_text()
    complaints = hidden(text)
    document = json.loads(text)
    code, said = trestle_validates(text)
    if code != 0 or "VALID: Model" not in said:
        return complaints + [said[-2000:]]
    complaints += empty(document)
    results = document["assessment-results"]
    complaints += same("version", results["metadata"]["oscal-version"], "1.2.1")
    defined = Counter(found(document, "uuid"))
    complaints += [f"{u} stands {n} times" for u, n in defined.items() if n > 1]
    for one in defined:
        complaints += same(f"version of {one}", uuid.UUID(one).version, 5)
    references = [r for key in ("actor-uuid", "subject-uuid", "observation-uuid", "risk-uuid") for r in found(document, key)]
    references += [h[1:] for h in found(document, "href") if h.startswith("#")]
    complaints += [f"nothing has the id {r}" for r in references if r not in defined]
    result = results["results"][0]
    observations, risks, findings = (result.get(k, []) for k in ("observations", "risks", "findings"))
    complaints += same("observations", len(observations), len(report.findings))
    outcomes = Counter(p["value"] for o in observations for p in o["props"] if p["name"] == "outcome")
    complaints += same("outcomes", outcomes, report.words)
    complaints += [f"method {m}" for o in observations for m in o["methods"] if m not in {"EXAMINE", "INTERVIEW", "TEST"}]
    statuses = Counter(r["status"] for r in risks)
    wanted = {"deviation-approved": report.words["waived"], "open": report.words["waiver expired"]}
    complaints += same("risks", statuses, Counter({k: v for k, v in wanted.items() if v}))
    requirements = [r for f in report.data["frameworks"] for r in f["requirements"]]
    states = {"met_by_facts": "satisfied", "not_met": "not-satisfied", "undecided": "not-satisfied", "partial": "not-satisfied"}
    expected = Counter(states[r["status"]] for r in requirements if r["status"] in states)
    complaints += same("states", Counter(f["target"]["status"]["state"] for f in findings), expected)
    controls = {c["control-id"] for s in result["reviewed-controls"]["control-selections"] for c in s.get("include-controls", [])}
    complaints += same("reviewed controls", controls, {f["target"]["target-id"] for f in findings})
    for key in ("last-modified", "start", "end", "collected", "deadline"):
        for moment in found(document, key):
            if datetime.fromisoformat(moment).tzinfo is None:
                complaints.append(f"{key} without a zone: {moment}")
    tokens = set(found(document, "control-id")) | set(found(document, "target-id")) | set(found(document, "name"))
    complaints += [f"not a token: {t}" for t in tokens if not re.fullmatch(r"[^\W\d][\w.\-]*", t)]
    digest = subprocess.run(["sha256sum", folder / "report.json"], capture_output=True, text=True, check=True).stdout.split()[0]
    complaints += same("hash of report.json", list(found(document["assessment-results"]["back-matter"], "value")), [digest])
    return complaints


def found(value, key):
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == key and isinstance(inner, str):
                yield inner
            yield from found(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from found(inner, key)


# --- CSV, Markdown, JUnit ---------------------------------------------------------------------------------------------


def csv_file(folder, report):
    raw = (folder / "report.csv").read_bytes()
    text = raw.decode()
    complaints = hidden(text)
    if raw.count(b"\n") != raw.count(b"\r\n") or raw.count(b"\r") != raw.count(b"\r\n"):
        complaints.append("a line that does not end with CRLF")
    table = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    header, rows = table[0], table[1:]
    complaints += [f"a row of {len(r)} cells" for r in rows if len(r) != len(header)]
    complaints += same("rows", len(rows), sum(max(1, len(f["requirements"])) for f in report.findings))
    complaints += [f"a formula: {c[:40]}" for r in rows for c in r if c[:1] and c[0] in "=+-@\t\r"]
    records = [dict(zip(header, r)) for r in rows]
    per_finding = {r["finding_id"]: r["outcome"] for r in records}
    complaints += same("outcomes", Counter(per_finding.values()), report.words)
    stated = {(r["finding"], r["framework"], r["requirement"], r["strength"]) for r in records if r["framework"]}
    wanted = {(str(n), q["framework"], q["id"], q["strength"]) for n, f in enumerate(report.findings, 1) for q in f["requirements"]}
    complaints += same("requirements", stated, wanted)
    return complaints


def markdown(folder, report):
    path = folder / "report.md"
    text = path.read_text()
    complaints = hidden(text)
    if len(text) >= 65_536:
        complaints.append(f"{len(text)} characters")
    run = subprocess.run([MARKDOWNLINT, "--config", HERE / ".markdownlint-cli2.jsonc", path.name], cwd=folder, capture_output=True, text=True)
    if run.returncode != 0:
        complaints.append((run.stderr + run.stdout)[-1500:])
    totals = dict(re.findall(r"^\| ([a-z ]+) \|(?: [\d,]+ \|){5} ([\d,]+) \|$", text, re.M))
    counted = Counter({k: int(v.replace(",", "")) for k, v in totals.items() if v != "0"})
    complaints += same("counts", counted, report.words)
    return complaints


def junit(folder, report):
    path = folder / "report.junit.xml"
    complaints = hidden(path.read_text())
    document = junitparser.JUnitXml.fromfile(str(path))
    cases = [case for suite in document for case in suite]
    complaints += same("tests", len(cases), len(report.findings))
    kinds = Counter()
    for case in cases:
        result = case.result[0] if case.result else None
        kinds[type(result).__name__] += 1
        if result is not None and not (result.message and result.type):
            complaints.append(f"{case.name}: no message or no type")
    words = report.words
    wanted = Counter({
        "Failure": words["fail"] + words["waiver expired"], "Error": words["unknown"],
        "Skipped": words["waived"] + words["known"] + words["not applicable"], "NoneType": words["pass"],
    })
    complaints += same("results", kinds, Counter({k: v for k, v in wanted.items() if v}))
    for suite in document:
        own = Counter(type(c.result[0]).__name__ for c in suite if c.result)
        complaints += same(f"counts of {suite.name}", (suite.tests, suite.failures, suite.errors, suite.skipped),
                           (len(list(suite)), own["Failure"], own["Error"], own["Skipped"]))
    accounts = {(f["policy"], f["subject"]["account"]) for f in report.findings}
    complaints += same("suites", len(list(document)), len(accounts))
    return complaints


# --- GitLab -----------------------------------------------------------------------------------------------------------

# The fields that GitLab documents: https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
LINE = {"type": "integer", "minimum": 1}
CODE_QUALITY = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "array",
    "items": {
        "type": "object",
        "additionalProperties": False,
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "properties": {
            "description": {"type": "string", "minLength": 1},
            "check_name": {"type": "string", "minLength": 1},
            "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "additionalProperties": False,
                "required": ["path", "lines"],
                "properties": {
                    "path": {"type": "string", "pattern": r"^(?!/|\./|[A-Za-z]:|.*\\)(?!(.*/)?\.\./).+$"},
                    "lines": {"type": "object", "required": ["begin"], "properties": {"begin": LINE, "end": LINE}},
                },
            },
        },
    },
}
GITLAB_SEVERITY = {"info": "info", "low": "minor", "medium": "major", "high": "critical", "critical": "blocker"}


def gitlab(folder, report):
    raw = (folder / "gl-code-quality-report.json").read_bytes()
    complaints = ["a byte order mark, which GitLab refuses"] if raw.startswith(b"\xef\xbb\xbf") else []
    issues = json.loads(raw)
    complaints += hidden(raw.decode())
    validator = jsonschema.Draft202012Validator(CODE_QUALITY)
    complaints += [f"{list(e.path)}: {e.message[:200]}" for e in list(validator.iter_errors(issues))[:5]]
    if complaints:
        return complaints
    live = [f for f in report.findings if f["outcome"] in ("fail", "unknown")]
    complaints += same("distinct fingerprints", len({i["fingerprint"] for i in issues}), len(issues))
    wanted = Counter(
        (f["policy"], "info" if word(f) in ("waived", "known") else GITLAB_SEVERITY[f["severity"]]) for f in live
    )
    complaints += same("issues", Counter((i["check_name"], i["severity"]) for i in issues), wanted)
    lead = Counter(i["description"].split(": ")[0] for i in issues)
    for name in ("unknown", "waived", "known"):
        complaints += same(name, lead[name], report.words[name])
    inventory = (folder / "inventory.json").read_text().splitlines()
    for issue in issues:
        where = issue["location"]
        if where["path"] == "inventory.json" and inventory[where["lines"]["begin"] - 1].strip() != "{":
            complaints.append(f"line {where['lines']['begin']} of the inventory begins no record")
    return complaints


FORMATS = {"gitlab": gitlab, "ocsf": ocsf, "asff": asff, "sarif": sarif, "oscal": oscal, "csv": csv_file, "markdown": markdown, "junit": junit}


def complaints_of(name, folder):
    try:
        return FORMATS[name](folder, Report(folder))
    except Exception as error:  # whatever a reader throws at a document is a complaint
        return [f"{type(error).__name__}: {error}"]


# --- The validator is itself tested -----------------------------------------------------------------------------------


def lines(change):
    """A change to the first object of a file of JSON lines."""
    def damage(text):
        first, *rest = text.splitlines()
        value = json.loads(first)
        change(value)
        return "\n".join([json.dumps(value), *rest]) + "\n"
    return damage


def whole(change):
    def damage(text):
        value = json.loads(text)
        change(value)
        return json.dumps(value)
    return damage


def lines_of(change):
    """A change to the first object of a list."""
    return whole(lambda document: change(document[0]))


def drop(text, pattern):
    changed = re.sub(pattern, "", text, count=1, flags=re.M)
    assert changed != text, f"nothing to damage: {pattern}"
    return changed


def found_regions(document):
    for result in document["runs"][0]["results"]:
        yield result["locations"][0]["physicalLocation"]["region"]


def ar(value):
    return value["assessment-results"]["results"][0]


DAMAGES = {
    "ocsf": ("report.ocsf.jsonl", {
        "seconds": lines(lambda e: e.update(time=e["time"] // 1000)),
        "an invented field": lines(lambda e: e["finding_info"].update(colour="red")),
        "an invented field of the cloud": lines(lambda e: e["cloud"].update(colour="red")),
        "an invented field deep inside": lines(lambda e: e["resources"][0]["group"].update(colour="red")),
        "no compliance": lines(lambda e: e.pop("compliance")),
        "a fail called a pass": lines(lambda e: e["compliance"].update(status_id=1)),
        "an event lost": lambda t: t.split("\n", 1)[1],
        "an empty list": lines(lambda e: e["compliance"].update(checks=[])),
        "a hidden character": lambda t: t.replace("Trailproof", "Trail\u202eproof"),
    }),
    "asff": ("report.asff.jsonl", {
        "an invented field": lines(lambda r: r["Findings"][0].update(Colour="red")),
        "no title": lines(lambda r: r["Findings"][0].pop("Title")),
        "a long description": lines(lambda r: r["Findings"][0].update(Description="x" * 1025)),
        "the customer's workflow": lines(lambda r: r["Findings"][0].update(Workflow={"Status": "SUPPRESSED"})),
        "another account's product": lines(lambda r: r["Findings"][0].update(AwsAccountId="000000000000")),
        "101 findings": lines(lambda r: r.update(Findings=(r["Findings"] * 101)[:101])),
        "a spelling of our own": lines(lambda r: r["Findings"][0]["Compliance"].update(RelatedRequirements=["PCI 10.2.1"])),
        "a status lost": lines(lambda r: r["Findings"][0]["Compliance"].update(Status="NOT_AVAILABLE" if r["Findings"][0]["Compliance"]["Status"] != "NOT_AVAILABLE" else "FAILED")),
    }),
    "sarif": ("report.sarif", {
        "an invented field": whole(lambda d: d["runs"][0].update(colour="red")),
        "a result lost": whole(lambda d: d["runs"][0]["results"].pop()),
        "a wrong rule": whole(lambda d: d["runs"][0]["results"][0].update(ruleIndex=d["runs"][0]["results"][0]["ruleIndex"] + 1)),
        "a wrong line": whole(lambda d: next(x for x in found_regions(d) if x["startLine"] > 1).update(startLine=1)),
        "an unknown kind": whole(lambda d: d["runs"][0]["results"][0].update(kind="bad")),
        "an unknown called a pass": whole(lambda d: d["runs"][0]["results"][-1].update(kind="pass")),
        "an absolute path": whole(lambda d: d["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"].update(uri="file:///etc/passwd")),
        "a wrong hash": whole(lambda d: d["runs"][0]["artifacts"][0]["hashes"].update({"sha-256": "0" * 64})),
    }),
    "oscal": ("report.oscal.json", {
        "an invented field": whole(lambda d: ar(d).update(colour="red")),
        "an empty list": whole(lambda d: ar(d).update(risks=[])),
        "a reference to nothing": whole(lambda d: ar(d)["observations"][0]["subjects"][0].update({"subject-uuid": str(uuid.uuid5(uuid.NAMESPACE_DNS, "x"))})),
        "an invented method": whole(lambda d: ar(d)["observations"][0].update(methods=["GUESS"])),
        "another version": whole(lambda d: d["assessment-results"]["metadata"].update({"oscal-version": "1.1.2"})),
        "an observation lost": whole(lambda d: ar(d)["observations"].pop()),
        "satisfied after all": whole(lambda d: next(f for f in ar(d)["findings"] if f["target"]["status"]["state"] != "satisfied")["target"]["status"].update(state="satisfied")),
        "no zone": whole(lambda d: ar(d)["observations"][0].update(collected="2026-01-01T00:00:00")),
        "not a token": whole(lambda d: ar(d)["findings"][0]["target"].update({"target-id": "10.2.1 (a)"})),
    }),
    "csv": ("report.csv", {
        "a formula": lambda t: re.sub(r'"arn:aws', '"=cmd()', t, count=1),
        "a row lost": lambda t: t.rsplit("\r\n", 2)[0] + "\r\n",
        "a cell too many": lambda t: t.rstrip("\r\n") + ',"x"\r\n',
        "bare line ends": lambda t: t.replace("\r\n", "\n"),
        "an outcome changed": lambda t: re.sub(r'"unknown","(?=\d{12})', '"pass","', t),
    }),
    "markdown": ("report.md", {
        "too long": lambda t: t + "x" * 65_536,
        "HTML": lambda t: t + "\n<script>alert(1)</script>\n",
        "a count changed": lambda t: re.sub(r"^(\| unknown \|(?: [\d,]+ \|){5}) [\d,]+", r"\1 0", t, flags=re.M),
        "a cell too many": lambda t: re.sub(r"^(\| fail \|.*)$", r"\1 x |", t, count=1, flags=re.M),
    }),
    "gitlab": ("gl-code-quality-report.json", {
        "an invented field": lines_of(lambda i: i.update(colour="red")),
        "no fingerprint": lines_of(lambda i: i.pop("fingerprint")),
        "an invented severity": lines_of(lambda i: i.update(severity="high")),
        "an absolute path": lines_of(lambda i: i["location"].update(path="/etc/passwd")),
        "a path that leads out": lines_of(lambda i: i["location"].update(path="a/../../x")),
        "a path with a dot": lines_of(lambda i: i["location"].update(path="./main.tf")),
        "line 0": lines_of(lambda i: i["location"]["lines"].update(begin=0)),
        "a wrong line": lines_of(lambda i: i["location"]["lines"].update(begin=2)),
        "an issue lost": whole(lambda d: d.pop()),
        "a byte order mark": lambda t: "\ufeff" + t,
    }),
    "junit": ("report.junit.xml", {
        "cut off": lambda t: t[: len(t) // 2],
        "a failure lost": lambda t: drop(t, r"<failure [^>]*>[^<]*</failure>"),
        "a test lost": lambda t: drop(t, r"^ *<testcase [^>]*/>\n"),
        "no message": lambda t: drop(t, r'(?<=<failure )message="[^"]*"'),
    }),
}


def self_test(folder):
    missed = []
    for name, (file, damages) in DAMAGES.items():
        for what, damage in damages.items():
            with tempfile.TemporaryDirectory() as copy:
                copy = Path(copy) / "copy"
                shutil.copytree(folder, copy)
                text = (copy / file).read_bytes().decode()
                changed = damage(text)
                assert changed != text, f"{name}: {what}: nothing was damaged"
                (copy / file).write_bytes(changed.encode())
                if not complaints_of(name, copy):
                    missed.append(f"{name}: nobody noticed {what}")
    return missed


def main():
    testing = sys.argv[1:2] == ["--self-test"]
    folder = Path(sys.argv[-1])
    failed = [f"{name}: {c}" for name in FORMATS for c in complaints_of(name, folder)[:5]]
    if testing and not failed:
        failed = self_test(folder)
    for line in failed:
        print(line, file=sys.stderr)
    if failed:
        sys.exit(1)
    damages = sum(len(damages) for _, damages in DAMAGES.values())
    print(f"{len(FORMATS)} formats are sound" + (f"; {damages} damages were noticed" if testing else ""))


if __name__ == "__main__":
    main()
