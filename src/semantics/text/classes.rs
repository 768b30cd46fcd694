//! The classes into which tests divide texts: two texts of a class satisfy the same tests.
//!
//! Exact where every test is an automaton: their product is walked, shortest texts first.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use super::TextTest;
use super::nfa::Nfa;

/// More steps than these are not walked.
const MOST_STEPS: usize = 300_000;
/// Nor are more classes told apart.
const MOST_CLASSES: usize = 3_000;

/// A class: one of its texts, and which of the tests hold for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Class {
    pub example: String,
    pub holds: Vec<bool>,
}

/// Characters that examples are made of where any would do, in this order.
const PLAIN: &str = "x0a1b.A";

/// Every class of the texts for which all of `within` hold, and whether these are certainly all: not where a test is no
/// automaton, or where there were too many to follow.
pub fn classes(tests: &[&TextTest], within: &[&TextTest]) -> (Vec<Class>, bool) {
    if let Some(found) = of_literals(tests, within) {
        return (found, true);
    }
    let Some(key) = key(tests, within) else { return walked(tests, within) };
    if let Some(known) = KNOWN.with_borrow(|known| known.get(&key).cloned()) {
        return known;
    }
    let found = walked(tests, within);
    KNOWN.with_borrow_mut(|known| {
        if known.len() >= MOST_KNOWN {
            known.clear();
        }
        known.insert(key, found.clone());
    });
    found
}

thread_local! {
    /// Classes that were walked: patterns of one account ask the same of many events.
    static KNOWN: RefCell<HashMap<String, (Vec<Class>, bool)>> = RefCell::default();
}

/// More questions than these are not remembered at once.
const MOST_KNOWN: usize = 256;

/// The tests as a text, the same for the same tests alone; `None` where they hold an automaton or a network.
fn key(tests: &[&TextTest], within: &[&TextTest]) -> Option<String> {
    let mut key = format!("{} ", tests.len());
    let mut add = |tag: char, texts: &[&str]| {
        key.push(tag);
        for text in texts {
            key.push_str(&format!("{}:{text}", text.len()));
        }
        key.push(';');
    };
    for test in tests.iter().chain(within) {
        match test {
            TextTest::Any => add('a', &[]),
            TextTest::Equals(text) => add('e', &[text]),
            TextTest::EqualsIgnoringCase(text) => add('i', &[text]),
            TextTest::Glob(glob) => add('g', &glob.pieces.iter().map(String::as_str).collect::<Vec<_>>()),
            TextTest::Prefix { text, ignore_case } => add(if *ignore_case { 'P' } else { 'p' }, &[text]),
            TextTest::Suffix { text, ignore_case } => add(if *ignore_case { 'S' } else { 's' }, &[text]),
            TextTest::Regex(_) | TextTest::Within(_) => return None,
        }
    }
    Some(key)
}

/// The same, worked out.
fn walked(tests: &[&TextTest], within: &[&TextTest]) -> (Vec<Class>, bool) {
    let automata: Vec<Option<Nfa>> = tests.iter().chain(within).map(|test| test.nfa()).collect();
    let mut exact = automata.iter().all(Option::is_some);
    let judge = |example: String| {
        let holds = tests.iter().map(|test| test.holds(&example)).collect();
        within.iter().all(|test| test.holds(&example)).then_some(Class { example, holds })
    };
    let mut found: BTreeMap<Vec<bool>, Class> = BTreeMap::new();
    let automata: Vec<&Nfa> = automata.iter().flatten().collect();
    let add = |text: String, found: &mut BTreeMap<Vec<bool>, Class>| {
        if let Some(class) = judge(text) {
            found.entry(class.holds.clone()).or_insert(class);
        }
    };
    for test in tests.iter().chain(within) {
        match test {
            TextTest::Within(network) => add(network.example(), &mut found),
            TextTest::Equals(text) => add(text.clone(), &mut found),
            _ => {}
        }
    }
    exact &= walk(&automata, |text| {
        add(text, &mut found);
        found.len() <= MOST_CLASSES
    });
    (found.into_values().collect(), exact)
}

