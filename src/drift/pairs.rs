//! Which things are on which side, and what is known of those that are on one alone.

use std::collections::BTreeSet;

use super::holes::{Fit, fit};
use super::locate::{Located, NOUNS, Placed, REFERENCES, is_gone, reference};
use super::{Pair, Thing, Undecided, settings};
use crate::finding::CodePlace;
use crate::inventory::code::is_placeholder;
use crate::inventory::noun::View;
use crate::inventory::{AccountScope, Declared, Gap, GapKind, Inventory, Record, Remedy, Standing};

/// Every thing, on the side or the sides that have it.
#[derive(Default)]
pub(super) struct Joined {
    pub(super) pairs: Vec<Pair>,
    pub(super) undescribed: Vec<Thing>,
    pub(super) missing: Vec<Thing>,
    pub(super) undecided: Vec<Undecided>,
}

pub(super) fn joined(located: &Located, live: &Inventory) -> Joined {
    let code = &located.inventory;
    let mut joined = Joined::default();
    let unread: Vec<Gap> = unread_code(code).cloned().collect();
    for noun in NOUNS {
        let mut described: BTreeSet<&str> = BTreeSet::new();
        let mut open: Vec<&str> = Vec::new();
        for record in code.population(noun) {
            let id = record.id();
            match live.find(noun, id).filter(|other| !is_gone(*other)) {
                Some(other) => {
                    described.insert(id);
                    let by = if located.is_by_reference(record) { Placed::Reference } else { Placed::Name };
                    joined.pair(record, other, code, by);
                }
                None if is_placeholder(id) || is_alias(noun, id) => {
                    open.push(id);
                    joined.open(record, code, live);
                }
                None => joined.absent(record, code, live),
            }
        }
        let unused = || code.code.iter().flat_map(|code| &code.unused).filter(|declared| declared.noun == noun);
        for record in live.population(noun).into_iter().filter(|record| !described.contains(record.id())) {
            let why = match is_its_own(record, live) {
                Some(false) => continue,
                None => Some(Gap::new(
                    GapKind::OtherAccount,
                    "which account owns it was not read, so that nobody knows whose code describes it",
                )),
                Some(true) => open
                    .iter()
                    .find(|id| is_alias(noun, id) || fit(id, record.id()) != Fit::Not)
                    .map(|id| may_be(id))
                    .or_else(|| unused().find(|d| d.id == record.id() || fit(&d.id, record.id()) != Fit::Not).map(not_led_to))
                    .or_else(|| unread.first().cloned()),
            };
            let thing = thing(record, None);
            match why {
                Some(why) => joined.undecided.push(Undecided { thing, in_code: false, why }),
                None => joined.undescribed.push(thing),
            }
        }
        // What of the code no trail leads to was not looked at.
        let unmatched = |d: &&Declared| live.find(noun, &d.id).is_none_or(is_gone);
        for declared in unused().filter(unmatched) {
            let name = declared.id.rsplit(['/', ':']).next().unwrap_or(&declared.id).trim_matches(['⟨', '⟩']).to_string();
            let thing = Thing {
                noun: noun.into(),
                id: declared.id.clone(),
                name,
                part_of: None,
                place: Some(Box::new(place_of(declared))),
            };
            joined.undecided.push(Undecided { thing, in_code: true, why: not_led_to(declared) });
        }
    }
    for account in &code.accounts {
        match live.account(&account.id) {
            Some(other) => joined.pair(account, other, code, Placed::Name),
            None => joined.undecided.push(Undecided {
                thing: thing(account, Some(code)),
                in_code: true,
                why: match is_placeholder(&account.id) {
                    true => may_be(&account.id),
                    false => {
                        Gap::new(GapKind::OtherAccount, format!("account {}, which the code is for, was not read", account.id))
                            .with_remedy(Remedy::ScanAccount { account: Some(account.id.clone()) })
                    }
                },
            }),
        }
    }
    joined.unread(&unread, live);
    joined
}

