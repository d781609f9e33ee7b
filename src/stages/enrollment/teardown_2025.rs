//! The way back of stage 7 of `preview-2025`.

use super::service::service_keys;
use super::teardown::delete;
use crate::domain::{Answers, Step};
use crate::stages::dialect::Profile;
use crate::stages::dps;
use crate::stages::dps::id::dps_slot;

pub fn steps(answers: &Answers, profile: &Profile) -> Vec<Step> {
    let service = dps::teardown_2025::look(answers, profile);
    let keys = service_keys(answers, profile, dps_slot(answers));
    vec![delete(answers, profile, &service, &keys)]
}
