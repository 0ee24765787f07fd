//! How a function stops: not ready at once, every request answered, then the end.

use std::time::{Duration, Instant};

use crate::call::{answer, get};
use crate::process::Process;

#[tokio::test]
async fn asked_to_stop_it_answers_what_it_has_begun_and_is_not_ready_meanwhile() {
    for signal in ["TERM", "INT"] {
        let env = [("healthcheck_interval", "2s")];
        let mut function = Process::start("every_way_out", &env);
        let begun = get("/slow?3000").id("begun").sent_to(function.port).await;
        function.line("the work begins").await;

        function.signal(signal);
        function.line("asked to stop").await;
        for path in ["/_/ready", "/_/health"] {
            assert_eq!(get(path).to(function.port).await.status, 503, "{path}");
        }
        // Whoever has not noticed yet is still served.
        assert_eq!(get("/context").to(function.port).await.status, 200);
        assert!(!function.lock_file().exists());

        let begun = answer(begun).await;
        assert_eq!((begun.status, begun.body.as_str()), (200, "done"));
        assert_eq!(begun.id(), "begun");
        let (status, stderr) = function.end().await;
        assert_eq!((status.code(), stderr.as_str()), (Some(0), ""));
        let done = function.line("the work is done").await;
        assert_eq!(
            done["correlation_id"], "begun",
            "the last lines are not lost"
        );
        function.line("every request was answered").await;
    }
}

#[tokio::test]
async fn asked_again_it_stops_waiting_and_still_answers_what_it_has_begun() {
    let env = [("healthcheck_interval", "1h"), ("write_timeout", "30s")];
    let mut function = Process::start("every_way_out", &env);
    let begun = get("/slow?1000").id("begun").sent_to(function.port).await;
    function.line("the work begins").await;
    function.signal("INT");
    function.line("asked again, it stops waiting").await;
    assert_eq!(get("/context").to(function.port).await.status, 200);
    function.signal("INT");
    assert_eq!(answer(begun).await.status, 200);
    assert_eq!(function.end().await.0.code(), Some(0));
}

#[tokio::test]
async fn an_idle_connection_does_not_hold_up_the_end() {
    let mut function = Process::start("echo", &[("write_timeout", "30s")]);
    let _idle = tokio::net::TcpStream::connect(("127.0.0.1", function.port))
        .await
        .unwrap();
    // Let it be accepted before the end begins.
    get("/_/health").to(function.port).await;
    let started = Instant::now();
    function.signal("TERM");
    assert_eq!(function.end().await.0.code(), Some(0));
    assert!(
        started.elapsed() < Duration::from_secs(8),
        "{:?}",
        started.elapsed()
    );
}

#[tokio::test]
async fn what_is_not_done_after_write_timeout_is_cut_and_told() {
    let env = [("write_timeout", "300ms"), ("healthcheck_interval", "0")];
    let mut function = Process::start("every_way_out", &env);
    let _begun = get("/slow?15000")
        .id("too-long")
        .sent_to(function.port)
        .await;
    function.line("the work begins").await;
    let started = Instant::now();
    function.signal("TERM");
    assert_eq!(function.end().await.0.code(), Some(0));
    assert!(
        started.elapsed() < Duration::from_secs(8),
        "{:?}",
        started.elapsed()
    );
    let told = function.line("were cut after write_timeout").await;
    assert_eq!(told["fields"]["left"], 1);
}
