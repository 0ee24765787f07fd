//! What a handler says when it can't do what it was asked.

use std::fmt;

use http::StatusCode;

/// Why a handler gave up, and what the caller is to make of it.
///
/// - [`Error::rejected`]: the message itself is at fault, and trying again can't help. The caller
///   reads the sentence; the connector sets the message aside.
/// - Any other error, through `?`: 500, and worth another try. The log has the error with all its
///   causes; the caller learns nothing of it but the id to look it up by.
///
/// ```
/// use throughline::Error;
///
/// fn amount(text: &str) -> Result<u32, Error> {
///     text.parse().map_err(|_| Error::rejected(400, format!("amount = {text:?} is no number")))
/// }
/// ```
pub struct Error(Kind);

enum Kind {
    Rejected { status: StatusCode, message: String },
    Failed(Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// The message is at fault: a status of the 400s, and a sentence for the caller.
    ///
    /// A status outside of 400–499 would say something else, and becomes 400.
    ///
    /// ```
    /// use throughline::Error;
    ///
    /// let error = Error::rejected(422, "quantity = 0: order at least one");
    /// assert_eq!(error.status(), 422);
    /// ```
    pub fn rejected(status: u16, message: impl Into<String>) -> Self {
        let status = StatusCode::from_u16(status)
            .ok()
            .filter(StatusCode::is_client_error)
            .unwrap_or(StatusCode::BAD_REQUEST);
        Self(Kind::Rejected {
            status,
            message: message.into(),
        })
    }

    /// The work failed for a reason outside of the message: 500, and worth another try.
    ///
    /// ```
    /// use throughline::Error;
    ///
    /// let error = Error::failed("the shelf is locked");
    /// assert_eq!(error.status(), 500);
    /// ```
    pub fn failed(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(Kind::Failed(cause.into()))
    }

    /// The status it is answered with.
    ///
    /// ```
    /// use throughline::Error;
    ///
    /// let error: Error = std::io::Error::other("the disk is full").into();
    /// assert_eq!(error.status(), http::StatusCode::INTERNAL_SERVER_ERROR);
    /// ```
    pub fn status(&self) -> StatusCode {
        match &self.0 {
            Kind::Rejected { status, .. } => *status,
            Kind::Failed(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// What the caller is told.
    pub(crate) fn for_caller(&self) -> &str {
        match &self.0 {
            Kind::Rejected { message, .. } => message,
            Kind::Failed(_) => "the function failed; its log has the reason under this id",
        }
    }

    /// Writes it to the log, all its causes included.
    pub(crate) fn log(&self) {
        let status = self.status().as_u16();
        match &self.0 {
            Kind::Rejected { message, .. } => tracing::warn!(
                http.response.status_code = status,
                error = message.as_str(),
                error.r#type = "rejected",
                "rejected with {status}: {message}"
            ),
            Kind::Failed(cause) => {
                let cause = crate::telemetry::chain(cause.as_ref());
                tracing::error!(
                    http.response.status_code = status,
                    error = cause.as_str(),
                    error.r#type = "failed",
                    "failed: {cause}"
                );
            }
        }
    }
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for Error {
    fn from(cause: E) -> Self {
        Self::failed(cause)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Rejected { status, message } => write!(f, "{status}: {message}"),
            Kind::Failed(cause) => f.write_str(&crate::telemetry::chain(cause.as_ref())),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rejection_tells_the_caller_and_a_failure_keeps_its_cause_to_the_log() {
        let rejected = Error::rejected(422, "amount is missing");
        assert_eq!(rejected.status(), 422);
        assert_eq!(rejected.for_caller(), "amount is missing");
        let failed: Error = std::io::Error::other("password=hunter2").into();
        assert_eq!(failed.status(), 500);
        assert!(!failed.for_caller().contains("hunter2"));
        assert!(failed.to_string().contains("hunter2"));
    }

    #[test]
    fn only_a_status_of_the_400s_rejects() {
        for status in [0, 200, 302, 500, 1000] {
            assert_eq!(Error::rejected(status, "").status(), 400);
        }
    }
}
