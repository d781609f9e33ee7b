//! The sign-in host: tokens for applications and for people, and checking them.
//!
//! Tokens look like JWTs and are signed with the world's own key, so only this world believes them. Lifetimes are real
//! time, since clients refresh by their own clock. Facts: contract section 1; what clients read of a token: `tid`, `oid`, `aud`, `exp`.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use uuid::Uuid;

use crate::sandbox::clock::Now;
use crate::sandbox::front_door::Caller;
use crate::sandbox::reply::{Refusal, Reply};
use crate::sandbox::request::{Request, pairs};
use crate::sandbox::schema::shorten;
use crate::sandbox::world::{World, text};

pub(crate) mod managed;
mod people;
mod proofs;

/// What a token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    Management,
    Graph,
    ProvisioningService,
}

impl Audience {
    fn resource(self) -> &'static str {
        match self {
            Self::Management => "https://management.azure.com",
            Self::Graph => "https://graph.microsoft.com",
            Self::ProvisioningService => "https://azure-devices-provisioning.net",
        }
    }

    /// The audience that a scope asks for; slashes at the end differ between clients.
    fn of_scope(scope: &str) -> Option<Self> {
        let resource = scope.strip_suffix("/.default")?.trim_end_matches('/');
        match resource {
            "https://management.azure.com" | "https://management.core.windows.net" => Some(Self::Management),
            "https://graph.microsoft.com" => Some(Self::Graph),
            "https://azure-devices-provisioning.net" => Some(Self::ProvisioningService),
            // A cloud that was registered under the address of this server has that as its resource manager, and a path of it as
            // its directory.
            other if !is_loopback(other) => None,
            other if other.ends_with("/graph") => Some(Self::Graph),
            _ => Some(Self::Management),
        }
    }
}

fn is_loopback(base: &str) -> bool {
    let host = base.strip_prefix("https://").or_else(|| base.strip_prefix("http://")).unwrap_or_default();
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    matches!(host, "localhost" | "127.0.0.1" | "[::1]")
}

/// Handles a request to `login.microsoftonline.com`.
pub(crate) fn handle(world: &mut World, request: &Request, now: &Now) -> Result<Reply, Refusal> {
    let segments = request.segments();
    let words: Vec<&str> = segments.iter().map(String::as_str).collect();
    match (request.method.as_str(), words.as_slice()) {
        ("GET", ["common", "discovery", "instance"]) => Ok(Reply::json(
            200,
            json!({
                "tenant_discovery_endpoint": format!("{}/{}/v2.0/.well-known/openid-configuration", request.link_base(), world.tenant()),
                "api-version": "1.1",
                "metadata": [{"preferred_network": "login.microsoftonline.com", "preferred_cache": "login.windows.net", "aliases": ["login.microsoftonline.com"]}],
            }),
        )),
        ("GET", [tenant, "v2.0", ".well-known", "openid-configuration"]) => {
            check_any_tenant(world, tenant)?;
            Ok(configuration(world, request, tenant))
        }
        ("POST", [tenant, "oauth2", "v2.0", "token"]) => token(world, &Form::of(request)?, tenant, now),
        ("POST", [tenant, "oauth2", "v2.0", "devicecode"]) => {
            check_any_tenant(world, tenant)?;
            people::device_code(world, &Form::of(request)?, now)
        }
        ("GET", [tenant, "oauth2", "v2.0", "authorize"]) => {
            check_any_tenant(world, tenant)?;
            people::authorize(world, request, now)
        }
        _ => Err(Refusal::sign_in(
            404,
            "invalid_request",
            90_043,
            "The endpoint is not one of this sign-in host.",
        )),
    }
}

/// The tenant as people may name it who know none.
fn check_any_tenant(world: &World, tenant: &str) -> Result<(), Refusal> {
    if ["organizations", "common"].contains(&tenant) { Ok(()) } else { check_tenant(world, tenant) }
}

fn check_tenant(world: &World, tenant: &str) -> Result<(), Refusal> {
    if tenant.eq_ignore_ascii_case(world.tenant()) {
        return Ok(());
    }
    let message =
        format!("Tenant '{}' not found. Check to make sure you have the correct tenant ID.", shorten(tenant));
    Err(Refusal::sign_in(400, "invalid_request", 90_002, &message))
}

