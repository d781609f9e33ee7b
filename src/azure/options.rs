//! What the client is built from. Everything comes in as a value: `cli` reads the setup file and the environment.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use azure_core::credentials::Secret;
use thiserror::Error;

use super::clock::Clock;
use super::credentials::Prompts;
use crate::domain::Cloud;

/// How the client reaches Azure and who it is there.
#[derive(Clone, Debug, Default)]
pub struct AzureOptions {
    pub cloud: Cloud,
    /// `(host pattern, base URL)`. A pattern is a host, a `host:port`, or `*.domain`; exact beats wildcard, the
    /// longest wildcard wins. A base is `https://host[:port]`, or `http://` to a loopback address. With any route
    /// given, a host without one is never called.
    pub routes: Vec<(String, String)>,
    /// Microsoft Entra tenant id; it goes before `AZURE_TENANT_ID`.
    pub tenant: Option<String>,
    pub sign_in: SignInMethod,
    /// `[auth] client_id`: the public client that people sign in to; `None` takes the Azure CLI's.
    pub client_id: Option<String>,
    /// Who shows a person their part of a sign-in. Without it nobody is asked, and ways that take a person fail.
    pub prompts: Option<Prompts>,
    pub environment: Environment,
    /// PEM file of certificate authorities to trust beside the system's.
    pub ca_file: Option<PathBuf>,
    pub timeouts: Timeouts,
    pub clock: Clock,
}

/// `[auth] method`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum SignInMethod {
    /// What needs no person, in this order: service principal (secret, else certificate) and workload identity when their
    /// variables are set, App Service identity when its variables are set, Azure CLI, Azure Developer CLI, and last a virtual
    /// machine's identity.
    #[default]
    Auto,
    AzureCli,
    AzureDeveloperCli,
    ManagedIdentity,
    ServicePrincipal,
    WorkloadIdentity,
    /// A person, in the browser of this machine; by device code where there is no screen.
    Browser,
    /// A person, in a browser on any device.
    DeviceCode,
}

/// The variables of the environment that matter here, as `cli` read them. Empty ones count as not set.
#[derive(Clone, Default)]
pub struct Environment {
    /// `AZURE_TENANT_ID`.
    pub tenant_id: Option<String>,
    /// `AZURE_CLIENT_ID`: of the service principal, or of a user-assigned identity.
    pub client_id: Option<String>,
    /// `AZURE_CLIENT_SECRET`.
    pub client_secret: Option<Secret>,
    /// `AZURE_CLIENT_CERTIFICATE_PATH`: PEM with the service principal's certificate and its RSA key.
    pub client_certificate: Option<PathBuf>,
    /// `AZURE_FEDERATED_TOKEN_FILE`: the platform's token of a workload identity.
    pub federated_token_file: Option<PathBuf>,
    /// `IDENTITY_ENDPOINT` of App Service. azure_identity reads the process's variable itself; this one says that
    /// it is set, and is the only address that such a sign-in may call.
    pub identity_endpoint: Option<String>,
    /// `IDENTITY_HEADER`.
    pub identity_header: Option<Secret>,
    /// `HTTPS_PROXY` or `https_proxy`; it may hold a password.
    pub https_proxy: Option<Secret>,
    /// `NO_PROXY` or `no_proxy`.
    pub no_proxy: Option<String>,
    /// `SSL_CERT_FILE`: PEM; trusted as the CA file is.
    pub ssl_cert_file: Option<PathBuf>,
    /// `PATH` for the Azure CLI; `None` leaves the process's own.
    pub path: Option<OsString>,
    /// Whether a browser can be opened on a screen of this machine.
    pub display: bool,
}

impl Environment {
    /// The variables that a service principal lacks; `tenant` is the setup file's.
    pub(super) fn lacks_principal(&self, tenant: Option<&str>) -> Vec<&'static str> {
        let proven = self.client_secret.as_ref().is_some_and(|secret| !secret.secret().is_empty())
            || self.client_certificate.as_ref().is_some_and(|path| !path.as_os_str().is_empty());
        let proof = (!proven).then_some("AZURE_CLIENT_SECRET (or AZURE_CLIENT_CERTIFICATE_PATH)");
        self.lacks_client(tenant).into_iter().chain(proof).collect()
    }

    /// The variables that a workload identity lacks; `tenant` is the setup file's.
    pub(super) fn lacks_workload(&self, tenant: Option<&str>) -> Vec<&'static str> {
        let there = self.federated_token_file.as_ref().is_some_and(|path| !path.as_os_str().is_empty());
        let file = (!there).then_some("AZURE_FEDERATED_TOKEN_FILE");
        self.lacks_client(tenant).into_iter().chain(file).collect()
    }

    fn lacks_client(&self, tenant: Option<&str>) -> Vec<&'static str> {
        let unset = |value: Option<&str>| value.is_none_or(|value| value.trim().is_empty());
        let no_tenant = unset(tenant) && unset(self.tenant_id.as_deref());
        let tenant = no_tenant.then_some("AZURE_TENANT_ID");
        tenant.into_iter().chain(unset(self.client_id.as_deref()).then_some("AZURE_CLIENT_ID")).collect()
    }
}

impl fmt::Debug for Environment {
    /// Tells which variables are set, never what to.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set = [
            ("AZURE_TENANT_ID", self.tenant_id.is_some()),
            ("AZURE_CLIENT_ID", self.client_id.is_some()),
            ("AZURE_CLIENT_SECRET", self.client_secret.is_some()),
            ("AZURE_CLIENT_CERTIFICATE_PATH", self.client_certificate.is_some()),
            ("AZURE_FEDERATED_TOKEN_FILE", self.federated_token_file.is_some()),
            ("IDENTITY_ENDPOINT", self.identity_endpoint.is_some()),
            ("IDENTITY_HEADER", self.identity_header.is_some()),
            ("HTTPS_PROXY", self.https_proxy.is_some()),
            ("NO_PROXY", self.no_proxy.is_some()),
            ("SSL_CERT_FILE", self.ssl_cert_file.is_some()),
            ("PATH", self.path.is_some()),
        ];
        f.debug_set().entries(set.iter().filter(|(_, set)| *set).map(|(name, _)| name)).finish()
    }
}

/// How long the client waits for the other side, in wall time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Timeouts {
    /// Name lookup, connection and TLS together.
    pub connect: Duration,
    /// Between two pieces of a reply, and before its first.
    pub read: Duration,
    /// One exchange from first to last, so that a reply that drips cannot hold a step for ever.
    pub whole: Duration,
    /// One way of signing in; the Azure CLI alone may take many seconds on a slow disk.
    pub sign_in: Duration,
    /// The metadata service of a virtual machine when nobody said that this is one.
    pub probe: Duration,
    /// A person in the browser, from its opening to its answer.
    pub person: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(20),
            read: Duration::from_mins(1),
            whole: Duration::from_mins(5),
            sign_in: Duration::from_mins(1),
            probe: Duration::from_secs(4),
            person: Duration::from_mins(5),
        }
    }
}

/// Why no client can be built; all of them are mistakes in settings.
#[derive(Debug, Error)]
pub enum AzureError {
    #[error("route of `{pattern}`: {reason}")]
    Route { pattern: String, reason: String },
    #[error("CA file `{}`: {reason}", path.display())]
    CaFile { path: PathBuf, reason: String },
    #[error("{name}: {reason}")]
    Variable { name: &'static str, reason: String },
    #[error("tenant `{tenant}`: {reason}")]
    Tenant { tenant: String, reason: String },
    #[error("the HTTPS client cannot be built: {reason}")]
    Client { reason: String },
}
