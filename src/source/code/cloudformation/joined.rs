//! Text that is put together of parts that may be open.

use super::evaluate::{firmly, gap};
use crate::inventory::Basis;
use crate::source::code::node::{Node, State};

/// Bytes of a text that is put together.
const LONGEST: usize = 1 << 16;

/// Text that is put together.
#[derive(Default)]
pub(super) struct Text {
    pub(super) text: String,
    pub(super) basis: Basis,
    /// What of it is not known.
    pub(super) unknown: Option<State>,
}

impl Text {
    pub(super) fn add(&mut self, node: &Node) {
        self.basis = self.basis.max(node.basis);
        if self.text.len() > LONGEST {
            self.unknown.get_or_insert_with(|| State::Unknown(gap("text that is put together to more than any name is long")));
            return;
        }
        match &node.state {
            State::Text(text) => self.text.push_str(text),
            State::Bool(truth) => self.text.push_str(if *truth { "true" } else { "false" }),
            State::Int(number) => self.text.push_str(&number.to_string()),
            State::Absent => {}
            State::Sensitive | State::Unknown(_) => {
                self.unknown.get_or_insert(node.state.clone());
            }
            State::List(_) | State::Map(_) | State::Link(_) => {
                self.unknown.get_or_insert(State::Unknown(gap("something else than text inside of text")));
            }
        }
    }

    pub(super) fn node(self) -> Node {
        let state = self.unknown.unwrap_or(State::Text(self.text));
        firmly(Node::new(state), self.basis)
    }
}

pub(super) enum Piece<'p> {
    Text(&'p str),
    Variable(&'p str),
}

/// The text and the variables of `Fn::Sub`: `${Name}` is a variable, `${!Name}` is the text `${Name}`.
pub(super) fn pieces(pattern: &str) -> Vec<Piece<'_>> {
    let (mut pieces, mut rest) = (Vec::new(), pattern);
    while let Some(at) = rest.find("${") {
        let Some(end) = rest[at..].find('}').map(|end| at + end) else { break };
        let name = &rest[at + 2..end];
        if let Some(literal) = name.strip_prefix('!') {
            pieces.extend([Piece::Text(&rest[..at]), Piece::Text("${"), Piece::Text(literal), Piece::Text("}")]);
        } else {
            if at > 0 {
                pieces.push(Piece::Text(&rest[..at]));
            }
            pieces.push(Piece::Variable(name.trim()));
        }
        rest = &rest[end + 1..];
    }
    if !rest.is_empty() || pieces.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    pieces
}
