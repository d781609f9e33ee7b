//! One port for three ways in: plain http, https, and a proxy that ends TLS for Azure's own host names.
//!
//! The first bytes of a connection tell which it is. The proxy leads nowhere but into the sandbox: what it is no server for, it
//! refuses, so that no client of a rehearsal reaches the real thing. Started by `server` where TLS is asked for.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::connection::{Line, next};
use super::tls::{self, Acceptor};

/// How long a connection may take until it is known what it wants. A client may open one ahead of its use.
const PATIENCE: Duration = Duration::from_mins(1);
/// Longest head of a CONNECT request.
const HEAD: usize = 8 * 1024;
/// First byte of a TLS handshake.
const HANDSHAKE: u8 = 0x16;
/// Sorted connections that wait for the server.
const WAITING: usize = 64;

/// What the front does beside plain http.
#[derive(Clone)]
pub(crate) struct Front {
    pub(crate) acceptor: Acceptor,
    pub(crate) proxy: bool,
}

/// Sorts connections until the token is cancelled. What comes out is ready for HTTP.
pub(crate) fn sort(
    listener: TcpListener,
    front: Front,
    stop: CancellationToken,
) -> mpsc::Receiver<(Line, SocketAddr)> {
    let (ready, lines) = mpsc::channel(WAITING);
    tokio::spawn(async move {
        loop {
            let (stream, address) = tokio::select! {
                () = stop.cancelled() => return,
                arrived = next(&listener) => arrived,
            };
            let (front, ready, stop) = (front.clone(), ready.clone(), stop.clone());
            tokio::spawn(async move {
                let sorted = tokio::select! {
                    () = stop.cancelled() => return,
                    sorted = tokio::time::timeout(PATIENCE, one(stream, &front)) => sorted,
                };
                if let Ok(Some(line)) = sorted {
                    _ = ready.send((line, address)).await;
                }
            });
        }
    });
    lines
}

/// One connection, made ready; `None` when it is over.
async fn one(mut stream: TcpStream, front: &Front) -> Option<Line> {
    if front.proxy && first(&stream).await? == b'C' {
        tunnel(&mut stream).await?;
    }
    if first(&stream).await? == HANDSHAKE {
        return Some(Line::sealed(front.acceptor.accept(stream).await.ok()?));
    }
    Some(Line::plain(stream))
}

/// The first byte, left where it is.
async fn first(stream: &TcpStream) -> Option<u8> {
    let mut byte = [0];
    match stream.peek(&mut byte).await {
        Ok(1) => Some(byte[0]),
        _ => None,
    }
}

/// Answers CONNECT; `None` when it was refused.
async fn tunnel(stream: &mut TcpStream) -> Option<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() >= HEAD {
            return refuse(stream, "400 Bad Request", "The head of the request is too long.").await;
        }
        // The client waits for the answer, so what follows the head is not here yet; a byte at a time keeps to that.
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8_lossy(&head);
    let mut words = head.lines().next().unwrap_or_default().split(' ');
    let (Some("CONNECT"), Some(target)) = (words.next(), words.next()) else {
        return refuse(
            stream,
            "400 Bad Request",
            "Of the methods that begin with C, this proxy knows CONNECT.",
        )
        .await;
    };
    let host = target.rsplit_once(':').map_or(target, |(host, _)| host);
    if !tls::answers_for(host) {
        let message = format!(
            "This sandbox is no server for the host '{}', and its proxy leads nowhere else.",
            super::schema::shorten(host)
        );
        return refuse(stream, "403 Forbidden", &message).await;
    }
    stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.ok()
}

async fn refuse(stream: &mut TcpStream, status: &str, message: &str) -> Option<()> {
    let text = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{message}",
        message.len()
    );
    _ = stream.write_all(text.as_bytes()).await;
    _ = stream.shutdown().await;
    // What is left unread would take the answer with it when the connection closes.
    let mut rest = [0; 1024];
    while stream.read(&mut rest).await.is_ok_and(|read| read > 0) {}
    None
}
