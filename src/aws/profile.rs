//! The AWS profile in use, as far as it explains why credentials are missing.
//!
//! Credentials themselves are found by the SDK alone.

use aws_config::profile::ProfileFileLoadError;
use aws_types::os_shim_internal::{Env, Fs};

/// What the profile files and the environment say, without secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Profile {
    pub(super) name: String,
    /// Named by the user, and not just the default.
    pub(super) is_chosen: bool,
    pub(super) exists: bool,
    /// Every profile, sorted.
    pub(super) available: Vec<String>,
    pub(super) has_mfa: bool,
    pub(super) has_sso: bool,
    pub(super) has_ca_bundle: bool,
}

impl Profile {
    pub(super) async fn read(chosen: Option<&str>) -> Result<Self, ProfileFileLoadError> {
        Self::read_from(&Fs::real(), &Env::real(), chosen).await
    }

    async fn read_from(fs: &Fs, env: &Env, chosen: Option<&str>) -> Result<Self, ProfileFileLoadError> {
        let has_ca_bundle = env.get("AWS_CA_BUNDLE").is_ok();
        let chosen = chosen.map(str::to_string);
        let set = aws_config::profile::load(fs, env, &Default::default(), chosen.clone().map(Into::into)).await?;
        let name = set.selected_profile().to_string();
        let is_chosen = chosen.is_some() || env.get("AWS_PROFILE").is_ok();
        let mut available: Vec<String> = set.profiles().map(str::to_string).collect();
        available.sort();
        let profile = set.get_profile(&name);
        let has = |key: &str| profile.is_some_and(|p| p.get(key).is_some());
        Ok(Profile {
            is_chosen,
            exists: profile.is_some(),
            available,
            has_mfa: has("mfa_serial"),
            has_sso: has("sso_session") || has("sso_start_url"),
            has_ca_bundle,
            name,
        })
    }

    /// What about the set-up may explain a failure, as sentences to add to a hint.
    pub(super) fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        if self.has_mfa {
            remarks.push(format!(
                "profile `{}` sets `mfa_serial`, which the AWS SDK for Rust does not ask for: \
                 get a session first, for example with `eval \"$(aws configure export-credentials --profile {} --format env)\"`",
                self.name, self.name
            ));
        }
        if self.has_ca_bundle {
            remarks.push(
                "AWS_CA_BUNDLE is set, which the AWS SDK for Rust does not read: add the certificate to the system's trust store"
                    .into(),
            );
        }
        remarks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "[default]\nregion = eu-west-1\n\
        [profile audit]\nrole_arn = arn:aws:iam::111122223333:role/Audit\nsource_profile = default\n\
        mfa_serial = arn:aws:iam::111122223333:mfa/me\n[profile sso]\nsso_start_url = https://x\n";

    async fn read(chosen: Option<&str>, env: &[(&str, &str)]) -> Profile {
        let env: Vec<_> = [("HOME", "/home/me")].iter().chain(env).copied().collect();
        let fs = Fs::from_slice(&[("/home/me/.aws/config", CONFIG)]);
        Profile::read_from(&fs, &Env::from_slice(&env), chosen).await.expect("the files parse")
    }

    #[tokio::test]
    async fn a_chosen_profile_is_found_or_not() {
        let audit = read(Some("audit"), &[]).await;
        assert!(audit.exists && audit.has_mfa && !audit.has_sso && audit.is_chosen);
        assert_eq!(audit.available, ["audit", "default", "sso"]);
        assert!(read(None, &[("AWS_PROFILE", "sso")]).await.has_sso);
        let missing = read(Some("adit"), &[]).await;
        assert!(!missing.exists && missing.is_chosen);
        assert!(!read(None, &[]).await.is_chosen);
    }

    #[tokio::test]
    async fn what_the_sdk_does_not_read_is_remarked() {
        let remarks = read(Some("audit"), &[("AWS_CA_BUNDLE", "/x.pem")]).await.remarks();
        assert_eq!(remarks.len(), 2);
        assert!(remarks[0].contains("mfa_serial") && remarks[1].contains("AWS_CA_BUNDLE"));
        assert!(read(None, &[]).await.remarks().is_empty());
    }
}