impl Joined {
    /// What was not read on one side may be on the other, or not.
    fn unread(&mut self, code: &[Gap], live: &Inventory) {
        let thing = |noun: &str, id: &str, name: &str| Thing {
            noun: noun.into(),
            id: id.into(),
            name: name.into(),
            part_of: None,
            place: None,
        };
        // A part that stands in no code that was read may stand in the rest.
        if let Some(why) = code.first() {
            let parts = self.undescribed.extract_if(.., |thing| thing.part_of.is_some());
            self.undecided.extend(parts.map(|thing| Undecided { thing, in_code: false, why: why.clone() }));
        }
        let mut say = |thing: Thing, in_code: bool, gaps: &mut dyn Iterator<Item = &Gap>| {
            self.undecided.extend(gaps.map(|why| Undecided { thing: thing.clone(), in_code, why: why.clone() }));
        };
        say(thing("part", "", "that was not read"), true, &mut code.iter());
        for account in &live.accounts {
            let unseen = |noun: &str| thing(noun, &account.id, "that was not seen");
            say(unseen("trail"), false, &mut account.trails.gaps.iter());
            say(unseen("event_data_store"), false, &mut account.event_data_stores.gaps.iter());
            let rules = account.event_buses.items.iter().flat_map(|bus| &bus.rules.gaps);
            say(unseen("event_rule"), false, &mut account.event_buses.gaps.iter().chain(rules));
        }
        for group in &live.log_groups {
            say(thing("alarm", &group.owner_account, "that was not seen"), false, &mut group.alarms.gaps.iter());
        }
        let is_unreached = |scope: &&AccountScope| scope.standing == Standing::Asked && live.account(&scope.id).is_none();
        for unreached in live.scope.accounts.iter().filter(is_unreached) {
            let none = Gap::new(GapKind::AbsentInput, "nothing of it was read");
            let gaps = if unreached.gaps.is_empty() { std::slice::from_ref(&none) } else { &unreached.gaps };
            say(thing("account", &unreached.id, &unreached.id), false, &mut gaps.iter());
        }
        let stopped = Gap::new(GapKind::Interrupted, "reading was stopped before everything was asked");
        let stopped = live.scope.interrupted.then_some(&stopped);
        say(thing("account", "", "that was not listed"), false, &mut live.scope.gaps.iter().chain(stopped));
        // Whole things first, and parts of things behind them.
        self.undescribed.sort_by_key(|thing| thing.part_of.is_some());
    }

    fn pair(&mut self, code: &dyn Record, live: &dyn Record, inventory: &Inventory, by: Placed) {
        let thing = thing(code, Some(inventory));
        if let Some(why) = only_if(code, inventory) {
            self.undecided.push(Undecided { thing: thing.clone(), in_code: true, why });
        }
        let compared = settings::compare(code, live);
        // What stands inside a thing, and no code describes, is told with what no code describes.
        self.undescribed.extend(compared.undescribed.into_iter().map(|(noun, name)| Thing {
            noun: noun.into(),
            id: name.clone(),
            name,
            part_of: Some(thing.id.clone()),
            place: None,
        }));
        self.pairs.push(Pair {
            thing,
            by,
            same: compared.same,
            run_time: compared.run_time,
            left_to_others: compared.left_to_others,
            differs: compared.differs,
            open: compared.open,
        });
    }

    /// A thing of which the code leaves the id open, and which could not be found by what uses it.
    fn open(&mut self, record: &dyn Record, code: &Inventory, live: &Inventory) {
        let id = record.id();
        let candidates = live.population(record.noun_name()).into_iter().filter(|other| fit(id, other.id()) != Fit::Not).count();
        let noun = record.noun_name().replace('_', " ");
        let message = match candidates {
            0 => format!("nothing that was read in the account uses a {noun} that may be it"),
            1 => format!("the code leaves open what it is called; the account has one {noun} that may be it"),
            many => format!("the code leaves open which of {many} of the account it is"),
        };
        let why = left_open(message);
        self.undecided.push(Undecided { thing: thing(record, Some(code)), in_code: true, why });
    }

    /// A thing that code names and that was not read in the account: only where everything of its kind is listed is it not there.
    fn absent(&mut self, record: &dyn Record, code: &Inventory, live: &Inventory) {
        let thing = thing(record, Some(code));
        if let Some(why) = only_if(record, code) {
            return self.undecided.push(Undecided { thing, in_code: true, why });
        }
        let owner = text(record, "owner_account").unwrap_or_default();
        let account = live.account(&owner);
        let gaps = match (record.noun_name(), account) {
            (_, None) if !owner.is_empty() => {
                let message = format!("account {owner}, in which the code puts it, was not read");
                vec![Gap::new(GapKind::OtherAccount, message).with_remedy(Remedy::ScanAccount { account: Some(owner) })]
            }
            ("trail", Some(account)) => account.trails.gaps.clone(),
            ("event_data_store", Some(account)) => account.event_data_stores.gaps.clone(),
            _ if is_used(record, code, live) => Vec::new(),
            _ => {
                let message = "only what a trail leads to is read in an account, and none leads to it there";
                vec![Gap::new(GapKind::NotFound, message).with_remedy(Remedy::Do("look whether it is there; it may be".into()))]
            }
        };
        match gaps.into_iter().next() {
            None => self.missing.push(thing),
            Some(why) => self.undecided.push(Undecided { thing, in_code: true, why }),
        }
    }
}

