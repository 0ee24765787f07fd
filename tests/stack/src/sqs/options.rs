//! How a server is set up.

use super::clock::Clock;

/// The in-flight limit of the service.
const IN_FLIGHT_LIMIT: usize = 120_000;

/// How a server is set up; [`SqsOptions::default`] is as the service is.
#[derive(Debug, Clone)]
pub struct SqsOptions {
    /// In every ARN.
    pub region: String,
    /// Who sends, as the system attribute `SenderId` has it.
    pub sender_id: String,
    /// How many messages of a queue may be in flight. At the limit a short poll of a standard queue
    /// is refused with `OverLimit`; long polls and FIFO queues get nothing.
    pub in_flight_limit: usize,
    /// Whether a deleted queue's name and a purge rest for 60 seconds.
    pub cooldowns: bool,
    /// Where ids, receipt handles and the chance of faults come from: one seed, one run.
    pub seed: u64,
    pub clock: Clock,
}

impl Default for SqsOptions {
    fn default() -> Self {
        Self {
            region: "us-east-1".to_owned(),
            sender_id: "AIDATHROUGHLINE000000".to_owned(),
            in_flight_limit: IN_FLIGHT_LIMIT,
            cooldowns: true,
            // Another one each time, so that two servers' ids are never mistaken for each other.
            seed: uuid::Uuid::now_v7().as_u64_pair().1,
            clock: Clock::system(),
        }
    }
}
