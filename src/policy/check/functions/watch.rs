//! Functions about being told: whether every event of a family raises an alarm somewhere.
//!
//! The links of the chain are read here, from the trail to whoever is told; whether patterns together see every event, and
//! whether an alarm goes off on one, is answered by `semantics`.

mod chain;
mod part;
mod tell;
mod way;

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::finding::{Chain, ChainEnd};
use crate::inventory::{Gap, Gaps};
use crate::policy::check::case::Case;
use crate::policy::check::evaluate::{Evaluated, Evaluator, as_list, impossible};
use crate::policy::check::value::{Item, ListValue, Value, Verdict};
use crate::policy::check::vocabulary::Type;
use crate::semantics::event_pattern::EventPattern;
use crate::semantics::filter_pattern::FilterPattern;
use crate::semantics::watch::{self, Sight, WatchedEvent, Watcher};
use crate::semantics::{PartialEvent, Truth};

use super::{Entry, Function};

use chain::{Carrier, Recorder};
use part::Part;
pub(in crate::policy::check) use way::folded;
use way::{Break, Way};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::policy::check) enum Question {
    RaisesAlarm,
    RaisesAlarmOn,
}

/// The fields that the question reads by itself.
pub(in super::super) const READS: &[(&str, &str)] = &[
    ("account", "regions"),
    ("account", "global_events_region"),
    ("account", "trails"),
    ("account", "event_buses"),
    ("trail", "is_logging"),
    ("trail", "is_multi_region"),
    ("trail", "include_global_service_events"),
    ("trail", "home_region"),
    ("trail", "status"),
    ("trail_status", "region"),
    ("trail_status", "is_logging"),
    ("trail", "event_selectors"),
    ("trail", "log_group"),
    ("log_group", "exists"),
    ("log_group", "owner_account"),
    ("log_group", "region"),
    ("log_group", "metric_filters"),
    ("metric_filter", "pattern"),
    ("metric_filter", "applied_on_transformed_logs"),
    ("metric_filter", "field_selection_criteria"),
    ("metric_filter", "metrics"),
    ("metric", "namespace"),
    ("metric", "name"),
    ("metric", "value"),
    ("metric", "default_value"),
    ("metric", "dimensions"),
    ("log_group", "alarms"),
    ("alarm", "name"),
    ("alarm", "owner_account"),
    ("alarm", "region"),
    ("alarm", "definition"),
    ("alarm", "actions_enabled"),
    ("alarm", "actions"),
    ("alarm", "topics"),
    ("alarm", "state"),
    ("alarm", "state_since"),
    ("alarm", "mute_rules"),
    ("mute_rule", "status"),
    ("mute_rule", "schedule"),
    ("topic", "exists"),
    ("topic", "kms_key_id"),
    ("topic", "subscriptions_confirmed"),
    ("event_bus", "region"),
    ("event_bus", "rules"),
    ("event_rule", "name"),
    ("event_rule", "state"),
    ("event_rule", "pattern"),
    ("event_rule", "targets"),
    ("rule_target", "arn"),
    ("rule_target", "topic"),
];

pub(super) fn table() -> Vec<Entry> {
    let entry = |question, name, arguments, doc| Entry {
        function: Function::Watch(question),
        name,
        receiver: Type::Record("account"),
        arguments,
        result: Type::Bool,
        doc,
    };
    vec![
        entry(
            Question::RaisesAlarm,
            "raisesAlarm",
            vec![("event", Type::WatchedEvent)],
            "Whether somebody is told of every event of the family in the account, in whichever Region: by metric filters of the log \
              group of a logging multi-Region trail that records it, each with an alarm that goes off on one event, has its actions \
              enabled and reaches a topic with a confirmed subscription (or a function, an incident), by enabled rules of the \
              Region's event bus with such a target, or by both together. Management events are meant unless the family says otherwise.",
        ),
        entry(
            Question::RaisesAlarmOn,
            "raisesAlarmOn",
            vec![("event", Type::WatchedEvent), ("bucket", Type::Text)],
            "Whether somebody is told of every event of the family whose request names the bucket.",
        ),
    ]
}

/// Services whose events are recorded in one Region of the partition.
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html#cloudtrail-concepts-global-service-events>.
const GLOBAL_SOURCES: [&str; 4] =
    ["iam.amazonaws.com", "organizations.amazonaws.com", "cloudfront.amazonaws.com", "route53.amazonaws.com"];

