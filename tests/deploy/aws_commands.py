#!/usr/bin/env python3
"""Would the AWS CLI understand the commands that this project shows? Held against botocore's models of the services.

    aws_commands.py        every fix of every policy, and every command of examples/deploy/README.md
"""

import pathlib
import re
import shlex
import sys

import botocore.session
import yaml
from botocore import xform_name

ROOT = pathlib.Path(__file__).resolve().parents[2]
SESSION = botocore.session.get_session()
# What the CLI calls otherwise than the models, and commands of its own with their options.
SERVICES = {"s3api": "s3", "configservice": "config"}
GLOBAL = {"region", "profile", "output", "query", "cli-input-json", "no-paginate", "no-cli-pager", "max-items"}
OWN = {
    ("s3", "ls"): {"recursive"},
    ("cloudformation", "deploy"): {"stack-name", "template-file", "capabilities", "parameter-overrides"},
    ("cloudtrail", "validate-logs"): {"trail-arn", "start-time", "end-time", "s3-bucket", "s3-prefix", "account-id"},
}
# Members of a structure that the CLI lifts out into an option.
LIFTED = {("configservice", "put-configuration-recorder"): {"recording-group"}}


def complaints(command):
    """What the CLI would complain about."""
    words = shlex.split(command, comments=True)
    if len(words) < 3:
        return ["it is no command"]
    service, operation = words[1], words[2]
    given = [word[2:].split("=")[0] for word in words[3:] if word.startswith("--")]
    if (service, operation) in OWN:
        return [f"there is no option --{name}" for name in given if name not in OWN[service, operation] | GLOBAL]
    try:
        model = SESSION.get_service_model(SERVICES.get(service, service))
    except Exception:  # noqa: BLE001  botocore's own error names every service there is
        return [f"there is no service {service}"]
    operations = {xform_name(name, "-"): name for name in model.operation_names}
    if operation not in operations:
        return [f"{service} has no operation {operation}"]
    shape = model.operation_model(operations[operation]).input_shape
    members = {xform_name(name, "-"): name for name in shape.members} if shape else {}
    options = set(members) | LIFTED.get((service, operation), set())
    options |= {f"no-{name}" for name, member in members.items() if shape.members[member].type_name == "boolean"}
    found = [f"{service} {operation} has no option --{name}" for name in given if name not in options | GLOBAL]
    missing = [name for name, member in members.items() if shape and member in shape.required_members and name not in given]
    if missing and "cli-input-json" not in given:
        found.append(f"{service} {operation} lacks --{' --'.join(missing)}")
    return found


def of_text(text):
    """The aws commands of a text; lines that go on, by a backslash or by an open quotation, are joined."""
    command = ""
    for line in text.replace("\\\n", " ").splitlines():
        line = line.strip().removeprefix("$ ").split(" | ")[0]
        if not command and not line.startswith("aws "):
            continue
        command = f"{command} {line}".strip()
        if is_closed(command):
            yield command
            command = ""
    if command:
        yield command


def is_closed(command):
    try:
        shlex.split(command)
    except ValueError:
        return False
    return True


def of_policy(path):
    """The commands of a policy's fix, as a name may fill them in."""
    fix = (yaml.safe_load(path.read_text()).get("fix") or {}).get("cli") or ""
    fix = re.sub(r"\{%.*?%\}", "", fix, flags=re.S)
    yield from of_text(re.sub(r"\{\{.*?\}\}", "NAME", fix, flags=re.S))


def main():
    sources = [(path, of_policy(path)) for path in sorted(ROOT.glob("policies/[!f]*/*.yaml"))]
    guide = ROOT / "examples/deploy/README.md"
    sources.append((guide, of_text(guide.read_text())))
    wrong = ["aws cloudtrail stop-loging --name NAME", "aws s3api get-bucket-acl --bukket NAME", "aws sns publish", "aws nothing at-all"]
    blind = [command for command in wrong if not complaints(command)]
    if blind:
        print(f"the check no longer sees mistakes: {blind}")
        return 1
    tried = bad = 0
    for path, commands in sources:
        for command in commands:
            tried += 1
            try:
                found = complaints(command)
            except ValueError as unclosed:
                found = [str(unclosed)]
            for complaint in found:
                bad += 1
                print(f"{path.relative_to(ROOT)}: {complaint}: {command}")
    print(f"{tried} commands, {bad} complaints")
    # So few would mean that the commands are no longer seen.
    return 1 if bad or tried < 60 else 0


if __name__ == "__main__":
    sys.exit(main())
