//! SHA-256 (FIPS 180-4), by which a FIFO queue knows the same body again.

/// The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
const ROUNDS: [u32; 64] = roots(3);
/// … and of the square roots of the first eight.
const START: [u32; 8] = roots(2);

/// SHA-256 of these bytes in lower-case hex.
pub(crate) fn of_bytes(bytes: &[u8]) -> String {
    let mut padded = bytes.to_vec();
    padded.push(0x80);
    padded.resize(padded.len().next_multiple_of(64), 0);
    if padded.len() - bytes.len() < 9 {
        padded.resize(padded.len() + 64, 0);
    }
    let end = padded.len() - 8;
    padded[end..].copy_from_slice(&(bytes.len() as u64 * 8).to_be_bytes());
    let state = padded.chunks_exact(64).fold(START, compress);
    state.iter().map(|word| format!("{word:08x}")).collect()
}

fn compress(state: [u32; 8], block: &[u8]) -> [u32; 8] {
    let mut words = [0_u32; 64];
    for (word, bytes) in words.iter_mut().zip(block.chunks_exact(4)) {
        *word = bytes
            .iter()
            .fold(0, |word, byte| word << 8 | u32::from(*byte));
    }
    for i in 16..64 {
        let (a, b) = (words[i - 15], words[i - 2]);
        let first = a.rotate_right(7) ^ a.rotate_right(18) ^ a >> 3;
        let second = b.rotate_right(17) ^ b.rotate_right(19) ^ b >> 10;
        words[i] = words[i - 16]
            .wrapping_add(first)
            .wrapping_add(words[i - 7])
            .wrapping_add(second);
    }
    let mut now = state;
    for (round, word) in ROUNDS.iter().zip(words) {
        let [a, b, c, d, e, f, g, h] = now;
        let sum = e.rotate_right(6) ^ e.rotate_right(11) ^ e.rotate_right(25);
        let added = h
            .wrapping_add(sum)
            .wrapping_add((e & f) ^ (!e & g))
            .wrapping_add(*round)
            .wrapping_add(word);
        let sum = a.rotate_right(2) ^ a.rotate_right(13) ^ a.rotate_right(22);
        let mixed = sum.wrapping_add((a & b) ^ (a & c) ^ (b & c));
        now = [
            added.wrapping_add(mixed),
            a,
            b,
            c,
            d.wrapping_add(added),
            e,
            f,
            g,
        ];
    }
    std::array::from_fn(|i| state[i].wrapping_add(now[i]))
}

/// For each of the first primes, the 32 bits behind the point of its root of this degree.
const fn roots<const N: usize>(degree: u32) -> [u32; N] {
    let mut found = [0; N];
    let (mut count, mut candidate) = (0, 2_u128);
    while count < N {
        let mut divisor = 2;
        while divisor * divisor <= candidate && !candidate.is_multiple_of(divisor) {
            divisor += 1;
        }
        if divisor * divisor > candidate {
            // The integer root of p · 2^(32 · degree), bit by bit: its low 32 bits are the fraction.
            let target = candidate << (32 * degree);
            let (mut root, mut bit) = (0_u128, 1_u128 << 40);
            while bit > 0 {
                let tried = root | bit;
                if tried.pow(degree) <= target {
                    root = tried;
                }
                bit >>= 1;
            }
            found[count] = (root & 0xffff_ffff) as u32;
            count += 1;
        }
        candidate += 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_constants_are_those_of_the_standard() {
        assert_eq!((START[0], START[7]), (0x6a09_e667, 0x5be0_cd19));
        assert_eq!((ROUNDS[0], ROUNDS[63]), (0x428a_2f98, 0xc671_78f2));
    }

    #[test]
    fn known_texts_have_their_known_digests() {
        for (text, digest) in [
            (
                "",
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            ),
            (
                "abc",
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            ),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
            ),
        ] {
            assert_eq!(of_bytes(text.as_bytes()), digest, "{text}");
        }
        let million = vec![b'a'; 1_000_000];
        assert_eq!(
            of_bytes(&million),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
        );
    }
}
