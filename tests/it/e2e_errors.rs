//! Scans that cannot be made: exit code 2, one clear sentence, and the next thing to do.

use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::emulator::{Lab, Run, bare, files, url};

/// Fails unless the run was refused with a hint and these words, and left no report.
#[track_caller]
fn refused(command: &mut Command, home: &Path, words: &[&str]) -> String {
    let out = home.join("out");
    let run = Run::new(command.output().unwrap(), out.clone()).ends_with(2);
    assert!(run.stderr.starts_with("error: "), "{}", run.stderr);
    assert!(run.stderr.contains("hint: "), "{}", run.stderr);
    for word in words {
        assert!(run.stderr.contains(word), "`{word}` is not in:\n{}", run.stderr);
    }
    assert_eq!(run.stdout, "");
    assert!(!out.join("report.json").exists(), "a scan that could not be made leaves no report");
    run.stderr
}

#[test]
fn no_credentials() {
    let home = tempfile::tempdir().unwrap();
    refused(
        bare(home.path()).env("AWS_ENDPOINT_URL", url()).env("AWS_REGION", "us-east-1").args(["scan", "--out", "out"]),
        home.path(),
        &["no AWS credentials were found"],
    );
}

#[test]
fn a_profile_that_is_not_there() {
    let home = tempfile::tempdir().unwrap();
    let mut command = bare(home.path());
    command.env("AWS_ENDPOINT_URL", url()).env("AWS_REGION", "us-east-1").args([
        "scan",
        "--out",
        "out",
        "--profile",
        "no-such-profile",
    ]);
    refused(&mut command, home.path(), &["no-such-profile"]);
}

#[test]
fn credentials_that_aws_does_not_know() {
    let lab = Lab::new("empty");
    let mut command = lab.command(&["scan", "--out", "out"]);
    command.env("AWS_ACCESS_KEY_ID", "AKIAREVOKED000000000");
    refused(&mut command, lab.folder.path(), &["AWS does not accept the credentials"]);
}

#[test]
fn an_endpoint_where_nobody_listens() {
    let lab = Lab::new("empty");
    let mut command = lab.command(&["scan", "--out", "out"]);
    command.env("AWS_ENDPOINT_URL", "http://127.0.0.1:9");
    refused(&mut command, lab.folder.path(), &["AWS cannot be reached", "http://127.0.0.1:9"]);
}

#[test]
fn no_region() {
    let lab = Lab::new("empty");
    let mut command = lab.command(&["scan", "--out", "out"]);
    command.env_remove("AWS_REGION");
    refused(&mut command, lab.folder.path(), &["no Region is set"]);
}

#[test]
fn a_region_that_is_not_enabled_is_no_clean_run() {
    let lab = Lab::new("good");
    let run = lab.scan("out", &["--region", "eu-south-1"]);
    assert!(matches!(run.code, Some(1..=3)), "{:?}", run.code);
    assert!(format!("{}{}", run.stdout, run.stderr).contains("eu-south-1"), "{}\n{}", run.stdout, run.stderr);
}

#[test]
fn what_is_no_name_of_a_region() {
    let lab = Lab::new("good");
    refused(&mut lab.command(&["scan", "--out", "out", "--region", "Ireland"]), lab.folder.path(), &["`Ireland`"]);
    assert_eq!(lab.count_calls(), 0);
}

#[test]
fn a_folder_that_cannot_be_written() {
    let lab = Lab::new("good");
    std::fs::write(lab.path("out"), "a file").unwrap();
    let mut command = lab.command(&["scan", "--out", "out"]);
    let run = Run::new(command.output().unwrap(), lab.path("out")).ends_with(2);
    assert!(run.stderr.contains("`out`") && run.stderr.contains("hint: "), "{}", run.stderr);
    assert_eq!(lab.count_calls(), 0, "nothing is asked of AWS before it is known where the answer goes");
}

#[test]
fn a_folder_for_the_recording_that_cannot_be_written() {
    let lab = Lab::new("good");
    std::fs::write(lab.path("taken"), "a file").unwrap();
    refused(&mut lab.command(&["scan", "--out", "out", "--record", "taken"]), lab.folder.path(), &["taken"]);
    assert_eq!(lab.count_calls(), 0);
}

#[test]
fn a_recording_that_was_changed() {
    let lab = Lab::new("good");
    let recording = lab.path("recording");
    lab.scan("live", &["--min-severity", "high", "--record", recording.to_str().unwrap()]).ends_with(0);
    let whole = files(&recording);
    let judge = || {
        let mut command = bare(lab.folder.path());
        command.args(["scan", "recording", "--out", "out"]);
        command
    };
    for path in whole.iter().filter(|p| !p.ends_with("recording.json")) {
        let bytes = std::fs::read(path).unwrap();
        let mut changed = bytes.clone();
        let middle = changed.len() / 2;
        changed[middle] ^= 0x04;
        std::fs::write(path, &changed).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        refused(&mut judge(), lab.folder.path(), &[name]);
        std::fs::write(path, &bytes).unwrap();
    }
    let manifest = recording.join("recording.json");
    let text = std::fs::read_to_string(&manifest).unwrap();
    for damaged in ["", "{", "[]", &text[..text.len() / 2]] {
        std::fs::write(&manifest, damaged).unwrap();
        refused(&mut judge(), lab.folder.path(), &["recording.json"]);
    }
}

#[test]
fn a_recording_without_one_of_its_files() {
    let lab = Lab::new("good");
    let recording = lab.path("recording");
    lab.scan("live", &["--min-severity", "high", "--record", recording.to_str().unwrap()]).ends_with(0);
    let answer = files(&recording).into_iter().find(|p| !p.ends_with("recording.json")).unwrap();
    std::fs::remove_file(&answer).unwrap();
    let mut command = bare(lab.folder.path());
    command.args(["scan", "recording", "--out", "out"]);
    refused(&mut command, lab.folder.path(), &[answer.file_name().unwrap().to_str().unwrap()]);
}

#[test]
fn what_is_neither_a_recording_nor_an_inventory() {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join("empty")).unwrap();
    std::fs::write(home.path().join("other.json"), json!({"kind": "something-else"}).to_string()).unwrap();
    for (path, words) in [("empty", "empty"), ("other.json", "no plan, template or inventory"), ("missing", "missing")] {
        refused(bare(home.path()).args(["scan", path, "--out", "out"]), home.path(), &[words]);
    }
}
