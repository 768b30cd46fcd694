//! Texts of which code leaves a part open, beside the texts of an account.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::inventory::code::{OPEN, OTHER_REGIONS, is_placeholder, placeholders};

/// What stands for the open parts of code, by the placeholder.
#[derive(Debug, Default)]
pub(super) struct Bindings {
    known: BTreeMap<String, String>,
    /// Those that would have to be two things at once: nothing is taken for them.
    torn: BTreeSet<String>,
    /// Whole texts that are another way of writing the account's.
    same: BTreeMap<String, String>,
}

impl Bindings {
    pub(super) fn bind(&mut self, found: Vec<(String, String)>) {
        for (open, text) in found {
            match self.known.get(&open) {
                Some(known) if *known != text => {
                    self.known.remove(&open);
                    self.torn.insert(open);
                }
                _ if self.torn.contains(&open) => {}
                _ => drop(self.known.insert(open, text)),
            }
        }
    }

    /// Takes a whole text of the code for one of the account.
    pub(super) fn rewrite(&mut self, code: &str, live: &str) {
        self.same.insert(code.to_string(), live.to_string());
    }

    /// The text with everything filled in that is bound.
    pub(super) fn fill(&self, text: &str) -> String {
        if let Some(same) = self.same.get(text) {
            return same.clone();
        }
        if !is_placeholder(text) || self.known.is_empty() {
            return text.to_string();
        }
        let mut filled = String::with_capacity(text.len());
        for piece in pieces(text) {
            match piece {
                Piece::Written(written) => filled.push_str(written),
                Piece::Open(open) => filled.push_str(self.known.get(open).map_or(open, String::as_str)),
            }
        }
        filled
    }

    /// Every text inside, filled in.
    pub(super) fn fill_all(&self, value: &mut Value) {
        match value {
            Value::String(text) if is_placeholder(text) || self.same.contains_key(text) => *text = self.fill(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.fill_all(item)),
            Value::Object(fields) => fields.iter_mut().for_each(|(_, field)| self.fill_all(field)),
            _ => {}
        }
    }

    /// The places of what was filled in: `eu-west-1 for ⟨Region of main.yaml⟩`.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.known.iter().map(|(open, text)| (open.as_str(), text.as_str()))
    }
}

/// A part of a text: as it is written, or open.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Piece<'a> {
    Written(&'a str),
    Open(&'a str),
}

impl Piece<'_> {
    /// The same kind of piece, of another text.
    fn with<'t>(&self, text: &'t str) -> Piece<'t> {
        match self {
            Piece::Written(_) => Piece::Written(text),
            Piece::Open(_) => Piece::Open(text),
        }
    }
}

/// What is written, from its end.
fn turned(piece: &Piece<'_>) -> String {
    match piece {
        Piece::Written(text) => text.chars().rev().collect(),
        Piece::Open(open) => (*open).to_string(),
    }
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut all = Vec::new();
    let mut rest = text;
    for open in placeholders(text) {
        let Some(at) = rest.find(open) else { break };
        if at > 0 {
            all.push(Piece::Written(&rest[..at]));
        }
        all.push(Piece::Open(open));
        rest = &rest[at + open.len()..];
    }
    if !rest.is_empty() {
        all.push(Piece::Written(rest));
    }
    all
}

/// What the open parts of code must be for its text to be the other one.
#[derive(Debug, PartialEq)]
pub(super) enum Fit {
    /// Nothing makes the one the other.
    Not,
    /// These do, and nothing else.
    Only(Vec<(String, String)>),
    /// More than one way does.
    Many,
}

/// Holds the text of code against one of an account. An ARN is taken field by field: no account or Region has a colon in it.
pub(super) fn fit(code: &str, live: &str) -> Fit {
    let (wanted, given) = (fields(pieces(code)), live.splitn(ARN_FIELDS, ':').collect::<Vec<_>>());
    let parts = match wanted {
        Some(wanted) if live.starts_with("arn:") && given.len() == ARN_FIELDS => {
            wanted.into_iter().zip(given).map(|(wanted, given)| part(&wanted, given)).collect()
        }
        Some(_) => return Fit::Not,
        None => vec![part(&pieces(code), live)],
    };
    let mut bound: BTreeMap<String, String> = BTreeMap::new();
    let mut is_sure = true;
    for part in parts {
        match part {
            Fit::Not => return Fit::Not,
            Fit::Many => is_sure = false,
            Fit::Only(pairs) => {
                for (open, text) in pairs {
                    if *bound.entry(open).or_insert_with(|| text.clone()) != text {
                        return Fit::Not;
                    }
                }
            }
        }
    }
    if is_sure { Fit::Only(bound.into_iter().collect()) } else { Fit::Many }
}

