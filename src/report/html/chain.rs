//! Ways to people as the page draws them: a row of links, and how it ends.

use serde::Serialize;

use crate::finding::{Chain, ChainEnd, Finding};

/// Chains of one finding; the rest is counted.
const CHAINS_PER_FINDING: usize = 6;

#[derive(Serialize)]
pub(super) struct Drawing {
    links: Vec<Link>,
    /// As a class of the style sheet.
    end: &'static str,
    label: String,
    why: Option<String>,
}

#[derive(Serialize)]
struct Link {
    kind: String,
    name: String,
    /// `cut` where it breaks, `past` behind that.
    state: &'static str,
}

/// The chains that the page shows, and how many more there are.
pub(super) fn drawings(finding: &Finding) -> (Vec<Drawing>, usize) {
    let drawn = finding.chains.iter().take(CHAINS_PER_FINDING).map(drawing).collect();
    (drawn, finding.chains.len().saturating_sub(CHAINS_PER_FINDING))
}

fn drawing(chain: &Chain) -> Drawing {
    let before = chain.at.filter(|at| at + 1 < chain.links.len()).and_then(|at| chain.links.get(at));
    let (end, label) = match (chain.end, before) {
        (ChainEnd::Told, _) => ("pass", "somebody is told".to_string()),
        (ChainEnd::ToldInPart, _) => ("partial", "somebody is told of some".to_string()),
        (ChainEnd::Broken, None) => ("fail", "breaks here".to_string()),
        (ChainEnd::Broken, Some(link)) => ("fail", format!("breaks at the {}", link.kind)),
        (ChainEnd::Unknown, _) => ("unknown", "not known further".to_string()),
    };
    let links = chain.links.iter().enumerate().map(|(place, link)| Link {
        kind: link.kind.clone(),
        name: link.name.clone(),
        state: match chain.at {
            Some(at) if place == at => "cut",
            Some(at) if place > at => "past",
            _ => "",
        },
    });
    Drawing { links: links.collect(), end, label, why: chain.why.clone() }
}

/// Whether a case says in words where a chain breaks.
pub(super) fn says(finding: &Finding, case: &str) -> bool {
    finding.chains.iter().filter_map(|chain| Some((chain, chain.why.as_deref()?))).any(|(chain, why)| {
        let links: Vec<String> = chain.links.iter().map(|link| format!("{} {}", link.kind, link.name)).collect();
        let rest = case.strip_prefix(links.join(" -> ").as_str());
        rest.and_then(|rest| rest.strip_prefix(": ").or(rest.strip_prefix(" -> "))) == Some(why)
    })
}

/// What the chains may cost in characters, before escaping.
pub(super) fn cost(finding: &Finding) -> usize {
    let of = |chain: &Chain| {
        let links: usize = chain.links.iter().map(|link| 120 + 3 * (link.kind.len() + link.name.len())).sum();
        160 + links + 3 * chain.why.as_ref().map_or(0, String::len)
    };
    finding.chains.iter().take(CHAINS_PER_FINDING).map(of).sum()
}
