//! The files that people write, and complaints about them.

#![no_main]

use libfuzzer_sys::fuzz_target;
use trailproof::app::cases::CaseFile;
use trailproof::config::Config;
use trailproof::policy::PolicyFile;
use trailproof::policy::catalogue::Catalogue;
use trailproof::policy::framework::Framework;
use trailproof::yaml::{SourceFile, Step};

fuzz_target!(|text: &str| {
    let file = || SourceFile::new("policies/trail/hostile.yaml", text);
    if let Err(complaint) = file().parse::<Framework>() {
        let _ = complaint.to_string();
    }
    let _ = file().parse::<CaseFile>();
    let _ = Config::load(&mut file());
    let mut source = file();
    if let Ok(policy) = source.parse::<PolicyFile>() {
        let end = policy.check.len();
        for (start, end) in [(0, end), (end / 2, end), (end, 0), (0, end + 1), (1, 2)] {
            let _ = source.complain_within(&[Step::Key("check")], &policy.check, start, end, "m").to_string();
        }
    }
    let mut source = file();
    if source.parse::<serde_json::Value>().is_ok() {
        let _ = source.complain(&[Step::Key("cases"), Step::Item(0), Step::Name("given")], "m").to_string();
    }
    if let Err(complaints) = Catalogue::with(vec![file()], vec![file()]) {
        for complaint in complaints {
            let _ = complaint.to_string();
        }
    }
});
