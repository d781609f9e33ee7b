//! Runs of `links-2026` in the sandbox: the choice in every world, links that fail, half-settled namespaces, data planes that
//! know nothing, roles that are missing.

use std::collections::BTreeSet;

use hubup::domain::{Answers, Certificates, Exit, IdentityKind, Method, Outcome, Purpose, RunEvent, StepId};
use hubup::engine::Manner;
use serde_json::Value;

use crate::support::{Cloud, LINKS, Run, example};

#[track_caller]
fn assert_complete(run: &Run) {
    for outcome in [Outcome::Failed, Outcome::Blocked, Outcome::Warned] {
        assert_eq!(run.with_outcome(outcome), Vec::<String>::new(), "{}", told(run));
    }
    assert_eq!(*run.result.as_ref().unwrap(), Exit::Complete, "{}", told(run));
}

fn told(run: &Run) -> String {
    let lines = run.records.iter().filter_map(hubup::domain::line);
    lines.map(|line| format!("{:<34} {}", line.step, line.text)).collect::<Vec<_>>().join("\n")
}

/// A world in which roles hold as soon as they are given, so that each write is counted.
fn links(more: &str) -> String {
    format!("{LINKS}{more}[latency]\nrole_effective = 0\n")
}

/// The bodies of the changes that `step` sent to the namespace, with their methods.
fn written(run: &Run, step: &'static str) -> Vec<(Method, Value)> {
    let step = StepId::new(step);
    run.calls()
        .iter()
        .filter(|call| call.step.as_ref() == Some(&step) && call.purpose == Purpose::Change)
        .map(|call| (call.shown.method, call.shown.body.clone().unwrap_or_default()))
        .collect()
}

/// The endpoints that a body names.
fn endpoints(body: &Value) -> BTreeSet<String> {
    let place = |name: &str| {
        let found = body.pointer(&format!("/properties/{name}/endpoints")).and_then(Value::as_object);
        found.into_iter().flatten().map(|(key, _)| key.clone()).collect::<Vec<_>>()
    };
    place("messaging").into_iter().chain(place("provisioning")).collect()
}

