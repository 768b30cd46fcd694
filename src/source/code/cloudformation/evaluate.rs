//! Functions, parameters and conditions of a template, worked out for one world.
//!
//! Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html>.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use super::function::Function;
use super::joined::{Piece, Text, pieces};
use super::shown;
use super::stack::Stage;
use super::template::Parameter;
use super::tree::{At, Kind, Value};
use crate::inventory::code::{is_placeholder, placeholder};
use crate::inventory::{Basis, Gap, GapKind, Remedy, SourcePlace};
use crate::source::code::node::{Node, State};

/// Conditions inside conditions, imports of imports.
const STEPS: usize = 24;

/// Functions that are worked out of one template at most: conditions on conditions can be exponentially many.
const MOST: usize = 1_000_000;

/// What a value is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Want {
    /// A value: what names a resource is a link to it.
    Value,
    /// Text, as in policies: what names a resource is its name or ARN, with what stands for what is open in it.
    Text,
    /// Text by which resources are told apart: the value of a parameter that is not given is as good as its name.
    Name,
}

/// What is open and has several outcomes, of which a world takes one.
pub(super) type Choices = BTreeMap<String, usize>;

/// One way in which what the template leaves open may turn out.
pub(super) struct World<'a> {
    pub(super) stage: &'a Stage<'a>,
    pub(super) fixed: &'a Choices,
    /// The first thing that was open, and its number of outcomes.
    pub(super) open: RefCell<Option<(String, usize)>>,
    pub(super) steps: Cell<usize>,
}

impl<'a> World<'a> {
    pub(super) fn new(stage: &'a Stage<'a>, fixed: &'a Choices) -> Self {
        World { stage, fixed, open: RefCell::new(None), steps: Cell::new(0) }
    }

