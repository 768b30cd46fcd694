//! Audits over time on the page: what changed since the one before, and a chart whose numbers stand in a table beside it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::finding::word;
use super::links::{Link, Places};
use super::size::ROWS_PER_TABLE;
use crate::report::past::{Change, Key, Past, Point, State, Turn};
use crate::report::wording;

/// Audits in the chart and its table, the latest.
const POINTS: usize = 24;

/// The chart's drawing space, in its own units.
const WIDTH: i64 = 720;
const HEIGHT: i64 = 180;

#[derive(Serialize)]
pub(super) struct Story {
    before: Option<String>,
    turns: Vec<TurnRow>,
    changes: Vec<ChangeRow>,
    changes_total: usize,
    /// Fails that are as old as the history knows, the oldest first.
    oldest: Vec<Oldest>,
    chart: Option<Chart>,
    /// The latest first.
    points: Vec<PointRow>,
    points_total: usize,
}

#[derive(Serialize)]
struct TurnRow {
    label: &'static str,
    meaning: &'static str,
    count: usize,
}

#[derive(Serialize)]
struct ChangeRow {
    turn: &'static str,
    class: &'static str,
    policy: Link,
    severity: &'static str,
    name: String,
    account: String,
    message: String,
}

#[derive(Serialize)]
struct Oldest {
    policy: Link,
    name: String,
    since: String,
}

#[derive(Serialize)]
struct PointRow {
    now: String,
    fail: usize,
    waived: usize,
    unknown: usize,
    pass: usize,
    accounts: usize,
    coverage: Option<String>,
    score: Option<String>,
    interrupted: bool,
}

/// Lines of the chart as SVG points, and what is said of them.
#[derive(Serialize)]
struct Chart {
    width: i64,
    height: i64,
    first: String,
    last: String,
    lines: Vec<Line>,
}

#[derive(Serialize)]
struct Line {
    name: &'static str,
    class: &'static str,
    /// `x,y x,y`, a run without holes each.
    runs: Vec<String>,
    dots: Vec<(i64, i64)>,
}

pub(super) fn build(past: &Past, current: &BTreeMap<Key, State>, places: &Places<'_>) -> Story {
    let told = |turn: &Turn| *turn != Turn::Still;
    let changes = past.changes.as_ref();
    let listed = || changes.into_iter().flat_map(|c| &c.changes).filter(|c| told(&c.turn));
    let of = |turn: Turn| changes.map_or(0, |c| c.of(turn).count());
    let turns = Turn::ALL.into_iter().map(|t| TurnRow { label: t.label(), meaning: t.meaning(), count: of(t) });
    let latest = &past.points[past.points.len().saturating_sub(POINTS)..];
    Story {
        before: changes.map(|c| wording::moment(c.before)),
        turns: if changes.is_some() { turns.collect() } else { Vec::new() },
        changes: listed().take(ROWS_PER_TABLE).map(|c| change(c, places)).collect(),
        changes_total: listed().count(),
        oldest: oldest(past, current, places),
        chart: chart(latest),
        points: latest.iter().rev().map(point).collect(),
        points_total: past.points.len(),
    }
}

fn change(change: &Change, places: &Places<'_>) -> ChangeRow {
    let state = change.state();
    let text = |of: fn(&State) -> &String| state.map(of).cloned().unwrap_or_default();
    ChangeRow {
        turn: change.turn.label(),
        class: change.after.as_ref().map_or("na", |after| word(after.outcome)),
        policy: places.policy(&change.key.policy),
        severity: state.map_or("info", |s| s.severity.label()),
        name: text(|s| &s.name),
        account: text(|s| &s.account),
        message: text(|s| &s.message),
    }
}

fn oldest(past: &Past, current: &BTreeMap<Key, State>, places: &Places<'_>) -> Vec<Oldest> {
    const SHOWN: usize = 5;
    let now = past.points.last().map(|p| p.now);
    let mut old: Vec<_> = past.failing_since.iter().filter(|(_, since)| now.is_none_or(|now| **since < now)).collect();
    old.sort_by_key(|(key, since)| (**since, std::cmp::Reverse(current.get(*key).map(|s| s.severity)), *key));
    let row = |(key, since): (&Key, &jiff::Timestamp)| Oldest {
        policy: places.policy(&key.policy),
        name: current.get(key).map_or_else(|| key.subject.clone(), |s| s.name.clone()),
        since: wording::moment(*since),
    };
    old.into_iter().take(SHOWN).map(row).collect()
}

fn point(point: &Point) -> PointRow {
    PointRow {
        now: wording::moment(point.now),
        fail: point.fail,
        waived: point.waived,
        unknown: point.unknown,
        pass: point.pass,
        accounts: point.accounts,
        coverage: point.coverage.map(wording::percent),
        score: point.score.map(wording::percent),
        interrupted: point.interrupted,
    }
}

fn chart(points: &[Point]) -> Option<Chart> {
    let (first, last) = (points.first()?, points.last()?);
    let (from, to) = (first.now.as_second(), last.now.as_second());
    if from >= to {
        return None;
    }
    let x = |p: &Point| (p.now.as_second() - from) * WIDTH / (to - from);
    let line = |name, class, of: fn(&Point) -> Option<u32>| {
        let mut runs: Vec<Vec<(i64, i64)>> = vec![Vec::new()];
        for p in points {
            match (of(p), runs.last_mut()) {
                (Some(permille), Some(run)) => run.push((x(p), HEIGHT - i64::from(permille.min(1000)) * HEIGHT / 1000)),
                _ => runs.push(Vec::new()),
            }
        }
        let dots = runs.concat();
        let drawn = |run: &Vec<(i64, i64)>| run.iter().map(|(x, y)| format!("{x},{y}")).collect::<Vec<_>>().join(" ");
        Line { name, class, runs: runs.iter().filter(|run| run.len() > 1).map(drawn).collect(), dots }
    };
    Some(Chart {
        width: WIDTH,
        height: HEIGHT,
        first: wording::moment(first.now),
        last: wording::moment(last.now),
        lines: vec![line("coverage", "coverage", |p| p.coverage), line("score", "score", |p| p.score)],
    })
}
