//! Reading the inventory, and noting what was read.
//!
//! Every read of a fact goes through [`Reader::read`], so that a finding shows exactly what its check touched.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use crate::finding::FactRead;
use crate::inventory::noun::{Opaque, View};
use crate::inventory::{Basis, Gap, GapKind, Gaps, Inventory, Origin, Record, Remedy};
use crate::semantics;

use super::EvaluationError;
use super::value::{Item, ListValue, Range, RecordValue, Value};

/// Longer values are cut in the trace.
const MAX_CHARACTERS: usize = 300;
const SHOWN_ITEMS: usize = 10;

/// Reads records and keeps the trace.
pub(super) struct Reader<'a> {
    inventory: &'a Inventory,
    facts: Vec<FactRead>,
    /// Owner -> the ways from it that were noted.
    seen: HashMap<&'a str, HashSet<String>>,
    /// A record, by where it stands and its noun -> the values of its fields: many checks read a field for each of its items.
    values: HashMap<(*const (), &'static str), HashMap<String, Value<'a>>>,
}

/// Where a value stands: its owner, the way there, and the fact that holds it.
struct Standing<'a, 'p> {
    owner: &'a str,
    path: &'p str,
    held_by: Option<(&'a Origin, Basis)>,
}

impl<'a> RecordValue<'a> {
    /// A record that the inventory lists.
    pub(super) fn listed(record: &'a dyn Record) -> Self {
        let (noun, id) = (record.noun_name(), record.id());
        RecordValue { noun, id, found: Some(record), owner: id, prefix: None, held_by: None }
    }

    /// Why nothing is known of a record that was not read.
    pub(super) fn missing(&self) -> Gaps {
        let message = format!("{} {} was not read", self.noun, self.id);
        // arn:partition:service:region:account:resource
        let account = self.id.starts_with("arn:").then(|| self.id.split(':').nth(4)).flatten();
        let account = account.filter(|a| !a.is_empty()).map(str::to_string);
        [Gap::new(GapKind::OtherAccount, message).with_remedy(Remedy::ScanAccount { account })].into()
    }
}

impl<'a> Reader<'a> {
    pub(super) fn new(inventory: &'a Inventory) -> Self {
        Reader { inventory, facts: Vec::new(), seen: HashMap::new(), values: HashMap::new() }
    }

    pub(super) fn into_facts(self) -> Vec<FactRead> {
        self.facts
    }

