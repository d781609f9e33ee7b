//! What the mishaps share: an Azure that works, its client, and what every answer must be like.

use hubup::domain::RunEvent;
use hubup::sandbox::Sandbox;

use crate::binary::{Account, Ran, config, setup_file};
use crate::stand_in::Act;
use crate::support::Cloud;

pub const APPLY: [&str; 5] = ["apply", "--sandbox", "--yes", "--sandbox-speed", "0"];

pub const ARM: &str = "management.azure.com";

/// What a page, a code or a message holds that tries to take the terminal over.
pub const NASTY: &str = "\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m\u{202e}\u{8}\r";

/// A sandbox of this process in which nothing waits, and an account that is signed in to it.
pub struct Azures {
    pub sandbox: Sandbox,
    pub account: Account,
    _folder: tempfile::TempDir,
}

impl Azures {
    pub async fn open() -> Self {
        let Cloud { sandbox, folder, .. } = Cloud::open("").await;
        let account = Account::new().signed_in(&sandbox.sign_in());
        let azures = Self { sandbox, account, _folder: folder };
        azures.write(&azures.sandbox.routes());
        azures
    }

    pub fn write(&self, routes: &[(String, String)]) {
        self.account.write("hubup.toml", setup_file(routes, 1e6));
    }

    /// Leads every host to `base`, or only Resource Manager.
    pub fn lead(&self, base: &str, only: Option<&str>) {
        let routes = self.sandbox.routes().into_iter().map(|(host, own)| {
            let led = only.is_none_or(|only| host == only);
            (host, if led { base.to_owned() } else { own })
        });
        self.write(&routes.collect::<Vec<_>>());
    }

    /// Runs `apply --yes` beside the servers of this runtime.
    pub async fn apply(&self) -> Ran {
        let command = self.account.command(&["apply", "--yes"]);
        tokio::task::spawn_blocking(move || Ran::of(command)).await.unwrap()
    }

    /// After a mishap: every journal can be read, the last one was closed, and the same command ends well.
    pub async fn recovers(&self, name: &str) {
        let setup = config(&self.account.work().join("hubup.toml"));
        for journal in self.account.journals(&setup) {
            let last = journal.records.last().map(|record| &record.event);
            assert!(matches!(last, Some(RunEvent::RunFinished { .. })), "{name}: {last:?}");
        }
        self.write(&self.sandbox.routes());
        let ran = self.apply().await;
        assert_eq!(ran.code, Some(0), "{name}: {ran}");
    }
}

/// One mishap on the network.
pub struct Row {
    pub name: &'static str,
    pub act: Act,
    pub code: i32,
    pub tells: &'static [&'static str],
}

pub fn row(name: &'static str, act: Act, code: i32, tells: &'static [&'static str]) -> Row {
    Row { name, act, code, tells }
}

#[track_caller]
pub fn check(name: &str, ran: Ran, code: i32, tells: &[&str]) {
    assert_eq!(ran.code, Some(code), "{name}: {ran}");
    assert!(ran.err.len() < 20_000, "{name}: {} bytes are no message", ran.err.len());
    let long = ran.err.lines().chain(ran.out.lines()).find(|line| line.chars().count() > 2_500);
    assert!(long.is_none(), "{name}: a line without end");
    let told = ran.tells(tells);
    if code != 0 {
        let errors =
            told.err.lines().filter(|line| line.starts_with("error: ") || line.contains(": error: "));
        assert!(errors.count() > 0, "{name} says not what happened: {told}");
        // Of a journal, both stand in one sentence.
        let remedies = [
            "do:",
            "= help:",
            "or give another state folder",
            "check that the state folder",
            "use hubup",
            "move it out",
            "remove it here",
        ];
        let remedied = remedies.iter().any(|remedy| told.err.contains(remedy));
        assert!(remedied, "{name} says not what to do: {told}");
    }
    told.hides(&["SharedAccessKey=", "Bearer ey", "owned\u{7}", "\u{202e}"]);
}

pub fn page(title: &str) -> Vec<u8> {
    format!("<!DOCTYPE html><html><head><title>{title}</title></head><body>{NASTY}</body></html>")
        .into_bytes()
}

pub fn html(status: &str) -> Act {
    Act::answer(status, "Content-Type: text/html\r\n", &page("Sign in to Airport-WiFi"))
}

/// A refusal whose message is as long as `length`, full of bytes for terminals.
pub fn nasty_error(length: usize) -> Vec<u8> {
    let message = NASTY.repeat(length / NASTY.len());
    let code = format!("Bad{NASTY}Thing");
    serde_json::json!({ "error": { "code": code, "message": format!("no luck {message}") } })
        .to_string()
        .into()
}

pub fn chunked(status: &str, body: &[u8]) -> Act {
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n",
        body.len()
    );
    Act::say([head.as_bytes(), body, b"\r\n0\r\n\r\n"].concat())
}
