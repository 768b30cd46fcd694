//! The service clients of a session, one for each Region.
//!
//! To make a client costs more than to send a request with it, and most calls of a service are made in one Region, one after
//! the other: of each service the last client is kept.
//!
//! Retries share a token bucket per account, service and Region: an account that is throttled does not slow another down.

use std::sync::{Mutex, PoisonError};

use aws_sdk_s3::config::retry::RetryPartition;
use aws_types::region::Region;

use super::session::Session;

/// A client, and its Region.
type Kept<C> = Mutex<Option<(String, C)>>;

fn kept<C: Clone>(last: &Kept<C>, region: &str, make: impl FnOnce() -> C) -> C {
    let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
    match &*last {
        Some((of, client)) if of == region => client.clone(),
        _ => last.insert((region.to_string(), make())).1.clone(),
    }
}

macro_rules! clients {
    ($( $(#[doc = $doc:literal])+ $name:ident: $sdk:ident; )+) => {
        /// The clients of a session that were made last.
        #[derive(Default)]
        pub(super) struct Clients {
            s3: Kept<aws_sdk_s3::Client>,
            $( $name: Kept<$sdk::Client>, )+
        }

        impl Session {
            $(
                $(#[doc = $doc])+
                pub fn $name(&self, region: &str) -> $sdk::Client {
                    kept(&self.clients().$name, region, || {
                        let shared = self.config().to_builder().region(Region::new(region.to_string())).build();
                        let config = $sdk::config::Builder::from(&shared)
                            .retry_partition(self.retry_partition(stringify!($name), region));
                        $sdk::Client::from_conf(config.build())
                    })
                }
            )+
        }
    };
}

clients! {
    /// The Account Management client.
    account_client: aws_sdk_account;
    /// The CloudTrail client.
    cloudtrail: aws_sdk_cloudtrail;
    /// The CloudWatch client.
    cloudwatch: aws_sdk_cloudwatch;
    /// The AWS Config client.
    config_client: aws_sdk_config;
    /// The EventBridge client.
    events: aws_sdk_eventbridge;
    /// The CloudWatch Logs client.
    logs: aws_sdk_cloudwatchlogs;
    /// The Organizations client.
    organizations: aws_sdk_organizations;
    /// The SNS client.
    sns: aws_sdk_sns;
    /// The IAM client.
    iam: aws_sdk_iam;
    /// The KMS client.
    kms: aws_sdk_kms;
    /// The client for the account's side of S3.
    s3control: aws_sdk_s3control;
    /// The STS client.
    sts: aws_sdk_sts;
}

impl Session {
    /// The S3 client. Behind an endpoint override the bucket stands in the path.
    pub fn s3(&self, region: &str) -> aws_sdk_s3::Client {
        kept(&self.clients().s3, region, || {
            let shared = self.config().to_builder().region(Region::new(region.to_string())).build();
            let config = aws_sdk_s3::config::Builder::from(&shared)
                .force_path_style(self.is_overridden())
                .retry_partition(self.retry_partition("s3", region));
            aws_sdk_s3::Client::from_conf(config.build())
        })
    }

    fn retry_partition(&self, service: &str, region: &str) -> RetryPartition {
        RetryPartition::new(format!("{}/{service}/{region}", self.account()))
    }
}
