//! Handing findings to Security Hub, each account's own with that account's credentials, as the default product ARN asks for.
//!
//! One call is all that is used of the service, and its body is ready: it is signed and sent without the service's own crate,
//! which would be as large as all others together.
//! Source: <https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_BatchImportFindings.html>.

use std::collections::BTreeMap;

use aws_smithy_runtime_api::client::result::SdkError;
use futures_util::stream::{self, StreamExt};
use serde::Deserialize;

use super::assume::Role;
use super::connector::innermost;
use super::gap::clean;
use super::plain::{Plain, send};
use super::plan::Plan;
use super::session::Session;

/// Accounts that are served at a time.
const AT_A_TIME: usize = 8;

/// Findings of one account and Region, as one request takes them.
#[derive(Clone, Debug)]
pub struct Import {
    pub account: String,
    pub region: String,
    pub findings: usize,
    /// The body of BatchImportFindings.
    pub body: String,
}

/// What became of some findings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    pub account: String,
    pub region: String,
    pub taken: usize,
    /// Why findings were not taken, one line each, or one for all.
    pub refused: Vec<String>,
    /// How many were not taken.
    pub lost: usize,
}

/// Sends every request, as the caller in its own account and by the plan's roles in others. Results come by account; a refusal
/// never keeps others from being sent.
pub async fn import(caller: &Session, plan: &Plan, imports: Vec<Import>) -> Vec<Imported> {
    let mut by_account: BTreeMap<String, Vec<Import>> = BTreeMap::new();
    for import in imports {
        by_account.entry(import.account.clone()).or_default().push(import);
    }
    let accounts = by_account.into_iter().map(|(account, imports)| in_account(caller, plan, account, imports));
    let results: Vec<Vec<Imported>> = stream::iter(accounts).buffered(AT_A_TIME).collect().await;
    results.into_iter().flatten().collect()
}

async fn in_account(caller: &Session, plan: &Plan, account: String, imports: Vec<Import>) -> Vec<Imported> {
    let session = enter(caller, plan, &account).await;
    let mut results = Vec::new();
    for import in imports {
        let answer = match &session {
            Ok((session, partition)) => hand_over(session, partition, &import).await,
            Err(reason) => Err(reason.clone()),
        };
        let Import { account, region, findings, .. } = import;
        results.push(match answer {
            Ok(answer) => {
                let refused: Vec<String> = answer.failed.iter().map(Failed::line).collect();
                let lost = findings.saturating_sub(answer.success_count);
                Imported { account, region, taken: answer.success_count, refused, lost }
            }
            Err(reason) => Imported { account, region, taken: 0, refused: vec![reason], lost: findings },
        });
    }
    results
}

async fn enter(caller: &Session, plan: &Plan, account: &str) -> Result<(Session, String), String> {
    let identity = caller.identity().await.map_err(|refusal| refusal.gap.message.clone())?;
    if identity.account == account {
        return Ok((caller.clone(), identity.partition));
    }
    let arn = plan.role(account, &identity.partition);
    let role = Role { account: account.to_string(), arn, external_id: plan.external_id.clone() };
    let session = caller.assume(&role).await.map_err(|gap| gap.message.clone())?;
    Ok((session, identity.partition))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    success_count: usize,
    #[serde(default, rename = "FailedFindings")]
    failed: Vec<Failed>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Failed {
    id: String,
    error_code: String,
    #[serde(default)]
    error_message: String,
}

impl Failed {
    fn line(&self) -> String {
        clean(&format!("{}: {}: {}", self.id, self.error_code, self.error_message))
    }
}

async fn hand_over(session: &Session, partition: &str, import: &Import) -> Result<Answer, String> {
    let at = format!("securityhub:BatchImportFindings in account {}, {}", import.account, import.region);
    let request = Plain {
        service: "securityhub",
        operation: "BatchImportFindings",
        method: "POST",
        path: "/findings/import".into(),
        body: import.body.clone(),
    };
    let answer = send(session, partition, &import.region, request).await.map_err(|error| {
        let reason = match error {
            SdkError::ServiceError(refused) => refused.into_err().to_string(),
            other => innermost(&other),
        };
        format!("{at}: {}", clean(&reason))
    })?;
    serde_json::from_value(answer).map_err(|e| format!("{at}: {}", clean(&e.to_string())))
}
