//! Loopback servers that are not what they should be, and a proxy that sees every byte on its way to a sandbox.
//!
//! Bytes only: what is tested here must not go through the HTTP code of the program or of the sandbox.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// A request as its bytes say it.
#[derive(Clone, Debug)]
pub struct Seen {
    pub method: String,
    /// Path and query, byte for byte.
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Seen {
    /// The value of a header, by its lower-case name.
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    pub fn is_change(&self) -> bool {
        !matches!(self.method.as_str(), "GET" | "HEAD")
    }
}

/// What is done with a request.
#[derive(Clone, Debug)]
pub enum Act {
    /// It goes on to the sandbox, and the sandbox's answer comes back.
    Pass,
    /// These bytes are the answer; then the connection ends.
    Say(Arc<Vec<u8>>),
    /// The connection ends without an answer.
    Close,
    /// It goes on to the sandbox, and the connection ends without its answer.
    Swallow,
    /// Nothing ever comes.
    Silence,
}

impl Act {
    pub fn say(bytes: impl Into<Vec<u8>>) -> Self {
        Self::Say(Arc::new(bytes.into()))
    }

    /// A whole HTTP/1.1 answer.
    pub fn answer(status: &str, more_headers: &str, body: &[u8]) -> Self {
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n{more_headers}\r\n",
            body.len()
        );
        Self::say([head.as_bytes(), body].concat())
    }
}

type Judge = dyn Fn(&Seen) -> Act + Send + Sync;

/// A server on loopback; it ends with the runtime that it was started on.
pub struct StandIn {
    pub address: SocketAddr,
}

impl StandIn {
    /// Asks `judge` about each request; `onward` is where requests pass on to.
    pub async fn start(
        onward: Option<SocketAddr>,
        judge: impl Fn(&Seen) -> Act + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let judge: Arc<Judge> = Arc::new(judge);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let judge = judge.clone();
                tokio::spawn(async move { serve(stream, onward, &*judge).await });
            }
        });
        Self { address }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// A port on which nobody listens.
pub fn dead_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// One request a connection; `None` when the other side went away, which is its right.
async fn serve(mut stream: TcpStream, onward: Option<SocketAddr>, judge: &Judge) -> Option<()> {
    let (head, seen) = read(&mut stream).await?;
    match judge(&seen) {
        Act::Pass => {
            let answer = pass(&head, &seen.body, onward?).await?;
            stream.write_all(&answer).await.ok()?;
        }
        Act::Swallow => drop(pass(&head, &seen.body, onward?).await),
        Act::Say(bytes) => stream.write_all(&bytes).await.ok()?,
        Act::Close => {}
        Act::Silence => std::future::pending().await,
    }
    stream.shutdown().await.ok()?;
    // Whatever the client still sends is taken in, so that it reads our answer before it sees a reset.
    let mut rest = [0; 1024];
    while let Ok(1..) = stream.read(&mut rest).await {}
    Some(())
}

async fn read(stream: &mut TcpStream) -> Option<(String, Seen)> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut body = bytes[end + 4..].to_vec();
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let mut seen = Seen {
        method: first.next()?.to_owned(),
        target: first.next()?.to_owned(),
        headers,
        body: Vec::new(),
    };
    let length: usize = seen.header("content-length").parse().unwrap_or(0);
    while body.len() < length {
        if stream.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    seen.body = body;
    Some((head, seen))
}

async fn pass(head: &str, body: &[u8], onward: SocketAddr) -> Option<Vec<u8>> {
    let mut stream = TcpStream::connect(onward).await.ok()?;
    let request = [format!("{head}\r\nconnection: close\r\n\r\n").as_bytes(), body].concat();
    stream.write_all(&request).await.ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.ok()?;
    Some(answer)
}
