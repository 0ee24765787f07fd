//! Receipt handles: which receive of which message of which queue.
//!
//! A handle carries a check value, so that one that was never given out is told from one that is
//! merely stale, as the service does.

use std::hash::{DefaultHasher, Hasher as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// What a handle says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Receipt {
    /// The queue's own number: a queue made anew under the same name has another.
    pub(crate) queue: u64,
    pub(crate) message: u64,
    /// The message's receive count at that receive.
    pub(crate) receive: u32,
}

/// Writes and reads handles with one key.
#[derive(Debug)]
pub(crate) struct Handles {
    key: u64,
}

const LENGTH: usize = 28;

impl Handles {
    pub(crate) const fn new(key: u64) -> Self {
        Self { key }
    }

    pub(crate) fn write(&self, receipt: Receipt) -> String {
        let mut bytes = [0; LENGTH];
        bytes[..8].copy_from_slice(&receipt.queue.to_be_bytes());
        bytes[8..16].copy_from_slice(&receipt.message.to_be_bytes());
        bytes[16..20].copy_from_slice(&receipt.receive.to_be_bytes());
        let check = self.check(&bytes[..20]);
        bytes[20..].copy_from_slice(&check.to_be_bytes());
        STANDARD_NO_PAD.encode(bytes)
    }

    /// None when this was never written with this key.
    pub(crate) fn read(&self, handle: &str) -> Option<Receipt> {
        let bytes: [u8; LENGTH] = STANDARD_NO_PAD.decode(handle).ok()?.try_into().ok()?;
        let wide = |at: usize| {
            let mut part = [0; 8];
            part.copy_from_slice(&bytes[at..at + 8]);
            u64::from_be_bytes(part)
        };
        (wide(20) == self.check(&bytes[..20])).then(|| Receipt {
            queue: wide(0),
            message: wide(8),
            receive: u32::from_be_bytes([bytes[16], bytes[17], bytes[18], bytes[19]]),
        })
    }

    fn check(&self, bytes: &[u8]) -> u64 {
        let mut hasher = DefaultHasher::new();
        hasher.write_u64(self.key);
        hasher.write(bytes);
        hasher.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECEIPT: Receipt = Receipt {
        queue: 1,
        message: u64::MAX,
        receive: 7,
    };

    #[test]
    fn a_handle_reads_as_it_was_written() {
        let handles = Handles::new(42);
        assert_eq!(handles.read(&handles.write(RECEIPT)), Some(RECEIPT));
    }

    #[test]
    fn garbage_and_another_servers_handle_are_not_read() {
        let handles = Handles::new(42);
        let good = handles.write(RECEIPT);
        let mut tampered = good.clone().into_bytes();
        tampered[3] = if tampered[3] == b'A' { b'B' } else { b'A' };
        let tampered = String::from_utf8(tampered).unwrap();
        for bad in [
            "",
            "garbage",
            &good[1..],
            &tampered,
            &Handles::new(43).write(RECEIPT),
        ] {
            assert_eq!(handles.read(bad), None, "{bad}");
        }
    }
}