    /// The world of these choices one step further, where there are not too many steps already.
    pub(super) fn deeper<'b>(&self, fixed: &'b Choices) -> Option<World<'b>>
    where
        'a: 'b,
    {
        let steps = self.steps.get() + 1;
        (steps < STEPS).then(|| World { stage: self.stage, fixed, open: RefCell::new(None), steps: Cell::new(steps) })
    }

    /// The same in the template of another stack.
    fn beside(&self, stage: &'a Stage<'a>) -> World<'a> {
        World { stage, fixed: self.fixed, open: RefCell::new(None), steps: Cell::new(self.steps.get()) }
    }

    pub(super) fn choose(&self, what: String, outcomes: usize) -> usize {
        if let Some(chosen) = self.fixed.get(&what) {
            return *chosen;
        }
        self.open.borrow_mut().get_or_insert((what, outcomes));
        0
    }

    pub(super) fn place(&self, at: At, what: &str) -> SourcePlace {
        SourcePlace { file: self.stage.file.to_string(), line: at.line, column: at.column, what: what.to_string() }
    }

    /// A value with its place.
    pub(super) fn node(&self, value: &Value<'_>, want: Want) -> Node {
        Node { place: Some(self.place(value.at, "")), ..self.value(value, want) }
    }

    pub(super) fn value(&self, value: &Value<'_>, want: Want) -> Node {
        match &value.kind {
            Kind::Scalar { text, .. } => match value.truth() {
                Some(truth) => Node::new(State::Bool(truth)),
                None if is_placeholder(text) => foreign(),
                None if value.is_null() => not_understood("a null, which CloudFormation refuses"),
                None => self.finished(Node::new(State::Text(text.to_string()))),
            },
            Kind::List(items) => {
                let mut list = Vec::with_capacity(items.len());
                for item in items {
                    let node = self.node(item, want);
                    // A list that stands in place of an element is a list in it; nothing leaves the element out.
                    if !node.is_absent() {
                        list.push(node);
                    }
                }
                Node::new(State::List(list))
            }
            Kind::Map(entries) => {
                let mut map = BTreeMap::new();
                for entry in entries {
                    if entry.key.starts_with("Fn::") {
                        return not_understood(&format!("`{}` beside other keys, which is not followed", shown(&entry.key)));
                    }
                    let node = Node { place: Some(self.place(entry.at, "")), ..self.value(&entry.value, want) };
                    if !node.is_absent() {
                        map.insert(entry.key.to_string(), node);
                    }
                }
                Node::new(State::Map(map))
            }
            Kind::Call(function, argument) => self.call(function, argument, want),
        }
    }

    /// Goes one step further; how many were gone before, or why not to go on.
    pub(super) fn step(&self) -> Result<usize, Gap> {
        let (steps, work) = (self.steps.get(), self.stage.work.get());
        if steps >= STEPS || work >= MOST {
            return Err(gap("functions that lead through too many others, or in a circle"));
        }
        self.steps.set(steps + 1);
        self.stage.work.set(work + 1);
        Ok(steps)
    }

    pub(super) fn call(&self, function: &Function, argument: &Value<'_>, want: Want) -> Node {
        let steps = match self.step() {
            Ok(steps) => steps,
            Err(gap) => return Node::unknown(gap),
        };
        let node = match function {
            Function::Ref => argument.text().map_or_else(|| wrong(function), |name| self.reference(name, want)),
            Function::GetAtt => self.get_att(argument, want),
            Function::Sub => self.sub(argument, want),
            Function::Join => self.join(argument, want),
            Function::If => self.branch(argument, want),
            Function::FindInMap => self.find_in_map(argument, want),
            Function::Select => self.select(argument, want),
            Function::Split => self.split(argument, want),
            Function::ImportValue => self.import(argument, want),
            Function::Condition | Function::And | Function::Or | Function::Not | Function::Equals => {
                match self.truth(function, argument) {
                    Ok((truth, basis)) => Node { basis, ..Node::new(State::Bool(truth)) },
                    Err(gap) => Node::unknown(gap),
                }
            }
            Function::Other(name) => self.further(name, argument),
        };
        self.steps.set(steps);
        node
    }

    fn reference(&self, name: &str, want: Want) -> Node {
        if let Some(node) = self.pseudo(name) {
            return node;
        }
        if let Some(parameter) = self.stage.template.parameters.get(name) {
            return self.parameter(name, parameter, want);
        }
        match self.stage.template.declarations.get(name) {
            Some(declaration) => self.named(declaration, None, want),
            None => not_understood(&format!("`{}`, which is no parameter or resource of the template", shown(name))),
        }
    }

    fn pseudo(&self, name: &str) -> Option<Node> {
        let home = &self.stage.home;
        let text = |text: &str| Some(Node::new(State::Text(text.to_string())));
        match name {
            "AWS::NoValue" => Some(Node::new(State::Absent)),
            "AWS::AccountId" => text(&home.account),
            "AWS::Region" => text(&home.region),
            "AWS::Partition" => text(&home.partition),
            "AWS::URLSuffix" => text(if home.partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" }),
            "AWS::StackName" => text(&self.stage.stack_name()),
            "AWS::StackId" => text(&placeholder(&format!("id of the stack of {}", self.stage.file))),
            "AWS::NotificationARNs" => Some(Node::unknown(after("the topics that hear of the stack"))),
            _ => None,
        }
    }

    /// The value of a parameter: given, by default, one of those that are allowed, or not known.
    fn parameter(&self, name: &str, parameter: &Parameter<'_>, want: Want) -> Node {
        if parameter.is_secret {
            return Node::new(State::Sensitive);
        }
        let texts = self.stage.given.get(name).into_iter().chain(parameter.default.and_then(Value::text));
        if texts.chain(parameter.allowed.iter().filter_map(Value::text)).any(is_placeholder) {
            return foreign();
        }
        let is_stored = parameter.kind.starts_with("AWS::SSM::Parameter::Value");
        if let Some((text, as_name)) = self.stage.inherited.get(name).filter(|_| !is_stored) {
            return if want == Want::Name { as_name.clone() } else { text.clone() };
        }
        let node = if is_stored {
            // What is written or given is the name of the parameter there.
            Node::unknown(run_time(&format!("parameter {name} is read from the Parameter Store of the account")))
        } else if let Some(value) = self.stage.given.get(name) {
            Node::new(typed(parameter.kind, value))
        } else if let Some(text) = parameter.default.and_then(written) {
            Node { basis: Basis::AssumedDefault, ..Node::new(typed(parameter.kind, text)) }
        } else {
            let allowed: Vec<&str> = parameter.allowed.iter().filter_map(written).collect();
            match allowed.as_slice() {
                [] if want == Want::Name && !is_list(parameter.kind) => {
                    Node::new(State::Text(placeholder(&format!("parameter {name} of {}", self.stage.file))))
                }
                [] => Node::unknown(not_given(name)),
                // Any number of them may be given.
                _ if is_list(parameter.kind) => Node::unknown(not_given(name)),
                allowed => {
                    let chosen = self.choose(format!("{}: parameter {name}", self.stage.file), allowed.len());
                    Node::new(typed(parameter.kind, allowed.get(chosen).copied().unwrap_or_default()))
                }
            }
        };
        self.finished(node)
    }

    fn get_att(&self, argument: &Value<'_>, want: Want) -> Node {
        let dotted = argument.text().and_then(|text| text.split_once('.'));
        let listed = match argument.items() {
            [name, attribute] => name.text().zip(attribute.text()),
            _ => None,
        };
        match dotted.or(listed) {
            Some((name, attribute)) => self.attribute(name, attribute, want),
            None => wrong(&Function::GetAtt),
        }
    }

    fn attribute(&self, name: &str, attribute: &str, want: Want) -> Node {
        if let (Some(output), Some(nested)) = (attribute.strip_prefix("Outputs."), self.stage.nested(name))
            && let Some(value) = nested.template.outputs.get(output)
        {
            return self.elsewhere(nested, value, want);
        }
        match self.stage.template.declarations.get(name) {
            Some(declaration) => self.named(declaration, Some(attribute), want),
            None => not_understood(&format!("`{}`, which is no resource of the template", shown(name))),
        }
    }

    fn sub(&self, argument: &Value<'_>, want: Want) -> Node {
        let (pattern, variables) = match (argument.text(), argument.items()) {
            (Some(text), _) => (text, &[][..]),
            (None, [text, variables]) => match text.text() {
                Some(text) => (text, variables.entries()),
                None => return wrong(&Function::Sub),
            },
            _ => return wrong(&Function::Sub),
        };
        if is_placeholder(pattern) {
            return foreign();
        }
        let value_of = |name: &str, want: Want| match variables.iter().find(|entry| entry.key == name) {
            Some(entry) => self.value(&entry.value, want),
            None => match name.split_once('.') {
                Some((name, attribute)) => self.attribute(name, attribute, want),
                None => self.reference(name, want),
            },
        };
        let pieces = pieces(pattern);
        if let [Piece::Variable(name)] = pieces.as_slice() {
            return value_of(name, want);
        }
        let mut whole = Text::default();
        for piece in pieces {
            match piece {
                Piece::Text(text) => whole.text.push_str(text),
                Piece::Variable(name) => whole.add(&value_of(name, inner(want))),
            }
        }
        self.finished(whole.node())
    }

    fn join(&self, argument: &Value<'_>, want: Want) -> Node {
        let [delimiter, list] = argument.items() else { return wrong(&Function::Join) };
        let Some(delimiter) = delimiter.text() else { return wrong(&Function::Join) };
        if is_placeholder(delimiter) {
            return foreign();
        }
        if let [one] = list.items() {
            return self.value(one, want);
        }
        let list = self.value(list, inner(want));
        let items = match &list.state {
            State::List(items) => items,
            State::Unknown(_) | State::Sensitive => return list,
            _ => return wrong(&Function::Join),
        };
        let mut whole = Text { basis: list.basis, ..Text::default() };
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                whole.text.push_str(delimiter);
            }
            whole.add(item);
        }
        self.finished(whole.node())
    }

    fn branch(&self, argument: &Value<'_>, want: Want) -> Node {
        let [condition, yes, no] = argument.items() else { return wrong(&Function::If) };
        let decided = match condition.text() {
            Some(name) => self.condition(name),
            None => self.is_true(condition),
        };
        match decided {
            Ok((truth, basis)) => firmly(self.value(if truth { yes } else { no }, want), basis),
            Err(gap) => Node::unknown(gap),
        }
    }

    fn find_in_map(&self, argument: &Value<'_>, want: Want) -> Node {
        let [map, first, second, rest @ ..] = argument.items() else { return wrong(&Function::FindInMap) };
        let (map, first, second) = (self.value(map, Want::Text), self.value(first, Want::Text), self.value(second, Want::Text));
        let basis = map.basis.max(first.basis).max(second.basis);
        let (map, first, second) = match (map.text(), first.text(), second.text()) {
            (Ok(Some(map)), Ok(Some(first)), Ok(Some(second))) => (map, first, second),
            (Err(gap), ..) | (_, Err(gap), _) | (.., Err(gap)) => return Node::unknown(gap),
            _ => return wrong(&Function::FindInMap),
        };
        let Some(map) = self.stage.template.mappings.get(map.as_str()) else { return wrong(&Function::FindInMap) };
        let fallback = rest.first().and_then(|rest| rest.get("DefaultValue"));
        if is_placeholder(&second) {
            return Node::unknown(after(&format!("which value of a map `{second}` chooses")));
        }
        let open = is_placeholder(&first);
        let rows: Vec<&Value<'_>> =
            if open { map.entries().iter().map(|entry| &entry.value).collect() } else { map.get(&first).into_iter().collect() };
        let mut found: Vec<Node> = rows.iter().filter_map(|row| row.get(&second)).map(|value| self.value(value, want)).collect();
        if let Some(fallback) = fallback.filter(|_| open || found.is_empty()) {
            found.push(self.value(fallback, want));
        }
        match found.as_slice() {
            [] => not_understood("a key that its map does not have"),
            // Of an open key each row may be meant.
            [one, others @ ..] if others.iter().all(|other| other.state == one.state) => firmly(one.clone(), basis),
            _ => Node::unknown(after(&format!("which row of a map `{first}` chooses"))),
        }
    }

    fn select(&self, argument: &Value<'_>, want: Want) -> Node {
        let [index, list] = argument.items() else { return wrong(&Function::Select) };
        let (index, list) = (self.value(index, Want::Text), self.value(list, want));
        let at = match index.int() {
            Ok(Some(at)) => at,
            Ok(None) => return wrong(&Function::Select),
            Err(gap) => return Node::unknown(gap),
        };
        match &list.state {
            State::List(items) => match usize::try_from(at).ok().and_then(|at| items.get(at)) {
                Some(item) => firmly(item.clone(), list.basis.max(index.basis)),
                None => wrong(&Function::Select),
            },
            State::Unknown(_) | State::Sensitive => list,
            _ => wrong(&Function::Select),
        }
    }

    fn split(&self, argument: &Value<'_>, want: Want) -> Node {
        let [delimiter, source] = argument.items() else { return wrong(&Function::Split) };
        let source = self.value(source, inner(want));
        match (delimiter.text(), source.text()) {
            (Some(delimiter), Ok(Some(text))) if !delimiter.is_empty() => {
                if is_placeholder(&text) {
                    return Node::unknown(after("a part of a name that is not known"));
                }
                let parts = text.split(delimiter).map(|part| Node::new(State::Text(part.to_string()))).collect();
                Node { basis: source.basis, ..Node::new(State::List(parts)) }
            }
            (_, Err(gap)) => Node::unknown(gap),
            _ => wrong(&Function::Split),
        }
    }

    /// What another stack of the run exports by that name, where it is one alone.
    fn import(&self, argument: &Value<'_>, want: Want) -> Node {
        let name = self.value(argument, Want::Text);
        let text = match name.text() {
            Ok(Some(text)) => text,
            Ok(None) => return wrong(&Function::ImportValue),
            Err(gap) => return Node::unknown(gap),
        };
        match self.stage.exporter(&text) {
            Some((stage, value)) => firmly(self.elsewhere(stage, value, want), name.basis),
            None => Node::unknown(
                Gap::new(GapKind::NotInCode, format!("it is the export `{}` of another stack", shown(&text)))
                    .with_remedy(Remedy::Do("give the template that exports it too".into())),
            ),
        }
    }

    /// A value of another stack, in the same world.
    fn elsewhere(&self, stage: &'a Stage<'a>, value: &Value<'_>, want: Want) -> Node {
        let other = self.beside(stage);
        let node = other.value(value, inner(want));
        if let Some((what, outcomes)) = other.open.into_inner() {
            self.choose(what, outcomes);
        }
        node
    }

    /// What holds the text of a dynamic reference is not known, and that of a secret is not for showing.
    fn finished(&self, node: Node) -> Node {
        let State::Text(text) = &node.state else { return node };
        let Some(at) = text.find("{{resolve:") else { return node };
        let service = text[at..].trim_start_matches("{{resolve:").split(':').next().unwrap_or_default();
        match service {
            "ssm" => Node::unknown(run_time("the value is read from the Parameter Store of the account")),
            _ => Node::new(State::Sensitive),
        }
    }
}

