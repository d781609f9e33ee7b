//! Names, plans, progress, templates: what they accept and what they give.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::json;

use super::*;

fn step(id: &'static str, needs: Vec<Need>) -> Step {
    Step::new(StepId::new(id), id, |_, _, _| {
        Ok(Next::Done { outcome: Outcome::Done, note: None, outputs: StepOutputs::new() })
    })
    .needing(needs)
}

fn plan(steps: Vec<Step>) -> Result<Plan, PlanError> {
    Plan::new(vec![PlannedStage { id: StageId::new("s"), heading: "S".into(), steps }])
}

const A: StepId = StepId::new("a");
const B: StepId = StepId::new("b");
const C: StepId = StepId::new("c");
const D: StepId = StepId::new("d");

fn record(seq: u64, event: RunEvent) -> Record {
    Record { at: Timestamp::from_second(i64::try_from(seq).unwrap()).unwrap(), seq, event }
}

#[test]
fn names_follow_the_rules_and_are_mended() {
    let cases: &[(NameKind, &str, Option<Option<&str>>)] = &[
        (NameKind::Namespace, "contoso-ns2", None),
        (NameKind::Namespace, "Contoso NS", Some(Some("contoso-ns"))),
        (NameKind::Namespace, "-x", Some(None)),
        (NameKind::Namespace, "ends-", Some(Some("ends"))),
        (NameKind::Hub, "Hub-1", None),
        (NameKind::Hub, "my_hub", Some(Some("my-hub"))),
        (NameKind::Hub, &"h".repeat(51), Some(Some(&"h".repeat(50)))),
        (NameKind::Policy, "de", Some(None)),
        (NameKind::ResourceGroup, "rg (test)", Some(Some("rg-(test)"))),
        (NameKind::ResourceGroup, "rg.", Some(Some("rg"))),
        (NameKind::EnrollmentGroup, "group:1", None),
        (NameKind::EnrollmentGroup, ":group", Some(Some("group"))),
        (NameKind::Location, "East US 2", Some(None)),
        (NameKind::Guid, "11111111-1111-4111-8111-111111111111", None),
        (NameKind::Guid, "11111111111141118111111111111111", Some(None)),
    ];
    for (kind, name, expected) in cases {
        let found = kind.check(name).map(|finding| finding.suggestion);
        if *kind == NameKind::Location {
            assert!(found.is_some(), "{name}");
            continue;
        }
        assert_eq!(found, expected.map(|suggestion| suggestion.map(str::to_owned)), "{kind:?} {name}");
    }
}

proptest! {
    #[test]
    fn a_suggestion_always_fits(name in "\\PC{0,80}") {
        for kind in [
            NameKind::Setup, NameKind::ResourceGroup, NameKind::Identity, NameKind::Namespace, NameKind::Policy,
            NameKind::Hub, NameKind::Dps, NameKind::EnrollmentGroup, NameKind::Role, NameKind::Location,
            NameKind::TagName,
        ] {
            if let Some(Finding { suggestion: Some(suggestion), .. }) = kind.check(&name) {
                prop_assert!(kind.check(&suggestion).is_none(), "{kind:?}: {name:?} -> {suggestion:?}");
            }
        }
    }

    #[test]
    fn cleaned_text_holds_nothing_that_steers_a_terminal(text in any::<String>(), longest in 0_usize..200) {
        let cleaned = clean(&text, longest);
        prop_assert!(cleaned.chars().all(|c| c == '\n' || !c.is_control()));
        prop_assert!(cleaned.chars().count() <= longest + 1);
    }

    #[test]
    fn a_target_is_short_and_never_tells_a_query(path in "[ -~]{0,120}") {
        let told = target(&format!("https://management.azure.com/{path}?api-version=x&sig=secret"));
        prop_assert!(!told.contains("sig=secret"));
        prop_assert!(told.chars().count() <= 73);
    }
}

#[test]
fn targets_are_what_a_person_recognises() {
    let cases = [
        (
            "https://m/subscriptions/s/resourceGroups/g/providers/Microsoft.Devices/IotHubs/h?api-version=1",
            "IotHubs/h",
        ),
        ("https://m/subscriptions/s/resourcegroups/g?api-version=1", "resourcegroups/g"),
        ("https://dps.example/enrollmentGroups/group?api-version=1", "enrollmentGroups/group"),
        ("https://m/subscriptions/s/providers/Microsoft.Devices", "Microsoft.Devices"),
        ("", ""),
    ];
    for (url, expected) in cases {
        assert_eq!(target(url), expected, "{url}");
    }
}

