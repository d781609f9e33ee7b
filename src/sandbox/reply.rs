//! Replies, and the error shapes of the services (contract, section 1.2).
//!
//! A provider refuses with a [`Refusal`]; only here does it become bytes of the shape its service uses.

use std::time::Duration;

use serde_json::{Value, json};

use super::clock::Now;

/// What goes back, before the server adds request ids and the date.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<Value>,
    pub(crate) delivery: Delivery,
}

/// Whether a reply arrives; only fault scripts make it otherwise than whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    Whole,
    /// The body breaks off.
    Half,
    /// The connection closes without a byte.
    Never,
    /// Nothing comes, and the connection stays open.
    Hang,
    /// The body comes in small pieces over this time of the wall.
    Slow(Duration),
    /// The body is longer by so many bytes.
    Padded(u64),
}

impl Reply {
    pub(crate) fn json(status: u16, body: Value) -> Self {
        Self { status, headers: Vec::new(), body: Some(body), delivery: Delivery::Whole }
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: None, delivery: Delivery::Whole }
    }

    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Adds the waiting time twice: exact in milliseconds, and in whole seconds rounded up, at least one: Microsoft's clients
    /// take 0 for no word at all, and then wait for half a minute.
    #[must_use]
    pub(crate) fn with_retry_after(self, now: &Now, seconds: f64) -> Self {
        let wait = now.real_wait_ms(seconds);
        self.with("retry-after-ms", wait.to_string())
            .with("Retry-After", wait.div_ceil(1000).max(1).to_string())
    }
}

/// Which service speaks, and so how its errors look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// `{"error":{"code","message"}}`: the front door and most providers.
    Arm,
    /// Flat with a string code: Microsoft.Devices hubs.
    Hub,
    /// Flat with an integer code: Microsoft.Devices provisioning services.
    ProvisioningService,
    /// `{"errorCode","trackingId","message","info","timestampUtc"}`: the provisioning service itself.
    DataPlane,
    /// `{"Message","ExceptionMessage"}`, the code in a header: the hub itself.
    HubData,
    /// `{"error":{"code","message","innerError"}}`: Microsoft Graph.
    Graph,
    /// `{"error","error_description","error_codes"}`: the sign-in host.
    SignIn,
}

/// Why a request is refused. Messages name the field and the reason, and never a secret.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) shape: Shape,
    /// For the integer shapes: digits.
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) target: Option<String>,
    pub(crate) retry_seconds: Option<f64>,
    /// Base64 of the claims that a token has to bring, for the challenge of a 401.
    pub(crate) claims: Option<String>,
}

impl Refusal {
    fn new(status: u16, shape: Shape, code: &str, message: String) -> Self {
        Self {
            status,
            shape,
            code: code.to_owned(),
            message,
            target: None,
            retry_seconds: None,
            claims: None,
        }
    }

    pub(crate) fn arm(status: u16, code: &str, message: String) -> Self {
        Self::new(status, Shape::Arm, code, message)
    }

    pub(crate) fn hub(status: u16, code: &str, message: String) -> Self {
        Self::new(status, Shape::Hub, code, message)
    }

    pub(crate) fn provisioning(status: u16, code: u32, message: String) -> Self {
        Self::new(status, Shape::ProvisioningService, &code.to_string(), message)
    }

    pub(crate) fn data_plane(status: u16, code: u32, message: String) -> Self {
        Self::new(status, Shape::DataPlane, &code.to_string(), message)
    }

    pub(crate) fn hub_data(status: u16, code: &str, message: String) -> Self {
        Self::new(status, Shape::HubData, code, message)
    }

    pub(crate) fn graph(status: u16, code: &str, message: String) -> Self {
        Self::new(status, Shape::Graph, code, message)
    }

    /// `code` is the number behind `AADSTS`, `error` the OAuth error.
    pub(crate) fn sign_in(status: u16, error: &str, code: u32, message: &str) -> Self {
        let mut refusal =
            Self::new(status, Shape::SignIn, &code.to_string(), format!("AADSTS{code}: {message}"));
        refusal.target = Some(error.to_owned());
        refusal
    }

    #[must_use]
    pub(crate) fn at(mut self, target: impl Into<String>) -> Self {
        self.target = Some(target.into());
        self
    }

    pub(crate) fn into_reply(self, now: &Now, request_id: &str) -> Reply {
        let number: u32 = self.code.parse().unwrap_or(0);
        let body = match self.shape {
            Shape::Arm => match &self.target {
                Some(target) => {
                    json!({"error": {"code": self.code, "message": self.message, "target": target, "details": []}})
                }
                None => json!({"error": {"code": self.code, "message": self.message}}),
            },
            Shape::Hub => json!({
                "code": self.code, "httpStatusCode": status_name(self.status), "message": self.message, "details": null,
            }),
            Shape::ProvisioningService => json!({
                "code": number, "httpStatusCode": status_name(self.status), "message": self.message, "details": null,
            }),
            Shape::DataPlane => json!({
                "errorCode": number, "trackingId": request_id, "message": self.message, "info": {}, "timestampUtc": now.iso(),
            }),
            Shape::HubData => json!({
                "Message": format!("ErrorCode:{};{}", self.code, self.message),
                "ExceptionMessage": format!("Tracking ID:{request_id}-TimeStamp:{}", now.iso()),
            }),
            Shape::Graph => json!({"error": {"code": self.code, "message": self.message, "innerError": {
                "date": now.iso(), "request-id": request_id, "client-request-id": request_id,
            }}}),
            Shape::SignIn => json!({
                "error": self.target, "error_description": format!("{} Trace ID: {request_id} Timestamp: {}", self.message, now.iso()),
                "error_codes": [number], "timestamp": now.iso(), "trace_id": request_id, "correlation_id": request_id,
            }),
        };
        let mut reply = Reply::json(self.status, body);
        if matches!(self.shape, Shape::DataPlane) {
            reply = reply.with("x-ms-error-code", self.code);
        } else if matches!(self.shape, Shape::HubData) {
            reply = reply.with("iothub-errorcode", self.code);
        } else if matches!(self.shape, Shape::Arm) && self.status >= 400 {
            reply = reply.with("x-ms-failure-cause", "gateway");
        }
        if self.status == 401 && matches!(self.shape, Shape::Arm) {
            let challenge = "Bearer authorization_uri=\"https://login.microsoftonline.com/\", error=\"invalid_token\", error_description=\"The access token is missing, expired or not meant for this service\"";
            let challenge = match &self.claims {
                Some(claims) => format!(
                    "Bearer realm=\"\", authorization_uri=\"https://login.microsoftonline.com/common/oauth2/authorize\", error=\"insufficient_claims\", claims=\"{claims}\""
                ),
                None => challenge.to_owned(),
            };
            reply = reply.with("WWW-Authenticate", challenge);
        }
        match self.retry_seconds {
            Some(seconds) => reply.with_retry_after(now, seconds),
            None => reply,
        }
    }
}

/// The name of a status as the services write it into bodies.
pub(crate) fn status_name(status: u16) -> &'static str {
    match status {
        400 => "BadRequest",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "NotFound",
        405 => "MethodNotAllowed",
        408 => "RequestTimeout",
        409 => "Conflict",
        412 => "PreconditionFailed",
        415 => "UnsupportedMediaType",
        429 => "TooManyRequests",
        502 => "BadGateway",
        503 => "ServiceUnavailable",
        504 => "GatewayTimeout",
        _ => "InternalServerError",
    }
}
