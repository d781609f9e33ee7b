//! What could sign in here without a person, found out quickly: nothing is signed in, and no token is asked for.
//!
//! Called by the wizard's page of sign-in and by commands that name what exists.

use std::ffi::{OsStr, OsString};
use std::time::Duration;

use azure_core::http::{Method, Request, Url};
use azure_identity::Executor as _;
use serde_json::Value;

use crate::azure::az::AzRunner;
use crate::azure::options::{AzureOptions, Environment, SignInMethod};
use crate::azure::transport::Transport;
use crate::domain::clean;

/// The longest that any of them is waited for.
const PATIENCE: Duration = Duration::from_secs(2);
/// Answers at once on every virtual machine in Azure, also when it refuses; elsewhere nobody does.
const METADATA: &str = "http://169.254.169.254/metadata/identity/oauth2/token";

/// A way of signing in, and whether it can be used here.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Detected {
    pub method: SignInMethod,
    /// What is there: `az: signed in as ada@contoso.com`.
    pub what: String,
    pub usable: bool,
    /// Why it is not usable; for a usable one, what could not be found out.
    pub why_not: Option<String>,
}

impl Detected {
    fn usable(method: SignInMethod, what: impl Into<String>) -> Self {
        Self { method, what: what.into(), usable: true, why_not: None }
    }

    fn missing(method: SignInMethod, what: &str, why: impl Into<String>) -> Self {
        Self { method, what: what.to_owned(), usable: false, why_not: Some(why.into()) }
    }
}

/// Looks at everything at once and is done after two seconds: environment variables, az, azd, a managed identity, and last
/// what takes a person. In the order in which `auto` tries them.
pub async fn detect(options: &AzureOptions) -> Vec<Detected> {
    let environment = &options.environment;
    let (az, azd, machine) =
        tokio::join!(azure_cli(environment), developer_cli(environment), machine(options));
    let identity = app_service(environment).unwrap_or(machine);
    let browser = if environment.display {
        Detected::usable(SignInMethod::Browser, "browser: opens on this screen")
    } else {
        Detected::missing(
            SignInMethod::Browser,
            "browser",
            "there is no screen that a browser could open on; use the device code",
        )
    };
    vec![
        principal(environment, options.tenant.as_deref()),
        workload(environment, options.tenant.as_deref()),
        az,
        azd,
        identity,
        browser,
        Detected::usable(SignInMethod::DeviceCode, "device code: a code for a browser on any device"),
    ]
}

fn is_set(value: Option<&str>) -> bool {
    value.is_some_and(|value| !value.trim().is_empty())
}

fn principal(environment: &Environment, tenant: Option<&str>) -> Detected {
    let what = "environment: service principal";
    let missing = environment.lacks_principal(tenant);
    match environment.client_id.as_deref() {
        Some(client) if missing.is_empty() => {
            let secret = environment.client_secret.as_ref().is_some_and(|it| !it.secret().is_empty());
            let proof = if secret { "secret" } else { "certificate" };
            Detected::usable(
                SignInMethod::ServicePrincipal,
                format!("{what} {} by {proof}", clean(client, 60)),
            )
        }
        _ => Detected::missing(SignInMethod::ServicePrincipal, what, unset(&missing)),
    }
}

fn workload(environment: &Environment, tenant: Option<&str>) -> Detected {
    let what = "environment: workload identity";
    let missing = environment.lacks_workload(tenant);
    if !missing.is_empty() {
        return Detected::missing(SignInMethod::WorkloadIdentity, what, unset(&missing));
    }
    let client = environment.client_id.as_deref().unwrap_or_default();
    Detected::usable(SignInMethod::WorkloadIdentity, format!("{what} {}", clean(client, 60)))
}

/// `A, B and C not set`.
pub(crate) fn unset(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => format!("{one} not set"),
        [first @ .., last] => format!("{} and {last} not set", first.join(", ")),
    }
}

fn app_service(environment: &Environment) -> Option<Detected> {
    let there = is_set(environment.identity_endpoint.as_deref()) && environment.identity_header.is_some();
    there.then(|| Detected::usable(SignInMethod::ManagedIdentity, "managed identity: of this App Service"))
}