#[test]
fn a_plan_refuses_what_does_not_hold_together() {
    assert_eq!(plan(vec![step("a", vec![]), step("a", vec![])]).unwrap_err(), PlanError::Twice(A));
    let missing = plan(vec![step("a", vec![Need::value(B)])]).unwrap_err();
    assert_eq!(missing, PlanError::Missing { step: A, needs: B });
    let circle = plan(vec![step("a", vec![Need::value(B)]), step("b", vec![Need::effect(A)])]).unwrap_err();
    assert_eq!(circle, PlanError::Circle(A));
}

#[test]
fn skipping_blocks_by_value_and_casts_doubt_by_effect() {
    let plan = plan(vec![
        step("a", vec![]),
        step("b", vec![Need::value(A)]),
        step("c", vec![Need::value(B)]),
        step("d", vec![Need::effect(C)]),
    ])
    .unwrap();
    let impact = plan.impact(&[A]);
    assert_eq!((impact.blocked, impact.doubtful, impact.free), (vec![B, C], vec![D], vec![]));
    let impact = plan.impact(&[C]);
    assert_eq!((impact.blocked, impact.doubtful, impact.free), (vec![], vec![D], vec![A, B]));
}

#[test]
fn the_fingerprint_tells_plans_apart() {
    let one = plan(vec![step("a", vec![]), step("b", vec![Need::value(A)])]).unwrap();
    let other = plan(vec![step("a", vec![]), step("b", vec![Need::effect(A)])]).unwrap();
    assert_eq!(one.fingerprint(), one.clone().fingerprint());
    assert_ne!(one.fingerprint(), other.fingerprint());
}

#[test]
fn progress_tells_every_state() {
    let plan =
        plan(vec![step("a", vec![]), step("b", vec![Need::value(A)]), step("c", vec![Need::effect(A)])])
            .unwrap();
    let outline = plan.outline();
    let mut progress = Progress::of(&outline, None);
    let state = |progress: &Progress, index: usize| progress.state(&outline[0].steps[index]);
    assert_eq!(state(&progress, 0), StepState::Ready);
    assert_eq!(state(&progress, 1), StepState::NotYet);
    progress.apply(&record(1, RunEvent::StepQueued { step: A }));
    assert_eq!(state(&progress, 0), StepState::Queued);
    progress.apply(&record(2, RunEvent::StepStarted { step: A, look: false }));
    assert_eq!(state(&progress, 0), StepState::Running);
    let waiting = RunEvent::StepWaiting { step: A, why: "w".into(), millis: 1, bound: 2 };
    progress.apply(&record(3, waiting.clone()));
    progress.apply(&record(4, waiting));
    assert_eq!(state(&progress, 0), StepState::Waiting);
    assert_eq!(
        progress.step(&A).unwrap().waiting.as_ref().unwrap().1.as_second(),
        3,
        "waits since the first"
    );
    let ask = Ask {
        question: "q".into(),
        differs: vec![],
        choices: vec![("use".into(), "u".into())],
        under_yes: None,
    };
    progress.apply(&record(5, RunEvent::Asked(Question { number: 1, step: A, ask })));
    assert_eq!((state(&progress, 0), progress.questions.len()), (StepState::AsksYou, 1));
    let outputs = BTreeMap::from([("id".to_owned(), "x".to_owned())]);
    let done =
        |outcome, outputs| RunEvent::StepFinished { step: A, outcome, note: None, fault: None, outputs };
    progress.apply(&record(6, done(Outcome::Skipped, BTreeMap::new())));
    assert!(progress.questions.is_empty());
    assert_eq!((state(&progress, 1), state(&progress, 2)), (StepState::NotYet, StepState::Ready));
    assert_eq!(progress.verdict_over([&A]), Exit::Complete);
    assert_eq!(progress.verdict(), Exit::Left);
    progress.apply(&record(7, done(Outcome::Done, outputs)));
    assert_eq!(progress.outputs.get(&A, "id"), Some("x"));
    assert_eq!(state(&progress, 1), StepState::Ready);
    let counts = progress.counts(&outline);
    assert_eq!((counts.done, counts.left, counts.all), (1, 2, 3));
}

