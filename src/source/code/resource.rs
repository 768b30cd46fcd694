//! What a front end hands over: records of the inventory as far as the code tells them, and what they name.

use jiff::Timestamp;

use crate::inventory::bucket::{Grant, LifecycleRule, ObjectLock, PublicAccessBlock, ReplicationRule};
use crate::inventory::document::PolicyDocument;
use crate::inventory::{
    Alarm, Bucket, EventDataStore, Fact, Gap, Key, LogGroup, MetricFilter, SourcePlace, SubscriptionFilter, Topic, Trail,
};

/// One file of code, or one stack of it.
#[derive(Clone, Debug)]
pub struct Stack {
    /// The file as it was named.
    pub file: String,
    /// `Terraform plan`, `CloudFormation template`.
    pub kind: &'static str,
    /// What wrote it, where it says so.
    pub written_by: Option<String>,
    /// Resources of every kind in it.
    pub count: usize,
    /// Where its resources are made unless one says otherwise.
    pub home: Home,
    pub resources: Vec<Resource>,
    /// Whether all that the code makes is among them; not where a plan was made for a part of it.
    pub is_whole: bool,
    pub notes: Vec<String>,
    /// Why the file itself may make more than was read of it.
    pub hides: Vec<Gap>,
    /// When it was made, where it says so.
    pub read: Option<Timestamp>,
    /// What is there before the code is applied; absent where nothing is, or where the code does not tell.
    pub before: Option<Box<Stack>>,
    /// What is done to what is there, by its address there. What is only changed in place is not listed.
    pub actions: Vec<(String, Action)>,
}

/// What is done to a resource that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// It is deleted.
    Delete,
    /// It is deleted, and made anew.
    Replace,
    /// It stays, and the code no longer knows of it.
    Forget,
    /// It stays, at this address.
    Move(String),
}

/// Where a resource lives. What is not known is a placeholder (see `inventory::code`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    /// Twelve digits, or a placeholder that is the same for what is certainly in one account.
    pub account: String,
    pub partition: String,
    pub region: String,
}

/// What one resource names: another of the same stack, or something by its name, id or ARN. Null where it names nothing.
pub type Pointer = Fact<Option<Target>>;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// By its address in the same stack.
    Resource(String),
    /// By the name, id or ARN that AWS knows it by.
    Named(String),
}

/// A resource that code declares.
#[derive(Clone, Debug)]
pub struct Resource {
    pub address: String,
    /// The name that AWS will know it by: of a trail, a bucket, a log group, a topic, an alarm, a rule its name, of a key its id, of
    /// an alias `alias/...`; absent where it is known after apply.
    pub name: Option<String>,
    /// The ARN, where the code tells it.
    pub arn: Option<String>,
    pub home: Home,
    pub place: Option<SourcePlace>,
    pub related: Vec<SourcePlace>,
    pub body: Body,
    /// What decides whether it is made, where that is not known.
    pub only_if: Option<OnlyIf>,
}

/// Why a resource may not be made.
#[derive(Clone, Debug)]
pub struct OnlyIf {
    /// The same for what is made together or not at all.
    pub condition: String,
    pub gap: Gap,
}

/// What a resource is. Ids, joins (`bucket`, `kms_key`, `trails`, ...), accounts and Regions of the records are filled in
/// later, and need not be right here.
#[derive(Clone, Debug)]
pub enum Body {
    Trail(Box<TrailBody>),
    Bucket(Box<BucketBody>),
    Key(Box<Key>),
    LogGroup(Box<LogGroupBody>),
    Topic(Box<Topic>),
    Alarm(Box<AlarmBody>),
    /// A rule of an event bus.
    Rule(Box<RuleBody>),
    EventDataStore(Box<EventDataStoreBody>),
    /// Something of a service beside CloudTrail, of which code is not read any further.
    Neighbour(Neighbour),
    /// Another name of a key.
    Alias {
        of: Pointer,
    },
    /// The public access block of the account that the resource is in.
    AccountPublicAccessBlock(Fact<PublicAccessBlock>),
    /// A resource that sets something of another one.
    Setting {
        of: Pointer,
        setting: Setting,
    },
}

