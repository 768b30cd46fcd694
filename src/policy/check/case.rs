//! Cases: why something came out as it did, for people.
//!
//! Nothing here decides anything.

/// One case, and where it shows: `write management events of kms.amazonaws.com`, in two Regions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Case {
    what: String,
    places: Vec<String>,
}

const SHOWN_PLACES: usize = 5;
const SHOWN_CASES: usize = 20;

impl Case {
    pub(super) fn new(what: impl Into<String>) -> Self {
        Case { what: what.into(), places: Vec::new() }
    }

    /// The same case, seen at an element of a list.
    pub(super) fn at(&self, place: &str) -> Self {
        Case { what: self.words(), places: vec![place.to_string()] }
    }

    /// What is the case, wherever.
    pub(super) fn text(&self) -> String {
        self.what.clone()
    }

    fn words(&self) -> String {
        match self.places.as_slice() {
            [] => self.what.clone(),
            [one] => format!("{one}: {}", self.what),
            [many @ .., last] if self.places.len() <= SHOWN_PLACES => format!("{}, in {} and {last}", self.what, many.join(", ")),
            many => {
                format!("{}, in {} and {} more", self.what, many[..SHOWN_PLACES].join(", "), many.len() - SHOWN_PLACES)
            }
        }
    }
}

/// Folds cases that differ only in where they show, and drops repetitions.
pub(super) fn folded(cases: Vec<Case>) -> Vec<Case> {
    let mut folded: Vec<Case> = Vec::new();
    for case in cases {
        match folded.iter_mut().find(|known| known.what == case.what && known.places.is_empty() == case.places.is_empty()) {
            Some(known) => {
                for place in case.places {
                    if !known.places.contains(&place) {
                        known.places.push(place);
                    }
                }
            }
            None => folded.push(case),
        }
    }
    folded
}

/// The cases as lines, the first of them where there are many.
pub(super) fn lines(cases: Vec<Case>) -> Vec<String> {
    let folded = folded(cases);
    let mut lines: Vec<String> = folded.iter().take(SHOWN_CASES).map(Case::words).collect();
    if folded.len() > SHOWN_CASES {
        lines.push(format!("{} more", folded.len() - SHOWN_CASES));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_place_stands_in_front_and_many_stand_behind() {
        let kms = Case::new("writes of kms");
        assert_eq!(lines(vec![kms.at("eu-west-1")]), ["eu-west-1: writes of kms"]);
        assert_eq!(lines(vec![kms.at("a"), kms.at("b"), kms.at("a")]), ["writes of kms, in a and b"]);
        let seven = ["a", "b", "c", "d", "e", "f", "g"].map(|place| kms.at(place)).to_vec();
        assert_eq!(lines(seven), ["writes of kms, in a, b, c, d, e and 2 more"]);
    }

    #[test]
    fn a_long_list_says_how_many_more_there_are() {
        let all = lines((0..25).map(|i| Case::new(i.to_string())).collect());
        assert_eq!(all.len(), 21);
        assert_eq!(all.last().map(String::as_str), Some("5 more"));
    }
}