#[test]
fn the_gravest_cause_decides_the_exit() {
    let plan = plan(vec![step("a", vec![]), step("b", vec![])]).unwrap();
    let mut progress = Progress::of(&plan.outline(), None);
    let failed = |step: StepId, exit| RunEvent::StepFinished {
        step,
        outcome: Outcome::Failed,
        note: None,
        fault: Some(Box::new(Fault::new("x", "y").exiting(exit))),
        outputs: BTreeMap::new(),
    };
    progress.apply(&record(1, failed(A, Exit::Failed)));
    progress.apply(&record(2, failed(B, Exit::NotPermitted)));
    assert_eq!(progress.verdict(), Exit::NotPermitted);
}

#[test]
fn holes_are_filled_or_named() {
    let mut outputs = Outputs::default();
    let text =
        Text::from("HostName=").then(Text::slot(&A, "host")).then(";Key=").then(Text::secret("hub key"));
    assert_eq!(text.shown(&outputs), "HostName={a.host};Key={secret: hub key}");
    outputs.set(&A, BTreeMap::from([("host".to_owned(), "h".to_owned())]));
    assert_eq!(text.shown(&outputs), "HostName=h;Key={secret: hub key}");
    let mut missing = Vec::new();
    let filled = text.fill(&outputs, &|name| (name == "hub key").then(|| "k".to_owned()), &mut missing);
    assert_eq!((filled.as_str(), missing.len()), ("HostName=h;Key=k", 0));
    let known = Text::slot_or(&B, "id", "/named");
    assert_eq!(known.shown(&outputs), "/named");
    let derived = Text::derived(Text::from("X|").then(Text::slot(&A, "host")));
    assert_eq!(derived.shown(&outputs), derived_uuid("x|H").to_string());
    assert_eq!(derived.shown(&Outputs::default()), "{derived-id}");
}

#[test]
fn a_request_is_escaped_and_merged() {
    let request =
        Request::new(Method::Put, Auth::ResourceManager, "host", "/a b/servicePrincipals(appId='x')", "v")
            .with_query("$filter", "name eq 'a&b'");
    let shown = request.shown(&Outputs::default());
    assert_eq!(
        shown.url,
        "https://host/a%20b/servicePrincipals(appId='x')?api-version=v&$filter=name%20eq%20%27a%26b%27"
    );
    let mut merge = request.clone();
    merge.body = Body::MergeInto {
        read: Some(json!({ "properties": { "iotHubs": [{ "connectionString": "****" }], "kept": 1 } })),
        patches: vec![Patch::Append("/properties/iotHubs".into(), object([("location", "x".into())]))],
    };
    assert_eq!(
        merge.shown(&Outputs::default()).body.unwrap(),
        json!({ "properties": { "iotHubs": [{ "connectionString": "****" }, { "location": "x" }], "kept": 1 } })
    );
    if let Body::MergeInto { read, .. } = &mut merge.body {
        *read = None;
    }
    assert_eq!(
        merge.shown(&Outputs::default()).body.unwrap(),
        json!({ "properties": { "iotHubs": [{ "location": "x" }] } })
    );
    let next = request.following("https://host/next?skip token");
    assert_eq!(next.shown(&Outputs::default()).url, "https://host/next?skip token");
}

#[test]
fn replay_gives_what_was_seen_and_then_the_next_move() {
    let request = Request::new(Method::Get, Auth::ResourceManager, "h", "/p", "v");
    let step = Step::new(A, "a", move |_, _, replay| {
        let mut patience = Patience::of(Duration::from_secs(20));
        while replay.read(&request)?.is_err() {
            if !replay.wait(&mut patience, "not yet", Duration::from_secs(10))? {
                return Ok(Next::Fail(Fault::new("gave up", "retry")));
            }
        }
        Ok(Next::Done { outcome: Outcome::Done, note: None, outputs: StepOutputs::new() })
    });
    let error = || Turn::Read(Err(ServiceError::local(ErrorKind::NotFound, "no")));
    let waited = || Turn::Waited(Duration::from_secs(10));
    let next = |turns: Vec<Turn>, grace| {
        step.next(
            &example(),
            &Outputs::default(),
            &Seen { turns, grace: Duration::from_secs(grace), ..Seen::default() },
        )
    };
    assert!(matches!(next(vec![], 0), Next::Read(_)));
    assert!(matches!(next(vec![error()], 0), Next::Wait { .. }));
    assert!(matches!(next(vec![error(), waited()], 0), Next::Read(_)));
    let spent = vec![error(), waited(), error(), waited(), error()];
    assert!(matches!(next(spent.clone(), 0), Next::Fail(_)));
    assert!(matches!(next(spent, 10), Next::Wait { .. }), "grace lengthens the wait that had ended");
}

