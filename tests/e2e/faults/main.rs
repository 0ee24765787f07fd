//! The fault matrix: real processes over real sockets, and something goes wrong. `docs/faults.md` has
//! each row with what was injected, what is promised and what was counted.

mod clock;
mod field;
mod function;
mod matrix;

mod connector;
mod fifo;
mod functions;
mod gateway;
mod modes;
mod sqs;
mod surroundings;

const MATRIX: &[matrix::Section] = &[
    connector::SECTION,
    functions::SECTION,
    gateway::SECTION,
    sqs::SECTION,
    fifo::SECTION,
    modes::SECTION,
    surroundings::SECTION,
];

#[test]
fn the_document_has_a_row_for_each_test_and_no_other() -> anyhow::Result<()> {
    if std::env::var_os("FAULTS_FOLDER").is_some() {
        return Ok(());
    }
    matrix::compare(MATRIX)
}

#[test]
#[ignore = "writes docs/faults.md; `cargo run -p e2e --bin faults` calls it after the rows"]
fn write_the_document() -> anyhow::Result<()> {
    matrix::assemble(MATRIX)
}
