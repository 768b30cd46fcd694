//! The SQLite file: its tables, and what is asked of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Transaction, TransactionBehavior, params};

use super::HistoryError;
use crate::finding::{Outcome, Severity};
use crate::report::past::{Changes, Key, Past, Point, Snapshot, State};

/// `TPRF`, in the file's header.
const APPLICATION: i64 = 0x5450_5246;

/// The form of the tables.
const FORM: i64 = 1;

/// How long another program may hold the file before that is an error.
const PATIENCE: Duration = Duration::from_secs(5);

/// Words are stored once and named by number; a moment is in microseconds since 1970.
const TABLES: &str = "
CREATE TABLE word (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE scan (
    id INTEGER PRIMARY KEY,
    digest TEXT NOT NULL UNIQUE,
    now TEXT NOT NULL,
    moment INTEGER NOT NULL,
    result TEXT NOT NULL,
    pass INTEGER NOT NULL,
    fail INTEGER NOT NULL,
    unknown INTEGER NOT NULL,
    not_applicable INTEGER NOT NULL,
    waived INTEGER NOT NULL,
    coverage INTEGER,
    score INTEGER,
    accounts TEXT NOT NULL,
    policies TEXT NOT NULL,
    interrupted INTEGER NOT NULL
) STRICT;
CREATE TABLE finding (
    scan INTEGER NOT NULL REFERENCES scan (id),
    policy INTEGER NOT NULL REFERENCES word (id),
    subject INTEGER NOT NULL REFERENCES word (id),
    account INTEGER NOT NULL REFERENCES word (id),
    name INTEGER NOT NULL REFERENCES word (id),
    message INTEGER NOT NULL REFERENCES word (id),
    outcome INTEGER NOT NULL,
    severity INTEGER NOT NULL,
    waived INTEGER NOT NULL,
    PRIMARY KEY (policy, subject, scan)
) STRICT, WITHOUT ROWID;
CREATE INDEX finding_of_scan ON finding (scan);
CREATE INDEX scan_in_time ON scan (moment);
";

const OUTCOMES: [Outcome; 4] = [Outcome::Fail, Outcome::Unknown, Outcome::Pass, Outcome::NotApplicable];

/// An open history.
#[derive(Debug)]
pub struct History {
    path: PathBuf,
    connection: Connection,
}

impl History {
    /// Opens the file, and makes it where there is none.
    ///
    /// # Errors
    /// A file that is not a history, a newer one, a damaged one, a locked one, or a folder that cannot be written.
    pub fn open(path: &Path) -> Result<History, HistoryError> {
        let is_new = std::fs::metadata(path).map_or(true, |file| file.len() == 0);
        if is_new {
            private(path)?;
        }
        let history = Self::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        if is_new {
            history.tried(history.make())?;
        }
        history.check()?;
        Ok(history)
    }

    /// Opens a file that is there, to be read alone.
    ///
    /// # Errors
    /// As [`History::open`], and where there is no file.
    pub fn read(path: &Path) -> Result<History, HistoryError> {
        let history = Self::connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        history.check()?;
        Ok(history)
    }

    fn connect(path: &Path, flags: OpenFlags) -> Result<History, HistoryError> {
        let unusable = |source| HistoryError::Unusable { path: path.into(), source };
        let connection = Connection::open_with_flags(path, flags).map_err(unusable)?;
        let history = History { path: path.into(), connection };
        history.tried(history.connection.busy_timeout(PATIENCE))?;
        history.tried(history.connection.pragma_update(None, "foreign_keys", true))?;
        // Views and triggers of a foreign file do nothing here.
        history.tried(history.connection.pragma_update(None, "trusted_schema", false))?;
        Ok(history)
    }

    fn make(&self) -> rusqlite::Result<()> {
        let transaction = Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?;
        // Another run may have been faster.
        if transaction.pragma_query_value(None, "application_id", |row| row.get::<_, i64>(0))? != APPLICATION {
            transaction.execute_batch(TABLES)?;
            transaction.pragma_update(None, "application_id", APPLICATION)?;
            transaction.pragma_update(None, "user_version", FORM)?;
        }
        transaction.commit()
    }

    fn check(&self) -> Result<(), HistoryError> {
        let pragma = |name: &str| self.connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        if self.tried(pragma("application_id"))? != APPLICATION {
            return Err(HistoryError::NotAHistory(self.path.clone()));
        }
        let found = self.tried(pragma("user_version"))?;
        if found > FORM {
            return Err(HistoryError::Newer { path: self.path.clone(), found, known: FORM });
        }
        let sound: String = self.tried(self.connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)))?;
        if sound == "ok" { Ok(()) } else { Err(HistoryError::Damaged { path: self.path.clone(), what: sound }) }
    }

    /// SQLite's error as one of ours.
    fn tried<T>(&self, result: rusqlite::Result<T>) -> Result<T, HistoryError> {
        result.map_err(|source| {
            let path = self.path.clone();
            match source.sqlite_error_code() {
                Some(ErrorCode::NotADatabase) => HistoryError::NotAHistory(path),
                Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => HistoryError::Locked(path),
                Some(ErrorCode::DatabaseCorrupt) => HistoryError::Damaged { path, what: source.to_string() },
                Some(_) => HistoryError::Unusable { path, source },
                None => HistoryError::Damaged { path, what: source.to_string() },
            }
        })
    }

    /// Adds an audit, known by the SHA-256 of its `report.json`. One that is there already is left as it is.
    ///
    /// # Errors
    /// A file that cannot be written; nothing of the audit is there then.
    pub fn add(&mut self, digest: &str, snapshot: &Snapshot) -> Result<bool, HistoryError> {
        let result = Self::insert(&mut self.connection, digest, snapshot);
        self.tried(result)
    }

    fn insert(connection: &mut Connection, digest: &str, snapshot: &Snapshot) -> rusqlite::Result<bool> {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let point = &snapshot.point;
        let added = transaction.execute(
            "INSERT INTO scan (digest, now, moment, result, pass, fail, unknown, not_applicable, waived, coverage, accounts, policies,
                 interrupted, score) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14) ON CONFLICT (digest) DO NOTHING",
            params![
                digest,
                point.now.to_string(),
                moment(point.now),
                point.result,
                point.pass,
                point.fail,
                point.unknown,
                point.not_applicable,
                point.waived,
                point.coverage,
                joined(&snapshot.accounts),
                joined(&snapshot.policies),
                point.interrupted,
                point.score,
            ],
        )?;
        if added == 0 {
            return Ok(false);
        }
        let scan = transaction.last_insert_rowid();
        {
            let mut known: BTreeMap<String, i64> = BTreeMap::new();
            let mut word = |text: &str| -> rusqlite::Result<i64> {
                if let Some(id) = known.get(text) {
                    return Ok(*id);
                }
                transaction
                    .prepare_cached("INSERT INTO word (text) VALUES (?1) ON CONFLICT (text) DO NOTHING")?
                    .execute([text])?;
                let id =
                    transaction.prepare_cached("SELECT id FROM word WHERE text = ?1")?.query_row([text], |row| row.get(0))?;
                known.insert(text.to_string(), id);
                Ok(id)
            };
            for (key, state) in &snapshot.states {
                let words =
                    (word(&key.policy)?, word(&key.subject)?, word(&state.account)?, word(&state.name)?, word(&state.message)?);
                transaction
                    .prepare_cached(
                        "INSERT INTO finding (scan, policy, subject, account, name, message, outcome, severity, waived)
                             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                    )?
                    .execute(params![
                        scan,
                        words.0,
                        words.1,
                        words.2,
                        words.3,
                        words.4,
                        state.outcome as i64,
                        state.severity as i64,
                        state.waived,
                    ])?;
            }
        }
        transaction.commit()?;
        Ok(true)
    }

    /// Every audit in order of time.
    ///
    /// # Errors
    /// A damaged or locked file.
    pub fn points(&self) -> Result<Vec<Point>, HistoryError> {
        self.tried(self.scans("1 = 1", i64::MAX).map(|scans| scans.into_iter().map(|(_, point)| point).collect()))
    }

    /// What is known of the audits before this one, which need not be in the history itself. Only audits of earlier moments count.
    ///
    /// # Errors
    /// A damaged or locked file.
    pub fn past(&self, current: &Snapshot) -> Result<Past, HistoryError> {
        let result = || -> rusqlite::Result<Past> {
            let scans = self.scans("moment < ?1", moment(current.point.now))?;
            let before = scans.last().map(|(id, point)| self.snapshot(*id, point)).transpose()?;
            let points = scans.into_iter().map(|(_, point)| point).chain([current.point.clone()]).collect();
            let changes = before.map(|before| Changes::between(&before, current));
            Ok(Past { points, changes, failing_since: self.failing_since(current)? })
        };
        self.tried(result())
    }

    /// Audits for which the condition holds, in order of time.
    fn scans(&self, condition: &str, before: i64) -> rusqlite::Result<Vec<(i64, Point)>> {
        let sql = format!(
            "SELECT id, now, result, pass, fail, unknown, not_applicable, waived, coverage, accounts, interrupted, score FROM scan
                 WHERE {condition} AND ?1 = ?1 ORDER BY moment, id"
        );
        let mut statement = self.connection.prepare(&sql)?;
        let rows = statement.query_map([before], |row| {
            let now: String = row.get(1)?;
            let accounts: String = row.get(9)?;
            let point = Point {
                now: now.parse().map_err(|_| damaged(1))?,
                result: row.get(2)?,
                pass: row.get(3)?,
                fail: row.get(4)?,
                unknown: row.get(5)?,
                not_applicable: row.get(6)?,
                waived: row.get(7)?,
                coverage: row.get(8)?,
                accounts: split(&accounts).len(),
                interrupted: row.get(10)?,
                score: row.get(11)?,
            };
            Ok((row.get(0)?, point))
        })?;
        rows.collect()
    }

    fn snapshot(&self, scan: i64, point: &Point) -> rusqlite::Result<Snapshot> {
        let lists = "SELECT accounts, policies FROM scan WHERE id = ?1";
        let (accounts, policies): (String, String) =
            self.connection.query_row(lists, [scan], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut statement = self.connection.prepare(
            "SELECT p.text, s.text, a.text, n.text, m.text, f.outcome, f.severity, f.waived FROM finding f
                 JOIN word p ON p.id = f.policy JOIN word s ON s.id = f.subject JOIN word a ON a.id = f.account
                 JOIN word n ON n.id = f.name JOIN word m ON m.id = f.message WHERE f.scan = ?1",
        )?;
        let states = statement.query_map([scan], |row| {
            let state = State {
                outcome: outcome(row.get(5)?).ok_or_else(|| damaged(5))?,
                severity: severity(row.get(6)?).ok_or_else(|| damaged(6))?,
                waived: row.get(7)?,
                account: row.get(2)?,
                name: row.get(3)?,
                message: row.get(4)?,
            };
            Ok((Key { policy: row.get(0)?, subject: row.get(1)? }, state))
        })?;
        Ok(Snapshot {
            point: point.clone(),
            policies: split(&policies),
            accounts: split(&accounts),
            states: states.collect::<rusqlite::Result<_>>()?,
        })
    }

    /// For each fail of the audit: the first fail after the last pass, of those audits that are not later.
    fn failing_since(&self, current: &Snapshot) -> rusqlite::Result<BTreeMap<Key, Timestamp>> {
        let mut statement = self.connection.prepare(
            "WITH told AS (
                 SELECT s.moment, s.now, f.outcome FROM finding f JOIN scan s ON s.id = f.scan
                 WHERE f.policy = (SELECT id FROM word WHERE text = ?1) AND f.subject = (SELECT id FROM word WHERE text = ?2)
                     AND s.moment < ?3)
             SELECT now FROM told WHERE outcome = ?4
                 AND moment > ifnull((SELECT max(moment) FROM told WHERE outcome IN (?5, ?6)), -9223372036854775808)
             ORDER BY moment LIMIT 1",
        )?;
        let mut since = BTreeMap::new();
        for (key, _) in current.states.iter().filter(|(_, state)| state.outcome == Outcome::Fail) {
            let asked = params![
                key.policy,
                key.subject,
                moment(current.point.now),
                Outcome::Fail as i64,
                Outcome::Pass as i64,
                Outcome::NotApplicable as i64,
            ];
            let first: Option<String> = statement.query_row(asked, |row| row.get(0)).optional()?;
            let first = first.map(|now| now.parse().map_err(|_| damaged(0))).transpose()?;
            since.insert(key.clone(), first.unwrap_or(current.point.now));
        }
        Ok(since)
    }
}

/// Makes the file for the owner alone; what it tells is nobody else's business.
fn private(path: &Path) -> Result<(), HistoryError> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let made = options.open(path).map(drop);
    made.map_err(|e| HistoryError::Unusable { path: path.into(), source: rusqlite::Error::ToSqlConversionFailure(Box::new(e)) })
}

fn damaged(column: usize) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, "a value that is none of ours".into())
}

fn moment(now: Timestamp) -> i64 {
    now.as_microsecond()
}

fn outcome(number: i64) -> Option<Outcome> {
    OUTCOMES.into_iter().find(|o| *o as i64 == number)
}

fn severity(number: i64) -> Option<Severity> {
    Severity::ALL.into_iter().find(|s| *s as i64 == number)
}

fn joined(words: &BTreeSet<String>) -> String {
    words.iter().map(String::as_str).collect::<Vec<_>>().join("\n")
}

fn split(text: &str) -> BTreeSet<String> {
    text.lines().filter(|line| !line.is_empty()).map(str::to_string).collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests;
