//! The effective configuration as text: YAML that could be given with `--config`. There are no
//! secrets in it: credentials are files, and URLs with credentials are refused.

use std::fmt;
use std::time::Duration;

use super::{Config, Mode, QueueConfig};
use crate::verdict::OnRejection;

impl fmt::Display for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "gateway_url: {}", self.gateway.url)?;
        writeln!(f, "upstream_timeout: {}", go(self.gateway.upstream_timeout))?;
        writeln!(f, "rebuild_interval: {}", go(self.gateway.rebuild_interval))?;
        writeln!(f, "basic_auth: {}", self.gateway.secrets.is_some())?;
        if let Some(folder) = &self.gateway.secrets {
            writeln!(
                f,
                "secret_mount_path: {:?} # basic-auth-user and basic-auth-password: [redacted]",
                folder.display().to_string()
            )?;
        }
        writeln!(f, "print_milestones: {}", self.printing.milestones)?;
        writeln!(f, "print_response: {}", self.printing.response)?;
        writeln!(f, "print_response_body: {}", self.printing.response_body)?;
        writeln!(f, "print_request_body: {}", self.printing.request_body)?;
        writeln!(f, "admin_address: {}", self.admin.ip())?;
        writeln!(f, "admin_port: {}", self.admin.port())?;
        if let Some(callback) = &self.callback {
            writeln!(f, "callback_address: {}", callback.listen.ip())?;
            writeln!(f, "callback_port: {}", callback.listen.port())?;
            writeln!(f, "callback_url: {}", callback.url)?;
        }
        writeln!(f, "drain_timeout: {}", go(self.drain_timeout))?;
        writeln!(f, "settle_window: {}", go(self.settle_window))?;
        writeln!(f, "debug: {}", self.debug)?;
        if let Some(region) = &self.home_region {
            writeln!(f, "region: {region:?}")?;
        }
        if let Some(traces) = &self.traces {
            writeln!(f, "otlp_traces_endpoint: {traces}")?;
        }
        writeln!(f, "queues:")?;
        self.queues.iter().try_for_each(|queue| queue.fmt(f))
    }
}

impl fmt::Display for QueueConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  - url: {}", self.url)?;
        writeln!(f, "    topic: {:?}", self.topic)?;
        writeln!(f, "    visibility_timeout: {}", go(self.visibility_timeout))?;
        if self.short_visibility {
            writeln!(f, "    short_visibility: true")?;
        }
        writeln!(f, "    wait_time: {}", go(self.wait_time))?;
        writeln!(f, "    max_messages: {}", self.max_messages)?;
        writeln!(f, "    concurrency: {}", self.concurrency)?;
        writeln!(f, "    concurrency_min: {}", self.concurrency_min)?;
        writeln!(f, "    max_bytes_in_flight: {}", self.max_bytes_in_flight)?;
        writeln!(f, "    mode: {}", self.mode.kind())?;
        match self.mode {
            Mode::Single => {}
            Mode::Batch(limits) => {
                writeln!(f, "    batch_size: {}", limits.size)?;
                writeln!(f, "    batch_window: {}", go(limits.window))?;
                writeln!(f, "    batch_bytes: {}", limits.bytes)?;
            }
            Mode::Async { callback_timeout } => {
                writeln!(f, "    callback_timeout: {}", go(callback_timeout))?;
            }
        }
        writeln!(f, "    region: {}", self.region)?;
        if let Some(endpoint) = &self.endpoint_url {
            writeln!(f, "    endpoint_url: {endpoint}")?;
        }
        if let Some(role) = &self.role {
            writeln!(f, "    role_arn: {}", role.arn)?;
            if let Some(id) = &role.external_id {
                writeln!(f, "    external_id: {id:?}")?;
            }
            writeln!(f, "    role_session_name: {:?}", role.session_name)?;
            if let Some(endpoint) = &role.sts_endpoint_url {
                writeln!(f, "    sts_endpoint_url: {endpoint}")?;
            }
        }
        let price = self.price_per_million_requests;
        writeln!(f, "    price_per_million_requests: {price}")?;
        writeln!(f, "    content_type: {:?}", self.content_type)?;
        writeln!(
            f,
            "    attribute_header_bytes: {}",
            self.attribute_header_bytes
        )?;
        writeln!(
            f,
            "    backoff: {{ min: {}, max: {} }}",
            go(self.backoff.min),
            go(self.backoff.max)
        )?;
        writeln!(f, "    probe_min: {}", go(self.probes.first))?;
        writeln!(f, "    probe_max: {}", go(self.probes.longest))?;
        match self.on_rejection {
            Some(OnRejection::DeadLetter) => writeln!(f, "    on_rejection: dead-letter")?,
            Some(OnRejection::Retry) => writeln!(f, "    on_rejection: retry")?,
            None => {}
        }
        if let Some(filtering) = &self.filtering {
            // JSON in quotes, which JSON and YAML have in common.
            let filter = serde_json::Value::String(filtering.filter.to_string());
            writeln!(f, "    filter: {filter}")?;
            writeln!(f, "    on_filtered: {}", filtering.otherwise.kind())?;
        }
        Ok(())
    }
}

/// In Go's form.
fn go(duration: Duration) -> String {
    if duration.subsec_nanos() == 0 {
        format!("{}s", duration.as_secs())
    } else {
        format!("{}ms", duration.as_micros() as f64 / 1000.0)
    }
}