/// Something that may see events, and how far what it sees is told.
struct Seer<'a> {
    /// The way to it.
    way: Way,
    pattern: Pattern,
    /// How much it sees of each part of the family.
    sights: Vec<Sight>,
    /// By what events reach it.
    carrier: Carrier<'a>,
    /// Whether somebody is told of what it sees.
    tells: Verdict,
    /// The whole way, where somebody is told.
    whole: Option<Way>,
    /// Where the way ends early.
    breaks: Vec<Break>,
}

enum Pattern {
    Filter(Rc<FilterPattern>),
    Rule(Rc<EventPattern>, bool),
    /// It cannot be judged.
    Unread(Gap),
}

impl Pattern {
    fn watcher<'s>(&'s self, account: &'s str) -> Option<Watcher<'s>> {
        match self {
            Pattern::Filter(pattern) => Some(Watcher::Filter(pattern)),
            Pattern::Rule(pattern, reads) => Some(Watcher::Rule { pattern, reads: *reads, account }),
            Pattern::Unread(_) => None,
        }
    }

    /// How much it sees of each part of the family; `None` where it sees nothing of any. What cannot be judged may see all.
    fn sights(&self, parts: &[WatchedEvent], account: &str) -> Option<Vec<Sight>> {
        let watcher = self.watcher(account);
        let sight = |part: &WatchedEvent| watcher.map_or(Sight::Part, |watcher| watch::sight(part, watcher));
        let sights: Vec<Sight> = parts.iter().map(sight).collect();
        sights.iter().any(|sight| *sight != Sight::Nothing).then_some(sights)
    }
}

impl Seer<'_> {
    /// The ways through it, as reports draw them.
    fn drawn(&self) -> Vec<Chain> {
        let end = match self.tells.truth {
            Truth::True => ChainEnd::Told,
            Truth::False => ChainEnd::Broken,
            Truth::Unknown => ChainEnd::Unknown,
        };
        match (end, self.breaks.as_slice()) {
            (ChainEnd::Told, _) => vec![self.whole.as_ref().unwrap_or(&self.way).drawn(end)],
            (_, []) => vec![self.way.drawn(end)],
            (_, breaks) => breaks.iter().map(|b| b.drawn(end)).collect(),
        }
    }

    /// The same where it sees some of the events alone.
    fn drawn_in_part(&self) -> Vec<Chain> {
        let part =
            |chain: Chain| Chain { end: if chain.end == ChainEnd::Told { ChainEnd::ToldInPart } else { chain.end }, ..chain };
        self.drawn().into_iter().map(part).collect()
    }

    /// Whether it sees a whole part of the family.
    fn would_do(&self) -> bool {
        self.sights.contains(&Sight::Whole)
    }

    /// Whether it sees the whole family.
    fn would_do_alone(&self) -> bool {
        self.sights.iter().all(|sight| *sight == Sight::Whole)
    }
}

/// One event of a family, and what is known of it everywhere.
struct Judged {
    verdict: Verdict,
    /// The Regions that are meant, where not all are.
    places: Vec<String>,
}

/// Regions in which the same seers see an event and tell of it.
struct Alike {
    places: Vec<String>,
    verdicts: Vec<Verdict>,
}

