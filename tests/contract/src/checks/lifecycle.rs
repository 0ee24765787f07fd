//! The lock file, and how a process ends.

use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::ensure;

use super::answers::expected;
use crate::call::answer;
use crate::{Check, Run};

pub(super) const CHECKS: &[Check] = &[
    Check {
        name: "the lock file is there once it serves; without it, it is not healthy",
        differs: None,
        run: Run::Started(&[], |function| {
            let lock = function.lock_file()?;
            ensure!(lock.exists(), "{} is not there", lock.display());
            std::fs::remove_file(&lock)?;
            for path in ["/_/health", "/_/ready"] {
                ensure!(function.get(path)?.status == 503, "{path} says all is well");
            }
            ensure!(function.get("/echo")?.status == 200, "it serves no more");
            Ok(())
        }),
    },
    Check {
        name: "suppress_lock=true writes no lock file, and it is healthy",
        differs: Some(
            "the watchdog's health looks for the very file that it was told not to write, and says 503",
        ),
        run: Run::Started(&[("suppress_lock", "true")], |function| {
            ensure!(!function.lock_file()?.exists(), "there is a lock file");
            let health = function.get("/_/health")?;
            ensure!(health.status == expected(&function, 200, 503), "{health:?}");
            Ok(())
        }),
    },
    Check {
        name: "SIGTERM: not ready at once, still serving for healthcheck_interval, what was begun is answered, exit 0",
        differs: None,
        run: Run::Started(
            &[("healthcheck_interval", "1s"), ("write_timeout", "10s")],
            |mut function| {
                let begun = function.send("GET", "/sleep?2500", &[], "")?;
                sleep(Duration::from_millis(200));
                let lock = function.lock_file()?;
                let asked = Instant::now();
                function.terminate()?;
                sleep(Duration::from_millis(300));
                for path in ["/_/ready", "/_/health"] {
                    ensure!(function.get(path)?.status == 503, "{path} says all is well");
                }
                ensure!(!lock.exists(), "the lock file is still there");
                ensure!(
                    function.get("/echo")?.status == 200,
                    "it stopped serving at once"
                );
                let answered = answer(begun)?;
                ensure!(
                    (answered.status, answered.body.as_str()) == (200, "slept"),
                    "{answered:?}"
                );
                let ended = function.end()?;
                ensure!(
                    ended.code == Some(0),
                    "exit code {:?}: {}",
                    ended.code,
                    ended.said
                );
                ensure!(asked.elapsed() >= Duration::from_secs(1), "it did not wait");
                Ok(())
            },
        ),
    },
    Check {
        name: "what is not done after write_timeout is cut, and it exits",
        differs: None,
        run: Run::Started(
            &[
                ("healthcheck_interval", "100ms"),
                ("write_timeout", "500ms"),
            ],
            |mut function| {
                let _begun = function.send("GET", "/sleep?15000", &[], "")?;
                sleep(Duration::from_millis(200));
                let asked = Instant::now();
                function.terminate()?;
                let ended = function.end()?;
                ensure!(ended.code == Some(0), "exit code {:?}", ended.code);
                ensure!(
                    asked.elapsed() < Duration::from_secs(8),
                    "{:?}",
                    asked.elapsed()
                );
                Ok(())
            },
        ),
    },
];
