//! OpenMetrics text as Prometheus's own text format, for whoever does not ask for OpenMetrics. Pure.
//!
//! The samples are the same. What differs is said of the families: a counter is described under the
//! name of its sample, with `_total`; units and the end are not told; what describes the process is a
//! gauge that is 1.

/// The format's media type.
pub const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Of OpenMetrics text, as this process writes it.
pub fn plain(open_metrics: &str) -> String {
    let mut text = String::with_capacity(open_metrics.len());
    let mut help = None;
    for line in open_metrics.lines() {
        let mut words = line.splitn(4, ' ');
        let (mark, what, name) = (words.next(), words.next(), words.next());
        let rest = words.next().unwrap_or_default();
        match (mark, what, name) {
            (Some("#"), Some("HELP"), Some(name)) => help = Some((name, rest)),
            (Some("#"), Some("TYPE"), Some(name)) => {
                let (suffix, kind) = match rest {
                    "counter" => ("_total", "counter"),
                    "info" => ("_info", "gauge"),
                    "unknown" => ("", "untyped"),
                    kind => ("", kind),
                };
                if let Some((_, said)) = help.take().filter(|(of, _)| *of == name) {
                    text.push_str(&format!("# HELP {name}{suffix} {said}\n"));
                }
                text.push_str(&format!("# TYPE {name}{suffix} {kind}\n"));
            }
            (Some("#"), _, _) => {}
            _ => {
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    text
}

/// Whether an `Accept` header asks for OpenMetrics.
pub fn asks_for_open_metrics(accept: &str) -> bool {
    let is_refused = |parameter: &str| {
        let weight = parameter.trim().strip_prefix("q=");
        weight.is_some_and(|weight| weight.parse() == Ok(0.0))
    };
    accept.split(',').any(|range| {
        let mut parts = range.split(';');
        let kind = parts.next().unwrap_or_default().trim();
        kind.eq_ignore_ascii_case("application/openmetrics-text") && !parts.any(is_refused)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Metrics;

    #[test]
    fn counters_are_described_under_the_name_of_their_samples() {
        let open = "# HELP a_b Things.\n# TYPE a_b counter\n# UNIT a_b seconds\na_b_total{q=\"x\"} 3\n# HELP up Up.\n# TYPE up gauge\nup 1\n# HELP build What runs.\n# TYPE build info\nbuild_info{v=\"1\"} 1\n# EOF\n";
        assert_eq!(
            plain(open),
            "# HELP a_b_total Things.\n# TYPE a_b_total counter\na_b_total{q=\"x\"} 3\n# HELP up Up.\n# TYPE up gauge\nup 1\n# HELP build_info What runs.\n# TYPE build_info gauge\nbuild_info{v=\"1\"} 1\n"
        );
    }

    #[test]
    fn every_sample_of_the_process_is_there_and_every_family_is_described_by_its_own_name() {
        let metrics = Metrics::default();
        metrics.polled("q", Ok(3));
        let (open, plain) = (metrics.encode(), plain(&metrics.encode()));
        let samples = |text: &str| -> Vec<String> {
            let lines = text.lines().filter(|line| !line.starts_with('#'));
            lines.map(str::to_owned).collect()
        };
        assert_eq!(samples(&open), samples(&plain));
        assert!(!plain.contains("# EOF") && !plain.contains("# UNIT"));
        for line in samples(&plain) {
            let name = line.split(['{', ' ']).next().unwrap();
            let family = ["_bucket", "_sum", "_count"]
                .iter()
                .find_map(|suffix| name.strip_suffix(suffix))
                .filter(|family| plain.contains(&format!("# TYPE {family} histogram")))
                .unwrap_or(name);
            assert!(plain.contains(&format!("# TYPE {family} ")), "{line}");
        }
    }

    #[test]
    fn open_metrics_is_given_to_whoever_asks_for_it() {
        let prometheus = "application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        assert!(asks_for_open_metrics(prometheus));
        assert!(asks_for_open_metrics(
            "text/plain, Application/OpenMetrics-Text"
        ));
        for accept in [
            "",
            "*/*",
            "text/plain;version=0.0.4",
            "application/openmetrics-text;q=0, text/plain",
        ] {
            assert!(!asks_for_open_metrics(accept), "{accept}");
        }
    }
}
