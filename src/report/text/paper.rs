//! Lines for a terminal: wrapped, indented, perhaps coloured. It is given text in which nothing is hidden.

/// A colour, by what it means.
#[derive(Clone, Copy)]
pub(super) enum Ink {
    Bold,
    Fail,
    Unknown,
    Pass,
    Soft,
}

impl Ink {
    fn code(self) -> &'static str {
        match self {
            Ink::Bold => "1",
            Ink::Fail => "1;31",
            Ink::Unknown => "33",
            Ink::Pass => "32",
            Ink::Soft => "2",
        }
    }
}

/// What was written so far.
pub(super) struct Paper {
    width: usize,
    color: bool,
    text: String,
}

impl Paper {
    pub(super) fn new(width: usize, color: bool) -> Self {
        Paper { width: width.max(40), color, text: String::new() }
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    /// One line as it is, not wrapped.
    pub(super) fn only(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push('\n');
    }

    pub(super) fn gap(&mut self) {
        self.text.push('\n');
    }

    /// A paragraph of one colour.
    pub(super) fn line(&mut self, ink: Ink, text: &str) {
        for line in wrap(text, self.width, self.width) {
            let painted = self.paint(ink, &line);
            self.only(&painted);
        }
    }

    pub(super) fn heading(&mut self, ink: Ink, text: &str) {
        self.gap();
        self.line(ink, text);
    }

    pub(super) fn text(&mut self, indent: usize, text: &str) {
        self.hang(indent, "", "", indent, text);
    }

    /// `accounts  111122223333 …`
    pub(super) fn pair(&mut self, name: &str, text: &str) {
        self.column(0, name, 8, text);
    }

    /// A name, and text in a column after the widest name.
    pub(super) fn column(&mut self, indent: usize, name: &str, widest: usize, text: &str) {
        let length = name.chars().count();
        let widest = widest.min(self.width / 3);
        if length > widest {
            self.text(indent, name);
            return self.text(indent + 4, text);
        }
        let padded = format!("{name}{}  ", " ".repeat(widest - length));
        let painted = self.paint(Ink::Soft, &padded);
        self.hang(indent, &padded, &painted, indent + widest + 2, text);
    }

    /// `  ✗ fail  policy: subject`
    pub(super) fn marked(&mut self, ink: Ink, mark: &str, text: &str) {
        let plain = format!("{mark}  ");
        let painted = format!("{}  ", self.paint(ink, mark));
        self.hang(2, &plain, &painted, 6, text);
    }

    /// `      hint: text`
    pub(super) fn labelled(&mut self, indent: usize, label: &str, text: &str) {
        let plain = format!("{label}: ");
        let painted = format!("{} ", self.paint(Ink::Soft, &format!("{label}:")));
        self.hang(indent, &plain, &painted, indent + 2, text);
    }

    fn hang(&mut self, indent: usize, plain: &str, painted: &str, rest: usize, text: &str) {
        let before = indent + plain.chars().count();
        let first = self.width.saturating_sub(before).max(10);
        let later = self.width.saturating_sub(rest).max(10);
        let mut lines = wrap(text, first, later).into_iter();
        let opening = format!("{}{painted}{}", " ".repeat(indent), lines.next().unwrap_or_default());
        self.only(opening.trim_end());
        for line in lines {
            self.only(&format!("{}{line}", " ".repeat(rest)));
        }
    }

    fn paint(&self, ink: Ink, text: &str) -> String {
        if self.color { format!("\u{1b}[{}m{text}\u{1b}[0m", ink.code()) } else { text.to_string() }
    }
}

/// Breaks text at spaces; a word that is wider than a line is broken where the line ends.
fn wrap(text: &str, first: usize, later: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let mut word: Vec<char> = word.chars().collect();
        loop {
            let room = if lines.is_empty() { first } else { later };
            let space = usize::from(used > 0);
            if used + space + word.len() <= room {
                if space > 0 {
                    line.push(' ');
                }
                used += space + word.len();
                line.extend(word);
                break;
            }
            if used > 0 {
                lines.push(std::mem::take(&mut line));
                used = 0;
                continue;
            }
            let tail = word.split_off(room.min(word.len()));
            lines.push(word.into_iter().collect());
            word = tail;
        }
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_wider_than_the_paper() {
        let text = "a short one and arn:aws:cloudtrail:us-east-1:111122223333:trail/a-name-that-goes-on-and-on end";
        let lines = wrap(text, 12, 20);
        assert!(lines[0].chars().count() <= 12 && lines[1..].iter().all(|line| line.chars().count() <= 20), "{lines:?}");
        assert_eq!(lines.concat().replace(' ', ""), text.replace(' ', ""));
    }

    #[test]
    fn nothing_gives_one_empty_line() {
        assert_eq!(wrap("", 10, 10), [""]);
    }
}
