//! What a comparison of code with an account says, in the words that the terminal and the page share.

use super::wording::{self, count, counted};
use crate::drift::{Drift, Pair, Placed, Setting, Standing, Thing};
use crate::inventory::Gap;

/// `3 settings differ in 2 things; no code describes 1 thing; 12 settings are the same`.
pub fn result(drift: &Drift) -> String {
    let differing: Vec<&Pair> = drift.pairs.iter().filter(|pair| !pair.differs.is_empty()).collect();
    let settings: usize = differing.iter().map(|pair| pair.differs.len()).sum();
    let open: usize = drift.pairs.iter().map(|pair| pair.open.len()).sum::<usize>() + drift.undecided.len();
    let mut said = Vec::new();
    if !drift.weaker_in_code.is_empty() {
        said.push(format!("the code is weaker in {}", counted(drift.weaker_in_code.len(), "policy")));
    }
    if settings > 0 {
        let verb = if settings == 1 { "differs" } else { "differ" };
        said.push(format!("{} {verb} in {}", counted(settings, "setting"), counted(differing.len(), "thing")));
    }
    if !drift.undescribed.is_empty() {
        said.push(format!("no code describes {} of the account", counted(drift.undescribed.len(), "thing")));
    }
    if !drift.missing.is_empty() {
        said.push(format!("the account lacks {} of the code", counted(drift.missing.len(), "thing")));
    }
    if said.is_empty() {
        let none = if drift.standing() == Standing::Open { "nothing that was compared differs" } else { "no drift" };
        said.push(none.into());
    }
    if open > 0 {
        said.push(format!("{} could not be compared", count(open)));
    }
    let same = same(drift);
    said.push(format!("{} {} the same", counted(same, "setting"), if same == 1 { "is" } else { "are" }));
    said.join("; ")
}

/// Settings that are the same on both sides.
pub fn same(drift: &Drift) -> usize {
    drift.pairs.iter().map(|pair| pair.same).sum()
}

/// `trail acme-audit`; a noun of two words has a space.
pub fn called(thing: &Thing) -> String {
    format!("{} {}", thing.noun.replace('_', " "), thing.name)
}

/// Where code describes it.
pub fn place(thing: &Thing) -> Option<String> {
    thing.place.as_deref().map(wording::place)
}

/// What tells it from others of its name: its ARN, or what it is a part of.
pub fn apart(thing: &Thing) -> Option<&str> {
    thing.part_of.as_deref().or_else(|| (thing.id != thing.name).then_some(thing.id.as_str()))
}

/// By what it was known again, where that is not its name.
pub fn known_by(pair: &Pair) -> Option<&'static str> {
    (pair.by == Placed::Reference).then_some("known by what uses it")
}

/// The value that the code has.
pub fn of_code(setting: &Setting) -> String {
    match (&setting.code, setting.assumed) {
        (None, _) => "not there".into(),
        (Some(value), true) => format!("{value} (not said; the default)"),
        (Some(value), false) => value.clone(),
    }
}

/// The value that the account has.
pub fn of_account(setting: &Setting) -> String {
    setting.live.clone().unwrap_or_else(|| "not there".into())
}

/// A reason, and what would let it be known.
pub fn why(gap: &Gap) -> String {
    match &gap.remedy {
        Some(remedy) => format!("{}; {remedy}", gap.message),
        None => gap.message.clone(),
    }
}

/// What could not be compared, each with the reason.
pub fn open(drift: &Drift) -> impl Iterator<Item = (String, Option<String>, String)> {
    let things = drift.undecided.iter().map(|undecided| {
        let side = match (undecided.thing.noun.as_str(), undecided.in_code) {
            ("account", _) => "",
            (_, true) => ", in the code",
            (_, false) => ", in the account",
        };
        (format!("{}{side}", called(&undecided.thing)), place(&undecided.thing), why(&undecided.why))
    });
    let settings = drift.pairs.iter().flat_map(|pair| {
        pair.open
            .iter()
            .map(move |open| (format!("{} of {}", open.path, called(&pair.thing)), place(&pair.thing), why(&open.why)))
    });
    things.chain(settings)
}
