//! TLS with an authority that the sandbox makes for itself, so that clients which insist on https reach it.
//!
//! The authority stays in the sandbox's folder, so a client needs to trust it once; the server's own certificate is made at
//! each start and names every host that the sandbox answers for. Neither guards anything but this machine's loopback.
//! Without the features `tls-ring` and `pki` there is none, and asking for it is refused. Called by `handle`.

use std::path::{Path, PathBuf};

/// Certificate of the authority, PEM: what clients are told to trust.
pub(crate) const CA_FILE: &str = "ca.pem";
#[cfg(all(feature = "tls-ring", feature = "pki"))]
const KEY_FILE: &str = "ca-key.pem";

/// Hosts that the sandbox is a server for, `*.` patterns as in certificates.
pub(crate) const HOSTS: [&str; 5] = [
    "management.azure.com",
    "graph.microsoft.com",
    "login.microsoftonline.com",
    "*.azure-devices-provisioning.net",
    "*.azure-devices.net",
];

/// Whether the sandbox answers for a host, given without its port.
pub(crate) fn answers_for(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    HOSTS.iter().any(|known| match known.strip_prefix('*') {
        Some(suffix) => host.strip_suffix(suffix).is_some_and(|name| !name.is_empty() && !name.contains('.')),
        None => *known == host,
    })
}

/// Where the authority's certificate lies in the sandbox's folder.
pub(crate) fn ca_file(folder: &Path) -> PathBuf {
    folder.join(CA_FILE)
}

#[cfg(not(all(feature = "tls-ring", feature = "pki")))]
pub(crate) use none::{Acceptor, Sealed, open};
#[cfg(all(feature = "tls-ring", feature = "pki"))]
pub(crate) use real::{Acceptor, Sealed, open};

#[cfg(all(feature = "tls-ring", feature = "pki"))]
mod real {
    use std::io::Write as _;
    use std::path::Path;
    use std::sync::Arc;
    use std::time::Duration;

    use rcgen::{
        BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
        Issuer, KeyPair, KeyUsagePurpose, SerialNumber,
    };
    use rustls::ServerConfig;
    use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
    use tokio::net::TcpStream;
    use tokio_rustls::TlsAcceptor;
    use tokio_rustls::server::TlsStream;
    use x509_parser::pem::Pem;

    use super::{CA_FILE, HOSTS, KEY_FILE};

    /// A connection inside TLS.
    pub(crate) type Sealed = TlsStream<TcpStream>;

    const DAY: u64 = 24 * 60 * 60;
    /// Of the authority.
    const AUTHORITY_DAYS: u64 = 3650;
    /// Of the server's certificate; the longest that browsers take.
    const SERVER_DAYS: u64 = 397;

    /// Ends TLS.
    #[derive(Clone)]
    pub(crate) struct Acceptor(TlsAcceptor);

    impl Acceptor {
        pub(crate) async fn accept(&self, stream: TcpStream) -> std::io::Result<Sealed> {
            self.0.accept(stream).await
        }
    }

