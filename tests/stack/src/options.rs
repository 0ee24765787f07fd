//! How the stack is to be started.

use std::time::Duration;

use crate::gateway::GatewayOptions;

/// Ports, queues, and how the gateway behaves. Everything listens on 127.0.0.1 alone.
#[derive(Clone, Debug)]
pub struct StackOptions {
    /// Where each part listens; 0 takes a free port.
    pub ports: Ports,
    /// The queues to make, each with its dead-letter queue; the ingress sends to the first. A name
    /// that ends in `.fifo` makes a FIFO pair.
    pub queues: Vec<String>,
    /// How often a message is received before it goes to the dead-letter queue.
    pub max_receive_count: u32,
    /// How long a received message is hidden.
    pub visibility_timeout: Duration,
    /// Whether a deleted queue's name and a purge rest for 60 seconds, as at the service.
    pub cooldowns: bool,
    /// The URL of a queue at another SQS server, which the ingress is to send to.
    pub ingress_queue_url: Option<String>,
    /// How the gateway behaves.
    pub gateway: GatewayOptions,
}

/// A port for each listener; 0 is a free one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ports {
    /// SQS.
    pub sqs: u16,
    /// The OpenFaaS gateway.
    pub gateway: u16,
    /// The webhook ingress.
    pub ingress: u16,
    /// The GraphQL backend.
    pub graphql: u16,
    /// The control calls.
    pub control: u16,
}

impl Default for StackOptions {
    fn default() -> Self {
        Self {
            ports: Ports::default(),
            queues: vec!["kanban-events".to_owned()],
            max_receive_count: 3,
            visibility_timeout: Duration::from_secs(30),
            cooldowns: true,
            ingress_queue_url: None,
            gateway: GatewayOptions::default(),
        }
    }
}
