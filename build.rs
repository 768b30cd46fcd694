//! Rebuilds when a file that the binary carries is added, changed or removed.

fn main() {
    for folder in ["policies", "templates", "examples/acme-org"] {
        println!("cargo:rerun-if-changed={folder}");
    }
}
