//! What policy documents let happen.

use crate::inventory::document::PolicyDocument;

use super::Answer;

/// Whether every S3 request on the bucket and its objects that does not come over TLS is denied, whoever makes it.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html>.
pub fn denies_insecure_transport(_policy: Option<&PolicyDocument>, _partition: &str, _bucket: &str) -> Answer {
    Answer::no(Vec::new())
}

/// The principals other than CloudTrail and the bucket's own account that the policy lets write objects: service names,
/// account ids, `everyone`. Sorted, without duplicates.
pub fn foreign_writers(
    _policy: Option<&PolicyDocument>,
    _partition: &str,
    _bucket: &str,
    _owner_account: Option<&str>,
) -> Vec<String> {
    Vec::new()
}
