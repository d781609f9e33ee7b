//! Answers from hell: what a network, a disk and a person's hands can do to the program, and what it must say then.
//!
//! Each row of a table is one mishap, met by the program itself. Whatever happens: no panic, no byte that moves a
//! terminal, the exit code that fits, a text that says what happened and what to do, and a journal that can be read.
//! Setup files are looked at more closely in `hell_config.rs`.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hubup::azure::{Azure, Timeouts};
use hubup::domain::{ErrorKind, Exit, Method, RunEvent};
use hubup::engine::{Command as Order, Manner};
use hubup::journal::{self, StateFolder};
use hubup::sandbox::{self, Sandbox, SandboxOptions, WorldSource};

use crate::binary::{Account, Ran, config, setup_file};
use crate::stand_in::{Act, Seen, StandIn, dead_port};
use crate::support::{Cloud, collect, example, start};

const ARM: &str = "management.azure.com";

/// What a page, a code or a message holds that tries to take the terminal over.
const NASTY: &str = "\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m\u{202e}\u{8}\r";

/// A sandbox of this process in which nothing waits, and an account that is signed in to it.
struct Azures {
    sandbox: Sandbox,
    account: Account,
    _folder: tempfile::TempDir,
}

impl Azures {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = SandboxOptions {
            folder: folder.path().join("sandbox"),
            speed: 0.0,
            world: WorldSource::Default,
            port: 0,
        };
        let sandbox = sandbox::open(options).await.unwrap();
        let account = Account::new().signed_in(&sandbox.sign_in());
        let azures = Self { sandbox, account, _folder: folder };
        azures.write(&azures.sandbox.routes());
        azures
    }

    fn write(&self, routes: &[(String, String)]) {
        self.account.write("hubup.toml", setup_file(routes, 1e6));
    }

    /// Leads every host to `base`, or only Resource Manager.
    fn lead(&self, base: &str, only: Option<&str>) {
        let routes = self.sandbox.routes().into_iter().map(|(host, own)| {
            let led = only.is_none_or(|only| host == only);
            (host, if led { base.to_owned() } else { own })
        });
        self.write(&routes.collect::<Vec<_>>());
    }

    /// Runs `apply --yes` beside the servers of this runtime.
    async fn apply(&self) -> Ran {
        let command = self.account.command(&["apply", "--yes"]);
        tokio::task::spawn_blocking(move || Ran::of(command)).await.unwrap()
    }

    /// After a mishap: every journal can be read, the last one was closed, and the same command ends well.
    async fn recovers(&self, name: &str) {
        let setup = config(&self.account.work().join("hubup.toml"));
        for journal in self.account.journals(&setup) {
            let last = journal.records.last().map(|record| &record.event);
            assert!(matches!(last, Some(RunEvent::RunFinished { .. })), "{name}: {last:?}");
        }
        self.write(&self.sandbox.routes());
        let ran = self.apply().await;
        assert_eq!(ran.code, Some(0), "{name}: {ran}");
    }
}

/// One mishap on the network.
struct Row {
    name: &'static str,
    act: Act,
    code: i32,
    tells: &'static [&'static str],
}

fn row(name: &'static str, act: Act, code: i32, tells: &'static [&'static str]) -> Row {
    Row { name, act, code, tells }
}

#[track_caller]
fn check(name: &str, ran: Ran, code: i32, tells: &[&str]) {
    assert_eq!(ran.code, Some(code), "{name}: {ran}");
    assert!(ran.err.len() < 20_000, "{name}: {} bytes are no message", ran.err.len());
    let long = ran.err.lines().chain(ran.out.lines()).find(|line| line.chars().count() > 2_500);
    assert!(long.is_none(), "{name}: a line without end");
    let told = ran.tells(tells);
    if code != 0 {
        let errors =
            told.err.lines().filter(|line| line.starts_with("error: ") || line.contains(": error: "));
        assert!(errors.count() > 0, "{name} says not what happened: {told}");
        // Of a journal, both stand in one sentence.
        let remedies = [
            "do:",
            "= help:",
            "or give another state folder",
            "check that the state folder",
            "use hubup",
            "move it out",
            "remove it here",
        ];
        let remedied = remedies.iter().any(|remedy| told.err.contains(remedy));
        assert!(remedied, "{name} says not what to do: {told}");
    }
    told.hides(&["SharedAccessKey=", "Bearer ey", "owned\u{7}", "\u{202e}"]);
}

fn page(title: &str) -> Vec<u8> {
    format!("<!DOCTYPE html><html><head><title>{title}</title></head><body>{NASTY}</body></html>")
        .into_bytes()
}

fn html(status: &str) -> Act {
    Act::answer(status, "Content-Type: text/html\r\n", &page("Sign in to Airport-WiFi"))
}

/// A refusal whose message is as long as `length`, full of bytes for terminals.
fn nasty_error(length: usize) -> Vec<u8> {
    let message = NASTY.repeat(length / NASTY.len());
    let code = format!("Bad{NASTY}Thing");
    serde_json::json!({ "error": { "code": code, "message": format!("no luck {message}") } })
        .to_string()
        .into()
}

fn chunked(status: &str, body: &[u8]) -> Act {
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n",
        body.len()
    );
    Act::say([head.as_bytes(), body, b"\r\n0\r\n\r\n"].concat())
}

