//! How AWS says that it refuses the credentials themselves, not what was asked with them.

/// Error codes of SQS and STS.
const CODES: &[&str] = &[
    "ExpiredToken",
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "InvalidAccessKeyId",
    "InvalidSecurity",
    "TokenRefreshRequired",
];

/// Whether an error code, or an error in words, says so.
pub(crate) fn is_in(text: &str) -> bool {
    CODES.iter().any(|code| text.contains(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_of_credentials_is_told_from_one_of_permission() {
        for code in [
            "ExpiredToken",
            "ExpiredTokenException",
            "com.amazonaws.sqs#InvalidSecurity",
            "InvalidClientTokenId",
        ] {
            assert!(is_in(code), "{code}");
        }
        for code in [
            "AccessDenied",
            "AccessDeniedException",
            "SignatureDoesNotMatch",
            "",
        ] {
            assert!(!is_in(code), "{code}");
        }
    }
}
