//! Code beside an account, for the terminal.

use super::paper::{Ink, Paper};
use super::{TextOptions, foreign, wording};
use crate::drift::{Drift, Thing, Turn};
use crate::report::drift::{apart, called, known_by, of_account, of_code, open, place, result};

/// Entries of one part that are listed; the rest is counted, unless everything was asked for.
const PER_PART: usize = 20;

/// Open parts of the code that are named.
const PLACEMENTS: usize = 5;

/// How what fails in the code is marked, and what holds in it.
const FAILS: (Ink, &str) = (Ink::Fail, "✗");
const HOLDS: (Ink, &str) = (Ink::Pass, "✓");

/// The comparison, with a final newline.
pub fn drift(drift: &Drift, options: &TextOptions) -> String {
    let mut paper = Paper::new(options.width, options.color);
    if options.quiet {
        paper.only(&foreign::prose(&result(drift)));
        return paper.into_text();
    }
    header(&mut paper, drift);
    let shown = if options.verbose { usize::MAX } else { PER_PART };
    turns(
        &mut paper,
        FAILS,
        &drift.weaker_in_code,
        shown,
        "weaker in code",
        "these hold in the account, and fail in what the code describes",
    );
    settings(&mut paper, drift, shown);
    things(
        &mut paper,
        &drift.undescribed,
        shown,
        "not described",
        "the account has these, and no code that was given describes them",
    );
    things(&mut paper, &drift.missing, shown, "missing", "the code describes these, and the account has none of them");
    turns(
        &mut paper,
        HOLDS,
        &drift.stronger_in_code,
        shown,
        "stronger in code",
        "these fail in the account, and hold in what the code describes",
    );
    if options.verbose {
        turns(&mut paper, FAILS, &drift.fail_in_both, shown, "fail in both", "these fail in the code as in the account");
    }
    let unknown: Vec<_> = open(drift).collect();
    part(&mut paper, Ink::Unknown, unknown.len(), "could not be compared", "these may be the same or not");
    for (what, place, why) in unknown.iter().take(shown) {
        entry(&mut paper, Ink::Unknown, "?", what, place.as_deref());
        paper.text(6, &foreign::prose(why));
    }
    rest(&mut paper, unknown.len(), shown);
    footer(&mut paper, drift);
    paper.into_text()
}

fn header(paper: &mut Paper, drift: &Drift) {
    paper.line(Ink::Bold, &foreign::line(&drift.tool));
    let sides = &drift.sides;
    if sides.synthetic {
        paper.line(Ink::Unknown, "SYNTHETIC DATA: made up for a demonstration, read in no account that exists");
    }
    paper.pair("code", &foreign::line(&wording::listed(&sides.code)));
    paper.pair("accounts", &foreign::line(&wording::listed(&sides.accounts)));
    paper.pair("read", &wording::moment(sides.live_ended));
    for placement in drift.placed.iter().take(PLACEMENTS) {
        paper.pair("taken", &foreign::line(&format!("{} is {}", placement.open, placement.is)));
    }
    if drift.placed.len() > PLACEMENTS {
        paper.pair("", &format!("and {} more", wording::counted(drift.placed.len() - PLACEMENTS, "open part")));
    }
    for note in &drift.notes {
        paper.pair("note", &foreign::prose(note));
    }
    paper.gap();
    paper.line(Ink::Bold, &foreign::prose(&result(drift)));
}

fn part(paper: &mut Paper, ink: Ink, count: usize, title: &str, meaning: &str) {
    if count > 0 {
        paper.heading(ink, &format!("{title} ({}): {meaning}", wording::count(count)));
    }
}

fn rest(paper: &mut Paper, count: usize, shown: usize) {
    if count > shown {
        paper.text(2, &format!("and {} more; --verbose lists all", wording::count(count - shown)));
    }
}

fn entry(paper: &mut Paper, ink: Ink, mark: &str, what: &str, place: Option<&str>) {
    paper.marked(ink, mark, &foreign::line(what));
    if let Some(place) = place {
        paper.labelled(6, "at", &foreign::line(place));
    }
}

fn turns(paper: &mut Paper, (ink, mark): (Ink, &str), turns: &[Turn], shown: usize, title: &str, meaning: &str) {
    part(paper, ink, turns.len(), title, meaning);
    for turn in turns.iter().take(shown) {
        let what = format!("{} {}: {}", turn.severity.label(), turn.policy, called(&turn.thing));
        entry(paper, ink, mark, &what, place(&turn.thing).as_deref());
        paper.text(6, &foreign::prose(&turn.message));
    }
    rest(paper, turns.len(), shown);
}

fn settings(paper: &mut Paper, drift: &Drift, shown: usize) {
    let differing: Vec<_> = drift.pairs.iter().filter(|pair| !pair.differs.is_empty()).collect();
    part(paper, Ink::Fail, differing.len(), "settings differ", "what the code says is not what the account has");
    for pair in differing.iter().take(shown) {
        let known = known_by(pair).map(|by| format!(", {by}")).unwrap_or_default();
        entry(paper, Ink::Fail, "✗", &format!("{}{known}", called(&pair.thing)), place(&pair.thing).as_deref());
        for setting in &pair.differs {
            paper.text(6, &foreign::line(&setting.path));
            paper.labelled(8, "code", &foreign::prose(&of_code(setting)));
            paper.labelled(8, "account", &foreign::prose(&of_account(setting)));
        }
    }
    rest(paper, differing.len(), shown);
}

fn things(paper: &mut Paper, things: &[Thing], shown: usize, title: &str, meaning: &str) {
    part(paper, Ink::Fail, things.len(), title, meaning);
    for thing in things.iter().take(shown) {
        entry(paper, Ink::Fail, "✗", &called(thing), place(thing).as_deref());
        if let Some(apart) = apart(thing) {
            paper.text(6, &foreign::line(apart));
        }
    }
    rest(paper, things.len(), shown);
}

fn footer(paper: &mut Paper, drift: &Drift) {
    let run_time: usize = drift.pairs.iter().map(|pair| pair.run_time).sum();
    let others: usize = drift.pairs.iter().map(|pair| pair.left_to_others).sum();
    paper.gap();
    paper.pair("compared", &format!("{} that both sides have", wording::counted(drift.pairs.len(), "thing")));
    if run_time + others > 0 {
        let mut said = Vec::new();
        if run_time > 0 {
            said.push(format!("{} that only a running account has", wording::counted(run_time, "setting")));
        }
        if others > 0 {
            said.push(format!("{} that the code leaves to other code", wording::counted(others, "setting")));
        }
        paper.pair("beside", &said.join(", "));
    }
}
