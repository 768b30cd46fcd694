//! Functions that are rarely met where logging is declared: worked out where that is exact, and otherwise named with the reason.
//!
//! Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html>.

use core::net::Ipv4Addr;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::evaluate::{Want, World, gap};
use super::shown;
use super::tree::Value;
use crate::inventory::code::is_placeholder;
use crate::inventory::{Gap, GapKind, Remedy};
use crate::source::code::node::{Node, State};

/// Blocks of addresses that `Fn::Cidr` gives at most.
const BLOCKS: i64 = 256;

impl World<'_> {
    /// The value of a function by its name.
    pub(super) fn further(&self, name: &str, argument: &Value<'_>) -> Node {
        match name {
            "Fn::Base64" => self.base64(argument),
            "Fn::Length" => self.length(argument),
            "Fn::Cidr" => self.cidr(argument),
            "Fn::GetAZs" => Node::unknown(
                Gap::new(GapKind::RunTime, "which Availability Zones a Region has, the account tells (`Fn::GetAZs`)")
                    .with_remedy(Remedy::Do("scan the account once the stack is made".into())),
            ),
            "Fn::ToJsonString" => open("`Fn::ToJsonString`, whose text depends on how CloudFormation writes JSON"),
            "Fn::Transform" => open("`Fn::Transform`: a macro makes the value"),
            name if name.starts_with("Fn::ForEach") => open(&format!("`{}` over what is not written in it", shown(name))),
            name => open(&format!("`{}`, whose value is not worked out", shown(name))),
        }
    }

    fn base64(&self, argument: &Value<'_>) -> Node {
        let node = self.value(argument, Want::Text);
        let encoded = match &node.state {
            State::Text(text) if !text.contains(['⟨', '⟩']) => State::Text(BASE64_STANDARD.encode(text)),
            State::Unknown(_) | State::Sensitive => return node,
            _ => return open("a `Fn::Base64` of what is open, or no text"),
        };
        Node { state: encoded, ..node }
    }

    /// The number of elements, where each is certainly one.
    fn length(&self, argument: &Value<'_>) -> Node {
        let node = self.value(argument, Want::Text);
        let length = match &node.state {
            State::List(items) => match items.iter().find(|item| matches!(item.state, State::Unknown(_) | State::List(_))) {
                Some(Node { state: State::Unknown(gap), .. }) => return Node::unknown(gap.clone()),
                Some(_) => return open("a `Fn::Length` of lists in a list"),
                None => i64::try_from(items.len()).unwrap_or(i64::MAX),
            },
            State::Unknown(_) | State::Sensitive => return node,
            _ => return open("a `Fn::Length` of what is no list"),
        };
        Node { state: State::Int(length), ..node }
    }

    /// Blocks of IPv4 addresses, one after the other.
    fn cidr(&self, argument: &Value<'_>) -> Node {
        let [block, count, bits] = argument.items() else {
            return open("a `Fn::Cidr` without a block, a number and the bits of each");
        };
        let parts = [block, count, bits].map(|part| self.value(part, Want::Text));
        let basis = parts.iter().map(|part| part.basis).max().unwrap_or_default();
        let (block, count, bits) = match (parts[0].text(), parts[1].int(), parts[2].int()) {
            (Ok(Some(block)), Ok(Some(count)), Ok(Some(bits))) => (block, count, bits),
            (Err(gap), ..) | (_, Err(gap), _) | (.., Err(gap)) => return Node::unknown(gap),
            _ => return open("a `Fn::Cidr` without a block, a number and the bits of each"),
        };
        if is_placeholder(&block) {
            return open("a `Fn::Cidr` of a block that is open");
        }
        match blocks(&block, count, bits) {
            Some(blocks) => {
                let items = blocks.into_iter().map(|block| Node::new(State::Text(block))).collect();
                Node { basis, ..Node::new(State::List(items)) }
            }
            None => open("a `Fn::Cidr` that is worked out for IPv4 blocks alone, within their bounds"),
        }
    }
}

/// The first blocks of so many host bits in a block of IPv4 addresses; nothing where they are not in it.
fn blocks(block: &str, count: i64, bits: i64) -> Option<Vec<String>> {
    let (address, length) = block.split_once('/')?;
    let (address, length): (Ipv4Addr, u32) = (address.parse().ok()?, length.parse().ok()?);
    let bits = u32::try_from(bits).ok().filter(|bits| *bits <= 31)?;
    let room = 32u32.checked_sub(length)?;
    if !(1..=BLOCKS).contains(&count) || bits > room || u64::try_from(count).ok()? > 1 << (room - bits) {
        return None;
    }
    let mask = if room == 32 { 0 } else { u32::MAX << room };
    let first = u64::from(address.to_bits() & mask);
    let each = |index: i64| Some(first + (u64::try_from(index).ok()? << bits));
    let text = |start: u64| Some(format!("{}/{}", Ipv4Addr::from_bits(u32::try_from(start).ok()?), 32 - bits));
    (0..count).map(|index| each(index).and_then(text)).collect()
}

fn open(what: &str) -> Node {
    Node::unknown(gap(what))
}

#[cfg(test)]
mod tests {
    use super::blocks;

    #[test]
    fn blocks_follow_one_another_and_stay_inside() {
        let of = |block: &str, count, bits| blocks(block, count, bits).map(|blocks| blocks.join(" "));
        assert_eq!(of("192.168.0.0/24", 3, 5).as_deref(), Some("192.168.0.0/27 192.168.0.32/27 192.168.0.64/27"));
        assert_eq!(of("10.0.7.9/16", 2, 8).as_deref(), Some("10.0.0.0/24 10.0.1.0/24"));
        assert_eq!(of("0.0.0.0/0", 2, 31).as_deref(), Some("0.0.0.0/1 128.0.0.0/1"));
        for (block, count, bits) in [
            ("192.168.0.0/24", 9, 5),
            ("192.168.0.0/24", 1, 9),
            ("192.168.0.0/24", 0, 5),
            ("2001:db8::/56", 1, 64),
            ("x", 1, 1),
            ("1.2.3.4/33", 1, 1),
        ] {
            assert_eq!(of(block, count, bits), None, "{block}");
        }
    }
}
