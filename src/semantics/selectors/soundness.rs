//! Whether selectors mean what they say: none that records nothing, no value that can never be.
//!
//! What a selector should record is no question here.

use crate::inventory::Gaps;
use crate::inventory::trail::{AdvancedSelector, BasicSelector, EventSelectors};
use crate::semantics::Answer;
use crate::semantics::event::{PartialEvent, domain};
use crate::semantics::family::{Condition, Effort, Family, Selection, TooMany, uncovered};
use crate::semantics::strings::{Literal, Test};
use crate::semantics::words;

use super::{MOST_VALUES, alternatives, count_values, excluded, not_understood, read_advanced, read_basic, too_many};

/// More exclusions than this are not compared with the other selectors.
const MOST_EXCLUSIONS: usize = 100;

/// Whether each selector records something, and each of its values has an effect.
///
/// Not sound are: no selector at all; a selector without content or whose conditions contradict each other; a chosen value
/// that an exclusion or another condition takes back; a resource that is no ARN; and an excluded event source whose
/// events another selector records all the same.
pub fn are_sound(selectors: &EventSelectors) -> Answer {
    if count_values(selectors) > MOST_VALUES {
        let gap = not_understood(format!("the event selectors have more than {MOST_VALUES} values, which are not followed"));
        return Answer::unknown(Vec::new(), gap.into());
    }
    let mut found = Found { problems: Vec::new(), gaps: Gaps::new(), effort: Effort::new() };
    match found.all(selectors) {
        Ok(()) => {}
        Err(TooMany) => found.gaps.extend(too_many()),
    }
    if !found.problems.is_empty() {
        Answer::no(words::shorten(found.problems))
    } else if !found.gaps.is_empty() {
        Answer::unknown(Vec::new(), found.gaps)
    } else {
        Answer::yes()
    }
}

struct Found {
    problems: Vec<String>,
    gaps: Gaps,
    effort: Effort,
}

/// A selector as the question about exclusions sees it.
struct Chosen {
    name: String,
    certain: Vec<Selection>,
    /// Partial events of the excluded sources, each with the source.
    excluded: Vec<(String, PartialEvent)>,
}

impl Found {
    fn all(&mut self, selectors: &EventSelectors) -> Result<(), TooMany> {
        let chosen = match selectors {
            EventSelectors::Basic(list) => {
                list.iter().enumerate().map(|(i, s)| self.basic(i, s)).collect::<Result<Vec<_>, _>>()?
            }
            EventSelectors::Advanced(list) => {
                list.iter().enumerate().map(|(i, s)| self.advanced(i, s)).collect::<Result<Vec<_>, _>>()?
            }
        };
        if chosen.is_empty() {
            self.problems.push("there is no selector: the trail records nothing".into());
        }
        self.defeated(&chosen)
    }

