//! Which accounts a run is to read, and how it gets into them.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::inventory::Family;

/// What the owner asked for. Nothing named stands for the account of the caller alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Accounts that were named, each with the ARN of the role to assume there; none for the role name.
    pub accounts: BTreeMap<String, Option<String>>,
    /// The name of the role to assume where no ARN is given.
    pub role_name: String,
    /// What the roles ask for besides the caller's name. It is not kept with a recording.
    #[serde(skip)]
    pub external_id: Option<String>,
    /// Whether every account of the organization is to be read.
    pub organization: bool,
    /// Organizational units, whose accounts alone are read, with those of the units inside.
    pub units: BTreeSet<String>,
    pub excluded_accounts: BTreeSet<String>,
    pub excluded_units: BTreeSet<String>,
    /// What is not to be asked.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub skip: BTreeSet<Family>,
    /// The account that keeps the logs. It is read with the others, and asked first whose bucket it is.
    pub log_account: Option<String>,
}

/// Why a plan cannot be carried out, whatever AWS says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    #[error("`{0}` is not an account id")]
    NotAnAccount(String),
    #[error("`{0}` is not the ARN of a role")]
    NotARole(String),
    #[error("the role `{role}` is not in account {account}")]
    RoleElsewhere { account: String, role: String },
    #[error("`{0}` is not a role name")]
    NotARoleName(String),
    #[error("`{0}` is not the id of an organizational unit")]
    NotAUnit(String),
    #[error("account {0} is both asked for and excluded")]
    Contradiction(String),
    #[error("organizational unit {0} is both asked for and excluded")]
    ContradictionOfUnits(String),
    #[error("organizational units were named, but not the organization")]
    UnitsWithoutOrganization,
}

impl PlanError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotAnAccount(_) => "an account id is twelve digits; quote it in YAML, so that it keeps its zeros",
            Self::NotARole(_) => "write `--account ID=arn:aws:iam::ID:role/NAME`, or give the role's name with `--role-name`",
            Self::RoleElsewhere { .. } => "name the account that the role is in",
            Self::NotARoleName(_) => "give the name alone, with its path if it has one, and the ARN with `--account ID=ARN`",
            Self::NotAUnit(_) => "ids look like `ou-ab12-cdefghij`, and that of the root like `r-ab12`",
            Self::Contradiction(_) | Self::ContradictionOfUnits(_) => "take it out of one of the two",
            Self::UnitsWithoutOrganization => "add `--org`",
        }
    }
}

impl Plan {
    /// Whether only the account of the caller is to be read.
    pub fn is_caller_alone(&self) -> bool {
        self.accounts.is_empty() && !self.organization && self.log_account.is_none()
    }

    /// The role to assume in an account of a partition.
    pub fn role(&self, account: &str, partition: &str) -> String {
        let named = self.accounts.get(account).cloned().flatten();
        named.unwrap_or_else(|| format!("arn:{partition}:iam::{account}:role/{}", self.role_name.trim_start_matches('/')))
    }

    /// Checks what can be checked without AWS.
    ///
    /// # Errors
    /// Names that are none, and wishes that contradict one another.
    pub fn check(&self) -> Result<(), PlanError> {
        let ids = self.accounts.keys().chain(&self.excluded_accounts).chain(&self.log_account);
        if let Some(id) = ids.into_iter().find(|id| !is_account(id)) {
            return Err(PlanError::NotAnAccount(id.clone()));
        }
        for (account, role) in self.accounts.iter().filter_map(|(account, role)| Some((account, role.as_ref()?))) {
            let parts: Vec<&str> = role.splitn(6, ':').collect();
            match parts.as_slice() {
                ["arn", partition, "iam", "", of, name] if name.starts_with("role/") && !partition.is_empty() => {
                    if of != account {
                        return Err(PlanError::RoleElsewhere { account: account.clone(), role: role.clone() });
                    }
                }
                _ => return Err(PlanError::NotARole(role.clone())),
            }
        }
        let is_name = |name: &str| {
            !name.is_empty() && name.len() <= 512 && name.chars().all(|c| c.is_ascii_alphanumeric() || "+=,.@_-/".contains(c))
        };
        if !is_name(&self.role_name) {
            return Err(PlanError::NotARoleName(self.role_name.clone()));
        }
        if let Some(unit) = self.units.iter().chain(&self.excluded_units).find(|unit| !is_unit(unit)) {
            return Err(PlanError::NotAUnit(unit.clone()));
        }
        let asked = self.accounts.keys().chain(&self.log_account);
        if let Some(id) = asked.into_iter().find(|id| self.excluded_accounts.contains(*id)) {
            return Err(PlanError::Contradiction(id.clone()));
        }
        if let Some(unit) = self.units.intersection(&self.excluded_units).next() {
            return Err(PlanError::ContradictionOfUnits(unit.clone()));
        }
        let units = self.units.union(&self.excluded_units).count();
        if units > 0 && !self.organization {
            return Err(PlanError::UnitsWithoutOrganization);
        }
        Ok(())
    }
}

