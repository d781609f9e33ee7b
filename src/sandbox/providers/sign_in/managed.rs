//! The identity endpoint that App Service gives its machines, on loopback: tokens of the caller without a sign-in.
//!
//! Facts: the `2019-08-01` protocol of managed identities in App Service, which Microsoft's clients speak when they find
//! IDENTITY_ENDPOINT and IDENTITY_HEADER. The header's value is the caller's secret, which guards nothing.

use serde_json::{Value, json};

use super::issue;
use crate::sandbox::clock::Now;
use crate::sandbox::reply::{Refusal, Reply};
use crate::sandbox::request::Request;
use crate::sandbox::schema::shorten;
use crate::sandbox::world::World;

const VERSION: &str = "2019-08-01";

/// Answers `GET /msi/token`.
pub(crate) fn token(world: &World, request: &Request, now: &Now) -> Result<Reply, Refusal> {
    let caller = &world.settings.caller;
    if request.method != "GET" {
        return Err(Refusal::sign_in(
            405,
            "invalid_request",
            900_561,
            "The endpoint only accepts GET requests.",
        ));
    }
    if request.header("x-identity-header") != Some(caller.client_secret.as_str()) {
        let message = "The header X-IDENTITY-HEADER is missing, or is not the one of IDENTITY_HEADER.";
        return Err(Refusal::sign_in(401, "unauthorized_client", 7_000_215, message));
    }
    let version = request.query_value("api-version").unwrap_or_default();
    if version != VERSION {
        let message = format!("The api-version '{}' is not '{VERSION}'.", shorten(&version));
        return Err(Refusal::sign_in(400, "invalid_request", 900_144, &message));
    }
    let named = request.query_value("client_id").filter(|id| !id.is_empty());
    if named.is_some_and(|id| !id.eq_ignore_ascii_case(&caller.client_id)) {
        return Err(Refusal::sign_in(
            400,
            "invalid_request",
            700_016,
            "No identity of this machine has that client id.",
        ));
    }
    let resource = request.query_value("resource").unwrap_or_default();
    let who = json!({
        "appid": caller.client_id, "appidacr": "2", "idtyp": "app", "oid": caller.object_id, "sub": caller.object_id,
        "xms_mirid": format!("/subscriptions/{}", world.settings.subscriptions.first().map_or("", |first| first.id.as_str())),
    });
    let scope = format!("{}/.default", resource.trim_end_matches('/'));
    let mut body = issue(world, &scope, &who, "", now)?;
    let life = body.get("expires_in").and_then(Value::as_i64).unwrap_or(0);
    body["expires_on"] = json!((now.real_ms.div_euclid(1000) + life).to_string());
    body["expires_in"] = json!(life.to_string());
    body["resource"] = json!(resource);
    body["client_id"] = json!(caller.client_id);
    Ok(Reply::json(200, body))
}