/// What may answer in Azure's place, whoever asks.
fn strangers() -> Vec<Row> {
    let json = "Content-Type: application/json\r\n";
    vec![
        row("a mail server", Act::say("220 mail.example ESMTP\r\n"), 7, &["does not speak HTTP", "routes"]),
        row("a shell server", Act::say("SSH-2.0-OpenSSH_9.6\r\n"), 7, &["does not speak HTTP"]),
        row("a port that speaks TLS", Act::say(b"\x15\x03\x01\x00\x02\x02\x28"), 7, &["does not speak HTTP"]),
        row("noise", Act::say((0..=255).collect::<Vec<u8>>()), 7, &["does not speak HTTP"]),
        row(
            "headers without end",
            Act::say(format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(1_000_000))),
            7,
            &["does not speak HTTP"],
        ),
        row("a captive portal", html("200 OK"), 7, &["Airport-WiFi", "captive portal"]),
        row("a forbidding page", html("403 Forbidden"), 7, &["HTTP 403"]),
        row("a page of a dead proxy", html("502 Bad Gateway"), 7, &["HTTP 502"]),
        row("a proxy that wants a sign-in", html("407 Proxy Authentication Required"), 7, &["HTTP 407"]),
        row(
            "a redirect",
            Act::answer("302 Found", "Location: https://portal.example/login?token=abc\r\n", b""),
            7,
            &["HTTP 302"],
        ),
        row("no answer", Act::Close, 7, &["broke off"]),
        row(
            "ten megabytes",
            Act::answer("500 Internal Server Error", json, &nasty_error(10 << 20)),
            7,
            &["more than 4 MiB"],
        ),
        row(
            "ten megabytes in one chunk",
            chunked("400 Bad Request", &nasty_error(10 << 20)),
            7,
            &["more than 4 MiB"],
        ),
        row("JSON that is cut", Act::answer("200 OK", json, b"{\"value\": [{\"id\": \"/subscr"), 7, &["do:"]),
        row(
            "an answer that is cut",
            Act::say("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"value\": ["),
            7,
            &["broke off"],
        ),
        row(
            "something that is not gzip",
            Act::answer("200 OK", "Content-Encoding: gzip\r\n", b"certainly not"),
            7,
            &["do:"],
        ),
        row("an empty page", Act::answer("200 OK", "", b""), 7, &["do:"]),
        row("an empty text", Act::answer("200 OK", json, b"\"\""), 7, &["do:"]),
        row("another protocol", Act::answer("101 Switching Protocols", "", b""), 7, &["do:"]),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_in_the_place_of_sign_in() {
    let azures = Azures::open().await;
    for Row { name, act, code, tells } in strangers() {
        let server = StandIn::start(None, move |_| act.clone()).await;
        azures.lead(&server.url(), None);
        check(name, azures.apply().await, code, tells);
    }
    azures.lead(&format!("http://127.0.0.1:{}", dead_port()), None);
    check("a dead host", azures.apply().await, 7, &["cannot be reached", "refused", "check the network"]);
    assert!(!azures.account.state().join("setups").exists(), "no run was begun");
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_in_the_place_of_resource_manager() {
    let azures = Azures::open().await;
    let json = "Content-Type: application/json\r\n";
    let mut rows = strangers();
    rows.extend([
        row(
            "a refusal full of escapes",
            Act::answer("400 Bad Request", json, &nasty_error(100 << 10)),
            1,
            &["Thing: no luck"],
        ),
        row(
            "a text full of escapes",
            Act::answer("400 Bad Request", "Content-Type: text/plain\r\n", NASTY.repeat(1000).as_bytes()),
            1,
            &["do:"],
        ),
        row(
            "a subscription that is not ours",
            Act::answer(
                "403 Forbidden",
                json,
                b"{\"error\":{\"code\":\"AuthorizationFailed\",\"message\":\"no\"}}",
            ),
            4,
            &["AuthorizationFailed"],
        ),
        row(
            "a token that is not taken",
            Act::answer(
                "401 Unauthorized",
                json,
                b"{\"error\":{\"code\":\"InvalidAuthenticationToken\",\"message\":\"no\"}}",
            ),
            3,
            &["InvalidAuthenticationToken"],
        ),
        row(
            "a wait of a century",
            Act::answer("429 Too Many Requests", "Retry-After: 3153600000\r\n", b""),
            1,
            &["limiting", "wait"],
        ),
        row(
            "a service that is down",
            Act::answer(
                "503 Service Unavailable",
                "x-ms-request-id: one\r\n",
                b"{\"error\":{\"code\":\"ServerBusy\",\"message\":\"later\"}}",
            ),
            1,
            &["ServerBusy", "request one"],
        ),
    ]);
    for Row { name, act, code, tells } in rows {
        let server = StandIn::start(None, move |_| act.clone()).await;
        azures.lead(&server.url(), Some(ARM));
        check(name, azures.apply().await, code, tells);
    }
    azures.lead(&format!("http://127.0.0.1:{}", dead_port()), Some(ARM));
    check("a dead host", azures.apply().await, 7, &["cannot be reached", "refused", "check the network"]);
    assert!(!azures.account.state().join("setups").exists(), "no run was begun");
}

/// The same strangers, met by the first change of a run; nothing that happened before or after is lost.
#[tokio::test(flavor = "multi_thread")]
async fn strangers_in_the_middle_of_a_run() {
    for Row { name, act, .. } in strangers() {
        let azures = Azures::open().await;
        let server = StandIn::start(Some(azures.sandbox.address()), move |seen| {
            if seen.method == "PUT" { act.clone() } else { Act::Pass }
        })
        .await;
        azures.lead(&server.url(), Some(ARM));
        let ran = azures.apply().await;
        let code = ran.code.unwrap();
        assert!([1, 7].contains(&code), "{name}: {ran}");
        check(name, ran, code, &["access.resource-group"]);
        azures.recovers(name).await;
    }
}

/// A request that answers with `act` once it was met `nth` times (from 1), and what fits it.
fn once(
    act: Act,
    nth: usize,
    fits: impl Fn(&Seen) -> bool + Send + Sync + 'static,
) -> impl Fn(&Seen) -> Act + Send + Sync {
    let met = AtomicUsize::new(0);
    move |seen| {
        if fits(seen) && met.fetch_add(1, Ordering::SeqCst) + 1 == nth { act.clone() } else { Act::Pass }
    }
}

/// What is lost once on the way is looked for, and never made twice.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_lost_once_is_settled_by_looking() {
    let torn = Act::say("HTTP/1.1 201 Created\r\nContent-Length: 500\r\n\r\n{\"id\"");
    let rows: Vec<(&str, Act)> =
        vec![("its reply is lost", Act::Swallow), ("it is lost", Act::Close), ("a torn reply", torn)];
    for (name, act) in rows {
        for what in
            ["/namespaces/", "/IotHubs/", "/provisioningServices/", "/roleAssignments/", "/roleDefinitions/"]
        {
            let azures = Azures::open().await;
            let server = StandIn::start(
                Some(azures.sandbox.address()),
                once(act.clone(), 1, move |seen| seen.method == "PUT" && seen.target.contains(what)),
            )
            .await;
            azures.lead(&server.url(), Some(ARM));
            check(&format!("{name}: {what}"), azures.apply().await, 0, &["17 of 17 done"]);
        }
    }
}

/// Azure goes away for good after that many requests of a run.
#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_goes_away_loses_nothing() {
    for after in [4, 12, 25, 40] {
        let azures = Azures::open().await;
        let met = AtomicUsize::new(0);
        let server = StandIn::start(Some(azures.sandbox.address()), move |_| {
            if met.fetch_add(1, Ordering::SeqCst) < after { Act::Pass } else { Act::Close }
        })
        .await;
        azures.lead(&server.url(), Some(ARM));
        let name = format!("gone after {after} requests");
        check(&name, azures.apply().await, 7, &["broke off"]);
        azures.recovers(&name).await;
    }
}

