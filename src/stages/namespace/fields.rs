//! What the form asks about the namespace.

use crate::domain::{Field, FieldKind, NameKind};

pub static FIELDS: &[Field] = &[Field {
    key: "namespace.name",
    label: "Namespace",
    hint: "where devices, credentials and policies are registered",
    kind: FieldKind::Name(NameKind::Namespace),
    get: |answers| answers.namespace.clone(),
    set: |answers, text| text.clone_into(&mut answers.namespace),
}];
