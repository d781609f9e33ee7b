//! The engine and the seven stages against the sandbox: what is sent, what is proved, what is waited for, what is asked.

use std::collections::{BTreeMap, BTreeSet};

use hubup::domain::{
    Answers, Certificates, Exit, Method, Outcome, Progress, Purpose, Roles, RunEvent, StepId, StepState, Who,
};
use hubup::engine::{Command, Manner};
use hubup::journal::{self, StateFolder};

use crate::support::{Cloud, Run, collect, example, keys_in, until};

const ALL: usize = 17;

fn assert_complete(run: &Run) {
    assert_eq!(run.with_outcome(Outcome::Failed), Vec::<String>::new(), "{}", told(run));
    assert_eq!(*run.result.as_ref().unwrap(), Exit::Complete, "{}", told(run));
}

/// The log of a run, for a test that failed.
fn told(run: &Run) -> String {
    let lines = run.records.iter().filter_map(hubup::domain::line);
    lines.map(|line| format!("{:<34} {}", line.step, line.text)).collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setup_runs_to_its_end_and_a_second_one_changes_nothing() {
    let cloud = Cloud::open("").await;
    let answers = example();
    let first = cloud.apply(&answers, &[]).await;
    assert_complete(&first);
    let held = first.with_outcome(Outcome::Done).len() + first.with_outcome(Outcome::AlreadyThere).len();
    assert_eq!(held, ALL);

    let second = cloud.apply(&answers, &[]).await;
    assert_complete(&second);
    for call in second.calls() {
        let reads_keys = call.shown.method == Method::Post && call.purpose == Purpose::Key;
        assert!(call.shown.method.is_read() || reads_keys, "{} {}", call.shown.method, call.shown.url);
    }
    assert!(second.with_outcome(Outcome::Done).len() <= 1, "only the look at the certificate is done anew");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_setup_needs_few_requests() {
    let cloud = Cloud::open("").await;
    let run = cloud.apply(&example(), &[]).await;
    assert_complete(&run);
    // Repeats of one GET while waiting count once, as the design's budget says.
    let mut different = BTreeSet::new();
    let mut count = 0;
    for call in run.calls() {
        let key = (call.step.clone(), call.shown.url.clone());
        if !call.shown.method.is_read() || different.insert(key) {
            count += 1;
        }
    }
    assert!(count <= 75, "{count} requests");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_choice_of_roles_and_certificates_runs() {
    for (roles, certificates) in
        [(Roles::BuiltIn, Certificates::On { leaf_days: 7 }), (Roles::Custom, Certificates::Off)]
    {
        let cloud = Cloud::open("").await;
        let answers = Answers { roles, certificates, ..example() };
        assert_complete(&cloud.apply(&answers, &[]).await);
        assert_complete(&cloud.apply(&answers, &[]).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_later_profile_is_spoken_where_only_it_is_offered() {
    let cloud = Cloud::open(include_str!("../../assets/sandbox/march-2026.toml")).await;
    let azure = cloud.azure().await;
    assert_eq!(cloud.select(&azure, &example()).await.profile.row.id, "A2");
    assert_complete(&cloud.apply(&example(), &[]).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_not_registered_is_registered() {
    let world = include_str!("../../assets/sandbox/default.toml");
    let providers = world.find("[providers.").unwrap();
    // Authorization and Resources are always there.
    let mut unregistered = world[providers..].to_owned();
    for provider in ["ManagedIdentity", "DeviceRegistry", "Devices"] {
        let registered = format!("[providers.\"Microsoft.{provider}\"]\nregistration = \"Registered\"");
        assert!(unregistered.contains(&registered));
        unregistered = unregistered.replace(&registered, &registered.replace("Registered", "NotRegistered"));
    }
    let cloud = Cloud::open(&unregistered).await;
    let run = cloud.apply(&example(), &[]).await;
    assert_complete(&run);
    let registered = run.calls().iter().filter(|call| call.shown.url.contains("/register?")).count();
    assert!(registered >= 3, "{registered} registrations");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_missing_grant_fails_the_step_that_needs_it() {
    // Skipped grant, steps that fail for want of it.
    let table: &[(&'static str, &[&str])] = &[
        ("namespace.identity-role", &["dps.create", "hub.create"]),
        ("access.hub-app-contributor", &["hub.create"]),
        ("hub.namespace-contributor", &["sync.synchronize"]),
        ("hub.namespace-registry-contributor", &["sync.synchronize"]),
    ];
    for (grant, failing) in table {
        let cloud = Cloud::open("").await;
        let run = cloud.apply(&example(), &[grant]).await;
        assert_eq!(run.with_outcome(Outcome::Failed), *failing, "without {grant}: {}", told(&run));
        assert_eq!(*run.result.as_ref().unwrap(), Exit::Failed);
        for step in *failing {
            let fault = run.progress.step(&StepId::from((*step).to_owned())).unwrap().fault.clone().unwrap();
            assert!(!fault.remedy.is_empty() && fault.means.is_some(), "{fault:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_property_that_is_wrong_is_never_taken_for_done() {
    // A world in which one proved property is wrong, and the step that must not end done.
    let table: &[(&str, &'static str)] = &[
        ("namespace_without_principal", "namespace.create"),
        ("namespace_failed", "namespace.create"),
        ("credential_failed", "certificates.credential"),
        ("policy_failed", "certificates.policy"),
        ("identity_without_principal", "access.identity"),
        ("hub_linked_elsewhere", "hub.create"),
        ("hub_not_active", "hub.create"),
        ("hub_failed", "hub.create"),
        ("dps_linked_elsewhere", "dps.create"),
        ("dps_not_active", "dps.create"),
        ("dps_failed", "dps.create"),
        ("dps_loses_link", "dps.link-hub"),
        ("sync_writes_nothing", "sync.hub-certificate"),
        ("sync_writes_other_policy", "sync.hub-certificate"),
        ("enrollment_loses_policy", "enrollment.group"),
        ("enrollment_disabled", "enrollment.group"),
        ("assignment_not_listed", "access.hub-app-contributor"),
        ("role_actions_lost", "access.adr-role"),
    ];
    for (quirk, step) in table {
        let cloud = Cloud::open(&format!("[quirks]\n{quirk} = true\n")).await;
        let run = cloud.apply(&example(), &[]).await;
        assert_eq!(run.outcome(step), Some(Outcome::Failed), "{quirk}: {}", told(&run));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_list_of_certificates_has_sync_sent_once_more() {
    let cloud = Cloud::open("[quirks]\nsync_writes_nothing = true\n").await;
    let run = cloud.apply(&example(), &[]).await;
    let redos =
        run.records.iter().filter(|record| matches!(record.event, RunEvent::RedoStarted { .. })).count();
    let syncs = run
        .calls()
        .iter()
        .filter(|call| call.shown.method == Method::Post && call.shown.url.contains("/synchronize"))
        .count();
    assert_eq!(redos, 1);
    assert!(syncs >= 2, "{}", told(&run));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_is_one_that_the_plan_showed() {
    let cloud = Cloud::open("").await;
    let answers = example();
    let azure = cloud.azure().await;
    let selection = cloud.select(&azure, &answers).await;
    let plan = hubup::stages::plan(selection.dialect, &selection.profile, &answers).unwrap();
    let run = cloud.apply(&answers, &[]).await;
    assert_complete(&run);
    for call in run.calls() {
        let step = plan.step(call.step.as_ref().unwrap()).unwrap();
        let polls = call.purpose == Purpose::Prove && call.shown.url.contains("/operation");
        let planned = step.planned.iter().any(|planned| {
            let mut shown = planned.request.shown(&run.progress.outputs);
            let mut sent = call.shown.clone();
            if matches!(planned.request.body, hubup::domain::Body::MergeInto { .. }) {
                // What is merged into is read when it is sent; the patch stands in both.
                let hubs = |body: &Option<serde_json::Value>| {
                    body.as_ref().and_then(|body| body.pointer("/properties/iotHubs").cloned())
                };
                if hubs(&shown.body) != hubs(&sent.body) {
                    return false;
                }
                (shown.body, sent.body) = (None, None);
            }
            shown == sent
        });
        assert!(planned || polls, "{:?} is not in the plan of {}", call.shown, step.id);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_holds_the_run_and_no_secret() {
    let cloud = Cloud::open("").await;
    let run = cloud.apply(&example(), &[]).await;
    assert_complete(&run);
    let state = StateFolder::new(cloud.folder.path().join("state"));
    let files = state.runs(example().setup_id()).unwrap();
    let journal = journal::read(&files[0].path).unwrap();
    assert_eq!(journal.records, run.records);
    let text = std::fs::read_to_string(&files[0].path).unwrap();
    // Every key that the world made, from the world's own file.
    let world = std::fs::read_to_string(cloud.folder.path().join("sandbox/world.json")).unwrap();
    let world: serde_json::Value = serde_json::from_str(&world).unwrap();
    let mut secrets = Vec::new();
    keys_in(&world, &mut secrets);
    assert!(secrets.len() >= 4, "the world holds keys of hub, service and group");
    secrets.push(cloud.sandbox.sign_in().client_secret);
    for secret in secrets {
        assert!(!text.contains(&secret), "a key stands in the journal");
    }
    assert!(!text.contains("SharedAccessSignature sr=") && !text.contains("Bearer "));
    // Status URLs of what was accepted are whole, so that a later run can ask on.
    let waits = run.records.iter().filter(|record| matches!(&record.event, RunEvent::OperationAccepted { wait, .. } if wait.poll().starts_with("https://"))).count();
    assert!(waits >= 5, "{waits} accepted operations");
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_are_answered_by_flag_by_yes_or_by_a_person() {
    let world = include_str!("../../assets/sandbox/neighbours.toml");
    // The neighbours' world has a group that is not ours: adopting it is a question with a safe answer.
    let answers = Answers { resource_group: neighbour_group(world), ..example() };
    let cloud = Cloud::open(world).await;
    let (_, mut running) = cloud.begin(&answers, Manner::default(), vec![]).await;
    let mut progress = Progress::default();
    let step = StepId::new("access.resource-group");
    running.handle.send(Command::Confirm(vec![step.clone()]));
    until(&mut running, &mut progress, |_, progress| !progress.questions.is_empty()).await;
    let outline = progress.header.clone().unwrap().stages;
    assert_eq!(progress.state(&outline[0].steps[0]), StepState::AsksYou);
    let number = progress.questions[0].number;
    // What is not a choice, or not this question, is no answer.
    running.handle.send(Command::Answer { number, choice: "nonsense".into() });
    running.handle.send(Command::Answer { number: number + 1, choice: "use".into() });
    running.handle.send(Command::Answer { number, choice: "use".into() });
    let answered =
        until(&mut running, &mut progress, |record, _| matches!(record.event, RunEvent::Answered(_))).await;
    assert!(
        matches!(answered.event, RunEvent::Answered(choice) if choice.by == Who::Person && choice.choice == "use")
    );
    until(&mut running, &mut progress, |_, progress| progress.outcome(&step).is_some()).await;
    assert_eq!(progress.outcome(&step), Some(Outcome::AlreadyThere));
    running.handle.send(Command::Leave);
    assert_eq!(collect(running).await.result.unwrap(), Exit::Left);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_skipped_step_whose_resource_others_made_is_already_there() {
    let world = include_str!("../../assets/sandbox/neighbours.toml");
    let answers = Answers { resource_group: neighbour_group(world), ..example() };
    let run = Cloud::open(world).await.apply(&answers, &["access.resource-group"]).await;
    assert_eq!(run.outcome("access.resource-group"), Some(Outcome::AlreadyThere), "{}", told(&run));
    let wrote = run
        .calls()
        .iter()
        .any(|call| !call.shown.method.is_read() && call.step == Some(StepId::new("access.resource-group")));
    assert!(!wrote);
}

fn neighbour_group(world: &str) -> String {
    let at = world.find("resourceGroups/").or_else(|| world.find("resourcegroups/")).unwrap();
    let rest = &world[at + "resourceGroups/".len()..];
    rest.split(['"', '/']).next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_without_a_safe_answer_names_the_flag() {
    let cloud = Cloud::open("").await;
    assert_complete(&cloud.apply(&example(), &[]).await);
    // Another validity than the policy has: using it as it is must be said.
    let answers = Answers { certificates: Certificates::On { leaf_days: 60 }, ..example() };
    let run = cloud.apply(&answers, &[]).await;
    assert_eq!(run.with_outcome(Outcome::Failed), ["certificates.policy"]);
    let fault = run.progress.step(&StepId::new("certificates.policy")).unwrap().fault.clone().unwrap();
    assert!(fault.remedy.contains("--answer certificates.policy=use"), "{}", fault.remedy);
    assert!(fault.says.contains("30 days (you said 60 days)"), "{}", fault.says);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_skipped_is_looked_for_first() {
    let cloud = Cloud::open("").await;
    assert_complete(&cloud.apply(&example(), &[]).await);
    let run = cloud.apply(&example(), &["hub.create", "enrollment.group"]).await;
    assert_complete(&run);
    assert_eq!(run.outcome("hub.create"), Some(Outcome::AlreadyThere));
    assert_eq!(run.outcome("enrollment.group"), Some(Outcome::AlreadyThere));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_value_blocks_and_a_missing_effect_warns() {
    let cloud = Cloud::open("").await;
    let run = cloud.apply(&example(), &["hub.create"]).await;
    assert_eq!(run.outcome("hub.create"), Some(Outcome::Skipped));
    assert_eq!(run.outcome("dps.link-hub"), Some(Outcome::Blocked), "{}", told(&run));
    assert_eq!(*run.result.as_ref().unwrap(), Exit::Failed);
    // The roles of the hub need its being there only: without it their request is refused, not guessed.
    assert_eq!(run.outcome("hub.namespace-contributor"), Some(Outcome::Failed), "{}", told(&run));

    let cloud = Cloud::open("").await;
    let run = cloud.apply(&example(), &["certificates.policy"]).await;
    assert_eq!(
        run.outcome("enrollment.group"),
        Some(Outcome::Failed),
        "the group names a policy that is not there"
    );
    let cloud = Cloud::open("").await;
    assert_complete(&cloud.apply(&example(), &[]).await);
    let run = cloud.apply(&example(), &["access.adr-role"]).await;
    assert_eq!(run.outcome("access.adr-role"), Some(Outcome::AlreadyThere));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_step_is_retried_with_what_it_blocked() {
    let cloud = Cloud::open("").await;
    let manner = Manner { yes: true, ..Manner::default() };
    let step = StepId::new("hub.namespace-contributor");
    let sync = StepId::new("sync.synchronize");
    let certificate = StepId::new("sync.hub-certificate");
    let orders = vec![Command::Skip(vec![step.clone()]), Command::ConfirmAll];
    let (plan, mut running) = cloud.begin(&example(), manner, orders).await;
    let mut progress = Progress::default();
    until(&mut running, &mut progress, |_, progress| progress.outcome(&certificate).is_some()).await;
    assert_eq!(progress.outcome(&sync), Some(Outcome::Failed));
    assert_eq!(progress.outcome(&certificate), Some(Outcome::Blocked));
    // Un-skip the grant, run it, then retry what failed: what was blocked follows by itself.
    running.handle.send(Command::Unskip(step.clone()));
    running.handle.send(Command::Confirm(vec![step.clone()]));
    until(&mut running, &mut progress, |_, progress| progress.outcome(&step).is_some()).await;
    running.handle.send(Command::Retry(sync.clone()));
    until(&mut running, &mut progress, |_, progress| {
        plan.steps().all(|step| progress.outcome(&step.id).is_some_and(Outcome::holds))
    })
    .await;
    running.handle.send(Command::Leave);
    assert_eq!(collect(running).await.result.unwrap(), Exit::Complete);
}

#[tokio::test(flavor = "multi_thread")]
async fn keep_trying_goes_on_where_the_wait_ended() {
    let cloud = Cloud::open("[quirks]\nhub_not_active = true\n").await;
    let manner = Manner { yes: true, ..Manner::default() };
    let hub = StepId::new("hub.create");
    let (_, mut running) = cloud.begin(&example(), manner, vec![Command::ConfirmAll]).await;
    let mut progress = Progress::default();
    until(&mut running, &mut progress, |_, progress| progress.outcome(&hub).is_some()).await;
    assert_eq!(progress.outcome(&hub), Some(Outcome::Failed));
    running.handle.send(Command::KeepTrying(hub.clone()));
    let mut puts = 0;
    loop {
        let record = until(&mut running, &mut progress, |record, _| record.event.step() == Some(&hub)).await;
        match record.event {
            RunEvent::CallStarted(call) => puts += usize::from(call.shown.method == Method::Put),
            RunEvent::StepFinished { outcome, .. } => {
                assert_eq!(outcome, Outcome::Failed);
                break;
            }
            _ => {}
        }
    }
    assert_eq!(puts, 0, "nothing is sent twice: it waits on");
    running.handle.send(Command::Leave);
    collect(running).await.result.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn keep_trying_looks_on_also_after_a_redo_and_ends() {
    let cloud = Cloud::open("[quirks]\nsync_writes_nothing = true\n").await;
    let manner = Manner { yes: true, ..Manner::default() };
    let step = StepId::new("sync.hub-certificate");
    let (_, mut running) = cloud.begin(&example(), manner, vec![Command::ConfirmAll]).await;
    let mut progress = Progress::default();
    until(&mut running, &mut progress, |_, progress| progress.outcome(&step).is_some()).await;
    assert_eq!(progress.outcome(&step), Some(Outcome::Failed));
    running.handle.send(Command::KeepTrying(step.clone()));
    let (mut looks, mut waits) = (0, 0);
    loop {
        let record = until(&mut running, &mut progress, |record, _| record.event.step() == Some(&step)).await;
        match record.event {
            RunEvent::CallStarted(_) => looks += 1,
            RunEvent::StepWaiting { .. } => waits += 1,
            RunEvent::StepFinished { .. } => break,
            _ => {}
        }
        assert!(waits <= looks + 1, "it waits without looking");
    }
    assert!(looks > 0);
    running.handle.send(Command::Leave);
    collect(running).await.result.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_refused_at_a_status_url_is_replaced() {
    let world = "[[faults]]\nmethod = \"GET\"\npath = \"*operation*\"\nnth = [1, 3]\naction = \"expired\"\n";
    let cloud = Cloud::open(world).await;
    let run = cloud.apply(&example(), &[]).await;
    assert_complete(&run);
    let again = run.calls().iter().filter(|call| call.retry_of.is_some()).count();
    assert!(again >= 1, "{}", told(&run));
}

#[tokio::test(flavor = "multi_thread")]
async fn leaving_and_cancelling_send_nothing_more() {
    let cloud = Cloud::open("[quirks]\nhub_not_active = true\n").await;
    let hub = StepId::new("hub.create");
    let manner = Manner { yes: true, ..Manner::default() };
    let (_, mut running) = cloud.begin(&example(), manner, vec![Command::ConfirmAll]).await;
    let mut progress = Progress::default();
    until(&mut running, &mut progress, |record, _| {
        record.event.step() == Some(&hub) && matches!(record.event, RunEvent::StepWaiting { .. })
    })
    .await;
    running.handle.send(Command::Cancel(hub.clone()));
    until(&mut running, &mut progress, |_, progress| progress.outcome(&hub).is_some()).await;
    assert_eq!(progress.outcome(&hub), Some(Outcome::Cancelled));
    running.handle.send(Command::Leave);
    let run = collect(running).await;
    assert!(matches!(
        run.records.last().unwrap().event,
        RunEvent::RunFinished { exit: Exit::Failed | Exit::Left }
    ));
    assert!(run.calls().iter().all(|call| call.step.as_ref() != Some(&hub)));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_begun_once_the_run_is_being_left() {
    let cloud = Cloud::open("").await;
    let group = StepId::new("access.resource-group");
    let (_, mut running) = cloud.begin(&example(), Manner::default(), vec![]).await;
    // A probe is under way when the person leaves, and what she still asks for comes after.
    running.handle.send(Command::Skip(vec![group.clone()]));
    until(
        &mut running,
        &mut Progress::default(),
        |record, _| matches!(&record.event, RunEvent::StepStarted { step, .. } if *step == group),
    )
    .await;
    for order in
        [Command::Leave, Command::ConfirmAll, Command::Retry(group.clone()), Command::Skip(vec![group])]
    {
        running.handle.send(order);
    }
    let run = collect(running).await;
    assert_eq!(*run.result.as_ref().unwrap(), Exit::Left);
    assert!(
        !run.records.iter().any(|record| matches!(record.event, RunEvent::StepStarted { .. })),
        "{}",
        told(&run)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_whose_redo_is_taken_back_or_cannot_run_goes_on() {
    // Sync is done again for want of a certificate; without the rights it fails then, and the look must not hang.
    let cloud = Cloud::open("[quirks]\nsync_writes_nothing = true\n").await;
    let sync = StepId::new("sync.synchronize");
    let look = StepId::new("sync.hub-certificate");
    let manner = Manner { yes: true, ..Manner::default() };
    let (_, mut running) = cloud.begin(&example(), manner, vec![Command::ConfirmAll]).await;
    let mut progress = Progress::default();
    until(&mut running, &mut progress, |record, _| matches!(record.event, RunEvent::RedoStarted { .. }))
        .await;
    running.handle.send(Command::Cancel(sync));
    until(&mut running, &mut progress, |_, progress| progress.outcome(&look).is_some()).await;
    running.handle.send(Command::Leave);
    collect(running).await.result.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_nobody_holds_any_more_ends() {
    let cloud = Cloud::open("[quirks]\nhub_not_active = true\n").await;
    let manner = Manner { yes: true, ..Manner::default() };
    let (_, running) = cloud.begin(&example(), manner, vec![Command::ConfirmAll]).await;
    drop(running.handle);
    assert_eq!(running.ended.await.unwrap().unwrap(), Exit::Left);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_that_is_left_is_not_recorded_as_ended() {
    let cloud = Cloud::open("").await;
    let manner = Manner { yes: true, ..Manner::default() };
    let (_, mut running) = cloud.begin(&example(), manner, vec![Command::ConfirmAll]).await;
    let accepted = until(&mut running, &mut Progress::default(), |record, _| {
        matches!(record.event, RunEvent::OperationAccepted { .. })
    })
    .await;
    let RunEvent::OperationAccepted { call: accepted, .. } = accepted.event else { unreachable!() };
    running.handle.send(Command::Leave);
    let run = collect(running).await;
    for record in &run.records {
        if let RunEvent::OperationEnded { call, state, .. } = &record.event {
            assert!(*call != accepted || state == "Succeeded", "{state}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_was_left_is_finished_by_the_next_one() {
    let cloud = Cloud::open("").await;
    let namespace = StepId::new("namespace.create");
    let manner = Manner { yes: true, ..Manner::default() };
    let (_, mut running) = cloud.begin(&example(), manner, vec![Command::ConfirmAll]).await;
    until(
        &mut running,
        &mut Progress::default(),
        |record, _| matches!(&record.event, RunEvent::OperationAccepted { step, .. } if *step == namespace),
    )
    .await;
    running.handle.send(Command::Leave);
    assert_eq!(collect(running).await.result.unwrap(), Exit::Left);
    let run = cloud.apply(&example(), &[]).await;
    assert_complete(&run);
    let again = run
        .calls()
        .iter()
        .any(|call| call.shown.method == Method::Put && call.step.as_ref() == Some(&namespace));
    assert!(!again, "what was accepted is not sent again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_of_ones_own_is_let_in_and_no_other() {
    let cloud = Cloud::open("").await;
    let own = "aaaaaaaa-0000-4000-8000-00000000000a";
    cloud.sandbox.admit(own).await.unwrap();
    assert!(cloud.sandbox.admit("../etc").await.is_err());
    let answers = Answers { subscription: own.into(), ..example() };
    assert_complete(&cloud.apply(&answers, &[]).await);
    // Let in once more, it is as it was left.
    cloud.sandbox.admit(&own.to_uppercase()).await.unwrap();
    let again = cloud.apply(&answers, &[]).await;
    assert!(again.calls().iter().all(|call| call.shown.method != Method::Put));
}

/// PUTs of a step that went out although an earlier one had, or may have, been carried out: it succeeded, or its reply was
/// lost, and no look since then said that nothing is there.
fn sent_over(run: &Run) -> Vec<String> {
    let urls: BTreeMap<_, _> = run
        .calls()
        .into_iter()
        .map(|call| (call.call, (call.step.clone(), call.shown.url.clone())))
        .collect();
    let mut may_be_there = BTreeSet::new();
    let mut over = Vec::new();
    for record in &run.records {
        match &record.event {
            RunEvent::CallStarted(call)
                if call.shown.method == Method::Put && may_be_there.contains(&urls[&call.call]) =>
            {
                over.push(format!("{:?} {}", call.step, call.shown.url));
            }
            RunEvent::CallFinished(reply) => {
                let key = &urls[&reply.call];
                match (reply.method, reply.status) {
                    (Method::Put, None | Some(200..=299)) => {
                        may_be_there.insert(key.clone());
                    }
                    (Method::Get, Some(404)) => {
                        may_be_there.remove(key);
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }
    over
}

/// A world in which the first change of each resource meets `action`.
fn every_first_change(action: &str) -> String {
    let fault = |method: &str, path: &str| {
        format!(
            "[[faults]]\nmethod = \"{method}\"\npath = \"{path}\"\nnth = [1]\naction = \"{action}\"\nseconds = 2\n"
        )
    };
    let puts = [
        "*/resourcegroups/rg-contoso-factory",
        "*/roleDefinitions/*",
        "*/userAssignedIdentities/*",
        "*/rg-contoso-factory/providers/Microsoft.Authorization/roleAssignments/*",
        "*/namespaces/contoso-factory-ns",
        "*/contoso-factory-ns/providers/Microsoft.Authorization/roleAssignments/*",
        "*/credentials/default",
        "*/policies/default",
        "*/IotHubs/contoso-factory-hub",
        "*/contoso-factory-hub/providers/Microsoft.Authorization/roleAssignments/*",
        "*/provisioningServices/contoso-factory-dps",
        "/enrollmentGroups/*",
    ];
    let mut world: String = puts.iter().map(|path| fault("PUT", path)).collect::<Vec<_>>().concat();
    world.push_str(&fault("POST", "*/synchronize"));
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn every_first_change_may_go_wrong_in_every_way() {
    for action in ["throttle", "conflict", "unavailable", "broken", "expired", "reset", "lost", "torn"] {
        let cloud = Cloud::open(&every_first_change(action)).await;
        let run = cloud.apply(&example(), &[]).await;
        assert_complete(&run);
        let calls = run.calls();
        let ids: BTreeSet<_> = calls.iter().map(|call| call.call).collect();
        assert_eq!(ids.len(), calls.len(), "{action}: each attempt is a call of its own");
        assert_eq!(sent_over(&run), Vec::<String>::new(), "{action}: {}", told(&run));
    }
}
