//! TLS and the proxy: one port, three ways in, and one authority to trust.

use std::path::Path;
use std::time::Duration;

use hubup::sandbox::{Extras, Sandbox, SandboxError, SandboxOptions, Tls, open_with};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

async fn speaking(folder: &Path, tls: Tls) -> Sandbox {
    _ = rustls::crypto::ring::default_provider().install_default();
    let options = SandboxOptions { folder: folder.to_owned(), speed: 0.0, ..SandboxOptions::default() };
    open_with(options, Extras { tls, record: None }).await.unwrap()
}

/// A client that trusts the sandbox's authority and nobody else.
fn trusting(sandbox: &Sandbox) -> reqwest::ClientBuilder {
    let pem = std::fs::read(sandbox.ca_file().unwrap()).unwrap();
    let authority = reqwest::Certificate::from_pem(&pem).unwrap();
    reqwest::Client::builder().tls_certs_only([authority])
}

fn discovery(base: &str, sandbox: &Sandbox) -> String {
    format!("{base}/{}/v2.0/.well-known/openid-configuration", sandbox.sign_in().tenant)
}

#[tokio::test(flavor = "multi_thread")]
async fn one_port_answers_http_and_https_and_links_lead_back_the_same_way() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = speaking(folder.path(), Tls::On).await;
    let client = trusting(&sandbox).no_proxy().build().unwrap();
    let port = sandbox.address().port();
    for base in [
        format!("http://127.0.0.1:{port}"),
        format!("https://127.0.0.1:{port}"),
        format!("https://localhost:{port}"),
    ] {
        let answer = client.get(discovery(&base, &sandbox)).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let body: serde_json::Value = answer.json().await.unwrap();
        let endpoint = body["token_endpoint"].as_str().unwrap().to_owned();
        assert!(endpoint.starts_with(&format!("{base}/")), "{endpoint}");
    }
    sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_authority_outlives_the_server_and_strangers_do_not_trust_it() {
    let folder = tempfile::tempdir().unwrap();
    let first = speaking(folder.path(), Tls::On).await;
    let client = trusting(&first).no_proxy().build().unwrap();
    let kept = std::fs::read(first.ca_file().unwrap()).unwrap();
    first.shutdown().await;
    let second = speaking(folder.path(), Tls::On).await;
    assert_eq!(std::fs::read(second.ca_file().unwrap()).unwrap(), kept);
    let url = discovery(&format!("https://{}", second.address()), &second);
    assert_eq!(client.get(&url).send().await.unwrap().status(), 200);
    let stranger = reqwest::Client::builder().no_proxy().build().unwrap();
    assert!(stranger.get(&url).send().await.is_err());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let key = std::fs::metadata(folder.path().join("ca-key.pem")).unwrap();
        assert_eq!(key.permissions().mode() & 0o077, 0, "the key is its owner's alone");
    }
    second.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_proxy_ends_tls_for_azures_hosts_and_leads_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = speaking(folder.path(), Tls::Proxy).await;
    let proxy = reqwest::Proxy::all(format!("http://{}", sandbox.address())).unwrap();
    let client = trusting(&sandbox).proxy(proxy).build().unwrap();
    let login = "https://login.microsoftonline.com";
    let answer = client.get(discovery(login, &sandbox)).send().await.unwrap();
    let body: serde_json::Value = answer.json().await.unwrap();
    assert!(body["token_endpoint"].as_str().unwrap().starts_with(login));
    for host in ["management.azure.com", "graph.microsoft.com", "some.azure-devices-provisioning.net"] {
        let answer = client.get(format!("https://{host}/nothing")).send().await.unwrap();
        assert!(answer.status().is_client_error(), "{host}");
    }
    for host in ["example.com", "management.azure.com.example", "a.b.azure-devices.net", "azure-devices.net"]
    {
        assert!(client.get(format!("https://{host}/")).send().await.is_err(), "{host}");
    }
    // Plain http stays what it was, for the process that joins.
    let answer = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = discovery(&format!("http://{}", sandbox.address()), &sandbox);
    assert_eq!(answer.get(url).send().await.unwrap().status(), 200);
    sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_request_that_is_none_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = speaking(folder.path(), Tls::Proxy).await;
    for (sent, status) in [
        ("COPY / HTTP/1.1\r\n\r\n".to_owned(), "HTTP/1.1 400 "),
        ("CONNECT\r\n\r\n".to_owned(), "HTTP/1.1 400 "),
        ("CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n".to_owned(), "HTTP/1.1 403 "),
        (format!("CONNECT {} HTTP/1.1\r\n\r\n", "x".repeat(9000)), "HTTP/1.1 400 "),
    ] {
        let mut stream = TcpStream::connect(sandbox.address()).await.unwrap();
        stream.write_all(sent.as_bytes()).await.unwrap();
        let mut reply = [0; 13];
        let read = tokio::time::timeout(Duration::from_secs(20), stream.read_exact(&mut reply));
        read.await.unwrap().unwrap();
        assert_eq!(String::from_utf8_lossy(&reply), status);
    }
    // One that says nothing holds nobody up.
    let silent = TcpStream::connect(sandbox.address()).await.unwrap();
    let url = discovery(&format!("http://{}", sandbox.address()), &sandbox);
    assert_eq!(
        reqwest::Client::builder().no_proxy().build().unwrap().get(url).send().await.unwrap().status(),
        200
    );
    drop(silent);
    sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_tls_is_not_joined_by_who_wants_it() {
    let folder = tempfile::tempdir().unwrap();
    let plain = speaking(folder.path(), Tls::Off).await;
    assert_eq!(plain.ca_file(), None);
    let options = SandboxOptions { folder: folder.path().to_owned(), ..SandboxOptions::default() };
    let refused = open_with(options.clone(), Extras { tls: Tls::On, record: None }).await.err().unwrap();
    assert!(matches!(refused, SandboxError::OtherTls { .. }), "{refused}");
    assert!(hubup::sandbox::open(options).await.unwrap().joined());
    plain.shutdown().await;
}

