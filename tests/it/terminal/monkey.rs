//! Random keys at random sizes against a running sandbox: no panic, no stuck state, the terminal comes back.
//!
//! `HUBUP_MONKEY=10000` plays so many sequences; `HUBUP_MONKEY_SEED=n` begins with the n-th.

use super::pty::{CTRL_C, ENTER, ESC, Wizard};

/// Sequences that are played where nothing is said, and how many one program is put through.
const USUAL: u64 = 40;
const OF_ONE: u64 = 20;

const KEYS: [&str; 51] = [
    ENTER, "\t", "\x1b[Z", "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D", "\x1b[5~", "\x1b[6~", "\x1b[H", "\x1b[F",
    "\x7f", "\x07", "\x0c", "\x0f", "\x13", "\x14", "\x15", "s", "S", "A", "D", "F", "G", "N", "P", "R", "T",
    "W", "Y", "a", "c", "d", "e", "f", "g", "h", "i", "j", "k", "n", "o", "p", "r", "t", "u", "v", "w", "x",
    "y", "z",
];
const TEXTS: [&str; 6] = ["?", "/", "&", "*", "東京-é\u{301}", "\x1b[200~pasted 名前\x1b[201~"];
const SIZES: [(u16, u16); 8] = [(80, 24), (120, 36), (200, 50), (40, 10), (39, 9), (20, 5), (3, 2), (1, 1)];

/// The next number of a sequence that is the same each time.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

fn pick<T: Copy>(state: &mut u64, from: &[T]) -> T {
    let at = usize::try_from(next(state)).unwrap() % from.len();
    from[at]
}

#[expect(clippy::disallowed_methods, reason = "variables tell how much is played")]
fn said(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

#[test]
fn random_keys_at_random_sizes_are_survived() {
    let first = said("HUBUP_MONKEY_SEED").unwrap_or(0);
    let last = first + said("HUBUP_MONKEY").unwrap_or(USUAL);
    let mut sequence = first;
    while sequence < last {
        let worlds = ["default", "links-2026", "neighbours", "both-models"];
        let world = worlds[usize::try_from(sequence / OF_ONE).unwrap() % worlds.len()];
        let wizard = Wizard::new().with(&["--sandbox-world", world]);
        // Half of them begin on the stages, where most can happen.
        let at_stages = sequence % (2 * OF_ONE) >= OF_ONE;
        let mut terminal = if at_stages { wizard.open_at_stages() } else { wizard.open() };
        let mut played = 0;
        while sequence < last && played < OF_ONE {
            let mut state = sequence.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
            let (columns, rows) = pick(&mut state, &SIZES);
            terminal.squeeze(columns, rows);
            for _ in 0..20 + next(&mut state) % 30 {
                // Esc goes back, and from the first page out: now and then.
                let key = if next(&mut state).is_multiple_of(20) {
                    ESC
                } else if next(&mut state).is_multiple_of(12) {
                    pick(&mut state, &TEXTS)
                } else {
                    pick(&mut state, &KEYS)
                };
                terminal.try_press(key);
            }
            sequence += 1;
            played += 1;
            if !terminal.is_open() {
                // Some keys leave; that is no panic either.
                break;
            }
            // It still draws and names its keys, whatever stood there.
            terminal.resize(100, 30);
            terminal.wait_for_footer(&format!("sequence {sequence}"));
        }
        let left = terminal.leave_by(CTRL_C);
        assert!(!left.text.contains("panicked"), "sequence {sequence}, world {world}:\n{}", left.text);
        assert!(
            [0, 1, 2, 4, 5, 6].contains(&left.code),
            "sequence {sequence}, world {world}: {}\n{}",
            left.code,
            left.text
        );
    }
}
