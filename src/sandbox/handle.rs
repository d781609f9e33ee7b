//! Opening a sandbox: lock the folder and serve it, or join the process that does.
//!
//! The lock is the operating system's, so it dies with its process. The server file beside it says where the server
//! listens; it is believed only when the server there answers with the same instance. Called by the command line and by tests.

use std::fs::{File, OpenOptions, TryLockError};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;

use super::clock::real_now_ms;
use super::faults::FaultScript;
use super::front::Front;
use super::record::Recorder;
use super::server::{self, FAULTS_PATH, IDENTITY_PATH, SUBSCRIPTIONS_PATH, Served};
use super::settings::{self, Settings, WorldSource};
use super::store::Store;
use super::tls;
use super::world::World;

const LOCK_FILE: &str = "lock";
const SERVER_FILE: &str = "server.json";
/// How long a joining process waits for a server that holds the lock to answer.
const JOIN_TRIES: u32 = 100;
const JOIN_PAUSE: Duration = Duration::from_millis(100);

/// What a sandbox is opened with.
#[derive(Debug, Clone)]
pub struct SandboxOptions {
    /// World, lock and server file live here; it is made when missing.
    pub folder: PathBuf,
    /// Simulated seconds per real second. 0 means that nothing waits, yet every long operation takes two polls.
    /// Ignored when another process already serves the folder.
    pub speed: f64,
    /// Used only when the folder has no world yet; naming another than it has is refused.
    pub world: WorldSource,
    /// 0 takes any free port.
    pub port: u16,
}

/// What a sandbox's port speaks beside plain http.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tls {
    #[default]
    Off,
    /// Also https, with a certificate of an authority that it makes in its folder.
    On,
    /// Also a proxy that ends TLS for Azure's own host names.
    Proxy,
}

/// What a server does beside answering.
#[derive(Debug, Clone, Default)]
pub struct Extras {
    pub tls: Tls,
    /// A file to which each exchange is appended as a line of JSON: `method`, `url`, `headers`, `body`, `status`,
    /// `reply_headers`, `reply_body`. Tokens and credentials are masked.
    pub record: Option<PathBuf>,
}

impl Default for SandboxOptions {
    fn default() -> Self {
        Self { folder: PathBuf::new(), speed: 60.0, world: WorldSource::Default, port: 0 }
    }
}

/// Why a sandbox does not open or is not forgotten.
#[derive(Debug, Error)]
pub enum SandboxError {
    #[error("the sandbox folder cannot be used: `{}`", path.display())]
    Folder { path: PathBuf, source: std::io::Error },
    #[error("the sandbox world cannot be used: {0}")]
    World(String),
    #[error("the fault script cannot be used: {0}")]
    Faults(String),
    #[error("the folder holds another world: `{held}`, not `{asked}`")]
    OtherWorld { held: String, asked: String },
    #[error("the sandbox speed must be a number from 0 to 100000, not {0}")]
    Speed(f64),
    #[error("the sandbox cannot listen on loopback port {port}")]
    Listen { port: u16, source: std::io::Error },
    #[error("the sandbox cannot speak TLS: {0}")]
    Tls(String),
    #[error("another process serves the sandbox folder without the TLS that is asked for: `{}`", folder.display())]
    OtherTls { folder: PathBuf },
    #[error("another process serves the sandbox folder and keeps no record for this one: `{}`", folder.display())]
    OtherRecord { folder: PathBuf },
    #[error("the record cannot be written: `{}`", path.display())]
    Record { path: PathBuf, source: std::io::Error },
    #[error("another process holds the sandbox folder, but no server answers in it: `{}`", folder.display())]
    NoAnswer { folder: PathBuf },
    #[error("the sandbox does not take the subscription `{0}`")]
    Subscription(String),
    #[error("a running server holds the sandbox folder: `{}`", folder.display())]
    Held { folder: PathBuf },
}

