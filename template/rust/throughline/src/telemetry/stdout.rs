//! The thread that writes the queued lines to standard output.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd as _;
use std::sync::Arc;
use std::time::Duration;

use tracing::Level;

use super::queue::Queue;
use super::subscriber::Sink;

/// How long a dropped [`Guard`] waits for a reader of standard output.
const LAST_FLUSH: Duration = Duration::from_secs(2);

/// Keeps log lines flowing. Dropping it writes out what is queued, for at most two seconds.
///
/// ```no_run
/// # fn main() -> Result<(), throughline::telemetry::InitError> {
/// let lines = throughline::telemetry::init("charge-card")?;
/// tracing::info!("the last line");
/// drop(lines); // writes it out
/// # Ok(()) }
/// ```
pub struct Guard(Arc<Queue>);

impl Guard {
    /// Waits until everything logged so far has left the process, but no longer than `most`.
    /// Says whether it has.
    ///
    /// ```no_run
    /// # fn main() -> Result<(), throughline::telemetry::InitError> {
    /// let lines = throughline::telemetry::init("charge-card")?;
    /// tracing::info!("before something that may end the process");
    /// let written = lines.flush(std::time::Duration::from_secs(1));
    /// # Ok(()) }
    /// ```
    pub fn flush(&self, most: Duration) -> bool {
        self.0.flush(most)
    }

    /// How many lines were dropped so far, since standard output took them too slowly.
    ///
    /// ```no_run
    /// # fn main() -> Result<(), throughline::telemetry::InitError> {
    /// let lines = throughline::telemetry::init("charge-card")?;
    /// assert_eq!(lines.dropped(), 0);
    /// # Ok(()) }
    /// ```
    pub fn dropped(&self) -> u64 {
        self.0.lost()
    }

    /// What [`Guard::dropped`] says, to be asked elsewhere.
    #[cfg(feature = "function")]
    pub(crate) fn dropped_count(&self) -> impl Fn() -> u64 + Send + Sync + 'static {
        let queue = Arc::clone(&self.0);
        move || queue.lost()
    }

    pub(super) fn sink(&self) -> Sink {
        let queue = Arc::clone(&self.0);
        Arc::new(move |level, line: &str| queue.push(level, line))
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.flush(LAST_FLUSH);
        self.0.close();
    }
}

pub(super) fn start() -> io::Result<Guard> {
    // A descriptor of its own: std's handle holds a lock while it writes, and a reader that does
    // not read would then park everyone who prints.
    let stdout = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    let queue = Arc::new(Queue::new());
    let for_writer = Arc::clone(&queue);
    std::thread::Builder::new()
        .name("log-writer".into())
        .spawn(move || write_all(&for_writer, stdout))?;
    Ok(Guard(queue))
}

/// Writes until the queue is closed. A closed pipe ends nothing: the program is not about its log.
fn write_all(queue: &Queue, mut to: impl Write) {
    let mut spare = Vec::new();
    while let Some(batch) = queue.take(spare) {
        let _ = to.write_all(&batch.text);
        spare = batch.text;
        if batch.dropped > 0 {
            say_dropped(batch.dropped);
        }
    }
}

fn say_dropped(lines: u64) {
    tracing::event!(
        target: "throughline::telemetry",
        Level::ERROR,
        dropped = lines,
        "{lines} log lines were dropped: standard output took them too slowly"
    );
}
