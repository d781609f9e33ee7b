//! People at the sign-in host: the page of a browser, device codes, and the grants that follow from both.
//!
//! Codes and refresh tokens are claims signed with the world's key, so the world remembers only which were used. Facts: RFC 6749,
//! 7636 and 8628, and the Microsoft identity platform's names for their errors.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{Form, issue, sign, verified};
use crate::sandbox::clock::Now;
use crate::sandbox::reply::{Refusal, Reply};
use crate::sandbox::request::{Request, pairs};
use crate::sandbox::schema::shorten;
use crate::sandbox::sign_in_settings::{Device, Person};
use crate::sandbox::world::{World, text};

/// How long a code from the browser may wait to be redeemed.
const CODE_SECONDS: i64 = 600;
/// What a page's link says who signs in.
const CHOICE: &str = "sandbox_as";

fn refuse(error: &str, number: u32, message: &str) -> Refusal {
    Refusal::sign_in(400, error, number, message)
}

/// A public client: this world knows every application that looks like one.
fn check_client(client: &str) -> Result<(), Refusal> {
    if Uuid::try_parse(client).is_ok() {
        return Ok(());
    }
    let message =
        format!("Application with identifier '{}' was not found in the directory.", shorten(client));
    Err(refuse("unauthorized_client", 700_016, &message))
}

/// `GET authorize`: a page for a browser, a redirect at once for everybody else.
pub(super) fn authorize(world: &World, request: &Request, now: &Now) -> Result<Reply, Refusal> {
    let query = pairs(request.query.as_deref().unwrap_or_default());
    let value = |name: &str| {
        query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).unwrap_or_default()
    };
    check_client(value("client_id"))?;
    let redirect = value("redirect_uri");
    let loopback = ["http://localhost:", "http://127.0.0.1:"].iter().any(|start| redirect.starts_with(start));
    if !loopback {
        let message = format!(
            "The redirect URI '{}' specified in the request does not match the redirect URIs configured for the application.",
            shorten(redirect)
        );
        return Err(refuse("invalid_request", 50_011, &message));
    }
    if value("response_type") != "code"
        || value("code_challenge_method") != "S256"
        || value("code_challenge").len() != 43
    {
        let message =
            "Proof Key for Code Exchange is required for cross-origin authorization code redemption.";
        return Err(refuse("invalid_request", 9_002_325, message));
    }
    let chosen = value(CHOICE);
    let wants_page = request.header("accept").is_some_and(|accept| accept.contains("text/html"));
    if wants_page && chosen.is_empty() {
        return Ok(page(world, request));
    }
    let back = |parts: &[(&str, &str)]| {
        let parts: Vec<String> =
            parts.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        Reply::empty(302).with("Location", format!("{redirect}/?{}", parts.join("&")))
    };
    let people = &world.settings.sign_in.people;
    let person =
        if chosen.is_empty() { people.first() } else { people.iter().find(|it| it.object_id == chosen) };
    let Some(person) = person else {
        let description = "AADSTS65004: User declined to consent to access the app.";
        return Ok(back(&[
            ("error", "access_denied"),
            ("error_description", description),
            ("state", value("state")),
        ]));
    };
    let code = sign(
        world,
        &json!({
            "use": "code", "jti": Uuid::new_v4().to_string(), "person": person.object_id, "client": value("client_id"),
            "redirect": redirect, "challenge": value("code_challenge"), "claims": value("claims"),
            "until": now.real_ms.div_euclid(1000) + CODE_SECONDS,
        }),
    )?;
    Ok(back(&[("code", &code), ("state", value("state")), ("session_state", "sandbox")]))
}

fn page(world: &World, request: &Request) -> Reply {
    let escaped = |text: &str| {
        text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
    };
    let here = escaped(&request.path_and_query());
    let link = |who: &str, text: &str| {
        format!("<p><a href=\"{here}&amp;{CHOICE}={}\">{}</a></p>", escaped(who), escaped(text))
    };
    let people: String = world
        .settings
        .sign_in
        .people
        .iter()
        .map(|person| link(&person.object_id, &format!("Sign in as {}", person.name)))
        .collect();
    let page = format!(
        "<!doctype html><html lang=\"en\"><head><title>Sandbox sign-in</title></head><body><h1>Sandbox sign-in</h1><p>This is the rehearsal's own sign-in. No real account is asked for.</p>{people}{}</body></html>",
        link("nobody", "Decline")
    );
    Reply::json(200, json!(page)).with("content-type", "text/html; charset=utf-8")
}

fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// `POST devicecode`.
pub(super) fn device_code(world: &World, form: &Form, now: &Now) -> Result<Reply, Refusal> {
    check_client(form.field("client_id")?)?;
    let settings = &world.settings.sign_in;
    let scope = form.field("scope")?;
    let code = sign(
        world,
        &json!({
            "use": "device", "jti": Uuid::new_v4().to_string(), "client": form.field("client_id")?, "scope": scope,
            "claims": form.value("claims"), "until": now.real_ms.div_euclid(1000) + i64::from(settings.device_seconds),
        }),
    )?;
    let user_code: String = Uuid::new_v4().simple().to_string().to_uppercase().chars().take(9).collect();
    let url = "https://microsoft.com/devicelogin";
    Ok(Reply::json(
        200,
        json!({
            "user_code": user_code, "device_code": code, "verification_uri": url, "expires_in": settings.device_seconds,
            "interval": settings.device_interval,
            "message": format!("To sign in, use a web browser to open the page {url} and enter the code {user_code} to authenticate."),
        }),
    ))
}

/// Redeems a code from the browser.
pub(super) fn redeem_code(world: &mut World, form: &Form, now: &Now) -> Result<Reply, Refusal> {
    let claims = kept(world, form.field("code")?, "code").ok_or_else(|| {
        refuse("invalid_grant", 9_002_313, "Invalid request. Request is malformed or invalid.")
    })?;
    let id = shown(&claims);
    if world.sign_ins.contains_key(&id) {
        return Err(refuse(
            "invalid_grant",
            54_005,
            "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token.",
        ));
    }
    if is_over(&claims, now) {
        return Err(refuse(
            "invalid_grant",
            70_008,
            "The provided authorization code or refresh token has expired due to inactivity.",
        ));
    }
    let same = |name: &str, field: &str| Ok(text(&claims, &[name]) == Some(form.field(field)?));
    if !same("client", "client_id")? || !same("redirect", "redirect_uri")? {
        return Err(refuse(
            "invalid_grant",
            500_112,
            "The reply address does not match the reply address provided when requesting Authorization code.",
        ));
    }
    let proof = URL_SAFE_NO_PAD.encode(Sha256::digest(form.field("code_verifier")?));
    if text(&claims, &["challenge"]) != Some(&proof) {
        return Err(refuse(
            "invalid_grant",
            50_148,
            "The code_verifier does not match the code_challenge supplied in the authorization request for PKCE.",
        ));
    }
    forget_old(world, now);
    world.sign_ins.insert(id, 1);
    let person = person(world, text(&claims, &["person"]).unwrap_or_default())?;
    let asked = form.value("claims");
    let asked = if asked.is_empty() { text(&claims, &["claims"]).unwrap_or_default() } else { asked };
    granted(world, form, &person, asked, now)
}

/// What the world remembers a code by: when it is over, and which it is.
fn shown(code: &Value) -> String {
    let until = code.get("until").and_then(Value::as_i64).unwrap_or(i64::MAX);
    format!("{until}|{}", text(code, &["jti"]).unwrap_or_default())
}

/// A code that is over is refused as such, so nothing needs to be remembered of it.
fn forget_old(world: &mut World, now: &Now) {
    let seconds = now.real_ms.div_euclid(1000);
    world.sign_ins.retain(|shown, _| {
        shown
            .split_once('|')
            .and_then(|(until, _)| until.parse::<i64>().ok())
            .is_some_and(|until| until >= seconds)
    });
}

/// One look at a device code.
pub(super) fn look_at_device(world: &mut World, form: &Form, now: &Now) -> Result<Reply, Refusal> {
    let claims = kept(world, form.field("device_code")?, "device")
        .ok_or_else(|| refuse("bad_verification_code", 70_018, "The verification code is not valid."))?;
    if is_over(&claims, now) {
        return Err(refuse(
            "expired_token",
            70_020,
            "The provided value for the input parameter 'device_code' is not valid. This device code has expired.",
        ));
    }
    let settings = world.settings.sign_in.clone();
    forget_old(world, now);
    let looks = world.sign_ins.entry(shown(&claims)).or_insert(0);
    *looks = looks.saturating_add(1);
    if settings.device_slow_down && *looks == 1 {
        return Err(refuse("slow_down", 50_196, "The client asks too often."));
    }
    if *looks <= settings.device_polls || settings.device == Device::Ignore {
        return Err(refuse(
            "authorization_pending",
            70_016,
            "OAuth 2.0 device flow error. Authorization is pending. Continue polling.",
        ));
    }
    if settings.device == Device::Decline {
        return Err(refuse(
            "authorization_declined",
            70_000,
            "The end user denied the authorization request.",
        ));
    }
    let first = settings.people.first().map(|person| person.object_id.clone()).unwrap_or_default();
    let person = person(world, &first)?;
    // The scope was said with the code; this request need not repeat it.
    let form = form.with("scope", text(&claims, &["scope"]).unwrap_or_default());
    granted(world, &form, &person, text(&claims, &["claims"]).unwrap_or_default(), now)
}