#[test]
fn grace_does_not_undo_a_wait_that_was_given_up() {
    let request = Request::new(Method::Get, Auth::ResourceManager, "h", "/p", "v");
    let step = Step::new(A, "a", move |_, _, replay| {
        for round in 0..2 {
            let mut patience = Patience::of(Duration::from_secs(10));
            while replay.read(&request)?.is_err() {
                if !replay.wait(&mut patience, "not yet", Duration::from_secs(10))? {
                    break;
                }
            }
            if round == 0 {
                replay.redo(&[B], "once more")?;
            }
        }
        Ok(Next::Fail(Fault::new("gave up", "retry")))
    });
    let error = || Turn::Read(Err(ServiceError::local(ErrorKind::NotFound, "no")));
    let waited = || Turn::Waited(Duration::from_secs(10));
    let next = |turns: &[Turn], grace| {
        let seen = Seen { turns: turns.to_vec(), grace: Duration::from_secs(grace), ..Seen::default() };
        step.next(&example(), &Outputs::default(), &seen)
    };
    let mut turns = vec![error(), waited(), error(), Turn::Redone, error(), waited(), error()];
    assert!(matches!(next(&turns, 0), Next::Fail(_)));
    // The first round stays over, the second one lasts longer, and then it ends.
    assert!(matches!(next(&turns, 10), Next::Wait { .. }));
    turns.push(waited());
    assert!(matches!(next(&turns, 10), Next::Read(_)));
    turns.push(error());
    assert!(matches!(next(&turns, 10), Next::Fail(_)));
}

#[test]
fn a_step_that_lost_its_place_fails_and_makes_no_move() {
    let request = Request::new(Method::Put, Auth::ResourceManager, "h", "/p", "v");
    let step = Step::new(A, "a", move |_, _, replay| {
        let _ = replay.write(&request)?;
        Ok(Next::Done { outcome: Outcome::Done, note: None, outputs: StepOutputs::new() })
    });
    let seen = Seen { turns: vec![Turn::Redone], grace: Duration::ZERO, ..Seen::default() };
    assert!(matches!(step.next(&example(), &Outputs::default(), &seen), Next::Fail(_)));
}

#[test]
fn events_keep_their_shape_and_unknown_ones_are_kept() {
    let events = [
        RunEvent::StepQueued { step: A },
        RunEvent::Noted { step: None, text: "t".into() },
        RunEvent::OperationAccepted {
            step: A,
            call: CallId::fresh(),
            wait: Wait::AsyncOperation { poll: "https://x/y?sig=1&t".into() },
        },
        RunEvent::RunFinished { exit: Exit::Left },
    ];
    for (index, event) in events.into_iter().enumerate() {
        let record = record(u64::try_from(index).unwrap(), event);
        let text = serde_json::to_string(&record).unwrap();
        assert_eq!(serde_json::from_str::<Record>(&text).unwrap(), record, "{text}");
    }
    let newer = r#"{"at":"2026-01-01T00:00:00Z","seq":3,"event":"something-new","with":1}"#;
    assert_eq!(serde_json::from_str::<Record>(newer).unwrap().event, RunEvent::Unknown);
}

fn example() -> Answers {
    Answers {
        name: "n".into(),
        tenant: None,
        subscription: "11111111-1111-4111-8111-111111111111".into(),
        resource_group: "rg".into(),
        location: "eastus2".into(),
        hub_location: "westus2".into(),
        namespace: "ns1".into(),
        hub: "hub".into(),
        dps: "dps".into(),
        identity: "id1".into(),
        role_name: "role".into(),
        policy: "default".into(),
        enrollment_group: "group".into(),
        roles: Roles::Custom,
        assignable_scope: AssignableScope::ResourceGroup,
        certificates: Certificates::On { leaf_days: 30 },
        hub_sku: None,
        identity_kind: IdentityKind::SystemAssigned,
        root_ca: "root-ca".into(),
        issuing_ca: "issuing-ca".into(),
        use_mi_sdk: None,
        api_versions: std::collections::BTreeMap::new(),
        hub_capacity: 1,
        iot_hub_app_object_id: None,
        tags: BTreeMap::new(),
        dialect: "auto".into(),
        cloud: Cloud::public(),
    }
}

