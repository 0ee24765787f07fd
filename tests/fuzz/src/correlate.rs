//! From a message to its id, its trace and the type of its content.

use sqs_connector::content_type::{Declared, declared};
use sqs_connector::correlate::{Source, correlate as find};
use throughline::{CorrelationId, TraceParent};

use crate::letter;

/// Correlates any message.
///
/// # Panics
/// When the id is none, when it or the trace is another on the next delivery, or when what would be
/// told of the content could break a header.
pub fn correlate(data: &[u8]) {
    let mut message = letter::read(data);
    let found = find(&message);
    assert!(CorrelationId::parse(found.id.as_str()).is_ok());
    if found.source == Source::MessageId
        && let Ok(id) = CorrelationId::parse(&message.id)
    {
        assert_eq!(found.id, id);
    }
    let trace = found.trace.to_string();
    assert_eq!(TraceParent::parse(&trace), Some(found.trace));

    message.receive_count += 1;
    message.handle = "another".into();
    let again = find(&message);
    assert_eq!(
        (again.id, again.source, again.refused),
        (found.id, found.source, found.refused)
    );
    assert_eq!(again.trace, found.trace);

    if let Declared::As(value) = declared(&message) {
        assert!(
            value
                .as_bytes()
                .iter()
                .all(|byte| (0x20..0x7f).contains(byte))
        );
    }
}
