//! The consumers that are measured: ours and its peers.

use std::path::PathBuf;

use crate::process::Spec;
use crate::stub::{NAME, Stub};

/// Who consumes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Consumer {
    Ours,
    BareRust,
    GoTuned,
    GoOpenFaas,
    Node,
}

impl Consumer {
    pub(crate) const ALL: [Self; 5] = [
        Self::Ours,
        Self::BareRust,
        Self::GoTuned,
        Self::GoOpenFaas,
        Self::Node,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ours => "sqs-connector",
            Self::BareRust => "Rust, aws-sdk-sqs + hyper, bare loop",
            Self::GoTuned => "Go, tuned (pollers as needed, batched deletes)",
            Self::GoOpenFaas => "Go, OpenFaaS connectors' shape (one receive loop, single deletes)",
            Self::Node => "sqs-consumer (Node)",
        }
    }

    /// How it is started, to work on the stub's queue with so many messages in flight.
    pub(crate) fn spec(self, program: PathBuf, stub: &Stub, in_flight: usize) -> Spec {
        let env = |pairs: &[(&str, String)]| {
            let common = [
                ("AWS_ENDPOINT_URL", stub.url()),
                ("AWS_REGION", "eu-west-1".to_owned()),
                ("AWS_ACCESS_KEY_ID", "local".to_owned()),
                ("AWS_SECRET_ACCESS_KEY", "local".to_owned()),
                ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
            ];
            common
                .iter()
                .chain(pairs)
                .map(|(name, value)| ((*name).to_owned(), value.clone()))
                .collect()
        };
        let function = format!("{}/function/{NAME}", stub.url());
        // Enough polls that receiving is not what holds back: a peer is tuned by hand for each load.
        let pollers = in_flight.div_ceil(4).clamp(2, 64);
        let peer = env(&[
            ("QUEUE_URL", stub.queue_url()),
            ("FUNCTION_URL", function),
            ("CONCURRENCY", in_flight.to_string()),
            ("POLLERS", pollers.to_string()),
        ]);
        let (args, env) = match self {
            Self::Ours => (
                vec![],
                env(&[
                    ("queue_url", stub.queue_url()),
                    ("gateway_url", stub.url()),
                    ("concurrency", in_flight.to_string()),
                    ("max_messages", "10".to_owned()),
                    ("basic_auth", "false".to_owned()),
                    // Bare loops log nothing; the last line of each message stays.
                    ("print_milestones", "false".to_owned()),
                    ("print_response", "false".to_owned()),
                    ("admin_address", "127.0.0.1".to_owned()),
                    ("admin_port", "0".to_owned()),
                ]),
            ),
            Self::BareRust => (vec![], peer),
            Self::GoTuned => (vec!["tuned".to_owned()], peer),
            Self::GoOpenFaas => (vec!["openfaas".to_owned()], peer),
            Self::Node => {
                // target/bench/node/node_modules/node/bin/node
                let script = program
                    .ancestors()
                    .nth(4)
                    .map(|folder| folder.join("consumer.mjs"));
                (
                    script
                        .map(|script| script.display().to_string())
                        .into_iter()
                        .collect(),
                    peer,
                )
            }
        };
        Spec {
            program,
            args,
            env,
            profiled: false,
        }
    }
}

/// A client that only calls the function: so many calls, so many at once.
pub(crate) fn post_only(stub: &Stub, in_flight: usize, calls: u64) -> anyhow::Result<Spec> {
    let pairs = [
        ("QUEUE_URL", stub.queue_url()),
        ("FUNCTION_URL", format!("{}/function/{NAME}", stub.url())),
        ("CONCURRENCY", in_flight.to_string()),
        ("CALLS", calls.to_string()),
    ];
    Ok(Spec {
        program: std::env::current_exe()?.with_file_name("bare-loop"),
        args: vec!["post".to_owned()],
        env: pairs
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
        profiled: false,
    })
}
