//! Signs a person in by a code that is entered on any device with a browser.
//!
//! Facts: RFC 8628 and the Microsoft identity platform's device authorization grant, which names two of the errors otherwise.

use std::time::Duration;

use tokio::time::Instant;

use super::entra::{Denied, Entra, Granted, Outcome};
use super::person::Invitation;
use super::prompt::Prompt;
use crate::domain::{ErrorKind, ServiceError, clean};

/// RFC 8628, 3.2: what holds when the server names no interval.
const USUAL_INTERVAL: u64 = 5;
/// RFC 8628, 3.5: what `slow_down` adds.
const SLOWER: Duration = Duration::from_secs(5);
/// RFC 8628 has no default; Entra says 900 s.
const USUAL_LIFE: u64 = 900;

/// Gets a code, shows it, and asks for the token as often as Entra allows until the person is done or the code is not good
/// any more.
pub(super) async fn sign_in(entra: &Entra, invitation: &Invitation<'_>) -> Result<Granted, ServiceError> {
    let scopes = invitation.scopes();
    let mut form = vec![("client_id", invitation.client()), ("scope", &scopes)];
    form.extend(invitation.claims.map(|claims| ("claims", claims)));
    let (status, body) = entra.post(invitation.at(), "devicecode", &form).await?;
    if status >= 400 {
        return Err(Denied::read(status, &body).told());
    }
    let text = |names: &[&str]| {
        names.iter().find_map(|name| body.get(name)?.as_str()).filter(|text| !text.is_empty())
    };
    let number = |name: &str, usual: u64| {
        let value = body.get(name);
        value.and_then(|value| value.as_u64().or_else(|| value.as_str()?.parse().ok())).unwrap_or(usual)
    };
    let (Some(code), Some(user_code), Some(url)) =
        (text(&["device_code"]), text(&["user_code"]), text(&["verification_uri", "verification_url"]))
    else {
        return Err(ServiceError::local(ErrorKind::NotAzure, "the sign-in gave no code to enter"));
    };
    let expires_in = Duration::from_secs(number("expires_in", USUAL_LIFE).min(24 * 3600));
    let ends = Instant::now() + expires_in;
    invitation.prompts.tell(Prompt::DeviceCode {
        user_code: clean(user_code, 50),
        url: clean(url, 200),
        expires_in,
    });
    let poll = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("client_id", invitation.client()),
        ("device_code", code),
    ];
    let mut interval = Duration::from_secs(number("interval", USUAL_INTERVAL).clamp(1, 60));
    loop {
        if Instant::now() + interval >= ends {
            tokio::time::sleep_until(ends).await;
            return Err(too_late());
        }
        tokio::time::sleep(interval).await;
        match entra.token(invitation.at(), &poll).await {
            Ok(Outcome::Granted(granted)) => return Ok(granted),
            Ok(Outcome::Denied(denied)) => match denied.error.as_str() {
                "authorization_pending" => {}
                "slow_down" => interval += SLOWER,
                "expired_token" | "code_expired" => return Err(too_late()),
                "authorization_declined" | "access_denied" => return Err(declined()),
                _ => return Err(denied.told()),
            },
            // The code is still good: a network that comes back finds the person's answer.
            Err(error) if matches!(error.kind, ErrorKind::NotSent | ErrorKind::Lost) => {}
            Err(error) if error.kind == ErrorKind::Throttled => {
                interval = interval.max(error.retry_after.unwrap_or(SLOWER)).min(Duration::from_mins(1));
            }
            Err(error) => return Err(error),
        }
    }
}

fn too_late() -> ServiceError {
    ServiceError::local(ErrorKind::Auth, "the code was not entered in time")
}

fn declined() -> ServiceError {
    ServiceError::local(ErrorKind::Auth, "the sign-in was declined in the browser")
}
