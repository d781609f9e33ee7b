//! Deletions that go wrong: conflicts, lost replies, throttling, rights, locks, and a hubup that is killed.

use hubup::domain::{Exit, Outcome, RunEvent, RunKind, StepId};
use hubup::engine::Command;

use super::support::{assert_complete, assert_same, begin, changes, destroy, past, plan, told, world};
use crate::support::{Cloud, example};

/// A path of each deletion of the example, and the step that makes it.
const DELETIONS: &[(&str, &str)] = &[
    ("/enrollmentGroups/*", "enrollment.delete"),
    ("*/provisioningServices/*", "dps.delete"),
    ("*/IotHubs/*", "hub.delete"),
    ("*/policies/*", "certificates.delete-policy"),
    ("*/credentials/default", "certificates.delete-credential"),
    ("*/namespaces/contoso-factory-ns", "namespace.delete"),
    ("*/roleAssignments/*", "access.delete-hub-app-contributor"),
    ("*/roleDefinitions/*", "access.delete-adr-role"),
    ("*/userAssignedIdentities/*", "access.delete-identity"),
    ("*/resourcegroups/rg-contoso-factory", "access.delete-resource-group"),
];

/// A world in which the first deletion at `path` meets `action`.
fn faulty(path: &str, action: &str) -> String {
    format!(
        "[[faults]]\nmethod = \"DELETE\"\npath = \"{path}\"\nnth = [1]\naction = \"{action}\"\nseconds = 1\n"
    )
}

