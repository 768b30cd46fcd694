//! The regular expressions of filter patterns, written between percent signs.
//!
//! They have alternatives, characters, classes and repetitions, and no groups: CloudWatch Logs refuses parentheses.
//! Source: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html#regex-expressions>.

use super::nfa::{Nfa, Set};

/// Larger automata are refused: `a{1,9999}` is a few characters.
const MOST_STATES: usize = 1_500;

/// Why a text is not such an expression, and at which byte of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RegexError {
    pub message: String,
    pub at: usize,
}

/// One character of an expression, how often, and where it stands.
struct Item {
    set: Set,
    least: usize,
    most: Option<usize>,
}

/// Parses the text between the percent signs.
///
/// # Errors
/// What CloudWatch Logs does not support, and what is too large to follow.
pub fn parse(text: &str) -> Result<Nfa, RegexError> {
    let mut parser = Parser { chars: text.char_indices().collect(), at: 0, end: text.len() };
    let mut alternatives = vec![parser.alternative()?];
    while parser.take('|') {
        alternatives.push(parser.alternative()?);
    }
    build(&alternatives).ok_or_else(|| RegexError { message: "the regular expression is too large to follow".into(), at: 0 })
}

struct Alternative {
    at_start: bool,
    items: Vec<Item>,
    at_end: bool,
}

struct Parser {
    chars: Vec<(usize, char)>,
    at: usize,
    end: usize,
}

impl Parser {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).map(|(_, c)| *c)
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn error<T>(&self, message: impl Into<String>) -> Result<T, RegexError> {
        let at = self.chars.get(self.at).map_or(self.end, |(at, _)| *at);
        Err(RegexError { message: message.into(), at })
    }

    fn alternative(&mut self) -> Result<Alternative, RegexError> {
        let at_start = self.take('^');
        let mut items = Vec::new();
        let mut at_end = false;
        loop {
            match self.peek() {
                None | Some('|') => break,
                Some('$') => {
                    self.at += 1;
                    if !matches!(self.peek(), None | Some('|')) {
                        return self.error("`$` stands at the end of an alternative");
                    }
                    at_end = true;
                }
                Some(_) => {
                    let set = self.set()?;
                    let (least, most) = self.repetition()?;
                    items.push(Item { set, least, most });
                }
            }
        }
        Ok(Alternative { at_start, items, at_end })
    }

    fn set(&mut self) -> Result<Set, RegexError> {
        let Some(c) = self.peek() else { return self.error("something is missing here") };
        match c {
            '.' => {
                self.at += 1;
                Ok(Set::Ranges { ranges: vec![('\n', '\n')], negated: true })
            }
            '[' => self.class(),
            '\\' => self.escape(),
            '*' | '+' | '?' | '{' => self.error(format!("`{c}` has nothing before it to repeat")),
            '(' | ')' => self.error("parentheses are not supported in regular expressions of filter patterns"),
            '^' => self.error("`^` stands at the start of an alternative"),
            ']' | '}' => self.error(format!("`{c}` closes nothing; write `\\{c}`")),
            c if c.is_ascii_alphanumeric() || ":_#=@/;,- ".contains(c) => {
                self.at += 1;
                Ok(Set::One(c))
            }
            c => self.error(format!("`{c}` is not supported in regular expressions of filter patterns")),
        }
    }

    fn escape(&mut self) -> Result<Set, RegexError> {
        self.at += 1;
        let Some(c) = self.peek() else { return self.error("`\\` stands before nothing") };
        self.at += 1;
        let ranges = |ranges: &[(char, char)], negated| Ok(Set::Ranges { ranges: ranges.to_vec(), negated });
        match c {
            'd' | 'D' => ranges(&[('0', '9')], c == 'D'),
            'w' | 'W' => ranges(&[('a', 'z'), ('A', 'Z'), ('0', '9'), ('_', '_')], c == 'W'),
            's' | 'S' => ranges(&[('\t', '\t'), (' ', ' '), ('\n', '\n'), ('\r', '\r')], c == 'S'),
            'x' => {
                let digits: String = self.chars.iter().skip(self.at).take(2).map(|(_, c)| *c).collect();
                match u8::from_str_radix(&digits, 16) {
                    Ok(code) if digits.len() == 2 && code.is_ascii() => {
                        self.at += 2;
                        Ok(Set::One(char::from(code)))
                    }
                    _ => self.error("`\\x` takes two hexadecimal digits of an ASCII character"),
                }
            }
            't' => Ok(Set::One('\t')),
            'n' => Ok(Set::One('\n')),
            'r' => Ok(Set::One('\r')),
            c if !c.is_ascii_alphanumeric() => Ok(Set::One(c)),
            c => {
                self.at -= 1;
                self.error(format!("`\\{c}` is not supported in regular expressions of filter patterns"))
            }
        }
    }

    fn class(&mut self) -> Result<Set, RegexError> {
        self.at += 1;
        let negated = self.take('^');
        let mut ranges: Vec<(char, char)> = Vec::new();
        loop {
            let Some(c) = self.peek() else { return self.error("`[` is not closed") };
            if c == ']' && !ranges.is_empty() {
                self.at += 1;
                return Ok(Set::Ranges { ranges, negated });
            }
            let low = match c {
                '\\' => match self.escape()? {
                    Set::One(c) => c,
                    Set::Ranges { ranges: more, negated: false } => {
                        ranges.extend(more);
                        continue;
                    }
                    _ => return self.error("what is not a digit, a letter or a space cannot stand in `[]`"),
                },
                c => {
                    self.at += 1;
                    c
                }
            };
            let range = self.peek() == Some('-') && self.chars.get(self.at + 1).is_some_and(|(_, c)| *c != ']');
            if !range {
                ranges.push((low, low));
                continue;
            }
            self.at += 1;
            let high = match self.peek() {
                Some('\\') => match self.escape()? {
                    Set::One(c) => c,
                    _ => return self.error("a range ends with one character"),
                },
                Some(c) => {
                    self.at += 1;
                    c
                }
                None => return self.error("`[` is not closed"),
            };
            if high < low {
                return self.error(format!("the range `{low}-{high}` is empty"));
            }
            ranges.push((low, high));
        }
    }

    fn repetition(&mut self) -> Result<(usize, Option<usize>), RegexError> {
        let times = match self.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') => {
                self.at += 1;
                let least = self.number();
                let most = if self.take(',') { self.skip_spaces().number() } else { least };
                if !self.take('}') {
                    return self.error("write `{m,n}`");
                }
                return match (least, most) {
                    (None, None) => self.error("write `{m,n}`"),
                    (least, Some(most)) if least.unwrap_or(0) > most => self.error("`{m,n}` counts up"),
                    (least, most) => Ok((least.unwrap_or(0), most)),
                };
            }
            _ => return Ok((1, Some(1))),
        };
        self.at += 1;
        match self.peek() {
            Some(c @ ('*' | '+' | '?' | '{')) => self.error(format!("`{c}` repeats a repetition")),
            _ => Ok(times),
        }
    }

    fn skip_spaces(&mut self) -> &mut Self {
        while self.take(' ') {}
        self
    }

    fn number(&mut self) -> Option<usize> {
        let mut digits = String::new();
        while let Some(c) = self.peek().filter(char::is_ascii_digit) {
            digits.push(c);
            self.at += 1;
        }
        digits.parse().ok()
    }
}

