//! The fuzz targets: each takes any bytes, and panics where something does not hold that always
//! should. `fuzz/` gives them to libFuzzer; the tests here run them on the corpus in `fuzz/corpus`
//! and on mutations of it, so that they keep working where there is no fuzzer.

mod correlate;
mod envelope;
mod filter;
mod letter;

pub use correlate::correlate;
pub use envelope::envelope;
pub use filter::filter;

/// A target.
pub type Target = fn(&[u8]);

/// All of them, by the names of their folders in `fuzz/corpus`.
pub const TARGETS: [(&str, Target); 3] = [
    ("envelope", envelope),
    ("correlate", correlate),
    ("filter", filter),
];
