//! Reading the inventory, and noting what was read.
//!
//! Every read of a fact goes through [`Reader::read`], so that a finding shows exactly what its check touched.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::rc::Rc;
use std::sync::Arc;

use crate::finding::{Chain, FactRead};
use crate::inventory::noun::View;
use crate::inventory::{Basis, Gap, GapKind, Gaps, Inventory, Origin, Record, Remedy};
use crate::semantics::shown::{MOST_ITEMS, cut, value as text};

use super::EvaluationError;
use super::patterns::Patterns;
use super::users::KeyUsers;
use super::value::{Item, ListValue, Range, RecordValue, Value};

/// Reads records and keeps the trace.
pub(super) struct Reader<'a> {
    memory: Memory<'a>,
    facts: Vec<Arc<FactRead>>,
    /// The ways that were noted.
    seen: HashSet<Way, Quick>,
    /// Who is told, and how.
    pub(super) chains: Vec<Chain>,
}

/// What was read of an inventory: many checks read a field for each of their items, and many ask for the same.
pub struct Memory<'a> {
    inventory: &'a Inventory,
    /// What was read of a record, by where it stands.
    reads: HashMap<usize, Vec<Read<'a>>, Quick>,
    count: usize,
    /// The number of the evaluation that reads now.
    evaluation: u64,
    /// Who encrypts with which key, once it was asked.
    key_users: Option<Rc<KeyUsers<'a>>>,
    patterns: Patterns,
}

/// Reads that are remembered at most.
const MOST_READS: usize = 500_000;

/// A field's value, and how the trace tells it, where it is a fact.
struct Read<'a> {
    noun: &'static str,
    field: String,
    value: Value<'a>,
    fact: Option<Arc<FactRead>>,
    /// The last evaluation that noted it.
    noted: u64,
}

/// A fact, by what it is about and its name: of two of one way the first one counts.
struct Way(Arc<FactRead>);

impl PartialEq for Way {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || (self.0.path == other.0.path && self.0.of == other.0.of)
    }
}

impl Eq for Way {}

impl Hash for Way {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.path.hash(state);
        self.0.of.hash(state);
    }
}

impl<'a> Memory<'a> {
    /// A memory of this inventory of which nothing was read.
    pub fn of(inventory: &'a Inventory) -> Self {
        let (reads, patterns) = (HashMap::default(), Patterns::default());
        Memory { inventory, reads, count: 0, evaluation: 0, key_users: None, patterns }
    }

    fn keep(&mut self, place: usize, read: Read<'a>) {
        if self.count >= MOST_READS {
            self.reads.clear();
            self.count = 0;
        }
        self.count += 1;
        self.reads.entry(place).or_default().push(read);
    }
}

/// Hashes what the program itself made: places in memory, and ways of which each evaluation notes its own few.
type Quick = BuildHasherDefault<Mixer>;

#[derive(Default)]
struct Mixer(u64);

impl Mixer {
    fn mix(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    }
}

