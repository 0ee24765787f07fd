//! Mutations of a corpus: what was there, with parts changed, lost, doubled and mixed.

/// Tokens that parsers care for.
const TOKENS: [&str; 32] = [
    "{",
    "}",
    "[",
    "]",
    "\"",
    ":",
    ",",
    "null",
    "true",
    "-",
    "0",
    "1e999",
    "18446744073709551617",
    "\\u0000",
    "\\ud800",
    "\u{0}",
    "\r\n",
    "\n\n",
    "\n---\n",
    "$or",
    "exists",
    "anything-but",
    "numeric",
    "prefix",
    "wildcard",
    "*",
    "correlation_id",
    "traceparent",
    "Records",
    "Message",
    "body_b64",
    "\u{fffd}",
];

/// Draws mutations; one seed draws the same ones.
pub(crate) struct Mutator(u64);

impl Mutator {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// One of the corpus, mutated a few times.
    pub(crate) fn mutate(&mut self, corpus: &[Vec<u8>]) -> Vec<u8> {
        let mut data = corpus[self.below(corpus.len())].clone();
        for _ in 0..=self.below(6) {
            let (from, to) = self.range(data.len());
            match self.below(7) {
                0 => drop(data.drain(from..to)),
                1 => {
                    let part = data[from..to].to_vec();
                    let at = self.below(data.len() + 1);
                    data.splice(at..at, part);
                }
                2 => {
                    let token = TOKENS[self.below(TOKENS.len())].bytes();
                    data.splice(from..from, token);
                }
                3 => {
                    let token = TOKENS[self.below(TOKENS.len())].bytes();
                    data.splice(from..to, token);
                }
                4 => {
                    let other = &corpus[self.below(corpus.len())];
                    let (start, end) = self.range(other.len());
                    data.splice(from..to, other[start..end].iter().copied());
                }
                5 if !data.is_empty() => {
                    let at = self.below(data.len());
                    data[at] ^= 1 << self.below(8);
                }
                _ => data.insert(from, self.below(256) as u8),
            }
        }
        data.truncate(64 * 1024);
        data
    }

    /// A part of something so long; most are short.
    fn range(&mut self, length: usize) -> (usize, usize) {
        let from = self.below(length + 1);
        let longest = if self.below(4) == 0 { length } else { 8 };
        let to = (from + self.below(longest + 1)).min(length);
        (from, to)
    }

    /// SplitMix64.
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % bound.max(1) as u64) as usize
    }
}
