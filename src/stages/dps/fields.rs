//! What the form asks about the Device Provisioning Service.

use crate::domain::{Choices, Field, FieldKind, Fixed, NameKind};
use crate::stages::choices::of_type;

pub static FIELDS: &[Field] = &[Field {
    key: "dps.name",
    label: "DPS",
    choices: Some(Choices::Listed {
        list: |answers| of_type(answers, "Microsoft.Devices/provisioningServices"),
        value: "/name",
        hint: "/location",
    }),
    hint: "the Device Provisioning Service; its host name is this name in the whole world",
    fixed: Some(Fixed { step: super::CREATE, why: "a provisioning service keeps its name" }),
    kind: FieldKind::Name(NameKind::Dps),
    get: |answers| answers.dps.clone(),
    set: |answers, text| text.clone_into(&mut answers.dps),
}];
