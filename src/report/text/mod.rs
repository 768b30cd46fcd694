//! The terminal summary: what an engineer wants to know first, in plain lines.
//!
//! It knows neither where the report's files are nor what kind of terminal it is: width and colour are given.

mod baseline;
mod drift;
mod paper;
mod past;
mod waivers;

use super::{Cause, CodeView, GapView, Report, foreign, wording};
use crate::finding::{Finding, Outcome, Severity};
pub use drift::drift;
use paper::{Ink, Paper};
pub use past::{changes, points, since};

/// Findings of one policy that are listed; the rest is counted.
const FINDINGS_PER_POLICY: usize = 10;

/// Accounts that are named, and causes that kept the audit from accounts and Regions.
const ACCOUNTS: usize = 5;
const CAUSES: usize = 5;

/// Gaps that are listed; the rest is counted.
const GAPS: usize = 20;

/// How the summary is written.
#[derive(Clone, Copy, Debug)]
pub struct TextOptions {
    /// ANSI colours. The words say the same without them.
    pub color: bool,
    /// Columns; lines are wrapped to them. Less than 40 counts as 40.
    pub width: usize,
    /// The facts read, the passes, and every finding too.
    pub verbose: bool,
    /// The result line alone.
    pub quiet: bool,
}

/// The summary, with a final newline.
pub fn write(report: &Report, options: &TextOptions) -> String {
    let mut paper = Paper::new(options.width, options.color);
    if options.quiet {
        paper.only(&foreign::prose(&report.result));
        return paper.into_text();
    }
    header(&mut paper, report);
    waivers::alarms(&mut paper, report);
    fails(&mut paper, report, options);
    unknowns(&mut paper, report, options);
    if options.verbose {
        rest(&mut paper, report, options);
    }
    frameworks(&mut paper, report);
    waivers::register(&mut paper, report, options.verbose);
    baseline::entries(&mut paper, report, options.verbose);
    counts(&mut paper, report);
    paper.into_text()
}

fn header(paper: &mut Paper, report: &Report) {
    paper.line(Ink::Bold, &foreign::line(&format!("{} {}", report.tool.name, report.tool.version)));
    if report.collected.synthetic {
        paper.line(Ink::Unknown, "SYNTHETIC DATA: made up for a demonstration, read in no account that exists");
    }
    if report.collected.interrupted {
        paper.line(Ink::Unknown, "INTERRUPTED: the run was stopped before it had asked everything");
    }
    let population = &report.population;
    let names: Vec<String> = population
        .accounts
        .iter()
        .take(ACCOUNTS)
        .map(|account| match account.name() {
            Some(name) => format!("{} ({})", foreign::line(&account.scope.id), foreign::line(name)),
            None => foreign::line(&account.scope.id),
        })
        .collect();
    let more = population.accounts.len().saturating_sub(names.len());
    let mut accounts = names.join(", ");
    if more > 0 {
        accounts.push_str(&format!(" and {} more", wording::count(more)));
    }
    if population.accounts_reached < population.accounts.len() {
        accounts.push_str(&format!("; {}", population.accounts_line()));
    }
    paper.pair("accounts", &accounts);
    // Code names no Regions to be read.
    if report.code.is_none() || population.regions_asked > 0 {
        paper.pair("Regions", &population.regions_line());
    }
    for cause in population.causes.iter().take(CAUSES) {
        not_reached(paper, cause);
    }
    if population.causes.len() > CAUSES {
        paper.pair("", &format!("and {} more: see the report", wording::counted(population.causes.len() - CAUSES, "cause")));
    }
    if population.outside() > 0 {
        let outside = wording::counted(population.outside(), "account");
        paper.pair("outside", &format!("{outside} of the organization not asked for"));
    }
    if let Some(code) = &report.code {
        of_code(paper, code);
    }
    paper.pair("read", &wording::read(&report.collected));
    paper.gap();
    paper.line(Ink::Bold, &foreign::prose(&report.result));
}

/// What of the code is known, and what the plan changes.
fn of_code(paper: &mut Paper, code: &CodeView) {
    for file in &code.files {
        let by = file.written_by.as_ref().map(|by| format!(", {}", foreign::line(by))).unwrap_or_default();
        let resources = wording::counted(file.resources, "resource");
        paper.pair("code", &format!("{}: {}{by}, {resources}", foreign::line(&file.path), foreign::line(&file.kind)));
    }
    paper.pair("values", &code.leaves.line());
    for reason in code.leaves.reasons.iter().take(CAUSES) {
        paper.pair("", &format!("{}: {}", wording::counted(reason.leaves, "value"), foreign::line(&reason.message)));
    }
    if let Some(change) = &code.change {
        paper.pair("change", &change.line());
        for moved in change.introduced.iter().take(FINDINGS_PER_POLICY) {
            paper.pair("", &format!("introduced: {} on {}", foreign::line(&moved.policy), foreign::line(&moved.subject)));
        }
    }
    for note in &code.notes {
        paper.pair("note", &foreign::prose(note));
    }
}

