//! The functions of the check language: one table for the checker, the evaluator and the documentation.
//!
//! Questions about meaning go to `semantics`, with the facts they need, read here so that the trace sees them.

pub(super) mod events;
pub(super) mod roles;
mod topics;
pub(super) mod watch;

use std::borrow::Cow;

use crate::inventory::Gaps;
use crate::inventory::document::PolicyDocument;
use crate::inventory::noun::Opaque;
use crate::semantics::access::Admitted;
use crate::semantics::selectors::Contributor;
use crate::semantics::{self, Answer, PartialEvent};

use super::evaluate::{Evaluated, Evaluator, as_list, impossible};
use super::tree::Node;
use super::value::{ListValue, RecordValue, Value, Verdict, equal};
use super::vocabulary::Type;

pub(super) mod access;

/// A function as policy authors see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionDoc {
    pub name: &'static str,
    /// The type that it is called on; absent where it is called by itself.
    pub receiver: Option<String>,
    /// Meaning and type of each argument.
    pub arguments: Vec<(&'static str, String)>,
    pub result: String,
    pub doc: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Record,
    Records,
    TakeIn,
    Covers,
    Events(events::Question),
    Roles(roles::Question),
    Topics(topics::Question),
    Watch(watch::Question),
    DeniesInsecureTransport,
    ForeignWriters,
    Access(access::Question),
    StartsWith,
    EndsWith,
    Contains,
}

/// A function that is called on something.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) function: Function,
    pub(super) name: &'static str,
    pub(super) receiver: Type,
    pub(super) arguments: Vec<(&'static str, Type)>,
    pub(super) result: Type,
    doc: &'static str,
}

/// What the checker knows by itself, because it takes more than one type or a literal.
pub(super) const BUILT_IN: [&str; 8] = ["size", "duration", "has", "all", "exists", "exists_one", "filter", "map"];

pub(super) fn table() -> Vec<Entry> {
    let entry = |function, name, receiver, arguments: &[(&'static str, Type)], result, doc| Entry {
        function,
        name,
        receiver,
        arguments: arguments.to_vec(),
        result,
        doc,
    };
    let trails = Type::List(Box::new(Type::Record("trail")));
    let (trail, bucket) = (Type::Record("trail"), Type::Record("bucket"));
    let mut all = vec![
        entry(
            Function::Record,
            "record",
            trails,
            &[("event", Type::Event)],
            Type::Bool,
            "Whether every event of the family is recorded by at least one of the trails.",
        ),
        entry(
            Function::Records,
            "records",
            trail.clone(),
            &[("event", Type::Event)],
            Type::Bool,
            "Whether the trail records every event of the family.",
        ),
        entry(
            Function::TakeIn,
            "takeIn",
            Type::List(Box::new(Type::Record("event_data_store"))),
            &[("event", Type::Event)],
            Type::Bool,
            "Whether every event of the family is taken in by at least one of the event data stores.",
        ),
        entry(
            Function::Covers,
            "covers",
            trail,
            &[("region", Type::Text)],
            Type::Bool,
            "Whether the trail records in the Region: it is a multi-Region trail, or at home there.",
        ),
        entry(
            Function::DeniesInsecureTransport,
            "deniesInsecureTransport",
            bucket.clone(),
            &[],
            Type::Bool,
            "Whether the bucket policy denies every request that does not come over TLS, whoever makes it.",
        ),
        entry(
            Function::ForeignWriters,
            "foreignWriters",
            bucket,
            &[],
            Type::List(Box::new(Type::Text)),
            "Those other than CloudTrail and the bucket's own account whom the bucket policy lets write objects, Deny statements and conditions weighed.",
        ),
        entry(
            Function::StartsWith,
            "startsWith",
            Type::Text,
            &[("start", Type::Text)],
            Type::Bool,
            "Whether the text starts so.",
        ),
        entry(Function::EndsWith, "endsWith", Type::Text, &[("end", Type::Text)], Type::Bool, "Whether the text ends so."),
        entry(
            Function::Contains,
            "contains",
            Type::Text,
            &[("part", Type::Text)],
            Type::Bool,
            "Whether the part is anywhere in the text.",
        ),
    ];
    all.extend(access::table());
    all.extend(events::table());
    all.extend(roles::table());
    all.extend(topics::table());
    all.extend(watch::table());
    all
}

/// Every function and macro, for the documentation.
pub fn functions() -> Vec<FunctionDoc> {
    let doc = |name, receiver: Option<&str>, arguments: &[(&'static str, &str)], result: &str, doc| FunctionDoc {
        name,
        receiver: receiver.map(str::to_string),
        arguments: arguments.iter().map(|(meaning, ty)| (*meaning, (*ty).to_string())).collect(),
        result: result.to_string(),
        doc,
    };
    let asked = [("element", "name"), ("condition", "bool")];
    let mut all: Vec<FunctionDoc> = table()
        .into_iter()
        .map(|entry| FunctionDoc {
            name: entry.name,
            receiver: Some(entry.receiver.to_string()),
            arguments: entry.arguments.iter().map(|(meaning, ty)| (*meaning, ty.to_string())).collect(),
            result: entry.result.to_string(),
            doc: entry.doc,
        })
        .collect();
    all.extend([
        doc("size", Some("list"), &[], "int", "How many elements the list has."),
        doc("duration", None, &[("length", "literal")], "duration", "A length of time, such as `duration(\"24h\")`."),
        doc("has", None, &[("field", "field")], "bool", "Whether the field is not null."),
        doc("all", Some("list"), &asked, "bool", "Whether the condition holds for every element."),
        doc("exists", Some("list"), &asked, "bool", "Whether the condition holds for at least one element."),
        doc("exists_one", Some("list"), &asked, "bool", "Whether the condition holds for exactly one element."),
        doc("filter", Some("list"), &asked, "list", "The elements for which the condition holds."),
        doc("map", Some("list"), &[("element", "name"), ("value", "expression")], "list", "The value for each element."),
    ]);
    all
}

/// Answers about trails and events that one evaluation remembers at most: it asks the same for every Region.
const MOST_RECORDED: usize = 16;

/// Whether these trails, and others that there may be, record an event.
pub(super) struct Recorded<'a> {
    trails: Vec<Contributor<'a>>,
    may_be_more: Gaps,
    event: &'a PartialEvent,
}

impl Recorded<'_> {
    fn is_same(&self, other: &Self) -> bool {
        let same = |(one, other): (&Contributor<'_>, &Contributor<'_>)| match (&one.selectors, &other.selectors) {
            (Ok(selectors), Ok(others)) => std::ptr::eq(*selectors, *others) && one.doubts == other.doubts,
            _ => false,
        };
        std::ptr::eq(self.event, other.event)
            && self.trails.len() == other.trails.len()
            && self.trails.iter().zip(&other.trails).all(same)
            && self.may_be_more == other.may_be_more
    }
}

