//! The story of one correlation id, read out of JSON log lines.
//!
//! [`read`] finds the lines of a correlation id or of a card in any number of [`Source`]s and puts
//! them in order, one [`Story`] for each correlation id; a [`Way`] says what should have happened;
//! [`render`] and [`json::write`] show it.
//!
//! ```
//! use story::{Look, Source, Way, read, render};
//!
//! let log = r#"{"@timestamp":"2026-11-21T06:27:39Z","service.name":"ingress","correlation_id":"c-1","milestone":"WEBHOOK_RECEIVED"}"#;
//! let reading = read("c-1", &mut [Source::text("ingress", log)], &Way::kanban())?;
//!
//! assert_eq!(reading.stories[0].missing[0].milestone, "MESSAGE_RECEIVED");
//! assert_eq!(reading.exit_code(), 1);
//!
//! let mut text = Vec::new();
//! render(&reading, &Look::default(), &mut text)?;
//! assert!(String::from_utf8(text)?.contains("First missing: MESSAGE_RECEIVED from sqs-connector"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod attempt;
pub mod clock;
mod elasticsearch;
mod escape;
mod finding;
pub mod json;
mod line;
mod missing;
mod nearest;
mod order;
mod paint;
mod reading;
mod render;
mod search;
mod source;
mod story;
mod table;
mod verdict;
mod way;
mod way_file;
mod way_reader;
mod wrapping;

pub use elasticsearch::{Elasticsearch, ElasticsearchError, Login};
pub use line::{Fault, Level, Line};
pub use missing::Missing;
pub use order::Behind;
pub use paint::Look;
pub use reading::{Reading, read};
pub use render::{render, render_story, searched};
pub use search::Searched;
pub use source::{Source, SourceError};
pub use story::{Hop, Late, Story};
pub use way::{BadWay, End, KANBAN, Mark, Retry, Role, Step, Way};
