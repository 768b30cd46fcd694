//! Functions about what trails record: which events, on which resources, how often.
//!
//! The answers come from `semantics::selectors`; here the facts are read that they need.

use std::collections::BTreeSet;

use crate::inventory::code::is_placeholder;
use crate::inventory::noun::Opaque;
use crate::inventory::{Gap, GapKind};
use crate::policy::check::evaluate::{Evaluated, Evaluator, as_list, impossible};
use crate::policy::check::value::{Item, ListValue, Value, Verdict, equal};
use crate::policy::check::vocabulary::Type;
use crate::semantics::selectors::{self, Contributor, LeftOut};
use crate::semantics::{PartialEvent, Truth};

use super::{Entry, Function};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::policy::check) enum Question {
    LogsIn,
    RecordOn,
    RecordExcept,
    RecordFrom,
    RecordAtMostOnce,
    RecordsSome,
    HasSoundSelectors,
}

/// The fields that a question reads by itself.
pub(in super::super) fn reads(question: Question) -> &'static [(&'static str, &'static str)] {
    match question {
        Question::LogsIn => &[
            ("trail", "is_logging"),
            ("trail", "is_multi_region"),
            ("trail", "home_region"),
            ("trail", "status"),
            ("trail_status", "region"),
            ("trail_status", "is_logging"),
        ],
        _ => &[("trail", "event_selectors")],
    }
}

pub(super) fn table() -> Vec<Entry> {
    let trails = || Type::List(Box::new(Type::Record("trail")));
    let trail = || Type::Record("trail");
    let entry = |question, name, receiver, arguments: &[(&'static str, Type)], doc| Entry {
        function: Function::Events(question),
        name,
        receiver,
        arguments: arguments.to_vec(),
        result: Type::Bool,
        doc,
    };
    let event = ("event", Type::Event);
    vec![
        entry(
            Question::LogsIn,
            "logsIn",
            trail(),
            &[("region", Type::Text)],
            "Whether the trail is logging, covers the Region, and says in that Region too that it is logging.",
        ),
        entry(
            Question::RecordOn,
            "recordOn",
            trails(),
            &[event.clone(), ("resource", Type::Text)],
            "Whether every event of the family on the resource with this ARN is recorded by at least one of the trails. A bucket's ARN stands for its objects.",
        ),
        entry(
            Question::RecordExcept,
            "recordExcept",
            trails(),
            &[event.clone(), ("buckets", Type::List(Box::new(Type::Record("bucket"))))],
            "Whether every event of the family, those on objects of the buckets aside, is recorded by at least one of the trails.",
        ),
        entry(
            Question::RecordFrom,
            "recordFrom",
            trails(),
            &[event.clone(), ("source", Type::Text)],
            "Whether every event of the family from the event source is recorded by at least one of the trails.",
        ),
        entry(
            Question::RecordAtMostOnce,
            "recordAtMostOnce",
            trails(),
            std::slice::from_ref(&event),
            "Whether no event of the family is recorded by more than one of the trails.",
        ),
        entry(
            Question::RecordsSome,
            "recordsSome",
            trail(),
            std::slice::from_ref(&event),
            "Whether the trail records at least one event of the family.",
        ),
        entry(
            Question::HasSoundSelectors,
            "hasSoundSelectors",
            trail(),
            &[],
            "Whether each event selector of the trail records something, and each of its values has an effect.",
        ),
    ]
}

impl<'a> Evaluator<'a> {
    pub(super) fn about_events(
        &mut self,
        question: Question,
        receiver: Value<'a>,
        arguments: &[Value<'a>],
    ) -> Evaluated<Value<'a>> {
        match question {
            Question::LogsIn => return self.logs_in(receiver, arguments),
            Question::HasSoundSelectors => {
                let selectors = self.field(receiver, "event_selectors")?;
                return self.distribute(selectors, |_, value| match value {
                    Value::Opaque(Opaque::EventSelectors(selectors)) => {
                        Ok(Value::Truth(Verdict::answered(selectors::are_sound(selectors))))
                    }
                    Value::Unknown(gaps) => Ok(Value::unknown(gaps)),
                    _ => impossible("selectors that are none"),
                });
            }
            _ => {}
        }
        let trails = match question {
            Question::RecordsSome => ListValue::complete([receiver]),
            _ => as_list(receiver)?,
        };
        let event: &PartialEvent = match arguments.first() {
            Some(Value::Event { event, .. }) => event,
            Some(Value::Unknown(gaps)) => return Ok(Value::unknown(gaps.clone())),
            _ => return impossible("an event that is none"),
        };
        let partitions: BTreeSet<&str> = trails.items.iter().filter_map(|item| partition(&item.value)).collect();
        let contributors = self.contributors(trails.items)?;
        let (of, gaps) = (&contributors, &trails.gaps);
        let answer = match question {
            Question::RecordOn | Question::RecordFrom => {
                let text = match arguments.get(1) {
                    Some(Value::Text(text)) => text,
                    Some(Value::Unknown(gaps)) => return Ok(Value::unknown(gaps.clone())),
                    _ => return impossible("a text that is none"),
                };
                if question == Question::RecordOn {
                    selectors::records_on(of, gaps, event, text)
                } else {
                    let mut event = event.clone();
                    event.fields.insert("eventSource".into(), text.to_string());
                    selectors::records(of, gaps, &event)
                }
            }
            Question::RecordExcept => {
                let Some(buckets) = arguments.get(1) else { return impossible("buckets that are none") };
                selectors::records_except(of, gaps, event, &left_out(as_list(buckets.clone())?, &partitions)?)
            }
            Question::RecordAtMostOnce => selectors::record_at_most_once(of, gaps, event),
            _ => selectors::records_some(of, gaps, event),
        };
        Ok(Value::Truth(Verdict::answered(answer)))
    }

    /// The trails' selectors, with why each may not count.
    pub(super) fn contributors(&mut self, trails: Vec<Item<'a>>) -> Evaluated<Vec<Contributor<'a>>> {
        let mut contributors = Vec::new();
        for Item { value, doubts } in trails {
            let selectors = match self.field(value, "event_selectors")? {
                Value::Opaque(Opaque::EventSelectors(selectors)) => Ok(selectors),
                Value::Unknown(gaps) => Err(gaps),
                Value::OneOf { gap, .. } => Err([gap].into()),
                _ => return impossible("selectors that are none"),
            };
            contributors.push(Contributor { selectors, doubts });
        }
        Ok(contributors)
    }

    pub(super) fn logs_in(&mut self, trail: Value<'a>, arguments: &[Value<'a>]) -> Evaluated<Value<'a>> {
        let Some(region) = arguments.first() else { return impossible("a Region that is none") };
        let logging = self.truth_of(trail.clone(), "is_logging")?;
        let everywhere = self.truth_of(trail.clone(), "is_multi_region")?;
        let home = self.field(trail.clone(), "home_region")?;
        let mut verdict = logging.and(everywhere.or(equal(&home, region)));
        if verdict.truth == Truth::False {
            return Ok(Value::Truth(verdict));
        }
        let status = self.field(trail, "status")?;
        let ListValue { items, gaps } = as_list(status)?;
        if !gaps.is_empty() {
            verdict = verdict.and(Verdict::unknown(gaps));
        }
        for Item { value, doubts } in items {
            let elsewhere = !equal(&self.field(value.clone(), "region")?, region);
            if elsewhere.truth == Truth::True {
                continue;
            }
            let there = elsewhere.or(self.truth_of(value, "is_logging")?);
            verdict = verdict.and(if doubts.is_empty() { there } else { there.or(Verdict::unknown(doubts)) });
        }
        Ok(Value::Truth(verdict))
    }
}

