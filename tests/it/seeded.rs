//! What the tests share that try many cases: numbers that follow from a seed, how many cases are asked for, and the panics of
//! tasks that nobody may be waiting for any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Numbers that follow from a seed alone (splitmix64).
pub struct Chance(pub u64);

impl Chance {
    /// From 0, less than `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    pub fn one_of<T: Copy>(&mut self, of: &[T]) -> T {
        of[usize::try_from(self.below(of.len() as u64)).unwrap()]
    }
}

/// The number that a variable holds; how whoever runs the tests says which cases.
#[expect(clippy::disallowed_methods, reason = "how whoever runs the tests says which cases")]
pub fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok().filter(|text| !text.is_empty())?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is no number: {text}")))
}

/// Counts the panics in threads called `thread` from now on.
pub fn panics_in(thread: &'static str) -> Arc<AtomicUsize> {
    let panics = Arc::new(AtomicUsize::new(0));
    let counted = panics.clone();
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if std::thread::current().name() == Some(thread) {
            counted.fetch_add(1, Ordering::Relaxed);
        }
        before(info);
    }));
    panics
}
