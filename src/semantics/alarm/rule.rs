//! Rules of composite alarms: which states of other alarms set one off.
//!
//! Source: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html>.

use std::collections::BTreeSet;

use crate::semantics::Truth;

/// A rule over the states of alarms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    All(Vec<Rule>),
    Any(Vec<Rule>),
    Not(Box<Rule>),
    Constant(bool),
    Is {
        state: State,
        /// The name or ARN of the alarm.
        alarm: String,
    },
    AtLeast {
        count: usize,
        state: State,
        alarms: Vec<String>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Alarm,
    Ok,
    InsufficientData,
}

/// Why a rule cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}, at character {character}")]
pub struct RuleError {
    pub message: String,
    pub character: usize,
}

/// Deeper rules are not followed.
const MOST_DEPTH: usize = 64;
/// Of more alarms than these not every combination of states is looked at.
const MOST_FREE: u32 = 6;

impl Rule {
    /// Whether the rule is true whatever state other alarms are in, where each of these is in ALARM; false where it is so in no
    /// state of the others; unknown where that hangs on the others.
    pub fn holds_with(&self, in_alarm: &dyn Fn(&str) -> bool) -> Truth {
        let mut names = BTreeSet::new();
        self.names(&mut names);
        let free: Vec<&str> = names.into_iter().filter(|name| !in_alarm(name)).collect();
        let count = u32::try_from(free.len()).unwrap_or(u32::MAX);
        if count > MOST_FREE {
            return self.judge(&|alarm, state| if in_alarm(alarm) { (state == State::Alarm).into() } else { Truth::Unknown });
        }
        let states = [State::Ok, State::Alarm, State::InsufficientData];
        let (mut some, mut all) = (false, true);
        for combination in 0..3_usize.pow(count) {
            let state_of = |alarm: &str| match free.iter().position(|name| *name == alarm) {
                Some(at) => states[combination / 3_usize.pow(u32::try_from(at).unwrap_or(0)) % 3],
                None => State::Alarm,
            };
            let holds = self.judge(&|alarm, state| (state_of(alarm) == state).into()) == Truth::True;
            (some, all) = (some || holds, all && holds);
        }
        match (all, some) {
            (true, _) => Truth::True,
            (false, true) => Truth::Unknown,
            (false, false) => Truth::False,
        }
    }

    /// The alarms that it names.
    pub fn names<'a>(&'a self, into: &mut BTreeSet<&'a str>) {
        match self {
            Rule::All(parts) | Rule::Any(parts) => parts.iter().for_each(|part| part.names(into)),
            Rule::Not(inner) => inner.names(into),
            Rule::Constant(_) => {}
            Rule::Is { alarm, .. } => drop(into.insert(alarm)),
            Rule::AtLeast { alarms, .. } => into.extend(alarms.iter().map(String::as_str)),
        }
    }

    fn judge(&self, is: &dyn Fn(&str, State) -> Truth) -> Truth {
        match self {
            Rule::All(parts) => parts.iter().fold(Truth::True, |truth, part| truth.and(part.judge(is))),
            Rule::Any(parts) => parts.iter().fold(Truth::False, |truth, part| truth.or(part.judge(is))),
            Rule::Not(inner) => !inner.judge(is),
            Rule::Constant(b) => (*b).into(),
            Rule::Is { state, alarm } => is(alarm, *state),
            Rule::AtLeast { count, state, alarms } => {
                let truths: Vec<Truth> = alarms.iter().map(|alarm| is(alarm, *state)).collect();
                let certain = truths.iter().filter(|t| **t == Truth::True).count();
                let possible = truths.iter().filter(|t| **t != Truth::False).count();
                match (certain >= *count, possible >= *count) {
                    (true, _) => Truth::True,
                    (_, true) => Truth::Unknown,
                    _ => Truth::False,
                }
            }
        }
    }
}

