//! The file as it is written and read again, damaged, locked, and of another kind.

use std::fs;

use super::*;
use crate::report::past::Turn;

fn snapshot(now: &str, states: &[(&str, Outcome)]) -> Snapshot {
    let state = |outcome| State {
        outcome,
        severity: Severity::High,
        waived: false,
        account: "111122223333".into(),
        name: "main".into(),
        message: "what is so".into(),
    };
    let count = |wanted| states.iter().filter(|(_, o)| *o == wanted).count();
    Snapshot {
        point: Point {
            now: now.parse().unwrap(),
            result: "a result".into(),
            pass: count(Outcome::Pass),
            fail: count(Outcome::Fail),
            unknown: count(Outcome::Unknown),
            not_applicable: count(Outcome::NotApplicable),
            waived: 0,
            coverage: Some(999),
            score: Some(123),
            accounts: 1,
            interrupted: false,
        },
        policies: states.iter().map(|(policy, _)| policy.to_string()).collect(),
        accounts: ["111122223333".to_string()].into(),
        states: states
            .iter()
            .map(|(policy, outcome)| (Key { policy: policy.to_string(), subject: "arn:x".into() }, state(*outcome)))
            .collect(),
    }
}

fn days(outcomes: &[Outcome]) -> Vec<Snapshot> {
    let day = |(i, o): (usize, &Outcome)| snapshot(&format!("2026-11-{:02}T00:00:00Z", i + 1), &[("p", *o)]);
    outcomes.iter().enumerate().map(day).collect()
}

fn filled(path: &Path, days: &[Snapshot]) -> History {
    let mut history = History::open(path).unwrap();
    for day in days {
        assert!(history.add(&day.point.now.to_string(), day).unwrap());
    }
    history
}

#[test]
fn what_was_added_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("h.db");
    let days = days(&[Outcome::Fail, Outcome::Pass, Outcome::Fail]);
    let mut history = filled(&path, &days);
    assert!(!history.add(&days[0].point.now.to_string(), &days[0]).unwrap(), "the same audit twice is one");
    drop(history);
    let history = History::read(&path).unwrap();
    assert_eq!(history.points().unwrap(), days.iter().map(|d| d.point.clone()).collect::<Vec<_>>());
    let (id, point) = history.scans("1 = 1", 0).unwrap().remove(1);
    assert_eq!(history.snapshot(id, &point).unwrap(), days[1]);
}

#[test]
fn a_fail_fails_since_the_first_after_the_last_pass() {
    use Outcome::{Fail, Pass, Unknown};
    let folder = tempfile::tempdir().unwrap();
    for (i, (outcomes, since)) in [
        (vec![Fail], 1),
        (vec![Fail, Fail, Fail], 1),
        (vec![Fail, Pass, Fail, Fail], 3),
        (vec![Fail, Unknown, Fail], 1),
        (vec![Pass, Unknown, Fail], 3),
        (vec![Pass, Fail, Unknown, Fail], 2),
    ]
    .into_iter()
    .enumerate()
    {
        let days = days(&outcomes);
        let (current, before) = days.split_last().unwrap();
        let history = filled(&folder.path().join(i.to_string()), before);
        let past = history.past(current).unwrap();
        let key = current.states.keys().next().unwrap();
        assert_eq!(past.failing_since[key], format!("2026-11-{since:02}T00:00:00Z").parse().unwrap(), "{outcomes:?}");
        assert_eq!(past.points.len(), days.len());
    }
}

#[test]
fn the_audit_before_is_the_latest_of_an_earlier_moment() {
    use Outcome::{Fail, Pass};
    let folder = tempfile::tempdir().unwrap();
    let all = days(&[Fail, Pass, Fail, Pass]);
    let history = filled(&folder.path().join("h.db"), &all);
    let past = history.past(&all[2]).unwrap();
    let changes = past.changes.unwrap();
    assert_eq!(changes.before, all[1].point.now);
    assert_eq!(changes.changes.iter().map(|c| c.turn).collect::<Vec<_>>(), [Turn::Regressed]);
    assert_eq!(history.past(&all[0]).unwrap().changes, None);
}

#[test]
fn what_is_no_history_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("text");
    fs::write(&text, "not a database, but long enough to be looked at as one".repeat(40)).unwrap();
    let other = folder.path().join("other.db");
    Connection::open(&other).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
    for path in [text, other] {
        let before = fs::read(&path).unwrap();
        assert!(matches!(History::open(&path), Err(HistoryError::NotAHistory(_))));
        assert!(matches!(History::read(&path), Err(HistoryError::NotAHistory(_))));
        assert_eq!(fs::read(&path).unwrap(), before);
    }
    assert!(matches!(History::read(&folder.path().join("none")), Err(HistoryError::Unusable { .. })));
    assert!(matches!(History::open(&folder.path().join("no/folder.db")), Err(HistoryError::Unusable { .. })));
}

#[test]
fn a_newer_history_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("h.db");
    filled(&path, &days(&[Outcome::Fail])).connection.pragma_update(None, "user_version", FORM + 1).unwrap();
    let before = fs::read(&path).unwrap();
    assert!(matches!(History::open(&path), Err(HistoryError::Newer { found: 2, known: 1, .. })));
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_locked_history_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("h.db");
    let mut history = filled(&path, &days(&[Outcome::Fail]));
    history.connection.busy_timeout(Duration::from_millis(10)).unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let day = &days(&[Outcome::Fail, Outcome::Fail])[1];
    assert!(matches!(history.add("x", day), Err(HistoryError::Locked(_))));
    other.execute_batch("ROLLBACK").unwrap();
    assert!(history.add("x", day).unwrap());
}

#[test]
fn a_damaged_history_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("h.db");
    drop(filled(&path, &days(&[Outcome::Fail; 20])));
    let whole = fs::read(&path).unwrap();
    let (mut refused, mut sound) = (0, 0);
    for at in (100..whole.len()).step_by(311) {
        let mut bytes = whole.clone();
        for byte in bytes.iter_mut().skip(at).take(64) {
            *byte ^= 0xff;
        }
        fs::write(&path, &bytes).unwrap();
        // Damage inside a text or a number cannot be seen by SQLite, but it must not be a panic.
        match History::open(&path)
            .and_then(|history| history.points().map(drop).and_then(|()| history.past(&days(&[Outcome::Fail; 21])[20]).map(drop)))
        {
            Ok(()) => sound += 1,
            Err(_) => refused += 1,
        }
        assert_eq!(fs::read(&path).unwrap(), bytes, "at {at}");
    }
    assert!(refused > 10, "{refused} refused, {sound} not seen");
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    assert!(History::open(&path).is_err());
}

#[cfg(unix)]
#[test]
fn a_new_history_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("h.db");
    History::open(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}
