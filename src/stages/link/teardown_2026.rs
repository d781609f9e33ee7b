//! The way back of the link: there is none of its own, since nothing unlinks but the deletion of what is linked (contract
//! links-2026, section 8).

use crate::domain::{Answers, Step};
use crate::stages::dialect::Profile;

pub fn steps(_: &Answers, _: &Profile) -> Vec<Step> {
    Vec::new()
}
