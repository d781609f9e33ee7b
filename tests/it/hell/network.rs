//! Networks from hell: dead hosts, strangers in Azure's place, answers that are cut, proxies that are none.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hubup::azure::{Azure, Timeouts};
use hubup::domain::{ErrorKind, Exit, Method, RunEvent};
use hubup::engine::{Command as Order, Manner};

use super::support::{ARM, Azures, NASTY, Row, check, chunked, html, nasty_error, row};
use crate::binary::{Account, Ran, config, setup_file};
use crate::stand_in::{Act, Seen, StandIn, dead_port};
use crate::support::{Cloud, collect, example, start};

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
    let azures = Azures::open().await;
    let strangers = strangers();
    let met = strangers.len();
    for Row { name, act, .. } in strangers {
        let server = StandIn::start(Some(azures.sandbox.address()), move |seen| {
            if seen.method == "PUT" { act.clone() } else { Act::Pass }
        })
        .await;
        azures.lead(&server.url(), Some(ARM));
        let ran = azures.apply().await;
        let code = ran.code.unwrap();
        assert!([1, 7].contains(&code), "{name}: {ran}");
        check(name, ran, code, &["access.resource-group"]);
    }
    azures.recovers("all of them").await;
    let setup = config(&azures.account.work().join("hubup.toml"));
    assert_eq!(azures.account.journals(&setup).len(), met + 1);
}

/// What is waited for before there is a run is told.
#[tokio::test(flavor = "multi_thread")]
async fn a_wait_before_the_run_is_told() {
    let azures = Azures::open().await;
    let slow = Act::answer("429 Too Many Requests", "retry-after-ms: 20\r\n", b"");
    let server =
        StandIn::start(Some(azures.sandbox.address()), once(slow, 1, |seen| seen.method == "GET")).await;
    azures.lead(&server.url(), Some(ARM));
    let ran = azures.apply().await.exits(0);
    assert_eq!(ran.err, "Azure asks to slow down; looking again in 20 ms\n");
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
    let all =
        ["/namespaces/", "/roleAssignments/", "/IotHubs/", "/provisioningServices/", "/roleDefinitions/"];
    for (name, act) in rows {
        // A reply that is lost after the fact is the one that could make things twice.
        let some = if matches!(act, Act::Swallow) { &all[..] } else { &all[..2] };
        for what in some.iter().copied() {
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
    let plan = hubup::stages::plan(selection.dialect, &selection.profile, &answers).unwrap();
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
