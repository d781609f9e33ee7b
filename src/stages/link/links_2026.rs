//! The stage of `links-2026` in which the namespace links hub and provisioning service (contract links-2026, 6.6 and 6.7).

use super::{connect, settle, teardown_2026};
use crate::domain::StageId;
use crate::stages::dialect::Stage;
use crate::stages::recall::Recall;

pub static STAGE: Stage = Stage {
    id: StageId::new("link"),
    heading: "Link and trust",
    fields: &[],
    steps: |answers, profile| vec![connect::connect(answers, profile), settle::settle(answers, profile)],
    recall: Recall::NOTHING,
    teardown: teardown_2026::steps,
    stays: &[],
};