fn configuration(world: &World, request: &Request, tenant: &str) -> Reply {
    let base = format!("{}/{tenant}", request.link_base());
    // Where no tenant is named, the issuer's is not known before somebody has signed in.
    let issuer = if check_tenant(world, tenant).is_ok() { world.tenant() } else { "{tenantid}" };
    Reply::json(
        200,
        json!({
            "token_endpoint": format!("{base}/oauth2/v2.0/token"),
            "authorization_endpoint": format!("{base}/oauth2/v2.0/authorize"),
            "device_authorization_endpoint": format!("{base}/oauth2/v2.0/devicecode"),
            "issuer": format!("https://login.microsoftonline.com/{issuer}/v2.0"),
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
            "response_types_supported": ["code"],
            "tenant_region_scope": "NA",
            "cloud_instance_name": "microsoftonline.com",
            "msgraph_host": "graph.microsoft.com",
        }),
    )
}

/// A form as it came.
#[derive(Clone)]
struct Form(Vec<(String, String)>);

impl Form {
    fn of(request: &Request) -> Result<Self, Refusal> {
        let kind = request.header("content-type").unwrap_or_default();
        if kind.to_ascii_lowercase().starts_with("application/x-www-form-urlencoded") {
            return Ok(Self(pairs(&String::from_utf8_lossy(&request.body))));
        }
        Err(Refusal::sign_in(400, "invalid_request", 900_144, "The request body must be form encoded."))
    }

    /// The value called `name`; empty when there is none.
    fn value(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    fn field(&self, name: &str) -> Result<&str, Refusal> {
        Some(self.value(name)).filter(|value| !value.is_empty()).ok_or_else(|| {
            let message = format!("The request body must contain the following parameter: '{name}'.");
            Refusal::sign_in(400, "invalid_request", 900_144, &message)
        })
    }

    /// This form with a value of its own for `name`.
    fn with(&self, name: &str, value: &str) -> Self {
        let mut pairs = vec![(name.to_owned(), value.to_owned())];
        pairs.extend(self.0.iter().cloned());
        Self(pairs)
    }
}

fn token(world: &mut World, form: &Form, tenant: &str, now: &Now) -> Result<Reply, Refusal> {
    let grant = form.field("grant_type")?;
    if grant != "client_credentials" {
        check_any_tenant(world, tenant)?;
    }
    match grant {
        "client_credentials" => {
            check_tenant(world, tenant)?;
            principal(world, form, now)
        }
        "authorization_code" => people::redeem_code(world, form, now),
        "refresh_token" => people::refresh(world, form, now),
        "urn:ietf:params:oauth:grant-type:device_code" => people::look_at_device(world, form, now),
        _ => {
            let message = "The app requested an unsupported grant type.";
            Err(Refusal::sign_in(400, "unsupported_grant_type", 70_003, message))
        }
    }
}

fn principal(world: &World, form: &Form, now: &Now) -> Result<Reply, Refusal> {
    let caller = &world.settings.caller;
    let client = form.field("client_id")?;
    if !client.eq_ignore_ascii_case(&caller.client_id) {
        let message = format!(
            "Application with identifier '{}' was not found in the directory '{}'.",
            shorten(client),
            world.settings.tenant.name
        );
        return Err(Refusal::sign_in(400, "unauthorized_client", 700_016, &message));
    }
    proofs::check(world, form, now)?;
    let who = json!({
        "appid": caller.client_id, "appidacr": "1", "idtyp": "app", "oid": caller.object_id, "sub": caller.object_id,
    });
    issue(world, form.field("scope")?, &who, form.value("claims"), now).map(|body| Reply::json(200, body))
}

/// The body of a grant: an access token for `scope` that tells `who` has it, with the authentication context that `asked`
/// (a claims parameter) wants.
fn issue(world: &World, scope: &str, who: &Value, asked: &str, now: &Now) -> Result<Value, Refusal> {
    let Some(audience) = Audience::of_scope(scope) else {
        let message = format!(
            "The resource principal named {} was not found in the tenant named {}.",
            shorten(scope),
            world.settings.tenant.name
        );
        return Err(Refusal::sign_in(400, "invalid_resource", 500_011, &message));
    };
    let life = i64::from(world.settings.tenant.token_seconds);
    let issued = now.real_ms.div_euclid(1000);
    let mut claims = json!({
        "aud": audience.resource(), "iss": format!("https://sts.windows.net/{}/", world.tenant()),
        "iat": issued, "nbf": issued, "exp": issued + life, "tid": world.tenant(), "uti": Uuid::new_v4().to_string(), "ver": "1.0",
    });
    if !asked.is_empty() {
        let asked: Value = serde_json::from_str(asked).map_err(|_| {
            Refusal::sign_in(400, "invalid_request", 50_177, "The claims parameter is malformed.")
        })?;
        if let Some(context) = text(&asked, &["access_token", "acrs", "value"]) {
            claims["acrs"] = json!([context]);
        }
    }
    if let (Some(into), Some(from)) = (claims.as_object_mut(), who.as_object()) {
        into.extend(from.clone());
    }
    Ok(
        json!({"token_type": "Bearer", "expires_in": life, "ext_expires_in": life, "access_token": sign(world, &claims)?}),
    )
}

fn sign(world: &World, claims: &Value) -> Result<String, Refusal> {
    let header = URL_SAFE_NO_PAD.encode(r#"{"typ":"JWT","alg":"HS256","kid":"sandbox"}"#);
    let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
    let mut mac = keyed(world)
        .ok_or_else(|| Refusal::sign_in(500, "server_error", 90_033, "The token key is damaged."))?;
    mac.update(signed.as_bytes());
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())))
}