/// `None` where it would be too large. State 0 is the start, state 1 the end.
fn build(alternatives: &[Alternative]) -> Option<Nfa> {
    let (mut size, mut steps, mut empty) = (2, Vec::new(), Vec::new());
    for alternative in alternatives {
        let mut here = size;
        size += 1;
        empty.push((0, here));
        if !alternative.at_start {
            steps.push((here, Set::Any, here));
        }
        for Item { set, least, most } in &alternative.items {
            for _ in 0..*least {
                steps.push((here, set.clone(), size));
                here = size;
                size += 1;
                (size <= MOST_STATES).then_some(())?;
            }
            match most {
                None => {
                    // A state of its own, so that the loop is not entered from elsewhere.
                    empty.push((here, size));
                    here = size;
                    size += 1;
                    steps.push((here, set.clone(), here));
                }
                Some(most) => {
                    let mut ends = vec![here];
                    for _ in *least..*most {
                        steps.push((here, set.clone(), size));
                        here = size;
                        size += 1;
                        (size <= MOST_STATES).then_some(())?;
                        ends.push(here);
                    }
                    let skipped = ends.iter().filter(|end| **end != here).map(|end| (*end, here)).collect::<Vec<_>>();
                    empty.extend(skipped);
                }
            }
            (size <= MOST_STATES).then_some(())?;
        }
        if alternative.at_end {
            empty.push((here, 1));
        } else {
            let rest = size;
            size += 1;
            empty.extend([(here, rest), (rest, 1)]);
            steps.push((rest, Set::Any, rest));
        }
    }
    (size <= MOST_STATES).then(|| Nfa::of_steps(size, &steps, &empty, 0, 1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matches(expression: &str, text: &str) -> bool {
        parse(expression).unwrap_or_else(|e| panic!("{expression}: {e}")).accepts(text)
    }

    /// Every expression of AWS's page, with the texts that the page names.
    #[test]
    fn the_examples_of_the_documentation_mean_what_it_says() {
        for (expression, yes, no) in [
            ("^[hc]at", vec!["hat", "cat"], vec!["that", "bat"]),
            ("[hc]at$", vec!["hat", "that cat"], vec!["cats"]),
            ("colou?r", vec!["color", "colour"], vec!["colouur"]),
            ("[abc]", vec!["a", "xbx"], vec!["x", ""]),
            ("[abcx-z]", vec!["y"], vec!["d", "w"]),
            ("a{3,5}", vec!["aaa", "aaaa", "aaaaa"], vec!["aa"]),
            ("^a{3,5}$", vec!["aaa"], vec!["aaaaaa"]),
            ("^a{,2}$", vec!["", "a", "aa"], vec!["aaa"]),
            ("^a{2,}$", vec!["aa", "aaaaaaa"], vec!["a"]),
            ("^a{2}$", vec!["aa"], vec!["a", "aaa"]),
            ("gra|ey", vec!["gray", "grey"], vec!["gry"]),
            (
                "^starting|^initializing|^shutting down",
                vec!["starting x", "initializing y", "shutting down"],
                vec!["skipping initializing z"],
            ),
            ("abcc|ab[^c]$", vec!["abcc x", "aba"], vec!["aac x"]),
            ("\\[.\\]", vec!["[a]", "[@]", "[]]", "[ ]"], vec!["[]", "a"]),
            ("10\\.10\\.0\\.1", vec!["10.10.0.1"], vec!["10010,051"]),
            ("10.10.0.1", vec!["10010,051"], vec![]),
            ("ab*c", vec!["ac", "abc", "abbbc"], vec!["bc"]),
            ("ab[0-9]*", vec!["ab", "ab0", "ab129"], vec!["a0"]),
            ("ab+c", vec!["abc", "abbbc"], vec!["ac"]),
            (".at", vec!["hat", "#at", " at"], vec!["at"]),
            ("\\d", vec!["a1"], vec!["a"]),
            ("^\\D$", vec!["a"], vec!["1"]),
            ("a\\sb", vec!["a b", "a\tb"], vec!["ab"]),
            ("^\\w\\W$", vec!["_!"], vec!["!_"]),
            ("\\x3A", vec!["a:b"], vec!["ab"]),
            ("\\x28", vec!["f("], vec!["f"]),
            ("AUTHORIZED", vec!["[ERROR 401] UNAUTHORIZED REQUEST", "[SUCCESS 200] AUTHORIZED REQUEST"], vec!["authorized"]),
            ("val.{2}", vec!["value"], vec!["val"]),
            ("111\\.111\\.111\\.1[0-9]{1,2}", vec!["111.111.111.111"], vec!["111.111.111.2"]),
            ("/service/resource/[0-9]+/part/[0-9]+$", vec!["/service/resource/67/part/111"], vec!["/service/resource/67"]),
        ] {
            for text in yes {
                assert!(matches(expression, text), "{expression} {text}");
            }
            for text in no {
                assert!(!matches(expression, text), "{expression} {text}");
            }
        }
    }

    #[test]
    fn what_is_not_supported_is_refused_with_its_place() {
        for (expression, at) in [
            ("something!", 9),
            ("a(b)", 1),
            ("*a", 0),
            ("a**", 2),
            ("[ab", 3),
            ("a{2", 3),
            ("a{3,1}", 6),
            ("a$b", 2),
            ("ä", 0),
            ("\\q", 1),
            ("a{1,99999}", 0),
        ] {
            assert_eq!(parse(expression).err().map(|e| e.at), Some(at), "{expression}");
        }
    }

    proptest! {
        #[test]
        fn parsing_never_panics(text in "\\PC{0,40}") {
            let _ = parse(&text);
        }

        #[test]
        fn matching_agrees_with_the_regex_crate(
            expression in "(\\^)?(([ab.]|\\[ab\\]|\\[\\^a\\]|\\\\d)([*+?]|\\{1,2\\})?){0,4}(\\$)?(\\|[ab]{1,2})?",
            text in "[abc1]{0,6}",
        ) {
            let ours = parse(&expression).map(|nfa| nfa.accepts(&text));
            let theirs = regex::Regex::new(&expression).expect("within the common part");
            prop_assert_eq!(ours.ok(), Some(theirs.is_match(&text)), "{} {}", expression, text);
        }
    }
}
