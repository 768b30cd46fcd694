//! A family of events and patterns as one question: fields with finitely many kinds of values, and conditions on them.
//!
//! Of each field all values are kept apart that the patterns tell apart, one of each kind. Nothing here searches.

use std::collections::BTreeSet;

use serde_json::{Number, Value};

use super::event::{Constraint, WatchedEvent, key};
use super::record::{Shape, Texts, familiar};
use super::{DOMAIN, READS, WRITES_BY_READING_NAMES, Watcher, delivered_as, is_read, source};
use crate::semantics::Truth;
use crate::semantics::event_pattern::{Group, Matcher, Node, one_of};
use crate::semantics::filter_pattern::{Condition, Expression, FilterPattern, JsonPattern, Literal, Term, Words};
use crate::semantics::leaf::{Leaf, Path, Step};
use crate::semantics::text::{Glob, TextTest, classes};

/// One kind of value that a field can have.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Choice {
    Absent,
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    Object,
    Array,
}

impl Choice {
    pub(super) fn leaf(&self) -> Leaf<'_> {
        match self {
            Choice::Absent => Leaf::Absent,
            Choice::Null => Leaf::Null,
            Choice::Bool(b) => Leaf::Bool(*b),
            Choice::Number(n) => Leaf::Number(n),
            Choice::Text(text) => Leaf::Text(text),
            Choice::Object => Leaf::Object,
            Choice::Array => Leaf::Array,
        }
    }

    pub(super) fn value(&self) -> Option<Value> {
        match self {
            Choice::Absent => None,
            Choice::Null => Some(Value::Null),
            Choice::Bool(b) => Some(Value::Bool(*b)),
            Choice::Number(n) => Some(Value::Number(n.clone())),
            Choice::Text(text) => Some(Value::String(text.clone())),
            Choice::Object => Some(Value::Object(serde_json::Map::new())),
            Choice::Array => Some(Value::Array(Vec::new())),
        }
    }
}

/// A field that the family or a pattern speaks of.
#[derive(Clone, Debug)]
pub(super) struct Variable {
    pub(super) path: Path,
    pub(super) choices: Vec<Choice>,
    /// Whether there may be kinds of values beside the choices.
    pub(super) is_open: bool,
    /// The texts that patterns name, and whether that is all they say of texts.
    pub(super) literals: BTreeSet<String>,
    pub(super) only_literals: bool,
    /// Whether its texts are few, and all of them are choices.
    pub(super) is_finite: bool,
    /// The texts that a choice can be by name, every other one standing for many.
    exact: BTreeSet<String>,
    /// The family's patterns of its text.
    patterns: Vec<String>,
}

impl Variable {
    /// Whether the choice is one value, and not one of a kind.
    fn is_one(&self, choice: &Choice) -> bool {
        match choice {
            Choice::Text(text) => self.is_finite || self.exact.contains(text),
            Choice::Number(_) => false,
            _ => true,
        }
    }

    /// Whether every text of the choice's kind contains the wanted one: it stands in a fixed part of a pattern that all match.
    fn always_contains(&self, text: &str, wanted: &str) -> bool {
        let matching = self.patterns.iter().filter(|p| TextTest::of_pattern(p).holds(text));
        // Terms are looked for in the event as it is written, where quotes and backslashes stand escaped.
        matching.flat_map(|p| p.split('*')).any(|piece| Value::from(piece).to_string().trim_matches('"').contains(wanted))
    }
}

