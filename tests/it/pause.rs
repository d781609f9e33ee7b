//! A run whose sign-in ends: it stands still, asks once, and goes on.

use hubup::domain::{Exit, RunEvent};
use hubup::engine::{Command, Manner};

use crate::support::{Cloud, Run, example};

fn told(run: &Run) -> String {
    let lines = run.records.iter().filter_map(hubup::domain::line);
    lines.map(|line| format!("{:<34} {}", line.step, line.text)).collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_that_ends_in_mid_run_pauses_it_and_is_asked_for_once() {
    // Three steps meet it at once, and an operation that is being followed.
    let fault = |path: &str| format!("[[faults]]\npath = \"{path}\"\nnth = [2, 3]\naction = \"expired\"\n");
    let paths = ["*/namespaces/contoso-factory-ns", "*/userAssignedIdentities/*", "*/operationStatuses/*"];
    let cloud = Cloud::open(&paths.map(fault).concat()).await;
    let answers = example();
    let plan = cloud.plan(&answers).await;
    let manner = Manner { end_when_idle: true, ..Manner::default() };
    let (_, mut running) = cloud.begin(&answers, manner, vec![Command::Confirm(plan.ids())]).await;
    let mut records = Vec::new();
    while let Some(record) = running.events.recv().await {
        if let RunEvent::Asked(question) = &record.event {
            assert!(question.ask.question.contains("Sign in again"), "{question:?}");
            running.handle.send(Command::Answer { number: question.number, choice: "again".into() });
        }
        records.push(record);
    }
    assert_eq!(running.ended.await.unwrap().unwrap(), Exit::Complete);
    let asked = records.iter().filter(|record| matches!(record.event, RunEvent::Asked(_))).count();
    assert!((1..=3).contains(&asked), "{asked} questions");
    // Where nobody is to be asked, the step fails as before, with the exit that tells of sign-in.
    let cloud =
        Cloud::open("[[faults]]\npath = \"*/namespaces/contoso-factory-ns\"\naction = \"expired\"\n").await;
    let run = cloud.apply(&answers, &[]).await;
    assert_eq!(*run.result.as_ref().unwrap(), Exit::SignIn, "{}", told(&run));
}
