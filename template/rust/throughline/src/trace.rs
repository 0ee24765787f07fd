//! W3C trace context: the header `traceparent`, read, made and continued.

use std::fmt;

/// One `traceparent`: the trace, the span that is the parent of what comes next, and whether the
/// trace is sampled.
///
/// The trace id is one attempt; the [`CorrelationId`](crate::CorrelationId) is the business event
/// and outlives it.
///
/// ```
/// use throughline::TraceParent;
///
/// let incoming = TraceParent::parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").unwrap();
/// let outgoing = incoming.child();
/// assert_eq!(outgoing.trace_id(), incoming.trace_id());
/// assert_ne!(outgoing.span_id(), incoming.span_id());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TraceParent {
    trace: u128,
    span: u64,
    flags: u8,
}

impl TraceParent {
    /// Reads a header's value. `None` where it is not valid; as the recommendation has it, a
    /// version above 00 is read by what 00 defines.
    ///
    /// ```
    /// use throughline::TraceParent;
    ///
    /// let header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    /// assert_eq!(TraceParent::parse(header).unwrap().to_string(), header);
    /// assert_eq!(TraceParent::parse("00-1-2-01"), None);
    /// ```
    pub fn parse(value: &str) -> Option<Self> {
        let mut parts = value.trim().split('-');
        let version = hex(parts.next()?, 2)?;
        let trace = hex(parts.next()?, 32)?;
        let span = hex(parts.next()?, 16)?;
        let flags = hex(parts.next()?, 2)?;
        let more = parts.next().is_some();
        if version == 0xff || (version == 0 && more) {
            return None;
        }
        Self::from_parts(trace, u64::try_from(span).ok()?, flags & 1 == 1)
    }

    /// Puts one together. `None` where an id is all zeros, which the recommendation forbids.
    ///
    /// ```
    /// use throughline::TraceParent;
    ///
    /// let trace = TraceParent::from_parts(7, 9, true).unwrap();
    /// assert_eq!(trace.ids(), (7, 9));
    /// assert_eq!(TraceParent::from_parts(0, 9, true), None);
    /// ```
    pub fn from_parts(trace: u128, span: u64, sampled: bool) -> Option<Self> {
        (trace != 0 && span != 0).then_some(Self {
            trace,
            span,
            flags: u8::from(sampled),
        })
    }

    /// Reads the `AWSTraceHeader` that X-Ray writes: `Root=1-<8 hex>-<24 hex>;Parent=<16 hex>;Sampled=1`.
    ///
    /// `None` without a `Root` and a `Parent`: a root alone names no span to continue. A missing
    /// `Sampled` counts as sampled, because deciding is left to us then.
    ///
    /// ```
    /// use throughline::TraceParent;
    ///
    /// let header = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
    /// let trace = TraceParent::parse_aws(header).unwrap();
    /// assert_eq!(trace.trace_id(), "5759e988bd862e3fe1be46a994272793");
    /// ```
    pub fn parse_aws(value: &str) -> Option<Self> {
        let field = |name: &str| {
            value
                .split(';')
                .filter_map(|part| part.trim().split_once('='))
                .find(|(key, _)| key.eq_ignore_ascii_case(name))
                .map(|(_, value)| value)
        };
        let mut root = field("Root")?.split('-');
        if root.next() != Some("1") {
            return None;
        }
        let (epoch, unique) = (hex(root.next()?, 8)?, hex(root.next()?, 24)?);
        let span = u64::try_from(hex(field("Parent")?, 16)?).ok()?;
        Self::from_parts(epoch << 96 | unique, span, field("Sampled") != Some("0"))
    }

    /// The form of X-Ray: what [`TraceParent::parse_aws`] reads.
    ///
    /// ```
    /// use throughline::TraceParent;
    ///
    /// let trace = TraceParent::root();
    /// assert_eq!(TraceParent::parse_aws(&trace.to_aws()), Some(trace));
    /// ```
    pub fn to_aws(&self) -> String {
        let trace = self.trace_id();
        let (epoch, unique) = trace.split_at(8);
        let sampled = u8::from(self.sampled());
        format!(
            "Root=1-{epoch}-{unique};Parent={};Sampled={sampled}",
            self.span_id()
        )
    }

    /// A new trace, sampled.
    ///
    /// ```
    /// use throughline::TraceParent;
    ///
    /// assert!(TraceParent::root().sampled());
    /// assert_ne!(TraceParent::root(), TraceParent::root());
    /// ```
    pub fn root() -> Self {
        Self {
            trace: crate::chance::uuid_v4().as_u128(),
            span: random_span(),
            flags: 1,
        }
    }

