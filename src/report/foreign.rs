//! Foreign text, made safe to look at: names, tags and messages that somebody else chose.
//!
//! Characters that a reader cannot see, or that change how the rest is read (controls, bidirectional overrides, zero-width
//! characters), are written out as `\u{202e}`. Escaping for a format is that format's own work.

use std::borrow::Cow;

use super::wording;

/// Longer values are shortened, with their length said. In characters.
pub const VALUE_LIMIT: usize = 500;

/// Longer code is shortened, with its length said. In characters.
pub const CODE_LIMIT: usize = 6_000;

/// Whether the character is invisible, or changes how its neighbours are read.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// One line: nothing hidden, line breaks and tabs written out, shortened past [`VALUE_LIMIT`].
pub fn line(text: &str) -> String {
    shown(text, VALUE_LIMIT, false)
}

/// A sentence or a paragraph: runs of white space are one space; nothing hidden, shortened past four times [`VALUE_LIMIT`].
pub fn prose(text: &str) -> String {
    let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
    shown(&joined, 4 * VALUE_LIMIT, false)
}

/// Several lines, such as a command: line breaks stay, all else that is hidden is written out.
pub fn block(text: &str) -> String {
    shown(text.trim_end(), CODE_LIMIT, true)
}

fn shown(text: &str, limit: usize, keep_lines: bool) -> String {
    let mut out = String::with_capacity(text.len().min(limit * 2));
    for c in text.chars().take(limit) {
        match c {
            '\n' if keep_lines => out.push('\n'),
            '\t' if keep_lines => out.push_str("    "),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_hidden(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    let length = text.chars().count();
    if length > limit {
        out.push_str(&format!("… (shortened: {} characters in all)", wording::count(length)));
    }
    out
}

/// JSON text in which nothing is hidden. The value stays the same: hidden characters stand only inside strings, where an
/// escape means the character.
pub fn json(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut units = [0; 2];
    let mut copied = 0;
    // What is plain ASCII, which is nearly all, is told by its bytes.
    let is_plain = |byte: u8| byte == b'\n' || (b' '..=b'~').contains(&byte);
    let mut at = 0;
    while let Some(found) = text.as_bytes()[at..].iter().position(|byte| !is_plain(*byte)) {
        at += found;
        let Some(c) = text[at..].chars().next() else { break };
        if is_hidden(c) {
            out.push_str(&text[copied..at]);
            for unit in c.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
            copied = at + c.len_utf8();
        }
        at += c.len_utf8();
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[copied..]);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_characters_are_written_out() {
        assert_eq!(line("a\u{202e}b\u{1b}[31m\n"), "a\\u{202e}b\\u{1b}[31m\\n");
        assert_eq!(prose("a\n  b\tc "), "a b c");
        assert_eq!(block("a\n\tb\u{0}\n\n"), "a\n    b\\u{0}");
    }

    #[test]
    fn json_stays_the_same_value_with_nothing_hidden() {
        let text = "a\u{202e}b\n\"Bücher 日本語 🙂\u{e0041}\u{7f}\u{200b}";
        assert_eq!(json(text), "a\\u202eb\n\"Bücher 日本語 🙂\\udb40\\udc41\\u007f\\u200b");
        assert_eq!((json("").as_ref(), json("é").as_ref()), ("", "é"));
    }

    #[test]
    fn long_values_say_their_length() {
        let text = line(&"x".repeat(10_240));
        assert!(text.ends_with("x… (shortened: 10,240 characters in all)"), "{text}");
        assert!(text.chars().count() < VALUE_LIMIT + 60);
    }

    #[test]
    fn what_people_write_stays() {
        assert_eq!(line("Bücher & 日本語 🙂 <b>"), "Bücher & 日本語 🙂 <b>");
    }
}
