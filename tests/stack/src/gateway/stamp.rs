//! The headers by which the gateway marks a call: its id, and when it came.

use std::time::{SystemTime, UNIX_EPOCH};

use http::{HeaderMap, HeaderName, HeaderValue};

pub(super) const CALL_ID: HeaderName = HeaderName::from_static("x-call-id");
const START_TIME: HeaderName = HeaderName::from_static("x-start-time");

/// Which of the gateway's own headers the answer gets.
pub(super) struct Stamp {
    minted: Option<HeaderValue>,
    start: HeaderValue,
}

impl Stamp {
    /// Marks a request as the gateway does: a call id where it has none, and when it came.
    pub(super) fn on(headers: &mut HeaderMap) -> Self {
        let has_id = headers.get(&CALL_ID).is_some_and(|id| !id.is_empty());
        let minted = (!has_id).then(|| {
            let id = HeaderValue::from_str(&uuid::Uuid::now_v7().to_string())
                .expect("a UUID is made of characters that a header may have");
            headers.insert(CALL_ID, id.clone());
            id
        });
        let since_1970 = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let start = HeaderValue::from_str(&since_1970.as_nanos().to_string())
            .expect("digits are characters that a header may have");
        headers.append(START_TIME, start.clone());
        Self { minted, start }
    }

    /// The call id goes back only where the gateway made it; a function's own headers win.
    pub(super) fn echo(self, headers: &mut HeaderMap) {
        if let Some(id) = self.minted {
            headers.entry(CALL_ID).or_insert(id);
        }
        headers.entry(START_TIME).or_insert(self.start);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callers_call_id_is_kept_and_not_echoed_and_a_minted_one_is() {
        let mut request = HeaderMap::new();
        request.insert(CALL_ID, HeaderValue::from_static("mine"));
        let mut answer = HeaderMap::new();
        Stamp::on(&mut request).echo(&mut answer);
        assert_eq!(request[CALL_ID], "mine");
        assert!(!answer.contains_key(CALL_ID) && answer.contains_key(START_TIME));

        let (mut request, mut answer) = (HeaderMap::new(), HeaderMap::new());
        Stamp::on(&mut request).echo(&mut answer);
        assert_eq!(request[CALL_ID], answer[CALL_ID]);
    }
}
