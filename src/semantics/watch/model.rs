//! A family of events and patterns as one question: fields with finitely many kinds of values, and conditions on them.
//!
//! Of each field all values are kept apart that the patterns tell apart, one of each kind. Nothing here searches.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Watcher;
use super::ask::Ask;
use super::choice::{Choice, Variable, numbers, texts};
use super::event::{Constraint, WatchedEvent, key};
use super::record::{Shape, Texts};
use crate::semantics::Truth;
use crate::semantics::event_pattern::{Group, Matcher, Node, one_of};
use crate::semantics::filter_pattern::{Condition, Expression, FilterPattern, JsonPattern, Term, Words};
use crate::semantics::leaf::{Leaf, Path, Step};
use crate::semantics::text::TextTest;

/// A condition on a field, and what it comes to for each of the field's choices.
struct Atom<'a> {
    variable: usize,
    ask: Ask<'a>,
    table: Vec<Truth>,
}

/// What a pattern asks.
enum Formula<'a> {
    All(Vec<Formula<'a>>),
    Any(Vec<Formula<'a>>),
    Constant(Truth),
    Atom(usize),
    /// A condition on a selector that stands for several fields.
    Anywhere(&'a Path, &'a Condition),
    /// A text somewhere in the event, or nowhere.
    Contains(&'a Term),
    Lacks(&'a Term),
    /// Something that only a whole event tells.
    Whole,
}

/// What a pattern comes to where only some fields are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    True,
    False,
    /// It hangs on this field.
    Open(usize),
    /// Nothing more would decide it: the documentation leaves it open.
    Doubtful,
}

/// The whole question.
pub(super) struct Model<'a> {
    pub(super) variables: Vec<Variable>,
    atoms: Vec<Atom<'a>>,
    formulas: Vec<Formula<'a>>,
    /// How many of the variables, the first ones, the family speaks of.
    pub(super) of_family: usize,
    /// What counts for conditions that only a whole event tells.
    pub(super) supposed: Known,
    /// Texts that some pattern does not want to see anywhere.
    pub(super) unwanted: Vec<String>,
}

impl<'a> Model<'a> {
    /// `None` where the family has no events.
    pub(super) fn new(event: &WatchedEvent, watchers: &[Watcher<'a>]) -> Option<Self> {
        let mut model = Model {
            variables: Vec::new(),
            atoms: Vec::new(),
            formulas: Vec::new(),
            of_family: event.fields.len(),
            supposed: Known::False,
            unwanted: Vec::new(),
        };
        for path in event.fields.keys() {
            model.variable(path.clone());
        }
        for watcher in watchers {
            let formula = match watcher {
                Watcher::Filter(pattern) => model.filter(pattern),
                Watcher::Rule { pattern, reads, account } => {
                    let mut all = vec![model.group(&pattern.root, &[], account)];
                    if !reads {
                        all.push(model.atom(Path::of_keys("eventName"), Ask::IsNoRead));
                    }
                    Formula::All(all)
                }
            };
            model.formulas.push(formula);
        }
        for at in 0..model.variables.len() {
            model.choose(at, event)?;
        }
        for atom in &mut model.atoms {
            let choices = &model.variables[atom.variable].choices;
            atom.table = choices.iter().map(|choice| atom.ask.judge(choice.leaf())).collect();
        }
        Some(model)
    }

    fn variable(&mut self, path: Path) -> usize {
        if let Some(known) = self.variables.iter().position(|v| v.path == path) {
            return known;
        }
        let variable = Variable {
            path,
            choices: Vec::new(),
            is_open: false,
            literals: BTreeSet::new(),
            only_literals: true,
            is_finite: false,
            exact: BTreeSet::new(),
            patterns: Vec::new(),
        };
        self.variables.push(variable);
        self.variables.len() - 1
    }

    fn atom(&mut self, path: Path, ask: Ask<'a>) -> Formula<'a> {
        let variable = self.variable(path);
        self.atoms.push(Atom { variable, ask, table: Vec::new() });
        Formula::Atom(self.atoms.len() - 1)
    }

    fn filter(&mut self, pattern: &'a FilterPattern) -> Formula<'a> {
        match pattern {
            FilterPattern::Everything => Formula::Constant(Truth::True),
            FilterPattern::Json(json) => self.expression(json, &json.expression),
            FilterPattern::Words(words) => self.words(words),
            FilterPattern::Fields(_) => Formula::Whole,
        }
    }

    fn expression(&mut self, pattern: &'a JsonPattern, expression: &'a Expression) -> Formula<'a> {
        match expression {
            Expression::All(parts) => Formula::All(parts.iter().map(|part| self.expression(pattern, part)).collect()),
            Expression::Any(parts) => Formula::Any(parts.iter().map(|part| self.expression(pattern, part)).collect()),
            Expression::Test(test) => {
                let path = &pattern.selectors[test.selector];
                match path.has_wildcard() {
                    true => Formula::Anywhere(path, &test.condition),
                    false => self.atom(path.clone(), Ask::Filter(&test.condition)),
                }
            }
        }
    }

    fn words(&mut self, words: &'a Words) -> Formula<'a> {
        let included = words.included.iter().map(Formula::Contains);
        let mut all: Vec<Formula<'a>> = included.chain(words.excluded.iter().map(Formula::Lacks)).collect();
        if !words.alternatives().is_empty() {
            all.push(Formula::Any(words.alternatives().iter().map(Formula::Contains).collect()));
        }
        self.unwanted.extend(words.excluded.iter().filter_map(|term| match term {
            Term::Text(text) => Some(text.clone()),
            Term::Regex(_) => None,
        }));
        Formula::All(all)
    }

    fn group(&mut self, group: &'a Group, at: &[&str], account: &str) -> Formula<'a> {
        let mut all = Vec::new();
        for (name, node) in &group.fields {
            let path: Vec<&str> = at.iter().copied().chain([name.as_str()]).collect();
            all.push(match node {
                Node::Object(group) => self.group(group, &path, account),
                Node::OneOf(matchers) => self.matchers(&path, matchers, account),
            });
        }
        for groups in &group.alternatives {
            all.push(Formula::Any(groups.iter().map(|group| self.group(group, at, account)).collect()));
        }
        Formula::All(all)
    }

    fn matchers(&mut self, path: &[&str], matchers: &'a [Matcher], account: &str) -> Formula<'a> {
        match path {
            ["detail", rest @ ..] if !rest.is_empty() => {
                let path = Path(rest.iter().map(|key| Step::Key((*key).to_string())).collect());
                self.atom(path, Ask::Matchers(matchers))
            }
            ["source"] => self.atom(Path::of_keys("eventSource"), Ask::Source(matchers)),
            ["detail-type"] => self.atom(Path::of_keys("eventType"), Ask::DetailType(matchers)),
            ["region"] => self.atom(Path::of_keys("awsRegion"), Ask::Matchers(matchers)),
            ["account"] => Formula::Constant(one_of(matchers, Leaf::Text(account))),
            ["version"] => Formula::Constant(one_of(matchers, Leaf::Text("0"))),
            // Every event has its own: what asks for one of them sees next to none.
            ["id" | "time"] => Formula::Constant(matchers.iter().any(|m| matches!(m, Matcher::Exists(true))).into()),
            _ => Formula::Constant(one_of(matchers, Leaf::Absent)),
        }
    }

    /// Finds the kinds of values of a field.
    fn choose(&mut self, at: usize, event: &WatchedEvent) -> Option<()> {
        let path = self.variables[at].path.clone();
        let constraint = event.fields.get(&path);
        let shape = Shape::of(&path);
        let asks: Vec<Ask<'a>> = self.atoms.iter().filter(|a| a.variable == at).map(|a| a.ask).collect();
        let mut tests: Vec<TextTest> = Vec::new();
        let mut is_open = false;
        for ask in &asks {
            let (more, whole) = ask.texts();
            is_open |= !whole;
            tests.extend(more);
        }
        let of_patterns = tests.len();
        let single: BTreeSet<String> = tests
            .iter()
            .filter_map(|test| match test {
                TextTest::Equals(text) => Some(text.clone()),
                _ => None,
            })
            .collect();
        let patterns = match constraint {
            Some(Constraint::OneOf(patterns)) => patterns.clone(),
            _ => Vec::new(),
        };
        let literals: BTreeSet<String> = tests.iter().filter_map(|t| t.literal().map(str::to_string)).collect();
        let only_literals = tests.iter().all(|t| t.literal().is_some());
        tests.extend(constraint.map(Constraint::texts).unwrap_or_default());
        let (texts, exact) = texts(&path, &shape, constraint, &tests);
        is_open |= !exact;
        let left_out: Vec<String> = asks.iter().flat_map(Ask::leaves_out).collect();
        let rank = |text: &String| match (left_out.contains(text), literals.contains(text)) {
            (true, _) => 0,
            (false, false) => 1,
            (false, true) => 2,
        };
        let mut texts: Vec<String> = texts;
        texts.sort_by_key(rank);
        let listed = matches!(constraint, Some(Constraint::OneOf(texts)) if texts.iter().all(|t| !t.contains('*')));
        let is_finite = listed || matches!(shape.texts, Some(Texts::OneOf(_)));
        let free = constraint.is_none() || constraint == Some(&Constraint::Present);
        let mut choices: Vec<Choice> = texts.into_iter().map(Choice::Text).collect();
        let bools = |b| shape.bools && (free || constraint == Some(&Constraint::Bool(b)));
        choices.extend([false, true].into_iter().filter(|b| bools(*b)).map(Choice::Bool));
        if shape.absent && (constraint.is_none() || constraint == Some(&Constraint::Absent)) {
            // A call that succeeds is the plainest case.
            let plain = left_out.is_empty() && [Path::of_keys("errorCode"), Path::of_keys("errorMessage")].contains(&path);
            choices.insert(if plain { 0 } else { choices.len() }, Choice::Absent);
        }
        if free {
            if shape.numbers {
                choices.extend(numbers(&asks).into_iter().map(Choice::Number));
                // Stars over numbers divide them in ways that are not followed here.
                is_open |= tests[..of_patterns].iter().any(|t| !matches!(t, TextTest::Equals(_) | TextTest::Any));
            }
            choices.extend(shape.null.then_some(Choice::Null));
            choices.extend(shape.containers.then_some([Choice::Object, Choice::Array]).into_iter().flatten());
        }
        let variable = self.variables.get_mut(at)?;
        (variable.choices, variable.is_open, variable.is_finite) = (choices, is_open, is_finite);
        (variable.literals, variable.only_literals) = (literals, only_literals);
        (variable.exact, variable.patterns) = (single, patterns);
        (!variable.choices.is_empty()).then_some(())
    }

    pub(super) fn patterns(&self) -> usize {
        self.formulas.len()
    }

    /// What the pattern comes to where fields have these choices, or none yet.
    pub(super) fn judge(&self, pattern: usize, chosen: &[Option<usize>]) -> Known {
        self.known(&self.formulas[pattern], chosen)
    }

    fn known(&self, formula: &Formula<'_>, chosen: &[Option<usize>]) -> Known {
        match formula {
            Formula::Constant(truth) => from_truth(*truth),
            Formula::Atom(at) => {
                let atom = &self.atoms[*at];
                chosen[atom.variable].map_or(Known::Open(atom.variable), |choice| from_truth(atom.table[choice]))
            }
            Formula::All(parts) => {
                let mut all = Known::True;
                for part in parts {
                    all = match (all, self.known(part, chosen)) {
                        (_, Known::False) => return Known::False,
                        (Known::Open(at), _) | (_, Known::Open(at)) => Known::Open(at),
                        (Known::Doubtful, _) | (_, Known::Doubtful) => Known::Doubtful,
                        _ => Known::True,
                    };
                }
                all
            }
            Formula::Any(parts) => {
                let mut any = Known::False;
                for part in parts {
                    any = match (any, self.known(part, chosen)) {
                        (_, Known::True) => return Known::True,
                        (Known::Open(at), _) | (_, Known::Open(at)) => Known::Open(at),
                        (Known::Doubtful, _) | (_, Known::Doubtful) => Known::Doubtful,
                        _ => Known::False,
                    };
                }
                any
            }
            // Whatever shows that it holds counts; that it does not is supposed, and shown by the event as a whole.
            Formula::Anywhere(path, condition) => {
                let shown = !matches!(condition, Condition::NotEqual(_) | Condition::NotExists)
                    && self
                        .chosen(chosen, |p| path.stands_for(p))
                        .any(|(v, choice)| v.is_one(choice) && condition.judge(choice.leaf()) == Truth::True);
                if shown { Known::True } else { self.supposed }
            }
            Formula::Contains(term) => {
                if self.shows(term, chosen) {
                    Known::True
                } else {
                    self.supposed
                }
            }
            Formula::Lacks(term) => {
                if self.shows(term, chosen) {
                    Known::False
                } else {
                    self.supposed
                }
            }
            Formula::Whole => self.supposed,
        }
    }

    fn chosen<'s>(
        &'s self,
        chosen: &'s [Option<usize>],
        at: impl Fn(&Path) -> bool + 's,
    ) -> impl Iterator<Item = (&'s Variable, &'s Choice)> {
        self.variables.iter().zip(chosen).filter(move |(v, _)| at(&v.path)).filter_map(|(v, chosen)| {
            let choice = &v.choices[(*chosen)?];
            Some((v, choice))
        })
    }

    /// Whether the text of the event contains the term, whatever else is in it. A choice that stands for many shows only what all
    /// of its kind have.
    fn shows(&self, term: &Term, chosen: &[Option<usize>]) -> bool {
        let Term::Text(wanted) = term else { return false };
        self.chosen(chosen, |_| true).any(|(variable, choice)| match choice {
            Choice::Text(text) if variable.is_one(choice) => {
                let name = variable.path.0.last().and_then(key).unwrap_or_default();
                format!("{}:{}", Value::from(name), Value::from(text.as_str())).contains(wanted.as_str())
            }
            Choice::Text(text) => variable.always_contains(text, wanted),
            _ => false,
        })
    }
}

fn from_truth(truth: Truth) -> Known {
    match truth {
        Truth::True => Known::True,
        Truth::False => Known::False,
        Truth::Unknown => Known::Doubtful,
    }
}
