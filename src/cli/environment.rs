//! The one place that reads the process's environment and folders; everything below gets values.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use etcetera::BaseStrategy as _;

use crate::azure;

/// What the process was started in.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts about the place")]
pub struct Surroundings {
    /// Where state lives when nothing else was said; `None` where the system has no home folder.
    pub state_folder: Option<PathBuf>,
    /// `NO_COLOR` is set and not empty.
    pub no_colour: bool,
    /// The terminal says that it has more than sixteen colours.
    pub true_colour: bool,
    /// A terminal takes what is printed and gives what is typed.
    pub interactive: bool,
    /// A terminal gives what is typed, wherever the output goes.
    pub typed: bool,
    /// The terminal can do no more than print lines, or does not say what it is.
    pub dumb: bool,
    /// Errors go to a terminal.
    pub colour_errors: bool,
    /// What the client looks at.
    pub azure: azure::Environment,
}

impl Surroundings {
    /// Reads them.
    pub fn read() -> Self {
        let no_colour = text("NO_COLOR").is_some();
        let base = etcetera::choose_base_strategy().ok();
        let state_folder = base.map(|base| base.state_dir().unwrap_or_else(|| base.data_dir()).join("hubup"));
        let typed = std::io::stdin().is_terminal();
        let interactive = typed && std::io::stdout().is_terminal();
        Self {
            state_folder,
            no_colour,
            true_colour: matches!(text("COLORTERM").as_deref(), Some("truecolor" | "24bit")),
            interactive,
            typed,
            // Windows has no such variable.
            dumb: cfg!(unix) && text("TERM").is_none_or(|name| name == "dumb"),
            colour_errors: std::io::stderr().is_terminal() && !no_colour,
            azure: azure::Environment {
                tenant_id: text("AZURE_TENANT_ID"),
                client_id: text("AZURE_CLIENT_ID"),
                client_secret: text("AZURE_CLIENT_SECRET").map(azure::Secret::from),
                client_certificate: text("AZURE_CLIENT_CERTIFICATE_PATH").map(PathBuf::from),
                federated_token_file: text("AZURE_FEDERATED_TOKEN_FILE").map(PathBuf::from),
                identity_endpoint: text("IDENTITY_ENDPOINT"),
                identity_header: text("IDENTITY_HEADER").map(azure::Secret::from),
                https_proxy: text("HTTPS_PROXY").or_else(|| text("https_proxy")).map(azure::Secret::from),
                no_proxy: text("NO_PROXY").or_else(|| text("no_proxy")),
                ssl_cert_file: text("SSL_CERT_FILE").map(PathBuf::from),
                path: None,
                display: display(),
            },
        }
    }
}

/// Whether there is a screen on which a browser can be opened. Over ssh, that of macOS and Windows is somebody else's.
fn display() -> bool {
    if cfg!(any(windows, target_os = "macos")) {
        return text("SSH_CONNECTION").is_none();
    }
    // In the Windows Subsystem for Linux the browser is that of Windows.
    ["DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"].iter().any(|name| text(name).is_some())
}

/// A variable that is set to something.
#[expect(clippy::disallowed_methods, reason = "the environment is read here and nowhere else")]
fn text(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