/// The classes where every test is for one text, as most are; `None` where they have to be walked.
fn of_literals(tests: &[&TextTest], within: &[&TextTest]) -> Option<Vec<Class>> {
    if !within.iter().all(|test| matches!(test, TextTest::Any)) {
        return None;
    }
    let mut literals: Vec<Option<&str>> = Vec::with_capacity(tests.len());
    for test in tests {
        literals.push(match test {
            TextTest::Any => None,
            TextTest::Equals(text) => Some(text),
            _ => return None,
        });
    }
    let mut buffer = [0; 4];
    let other = PLAIN.chars().find(|c| !literals.contains(&Some(&*c.encode_utf8(&mut buffer))))?.to_string();
    let class = |example: &str| {
        let holds = literals.iter().map(|literal| literal.is_none_or(|text| text == example)).collect();
        Class { example: example.to_string(), holds }
    };
    let mut found: BTreeMap<Vec<bool>, Class> = BTreeMap::new();
    for class in literals.iter().flatten().copied().chain([other.as_str()]).map(class) {
        found.entry(class.holds.clone()).or_insert(class);
    }
    Some(found.into_values().collect())
}

/// Walks the product and tells one text of every set of states that accept; `false` where not all of it was walked.
fn walk(automata: &[&Nfa], mut tell: impl FnMut(String) -> bool) -> bool {
    type State = Vec<(u32, u32)>;
    let narrow = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let mut first: State =
        automata.iter().enumerate().flat_map(|(a, nfa)| nfa.first().iter().map(move |s| (narrow(a), narrow(*s)))).collect();
    first.sort_unstable();
    let accepting = |state: &State| -> Vec<u32> {
        let mut all: Vec<u32> =
            state.iter().filter(|(a, s)| automata[*a as usize].is_final(*s as usize)).map(|(a, _)| *a).collect();
        all.dedup();
        all
    };
    let mut told: HashSet<Vec<u32>> = HashSet::new();
    let mut seen: HashSet<State> = HashSet::from([first.clone()]);
    // The empty text comes last of its class: it explains little.
    let empty = accepting(&first);
    let mut queue = VecDeque::from([(first, String::new())]);
    let mut steps = 0;
    while let Some((state, text)) = queue.pop_front() {
        for c in characters(automata, &state) {
            steps += 1 + state.len() / 4;
            if steps > MOST_STEPS {
                return false;
            }
            let mut next: State = state
                .iter()
                .flat_map(|(a, s)| automata[*a as usize].step(*s as usize, c).map(move |to| (*a, narrow(to))))
                .collect();
            next.sort_unstable();
            next.dedup();
            let longer = format!("{text}{c}");
            if told.insert(accepting(&next)) && !tell(longer.clone()) {
                return false;
            }
            if seen.insert(next.clone()) {
                queue.push_back((next, longer));
            }
        }
    }
    told.contains(&empty) || tell(String::new())
}

