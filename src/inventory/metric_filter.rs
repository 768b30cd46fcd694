//! What a log group does with the events that arrive: metric filters and subscription filters.

use super::noun::noun;

noun! {
    /// A metric filter of a log group: it adds to metrics whenever an event matches its pattern.
    pub struct MetricFilter("metric_filter", id = name) {
        /// The filter's name.
        name: String,
        /// The filter pattern, as it was written.
        pattern: String,
        /// Whether the pattern sees events as the log group's transformer has changed them, not as they arrived.
        applied_on_transformed_logs: bool,
        /// A condition on the account and Region that an event came from; null where every event of the group counts.
        field_selection_criteria: Option<String>,
        /// The metrics that each match adds to.
        metrics: Vec<Metric>,
    }
}

noun! {
    /// A metric that a metric filter adds to. Source: the MetricTransformation type of the CloudWatch Logs API.
    pub struct Metric("metric", id = name) {
        /// The metric's namespace.
        namespace: String,
        /// The metric's name.
        name: String,
        /// What each match adds: a number, or a field of the event such as `$.bytes`.
        value: String,
        /// What is added where no event matches; null where nothing is.
        default_value: Option<String>,
        /// The names of the dimensions that the filter gives the metric.
        dimensions: Vec<String>,
    }
}

noun! {
    /// A subscription filter of a log group: it sends matching events on.
    pub struct SubscriptionFilter("subscription_filter", id = name) {
        /// The filter's name.
        name: String,
        /// The filter pattern, as it was written.
        pattern: String,
        /// The ARN of the stream, function or destination that matching events are sent to.
        destination_arn: String,
    }
}
