"""What the emulator knows of each account beyond moto, and the shapes that its parts share."""

import hashlib
import itertools
import threading
import time
import urllib.parse
import uuid
from dataclasses import dataclass, field

REGIONS = {
    "us-east-1": "ENABLED_BY_DEFAULT",
    "us-west-2": "ENABLED_BY_DEFAULT",
    "eu-west-1": "ENABLED_BY_DEFAULT",
    "af-south-1": "ENABLED",
    "eu-south-1": "DISABLED",
    "me-south-1": "DISABLED",
}


class Refusal(Exception):
    """An error that the service answers with."""

    def __init__(self, code, message, status=400, headers=()):
        super().__init__(code)
        self.code, self.message, self.status, self.headers = code, message, status, list(headers)


@dataclass
class Call:
    """One request, named."""

    service: str
    operation: str
    account: str
    region: str
    key: str
    method: str
    path: str
    query: str
    arguments: dict
    body: bytes
    bucket: str
    caller_arn: str
    expected_owner: str = ""  # what S3 is told of the bucket's owner
    served_by: str = ""  # the account whose things moto looks among, where it is not the caller's
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def name(self):
        return f"{self.service}:{self.operation}"

    def form(self):
        """The arguments of a service that speaks in forms."""
        return urllib.parse.parse_qs(self.body.decode(), keep_blank_values=True)

    def steady_id(self):
        """A request id that is the same whenever the same is asked."""
        asked = f"{self.name} {self.account} {self.region} {self.method} {self.path}?{self.query} {self.body.hex()}"
        return str(uuid.uuid5(uuid.NAMESPACE_URL, asked))

    def canonical_user(self):
        """The id by which access control lists know the account."""
        return hashlib.sha256(self.account.encode()).hexdigest()


@dataclass
class Account:
    """An account. What is settable by POST /_emulator/account stands in SETTINGS."""

    number: str
    regions: dict = field(default_factory=lambda: dict(REGIONS))  # name -> ListRegions status, in order
    page: int = 4  # Regions and buckets to a page
    latency_ms: float = 0  # added to every call
    clock: float = 0  # the time it is, seconds since 1970; 0 for the machine's
    # {"trail": name, "region": glob, "set": {field: value}}: GetTrailStatus; a negative number is seconds ago, null drops the field
    status: list = field(default_factory=list)
    # {"user": [policy document], "role": [policy document]}: all that the account's own key and an assumed role may do; null for everything
    permissions: dict = None
    organization: object = None  # organization.Organization
    log_classes: dict = field(default_factory=dict)  # (Region, log group) -> class
    mfa_delete: dict = field(default_factory=dict)  # bucket -> Enabled | Disabled
    root_mfa: bool = True  # whether the root user has MFA
    root_keys: bool = False  # whether the root user has access keys
    deliveries: dict = field(default_factory=dict)  # delivery channel of AWS Config -> its last status, where that is not SUCCESS
    things: dict = field(default_factory=dict)  # (kind, Region) -> name -> what was put
    security_hub: dict = None  # finding id -> finding; null where Security Hub is off
    refused_findings: list = field(default_factory=list)  # ids of findings that Security Hub does not take
    faults: list = field(default_factory=list)
    standing: list = field(default_factory=list)  # faults of the scenario, which outlive a clearing
    calls: list = field(default_factory=list)

    SETTINGS = ("regions", "page", "latency_ms", "clock", "status", "permissions", "root_mfa", "root_keys", "deliveries", "security_hub", "refused_findings")

    def set(self, **settings):
        for name, value in settings.items():
            if name not in self.SETTINGS:
                raise ValueError(f"no setting {name!r}")
            setattr(self, name, value)

    def kept(self, kind, region):
        """What was put into the account, where moto keeps no such thing."""
        return self.things.setdefault((kind, region), {})

    def now(self):
        return self.clock or time.time()

    def enabled(self, region):
        return self.regions.get(region, "ENABLED_BY_DEFAULT") in ("ENABLED_BY_DEFAULT", "ENABLED", "ENABLING")


class World:
    def __init__(self):
        self.accounts = {}
        self.lock = threading.Lock()
        self.numbers = itertools.count(100000000001)

    def account(self, number):
        with self.lock:
            return self.accounts.setdefault(number, Account(number))

    def fresh(self):
        with self.lock:
            return str(next(self.numbers))


WORLD = World()
