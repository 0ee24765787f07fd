//! Headers that belong to one connection and go no further.

use http::HeaderMap;

/// The hop-by-hop headers of RFC 2616, section 13.5.1, and the one that curl adds. The OpenFaaS
/// gateway removes these and no others.
const HOP_BY_HOP: [&str; 9] = [
    "connection",
    "proxy-connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

pub(crate) fn strip(headers: &mut HeaderMap) {
    for name in HOP_BY_HOP {
        headers.remove(name);
    }
}
