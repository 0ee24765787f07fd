use super::*;
use proptest::prelude::*;

const ROOM: usize = 8192;

fn text(value: &str) -> Attribute {
    Attribute::text(value)
}

fn of(attributes: &[(&str, Attribute)], room: usize) -> (BTreeMap<String, String>, usize) {
    let attributes = (attributes.iter())
        .map(|(name, attribute)| ((*name).to_owned(), attribute.clone()))
        .collect();
    let made = attribute_headers(&attributes, room);
    let headers = (made.headers.iter())
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    (headers, made.left_out)
}

fn headers(attributes: &[(&str, Attribute)]) -> Vec<(String, String)> {
    let (headers, left_out) = of(attributes, ROOM);
    assert_eq!(left_out, 0);
    headers.into_iter().collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    (expected.iter())
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

#[test]
fn text_goes_as_it_is_and_a_number_with_its_type() {
    let number = Attribute {
        data_type: "Number.float".into(),
        ..text("3.5")
    };
    assert_eq!(
        headers(&[
            ("Kind", text("order placed")),
            ("price", number),
            ("none", text(""))
        ]),
        pairs(&[
            ("x-sqs-attr-kind", "order placed"),
            ("x-sqs-attr-none", ""),
            ("x-sqs-attr-price", "3.5"),
            ("x-sqs-attr-price-type", "Number.float"),
        ])
    );
}

#[test]
fn what_no_header_may_carry_goes_as_base64_and_says_so() {
    let binary = Attribute {
        data_type: "Binary".into(),
        value: Value::Binary(vec![0, 255].into()),
    };
    assert_eq!(
        headers(&[("blob", binary)]),
        pairs(&[
            ("x-sqs-attr-blob", "AP8="),
            ("x-sqs-attr-blob-encoding", "base64"),
            ("x-sqs-attr-blob-type", "Binary"),
        ])
    );
    for broken in ["a\r\nX-Evil: 1", "Zürich", " padded ", "\t", "\u{7f}"] {
        assert_eq!(
            headers(&[("a", text(broken))]),
            pairs(&[
                ("x-sqs-attr-a", &STANDARD.encode(broken)),
                ("x-sqs-attr-a-encoding", "base64"),
            ])
        );
    }
}

#[test]
fn a_name_that_no_header_may_have_is_percent_encoded() {
    assert_eq!(
        headers(&[
            ("a b\r\nX-Evil: 1", text("v")),
            ("100%", text("v")),
            ("k_e.y", text("v"))
        ]),
        pairs(&[
            ("x-sqs-attr-100%25", "v"),
            ("x-sqs-attr-a%20b%0d%0ax-evil%3a%201", "v"),
            ("x-sqs-attr-k_e.y", "v"),
        ])
    );
}

#[test]
fn of_two_names_that_are_one_header_the_first_in_byte_order_has_it() {
    let (headers, left_out) = of(&[("kind", text("lower")), ("Kind", text("upper"))], ROOM);
    assert_eq!(headers["x-sqs-attr-kind"], "upper");
    assert_eq!((headers.len(), left_out), (1, 1));
}

#[test]
fn no_attribute_passes_for_the_type_or_the_encoding_of_another() {
    let forged = [
        ("a", text("v")),
        ("a-Type", text("Binary")),
        ("A-encoding", text("base64")),
        ("b-type", text("there is no b")),
    ];
    let (headers, left_out) = of(&forged, ROOM);
    assert_eq!(left_out, 2);
    assert_eq!(
        headers.into_iter().collect::<Vec<_>>(),
        pairs(&[
            ("x-sqs-attr-a", "v"),
            ("x-sqs-attr-b-type", "there is no b")
        ])
    );
}

#[test]
fn where_there_is_no_room_the_smaller_ones_go() {
    let long = "x".repeat(9000);
    let (headers, left_out) = of(&[("a", text(&long)), ("b", text("v"))], ROOM);
    assert_eq!(headers.into_keys().collect::<Vec<_>>(), ["x-sqs-attr-b"]);
    assert_eq!(left_out, 1);
    assert_eq!(of(&[("b", text("v"))], 0), (BTreeMap::new(), 1));
}

fn attribute() -> impl Strategy<Value = Attribute> {
    let binary = any::<Vec<u8>>().prop_map(|bytes| Attribute {
        data_type: "Binary".into(),
        value: Value::Binary(bytes.into()),
    });
    let named = (any::<String>(), any::<String>()).prop_map(|(data_type, value)| Attribute {
        data_type,
        value: Value::Text(value),
    });
    prop_oneof![any::<String>().prop_map(Attribute::text), named, binary]
}

proptest! {
    #[test]
    fn nothing_breaks_a_header_and_nothing_exceeds_the_room(
        attributes in proptest::collection::btree_map(any::<String>(), attribute(), 0..15),
        room in 0..3000_usize,
    ) {
        let made = attribute_headers(&attributes, room);
        let mut written = 0;
        let mut names = BTreeSet::new();
        for (name, value) in &made.headers {
            let line = format!("{name}: {}\r\n", value.to_str().unwrap());
            prop_assert!(line.trim_end_matches("\r\n").bytes().all(|b| (0x20..0x7f).contains(&b)));
            written += line.len();
            prop_assert!(names.insert(name.to_string()), "a header came twice");
        }
        prop_assert!(written <= room);
        prop_assert!(made.left_out <= attributes.len());
        prop_assert_eq!(made.headers.is_empty(), made.left_out == attributes.len());
    }

    #[test]
    fn what_was_sent_can_be_had_back(value in any::<String>(), name in "[A-Za-z0-9_.-]{1,20}") {
        let attributes = [(name.clone(), Attribute::text(value.clone()))].into();
        let made = attribute_headers(&attributes, usize::MAX);
        let sent = made.headers[0].1.to_str().unwrap();
        let got = match made.headers.get(1) {
            Some((_, encoding)) => {
                prop_assert_eq!(encoding, "base64");
                String::from_utf8(STANDARD.decode(sent).unwrap()).unwrap()
            }
            None => sent.to_owned(),
        };
        prop_assert_eq!(got, value);
    }
}
