//! Reads bodies that may be longer than is wanted.

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::Body;

/// A body that was read to its end.
pub(crate) struct Taken {
    /// The body, or what is kept of one that is longer than was wanted.
    pub(crate) bytes: Bytes,
    /// How long it was.
    pub(crate) size: usize,
}

/// Reads a body to its end and keeps at most `most` bytes of it. Who sends too much is heard out,
/// since a connection that is closed on unread bytes may lose the answer that says so.
pub(crate) async fn take<B>(mut body: B, most: usize) -> Result<Taken, B::Error>
where
    B: Body<Data = Bytes> + Unpin,
{
    let (mut kept, mut size) = (BytesMut::new(), 0);
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame?.into_data() {
            size += data.len();
            let room = most - kept.len();
            kept.extend_from_slice(&data[..data.len().min(room)]);
        }
    }
    Ok(Taken {
        bytes: kept.freeze(),
        size,
    })
}
