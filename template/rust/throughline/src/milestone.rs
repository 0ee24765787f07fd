//! Milestones: the steps of the business way.

/// Marks a step of the business way with a log line of its own.
///
/// The story by id is read from milestones: their order, the time between two of them, and which
/// expected one is missing. So they are written whatever `RUST_LOG` says, short of a directive for
/// the target `throughline::milestone` itself. Fields and message are given as to
/// [`tracing::info!`]. Names are in capitals, and say what has happened: `CARD_MOVED`.
///
/// ```
/// use throughline::milestone;
///
/// let (card, to) = ("KAN-7", "Deploying");
/// milestone!("CARD_RECEIVED");
/// milestone!("CARD_MOVED", card_id = %card, to, "the card moved to {to}");
/// ```
#[macro_export]
macro_rules! milestone {
    ($name:expr) => {
        $crate::__private::tracing::info!(target: "throughline::milestone", milestone = $name)
    };
    ($name:expr, $($rest:tt)+) => {
        $crate::__private::tracing::info!(target: "throughline::milestone", milestone = $name, $($rest)+)
    };
}
