//! Families of events as boxes, and what is left of one when selections are taken away.
//!
//! A box has one set of values a field; a selection has one condition a field. Taking a selection from a box leaves a few
//! boxes, so whether selections cover a family together is decided exactly. Nothing here knows whose selections they are.

use std::collections::BTreeMap;

use super::PartialEvent;
use super::event::{FIELDS, domain, may_be_absent};
use super::strings::{Literal, Strings};

/// More boxes than this are not followed: the question is then left open.
const MOST_BOXES: usize = 10_000;
/// Nor are more pairs of a box and a selection.
const MOST_PAIRS: usize = 200_000;

/// What one field of a family can be; not empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Values {
    /// The values, where the field is there.
    pub(super) present: Option<Strings>,
    /// Whether the family has events without the field.
    pub(super) absent: bool,
}

impl Values {
    /// Everything that the field can be.
    pub(super) fn any(field: &str) -> Self {
        let present = match domain(field) {
            Some(values) => Strings::one_of(values.iter().copied()),
            None => Some(Strings::any()),
        };
        Values { present, absent: may_be_absent(field) }
    }

    fn only(present: Option<Strings>) -> Option<Self> {
        present.map(|present| Values { present: Some(present), absent: false })
    }

    /// Whether one of the values satisfies all of the conditions.
    fn satisfy_together(&self, conditions: &[&Condition], effort: &mut Effort) -> Result<bool, TooMany> {
        if self.absent && conditions.iter().all(|c| c.absent) {
            return Ok(true);
        }
        match &self.present {
            None => Ok(false),
            Some(Strings::OneOf(few)) => {
                effort.spend(few.len() * conditions.iter().map(|c| c.weight()).sum::<usize>())?;
                Ok(few.iter().any(|v| conditions.iter().all(|c| c.holds(v))))
            }
            Some(set) => {
                let choices: Vec<&[Literal]> =
                    conditions.iter().filter(|c| !c.alternatives.is_empty()).map(|c| c.alternatives.as_slice()).collect();
                let excluded: Vec<&Literal> = conditions.iter().flat_map(|c| &c.excluded).collect();
                any_chosen(set, &choices, &excluded, effort)
            }
        }
    }

    fn is_within(&self, other: &Values) -> bool {
        (other.absent || !self.absent)
            && self.present.as_ref().is_none_or(|mine| other.present.as_ref().is_some_and(|theirs| mine.is_within(theirs)))
    }
}

/// How much is still looked at before a question is left open.
#[derive(Debug)]
pub(super) struct Effort(usize);

impl Effort {
    pub(super) fn new() -> Self {
        Effort(MOST_PAIRS)
    }

    fn spend(&mut self, amount: usize) -> Result<(), TooMany> {
        self.0 = self.0.checked_sub(amount).ok_or(TooMany)?;
        Ok(())
    }
}

/// A condition on one field: one of the alternatives holds (or there are none), and nothing excluded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Condition {
    pub(super) alternatives: Vec<Literal>,
    pub(super) excluded: Vec<Literal>,
    /// Whether events without the field satisfy it.
    pub(super) absent: bool,
}

impl Condition {
    fn weight(&self) -> usize {
        self.alternatives.len().max(1) + self.excluded.len()
    }

    fn holds(&self, text: &str) -> bool {
        (self.alternatives.is_empty() || self.alternatives.iter().any(|l| l.holds(text)))
            && !self.excluded.iter().any(|l| l.holds(text))
    }

    /// The part of the values that satisfies the condition, in disjoint pieces.
    fn inside<'a>(&'a self, values: &'a Values) -> impl Iterator<Item = Values> + 'a {
        let absent = (values.absent && self.absent).then_some(Values { present: None, absent: true });
        let few = match &values.present {
            Some(Strings::OneOf(few)) => Some(Strings::one_of(few.iter().filter(|v| self.holds(v)).cloned())),
            _ => None,
        };
        let many = values.present.as_ref().filter(|_| few.is_none());
        let none = if self.alternatives.is_empty() { many } else { None };
        let plain = none.and_then(|set| self.excluded.iter().try_fold(set.clone(), |s, l| s.and_not(l)));
        let chosen = many.into_iter().flat_map(move |set| {
            self.alternatives.iter().enumerate().filter_map(move |(i, literal)| {
                let set = set.and(literal)?;
                let others = self.alternatives[..i].iter().chain(&self.excluded);
                others.into_iter().try_fold(set, |s, l| s.and_not(l))
            })
        });
        let present = few.flatten().into_iter().chain(plain).chain(chosen).filter_map(|set| Values::only(Some(set)));
        present.chain(absent)
    }

    /// The part of the values that does not satisfy the condition.
    fn outside(&self, values: &Values) -> Vec<Values> {
        let mut pieces = Vec::new();
        match &values.present {
            Some(Strings::OneOf(few)) => {
                pieces.extend(Values::only(Strings::one_of(few.iter().filter(|v| !self.holds(v)).cloned())));
            }
            Some(set) => {
                if !self.alternatives.is_empty() {
                    let unchosen = self.alternatives.iter().try_fold(set.clone(), |s, l| s.and_not(l));
                    pieces.extend(Values::only(unchosen));
                }
                for (i, literal) in self.excluded.iter().enumerate() {
                    let excluded = set.and(literal).and_then(|s| self.excluded[..i].iter().try_fold(s, |s, l| s.and_not(l)));
                    pieces.extend(Values::only(excluded));
                }
            }
            None => {}
        }
        if values.absent && !self.absent {
            pieces.push(Values { present: None, absent: true });
        }
        pieces
    }
}

