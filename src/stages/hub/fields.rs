//! What the form asks about the hub.

use crate::domain::{Choices, Field, FieldKind, Fixed, NameKind};
use crate::stages::choices::of_type;

const NAME: Field = Field {
    key: "hub.name",
    label: "IoT hub",
    choices: Some(Choices::Listed {
        list: |answers| of_type(answers, "Microsoft.Devices/IotHubs"),
        value: "/name",
        hint: "/location",
    }),
    hint: "its host name is this name in the whole world",
    fixed: Some(Fixed { step: super::CREATE, why: "a hub keeps its name" }),
    kind: FieldKind::Name(NameKind::Hub),
    get: |answers| answers.hub.clone(),
    set: |answers, text| text.clone_into(&mut answers.hub),
};

const LOCATION: Field = Field {
    key: "hub_location",
    label: "Hub region",
    choices: Some(Choices::Regions),
    hint: "may be another than that of the rest in preview-2025 only",
    fixed: Some(Fixed { step: super::CREATE, why: "a hub stays in its region" }),
    kind: FieldKind::Name(NameKind::Location),
    get: |answers| answers.hub_location.clone(),
    set: |answers, text| text.clone_into(&mut answers.hub_location),
};

const CAPACITY: Field = Field {
    key: "hub.capacity",
    label: "Hub units",
    choices: None,
    hint: "how many units of its size the hub has",
    fixed: None,
    kind: FieldKind::Number(1, 200),
    get: |answers| answers.hub_capacity.to_string(),
    set: |answers, text| answers.hub_capacity = text.parse().unwrap_or(answers.hub_capacity),
};

/// What `preview-2025` asks.
pub static FIELDS: &[Field] = &[NAME, LOCATION, CAPACITY];

/// What `links-2026` asks: the hub lies where the namespace does.
pub static LINKS_2026: &[Field] = &[NAME, CAPACITY];