    /// Makes or reads the authority of a folder, and a certificate below it for every host of the sandbox.
    ///
    /// # Errors
    /// A sentence, when files cannot be written or certificates not be made.
    pub(crate) fn open(folder: &Path, real_ms: i64) -> Result<Acceptor, String> {
        let (der, key) = match kept(folder, real_ms) {
            Some(authority) => authority,
            None => found(folder, real_ms)?,
        };
        let failed = |error: rcgen::Error| error.to_string();
        let issuer = Issuer::from_ca_cert_der(&der, &key).map_err(failed)?;
        let names: Vec<String> =
            HOSTS.into_iter().chain(["localhost", "127.0.0.1", "::1"]).map(str::to_owned).collect();
        let mut params = CertificateParams::new(names).map_err(failed)?;
        params.distinguished_name = named("hubup sandbox");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        dated(&mut params, real_ms, SERVER_DAYS);
        let own = KeyPair::generate().map_err(failed)?;
        let certificate = params.signed_by(&own, &issuer).map_err(failed)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone(), der],
                PrivatePkcs8KeyDer::from(own.serialize_der()).into(),
            )
            .map_err(|error| error.to_string())?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Acceptor(TlsAcceptor::from(Arc::new(config))))
    }

    /// The folder's authority; `None` when there is none that still holds for a server certificate's life.
    fn kept(folder: &Path, real_ms: i64) -> Option<(CertificateDer<'static>, KeyPair)> {
        let text = std::fs::read(folder.join(CA_FILE)).ok()?;
        let key = KeyPair::from_pem(&std::fs::read_to_string(folder.join(KEY_FILE)).ok()?).ok()?;
        let pem = Pem::iter_from_buffer(&text).next()?.ok()?;
        let certificate = pem.parse_x509().ok()?;
        let until = certificate.validity().not_after.timestamp();
        let needed = real_ms.div_euclid(1000).saturating_add(i64::try_from(SERVER_DAYS * DAY).ok()?);
        let same = certificate.public_key().raw == rcgen::PublicKeyData::subject_public_key_info(&key);
        (same && until > needed).then(|| (CertificateDer::from(pem.contents.clone()), key))
    }

    fn found(folder: &Path, real_ms: i64) -> Result<(CertificateDer<'static>, KeyPair), String> {
        let failed = |error: rcgen::Error| error.to_string();
        let key = KeyPair::generate().map_err(failed)?;
        let mut params = CertificateParams::default();
        params.distinguished_name = named("hubup sandbox authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        dated(&mut params, real_ms, AUTHORITY_DAYS);
        let certificate = params.self_signed(&key).map_err(failed)?;
        write(folder, KEY_FILE, &key.serialize_pem())?;
        write(folder, CA_FILE, &certificate.pem())?;
        Ok((certificate.der().clone(), key))
    }

    fn named(name: &str) -> DistinguishedName {
        let mut names = DistinguishedName::new();
        names.push(DnType::CommonName, name);
        names
    }

    /// Valid from a day ago, for clients whose clocks lag; with a serial of its own.
    fn dated(params: &mut CertificateParams, real_ms: i64, days: u64) {
        let now = Duration::from_secs(u64::try_from(real_ms.div_euclid(1000)).unwrap_or(0));
        let epoch = rcgen::date_time_ymd(1970, 1, 1);
        params.not_before = epoch + now.saturating_sub(Duration::from_secs(DAY));
        params.not_after = epoch + now + Duration::from_secs(days * DAY);
        let mut serial = uuid::Uuid::new_v4().as_bytes().to_vec();
        // Positive, and as long as it says.
        if let Some(first) = serial.first_mut() {
            *first = (*first & 0x7f) | 0x01;
        }
        params.serial_number = Some(SerialNumber::from(serial));
    }

    /// Readable by its owner alone, and never seen half.
    fn write(folder: &Path, name: &str, text: &str) -> Result<(), String> {
        let failed =
            |error: std::io::Error| format!("{} cannot be written: {error}", folder.join(name).display());
        let mut file = tempfile::Builder::new().prefix(".ca-").tempfile_in(folder).map_err(failed)?;
        file.write_all(text.as_bytes()).map_err(failed)?;
        file.persist(folder.join(name)).map_err(|error| failed(error.error))?;
        Ok(())
    }
}

#[cfg(not(all(feature = "tls-ring", feature = "pki")))]
mod none {
    use std::convert::Infallible;
    use std::path::Path;

    use tokio::net::TcpStream;

    /// No connection of this build is inside TLS.
    pub(crate) type Sealed = TcpStream;

    /// Of a build without TLS there is none.
    #[derive(Clone)]
    pub(crate) struct Acceptor(Infallible);

    impl Acceptor {
        pub(crate) async fn accept(&self, _: TcpStream) -> std::io::Result<Sealed> {
            match self.0 {}
        }
    }

    pub(crate) fn open(_: &Path, _: i64) -> Result<Acceptor, String> {
        Err("this build has no TLS server of its own: features `tls-ring` and `pki`".to_owned())
    }
}
