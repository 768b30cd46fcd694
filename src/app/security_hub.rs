//! `scan --security-hub`: what was found, into the Security Hub of each account.

use std::collections::BTreeSet;

use super::terminal::Terminal;
use super::{Refusal, live};
use crate::aws::{self, Import, Imported, Options};
use crate::cli::Scan;
use crate::config::Config;
use crate::report::{Report, exchange, wording};

/// Refusals that are shown; the rest is counted.
const SHOWN: usize = 5;

/// Sends the findings, and says what became of them.
///
/// # Errors
/// Findings that were not taken. The others were, and the reports are written.
pub(super) fn import(scan: &Scan, config: &Config, report: &Report, terminal: &Terminal) -> Result<(), Refusal> {
    let (requests, notes) = exchange::asff::requests(report);
    notes.iter().for_each(|note| terminal.complain(note));
    let imports = requests.into_iter().map(|request| {
        let exchange::asff::Request { account, region, findings, body } = request;
        Import { account, region, findings, body }
    });
    let plan = live::plan(scan, config)?;
    let options = Options {
        profile: scan.live.profile.clone().or_else(|| config.profile.clone()),
        regions: if scan.live.regions.is_empty() { config.regions.clone() } else { scan.live.regions.clone() },
        keep_answers: false,
        ..Options::default()
    };
    let results = live::runtime(live::Threads::EachCore)?.block_on(async {
        let caller = aws::connect(options).await.map_err(|e| Refusal::caused(&e).hint(e.hint()))?;
        Ok::<_, Refusal>(aws::import(&caller, &plan, imports.collect()).await)
    })?;
    told(&results, terminal)
}

fn told(results: &[Imported], terminal: &Terminal) -> Result<(), Refusal> {
    let taken: usize = results.iter().map(|r| r.taken).sum();
    let lost: usize = results.iter().map(|r| r.lost).sum();
    let accounts: BTreeSet<&String> = results.iter().filter(|r| r.taken > 0).map(|r| &r.account).collect();
    let of = |number, what| wording::counted(number, what);
    terminal.note(&format!("Security Hub took {} in {}", of(taken, "finding"), of(accounts.len(), "account")));
    if lost == 0 {
        return Ok(());
    }
    let mut reasons: Vec<&String> = results.iter().flat_map(|r| &r.refused).collect();
    reasons.sort();
    reasons.dedup();
    for reason in reasons.iter().take(SHOWN) {
        terminal.complain(reason);
    }
    if reasons.len() > SHOWN {
        terminal.complain(&format!("and {} more reasons", reasons.len() - SHOWN));
    }
    Err(Refusal::new(format!("Security Hub did not take {}; the reports are written", wording::counted(lost, "finding"))).hint(
        "Security Hub must be on in the account and Region, and the caller or role there be allowed securityhub:BatchImportFindings",
    ))
}
