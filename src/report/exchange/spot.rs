//! Where a finding stands in a file that a reader can open: in code, or in the saved inventory. It knows nothing of AWS's places.

use crate::finding::{CodePlace, Finding};
use crate::inventory::code::is_placeholder;
use crate::inventory::{Origin, SourcePlace};
use crate::report::{Report, foreign};

/// The file of the saved facts, beside the report.
pub(super) const INVENTORY: &str = "inventory.json";

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Spot {
    /// A relative path with slashes.
    pub file: String,
    /// From 1.
    pub line: u32,
    /// From 1; absent where the line alone is known.
    pub column: Option<u32>,
}

impl Spot {
    fn at(file: &str, line: u32, column: u32) -> Spot {
        Spot { file: relative(file), line: line.max(1), column: Some(column.max(1)) }
    }

    fn top(file: &str) -> Spot {
        Spot { file: relative(file), line: 1, column: None }
    }

    /// `main.tf:12:3`.
    pub(super) fn text(&self) -> String {
        match self.column {
            Some(column) => format!("{}:{}:{column}", self.file, self.line),
            None => self.file.clone(),
        }
    }
}

/// A finding about code, with its places.
pub(super) struct Standing {
    /// Absent where the source is not known: a plan without its plan file.
    pub spot: Option<Spot>,
    pub place: CodePlace,
}

impl Standing {
    /// Absent for what does not stand in code.
    pub(super) fn of(finding: &Finding) -> Option<Standing> {
        let place = finding.place()?;
        let spot = place.source.as_ref().map(|source| Spot::at(&source.file, source.line, source.column));
        Some(Standing { spot, place })
    }

    /// `main.tf:12:3 (aws_cloudtrail.main)`, or `aws_cloudtrail.main in plan.json`.
    pub(super) fn text(&self) -> String {
        match &self.spot {
            Some(spot) => format!("{} ({})", spot.text(), self.place.address),
            None => format!("{} in {}", self.place.address, relative(&self.place.file)),
        }
    }

    /// `block: main.tf:10:1`, a text for each place that has a part in it.
    pub(super) fn related(&self) -> Vec<String> {
        self.place.related.iter().map(related).collect()
    }
}

fn related(place: &SourcePlace) -> String {
    let spot = Spot::at(&place.file, place.line, place.column).text();
    if place.what.is_empty() { spot } else { format!("{}: {spot}", place.what) }
}

/// Where to look for a finding: at its code, else at the file that it was read from, else at its record in the saved inventory,
/// which begins on this line.
pub(super) fn spot(report: &Report, finding: &Finding, line_of_record: Option<usize>) -> Spot {
    let subject = &finding.subject;
    let own = || finding.facts.iter().filter(|f| f.of == subject.id || f.of == subject.name).filter_map(|f| f.from.as_ref());
    let of_fact = || {
        own().find_map(|from| match from {
            Origin::Place { file, line, column } => Some(Spot::at(file, *line, *column)),
            _ => None,
        })
    };
    // A plan is one long line: the address tells which resource it is.
    let of_code = || subject.place.as_ref().map(|place| Spot::top(&place.file));
    let of_file = || {
        own().find_map(|from| match from {
            Origin::Address { file, .. } => Some(Spot::top(file)),
            _ => None,
        })
    };
    let of_run = || Some(Spot::top(&report.code.as_ref()?.files.first()?.path)).filter(|_| is_placeholder(&subject.account));
    let of_record = || Spot {
        file: INVENTORY.into(),
        line: line_of_record.and_then(|line| u32::try_from(line).ok()).unwrap_or(1),
        column: None,
    };
    let standing = Standing::of(finding).and_then(|standing| standing.spot);
    standing.or_else(of_fact).or_else(of_code).or_else(of_file).or_else(of_run).unwrap_or_else(of_record)
}

/// A path as a relative one with slashes: what would lead out of the folder is left out at its front.
pub(super) fn relative(path: &str) -> String {
    let slashed = foreign::line(path).replace('\\', "/");
    let mut parts: Vec<&str> = Vec::new();
    for part in slashed.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    if parts.is_empty() { "unknown".into() } else { parts.join("/") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_relative_and_stay_inside() {
        let cases = [
            ("main.tf", "main.tf"),
            ("./infra/main.tf", "infra/main.tf"),
            ("infra/../modules/a/main.tf", "modules/a/main.tf"),
            ("../../etc/passwd", "etc/passwd"),
            ("/etc/passwd", "etc/passwd"),
            ("a\\b.yaml", "a/b.yaml"),
            ("", "unknown"),
        ];
        for (path, expected) in cases {
            assert_eq!(relative(path), expected, "{path}");
        }
    }
}
