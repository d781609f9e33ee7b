//! What the form asks about enrollment.

use crate::domain::{Field, FieldKind, NameKind};

pub static FIELDS: &[Field] = &[Field {
    key: "enrollment.group",
    label: "Enrollment group",
    hint: "devices that hold a key derived from this group's key may register",
    kind: FieldKind::Name(NameKind::EnrollmentGroup),
    get: |answers| answers.enrollment_group.clone(),
    set: |answers, text| text.clone_into(&mut answers.enrollment_group),
}];
