use super::*;
use crate::commands::check::Mark;
use crate::commands::check::findings::tests::config;

fn found(more: &[&str], asked: &AsyncFacts) -> Vec<(&'static str, Mark, String)> {
    let mut args = vec!["--mode=async"];
    args.extend(more);
    let findings = findings(&config(&args), Some(asked));
    let told = |it: Finding| {
        (
            it.check,
            it.result,
            it.says + &it.remedy.unwrap_or_default(),
        )
    };
    findings.into_iter().map(told).collect()
}

#[test]
fn without_asynchronous_calls_nothing_is_said_of_them() {
    assert!(findings(&config(&[]), None).is_empty());
}

#[test]
fn a_gateway_without_a_queue_is_told_with_the_remedy() {
    let url = ["--callback-url=http://10.0.0.7:8082"];
    let taken = found(&url, &AsyncFacts::Taken);
    assert_eq!(
        taken.iter().map(|it| it.1).collect::<Vec<_>>(),
        [Mark::Ok, Mark::Ok]
    );
    let none = found(&url, &AsyncFacts::NoQueue);
    assert_eq!(none[0].1, Mark::Failed);
    assert!(
        none[0].2.contains("404") && none[0].2.contains("NATS"),
        "{none:?}"
    );
    let unknown = found(&url, &AsyncFacts::Unknown("status 200".into()));
    assert_eq!(unknown[0].1, Mark::NotTried);
    assert!(unknown[0].2.contains("status 200"), "{unknown:?}");
}

#[test]
fn a_way_back_that_leads_nowhere_is_told_with_the_remedy() {
    for (args, mark, says) in [
        (
            &["--callback-url=http://10.0.0.7:8082"][..],
            Mark::Ok,
            "10.0.0.7:8082",
        ),
        (
            &["--callback-url=http://connector.openfaas"][..],
            Mark::Ok,
            "connector.openfaas",
        ),
        (
            &["--callback-url=http://0.0.0.0:8082"][..],
            Mark::Failed,
            "POD_IP",
        ),
        (
            &["--callback-url=http://localhost:8082"][..],
            Mark::Failed,
            "queue-worker's own machine",
        ),
        (
            &["--callback-url=http://[::1]:8082"][..],
            Mark::Failed,
            "queue-worker's own machine",
        ),
        (
            &[
                "--callback-url=http://localhost:8082",
                "--gateway-url=http://127.0.0.1:8080",
            ][..],
            Mark::Ok,
            "localhost",
        ),
        (
            &[
                "--callback-url=http://10.0.0.7:8082",
                "--callback-address=127.0.0.1",
            ][..],
            Mark::Failed,
            "callback_address=0.0.0.0",
        ),
        (
            &["--callback-url=http://10.0.0.7:9000"][..],
            Mark::Warning,
            "the ports differ",
        ),
    ] {
        let found = found(args, &AsyncFacts::Taken);
        assert_eq!(found[1].1, mark, "{args:?}: {found:?}");
        assert!(found[1].2.contains(says), "{args:?}: {found:?}");
    }
}
