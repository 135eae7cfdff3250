//! Named random streams.
//!
//! With one generator for a whole program every draw depends on all draws before it: insert one
//! dropout layer and the whole run changes. Here each consumer derives a [`Key`] from the seed and
//! the consumer's name, and either seeds a generator with the key ([`Key::generator`]) or computes
//! the draws of a counter ([`Key::random_block`]). A key has no state that a draw could change.

use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;

use crate::with_best_simd;

/// The 64-bit key of one random stream, made from a seed and names.
///
/// [`derive`](Key::derive) hashes the key's eight little-endian bytes, the name's bytes and the
/// index's eight little-endian bytes with 64-bit FNV-1a (Fowler, Noll and Vo) and mixes the result
/// with the finaliser of SplitMix64 (Steele, Lea and Flood, 2014). The hash is part of the format:
/// the same seed and names give the same stream in every version.
///
/// ```
/// use backprop_tensor::Key;
///
/// let seed = Key::new(0);
/// assert_eq!(seed.derive("shuffle/epoch", 5), Key::new(0).derive("shuffle/epoch", 5));
/// assert_ne!(seed.derive("shuffle/epoch", 5), seed.derive("shuffle/epoch", 6));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key(u64);

impl Key {
    /// The key of a run's seed.
    pub fn new(seed: u64) -> Self {
        Key(seed)
    }

    /// The key of the stream with this name and index. Allocates nothing.
    #[must_use]
    pub fn derive(self, name: &str, index: u64) -> Self {
        let mut hash = 0xcbf2_9ce4_8422_2325;
        let bytes = self.0.to_le_bytes().into_iter();
        for byte in bytes.chain(name.bytes()).chain(index.to_le_bytes()) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        Key(mix(hash))
    }

    /// The 64 bits of the key.
    pub fn bits(self) -> u64 {
        self.0
    }

    /// A generator seeded with this key. The same key gives the same sequence on every platform.
    ///
    /// ```
    /// use backprop_tensor::{Key, rand::RngExt};
    ///
    /// let key = Key::new(7).derive("init/linear", 2);
    /// let (mut left, mut right) = (key.generator(), key.generator());
    /// assert_eq!(left.random::<u64>(), right.random::<u64>());
    /// ```
    pub fn generator(self) -> Xoshiro256PlusPlus {
        Xoshiro256PlusPlus::seed_from_u64(self.0)
    }

    /// Four independent, uniform 32-bit integers, a pure function of the key and `counter`:
    /// Philox4x32-10 (Salmon, Moraes, Dror and Shaw, 2011).
    ///
    /// ```
    /// use backprop_tensor::Key;
    ///
    /// let key = Key::new(1);
    /// assert_eq!(key.random_block(3), key.random_block(3));
    /// assert_ne!(key.random_block(3), key.random_block(4));
    /// ```
    #[inline]
    pub fn random_block(self, counter: u64) -> [u32; 4] {
        let counter = [[counter as u32], [(counter >> 32) as u32], [0], [0]];
        philox4x32_10(counter, [self.0 as u32, (self.0 >> 32) as u32]).map(|[draw]| draw)
    }

    /// Fills `blocks` with the [`random_block`](Self::random_block)s of consecutive counters from
    /// `first` on, many at a time.
    ///
    /// ```
    /// use backprop_tensor::Key;
    ///
    /// let mut many = [[0; 4]; 3];
    /// Key::new(1).random_blocks(5, &mut many);
    /// assert_eq!(many[2], Key::new(1).random_block(7));
    /// ```
    pub fn random_blocks(self, first: u64, blocks: &mut [[u32; 4]]) {
        with_best_simd(|| {
            for (chunk, blocks) in blocks.chunks_mut(LANES).enumerate() {
                let counters: [u64; LANES] =
                    std::array::from_fn(|lane| first + (chunk * LANES + lane) as u64);
                let (low, high) = (
                    counters.map(|x| x as u32),
                    counters.map(|x| (x >> 32) as u32),
                );
                let key = [self.0 as u32, (self.0 >> 32) as u32];
                let [a, b, c, d] = philox4x32_10([low, high, [0; LANES], [0; LANES]], key);
                for (lane, block) in blocks.iter_mut().enumerate() {
                    *block = [a[lane], b[lane], c[lane], d[lane]];
                }
            }
        });
    }
}

/// Counters that are computed in parallel, one in each lane of the registers.
const LANES: usize = 16;

/// The finaliser of SplitMix64: every input bit reaches every output bit.
fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// Ten rounds of Philox on N counters in parallel: array `w` holds word `w` of each counter.
#[inline(always)]
fn philox4x32_10<const N: usize>(
    [mut a, mut b, mut c, mut d]: [[u32; N]; 4],
    mut key: [u32; 2],
) -> [[u32; N]; 4] {
    for _ in 0..10 {
        for lane in 0..N {
            let product_a = u64::from(a[lane]) * 0xd251_1f53;
            let product_c = u64::from(c[lane]) * 0xcd9e_8d57;
            a[lane] = (product_c >> 32) as u32 ^ b[lane] ^ key[0];
            b[lane] = product_c as u32;
            c[lane] = (product_a >> 32) as u32 ^ d[lane] ^ key[1];
            d[lane] = product_a as u32;
        }
        key = [
            key[0].wrapping_add(0x9e37_79b9),
            key[1].wrapping_add(0xbb67_ae85),
        ];
    }
    [a, b, c, d]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The known answers published with the authors' Random123 library for philox4x32, 10 rounds.
    #[test]
    fn philox_gives_the_published_answers() {
        let one =
            |counter: [u32; 4], key| philox4x32_10(counter.map(|word| [word]), key).map(|[x]| x);
        assert_eq!(
            one([0; 4], [0; 2]),
            [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]
        );
        assert_eq!(
            one([u32::MAX; 4], [u32::MAX; 2]),
            [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
        );
        assert_eq!(
            one(
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
                [0xa409_3822, 0x299f_31d0]
            ),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
    }

    #[test]
    fn many_blocks_are_those_of_their_counters() {
        let key = Key::new(3);
        for (first, count) in [(0, 0), (7, 1), (u64::from(u32::MAX) - 20, 53)] {
            let mut many = vec![[0; 4]; count];
            key.random_blocks(first, &mut many);
            for (counter, block) in (first..).zip(many) {
                assert_eq!(block, key.random_block(counter));
            }
        }
    }

    /// Pins the stated hash: FNV-1a and the SplitMix64 finaliser, computed apart from this code.
    #[test]
    fn derived_keys_never_change() {
        assert_eq!(mix(0), 0);
        assert_eq!(
            Key::new(0).derive("init/linear", 2).bits(),
            0x6243_ead4_e90a_5c79
        );
    }

    #[test]
    fn names_and_indices_give_different_keys() {
        let seed = Key::new(0);
        let mut keys: Vec<u64> = (0..100)
            .flat_map(|i| ["init/linear", "shuffle/epoch", "dropout/linear"].map(|n| (n, i)))
            .map(|(name, index)| seed.derive(name, index).bits())
            .collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), 300);
    }
}
