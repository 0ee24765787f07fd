//! The smallest function: what comes in goes out.
//!
//! ```text
//! suppress_lock=true cargo run -p throughline --example echo
//! curl -i -H 'X-Correlation-ID: kan-7' -d hello http://127.0.0.1:8080/
//! ```

use throughline::Request;

fn main() -> std::process::ExitCode {
    throughline::run(async |request: Request| request.body().clone())
}
