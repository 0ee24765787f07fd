//! What of a sender's request goes into the envelope. Pure, and the same as in the mapping template
//! of `ingress/`: `tests/ingress` holds the two to it, byte for byte.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use bytes::Bytes;
use http::HeaderMap;

/// The list that the Terraform module reads too.
static FORWARDED: LazyLock<Vec<String>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../../../ingress/headers.json"))
        .expect("a list of names, as a test of it shows")
});

/// The headers that functions look at: signatures, delivery ids, kinds of events, `Authorization`.
/// Everything else, cookies among it, stays outside.
pub(super) fn headers(sent: &HeaderMap) -> BTreeMap<String, String> {
    let known = |name: &String| {
        let values: Vec<_> = sent.get_all(name).iter().collect();
        let text: Vec<_> = values
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()))
            .collect();
        (!text.is_empty()).then(|| (name.clone(), printable(&text.join(", "))))
    };
    FORWARDED.iter().filter_map(known).collect()
}

/// A template can't write a control character into JSON: each becomes a space.
pub(super) fn printable(text: &str) -> String {
    text.replace(|c: char| c.is_ascii_control(), " ")
}

/// API Gateway takes a body as text: what is not UTF-8 in it becomes U+FFFD.
pub(super) fn body(sent: Bytes) -> Bytes {
    match std::str::from_utf8(&sent) {
        Ok(_) => sent,
        Err(_) => String::from_utf8_lossy(&sent).into_owned().into(),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn the_list_is_sorted_and_in_lower_case_with_every_senders_signature() {
        assert!(FORWARDED.is_sorted());
        for name in FORWARDED.iter() {
            assert_eq!(*name, name.to_ascii_lowercase());
        }
        for needed in [
            "authorization",
            "content-type",
            "linear-signature",
            "x-hook-signature",
            "x-hub-signature",
            "x-hub-signature-256",
            "x-trello-webhook",
        ] {
            assert!(FORWARDED.iter().any(|name| name == needed), "{needed}");
        }
    }

    #[test]
    fn what_no_template_can_write_is_replaced() {
        assert_eq!(printable("a\tb\u{7f}c\u{e9}\"\\"), "a b c\u{e9}\"\\");
        assert_eq!(body(Bytes::from_static(b"a\xffb")), "a\u{fffd}b");
        let sent = HeaderMap::from_iter([(
            http::HeaderName::from_static("x-hub-signature"),
            HeaderValue::from_static("a\tb"),
        )]);
        assert_eq!(headers(&sent)["x-hub-signature"], "a b");
    }
}