/// The status line of what a proxy answers to `sent`; empty where it closes the connection without a word.
async fn answered(sandbox: &Sandbox, sent: &[u8]) -> String {
    let mut stream = TcpStream::connect(sandbox.address()).await.unwrap();
    stream.write_all(sent).await.unwrap();
    let mut line = Vec::new();
    while !line.ends_with(b"\r\n") {
        let read = tokio::time::timeout(Duration::from_secs(20), stream.read_u8()).await.unwrap();
        let Ok(byte) = read else { break };
        line.push(byte);
    }
    String::from_utf8_lossy(&line).trim_end().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_target_of_a_tunnel_is_a_host_of_azure_however_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = speaking(folder.path(), Tls::Proxy).await;
    for (target, status) in [
        ("management.azure.com:443", "200"),
        ("MANAGEMENT.Azure.Com:443", "200"),
        ("management.azure.com", "200"),
        ("my-hub.azure-devices.net:443", "200"),
        ("global.azure-devices-provisioning.net:443", "200"),
        ("", "403"),
        (":443", "403"),
        ("https://management.azure.com/", "403"),
        ("management.azure.com.:443", "403"),
        ("management.azure.com@example.com:443", "403"),
        ("example.com/management.azure.com:443", "403"),
        (".azure-devices.net:443", "403"),
        ("[::1]:443", "403"),
        ("127.0.0.1:22", "403"),
        ("metadata.google.internal:80", "403"),
        ("\u{1b}[31m\u{202e}:443", "403"),
    ] {
        let told = answered(&sandbox, format!("CONNECT {target} HTTP/1.1\r\n\r\n").as_bytes()).await;
        assert!(told.starts_with(&format!("HTTP/1.1 {status} ")), "{target:?}: {told}");
    }
    // A target that is asked for as plain http is answered here too, or not at all.
    for (line, status) in [
        ("GET http://example.com/ HTTP/1.1\r\nHost: example.com", "404"),
        ("GET http://management.azure.com/subscriptions HTTP/1.1\r\nHost: management.azure.com", "401"),
    ] {
        let told = answered(&sandbox, format!("{line}\r\nConnection: close\r\n\r\n").as_bytes()).await;
        assert!(told.starts_with(&format!("HTTP/1.1 {status} ")), "{line}: {told}");
    }
    // Bytes that are neither of the three ways are no reason to stop.
    assert_eq!(answered(&sandbox, &[0x16, 3, 1, 0, 5, 1, 2, 3, 4, 5]).await, "");
    assert!(answered(&sandbox, b"\0\0\0\0\r\n\r\n").await.starts_with("HTTP/1.1 400"));
    assert!(
        answered(&sandbox, b"CONNECT\xff\xfe management.azure.com\r\n\r\n").await.starts_with("HTTP/1.1 400")
    );
    sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_connections_are_served_beside_as_many_that_say_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = speaking(folder.path(), Tls::Proxy).await;
    let address = sandbox.address();
    let mut idle = Vec::new();
    for begun in [
        "",
        "C",
        "CONNECT management.azure.com:443 HTTP/1.1\r\n",
        "GET / HTTP/1.1\r\nHost: x",
        "\u{16}\u{3}\u{1}",
    ] {
        for _ in 0..30 {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(begun.as_bytes()).await.unwrap();
            idle.push(stream);
        }
    }
    // Some have gone again in the middle of it.
    idle.truncate(120);
    let proxy = reqwest::Proxy::all(format!("http://{address}")).unwrap();
    let authority = std::fs::read(sandbox.ca_file().unwrap()).unwrap();
    let mut asked = tokio::task::JoinSet::new();
    for _ in 0..100 {
        // A client of its own each, so that each has a connection of its own.
        let authority = reqwest::Certificate::from_pem(&authority).unwrap();
        let client =
            reqwest::Client::builder().tls_certs_only([authority]).proxy(proxy.clone()).build().unwrap();
        let url = discovery("https://login.microsoftonline.com", &sandbox);
        asked.spawn(async move { client.get(url).send().await.unwrap().status() });
    }
    let answers = asked.join_all().await;
    assert!(answers.len() == 100 && answers.iter().all(|status| *status == 200), "{answers:?}");
    // Nor do they hold the server up when it is to end, or its folder.
    sandbox.shutdown().await;
    let again = speaking(folder.path(), Tls::Proxy).await;
    assert!(!again.joined());
    again.shutdown().await;
    drop(idle);
}
