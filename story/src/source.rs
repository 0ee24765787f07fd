//! Where log lines come from, readable more than once.
//!
//! A card's story needs two passes: one to learn its correlation ids, one to read their lines,
//! which may lie before the first line that names the card. A file is simply read again. What
//! can be read only once (standard input, a pipe, `<(kubectl logs …)`) is written to an unnamed
//! temporary file while it is read, so that memory stays flat whatever comes.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, Write};
use std::path::Path;

/// Something that holds log lines.
pub struct Source {
    name: String,
    body: Body,
}

enum Body {
    File(File),
    /// Not read yet.
    Once(Box<dyn Read>),
    /// Read, and kept here.
    Spooled(File),
}

/// Why a source cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The file cannot be opened.
    #[error("cannot open {name}: {source}")]
    Open {
        /// The file.
        name: String,
        /// What the system says.
        source: io::Error,
    },
    /// Not text.
    #[error("{name} is compressed: unpack it first, as in `zcat {name} | story <id>`")]
    Compressed {
        /// The file.
        name: String,
    },
    /// Reading stopped half way.
    #[error("cannot read {name}: {source}")]
    Read {
        /// The source.
        name: String,
        /// What the system says.
        source: io::Error,
    },
    /// No place for what can be read only once.
    #[error(
        "cannot keep {name} in a temporary file: {source}; set TMPDIR to a disk with room, or give files instead of a pipe"
    )]
    Spool {
        /// The source.
        name: String,
        /// What the system says.
        source: io::Error,
    },
}

impl Source {
    /// A file, or anything with a path that can be read.
    ///
    /// # Errors
    /// If it is not there, is a directory, or is compressed.
    pub fn open(path: &Path) -> Result<Self, SourceError> {
        let name = path.display().to_string();
        let opened = File::open(path).and_then(|file| file.metadata().map(|about| (file, about)));
        let (mut file, about) = opened.map_err(|source| SourceError::Open {
            name: name.clone(),
            source,
        })?;
        if about.is_dir() {
            return Err(SourceError::Open {
                name,
                source: io::ErrorKind::IsADirectory.into(),
            });
        }
        if !about.is_file() {
            return Ok(Self::once(name, file));
        }
        let mut magic = [0; 4];
        let read = file.read(&mut magic).map_err(|source| SourceError::Open {
            name: name.clone(),
            source,
        })?;
        if magic[..read].starts_with(&[0x1f, 0x8b]) || magic[..read] == [0x28, 0xb5, 0x2f, 0xfd] {
            return Err(SourceError::Compressed { name });
        }
        Ok(Self {
            name,
            body: Body::File(file),
        })
    }

    /// Something that can be read only once, such as standard input.
    pub fn once(name: impl Into<String>, reader: impl Read + 'static) -> Self {
        Self {
            name: name.into(),
            body: Body::Once(Box::new(reader)),
        }
    }

    /// Log lines that were written into a file which nobody else has.
    pub(crate) fn kept(name: String, file: File) -> Self {
        Self {
            name,
            body: Body::Spooled(file),
        }
    }

    /// Log lines that are in memory.
    pub fn text(name: impl Into<String>, text: impl Into<Vec<u8>>) -> Self {
        Self::once(name, io::Cursor::new(text.into()))
    }