/// The partition of a trail's ARN.
fn partition<'a>(trail: &Value<'a>) -> Option<&'a str> {
    match trail {
        Value::Record(record) => record.id.split(':').nth(1),
        _ => None,
    }
}

/// The beginnings of the ARNs of the buckets' objects. A trail sees its own partition alone.
fn left_out(buckets: ListValue<'_>, partitions: &BTreeSet<&str>) -> Evaluated<LeftOut> {
    let mut left_out = LeftOut { may_be_more: buckets.gaps, ..LeftOut::default() };
    for Item { value, doubts } in buckets.items {
        let name = match value {
            Value::Record(record) => record.id,
            Value::Unknown(gaps) => {
                left_out.may_be_more.extend(gaps);
                continue;
            }
            Value::OneOf { gap, .. } => {
                left_out.may_be_more.insert(gap);
                continue;
            }
            _ => return impossible("a bucket that is none"),
        };
        // A name that is open may be any that a selector writes.
        if is_placeholder(name) {
            let message = "the name of a bucket that trails deliver to is known after apply";
            left_out.may_be_more.insert(Gap::new(GapKind::KnownAfterApply, message));
        }
        for partition in partitions {
            let prefix = format!("arn:{partition}:s3:::{name}/");
            if doubts.is_empty() {
                left_out.certain.push(prefix);
            } else {
                left_out.doubtful.push((prefix, doubts.clone()));
            }
        }
    }
    Ok(left_out)
}