/// A trail, and what it names.
#[derive(Clone, Debug)]
pub struct TrailBody {
    pub record: Trail,
    pub bucket: Pointer,
    pub key: Pointer,
    pub log_group: Pointer,
    pub topic: Pointer,
}

/// A bucket as it is without the resources that set something of it, and what it names.
#[derive(Clone, Debug)]
pub struct BucketBody {
    pub record: Bucket,
    pub key: Pointer,
    /// The bucket that access logs go to.
    pub log_target: Pointer,
}

/// A log group, and the key that it names.
#[derive(Clone, Debug)]
pub struct LogGroupBody {
    pub record: LogGroup,
    pub key: Pointer,
}

/// An alarm, and whom it tells.
#[derive(Clone, Debug)]
pub struct AlarmBody {
    pub record: Alarm,
    /// The metrics that it watches, as namespace and name, also where not all of its definition is known; absent where that is not
    /// known either. None of an alarm on other alarms.
    pub watches: Option<Vec<(String, String)>>,
    pub actions: Fact<Vec<Receiver>>,
}

/// A rule of an event bus.
#[derive(Clone, Debug)]
pub struct RuleBody {
    /// Whether its bus is the default one, where CloudTrail's events arrive.
    pub is_on_default_bus: Fact<bool>,
    /// Null where the rule goes by the clock alone.
    pub pattern: Fact<Option<String>>,
    pub state: Fact<String>,
    /// The targets that are written in the rule itself.
    pub targets: Fact<Vec<Targeted>>,
}

/// An event data store, and the key that it names.
#[derive(Clone, Debug)]
pub struct EventDataStoreBody {
    pub record: EventDataStore,
    pub key: Pointer,
}

/// Whom an alarm or a rule tells.
#[derive(Clone, Debug, PartialEq)]
pub struct Receiver {
    /// A resource of the code, or an ARN.
    pub to: Pointer,
    /// Of a resource that is no topic how its ARN goes on: `lambda` and `function:`.
    pub kind: Option<(String, String)>,
}

/// What a rule sends events to.
#[derive(Clone, Debug, PartialEq)]
pub struct Targeted {
    /// Its id in the rule.
    pub id: String,
    pub to: Receiver,
}

/// Somebody or something that hears of what a topic is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subscription {
    /// It hears from the moment at which it is made: a function or a queue of the topic's own account.
    Confirmed,
    /// It hears once it is confirmed, or not of everything; for this reason that is not known.
    Open(Gap),
}

/// Services beside CloudTrail that policies ask about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Neighbour {
    Config,
    ThreatDetection,
    SecurityHub,
}

#[derive(Clone, Debug)]
pub enum Setting {
    Bucket(Box<BucketSetting>),
    KeyPolicy(Fact<PolicyDocument>),
    TopicPolicy(Fact<Option<PolicyDocument>>),
    /// A subscription of a topic.
    Subscription(Subscription),
    /// A metric filter of a log group.
    MetricFilter(Box<Fact<MetricFilter>>),
    /// A subscription filter of a log group.
    SubscriptionFilter(Box<Fact<SubscriptionFilter>>),
    /// A target of a rule.
    RuleTarget(Box<Fact<Targeted>>),
}

/// What a resource sets of a bucket. The facts are those of the bucket's record.
#[derive(Clone, Debug, PartialEq)]
pub enum BucketSetting {
    Versioning { versioning: Fact<Option<String>>, mfa_delete: Fact<bool> },
    Encryption(Box<Encryption>),
    PublicAccessBlock(Fact<PublicAccessBlock>),
    Policy(Fact<Option<PolicyDocument>>),
    Acl(Fact<Vec<Grant>>),
    Ownership(Fact<Option<String>>),
    Logging { target: Pointer, prefix: Fact<Option<String>> },
    ObjectLock(Fact<Option<ObjectLock>>),
    Lifecycle(Fact<Vec<LifecycleRule>>),
    Replication(Fact<Vec<ReplicationRule>>),
}

/// The default encryption of a bucket.
#[derive(Clone, Debug, PartialEq)]
pub struct Encryption {
    pub algorithm: Fact<Option<String>>,
    /// The key as the code names it.
    pub key_id: Fact<Option<String>>,
    pub key: Pointer,
    /// Whether S3 Bucket Keys reduce calls to KMS.
    pub bucket_key: Fact<bool>,
}