/// Status URLs are followed to Resource Manager only; what they lead to elsewhere is not called.
#[tokio::test(flavor = "multi_thread")]
async fn a_status_url_that_leads_astray_is_not_followed() {
    for header in ["Azure-AsyncOperation", "Location"] {
        let azures = Azures::open().await;
        let thief = StandIn::start(None, |seen| panic!("called with {:?}", seen.headers)).await;
        let (sandbox, to_thief) = (azures.sandbox.address(), thief.url());
        let accepted = Act::answer(
            "202 Accepted",
            &format!("{header}: https://operations.example/x?t=1&c=2\r\nRetry-After: 0\r\n"),
            b"",
        );
        let server = StandIn::start(
            Some(sandbox),
            once(accepted, 1, |seen| seen.method == "PUT" && seen.target.contains("/namespaces/")),
        )
        .await;
        let mut routes = azures.sandbox.routes();
        for (host, base) in &mut routes {
            if host == ARM {
                *base = server.url();
            }
        }
        routes.push(("operations.example".to_owned(), to_thief));
        azures.write(&routes);
        // The namespace was never made: the step looks, finds nothing, and makes it or says so.
        let ran = azures.apply().await;
        assert!(matches!(ran.code, Some(0 | 1)), "{header}: {ran}");
        ran.tells(&["`https://operations.example` was not called", "its status URL leads elsewhere"]);
        azures.recovers(header).await;
    }
}