#[test]
fn only_dps_hosts_of_the_cloud_are_dps_hosts() {
    let cloud = Cloud::public();
    for (host, expected) in [
        ("a.azure-devices-provisioning.net", true),
        ("A.Azure-Devices-Provisioning.NET", true),
        ("azure-devices-provisioning.net", false),
        (".azure-devices-provisioning.net", false),
        ("evilazure-devices-provisioning.net", false),
        ("a.azure-devices-provisioning.net.evil", false),
    ] {
        assert_eq!(cloud.is_dps_host(host), expected, "{host}");
    }
}

fn az_text(az: &AzCommand) -> String {
    let lines = az.lines.iter().map(|(depth, line)| " ".repeat(*depth) + line + "\n");
    lines.collect()
}

#[test]
fn a_request_is_told_as_a_command_without_its_secrets() {
    let body = object([
        ("principal", Text::slot(&A, "principalId").into()),
        ("both", Text::slot(&A, "x").then("-").then(Text::secret("hub key")).into()),
        ("quoted", "it's $HOME".into()),
    ]);
    let path = Text::from("/groups/").then(Text::derived(Text::slot(&A, "x")));
    let auth = Auth::DpsSas { key: "hub key".into(), policy: "owner".into() };
    let request = Request::new(Method::Put, auth, "host.example", path, "1")
        .with_query("$filter", "a b")
        .with_header("If-Match", "*")
        .with_body(body);
    let az = az_rest(&request, &Outputs::default());
    assert_eq!(
        az_text(&az),
        r#"az rest --method put \
  --url 'https://host.example/groups/'"$DERIVED_ID"'?api-version=1&$filter=a%20b' \
  --skip-authorization-header \
  --headers 'If-Match=*' Authorization="$DPS_SAS" \
  --body '{
    "principal": "'"$A_PRINCIPAL_ID"'",
    "both": "'"$A_X"'-'"$HUB_KEY"'",
    "quoted": "it'\''s $HOME"
  }'
"#
    );
    assert_eq!(
        az.notes,
        [
            "$DERIVED_ID: an id that hubup derives once the values above are known",
            "$A_PRINCIPAL_ID: what a gives as principalId",
            "$A_X: what a gives as x",
            "$HUB_KEY: a secret, hub key",
            "$DPS_SAS: a shared access signature of the policy `owner`, made with its key",
        ]
    );
    // What is known stands in it.
    let mut outputs = Outputs::default();
    outputs.set(&A, StepOutputs::from([("principalId".into(), "p".into()), ("x".into(), "1".into())]));
    let az = az_text(&az_rest(&request, &outputs));
    assert!(az.contains("\"principal\": \"p\"") && !az.contains("$A_") && az.contains("$HUB_KEY"), "{az}");
}

#[test]
fn commands_say_what_their_body_leaves_open_and_what_their_reply_holds() {
    let arm = |method| Request::new(method, Auth::ResourceManager, "h", "/p", "1");
    let mut merges = arm(Method::Put);
    merges.body = Body::MergeInto { read: None, patches: vec![Patch::Set("/sku".into(), "S1".into())] };
    assert_eq!(
        az_rest(&merges, &Outputs::default()).notes,
        ["its body is what the look before gives, with this in it"]
    );
    let keys = arm(Method::Post).capturing("key", Pick::At("/key".into()));
    let az = az_rest(&keys, &Outputs::default());
    assert_eq!(az.notes, ["its reply holds keys: hubup keeps them in memory only, az prints them"]);
    assert_eq!(az_text(&az), "az rest --method post \\\n  --url 'https://h/p?api-version=1'\n");
}

#[test]
fn documented_words_are_quoted_where_they_must_be() {
    let words: Vec<Text> = ["az", "x", "--name", "it's mine", "--scope"]
        .map(Text::from)
        .into_iter()
        .chain([Text::slot(&A, "id")])
        .collect();
    let az = az_words(&words, &Outputs::default());
    assert_eq!(az_text(&az), "az x --name 'it'\\''s mine' --scope \"$A_ID\"\n");
}
