//! An archive of foreign bytes, packed and as it is; a list of sums; an answer of a timestamping authority.
//!
//! The first byte says which of them the rest is.

#![no_main]

use std::io::Write;

use libfuzzer_sys::fuzz_target;
use trailproof::evidence::timestamp::Statement;
use trailproof::evidence::verify::verify;
use trailproof::evidence::{Bundle, Limits, Manifest, Standing, Trust, sums};

fuzz_target!(|bytes: &[u8]| {
    let [which, foreign @ ..] = bytes else { return };
    match which % 5 {
        0 => {
            if let Ok(read) = sums::parse(foreign) {
                assert_eq!(sums::write(&read), foreign, "there are two ways of writing it");
            }
        }
        1 => drop(Statement::read(foreign)),
        2 => drop(Manifest::parse(foreign)),
        how => {
            let path = std::env::temp_dir().join(format!("trailproof-fuzz-{}.tar.gz", std::process::id()));
            let packed = if how == 3 {
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                encoder.write_all(foreign).expect("memory takes it");
                encoder.finish().expect("memory takes it")
            } else {
                [&[0x1f, 0x8b], foreign].concat()
            };
            std::fs::write(&path, packed).expect("the temporary folder takes it");
            let limits = Limits { entries: 100, file: 1 << 20, kept: 1 << 16, total: 1 << 22, ..Limits::default() };
            if let Ok(bundle) = Bundle::open(&path) {
                let done = verify(&bundle.read(&limits), &Trust::Nobody);
                assert_ne!(done.standing(), Standing::Sound, "nobody signed it");
            }
        }
    }
});
