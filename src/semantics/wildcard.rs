//! IAM's wildcards: `*` for any characters, `?` for one.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>. Nothing here knows
//! what is matched; where case does not count the caller folds it.

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};

/// More places in patterns than this are not gone through.
const MOST_PLACES: usize = 2_000_000;

/// Whether the whole text matches the pattern. Only the last star is ever moved, so the work grows with the product of the
/// lengths and never explodes.
pub fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || *c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    p = at + 1;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

/// There were too many states to follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooManyStates;

/// The ways in which texts that go on after `start` can match the patterns: each set of patterns that match some such text
/// while the others do not, with a shortest text that shows it. The texts have at least one character more than `start`.
pub(super) fn classes(start: &str, patterns: &[&str]) -> Result<Vec<(BTreeSet<usize>, String)>, TooManyStates> {
    let patterns: Vec<Vec<char>> = patterns.iter().map(|p| p.chars().collect()).collect();
    let named: BTreeSet<char> = patterns.iter().flatten().copied().filter(|c| !['*', '?'].contains(c)).collect();
    // One character that no pattern names stands for all of them; it comes first, so that texts show little.
    let unnamed = "xyzqw0".chars().chain('\u{a1}'..=char::MAX).find(|c| !named.contains(c));
    let alphabet: Vec<char> = unnamed.into_iter().chain(named.iter().copied()).collect();

    let places = Places::of(&patterns);
    let mut first = places.none();
    for pattern in 0..patterns.len() {
        places.enter(&mut first, places.first[pattern]);
    }
    let first = start.chars().fold(first, |state, c| places.step(&state, c));

    let mut seen: HashSet<State> = HashSet::new();
    let mut found: BTreeMap<BTreeSet<usize>, String> = BTreeMap::new();
    let mut gone_through = 0;
    let mut queue = VecDeque::from([(first, start.to_string())]);
    while let Some((state, text)) = queue.pop_front() {
        gone_through += (places.in_state(&state).count() + 1) * alphabet.len();
        if gone_through > MOST_PLACES {
            return Err(TooManyStates);
        }
        let here: BTreeSet<char> = places.in_state(&state).filter_map(|at| places.next[at]).collect();
        for (number, &c) in alphabet.iter().enumerate() {
            // A character that no place here names leads where the first one leads.
            if number > 0 && unnamed.is_some() && !here.contains(&c) {
                continue;
            }
            let next = places.step(&state, c);
            if seen.contains(&next) {
                continue;
            }
            seen.insert(next.clone());
            let text = format!("{text}{c}");
            let matched = places.in_state(&next).filter(|at| places.is_end(*at)).map(|at| places.pattern[at]).collect();
            found.entry(matched).or_insert_with(|| text.clone());
            queue.push_back((next, text));
        }
    }
    Ok(found.into_iter().collect())
}

/// Places in patterns that a text read so far may have led to: a bit for each.
type State = Vec<u64>;

/// The places of all patterns, numbered: before each character, and behind the last.
struct Places {
    /// The pattern of each place.
    pattern: Vec<usize>,
    /// What stands behind it; nothing at the end.
    next: Vec<Option<char>>,
    /// The number of each pattern's first place.
    first: Vec<usize>,
}

impl Places {
    fn of(patterns: &[Vec<char>]) -> Self {
        let mut places = Places { pattern: Vec::new(), next: Vec::new(), first: Vec::new() };
        for (number, pattern) in patterns.iter().enumerate() {
            places.first.push(places.pattern.len());
            places.pattern.extend(std::iter::repeat_n(number, pattern.len() + 1));
            places.next.extend(pattern.iter().copied().map(Some).chain([None]));
        }
        places
    }

    fn none(&self) -> State {
        vec![0; self.pattern.len().div_ceil(64)]
    }

    fn is_end(&self, at: usize) -> bool {
        self.next[at].is_none()
    }

    fn in_state<'s>(&self, state: &'s State) -> impl Iterator<Item = usize> + 's {
        state.iter().enumerate().flat_map(|(word, bits)| {
            let mut left = *bits;
            std::iter::from_fn(move || {
                let bit = (left != 0).then(|| left.trailing_zeros() as usize)?;
                left &= left - 1;
                Some(word * 64 + bit)
            })
        })
    }

    /// Adds a place, and those behind stars that match nothing.
    fn enter(&self, state: &mut State, mut at: usize) {
        state[at / 64] |= 1 << (at % 64);
        while self.next[at] == Some('*') {
            at += 1;
            state[at / 64] |= 1 << (at % 64);
        }
    }

    /// Where one more character leads.
    fn step(&self, state: &State, c: char) -> State {
        let mut next = self.none();
        for at in self.in_state(state) {
            match self.next[at] {
                Some('*') => self.enter(&mut next, at),
                Some(p) if p == '?' || p == c => self.enter(&mut next, at + 1),
                _ => {}
            }
        }
        next
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn stars_and_question_marks() {
        for (pattern, text) in
            [("*", ""), ("s3:*", "s3:GetObject"), ("a*b*c", "aXbYbZc"), ("a?c", "abc"), ("**", "x"), ("*/", "//")]
        {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("", "x"), ("s3:*", "s4:x"), ("a?c", "ac"), ("a*b", "abc"), ("?", ""), ("logs", "logs2")] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn hostile_patterns_are_cheap() {
        assert!(!matches(&"*a".repeat(500), &"a".repeat(499)));
        assert!(!matches(&format!("{}b", "a*".repeat(200)), &"a".repeat(5000)));
        let hostile: Vec<String> =
            (0..40).map(|i| format!("*{}{}*", "a".repeat(i % 7), (b'b' + (i % 20) as u8) as char)).collect();
        assert_eq!(classes("", &hostile.iter().map(String::as_str).collect::<Vec<_>>()), Err(TooManyStates));
    }

    proptest! {
        #[test]
        fn matching_agrees_with_the_definition(pattern in "[ab*?]{0,6}", text in "[ab]{0,6}") {
            fn by_definition(p: &[char], t: &[char]) -> bool {
                match p.split_first() {
                    None => t.is_empty(),
                    Some(('*', rest)) => (0..=t.len()).any(|i| by_definition(rest, &t[i..])),
                    Some((c, rest)) => t.split_first().is_some_and(|(x, more)| (*c == '?' || c == x) && by_definition(rest, more)),
                }
            }
            let (p, t): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
            prop_assert_eq!(matches(&pattern, &text), by_definition(&p, &t));
        }

        #[test]
        fn classes_are_those_of_the_texts(patterns in prop::collection::vec("[ab*?]{0,4}", 0..4), start in "[ab]{0,2}") {
            let patterns: Vec<&str> = patterns.iter().map(String::as_str).collect();
            let class = |text: &str| -> BTreeSet<usize> { (0..patterns.len()).filter(|i| matches(patterns[*i], text)).collect() };
            let found = classes(&start, &patterns).unwrap();
            for (set, text) in &found {
                prop_assert!(text.len() > start.len() && text.starts_with(&start));
                prop_assert_eq!(&class(text), set);
            }
            let mut texts = vec![start.clone()];
            for _ in 0..5 {
                texts = texts.iter().flat_map(|t| ["a", "b", "x"].map(|c| format!("{t}{c}"))).collect();
                for text in &texts {
                    prop_assert!(found.iter().any(|(set, _)| *set == class(text)));
                }
            }
        }
    }
}
