//! What was probably meant: the known name or id nearest to one that is not known.

/// How many ids are offered at most.
const OFFERED: usize = 5;

/// The known name that `given` is a slip of, if there is one.
pub(crate) fn nearest_name<'a>(
    given: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    known
        .into_iter()
        .filter_map(|name| Some((slip(given, name)?, name)))
        .min()
        .map(|(_, name)| name)
}

/// Gathers, out of any number of ids, the few that are nearest to the one wanted.
#[derive(Debug)]
pub(crate) struct NearIds {
    wanted: String,
    best: Vec<(usize, String)>,
}

impl NearIds {
    pub(crate) fn of(wanted: &str) -> Self {
        Self {
            wanted: wanted.to_owned(),
            best: Vec::new(),
        }
    }

    pub(crate) fn offer(&mut self, id: &str) {
        if self.best.iter().any(|(_, known)| known == id) {
            return;
        }
        if let Some(distance) = slip(&self.wanted, id) {
            self.best.push((distance, id.to_owned()));
            self.best.sort();
            self.best.truncate(OFFERED);
        }
    }

    pub(crate) fn into_best(self) -> Vec<String> {
        self.best.into_iter().map(|(_, id)| id).collect()
    }
}

/// How far `known` is from `given`; `None` if it cannot have been meant.
fn slip(given: &str, known: &str) -> Option<usize> {
    let (given, known) = (given.to_lowercase(), known.to_lowercase());
    if given == known {
        return Some(0);
    }
    let (short, long) = if given.len() < known.len() {
        (&given, &known)
    } else {
        (&known, &given)
    };
    // A part of an id, as when the begin or the end was not copied.
    if short.len() >= 4 && (long.starts_with(short.as_str()) || long.ends_with(short.as_str())) {
        return Some(1);
    }
    let allowed = (given.chars().count() / 3).clamp(1, 3);
    if long.len() - short.len() > 4 * allowed {
        return None;
    }
    let distance = strsim::osa_distance(&given, &known);
    (distance <= allowed).then_some(distance + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_the_name_and_another_word_does_not() {
        let known = ["milestone", "service", "within"];
        assert_eq!(nearest_name("miletsone", known), Some("milestone"));
        assert_eq!(nearest_name("Service", known), Some("service"));
        assert_eq!(nearest_name("owner", known), None);
    }

    #[test]
    fn the_nearest_ids_come_first_and_are_few() {
        let mut near = NearIds::of("kan-7");
        for id in [
            "KAN-17", "KAN-7", "KAN-8", "KAN-7", "OPS-7", "KAN-1", "KAN-2", "KAN-3", "KAN-4",
        ] {
            near.offer(id);
        }
        assert_eq!(
            near.into_best(),
            ["KAN-7", "KAN-1", "KAN-17", "KAN-2", "KAN-3"]
        );
    }

    #[test]
    fn a_part_of_an_id_finds_it() {
        let mut near = NearIds::of("0198c1f0-7a2e");
        near.offer("0198c1f0-7a2e-7c3b-9d4e-5f60718293a4");
        near.offer("0298c1f0-7a2e-7c3b-9d4e-5f60718293a4");
        assert_eq!(near.into_best(), ["0198c1f0-7a2e-7c3b-9d4e-5f60718293a4"]);
    }
}
