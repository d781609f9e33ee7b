//! The way back of the enrollment group of `links-2026`.

use super::service::service_keys;
use super::teardown::delete;
use crate::domain::{Answers, Step};
use crate::stages::dialect::Profile;
use crate::stages::dps;
use crate::stages::dps::id::dps_slot;

pub fn steps(answers: &Answers, profile: &Profile) -> Vec<Step> {
    let service = dps::teardown_2026::look(answers, profile);
    let mut keys = service_keys(answers, profile, dps_slot(answers));
    keys.host = service.host.clone();
    vec![delete(answers, profile, &service, &keys)]
}