/// `arn:partition:service:region:account:resource`
const ARN_FIELDS: usize = 6;

/// The fields of an ARN; `None` where the text is none.
fn fields(pieces: Vec<Piece<'_>>) -> Option<Vec<Vec<Piece<'_>>>> {
    if !matches!(pieces.first(), Some(Piece::Written(text)) if text.starts_with("arn:")) {
        return None;
    }
    let mut fields = vec![Vec::new()];
    for piece in pieces {
        match piece {
            Piece::Open(_) => fields.last_mut()?.push(piece),
            Piece::Written(written) => {
                let left = ARN_FIELDS - fields.len();
                for (number, text) in written.splitn(left + 1, ':').enumerate() {
                    if number > 0 {
                        fields.push(Vec::new());
                    }
                    if !text.is_empty() {
                        fields.last_mut()?.push(Piece::Written(text));
                    }
                }
            }
        }
    }
    (fields.len() == ARN_FIELDS).then_some(fields)
}

/// One field: each open part is some text, and what is written stands between.
fn part(pieces: &[Piece<'_>], given: &str) -> Fit {
    let Some(first) = leftmost(pieces, given) else { return Fit::Not };
    // The same from the right: where the one is not the other, there is more than one way.
    let texts: Vec<String> = pieces.iter().rev().map(turned).collect();
    let back: Vec<Piece<'_>> = pieces.iter().rev().zip(&texts).map(|(piece, text)| piece.with(text)).collect();
    let given: String = given.chars().rev().collect();
    let Some(last) = leftmost(&back, &given) else { return Fit::Not };
    if !first.iter().rev().zip(&last).all(|((_, a), (_, b))| a.chars().rev().eq(b.chars())) {
        return Fit::Many;
    }
    if first.iter().any(|(open, text)| !may_be(open, text)) {
        return Fit::Not;
    }
    Fit::Only(first.into_iter().filter(|(open, _)| *open != OTHER_REGIONS).map(|(o, t)| (o.to_string(), t.to_string())).collect())
}

/// Whether a text may stand for what is open: an account has twelve digits, and a Region is called like one.
fn may_be(open: &str, text: &str) -> bool {
    let is_region = || {
        let parts: Vec<&str> = text.split('-').collect();
        let (last, words) = parts.split_last().unwrap_or((&"", &[]));
        words.len() >= 2
            && last.bytes().all(|b| b.is_ascii_digit())
            && words.iter().all(|w| w.bytes().all(|b| b.is_ascii_lowercase()))
    };
    match open.trim_start_matches(OPEN) {
        open if open.starts_with("account of ") => text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()),
        open if open.starts_with("Region of ") => is_region(),
        _ => true,
    }
}

/// What the open parts are where each is as short as it may be, from the left.
fn leftmost<'a>(pieces: &[Piece<'a>], given: &'a str) -> Option<Vec<(&'a str, &'a str)>> {
    let mut rest = given;
    let mut bound = Vec::new();
    for (number, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Written(text) => rest = rest.strip_prefix(text)?,
            Piece::Open(open) => {
                let end = match pieces.get(number + 1) {
                    None => rest.len(),
                    Some(Piece::Open(_)) => first_end(rest)?,
                    // The last of what is written stands at the end.
                    Some(Piece::Written(text)) if number + 2 == pieces.len() => rest.len().checked_sub(text.len())?,
                    Some(Piece::Written(text)) => first_end(rest).and_then(|one| Some(rest.get(one..)?.find(text)? + one))?,
                };
                let taken = rest.get(..end).filter(|taken| !taken.is_empty())?;
                bound.push((*open, taken));
                rest = &rest[end..];
            }
        }
    }
    rest.is_empty().then_some(bound)
}

fn first_end(text: &str) -> Option<usize> {
    text.chars().next().map(char::len_utf8)
}

