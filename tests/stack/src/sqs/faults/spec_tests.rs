use super::*;

fn read(json: &str) -> Result<Fault, String> {
    let fault: Fault = serde_json::from_str(json).map_err(|error| error.to_string())?;
    fault.check().map_err(|error| error.to_string())?;
    Ok(fault)
}

#[test]
fn every_effect_reads_and_writes() {
    for effect in [
        r#"{"fail":{"status":403,"code":"ExpiredToken"}}"#,
        r#"{"throttle":{}}"#,
        r#"{"delay":{"ms":5,"after":true}}"#,
        r#"{"drop":{"after":false}}"#,
        r#"{"hang":{"ms":5,"after":false}}"#,
        r#"{"duplicate":{}}"#,
        r#"{"fail_entries":{"code":"InternalError","sender_fault":false,"first_n":2}}"#,
    ] {
        let fault = read(&format!(r#"{{"action":"*","effect":{effect}}}"#)).unwrap();
        assert_eq!(serde_json::to_string(&fault.effect).unwrap(), effect);
    }
}

#[test]
fn what_is_wrong_is_said() {
    for (json, said) in [
        (
            r#"{"action":"Receive","effect":{"drop":{}}}"#,
            "no such action",
        ),
        (
            r#"{"action":"*","effect":{"explode":{}}}"#,
            "unknown variant `explode`",
        ),
        (
            r#"{"action":"*","often":1,"effect":{"drop":{}}}"#,
            "unknown field `often`",
        ),
        (
            r#"{"action":"*","effect":{"drop":{"late":true}}}"#,
            "unknown field `late`",
        ),
        (
            r#"{"action":"*","effect":{"duplicate":{"n":2}}}"#,
            "unknown field `n`",
        ),
        (
            r#"{"action":"*","effect":{"throttle":{"rate":2}}}"#,
            "unknown field `rate`",
        ),
        (
            r#"{"action":"*","times":0,"effect":{"drop":{}}}"#,
            "times = 0",
        ),
        (
            r#"{"action":"*","probability":2,"effect":{"drop":{}}}"#,
            "from 0 to 1",
        ),
        (
            r#"{"action":"*","effect":{"fail":{"status":200,"code":"x"}}}"#,
            "status = 200",
        ),
        (
            r#"{"action":"SendMessage","effect":{"duplicate":{}}}"#,
            "needs ReceiveMessage",
        ),
        (
            r#"{"action":"*","effect":{"fail_entries":{"code":"x"}}}"#,
            "exactly one of",
        ),
    ] {
        let error = read(json).unwrap_err();
        assert!(error.contains(said), "{json}: {error}");
    }
}

#[test]
fn entries_are_hit_by_position_or_id() {
    let entries = |json: &str| -> Entries {
        serde_json::from_str(&format!(r#"{{"code":"x",{json}}}"#)).unwrap()
    };
    let hit = |json: &str| -> Vec<bool> {
        let entries = entries(json);
        (0..4).map(|i| entries.hit(i, &i.to_string())).collect()
    };
    assert_eq!(hit(r#""every":2"#), [false, true, false, true]);
    assert_eq!(hit(r#""first_n":1"#), [true, false, false, false]);
    assert_eq!(hit(r#""ids":["2","3"]"#), [false, false, true, true]);
}
