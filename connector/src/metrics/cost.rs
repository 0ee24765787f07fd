//! What SQS costs: a request for each call that it answered, and one more for each further 64 KB.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;

use super::families::OfQueue;

/// So much of a request's or an answer's messages counts as one request.
const CHUNK: usize = 64 * 1024;

const MILLION: f64 = 1_000_000.0;

/// What a queue has cost since the start.
#[derive(Clone, Copy, Debug, Default)]
struct Bill {
    requests: u64,
    /// Messages that are gone from the queue for good.
    done: u64,
    /// US dollars for a million requests, where they are not AWS's own.
    price: Option<f64>,
}

impl Bill {
    fn dollars(&self, queue: &str) -> f64 {
        let usual = if queue.ends_with(".fifo") { 0.50 } else { 0.40 };
        self.requests as f64 / MILLION * self.price.unwrap_or(usual)
    }

    fn per_million_messages(&self, queue: &str) -> f64 {
        self.dollars(queue) * MILLION / self.done as f64
    }
}

/// The bills of all queues; a clone adds to the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Cost(Arc<Mutex<BTreeMap<String, Bill>>>);

impl Cost {
    pub(super) fn set_price(&self, queue: &str, price: f64) {
        self.change(queue, |bill| bill.price = Some(price));
    }

    pub(super) fn answered(&self, queue: &str) {
        self.change(queue, |bill| bill.requests += 1);
    }

    /// A request or an answer carried messages of so many bytes in all.
    pub(super) fn carried(&self, queue: &str, bytes: usize) {
        let more = bytes.div_ceil(CHUNK).saturating_sub(1);
        if more > 0 {
            self.change(queue, |bill| bill.requests += more as u64);
        }
    }

    pub(super) fn done(&self, queue: &str) {
        self.change(queue, |bill| bill.done += 1);
    }

    fn change(&self, queue: &str, how: impl FnOnce(&mut Bill)) {
        let mut bills = self.bills();
        match bills.get_mut(queue) {
            Some(bill) => how(bill),
            None => how(bills.entry(queue.to_owned()).or_default()),
        }
    }

    fn bills(&self) -> MutexGuard<'_, BTreeMap<String, Bill>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn of(queue: &str) -> OfQueue {
    OfQueue {
        queue: queue.to_owned(),
    }
}

impl Collector for Cost {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let bills = self.bills().clone();
        let mut family = encoder.encode_descriptor(
            "sqs_billed_requests",
            "Requests that SQS bills, one for each 64 KB",
            None,
            MetricType::Counter,
        )?;
        for (queue, bill) in &bills {
            let labels = of(queue);
            ConstCounter::new(bill.requests).encode(family.encode_family(&labels)?)?;
        }
        let dollars = Unit::Other("dollars".into());
        let mut family = encoder.encode_descriptor(
            "sqs_cost",
            "What they cost in US dollars",
            Some(&dollars),
            MetricType::Counter,
        )?;
        for (queue, bill) in &bills {
            let labels = of(queue);
            ConstCounter::new(bill.dollars(queue)).encode(family.encode_family(&labels)?)?;
        }
        let mut family = encoder.encode_descriptor(
            "sqs_cost_per_million_messages",
            "What a million messages have cost since the start, in US dollars",
            Some(&dollars),
            MetricType::Gauge,
        )?;
        for (queue, bill) in bills.iter().filter(|(_, bill)| bill.done > 0) {
            let labels = of(queue);
            let cost = ConstGauge::new(bill.per_million_messages(queue));
            cost.encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bill(cost: &Cost, queue: &str) -> Bill {
        cost.bills()[queue]
    }

    #[test]
    fn full_batches_cost_eight_cents_a_million_messages_and_single_calls_eighty() {
        let (batched, single) = (Cost::default(), Cost::default());
        for _ in 0..100 {
            batched.answered("q");
            batched.answered("q");
            (0..10).for_each(|_| batched.done("q"));
            single.answered("q");
            single.answered("q");
            single.done("q");
        }
        let cents = |cost: &Cost| (bill(cost, "q").per_million_messages("q") * 100.0).round();
        assert_eq!((cents(&batched), cents(&single)), (8.0, 80.0));
    }

    #[test]
    fn each_64_kb_is_a_request_and_less_is_in_the_first() {
        let cost = Cost::default();
        for bytes in [0, 1, CHUNK, CHUNK + 1, 1024 * 1024] {
            cost.answered("q");
            cost.carried("q", bytes);
        }
        assert_eq!(bill(&cost, "q").requests, 5 + 1 + 15);
    }

    #[test]
    fn fifo_queues_cost_more_and_a_price_of_ones_own_comes_before() {
        let cost = Cost::default();
        for queue in ["q", "q.fifo", "own"] {
            (0..1000).for_each(|_| cost.answered(queue));
        }
        cost.set_price("own", 1.0);
        let dollars = |queue| (bill(&cost, queue).dollars(queue) * MILLION).round();
        assert_eq!(
            (dollars("q"), dollars("q.fifo"), dollars("own")),
            (400.0, 500.0, 1000.0)
        );
    }
}