    fn basic(&mut self, index: usize, selector: &BasicSelector) -> Result<Chosen, TooMany> {
        let name = format!("selector {}", index + 1);
        let resources = &selector.data_resources;
        if !selector.include_management_events && resources.iter().all(|r| r.values.is_empty()) {
            self.problems.push(format!("{name} records nothing"));
        } else {
            let empty = resources.iter().filter(|r| r.values.is_empty());
            self.problems.extend(empty.map(|r| format!("{name} names no resource of {}", r.r#type)));
        }
        for value in resources.iter().flat_map(|r| &r.values).filter(|v| !v.starts_with("arn:")) {
            self.problems.push(format!("{name} names `{value}`, which is no ARN"));
        }
        let readings = read_basic(selector);
        self.gaps.extend(readings.iter().filter(|r| r.at_least.is_none()).filter_map(|r| r.gap.clone()));
        let access = match &selector.read_write_type {
            super::ReadWriteType::ReadOnly => Some("true"),
            super::ReadWriteType::WriteOnly => Some("false"),
            super::ReadWriteType::All | super::ReadWriteType::Other(_) => None,
        };
        let sources = selector.exclude_management_event_sources.iter().filter(|_| selector.include_management_events);
        let excluded = sources.map(|source| (source.clone(), of_source(source, access))).collect();
        Ok(Chosen { name, certain: readings.into_iter().filter_map(|r| r.at_least).collect(), excluded })
    }

    fn advanced(&mut self, index: usize, selector: &AdvancedSelector) -> Result<Chosen, TooMany> {
        let name = match &selector.name {
            Some(label) if !label.is_empty() => format!("selector {} (`{label}`)", index + 1),
            _ => format!("selector {}", index + 1),
        };
        let reading = read_advanced(selector);
        if self.is_empty(&reading.at_most)? {
            self.problems.push(format!("{name} records nothing: its conditions contradict each other"));
            return Ok(Chosen { name, certain: Vec::new(), excluded: Vec::new() });
        }
        for (field, value) in self.dead(&reading.at_most)? {
            self.problems.push(format!("{name} chooses `{value}` as {field}, and other conditions take it back"));
        }
        let arns = selector.field_selectors.iter().filter(|f| f.field == "resources.ARN");
        for value in arns.flat_map(|f| f.equals.iter().chain(&f.starts_with)) {
            if !value.starts_with("arn:") && !"arn:".starts_with(value.as_str()) {
                self.problems.push(format!("{name} names `{value}`, which is no ARN"));
            }
        }
        let certain = match reading.at_least {
            Some(least) if !self.is_empty(&least)? => vec![least],
            _ => {
                self.gaps.extend(reading.gap);
                Vec::new()
            }
        };
        Ok(Chosen { name, certain, excluded: excluded_sources(selector) })
    }

    fn is_empty(&mut self, selection: &Selection) -> Result<bool, TooMany> {
        Family::default().meets_together(&[selection], &mut self.effort).map(|meets| !meets)
    }

    /// The chosen values that no recorded event has.
    fn dead(&mut self, selection: &Selection) -> Result<Vec<(&'static str, String)>, TooMany> {
        let mut dead = Vec::new();
        for (i, (field, condition)) in selection.conditions().iter().enumerate() {
            // Fields do not depend on each other, and the selection as a whole is not empty.
            let others = selection.conditions().iter().enumerate().filter(|(j, (f, _))| *j != i && f == field);
            let others: Vec<_> = others.map(|(_, other)| other.clone()).collect();
            if others.is_empty() && condition.excluded.is_empty() && !has_few_values(field) {
                continue;
            }
            for literal in &condition.alternatives {
                let only = Condition { alternatives: vec![literal.clone()], excluded: condition.excluded.clone(), absent: false };
                let only = Selection::new(others.iter().cloned().chain([(*field, only)]).collect());
                if self.is_empty(&only)? {
                    dead.push((*field, words::literal(literal)));
                }
            }
        }
        Ok(dead)
    }

    /// Exclusions of event sources that another selector defeats.
    fn defeated(&mut self, chosen: &[Chosen]) -> Result<(), TooMany> {
        if chosen.iter().map(|c| c.excluded.len()).sum::<usize>() > MOST_EXCLUSIONS {
            return Err(TooMany);
        }
        for (i, one) in chosen.iter().enumerate() {
            let others = chosen.iter().enumerate().filter(|(j, _)| *j != i).flat_map(|(_, c)| &c.certain);
            let others: Vec<&Selection> = others.collect();
            for (source, event) in &one.excluded {
                let Some(family) = Family::of(event) else { continue };
                if !others.is_empty() && uncovered(vec![family], &others)?.is_empty() {
                    self.problems.push(format!("{} excludes {source}, which other selectors record all the same", one.name));
                }
            }
        }
        Ok(())
    }
}

fn has_few_values(field: &str) -> bool {
    domain(field).is_some()
}

fn of_source(source: &str, access: Option<&str>) -> PartialEvent {
    let fields = [("eventCategory", "Management"), ("eventSource", source)].into_iter();
    let fields = fields.chain(access.map(|a| ("readOnly", a)));
    PartialEvent { fields: fields.map(|(f, v)| (f.to_string(), v.to_string())).collect() }
}

/// The sources that a selector of management events excludes, where it says nothing else that matters.
fn excluded_sources(selector: &AdvancedSelector) -> Vec<(String, PartialEvent)> {
    let mut access = None;
    let mut sources = Vec::new();
    for field in &selector.field_selectors {
        match (field.field.as_str(), alternatives(field).as_slice(), excluded(field).as_slice()) {
            ("eventCategory", [Literal { test: Test::Equals, value }], []) if value == "Management" => {}
            ("readOnly", [Literal { test: Test::Equals, value }], []) if access.is_none() => access = Some(value.clone()),
            ("eventSource", [], all) if all.iter().all(|l| l.test == Test::Equals) => {
                sources.extend(all.iter().map(|l| l.value.clone()));
            }
            _ => return Vec::new(),
        }
    }
    sources.into_iter().map(|s| (s.clone(), of_source(&s, access.as_deref()))).collect()
}