/// What a pattern asks of a field.
#[derive(Clone, Copy, Debug)]
enum Ask<'a> {
    Filter(&'a Condition),
    Matchers(&'a [Matcher]),
    /// Of the event source, by EventBridge's name for it.
    Source(&'a [Matcher]),
    /// Of the type, by EventBridge's name for it.
    DetailType(&'a [Matcher]),
    /// That the event's name is none of those that a rule is not given.
    IsNoRead,
}

impl Ask<'_> {
    fn judge(&self, leaf: Leaf<'_>) -> Truth {
        let as_text = |name: &dyn Fn(&str) -> String, matchers: &[Matcher]| match leaf {
            Leaf::Text(text) => one_of(matchers, Leaf::Text(&name(text))),
            other => one_of(matchers, other),
        };
        match self {
            Ask::Filter(condition) => condition.judge(leaf),
            Ask::Matchers(matchers) => one_of(matchers, leaf),
            Ask::Source(matchers) => as_text(&source, matchers),
            Ask::DetailType(matchers) => as_text(&|t| delivered_as(t).to_string(), matchers),
            Ask::IsNoRead => match leaf {
                Leaf::Text(name) => (!is_read(name)).into(),
                _ => Truth::True,
            },
        }
    }

    /// The tests of the field's text by which values are told apart; `false` where there are more than these.
    fn texts(&self) -> (Vec<TextTest>, bool) {
        match self {
            Ask::Filter(condition) => match condition.literal() {
                Some(Literal::Text { test, literally, .. }) => {
                    let itself = literally.iter().map(|text| TextTest::Equals(text.clone()));
                    ([test.clone()].into_iter().chain(itself).collect(), true)
                }
                Some(Literal::Number { text, value }) => {
                    (vec![TextTest::Equals(text.clone()), TextTest::Equals(format!("{value:?}"))], true)
                }
                None => (condition.number().map(|n| TextTest::Equals(n.to_string())).into_iter().collect(), true),
            },
            Ask::Matchers(matchers) => (matchers.iter().flat_map(Matcher::texts).collect(), true),
            Ask::Source(matchers) => {
                let mapped: Vec<Option<TextTest>> = matchers.iter().flat_map(Matcher::texts).map(|t| of_source(&t)).collect();
                let whole = mapped.iter().all(Option::is_some);
                (mapped.into_iter().flatten().collect(), whole)
            }
            Ask::DetailType(_) => (Vec::new(), true),
            Ask::IsNoRead => {
                let starts = READS.iter().map(|text| TextTest::Prefix { text: (*text).into(), ignore_case: false });
                let names = WRITES_BY_READING_NAMES.iter().map(|name| TextTest::Equals((*name).into()));
                (starts.chain(names).collect(), true)
            }
        }
    }

    fn numbers(&self) -> Vec<f64> {
        match self {
            Ask::Filter(condition) => {
                let of_text = match condition.literal() {
                    Some(Literal::Text { test: TextTest::Equals(text), .. }) => text.parse().ok(),
                    _ => None,
                };
                condition.number().or(of_text).into_iter().collect()
            }
            Ask::Matchers(matchers) => matchers.iter().flat_map(Matcher::numbers).collect(),
            _ => Vec::new(),
        }
    }

    /// Texts that it leaves out by name.
    fn leaves_out(&self) -> Vec<String> {
        match self {
            Ask::Filter(Condition::NotEqual(Literal::Text { test: TextTest::Equals(text), .. })) => vec![text.clone()],
            Ask::Matchers(matchers) => matchers
                .iter()
                .filter(|m| matches!(m, Matcher::AnythingBut(_)))
                .flat_map(Matcher::texts)
                .filter_map(|t| t.literal().map(str::to_string))
                .collect(),
            _ => Vec::new(),
        }
    }
}

/// A test of EventBridge's source, as one of the event source; `None` where it is none.
fn of_source(test: &TextTest) -> Option<TextTest> {
    let rest = |text: &str| text.strip_prefix("aws.").map(str::to_string);
    // What no source has is asked by a text that no event source is.
    let never = || TextTest::Equals(String::new());
    Some(match test {
        TextTest::Any => TextTest::Any,
        TextTest::Equals(text) => rest(text).map_or_else(never, |name| TextTest::Equals(format!("{name}{DOMAIN}"))),
        TextTest::Prefix { text, ignore_case: false } => match rest(text) {
            Some(start) => TextTest::Prefix { text: start, ignore_case: false },
            None if "aws.".starts_with(text.as_str()) => TextTest::Any,
            None => never(),
        },
        TextTest::Suffix { text, ignore_case: false } if !text.contains('.') => {
            TextTest::Suffix { text: format!("{text}{DOMAIN}"), ignore_case: false }
        }
        TextTest::Glob(glob) => {
            let mut pieces = glob.pattern().split('*').map(str::to_string).collect::<Vec<_>>();
            let first = rest(pieces.first()?).or_else(|| pieces.first().filter(|p| p.is_empty()).cloned())?;
            *pieces.first_mut()? = first;
            let last = pieces.last_mut()?;
            if last.contains('.') {
                return None;
            }
            last.push_str(DOMAIN);
            TextTest::Glob(Glob::of_pieces(pieces))
        }
        _ => return None,
    })
}

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

/// One text of each kind that the tests tell apart, and whether these are all kinds.
fn texts(path: &Path, shape: &Shape, constraint: Option<&Constraint>, tests: &[TextTest]) -> (Vec<String>, bool) {
    let holds = |patterns: &[String], text: &str| patterns.iter().any(|p| TextTest::of_pattern(p).holds(text));
    let wanted = |text: &str| match constraint {
        None | Some(Constraint::Present) => true,
        Some(Constraint::OneOf(patterns)) => holds(patterns, text),
        Some(Constraint::Not(patterns)) => !holds(patterns, text),
        Some(Constraint::Bool(_) | Constraint::Absent) => false,
    };
    let within = match (&shape.texts, constraint) {
        (None, _) | (_, Some(Constraint::Bool(_) | Constraint::Absent)) => return (Vec::new(), true),
        (Some(Texts::OneOf(all)), _) => {
            return (all.iter().filter(|t| wanted(t)).map(|t| (*t).to_string()).collect(), true);
        }
        (_, Some(Constraint::OneOf(patterns))) if patterns.iter().all(|p| !p.contains('*')) => {
            return (patterns.clone(), true);
        }
        (Some(Texts::Within(within)), _) => within,
    };
    let mut unique: Vec<&TextTest> = Vec::new();
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for test in tests {
        if test.literal().is_none_or(|text| seen.insert(text)) {
            unique.push(test);
        }
    }
    let (found, exact) = classes(&unique, &[within]);
    let mut texts = Vec::new();
    for class in found {
        let alike =
            |text: &&&str| within.holds(text) && unique.iter().zip(&class.holds).all(|(test, holds)| test.holds(text) == *holds);
        let text = familiar(path).iter().find(alike).map_or(class.example.clone(), |text| (*text).to_string());
        if wanted(&text) {
            texts.push(text);
        }
    }
    (texts, exact)
}

/// One number of each kind that the questions tell apart: those that they name, and one between each two.
fn numbers(asks: &[Ask<'_>]) -> Vec<Number> {
    let mut named: Vec<f64> = asks.iter().flat_map(Ask::numbers).filter(|n| n.is_finite()).collect();
    named.sort_by(f64::total_cmp);
    named.dedup();
    let (Some(first), Some(last)) = (named.first(), named.last()) else { return vec![Number::from(7)] };
    let ends = [first - 1.0, last + 1.0];
    let between = named.windows(2).map(|pair| (pair[0] + pair[1]) / 2.0);
    let mut all: Vec<f64> = named.iter().copied().chain(between).chain(ends).collect();
    all.dedup();
    let whole = |n: f64| n.fract() == 0.0 && n.abs() < 9e15;
    all.into_iter().filter_map(|n| if whole(n) { Some(Number::from(n as i64)) } else { Number::from_f64(n) }).collect()
}
