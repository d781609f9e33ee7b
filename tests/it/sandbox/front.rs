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
