//! Conditions of a template, decided for one world.

use super::evaluate::{Want, World, gap};
use super::function::Function;
use super::shown;
use super::tree::{Kind, Value};
use crate::inventory::code::is_placeholder;
use crate::inventory::{Basis, Gap};
use crate::source::code::node::{Node, State};

impl World<'_> {
    /// Whether a condition of the template holds.
    ///
    /// # Errors
    /// Why it has no answer in any world.
    pub(super) fn condition(&self, name: &str) -> Result<(bool, Basis), Gap> {
        match self.stage.template.conditions.get(name) {
            Some(value) => self.is_true(value),
            None => Err(gap(&format!("`{}`, which is no condition of the template", shown(name)))),
        }
    }

    pub(super) fn is_true(&self, value: &Value<'_>) -> Result<(bool, Basis), Gap> {
        let node = match &value.kind {
            Kind::Call(function, argument) => {
                let steps = self.step()?;
                let truth = self.truth(function, argument);
                self.steps.set(steps);
                return truth;
            }
            _ => self.value(value, Want::Text),
        };
        match node.bool()? {
            Some(truth) => Ok((truth, node.basis)),
            None => Err(gap("a condition without a value")),
        }
    }

    pub(super) fn truth(&self, function: &Function, argument: &Value<'_>) -> Result<(bool, Basis), Gap> {
        let each = || argument.items().iter().map(|item| self.is_true(item));
        match function {
            Function::Condition => {
                argument.text().map_or_else(|| Err(gap("a condition without a name")), |name| self.condition(name))
            }
            Function::And => fold(each(), false),
            Function::Or => fold(each(), true),
            Function::Not => match argument.items() {
                [one] => self.is_true(one).map(|(truth, basis)| (!truth, basis)),
                _ => Err(gap("`Fn::Not` of something else than one condition")),
            },
            Function::Equals => match argument.items() {
                [one, other] => Ok(self.equal(one, other)),
                _ => Err(gap("`Fn::Equals` of something else than two values")),
            },
            _ => match self.call(function, argument, Want::Text) {
                node @ Node { state: State::Bool(_) | State::Text(_), .. } => Ok((node.bool()?.unwrap_or_default(), node.basis)),
                _ => Err(gap(&format!("a condition with `{}`", shown(function.name())))),
            },
        }
    }

    /// What stands for a value that is not known, where it is told from others.
    fn unnamed(&self, value: &Value<'_>) -> String {
        format!("what stands at {}:{}:{}", self.stage.file, value.at.line, value.at.column)
    }

    /// Whether two values are equal. Where that is open, it is one or the other, and the same wherever it is asked.
    fn equal(&self, one: &Value<'_>, other: &Value<'_>) -> (bool, Basis) {
        // What has no name is told from others by where it stands: two secrets look alike, and need not be.
        let (of_one, of_other) = (self.unnamed(one), self.unnamed(other));
        let (one, other) = (self.value(one, Want::Name), self.value(other, Want::Name));
        let basis = one.basis.max(other.basis);
        let text = |node: &Node| match &node.state {
            State::Absent => Some(String::new()),
            State::Text(text) => Some(text.clone()),
            State::Bool(truth) => Some(truth.to_string()),
            State::Int(number) => Some(number.to_string()),
            State::List(items) => {
                items.iter().map(|item| item.text().ok().flatten()).collect::<Option<Vec<_>>>().map(|l| l.join(","))
            }
            _ => None,
        };
        match (text(&one), text(&other)) {
            (Some(a), Some(b)) if a == b => (true, basis),
            (Some(a), Some(b)) if !is_placeholder(&a) && !is_placeholder(&b) => (false, basis),
            (a, b) => {
                let mut sides = [a.unwrap_or(of_one), b.unwrap_or(of_other)];
                sides.sort();
                let [a, b] = sides;
                (self.choose(format!("{}: {a} = {b}", self.stage.file), 2) == 1, Basis::Configured)
            }
        }
    }
}

fn fold(each: impl Iterator<Item = Result<(bool, Basis), Gap>>, decides: bool) -> Result<(bool, Basis), Gap> {
    let (mut all, mut first) = ((!decides, Basis::Configured), None);
    for one in each {
        match one {
            Ok((truth, basis)) if truth == decides => return Ok((decides, basis)),
            Ok((_, basis)) => all.1 = all.1.max(basis),
            Err(gap) => first = first.or(Some(gap)),
        }
    }
    first.map_or(Ok(all), Err)
}