/// Whether the text names something: whether a letter or a digit is written in its last part, after the last `/` or `:`.
pub(super) fn names_something(code: &str) -> bool {
    let written = |piece: &Piece<'_>| matches!(piece, Piece::Written(text) if text.rsplit(['/', ':']).next().unwrap_or(text).chars().any(char::is_alphanumeric));
    let all = pieces(code);
    // What stands before the last separator that is written is no name.
    let from = all.iter().rposition(|p| matches!(p, Piece::Written(text) if text.contains(['/', ':']))).unwrap_or(0);
    all[from..].iter().any(written)
}

/// What two values of JSON have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Likeness {
    Same,
    /// They are the same, if the open parts of the code are.
    Open,
    Other,
}

/// Holds a value of code against one of an account: lists of texts are sets, other lists are in order.
pub(super) fn likeness(code: &Value, live: &Value) -> Likeness {
    match (code, live) {
        (Value::String(code), Value::String(live)) if code == live => Likeness::Same,
        (Value::String(code), Value::String(live)) if is_placeholder(code) => match fit(code, live) {
            Fit::Not => Likeness::Other,
            _ => Likeness::Open,
        },
        (Value::Array(code), Value::Array(live)) => {
            if code.len() != live.len() {
                // Two open parts may be one thing.
                let is_open = code.len() > live.len() && code.iter().any(|c| c.as_str().is_some_and(is_placeholder));
                return if is_open { Likeness::Open } else { Likeness::Other };
            }
            if code.iter().all(Value::is_string) { sets(code, live) } else { in_order(code, live) }
        }
        (Value::Object(code), Value::Object(live)) => {
            if !code.keys().eq(live.keys()) {
                let has_open_key = code.keys().any(|key| key.contains(OPEN));
                return if has_open_key { Likeness::Open } else { Likeness::Other };
            }
            code.iter().map(|(key, value)| likeness(value, &live[key])).max().unwrap_or(Likeness::Same)
        }
        (code, live) if code == live => Likeness::Same,
        _ => Likeness::Other,
    }
}

fn in_order(code: &[Value], live: &[Value]) -> Likeness {
    code.iter().zip(live).map(|(c, l)| likeness(c, l)).max().unwrap_or(Likeness::Same)
}