/// Nothing that the namespace showed as linked was sent after that.
#[track_caller]
fn assert_nothing_linked_was_sent(run: &Run) {
    let mut linked: BTreeSet<String> = BTreeSet::new();
    for record in &run.records {
        match &record.event {
            RunEvent::CallFinished(reply)
                if reply.method == Method::Get && reply.target.starts_with("namespaces/") =>
            {
                let Some(body) = &reply.body else { continue };
                for place in ["messaging", "provisioning", "updating"] {
                    let found =
                        body.pointer(&format!("/properties/{place}/endpoints")).and_then(Value::as_object);
                    for (key, endpoint) in found.into_iter().flatten() {
                        if endpoint["linkingState"] == "Succeeded" {
                            linked.insert(key.clone());
                        }
                    }
                }
            }
            RunEvent::CallStarted(call)
                if call.purpose == Purpose::Change && call.shown.url.contains("/namespaces/") =>
            {
                match call.shown.method {
                    Method::Put | Method::Patch => {
                        let sent = endpoints(call.shown.body.as_ref().unwrap_or(&Value::Null));
                        let again: Vec<_> = sent.intersection(&linked).collect();
                        assert!(again.is_empty(), "sent though linked: {again:?}\n{}", told(run));
                    }
                    Method::Delete => linked.clear(),
                    _ => {}
                }
            }
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn auto_speaks_what_each_world_serves_and_finishes() {
    for (world, dialect, why) in [
        ("", "preview-2025", "namespaces 2025-11-01-preview"),
        (LINKS, "links-2026", "certificateAuthorities 2026-11-01"),
        ("base = \"both-models\"\n", "links-2026", "certificateAuthorities 2026-11-01"),
        ("base = \"old-refused\"\n", "links-2026", "certificateAuthorities 2026-11-01"),
    ] {
        let cloud = Cloud::open(world).await;
        let answers = example();
        let selection = cloud.select(&cloud.azure().await, &answers).await;
        assert_eq!(selection.dialect.id, dialect, "{world}: {}", selection.because);
        assert!(selection.because.contains(why), "{world}: {}", selection.because);
        assert_complete(&cloud.apply(&answers, &[]).await);
        // With everything there, the namespace says the same.
        let again = cloud.select(&cloud.azure().await, &answers).await;
        assert_eq!(again.dialect.id, dialect, "{world}: {}", again.because);
        assert!(again.because.contains("is of that model"), "{world}: {}", again.because);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_listed_and_refused_is_a_hint_where_the_new_is_not_listed() {
    let world = "base = \"old-refused\"\n\
        [types.\"Microsoft.DeviceRegistry\".\"namespaces/certificateAuthorities\"]\nlisted_versions = []\n\
        [types.\"Microsoft.DeviceRegistry\".\"namespaces/certificateAuthorities/certificatePolicies\"]\nlisted_versions = []\n";
    let cloud = Cloud::open(world).await;
    let answers = example();
    let selection = cloud.select(&cloud.azure().await, &answers).await;
    assert_eq!(selection.dialect.id, "links-2026", "{}", selection.because);
    assert!(selection.because.contains("DisallowedResourceOperation"), "{}", selection.because);
    assert_complete(&cloud.apply(&answers, &[]).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setup_is_made_and_made_again_without_a_change() {
    for (identity_kind, certificates) in [
        (IdentityKind::SystemAssigned, Certificates::On { leaf_days: 30 }),
        (IdentityKind::UserAssigned, Certificates::On { leaf_days: 7 }),
        (IdentityKind::SystemAssigned, Certificates::Off),
    ] {
        let cloud = Cloud::open(&links("")).await;
        let answers = Answers { identity_kind, certificates, ..example() };
        let run = cloud.apply(&answers, &[]).await;
        assert_complete(&run);
        assert_nothing_linked_was_sent(&run);
        assert_eq!(written(&run, "link.connect").len(), 1, "one write\n{}", told(&run));
        let again = cloud.apply(&answers, &[]).await;
        assert_complete(&again);
        assert_eq!(again.with_outcome(Outcome::Done), Vec::<String>::new(), "{}", told(&again));
        let mut different = BTreeSet::new();
        let calls = run.calls();
        let count = calls.iter().filter(|call| {
            !call.shown.method.is_read() || different.insert((call.step.clone(), call.shown.url.clone()))
        });
        let count = count.count();
        assert!(count <= 75, "{count} requests");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_registry_version_speaks_to_a_namespace() {
    let cloud = Cloud::open(LINKS).await;
    let insists = [("Microsoft.DeviceRegistry/namespaces".to_owned(), "2026-11-01-preview".to_owned())];
    let answers = Answers { api_versions: insists.into(), ..example() };
    let run = cloud.apply(&answers, &[]).await;
    assert_complete(&run);
    let versions: BTreeSet<String> = run
        .calls()
        .iter()
        .filter(|call| {
            call.shown.url.contains("Microsoft.DeviceRegistry/")
                && !call.shown.url.contains("Microsoft.Authorization")
        })
        .filter(|call| !call.shown.url.contains("/locations/"))
        .map(|call| call.shown.url.split("api-version=").nth(1).unwrap().to_owned())
        .collect();
    assert_eq!(versions, BTreeSet::from(["2026-11-01-preview".to_owned()]), "{}", told(&run));
}

const CODES: [&str; 6] = [
    "AdrMiNotAuthorized",
    "LinkableResourceNotReady",
    "AuthorizationFailed",
    "LinkInitiateFailed",
    "NamespaceMiTokenAcquisitionFailed",
    "OutboundIdentityUnavailable",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_fails_for_roles_is_sent_again_and_succeeds() {
    for (index, code) in CODES.iter().enumerate() {
        for endpoint in ["hub", "dps"] {
            let times = 1 + index % 3;
            let outright = index % 2 == 0 && endpoint == "hub";
            let failures = format!(
                "[links]\nfailures = [{{ endpoint = \"{endpoint}\", code = \"{code}\", times = {times}, outright = {outright} }}]\n"
            );
            let cloud = Cloud::open(&links(&failures)).await;
            let run = cloud.apply(&example(), &[]).await;
            assert_complete(&run);
            assert_nothing_linked_was_sent(&run);
            assert_eq!(written(&run, "link.connect").len(), 1 + times, "{code} {endpoint}\n{}", told(&run));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_fails_for_good_or_for_ever_is_told() {
    for (code, times, writes) in
        [("ADRLinkingFailed", 1, 1), ("AdrMiNotAuthorized", 99, 9), ("LinkableResourceNotReady", 99, 9)]
    {
        let failures =
            format!("[links]\nfailures = [{{ endpoint = \"hub\", code = \"{code}\", times = {times} }}]\n");
        let cloud = Cloud::open(&links(&failures)).await;
        let run = cloud.apply(&example(), &[]).await;
        assert_eq!(run.with_outcome(Outcome::Failed), ["link.connect"], "{code}\n{}", told(&run));
        assert_nothing_linked_was_sent(&run);
        let sent = written(&run, "link.connect");
        assert_eq!(sent.len(), writes, "{code}\n{}", told(&run));
        assert!(sent.iter().all(|(method, _)| *method != Method::Delete), "never under --yes");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_that_never_links_is_made_anew_at_the_persons_word() {
    let failures = "[links]\nfailures = [{ endpoint = \"hub\", code = \"AdrMiNotAuthorized\", times = 9 }, \
                    { endpoint = \"dps\", code = \"LinkInitiateFailed\", times = 9 }]\n";
    let cloud = Cloud::open(&links(failures)).await;
    let answers = example();
    let choices = [(StepId::new("link.connect"), "anew".to_owned())].into();
    let manner = Manner { yes: true, end_when_idle: true, choices, ..Manner::default() };
    let plan = cloud.plan(&answers).await;
    let (_, running) = cloud.begin(&answers, manner, vec![hubup::engine::Command::Confirm(plan.ids())]).await;
    let run = crate::support::collect(running).await;
    assert_complete(&run);
    assert_nothing_linked_was_sent(&run);
    let deleted =
        written(&run, "link.connect").iter().filter(|(method, _)| *method == Method::Delete).count();
    assert_eq!(deleted, 1, "{}", told(&run));
}

#[tokio::test(flavor = "multi_thread")]
async fn half_settled_states_are_healed() {
    for (knobs, healed) in [
        ("half_settled = true", true),
        ("half_settled = true\nheal_needed_polls = 5", true),
        ("omits_dps_polls = 4", false),
        ("moves_to_updating = true", false),
        ("half_settled = true\nomits_dps_polls = 2\nmoves_to_updating = true", true),
        ("ghost = true", false),
    ] {
        let cloud = Cloud::open(&links(&format!("[links]\n{knobs}\n"))).await;
        let run = cloud.apply(&example(), &[]).await;
        assert_complete(&run);
        assert_nothing_linked_was_sent(&run);
        let heals = written(&run, "link.settle");
        assert_eq!(heals.is_empty(), !healed, "{knobs}\n{}", told(&run));
        for (method, body) in heals {
            assert_eq!(method, Method::Patch);
            assert_eq!(body.as_object().unwrap().keys().collect::<Vec<_>>(), ["tags"], "{body}");
            assert_eq!(body["tags"]["hubup-setup"], "contoso-factory", "{body}");
        }
        assert!(written(&run, "link.connect").len() <= 1, "{knobs}\n{}", told(&run));
        assert_complete(&cloud.apply(&example(), &[]).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_missing_role_is_told_and_a_late_one_is_waited_for() {
    for grant in ["namespace.hub-roles", "namespace.dps-roles", "namespace.own-roles"] {
        let cloud = Cloud::open(LINKS).await;
        let run = cloud.apply(&example(), &[grant]).await;
        assert_eq!(run.with_outcome(Outcome::Failed), ["link.connect"], "without {grant}: {}", told(&run));
        let fault = run.progress.step(&StepId::new("link.connect")).unwrap().fault.clone().unwrap();
        assert!(
            fault.says.contains("roles") && fault.remedy.contains("--answer link.connect=stop"),
            "{fault:?}"
        );
        // Given after all, the setup goes on to its end.
        assert_complete(&cloud.apply(&example(), &[]).await);
    }
    let cloud = Cloud::open(&format!("{LINKS}[latency]\nrole_effective = 150\n")).await;
    assert_complete(&cloud.apply(&example(), &[]).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_does_not_link_is_named_with_the_way_out() {
    let cloud = Cloud::open(&links("[links]\ndisabled_versions = [\"2026-11-01\"]\n")).await;
    let run = cloud.apply(&example(), &[]).await;
    assert_eq!(run.with_outcome(Outcome::Failed), ["link.connect"], "{}", told(&run));
    let fault = run.progress.step(&StepId::new("link.connect")).unwrap().fault.clone().unwrap();
    assert!(
        fault.says.contains("LinkableResourceNotReady")
            || fault.code.as_deref() == Some("LinkableResourceNotReady"),
        "{fault:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_data_plane_is_told_before_the_enrollment_and_again_where_it_must() {
    let cloud = Cloud::open(LINKS).await;
    // Skipped, it is made up for by the step that needs it.
    let run = cloud.apply(&example(), &["certificates.push"]).await;
    assert_eq!(run.with_outcome(Outcome::Failed), Vec::<String>::new(), "{}", told(&run));
    assert!(
        written(&run, "enrollment.group").iter().any(|(method, _)| *method == Method::Patch),
        "{}",
        told(&run)
    );
    let version = [("DPS service plane".to_owned(), "2025-07-01-preview".to_owned())];
    let cloud = Cloud::open(LINKS).await;
    let run = cloud.apply(&Answers { api_versions: version.into(), ..example() }, &[]).await;
    assert_eq!(run.with_outcome(Outcome::Failed), ["enrollment.group"], "{}", told(&run));
    let puts = written(&run, "enrollment.group").iter().filter(|(method, _)| *method == Method::Put).count();
    assert!(puts <= 1, "not sent again\n{}", told(&run));
}