/// Whether something of the code that the account has, too, uses it: then the account's uses another, or none, and that is told there.
fn is_used(record: &dyn Record, code: &Inventory, live: &Inventory) -> bool {
    REFERENCES.iter().any(|(noun, field)| {
        let users = code.population(noun).into_iter().filter(|user| live.find(noun, user.id()).is_some());
        // Where the account's own was not read, it may be this one.
        let is_read = |user: &&dyn Record| {
            live.find(noun, user.id()).and_then(|other| other.read(field)).is_some_and(|view| matches!(view, View::Known { .. }))
        };
        let mut users = users.filter(is_read).filter_map(|user| reference(user, field));
        users.any(|(used, id)| used == record.noun_name() && id == record.id())
    })
}

/// Whether the account that owns it was read, so that it is for its code to describe; `None` where its owner is not known. What AWS
/// makes by itself is for none, and neither is what is not there.
fn is_its_own(record: &dyn Record, live: &Inventory) -> Option<bool> {
    if is_gone(record) || text(record, "key_manager").is_some_and(|manager| manager == "AWS") {
        return Some(false);
    }
    text(record, "owner_account").map(|owner| live.account(&owner).is_some())
}

/// Whether the code names a key by an alias: which key that is, only the account tells.
fn is_alias(noun: &str, id: &str) -> bool {
    noun == "key" && id.contains("alias/")
}

/// Why the code need not make it at all.
fn only_if(record: &dyn Record, code: &Inventory) -> Option<Gap> {
    declared(record, code).and_then(|declared| declared.only_if.clone())
}

fn declared<'a>(record: &dyn Record, code: &'a Inventory) -> Option<&'a Declared> {
    code.code.as_ref()?.declared(record.noun_name(), record.id())
}

fn not_led_to(declared: &Declared) -> Gap {
    let message = format!("{} of the code was not looked at, because no trail of the code leads to it", declared.address);
    Gap::new(GapKind::NotInCode, message).with_remedy(Remedy::Do("give the code of the trail that uses it too".into()))
}

fn place_of(declared: &Declared) -> CodePlace {
    CodePlace {
        file: declared.file.clone(),
        address: declared.address.clone(),
        source: declared.place.clone(),
        related: declared.related.clone(),
    }
}

/// Why code may describe more than was read.
fn unread_code(code: &Inventory) -> impl Iterator<Item = &Gap> {
    let listed = code.accounts.iter().flat_map(|account| &account.trails.gaps).filter(|gap| gap.kind == GapKind::AbsentInput);
    code.scope.gaps.iter().chain(listed)
}

fn may_be(id: &str) -> Gap {
    left_open(format!("it may be {id}, which the code leaves open"))
}

fn left_open(message: String) -> Gap {
    Gap::new(GapKind::KnownAfterApply, message).with_remedy(Remedy::Do(
        "name the account and the Region in the code, or give the plan that Terraform makes of it".into(),
    ))
}

/// A text of a record, be it a fact or not.
fn text(record: &dyn Record, field: &str) -> Option<String> {
    match record.read(field)? {
        View::Text(text) => Some(text.to_string()),
        View::Known { value, .. } => match *value {
            View::Text(text) => Some(text.to_string()),
            _ => None,
        },
        _ => None,
    }
}

/// A thing as people know it.
pub(super) fn thing(record: &dyn Record, code: Option<&Inventory>) -> Thing {
    let id = record.id();
    let name = text(record, "name").unwrap_or_else(|| id.rsplit(['/', ':']).next().unwrap_or(id).to_string());
    let place = code.and_then(|code| declared(record, code)).map(|declared| Box::new(place_of(declared)));
    Thing { noun: record.noun_name().into(), id: id.into(), name, part_of: None, place }
}