/// A host that never answers: bounded by the client's own times, which are short here.
#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_never_answers_is_given_up() {
    let cloud = Cloud::open("").await;
    let server = StandIn::start(Some(cloud.sandbox.address()), |seen| {
        if seen.method == "PUT" { Act::Silence } else { Act::Pass }
    })
    .await;
    let mut options = cloud.options();
    options.timeouts = Timeouts { read: Duration::from_millis(200), ..Timeouts::default() };
    let silent = StandIn::start(None, |_| Act::Silence).await;
    for (host, base) in &mut options.routes {
        *base = if host == ARM { server.url() } else { base.clone() };
    }
    let mut lost = options.clone();
    lost.routes.iter_mut().for_each(|(_, base)| *base = silent.url());
    let error = Azure::new(lost).unwrap().sign_in().await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotSent, "{error}");
    assert!(error.message.contains("went silent"), "{error}");

    let azure = Azure::new(options).unwrap();
    azure.sign_in().await.unwrap();
    let answers = example();
    let selection = cloud.select(&azure, &answers).await;
    let plan = hubup::stages::plan(selection.dialect, selection.profile, &answers).unwrap();
    let manner = Manner { yes: true, end_when_idle: true, ..Manner::default() };
    let orders = vec![Order::ConfirmAll];
    let run = collect(start(cloud.folder.path(), azure, plan, &answers, manner, orders)).await;
    assert_eq!(run.result.unwrap(), Exit::NotReached);
    let puts = run.records.iter().filter(|record| match &record.event {
        RunEvent::CallStarted(call) => call.shown.method == Method::Put,
        _ => false,
    });
    assert!(puts.count() >= 1);
}

/// A second Ctrl+C does not wait for a host that never answers; the journal has what was sent.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_leaves_a_silent_host_at_once() {
    let azures = Azures::open().await;
    let server = StandIn::start(Some(azures.sandbox.address()), |seen| {
        if seen.method == "PUT" { Act::Silence } else { Act::Pass }
    })
    .await;
    azures.lead(&server.url(), Some(ARM));
    let mut run = azures.account.start(&["apply", "--yes"]);
    let ran = tokio::task::spawn_blocking(move || {
        run.until("PUT  ");
        run.signal(rustix::process::Signal::INT);
        run.until_trouble("leaving");
        run.signal(rustix::process::Signal::INT);
        run.end()
    });
    ran.await.unwrap().exits(130);
    let setup = config(&azures.account.work().join("hubup.toml"));
    let journals = azures.account.journals(&setup);
    let sent = journals[0].records.iter().any(|record| match &record.event {
        RunEvent::CallStarted(call) => call.shown.method == Method::Put,
        _ => false,
    });
    assert!(sent, "what was sent is in the journal");
    azures.write(&azures.sandbox.routes());
    check("the next run", azures.apply().await, 0, &["17 of 17 done"]);
}

/// One mishap on the disk: what is done to the account before `apply --sandbox`, and what must come of it.
struct Disk {
    name: &'static str,
    prepare: fn(&Account),
    code: i32,
    tells: &'static [&'static str],
}

const APPLY: [&str; 5] = ["apply", "--sandbox", "--yes", "--sandbox-speed", "0"];

/// The folder of the example's setup.
fn setup_folder(account: &Account) -> std::path::PathBuf {
    StateFolder::new(account.state()).setup(hubup::cli::config::Config::example().answers.setup_id())
}

/// Replaces what is at `path` by a file.
fn put(path: &Path, content: impl AsRef<[u8]>) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}

/// The newest journal of an account that has run once.
fn newest(account: &Account) -> std::path::PathBuf {
    account.run(&APPLY).exits(0);
    let state = StateFolder::new(account.state());
    let setup = hubup::cli::config::Config::example().answers.setup_id();
    state.runs(setup).unwrap().pop().unwrap().path
}

fn edit(path: &Path, change: impl Fn(String) -> String) {
    let text = std::fs::read_to_string(path).unwrap();
    std::fs::write(path, change(text)).unwrap();
}

