//! Policy documents, and what is asked of them.

#![no_main]

use libfuzzer_sys::fuzz_target;
use trailproof::inventory::document::PolicyDocument;
use trailproof::semantics::access::{denies_insecure_transport, foreign_writers};

fuzz_target!(|text: &str| {
    if let Ok(document) = PolicyDocument::parse(text) {
        denies_insecure_transport(Some(&document), "aws", "logs");
        let _ = foreign_writers(Some(&document), "aws", "logs", Some("111122223333"));
    }
});
