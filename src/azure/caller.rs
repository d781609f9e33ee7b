//! Who is signed in, as the token says.

use azure_core::credentials::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::domain::clean;

/// The signed-in caller. What the token does not say is `None`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Caller {
    /// How the token was had: `Azure CLI`, `service principal`, ...
    pub method: &'static str,
    /// Microsoft Entra tenant id.
    pub tenant: Option<String>,
    /// Object id in that tenant.
    pub object_id: Option<String>,
    /// A person's sign-in name, else the application's name or id.
    pub name: Option<String>,
}

impl Caller {
    /// Reads the claims of `token` without verifying it: Azure does that, here they are only shown and compared.
    pub(super) fn of(method: &'static str, token: &Secret) -> Self {
        let claims = claims(token).unwrap_or(Value::Null);
        let claim = |names: &[&str]| {
            names
                .iter()
                .find_map(|name| claims.get(*name).and_then(Value::as_str))
                .filter(|value| !value.is_empty())
                .map(|value| clean(value, 200))
        };
        Self {
            method,
            tenant: claim(&["tid"]),
            object_id: claim(&["oid"]),
            name: claim(&[
                "upn",
                "unique_name",
                "preferred_username",
                "email",
                "app_displayname",
                "name",
                "appid",
                "azp",
            ]),
        }
    }
}

fn claims(token: &Secret) -> Option<Value> {
    let payload = token.secret().split('.').nth(1)?;
    let bytes = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
    serde_json::from_slice(&bytes).ok()
}
