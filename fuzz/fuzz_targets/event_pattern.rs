//! An event pattern, and an event on the lines behind it: reading neither panics nor takes long, and what is said of a family is
//! borne out by an event.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use trailproof::semantics::Truth;
use trailproof::semantics::event_pattern::EventPattern;
use trailproof::semantics::watch::{Constraint, Coverage, Sight, WatchedEvent, Watcher, covers, sight};

static STOP: LazyLock<WatchedEvent> = LazyLock::new(|| {
    WatchedEvent::new([
        ("eventSource".to_string(), Constraint::OneOf(vec!["cloudtrail.amazonaws.com".into()])),
        ("eventName".to_string(), Constraint::OneOf(vec!["StopLogging".into()])),
    ])
    .expect("there are such events")
});

fuzz_target!(|text: &str| {
    let (pattern, event) = text.split_once('\n').unwrap_or((text, "{}"));
    let Ok(parsed) = EventPattern::parse(pattern) else { return };
    if let Ok(event) = serde_json::from_str(event) {
        let _ = parsed.matches(&event);
    }
    let watcher = Watcher::Rule { pattern: &parsed, reads: text.len() % 2 == 0, account: "111122223333" };
    match covers(&STOP, &[watcher]) {
        Coverage::Covered => assert_eq!(sight(&STOP, watcher), Sight::Whole),
        Coverage::Escapes(escape) => assert_eq!(watcher.sees(&escape.event), Truth::False, "{pattern:?} {escape:?}"),
        Coverage::Undecided(_) => {}
    }
});