#[test]
fn disks_from_hell() {
    let rows = [
        Disk {
            name: "the state folder is a file",
            prepare: |account| put(&account.state(), "mine"),
            code: 6,
            tells: &["hubup/sandbox", "--state-folder"],
        },
        Disk {
            name: "the folder of setups is a file",
            prepare: |account| put(&account.state().join("setups"), "mine"),
            code: 6,
            tells: &["setups`: it is a file where a folder is needed"],
        },
        Disk {
            name: "the folder of runs is a file",
            prepare: |account| put(&setup_folder(account).join("runs"), "mine"),
            code: 6,
            tells: &["runs`: it is a file where a folder is needed"],
        },
        Disk {
            name: "the lock is a folder",
            prepare: |account| std::fs::create_dir_all(setup_folder(account).join("lock")).unwrap(),
            code: 6,
            tells: &["cannot open the lock", "give another state folder"],
        },
        Disk {
            name: "the lock holds noise",
            prepare: |account| put(&setup_folder(account).join("lock"), [0xFF, 0, 27, 7]),
            code: 0,
            tells: &["17 of 17 done"],
        },
        Disk {
            name: "a journal of a newer format",
            prepare: |account| {
                edit(&newest(account), |text| text.replacen("\"format\":1", "\"format\":7", 1));
            },
            code: 6,
            tells: &["has format 7", "reads up to format 1", "use hubup"],
        },
        Disk {
            name: "a journal of noise",
            prepare: |account| put(&newest(account), [27, b'[', b'2', b'J', b'\n', 0xFF, b'\n']),
            code: 6,
            tells: &["is not a journal of hubup", "move it out of the folder"],
        },
        Disk {
            name: "a journal with a damaged line",
            prepare: |account| {
                edit(&newest(account), |text| text.replacen("\n{\"at\"", "\n\u{1b}[2J{\"at\"", 1));
            },
            code: 6,
            tells: &["cannot read line 2", "remove it here"],
        },
        Disk {
            name: "a journal that ends in the middle of a line",
            prepare: |account| edit(&newest(account), |text| text[..text.len() / 2].to_owned()),
            code: 0,
            tells: &["17 of 17 done"],
        },
        Disk {
            name: "a journal that never came to its first line",
            prepare: |account| put(&newest(account), ""),
            code: 0,
            tells: &["17 of 17 done"],
        },
        Disk {
            name: "a world of noise",
            prepare: |account| put(&account.state().join("sandbox/world.json"), [27, b'[', 0xFF]),
            code: 6,
            tells: &["world.json is damaged", "hubup sandbox reset"],
        },
        Disk {
            name: "a world of another format",
            prepare: |account| put(&account.state().join("sandbox/world.json"), "{\"format\": 99}"),
            code: 6,
            tells: &["world.json has another format", "hubup sandbox reset"],
        },
        Disk {
            name: "a world that is a folder",
            prepare: |account| std::fs::create_dir_all(account.state().join("sandbox/world.json")).unwrap(),
            code: 6,
            tells: &["world.json cannot be read", "do:"],
        },
        Disk {
            name: "a server file of noise",
            prepare: |account| put(&account.state().join("sandbox/server.json"), [27, 0xFF]),
            code: 0,
            tells: &["17 of 17 done"],
        },
    ];
    for Disk { name, prepare, code, tells } in rows {
        let account = Account::new();
        prepare(&account);
        let before = files(&account.state());
        let ran = account.run(&APPLY);
        check(name, ran, code, tells);
        if code != 0 {
            // What was there is there still, byte for byte: it may be all that somebody has.
            for (path, content) in before {
                assert_eq!(std::fs::read(&path).unwrap(), content, "{name}: {}", path.display());
            }
        }
    }
}

/// What the remedies name mends it.
#[test]
fn the_remedies_for_disks_from_hell_work() {
    let account = Account::new();
    let journal = newest(&account);
    edit(&journal, |text| text.replacen("\n{\"at\"", "\nnoise{\"at\"", 1));
    account.run(&APPLY).exits(6);
    std::fs::rename(&journal, journal.with_extension("kept")).unwrap();
    account.run(&APPLY).exits(0);
    put(&account.state().join("sandbox/world.json"), "noise");
    account.run(&APPLY).exits(6);
    account.run(&["sandbox", "reset"]).exits(0);
    account.run(&APPLY).exits(0);
}

/// Every file below a folder but locks, with its content.
fn files(folder: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    if folder.is_file() {
        return vec![(folder.to_owned(), std::fs::read(folder).unwrap())];
    }
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path
            .file_name()
            .is_some_and(|name| name != "lock" && name != "server.json" && name != "world.json")
        {
            let content = std::fs::read(&path).unwrap();
            found.push((path, content));
        }
    }
    found
}

