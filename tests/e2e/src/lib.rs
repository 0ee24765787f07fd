//! The soak; the end-to-end tests themselves are in `tests/`, the fault matrix in `faults/`.

pub mod soak;
