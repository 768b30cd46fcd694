//! Markdown as GitHub has it, for a comment or a job's summary: below 65,536 characters, and it says what it leaves out.
//!
//! Foreign text stands in code spans: there nothing is a link, a mention, HTML or a table's border.

use super::Written;
use super::entry::{Entry, entries, standard, waiver_words};
use super::shape::{clip, line, prose};
use super::spot::Standing;
use super::verdict::Verdict;
use crate::finding::Severity;
use crate::report::{Report, RequirementStatus, wording};

/// Characters that GitHub takes are 65,536; bytes are never fewer.
const LIMIT: usize = 65_000;

/// The heading over what a baseline holds.
const KNOWN: &str = "Known since the baseline, which is no waiver";

/// Bytes that a section may take before rows are left out.
const SECTION: usize = 14_000;

/// One page.
pub fn write(report: &Report) -> Written {
    let entries = entries(report);
    let mut page = Page::default();
    page.line("# Trailproof audit");
    page.line("");
    page.line(&format!("**{}**", escaped(&prose(&report.result, 500, "no result"))));
    if report.collected.synthetic {
        page.line("");
        page.line("The data is synthetic: made up for a demonstration.");
    }
    if report.collected.interrupted {
        page.line("");
        page.line("The scan was interrupted: what was not asked is unknown.");
    }
    page.line("");
    page.line(&format!("- Accounts: {}", escaped(&report.population.accounts_line())));
    page.line(&format!("- Enabled Regions: {}", escaped(&report.population.regions_line())));
    page.line(&format!("- Read: {}", wording::span(report.collected.started, report.collected.ended)));
    let version = code(&report.tool.version, 64);
    page.line(&format!("- Judged for: {}, by Trailproof {version}", wording::moment(report.now)));
    page.table("Outcomes", &["Outcome", "Critical", "High", "Medium", "Low", "Info", "All"], outcomes(&entries));
    page.table("Requirements that are not met", &["Framework", "Requirement", "What it asks", "Why"], requirements(report));
    // Code has a place, and of its account no more than a placeholder.
    let at = if report.code.is_some() { "Where" } else { "Account" };
    page.table(
        "Fails",
        &["Severity", "Policy", "Subject", at, "What is so"],
        findings(&entries, &[Verdict::Fail, Verdict::Lapsed]),
    );
    page.table("Not known", &["Severity", "Policy", "Subject", at, "What is so"], findings(&entries, &[Verdict::Unknown]));
    page.table(KNOWN, &["Severity", "Policy", "Subject", at, "What is so"], findings(&entries, &[Verdict::Known]));
    page.table("Waived", &["Severity", "Policy", "Subject", at, "Waiver"], findings(&entries, &[Verdict::Waived]));
    page.line("");
    page.line("The whole is in `report.html` and `report.json`.");
    Written { text: page.text, notes: page.notes }
}

#[derive(Default)]
struct Page {
    text: String,
    notes: Vec<String>,
}

impl Page {
    fn line(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push('\n');
    }

    /// A section with a table; none where it would be empty. Rows that do not fit are counted.
    fn table(&mut self, title: &str, columns: &[&str], rows: Vec<Vec<String>>) {
        if rows.is_empty() {
            return;
        }
        let (all, mut shown, mut bytes) = (rows.len(), 0, 0);
        self.line("");
        self.line(&format!("## {title}"));
        self.line("");
        self.line(&format!("| {} |", columns.join(" | ")));
        self.line(&format!("|{}", " --- |".repeat(columns.len())));
        for row in &rows {
            let row = format!("| {} |", row.join(" | "));
            bytes += row.len() + 1;
            if bytes > SECTION || self.text.len() + row.len() > LIMIT - 2_000 {
                break;
            }
            self.line(&row);
            shown += 1;
        }
        if shown < all {
            let left = wording::count(all - shown);
            self.line("");
            self.line(&format!("Left out here: {left} of {} rows.", wording::count(all)));
            self.notes.push(format!("the Markdown page leaves out {left} of {} rows of \"{title}\"", wording::count(all)));
        }
    }
}

