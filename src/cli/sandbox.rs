//! `hubup sandbox`: the embedded Azure for other clients, and its end.

use super::args::{Global, SandboxCommand};
use super::environment::Surroundings;
use super::failure::Failure;
use super::print::out;
use super::signals::Signals;
use super::wire;
use crate::domain::Exit;
use crate::engine::Clock;
use crate::sandbox::{self, Extras, Sandbox, Tls};

/// Runs the command.
pub async fn run(
    global: &Global,
    surroundings: &Surroundings,
    command: &SandboxCommand,
) -> Result<Exit, Failure> {
    let root = wire::sandbox_root(global, surroundings)?;
    match command {
        SandboxCommand::Reset => {
            sandbox::reset(&wire::sandbox_folder(&root))
                .map_err(|error| wire::sandbox_failure(&root, &error))?;
            out("The sandbox is empty again.");
        }
        SandboxCommand::Serve { port, tls, proxy, record } => {
            let options = wire::sandbox_options(global, &root, *port)?;
            let tls = match (tls, proxy) {
                (_, true) => Tls::Proxy,
                (true, false) => Tls::On,
                (false, false) => Tls::Off,
            };
            let extras = Extras { tls, record: record.clone() };
            let mut signals =
                Signals::listen().map_err(|error| Failure::new(Exit::Failed, format!("error: {error}")))?;
            let sandbox = wire::open_scripted(global, &root, options, extras).await?;
            out(&how_to_reach(&sandbox));
            if sandbox.joined() {
                out("Another process serves this folder; it goes on without this one.");
                return Ok(Exit::Complete);
            }
            tokio::select! {
                _ = signals.next() => {}
                () = sandbox.closed() => {}
            }
            sandbox.shutdown().await;
        }
    }
    Ok(Exit::Complete)
}

/// What another client needs: addresses, and an identity of the sandbox's own, which guards nothing real.
fn how_to_reach(sandbox: &Sandbox) -> String {
    let sign_in = sandbox.sign_in();
    let mut lines = vec![
        format!("The sandbox listens on http://{}", sandbox.address()),
        String::new(),
        "For a setup file of hubup:".to_owned(),
        "[network.routes]".to_owned(),
    ];
    lines.extend(sandbox.routes().iter().map(|(host, base)| format!("\"{host}\" = \"{base}\"")));
    lines.extend([
        String::new(),
        "[engine]".to_owned(),
        format!("time_scale = {:?}", Clock::scaled(sandbox.speed()).scale()),
        String::new(),
        "To sign in there (these guard nothing real):".to_owned(),
        format!("export AZURE_TENANT_ID={}", sign_in.tenant),
        format!("export AZURE_CLIENT_ID={}", sign_in.client_id),
        format!("export AZURE_CLIENT_SECRET={}", sign_in.client_secret),
    ]);
    lines.extend([
        "# or, for clients that know managed identities:".to_owned(),
        format!("# export IDENTITY_ENDPOINT=http://{}/msi/token", sandbox.address()),
        format!("# export IDENTITY_HEADER={}", sign_in.client_secret),
    ]);
    lines.extend(
        sign_in
            .subscriptions
            .iter()
            .map(|subscription| format!("# subscription {} {}", subscription.id, subscription.name)),
    );
    if let Some(file) = sandbox.ca_file() {
        lines.extend([
            String::new(),
            format!("https://{} answers too. For clients that want TLS:", sandbox.address()),
            format!("export REQUESTS_CA_BUNDLE={}", file.display()),
            format!("export SSL_CERT_FILE={}", file.display()),
        ]);
    }
    if sandbox.tls() == Tls::Proxy {
        lines.extend([
            format!("export HTTPS_PROXY=http://{}", sandbox.address()),
            "export NO_PROXY=127.0.0.1,localhost".to_owned(),
        ]);
    }
    lines.join("\n")
}
