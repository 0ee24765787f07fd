//! The binary's flags: as given, and checked.

use std::fmt;
use std::io;
use std::time::Duration;

use clap::Parser;
use stack::gateway::{Credentials, GatewayOptions};
use stack::{Ports, StackOptions};

/// SQS, an OpenFaaS gateway, a webhook ingress and a GraphQL backend, on 127.0.0.1.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Flags {
    /// Port of SQS; 0 takes a free one
    #[arg(long, default_value = "0")]
    sqs_port: String,
    /// Port of the OpenFaaS gateway
    #[arg(long, default_value = "0")]
    gateway_port: String,
    /// Port of the webhook ingress
    #[arg(long, default_value = "0")]
    ingress_port: String,
    /// Port of the GraphQL backend
    #[arg(long, default_value = "0")]
    graphql_port: String,
    /// Port of the control calls
    #[arg(long, default_value = "0")]
    control_port: String,
    /// A queue to make, with its dead-letter queue NAME-dlq; may be given several times. The
    /// ingress sends to the first
    #[arg(long = "queue", value_name = "NAME", default_value = "kanban-events")]
    queues: Vec<String>,
    /// How often a message is received before it goes to the dead-letter queue
    #[arg(long, default_value = "3")]
    max_receive_count: String,
    /// How long a received message is hidden
    #[arg(long, value_name = "DURATION", default_value = "30s")]
    visibility_timeout: String,
    /// A deleted queue can be made again at once; the service wants 60 seconds between
    #[arg(long)]
    no_cooldowns: bool,
    /// A queue at another SQS server, which the ingress sends to instead
    #[arg(long, value_name = "URL")]
    ingress_queue_url: Option<String>,
    /// User of the gateway's /system routes
    #[arg(long, value_name = "USER", default_value = "admin")]
    gateway_user: String,
    /// File that holds the password; without it the /system routes ask for none
    #[arg(long, value_name = "FILE")]
    gateway_password_file: Option<String>,
}