/// A disk that takes no more bytes of a file after so many: the limit of the process stands for a full disk, since it
/// works for every user and in every container.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_stops_the_run_before_anything_is_sent_unlogged() {
    for kilobytes in [0, 2, 8, 32, 64, 100] {
        let azures = Azures::open().await;
        let sent = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let all = sent.clone();
        let server = StandIn::start(Some(azures.sandbox.address()), move |seen| {
            if seen.is_change() {
                all.lock().unwrap().push(seen.header("x-ms-client-request-id").to_owned());
            }
            Act::Pass
        })
        .await;
        azures.lead(&server.url(), Some(ARM));
        let hubup = env!("CARGO_BIN_EXE_hubup");
        let script = format!("trap '' XFSZ; ulimit -f {kilobytes}; exec {hubup} apply --yes");
        let command = azures.account.other("/bin/bash", &["-c", &script]);
        let ran = tokio::task::spawn_blocking(move || Ran::of(command)).await.unwrap();
        let name = format!("{kilobytes} KiB");
        check(
            &name,
            ran,
            6,
            &["cannot write to `", ".jsonl`", "nothing more is sent", "run the same command"],
        );

        // What is in the journal can be read, and nothing was sent that is not in it.
        let state = StateFolder::new(azures.account.state());
        let setup = config(&azures.account.work().join("hubup.toml"));
        let files = state.runs(setup.answers.setup_id()).unwrap();
        let journal = journal::read(&files[0].path).unwrap();
        let logged: Vec<String> = journal
            .records
            .iter()
            .filter_map(|record| match &record.event {
                RunEvent::CallStarted(call) => Some(call.call.to_string()),
                _ => None,
            })
            .collect();
        for id in sent.lock().unwrap().iter() {
            assert!(logged.contains(id), "{name}: {id} was sent unlogged");
        }
        azures.write(&azures.sandbox.routes());
        check(&name, azures.apply().await, 0, &["17 of 17 done"]);
    }
}

/// The same with the sandbox inside the program: neither world nor journal can grow.
#[cfg(unix)]
#[test]
fn a_full_disk_under_the_sandbox_is_told() {
    for kilobytes in [0, 4, 16, 40, 70] {
        let account = Account::new();
        let hubup = env!("CARGO_BIN_EXE_hubup");
        let script = format!("trap '' XFSZ; ulimit -f {kilobytes}; exec {hubup} {}", APPLY.join(" "));
        let ran = Ran::of(account.other("/bin/bash", &["-c", &script]));
        let code = ran.code.unwrap();
        assert!(matches!(code, 1 | 6), "{kilobytes}: {ran}");
        check(&kilobytes.to_string(), ran, code, &["do:"]);
        account.run(&APPLY).exits(0).tells(&["17 of 17 done"]);
    }
}

/// Disks that are really full or really read-only, where this user may make such a disk for a while.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn real_disks_that_are_full_or_read_only() {
    let may = std::process::Command::new("unshare")
        .args(["-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"])
        .stderr(std::process::Stdio::null())
        .status();
    if !may.is_ok_and(|status| status.success()) {
        // Not every container lets a user mount; the limits above stand for it there.
        return;
    }
    let rows: &[(&str, &str, &[&str])] = &[
        ("size=64k", "true", &["no space left on device", "free some space", "nothing more is sent"]),
        ("size=4k", "head -c 4096 /dev/zero > full", &["no space left on device", "free some space"]),
        ("size=1m", "mount -o remount,ro,size=1m tmpfs .", &["read-only file system", "make it writable"]),
    ];
    for (size, prepare, tells) in rows {
        let azures = Azures::open().await;
        let disk = azures.account.work().join("disk");
        std::fs::create_dir(&disk).unwrap();
        let script = format!(
            "export PATH=/usr/sbin:/usr/bin:/sbin:/bin\nmount -t tmpfs -o {size} tmpfs disk && (cd disk && {prepare})\n\
             {} apply --yes --state-folder disk/state\ncode=$?\n\
             cp disk/state/setups/*/runs/*.jsonl kept.jsonl 2>/dev/null\nexit $code",
            env!("CARGO_BIN_EXE_hubup")
        );
        let command = azures.account.other("/usr/bin/unshare", &["-rm", "/bin/sh", "-c", &script]);
        let ran = tokio::task::spawn_blocking(move || Ran::of(command)).await.unwrap();
        check(size, ran, 6, tells);
        let kept = azures.account.work().join("kept.jsonl");
        if kept.exists() {
            journal::read(&kept).unwrap();
        }
    }
}

