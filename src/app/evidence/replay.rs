//! Judging a bundle's answers again, by the bundle's own policies, settings and moment.

#[cfg(feature = "aws")]
use crate::app::Refusal;
use crate::evidence::tree::Reading;
use crate::evidence::{Bundle, Limits, State, Verification};

const ABOUT: &str = "replay";

/// Judges again, and compares. What keeps it from being judged is a failed check too.
#[cfg(feature = "aws")]
pub(super) fn run(done: &mut Verification, bundle: &Bundle, reading: &Reading, limits: &Limits) {
    let version = done.manifest.as_ref().map(|m| m.tool.version.clone()).unwrap_or_default();
    match again(bundle, reading, limits) {
        Ok(differing) if differing.is_empty() => {
            done.add(State::Good, ABOUT, "judged again from raw/: report.json, report.html and inventory.json are the same");
        }
        Ok(differing) => {
            let names = crate::policy::message::names(&differing);
            let mut says = format!("judged again from raw/, {names} came out otherwise");
            if version != env!("CARGO_PKG_VERSION") {
                says.push_str(&format!(
                    "; the bundle is of version {version} and this is {}: replay it with that version",
                    env!("CARGO_PKG_VERSION")
                ));
            }
            done.add(State::Failed, ABOUT, says);
        }
        Err(refusal) => done.add(State::Failed, ABOUT, format!("it cannot be judged again: {}", refusal.messages.join("; "))),
    }
}

#[cfg(not(feature = "aws"))]
pub(super) fn run(done: &mut Verification, _: &Bundle, _: &Reading, _: &Limits) {
    done.add(State::Failed, ABOUT, "this program was built without AWS, and cannot read recordings");
}

/// The files that came out otherwise.
#[cfg(feature = "aws")]
fn again(bundle: &Bundle, reading: &Reading, limits: &Limits) -> Result<Vec<String>, Refusal> {
    use crate::app::live;
    use crate::app::question::Question;
    use crate::aws::Recording;
    use crate::evidence::layout;
    use crate::policy::catalogue::Catalogue;
    use crate::report::{html, json};
    use crate::yaml::SourceFile;

    let results = [layout::REPORT_JSON, layout::REPORT_HTML, layout::INVENTORY];
    let below = |path: &str, folder: &str| path.strip_prefix(folder).and_then(|p| p.strip_prefix('/')).map(str::to_string);
    let is_raw = |path: &str| below(path, layout::RAW).is_some();
    let wanted = |path: &str| {
        below(path, layout::POLICIES).is_some() || path == layout::SETTINGS || path == layout::WAIVERS || results.contains(&path)
    };
    let files = bundle.load(reading, limits, wanted).map_err(|e| Refusal::new(e.to_string()))?;
    let (mut policies, mut frameworks) = (Vec::new(), Vec::new());
    let mut rest = std::collections::BTreeMap::new();
    for (path, bytes) in files {
        if let Some(inner) = below(&path, layout::POLICIES) {
            let text = String::from_utf8(bytes).map_err(|_| Refusal::new(format!("`{path}` is not UTF-8")))?;
            let list = if inner.starts_with("frameworks/") { &mut frameworks } else { &mut policies };
            list.push(SourceFile::new(path, text));
        } else {
            rest.insert(path, bytes);
        }
    }
    let missing = |path: &str| Refusal::new(format!("`{path}` is missing"));
    let settings = rest.get(layout::SETTINGS).ok_or_else(|| missing(layout::SETTINGS))?;
    let question: Question =
        serde_json::from_slice(settings).map_err(|e| Refusal::new(format!("`{}` cannot be read: {e}", layout::SETTINGS)))?;
    let catalogue = Catalogue::only(policies, frameworks)?;
    question.check(&catalogue)?;
    // The answers of a folder stay in their files, whose sums were found right; those of an archive are put into files for as
    // long as they are asked.
    let unpacked = match bundle {
        Bundle::Folder(_) => None,
        Bundle::Archive(_) => {
            let folder = super::scratch()?;
            bundle.unpack(reading, limits, is_raw, folder.path()).map_err(|e| Refusal::new(e.to_string()))?;
            Some(folder)
        }
    };
    let folder = unpacked.as_ref().map_or(bundle.path(), |folder| folder.path()).join(layout::RAW);
    let inventory = live::ask(Recording::load(&folder).map_err(|e| live::recording_refused(&e))?)?;
    let waivers = rest.remove(layout::WAIVERS).map(String::from_utf8).transpose();
    let waivers = waivers.map_err(|_| Refusal::new(format!("`{}` is not UTF-8", layout::WAIVERS)))?;
    let register = question.register(waivers, &catalogue)?;
    let report = question.answer(&inventory, &catalogue, register.as_ref())?;
    let failed = |e: &dyn std::fmt::Display| Refusal::new(format!("the report could not be written: {e}"));
    let made = [
        (layout::REPORT_JSON, json::write(&report).map_err(|e| failed(&e))?),
        (layout::REPORT_HTML, html::write(&report).map_err(|e| failed(&e))?),
        (layout::INVENTORY, inventory.to_json().map_err(|e| failed(&e))?),
    ];
    let differs = |(path, text): &(&str, String)| rest.get(*path).is_none_or(|bytes| bytes != text.as_bytes());
    Ok(made.iter().filter(|m| differs(m)).map(|(path, _)| (*path).to_string()).collect())
}
