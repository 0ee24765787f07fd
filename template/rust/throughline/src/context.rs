//! The ambient context: what is known of the request that is being handled, anywhere in it.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::{Baggage, CorrelationId, TraceParent};

tokio::task_local! {
    static CURRENT: Context;
}

/// What is known of one request. Cheap to clone.
///
/// [`run`](crate::run) makes one for each request and runs the handler inside it; [`context`] then
/// gives it anywhere in the handler, and in every task made with [`spawn`](crate::spawn),
/// [`spawn_blocking`](crate::spawn_blocking) or a [`JoinSet`](crate::JoinSet). A bare `tokio::spawn` loses it, as every task-local is lost there: the starter's `clippy.toml`
/// refuses it.
/// To carry it where nothing here does, take it along: [`Context::scope`], [`Context::sync_scope`].
///
/// ```
/// use throughline::{Context, CorrelationId};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let context = Context::new(CorrelationId::parse("kan-7").unwrap());
/// context.scope(async {
///     let seen = throughline::spawn(async { throughline::context().correlation_id().clone() });
///     assert_eq!(seen.await.unwrap().as_str(), "kan-7");
/// }).await;
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Context(Arc<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    correlation_id: CorrelationId,
    call_id: Option<Arc<str>>,
    trace: TraceParent,
    /// The span that called, where one did: the parent of this request's own.
    caller: Option<TraceParent>,
    trace_state: Option<Arc<str>>,
    from_x_ray: bool,
    baggage: Option<Baggage>,
    idempotency_key: Option<Arc<str>>,
    delivery_attempt: Option<u32>,
    deadline: Option<Instant>,
    service: Option<Arc<str>>,
    debug_log: bool,
}

impl Context {
    /// A context with this id, a trace of its own, and nothing else.
    ///
    /// ```
    /// use throughline::{Context, CorrelationId};
    ///
    /// let context = Context::new(CorrelationId::parse("kan-7").unwrap());
    /// assert_eq!(context.correlation_id().as_str(), "kan-7");
    /// assert_eq!(context.deadline(), None);
    /// ```
    pub fn new(correlation_id: CorrelationId) -> Self {
        Self(Arc::new(Inner {
            correlation_id,
            call_id: None,
            trace: TraceParent::root(),
            caller: None,
            trace_state: None,
            from_x_ray: false,
            baggage: None,
            idempotency_key: None,
            delivery_attempt: None,
            deadline: None,
            service: None,
            debug_log: false,
        }))
    }