    /// Reads a field of a record, and notes it.
    pub(super) fn read(&mut self, record: &RecordValue<'a>, field: &str) -> Result<Value<'a>, EvaluationError> {
        let place = record.found.map(|found| (std::ptr::from_ref(found).cast::<()>(), record.noun));
        if let Some(value) = place.and_then(|place| self.values.get(&place)?.get(field)) {
            return Ok(value.clone());
        }
        let path = record.prefix.as_ref().map_or_else(|| field.to_string(), |prefix| format!("{prefix}{field}"));
        let Some(found) = record.found else {
            let gaps = record.missing();
            if let Some(gap) = gaps.first() {
                self.note(record.owner, &path, None, Some(gap), None, None);
            }
            return Ok(Value::unknown(gaps));
        };
        let view = found.read(field).ok_or_else(|| EvaluationError(format!("{} has no field `{field}`", record.noun)))?;
        self.note_view(record, field, &path, &view);
        let value = self.value(view, &Standing { owner: record.owner, path: &path, held_by: record.held_by });
        if let Some(place) = place {
            self.values.entry(place).or_default().insert(field.to_string(), value.clone());
        }
        Ok(value)
    }

    /// Notes what follows from what was read.
    pub(super) fn conclude(&mut self, of: &'a str, path: &str, value: String) {
        self.note(of, path, Some(cut(value)), None, Some(&Origin::Derived), Some(Basis::Observed));
    }

    fn note_view(&mut self, record: &RecordValue<'a>, field: &str, path: &str, view: &View<'a>) {
        if self.seen.get(record.owner).is_some_and(|seen| seen.contains(path)) {
            return;
        }
        match view {
            View::Known { value, from, basis } => {
                self.note(record.owner, path, Some(text(value)), None, Some(from), Some(*basis))
            }
            View::OneOf { candidates, from } => {
                let gap = open_choice(field, candidates);
                self.note(record.owner, path, None, Some(&gap), Some(from), None);
            }
            View::Unknown(gap) => self.note(record.owner, path, None, Some(gap), None, None),
            View::List { items, gaps, from } if record.held_by.is_none() => {
                let value = (gaps.is_empty() || !items.is_empty()).then(|| text(view));
                self.note(record.owner, path, value, gaps.first(), from.first(), None);
            }
            // Fields that are no facts say what the thing is; inside a fact they are a part of what was read.
            plain => {
                if let Some((from, basis)) = record.held_by
                    && !matches!(plain, View::Text(name) if *name == record.id)
                {
                    self.note(record.owner, path, Some(text(plain)), None, Some(from), Some(basis));
                }
            }
        }
    }

    fn note(
        &mut self,
        of: &'a str,
        path: &str,
        value: Option<String>,
        gap: Option<&Gap>,
        from: Option<&Origin>,
        basis: Option<Basis>,
    ) {
        if self.seen.entry(of).or_default().insert(path.to_string()) {
            let (of, path) = (of.to_string(), path.to_string());
            self.facts.push(FactRead { of, path, value, gap: gap.cloned(), from: from.cloned(), basis });
        }
    }

    fn value(&self, view: View<'a>, standing: &Standing<'a, '_>) -> Value<'a> {
        match view {
            View::Null => Value::Null,
            View::Bool(b) => Value::bool(b),
            View::Int(i) => Value::Int(Range::exact(i)),
            View::Text(text) => Value::Text(Cow::Borrowed(text)),
            View::Time(time) => Value::Time(time),
            View::Opaque(opaque) => Value::Opaque(opaque),
            View::Record(record) => Value::Record(RecordValue {
                noun: record.noun_name(),
                id: record.id(),
                found: Some(record),
                owner: standing.owner,
                prefix: Some(format!("{}.", standing.path).into()),
                held_by: standing.held_by,
            }),
            View::Ref { noun, id } => {
                let found = self.inventory.find(noun, id);
                Value::Record(RecordValue { noun, id, found, owner: id, prefix: None, held_by: None })
            }
            View::List { items, gaps, .. } => {
                let mut names = item_names(&items).into_iter();
                let items = items.into_iter().map(|item| {
                    // Only of a record that stands in the list is the way to it asked for later.
                    let value = match (&item, names.next()) {
                        (View::Record(_), Some(name)) => {
                            let path = format!("{}[{name}]", standing.path);
                            self.value(item, &Standing { path: &path, ..*standing })
                        }
                        _ => self.value(item, standing),
                    };
                    Item { value, doubts: Gaps::new() }
                });
                Value::List(ListValue { items: items.collect(), gaps: gaps.iter().cloned().collect() })
            }
            View::Known { value, from, basis } => self.value(*value, &Standing { held_by: Some((from, basis)), ..*standing }),
            View::OneOf { candidates, from } => {
                let field = standing.path.rsplit('.').next().unwrap_or_default();
                let gap = open_choice(field, &candidates);
                if candidates.is_empty() {
                    return Value::OneOf { candidates: Vec::new(), gap };
                }
                let held_by = Some((from, Basis::Configured));
                let standing = Standing { held_by, ..*standing };
                Value::one_of(candidates.into_iter().map(|view| self.value(view, &standing)).collect(), gap)
            }
            View::Unknown(gap) => Value::unknown([gap.clone()].into()),
        }
    }
}

/// How each record of a list is told from the others: by its id, or by its number where that does not do. Nothing where the
/// list is of other things.
fn item_names(items: &[View<'_>]) -> Vec<String> {
    let id = |item: &View<'_>| match item {
        View::Record(record) => Some(record.id().to_string()),
        _ => None,
    };
    let Some(ids) = items.iter().map(id).collect::<Option<Vec<String>>>() else { return Vec::new() };
    let mut seen: HashMap<&str, usize> = HashMap::new();
    ids.iter().for_each(|id| *seen.entry(id).or_default() += 1);
    let alone = |id: &str| !id.is_empty() && seen[id] == 1;
    let name = |(index, id): (usize, &String)| if alone(id) { id.clone() } else { format!("{id}#{}", index + 1) };
    ids.iter().enumerate().map(name).collect()
}

fn open_choice(field: &str, candidates: &[View<'_>]) -> Gap {
    if candidates.is_empty() {
        return Gap::new(GapKind::KnownAfterApply, format!("`{field}` is set, to a value that is known after apply"));
    }
    let shown: Vec<String> = candidates.iter().take(SHOWN_ITEMS).map(text).collect();
    let more = if candidates.len() > SHOWN_ITEMS { " and others" } else { "" };
    let message = format!("`{field}` is one of {} candidates: {}{more}", candidates.len(), shown.join(", "));
    Gap::new(GapKind::KnownAfterApply, cut(message))
}

/// A value in a few words.
fn text(view: &View<'_>) -> String {
    cut(match view {
        View::Null => "null".to_string(),
        View::Bool(b) => b.to_string(),
        View::Int(i) => i.to_string(),
        View::Text(text) => (*text).to_string(),
        View::Time(time) => time.to_string(),
        View::Record(record) => record.id().to_string(),
        View::Ref { id, .. } => (*id).to_string(),
        View::Opaque(Opaque::EventSelectors(selectors)) => semantics::selectors::describe(selectors),
        View::Opaque(Opaque::AlarmDefinition(definition)) => definition.summary(),
        View::Opaque(Opaque::PolicyDocument(policy)) => match policy.statements.len() {
            1 => "policy of 1 statement".to_string(),
            n => format!("policy of {n} statements"),
        },
        View::List { items, .. } if items.is_empty() => "none".to_string(),
        View::List { items, .. } => {
            let shown = items.iter().take(SHOWN_ITEMS).map(text).collect::<Vec<_>>().join(", ");
            match items.len().saturating_sub(SHOWN_ITEMS) {
                0 => shown,
                more => format!("{shown} and {more} more"),
            }
        }
        View::Known { value, .. } => text(value),
        View::OneOf { candidates, .. } => format!("one of {} candidates", candidates.len()),
        View::Unknown(_) => "unknown".to_string(),
    })
}

fn cut(text: String) -> String {
    match text.char_indices().nth(MAX_CHARACTERS) {
        None => text,
        Some(_) => text.chars().take(MAX_CHARACTERS - 1).chain(['…']).collect(),
    }
}
