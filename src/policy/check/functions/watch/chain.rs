//! From the trail to what sees its events: log groups and their filters, event buses and their rules.

use std::rc::Rc;

use crate::finding::{Chain, ChainEnd};
use crate::inventory::{Gap, GapKind, Gaps};
use crate::policy::check::evaluate::{Evaluated, Evaluator, as_list, impossible};
use crate::policy::check::functions::RecordsFn;
use crate::policy::check::value::{Item, ListValue, RecordValue, Value, Verdict, equal};
use crate::semantics::alarm::Emitted;
use crate::semantics::selectors::Contributor;
use crate::semantics::watch::WatchedEvent;
use crate::semantics::{PartialEvent, Truth};

use super::tell::AlarmView;
use super::way::Way;
use super::{Pattern, Seer};

/// What brings events to a seer.
pub(super) struct Carrier<'a> {
    trails: Vec<Rc<Trail<'a>>>,
    /// The Region alone from which events come, as an index; every Region where it is absent.
    only: Option<usize>,
    /// Whether only trails of every Region count.
    wants_every_region: bool,
}

/// A trail, as far as it matters here.
pub(super) struct Trail<'a> {
    name: String,
    /// Whether it logs, in each of the Regions.
    logs: Vec<Verdict>,
    everywhere: Verdict,
    contributor: Contributor<'a>,
    /// Why it may not be one of the account's trails.
    doubts: Gaps,
}

/// Whether trails record one event, wherever it happens: asked of each trail once.
pub(super) struct Recorder<'e> {
    event: &'e PartialEvent,
    records: RecordsFn,
    /// By where the trail stands in memory.
    known: Vec<(usize, Verdict)>,
}

impl<'e> Recorder<'e> {
    pub(super) fn of(event: &'e PartialEvent, records: RecordsFn) -> Self {
        Recorder { event, records, known: Vec::new() }
    }

    fn records(&mut self, trail: &Rc<Trail<'_>>) -> Verdict {
        let place = Rc::as_ptr(trail).addr();
        if let Some((_, verdict)) = self.known.iter().find(|(known, _)| *known == place) {
            return verdict.clone();
        }
        let verdict = Verdict::answered((self.records)(std::slice::from_ref(&trail.contributor), &Gaps::new(), self.event));
        self.known.push((place, verdict.clone()));
        verdict
    }
}

impl Carrier<'_> {
    /// Whether the event comes to the seer where it happens in the Region.
    pub(super) fn carries(&self, region: usize, recorder: &mut Recorder<'_>) -> Verdict {
        if self.only.is_some_and(|only| only != region) {
            return Verdict::known(false);
        }
        self.trails.iter().fold(Verdict::known(false), |any, trail| {
            let mut all = trail.logs.get(region).cloned().unwrap_or_else(|| Verdict::known(false));
            if self.wants_every_region {
                all = all.and(trail.everywhere.clone());
            }
            if all.truth != Truth::False {
                all = all.and(recorder.records(trail));
            }
            if !trail.doubts.is_empty() && all.truth != Truth::False {
                all = all.and(Verdict::unknown(trail.doubts.clone()));
            }
            any.or(all)
        })
    }
}

