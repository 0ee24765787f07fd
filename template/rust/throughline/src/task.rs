//! Tasks that keep the context of whoever makes them.

use std::future::Future;
use std::ops::{Deref, DerefMut};

use tokio::task::{AbortHandle, JoinHandle};

use crate::current;

/// `tokio::spawn` that carries the context over.
///
/// ```
/// use throughline::{Context, CorrelationId, context, spawn};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let request = Context::new(CorrelationId::parse("kan-7").unwrap());
/// let seen = request.scope(async {
///     spawn(async { context().correlation_id().to_string() }).await.unwrap()
/// });
/// assert_eq!(seen.await, "kan-7");
/// # }
/// ```
///
/// # Panics
/// Outside a tokio runtime, as `tokio::spawn` does.
#[expect(
    clippy::disallowed_methods,
    reason = "this is what to use instead of it"
)]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    match current() {
        Some(context) => tokio::spawn(context.scope(future)),
        None => tokio::spawn(future),
    }
}

/// `tokio::task::spawn_blocking` that carries the context over.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let sum = throughline::spawn_blocking(|| (1..=100).sum::<u32>()).await.unwrap();
/// assert_eq!(sum, 5050);
/// # }
/// ```
///
/// # Panics
/// Outside a tokio runtime, as `tokio::task::spawn_blocking` does.
#[expect(
    clippy::disallowed_methods,
    reason = "this is what to use instead of it"
)]
pub fn spawn_blocking<F, R>(work: F) -> JoinHandle<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    match current() {
        Some(context) => tokio::task::spawn_blocking(move || context.sync_scope(work)),
        None => tokio::task::spawn_blocking(work),
    }
}

/// `tokio::task::JoinSet` whose tasks carry the context of whoever spawns them.
///
/// Everything but making tasks is tokio's own: `join_next`, `abort_all`, `len`. Dropping it ends
/// its tasks, as tokio's does, so that a handler that is cut short leaves none behind.
///
/// ```
/// use throughline::{Context, CorrelationId, JoinSet, context};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// Context::new(CorrelationId::parse("kan-7").unwrap()).scope(async {
///     let mut tasks = JoinSet::new();
///     for n in 0..3 {
///         tasks.spawn(async move { format!("{} {n}", context().correlation_id()) });
///     }
///     let mut seen = tasks.join_all().await;
///     seen.sort();
///     assert_eq!(seen, ["kan-7 0", "kan-7 1", "kan-7 2"]);
/// }).await;
/// # }
/// ```
#[derive(Debug)]
pub struct JoinSet<T>(tokio::task::JoinSet<T>);

impl<T> JoinSet<T> {
    /// An empty set.
    ///
    /// ```
    /// assert!(throughline::JoinSet::<()>::new().is_empty());
    /// ```
    pub fn new() -> Self {
        Self(tokio::task::JoinSet::new())
    }
}

impl<T: Send + 'static> JoinSet<T> {
    /// Makes a task that carries the context over.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let mut tasks = throughline::JoinSet::new();
    /// tasks.spawn(async { 6 * 7 });
    /// assert_eq!(tasks.join_next().await.unwrap().unwrap(), 42);
    /// # }
    /// ```
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn spawn<F>(&mut self, future: F) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
    {
        match current() {
            Some(context) => self.0.spawn(context.scope(future)),
            None => self.0.spawn(future),
        }
    }

    /// Runs a closure where it may block, the context carried over.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let mut tasks = throughline::JoinSet::new();
    /// tasks.spawn_blocking(|| 6 * 7);
    /// assert_eq!(tasks.join_next().await.unwrap().unwrap(), 42);
    /// # }
    /// ```
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn spawn_blocking<F>(&mut self, work: F) -> AbortHandle
    where
        F: FnOnce() -> T + Send + 'static,
    {
        match current() {
            Some(context) => self.0.spawn_blocking(move || context.sync_scope(work)),
            None => self.0.spawn_blocking(work),
        }
    }

    /// Waits for all tasks, and gives what they gave, in the order in which they ended.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let mut tasks = throughline::JoinSet::new();
    /// tasks.spawn(async { "tea" });
    /// assert_eq!(tasks.join_all().await, ["tea"]);
    /// # }
    /// ```
    ///
    /// # Panics
    /// When a task panicked.
    pub async fn join_all(self) -> Vec<T> {
        self.0.join_all().await
    }
}

impl<T> Default for JoinSet<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Deref for JoinSet<T> {
    type Target = tokio::task::JoinSet<T>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<T> DerefMut for JoinSet<T> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Context, CorrelationId};

    fn with_id(id: &str) -> Context {
        Context::new(CorrelationId::parse(id).unwrap())
    }

    fn id() -> Option<String> {
        current().map(|context| context.correlation_id().to_string())
    }

    #[tokio::test]
    async fn the_context_goes_along_into_tasks_sets_and_blocking_threads() {
        assert_eq!(spawn(async { id() }).await.unwrap(), None);
        with_id("a")
            .scope(async {
                assert_eq!(spawn(async { id() }).await.unwrap().as_deref(), Some("a"));
                let nested = spawn(async { spawn_blocking(id).await.unwrap() });
                assert_eq!(nested.await.unwrap().as_deref(), Some("a"));
                let mut set = JoinSet::new();
                set.spawn(async { id() });
                set.spawn_blocking(id);
                let seen = set.join_all().await;
                assert_eq!(seen, [Some("a".to_owned()), Some("a".to_owned())]);
            })
            .await;
    }

    #[tokio::test]
    async fn dropping_a_set_ends_its_tasks() {
        let (alive, mut ended) = tokio::sync::oneshot::channel::<()>();
        let mut set = JoinSet::new();
        set.spawn(async move {
            std::future::pending::<()>().await;
            drop(alive);
        });
        tokio::task::yield_now().await;
        assert!(ended.try_recv().is_err());
        drop(set);
        assert!(ended.await.is_err());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_thousand_requests_at_once_never_see_each_others_id() {
        let requests: Vec<_> = (0..1000)
            .map(|n| {
                spawn(with_id(&format!("request-{n}")).scope(async move {
                    tokio::task::yield_now().await;
                    let mut set = JoinSet::new();
                    set.spawn(async {
                        tokio::task::yield_now().await;
                        spawn(async { spawn_blocking(id).await.unwrap() })
                            .await
                            .unwrap()
                    });
                    (n, id(), set.join_all().await.remove(0))
                }))
            })
            .collect();
        for request in requests {
            let (n, outer, inner) = request.await.unwrap();
            assert_eq!(outer.as_deref(), Some(format!("request-{n}").as_str()));
            assert_eq!(inner, outer);
        }
    }
}