async fn set_up(world_text: &str) -> (Cloud, serde_json::Value) {
    let cloud = Cloud::open(world_text).await;
    let before = world(&cloud);
    let run = cloud.apply(&example(), &[]).await;
    assert_eq!(run.with_outcome(Outcome::Failed), Vec::<String>::new(), "{}", told(&run));
    (cloud, before)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_passes_is_waited_out() {
    for action in ["conflict", "throttle", "unavailable", "broken", "expired", "reset", "lost", "torn"] {
        // All of them at once: each deletion is met by the same.
        let faults: String = DELETIONS.iter().map(|(path, _)| faulty(path, action)).collect();
        let (cloud, before) = set_up(&faults).await;
        let run = destroy(&cloud, &example(), &[]).await;
        assert_complete(&run);
        assert_same(&world(&cloud), &before, &format!("{action}: {}", told(&run)));
        // What was done, though its reply was lost, is told as done.
        for (_, step) in DELETIONS {
            // A signature cannot expire as a token does: there it is a refusal, and the group goes with the service.
            if (action, *step) == ("expired", "enrollment.delete") {
                continue;
            }
            assert_eq!(run.outcome(step), Some(Outcome::Done), "{action}: {}", told(&run));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_or_a_lock_that_is_in_the_way_is_named() {
    for (action, means, remedy) in [
        ("forbidden", "the signed-in caller may not", "ask an Owner or"),
        ("locked", "a lock on this resource, or above it, forbids the change", "have the lock removed"),
    ] {
        for (path, step) in DELETIONS {
            // A service plane knows no locks, and a group in it goes with the service.
            if *step == "enrollment.delete" {
                continue;
            }
            // A right that is missing is asked for once more, with a new token.
            let twice = faulty(path, action).replace("nth = [1]", "nth = [1, 2]");
            let script = if action == "forbidden" { twice } else { faulty(path, action) };
            let (cloud, before) = set_up(&script).await;
            let run = destroy(&cloud, &example(), &[]).await;
            assert_eq!(run.outcome(step), Some(Outcome::Failed), "{action} {step}: {}", told(&run));
            assert_eq!(*run.result.as_ref().unwrap(), Exit::NotPermitted, "{action} {step}");
            let fault = run.progress.step(&StepId::new(step)).unwrap().fault.clone().unwrap();
            assert!(fault.means.as_deref().is_some_and(|said| said.starts_with(means)), "{fault:?}");
            assert!(fault.remedy.starts_with(remedy), "{fault:?}");
            // Mended, the same command goes on.
            assert_complete(&destroy(&cloud, &example(), &[]).await);
            assert_same(&world(&cloud), &before, &format!("{action} {step}"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_plane_that_lets_nobody_in_does_not_keep_the_service() {
    let (cloud, before) = set_up(&faulty("/enrollmentGroups/*", "forbidden")).await;
    let run = destroy(&cloud, &example(), &[]).await;
    assert_complete(&run);
    assert_eq!(run.outcome("enrollment.delete"), Some(Outcome::Warned));
    assert_same(&world(&cloud), &before, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn deletions_that_reach_others_late_are_waited_for() {
    let (cloud, before) = set_up("").await;
    let run = destroy(&cloud, &example(), &[]).await;
    assert_complete(&run);
    assert_same(&world(&cloud), &before, "");
    let waited = |step: &str| {
        run.records.iter().any(|record| {
            matches!(&record.event, RunEvent::StepWaiting { step: waits, why, .. }
                if waits.as_str() == step && why.starts_with("what holds on to"))
        })
    };
    assert!(waited("namespace.delete"), "{}", told(&run));
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_anywhere_it_goes_on() {
    let answers = example();
    let (cloud, _) = set_up("").await;
    let whole = destroy(&cloud, &answers, &[]).await;
    assert_complete(&whole);
    let records = whole.records.len();
    assert!(records > 100, "{records}");
    // The real process is killed at every kind of place elsewhere (`kill`); this finds what order alone may break.
    for at in (2..records).step_by(17) {
        let (cloud, before) = set_up("").await;
        let mut running = begin(&cloud, &answers, &[], past(&cloud, &answers)).await;
        for _ in 0..at {
            if running.events.recv().await.is_none() {
                break;
            }
        }
        running.ended.abort();
        let _ = (&mut running.ended).await;
        drop(running);
        let run = destroy(&cloud, &answers, &[]).await;
        assert_complete(&run);
        assert_same(&world(&cloud), &before, &format!("killed at {at}: {}", told(&run)));
        assert_eq!(changes(&destroy(&cloud, &answers, &[]).await), Vec::<String>::new());
    }
}

/// A person who goes on with a teardown is shown what is gone; what was left waits for its turn.
#[tokio::test(flavor = "multi_thread")]
async fn going_on_looks_unasked_at_what_is_gone_alone() {
    let (cloud, _) = set_up("").await;
    let answers = example();
    let run = destroy(&cloud, &answers, &["dps.delete"]).await;
    assert_eq!(run.outcome("enrollment.delete"), Some(Outcome::Done), "{}", told(&run));
    let plan = plan(&cloud, &answers).await;
    let orders = cloud.past(&answers).resumed(RunKind::Teardown, &plan);
    let [Command::Prove(looked_at), Command::Skip(skipped)] = orders.as_slice() else { panic!("{orders:?}") };
    let words = |outcome: &StepId| run.progress.outcome(outcome).map(Outcome::word);
    assert!(looked_at.contains(&StepId::new("enrollment.delete")), "{looked_at:?}");
    assert!(
        looked_at.iter().all(|step| matches!(words(step), Some("done" | "already there"))),
        "{looked_at:?}"
    );
    assert_eq!(skipped, &[StepId::new("dps.delete")]);
    // By itself a run looks at nothing before its turn, and a setup that follows has other steps.
    let proves = |orders: &[Command]| {
        orders.iter().any(|order| matches!(order, Command::Prove(steps) if !steps.is_empty()))
    };
    assert!(!proves(&cloud.past(&answers).carried_on(RunKind::Teardown, plan.ids(), Vec::new())));
    let setup = cloud.plan(&answers).await;
    assert!(!proves(&cloud.past(&answers).resumed(RunKind::Setup, &setup)));
}