/// Whether a member satisfies one literal of each choice, and none that is excluded.
fn any_chosen(set: &Strings, choices: &[&[Literal]], excluded: &[&Literal], effort: &mut Effort) -> Result<bool, TooMany> {
    let Some((choice, rest)) = choices.split_first() else {
        // Each exclusion copies those before it.
        effort.spend(1 + excluded.len() * excluded.len() / 64)?;
        return Ok(excluded.iter().try_fold(set.clone(), |s, l| s.and_not(l)).is_some());
    };
    for literal in *choice {
        effort.spend(1)?;
        if let Some(chosen) = set.and(literal)
            && any_chosen(&chosen, rest, excluded, effort)?
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Events for which every condition holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Selection {
    /// Lightest first, so that long lists of alternatives are spelled out last, or not at all.
    conditions: Vec<(&'static str, Condition)>,
}

impl Selection {
    pub(super) fn new(mut conditions: Vec<(&'static str, Condition)>) -> Self {
        conditions.sort_by_key(|(_, c)| c.weight());
        Selection { conditions }
    }

    pub(super) fn conditions(&self) -> &[(&'static str, Condition)] {
        &self.conditions
    }
}

/// A family of events; not empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Family {
    /// The fields that are not open, in the order of their names.
    fields: BTreeMap<&'static str, Values>,
}

/// There were too many cases to follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooMany;

impl Family {
    /// `None` where the event has a field or a value that no event has.
    pub(super) fn of(event: &PartialEvent) -> Option<Self> {
        let mut family = Family::default();
        for (field, value) in &event.fields {
            let field = FIELDS.into_iter().find(|f| f == field)?;
            if domain(field).is_some_and(|values| !values.contains(&value.as_str())) {
                return None;
            }
            let values = Values { present: Strings::one_of([value.as_str()]), absent: false };
            family.fields.insert(field, values);
        }
        Some(family)
    }

    /// What the field can be; `None` where it is open.
    pub(super) fn field(&self, field: &str) -> Option<&Values> {
        self.fields.get(field)
    }

    fn with(&self, field: &'static str, values: Values) -> Self {
        let mut family = self.clone();
        family.fields.insert(field, values);
        family
    }

    /// The events of the family for whose field the condition holds, or does not; `None` where there are none. Events
    /// without the field are left out.
    pub(super) fn narrowed(&self, field: &'static str, literal: &Literal, wanted: bool) -> Option<Self> {
        let present = self.values(field).present?;
        let present = if wanted { present.and(literal) } else { present.and_not(literal) };
        Values::only(present).map(|values| self.with(field, values))
    }

    /// Whether some event of the family is selected by all of the selections.
    ///
    /// Fields do not depend on each other, so each is asked by itself.
    pub(super) fn meets_together(&self, selections: &[&Selection], effort: &mut Effort) -> Result<bool, TooMany> {
        let mut by_field: BTreeMap<&'static str, Vec<&Condition>> = BTreeMap::new();
        for (field, condition) in selections.iter().flat_map(|s| &s.conditions) {
            by_field.entry(field).or_default().push(condition);
        }
        for (field, conditions) in by_field {
            if !self.values(field).satisfy_together(&conditions, effort)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn values(&self, field: &'static str) -> Values {
        self.fields.get(field).cloned().unwrap_or_else(|| Values::any(field))
    }

    /// Whether some event of the family is selected.
    pub(super) fn meets(&self, selection: &Selection) -> bool {
        self.meets_all(&selection.conditions)
    }

    fn meets_all(&self, conditions: &[(&'static str, Condition)]) -> bool {
        let Some(((field, condition), rest)) = conditions.split_first() else { return true };
        let values = self.values(field);
        condition.inside(&values).any(|piece| self.with(field, piece).meets_all(rest))
    }

    fn is_within(&self, other: &Family) -> bool {
        other.fields.iter().all(|(field, theirs)| self.values(field).is_within(theirs))
    }

    fn split(&self, conditions: &[(&'static str, Condition)], left: &mut Vec<Family>) -> Result<(), TooMany> {
        let Some(((field, condition), rest)) = conditions.split_first() else { return Ok(()) };
        let values = self.values(field);
        let outside = condition.outside(&values);
        if outside.is_empty() {
            return self.split(rest, left);
        }
        left.extend(outside.into_iter().map(|piece| self.with(field, piece)));
        if left.len() > MOST_BOXES {
            return Err(TooMany);
        }
        if !rest.is_empty() {
            for piece in condition.inside(&values) {
                self.with(field, piece).split(rest, left)?;
            }
        }
        Ok(())
    }
}

/// What is left of the families when every selected event is taken away; nothing where the selections cover them.
pub(super) fn uncovered(families: Vec<Family>, selections: &[&Selection]) -> Result<Vec<Family>, TooMany> {
    let mut pairs = 0;
    selections.iter().try_fold(families, |families, selection| {
        pairs += families.len();
        if pairs > MOST_PAIRS {
            return Err(TooMany);
        }
        let mut left = Vec::new();
        for family in families {
            if family.meets(selection) {
                family.split(&selection.conditions, &mut left)?;
            } else {
                left.push(family);
            }
        }
        Ok(left)
    })
}

/// The families without those that lie within another of them.
pub(super) fn widest(families: &[Family]) -> Vec<&Family> {
    let mut kept: Vec<&Family> = Vec::new();
    for family in families {
        if !kept.iter().any(|k| family.is_within(k)) {
            kept.retain(|k| !k.is_within(family));
            kept.push(family);
        }
    }
    kept
}
