//! Work that is spread over the machine's cores, without that all of it is begun at once.

use std::future::Future;

use futures_util::stream::{self, StreamExt};

/// How many things are read at a time. Each has several calls in flight, so that few suffice to keep AWS's answers coming,
/// and the memory of those that wait is not needed.
const AT_A_TIME: usize = 48;

/// Runs each as a task of its own. What they give comes in their order.
pub(super) async fn spread<T: Send + 'static>(
    work: impl IntoIterator<Item = impl Future<Output = T> + Send + 'static>,
) -> Vec<T> {
    let tasks = stream::iter(work).map(tokio::spawn).buffered(AT_A_TIME);
    tasks.map(|done| done.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))).collect().await
}
