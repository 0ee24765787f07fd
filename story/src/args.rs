//! What the command line asks for.

use std::io::{self, IsTerminal};
use std::path::PathBuf;

use anstream::{AutoStream, ColorChoice};
use clap::{Parser, ValueEnum};
use story::{Elasticsearch, ElasticsearchError, Login, Look, Source, Way};

/// The story of one id: every hop in order, the first error, the first step that did not come.
///
/// Exit codes: 0 whole, 1 an error or a missing step, 2 nothing found, 64 wrong use or a bad file.
#[derive(Parser)]
#[command(name = "story", version)]
pub(crate) struct Args {
    /// A correlation id, or a card's id
    #[arg(required_unless_present = "print_way")]
    id: Option<String>,
    /// Log files: NDJSON, also as kubectl, docker, journald or Elastic wrap it; none or `-`: standard input
    files: Vec<PathBuf>,
    /// Read out of this Elasticsearch or OpenSearch; standard input is then read only as `-`
    ///
    /// ELASTICSEARCH_API_KEY, or ELASTICSEARCH_USERNAME and ELASTICSEARCH_PASSWORD, say who reads.
    #[arg(long, value_name = "URL")]
    elasticsearch: Option<String>,
    /// The indices or data streams to read there
    #[arg(long, value_name = "NAME", default_value = "logs-throughline-*")]
    index: String,
    /// The authority that signed that server's certificate, a PEM file; without it, the system's
    #[arg(long, value_name = "FILE", requires = "elasticsearch")]
    ca_file: Option<PathBuf>,
    /// The expected way, a TOML file; without it, the Kanban way
    #[arg(long, value_name = "FILE")]
    way: Option<PathBuf>,
    /// When to colour; `auto` heeds NO_COLOR and CLICOLOR_FORCE
    #[arg(long, value_enum, default_value_t = Color::Auto)]
    color: Color,
    /// One JSON object a story, instead of text
    #[arg(long)]
    pub(crate) json: bool,
    /// Cut hops at so many columns; on a terminal, its width; in a pipe, nothing is cut
    #[arg(long, value_name = "COLUMNS")]
    width: Option<usize>,
    /// Leave nothing out: debug lines, long messages, repeated fields, stack traces, call and trace ids
    #[arg(long)]
    all: bool,
    /// Print the built-in way, to start one's own from
    #[arg(long)]
    pub(crate) print_way: bool,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

/// What is to be read.
pub(crate) struct Asked<'a> {
    pub(crate) id: &'a str,
    pub(crate) way: Way,
    pub(crate) sources: Vec<Source>,
}

impl Args {
    /// Opens all that is to be read; every problem at once. `env` looks up who reads.
    pub(crate) fn open(
        &self,
        env: impl Fn(&str) -> Option<String>,
    ) -> Result<Asked<'_>, Vec<String>> {
        let mut problems = Vec::new();
        let id = self.id.as_deref().unwrap_or_default().trim();
        if id.is_empty() {
            problems.push("id = \"\": is empty; give a correlation id or a card's id".to_owned());
        }
        let way = self.way().unwrap_or_else(|found| {
            problems.extend(found);
            Way::kanban()
        });
        let mut sources = self.sources().unwrap_or_else(|found| {
            problems.extend(found);
            Vec::new()
        });
        // Nobody is asked for the lines of a command that will not run.
        if let Some(url) = self.elasticsearch.as_ref().filter(|_| problems.is_empty()) {
            match self.ask(url, id, login(env)) {
                Ok(source) => sources.push(source),
                Err(error) => problems.push(error.to_string()),
            }
        }
        if problems.is_empty() {
            Ok(Asked { id, way, sources })
        } else {
            Err(problems)
        }
    }

    /// Colours and width, as asked for, else as standard output is.
    pub(crate) fn look(&self) -> Look {
        let color = match self.color {
            Color::Auto => AutoStream::choice(&io::stdout()) != ColorChoice::Never,
            Color::Always => true,
            Color::Never => false,
        };
        let terminal = || {
            io::stdout()
                .is_terminal()
                .then(terminal_size::terminal_size)
                .flatten()
        };
        let width = self
            .width
            .or_else(|| terminal().map(|(width, _)| usize::from(width.0)));
        Look {
            color,
            width,
            all: self.all,
        }
    }

    fn way(&self) -> Result<Way, Vec<String>> {
        let Some(file) = &self.way else {
            return Ok(Way::kanban());
        };
        let name = file.display().to_string();
        let text = std::fs::read_to_string(file)
            .map_err(|error| vec![format!("--way = \"{name}\": {error}")])?;
        Way::parse(&name, &text).map_err(|error| error.problems)
    }

    fn ask(&self, url: &str, id: &str, login: Login) -> Result<Source, ElasticsearchError> {
        Elasticsearch::new(url, &self.index, login, self.ca_file.as_deref())?.lines_of(id)
    }

    fn sources(&self) -> Result<Vec<Source>, Vec<String>> {
        let files = self.files.as_slice();
        let stdin = [PathBuf::from("-")];
        let files = match &self.elasticsearch {
            None if files.is_empty() && io::stdin().is_terminal() => {
                return Err(vec![
                    "no log to read: name files, pipe one in, as in `kubectl logs … | story <id>`, or give --elasticsearch"
                        .to_owned(),
                ]);
            }
            None if files.is_empty() => &stdin,
            _ => files,
        };
        let mut problems = Vec::new();
        if files.iter().filter(|file| file.as_os_str() == "-").count() > 1 {
            problems.push("`-` is named twice: standard input can be read once".to_owned());
        }
        let mut sources = Vec::new();
        for file in files {
            match file.as_os_str() == "-" {
                true => sources.push(Source::once("standard input", io::stdin())),
                false => match Source::open(file) {
                    Ok(source) => sources.push(source),
                    Err(error) => problems.push(error.to_string()),
                },
            }
        }
        if problems.is_empty() {
            Ok(sources)
        } else {
            Err(problems)
        }
    }
}

fn login(env: impl Fn(&str) -> Option<String>) -> Login {
    let said = |name: &str| env(name).filter(|value| !value.is_empty());
    match (
        said("ELASTICSEARCH_API_KEY"),
        said("ELASTICSEARCH_USERNAME"),
    ) {
        (Some(key), _) => Login::ApiKey(key),
        (None, Some(user)) => Login::Password {
            user,
            password: said("ELASTICSEARCH_PASSWORD").unwrap_or_default(),
        },
        (None, None) => Login::Nobody,
    }
}