/// A token for a refresh token, and a newer refresh token.
pub(super) fn refresh(world: &World, form: &Form, now: &Now) -> Result<Reply, Refusal> {
    let settings = &world.settings.sign_in;
    let claims = kept(world, form.field("refresh_token")?, "refresh").ok_or_else(|| {
        refuse("invalid_grant", 9_002_313, "Invalid request. Request is malformed or invalid.")
    })?;
    match settings.refresh_error {
        0 => {}
        number @ (50_074 | 50_076 | 50_078 | 50_079 | 50_158) => {
            let message = "Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access the resource.";
            return Err(refuse("interaction_required", number, message));
        }
        number => return Err(refuse("invalid_grant", number, "The refresh token is not accepted any more.")),
    }
    if is_over(&claims, now) {
        return Err(refuse("invalid_grant", 700_082, "The refresh token has expired due to inactivity."));
    }
    if text(&claims, &["client"]) != Some(form.field("client_id")?) {
        return Err(refuse("invalid_grant", 700_007, "The refresh token was issued to another application."));
    }
    let asked = form.value("claims");
    if !asked.is_empty() && !settings.context_by_refresh {
        let message = "Due to a configuration change made by your administrator, you must use multi-factor authentication to access the resource.";
        return Err(refuse("interaction_required", 50_076, message));
    }
    let person = person(world, text(&claims, &["person"]).unwrap_or_default())?;
    granted(world, form, &person, asked, now)
}

fn granted(world: &World, form: &Form, person: &Person, asked: &str, now: &Now) -> Result<Reply, Refusal> {
    let client = form.field("client_id")?;
    let scope = form.field("scope")?;
    let resource = scope.split(' ').find(|part| part.ends_with("/.default")).unwrap_or_default();
    let who = json!({
        "appid": client, "idtyp": "user", "oid": person.object_id, "sub": person.object_id, "upn": person.name,
        "unique_name": person.name, "name": person.name, "amr": ["pwd"],
    });
    let mut body = issue(world, resource, &who, asked, now)?;
    if scope.split(' ').any(|part| part == "offline_access") {
        let until = now.real_ms.div_euclid(1000) + i64::from(world.settings.sign_in.refresh_seconds);
        let refresh = sign(
            world,
            &json!({
                "use": "refresh", "jti": Uuid::new_v4().to_string(), "person": person.object_id, "client": client, "until": until,
            }),
        )?;
        body["refresh_token"] = json!(refresh);
    }
    if scope.split(' ').any(|part| part == "openid") {
        let issued = now.real_ms.div_euclid(1000);
        let claims = json!({
            "aud": client, "iss": format!("https://login.microsoftonline.com/{}/v2.0", world.tenant()), "iat": issued, "nbf": issued,
            "exp": issued + i64::from(world.settings.tenant.token_seconds), "oid": person.object_id, "sub": person.object_id,
            "tid": world.tenant(), "preferred_username": person.name, "name": person.name, "ver": "2.0",
        });
        body["id_token"] = json!(sign(world, &claims)?);
    }
    if form.value("client_info") == "1" {
        // What Microsoft's clients keep accounts by.
        let known = json!({"uid": person.object_id, "utid": world.tenant()});
        body["client_info"] = json!(URL_SAFE_NO_PAD.encode(known.to_string()));
    }
    body["scope"] = json!(scope);
    Ok(Reply::json(200, body))
}

/// The claims of a code or refresh token of this world.
fn kept(world: &World, token: &str, kind: &str) -> Option<Value> {
    verified(world, token).filter(|claims| text(claims, &["use"]) == Some(kind))
}

fn is_over(claims: &Value, now: &Now) -> bool {
    claims.get("until").and_then(Value::as_i64).unwrap_or(0) <= now.real_ms.div_euclid(1000)
}

fn person(world: &World, object_id: &str) -> Result<Person, Refusal> {
    let found = world.settings.sign_in.people.iter().find(|person| person.object_id == object_id);
    found
        .cloned()
        .ok_or_else(|| refuse("invalid_grant", 50_034, "The user account does not exist in the directory."))
}