/// A subscription of the sandbox's tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubscriptionName {
    pub id: String,
    pub name: String,
}

/// What a client needs to sign in. The secret guards nothing real, and still stays out of `Debug`.
#[derive(Clone, Serialize, Deserialize)]
pub struct SignIn {
    pub tenant: String,
    pub client_id: String,
    pub client_secret: String,
    pub subscriptions: Vec<SubscriptionName>,
}

impl std::fmt::Debug for SignIn {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("SignIn")
            .field("tenant", &self.tenant)
            .field("client_id", &self.client_id)
            .field("subscriptions", &self.subscriptions)
            .finish_non_exhaustive()
    }
}

impl SignIn {
    fn of(settings: &Settings) -> Self {
        Self {
            tenant: settings.tenant.id.clone(),
            client_id: settings.caller.client_id.clone(),
            client_secret: settings.caller.client_secret.clone(),
            subscriptions: settings
                .subscriptions
                .iter()
                .map(|subscription| SubscriptionName {
                    id: subscription.id.clone(),
                    name: subscription.name.clone(),
                })
                .collect(),
        }
    }
}

/// What a server leaves for those who join.
#[derive(Serialize, Deserialize)]
struct ServerFile {
    address: SocketAddr,
    instance: String,
    speed: f64,
    sign_in: SignIn,
    #[serde(default)]
    tls: Tls,
    /// Certificate of the authority, where TLS is on.
    #[serde(default)]
    ca_file: Option<PathBuf>,
}

/// A running embedded Azure: served by this process, or joined.
pub struct Sandbox {
    file: ServerFile,
    own: Option<Own>,
}

/// What only the serving process has.
struct Own {
    /// Stops the server also when the sandbox is dropped without `shutdown`.
    stop: DropGuard,
    ended: CancellationToken,
    task: JoinHandle<()>,
}

/// Starts the server of a folder, or joins the process that already serves it.
///
/// # Errors
/// See [`SandboxError`]. Nothing is left running after an error.
pub async fn open(options: SandboxOptions) -> Result<Sandbox, SandboxError> {
    open_with(options, Extras::default()).await
}

/// Like [`open()`], with a server that does more.
///
/// # Errors
/// See [`SandboxError`]. Nothing is left running after an error.
pub async fn open_with(options: SandboxOptions, extras: Extras) -> Result<Sandbox, SandboxError> {
    let folder = options.folder.clone();
    if !(0.0..=100_000.0).contains(&options.speed) {
        return Err(SandboxError::Speed(options.speed));
    }
    std::fs::create_dir_all(&folder)
        .map_err(|source| SandboxError::Folder { path: folder.clone(), source })?;
    for _ in 0..JOIN_TRIES {
        if let Some(lock) = take_lock(&folder)? {
            return start(options, extras, lock).await;
        }
        if let Some(file) = read_server_file(&folder)
            && answers(&file).await
        {
            if extras.tls > file.tls {
                return Err(SandboxError::OtherTls { folder });
            }
            if extras.record.is_some() {
                return Err(SandboxError::OtherRecord { folder });
            }
            return Ok(Sandbox { file, own: None });
        }
        // The holder may be between taking the lock and listening, or between stopping and letting go.
        tokio::time::sleep(JOIN_PAUSE).await;
    }
    Err(SandboxError::NoAnswer { folder })
}

/// Forgets the world of a folder.
///
/// # Errors
/// [`SandboxError::Held`] while a server runs in it.
pub fn reset(folder: &Path) -> Result<(), SandboxError> {
    if !folder.exists() {
        return Ok(());
    }
    let Some(_lock) = take_lock(folder)? else {
        return Err(SandboxError::Held { folder: folder.to_owned() });
    };
    Store::erase(folder).map_err(|source| SandboxError::Folder { path: folder.to_owned(), source })
}

