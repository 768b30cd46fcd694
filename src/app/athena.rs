//! `trailproof athena-ddl`: the tables by which Athena finds the log files of the trails that were read. Nothing is run.

use std::collections::BTreeSet;
use std::path::PathBuf;

use jiff::Timestamp;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior};
use serde::Serialize;
use serde_json::json;

use super::terminal::Terminal;
use super::{Exit, Refusal, inputs};
use crate::cli::Athena;
use crate::inventory::code::is_placeholder;
use crate::inventory::{Fact, Inventory, Trail};
use crate::report::foreign;

/// One table, whose names are plain: what would need quoting in SQL or in a template of partitions is refused before.
#[derive(Debug, Serialize)]
struct Table {
    name: String,
    about: String,
    notes: Vec<String>,
    /// Where every file of the table lies below.
    root: String,
    /// The same with a place for each partition.
    template: String,
    /// The accounts that deliver, where they are a partition: those of an organization's trail.
    accounts: Option<Vec<String>>,
    regions: Vec<String>,
}

pub(super) fn run(asked: &Athena, terminal: &Terminal) -> Result<Exit, Refusal> {
    let inventory = inputs::saved(&asked.paths, terminal)?;
    let (mut tables, mut left_out) = (Vec::new(), Vec::new());
    for trail in &inventory.trails {
        match table(&inventory, trail) {
            Ok(table) => tables.push(table),
            Err(why) => left_out.push(format!("trail {} has no table: {why}", trail.name)),
        }
    }
    for line in &left_out {
        terminal.note(&format!("note: {}", foreign::line(line)));
    }
    if tables.is_empty() {
        let shown: Vec<String> = asked.paths.iter().map(|p: &PathBuf| p.display().to_string()).collect();
        return Err(Refusal::new(format!("no trail in {} tells where its log files lie", shown.join(", ")))
            .hint("scan the account with a role that may call cloudtrail:DescribeTrails"));
    }
    name_apart(&mut tables);
    let since = asked.since.map_or_else(|| year_before(inventory.scope.ended), |day| day.strftime("%Y/%m/%d").to_string());
    let text = render(&tables, asked.database.as_deref(), &since)?;
    terminal.print(&text);
    Ok(if left_out.is_empty() { Exit::Good } else { Exit::Unknown })
}

fn year_before(end: Timestamp) -> String {
    let day = end.to_zoned(jiff::tz::TimeZone::UTC).date();
    day.saturating_sub(jiff::Span::new().years(1)).strftime("%Y/%m/%d").to_string()
}

fn render(tables: &[Table], database: Option<&str>, since: &str) -> Result<String, Refusal> {
    if let Some(name) = database.filter(|name| !is_name(name)) {
        return Err(Refusal::new(format!("`{name}` is not the name of a database"))
            .hint("names have small letters, digits and underscores"));
    }
    let failed = |e: minijinja::Error| Refusal::new(format!("the tables could not be written: {e}"));
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.add_template("table.sql", include_str!("../../templates/athena/table.sql")).map_err(failed)?;
    let database = database.map_or(String::new(), |name| format!("`{name}`."));
    let view = json!({"tables": tables, "database": database, "since": since});
    environment.get_template("table.sql").and_then(|template| template.render(Serde(view))).map_err(failed)
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// # Errors
/// Why there is none, in words.
fn table(inventory: &Inventory, trail: &Trail) -> Result<Table, String> {
    let bucket = known(&trail.bucket, "its bucket")?.0.clone();
    let prefix = known(&trail.s3_key_prefix, "the prefix of its files")?.clone();
    let is_organization = *known(&trail.is_organization, "whether it is an organization's")?;
    let plain = |text: &str, more: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c));
    if is_placeholder(&bucket) || !plain(&bucket, ".-_") {
        return Err("the name of its bucket is open, or holds what no bucket's name does".into());
    }
    if prefix.as_deref().is_some_and(|prefix| !plain(prefix, "/.-_=+@")) {
        return Err("the prefix of its files holds signs that a table's location cannot".into());
    }
    let mut root = format!("s3://{bucket}/");
    root.push_str(&prefix.map_or(String::new(), |prefix| format!("{}/", prefix.trim_end_matches('/'))));
    root.push_str("AWSLogs/");
    let owner = &trail.owner_account;
    let (accounts, mut notes) = match is_organization {
        false => (None, Vec::new()),
        true => members(inventory, owner)?,
    };
    let folder = match &accounts {
        None => {
            root.push_str(&format!("{owner}/CloudTrail/"));
            root.clone()
        }
        Some((id, _)) => {
            root.push_str(&format!("{id}/"));
            format!("{root}${{account}}/CloudTrail/")
        }
    };
    let regions = regions(inventory, trail, &mut notes);
    let about = match is_organization {
        true => format!("Log files of organization trail {} of account {owner}", safe(&trail.name)),
        false => format!("Log files of trail {} of account {owner}", safe(&trail.name)),
    };
    notes.push("Files of digests, Insights and network activity lie elsewhere, and are not in it.".into());
    Ok(Table {
        name: format!("cloudtrail_{}", named(&trail.name)),
        about,
        notes,
        root,
        template: format!("{folder}${{region}}/${{day}}"),
        accounts: accounts.map(|(_, accounts)| accounts),
        regions,
    })
}

fn known<'a, T>(fact: &'a Fact<T>, what: &str) -> Result<&'a T, String> {
    fact.known().ok_or_else(|| match fact.gap() {
        Some(gap) => format!("{what} is not known: {}", gap.message),
        None => format!("{what} is not known"),
    })
}

type Members = (Option<(String, Vec<String>)>, Vec<String>);