fn not_reached(paper: &mut Paper, cause: &Cause) {
    let mut what = Vec::new();
    if let [only] = &cause.accounts[..] {
        what.push(format!("account {}", foreign::line(only)));
    } else if !cause.accounts.is_empty() {
        what.push(wording::counted(cause.accounts.len(), "account"));
    }
    if cause.regions > 0 {
        what.push(wording::counted(cause.regions, "Region"));
    }
    let remedy = cause.remedy.as_ref().map(|remedy| format!("; {}", foreign::prose(remedy))).unwrap_or_default();
    paper.pair("not read", &format!("{}: {}{remedy}", what.join(", "), foreign::line(&cause.label)));
}

fn fails(paper: &mut Paper, report: &Report, options: &TextOptions) {
    for severity in Severity::ALL {
        let group: Vec<&Finding> =
            report.findings.iter().filter(|finding| finding.outcome == Outcome::Fail && finding.severity == severity).collect();
        if group.is_empty() {
            continue;
        }
        let ink = if severity >= Severity::High { Ink::Fail } else { Ink::Bold };
        paper.heading(ink, &format!("{} ({})", severity.label(), wording::count(group.len())));
        findings(paper, report, &group, options);
    }
}

/// Lists findings, of each policy no more than fit a screen.
fn findings(paper: &mut Paper, report: &Report, group: &[&Finding], options: &TextOptions) {
    for of_policy in group.chunk_by(|a, b| a.policy == b.policy) {
        let listed = if options.verbose { of_policy.len() } else { FINDINGS_PER_POLICY };
        // What was there already is no news, and hides none.
        let (known, news): (Vec<&Finding>, Vec<&Finding>) = of_policy.iter().partition(|finding| finding.is_known());
        for finding in news.into_iter().chain(known).take(listed) {
            entry(paper, report, finding, options);
        }
        if of_policy.len() > listed {
            let more = wording::count(of_policy.len() - listed);
            paper.text(4, &format!("and {more} more of {}: see the report", foreign::line(&finding_policy(of_policy))));
        }
    }
}

fn finding_policy(group: &[&Finding]) -> String {
    group.first().map(|finding| finding.policy.clone()).unwrap_or_default()
}

fn entry(paper: &mut Paper, report: &Report, finding: &Finding, options: &TextOptions) {
    let (symbol, ink) = mark(finding.outcome);
    let subject = &finding.subject;
    let named = format!("{}: {} {}", foreign::line(&finding.policy), foreign::line(&subject.kind), foreign::line(&subject.name));
    let aside = match (finding.is_waived(), finding.is_known()) {
        (true, _) => ", waived",
        (false, true) => ", known",
        (false, false) => "",
    };
    paper.marked(ink, &format!("{symbol} {}{aside}", finding.outcome.label()), &named);
    if let Some(place) = finding.place() {
        paper.text(6, &foreign::line(&wording::place(&place)));
    }
    paper.text(6, &foreign::prose(&finding.message));
    if let Some(waived) = &finding.waiver {
        waivers::of_finding(paper, waived);
    }
    if let Some(known) = finding.known.as_ref().filter(|_| finding.is_known()) {
        paper.labelled(6, "known", &super::baseline::since(known));
    }
    if let Some(accepted) = &finding.accepted {
        paper.labelled(6, "accepted", &foreign::prose(accepted));
    }
    for case in finding.further_cases().take(3) {
        paper.labelled(6, "for example", &foreign::line(case));
    }
    if finding.outcome == Outcome::Unknown {
        for gap in finding.gaps.iter().take(3) {
            paper.labelled(6, gap.kind.label(), &foreign::line(&gap.message));
        }
    }
    if let Some(fix) = finding.fix.as_ref().filter(|_| finding.outcome == Outcome::Fail)
        && let Some(first) =
            [&fix.summary, &fix.cli].into_iter().find_map(|text| text.lines().find(|line| !line.trim().is_empty()))
    {
        paper.labelled(6, "fix", &foreign::line(first.trim()));
    }
    if options.verbose {
        facts(paper, report, finding);
    }
}

fn facts(paper: &mut Paper, report: &Report, finding: &Finding) {
    for fact in &finding.facts {
        let value = match (&fact.value, &fact.gap) {
            (Some(value), _) => foreign::line(value),
            (None, Some(gap)) => format!("not known, {}", gap.kind.label()),
            (None, None) => "not known".to_string(),
        };
        let from = fact.from.as_ref().map(|origin| foreign::line(&wording::origin(report, origin))).unwrap_or_default();
        let by = if from.is_empty() { String::new() } else { format!("  [{from}]") };
        paper.labelled(6, "read", &format!("{} = {value}{by}", foreign::line(&fact.path)));
    }
}

