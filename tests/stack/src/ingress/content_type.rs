//! Which content types the ingress has a mapping for. Pure.

use http::HeaderValue;

const MAPPED: [&str; 2] = ["application/json", "application/x-www-form-urlencoded"];

/// Whether a body of this content type is taken. Parameters and case make no difference, and a
/// body without a content type counts as JSON, as API Gateway has it.
pub(super) fn is_mapped(content_type: Option<&HeaderValue>) -> bool {
    let Some(value) = content_type else {
        return true;
    };
    let essence = value.as_bytes().split(|byte| *byte == b';').next();
    let essence = essence.unwrap_or_default().trim_ascii();
    MAPPED
        .iter()
        .any(|mapped| essence.eq_ignore_ascii_case(mapped.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_and_forms_are_taken_however_they_are_written_and_nothing_else_is() {
        let is_mapped =
            |value: &'static str| super::is_mapped(Some(&HeaderValue::from_static(value)));
        assert!(is_mapped("application/json"));
        assert!(is_mapped("Application/JSON ; charset=utf-8"));
        assert!(is_mapped("application/x-www-form-urlencoded;charset=UTF-8"));
        for refused in [
            "text/plain",
            "application/jsonp",
            "application/json+x",
            "",
            ";",
            "text/xml",
        ] {
            assert!(!is_mapped(refused), "{refused}");
        }
        assert!(super::is_mapped(None));
    }
}