    /// The same trace with a span of its own: what an outgoing call carries.
    ///
    /// ```
    /// use throughline::TraceParent;
    ///
    /// let trace = TraceParent::root();
    /// assert_eq!(trace.child().trace_id(), trace.trace_id());
    /// assert_ne!(trace.child().span_id(), trace.span_id());
    /// ```
    #[must_use]
    pub fn child(&self) -> Self {
        Self {
            span: random_span(),
            ..*self
        }
    }

    /// The trace id: 32 hex digits.
    ///
    /// ```
    /// use throughline::TraceParent;
    ///
    /// let trace = TraceParent::parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").unwrap();
    /// assert_eq!(trace.trace_id(), "0af7651916cd43dd8448eb211c80319c");
    /// ```
    pub fn trace_id(&self) -> String {
        format!("{:032x}", self.trace)
    }

    /// The span id: 16 hex digits.
    ///
    /// ```
    /// use throughline::TraceParent;
    ///
    /// let trace = TraceParent::parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").unwrap();
    /// assert_eq!(trace.span_id(), "b7ad6b7169203331");
    /// ```
    pub fn span_id(&self) -> String {
        format!("{:016x}", self.span)
    }

    /// Both ids as numbers, the trace's and the span's.
    ///
    /// ```
    /// use throughline::TraceParent;
    ///
    /// assert_eq!(TraceParent::from_parts(7, 9, false).unwrap().ids(), (7, 9));
    /// ```
    pub fn ids(&self) -> (u128, u64) {
        (self.trace, self.span)
    }

    /// Whether the trace is sampled.
    ///
    /// ```
    /// use throughline::TraceParent;
    ///
    /// assert!(!TraceParent::from_parts(7, 9, false).unwrap().sampled());
    /// ```
    pub fn sampled(&self) -> bool {
        self.flags & 1 == 1
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "00-{:032x}-{:016x}-{:02x}",
            self.trace, self.span, self.flags
        )
    }
}

/// Lower-case hex digits of exactly `len` characters.
fn hex(digits: &str, len: usize) -> Option<u128> {
    let lower = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    (digits.len() == len && digits.bytes().all(lower))
        .then(|| u128::from_str_radix(digits, 16).ok())
        .flatten()
}

fn random_span() -> u64 {
    crate::chance::span()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HEADER: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_valid_header_comes_back_as_it_was() {
        let parsed = TraceParent::parse(HEADER).unwrap();
        assert_eq!(parsed.to_string(), HEADER);
        assert_eq!(parsed.trace_id(), "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(parsed.span_id(), "b7ad6b7169203331");
        assert!(parsed.sampled());
    }

    #[test]
    fn headers_the_recommendation_calls_invalid_are_refused() {
        for invalid in [
            "",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01",
        ] {
            assert_eq!(TraceParent::parse(invalid), None, "{invalid}");
        }
    }

    #[test]
    fn a_later_version_is_read_by_what_version_00_defines() {
        let later = "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-will-come";
        assert_eq!(TraceParent::parse(later), TraceParent::parse(HEADER));
    }

    #[test]
    fn the_header_of_x_ray_becomes_the_same_trace() {
        let parsed = TraceParent::parse_aws(
            "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1",
        )
        .unwrap();
        assert_eq!(parsed.trace_id(), "5759e988bd862e3fe1be46a994272793");
        assert_eq!(parsed.span_id(), "53995c3f42cd8ad8");
        assert!(parsed.sampled());
        let unsampled =
            "Root=1-5759e988-bd862e3fe1be46a994272793; Parent=53995c3f42cd8ad8; Sampled=0";
        assert!(!TraceParent::parse_aws(unsampled).unwrap().sampled());
        let undecided = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8";
        assert!(TraceParent::parse_aws(undecided).unwrap().sampled());
        assert_eq!(
            TraceParent::parse_aws("Root=1-5759e988-bd862e3fe1be46a994272793"),
            None
        );
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(value in any::<String>()) {
            let _ = TraceParent::parse(&value);
            let _ = TraceParent::parse_aws(&value);
        }

        #[test]
        fn what_is_made_can_be_read(_ in 0..20u8) {
            let root = TraceParent::root();
            prop_assert_eq!(TraceParent::parse(&root.to_string()), Some(root));
            let child = root.child();
            prop_assert_eq!(child.trace_id(), root.trace_id());
            prop_assert_ne!(child.span_id(), root.span_id());
        }
    }
}
