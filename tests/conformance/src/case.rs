//! A case: what AWS documents, the steps that show it, and who is known to differ.

use futures_util::future::BoxFuture;

use crate::bench::Bench;
use crate::server::Kind;

/// What the steps come to; the error says what was seen instead.
pub(crate) type Outcome = anyhow::Result<()>;

/// One thing that AWS documents.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    name: &'static str,
    /// The page of AWS's documentation: an action of the API reference, or a title of the
    /// developer guide.
    pub page: &'static str,
    /// What that page says, in short.
    pub documents: &'static str,
    /// Takes minutes or hours: only for a server whose clock can be moved on.
    pub long: bool,
    /// Why both answers are right, where the documentation leaves it open.
    pub left_open: Option<&'static str>,
    pub(crate) steps: fn(Bench) -> BoxFuture<'static, Outcome>,
    elasticmq: Option<Difference>,
    moto: Option<Difference>,
}

/// How a server is known to differ from what is documented.
#[derive(Clone, Copy, Debug)]
pub struct Difference {
    /// What it does instead.
    pub does: &'static str,
    /// What the failure of the steps says then; another failure is not this difference.
    pub seen: &'static str,
}

impl Case {
    pub(crate) const fn new(
        name: &'static str,
        page: &'static str,
        documents: &'static str,
        steps: fn(Bench) -> BoxFuture<'static, Outcome>,
    ) -> Self {
        Self {
            name,
            page,
            documents,
            long: false,
            left_open: None,
            steps,
            elasticmq: None,
            moto: None,
        }
    }

    /// It takes minutes or hours.
    pub(crate) const fn long(mut self) -> Self {
        self.long = true;
        self
    }

    /// The documentation leaves it open: this is the embedded server's choice.
    pub(crate) const fn left_open(mut self, why: &'static str) -> Self {
        self.left_open = Some(why);
        self
    }

    pub(crate) const fn elasticmq(mut self, does: &'static str, seen: &'static str) -> Self {
        self.elasticmq = Some(Difference { does, seen });
        self
    }

    pub(crate) const fn moto(mut self, does: &'static str, seen: &'static str) -> Self {
        self.moto = Some(Difference { does, seen });
        self
    }

    /// The sentence that is its name.
    pub fn name(&self) -> String {
        self.name.replace('_', " ")
    }

    /// How a server is known to differ. The embedded one never is: it is mended instead.
    pub const fn difference(&self, kind: Kind) -> Option<Difference> {
        match kind {
            Kind::ElasticMq => self.elasticmq,
            Kind::Moto => self.moto,
            Kind::Embedded | Kind::Other => None,
        }
    }
}

/// `case!(name_of_the_function: "Page", "what it documents")`.
macro_rules! case {
    ($steps:ident: $page:literal, $documents:literal) => {
        $crate::case::Case::new(stringify!($steps), $page, $documents, |bench| {
            ::std::boxed::Box::pin($steps(bench))
        })
    };
}
pub(crate) use case;
