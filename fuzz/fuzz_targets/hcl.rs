//! Terraform's configuration, from bytes to findings; after a zero byte a module that it may call, after a second one values.

#![no_main]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use trailproof::audit::{Settings, audit};
use trailproof::inventory::Inventory;
use trailproof::policy::catalogue::Catalogue;
use trailproof::source::code::terraform::configuration::{self, Given, Root};
use trailproof::source::code::{self, Options};

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::embedded().expect("the embedded policies are sound"));

fuzz_target!(|bytes: &[u8]| {
    let mut parts = bytes.splitn(3, |byte| *byte == 0);
    let mut part = || parts.next().unwrap_or_default().to_vec();
    let (main, module, values) = (part(), part(), part());
    let mut given = Given::default();
    let _ = given.file("values.tfvars.json", &values);
    let name = if main.starts_with(b"{") { "main.tf.json" } else { "main.tf" };
    let files: BTreeMap<PathBuf, Vec<u8>> = BTreeMap::from([
        (PathBuf::from(name), main),
        (PathBuf::from("modules/m/main.tf"), module),
        (PathBuf::from("terraform.tfvars"), values),
    ]);
    let root = Root { folder: PathBuf::new(), within: PathBuf::new() };
    let Ok(all) = configuration::read(&files, &root, &given) else { return };
    let read = "2026-11-01T12:00:00Z".parse().expect("a time");
    let inventory = code::build(&[all.stack], Options { complete: false, read });
    let saved = inventory.to_json().expect("it serializes");
    assert_eq!(Inventory::from_json(&saved).expect("what was saved is read"), inventory);
    audit(&inventory, &CATALOGUE, &Settings::default(), read).expect("every policy can be asked");
});