    fn with(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    /// Sets the id of this one invocation.
    ///
    /// ```
    /// use throughline::{Context, CorrelationId};
    ///
    /// let context = Context::new(CorrelationId::mint()).with_call_id("call-1");
    /// assert_eq!(context.call_id(), Some("call-1"));
    /// ```
    #[must_use]
    pub fn with_call_id(self, call_id: &str) -> Self {
        self.with(|inner| inner.call_id = Some(call_id.into()))
    }

    /// Sets the trace, whose span is this request's own: logged as `span.id`, sent on as parent.
    ///
    /// ```
    /// use throughline::{Context, CorrelationId, TraceParent};
    ///
    /// let own = TraceParent::root();
    /// assert_eq!(Context::new(CorrelationId::mint()).with_trace(own).trace(), &own);
    /// ```
    #[must_use]
    pub fn with_trace(self, trace: TraceParent) -> Self {
        self.with(|inner| inner.trace = trace)
    }

    /// Continues the trace of a caller, with a span of this request's own.
    ///
    /// ```
    /// use throughline::{Context, CorrelationId, TraceParent};
    ///
    /// let caller = TraceParent::root();
    /// let context = Context::new(CorrelationId::mint()).with_caller(caller);
    /// assert_eq!(context.caller(), Some(&caller));
    /// assert_eq!(context.trace().trace_id(), caller.trace_id());
    /// assert_ne!(context.trace().span_id(), caller.span_id());
    /// ```
    #[must_use]
    pub fn with_caller(self, caller: TraceParent) -> Self {
        self.with(|inner| {
            inner.caller = Some(caller);
            inner.trace = caller.child();
        })
    }

    /// Sets the header `tracestate` that came with the trace, to be handed on as it is.
    ///
    /// ```
    /// use throughline::{Context, CorrelationId};
    ///
    /// let context = Context::new(CorrelationId::mint()).with_trace_state("vendor=1");
    /// assert_eq!(context.trace_state(), Some("vendor=1"));
    /// ```
    #[must_use]
    pub fn with_trace_state(self, state: &str) -> Self {
        self.with(|inner| inner.trace_state = Some(state.into()))
    }

    /// Says that the trace came in the form of X-Ray, and is to be handed on in it too.
    ///
    /// ```
    /// use throughline::{Context, CorrelationId};
    ///
    /// let context = Context::new(CorrelationId::mint()).with_x_ray();
    /// let mut headers = http::HeaderMap::new();
    /// throughline::stamp(&context, &mut headers);
    /// assert!(headers.contains_key("X-Amzn-Trace-Id") && headers.contains_key("traceparent"));
    /// ```
    #[must_use]
    pub fn with_x_ray(self) -> Self {
        self.with(|inner| inner.from_x_ray = true)
    }

    /// Sets what else goes along with every call.
    ///
    /// ```
    /// use throughline::{Baggage, Context, CorrelationId};
    ///
    /// let context = Context::new(CorrelationId::parse("kan-7").unwrap())
    ///     .with_baggage(Baggage::parse("tenant=acme").unwrap());
    /// let mut headers = http::HeaderMap::new();
    /// throughline::stamp(&context, &mut headers);
    /// assert_eq!(headers["baggage"], "correlation_id=kan-7,tenant=acme");
    /// ```
    #[must_use]
    pub fn with_baggage(self, baggage: Baggage) -> Self {
        self.with(|inner| inner.baggage = Some(baggage))
    }

    /// Sets the key that is the same on every delivery of the same message.
    ///
    /// ```
    /// use throughline::{Context, CorrelationId};
    ///
    /// let context = Context::new(CorrelationId::mint()).with_idempotency_key("orders/7");
    /// assert_eq!(context.idempotency_key(), Some("orders/7"));
    /// ```
    #[must_use]
    pub fn with_idempotency_key(self, key: &str) -> Self {
        self.with(|inner| inner.idempotency_key = Some(key.into()))
    }

    /// Sets which delivery of the message this is, counted from 1.
    ///
    /// ```
    /// use throughline::{Context, CorrelationId};
    ///
    /// let context = Context::new(CorrelationId::mint()).with_delivery_attempt(2);
    /// assert_eq!(context.delivery_attempt(), Some(2));
    /// ```
    #[must_use]
    pub fn with_delivery_attempt(self, attempt: u32) -> Self {
        self.with(|inner| inner.delivery_attempt = Some(attempt))
    }

    /// Sets until when an answer is of use.
    ///
    /// ```
    /// use throughline::{Context, CorrelationId};
    ///
    /// let context = Context::new(CorrelationId::mint())
    ///     .with_deadline(tokio::time::Instant::now() + std::time::Duration::from_secs(9));
    /// assert!(context.time_left().unwrap().as_secs() < 9);
    /// ```
    #[must_use]
    pub fn with_deadline(self, deadline: Instant) -> Self {
        self.with(|inner| inner.deadline = Some(deadline))
    }

    /// Sets the `service.name` of the lines logged in this context, where one process plays
    /// several services.
    ///
    /// ```
    /// use throughline::{Context, CorrelationId};
    ///
    /// let context = Context::new(CorrelationId::mint()).with_service("stock");
    /// assert_eq!(context.service(), Some("stock"));
    /// ```
    #[must_use]
    pub fn with_service(self, service: &str) -> Self {
        self.with(|inner| inner.service = Some(service.into()))
    }

    /// Lets every debug line of this request be written, whatever the filter says, where the lines
    /// were set up so: see [`Lines::debug_by_request`](crate::telemetry::Lines::debug_by_request).
    ///
    /// ```
    /// use throughline::{Context, CorrelationId};
    ///
    /// let context = Context::new(CorrelationId::mint()).with_debug_log();
    /// context.sync_scope(|| tracing::debug!("written, even where the filter says info"));
    /// ```
    #[must_use]
    pub fn with_debug_log(self) -> Self {
        self.with(|inner| inner.debug_log = true)
    }

    /// Whether every debug line of this request is to be written.
    #[cfg(feature = "function")]
    pub(crate) fn asks_for_debug_log(&self) -> bool {
        self.0.debug_log
    }

    /// The id of the business event.
    ///
    /// ```
    /// use throughline::{Context, CorrelationId};
    ///
    /// let context = Context::new(CorrelationId::parse("kan-7").unwrap());
    /// assert_eq!(context.correlation_id().to_string(), "kan-7");
    /// ```
    pub fn correlation_id(&self) -> &CorrelationId {
        &self.0.correlation_id
    }

    /// The id of this one invocation.
    ///
    /// ```
    /// use throughline::{Context, CorrelationId};
    ///
    /// assert_eq!(Context::new(CorrelationId::mint()).call_id(), None);
    /// ```
    pub fn call_id(&self) -> Option<&str> {
        self.0.call_id.as_deref()
    }

    /// The trace, with this request's own span.
    ///
    /// ```
    /// use throughline::{Context, CorrelationId};
    ///
    /// let context = Context::new(CorrelationId::mint());
    /// assert_eq!(context.trace().trace_id().len(), 32);
    /// ```
    pub fn trace(&self) -> &TraceParent {
        &self.0.trace
    }

    /// The span that called, where one did.
    ///
    /// ```
    /// use throughline::{Context, CorrelationId};
    ///
    /// assert_eq!(Context::new(CorrelationId::mint()).caller(), None);
    /// ```
    pub fn caller(&self) -> Option<&TraceParent> {
        self.0.caller.as_ref()
    }

    /// The header `tracestate` that came with the trace.
    ///
    /// ```
    /// use throughline::{Context, CorrelationId};
    ///
    /// assert_eq!(Context::new(CorrelationId::mint()).trace_state(), None);
    /// ```
    pub fn trace_state(&self) -> Option<&str> {
        self.0.trace_state.as_deref()
    }

    /// Whether the trace came in the form of X-Ray.
    ///
    /// ```
    /// use throughline::{Context, CorrelationId};
    ///
    /// let context = Context::new(CorrelationId::mint());
    /// assert!(!context.from_x_ray());
    /// assert!(context.with_x_ray().from_x_ray());
    /// ```
    pub fn from_x_ray(&self) -> bool {
        self.0.from_x_ray
    }

    /// What else goes along with every call; the correlation id is added to it there.
    ///
    /// ```
    /// use throughline::{Baggage, Context, CorrelationId};
    ///
    /// let context = Context::new(CorrelationId::mint())
    ///     .with_baggage(Baggage::parse("tenant=acme").unwrap());
    /// assert_eq!(context.baggage().and_then(|baggage| baggage.get("tenant")).as_deref(), Some("acme"));
    /// ```
    pub fn baggage(&self) -> Option<&Baggage> {
        self.0.baggage.as_ref()
    }

    /// The key that is the same on every delivery of the same message.
    ///
    /// ```
    /// // In a handler: a key for one piece of its work, the same on every delivery.
    /// let key = throughline::context().idempotency_key().map(|key| format!("charge/{key}"));
    /// # assert_eq!(key, None);
    /// ```
    pub fn idempotency_key(&self) -> Option<&str> {
        self.0.idempotency_key.as_deref()
    }

    /// Which delivery of the message this is, counted from 1.
    ///
    /// ```
    /// // In a handler: only the first delivery writes to the customer.
    /// let first = throughline::context().delivery_attempt().is_none_or(|attempt| attempt == 1);
    /// # assert!(first);
    /// ```
    pub fn delivery_attempt(&self) -> Option<u32> {
        self.0.delivery_attempt
    }

    /// Until when an answer is of use.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// // In a handler: work that ends in time.
    /// if let Some(deadline) = throughline::context().deadline() {
    ///     let _ = tokio::time::timeout_at(deadline, async { /* … */ }).await;
    /// }
    /// # }
    /// ```
    pub fn deadline(&self) -> Option<Instant> {
        self.0.deadline
    }

    /// How much of the deadline is left; zero once it has passed, `None` where there is none.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// // In a handler: whether another piece of work is still worth a try.
    /// let enough = throughline::context().time_left().is_none_or(|left| left > Duration::from_secs(2));
    /// # assert!(enough);
    /// ```
    pub fn time_left(&self) -> Option<Duration> {
        self.0
            .deadline
            .map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }

    /// The service that logs in this context, where it is not the process' own.
    ///
    /// ```
    /// use throughline::{Context, CorrelationId};
    ///
    /// assert_eq!(Context::new(CorrelationId::mint()).service(), None);
    /// ```
    pub fn service(&self) -> Option<&str> {
        self.0.service.as_deref()
    }

    /// Runs a future inside this context.
    ///
    /// ```
    /// use throughline::{Context, CorrelationId, context};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let request = Context::new(CorrelationId::parse("kan-7").unwrap())
    ///     .with_call_id("call-1")
    ///     .with_idempotency_key("orders/7")
    ///     .with_delivery_attempt(2)
    ///     .with_deadline(tokio::time::Instant::now() + std::time::Duration::from_secs(30));
    /// request.scope(async {
    ///     assert_eq!(context().call_id(), Some("call-1"));
    ///     assert_eq!(context().idempotency_key(), Some("orders/7"));
    ///     assert_eq!(context().delivery_attempt(), Some(2));
    ///     assert!(context().time_left().unwrap().as_secs() <= 30);
    /// }).await;
    /// # }
    /// ```
    // No `async fn`: that would hold the future twice, and be twice as large.
    pub fn scope<F: Future>(self, future: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(self, future)
    }

    /// Runs a closure inside this context.
    ///
    /// ```
    /// use throughline::{Context, CorrelationId, context};
    ///
    /// // A thread that is none of tokio's.
    /// let request = Context::new(CorrelationId::parse("kan-7").unwrap());
    /// let thread = std::thread::spawn(move || {
    ///     request.sync_scope(|| context().correlation_id().to_string())
    /// });
    /// assert_eq!(thread.join().unwrap(), "kan-7");
    /// ```
    pub fn sync_scope<R>(self, work: impl FnOnce() -> R) -> R {
        CURRENT.sync_scope(self, work)
    }
}

/// The context of the request that is being handled.
///
/// Outside of one there is none to give: then a new, detached one with an id of its own, so that
/// an outgoing call still carries an id. Use [`current`] to tell the two apart.
///
/// ```
/// // Outside of a request each call gives another one.
/// assert_ne!(throughline::context().correlation_id(), throughline::context().correlation_id());
/// ```
pub fn context() -> Context {
    current().unwrap_or_else(|| Context::new(CorrelationId::mint()))
}

/// The context of the request that is being handled, if one is.
///
/// ```
/// assert!(throughline::current().is_none());
/// ```
pub fn current() -> Option<Context> {
    CURRENT.try_with(Clone::clone).ok()
}

/// Gives the context to a closure without a clone of it.
pub(crate) fn with_current<R>(work: impl FnOnce(Option<&Context>) -> R) -> R {
    let mut work = Some(work);
    let mut run = |context: Option<&Context>| (work.take().expect("it runs once"))(context);
    match CURRENT.try_with(|context| run(Some(context))) {
        Ok(result) => result,
        Err(_) => run(None),
    }
}

/// Whether the request that is being handled asked for its debug lines.
pub(crate) fn debug_log_asked() -> bool {
    CURRENT
        .try_with(|context| context.0.debug_log)
        .unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_id(id: &str) -> Context {
        Context::new(CorrelationId::parse(id).unwrap())
    }

    #[tokio::test]
    async fn outside_a_request_there_is_no_context() {
        assert!(current().is_none());
        assert_ne!(context().correlation_id(), context().correlation_id());
    }

    #[tokio::test(start_paused = true)]
    async fn the_time_left_runs_out_and_stays_at_zero() {
        let context = with_id("a").with_deadline(Instant::now() + Duration::from_secs(2));
        assert_eq!(context.time_left(), Some(Duration::from_secs(2)));
        tokio::time::advance(Duration::from_secs(3)).await;
        assert_eq!(context.time_left(), Some(Duration::ZERO));
    }
}
