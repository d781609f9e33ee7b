//! What the form asks about certificates.

use crate::domain::{Certificates, Field, FieldKind, Fixed, NameKind};

/// Validity of leaf certificates when nothing is said (contract preview-2025, 3b).
const USUAL_LEAF_DAYS: u16 = 30;

pub static FIELDS: &[Field] = &[
    Field {
        key: "certificates.enabled",
        label: "Certificates",
        hint: "on: devices get issued certificates; off: the registry only",
        fixed: None,
        kind: FieldKind::Choice(&["on", "off"]),
        get: |answers| if answers.certificates == Certificates::Off { "off" } else { "on" }.to_owned(),
        set: |answers, text| {
            answers.certificates = match (text, answers.certificates) {
                ("off", _) => Certificates::Off,
                (_, Certificates::Off) => Certificates::On { leaf_days: USUAL_LEAF_DAYS },
                (_, on @ Certificates::On { .. }) => on,
            };
        },
    },
    Field {
        key: "certificates.policy",
        label: "Policy",
        hint: "the issuing CA; one per namespace",
        fixed: Some(Fixed { step: super::POLICY, why: "a namespace holds one policy" }),
        kind: FieldKind::Name(NameKind::Policy),
        get: |answers| answers.policy.clone(),
        set: |answers, text| text.clone_into(&mut answers.policy),
    },
    Field {
        key: "certificates.leaf_days",
        label: "Leaf validity",
        hint: "days that a device's certificate is valid, 7 to 90",
        fixed: None,
        kind: FieldKind::Number(7, 90),
        get: |answers| match answers.certificates {
            Certificates::On { leaf_days } => leaf_days.to_string(),
            Certificates::Off => USUAL_LEAF_DAYS.to_string(),
        },
        set: |answers, text| {
            if let (Certificates::On { leaf_days }, Ok(days)) = (&mut answers.certificates, text.parse()) {
                *leaf_days = days;
            }
        },
    },
];