/// A plan that is not on the disk was not printed.
#[cfg(target_os = "linux")]
#[test]
fn a_plan_that_cannot_be_printed_is_told() {
    let account = Account::new();
    let script = format!("exec {} plan --sandbox > /dev/full", env!("CARGO_BIN_EXE_hubup"));
    let ran = Ran::of(account.other("/bin/sh", &["-c", &script]));
    check("/dev/full", ran, 6, &["could not be printed"]);
    // A run goes on: what it did stands in its journal.
    let script = format!("exec {} {} > /dev/full", env!("CARGO_BIN_EXE_hubup"), APPLY.join(" "));
    Ran::of(account.other("/bin/sh", &["-c", &script])).exits(0);
    account.run(&APPLY).exits(0).hides(&["PUT "]);
}

/// Where nobody may write, whoever asks: modes do not stop every user, a path below a file and the kernel's own
/// folders do.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_state_folder_that_takes_nothing() {
    let azures = Azures::open().await;
    let file = azures.account.write("a-file", "mine");
    let below = file.join("state");
    let folders = [
        below.as_path(),
        file.as_path(),
        Path::new("/proc/hubup"),
        Path::new("/dev/null/state"),
        Path::new("/dev/null"),
    ];
    for folder in folders {
        for sandbox in [false, true] {
            let mut arguments: Vec<std::ffi::OsString> = if sandbox {
                APPLY.iter().map(Into::into).collect()
            } else {
                vec!["apply".into(), "--yes".into()]
            };
            arguments.extend(["--state-folder".into(), folder.into()]);
            let command = azures.account.command(&arguments);
            let ran = tokio::task::spawn_blocking(move || Ran::of(command)).await.unwrap();
            // Of a path below a file the file is named: it is what is in the way.
            let named = folder.ancestors().find(|above| above.exists()).unwrap().to_string_lossy();
            check(&folder.to_string_lossy(), ran, 6, &[&named, "state"]);
        }
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
}

#[test]
fn a_person_without_a_home() {
    let account = Account::new();
    let elsewhere = account.work().join("state");
    for variable in ["XDG_STATE_HOME", "HUBUP_STATE"] {
        let mut command = account.command(&APPLY);
        command.env_remove("HOME").env(variable, &elsewhere);
        check(variable, Ran::of(command), 0, &["17 of 17 done"]);
    }
    assert!(elsewhere.join("hubup/setups").is_dir() && elsewhere.join("setups").is_dir());
    // A variable that is set to nothing is not set.
    let mut command = account.command(&APPLY);
    command.env("HUBUP_STATE", "").env("XDG_STATE_HOME", "");
    check("empty variables", Ran::of(command), 0, &["17 of 17 done"]);
    assert!(account.state().join("setups").is_dir());
}

/// Settings of the network that cannot work are usage, and no password of theirs is repeated.
#[test]
fn networks_from_hell() {
    let mut account = Account::new();
    let key = rcgen::KeyPair::generate().unwrap();
    let authority = rcgen::CertificateParams::new(Vec::new()).unwrap().self_signed(&key).unwrap();
    let pem = account.write("authority.pem", authority.pem());
    account.write("noise.pem", [27, 0xFF, 7]);
    for (name, value) in [
        ("AZURE_TENANT_ID", "22222222-2222-4222-8222-222222222222"),
        ("AZURE_CLIENT_ID", "33333333-3333-4333-8333-333333333333"),
        ("AZURE_CLIENT_SECRET", "hunter2hunter2"),
        ("SSL_CERT_FILE", &pem.to_string_lossy()),
    ] {
        account.set(name, value);
    }
    let needed = setup_file(&[], 1.0);
    let needed = &needed[..needed.find("[network.routes]").unwrap()];
    account.write("hubup.toml", needed);
    let proxy = format!("http://person:hunter3hunter3@127.0.0.1:{}", dead_port());
    for (proxy, code, tells) in [
        (proxy.as_str(), 7, &["login.microsoftonline.com", "cannot be reached", "the proxy"]),
        ("http://:hunter3hunter3@", 2, &["HTTPS_PROXY", "is not a proxy's URL", "do:"]),
        ("\u{1b}[2J", 2, &["HTTPS_PROXY", "is not a proxy's URL", "do:"]),
    ] {
        let mut command = account.command(&["apply", "--yes"]);
        command.env("HTTPS_PROXY", proxy);
        let ran = Ran::of(command).hides(&["hunter2", "hunter3"]);
        check(proxy, ran, code, tells);
    }
    for (file, tells) in
        [("nowhere.pem", ["CA file", "nowhere.pem", "do:"]), ("noise.pem", ["CA file", "noise.pem", "do:"])]
    {
        account.write("hubup.toml", format!("{needed}[network]\nca_file = \"{file}\"\n"));
        check(file, account.run(&["apply", "--yes"]), 2, &tells);
    }
}

