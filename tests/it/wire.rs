//! Shown = sent = logged: what goes over the wire is what the journal says, and the journal says it first.
//!
//! A proxy stands between the program and a sandbox. When a change arrives there, its line must be in the journal
//! already: that is what lets a run be resumed after any end.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use hubup::domain::{CallRecord, Record, RunEvent};
use serde_json::Value;

use crate::binary::{Account, setup_file};
use crate::stand_in::{Act, Seen, StandIn};
use crate::support::Cloud;

/// The whole lines of all journals below `folder`, read as anybody could.
fn lines(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for setup in std::fs::read_dir(folder.join("setups")).into_iter().flatten().flatten() {
        for run in std::fs::read_dir(setup.path().join("runs")).into_iter().flatten().flatten() {
            let text = std::fs::read_to_string(run.path()).unwrap();
            let whole = text.rfind('\n').map_or("", |end| &text[..end]);
            found.extend(whole.lines().map(ToOwned::to_owned));
        }
    }
    found
}

fn started(line: &str) -> Option<CallRecord> {
    match serde_json::from_str::<Record>(line).unwrap().event {
        RunEvent::CallStarted(call) => Some(*call),
        _ => None,
    }
}

/// What does not fit between what was `sent` and the record of it.
fn difference(sent: &Seen, record: &CallRecord, host: &str) -> Option<String> {
    let shown = &record.shown;
    let url = format!("https://{host}{}", sent.target);
    if sent.method != shown.method.as_str() {
        return Some(format!("sent {}, logged {}", sent.method, shown.method));
    }
    // A status URL is signed; the log has it without its signature.
    if url != shown.url && !shown.url.contains("***") {
        return Some(format!("sent {url}, logged {}", shown.url));
    }
    for (name, value) in &shown.headers {
        if sent.header(&name.to_ascii_lowercase()) != value {
            return Some(format!("header {name}: sent {}, logged {value}", sent.header(name)));
        }
    }
    let logged = shown.body.as_ref().map(|body| serde_json::to_string(body).unwrap()).unwrap_or_default();
    let body = String::from_utf8(sent.body.clone()).unwrap();
    same_but_secrets(&logged, &body).err().map(|why| format!("{why}: sent {body}, logged {logged}"))
}

/// Says whether `sent` is `logged` with each mark of a secret filled, byte for byte. The secrets are given back.
fn same_but_secrets(logged: &str, sent: &str) -> Result<Vec<String>, String> {
    let mut secrets = Vec::new();
    let mut rest = sent;
    let mut parts = logged.split("{secret: ");
    let first = parts.next().unwrap_or_default();
    rest = rest.strip_prefix(first).ok_or("the beginnings differ")?;
    for part in parts {
        let (_, after) = part.split_once('}').ok_or("a mark without an end")?;
        // Behind a secret stands the end of its text, or more of it.
        let end = match after.find('"') {
            Some(quote) => rest.find(&after[..=quote]).ok_or("the text behind a secret differs")?,
            None => return Err("a secret that ends nothing".to_owned()),
        };
        secrets.push(rest[..end].to_owned());
        rest = rest[end..].strip_prefix(after).ok_or("what follows a secret differs")?;
    }
    if rest.is_empty() { Ok(secrets) } else { Err("more was sent than logged".to_owned()) }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_change_is_in_the_journal_before_it_is_sent_and_as_it_is_sent() {
    let Cloud { sandbox, folder, .. } = Cloud::open("").await;
    let account = Account::new().signed_in(&sandbox.sign_in());
    let state: PathBuf = account.state();

    let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
    let troubles: Arc<Mutex<Vec<String>>> = Arc::default();
    let (all, wrong) = (seen.clone(), troubles.clone());
    let proxy = StandIn::start(Some(sandbox.address()), move |request| {
        let id = request.header("x-ms-client-request-id");
        let signs_in = request.header("host").starts_with("login.");
        if request.is_change() && !signs_in {
            let logged = lines(&state);
            let record = logged.iter().filter(|line| line.contains(id)).find_map(|line| started(line));
            let trouble = match &record {
                _ if id.is_empty() => Some("has no id".to_owned()),
                None => Some("is not in the journal when it arrives".to_owned()),
                Some(record) => difference(request, record, request.header("host")),
            };
            if let Some(trouble) = trouble {
                let what = format!("{} {} {trouble}", request.method, request.target);
                wrong.lock().unwrap().push(what);
            }
        }
        if !signs_in {
            all.lock().unwrap().push(request.clone());
        }
        Act::Pass
    })
    .await;
    let routes: Vec<(String, String)> =
        sandbox.routes().into_iter().map(|(host, _)| (host, proxy.url())).collect();
    account.write("hubup.toml", setup_file(&routes, 1e6));
    let runner = tokio::task::spawn_blocking(move || {
        let ran = account.run(&["apply", "--yes", "--no-check"]).exits(0).tells(&["17 of 17 done"]);
        (account, ran)
    });
    let (account, ran) = runner.await.unwrap();
    assert_eq!(*troubles.lock().unwrap(), Vec::<String>::new());

    // Every request was logged, looks included, and every logged call was sent: once, under its own id.
    let mut records: BTreeMap<String, CallRecord> = BTreeMap::new();
    for record in lines(&account.state()).iter().filter_map(|line| started(line)) {
        assert!(records.insert(record.call.to_string(), record).is_none(), "an id is used once");
    }
    let mut secrets = Vec::new();
    for sent in seen.lock().unwrap().iter() {
        let id = sent.header("x-ms-client-request-id");
        let Some(record) = records.remove(id) else {
            // Looks at what is offered, before there is a run.
            let offers = sent.method == "GET" && sent.target.starts_with("/subscriptions/");
            assert!(offers && sent.target.contains("/providers/Microsoft.Devi"), "{sent:?} was not logged");
            continue;
        };
        if let Some(trouble) = difference(sent, &record, sent.header("host")) {
            panic!("{} {}: {trouble}", sent.method, sent.target);
        }
        if let Some(logged) = &record.shown.body {
            let logged = serde_json::to_string(logged).unwrap();
            secrets.extend(same_but_secrets(&logged, std::str::from_utf8(&sent.body).unwrap()).unwrap());
        }
    }
    assert!(records.is_empty(), "logged and never sent: {records:?}");

    // The secret that went out is the world's, and stands nowhere else.
    assert!(!secrets.is_empty(), "the hub's connection string goes out once");
    let journal = lines(&account.state()).concat();
    for secret in &secrets {
        assert!(!journal.contains(secret) && !ran.out.contains(secret), "a secret is logged");
    }
    let world = std::fs::read_to_string(folder.path().join("sandbox/world.json")).unwrap();
    let world: Value = serde_json::from_str(&world).unwrap();
    let keys = world.to_string();
    assert!(secrets.iter().all(|secret| keys.contains(secret)), "what was sent are keys of the world");
}

#[test]
fn marks_are_filled_and_nothing_else() {
    let logged = r#"{"a":"x{secret: key}","b":"{secret: other}","c":1}"#;
    let sent = r#"{"a":"x1234","b":"56","c":1}"#;
    assert_eq!(same_but_secrets(logged, sent), Ok(vec!["1234".to_owned(), "56".to_owned()]));
    for wrong in [r#"{"a":"y1234","b":"56","c":1}"#, r#"{"a":"x1234","b":"56","c":2}"#, ""] {
        assert!(same_but_secrets(logged, wrong).is_err(), "{wrong}");
    }
}
