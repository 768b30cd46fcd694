//! What stands where in a bundle, and which paths a bundle may hold. Knows no file's content.

/// What the run was.
pub const MANIFEST: &str = "manifest.json";
/// What was asked of the facts: policies, parameters, the moment.
pub const SETTINGS: &str = "settings.json";
/// The owner's settings, as used.
pub const CONFIG: &str = "trailproof.yaml";
/// The waivers, as used.
pub const WAIVERS: &str = "waivers.yaml";
/// The signer's public key: for convenience, never a reason to trust it.
pub const PUBLIC_KEY: &str = "signer.pub.pem";
/// How to verify.
pub const README: &str = "README.txt";
/// The view model of the audit.
pub const REPORT_JSON: &str = "report.json";
/// The same for people.
pub const REPORT_HTML: &str = "report.html";
/// The facts.
pub const INVENTORY: &str = "inventory.json";
/// The recording, as it is.
pub const RAW: &str = "raw";
/// The policies and frameworks.
pub const POLICIES: &str = "policies";
/// What people attest to.
pub const ATTESTATIONS: &str = "attestations";
/// Every file's hash.
pub const SUMS: &str = "SHA256SUMS";
/// The signature of the sums, in DER.
pub const SIGNATURE: &str = "SHA256SUMS.sig";
/// The same signature as cosign reads it.
pub const SIGSTORE: &str = "SHA256SUMS.sigstore.json";
/// The answer of a timestamping authority about the sums.
pub const TIMESTAMP: &str = "SHA256SUMS.tsr";

/// What vouches for the sums, and so cannot stand in them.
pub const SEALS: [&str; 4] = [SUMS, SIGNATURE, SIGSTORE, TIMESTAMP];

/// How many bytes a path may have; the rest of a ustar header's room is the bundle's own name.
pub const LONGEST_PATH: usize = 240;

/// Why a path may not stand in a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathFault {
    #[error("it is empty")]
    Empty,
    #[error("it is absolute")]
    Absolute,
    #[error("it has an empty part, `.` or `..`")]
    Steps,
    #[error("it has a backslash or a control character")]
    Characters,
    #[error("it is longer than {LONGEST_PATH} bytes")]
    Long,
}

/// Whether a path stays inside of the bundle, means the same on every system, and is written in one way only.
///
/// # Errors
/// Why not.
pub fn check_path(path: &str) -> Result<(), PathFault> {
    if path.is_empty() {
        return Err(PathFault::Empty);
    }
    if path.starts_with('/') {
        return Err(PathFault::Absolute);
    }
    if path.chars().any(|c| c == '\\' || c.is_control()) {
        return Err(PathFault::Characters);
    }
    if path.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err(PathFault::Steps);
    }
    if path.len() > LONGEST_PATH {
        return Err(PathFault::Long);
    }
    Ok(())
}

const TEXT: &str = include_str!("../../templates/evidence.txt");

/// README.txt: how to verify the bundle by other people's tools, and what that proves.
pub fn readme(bundle: &str, fingerprint: Option<&str>) -> String {
    let signed = fingerprint.map_or_else(
        || "This bundle was not signed: commands 2, 3 and 5 have nothing to check.".to_string(),
        |f| format!("The key's fingerprint is\n  {f}\nsays this file; believe the one that you were given by another way."),
    );
    TEXT.replace("BUNDLE_NAME", bundle).replace("SIGNED_BY", &signed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_inside() {
        for good in ["a", "raw/calls/1/x.json", "a..b/c", "ä"] {
            assert_eq!(check_path(good), Ok(()), "{good}");
        }
        for bad in ["", "/a", "..", "a/../b", "./a", "a//b", "a/", "a\\b", "a\nb", "a/.", &"x".repeat(241)] {
            assert!(check_path(bad).is_err(), "{bad:?}");
        }
    }
}