fn outcomes(entries: &[Entry<'_>]) -> Vec<Vec<String>> {
    let all = [
        Verdict::Fail,
        Verdict::Lapsed,
        Verdict::Known,
        Verdict::Waived,
        Verdict::Unknown,
        Verdict::Pass,
        Verdict::NotApplicable,
    ];
    let optional = [Verdict::Lapsed, Verdict::Known, Verdict::Waived];
    all.into_iter()
        .filter_map(|verdict| {
            let mine = || entries.iter().filter(move |e| e.verdict == verdict);
            let count = |severity: Severity| mine().filter(|e| e.finding.severity == severity).count();
            let total = mine().count();
            let mut row = vec![verdict.words().word.to_string()];
            row.extend(Severity::ALL.iter().map(|s| wording::count(count(*s))));
            row.push(wording::count(total));
            (total > 0 || !optional.contains(&verdict)).then_some(row)
        })
        .collect()
}

fn requirements(report: &Report) -> Vec<Vec<String>> {
    let rows = report.frameworks.iter().flat_map(|f| f.requirements.iter().map(move |r| (f, r)));
    rows.filter(|(_, r)| r.status == RequirementStatus::NotMet)
        .map(|(framework, requirement)| {
            vec![
                escaped(&line(&standard(framework), 100, "-")),
                code(&requirement.id, 64),
                escaped(&prose(&requirement.title, 200, "-")),
                escaped(&prose(&requirement.because, 200, "-")),
            ]
        })
        .collect()
}

fn findings(entries: &[Entry<'_>], verdicts: &[Verdict]) -> Vec<Vec<String>> {
    let mine = entries.iter().filter(|e| verdicts.contains(&e.verdict));
    mine.map(|entry| {
        let finding = entry.finding;
        let said = match (&finding.waiver, entry.verdict) {
            (Some(waiver), Verdict::Waived) => waiver_words(waiver),
            _ => entry.story(),
        };
        vec![
            finding.severity.label().to_string(),
            code(&finding.policy, 100),
            code(&finding.subject.name, 200),
            Standing::of(finding).map_or_else(|| code(&finding.subject.account, 64), |stands| stands_at(&stands)),
            code(&said, 400),
        ]
    })
    .collect()
}

/// Where the finding stands, and what has a part in it.
fn stands_at(stands: &Standing) -> String {
    let beside = stands.related();
    let more = match beside.len() {
        0 => String::new(),
        _ => format!(", beside {}", code(&beside.join(", "), 200)),
    };
    format!("{}{more}", code(&stands.text(), 200))
}

/// Foreign text as a code span in a cell: a fence longer than every run of backticks inside.
fn code(text: &str, limit: usize) -> String {
    let shown = clip(&prose(text, limit, "-"), limit);
    let longest = shown.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    let pad = if shown.starts_with('`') || shown.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{}{pad}{fence}", border_free(&shown))
}

/// A bar ends a cell unless a backslash stands before it, even in a code span; a backslash before it would undo that.
fn border_free(text: &str) -> String {
    text.replace("\\|", "\\\u{a6}").replace('|', "\\|")
}

/// Our own words and those of policies and frameworks, as text: whatever Markdown would read as more is escaped.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '~' | '!' | '$' => out.extend(['\\', c]),
            '&' => out.push_str("&amp;"),
            // A mention, and the sign after which an address becomes a link.
            '@' => out.push_str("(at)"),
            ':' => out.push_str("&#58;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_spans_hold_what_they_hold() {
        assert_eq!(code("a|b", 50), "`a\\|b`");
        assert_eq!(code("`x``", 50), "``` `x`` ```");
        assert_eq!(code("<b>@team", 50), "`<b>@team`");
        assert_eq!(code("", 50), "`-`");
    }

    #[test]
    fn text_is_only_text() {
        assert_eq!(escaped("<b> *x* @a"), "\\<b\\> \\*x\\* (at)a");
    }
}
