mod handler;
#[cfg(test)]
mod tests;

fn main() -> std::process::ExitCode {
    throughline::run(handler::handle)
}
