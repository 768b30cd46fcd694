//! Who names a thing: found by the id that is named, and not by asking each who may. It knows nothing of what they are.

use std::collections::BTreeMap;

use crate::inventory::Fact;

/// Things by their numbers, by the ids that they name for certain or possibly.
#[derive(Default)]
pub(super) struct Named {
    by_id: BTreeMap<String, Vec<usize>>,
    /// Those of which nobody knows what they name.
    open: Vec<usize>,
}

impl Named {
    /// The things, each with what it names.
    pub(super) fn of<'f, T: 'f>(
        facts: impl Iterator<Item = (usize, &'f Fact<T>)>,
        id: impl Fn(&'f T) -> Option<&'f str>,
    ) -> Self {
        let mut named = Named::default();
        for (number, fact) in facts {
            match fact {
                Fact::Unknown(_) => named.open.push(number),
                Fact::Known { value, .. } => named.add(number, id(value)),
                Fact::OneOf { candidates, .. } => candidates.iter().for_each(|candidate| named.add(number, id(candidate))),
            }
        }
        named
    }

    fn add(&mut self, number: usize, id: Option<&str>) {
        let Some(id) = id else { return };
        match self.by_id.get_mut(id) {
            Some(numbers) => numbers.push(number),
            None => {
                self.by_id.insert(id.to_string(), vec![number]);
            }
        }
    }

    /// The numbers of those that name the id, or may, in their order, each once.
    pub(super) fn naming(&self, id: &str) -> Vec<usize> {
        let mut numbers = self.by_id.get(id).cloned().unwrap_or_default();
        numbers.extend(&self.open);
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::{Basis, Gap, GapKind, Origin};

    #[test]
    fn who_may_name_it_is_found_in_order() {
        let known = |id: &str| Fact::Known { value: id.to_string(), from: Origin::Derived, basis: Basis::Observed };
        let one_of =
            |ids: &[&str]| Fact::OneOf { candidates: ids.iter().map(|id| id.to_string()).collect(), from: Origin::Derived };
        let facts =
            [known("a"), Fact::Unknown(Gap::new(GapKind::RunTime, "x")), one_of(&["b", "a", "a"]), known("b"), known("a")];
        let named = Named::of(facts.iter().enumerate(), |id: &String| Some(id.as_str()));
        assert_eq!(named.naming("a"), [0, 1, 2, 4]);
        assert_eq!(named.naming("b"), [1, 2, 3]);
        assert_eq!(named.naming("c"), [1]);
    }
}
