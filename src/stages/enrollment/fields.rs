//! What the form asks about enrollment.

use crate::domain::{Field, FieldKind, Fixed, NameKind};

pub static FIELDS: &[Field] = &[Field {
    key: "enrollment.group",
    label: "Enrollment group",
    choices: None,
    hint: "devices that hold a key derived from this group's key may register",
    fixed: Some(Fixed { step: super::GROUP, why: "devices hold keys that were derived from its key" }),
    kind: FieldKind::Name(NameKind::EnrollmentGroup),
    get: |answers| answers.enrollment_group.clone(),
    set: |answers, text| text.clone_into(&mut answers.enrollment_group),
}];
