//! What the form asks about certificates.

use crate::domain::{Certificates, Field, FieldKind, Fixed, NameKind};

/// Validity of leaf certificates when nothing is said (contract preview-2025, 3b).
const USUAL_LEAF_DAYS: u16 = 30;

const ENABLED: Field = Field {
    key: "certificates.enabled",
    label: "Certificates",
    choices: None,
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
};

const POLICY: Field = Field {
    key: "certificates.policy",
    label: "Policy",
    choices: None,
    hint: "what is issued; one per issuing authority",
    fixed: Some(Fixed { step: super::POLICY, why: "enrollments name it" }),
    kind: FieldKind::Name(NameKind::Policy),
    get: |answers| answers.policy.clone(),
    set: |answers, text| text.clone_into(&mut answers.policy),
};

const LEAF_DAYS: Field = Field {
    key: "certificates.leaf_days",
    label: "Leaf validity",
    choices: None,
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
};

const ROOT: Field = Field {
    key: "certificates.root_ca",
    label: "Root CA",
    choices: None,
    hint: "links-2026 only; every certificate leads back to it; Azure makes and keeps its key",
    fixed: Some(Fixed { step: super::ROOT_CA, why: "the issuing authority names it" }),
    kind: FieldKind::Name(NameKind::CertificateAuthority),
    get: |answers| answers.root_ca.clone(),
    set: |answers, text| text.clone_into(&mut answers.root_ca),
};

const ISSUING: Field = Field {
    key: "certificates.issuing_ca",
    label: "Issuing CA",
    choices: None,
    hint: "links-2026 only; it signs the certificates of devices",
    fixed: Some(Fixed { step: super::ISSUING_CA, why: "policy and enrollment name it" }),
    kind: FieldKind::Name(NameKind::CertificateAuthority),
    get: |answers| answers.issuing_ca.clone(),
    set: |answers, text| text.clone_into(&mut answers.issuing_ca),
};

/// What `preview-2025` asks.
pub static FIELDS: &[Field] = &[ENABLED, POLICY, LEAF_DAYS];

/// What `links-2026` asks.
pub static LINKS_2026: &[Field] = &[ENABLED, ROOT, ISSUING, POLICY, LEAF_DAYS];
