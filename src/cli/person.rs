//! A person's part of a sign-in on the command line: told on standard error, and the browser opened where there is a screen.
//!
//! The wizard shows it on its own page and uses `open_browser` alone.

use super::print::trouble;
use crate::azure::{Prompt, Prompts};
use crate::domain::brief;

/// Prompts that are printed to standard error; standard output is for the plan or the records.
pub fn on_standard_error() -> Prompts {
    Prompts::to(|prompt| {
        let opened = match &prompt {
            Prompt::OpenBrowser { url } => open_browser(url),
            _ => false,
        };
        if let Some(text) = told(&prompt, opened) {
            trouble(&text);
        }
    })
}

/// Opens `url` in the person's browser; false where none could be started.
pub fn open_browser(url: &str) -> bool {
    open::that_detached(url).is_ok()
}

/// What is said of `prompt`, if anything.
pub(super) fn told(prompt: &Prompt, opened: bool) -> Option<String> {
    match prompt {
        Prompt::OpenBrowser { url } if opened => Some(format!(
            "Sign in in the browser that opens. If none does, open this address in one on this machine:\n{url}"
        )),
        Prompt::OpenBrowser { url } => {
            Some(format!("No browser could be opened. Open this address in one on this machine:\n{url}"))
        }
        Prompt::DeviceCode { user_code, url, expires_in } => Some(format!(
            "To sign in, open {url} in any browser and enter the code {user_code} within {}.",
            brief(expires_in.as_millis().try_into().unwrap_or(u64::MAX))
        )),
        Prompt::Done => Some("You are signed in.".to_owned()),
        // The command ends with the reason.
        Prompt::Failed(_) => None,
    }
}