impl<'a> Evaluator<'a> {
    pub(super) fn about_watching(
        &mut self,
        question: Question,
        account: Value<'a>,
        arguments: &[Value<'a>],
    ) -> Evaluated<Value<'a>> {
        let bucket = match (question, arguments.get(1)) {
            (Question::RaisesAlarm, _) => None,
            (Question::RaisesAlarmOn, Some(Value::Text(bucket))) => Some(bucket.to_string()),
            (Question::RaisesAlarmOn, Some(Value::Unknown(gaps))) => return Ok(Value::unknown(gaps.clone())),
            _ => return impossible("a bucket that is no text"),
        };
        let (name, event) = match arguments.first() {
            Some(Value::Event { name, .. } | Value::Watched { name, .. }) => match self.context.watched.get(*name) {
                Some(event) => (*name, event),
                None => return impossible("an event without a meaning for alarms"),
            },
            Some(Value::Unknown(gaps)) => return Ok(Value::unknown(gaps.clone())),
            _ => return impossible("an event that is none"),
        };
        let id = match &account {
            Value::Record(record) => record.id,
            Value::Unknown(gaps) => return Ok(Value::unknown(gaps.clone())),
            _ => return impossible("an account that is none"),
        };
        let is_global = event.text("eventSource").is_some_and(|source| GLOBAL_SOURCES.contains(&source));
        let regions = match is_global {
            true => ListValue::complete([self.field(account.clone(), "global_events_region")?]),
            false => {
                let regions = self.field(account.clone(), "regions")?;
                as_list(regions)?
            }
        };
        let (nameless, items): (Vec<_>, Vec<_>) =
            regions.items.into_iter().partition(|item| matches!(item.value, Value::Unknown(_)));
        let (regions, unread_regions) = named(ListValue { items, ..regions })?;
        // Of no Region everything is so: where nothing was looked at, nobody is known to be told.
        if regions.is_empty() && unread_regions.is_empty() && nameless.is_empty() {
            return Ok(Value::Truth(Verdict::known(false).with_cases(vec![Case::new("no Region of the account was read")])));
        }
        let mut event = event.with("recipientAccountId", vec![id.to_string()]).of_management();
        if let Some(bucket) = &bucket {
            event = event.with("requestParameters.bucketName", vec![bucket.clone()]);
        }
        let mut gaps = Gaps::new();
        let places: Vec<Value<'a>> = regions.iter().map(|region| Value::Text(region.clone().into())).collect();
        let (names, parts): (Vec<Option<String>>, Vec<WatchedEvent>) = event.parts().into_iter().unzip();
        let (seers, ends) = self.seers(&account, &parts, &places, is_global, &mut gaps)?;
        let mut verdict = Verdict::known(true);
        let mut folded: Vec<(Vec<String>, String, Vec<String>)> = Vec::new();
        for (at, (called, event)) in names.into_iter().zip(&parts).enumerate() {
            let part = Part::of(at, event, &seers, id);
            for Judged { verdict: judged, places } in self.judge(&part, &regions, &gaps) {
                let what = called.clone().unwrap_or_else(|| name.replace('_', " "));
                for case in &judged.cases {
                    let text = case.text();
                    match folded.iter_mut().find(|(_, known, at)| *known == text && *at == places) {
                        Some((parts, ..)) => parts.push(what.clone()),
                        None => folded.push((vec![what.clone()], text, places.clone())),
                    }
                }
                verdict = verdict.and(Verdict { cases: Vec::new(), ..judged });
            }
        }
        if !unread_regions.is_empty() {
            verdict = verdict.and(Verdict::unknown(unread_regions));
        }
        // What would do by itself is drawn; where nothing would, all that sees a part of it.
        let whole: Vec<&Seer<'a>> = seers.iter().filter(|seer| seer.would_do()).collect();
        let chains: Vec<Chain> = match whole.is_empty() {
            true => seers.iter().flat_map(Seer::drawn_in_part).collect(),
            false => {
                let drawn = |seer: &Seer<'a>| if seer.would_do_alone() { seer.drawn() } else { seer.drawn_in_part() };
                whole.into_iter().flat_map(drawn).collect()
            }
        };
        self.reader.chains.extend(if seers.is_empty() { ends } else { chains });
        // What is told wherever it happens is told in a Region too that has no name here.
        for Item { value: region, .. } in &nameless {
            if verdict.truth == Truth::True {
                verdict = verdict.and(self.told_anywhere(&account, region, &parts, is_global, id)?);
            }
        }
        if verdict.truth == Truth::True {
            let ways: Vec<String> = seers
                .iter()
                .filter(|s| s.tells.truth == Truth::True)
                .map(|s| s.whole.as_ref().unwrap_or(&s.way).words())
                .collect();
            let of = bucket.map_or_else(|| name.to_string(), |bucket| format!("{name}, {bucket}"));
            self.reader.conclude(id, &format!("raisesAlarm({of})"), ways.join("; "));
            return Ok(Value::Truth(verdict));
        }
        let mut cases: Vec<Case> = folded
            .into_iter()
            .map(|(parts, text, places)| {
                let place = if places.is_empty() { String::new() } else { format!(" in {}", some(&places)) };
                let are = if parts.len() == 1 { "is" } else { "are" };
                Case::new(format!("{}{place} {are} {text}", some(&parts)))
            })
            .collect();
        let broken: Vec<&Seer<'a>> = seers.iter().filter(|s| s.tells.truth != Truth::True).collect();
        // What would do, were it not broken, says more than all else that is broken.
        let told_of: Vec<&Seer<'a>> = broken.iter().copied().filter(|seer| seer.would_do()).collect();
        let told_of = if told_of.is_empty() { broken } else { told_of };
        cases.extend(told_of.into_iter().flat_map(|s| s.breaks.iter()).map(|end| Case::new(end.words())));
        let mut unique: Vec<Case> = Vec::new();
        for case in cases {
            if !unique.contains(&case) {
                unique.push(case);
            }
        }
        Ok(Value::Truth(Verdict { cases: unique, ..verdict }))
    }

