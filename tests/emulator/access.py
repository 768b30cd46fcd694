"""Who may do what, as far as the emulator's accounts need it: resource policies, trust policies, and the roles behind credentials."""

import fnmatch
import json

from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

from world import Refusal


def listed(value):
    return value if isinstance(value, list) else [value]


def names_account(principal, account, arn):
    """Whether an AWS principal of a policy stands for the caller: everyone, its account, its role or its session."""
    role = role_of_session(arn)
    return any(one in ("*", account, f"arn:aws:iam::{account}:root", arn, role) for one in listed(principal))


def role_of_session(arn):
    parts = arn.split(":")
    if parts[2] == "sts" and parts[5].startswith("assumed-role/"):
        return f"arn:aws:iam::{parts[4]}:role/{parts[5].split('/')[1]}"
    return arn


def allows(policy, action, account, arn, context=None):
    """Whether a statement of the policy allows it to the caller. Conditions other than equality with the context do not hold."""
    for statement in listed(json.loads(policy or '{"Statement": []}')["Statement"]):
        principal = statement.get("Principal", {})
        principals = principal if principal == "*" else principal.get("AWS", [])
        if (
            statement["Effect"] == "Allow"
            and names_account(principals, account, arn)
            and any(fnmatch.fnmatch(action.lower(), pattern.lower()) for pattern in listed(statement.get("Action", [])))
            and holds(statement.get("Condition", {}), context or {})
        ):
            return True
    return False


def holds(condition, context):
    return all(
        operator == "StringEquals" and all(context.get(key) in listed(values) for key, values in keys.items())
        for operator, keys in condition.items()
    )


def permits(documents, action, resource):
    """Whether identity policies allow the action. Conditions are not evaluated, and so never hold."""
    statements = [statement for document in documents for statement in listed(document["Statement"])]
    fits = lambda statement: (  # noqa: E731
        any(fnmatch.fnmatchcase(action.lower(), pattern.lower()) for pattern in listed(statement["Action"]))
        and any(fnmatch.fnmatchcase(resource, pattern) for pattern in listed(statement["Resource"]))
    )
    effects = {statement["Effect"] for statement in statements if fits(statement) and (statement["Effect"] == "Deny" or "Condition" not in statement)}
    return effects == {"Allow"}


def caller_arn(account, key):
    """The principal of an access key: the session that AssumeRole made, or the auditors' own role in the account."""
    session = sts_backends[account]["aws"].get_assumed_role_from_access_key(key)
    return session.arn if session else f"arn:aws:sts::{account}:assumed-role/TrailproofAudit/audit"


def role(arn):
    """A role by its ARN, where there is one."""
    parts = arn.split(":")
    if len(parts) != 6 or not parts[5].startswith("role/") or parts[4] not in iam_backends:
        return None
    return next((role for role in iam_backends[parts[4]]["aws"].roles.values() if role.arn == arn), None)


def not_allowed(call, resource, code="AccessDeniedException", status=400):
    return Refusal(code, f"User: {call.caller_arn} is not authorized to perform: {call.name} on resource: {resource}", status)