/// Whether trails record a family of events.
pub(super) type RecordsFn = fn(&[Contributor<'_>], &Gaps, &PartialEvent) -> Answer;
type InsecureTransportFn = fn(Option<&PolicyDocument>, &str, &str) -> Answer;
type ForeignWritersFn = fn(Option<&PolicyDocument>, &str, &str, Option<&str>) -> Result<Vec<Admitted>, Gaps>;

/// Who answers questions about meaning.
#[derive(Clone, Copy)]
pub(super) struct Semantics {
    pub(super) records: RecordsFn,
    pub(super) denies_insecure_transport: InsecureTransportFn,
    pub(super) foreign_writers: ForeignWritersFn,
}

impl Default for Semantics {
    fn default() -> Self {
        Semantics {
            records: semantics::selectors::records,
            denies_insecure_transport: semantics::access::denies_insecure_transport,
            foreign_writers: semantics::access::foreign_writers,
        }
    }
}

impl<'a> Evaluator<'a> {
    pub(super) fn call(&mut self, function: Function, receiver: &'a Node, arguments: &'a [Node]) -> Evaluated<Value<'a>> {
        let receiver = self.eval(receiver)?;
        let arguments = arguments.iter().map(|argument| self.eval(argument)).collect::<Evaluated<Vec<_>>>()?;
        self.distribute(receiver, |this, receiver| this.settle(function, &receiver, &arguments, Vec::new()))
    }

    /// Answers for each candidate of each argument.
    fn settle(
        &mut self,
        function: Function,
        receiver: &Value<'a>,
        open: &[Value<'a>],
        settled: Vec<Value<'a>>,
    ) -> Evaluated<Value<'a>> {
        let Some((first, rest)) = open.split_first() else { return self.answer(function, receiver.clone(), settled) };
        self.distribute(first.clone(), |this, argument| {
            let settled = settled.iter().cloned().chain([argument]).collect();
            this.settle(function, receiver, rest, settled)
        })
    }

    fn answer(&mut self, function: Function, receiver: Value<'a>, arguments: Vec<Value<'a>>) -> Evaluated<Value<'a>> {
        let function = match function {
            Function::Events(question) => return self.about_events(question, receiver, &arguments),
            Function::Roles(question) => return self.about_role(question, receiver),
            Function::Topics(question) => return self.about_topic(question, receiver),
            Function::Watch(question) => return self.about_watching(question, receiver, &arguments),
            other => other,
        };
        let argument = arguments.into_iter().next().unwrap_or(Value::Null);
        match function {
            Function::Events(_) | Function::Roles(_) | Function::Topics(_) | Function::Watch(_) => {
                impossible("a question that was answered")
            }
            Function::Record | Function::TakeIn => self.recorded(as_list(receiver)?, &argument),
            Function::Records => self.recorded(ListValue::complete([receiver]), &argument),
            Function::Covers => {
                let everywhere = self.truth_of(receiver.clone(), "is_multi_region")?;
                let home = self.field(receiver, "home_region")?;
                Ok(Value::Truth(everywhere.or(equal(&home, &argument))))
            }
            Function::DeniesInsecureTransport => self.about_policy(receiver, |this, _, policy, partition, name| {
                Ok(Value::Truth(Verdict::answered((this.semantics.denies_insecure_transport)(policy, partition, name))))
            }),
            Function::ForeignWriters => self.about_policy(receiver, |this, record, policy, partition, name| {
                let ask = this.semantics.foreign_writers;
                this.but_the_buckets_owner(record, |owner| ask(policy, partition, name, owner))
            }),
            Function::Access(question) => self.access(question, receiver, argument),
            Function::StartsWith => compared(&receiver, &argument, |text, part| text.starts_with(part)),
            Function::EndsWith => compared(&receiver, &argument, |text, part| text.ends_with(part)),
            Function::Contains => compared(&receiver, &argument, |text, part| text.contains(part)),
        }
    }

    fn truth_of(&mut self, record: Value<'a>, field: &str) -> Evaluated<Verdict> {
        match self.field(record, field)? {
            Value::Truth(verdict) => Ok(verdict),
            Value::Unknown(gaps) => Ok(Verdict::unknown(gaps)),
            _ => impossible("a flag that is no bool"),
        }
    }

    fn recorded(&mut self, trails: ListValue<'a>, event: &Value<'a>) -> Evaluated<Value<'a>> {
        let contributors = self.contributors(trails.items)?;
        let event = match event {
            Value::Event { event, .. } => event,
            Value::Unknown(gaps) => return Ok(Value::unknown(gaps.clone())),
            _ => return impossible("an event that is none"),
        };
        let asked = Recorded { trails: contributors, may_be_more: trails.gaps, event };
        let known = self.recorded.iter().find(|(known, _)| known.is_same(&asked)).map(|(_, answer)| answer.clone());
        let answer = known.unwrap_or_else(|| {
            let answer = (self.semantics.records)(&asked.trails, &asked.may_be_more, event);
            if self.recorded.len() >= MOST_RECORDED {
                self.recorded.clear();
            }
            self.recorded.push((asked, answer.clone()));
            answer
        });
        Ok(Value::Truth(Verdict::answered(answer)))
    }

    /// Asks about a bucket's policy, with the bucket's partition and name.
    fn about_policy(
        &mut self,
        bucket: Value<'a>,
        ask: impl Fn(&mut Self, &RecordValue<'a>, Option<&'a PolicyDocument>, &'a str, &'a str) -> Evaluated<Value<'a>>,
    ) -> Evaluated<Value<'a>> {
        let record = match bucket {
            Value::Record(record) => record,
            Value::Unknown(gaps) => return Ok(Value::Unknown(gaps)),
            _ => return impossible("a bucket that is none"),
        };
        let policy = self.reader.read(&record, "policy")?;
        if record.found.is_none() {
            return Ok(policy);
        }
        let Value::Text(Cow::Borrowed(partition)) = self.reader.read(&record, "partition")? else {
            return impossible("a partition that is no text");
        };
        self.distribute(policy, |this, policy| match policy {
            Value::Null => ask(this, &record, None, partition, record.id),
            Value::Opaque(Opaque::PolicyDocument(policy)) => ask(this, &record, Some(policy), partition, record.id),
            Value::Unknown(gaps) => Ok(Value::Unknown(gaps)),
            _ => impossible("a policy that is none"),
        })
    }
}

fn compared<'a>(text: &Value<'a>, part: &Value<'a>, ask: impl Fn(&str, &str) -> bool) -> Evaluated<Value<'a>> {
    match (text, part) {
        (Value::Text(text), Value::Text(part)) => Ok(Value::bool(ask(text, part))),
        (Value::Unknown(a), Value::Unknown(b)) => Ok(Value::unknown(a | b)),
        (Value::Unknown(gaps), _) | (_, Value::Unknown(gaps)) => Ok(Value::unknown(gaps.clone())),
        _ => impossible("a text that is none"),
    }
}