fn take_lock(folder: &Path) -> Result<Option<File>, SandboxError> {
    let path = folder.join(LOCK_FILE);
    let failed = |source| SandboxError::Folder { path: path.clone(), source };
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

async fn start(options: SandboxOptions, extras: Extras, lock: File) -> Result<Sandbox, SandboxError> {
    let Extras { tls, record } = extras;
    let SandboxOptions { folder, speed, world: source, port } = options;
    // A dead server's file must not lead anybody astray while this one starts.
    _ = std::fs::remove_file(folder.join(SERVER_FILE));
    let (mut store, kept) = Store::open(&folder).map_err(SandboxError::World)?;
    let mut world = if let Some(world) = kept {
        if source != WorldSource::Default {
            let (asked, _) = settings::read(&source).map_err(SandboxError::World)?;
            if asked != world.source {
                return Err(SandboxError::OtherWorld { held: world.source, asked });
            }
        }
        world
    } else {
        let (name, settings) = settings::read(&source).map_err(SandboxError::World)?;
        World::found(name, settings, real_now_ms(), speed).map_err(SandboxError::World)?
    };
    world.epoch.rebase(real_now_ms(), speed);
    let failed = |source| SandboxError::Folder { path: folder.clone(), source };
    store.save(&world).map_err(failed)?;
    let front = if tls == Tls::Off {
        None
    } else {
        let acceptor = tls::open(&folder, real_now_ms()).map_err(SandboxError::Tls)?;
        Some(Front { acceptor, proxy: tls == Tls::Proxy })
    };
    let recorder = record
        .map(|path| Recorder::open(&path).map_err(|source| SandboxError::Record { path, source }))
        .transpose()?;
    let (listener, address) =
        server::bind(port).await.map_err(|source| SandboxError::Listen { port, source })?;
    let file = ServerFile {
        address,
        instance: Uuid::new_v4().to_string(),
        speed,
        sign_in: SignIn::of(&world.settings),
        tls,
        ca_file: front.as_ref().map(|_| tls::ca_file(&folder)),
    };
    let served = Served { world, store, instance: file.instance.clone() };
    let (stop, ended) = (CancellationToken::new(), CancellationToken::new());
    write_server_file(&folder, &file).map_err(failed)?;
    let guard = ended.clone().drop_guard();
    let serving = server::serve(listener, front, recorder, served, stop.clone());
    let task = tokio::spawn(async move {
        // The lock is held exactly as long as the server runs, whatever becomes of the handle.
        let _held = (guard, lock);
        // An accept loop that failed shows as a server that ended.
        _ = serving.await;
        _ = std::fs::remove_file(folder.join(SERVER_FILE));
    });
    Ok(Sandbox { file, own: Some(Own { stop: stop.drop_guard(), ended, task }) })
}

fn write_server_file(folder: &Path, file: &ServerFile) -> std::io::Result<()> {
    let temporary = tempfile::Builder::new().prefix(".server-").tempfile_in(folder)?;
    serde_json::to_writer(&temporary, file)?;
    temporary.persist(folder.join(SERVER_FILE)).map_err(|error| error.error)?;
    Ok(())
}

fn read_server_file(folder: &Path) -> Option<ServerFile> {
    serde_json::from_slice(&std::fs::read(folder.join(SERVER_FILE)).ok()?).ok()
}

/// Whether the server that a file names is there.
async fn answers(file: &ServerFile) -> bool {
    ask(file, "GET", IDENTITY_PATH, "").await.is_some_and(|reply| reply.contains(&file.instance))
}

/// Asks the server itself. Plain bytes, so that joining needs no HTTP client.
async fn ask(file: &ServerFile, method: &str, path: &str, body: &str) -> Option<String> {
    let asked = async {
        let mut stream = TcpStream::connect(file.address).await.ok()?;
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            file.address,
            body.len(),
        );
        stream.write_all(request.as_bytes()).await.ok()?;
        let mut reply = Vec::new();
        stream.take(4096).read_to_end(&mut reply).await.ok()?;
        Some(String::from_utf8_lossy(&reply).into_owned())
    };
    tokio::time::timeout(Duration::from_secs(2), asked).await.ok().flatten()
}

