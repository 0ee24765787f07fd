//! Runs the real binaries as processes and looks at what they do: for the demo, the end-to-end
//! tests and the benchmarks.
//!
//! Nothing here knows how a part works inside: it builds them, starts them with flags and
//! environment, talks to their sockets and reads their log lines.

mod binaries;
mod delivery;
mod http;
mod process;
mod recorder;
mod way;

pub use binaries::Binaries;
pub use delivery::{Recorded, Sent, recorded};
pub use http::{Answer, Control, Url, exchange, get, post_json};
pub use process::{Line, Process, Spec};
pub use recorder::{Call, Recorder, Reply};
pub use way::{Fate, Options, QUEUE, Urls, Way};