/// Each of the one with one of the other: first what is equal, then what may be.
fn sets(code: &[Value], live: &[Value]) -> Likeness {
    let mut left: Vec<&Value> = live.iter().collect();
    let mut open = Vec::new();
    for item in code {
        match left.iter().position(|l| *l == item) {
            Some(at) => drop(left.swap_remove(at)),
            None => open.push(item),
        }
    }
    let mut all = Likeness::Same;
    for item in open {
        match left.iter().position(|l| likeness(item, l) != Likeness::Other) {
            Some(at) => drop(left.swap_remove(at)),
            None => return Likeness::Other,
        }
        all = Likeness::Open;
    }
    all
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn only(pairs: &[(&str, &str)]) -> Fit {
        Fit::Only(pairs.iter().map(|(o, t)| (o.to_string(), t.to_string())).collect())
    }

    #[test]
    fn open_parts_are_what_makes_the_texts_one() {
        assert_eq!(fit("logs-⟨suffix⟩", "logs-7f"), only(&[("⟨suffix⟩", "7f")]));
        assert_eq!(fit("logs-⟨suffix⟩", "logs-"), Fit::Not);
        assert_eq!(fit("⟨a⟩-logs-⟨b⟩", "x-logs-y"), only(&[("⟨a⟩", "x"), ("⟨b⟩", "y")]));
        assert_eq!(fit("⟨a⟩-⟨b⟩", "x-y-z"), Fit::Many);
        assert_eq!(fit("⟨a⟩⟨b⟩", "xyz"), Fit::Many);
        assert_eq!(fit("⟨a⟩-⟨a⟩", "x-x"), only(&[("⟨a⟩", "x")]));
        assert_eq!(fit("⟨a⟩-⟨a⟩", "x-y"), Fit::Not);
        assert_eq!(fit("logs", "logs"), only(&[]));
        assert_eq!(fit("logs", "log"), Fit::Not);
    }

    #[test]
    fn an_arn_is_taken_field_by_field() {
        let code = "arn:aws:cloudtrail:⟨Region of a:b.yaml⟩:⟨account of a:b.yaml⟩:trail/main";
        let live = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/main";
        assert_eq!(fit(code, live), only(&[("⟨Region of a:b.yaml⟩", "eu-west-1"), ("⟨account of a:b.yaml⟩", "111122223333")]));
        assert_eq!(fit(code, "arn:aws:cloudtrail:eu-west-1:111122223333:trail/other"), Fit::Not);
        assert_eq!(fit("arn:aws:sns:⟨r⟩", "arn:aws:sns:x:y:z"), only(&[("⟨r⟩", "x:y:z")]), "not an ARN by its fields");
        assert_eq!(fit(code, "main"), Fit::Not);
    }

    #[test]
    fn an_account_has_twelve_digits_and_nothing_is_two_things() {
        assert_eq!(fit("acme-⟨account of a.yaml⟩", "acme-legacy-logs-111122223333"), Fit::Not);
        assert_eq!(fit("acme-⟨account of a.yaml⟩", "acme-111122223333"), only(&[("⟨account of a.yaml⟩", "111122223333")]));
        assert_eq!(fit("x-⟨Region of a.yaml⟩", "x-y"), Fit::Not);
        assert_eq!(fit("x-⟨Region of a.yaml⟩", "x-us-gov-west-1"), only(&[("⟨Region of a.yaml⟩", "us-gov-west-1")]));
        let mut bindings = Bindings::default();
        for value in ["b", "c", "b"] {
            bindings.bind(vec![("⟨a⟩".into(), value.into())]);
        }
        assert_eq!(bindings.fill("x-⟨a⟩"), "x-⟨a⟩");
    }

    #[test]
    fn a_name_has_something_written_in_it() {
        assert!(names_something("arn:aws:cloudtrail:⟨r⟩:⟨a⟩:trail/main"));
        assert!(names_something("arn:aws:cloudtrail:⟨r⟩:⟨a⟩:trail/main-⟨x⟩"));
        assert!(names_something("logs-⟨x⟩"));
        assert!(!names_something("arn:aws:kms:⟨r⟩:⟨a⟩:key/⟨aws_kms_key.logs in plan.json⟩"));
        assert!(!names_something("⟨x⟩"));
    }

    #[test]
    fn json_is_alike_as_far_as_its_texts_are() {
        let same = |a: Value, b: Value| likeness(&a, &b);
        assert_eq!(same(json!({"a": ["x", "y"]}), json!({"a": ["y", "x"]})), Likeness::Same);
        assert_eq!(same(json!({"a": ["x", "⟨y⟩"]}), json!({"a": ["z", "x"]})), Likeness::Open);
        assert_eq!(same(json!({"a": ["x-⟨y⟩"]}), json!({"a": ["z"]})), Likeness::Other);
        assert_eq!(same(json!({"a": 1}), json!({"a": 2})), Likeness::Other);
        assert_eq!(same(json!({"a": 1}), json!({"b": 1})), Likeness::Other);
        assert_eq!(same(json!([1, 2]), json!([2, 1])), Likeness::Other, "numbers are in order");
    }

    proptest! {
        /// What a fit says is so: the open parts filled in make the text.
        #[test]
        fn what_fits_makes_the_text(code in "(arn:aws:[a-c:]{0,8})?([a-c:/-]{0,3}(⟨[a-c:]{1,2}⟩)?){0,4}", live in "(arn:aws:[a-c:]{0,8})?[a-c:/-]{0,8}") {
            if let Fit::Only(found) = fit(&code, &live) {
                let mut bindings = Bindings::default();
                bindings.bind(found);
                prop_assert_eq!(bindings.fill(&code), live);
            }
        }

        /// A text that was made of the code's fits it.
        #[test]
        fn what_was_made_of_it_fits(code in "([a-c-]{0,3}(⟨[a-c]⟩)?){0,4}", parts in proptest::collection::vec("[a-c-]{1,3}", 3)) {
            let mut bindings = Bindings::default();
            bindings.bind(["⟨a⟩", "⟨b⟩", "⟨c⟩"].iter().zip(parts).map(|(o, t)| (o.to_string(), t)).collect());
            let live = bindings.fill(&code);
            // A part that stands twice must be one text, which the shortest way need not find.
            let opens: Vec<&str> = placeholders(&code).collect();
            let are_apart = opens.iter().collect::<std::collections::BTreeSet<_>>().len() == opens.len();
            prop_assert!(!are_apart || fit(&code, &live) != Fit::Not, "{} {}", code, live);
        }
    }
}
