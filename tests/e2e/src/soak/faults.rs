//! Faults, one after another, drawn from a seed.

use harness::Control;
use http::Method;
use serde_json::{Value, json};

/// What goes wrong, and where.
struct Kind {
    path: &'static str,
    fault: fn(u64) -> Value,
}

/// Every kind of fault; the argument is how often it strikes.
const KINDS: &[Kind] = &[
    Kind {
        path: "/sqs/faults",
        fault: |times| json!({"action": "ReceiveMessage", "times": times, "effect": {"throttle": {}}}),
    },
    Kind {
        path: "/sqs/faults",
        fault: |times| json!({"action": "ReceiveMessage", "times": times, "effect": {"duplicate": {}}}),
    },
    Kind {
        path: "/sqs/faults",
        fault: |times| json!({"action": "ReceiveMessage", "times": times, "effect": {"drop": {}}}),
    },
    Kind {
        path: "/sqs/faults",
        fault: |times| json!({"action": "ReceiveMessage", "times": times, "effect": {"drop": {"after": true}}}),
    },
    Kind {
        path: "/sqs/faults",
        fault: |times| json!({"action": "DeleteMessageBatch", "times": times, "effect": {"fail": {"status": 500, "code": "InternalError"}}}),
    },
    Kind {
        path: "/sqs/faults",
        fault: |times| json!({"action": "DeleteMessageBatch", "times": times, "effect": {"fail_entries": {"code": "InternalError", "every": 3}}}),
    },
    Kind {
        path: "/sqs/faults",
        fault: |times| json!({"action": "DeleteMessageBatch", "times": times, "effect": {"drop": {"after": true}}}),
    },
    Kind {
        path: "/sqs/faults",
        fault: |times| json!({"action": "DeleteMessageBatch", "times": times, "effect": {"delay": {"ms": 300, "after": true}}}),
    },
    Kind {
        path: "/sqs/faults",
        fault: |times| json!({"action": "ChangeMessageVisibilityBatch", "times": times, "effect": {"throttle": {}}}),
    },
    Kind {
        path: "/sqs/faults",
        fault: |times| json!({"action": "ReceiveMessage", "times": times, "effect": {"fail": {"status": 403, "code": "ExpiredToken"}}}),
    },
    Kind {
        path: "/gateway/faults",
        fault: |times| json!({"function": "*", "times": times, "effect": {"status": 500}}),
    },
    Kind {
        path: "/gateway/faults",
        fault: |times| json!({"function": "*", "times": times, "effect": {"status": 502}}),
    },
    Kind {
        path: "/gateway/faults",
        fault: |times| json!({"function": "*", "times": times, "effect": {"status": 503}}),
    },
    Kind {
        path: "/gateway/faults",
        fault: |times| json!({"function": "*", "times": times, "effect": {"status": 429, "headers": {"Retry-After": "1"}}}),
    },
    Kind {
        path: "/gateway/faults",
        fault: |times| json!({"function": "*", "times": times, "effect": {"status": 404}}),
    },
    Kind {
        path: "/gateway/faults",
        fault: |times| json!({"function": "*", "times": times, "effect": {"drop": true}}),
    },
    Kind {
        path: "/gateway/faults",
        fault: |times| json!({"function": "*", "times": times, "effect": {"drop_answer": true}}),
    },
    Kind {
        path: "/gateway/faults",
        fault: |times| json!({"function": "*", "times": times, "effect": {"delay_ms": 700}}),
    },
    Kind {
        path: "/gateway/faults",
        fault: |times| json!({"route": "system/functions", "times": times, "effect": {"garbage": true}}),
    },
];

/// Up to so many kinds at once, beside one.
const MOST_AT_ONCE: u64 = 3;
/// The most often that one fault strikes.
const MOST: u64 = 20;

pub(super) struct Faults {
    state: u64,
    injected: u64,
    seconds: u64,
}

impl Faults {
    pub(super) fn drawn_from(seed: u64) -> Self {
        Self {
            state: seed,
            injected: 0,
            seconds: 0,
        }
    }

    /// One second of every three goes wrong, in some ways; what was on before is off.
    pub(super) async fn next(&mut self, control: &Control) -> anyhow::Result<()> {
        self.seconds += 1;
        match self.seconds % 3 {
            1 => {
                for _ in 0..=self.draw(MOST_AT_ONCE) {
                    let kind = &KINDS[self.draw(KINDS.len() as u64) as usize];
                    let times = 1 + self.draw(MOST);
                    (control.call(Method::POST, kind.path, (kind.fault)(times))).await?;
                    self.injected += times;
                }
                Ok(())
            }
            2 => self.off(control).await,
            _ => Ok(()),
        }
    }

    pub(super) async fn off(&self, control: &Control) -> anyhow::Result<()> {
        for path in ["/sqs/faults", "/gateway/faults"] {
            control.call(Method::DELETE, path, Value::Null).await?;
        }
        Ok(())
    }

    pub(super) fn injected(&self) -> u64 {
        self.injected
    }

    pub(super) fn kinds(&self) -> usize {
        KINDS.len()
    }

    /// SplitMix64.
    fn draw(&mut self, below: u64) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % below
    }
}
