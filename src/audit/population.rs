//! What there is to ask about: the subjects of each kind, and what each account has of them.

use std::collections::BTreeMap;

use crate::finding::{CodePlace, Subject};
use crate::inventory::code::is_placeholder;
use crate::inventory::{Account, Change, Declared, Fact, Gap, GapKind, Gaps, Inventory, Origin, Record, Trail};
use crate::policy::SubjectKind;

/// The subjects of a kind.
pub(super) struct Population<'a> {
    pub(super) records: Vec<(&'a dyn Record, Subject)>,
    /// What each account has of them.
    pub(super) holdings: Vec<Holding>,
}

impl<'a> Population<'a> {
    pub(super) fn of(inventory: &'a Inventory, kind: SubjectKind) -> Self {
        let records = inventory.population(kind.noun());
        let records: Vec<_> = records.into_iter().map(|record| (record, subject_of(inventory, record))).collect();
        let holdings = holdings(inventory, kind, &records);
        Population { records, holdings }
    }
}

/// What an account has of a kind of subject: how many it owns or its trails lead to, and why there may be more.
#[derive(Default)]
pub(super) struct Holding {
    pub(super) found: usize,
    pub(super) gaps: Gaps,
}

/// The holdings of every account that was read, in the inventory's order.
fn holdings(inventory: &Inventory, kind: SubjectKind, records: &[(&dyn Record, Subject)]) -> Vec<Holding> {
    let mut owned: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, subject) in records {
        *owned.entry(&subject.account).or_default() += 1;
    }
    let of = |owner: &str| owned.get(owner).copied().unwrap_or(0);
    let held = |account: &Account| of(&account.id) + of(UNKNOWN);
    let holding = |account: &Account| {
        let holding = holding(inventory, account, kind);
        // What nobody is known to own may be the account's.
        Holding { found: holding.found.max(held(account)), ..holding }
    };
    inventory.accounts.iter().map(holding).collect()
}

fn holding(inventory: &Inventory, account: &Account, kind: SubjectKind) -> Holding {
    let mut holding = Holding::default();
    match kind {
        SubjectKind::Account => holding.found = 1,
        SubjectKind::Change => holding.found = inventory.changes.iter().filter(|c| c.account == account.id).count(),
        SubjectKind::EventDataStore => {
            holding.found = account.event_data_stores.items.len();
            let unseen = |gap: &&Gap| inventory.code.is_none() || gap.kind != GapKind::NotInCode;
            holding.gaps.extend(account.event_data_stores.gaps.iter().filter(unseen).cloned());
        }
        SubjectKind::Organization => holding.see(inventory, kind, &account.organization.clone().map(|o| o.map(|o| o.0))),
        _ => {
            // Code speaks of what it declares, also where it need not be all that the account holds.
            let unseen = |gap: &&Gap| inventory.code.is_none() || gap.kind != GapKind::NotInCode;
            holding.gaps.extend(account.trails.gaps.iter().filter(unseen).cloned());
            for reference in &account.trails.items {
                match inventory.trail(&reference.0) {
                    None => holding.miss(format!("trail {} was not read", reference.0)),
                    Some(trail) => holding.see_through(inventory, kind, trail),
                }
            }
        }
    }
    holding
}

impl Holding {
    fn see_through(&mut self, inventory: &Inventory, kind: SubjectKind, trail: &Trail) {
        match kind {
            SubjectKind::Trail => self.found += 1,
            SubjectKind::Bucket => self.see(inventory, kind, &trail.bucket.clone().map(|b| Some(b.0))),
            SubjectKind::Key => self.see(inventory, kind, &trail.kms_key.clone().map(|k| k.map(|k| k.0))),
            SubjectKind::LogGroup => self.see(inventory, kind, &trail.log_group.clone().map(|g| g.map(|g| g.0))),
            SubjectKind::Topic => self.see(inventory, kind, &trail.sns_topic.clone().map(|t| t.map(|t| t.0))),
            SubjectKind::Alarm => {
                for group in trail.log_group.possible().flatten().filter_map(|g| inventory.log_group(&g.0)) {
                    self.found += group.alarms.items.len();
                    self.gaps.extend(group.alarms.gaps.iter().cloned());
                }
                self.gaps.extend(trail.log_group.gap().cloned());
            }
            SubjectKind::Account | SubjectKind::Organization | SubjectKind::Change | SubjectKind::EventDataStore => {}
        }
    }