/// Everything that is wrong with the flags, a line each.
#[derive(Debug)]
pub(crate) struct Problems(Vec<String>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl Problems {
    fn note<T>(&mut self, flag: &str, value: &str, read: Result<T, String>) -> Option<T> {
        read.map_err(|reason| self.0.push(format!("--{flag} = {value:?}: {reason}")))
            .ok()
    }
}

impl Flags {
    /// The options that the flags ask for. Files are read with `read_file`.
    ///
    /// # Errors
    /// Every problem there is, not just the first.
    pub(crate) fn check(
        self,
        read_file: impl Fn(&str) -> io::Result<String>,
    ) -> Result<StackOptions, Problems> {
        let mut problems = Problems(Vec::new());
        let mut port_of = |flag: &str, value: &str| problems.note(flag, value, port(value));
        let ports = (
            port_of("sqs-port", &self.sqs_port),
            port_of("gateway-port", &self.gateway_port),
            port_of("ingress-port", &self.ingress_port),
            port_of("graphql-port", &self.graphql_port),
            port_of("control-port", &self.control_port),
        );
        for (at, name) in self.queues.iter().enumerate() {
            problems.note("queue", name, queue_name(name));
            if self.queues[..at].contains(name) {
                problems.note::<()>("queue", name, Err("it is given twice".into()));
            }
        }
        let count = &self.max_receive_count;
        let max_receive_count = problems.note("max-receive-count", count, receives(count));
        let timeout = &self.visibility_timeout;
        let visibility_timeout = problems.note("visibility-timeout", timeout, visibility(timeout));
        problems.note("gateway-user", &self.gateway_user, user(&self.gateway_user));
        let password = self.gateway_password_file.as_deref().map(|file| {
            let text = read_file(file).map_err(|error| format!("it can't be read: {error}"));
            problems.note(
                "gateway-password-file",
                file,
                text.and_then(|text| password(&text)),
            )
        });
        match (ports, max_receive_count, visibility_timeout) {
            (
                (Some(sqs), Some(gateway), Some(ingress), Some(graphql), Some(control)),
                Some(max_receive_count),
                Some(visibility_timeout),
            ) if problems.0.is_empty() => Ok(StackOptions {
                ports: Ports {
                    sqs,
                    gateway,
                    ingress,
                    graphql,
                    control,
                },
                queues: self.queues,
                max_receive_count,
                visibility_timeout,
                cooldowns: !self.no_cooldowns,
                ingress_queue_url: self.ingress_queue_url,
                gateway: GatewayOptions {
                    credentials: password.flatten().map(|password| Credentials {
                        user: self.gateway_user,
                        password,
                    }),
                    ..GatewayOptions::default()
                },
            }),
            _ => Err(problems),
        }
    }
}

fn port(value: &str) -> Result<u16, String> {
    value
        .parse()
        .map_err(|_| "give a port, 0 to 65535".to_owned())
}

fn receives(value: &str) -> Result<u32, String> {
    let count = value
        .parse()
        .ok()
        .filter(|count| (1..=1000).contains(count));
    count.ok_or_else(|| "give 1 to 1000".to_owned())
}

fn visibility(value: &str) -> Result<Duration, String> {
    let timeout = throughline::parse_duration(value).map_err(|error| error.to_string())?;
    let fits = timeout.subsec_nanos() == 0 && timeout <= Duration::from_hours(12);
    fits.then_some(timeout)
        .ok_or_else(|| "give whole seconds, 0s to 12h".to_owned())
}

/// The name must leave room for the `-dlq` of its dead-letter queue.
fn queue_name(name: &str) -> Result<(), String> {
    let base = name.strip_suffix(".fifo").unwrap_or(name);
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    if !base.is_empty() && name.len() <= 76 && base.chars().all(allowed) {
        return Ok(());
    }
    Err(
        "a queue's name has 1 to 76 of a-z A-Z 0-9 - _, and .fifo at the end of a FIFO queue's"
            .into(),
    )
}

fn user(name: &str) -> Result<(), String> {
    let fits = !name.is_empty() && !name.contains(':');
    fits.then_some(())
        .ok_or_else(|| "give a name without a colon".into())
}

fn password(text: &str) -> Result<String, String> {
    let password = text.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        return Err("the file is empty; write the password into it".into());
    }
    Ok(password.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(flags: &[&str]) -> Result<StackOptions, Problems> {
        let flags = Flags::try_parse_from([&["stack"], flags].concat()).unwrap();
        flags.check(|file| match file {
            "secret" => Ok("s3cret\n".to_owned()),
            "empty" => Ok("\n".to_owned()),
            _ => Err(io::ErrorKind::NotFound.into()),
        })
    }

    #[test]
    fn without_flags_there_is_one_queue_free_ports_and_no_password() {
        let options = check(&[]).unwrap();
        assert_eq!(options.queues, ["kanban-events"]);
        assert_eq!(options.max_receive_count, 3);
        assert_eq!(options.visibility_timeout, Duration::from_secs(30));
        assert_eq!(options.ports.gateway, 0);
        assert!(options.gateway.credentials.is_none());
    }

    #[test]
    fn every_flag_is_heard() {
        let flags = "--sqs-port 1 --gateway-port 2 --ingress-port 3 --graphql-port 4 --control-port 5 \
            --queue a --queue b.fifo --max-receive-count 7 --visibility-timeout 1m \
            --gateway-user root --gateway-password-file secret \
            --ingress-queue-url http://127.0.0.1:9/1/a";
        let options = check(&flags.split_whitespace().collect::<Vec<_>>()).unwrap();
        let ports = options.ports;
        let ports = [
            ports.sqs,
            ports.gateway,
            ports.ingress,
            ports.graphql,
            ports.control,
        ];
        assert_eq!(ports, [1, 2, 3, 4, 5]);
        assert_eq!(options.queues, ["a", "b.fifo"]);
        let elsewhere = options.ingress_queue_url.as_deref();
        assert_eq!(elsewhere, Some("http://127.0.0.1:9/1/a"));
        assert_eq!(options.max_receive_count, 7);
        assert_eq!(options.visibility_timeout, Duration::from_secs(60));
        let credentials = options.gateway.credentials.unwrap();
        assert_eq!(
            (&*credentials.user, &*credentials.password),
            ("root", "s3cret")
        );
    }

    #[test]
    fn every_problem_is_told_at_once() {
        let flags = "--sqs-port x --gateway-port 65536 --queue a.b --queue a --queue a \
            --max-receive-count 0 --visibility-timeout 13h --gateway-password-file empty --gateway-user a:b";
        let problems = check(&flags.split_whitespace().collect::<Vec<_>>()).unwrap_err();
        let told = problems.to_string();
        for line in [
            "--sqs-port = \"x\": give a port",
            "--gateway-port = \"65536\": give a port",
            "--queue = \"a.b\": a queue's name",
            "--queue = \"a\": it is given twice",
            "--max-receive-count = \"0\": give 1 to 1000",
            "--visibility-timeout = \"13h\": give whole seconds",
            "--gateway-user = \"a:b\": give a name without a colon",
            "--gateway-password-file = \"empty\": the file is empty",
        ] {
            assert!(told.contains(line), "{line} in {told}");
        }
        assert_eq!(problems.0.len(), 8, "{told}");
        let missing = check(&["--gateway-password-file", "nowhere"]).unwrap_err();
        assert!(
            missing
                .to_string()
                .contains("\"nowhere\": it can't be read")
        );
    }
}