impl<'a> Evaluator<'a> {
    /// Everything that may see events of the account, and the ways that end before anything does; into the gaps goes why there may
    /// be more.
    pub(super) fn seers(
        &mut self,
        account: &Value<'a>,
        parts: &[WatchedEvent],
        regions: &[Value<'a>],
        is_global: bool,
        gaps: &mut Gaps,
    ) -> Evaluated<(Vec<Seer<'a>>, Vec<Chain>)> {
        let listed = self.field(account.clone(), "trails")?;
        let ListValue { items, gaps: unread } = as_list(listed)?;
        gaps.extend(unread);
        let mut ends = Vec::new();
        let mut trails: Vec<Rc<Trail<'a>>> = Vec::new();
        let mut groups: Vec<(RecordValue<'a>, Vec<Rc<Trail<'a>>>)> = Vec::new();
        for Item { value, doubts } in items {
            let Some(trail) = self.trail(&value, doubts, regions, is_global, gaps)? else { continue };
            let trail = Rc::new(trail);
            trails.push(trail.clone());
            match self.field(value, "log_group")? {
                Value::Null => {
                    let way = Way::from("trail", trail.name.as_str());
                    ends.push(way.because("it sends nothing to CloudWatch Logs").drawn(ChainEnd::Broken));
                }
                Value::Record(group) => match groups.iter_mut().find(|(known, _)| known.id == group.id) {
                    Some((_, of)) => of.push(trail),
                    None => groups.push((group, vec![trail])),
                },
                Value::Unknown(more) => gaps.extend(more),
                Value::OneOf { gap, .. } => drop(gaps.insert(gap)),
                _ => return impossible("a log group that is none"),
            }
        }
        let account_id = account_of(account);
        let mut seers = Vec::new();
        for (group, of) in groups {
            ends.extend(self.filters(&group, &of, parts, account_id, &mut seers, gaps)?);
        }
        self.rules(account, &trails, parts, regions, &mut seers, gaps)?;
        Ok((seers, ends))
    }

    fn trail(
        &mut self,
        value: &Value<'a>,
        doubts: Gaps,
        regions: &[Value<'a>],
        is_global: bool,
        gaps: &mut Gaps,
    ) -> Evaluated<Option<Trail<'a>>> {
        let id = match value {
            Value::Record(record) => record.id,
            Value::Unknown(more) => {
                gaps.extend(more.iter().cloned());
                return Ok(None);
            }
            Value::OneOf { gap, .. } => {
                gaps.insert(gap.clone());
                return Ok(None);
            }
            _ => return impossible("a trail that is none"),
        };
        let mut logs = Vec::new();
        for region in regions {
            match self.logs_in(value.clone(), std::slice::from_ref(region))? {
                Value::Truth(verdict) => logs.push(verdict),
                _ => return impossible("a trail that neither logs nor does not"),
            }
        }
        let mut everywhere = self.truth_of(value.clone(), "is_multi_region")?;
        if is_global {
            let with_global = self.truth_of(value.clone(), "include_global_service_events")?;
            logs = logs.into_iter().map(|verdict| verdict.and(with_global.clone())).collect();
        }
        everywhere.cases.clear();
        let item = Item { value: value.clone(), doubts: Gaps::new() };
        let Some(contributor) = self.contributors(vec![item])?.pop() else { return impossible("a trail without selectors") };
        let name = id.rsplit_once('/').map_or(id, |(_, name)| name).to_string();
        Ok(Some(Trail { name, logs, everywhere, contributor, doubts }))
    }

    /// The metric filters of a log group that may see the family, each with the alarms behind it.
    fn filters(
        &mut self,
        group: &RecordValue<'a>,
        trails: &[Rc<Trail<'a>>],
        parts: &[WatchedEvent],
        account: &str,
        seers: &mut Vec<Seer<'a>>,
        gaps: &mut Gaps,
    ) -> Evaluated<Option<Chain>> {
        let value = Value::Record(group.clone());
        let start = Way::from("trail", trails_of(trails)).to("log group", name_of(group.id));
        let exists = self.truth_of(value.clone(), "exists")?;
        if exists.truth == Truth::False {
            return Ok(Some(start.because("it does not exist").drawn(ChainEnd::Broken)));
        }
        let listed = self.field(value.clone(), "metric_filters")?;
        let ListValue { items, gaps: unread } = as_list(listed)?;
        gaps.extend(unread);
        let mut alarms: Option<Vec<AlarmView<'a>>> = None;
        let (before, is_whole) = (seers.len(), gaps.is_empty());
        for Item { value: filter, doubts } in items {
            let Value::Record(record) = &filter else {
                match filter {
                    Value::Unknown(more) => gaps.extend(more),
                    _ => return impossible("a metric filter that is none"),
                }
                continue;
            };
            let pattern = match self.plain(&filter, "pattern")? {
                Ok(text) => match self.reader.patterns().filter(&text) {
                    Ok(pattern) => Pattern::Filter(pattern),
                    Err(e) => {
                        let message = format!("the pattern of metric filter {} cannot be read: {e}: {text}", record.id);
                        Pattern::Unread(Gap::new(GapKind::NotUnderstood, message))
                    }
                },
                Err(more) => {
                    gaps.extend(more);
                    continue;
                }
            };
            let pattern = self.limited(&filter, record.id, pattern)?;
            let Some(sights) = pattern.sights(parts, account) else { continue };
            let carrier = Carrier { trails: trails.to_vec(), only: None, wants_every_region: true };
            let way = start.to("filter", record.id);
            let mut seer = Seer { way, pattern, sights, carrier, tells: Verdict::known(false), whole: None, breaks: Vec::new() };
            if alarms.is_none() {
                alarms = Some(self.alarms(&value, gaps)?);
            }
            self.follow(&filter, &mut seer, alarms.as_deref().unwrap_or_default(), gaps)?;
            seer.tells = exists.clone().and(seer.tells);
            if !doubts.is_empty() {
                seer.tells = seer.tells.and(Verdict::unknown(doubts));
            }
            self.break_at_trails(&mut seer, trails);
            seers.push(seer);
        }
        let is_blind = seers.len() == before && is_whole && gaps.is_empty();
        Ok(is_blind.then(|| start.because("no metric filter sees such an event").drawn(ChainEnd::Broken)))
    }

    /// A pattern that does not see every event of the log group as it arrived is not judged.
    fn limited(&mut self, filter: &Value<'a>, name: &str, pattern: Pattern) -> Evaluated<Pattern> {
        let unread = |message: String| Pattern::Unread(Gap::new(GapKind::NotUnderstood, message));
        let transformed = self.truth_of(filter.clone(), "applied_on_transformed_logs")?;
        if transformed.truth != Truth::False {
            return Ok(unread(format!("metric filter {name} sees events as a transformer has changed them")));
        }
        Ok(match self.field(filter.clone(), "field_selection_criteria")? {
            Value::Null => pattern,
            Value::Text(criteria) => {
                unread(format!("which accounts and Regions metric filter {name} counts, {criteria}, is not followed"))
            }
            _ => unread(format!("which accounts and Regions metric filter {name} counts was not read")),
        })
    }

    /// From a filter to its metrics and the alarms on them.
    fn follow(&mut self, filter: &Value<'a>, seer: &mut Seer<'a>, alarms: &[AlarmView<'a>], gaps: &mut Gaps) -> Evaluated<()> {
        let listed = self.field(filter.clone(), "metrics")?;
        let ListValue { items, gaps: unread } = as_list(listed)?;
        gaps.extend(unread);
        for Item { value: metric, .. } in items {
            let read = (
                self.plain(&metric, "namespace")?,
                self.plain(&metric, "name")?,
                self.plain(&metric, "value")?,
                self.field(metric.clone(), "default_value")?,
            );
            let (Ok(namespace), Ok(name), Ok(value), default) = read else {
                let gap = Gap::new(GapKind::KnownAfterApply, "the metric that a filter adds to is not known");
                seer.tells = seer.tells.clone().or(Verdict::unknown([gap].into()));
                continue;
            };
            let default = match &default {
                Value::Text(text) => Some(text.to_string()),
                Value::Null => None,
                _ => Some("unknown".into()),
            };
            let listed = self.field(metric, "dimensions")?;
            let (dimensions, _) = super::named(as_list(listed)?)?;
            let emitted = Emitted {
                namespace: &namespace,
                metric: &name,
                value: &value,
                default: default.as_deref(),
                dimensions: &dimensions,
            };
            let told = self.tell(&emitted, alarms)?;
            let way = seer.way.to("metric", format!("{namespace}/{name}"));
            seer.breaks.extend(told.breaks.iter().map(|end| end.behind(&way)));
            if let (Truth::True, Some(on)) = (told.verdict.truth, told.on)
                && seer.tells.truth != Truth::True
            {
                seer.whole = Some(way.then(on));
            }
            if alarms.is_empty() || told.nothing {
                seer.breaks.push(way.because("no alarm watches the metric"));
            }
            seer.tells = seer.tells.clone().or(told.verdict);
        }
        Ok(())
    }

    /// Says of a filter that would tell why nothing comes to it.
    fn break_at_trails(&self, seer: &mut Seer<'a>, trails: &[Rc<Trail<'a>>]) {
        let none_logs = trails.iter().all(|t| t.logs.iter().all(|v| v.truth == Truth::False));
        let none_everywhere = trails.iter().all(|t| t.everywhere.truth == Truth::False);
        if none_logs && !trails.is_empty() {
            seer.breaks.push(seer.way.cut_at_the_start("the trail is not logging"));
            seer.tells = seer.tells.clone().and(Verdict::known(false));
        } else if none_everywhere && !trails.is_empty() {
            seer.breaks.push(seer.way.cut_at_the_start("the trail is not a multi-Region trail"));
            seer.tells = seer.tells.clone().and(Verdict::known(false));
        }
    }

    /// The rules of each Region's event bus that may see the family.
    fn rules(
        &mut self,
        account: &Value<'a>,
        trails: &[Rc<Trail<'a>>],
        parts: &[WatchedEvent],
        regions: &[Value<'a>],
        seers: &mut Vec<Seer<'a>>,
        gaps: &mut Gaps,
    ) -> Evaluated<()> {
        let account_id = account_of(account);
        let listed = self.field(account.clone(), "event_buses")?;
        let ListValue { items, gaps: unread } = as_list(listed)?;
        gaps.extend(unread);
        for Item { value: bus, doubts } in items {
            gaps.extend(doubts);
            let here = self.field(bus.clone(), "region")?;
            let is_here: Vec<Truth> = regions.iter().map(|region| equal(&here, region).truth).collect();
            let Some(only) = is_here.iter().position(|is_here| *is_here == Truth::True) else {
                // A bus of a Region that is open may be that of any.
                if let (Value::Unknown(open), true) = (&here, is_here.contains(&Truth::Unknown)) {
                    gaps.extend(open.iter().cloned());
                }
                continue;
            };
            let Value::Text(region) = &here else { continue };
            let region = region.to_string();
            let listed = self.field(bus, "rules")?;
            let ListValue { items, gaps: unread } = as_list(listed)?;
            gaps.extend(unread);
            for Item { value: rule, .. } in items {
                let (name, state, text) =
                    (self.plain(&rule, "name")?, self.plain(&rule, "state")?, self.plain(&rule, "pattern")?);
                // A rule without a name is told by its ARN.
                let name = name.unwrap_or_else(|_| match &rule {
                    Value::Record(record) => record.id.rsplit_once('/').map_or(record.id, |(_, name)| name).to_string(),
                    _ => String::new(),
                });
                let (Ok(state), Ok(text)) = (state, text) else {
                    gaps.insert(Gap::new(GapKind::KnownAfterApply, "a rule of an event bus is not known"));
                    continue;
                };
                let reads = state == "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS";
                let pattern = match self.reader.patterns().rule(&text) {
                    Ok(pattern) => Pattern::Rule(pattern, reads),
                    Err(e) => Pattern::Unread(Gap::new(
                        GapKind::NotUnderstood,
                        format!("the event pattern of rule {name} cannot be read: {e}"),
                    )),
                };
                let Some(sights) = pattern.sights(parts, account_id) else { continue };
                let way = Way::from("event bus of", &region).to("rule", &name);
                let carrier = Carrier { trails: trails.to_vec(), only: Some(only), wants_every_region: false };
                let tells = Verdict::known(false);
                let mut seer = Seer { way, pattern, sights, carrier, tells, whole: None, breaks: Vec::new() };
                match state.as_str() {
                    "DISABLED" => seer.breaks.push(seer.way.because("the rule is disabled")),
                    _ => self.targets(&rule, &mut seer)?,
                }
                seers.push(seer);
            }
        }
        Ok(())
    }

    /// A field that is a text, unless code leaves it open.
    pub(super) fn plain(&mut self, record: &Value<'a>, field: &str) -> Evaluated<Result<String, Gaps>> {
        Ok(match self.field(record.clone(), field)? {
            Value::Text(text) => Ok(text.into_owned()),
            Value::Unknown(gaps) => Err(gaps),
            Value::OneOf { gap, .. } => Err([gap].into()),
            _ => return impossible("a text that is none"),
        })
    }
}

fn account_of<'a>(account: &Value<'a>) -> &'a str {
    match account {
        Value::Record(record) => record.id,
        _ => "",
    }
}

fn trails_of(trails: &[Rc<Trail<'_>>]) -> String {
    trails.iter().map(|trail| trail.name.as_str()).collect::<Vec<_>>().join(", ")
}

fn name_of(group: &str) -> &str {
    group.split_once(":log-group:").map_or(group, |(_, name)| name)
}