async fn machine(options: &AzureOptions) -> Detected {
    let (method, what) = (SignInMethod::ManagedIdentity, "managed identity");
    if !options.routes.is_empty() {
        return Detected::missing(method, what, "not looked for while `[network] routes` are set");
    }
    let asked = async {
        let transport = Transport::new(options).ok()?;
        let request = Request::new(Url::parse(METADATA).ok()?, Method::Get);
        transport.send_locally(&request).await.ok()
    };
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(Some(_)) => {
            let mut found = Detected::usable(method, "managed identity: of this virtual machine");
            found.why_not = Some("whether the machine has one shows when it is used".to_owned());
            found
        }
        _ => Detected::missing(method, what, "this is no machine in Azure: no metadata service answers"),
    }
}

/// What a command said, if it could be run and ended well in time.
enum Said {
    Text(String),
    Failed(String),
    Absent,
    Late,
}

async fn run(environment: &Environment, line: &str) -> Said {
    let runner = AzRunner { path: environment.path.clone() };
    // The CLIs are scripts on Windows, which only its shell runs.
    let (shell, flag) = if cfg!(windows) { ("cmd", "/C") } else { ("/bin/sh", "-c") };
    let args: [&OsStr; 2] = [OsStr::new(flag), OsStr::new(line)];
    let shell = OsString::from(shell);
    match tokio::time::timeout(PATIENCE, runner.run(&shell, &args)).await {
        Err(_) => Said::Late,
        Ok(Err(error)) => Said::Failed(error.to_string()),
        Ok(Ok(output)) if output.status.success() => {
            Said::Text(String::from_utf8_lossy(&output.stdout).into_owned())
        }
        // What shells say of a command that is not there.
        Ok(Ok(output)) if matches!(output.status.code(), Some(127 | 9009)) => Said::Absent,
        Ok(Ok(output)) => {
            let text = String::from_utf8_lossy(&output.stderr).into_owned();
            if cfg!(windows) && text.contains("is not recognized") {
                return Said::Absent;
            }
            let first = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
            Said::Failed(clean(crate::azure::redact::text(first).as_ref(), 200))
        }
    }
}

/// Absent, late or failed, in words.
fn without(method: SignInMethod, name: &str, login: &str, said: Said) -> Detected {
    match said {
        Said::Absent => Detected::missing(method, name, format!("`{name}` is not on PATH")),
        Said::Late => Detected {
            method,
            what: format!("{name}: installed"),
            usable: true,
            why_not: Some("it did not say within 2 s who is signed in".to_owned()),
        },
        Said::Failed(why) if why.is_empty() => {
            Detected::missing(method, name, format!("nobody is signed in; run `{login}`"))
        }
        Said::Failed(why) => Detected::missing(method, name, format!("{why}; run `{login}`")),
        Said::Text(_) => {
            Detected::missing(method, name, format!("its answer is not understood; run `{login}`"))
        }
    }
}

async fn azure_cli(environment: &Environment) -> Detected {
    let method = SignInMethod::AzureCli;
    let said = run(environment, "az account show -o json --only-show-errors").await;
    let Said::Text(text) = said else { return without(method, "az", "az login", said) };
    let Ok(account) = serde_json::from_str::<Value>(&text) else {
        return without(method, "az", "az login", Said::Text(text));
    };
    let value = |path: &str| account.pointer(path).and_then(Value::as_str).map(|text| clean(text, 80));
    let who = value("/user/name").unwrap_or_else(|| "somebody".to_owned());
    let place = value("/name").map(|name| format!(", subscription {name}")).unwrap_or_default();
    Detected::usable(method, format!("az: signed in as {who}{place}"))
}

async fn developer_cli(environment: &Environment) -> Detected {
    let method = SignInMethod::AzureDeveloperCli;
    let said = run(environment, "azd auth login --check-status --output json --no-prompt").await;
    let Said::Text(text) = said else { return without(method, "azd", "azd auth login", said) };
    let status = serde_json::from_str::<Value>(&text).ok();
    match status.as_ref().and_then(|status| status.get("status")?.as_str()) {
        Some("success" | "authenticated") => Detected::usable(method, "azd: signed in"),
        Some(_) => Detected::missing(method, "azd", "nobody is signed in; run `azd auth login`"),
        None => without(method, "azd", "azd auth login", Said::Text(text)),
    }
}