    /// What it is called in messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Reads it from its begin to its end, giving each piece to `each`.
    pub(crate) fn read(&mut self, each: impl FnMut(Piece<'_>)) -> Result<(), SourceError> {
        let name = self.name.clone();
        let failed = |source| SourceError::Read {
            name: name.clone(),
            source,
        };
        match &mut self.body {
            Body::File(file) | Body::Spooled(file) => {
                file.rewind().map_err(failed)?;
                pieces(BufReader::with_capacity(CHUNK, file), each).map_err(failed)
            }
            Body::Once(reader) => {
                let no_room = |source| SourceError::Spool {
                    name: name.clone(),
                    source,
                };
                let mut kept = tempfile::tempfile().map_err(no_room)?;
                let mut full = None;
                let tee = Tee {
                    from: reader,
                    to: &mut kept,
                    full: &mut full,
                };
                let read = pieces(BufReader::with_capacity(CHUNK, tee), each);
                if let Some(source) = full {
                    return Err(no_room(source));
                }
                read.map_err(failed)?;
                self.body = Body::Spooled(kept);
                Ok(())
            }
        }
    }
}

const CHUNK: usize = 128 * 1024;

/// Lines longer than this are skipped: memory stays bounded, and no logger here writes such.
pub(crate) const LONGEST: usize = 1024 * 1024;

/// A part of a source.
pub(crate) enum Piece<'a> {
    /// A line without its end; not blank.
    Line(&'a [u8]),
    /// A line that was too long to be read.
    TooLong,
}

fn pieces(mut reader: impl io::BufRead, mut each: impl FnMut(Piece<'_>)) -> io::Result<()> {
    let mut line = Vec::new();
    let mut give = |line: &[u8], too_long: bool| match line
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(line)
        .trim_ascii()
    {
        _ if too_long => each(Piece::TooLong),
        b"" => {}
        line => each(Piece::Line(line)),
    };
    let mut too_long = false;
    loop {
        let chunk = match reader.fill_buf() {
            Ok(chunk) => chunk,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if chunk.is_empty() {
            give(&line, too_long);
            return Ok(());
        }
        let end = memchr::memchr(b'\n', chunk);
        let part = &chunk[..end.unwrap_or(chunk.len())];
        too_long = too_long || line.len() + part.len() > LONGEST;
        let used = part.len() + usize::from(end.is_some());
        if too_long {
            line.clear();
        } else if end.is_none() || !line.is_empty() {
            line.extend_from_slice(part);
        }
        if end.is_some() {
            give(if line.is_empty() { part } else { &line }, too_long);
            line.clear();
            too_long = false;
        }
        reader.consume(used);
    }
}

/// Writes what it reads to a second place.
struct Tee<'a, R> {
    from: R,
    to: &'a mut File,
    full: &'a mut Option<io::Error>,
}

impl<R: Read> Read for Tee<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(buffer)?;
        if let Err(error) = self.to.write_all(&buffer[..read]) {
            *self.full = Some(error);
            return Ok(0);
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(source: &mut Source) -> Vec<String> {
        let mut found = Vec::new();
        source
            .read(|piece| match piece {
                Piece::Line(line) => found.push(String::from_utf8_lossy(line).into_owned()),
                Piece::TooLong => found.push("too long".to_owned()),
            })
            .unwrap();
        found
    }

    #[test]
    fn what_can_be_read_once_is_read_again() {
        let mut source = Source::text("stdin", b"\xef\xbb\xbfa\r\n\n  \nb\xff\nc");
        let first = lines(&mut source);
        assert_eq!(first, ["a", "b\u{fffd}", "c"]);
        assert_eq!(lines(&mut source), first);
    }

    #[test]
    fn a_line_over_the_limit_is_skipped_and_the_next_is_read() {
        let mut text = vec![b'x'; LONGEST + 1];
        text.extend_from_slice(b"\nnext\n");
        text.extend(vec![b'y'; LONGEST]);
        let found = lines(&mut Source::text("t", text));
        assert_eq!(
            (
                found[0].as_str(),
                found[1].as_str(),
                found[2].len(),
                found.len()
            ),
            ("too long", "next", LONGEST, 3)
        );
    }

    #[test]
    fn a_compressed_file_and_a_directory_are_refused_with_the_reason() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.gz");
        std::fs::write(&path, [0x1f, 0x8b, 8, 0]).unwrap();
        assert!(
            Source::open(&path)
                .err()
                .unwrap()
                .to_string()
                .contains("zcat")
        );
        assert!(
            Source::open(folder.path())
                .err()
                .unwrap()
                .to_string()
                .contains("directory")
        );
    }
}