fn unknowns(paper: &mut Paper, report: &Report, options: &TextOptions) {
    let unknown: Vec<&Finding> = report.findings.iter().filter(|finding| finding.outcome == Outcome::Unknown).collect();
    if unknown.is_empty() && report.gaps.is_empty() {
        return;
    }
    paper.heading(Ink::Unknown, &format!("could not be decided ({})", wording::count(unknown.len())));
    let (deciding, idle): (Vec<&GapView>, Vec<&GapView>) = report.gaps.iter().partition(|view| view.findings > 0);
    let listed = if options.verbose { deciding.len() } else { GAPS };
    for view in deciding.iter().take(listed) {
        cause(paper, view);
    }
    if deciding.len() > listed {
        paper.text(2, &format!("and {} more: see the report", wording::counted(deciding.len() - listed, "cause")));
    }
    let rootless = |finding: &&&Finding| {
        !finding.gaps.iter().any(|gap| report.gaps.iter().any(|view| view.gap == *gap || view.alike.contains(gap)))
    };
    let without: Vec<&Finding> = unknown.iter().filter(rootless).copied().collect();
    findings(paper, report, if options.verbose { &unknown } else { &without }, options);
    if options.verbose {
        for view in idle {
            cause(paper, view);
        }
    } else if !idle.is_empty() {
        let left = wording::counted(idle.len(), "more thing");
        paper.text(2, &format!("{left} could not be read, and no finding depends on it"));
    }
}

fn cause(paper: &mut Paper, view: &GapView) {
    paper.marked(Ink::Unknown, &format!("? {}", foreign::line(&view.label)), &foreign::line(&view.gap.message));
    if view.findings > 0 {
        let policies: Vec<String> = view.policies.iter().take(4).map(|policy| foreign::line(policy)).collect();
        let more = view.policies.len().saturating_sub(policies.len());
        let more = if more > 0 { format!(" and {} more", wording::count(more)) } else { String::new() };
        let open = wording::counted(view.findings, "finding");
        paper.labelled(6, "leaves open", &format!("{open} of {}{more}", policies.join(", ")));
    }
    if !view.alike.is_empty() {
        let across = match view.accounts.len() {
            0 | 1 => String::new(),
            many => format!(", in {} all told", wording::counted(many, "account")),
        };
        paper.text(6, &format!("and {} of the same cause{across}", wording::counted(view.alike.len(), "more gap")));
    }
    if let Some(remedy) = &view.remedy {
        paper.labelled(6, "hint", &foreign::prose(remedy));
    }
}

fn rest(paper: &mut Paper, report: &Report, options: &TextOptions) {
    for outcome in [Outcome::Pass, Outcome::NotApplicable] {
        let group: Vec<&Finding> = report.findings.iter().filter(|finding| finding.outcome == outcome).collect();
        if !group.is_empty() {
            paper.heading(mark(outcome).1, &format!("{} ({})", outcome.label(), wording::count(group.len())));
            findings(paper, report, &group, options);
        }
    }
}

fn frameworks(paper: &mut Paper, report: &Report) {
    if report.frameworks.is_empty() {
        return;
    }
    paper.heading(Ink::Bold, "frameworks");
    let names: Vec<String> = report.frameworks.iter().map(|framework| foreign::line(&framework.id)).collect();
    let widest = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    for (framework, name) in report.frameworks.iter().zip(&names) {
        let scope = framework.scope.short().map(|scope| format!("{scope}: ")).unwrap_or_default();
        paper.column(2, name, widest, &format!("{scope}{}", foreign::prose(&framework.statement)));
    }
    if !report.more_frameworks.is_empty() {
        let more: Vec<String> = report.more_frameworks.iter().map(|framework| foreign::line(&framework.id)).collect();
        paper.text(2, &format!("by number in report.json and report.html, whole with --framework: {}", more.join(", ")));
    }
}

fn counts(paper: &mut Paper, report: &Report) {
    let outcomes = &report.summary.outcomes;
    let coverage = &report.summary.coverage;
    paper.gap();
    let number = wording::count;
    paper.pair(
        "findings",
        &format!(
            "{} fail, {} unknown, {} pass, {} not applicable",
            number(outcomes.fail),
            number(outcomes.unknown),
            number(outcomes.pass),
            number(outcomes.not_applicable)
        ),
    );
    if !report.set_aside.is_empty() {
        let names: Vec<String> = report.set_aside.iter().map(|s| foreign::line(&s.policy)).collect();
        paper.pair("not asked", &format!("{}: switched off in the settings", names.join(", ")));
    }
    let share = coverage.permille.map(|permille| format!(" ({})", wording::percent(permille))).unwrap_or_default();
    if let Some(view) = report.waivers.as_ref().filter(|view| view.waived > 0) {
        paper.pair(
            "waived",
            &format!("{} of the fails; they count as fails in these numbers, and not for --fail-on", number(view.waived)),
        );
    }
    paper.pair("score", &report.score.statement());
    paper.pair("decided", &format!("{} of {} that apply{share}", number(coverage.evaluated), number(coverage.in_scope)));
}

fn mark(outcome: Outcome) -> (char, Ink) {
    match outcome {
        Outcome::Fail => ('✗', Ink::Fail),
        Outcome::Unknown => ('?', Ink::Unknown),
        Outcome::Pass => ('✓', Ink::Pass),
        Outcome::NotApplicable => ('–', Ink::Soft),
    }
}
