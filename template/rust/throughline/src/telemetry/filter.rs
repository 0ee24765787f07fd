//! Which lines are written: what `RUST_LOG` says, and everything down to debug for a request that
//! asked for it and may.

use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::layer::{Context as LayerContext, Filter};
use tracing_subscriber::registry::LookupSpan;

/// The filter of the environment, which lets all debug lines of a request through whose context
/// says so.
///
/// It asks at each line below the filter's level, so that it is used only where requests may ask.
pub(super) struct ByRequest(pub(super) EnvFilter);

fn asked_for(metadata: &Metadata<'_>) -> bool {
    *metadata.level() <= Level::DEBUG && metadata.is_event() && crate::context::debug_log_asked()
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Filter<S> for ByRequest {
    fn enabled(&self, metadata: &Metadata<'_>, context: &LayerContext<'_, S>) -> bool {
        Filter::<S>::enabled(&self.0, metadata, context) || asked_for(metadata)
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        let interest = Filter::<S>::callsite_enabled(&self.0, metadata);
        if interest.is_never() && metadata.is_event() && *metadata.level() <= Level::DEBUG {
            Interest::sometimes()
        } else {
            interest
        }
    }

    fn event_enabled(&self, event: &Event<'_>, context: &LayerContext<'_, S>) -> bool {
        Filter::<S>::event_enabled(&self.0, event, context)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        let hint = Filter::<S>::max_level_hint(&self.0)?;
        Some(hint.max(LevelFilter::DEBUG))
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: LayerContext<'_, S>) {
        Filter::<S>::on_new_span(&self.0, attributes, id, context);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: LayerContext<'_, S>) {
        Filter::<S>::on_record(&self.0, id, values, context);
    }

    fn on_enter(&self, id: &Id, context: LayerContext<'_, S>) {
        Filter::<S>::on_enter(&self.0, id, context);
    }

    fn on_exit(&self, id: &Id, context: LayerContext<'_, S>) {
        Filter::<S>::on_exit(&self.0, id, context);
    }

    fn on_close(&self, id: Id, context: LayerContext<'_, S>) {
        Filter::<S>::on_close(&self.0, id, context);
    }
}
