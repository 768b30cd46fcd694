//! Audits over time for the terminal.

use super::paper::{Ink, Paper};
use super::{TextOptions, foreign, wording};
use crate::report::past::{Change, Changes, Past, Point, Turn};

/// Changes of one turn that are listed; the rest is counted, unless everything was asked for.
const CHANGES_PER_TURN: usize = 20;

/// What changed since the audit before, in one paragraph, below a summary.
pub fn since(past: &Past, options: &TextOptions) -> String {
    let mut paper = Paper::new(options.width, options.color);
    let line = match &past.changes {
        Some(changes) => format!("since {}: {}", wording::moment(changes.before), counts(changes)),
        None => "the history holds no earlier audit".into(),
    };
    paper.pair("history", &foreign::line(&line));
    paper.into_text()
}

/// `2 regressed, 1 new, 3 fixed`.
fn counts(changes: &Changes) -> String {
    let told: Vec<String> = Turn::ALL
        .into_iter()
        .map(|turn| (changes.of(turn).count(), turn.label()))
        .filter(|(count, _)| *count > 0)
        .map(|(count, label)| format!("{} {label}", wording::count(count)))
        .collect();
    if told.is_empty() { "nothing changed".into() } else { told.join(", ") }
}

/// Every change between two audits.
pub fn changes(changes: &Changes, options: &TextOptions) -> String {
    let mut paper = Paper::new(options.width, options.color);
    let title = format!("{} → {}", wording::moment(changes.before), wording::moment(changes.after));
    paper.line(Ink::Bold, &foreign::line(&format!("{title}: {}", counts(changes))));
    if options.quiet {
        return paper.into_text();
    }
    for turn in Turn::ALL.into_iter().filter(|turn| *turn != Turn::Still || options.verbose) {
        let of: Vec<&Change> = changes.of(turn).collect();
        if of.is_empty() {
            continue;
        }
        paper.heading(Ink::Bold, &format!("{} ({}): {}", turn.label(), wording::count(of.len()), turn.meaning()));
        let shown = if options.verbose { of.len() } else { CHANGES_PER_TURN };
        for change in of.iter().take(shown) {
            listed(&mut paper, change);
        }
        if of.len() > shown {
            paper.text(2, &format!("and {} more; --verbose lists all", wording::count(of.len() - shown)));
        }
    }
    paper.into_text()
}

fn listed(paper: &mut Paper, change: &Change) {
    let Some(state) = change.state() else { return };
    let (ink, mark) = match change.turn {
        Turn::Regressed | Turn::New | Turn::Revealed | Turn::Still => (Ink::Fail, "✗"),
        Turn::Lost | Turn::NotAsked => (Ink::Unknown, "?"),
        Turn::Fixed | Turn::Cleared => (Ink::Pass, "✓"),
        Turn::Gone => (Ink::Soft, "−"),
    };
    let (policy, name) = (&change.key.policy, &state.name);
    let text = format!("{} {policy}: {name} in account {}", state.severity.label(), state.account);
    paper.marked(ink, mark, &foreign::line(&text));
    if change.after.is_some() && !state.message.is_empty() {
        paper.text(6, &foreign::prose(&state.message));
    }
}

/// A table of audits, the earliest first.
pub fn points(points: &[Point]) -> String {
    let mut lines = vec![format!(
        "{:<24} {:>6} {:>7} {:>8} {:>7} {:>9} {:>7} {:>9}",
        "judged as of", "fails", "waived", "unknown", "passes", "coverage", "score", "accounts"
    )];
    for point in points {
        let percent = |permille: Option<u32>| permille.map_or_else(|| "n/a".into(), wording::percent);
        lines.push(format!(
            "{:<24} {:>6} {:>7} {:>8} {:>7} {:>9} {:>7} {:>9}{}",
            wording::moment(point.now),
            point.fail,
            point.waived,
            point.unknown,
            point.pass,
            percent(point.coverage),
            percent(point.score),
            point.accounts,
            if point.interrupted { "  interrupted" } else { "" },
        ));
    }
    lines.push(String::new());
    lines.join("\n")
}
