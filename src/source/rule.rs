//! Which rules of an event bus matter for what CloudTrail records.

use serde_json::Value;

/// Whether a rule of this event pattern may match events that come from CloudTrail: unless it names other kinds of events alone.
pub(super) fn speaks_of_cloudtrail(pattern: &str) -> bool {
    let Ok(pattern) = serde_json::from_str::<Value>(pattern) else { return true };
    let Some(kinds) = pattern.get("detail-type").and_then(Value::as_array) else { return true };
    kinds.iter().any(|kind| kind.as_str().is_none_or(|kind| kind.ends_with(" via CloudTrail")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rules_about_other_events_are_passed_over() {
        for (pattern, speaks) in [
            (r#"{"detail-type": ["AWS API Call via CloudTrail"]}"#, true),
            (r#"{"detail-type": ["EC2 Instance State-change Notification"]}"#, false),
            (r#"{"detail-type": ["EC2 Instance State-change Notification", {"suffix": "CloudTrail"}]}"#, true),
            (r#"{"source": ["aws.iam"]}"#, true),
            ("not JSON", true),
        ] {
            assert_eq!(speaks_of_cloudtrail(pattern), speaks, "{pattern}");
        }
    }
}