fn keyed(world: &World) -> Option<Hmac<Sha256>> {
    Hmac::<Sha256>::new_from_slice(world.token_key.as_bytes()).ok()
}

/// The caller behind a bearer token of this world.
///
/// # Errors
/// 401 in the shape of the service asked: ARM, Graph or the provisioning service.
pub(crate) fn check_bearer(
    world: &World,
    request: &Request,
    now: &Now,
    audience: Audience,
) -> Result<Caller, Refusal> {
    let refuse = |code: &str, message: &str| match audience {
        Audience::Management => Refusal::arm(401, code, message.to_owned()),
        Audience::Graph => Refusal::graph(401, "InvalidAuthenticationToken", message.to_owned()),
        Audience::ProvisioningService => Refusal::data_plane(401, 401_002, message.to_owned()),
    };
    let Some(header) = request.header("authorization") else {
        return Err(refuse(
            "AuthenticationFailed",
            "Authentication failed. The 'Authorization' header is missing.",
        ));
    };
    let Some(token) = header
        .split_once(' ')
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
    else {
        return Err(refuse(
            "AuthenticationFailedInvalidHeader",
            "Authentication failed. The 'Authorization' header is no bearer token.",
        ));
    };
    let Some(claims) = verified(world, token) else {
        return Err(refuse(
            "InvalidAuthenticationToken",
            "The access token is invalid: it was not issued by this tenant.",
        ));
    };
    if claims.get("aud").and_then(Value::as_str) != Some(audience.resource()) {
        let message = format!(
            "The access token has been obtained for wrong audience or resource '{}'. It should exactly match with '{}'.",
            shorten(text(&claims, &["aud"]).unwrap_or_default()),
            audience.resource(),
        );
        return Err(refuse("InvalidAuthenticationTokenAudience", &message));
    }
    let expiry = claims.get("exp").and_then(Value::as_i64).unwrap_or(0);
    if expiry <= now.real_ms.div_euclid(1000) {
        let message = "The access token expiry UTC time is earlier than current UTC time.";
        return Err(refuse("ExpiredAuthenticationToken", message));
    }
    let context = &world.settings.sign_in.context;
    let brought =
        claims.get("acrs").and_then(Value::as_array).is_some_and(|it| it.iter().any(|it| it == context));
    if audience == Audience::Management && !context.is_empty() && !brought {
        let wanted = json!({"access_token": {"acrs": {"essential": true, "value": context}}}).to_string();
        let mut refusal = refuse(
            "InsufficientClaims",
            "The access token lacks a claim that a policy of this tenant asks for.",
        );
        refusal.claims = Some(STANDARD.encode(wanted));
        return Err(refusal);
    }
    let claim = |name: &str| text(&claims, &[name]).unwrap_or_default().to_owned();
    Ok(Caller { object_id: claim("oid"), app_id: claim("appid") })
}

/// Claims of a token whose signature is ours.
fn verified(world: &World, token: &str) -> Option<Value> {
    let (signed, signature) = token.rsplit_once('.')?;
    let mut mac = keyed(world)?;
    mac.update(signed.as_bytes());
    mac.verify_slice(&URL_SAFE_NO_PAD.decode(signature).ok()?).ok()?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(signed.split_once('.')?.1).ok()?).ok()
}
