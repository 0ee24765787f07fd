//! What a sender may send.

use std::collections::BTreeMap;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::select;
use serde::{Deserialize, Serialize};

/// One delivery: the last part of the path, the headers with their names as sent, the raw body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// The last part of the path.
    pub source: String,
    /// The headers.
    pub headers: BTreeMap<String, String>,
    /// The raw body.
    #[serde(with = "in_base64")]
    pub body: Vec<u8>,
}

mod in_base64 {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize as _, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(body: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&STANDARD.encode(body))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(from)?;
        STANDARD.decode(text).map_err(de::Error::custom)
    }
}

/// Bodies that break templates which paste them.
const HOSTILE: [&str; 14] = [
    "",
    "&DelaySeconds=900",
    "x&Action=DeleteQueue&QueueUrl=http://127.0.0.1/1/q",
    "1+1=2 and a + b",
    "100%25 %2B %zz %",
    r#"it's "quoted" \"twice\" \\ \u0022"#,
    "Zürich → 東京 🚀 \u{2028}\u{feff}",
    "[1, 2,\n 3]",
    "not json at all",
    "$input.body $util.urlEncode('x') ${q} #set($q = 1) #end ## no comment",
    "#foreach($i in [1..9])$i#end",
    "payload=%7B%22action%22%3A%22edited%22%7D&a=b+c",
    "{\"v\":1,\"correlation_id\":\"forged\",\"body_b64\":\"\"}",
    "\0\u{1}\u{7f}\r\n\t",
];

/// The senders' names, and what is no name of any.
const SOURCES: [&str; 9] = [
    "jira",
    "trello",
    "github",
    "linear",
    "azure_devops",
    "asana",
    "generic",
    "it's \"quoted\" \\ & more=1",
    "Zürich 🚀 $input.body #end",
];

/// Headers that are looked at, and some that are not.
const HEADERS: [&str; 12] = [
    "Authorization",
    "User-Agent",
    "X-Hub-Signature",
    "x-hub-signature-256",
    "X-Trello-Webhook",
    "Linear-Signature",
    "X-GITHUB-EVENT",
    "X-Hook-Secret",
    "Cookie",
    "X-Correlation-ID",
    "x-amzn-RequestId",
    "X-Forwarded-For",
];

const CONTENT_TYPES: [&str; 4] = [
    "application/json",
    "application/json; charset=utf-8",
    "application/x-www-form-urlencoded",
    "application/x-www-form-urlencoded;charset=UTF-8",
];

impl Delivery {
    /// What is tried in every run, by name.
    pub fn fixed() -> Vec<(String, Self)> {
        let with = |source: &str, header: (&str, &str), body: &str| Self {
            source: source.into(),
            headers: [
                ("Content-Type".into(), CONTENT_TYPES[0].into()),
                (header.0.into(), header.1.into()),
            ]
            .into(),
            body: body.into(),
        };
        let signed = ("X-Hub-Signature", "sha256=00ff");
        let mut fixed: Vec<_> = (HOSTILE.iter().enumerate())
            .map(|(n, body)| (format!("hostile-{n:02}"), with("generic", signed, body)))
            .collect();
        let quoting = ("x-hub-signature", r#"a "b" \c\ 'd' é $input.body"#);
        fixed.push(("header-quotes".into(), with("jira", quoting, "{}")));
        for (n, source) in SOURCES.iter().enumerate() {
            fixed.push((format!("source-{n}"), with(source, signed, "{}")));
        }
        let mut not_utf8 = with("generic", signed, "");
        not_utf8.body = b"\xff\xfe\x00 caf\xe9 \xf0\x9f".to_vec();
        fixed.push(("not-utf-8".into(), not_utf8));
        fixed
    }

    /// 200 KB of every ASCII character that prints.
    pub fn large() -> Self {
        Self {
            source: "github".into(),
            headers: [("Content-Type".into(), CONTENT_TYPES[2].into())].into(),
            body: (b' '..=b'~').cycle().take(200 * 1024).collect(),
        }
    }
}

/// Any delivery that a sender could send.
pub fn any_delivery() -> impl Strategy<Value = Delivery> {
    // SQS takes neither U+FFFE nor U+FFFF in a message; a sender that sends them is answered with 500.
    let character = any::<char>().prop_filter("in no message", |c| {
        !matches!(c, '/' | '\u{fffe}' | '\u{ffff}')
    });
    let unusual = vec(character, 1..12).prop_map(String::from_iter);
    let unusual = unusual.prop_filter("a path of its own", |text| text != "." && text != "..");
    let source = prop_oneof![select(&SOURCES[..]).prop_map(String::from), unusual];
    // Space around a header's value is not part of it.
    let value = "[\\t -~é→🚀]{0,60}".prop_map(|value| value.trim_matches(['\t', ' ']).to_owned());
    let headers = btree_map(select(&HEADERS[..]).prop_map(String::from), value, 0..6);
    let body = prop_oneof![
        2 => select(&HOSTILE[..]).prop_map(|body| body.as_bytes().to_vec()),
        3 => any::<String>().prop_map(String::into_bytes),
        3 => "[&+%=;\"'\\\\$#{}a-c\n]{0,80}".prop_map(String::into_bytes),
        2 => vec(any::<u8>(), 0..200),
        1 => vec(any::<u8>(), 0..20_000),
    ];
    let content_type = proptest::option::of(select(&CONTENT_TYPES[..]));
    (source, headers, content_type, body).prop_map(|(source, mut headers, content_type, body)| {
        headers.extend(content_type.map(|value| ("Content-Type".to_owned(), value.to_owned())));
        Delivery {
            source,
            headers,
            body,
        }
    })
}
