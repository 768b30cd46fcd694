//! The search for an event that escapes, and what is said of it.

use serde_json::{Map, Value};

use super::choice::Choice;
use super::event::WatchedEvent;
use super::model::{Known, Model};
use super::{Coverage, Escape, Sight, Watcher};
use crate::semantics::Truth;
use crate::semantics::leaf::{Leaf, Path, Step};

/// More cases than these are not looked at.
const MOST_CASES: usize = 40_000;
/// Longer lists of texts are not spelled out.
const MOST_NAMED: usize = 4;

/// Searches an event of the family that no watcher sees.
pub(super) fn escape(event: &WatchedEvent, watchers: &[Watcher<'_>]) -> Coverage {
    match Model::new(event, watchers) {
        Some(model) => decided(&model, watchers),
        None => Coverage::Undecided("the family holds no event that CloudTrail writes".into()),
    }
}

fn decided(model: &Model<'_>, watchers: &[Watcher<'_>]) -> Coverage {
    let mut search = Search { model, watchers, cases: 0, doubtful: false, found: None };
    let mut chosen = search.start();
    search.descend(&mut chosen);
    match search.found {
        Some((chosen, event)) => Coverage::Escapes(Escape { when: words(model, &chosen), event }),
        None if search.cases > MOST_CASES => Coverage::Undecided("the patterns divide events into too many cases".into()),
        None if search.doubtful => {
            Coverage::Undecided("a pattern asks something of which AWS's documentation does not say what it means".into())
        }
        None if model.variables.iter().any(|v| v.is_open) => {
            Coverage::Undecided("a pattern asks something that could not be followed to the end".into())
        }
        None => Coverage::Covered,
    }
}

/// How much of the family one watcher sees.
pub(super) fn sight(event: &WatchedEvent, watcher: Watcher<'_>) -> Sight {
    let watchers = [watcher];
    let Some(mut model) = Model::new(event, &watchers) else { return Sight::Part };
    if matches!(decided(&model, &watchers), Coverage::Covered) {
        return Sight::Whole;
    }
    // What is not known of a part of an event may be so of a whole one.
    model.supposed = Known::Doubtful;
    let mut search = Search { model: &model, watchers: &watchers, cases: 0, doubtful: false, found: None };
    let mut chosen = search.start();
    if search.may_match(&mut chosen) { Sight::Part } else { Sight::Nothing }
}

struct Search<'a, 'm> {
    model: &'m Model<'a>,
    watchers: &'m [Watcher<'a>],
    cases: usize,
    /// Whether some case was left open.
    doubtful: bool,
    found: Option<(Vec<Option<usize>>, Value)>,
}

impl Search<'_, '_> {
    /// What has one choice has been chosen.
    fn start(&self) -> Vec<Option<usize>> {
        self.model.variables.iter().map(|v| (v.choices.len() == 1).then_some(0)).collect()
    }

    fn descend(&mut self, chosen: &mut Vec<Option<usize>>) {
        self.cases += 1;
        if self.cases > MOST_CASES || self.found.is_some() {
            return;
        }
        let (mut open, mut doubtful) = (None, false);
        for pattern in 0..self.model.patterns() {
            match self.model.judge(pattern, chosen) {
                Known::True => return,
                Known::False => {}
                Known::Open(at) => open = open.or(Some(at)),
                Known::Doubtful => doubtful = true,
            }
        }
        let Some(at) = open else {
            self.leaf(chosen, doubtful);
            return;
        };
        for choice in 0..self.model.variables[at].choices.len() {
            chosen[at] = Some(choice);
            self.descend(chosen);
        }
        chosen[at] = None;
    }

    /// A case in which no pattern is known to match.
    fn leaf(&mut self, chosen: &[Option<usize>], doubtful: bool) {
        let Some(event) = built(self.model, chosen) else { return };
        if doubtful {
            self.doubtful = true;
            return;
        }
        let unseen = |event: &Value| self.watchers.iter().all(|w| w.sees(event) == Truth::False);
        let shown = if unseen(&event) { Some(event) } else { self.spoilt(event).filter(unseen) };
        match shown {
            Some(event) => {
                let simplest = self.simplified(chosen);
                let event = built(self.model, &simplest).filter(unseen).unwrap_or(event);
                self.found = Some((simplest, event));
            }
            None => self.doubtful = true,
        }
    }

    /// The event with what patterns do not want to see anywhere in a field that nobody speaks of.
    fn spoilt(&self, mut event: Value) -> Option<Value> {
        let agent = Path::of_keys("userAgent");
        if self.model.unwanted.is_empty() || self.model.variables.iter().any(|v| v.path == agent) {
            return None;
        }
        event["userAgent"] = Value::String(self.model.unwanted.join(" "));
        Some(event)
    }

