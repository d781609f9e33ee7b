//! Which base URL stands for which host: `[network] routes`.

use std::net::IpAddr;

use azure_core::http::Url;

use super::options::AzureError;

/// All routes. With none, every host is reached as it is named; with any, a host without one is not reached.
#[derive(Clone, Debug, Default)]
pub(super) struct Routes {
    exact: Vec<(String, Base)>,
    /// Domain after the `*`, with its dot; longest first.
    wildcard: Vec<(String, Base)>,
}

/// Where a route leads.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Base {
    /// `scheme://host[:port]`, no slash at its end.
    pub origin: String,
    /// True when it stays on this machine: no proxy is asked.
    pub loopback: bool,
    /// True for https.
    pub encrypted: bool,
}

impl Routes {
    /// Reads `(pattern, base URL)` pairs.
    pub fn new(routes: &[(String, String)]) -> Result<Self, AzureError> {
        let mut all = Self::default();
        for (pattern, base) in routes {
            let refuse =
                |reason: &str| AzureError::Route { pattern: pattern.clone(), reason: reason.to_owned() };
            let base = Base::new(base).map_err(|reason| refuse(&reason))?;
            let host = pattern.trim().to_ascii_lowercase();
            if let Some(domain) = host.strip_prefix('*') {
                if !domain.starts_with('.') || domain.len() < 2 || domain.contains('*') {
                    return Err(refuse("a wildcard is `*.` and a domain"));
                }
                all.wildcard.push((domain.to_owned(), base));
            } else if host.is_empty() || host.contains(['*', '/', ' ']) {
                return Err(refuse("a pattern is a host, `host:port`, or `*.` and a domain"));
            } else {
                all.exact.push((host, base));
            }
        }
        all.wildcard.sort_by_key(|(domain, _)| std::cmp::Reverse(domain.len()));
        Ok(all)
    }

    /// True when there is none.
    pub fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.wildcard.is_empty()
    }

    /// True when some connection may be encrypted, so that roots of trust are needed.
    pub fn need_encryption(&self) -> bool {
        self.is_empty() || self.all().any(|base| base.encrypted)
    }

    /// True when a connection within this machine may be encrypted.
    pub fn need_local_encryption(&self) -> bool {
        self.all().any(|base| base.encrypted && base.loopback)
    }

    /// True when all of them stay on this machine.
    pub fn only_loopback(&self) -> bool {
        !self.is_empty() && self.all().all(|base| base.loopback)
    }

    /// The base for `url`: its `host:port`, then its host, then the longest wildcard that holds it.
    pub fn find(&self, url: &Url) -> Option<&Base> {
        let host = url.host_str()?.to_ascii_lowercase();
        let with_port = format!("{host}:{}", url.port_or_known_default().unwrap_or_default());
        let exact = |wanted: &str| self.exact.iter().find(|(host, _)| host == wanted).map(|(_, base)| base);
        exact(&with_port).or_else(|| exact(&host)).or_else(|| {
            self.wildcard
                .iter()
                .find(|(domain, _)| host.len() > domain.len() && host.ends_with(domain))
                .map(|(_, base)| base)
        })
    }

    fn all(&self) -> impl Iterator<Item = &Base> {
        self.exact.iter().chain(&self.wildcard).map(|(_, base)| base)
    }
}

impl Base {
    fn new(text: &str) -> Result<Self, String> {
        let url = Url::parse(text.trim()).map_err(|error| format!("the base is not a URL: {error}"))?;
        let plain = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        if !plain || !url.username().is_empty() || url.password().is_some() {
            return Err("the base is a scheme, a host and a port, nothing more".to_owned());
        }
        let loopback = is_loopback(&url);
        let encrypted = match url.scheme() {
            "https" => true,
            "http" if loopback => false,
            "http" => return Err("plain http goes to a loopback address only".to_owned()),
            other => return Err(format!("the base is https, or http to a loopback address, not `{other}`")),
        };
        Ok(Self { origin: url.origin().ascii_serialization(), loopback, encrypted })
    }
}

/// Says whether `url` stays on this machine by its host alone.
pub(super) fn is_loopback(url: &Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    match host.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => host.eq_ignore_ascii_case("localhost"),
    }
}

/// `host`, with the port when it is not the scheme's own, as a `Host` header and `domain::Cloud` write it.
pub(super) fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default().to_ascii_lowercase();
    url.port().map_or_else(|| host.clone(), |port| format!("{host}:{port}"))
}
