//! Encrypted connections: a private CA, and a proxy that is asked to connect.
#![cfg(all(feature = "pki", feature = "tls-ring"))]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tempfile::NamedTempFile;

use super::cloud::{get, options};
use crate::azure::{Azure, AzureOptions, Environment, Secret, Vault};
use crate::domain::{CallId, Cloud, ErrorKind, Outputs};

/// A CA of its own, in a PEM file, and a server certificate below it.
struct Authority {
    pem: NamedTempFile,
    server: Arc<ServerConfig>,
}

impl Authority {
    fn new(names: &[&str]) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca_key = KeyPair::generate().unwrap();
        let ca = params.self_signed(&ca_key).unwrap();
        let mut pem = NamedTempFile::new().unwrap();
        pem.write_all(ca.pem().as_bytes()).unwrap();
        let key = KeyPair::generate().unwrap();
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let leaf = CertificateParams::new(names)
            .unwrap()
            .signed_by(&key, &Issuer::from_params(&params, &ca_key))
            .unwrap();
        let chain: Vec<CertificateDer<'static>> = vec![leaf.der().clone()];
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let server = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap();
        Self { pem, server: Arc::new(server) }
    }
}

/// A server on loopback that ends TLS and answers sign-in and calls; with `proxied` it is a proxy that must first be
/// asked to connect. It notes each target that it was asked for.
fn start(authority: &Authority, proxied: bool) -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let (config, noted) = (authority.server.clone(), asked.clone());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (config, noted) = (config.clone(), noted.clone());
            // Connections are kept open by the client, so each has its own thread.
            std::thread::spawn(move || serve(stream.unwrap(), config, proxied, &noted));
        }
    });
    (address, asked)
}

fn serve(
    mut stream: TcpStream,
    config: Arc<ServerConfig>,
    proxied: bool,
    asked: &Mutex<Vec<String>>,
) -> Option<()> {
    if proxied {
        let head = head(&mut stream)?;
        asked.lock().unwrap().push(head.lines().next()?.to_owned());
        stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").ok()?;
    }
    let tls = ServerConnection::new(config).unwrap();
    let mut stream = BufReader::new(StreamOwned::new(tls, stream));
    loop {
        let mut text = String::new();
        while !text.ends_with("\r\n\r\n") {
            if stream.read_line(&mut text).ok()? == 0 {
                return None;
            }
        }
        let length = text
            .to_lowercase()
            .split("content-length: ")
            .nth(1)
            .map_or(0, |rest| rest.split("\r\n").next().unwrap().parse::<usize>().unwrap());
        stream.read_exact(&mut vec![0; length]).ok()?;
        let body = if text.starts_with("POST /11111111") {
            r#"{"token_type":"Bearer","expires_in":3600,"access_token":"signed-in"}"#
        } else {
            r#"{"reached":true}"#
        };
        let reply = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        stream.get_mut().write_all(reply.as_bytes()).ok()?;
    }
}

fn head(stream: &mut TcpStream) -> Option<String> {
    let mut read = Vec::new();
    let mut one = [0];
    while !read.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut one).ok()?;
        read.push(one[0]);
    }
    String::from_utf8(read).ok()
}

async fn reach(options: AzureOptions) -> Result<bool, crate::domain::ServiceError> {
    let host = options.cloud.resource_manager.as_str().into();
    let request = crate::domain::Request { host, ..get("/x") };
    let azure = Azure::new(options).unwrap();
    let reply = azure.call(CallId::fresh(), &request, &Outputs::default(), &Vault::default()).await?;
    Ok(reply.body["reached"] == serde_json::json!(true))
}

fn routed(address: SocketAddr) -> AzureOptions {
    let cloud = Cloud::public();
    let base = format!("https://localhost:{}", address.port());
    AzureOptions { routes: vec![(cloud.resource_manager, base.clone()), (cloud.login, base)], ..options() }
}

#[tokio::test]
async fn a_private_ca_is_trusted_by_key_or_variable_only() {
    let authority = Authority::new(&["localhost"]);
    let (address, _) = start(&authority, false);
    let by_key = AzureOptions { ca_file: Some(authority.pem.path().to_owned()), ..routed(address) };
    assert!(reach(by_key).await.unwrap());
    let by_variable = AzureOptions {
        environment: Environment {
            ssl_cert_file: Some(authority.pem.path().to_owned()),
            ..options().environment
        },
        ..routed(address)
    };
    assert!(reach(by_variable).await.unwrap());
    let error = reach(routed(address)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotSent, "{error}");
    assert!(error.message.contains("certificate"), "{error}");
}

#[tokio::test]
async fn a_certificate_for_another_host_is_refused() {
    let authority = Authority::new(&["elsewhere.example"]);
    let (address, _) = start(&authority, false);
    let options = AzureOptions { ca_file: Some(authority.pem.path().to_owned()), ..routed(address) };
    assert_eq!(reach(options).await.unwrap_err().kind, ErrorKind::NotSent);
}

#[tokio::test]
async fn every_host_is_reached_through_the_proxy() {
    let authority = Authority::new(&["management.azure.com", "login.microsoftonline.com"]);
    let (address, asked) = start(&authority, true);
    let proxied = AzureOptions {
        ca_file: Some(authority.pem.path().to_owned()),
        environment: Environment {
            https_proxy: Some(Secret::new(format!("http://{address}"))),
            no_proxy: Some("127.0.0.1,localhost".into()),
            ..options().environment
        },
        ..options()
    };
    assert!(reach(proxied).await.unwrap());
    assert_eq!(
        *asked.lock().unwrap(),
        ["CONNECT login.microsoftonline.com:443 HTTP/1.1", "CONNECT management.azure.com:443 HTTP/1.1"]
    );
}

#[tokio::test]
async fn a_host_of_no_proxy_is_reached_without_it() {
    let authority = Authority::new(&["127.0.0.1"]);
    let (address, _) = start(&authority, false);
    let direct = |no_proxy: Option<&str>| AzureOptions {
        cloud: Cloud { resource_manager: address.to_string(), login: address.to_string(), ..Cloud::public() },
        ca_file: Some(authority.pem.path().to_owned()),
        environment: Environment {
            // Nothing listens there.
            https_proxy: Some(Secret::new("http://127.0.0.1:1")),
            no_proxy: no_proxy.map(str::to_owned),
            ..options().environment
        },
        ..options()
    };
    assert!(reach(direct(Some("example.com, 127.0.0.1"))).await.unwrap());
    assert_eq!(reach(direct(None)).await.unwrap_err().kind, ErrorKind::NotSent);
}