/// The JSON body of a reply in plain bytes.
fn body_of(reply: &str) -> Option<serde_json::Value> {
    serde_json::from_str(reply.split_once("\r\n\r\n")?.1).ok()
}

impl Sandbox {
    pub fn address(&self) -> SocketAddr {
        self.file.address
    }

    /// Simulated seconds per real second of the server, which may be another than asked for when it was joined.
    pub fn speed(&self) -> f64 {
        self.file.speed
    }

    /// Host patterns and the base URL that each is reached at.
    pub fn routes(&self) -> Vec<(String, String)> {
        let base = format!("http://{}", self.file.address);
        tls::HOSTS.into_iter().map(|host| (host.to_owned(), base.clone())).collect()
    }

    /// What the server's port speaks beside plain http; a joined one may speak more than was asked for.
    pub fn tls(&self) -> Tls {
        self.file.tls
    }

    /// Certificate of the authority that clients have to trust, where TLS is on.
    pub fn ca_file(&self) -> Option<&Path> {
        self.file.ca_file.as_deref()
    }

    /// Adds a subscription to the tenant, so that a person's own setup file can be rehearsed. One that is there stays
    /// as it is.
    ///
    /// # Errors
    /// [`SandboxError::Subscription`] when the server does not take it.
    pub async fn admit(&self, subscription: &str) -> Result<(), SandboxError> {
        let path = format!("{SUBSCRIPTIONS_PATH}{subscription}");
        match ask(&self.file, "PUT", &path, "").await {
            Some(reply) if reply.starts_with("HTTP/1.1 200 ") => Ok(()),
            _ => Err(SandboxError::Subscription(subscription.to_owned())),
        }
    }

    /// Puts a fault script in the place of the one that the world has, and begins it, also where it is the same. It stays
    /// with the world until another is given; the shipped `none` takes it back.
    ///
    /// # Errors
    /// [`SandboxError::Faults`] when the server does not take it.
    pub async fn rehearse(&self, script: &FaultScript) -> Result<(), SandboxError> {
        let refused = |why: &str| SandboxError::Faults(format!("`{}`: {why}", script.name()));
        let body = serde_json::to_string(script).map_err(|error| refused(&error.to_string()))?;
        let Some(reply) = ask(&self.file, "PUT", FAULTS_PATH, &body).await else {
            return Err(refused("the sandbox does not answer"));
        };
        if reply.starts_with("HTTP/1.1 200 ") {
            return Ok(());
        }
        let told =
            body_of(&reply).and_then(|body| Some(body.pointer("/error/message")?.as_str()?.to_owned()));
        Err(refused(told.as_deref().unwrap_or("the sandbox does not take it")))
    }

    /// The name of the fault script in force; `None` where none was given.
    pub async fn rehearsal(&self) -> Option<String> {
        let reply = ask(&self.file, "GET", FAULTS_PATH, "").await?;
        Some(body_of(&reply)?.get("name")?.as_str()?.to_owned())
    }

    pub fn sign_in(&self) -> SignIn {
        self.file.sign_in.clone()
    }

    /// Whether another process serves it.
    pub fn joined(&self) -> bool {
        self.own.is_none()
    }

    /// Stops serving and lets the folder go. A joined sandbox is left running.
    pub async fn shutdown(mut self) {
        let Some(own) = self.own.take() else { return };
        drop(own.stop);
        // Answers under way get out; a client that keeps a request open does not hold the process.
        let mut task = own.task;
        if tokio::time::timeout(Duration::from_secs(2), &mut task).await.is_err() {
            task.abort();
            _ = task.await;
        }
    }

    /// Pends until the server ends, wherever it runs.
    pub async fn closed(&self) {
        match &self.own {
            Some(own) => own.ended.cancelled().await,
            None => {
                while answers(&self.file).await {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }
}
