//! Faults of the wire, against a loopback server that writes raw bytes.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::cloud::{arm, get, options};
use crate::azure::{Azure, AzureOptions, Secret, Timeouts, Vault};
use crate::domain::{CallId, Cloud, ErrorKind, Method, Outputs, Reply, Request, ServiceError};

/// What the server does with a call; sign-in it always answers.
#[derive(Clone)]
enum Act {
    Write(Vec<u8>),
    /// Closes with unread bytes, which resets the connection.
    Reset,
    /// Writes this and then nothing, holding the connection.
    Stall(Vec<u8>),
    /// Writes one byte each time the client may have lost patience.
    Drip,
}

struct Server {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start(act: Act) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen: Arc<Mutex<Vec<String>>> = Arc::default();
        let kept = seen.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, act.clone(), kept.clone()));
            }
        });
        Self { address, seen }
    }

    fn calls(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

async fn serve(mut stream: TcpStream, act: Act, seen: Arc<Mutex<Vec<String>>>) {
    let mut read = Vec::new();
    let mut one = [0];
    while !read.ends_with(b"\r\n\r\n") {
        match stream.read(&mut one).await {
            Ok(1) => read.push(one[0]),
            _ => return,
        }
    }
    let head = String::from_utf8(read).unwrap();
    let length = head
        .to_lowercase()
        .split("content-length: ")
        .nth(1)
        .and_then(|rest| rest.split("\r\n").next().unwrap().parse::<usize>().ok())
        .unwrap_or(0);
    if head.starts_with("POST /11111111") {
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.unwrap();
        let token = r#"{"token_type":"Bearer","expires_in":3600,"access_token":"signed-in"}"#;
        stream.write_all(&http("200 OK", "application/json", token)).await.unwrap();
        return;
    }
    seen.lock().unwrap().push(head);
    match act {
        Act::Write(bytes) => {
            let mut body = vec![0; length];
            stream.read_exact(&mut body).await.unwrap();
            // The client may hang up in the middle of an answer that is too long.
            let _ = stream.write_all(&bytes).await;
        }
        Act::Reset => {}
        Act::Stall(bytes) => {
            stream.write_all(&bytes).await.unwrap();
            // Until the client hangs up.
            let _ = stream.read(&mut one).await;
        }
        Act::Drip => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n").await.unwrap();
            while stream.write_all(b" ").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    }
}

fn http(status: &str, kind: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
        .into_bytes()
}

fn routed(address: SocketAddr) -> AzureOptions {
    let cloud = Cloud::public();
    let base = format!("http://{address}");
    AzureOptions {
        routes: vec![(cloud.resource_manager, base.clone()), (cloud.login, base)],
        timeouts: Timeouts {
            read: Duration::from_millis(300),
            whole: Duration::from_secs(20),
            ..Timeouts::default()
        },
        ..options()
    }
}

async fn call(azure: &Azure, request: &Request) -> Result<Reply, ServiceError> {
    azure.call(CallId::fresh(), request, &Outputs::default(), &Vault::default()).await
}

/// The error of one call to a server that does `act`.
async fn fault(act: Act) -> ServiceError {
    let server = Server::start(act).await;
    let azure = Azure::new(routed(server.address)).unwrap();
    let error = call(&azure, &arm(Method::Put, "/x")).await.unwrap_err();
    assert_eq!(server.calls().len(), 1, "nothing is sent twice");
    error
}

#[tokio::test]
async fn a_routed_call_keeps_path_query_and_host() {
    let server = Server::start(Act::Write(http("200 OK", "application/json", "{}"))).await;
    let options = AzureOptions {
        environment: crate::azure::Environment {
            // Nothing listens there: a proxy would be noticed.
            https_proxy: Some(Secret::new("http://127.0.0.1:1")),
            ..options().environment
        },
        ..routed(server.address)
    };
    let azure = Azure::new(options).unwrap();
    call(&azure, &get("/subscriptions/s/resourceGroups/it's (1)").with_query("$filter", "a eq 'b'"))
        .await
        .unwrap();
    let url = "https://management.azure.com/op%2F1/%7Bx%7D?t=1&c&h=a%2bB+/=~&=";
    azure.poll(CallId::fresh(), url, &Vault::default()).await.unwrap();
    let [called, polled] = server.calls().try_into().unwrap();
    assert!(
        called.starts_with("GET /subscriptions/s/resourceGroups/it's%20(1)?api-version=2025-04-01&$filter=a%20eq%20%27b%27 HTTP/1.1\r\n"),
        "{called}"
    );
    assert!(polled.starts_with("GET /op%2F1/%7Bx%7D?t=1&c&h=a%2bB+/=~&= HTTP/1.1\r\n"), "{polled}");
    let lower = called.to_lowercase();
    assert!(lower.contains("\r\nhost: management.azure.com\r\n"), "{called}");
    assert!(lower.contains(concat!("\r\nuser-agent: hubup/", env!("CARGO_PKG_VERSION"), "\r\n")), "{called}");
    assert_eq!(lower.matches("\r\nhost: ").count(), 1, "{called}");
}

#[tokio::test]
async fn an_unrouted_host_is_named_and_not_called() {
    let server = Server::start(Act::Write(http("200 OK", "application/json", "{}"))).await;
    let azure = Azure::new(routed(server.address)).unwrap();
    let auth = crate::domain::Auth::Graph;
    let request = Request::new(Method::Get, auth, "graph.microsoft.com", "/v1.0/me", "1");
    let error = call(&azure, &request).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotSent);
    assert!(error.message.contains("`graph.microsoft.com` has no route"), "{error}");
    assert!(server.calls().is_empty());
}

