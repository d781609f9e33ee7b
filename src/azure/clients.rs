//! The HTTP clients: one that goes out, through the proxy if there is one, and one that stays on this machine.
//!
//! Roots of trust: reqwest without a crypto feature verifies with the platform's store (on Linux the files that
//! `SSL_CERT_FILE` or the distribution name) and merges further certificates into it.

use std::fs;
use std::path::Path;

use azure_core::credentials::Secret;
use reqwest::{Certificate, ClientBuilder, NoProxy, Proxy, redirect};

use super::error;
use super::options::{AzureError, AzureOptions};
use super::routes::Routes;

/// What every request calls itself.
pub(super) const USER_AGENT: &str = concat!("hubup/", env!("CARGO_PKG_VERSION"));

/// Both clients, each with its own connections.
#[derive(Clone, Debug)]
pub(super) struct Clients {
    /// Through the proxy, if any; HTTP/2 where the server offers it and no route renames the host.
    pub out: reqwest::Client,
    /// Never through a proxy: loopback targets and the platform's own identity endpoints.
    pub local: reqwest::Client,
}

impl Clients {
    /// Builds them; opens no connection.
    pub fn new(options: &AzureOptions, routes: &Routes) -> Result<Self, AzureError> {
        install_provider();
        let local = builder(options).no_proxy().http1_only();
        // Reading the system's roots takes time, and fails where there are none: only who needs them does.
        let bare = |local: ClientBuilder| built(local.tls_certs_only([]));
        if !routes.need_encryption() {
            let local = bare(local)?;
            return Ok(Self { out: local.clone(), local });
        }
        let roots = roots(options)?;
        let local =
            if routes.need_local_encryption() { built(trusting(local, &roots)) } else { bare(local) }?;
        if routes.only_loopback() {
            return Ok(Self { out: local.clone(), local });
        }
        let mut out = trusting(builder(options), &roots);
        if let Some(proxy) = proxy(options)? {
            out = out.proxy(proxy);
        }
        if !routes.is_empty() {
            // HTTP/2 has no `Host` header beside its authority, so a renamed host needs HTTP/1.1.
            out = out.http1_only();
        }
        Ok(Self { out: built(out)?, local })
    }
}

fn builder(options: &AzureOptions) -> ClientBuilder {
    reqwest::Client::builder()
        .redirect(redirect::Policy::none())
        .connect_timeout(options.timeouts.connect)
        .read_timeout(options.timeouts.read)
        .user_agent(USER_AGENT)
}

fn built(builder: ClientBuilder) -> Result<reqwest::Client, AzureError> {
    builder.build().map_err(|error| {
        let mut reason = error::chain(&error);
        if reason.contains("No CA certificates") {
            reason.push_str("; install the system's CA certificates, or name a PEM file with SSL_CERT_FILE");
        }
        AzureError::Client { reason }
    })
}

fn trusting(builder: ClientBuilder, roots: &[Certificate]) -> ClientBuilder {
    if roots.is_empty() {
        builder
    } else if cfg!(target_vendor = "apple") && cfg!(feature = "tls-ring") {
        // The platform verifier cannot take further roots there: the file stands alone.
        builder.tls_certs_only(roots.iter().cloned())
    } else {
        builder.tls_certs_merge(roots.iter().cloned())
    }
}

fn roots(options: &AzureOptions) -> Result<Vec<Certificate>, AzureError> {
    let mut roots = Vec::new();
    let files = [options.ca_file.as_deref(), options.environment.ssl_cert_file.as_deref()];
    for path in files.into_iter().flatten().filter(|path| !path.as_os_str().is_empty()) {
        roots.extend(certificates(path)?);
    }
    Ok(roots)
}

fn certificates(path: &Path) -> Result<Vec<Certificate>, AzureError> {
    let refuse = |reason: String| AzureError::CaFile { path: path.to_owned(), reason };
    let pem = fs::read(path).map_err(|error| refuse(error.to_string()))?;
    let certificates = Certificate::from_pem_bundle(&pem).map_err(|error| refuse(error::chain(&error)))?;
    if certificates.is_empty() {
        return Err(refuse("holds no PEM certificate".to_owned()));
    }
    Ok(certificates)
}

/// The proxy of `HTTPS_PROXY`. Without it the client asks the system's settings.
fn proxy(options: &AzureOptions) -> Result<Option<Proxy>, AzureError> {
    let Some(url) =
        options.environment.https_proxy.as_ref().map(Secret::secret).filter(|url| !url.is_empty())
    else {
        return Ok(None);
    };
    // The value may hold a password, so the message does not repeat it.
    let proxy = Proxy::https(url).map_err(|_| AzureError::Variable {
        name: "HTTPS_PROXY",
        reason: "is not a proxy's URL, such as `http://proxy.example:8080`".to_owned(),
    })?;
    let except = options.environment.no_proxy.as_deref().and_then(NoProxy::from_string);
    Ok(Some(proxy.no_proxy(except)))
}

/// Building any reqwest client panics without a provider; a second install is refused and harmless.
fn install_provider() {
    #[cfg(feature = "tls-ring")]
    {
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
}
