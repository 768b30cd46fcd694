//! From a metric or a rule to people: alarms, what they do, topics and their subscriptions.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use crate::inventory::alarm::{AlarmDefinition, CompositeAlarm};
use crate::inventory::noun::Opaque;
use crate::inventory::{Gap, GapKind, Gaps};
use crate::policy::check::evaluate::{Evaluated, Evaluator, as_list, impossible};
use crate::policy::check::value::{Item, ListValue, Value, Verdict};
use crate::semantics::Truth;
use crate::semantics::alarm::{self, Emitted, Fires};

use super::Seer;
use super::way::{Break, Way};

/// An alarm that has been in ALARM for so long does not change its state on the next event, and only a change tells anybody.
const STUCK: SignedDuration = SignedDuration::from_hours(30 * 24);

/// An alarm, as far as it matters here.
pub(super) struct AlarmView<'a> {
    name: String,
    arn: &'a str,
    /// When it goes off; why that is not known.
    definition: Result<&'a AlarmDefinition, Gaps>,
    /// Whether somebody is told when it does.
    tells: Verdict,
    /// Whom, for people.
    whom: String,
    /// Why nobody is.
    breaks: Vec<String>,
}

/// What comes of a metric.
pub(super) struct Told {
    pub(super) verdict: Verdict,
    /// From the alarm on, where somebody is told.
    pub(super) on: Option<Way>,
    pub(super) breaks: Vec<Break>,
    /// Whether no alarm is on the metric.
    pub(super) nothing: bool,
}

fn not_understood(message: impl Into<String>) -> Verdict {
    Verdict::unknown([Gap::new(GapKind::NotUnderstood, message)].into())
}

