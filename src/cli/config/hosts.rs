//! Checks the hosts of a custom cloud and the routes to stand-ins.
//!
//! Rules of the routes are those of the transport (design, section 4): exact or `*.domain`, plain http to loopback
//! only.

use std::net::IpAddr;

use reqwest::Url;

use crate::domain::Finding;

const HOST: &str = "a host name such as `management.example.com`, with `:port` when it is not 443";
const PATTERN: &str = "a host name, or `*.` and a domain";
const TARGET: &str = "`http://127.0.0.1:` and a port, or `https://`, a host and a port";

/// A host as it is meant: lower case.
pub(super) fn host(typed: &str) -> Result<String, Finding> {
    let host = typed.trim().to_lowercase();
    if host == typed.to_lowercase() && is_host(&host) {
        return Ok(host);
    }
    // What people paste is an address.
    let bare = host.split_once("://").map_or(host.as_str(), |(_, rest)| rest);
    let bare = bare.split(['/', '?', '#']).next().unwrap_or_default();
    let bare = bare.trim_start_matches("*.").trim_matches('.');
    Err(Finding { rule: HOST.to_owned(), suggestion: is_host(bare).then(|| bare.to_owned()) })
}

fn is_host(text: &str) -> bool {
    let (name, port) = text.split_once(':').map_or((text, None), |(name, port)| (name, Some(port)));
    let digits = |port: &str| {
        port.chars().all(|c| c.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0)
    };
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= 253 && name.split('.').all(label) && port.is_none_or(digits)
}

/// The host pattern of a route as it is meant.
pub(super) fn pattern(typed: &str) -> Result<String, Finding> {
    let (star, rest) = typed.strip_prefix("*.").map_or(("", typed), |rest| ("*.", rest));
    match host(rest) {
        Ok(host) => Ok(format!("{star}{host}")),
        Err(finding) => Err(Finding {
            rule: PATTERN.to_owned(),
            suggestion: finding.suggestion.map(|host| format!("{star}{host}")),
        }),
    }
}

/// Where a route leads.
#[derive(Debug)]
pub(super) struct Target {
    /// Scheme, host and port, without a slash at the end.
    pub(super) url: String,
    /// True when it leads to this machine.
    pub(super) loopback: bool,
}

/// The target of a route as it is meant.
pub(super) fn target(typed: &str) -> Result<Target, Finding> {
    let refused = || {
        let guess = (!typed.contains("://")).then(|| format!("http://{typed}"));
        Finding { rule: TARGET.to_owned(), suggestion: guess.filter(|guess| target(guess).is_ok()) }
    };
    let url = Url::parse(typed).map_err(|_| refused())?;
    let Some(host) = url.host_str().filter(|_| matches!(url.scheme(), "http" | "https")) else {
        return Err(refused());
    };
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    let loopback = host == "localhost" || address.is_ok_and(|address| address.is_loopback());
    let authority = url.port().map_or(host.to_owned(), |port| format!("{host}:{port}"));
    let base = format!("{}://{authority}", url.scheme());
    let nothing_more = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    let anonymous = url.username().is_empty() && url.password().is_none();
    if !nothing_more || !anonymous {
        return Err(Finding {
            rule: "an address without path, query and user".to_owned(),
            suggestion: Some(base),
        });
    }
    if url.scheme() == "http" && !loopback {
        return Err(Finding {
            rule: "https, except to this machine: tokens must not cross a network in the clear".to_owned(),
            suggestion: Some(format!("https://{authority}")),
        });
    }
    Ok(Target { url: base, loopback })
}

/// Says whether a route for `pattern` also serves everything that `wanted` stands for.
pub(super) fn covers(pattern: &str, wanted: &str) -> bool {
    pattern == wanted
        || pattern
            .strip_prefix('*')
            .is_some_and(|domain| wanted.len() > domain.len() && wanted.ends_with(domain))
}