impl Hasher for Mixer {
    fn write(&mut self, bytes: &[u8]) {
        for eight in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..eight.len()].copy_from_slice(eight);
            self.mix(u64::from_le_bytes(word));
        }
    }

    fn write_usize(&mut self, number: usize) {
        self.mix(number as u64);
    }

    fn finish(&self) -> u64 {
        // The table goes by the lowest and the highest bits.
        self.0 ^ (self.0 >> 29)
    }
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
    pub(super) fn new(mut memory: Memory<'a>) -> Self {
        memory.evaluation += 1;
        Reader { memory, facts: Vec::new(), seen: HashSet::default(), chains: Vec::new() }
    }

    /// The facts that were read, in order, the ways to people, and what is remembered of the facts.
    pub(super) fn into_facts(self) -> (Vec<Arc<FactRead>>, Vec<Chain>, Memory<'a>) {
        (self.facts, self.chains, self.memory)
    }

    /// Reads a field of a record, and notes it.
    pub(super) fn read(&mut self, record: &RecordValue<'a>, field: &str) -> Result<Value<'a>, EvaluationError> {
        let place = record.found.map(|found| std::ptr::from_ref(found).cast::<()>().addr());
        let evaluation = self.memory.evaluation;
        let known = place.and_then(|place| self.memory.reads.get_mut(&place)).and_then(|reads| {
            // Where a record stands, its first field may stand that is one of another noun.
            reads.iter_mut().find(|read| read.field == field && read.noun == record.noun)
        });
        if let Some(read) = known {
            let value = read.value.clone();
            if std::mem::replace(&mut read.noted, evaluation) != evaluation {
                let fact = read.fact.clone();
                self.note(fact);
            }
            return Ok(value);
        }
        let path = record.prefix.as_ref().map_or_else(|| field.to_string(), |prefix| format!("{prefix}{field}"));
        let Some(found) = record.found else {
            let gaps = record.missing();
            let fact = gaps.first().map(|gap| fact(record.owner, &path, None, Some(gap), None, None));
            self.note(fact);
            return Ok(Value::unknown(gaps));
        };
        let view = found.read(field).ok_or_else(|| EvaluationError(format!("{} has no field `{field}`", record.noun)))?;
        let fact = traced(record, field, &path, &view);
        self.note(fact.clone());
        let value = self.value(view, &Standing { owner: record.owner, path: &path, held_by: record.held_by });
        if let Some(place) = place {
            let (noun, field, value) = (record.noun, field.to_string(), value.clone());
            self.memory.keep(place, Read { noun, field, value, fact, noted: evaluation });
        }
        Ok(value)
    }

    /// Which trails encrypt with which key. Whoever asks notes what it goes by.
    pub(super) fn key_users(&mut self) -> Rc<KeyUsers<'a>> {
        let inventory = self.memory.inventory;
        Rc::clone(self.memory.key_users.get_or_insert_with(|| Rc::new(KeyUsers::of(inventory))))
    }

    /// The patterns that were parsed so far.
    pub(super) fn patterns(&mut self) -> &mut Patterns {
        &mut self.memory.patterns
    }

    /// Notes what follows from what was read.
    pub(super) fn conclude(&mut self, of: &'a str, path: &str, value: String) {
        let fact = fact(of, path, Some(cut(value)), None, Some(&Origin::Derived), Some(Basis::Observed));
        self.note(Some(fact));
    }

    fn note(&mut self, fact: Option<Arc<FactRead>>) {
        if let Some(fact) = fact
            && self.seen.insert(Way(Arc::clone(&fact)))
        {
            self.facts.push(fact);
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
                let found = self.memory.inventory.find(noun, id);
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

/// How the trace tells a field; nothing where it is no fact.
fn traced(record: &RecordValue<'_>, field: &str, path: &str, view: &View<'_>) -> Option<Arc<FactRead>> {
    let of = record.owner;
    match view {
        View::Known { value, from, basis } => Some(fact(of, path, Some(text(value)), None, Some(from), Some(*basis))),
        View::OneOf { candidates, from } => Some(fact(of, path, None, Some(&open_choice(field, candidates)), Some(from), None)),
        View::Unknown(gap) => Some(fact(of, path, None, Some(gap), None, None)),
        View::List { items, gaps, from } if record.held_by.is_none() => {
            let value = (gaps.is_empty() || !items.is_empty()).then(|| text(view));
            Some(fact(of, path, value, gaps.first(), from.first(), None))
        }
        // Fields that are no facts say what the thing is; inside a fact they are a part of what was read.
        plain => {
            let (from, basis) = record.held_by.filter(|_| !matches!(plain, View::Text(name) if *name == record.id))?;
            Some(fact(of, path, Some(text(plain)), None, Some(from), Some(basis)))
        }
    }
}

fn fact(
    of: &str,
    path: &str,
    value: Option<String>,
    gap: Option<&Gap>,
    from: Option<&Origin>,
    basis: Option<Basis>,
) -> Arc<FactRead> {
    let (of, path) = (of.to_string(), path.to_string());
    Arc::new(FactRead { of, path, value, gap: gap.cloned(), from: from.cloned(), basis })
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
    let shown: Vec<String> = candidates.iter().take(MOST_ITEMS).map(text).collect();
    let more = if candidates.len() > MOST_ITEMS { " and others" } else { "" };
    let message = format!("`{field}` is one of {} candidates: {}{more}", candidates.len(), shown.join(", "));
    Gap::new(GapKind::KnownAfterApply, cut(message))
}
