//! The servers that the suite knows.

use std::fmt;

use stack::sqs::{Sqs, SqsOptions};
use url::Url;

use crate::bench::Bench;
use crate::wire::Wire;

/// Which server it is: what is declared of it depends on that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The stack's own.
    Embedded,
    /// ElasticMQ.
    ElasticMq,
    /// moto's server.
    Moto,
    /// Any other: nothing is declared of it.
    Other,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Embedded => "embedded",
            Self::ElasticMq => "ElasticMQ",
            Self::Moto => "moto",
            Self::Other => "other",
        })
    }
}

/// A server to run the cases against.
#[derive(Clone, Debug)]
pub enum Server {
    /// The stack's own, a new one for each case, without sockets and on tokio's clock: with that
    /// clock paused, hours pass in no time.
    Embedded,
    /// One that is reached at this URL.
    At(Kind, Url),
}

impl Server {
    /// Which one it is.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Embedded => Kind::Embedded,
            Self::At(kind, _) => *kind,
        }
    }

    pub(crate) fn bench(&self) -> Bench {
        match self {
            Self::Embedded => {
                let sqs = Sqs::new(SqsOptions::default());
                Bench::new(Wire::Memory(sqs), "http://embedded")
            }
            Self::At(_, url) => Bench::new(Wire::sockets(), url.as_str()),
        }
    }
}
