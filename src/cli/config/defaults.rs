//! What holds where a setup file says nothing: names made from the setup's own name, always valid.

use crate::domain::NameKind;

/// What the name of the custom role begins with; the group's name follows in parentheses, since role names must be
/// unique in a tenant (contract preview-2025, 2.1).
const ROLE_PREFIX: &str = "hubup ADR integration";

/// The names that follow from a setup's name and its group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Names {
    pub namespace: String,
    pub hub: String,
    pub dps: String,
    pub identity: String,
    pub role: String,
    pub policy: String,
    pub enrollment_group: String,
}

impl Names {
    /// Derives them. Each fits its rule when `setup` and `group` fit theirs.
    pub fn of(setup: &str, group: &str) -> Self {
        Self {
            namespace: named(setup, "ns", 64),
            hub: named(setup, "hub", 50),
            dps: named(setup, "dps", 64),
            identity: named(setup, "id", 120),
            role: format!("{ROLE_PREFIX} ({group})"),
            policy: "default".to_owned(),
            enrollment_group: named(setup, "group", 128),
        }
    }
}

/// The setup's name when none is given: the group's, or the nearest to it that fits.
pub(super) fn setup_name(group: &str) -> Option<String> {
    match NameKind::Setup.check(group) {
        None => Some(group.to_owned()),
        Some(finding) => finding.suggestion,
    }
}

/// `setup` in lower-case letters, digits and single hyphens, cut so that `longest` holds with the suffix.
fn named(setup: &str, suffix: &str, longest: usize) -> String {
    let mut name = String::new();
    for c in setup.chars().map(|c| c.to_ascii_lowercase()) {
        if name.len() + suffix.len() + 1 >= longest {
            break;
        }
        if c.is_ascii_lowercase() || c.is_ascii_digit() {
            name.push(c);
        } else if !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
    }
    let name = name.trim_end_matches('-');
    if name.is_empty() { format!("hubup-{suffix}") } else { format!("{name}-{suffix}") }
}
