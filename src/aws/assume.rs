//! Getting into another account: a role is assumed, and the caller is who it should be there.
//!
//! The answer of AssumeRole holds secrets. It is asked with the client that credentials are fetched with, which nothing
//! records.

use std::sync::{Mutex, PoisonError};

use aws_config::sts::AssumeRoleProvider;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::region::Region;

use super::connector::innermost;
use super::gap::{self, clean};
use super::record::AccountHead;
use super::session::Session;
use crate::inventory::{Gap, GapKind, Remedy};

/// A role to assume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// The account that the role is in.
    pub account: String,
    pub arn: String,
    /// What the role's trust policy may ask for besides the caller's name.
    pub external_id: Option<String>,
}

impl Session {
    /// A session in another account, by a role there.
    ///
    /// # Errors
    /// Why the account cannot be read, with what would let it be.
    pub async fn assume(&self, role: &Role) -> Result<Session, Box<Gap>> {
        let entered = match self.recorded(&role.account) {
            Some(recorded) => recorded,
            None => self.enter(role).await,
        };
        let entered = match entered {
            Ok(session) => session.identity().await.map(|identity| (session, identity)).map_err(|refusal| refusal.gap),
            Err(gap) => Err(gap),
        };
        let entered = entered.and_then(|(session, identity)| {
            if identity.account == role.account {
                return Ok((session, identity));
            }
            let message = format!("the role {} led into account {}, not into {}", role.arn, identity.account, role.account);
            Err(Box::new(Gap::new(GapKind::Failed, message).with_remedy(Remedy::Do("check the role's ARN".into()))))
        });
        match entered {
            Ok((session, identity)) => {
                self.ledger().account(&role.account, AccountHead { partition: identity.partition, refused: None });
                Ok(session)
            }
            Err(gap) => {
                self.ledger().account(&role.account, AccountHead { partition: String::new(), refused: Some((*gap).clone()) });
                Err(gap)
            }
        }
    }

    async fn enter(&self, role: &Role) -> Result<Session, Box<Gap>> {
        let Some(source) = self.credentials_source() else {
            return Err(Box::new(Gap::new(GapKind::AbsentInput, "no credentials to assume a role with")));
        };
        let mut builder = AssumeRoleProvider::builder(&role.arn)
            .session_name(concat!("trailproof-", env!("CARGO_PKG_VERSION")))
            .region(Region::new(self.base_region().to_string()))
            .configure(source);
        if let Some(id) = &role.external_id {
            builder = builder.external_id(id);
        }
        let provider = builder.build().await;
        let assumed = tokio::select! {
            biased;
            () = self.interrupt().triggered() => {
                self.ledger().interrupted();
                let message = format!("the run was stopped before account {} was entered", role.account);
                let remedy = Remedy::Do("run the scan again, and let it finish".into());
                return Err(Box::new(Gap::new(GapKind::Interrupted, message).with_remedy(remedy)));
            }
            assumed = provider.provide_credentials() => assumed,
        };
        let first = assumed.map_err(|error| Box::new(refused(role, &error)))?;
        let provider = SharedCredentialsProvider::new(Kept { first: Mutex::new(Some(first)), then: provider });
        Ok(self.with_credentials(&role.account, provider))
    }
}

/// Gives out what was assumed already, and assumes again when that is spent.
#[derive(Debug)]
struct Kept {
    first: Mutex<Option<Credentials>>,
    then: AssumeRoleProvider,
}

impl ProvideCredentials for Kept {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let first = self.first.lock().unwrap_or_else(PoisonError::into_inner).take();
        match first {
            Some(credentials) => future::ProvideCredentials::ready(Ok(credentials)),
            None => self.then.provide_credentials(),
        }
    }
}

fn refused(role: &Role, error: &CredentialsError) -> Gap {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    let mut said = None;
    while let Some(this) = cause {
        if let Some(service) = this.downcast_ref::<AssumeRoleError>() {
            said = service.code().map(|code| (code.to_string(), service.message().unwrap_or_default().to_string()));
        }
        cause = this.source();
    }
    let at = format!("sts:AssumeRole of {} in account {}", role.arn, role.account);
    let Some((code, message)) = said else {
        let text = format!("{at}: {}", clean(&innermost(error)));
        let remedy = "check the connection to AWS and the caller's credentials, and run the scan again";
        return Gap::new(GapKind::Failed, text).with_remedy(Remedy::Do(remedy.into()));
    };
    let (kind, remedy) = gap::judge(Some(&code), &message, None, "sts:AssumeRole", &role.account);
    let remedy = match kind {
        GapKind::Denied => {
            let with = if role.external_id.is_some() {
                "with the external id that is given"
            } else {
                "which may ask for an external id"
            };
            Some(Remedy::Do(format!(
                "create the role {} in account {}, or let its trust policy, {with}, name the caller, and allow the caller sts:AssumeRole on it",
                role.arn, role.account
            )))
        }
        _ => remedy,
    };
    Gap { kind, message: format!("{at}: {}: {}", clean(&code), clean(&message)), remedy, call: None }
}
