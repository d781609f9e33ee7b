//! What the form asks about the namespace.

use crate::domain::{Field, FieldKind, Fixed, NameKind};

pub static FIELDS: &[Field] = &[Field {
    key: "namespace.name",
    label: "Namespace",
    hint: "where devices, credentials and policies are registered",
    fixed: Some(Fixed { step: super::CREATE, why: "a hub stays linked to the namespace it was made with" }),
    kind: FieldKind::Name(NameKind::Namespace),
    get: |answers| answers.namespace.clone(),
    set: |answers, text| text.clone_into(&mut answers.namespace),
}];