impl<'a> Evaluator<'a> {
    /// The alarms beside a log group, with whether each tells somebody.
    pub(super) fn alarms(&mut self, group: &Value<'a>, gaps: &mut Gaps) -> Evaluated<Vec<AlarmView<'a>>> {
        let home = (self.plain(group, "owner_account")?, self.plain(group, "region")?);
        let listed = self.field(group.clone(), "alarms")?;
        let ListValue { items, gaps: unread } = as_list(listed)?;
        gaps.extend(unread);
        let mut alarms = Vec::new();
        for Item { value, doubts } in items {
            let Value::Record(record) = &value else {
                match value {
                    Value::Unknown(more) => gaps.extend(more),
                    Value::OneOf { gap, .. } => drop(gaps.insert(gap)),
                    _ => return impossible("an alarm that is none"),
                }
                continue;
            };
            let arn = record.id;
            if record.found.is_none() {
                gaps.extend(record.missing());
                continue;
            }
            let there = (self.plain(&value, "owner_account")?, self.plain(&value, "region")?);
            // A metric is known in its own account and Region alone.
            if home.0.is_ok() && there.0.is_ok() && (&home.0, &home.1) != (&there.0, &there.1) {
                continue;
            }
            let by_arn = || arn.split_once(":alarm:").map_or(arn, |(_, name)| name).to_string();
            let name = self.plain(&value, "name")?.unwrap_or_else(|_| by_arn());
            let definition = match self.field(value.clone(), "definition")? {
                Value::Opaque(Opaque::AlarmDefinition(definition)) => Ok(definition),
                Value::Unknown(more) => Err(more),
                Value::OneOf { gap, .. } => Err([gap].into()),
                _ => return impossible("a definition that is none"),
            };
            let mut view =
                AlarmView { name, arn, definition, tells: Verdict::known(true), whom: String::new(), breaks: Vec::new() };
            self.actions(&value, &mut view)?;
            if !doubts.is_empty() {
                view.tells = view.tells.and(Verdict::unknown(doubts));
            }
            alarms.push(view);
        }
        Ok(alarms)
    }

    /// Whether the alarm does something when it goes off, and somebody is told.
    fn actions(&mut self, alarm: &Value<'a>, view: &mut AlarmView<'a>) -> Evaluated<()> {
        let enabled = self.truth_of(alarm.clone(), "actions_enabled")?;
        view.hold(enabled, "its actions are disabled");
        let muted = self.is_muted(alarm)?;
        view.hold(!muted.0, &muted.1);
        let stuck = self.is_stuck(alarm)?;
        view.hold(!stuck.0, &stuck.1);

        let mut reached = Verdict::known(false);
        let mut ends = Vec::new();
        let actions = self.field(alarm.clone(), "actions")?;
        let (actions, unread) = super::named(as_list(actions)?)?;
        for action in actions.iter().filter(|a| !is_topic(a)) {
            let (verdict, words) = acts(action);
            if verdict.truth == Truth::True {
                view.whom.clone_from(&words);
            } else {
                ends.push(words);
            }
            reached = reached.or(verdict);
        }
        let listed = self.field(alarm.clone(), "topics")?;
        let ListValue { items, gaps } = as_list(listed)?;
        for Item { value: topic, .. } in items {
            let (verdict, words) = self.topic(&topic)?;
            match verdict.truth {
                Truth::True => view.whom = words,
                _ => ends.push(words),
            }
            reached = reached.or(verdict);
        }
        let unread: Gaps = unread.into_iter().chain(gaps).collect();
        if !unread.is_empty() {
            reached = reached.or(Verdict::unknown(unread));
        } else if actions.is_empty() {
            ends.push("it has no action".into());
        }
        if reached.truth != Truth::True {
            view.breaks.extend(ends);
        }
        view.tells = std::mem::replace(&mut view.tells, Verdict::known(true)).and(reached);
        Ok(())
    }

    fn is_muted(&mut self, alarm: &Value<'a>) -> Evaluated<(Verdict, String)> {
        let listed = self.field(alarm.clone(), "mute_rules")?;
        let ListValue { items, gaps } = as_list(listed)?;
        let mut verdict = Verdict::known(false);
        let mut words = "it is muted".to_string();
        for Item { value: rule, .. } in items {
            let (status, schedule) = (self.plain(&rule, "status")?, self.field(rule.clone(), "schedule")?);
            let id = match &rule {
                Value::Record(record) => record.id.rsplit(':').next().unwrap_or(record.id),
                _ => "a rule",
            };
            let at = match schedule {
                Value::Text(schedule) => format!(", {schedule}"),
                _ => String::new(),
            };
            verdict = verdict.or(match status.as_deref() {
                Ok("EXPIRED") => Verdict::known(false),
                Ok("ACTIVE") => {
                    words = format!("it is muted by {id}{at}");
                    Verdict::known(true)
                }
                Ok(_) => {
                    words = format!("it is muted at times by {id}{at}");
                    Verdict::known(true)
                }
                Err(gaps) => Verdict::unknown(gaps.clone()),
            });
        }
        if !gaps.is_empty() {
            verdict = verdict.or(Verdict::unknown(gaps));
        }
        Ok((verdict, words))
    }

    fn is_stuck(&mut self, alarm: &Value<'a>) -> Evaluated<(Verdict, String)> {
        let in_alarm = match self.field(alarm.clone(), "state")? {
            Value::Text(state) => Verdict::known(state == "ALARM"),
            Value::Unknown(gaps) => Verdict::unknown(gaps),
            Value::OneOf { gap, .. } => Verdict::unknown([gap].into()),
            _ => return impossible("a state that is none"),
        };
        if in_alarm.truth == Truth::False {
            return Ok((in_alarm, String::new()));
        }
        let mut since: Option<Timestamp> = None;
        let long = match self.field(alarm.clone(), "state_since")? {
            Value::Time(time) => {
                since = Some(time);
                Verdict::known(self.context.now.duration_since(time) > STUCK)
            }
            Value::Null => Verdict::known(false),
            Value::Unknown(gaps) => Verdict::unknown(gaps),
            Value::OneOf { gap, .. } => Verdict::unknown([gap].into()),
            _ => return impossible("a time that is none"),
        };
        let since = since.map_or_else(String::new, |t| format!(" since {t}"));
        Ok((in_alarm.and(long), format!("it has been in ALARM{since}, and tells only of a change")))
    }

    /// Whether a topic tells somebody.
    fn topic(&mut self, topic: &Value<'a>) -> Evaluated<(Verdict, String)> {
        let Value::Record(record) = topic else {
            return match topic {
                Value::Unknown(gaps) => Ok((Verdict::unknown(gaps.clone()), "a topic that was not read".into())),
                _ => impossible("a topic that is none"),
            };
        };
        let name = format!("topic {}", record.id.rsplit(':').next().unwrap_or(record.id));
        let exists = self.truth_of(topic.clone(), "exists")?;
        if exists.truth == Truth::False {
            return Ok((exists, format!("{name} does not exist")));
        }
        let confirmed = match self.field(topic.clone(), "subscriptions_confirmed")? {
            Value::Int(count) => match (count.low >= 1, count.high) {
                (true, _) => Verdict::known(true),
                (false, Some(0)) => Verdict::known(false),
                _ => Verdict::unknown(count.gaps),
            },
            Value::Unknown(gaps) => Verdict::unknown(gaps),
            Value::OneOf { gap, .. } => Verdict::unknown([gap].into()),
            _ => return impossible("a count that is none"),
        };
        if confirmed.truth == Truth::False {
            return Ok((confirmed, format!("{name} has no confirmed subscription")));
        }
        // AWS's own key of SNS does not let other services publish.
        let with_own_key = match self.field(topic.clone(), "kms_key_id")? {
            Value::Text(key) => Verdict::known(key.ends_with("alias/aws/sns")),
            Value::Null => Verdict::known(false),
            Value::Unknown(gaps) => Verdict::unknown(gaps),
            Value::OneOf { gap, .. } => Verdict::unknown([gap].into()),
            _ => return impossible("a key that is none"),
        };
        if with_own_key.truth == Truth::True {
            let words = format!("{name} is encrypted with alias/aws/sns, with which neither alarms nor rules may publish");
            return Ok((!with_own_key, words));
        }
        let is_there = exists.truth == Truth::True && with_own_key.truth == Truth::False;
        let verdict = exists.and(confirmed).and(!with_own_key);
        let words = match verdict.truth {
            Truth::True => name,
            _ if is_there => format!("whether a subscription of {name} is confirmed is not known"),
            _ => format!("{name} was not read"),
        };
        Ok((verdict, words))
    }

    /// Whether an event that adds to the metric is told.
    pub(super) fn tell(&mut self, emitted: &Emitted<'_>, alarms: &[AlarmView<'a>]) -> Evaluated<Told> {
        let mut told = Told { verdict: Verdict::known(false), on: None, breaks: Vec::new(), nothing: true };
        // Of each alarm, whether it goes off; of composite ones it is found below.
        let mut fires: Vec<Verdict> = Vec::new();
        for view in alarms {
            let answer = match &view.definition {
                Ok(AlarmDefinition::Metric(alarm)) => alarm::fires_on_one(alarm, emitted),
                Ok(AlarmDefinition::Math(alarm)) => alarm::math_fires_on_one(alarm, emitted),
                Ok(AlarmDefinition::Composite(_)) => None,
                Ok(AlarmDefinition::Other(text)) => {
                    Some(Fires::Unknown(format!("it goes off in a way that is not followed, {text}")))
                }
                Err(gaps) => {
                    told.nothing = false;
                    fires.push(Verdict::unknown(gaps.clone()));
                    continue;
                }
            };
            told.nothing &= answer.is_none();
            fires.push(match answer {
                None => Verdict::known(false),
                Some(Fires::Yes) => Verdict::known(true),
                Some(Fires::No(why)) => {
                    told.breaks.push(view.way().because(why));
                    Verdict::known(false)
                }
                Some(Fires::Unknown(why)) => {
                    told.breaks.push(view.way().because(why.clone()));
                    not_understood(format!("alarm {}: {why}", view.name))
                }
            });
        }
        let mut kept_back: Vec<Option<String>> = vec![None; alarms.len()];
        // A composite alarm over a composite alarm is found in a later round.
        for _ in 0..alarms.len().min(8) {
            let mut changed = false;
            for (at, view) in alarms.iter().enumerate() {
                let Ok(AlarmDefinition::Composite(composite)) = &view.definition else { continue };
                let (verdict, why) = composed(composite, &view.name, alarms, &fires);
                changed |= verdict.truth != fires[at].truth;
                fires[at] = verdict;
                kept_back[at] = why;
            }
            if !changed {
                break;
            }
        }
        for (view, why) in alarms.iter().zip(kept_back) {
            told.breaks.extend(why.map(|why| view.way().because(why)));
        }
        for (view, fires) in alarms.iter().zip(fires) {
            if fires.truth == Truth::False {
                continue;
            }
            told.breaks.extend(view.breaks.iter().map(|why| view.way().because(why)));
            let verdict = fires.and(view.tells.clone());
            if verdict.truth == Truth::True {
                told.on = Some(view.way().to_named(&view.whom));
            }
            told.verdict = told.verdict.or(verdict);
        }
        Ok(told)
    }

