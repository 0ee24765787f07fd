//! The names of all settings. A name is a key of the file; its flag has dashes for underscores.

/// One setting.
pub(super) struct Setting {
    /// The key in the file.
    pub(super) key: &'static str,
    /// Its names in the environment, the first that is set counts.
    pub(super) env: &'static [&'static str],
    /// Whether it may stand in an entry of `queues`.
    pub(super) per_queue: bool,
    /// Whether its flag may come without a value.
    pub(super) switch: bool,
    /// For `--help`.
    pub(super) help: &'static str,
}

const fn of(key: &'static str, env: &'static [&'static str], help: &'static str) -> Setting {
    Setting {
        key,
        env,
        per_queue: false,
        switch: false,
        help,
    }
}

const fn queue(key: &'static str, env: &'static [&'static str], help: &'static str) -> Setting {
    Setting {
        key,
        env,
        per_queue: true,
        switch: false,
        help,
    }
}

const fn switch(key: &'static str, env: &'static [&'static str], help: &'static str) -> Setting {
    Setting {
        key,
        env,
        per_queue: false,
        switch: true,
        help,
    }
}

/// All of them, in the order of `--help`.
pub(super) const SETTINGS: &[Setting] = &[
    of(
        "queue_url",
        &["queue_url"],
        "Queue URLs, separated by commas [or `queues:` in the file]",
    ),
    queue(
        "visibility_timeout",
        &["visibility_timeout"],
        "How long a message is held without an extension [30s, or upstream_timeout where that is longer]",
    ),
    Setting {
        per_queue: true,
        ..switch(
            "short_visibility",
            &["short_visibility"],
            "Whether visibility_timeout may be shorter than upstream_timeout [false]",
        )
    },
    queue(
        "wait_time",
        &["wait_time"],
        "How long a poll waits, at most 20s [20s]",
    ),
    queue(
        "max_messages",
        &["max_messages"],
        "Messages a poll asks for, 1 to 10 [1; 10 for an entry of `queues:`]",
    ),
    queue(
        "concurrency",
        &["concurrency"],
        "Messages held at once, per queue, and the most calls to a function at once [32]",
    ),
    queue(
        "concurrency_min",
        &["concurrency_min"],
        "The fewest calls to a function at once, however busy it is [1]",
    ),
    queue(
        "max_bytes_in_flight",
        &["max_bytes_in_flight"],
        "Bytes of messages held at once, per queue, at least 1MiB [64MiB]",
    ),
    queue(
        "mode",
        &["mode"],
        "How messages reach their functions: single, batch or async [single]",
    ),
    queue(
        "batch_size",
        &["batch_size"],
        "Messages in a batch, at most 1000 and at most concurrency [10]",
    ),
    queue(
        "batch_window",
        &["batch_window"],
        "How long a batch waits to be full, at most 5m [0s]",
    ),
    queue(
        "batch_bytes",
        &["batch_bytes"],
        "Bytes of a batch's payload [6291456]",
    ),
    queue(
        "callback_timeout",
        &["callback_timeout"],
        "How long an asynchronous call may take until its callback, at most 11h [1h]",
    ),
    of(
        "callback_address",
        &["callback_address"],
        "Where callbacks are taken [0.0.0.0]",
    ),
    of(
        "callback_port",
        &["callback_port"],
        "On which port; 0 for any that is free [8082]",
    ),
    of(
        "callback_url",
        &["callback_url"],
        "The URL under which the gateway reaches that listener [http://POD_IP:callback_port]",
    ),
    of(
        "gateway_url",
        &["gateway_url"],
        "The OpenFaaS gateway [http://gateway.openfaas:8080]",
    ),
    of(
        "upstream_timeout",
        &["upstream_timeout"],
        "How long a call to a function may take [30s]",
    ),
    of(
        "rebuild_interval",
        &["rebuild_interval"],
        "How often the topic map is refreshed [30s]",
    ),
    switch(
        "asynchronous_invocation",
        &["asynchronous_invocation"],
        "The same as mode=async [false]",
    ),
    queue(
        "content_type",
        &["content_type"],
        "The content type functions are told [text/plain]",
    ),
    queue(
        "attribute_header_bytes",
        &["attribute_header_bytes"],
        "How many bytes of headers a message's attributes may take [8192]",
    ),
    switch(
        "print_milestones",
        &["print_milestones"],
        "Log MESSAGE_RECEIVED and FUNCTION_INVOKED of each message, beside its last line [true]",
    ),
    switch(
        "print_response",
        &["print_response"],
        "Log a line for each answer [true]",
    ),
    switch(
        "print_response_body",
        &["print_response_body"],
        "Log the answers' bodies [false]",
    ),
    switch(
        "print_request_body",
        &["print_request_body"],
        "Log the requests' bodies [false]",
    ),
    switch(
        "basic_auth",
        &["basic_auth"],
        "Whether the gateway wants credentials [true]",
    ),
    of(
        "secret_mount_path",
        &["secret_mount_path"],
        "Where basic-auth-user and basic-auth-password are mounted [/var/secrets]",
    ),
    queue(
        "region",
        &["AWS_REGION", "AWS_DEFAULT_REGION"],
        "The AWS region [from the queue's URL]",
    ),
    queue(
        "endpoint_url",
        &["AWS_ENDPOINT_URL_SQS", "AWS_ENDPOINT_URL"],
        "Another SQS endpoint [from the queue's URL]",
    ),
    queue(
        "role_arn",
        &["role_arn"],
        "The IAM role to assume for a queue [the process's own]",
    ),
    queue(
        "external_id",
        &["external_id"],
        "The external id that the role's account asks for",
    ),
    queue(
        "role_session_name",
        &["role_session_name"],
        "What the role's session is called [sqs-connector]",
    ),
    queue(
        "sts_endpoint_url",
        &["AWS_ENDPOINT_URL_STS"],
        "Another STS endpoint [the region's]",
    ),
    queue(
        "price_per_million_requests",
        &["price_per_million_requests"],
        "US dollars, for the metrics [0.40; 0.50 for FIFO queues]",
    ),
    queue(
        "backoff_min",
        &["backoff_min"],
        "The bound of the pause after the first failure [1s]",
    ),
    queue(
        "backoff_max",
        &["backoff_max"],
        "The bound that no pause exceeds [5m]",
    ),
    queue(
        "probe_min",
        &["probe_min"],
        "The pause before the first probe of an outage [1s]",
    ),
    queue(
        "probe_max",
        &["probe_max"],
        "The pause between probes that is not exceeded [30s]",
    ),
    queue(
        "on_rejection",
        &["on_rejection"],
        "What becomes of rejected messages: dead-letter or retry [dead-letter where the queue has a DLQ]",
    ),
    queue(
        "filter",
        &["filter"],
        "Which messages functions get: a pattern as JSON, or a list of them [all]",
    ),
    queue(
        "on_filtered",
        &["on_filtered"],
        "What becomes of the others, necessary with a filter: delete, release or dead-letter",
    ),
    of(
        "admin_address",
        &["admin_address"],
        "Where metrics and probes are served [0.0.0.0]",
    ),
    of(
        "admin_port",
        &["admin_port"],
        "On which port; 0 for any that is free [8081]",
    ),
    of(
        "drain_timeout",
        &["drain_timeout"],
        "How long running calls may go on after SIGTERM [30s]",
    ),
    of(
        "settle_window",
        &["settle_window"],
        "How long a delete waits for company, at most 1s [20ms]",
    ),
    switch("debug", &["debug"], "Debug lines [false]"),
    of(
        "otlp_endpoint",
        &["OTEL_EXPORTER_OTLP_ENDPOINT"],
        "The OpenTelemetry collector that spans are sent to, over HTTP [none are made]",
    ),
    of(
        "otlp_traces_endpoint",
        &["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"],
        "The same with its full path [/v1/traces behind otlp_endpoint]",
    ),
    switch(
        "otel_sdk_disabled",
        &["OTEL_SDK_DISABLED"],
        "Whether to make no spans whatever the endpoint [false]",
    ),
    of(
        "log_encoding",
        &["log_encoding"],
        "Accepted: lines are JSON always",
    ),
    of(
        "topics",
        &["topics"],
        "Accepted without effect: the topic of a queue is its name, or `topic` in `queues:`",
    ),
    of(
        "license_file",
        &[],
        "Accepted without effect: no licence is needed",
    ),
];

/// What an entry of `queues` may have besides.
pub(super) const QUEUE_KEYS: &[&str] = &["url", "topic", "backoff"];

/// What the file may have at its top besides.
pub(super) const FILE_KEYS: &[&str] = &["queues", "backoff"];