    /// Whether the event is told in a Region of which nothing is known, not even its name.
    fn told_anywhere(
        &mut self,
        account: &Value<'a>,
        region: &Value<'a>,
        parts: &[WatchedEvent],
        is_global: bool,
        id: &'a str,
    ) -> Evaluated<Verdict> {
        let mut gaps = Gaps::new();
        let (seers, _) = self.seers(account, parts, std::slice::from_ref(region), is_global, &mut gaps)?;
        let mut verdict = Verdict::known(true);
        for (at, event) in parts.iter().enumerate() {
            let part = Part::of(at, event, &seers, id);
            let flat = recorded_as(event);
            let mut recorder = Recorder::of(&flat, self.semantics.records);
            let verdicts = part.reached(0, &mut recorder);
            verdict = verdict.and(part.told(&verdicts, None, &gaps));
        }
        match (verdict.truth, region) {
            // That it is not told somewhere says nothing of the Regions of the account.
            (Truth::False, Value::Unknown(gaps)) => Ok(Verdict::unknown(gaps.clone())),
            _ => Ok(verdict),
        }
    }

    /// Whether one event is told, in groups of Regions in which the same seers see it.
    fn judge(&self, part: &Part<'_, 'a>, regions: &[String], gaps: &Gaps) -> Vec<Judged> {
        let flat = recorded_as(part.event);
        // Region -> of each seer, whether the event reaches it there and is told.
        let mut groups: BTreeMap<Vec<Option<bool>>, Alike> = BTreeMap::new();
        let mut recorder = Recorder::of(&flat, self.semantics.records);
        for (at, region) in regions.iter().enumerate() {
            let verdicts = part.reached(at, &mut recorder);
            let key = verdicts.iter().map(|v| match v.truth {
                Truth::True => Some(true),
                Truth::False => Some(false),
                Truth::Unknown => None,
            });
            let alike = groups.entry(key.collect()).or_insert_with(|| Alike { places: Vec::new(), verdicts });
            alike.places.push(region.clone());
        }
        let all = groups.len() == 1;
        let mut judged = Vec::new();
        for Alike { places, verdicts } in groups.into_values() {
            let verdict = part.told(&verdicts, Some(&places), gaps);
            judged.push(Judged { verdict, places: if all { Vec::new() } else { places } });
        }
        judged
    }
}

/// The event as trails' selectors see it.
fn recorded_as(event: &WatchedEvent) -> PartialEvent {
    let mut fields: BTreeMap<String, String> = ["eventCategory", "eventSource", "eventName", "eventType"]
        .into_iter()
        .filter_map(|field| Some((field.to_string(), event.text(field)?.to_string())))
        .collect();
    fields.entry("eventCategory".into()).or_insert_with(|| "Management".into());
    let path = crate::semantics::leaf::Path::of_keys("readOnly");
    if let Some(watch::Constraint::Bool(b)) = event.fields.get(&path) {
        fields.insert("readOnly".into(), b.to_string());
    }
    PartialEvent { fields }
}

/// The texts of a list that are known, and why there may be more.
fn named(list: ListValue<'_>) -> Evaluated<(Vec<String>, Gaps)> {
    let mut gaps = list.gaps;
    let mut texts = Vec::new();
    for Item { value, doubts } in list.items {
        match value {
            Value::Text(text) if doubts.is_empty() => texts.push(text.into_owned()),
            Value::Text(_) => gaps.extend(doubts),
            Value::Unknown(more) => gaps.extend(more),
            Value::OneOf { gap, .. } => drop(gaps.insert(gap)),
            _ => return impossible("a Region that is no text"),
        }
    }
    Ok((texts, gaps))
}

/// The first few of them.
fn some(all: &[String]) -> String {
    const SHOWN: usize = 6;
    match all {
        [] => String::new(),
        [one] => one.clone(),
        [many @ .., last] if all.len() <= SHOWN => format!("{} and {last}", many.join(", ")),
        many => format!("{} and {} more", many[..SHOWN].join(", "), many.len() - SHOWN),
    }
}