    /// Without the choices on which the escape does not hang.
    fn simplified(&self, chosen: &[Option<usize>]) -> Vec<Option<usize>> {
        let mut simplest = chosen.to_vec();
        for at in 0..simplest.len() {
            if self.model.variables[at].choices.len() == 1 {
                continue;
            }
            let before = simplest[at].take();
            let escapes = (0..self.model.patterns()).all(|p| self.model.judge(p, &simplest) == Known::False);
            if !escapes {
                simplest[at] = before;
            }
        }
        simplest
    }

    /// Whether the one pattern is not false in some case.
    fn may_match(&mut self, chosen: &mut Vec<Option<usize>>) -> bool {
        self.cases += 1;
        if self.cases > MOST_CASES {
            return true;
        }
        match self.model.judge(0, chosen) {
            Known::True | Known::Doubtful => built(self.model, chosen).is_some(),
            Known::False => false,
            Known::Open(at) => {
                let any = (0..self.model.variables[at].choices.len()).any(|choice| {
                    chosen[at] = Some(choice);
                    self.may_match(chosen)
                });
                chosen[at] = None;
                any
            }
        }
    }
}

/// The event with these choices, where they go together. A field of the family that is open has the first of its choices.
fn built(model: &Model<'_>, chosen: &[Option<usize>]) -> Option<Value> {
    let mut event = Value::Object(Map::new());
    let mut places: Vec<(&Path, &Choice)> = model
        .variables
        .iter()
        .zip(chosen)
        .enumerate()
        .filter_map(|(at, (variable, chosen))| {
            let first = (at < model.of_family).then_some(0);
            Some((&variable.path, &variable.choices[chosen.or(first)?]))
        })
        .collect();
    // Containers first: what is in them fills them.
    places.sort_by_key(|(path, _)| path.0.len());
    for (path, choice) in &places {
        if let Some(value) = choice.value() {
            put(&mut event, &path.0, value)?;
        }
    }
    let as_chosen = |(path, choice): &(&Path, &Choice)| match (path.find(&event), choice.leaf()) {
        (Leaf::Absent, Leaf::Absent) | (Leaf::Null, Leaf::Null) | (Leaf::Object, Leaf::Object) | (Leaf::Array, Leaf::Array) => {
            true
        }
        (Leaf::Bool(a), Leaf::Bool(b)) => a == b,
        (Leaf::Number(a), Leaf::Number(b)) => a == b,
        (Leaf::Text(a), Leaf::Text(b)) => a == b,
        _ => false,
    };
    places.iter().all(as_chosen).then_some(event)
}

/// Puts a value at its place; `None` where something else stands in the way.
fn put(here: &mut Value, steps: &[Step], value: Value) -> Option<()> {
    let Some((step, rest)) = steps.split_first() else {
        *here = value;
        return Some(());
    };
    if here.is_null() {
        *here = match step {
            Step::Index(_) => Value::Array(Vec::new()),
            _ => Value::Object(Map::new()),
        };
    }
    match (step, here) {
        (Step::Key(key), Value::Object(map)) => put(map.entry(key.clone()).or_insert(Value::Null), rest, value),
        (Step::Index(at), Value::Array(items)) if *at < 100 => {
            if items.len() <= *at {
                items.resize(at + 1, Value::Null);
            }
            put(&mut items[*at], rest, value)
        }
        _ => None,
    }
}

/// What makes the event escape, field by field.
fn words(model: &Model<'_>, chosen: &[Option<usize>]) -> Vec<String> {
    let told = model.variables.iter().zip(chosen).filter(|(variable, _)| variable.choices.len() > 1);
    told.filter_map(|(variable, chosen)| {
        let path = &variable.path;
        Some(match &variable.choices[(*chosen)?] {
            Choice::Absent => format!("{path} is absent"),
            Choice::Null => format!("{path} is null"),
            Choice::Bool(b) => format!("{path} is {b}"),
            Choice::Number(n) => format!("{path} is the number {n}"),
            Choice::Object | Choice::Array => format!("{path} is no single value"),
            Choice::Text(text) if variable.literals.contains(text) => format!("{path} is {text}"),
            Choice::Text(text) if variable.literals.is_empty() && variable.is_finite => format!("{path} is {text}"),
            Choice::Text(_) if variable.literals.is_empty() && variable.only_literals => format!("{path} is present"),
            Choice::Text(_) if variable.only_literals && variable.literals.len() <= MOST_NAMED => {
                let named: Vec<&str> = variable.literals.iter().map(String::as_str).collect();
                format!("{path} is other than {}", named.join(", "))
            }
            Choice::Text(text) => format!("{path} is such as {text}"),
        })
    })
    .collect()
}
