//! What a person may count on: what is mistyped is told at once, what is slow is waited for without a key, and preflight asks
//! no more one after the other than it must.

use std::sync::atomic::{AtomicUsize, Ordering};

use hubup::domain::{Answers, Outcome, RunEvent, RunKind, StepId};
use hubup::engine::{self, Command, Manner};
use hubup::stages::preflight::{Subject, checks, look_at_group};
use hubup::stages::{self, DIALECTS, Offers, Regions};

#[cfg(unix)]
use crate::binary::Account;
use crate::support::{Cloud, LINKS, MODELS, Run, clock, collect, example, start};

/// How often a step waited.
fn waits(run: &Run, step: &'static str) -> usize {
    let of_step = |event: &RunEvent| event.step() == Some(&StepId::new(step));
    let waits = run.records.iter().filter(|record| matches!(record.event, RunEvent::StepWaiting { .. }));
    waits.filter(|record| of_step(&record.event)).count()
}

/// No principal of that id was made by this setup, so there is nothing to wait for: it fails with its first reply.
#[tokio::test(flavor = "multi_thread")]
async fn a_mistyped_principal_fails_without_a_wait_and_is_named() {
    let mistyped = "99999999-0000-4000-8000-999999999999";
    let answers = Answers { iot_hub_app_object_id: Some(mistyped.to_owned()), ..example() };
    let cloud = Cloud::open("").await;
    let run = cloud.apply(&answers, &[]).await;
    let step = "access.hub-app-contributor";
    assert_eq!(run.outcome(step), Some(Outcome::Failed));
    let fault = run.progress.step(&StepId::new(step)).and_then(|step| step.fault.clone()).unwrap();
    assert_eq!(fault.key.as_deref(), Some("principal-not-found"), "{fault:?}");
    assert!(fault.says.replace('-', "").contains(&mistyped.replace('-', "")), "{fault:?}");
    assert_eq!(waits(&run, step), 0);
}

/// An id of something that is not there, given for a step to use.
#[tokio::test(flavor = "multi_thread")]
async fn a_mistyped_id_fails_without_a_wait_and_is_named() {
    let answers = example();
    for (_, world) in MODELS {
        let cloud = Cloud::open(world).await;
        let plan = cloud.plan(&answers).await;
        let id = answers.resource_id("Microsoft.Devices/IotHubs/contoso-factory-hbu");
        let step = StepId::new("hub.create");
        let mut orders = cloud.past(&answers).carried_on(RunKind::Setup, plan.ids(), Vec::new());
        orders.insert(0, Command::Use { step: step.clone(), id: id.clone() });
        let manner = Manner { yes: true, end_when_idle: true, ..Manner::default() };
        let run =
            collect(start(cloud.folder.path(), cloud.azure().await, plan, &answers, manner, orders)).await;
        assert_eq!(run.outcome("hub.create"), Some(Outcome::Failed));
        let fault = run.progress.step(&step).and_then(|step| step.fault.clone()).unwrap();
        let told = format!("{} {} {:?}", fault.says, fault.remedy, fault.means);
        assert!(told.contains("contoso-factory-hbu"), "{fault:?}");
        assert_eq!(waits(&run, "hub.create"), 0);
    }
}

/// Grants of ninety seconds, identities that are found late: nobody presses a key.
#[cfg(unix)]
#[test]
fn a_slow_grant_is_waited_for_without_a_key() {
    for (_, base) in MODELS {
        let account = Account::new();
        account.write("world.toml", base);
        let faults =
            ["--sandbox-speed", "600", "--sandbox-world", "world.toml", "--sandbox-faults", "slow-grants"];
        account.run(&[&["apply", "--yes", "--sandbox"][..], &faults].concat()).exits(0);
    }
}

/// A token of one real second lives a minute at sixty times the speed; a secret gets the next one by itself.
#[cfg(unix)]
#[test]
fn a_long_run_with_short_tokens_of_a_secret_asks_nothing() {
    let account = Account::new();
    account.write("world.toml", format!("{LINKS}[tenant]\ntoken_seconds = 1\n[latency]\nhub = 600\n"));
    let arguments = ["apply", "--yes", "--sandbox", "--sandbox-world", "world.toml", "--sandbox-speed", "60"];
    account.run(&arguments).exits(0).hides(&["sign in again", "not signed in"]);
}

/// Looks that wait for each other, from the sign-in to the last finding, in a world with every obstacle: a round trip each.
#[tokio::test(flavor = "multi_thread")]
async fn preflight_asks_little_one_after_the_other() {
    let obstacles = include_str!("../../assets/sandbox/obstacles.toml");
    let answers = example();
    let told = |_: &str, _: std::time::Duration| {};
    for (dialect, base) in MODELS {
        let cloud = Cloud::open(&format!("{base}{obstacles}")).await;
        let azure = cloud.azure().await;
        let caller = azure.sign_in().await.unwrap().object_id;
        let mut offers = Offers::default();
        for request in stages::offer_requests(&answers, DIALECTS) {
            offers.take(&engine::lookup(&azure, clock(), &request, &told).await.unwrap());
        }
        // Each replay but the last one ends in a look.
        let replays = AtomicUsize::new(0);
        let selection = engine::read_through(&azure, clock(), &told, |replay| {
            replays.fetch_add(1, Ordering::Relaxed);
            stages::choose(&answers, &offers, DIALECTS, None, Regions::Unchecked, replay)
        })
        .await
        .unwrap();
        let choosing = replays.load(Ordering::Relaxed) - 1;
        let look = |replay: &mut hubup::domain::Replay<'_>| look_at_group(&answers, replay);
        let group = engine::read_through(&azure, clock(), &told, look).await.unwrap();
        let plan = stages::plan(selection.dialect, &selection.profile, &answers).unwrap();
        let (running, now) = (plan.ids(), clock().now());
        let subject =
            Subject { answers: &answers, selection: &selection, plan: &plan, running, group, caller, now };
        let mut deepest = (0, "");
        for check in checks(&subject) {
            let replays = AtomicUsize::new(0);
            let findings = engine::read_through(&azure, clock(), &told, |replay| {
                replays.fetch_add(1, Ordering::Relaxed);
                check.look(replay)
            })
            .await;
            assert!(findings.is_ok());
            deepest = deepest.max((replays.load(Ordering::Relaxed) - 1, check.id));
        }
        // Signing in, what is offered, the group.
        let chain = 3 + choosing + deepest.0;
        assert!(chain <= 9, "{dialect}: {choosing} to choose, {deepest:?}: {chain} in all");
    }
}
