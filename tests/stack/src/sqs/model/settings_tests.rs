use super::*;

fn made(fifo: bool, name: &str, value: &str) -> Result<Settings, Code> {
    let attributes = BTreeMap::from([(name.to_owned(), value.to_owned())]);
    Settings::new(fifo, &attributes).map_err(|refusal| refusal.code)
}

#[test]
fn ranges_end_where_the_service_ends_them() {
    for (name, least, most) in [
        ("VisibilityTimeout", 0_i64, 43_200),
        ("MaximumMessageSize", 1024, 1_048_576),
        ("MessageRetentionPeriod", 60, 1_209_600),
        ("DelaySeconds", 0, 900),
        ("ReceiveMessageWaitTimeSeconds", 0, 20),
    ] {
        for good in [least, most] {
            let settings = made(false, name, &good.to_string()).unwrap();
            assert_eq!(settings.get(name), Some(good.to_string()), "{name}");
        }
        for bad in [least - 1, most + 1] {
            let refused = made(false, name, &bad.to_string());
            assert_eq!(refused, Err(Code::InvalidAttributeValue), "{name} {bad}");
        }
    }
}

#[test]
fn fifo_attributes_are_unknown_to_a_standard_queue() {
    for (name, value) in [
        ("FifoQueue", "true"),
        ("ContentBasedDeduplication", "true"),
        ("DeduplicationScope", "queue"),
        ("FifoThroughputLimit", "perQueue"),
    ] {
        assert_eq!(
            made(false, name, value),
            Err(Code::InvalidAttributeName),
            "{name}"
        );
        assert!(made(true, name, value).is_ok(), "{name}");
    }
    assert_eq!(
        made(true, "FifoQueue", "false"),
        Err(Code::InvalidAttributeValue)
    );
    assert_eq!(
        made(false, "Colour", "red"),
        Err(Code::InvalidAttributeName)
    );
}

#[test]
fn only_what_differs_is_reported() {
    let settings = made(false, "DelaySeconds", "5").unwrap();
    let asked = |name: &str, value: &str| BTreeMap::from([(name.to_owned(), value.to_owned())]);
    let same = asked("DelaySeconds", "5");
    let other = asked("DelaySeconds", "6");
    assert_eq!(settings.differing(&same), Ok(None));
    assert_eq!(settings.differing(&other), Ok(Some("DelaySeconds")));
    assert_eq!(settings.differing(&BTreeMap::new()), Ok(None));
}

#[test]
fn an_empty_policy_takes_the_policy_away() {
    let policy = r#"{"deadLetterTargetArn":"arn:aws:sqs:r:a:d","maxReceiveCount":3}"#;
    let mut settings = made(false, "RedrivePolicy", policy).unwrap();
    assert!(settings.get("RedrivePolicy").is_some());
    settings.set("RedrivePolicy", "").unwrap();
    assert_eq!(settings.get("RedrivePolicy"), None);
}
