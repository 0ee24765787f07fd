//! Apache Velocity as a process: one request on a line, one answer on a line.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// Which template is rendered.
#[derive(Clone, Copy, Debug)]
pub enum Template {
    /// The call to SQS.
    Envelope,
    /// The answer when SQS took it.
    Taken,
    /// The answer when SQS did not.
    Refused,
}

/// What a template is rendered with, as API Gateway would have it.
#[derive(Clone, Debug, Default)]
pub struct Input<'a> {
    /// `$context.extendedRequestId`.
    pub extended_request_id: &'a str,
    /// `$context.requestId`.
    pub request_id: &'a str,
    /// `$context.requestTimeEpoch`.
    pub request_time_epoch: u64,
    /// `$context.xrayTraceId`.
    pub xray_trace_id: Option<&'a str>,
    /// `$input.params('source')`.
    pub source: &'a str,
    /// `$input.params().get('header')`.
    pub headers: BTreeMap<String, String>,
    /// `$input.body`.
    pub body: Option<&'a [u8]>,
}

/// What came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// The text.
    pub text: String,
    /// `$context.responseOverride.status`.
    pub status: Option<String>,
    /// `$context.responseOverride.header.X-Hook-Secret`.
    pub hook_secret: Option<String>,
}

/// The process; it ends with this value.
pub struct Velocity {
    _child: Child,
    requests: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Velocity {
    /// Starts Java with the jars of one version, and the templates as they are deployed.
    ///
    /// # Errors
    /// When Java can't be started.
    pub fn start(jars: &Path, program: &Path, templates: &Path) -> anyhow::Result<Self> {
        let mut child = Command::new("java")
            .arg("-Xmx256m")
            .arg("-cp")
            .arg(jars.join("*"))
            .arg(program)
            .arg(templates)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("java can't be started")?;
        let requests = child.stdin.take().context("java has no input")?;
        let answers = child.stdout.take().context("java has no output")?;
        Ok(Self {
            _child: child,
            requests,
            answers: BufReader::new(answers).lines(),
        })
    }

    /// Renders a template.
    ///
    /// # Errors
    /// When Velocity refuses it, or its answer depends on how it treats space around directives.
    pub async fn render(
        &mut self,
        template: Template,
        input: &Input<'_>,
    ) -> anyhow::Result<Rendered> {
        self.requests
            .write_all(line(template, input).as_bytes())
            .await
            .context("Velocity takes no more requests")?;
        let answer = self.answers.next_line().await?;
        let answer = answer.context("Velocity ended: its own words are above")?;
        let fields: Vec<_> = (answer.split(' ').skip(1))
            .map(decode)
            .collect::<anyhow::Result<_>>()?;
        match (answer.split(' ').next(), &fields[..]) {
            (Some("ok"), [Some(text), status, hook_secret]) => Ok(Rendered {
                text: text.clone(),
                status: status.clone(),
                hook_secret: hook_secret.clone(),
            }),
            (Some("error"), [Some(reason)]) => bail!("Velocity does not render it: {reason}"),
            _ => bail!("Velocity answered {answer:?}"),
        }
    }
}

fn line(template: Template, input: &Input<'_>) -> String {
    let name = match template {
        Template::Envelope => "envelope",
        Template::Taken => "taken",
        Template::Refused => "refused",
    };
    let text = |text: &str| encode(Some(text.as_bytes()));
    let headers: Vec<_> = (input.headers.iter())
        .map(|(name, value)| format!("{}:{}", text(name), text(value)))
        .collect();
    let headers = match headers.is_empty() {
        true => encode(None),
        false => headers.join(","),
    };
    let fields = [
        name.to_owned(),
        text(input.extended_request_id),
        text(input.request_id),
        text(&input.request_time_epoch.to_string()),
        encode(input.xray_trace_id.map(str::as_bytes)),
        text(input.source),
        headers,
        encode(input.body),
    ];
    fields.join(" ") + "\n"
}

fn encode(value: Option<&[u8]>) -> String {
    match value {
        None => "-".into(),
        Some([]) => ".".into(),
        Some(bytes) => STANDARD.encode(bytes),
    }
}

fn decode(field: &str) -> anyhow::Result<Option<String>> {
    Ok(match field {
        "-" => None,
        "." => Some(String::new()),
        encoded => Some(String::from_utf8(STANDARD.decode(encoded)?)?),
    })
}