fn is_account(id: &str) -> bool {
    id.len() == 12 && id.bytes().all(|b| b.is_ascii_digit())
}

fn is_unit(id: &str) -> bool {
    let plain = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    match id.split('-').collect::<Vec<_>>().as_slice() {
        ["ou", root, unit] => plain(root) && plain(unit),
        ["r", root] => plain(root),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(accounts: &[(&str, Option<&str>)]) -> Plan {
        let accounts = accounts.iter().map(|(id, role)| ((*id).to_string(), role.map(str::to_string))).collect();
        Plan { accounts, role_name: "Auditor".into(), ..Plan::default() }
    }

    #[test]
    fn names_that_are_none_are_refused() {
        for bad in ["", "12345678901", "1234567890123", "12345678901x", "acme"] {
            assert_eq!(plan(&[(bad, None)]).check(), Err(PlanError::NotAnAccount(bad.into())));
        }
        for bad in ["TrailproofAudit", "arn:aws:iam::111122223333:user/x", "arn:aws:iam:us-east-1:111122223333:role/x"] {
            assert_eq!(plan(&[("111122223333", Some(bad))]).check(), Err(PlanError::NotARole(bad.into())));
        }
        let elsewhere = plan(&[("111122223333", Some("arn:aws:iam::444455556666:role/x"))]).check();
        assert!(matches!(elsewhere, Err(PlanError::RoleElsewhere { .. })));
        let unit = Plan { organization: true, units: ["ou-AB-1".into()].into(), ..plan(&[]) };
        assert!(matches!(unit.check(), Err(PlanError::NotAUnit(_))));
        let name = Plan { role_name: "a b".into(), ..Plan::default() };
        assert!(matches!(name.check(), Err(PlanError::NotARoleName(_))));
    }

    #[test]
    fn wishes_that_contradict_one_another_are_refused() {
        let excluded: BTreeSet<String> = ["111122223333".into()].into();
        let both = Plan { excluded_accounts: excluded.clone(), ..plan(&[("111122223333", None)]) };
        assert!(matches!(both.check(), Err(PlanError::Contradiction(_))));
        let log = Plan { excluded_accounts: excluded, log_account: Some("111122223333".into()), ..plan(&[]) };
        assert!(matches!(log.check(), Err(PlanError::Contradiction(_))));
        let units = Plan { units: ["ou-ab12-cdefghij".into()].into(), ..plan(&[]) };
        assert!(matches!(units.check(), Err(PlanError::UnitsWithoutOrganization)));
        let both = Plan { organization: true, excluded_units: units.units.clone(), ..units };
        assert!(matches!(both.check(), Err(PlanError::ContradictionOfUnits(_))));
    }

    #[test]
    fn the_role_is_the_one_named_or_the_default_in_the_partition() {
        let given = plan(&[("111122223333", Some("arn:aws:iam::111122223333:role/Own")), ("444455556666", None)]);
        assert_eq!(given.role("111122223333", "aws"), "arn:aws:iam::111122223333:role/Own");
        assert_eq!(given.role("444455556666", "aws-cn"), "arn:aws-cn:iam::444455556666:role/Auditor");
        let named = Plan { role_name: "audit/Reader".into(), ..given };
        assert_eq!(named.role("444455556666", "aws"), "arn:aws:iam::444455556666:role/audit/Reader");
        assert_eq!(named.check(), Ok(()));
    }
}
