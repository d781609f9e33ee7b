//! Random keys at random sizes against a running sandbox: no panic, no stuck state, the terminal comes back.
//!
//! `HUBUP_MONKEY=10000` plays so many sequences; `HUBUP_MONKEY_SEED=n` begins with the n-th.

use super::pty::{CTRL_C, ENTER, ESC, Wizard};
use crate::seeded::{Chance, number};

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

#[test]
fn random_keys_at_random_sizes_are_survived() {
    let first = number("HUBUP_MONKEY_SEED").unwrap_or(0);
    let last = first + number("HUBUP_MONKEY").unwrap_or(USUAL);
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
            let mut chance = Chance(sequence);
            let (columns, rows) = chance.one_of(&SIZES);
            terminal.squeeze(columns, rows);
            for _ in 0..20 + chance.below(30) {
                // Esc goes back, and from the first page out: now and then.
                let key = if chance.below(20) == 0 {
                    ESC
                } else if chance.below(12) == 0 {
                    chance.one_of(&TEXTS)
                } else {
                    chance.one_of(&KEYS)
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
