//! Small automata over characters: what stars, letters of either case and regular expressions accept.
//!
//! The work of a match grows with the product of the lengths and never explodes.

/// Characters that a step takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Set {
    Any,
    One(char),
    /// Either case of a letter of ASCII, given in its small one.
    Letter(char),
    Ranges {
        ranges: Vec<(char, char)>,
        negated: bool,
    },
}

impl Set {
    pub(super) fn contains(&self, c: char) -> bool {
        match self {
            Set::Any => true,
            Set::One(wanted) => c == *wanted,
            Set::Letter(wanted) => c.to_ascii_lowercase() == *wanted,
            Set::Ranges { ranges, negated } => ranges.iter().any(|(low, high)| (*low..=*high).contains(&c)) != *negated,
        }
    }

    /// Characters at which the set begins or ends: between two of them all characters are alike to it.
    pub(super) fn bounds(&self, into: &mut Vec<char>) {
        let mut around = |low: char, high: char| {
            into.push(low);
            into.extend(after(high));
        };
        match self {
            Set::Any => {}
            Set::One(c) => around(*c, *c),
            Set::Letter(c) => {
                around(*c, *c);
                around(c.to_ascii_uppercase(), c.to_ascii_uppercase());
            }
            Set::Ranges { ranges, .. } => ranges.iter().for_each(|(low, high)| around(*low, *high)),
        }
    }
}

/// The character behind this one.
fn after(c: char) -> Option<char> {
    (c..=char::MAX).nth(1)
}

#[derive(Clone, Debug, Default)]
struct State {
    steps: Vec<(Set, usize)>,
    accepts: bool,
}

/// An automaton without empty steps; it begins in its first states.
#[derive(Clone, Debug, Default)]
pub struct Nfa {
    states: Vec<State>,
    first: Vec<usize>,
}

impl Nfa {
    /// The texts that have the pieces in this order, the first at the start and the last at the end: of one piece, the piece.
    pub(super) fn of_pieces(pieces: &[String], ignore_case: bool) -> Self {
        let mut nfa = Nfa { states: vec![State::default()], first: vec![0] };
        for (i, piece) in pieces.iter().enumerate() {
            if i > 0 {
                let here = nfa.states.len() - 1;
                nfa.states[here].steps.push((Set::Any, here));
            }
            for c in piece.chars() {
                let here = nfa.states.len() - 1;
                let set = if ignore_case { Set::Letter(c.to_ascii_lowercase()) } else { Set::One(c) };
                nfa.states[here].steps.push((set, here + 1));
                nfa.states.push(State::default());
            }
        }
        if let Some(last) = nfa.states.last_mut() {
            last.accepts = true;
        }
        nfa
    }

    /// From steps with empty ones among them: state -> (characters, state), state -> state.
    pub(super) fn of_steps(
        size: usize,
        steps: &[(usize, Set, usize)],
        empty: &[(usize, usize)],
        first: usize,
        last: usize,
    ) -> Self {
        let mut closures: Vec<Vec<usize>> = Vec::with_capacity(size);
        let mut out: Vec<Vec<usize>> = vec![Vec::new(); size];
        empty.iter().for_each(|(from, to)| out[*from].push(*to));
        for start in 0..size {
            let mut reached = vec![false; size];
            let mut stack = vec![start];
            let mut all = Vec::new();
            while let Some(state) = stack.pop() {
                if !std::mem::replace(&mut reached[state], true) {
                    all.push(state);
                    stack.extend(&out[state]);
                }
            }
            all.sort_unstable();
            closures.push(all);
        }
        let mut states: Vec<State> = vec![State::default(); size];
        for (from, set, to) in steps {
            let targets: Vec<(Set, usize)> = closures[*to].iter().map(|t| (set.clone(), *t)).collect();
            states[*from].steps.extend(targets);
        }
        states[last].accepts = true;
        Nfa { states, first: closures.swap_remove(first) }
    }

    pub(super) fn first(&self) -> &[usize] {
        &self.first
    }

    /// The states that a character leads to from a state.
    pub(super) fn step(&self, state: usize, c: char) -> impl Iterator<Item = usize> + '_ {
        self.states[state].steps.iter().filter(move |(set, _)| set.contains(c)).map(|(_, to)| *to)
    }

    pub(super) fn sets(&self, state: usize) -> impl Iterator<Item = &Set> {
        self.states[state].steps.iter().map(|(set, _)| set)
    }

    pub(super) fn is_final(&self, state: usize) -> bool {
        self.states[state].accepts
    }

    /// Whether it accepts the whole text.
    pub fn accepts(&self, text: &str) -> bool {
        let mut here = vec![false; self.states.len()];
        self.first.iter().for_each(|s| here[*s] = true);
        for c in text.chars() {
            let mut next = vec![false; self.states.len()];
            for state in (0..here.len()).filter(|s| here[*s]) {
                self.step(state, c).for_each(|to| next[to] = true);
            }
            here = next;
        }
        (0..here.len()).any(|s| here[s] && self.is_final(s))
    }
}
