//! The fault catalogue against the engine: each entry is met by a run, in the sandbox, and reaction and key are asserted.

mod rows;
mod support;

use std::collections::BTreeSet;

use hubup::azure::Azure;
use hubup::domain::catalogue::{self, Place};
use hubup::domain::{Exit, Outcome, StepId};

use crate::support::{Cloud, example};
use support::{Comes, Model, Row, drive, run_steps, told, up_to};

/// Entries whose reaction no step shows, and why.
const ELSEWHERE: [(&str, &str); 3] = [
    ("device-code-pending", "met only while a person enters a code"),
    ("sign-in-needed", "a sign-in of no code that is known: driven by its own test"),
    ("not-reached", "no sandbox answers so: driven by its own test, against a port where nobody listens"),
];

/// What every sign-in code leads to: the token for Graph, the second one of a run, is refused.
fn sign_in() -> Vec<Row> {
    let entries = catalogue::entries().filter(|entry| entry.places == [Place::SignIn]);
    let codes = entries.flat_map(|entry| {
        let codes = entry.matches.iter().flat_map(|condition| condition.codes());
        // The OAuth errors come with a code of a device alone; a secret's refusal is told by its number.
        codes.filter(|code| code.starts_with("AADSTS")).map(|code| (entry.key, *code))
    });
    codes
        .map(|(key, code)| Row {
            key,
            model: Model::Of2025,
            world: "",
            method: "POST",
            path: "*/oauth2/v2.0/token",
            does: format!(
                "after = 1\naction = \"refuse\"\nstatus = 400\nshape = \"sign-in\"\ncode = \"{code}\"\nmessage = \"No.\""
            ),
            step: "access.hub-app",
            comes: Comes::Fails,
        })
        .filter(|row| row.key != "device-code-pending")
        .collect()
}

/// Drives every row, and tells of all that went another way.
async fn all(rows: Vec<Row>) {
    let mut wrong = Vec::new();
    for row in rows {
        let told = format!("{row:?}");
        if let Err(error) = tokio::spawn(async move { drive(&row).await }).await {
            let panic = error.into_panic();
            wrong.push(panic.downcast_ref::<String>().cloned().unwrap_or(told));
        }
    }
    assert!(wrong.is_empty(), "{} rows went another way\n\n{}", wrong.len(), wrong.join("\n\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_ins_that_are_refused() {
    all(sign_in()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_known_by_status_and_kind() {
    all(rows::general()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_of_resources() {
    all(rows::resources()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_of_rights() {
    all(rows::access()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_of_links() {
    all(rows::links()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_of_the_service_plane() {
    all(rows::plane()).await;
}

#[test]
fn no_entry_is_left_out() {
    let tables =
        [sign_in(), rows::general(), rows::resources(), rows::access(), rows::links(), rows::plane()];
    let driven: BTreeSet<&str> = tables.iter().flatten().map(|row| row.key).collect();
    let apart: BTreeSet<&str> = ELSEWHERE.iter().map(|(key, _)| *key).collect();
    for entry in catalogue::entries() {
        assert!(driven.contains(entry.key) || apart.contains(entry.key), "{} is driven nowhere", entry.key);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_where_nobody_listens_is_tried_again_and_told() {
    let cloud = Cloud::open("").await;
    let nobody = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let mut options = cloud.options();
    for (host, to) in &mut options.routes {
        if host == "graph.microsoft.com" {
            to.clone_from(&nobody);
        }
    }
    let azure = Azure::new(options).unwrap();
    azure.sign_in().await.unwrap();
    let plan = cloud.plan(&example()).await;
    let run = run_steps(&cloud, azure, plan, "access.hub-app").await;
    let fault =
        run.progress.step(&StepId::new("access.hub-app")).and_then(|step| step.fault.clone()).unwrap();
    assert_eq!((fault.key.as_deref(), fault.exit), (Some("not-reached"), Exit::NotReached), "{}", told(&run));
    assert!(run.calls().iter().any(|call| call.retry_of.is_some()), "{}", told(&run));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_nobody_knows_is_told_honestly() {
    let refusal = |status: u16, code: &str| {
        format!(
            "[[faults]]\nmethod = \"PUT\"\npath = \"*/IotHubs/*\"\naction = \"refuse\"\nstatus = {status}\ncode = \"{code}\"\n"
        )
    };
    for (status, key) in [(400, None), (409, Some("conflict")), (403, Some("forbidden"))] {
        let cloud = Cloud::open(&refusal(status, "SomethingOfItsOwn")).await;
        let run = up_to(&cloud, "hub.create").await;
        let step = run.progress.step(&StepId::new("hub.create")).unwrap();
        assert_eq!(run.outcome("hub.create"), Some(Outcome::Failed), "{}", told(&run));
        let fault = step.fault.clone().unwrap();
        assert_eq!(fault.key.as_deref(), key);
        assert_eq!(fault.code.as_deref(), Some("SomethingOfItsOwn"));
        assert!(fault.means.as_deref().is_some_and(|means| means.contains("SomethingOfItsOwn")), "{fault:?}");
        support::assert_tells_all(&fault);
    }
    // A sign-in without a known number is told by its kind.
    let world = "[[faults]]\nmethod = \"POST\"\npath = \"*/oauth2/v2.0/token\"\nafter = 1\naction = \"refuse\"\nstatus = 401\nshape = \"sign-in\"\ncode = \"AADSTS999999\"\n";
    let cloud = Cloud::open(world).await;
    let run = up_to(&cloud, "access.hub-app").await;
    let fault =
        run.progress.step(&StepId::new("access.hub-app")).and_then(|step| step.fault.clone()).unwrap();
    assert_eq!((fault.key.as_deref(), fault.exit), (Some("sign-in-needed"), Exit::SignIn), "{fault:?}");
}
