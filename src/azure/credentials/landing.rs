//! Where a browser lands after the sign-in: a listener on loopback that waits for the one redirect it knows by its `state`.
//!
//! Whatever else comes is answered and forgotten. It speaks no more HTTP than a browser's redirect needs.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use azure_core::http::Url;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::entra::Denied;
use crate::domain::{ErrorKind, ServiceError};

/// A redirect's head is far below this.
const LARGEST_HEAD: usize = 32 * 1024;
/// How long one connection may take to say what it wants; browsers open some ahead of need.
const PATIENCE: Duration = Duration::from_secs(20);
/// Connections that are looked at at once.
const MOST: usize = 32;

/// A listener that waits for a redirect.
pub(crate) struct Landing {
    listeners: Vec<TcpListener>,
    port: u16,
}

impl Landing {
    /// Listens on a free port of loopback, in both forms of `localhost` where the machine has both.
    pub async fn open() -> Result<Self, ServiceError> {
        let failed = |error: std::io::Error| {
            let what =
                format!("no port of this machine can be listened on for the browser's answer: {error}");
            ServiceError::local(ErrorKind::Auth, what)
        };
        let first = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(failed)?;
        let port = first.local_addr().map_err(failed)?.port();
        let second = TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await.ok();
        Ok(Self { listeners: [Some(first), second].into_iter().flatten().collect(), port })
    }

    /// The redirect's address: Entra takes any port of `localhost` for a public client (RFC 8252, 7.3).
    pub fn address(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// Waits for the redirect with this `state`; the code that it brings, or why there is none.
    pub async fn code(self, state: &str) -> Result<String, ServiceError> {
        let (found, mut codes) = mpsc::channel(1);
        let mut tasks = JoinSet::new();
        for listener in self.listeners {
            let (found, state) = (found.clone(), state.to_owned());
            tasks.spawn(async move { accept(listener, &state, found).await });
        }
        // The tasks hold senders for as long as this waits, and end with it.
        codes.recv().await.unwrap_or_else(|| {
            Err(ServiceError::local(ErrorKind::Auth, "nothing listens for the browser's answer any more"))
        })
    }
}

type Found = Result<String, ServiceError>;

async fn accept(listener: TcpListener, state: &str, found: mpsc::Sender<Found>) {
    let mut visits = JoinSet::new();
    loop {
        while visits.len() >= MOST {
            visits.join_next().await;
        }
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let (state, found) = (state.to_owned(), found.clone());
        visits.spawn(async move {
            let visit = tokio::time::timeout(PATIENCE, visit(stream, &state));
            if let Ok(Some(answer)) = visit.await {
                // Only the first counts.
                let _ = found.try_send(answer);
            }
        });
    }
}

/// Answers one connection; gives what it brought if it is the redirect.
async fn visit(mut stream: TcpStream, state: &str) -> Option<Found> {
    let mut head = Vec::new();
    let mut piece = [0_u8; 4096];
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        let read = stream.read(&mut piece).await.ok()?;
        head.extend_from_slice(piece.get(..read)?);
        if read == 0 || head.len() > LARGEST_HEAD {
            return None;
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let (status, page, answer) = judge(head.lines().next().unwrap_or_default(), state);
    let reply = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nCache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nContent-Security-Policy: default-src 'none'\r\nConnection: close\r\n\r\n{page}",
        page.len()
    );
    // The code counts even where its page does not arrive.
    let _ = stream.write_all(reply.as_bytes()).await;
    let _ = stream.shutdown().await;
    answer
}

/// What a request line is answered with, and what it brings.
fn judge(line: &str, state: &str) -> (&'static str, String, Option<Found>) {
    let stray = || {
        ("404 Not Found", page("Nothing is here", "This address only waits for the end of a sign-in."), None)
    };
    let mut words = line.split(' ');
    let (Some("GET"), Some(target)) = (words.next(), words.next()) else { return stray() };
    let Ok(url) = Url::parse("http://localhost").and_then(|base| base.join(target)) else { return stray() };
    let value =
        |name: &str| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    let (code, error) = (value("code"), value("error"));
    if url.path() != "/" || code.is_none() && error.is_none() {
        return stray();
    }
    if value("state").as_deref() != Some(state) {
        let text = "This answer belongs to another sign-in, and hubup did not take it. Use the page that hubup opened last.";
        return ("400 Bad Request", page("Not this sign-in", text), None);
    }
    match (error, code) {
        (None, Some(code)) => {
            let text = "hubup goes on by itself. You may close this page.";
            ("200 OK", page("You are signed in", text), Some(Ok(code)))
        }
        (error, _) => {
            let error = error.unwrap_or_default();
            let denied = Denied::of(&error, &value("error_description").unwrap_or_default());
            let text = "The reason stands in the terminal. You may close this page.";
            ("200 OK", page("The sign-in was not completed", text), Some(Err(denied.told())))
        }
    }
}

/// A page of fixed words: nothing of the request is repeated in it.
fn page(title: &str, text: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><title>hubup</title></head><body><h1>{title}</h1><p>{text}</p></body></html>"
    )
}