/// The organization's id and its accounts, and what is to be said of them.
fn members(inventory: &Inventory, owner: &str) -> Result<Members, String> {
    let account =
        inventory.account(owner).ok_or("the account that owns it was not read, so that its organization is not known")?;
    let organization = known(&account.organization, "its organization")?.as_ref().ok_or("its owner is in no organization")?;
    let seen = inventory.accounts.iter().map(|account| account.id.clone());
    let (members, complete) = match inventory.organization(&organization.0) {
        Some(organization) => {
            (organization.members.items.iter().map(|m| m.id.clone()).collect(), organization.members.is_complete())
        }
        None => (Vec::new(), false),
    };
    let accounts: BTreeSet<String> = members.into_iter().chain(seen).chain([owner.to_string()]).collect();
    let mut notes = Vec::new();
    if !complete {
        notes.push("The members of the organization could not all be listed: add accounts that are missing below.".into());
    }
    Ok((Some((organization.0.clone(), accounts.into_iter().collect())), notes))
}

/// The Regions that a trail delivers from: those of all accounts that it records in.
fn regions(inventory: &Inventory, trail: &Trail, notes: &mut Vec<String>) -> Vec<String> {
    if matches!(trail.is_multi_region, Fact::Known { value: false, .. }) {
        return vec![trail.home_region.clone()];
    }
    let recorded = inventory.accounts.iter().filter(|a| a.trails.items.iter().any(|t| t.0 == trail.arn));
    let mut all: BTreeSet<String> = BTreeSet::from([trail.home_region.clone()]);
    let mut complete = true;
    for account in recorded {
        complete &= account.regions.is_complete();
        all.extend(account.regions.items.iter().filter(|r| !is_placeholder(r)).cloned());
    }
    if !complete || !inventory.scope.regions_asked.is_empty() {
        notes.push("Not every Region was read: add Regions that are missing below.".into());
    }
    all.into_iter().collect()
}

/// A name as part of a comment: on one line, and without an end.
fn safe(name: &str) -> String {
    foreign::line(name).replace('\n', " ")
}

/// A name as part of a table's.
fn named(name: &str) -> String {
    let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect();
    plain.chars().take(100).collect()
}

/// Two trails of one name have tables of two.
fn name_apart(tables: &mut [Table]) {
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for table in tables {
        let base = table.name.clone();
        let mut n = 1;
        while !seen.insert(table.name.clone()) {
            n += 1;
            table.name = format!("{base}_{n}");
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::app::cases::Given;

    fn tables(given: &str) -> Vec<Result<Table, String>> {
        let given: Given = serde_json::from_str(given).unwrap();
        let inventory = given.inventory().unwrap();
        inventory.trails.iter().map(|trail| table(&inventory, trail)).collect()
    }

    const ARN: &str = "arn:aws:cloudtrail:us-east-1:111122223333:trail/Main-1";

    #[test]
    fn an_accounts_trail_lies_in_its_own_folder() {
        let all = tables(&format!(
            r#"{{"accounts": [{{"id": "111122223333", "regions": ["eu-west-1", "us-east-1"]}}],
                "trails": [{{"arn": "{ARN}", "bucket": "logs", "s3_key_prefix": "ct"}}]}}"#
        ));
        let table = all[0].as_ref().unwrap();
        assert_eq!(table.name, "cloudtrail_main_1");
        assert_eq!(table.root, "s3://logs/ct/AWSLogs/111122223333/CloudTrail/");
        assert_eq!(table.template, "s3://logs/ct/AWSLogs/111122223333/CloudTrail/${region}/${day}");
        assert_eq!(table.regions, ["eu-west-1", "us-east-1"]);
        assert!(table.accounts.is_none());
    }

    #[test]
    fn an_organizations_trail_has_a_folder_an_account() {
        let all = tables(&format!(
            r#"{{"accounts": [{{"id": "111122223333", "organization": "o-acme"}}],
                "organizations": [{{"id": "o-acme", "members": [{{"id": "111122223333"}}, {{"id": "444455556666"}}]}}],
                "trails": [{{"arn": "{ARN}", "bucket": "logs", "is_organization": true}}]}}"#
        ));
        let table = all[0].as_ref().unwrap();
        assert_eq!(table.template, "s3://logs/AWSLogs/o-acme/${account}/CloudTrail/${region}/${day}");
        assert_eq!(table.accounts.as_deref().unwrap(), ["111122223333", "444455556666"]);
        let text = render(std::slice::from_ref(table), Some("audit"), "2025/01/01").unwrap();
        assert!(text.contains("CREATE EXTERNAL TABLE IF NOT EXISTS `audit`.`cloudtrail_main_1` ("), "{text}");
        assert!(text.contains("'projection.account.values' = '111122223333,444455556666',\n"), "{text}");
    }

    #[test]
    fn what_is_not_known_or_could_leave_its_place_has_no_table() {
        for (trail, why) in [
            (r#""bucket": {"unknown": "denied"}"#, "its bucket is not known"),
            (r#""bucket": "logs", "s3_key_prefix": "a'); DROP TABLE x; --""#, "signs that"),
            (r#""bucket": "logs", "s3_key_prefix": "${account}""#, "signs that"),
            (r#""bucket": "logs", "is_organization": true"#, "in no organization"),
        ] {
            let all = tables(&format!(r#"{{"trails": [{{"arn": "{ARN}", {trail}}}]}}"#));
            let said = all[0].as_ref().unwrap_err();
            assert!(said.contains(why), "{said}");
        }
        assert!(render(&[], Some("a`b"), "2025/01/01").is_err());
    }
}
