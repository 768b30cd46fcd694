//! The example recording with damaged answers, their sums made again: the last guard before a report is what reads them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{LazyLock, Mutex};
use std::thread;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use trailproof::audit::{Settings, audit};
use trailproof::aws::{Recording, Session};
use trailproof::source;

use super::{CATALOGUE, cases, damage, damaged};
use crate::e2e_faults::{Outcomes, only_less_is_known};

const HEAD: &str = "recording.json";

/// Every file of the example, by path.
static FILES: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/acme-org");
    let head: Value = serde_json::from_str(&std::fs::read_to_string(root.join(HEAD)).unwrap()).unwrap();
    let calls = head["files"].as_object().unwrap().keys().map(String::as_str);
    calls.chain([HEAD]).map(|path| (path.to_string(), std::fs::read_to_string(root.join(path)).unwrap())).collect()
});

static UNDAMAGED: LazyLock<Outcomes> = LazyLock::new(|| outcomes(&with(&[])).unwrap());

/// The example with other bytes in some files, and the sums of what is there now.
fn with(changes: &[(&str, Vec<u8>)]) -> BTreeMap<String, Vec<u8>> {
    let mut files: BTreeMap<String, Vec<u8>> = FILES.iter().map(|(path, text)| (path.clone(), text.clone().into())).collect();
    let mut head: Value = serde_json::from_str(&FILES[HEAD]).unwrap();
    for (path, bytes) in changes {
        head["files"][path] = json!(Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect::<String>());
        files.insert((*path).to_string(), bytes.clone());
    }
    files.insert(HEAD.into(), serde_json::to_vec(&head).unwrap());
    files
}

/// What an audit of the recording says; nothing where the recording is refused, which is no verdict either.
fn outcomes(files: &BTreeMap<String, Vec<u8>>) -> Option<Outcomes> {
    let recording = Recording::from_files(files.clone()).ok()?;
    let plan = recording.plan().clone();
    let session = Session::replay(recording);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let inventory = runtime.block_on(source::aws::collect(&session, &plan)).ok()?;
    let findings = audit(&inventory, &CATALOGUE, &Settings::default(), inventory.scope.ended).unwrap();
    Some(findings.into_iter().map(|f| ((f.policy, f.subject.id), f.outcome)).collect())
}

/// The exchanges whose answer has a body: their path, the envelope, the body.
fn answers() -> Vec<(&'static str, Value, String)> {
    let with_body = FILES.iter().filter(|(path, _)| *path != HEAD).filter_map(|(path, text)| {
        let envelope: Value = serde_json::from_str(text).unwrap();
        let body = envelope["body"]["text"].as_str()?.to_string();
        Some((path.as_str(), envelope, body))
    });
    let all: Vec<_> = with_body.collect();
    assert!(all.len() > 60, "{}", all.len());
    all
}

/// The same, less those that say the same of another Region.
fn distinct_answers() -> Vec<(&'static str, Value, String)> {
    let mut seen = std::collections::BTreeSet::new();
    let operation = |envelope: &Value| format!("{}:{}", envelope["service"], envelope["operation"]);
    let mut all = answers();
    all.retain(|(_, envelope, body)| {
        let region = envelope["region"].as_str().unwrap_or_default();
        seen.insert((operation(envelope), body.replace(region, "REGION")))
    });
    all
}

fn body(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => json!({ "text": text }),
        Err(_) => json!({"base64": BASE64_STANDARD.encode(bytes)}),
    }
}

fn with_body(envelope: &Value, bytes: &[u8]) -> Vec<u8> {
    let mut envelope = envelope.clone();
    envelope["body"] = body(bytes);
    serde_json::to_vec(&envelope).unwrap()
}

fn problems(changes: &[(&str, Vec<u8>)]) -> Vec<String> {
    outcomes(&with(changes)).map_or_else(Vec::new, |after| only_less_is_known(&UNDAMAGED, &after))
}

/// Where an answer is cut: between two tags or two values at some places, and anywhere at a few.
fn cuts(body: &str) -> Vec<usize> {
    let seams: Vec<usize> = body.match_indices(['>', ',', '{', '}']).map(|(at, mark)| at + mark.len()).collect();
    let n = body.len();
    let mut all: Vec<usize> =
        (1..=SEAMS).filter_map(|i| seams.get((seams.len() * i / (SEAMS + 1)).min(seams.len() - 1)).copied()).collect();
    all.extend([0, n - 1]);
    all.retain(|at| *at < n && body.is_char_boundary(*at));
    all.sort_unstable();
    all.dedup();
    all
}

const SEAMS: usize = 2;

/// Runs the damages side by side, and says what any of them turned round.
fn try_all(damages: Vec<(String, &'static str, Vec<u8>)>) {
    let n = damages.len();
    let queue = Mutex::new(damages);
    let wrong = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                loop {
                    let Some((what, path, bytes)) = queue.lock().unwrap().pop() else { break };
                    for problem in problems(&[(path, bytes)]) {
                        wrong.lock().unwrap().push(format!("{path} {what}: {problem}"));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} of {n} damages:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn an_answer_that_was_cut_makes_nothing_but_unknowns() {
    let all = distinct_answers().into_iter().flat_map(|(path, envelope, body)| {
        cuts(&body)
            .into_iter()
            .map(move |at| (format!("cut at {at}"), path, with_body(&envelope, &body.as_bytes()[..at])))
            .collect::<Vec<_>>()
    });
    try_all(all.collect());
}

#[test]
fn an_answer_that_is_none_makes_nothing_but_unknowns() {
    let nothing = [" \n", "null", "[]", "{]", "<html><body>Bad gateway</body></html>"];
    let all = distinct_answers().into_iter().flat_map(|(path, envelope, _)| {
        nothing.map(|text| (format!("is {text:?}"), path, with_body(&envelope, text.as_bytes())))
    });
    try_all(all.collect());
}

proptest! {
    #![proptest_config(cases(60))]

    /// Several answers at once, each cut anywhere.
    #[test]
    fn cut_answers(cuts in prop::collection::vec((any::<Index>(), any::<Index>()), 1..4)) {
        let answers = answers();
        let changes: Vec<(&str, Vec<u8>)> = cuts
            .iter()
            .map(|(which, at)| {
                let (path, envelope, body) = &answers[which.index(answers.len())];
                (*path, with_body(envelope, &body.as_bytes()[..at.index(body.len())]))
            })
            .collect();
        prop_assert_eq!(problems(&changes), Vec::<String>::new());
    }

    /// A flip may change a value that was read, and so a verdict: only that it is judged is asked.
    #[test]
    fn damaged_answers(which in any::<Index>(), damages in damage()) {
        let answers = answers();
        let (path, envelope, body) = &answers[which.index(answers.len())];
        outcomes(&with(&[(path, with_body(envelope, &damaged(body, &damages)))]));
    }

    #[test]
    fn damaged_files(which in any::<Index>(), damages in damage()) {
        let path = FILES.keys().nth(which.index(FILES.len())).unwrap();
        let bytes = damaged(&FILES[path], &damages);
        let mut files = with(&[]);
        files.insert(path.clone(), bytes.clone());
        let refused = path == HEAD || bytes == FILES[path].as_bytes() || Recording::from_files(files.clone()).is_err();
        prop_assert!(refused, "{} was changed unseen", path);
        outcomes(&files);
        if path != HEAD {
            outcomes(&with(&[(path, bytes)]));
        }
    }
}
