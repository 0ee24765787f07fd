//! Holds the mapping template to the stack's ingress: fixed deliveries, then as many as are asked for,
//! drawn from a seed, through both, and to a real SQS server where one is given.

#![expect(clippy::print_stdout, reason = "a command says what it found")]

use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use clap::Parser;
use ingress::delivery::{Delivery, any_delivery};
use ingress::law::Both;
use ingress::queue::Queue;
use ingress::sample;
use ingress::velocity::{Input, Template, Velocity};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use stack::{Stack, StackOptions};

/// Runs the ingress's mapping template in Apache Velocity beside the stack's ingress
#[derive(Debug, Parser)]
#[command(version)]
struct Flags {
    /// The folder with the jars of one version of Velocity
    #[arg(long, value_name = "FOLDER")]
    jars: PathBuf,
    /// The Java file that drives it
    #[arg(
        long,
        value_name = "FILE",
        default_value = "tests/ingress/velocity/Render.java"
    )]
    program: PathBuf,
    /// The folder with the templates as they are deployed
    #[arg(long, value_name = "FOLDER")]
    templates: PathBuf,
    /// A real SQS server that the rendered calls are sent to
    #[arg(long, value_name = "URL")]
    sqs: Option<String>,
    /// How many deliveries to draw
    #[arg(long, default_value_t = 500)]
    cases: u32,
    /// What they are drawn from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Write samples/ anew, instead of comparing it
    #[arg(long)]
    write_samples: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let flags = Flags::parse();
    let mut velocity = Velocity::start(&flags.jars, &flags.program, &flags.templates)?;
    let samples = sample::render(&mut velocity).await?;
    if flags.write_samples {
        sample::write(&samples)?;
    } else {
        sample::check(&samples)?;
    }
    answers(&mut velocity).await?;
    let real = match &flags.sqs {
        Some(endpoint) => Some(Queue::create(endpoint, "ingress").await?),
        None => None,
    };
    let mut both = Both {
        stack: Stack::start(StackOptions::default()).await?,
        velocity,
        real,
    };
    for (name, delivery) in sample::deliveries()? {
        both.agree(&delivery).await.with_context(|| name.clone())?;
    }
    both.agree(&Delivery::large()).await.context("200 KB")?;
    // Drawing calls back, and what it calls waits.
    let both = tokio::task::block_in_place(|| drawn(both, flags.cases, flags.seed))?;
    both.stack.stop().await;
    println!(
        "{} samples and {} drawn deliveries (seed {}): the template and the stack's ingress agree{}",
        samples.len(),
        flags.cases,
        flags.seed,
        match &flags.sqs {
            Some(_) => ", and a real SQS server took and gave the same",
            None => "",
        }
    );
    Ok(())
}

fn drawn(mut both: Both, cases: u32, seed: u64) -> anyhow::Result<Both> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let drawing = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(config, drawing);
    let runtime = tokio::runtime::Handle::current();
    let both_now = std::cell::RefCell::new(&mut both);
    let outcome = runner.run(&any_delivery(), |delivery| {
        runtime
            .block_on(both_now.borrow_mut().agree(&delivery))
            .map_err(|error| TestCaseError::fail(format!("{error:#}")))
    });
    match outcome {
        Ok(()) => Ok(both),
        Err(TestError::Fail(reason, delivery)) => {
            anyhow::bail!("they differ on {delivery:?}\n{reason}")
        }
        Err(TestError::Abort(reason)) => anyhow::bail!("the drawing was given up: {reason}"),
    }
}

/// The templates of the two answers.
async fn answers(velocity: &mut Velocity) -> anyhow::Result<()> {
    let input = |source, header: &str, body: &'static str| Input {
        extended_request_id: sample::EXTENDED_REQUEST_ID,
        source,
        headers: [(header.to_owned(), "s3cret".to_owned())].into(),
        body: Some(body.as_bytes()),
        ..Input::default()
    };
    let too_long = "<Error><Code>InvalidParameterValue</Code><Message>One or more parameters are invalid. \
         Reason: Message must be shorter than 1048576 bytes.</Message></Error>";
    let denied = "<Error><Code>AccessDenied</Code></Error>";
    let cases = [
        (
            Template::Taken,
            input("asana", "X-Hook-Secret", "{}"),
            None,
            Some("s3cret"),
        ),
        (
            Template::Taken,
            input("asana", "x-hook-secret", "{}"),
            None,
            Some("s3cret"),
        ),
        (
            Template::Taken,
            input("asana", "X-Hook-Signature", "{}"),
            None,
            None,
        ),
        (
            Template::Taken,
            input("jira", "X-Hook-Secret", "{}"),
            None,
            None,
        ),
        (
            Template::Refused,
            input("jira", "Accept", too_long),
            Some("413"),
            None,
        ),
        (
            Template::Refused,
            input("jira", "Accept", denied),
            None,
            None,
        ),
        (Template::Refused, input("jira", "Accept", ""), None, None),
    ];
    for (template, input, status, secret) in cases {
        let rendered = velocity.render(template, &input).await?;
        ensure!(
            rendered.status.as_deref() == status && rendered.hook_secret.as_deref() == secret,
            "{template:?} of {input:?} gives {rendered:?}"
        );
        let answer: serde_json::Value = serde_json::from_str(&rendered.text)
            .with_context(|| format!("{template:?} renders {:?}", rendered.text))?;
        ensure!(
            answer["correlation_id"] == sample::EXTENDED_REQUEST_ID,
            "{answer}"
        );
    }
    Ok(())
}
