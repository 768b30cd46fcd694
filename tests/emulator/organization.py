"""Organizations and the roles that let one account read another: AWS Organizations' reading calls, and AssumeRole.

moto's Organizations draws account numbers by lot, pages only when it is asked to, and answers everybody. Sources are the API
references of Organizations and STS.
"""

import json
from dataclasses import dataclass, field

import access
from world import WORLD, Refusal

PAGE = 2  # pages of Organizations may be shorter than what is asked for
ACCOUNTS_PAGE = 3
SINCE = 1767603600.0  # 2026-01-05T09:00:00Z


@dataclass
class Member:
    number: str
    name: str
    parent: str
    state: str = "ACTIVE"


@dataclass
class Organization:
    """An organization of the emulator."""

    id: str
    management: str
    features: str = "ALL"
    members: dict = field(default_factory=dict)  # number -> Member, in the order of listing
    units: dict = field(default_factory=dict)  # id -> (name, parent)
    administrators: dict = field(default_factory=dict)  # service principal -> account numbers
    trusted: list = field(default_factory=list)  # service principals

    @property
    def root(self):
        return f"r-{self.id[-4:]}"

    def unit(self, name, parent=None):
        made = f"ou-{self.id[-4:]}-{len(self.units) + 1:08}"
        self.units[made] = (name, parent or self.root)
        return made

    def join(self, number, name, parent=None, state="ACTIVE"):
        self.members[number] = Member(number, name, parent or self.root, state)
        WORLD.account(number).organization = self

    def is_administrator(self, number, service=None):
        """The management account administers everything, a delegated administrator its services."""
        services = [service] if service else list(self.administrators)
        return number == self.management or any(number in self.administrators.get(s, ()) for s in services)


def found(number):
    """A new organization, managed by the account."""
    organization = Organization(f"o-{'exampleorg'[:4]}{number[-6:]}", number)
    organization.trusted = ["cloudtrail.amazonaws.com", "config.amazonaws.com", "sso.amazonaws.com"]
    return organization


def json_reply(value):
    return 200, [("Content-Type", "application/x-amz-json-1.1")], json.dumps(value).encode()


def question(call):
    return json.loads(call.body or b"{}")


def paged(call, name, rows, size, at=0):
    """One page of rows; the first starts at `at`, which is below 0 where it has fewer."""
    asked = question(call)
    token = asked.get("NextToken") or f"page-{at}"
    if not token.startswith("page-"):
        raise Refusal("InvalidInputException", "You provided an invalid value for the pagination token.")
    at = int(token.removeprefix("page-"))
    size = min(asked.get("MaxResults") or 20, size)
    reply = {name: rows[max(at, 0) : at + size]}
    if at + size < len(rows):
        reply["NextToken"] = f"page-{at + size}"
    return json_reply(reply)


def organization_of(account):
    if not account.organization:
        raise Refusal("AWSOrganizationsNotInUseException", "Your account is not a member of an organization.")
    return account.organization


def administered(call, account):
    """What only the management account and delegated administrators may ask."""
    organization = organization_of(account)
    if not organization.is_administrator(call.account):
        raise Refusal("AccessDeniedException", "You don't have permissions to access this resource.")
    return organization


def describe_account(organization, member):
    return {
        "Id": member.number,
        "Arn": f"arn:aws:organizations::{organization.management}:account/{organization.id}/{member.number}",
        "Email": f"{member.name}@example.com",
        "Name": member.name,
        "Status": member.state if member.state in ("ACTIVE", "SUSPENDED") else "PENDING_CLOSURE",
        "State": member.state,
        "JoinedMethod": "INVITED" if member.number == organization.management else "CREATED",
        "JoinedTimestamp": SINCE,
    }


