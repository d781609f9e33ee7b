//! What the form asks about the namespace.

use crate::domain::{Choices, Field, FieldKind, Fixed, NameKind};
use crate::stages::choices::of_type;

const NAME: Field = Field {
    key: "namespace.name",
    label: "Namespace",
    choices: Some(Choices::Listed {
        list: |answers| of_type(answers, "Microsoft.DeviceRegistry/namespaces"),
        value: "/name",
        hint: "/location",
    }),
    hint: "where devices, credentials and policies are registered",
    fixed: Some(Fixed { step: super::CREATE, why: "a hub stays linked to the namespace it was made with" }),
    kind: FieldKind::Name(NameKind::Namespace),
    get: |answers| answers.namespace.clone(),
    set: |answers, text| text.clone_into(&mut answers.namespace),
};

const MI_SDK: Field = Field {
    key: "namespace.use_mi_sdk",
    label: "useMiSdk tag",
    choices: None,
    hint: "links-2026 only; auto: in canary regions only; two maintained scripts set it before they link",
    fixed: None,
    kind: FieldKind::Choice(&["auto", "on", "off"]),
    get: |answers| {
        match answers.use_mi_sdk {
            None => "auto",
            Some(true) => "on",
            Some(false) => "off",
        }
        .to_owned()
    },
    set: |answers, text| {
        answers.use_mi_sdk = match text {
            "on" => Some(true),
            "off" => Some(false),
            _ => None,
        };
    },
};

/// What `preview-2025` asks.
pub static FIELDS: &[Field] = &[NAME];

/// What `links-2026` asks.
pub static LINKS_2026: &[Field] = &[NAME, MI_SDK];