#[tokio::test]
async fn a_dead_port_means_not_sent() {
    // Bound and dropped: nobody listens there now.
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let azure = Azure::new(routed(address)).unwrap();
    let error = call(&azure, &get("/x")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotSent, "{error}");
    assert!(error.message.contains("login.microsoftonline.com"), "{error}");
    let error = azure.sign_in().await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotSent, "{error}");
    assert!(error.message.contains("efused"), "the cause at the bottom is told: {error}");
}

#[tokio::test]
async fn a_request_without_a_whole_reply_is_lost() {
    let acts = [
        ("reset", Act::Reset),
        ("silence", Act::Stall(Vec::new())),
        ("silence after the head", Act::Stall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{".to_vec())),
        ("closed in the body", Act::Write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"a\":".to_vec())),
        ("closed in the head", Act::Write(b"HTTP/1.1 200 OK\r\nContent-Le".to_vec())),
        (
            "closed in a chunk",
            Act::Write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"a".to_vec()),
        ),
        ("closed at once", Act::Write(Vec::new())),
        ("JSON cut", Act::Write(http("200 OK", "application/json", r#"{"a":"#))),
    ];
    for (name, act) in acts {
        let error = fault(act).await;
        assert_eq!(error.kind, ErrorKind::Lost, "{name}: {error}");
    }
}

#[tokio::test]
async fn a_reply_that_drips_is_given_up() {
    let server = Server::start(Act::Drip).await;
    let mut options = routed(server.address);
    options.timeouts.whole = Duration::from_millis(400);
    let error = call(&Azure::new(options).unwrap(), &get("/x")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Lost);
    assert!(error.message.contains("in full after 0.4 s"), "{error}");
}

#[tokio::test]
async fn what_speaks_no_http_is_not_azure() {
    for greeting in ["SSH-2.0-OpenSSH_9.6\r\n", "220 mail.example ESMTP\r\n", "\x15\x03\x01\x00\x02\x02P\r\n"]
    {
        let error = fault(Act::Write(greeting.as_bytes().to_vec())).await;
        assert_eq!(error.kind, ErrorKind::NotAzure, "{error}");
        assert!(error.message.contains("does not speak HTTP"), "{error}");
    }
}

#[tokio::test]
async fn pages_and_redirects_are_not_azure() {
    let page = "<!doctype html><title>Sign in to the hotel</title>";
    let error = fault(Act::Write(http("200 OK", "text/html", page))).await;
    assert_eq!(error.kind, ErrorKind::NotAzure);
    let moved = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n".to_vec();
    let error = fault(Act::Write(moved)).await;
    assert_eq!((error.kind, error.status), (ErrorKind::NotAzure, Some(302)));
}

#[tokio::test]
async fn an_absurd_size_is_not_read() {
    let ten = "\u{1b}[2J".repeat(10 * 1024 * 1024 / 4);
    let error = fault(Act::Write(http("400 Bad Request", "application/json", &ten))).await;
    assert_eq!((error.kind, error.status), (ErrorKind::NotAzure, Some(400)), "{error}");
    assert!(error.message.contains("more than 4 MiB"), "{error}");
    // Without a length it is noticed on the way.
    let mut endless = b"HTTP/1.1 500 Oops\r\nConnection: close\r\n\r\n".to_vec();
    endless.extend_from_slice(ten.as_bytes());
    let error = fault(Act::Write(endless)).await;
    assert_eq!((error.kind, error.status), (ErrorKind::NotAzure, Some(500)), "{error}");
}

#[tokio::test]
async fn a_challenge_in_a_second_header_is_found() {
    let refusal = b"HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"x\"\r\n\
        WWW-Authenticate: Bearer error=\"insufficient_claims\", claims=\"eyJhIjoxfQ==\"\r\n\
        Content-Length: 2\r\nConnection: close\r\n\r\n{}";
    let server = Server::start(Act::Write(refusal.to_vec())).await;
    let azure = Azure::new(routed(server.address)).unwrap();
    let error = call(&azure, &get("/x")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Auth);
    assert!(error.message.contains("Azure asks for a stronger sign-in"), "{error}");
    assert_eq!(server.calls().len(), 1);
}

#[tokio::test]
async fn an_empty_post_has_a_length_of_zero() {
    let server = Server::start(Act::Write(http("200 OK", "application/json", "{}"))).await;
    let azure = Azure::new(routed(server.address)).unwrap();
    call(&azure, &arm(Method::Post, "/x/listkeys")).await.unwrap();
    let [head] = server.calls().try_into().unwrap();
    let head = head.to_lowercase();
    assert_eq!(head.matches("content-length: 0\r\n").count(), 1, "{head}");
    assert!(!head.contains("content-type"), "{head}");
}

#[tokio::test]
async fn settings_that_cannot_work_are_named() {
    let bad_proxy = AzureOptions {
        environment: crate::azure::Environment {
            https_proxy: Some(Secret::new("http://user:pa ss@[bad")),
            ..options().environment
        },
        ..options()
    };
    let error = Azure::new(bad_proxy).unwrap_err().to_string();
    assert!(error.contains("HTTPS_PROXY") && !error.contains("pa ss"), "{error}");
    let no_file = AzureOptions { ca_file: Some("/nowhere/ca.pem".into()), ..options() };
    assert!(Azure::new(no_file).unwrap_err().to_string().contains("CA file `/nowhere/ca.pem`"));
    let empty = tempfile::NamedTempFile::new().unwrap();
    let no_certificate = AzureOptions { ca_file: Some(empty.path().to_owned()), ..options() };
    assert!(Azure::new(no_certificate).unwrap_err().to_string().contains("no PEM certificate"));
}