/// Inside of other text names are text.
fn inner(want: Want) -> Want {
    if want == Want::Value { Want::Text } else { want }
}

/// A value that stands no firmer than what chose it.
pub(super) fn firmly(node: Node, basis: Basis) -> Node {
    Node { basis: node.basis.max(basis), ..node }
}

pub(super) fn gap(what: &str) -> Gap {
    Gap::new(GapKind::NotUnderstood, format!("the template has {what}"))
        .with_remedy(Remedy::Do("write the value into the template, or scan the account once the stack is made".into()))
}

fn not_understood(what: &str) -> Node {
    Node::unknown(gap(what))
}

/// What stands for something open in our texts is nobody's to write.
fn foreign() -> Node {
    not_understood("a sign that no name of AWS has")
}

fn wrong(function: &Function) -> Node {
    not_understood(&format!("a `{}` that is not written as CloudFormation wants it", shown(function.name())))
}

pub(super) fn after(what: &str) -> Gap {
    Gap::new(GapKind::KnownAfterApply, format!("{what}: the template leaves that open"))
        .with_remedy(Remedy::Do("name it in the template, or scan the account once the stack is made".into()))
}

fn run_time(what: &str) -> Gap {
    Gap::new(GapKind::RunTime, what).with_remedy(Remedy::Do("scan the account once the stack is made".into()))
}

fn not_given(name: &str) -> Gap {
    Gap::new(GapKind::AbsentInput, format!("parameter {name} has no default, and no value was given"))
        .with_remedy(Remedy::Do(format!("give {name} a value with `--parameters FILE`")))
}

fn is_list(kind: &str) -> bool {
    kind.starts_with("List<") || kind == "CommaDelimitedList"
}

/// The text of a scalar; a truth value is the word for it, however it is written.
fn written<'v>(value: &'v Value<'_>) -> Option<&'v str> {
    match value.truth() {
        Some(true) => Some("true"),
        Some(false) => Some("false"),
        None => value.text(),
    }
}

/// The value of a parameter by its type.
fn typed(kind: &str, text: &str) -> State {
    if is_list(kind) {
        return State::List(text.split(',').map(|part| Node::new(State::Text(part.trim().to_string()))).collect());
    }
    State::Text(text.to_string())
}
