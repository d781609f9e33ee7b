//! Connections that can be cut: the server's listener, and the switch a reply can pull.
//!
//! Only fault scripts cut. What was written before stays written; from then on both sides see the connection close. Where
//! TLS or the proxy are asked for, `front` sorts connections first and hands over those that are ready.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use super::tls::Sealed;

/// Where connections of the server come from, on loopback.
pub(crate) enum Doorway {
    /// Each as it arrives.
    Open(TcpListener),
    /// Those that the front has sorted, and the address that they came to.
    Sorted(mpsc::Receiver<(Line, SocketAddr)>, SocketAddr),
}

/// Closes one connection without another byte.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scissors(Arc<AtomicBool>);

impl Scissors {
    pub(crate) fn cut(&self) {
        self.0.store(true, Ordering::Release);
    }

    fn is_cut(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// What a reply may need to know of its connection.
#[derive(Debug, Clone)]
pub(crate) struct Way {
    pub(crate) scissors: Scissors,
    /// Whether it is inside TLS.
    pub(crate) secure: bool,
}

enum Stream {
    Plain(TcpStream),
    Sealed(Box<Sealed>),
}

/// A connection and its switch.
pub(crate) struct Line {
    stream: Stream,
    scissors: Scissors,
}

impl Line {
    pub(crate) fn plain(stream: TcpStream) -> Self {
        Self { stream: Stream::Plain(stream), scissors: Scissors::default() }
    }

    pub(crate) fn sealed(stream: Sealed) -> Self {
        Self { stream: Stream::Sealed(Box::new(stream)), scissors: Scissors::default() }
    }
}

/// The next connection of a listener, whatever becomes of single ones.
pub(crate) async fn next(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        if let Ok((stream, address)) = listener.accept().await {
            // Replies are small and awaited; a delayed one would cost 40 ms each.
            _ = stream.set_nodelay(true);
            return (stream, address);
        }
        // Out of file handles, most likely: give others time to close theirs.
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

impl Listener for Doorway {
    type Io = Line;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Line, SocketAddr) {
        match self {
            Self::Open(listener) => {
                let (stream, address) = next(listener).await;
                (Line::plain(stream), address)
            }
            Self::Sorted(lines, _) => match lines.recv().await {
                Some(line) => line,
                // The front ends only with the server.
                None => std::future::pending().await,
            },
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Open(listener) => listener.local_addr(),
            Self::Sorted(_, address) => Ok(*address),
        }
    }
}

impl Connected<IncomingStream<'_, Doorway>> for Way {
    fn connect_info(stream: IncomingStream<'_, Doorway>) -> Self {
        let line = stream.io();
        Self { scissors: line.scissors.clone(), secure: matches!(line.stream, Stream::Sealed(_)) }
    }
}

fn gone() -> io::Error {
    io::Error::from(io::ErrorKind::ConnectionReset)
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Stream::Sealed(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.scissors.is_cut() {
            return Poll::Ready(Err(gone()));
        }
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Stream::Sealed(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(context),
            Stream::Sealed(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Stream::Sealed(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