/// One character of each kind that the states tell apart.
fn characters(automata: &[&Nfa], state: &[(u32, u32)]) -> Vec<char> {
    let mut bounds: Vec<char> = vec!['\0'];
    for (a, s) in state {
        automata[*a as usize].sets(*s as usize).for_each(|set| set.bounds(&mut bounds));
    }
    bounds.sort_unstable();
    bounds.dedup();
    let mut all: Vec<char> = Vec::with_capacity(bounds.len() + 1);
    for (i, low) in bounds.iter().enumerate() {
        let within = |c: &char| c >= low && bounds.get(i + 1).is_none_or(|high| c < high);
        // Hostile patterns name strange characters; examples show plain ones wherever they would do.
        let plain = PLAIN.chars().find(within).or_else(|| (' '..='~').find(within));
        all.push(plain.unwrap_or(*low));
    }
    // What no set names comes first.
    all.sort_by_key(|c| (bounds.contains(c), PLAIN.find(*c).unwrap_or(PLAIN.len()), *c));
    all
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Glob, parse_regex};
    use super::*;

    #[test]
    fn literals_and_what_is_left_are_the_classes_of_a_list() {
        let tests = [TextTest::of_pattern("alice"), TextTest::of_pattern("bob")];
        let (found, exact) = classes(&tests.each_ref(), &[]);
        assert!(exact);
        let mut examples: Vec<&str> = found.iter().map(|c| c.example.as_str()).collect();
        examples.sort_unstable();
        assert_eq!(examples, ["alice", "bob", "x"]);
    }

    #[test]
    fn what_is_remembered_is_of_the_same_tests() {
        let glob = |pieces: &[&str]| TextTest::Glob(Glob::of_pieces(pieces.iter().map(|p| (*p).to_string()).collect()));
        let prefix = |text: &str, ignore_case| TextTest::Prefix { text: text.into(), ignore_case };
        let all = [
            glob(&["a", "b"]),
            glob(&["a", "", "b"]),
            glob(&["a1:b", ""]),
            glob(&["", "a"]),
            prefix("a", true),
            prefix("a", false),
            TextTest::Suffix { text: "a".into(), ignore_case: false },
            TextTest::EqualsIgnoringCase("a".into()),
            TextTest::Equals("a".into()),
        ];
        let mut keys = HashSet::new();
        for test in &all {
            assert!(keys.insert(key(&[test], &[])) && keys.insert(key(&[], &[test])), "{test:?}");
            assert!(keys.insert(key(&[test, &all[0]], &[])), "{test:?}");
            for _ in 0..2 {
                assert_eq!(classes(&[test], &[]).0.len(), walked(&[test], &[]).0.len());
            }
        }
        assert_eq!(key(&[&parse_regex("a").map(TextTest::Regex).expect("an expression")], &[]), None);
    }

    #[test]
    fn what_is_known_of_literals_is_what_a_walk_finds() {
        for texts in [vec![], vec!["x"], vec!["x", "0", ""], vec!["alice", "bob", "alice"], vec!["xx", "a", "A"]] {
            let tests: Vec<TextTest> = texts.iter().map(|text| TextTest::Equals((*text).into())).collect();
            let tests: Vec<&TextTest> = tests.iter().collect();
            let quick = of_literals(&tests, &[&TextTest::Any]).expect("literals");
            // A test that tells nothing apart, and that is no literal, leads to the walk.
            let (walked, exact) = classes(&tests, &[&TextTest::Any, &TextTest::of_pattern("**")]);
            assert!(exact && !matches!(TextTest::of_pattern("**"), TextTest::Any));
            let told = |classes: &[Class]| classes.iter().map(|class| class.holds.clone()).collect::<Vec<_>>();
            assert_eq!(told(&quick), told(&walked));
            assert!(quick.iter().all(|class| tests.iter().zip(&class.holds).all(|(t, holds)| t.holds(&class.example) == *holds)));
        }
    }

    #[test]
    fn classes_stay_within_what_is_asked() {
        let within = TextTest::of_pattern("*.amazonaws.com");
        let tests = [TextTest::of_pattern("iam.amazonaws.com"), TextTest::of_pattern("i*")];
        let (found, exact) = classes(&tests.each_ref(), &[&within]);
        assert!(exact && found.len() == 3, "{found:?}");
        assert!(found.iter().all(|c| within.holds(&c.example)));
    }

    #[test]
    fn hostile_patterns_are_given_up_and_not_called_complete() {
        let hostile: Vec<TextTest> = (0..40)
            .map(|i| TextTest::of_pattern(&format!("*{}{}*", "a".repeat(i % 7), (b'b' + (i % 20) as u8) as char)))
            .collect();
        let (_, exact) = classes(&hostile.iter().collect::<Vec<_>>(), &[]);
        assert!(!exact);
    }

    fn test() -> impl Strategy<Value = TextTest> {
        prop_oneof![
            "[ab*]{0,4}".prop_map(|p| TextTest::of_pattern(&p)),
            "[abAB]{0,3}".prop_map(TextTest::EqualsIgnoringCase),
            ("[aB]{0,2}", any::<bool>()).prop_map(|(text, ignore_case)| TextTest::Prefix { text, ignore_case }),
            ("[aB]{0,2}", any::<bool>()).prop_map(|(text, ignore_case)| TextTest::Suffix { text, ignore_case }),
            "(\\^)?[ab][*+?]?(\\|b)?(\\$)?".prop_filter_map("no expression", |p| { parse_regex(&p).ok().map(TextTest::Regex) }),
        ]
    }

    proptest! {
        #[test]
        fn every_text_belongs_to_a_class_that_was_found(tests in prop::collection::vec(test(), 0..4), within in prop::option::of(test())) {
            let within: Vec<&TextTest> = within.iter().collect();
            let (found, exact) = classes(&tests.iter().collect::<Vec<_>>(), &within);
            prop_assert!(exact);
            let holds = |text: &str| -> Vec<bool> { tests.iter().map(|t| t.holds(text)).collect() };
            for class in &found {
                prop_assert_eq!(&holds(&class.example), &class.holds);
                prop_assert!(within.iter().all(|t| t.holds(&class.example)));
            }
            let mut texts = vec![String::new()];
            for _ in 0..5 {
                for text in &texts {
                    if within.iter().all(|t| t.holds(text)) {
                        prop_assert!(found.iter().any(|c| c.holds == holds(text)), "{}", text);
                    }
                }
                texts = texts.iter().flat_map(|t| ["a", "b", "A", "B", "x"].map(|c| format!("{t}{c}"))).collect();
            }
        }
    }
}