    /// Whether a target of a rule tells somebody.
    pub(super) fn targets(&mut self, rule: &Value<'a>, seer: &mut Seer<'a>) -> Evaluated<()> {
        let listed = self.field(rule.clone(), "targets")?;
        let ListValue { items, gaps: unread } = as_list(listed)?;
        if items.is_empty() && unread.is_empty() {
            seer.breaks.push(seer.way.because("the rule has no target"));
        }
        if !unread.is_empty() {
            seer.tells = seer.tells.clone().or(Verdict::unknown(unread));
        }
        for Item { value: target, .. } in items {
            let (verdict, words) = match self.field(target.clone(), "topic")? {
                Value::Null => match self.plain(&target, "arn")? {
                    Ok(arn) => acts(&arn),
                    Err(more) => (Verdict::unknown(more), "a target that was not read".into()),
                },
                Value::Unknown(more) => (Verdict::unknown(more), "a target that was not read".into()),
                topic => self.topic(&topic)?,
            };
            match verdict.truth {
                Truth::True => seer.whole = Some(seer.way.to_named(&words)),
                _ => seer.breaks.push(seer.way.leads_to(words)),
            }
            seer.tells = seer.tells.clone().or(verdict);
        }
        Ok(())
    }
}

impl AlarmView<'_> {
    fn way(&self) -> Way {
        Way::from("alarm", &self.name)
    }

    fn hold(&mut self, verdict: Verdict, why: &str) {
        match verdict.truth {
            Truth::True => {}
            Truth::False => self.breaks.push(why.to_string()),
            Truth::Unknown => self.breaks.push(format!("whether {why} is not known")),
        }
        self.tells = std::mem::replace(&mut self.tells, Verdict::known(true)).and(verdict);
    }
}