def describe_organization(_call, account):
    organization = organization_of(account)
    management = organization.management
    return json_reply(
        {
            "Organization": {
                "Id": organization.id,
                "Arn": f"arn:aws:organizations::{management}:organization/{organization.id}",
                "FeatureSet": organization.features,
                "MasterAccountId": management,
                "MasterAccountArn": f"arn:aws:organizations::{management}:account/{organization.id}/{management}",
                "MasterAccountEmail": f"{organization.members[management].name}@example.com",
            }
        }
    )


def list_accounts(call, account):
    organization = administered(call, account)
    rows = [describe_account(organization, member) for member in organization.members.values()]
    return paged(call, "Accounts", rows, ACCOUNTS_PAGE)


def list_roots(call, account):
    organization = administered(call, account)
    arn = f"arn:aws:organizations::{organization.management}:root/{organization.id}/{organization.root}"
    return paged(call, "Roots", [{"Id": organization.root, "Arn": arn, "Name": "Root", "PolicyTypes": []}], PAGE)


def parent(call, organization):
    asked = question(call)["ParentId"]
    if asked != organization.root and asked not in organization.units:
        raise Refusal("ParentNotFoundException", "You provided a root or organizational unit that does not exist.")
    return asked


def list_accounts_for_parent(call, account):
    organization = administered(call, account)
    inside = parent(call, organization)
    rows = [describe_account(organization, member) for member in organization.members.values() if member.parent == inside]
    return paged(call, "Accounts", rows, PAGE)


def list_organizational_units_for_parent(call, account):
    organization = administered(call, account)
    inside = parent(call, organization)
    prefix = f"arn:aws:organizations::{organization.management}:ou/{organization.id}"
    rows = [{"Id": unit, "Arn": f"{prefix}/{unit}", "Name": name} for unit, (name, above) in organization.units.items() if above == inside]
    return paged(call, "OrganizationalUnits", rows, PAGE)


def list_delegated_administrators(call, account):
    organization = administered(call, account)
    service = question(call).get("ServicePrincipal")
    numbers = {n for s, numbers in organization.administrators.items() if service in (None, s) for n in numbers}
    rows = [
        {**describe_account(organization, member), "DelegationEnabledDate": SINCE}
        for member in organization.members.values()
        if member.number in numbers
    ]
    # A page may be empty though another follows.
    return paged(call, "DelegatedAdministrators", rows, PAGE, at=-PAGE)


def list_aws_service_access(call, account):
    organization = administered(call, account)
    rows = [{"ServicePrincipal": service, "DateEnabled": SINCE} for service in sorted(organization.trusted)]
    return paged(call, "EnabledServicePrincipals", rows, PAGE)


def assume_role(call, _account):
    """Refuses what the trust policy does not allow. A role that is not there is refused in the same words."""
    first = {name: values[0] for name, values in call.form().items()}
    arn = first.get("RoleArn", "")
    role = access.role(arn)
    owner = arn.split(":")[4] if arn.count(":") == 5 else ""
    context = {"sts:ExternalId": first["ExternalId"]} if "ExternalId" in first else {}
    trusted = role and access.allows(
        json.dumps(role.assume_role_policy_document)
        if isinstance(role.assume_role_policy_document, dict)
        else role.assume_role_policy_document,
        "sts:AssumeRole",
        call.account,
        call.caller_arn,
        context,
    )
    organization = WORLD.account(owner).organization if trusted else None
    if organization and organization.members[owner].state != "ACTIVE":
        trusted = False
    if not trusted:
        raise access.not_allowed(call, arn, "AccessDenied", 403)
    return None


HANDLERS = {
    "organizations:DescribeOrganization": describe_organization,
    "organizations:ListAccounts": list_accounts,
    "organizations:ListRoots": list_roots,
    "organizations:ListAccountsForParent": list_accounts_for_parent,
    "organizations:ListOrganizationalUnitsForParent": list_organizational_units_for_parent,
    "organizations:ListDelegatedAdministrators": list_delegated_administrators,
    "organizations:ListAWSServiceAccessForOrganization": list_aws_service_access,
    "sts:AssumeRole": assume_role,
}
