//! How the gateway is.

/// What calls through the gateway meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weather {
    /// Functions.
    Fair,
    /// No connection; those that were open are cut.
    Refused,
    /// Nothing ever answers.
    Hang,
    /// 404 in place of a function.
    Missing,
    /// 429 in place of a function, with the seconds to wait.
    TooMany(Option<u64>),
    /// 503 in place of a function.
    Unavailable,
    /// The gateway's own 500, since it does not reach the function.
    Unreachable,
    /// An empty 502, as a proxy before the gateway answers.
    BadGateway,
    /// Functions, but the list of them is garbage.
    GarbledList,
    /// Functions, but the list of them is not to be had.
    NoList,
}