    fn see(&mut self, inventory: &Inventory, kind: SubjectKind, id: &Fact<Option<String>>) {
        match id {
            Fact::Unknown(gap) => {
                self.gaps.insert(gap.clone());
            }
            Fact::Known { value: Some(id), .. } if inventory.find(kind.noun(), id).is_none() => {
                self.miss(format!("{} {id} was not read", kind.noun().replace('_', " ")));
            }
            Fact::Known { value: None, .. } => {}
            Fact::Known { .. } | Fact::OneOf { .. } => self.found += 1,
        }
    }

    fn miss(&mut self, what: String) {
        self.gaps.insert(Gap::new(GapKind::OtherAccount, what));
    }
}

pub(super) fn account_subject(account: &Account) -> Subject {
    let name = match account.alias.known() {
        Some(Some(alias)) => alias.clone(),
        _ => account.id.clone(),
    };
    Subject { kind: "account".into(), id: account.id.clone(), name, account: account.id.clone(), region: None, place: None }
}

/// The account of a subject whose owner is not known.
const UNKNOWN: &str = "unknown";

fn subject_of(inventory: &Inventory, record: &dyn Record) -> Subject {
    let id = record.id();
    let unknown = || UNKNOWN.to_string();
    let fact = |f: &Fact<String>| f.known().cloned();
    let plain = || Subject {
        kind: record.noun_name().into(),
        id: id.into(),
        name: id.into(),
        account: unknown(),
        region: None,
        place: None,
    };
    let subject = match record.noun_name() {
        "account" => inventory.account(id).map(account_subject),
        "trail" => inventory.trail(id).map(|t| Subject {
            name: t.name.clone(),
            account: t.owner_account.clone(),
            region: Some(t.home_region.clone()),
            ..plain()
        }),
        "bucket" => inventory.bucket(id).map(|b| Subject {
            id: format!("arn:{}:s3:::{}", b.partition, b.name),
            account: fact(&b.owner_account).unwrap_or_else(unknown),
            region: fact(&b.region),
            ..plain()
        }),
        "key" => inventory.key(id).map(|k| Subject {
            name: k.arn.rsplit('/').next().unwrap_or(&k.arn).into(),
            account: fact(&k.owner_account).unwrap_or_else(unknown),
            region: fact(&k.region),
            ..plain()
        }),
        "log_group" => inventory.log_group(id).map(|g| Subject {
            name: g.name.clone(),
            account: g.owner_account.clone(),
            region: Some(g.region.clone()),
            ..plain()
        }),
        "alarm" => inventory.alarm(id).map(|a| Subject {
            name: a.name.clone(),
            account: a.owner_account.clone(),
            region: Some(a.region.clone()),
            ..plain()
        }),
        "event_data_store" => inventory.event_data_store(id).map(|s| Subject {
            name: s.name.clone(),
            account: s.owner_account.clone(),
            region: Some(s.region.clone()),
            ..plain()
        }),
        "topic" => inventory.topic(id).map(|t| Subject {
            name: t.name.clone(),
            account: t.owner_account.clone(),
            region: Some(t.region.clone()),
            ..plain()
        }),
        "organization" => inventory.organization(id).map(|o| Subject { account: o.management_account.clone(), ..plain() }),
        "change" => inventory.change(id).map(|c| Subject { account: c.account.clone(), place: place_of(c), ..plain() }),
        _ => None,
    }
    .unwrap_or_else(plain);
    match inventory.code.as_ref().and_then(|code| code.declared(record.noun_name(), id)) {
        Some(declared) => in_code(subject, declared),
        None => subject,
    }
}

/// Where a change stands in code.
fn place_of(change: &Change) -> Option<Box<CodePlace>> {
    let Fact::Known { from: Origin::Address { file, .. }, .. } = &change.deletes else { return None };
    let (file, address) = (file.clone(), change.address.clone());
    Some(Box::new(CodePlace { file, address, source: None, related: Vec::new() }))
}

/// A thing that code declares is known by its address, which stays when names come and go.
fn in_code(subject: Subject, declared: &Declared) -> Subject {
    let open = |text: &String| is_placeholder(text);
    Subject {
        id: declared.address.clone(),
        name: if open(&subject.name) { declared.address.clone() } else { subject.name },
        region: subject.region.filter(|region| !open(region)),
        place: Some(Box::new(CodePlace {
            file: declared.file.clone(),
            address: declared.address.clone(),
            source: declared.place.clone(),
            related: declared.related.clone(),
        })),
        ..subject
    }
}
