//! The envelope, and the other forms that a body may have.

use bytes::Bytes;
use throughline::{Delivery, Envelope};

/// Reads any bytes as a delivery and as an envelope.
///
/// # Panics
/// When an envelope is not what it was after it was written and read again, or when the two ways of
/// reading disagree.
pub fn envelope(data: &[u8]) {
    let body = Bytes::copy_from_slice(data);
    let delivery = Delivery::read(&body);
    if let Ok(envelope) = Envelope::parse(data) {
        let delivery = delivery.expect("what is an envelope is a delivery");
        assert_eq!(delivery.body, envelope.body);
        assert_eq!(delivery.headers, envelope.headers);
        assert_eq!(
            delivery.correlation_id,
            Some(envelope.correlation_id.clone())
        );
        assert!(!delivery.refused_id);
        let written = envelope.to_json();
        let again = Envelope::parse(written.as_bytes()).expect("what is written can be read");
        assert_eq!(again, envelope);
    } else if let Ok(delivery) = delivery {
        // Nothing that was not in it comes out of a body.
        assert!(delivery.body.len() <= body.len());
        assert!(!(delivery.refused_id && delivery.correlation_id.is_some()));
    }
}