/// Twenty setup files that no program should take, as the program takes them.
#[test]
fn setup_files_from_hell() {
    let needed = "subscription = \"11111111-1111-4111-8111-111111111111\"\nresource_group = \"rg-plant\"\nlocation = \"eastus2\"\n";
    let with = |more: &str| format!("{needed}{more}\n").into_bytes();
    let rows: Vec<(&str, Vec<u8>, &[&str])> = vec![
        ("empty", Vec::new(), &["the setup file is empty"]),
        ("binary", vec![0, 159, 146, 150, 27, b'[', b'2', b'J'], &["hubup.toml"]),
        ("UTF-16", b"\xFF\xFEs\0u\0b\0".to_vec(), &["UTF-16"]),
        ("JSON", b"{\"subscription\": \"x\"}".to_vec(), &["looks like JSON"]),
        ("YAML", b"subscription: x\nresource_group: y\n".to_vec(), &["hubup.toml:1"]),
        (
            "nothing needed is there",
            b"name = \"plant\"\n".to_vec(),
            &["subscription", "resource_group", "location"],
        ),
        (
            "an unknown key",
            with("hub_loction = \"westus2\""),
            &["hubup.toml:4:1", "hub_loction", "`hub_location`"],
        ),
        ("an unknown table", with("[hubs]\nname = \"x\""), &["hubup.toml:4", "`[hub]`"]),
        ("a key twice", with("location = \"westus2\""), &["hubup.toml:4", "location"]),
        ("a text without an end", with("name = \"plant"), &["hubup.toml:4"]),
        ("a wrong type", with("[hub]\ncapacity = \"2\""), &["hubup.toml:5", "`capacity = 2`"]),
        ("a number out of range", with("[certificates]\nleaf_days = 365"), &["hubup.toml:5", "7 to 90"]),
        ("a bad name", with("[hub]\nname = \"plant_hub\""), &["hubup.toml:5", "plant-hub"]),
        ("a placeholder", with("[hub]\nname = \"$HUB_NAME\""), &["placeholder"]),
        (
            "a region as people say it",
            with("hub_location = \"West US 2\""),
            &["`hub_location = \"westus2\"`"],
        ),
        ("a dialect of tomorrow", with("dialect = \"links-2026\""), &["not spoken yet"]),
        ("a secret", with("client_secret = \"hunter2hunter2\""), &["`AZURE_CLIENT_SECRET`"]),
        (
            "plain http to elsewhere",
            with("[network.routes]\n\"a.b\" = \"http://10.0.0.1\""),
            &["tokens must not cross"],
        ),
        ("hurry on Azure", with("[engine]\ntime_scale = 60"), &["hubup.toml:5", "not routed"]),
        ("a tag of ours", with("[tags]\nhubup-setup = \"x\""), &["hubup.toml:5", "remove it"]),
        (
            "escapes",
            with(&format!(
                "name = \"{}\"",
                NASTY.escape_unicode().to_string().replace("\\u{", "\\U000000").replace('}', "")
            )),
            &["hubup.toml:4"],
        ),
        ("raw escapes", with(&format!("name = \"{NASTY}\"")), &["hubup.toml:4"]),
        ("ten megabytes", with(&"x".repeat(10 << 20)), &["larger than 512 KiB"]),
        (
            "a hundred mistakes",
            with(&(0..100).map(|n| format!("key_{n} = 1\n")).collect::<String>()),
            &["hubup.toml:4"],
        ),
    ];
    assert!(rows.len() >= 20);
    let account = Account::new();
    for (name, content, tells) in rows {
        account.write("hubup.toml", content);
        for command in [&["apply", "--yes"][..], &["plan"], &APPLY] {
            let ran = account.run(command).hides(&["hunter2"]);
            assert!(ran.out.is_empty(), "{name}: {ran}");
            assert_eq!(ran.code, Some(2), "{name}: {ran}");
            let ran = ran.tells(tells);
            assert!(ran.err.starts_with("error: ") && ran.err.contains("hubup.toml"), "{name}: {ran}");
            assert!(ran.err.len() < 12_000, "{name}: {}", ran.err.len());
        }
    }
    let folder = account.work().join("folder.toml");
    std::fs::create_dir(&folder).unwrap();
    for (path, tells) in
        [("folder.toml", "is a folder"), ("/dev/null", "not a regular file"), ("hubup.toml/x", "setup file")]
    {
        let ran = account.run(&["plan", "--config", path]).exits(2).tells(&[tells]);
        assert!(ran.out.is_empty(), "{ran}");
    }
    assert!(!account.state().exists(), "nothing was begun");
}
