//! The checks, by what they ask for.

mod answers;
mod bounds;
mod configuration;
mod lifecycle;
mod metrics;

use crate::Check;

pub(crate) fn all() -> impl Iterator<Item = Check> {
    [
        answers::CHECKS,
        bounds::CHECKS,
        metrics::CHECKS,
        lifecycle::CHECKS,
        configuration::CHECKS,
    ]
    .into_iter()
    .flatten()
    .copied()
}
