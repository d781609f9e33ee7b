//! Identifiers, each its own type so that none is taken for another.
//!
//! Steps and stages are named by strings, not enums: a new stage edits no list here.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The namespace of every version 5 UUID that hubup derives. It never changes: role assignments and role
/// definitions made by an older hubup are found again by it.
const HUBUP_NAMESPACE: Uuid = Uuid::from_u128(0x6f2b_7d1e_3c5a_4e0b_9a41_58d2_c7f6_01b3);

/// Derives the UUID that hubup gives to `text`, which is lower-cased first.
///
/// Deterministic names make role PUTs repeatable (contract preview-2025, 1c).
pub fn derived_uuid(text: &str) -> Uuid {
    Uuid::new_v5(&HUBUP_NAMESPACE, text.to_lowercase().as_bytes())
}

macro_rules! string_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Cow<'static, str>);

        impl $name {
            /// Names one that is known when the program is written.
            pub const fn new(id: &'static str) -> Self {
                Self(Cow::Borrowed(id))
            }

            /// The text of the id.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<String> for $name {
            fn from(id: String) -> Self {
                Self(Cow::Owned(id))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

string_id! {
    /// A step, such as `hub.create`.
    StepId
}
string_id! {
    /// A stage, such as `hub`.
    StageId
}

/// One HTTP exchange: sent as `x-ms-client-request-id`, the key of its journal lines, the end of its log line.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CallId(pub Uuid);

impl CallId {
    /// A new one, never given before.
    pub fn fresh() -> Self {
        Self(Uuid::new_v4())
    }

    /// The first eight characters, as log lines end with them.
    pub fn short(&self) -> String {
        let mut text = self.0.simple().to_string();
        text.truncate(8);
        text
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One execution of a setup; also the stem of its journal file, so it sorts by start time.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(pub String);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A setup: the same cloud, subscription and name give the same id on every machine (design, section 2).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SetupId(pub Uuid);

impl SetupId {
    /// Derives the id of the setup `name` in `subscription` of the cloud `cloud`.
    pub fn of(cloud: &str, subscription: &str, name: &str) -> Self {
        Self(derived_uuid(&format!("{cloud}|{subscription}|{name}")))
    }
}

impl fmt::Display for SetupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