/// Parses a rule.
///
/// # Errors
/// What is no rule, with its place.
pub fn parse(text: &str) -> Result<Rule, RuleError> {
    let mut parser = Parser { text, at: 0 };
    let rule = parser.any(0)?;
    parser.skip_spaces();
    if parser.at < text.len() { parser.error("`AND`, `OR` or the end is missing here") } else { Ok(rule) }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip_spaces(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn error<T>(&self, message: &str) -> Result<T, RuleError> {
        Err(RuleError { message: message.into(), character: self.text[..self.at].chars().count() + 1 })
    }

    fn take(&mut self, sign: &str) -> bool {
        self.skip_spaces();
        let found = self.rest().starts_with(sign);
        self.at += if found { sign.len() } else { 0 };
        found
    }

    fn take_word(&mut self, word: &str) -> bool {
        self.skip_spaces();
        let found = self.rest().get(..word.len()).is_some_and(|w| w.eq_ignore_ascii_case(word))
            && !self.rest()[word.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_');
        self.at += if found { word.len() } else { 0 };
        found
    }

    fn any(&mut self, depth: usize) -> Result<Rule, RuleError> {
        if depth > MOST_DEPTH {
            return self.error("the rule is nested too deeply");
        }
        let mut parts = vec![self.all(depth)?];
        while self.take_word("OR") {
            parts.push(self.all(depth)?);
        }
        Ok(if parts.len() == 1 { parts.swap_remove(0) } else { Rule::Any(parts) })
    }

    fn all(&mut self, depth: usize) -> Result<Rule, RuleError> {
        let mut parts = vec![self.not(depth)?];
        while self.take_word("AND") {
            parts.push(self.not(depth)?);
        }
        Ok(if parts.len() == 1 { parts.swap_remove(0) } else { Rule::All(parts) })
    }

    fn not(&mut self, depth: usize) -> Result<Rule, RuleError> {
        if self.take_word("NOT") {
            if depth > MOST_DEPTH {
                return self.error("the rule is nested too deeply");
            }
            return Ok(Rule::Not(Box::new(self.not(depth + 1)?)));
        }
        if self.take("(") {
            let inner = self.any(depth + 1)?;
            return if self.take(")") { Ok(inner) } else { self.error("a closing parenthesis is missing") };
        }
        if self.take_word("TRUE") {
            return Ok(Rule::Constant(true));
        }
        if self.take_word("FALSE") {
            return Ok(Rule::Constant(false));
        }
        if self.take_word("AT_LEAST") {
            return self.at_least();
        }
        let Some(state) = self.state() else { return self.error("ALARM, OK, INSUFFICIENT_DATA, TRUE or FALSE is missing here") };
        if !self.take("(") {
            return self.error("the name of an alarm in parentheses is missing");
        }
        let alarm = self.name()?;
        if self.take(")") { Ok(Rule::Is { state, alarm }) } else { self.error("a closing parenthesis is missing") }
    }

    fn state(&mut self) -> Option<State> {
        let states = [("ALARM", State::Alarm), ("OK", State::Ok), ("INSUFFICIENT_DATA", State::InsufficientData)];
        states.into_iter().find(|(word, _)| self.take_word(word)).map(|(_, state)| state)
    }

    /// `AT_LEAST(2, ALARM, (a, b, c))`.
    fn at_least(&mut self) -> Result<Rule, RuleError> {
        let wrong = "write such as AT_LEAST(2, ALARM, (a, b, c))";
        if !self.take("(") {
            return self.error(wrong);
        }
        self.skip_spaces();
        let digits = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        let Ok(count) = self.rest()[..digits].parse() else { return self.error(wrong) };
        self.at += digits;
        if !self.take(",") {
            return self.error(wrong);
        }
        let Some(state) = self.state() else { return self.error(wrong) };
        if !self.take(",") || !self.take("(") {
            return self.error(wrong);
        }
        let mut alarms = vec![self.name()?];
        while self.take(",") {
            alarms.push(self.name()?);
        }
        if self.take(")") && self.take(")") { Ok(Rule::AtLeast { count, state, alarms }) } else { self.error(wrong) }
    }

    fn name(&mut self) -> Result<String, RuleError> {
        self.skip_spaces();
        for quote in ['"', '\''] {
            if let Some(inner) = self.rest().strip_prefix(quote) {
                let Some(end) = inner.find(quote) else { return self.error("a quotation mark is not closed") };
                self.at += end + 2;
                return Ok(inner[..end].to_string());
            }
        }
        let length = self.rest().find(|c: char| "(),".contains(c) || c.is_whitespace()).unwrap_or(self.rest().len());
        if length == 0 {
            return self.error("the name of an alarm is missing");
        }
        let name = self.rest()[..length].to_string();
        self.at += length;
        Ok(name)
    }
}