/// Whether a composite alarm goes off where these alarms do, and what keeps it back.
fn composed(composite: &CompositeAlarm, name: &str, alarms: &[AlarmView<'_>], fires: &[Verdict]) -> (Verdict, Option<String>) {
    let rule = match alarm::parse_rule(&composite.rule) {
        Ok(rule) => rule,
        Err(e) => {
            let why = format!("its rule cannot be read: {e}");
            return (not_understood(format!("alarm {name}: {why}")), Some(why));
        }
    };
    let is = |name: &str, wanted: &[Truth]| {
        alarms.iter().zip(fires).any(|(a, f)| (a.name == name || a.arn == name) && wanted.contains(&f.truth))
    };
    let certain = rule.holds_with(&|name| is(name, &[Truth::True]));
    let possible = rule.holds_with(&|name| is(name, &[Truth::True, Truth::Unknown]));
    let mut names = BTreeSet::new();
    rule.names(&mut names);
    let concerned = names.iter().any(|name| is(name, &[Truth::True, Truth::Unknown]));
    match (certain, possible, &composite.suppressor) {
        _ if !concerned => (Verdict::known(false), None),
        (_, Truth::True, Some(suppressor)) => {
            let suppressor = suppressor.rsplit(':').next().unwrap_or(suppressor);
            (Verdict::known(false), Some(format!("alarm {suppressor} can keep its actions back")))
        }
        (Truth::True, _, None) => (Verdict::known(true), None),
        (_, Truth::True, None) => (Verdict::unknown(fires.iter().flat_map(|f| f.gaps.iter().cloned()).collect()), None),
        _ => (Verdict::known(false), Some(format!("other alarms can keep it back: {}", composite.rule))),
    }
}

fn is_topic(arn: &str) -> bool {
    arn.split(':').nth(2) == Some("sns")
}

/// Whether what is not a topic tells somebody, or does something about it.
fn acts(arn: &str) -> (Verdict, String) {
    let mut parts = arn.splitn(6, ':').skip(2);
    let (service, resource) = (parts.next().unwrap_or_default(), parts.nth(2).unwrap_or_default());
    let name = resource.rsplit(['/', ':']).next().unwrap_or(resource);
    match service {
        "lambda" => (Verdict::known(true), format!("function {name}")),
        "states" => (Verdict::known(true), format!("state machine {name}")),
        "sqs" => (Verdict::known(true), format!("queue {name}")),
        "ssm-incidents" => (Verdict::known(true), format!("response plan {name}")),
        "ssm" => (Verdict::known(true), format!("Systems Manager {name}")),
        "events" if resource.starts_with("api-destination/") => (Verdict::known(true), format!("API destination {name}")),
        "events" => {
            let words = format!("event bus {name}, whose rules were not read");
            (not_understood(format!("what the {words} do is not known")), words)
        }
        "aiops" => (Verdict::known(true), format!("investigation {name}")),
        _ => (Verdict::known(false), format!("{service} {name}, which tells nobody")),
    }
}
