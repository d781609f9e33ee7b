//! A dialect that exists only here, with another order, a gate, a question and a Redo, through plan, engine, journal and
//! wizard as they are: dialects are data.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::fixture::{draw, press, shows};
use crate::azure::{Azure, AzureOptions, Environment, SignInMethod};
use crate::cli::config::Config;
use crate::domain::{
    Answers, Ask, Exit, FORMAT_VERSION, Method, Need, Next, Outcome, Patience, Plan, Progress, Purpose,
    Record, Replay, RunEvent, RunHeader, RunId, RunKind, Seen, StageId, Step, StepId, StepOutputs,
};
use crate::engine::{self, Clock, Command, Job, Manner, Running};
use crate::journal::{self, StateFolder, Writer};
use crate::sandbox::{self, Sandbox, SandboxOptions, WorldSource};
use crate::stages::{
    self, Dialect, Ensure, Offered, Offers, Profile, ProfileRow, Recall, Regions, Sign, Stage, arm,
};
use crate::tui::app::{App, Page};
use crate::tui::form::Form;
use crate::tui::msg::{Effect, Key, Msg, Opened};
use crate::tui::start::{Banner, ScreenOptions};
use crate::tui::update::update;

const GROUP: StepId = StepId::new("ground.group");
const GATE: StepId = StepId::new("ground.gate");
const CHOICE: StepId = StepId::new("roof.choice");
const AGAIN: StepId = StepId::new("roof.again");

/// The roof stands first on the screen and needs the ground.
static MIRROR: Dialect = Dialect {
    id: "mirror",
    profiles: &[PROFILE],
    stages: &[&ROOF, &GROUND],
    way_back: &[],
    refuses: |_| None,
    recognise: |_, _, _| Ok(Sign::Nothing),
    settled_versions: &[],
};

const PROFILE: ProfileRow = ProfileRow {
    id: "M",
    name: "mirror",
    offered: &[Offered {
        types: &["Microsoft.ManagedIdentity/userAssignedIdentities"],
        versions: &["2023-01-31"],
    }],
    fixed: &[("Microsoft.Resources", "2025-04-01")],
    policies_are_tracked: true,
};

static ROOF: Stage = stage("roof", "The roof", roof_steps);
static GROUND: Stage = stage("ground", "The ground", ground_steps);

const fn stage(id: &'static str, heading: &'static str, steps: fn(&Answers, &Profile) -> Vec<Step>) -> Stage {
    Stage {
        id: StageId::new(id),
        heading,
        fields: &[],
        steps,
        recall: Recall::NOTHING,
        teardown: |_, _| Vec::new(),
        stays: &[],
    }
}

fn done(outputs: &[(&str, &str)]) -> Next {
    let outputs = outputs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Next::Done { outcome: Outcome::Done, note: None, outputs }
}

fn roof_steps(_: &Answers, _: &Profile) -> Vec<Step> {
    let choice = Step::new(CHOICE, "Choose a colour", |_, _, replay| {
        let ask = Ask {
            question: "Which colour shall the roof have?".into(),
            differs: Vec::new(),
            choices: vec![("red".into(), "red tiles".into()), ("green".into(), "green tiles".into())],
            under_yes: None,
        };
        let colour = replay.ask(&ask)?.to_owned();
        Ok(done(&[("colour", &colour)]))
    })
    .because("A question that `--yes` does not answer.")
    .needing([Need::effect(GATE)]);
    let again = Step::new(AGAIN, "Look at the ground once more", |_, outputs, replay| {
        replay.redo(&[GATE], "the roof wants to be sure")?;
        let gate = outputs.get(&GATE, "group").unwrap_or_default().to_owned();
        Ok(done(&[("over", &gate)]))
    })
    .because("A Redo.")
    .needing([Need::value(GATE), Need::value(CHOICE)]);
    vec![choice, again]
}

fn ground_steps(answers: &Answers, profile: &Profile) -> Vec<Step> {
    let path = format!("{}/resourcegroups/{}", answers.subscription_id(), answers.resource_group);
    let version = profile.version("Microsoft.Resources");
    let look = arm(answers, Method::Get, path.clone(), version);
    let create = arm(answers, Method::Put, path, version)
        .with_body(crate::domain::object([("location", (&*answers.location).into())]));
    let group = Ensure::new("the group", look.clone(), create)
        .giving(|_| StepOutputs::new())
        .step(GROUP, "Create the group")
        .because("The ground.")
        .touching(answers.resource_group_id());
    let open = look.clone();
    let gate = Step::new(GATE, "Wait for the group", move |_, _, replay| {
        // A gate: twice seen is enough.
        let mut patience = Patience::of(Duration::from_mins(1));
        let mut seen = 0;
        loop {
            if let Ok(reply) = replay.read(&open)? {
                seen += 1;
                if seen == 2 {
                    return Ok(done(&[("group", reply.text("/name").unwrap_or_default())]));
                }
            }
            if !replay.wait(&mut patience, "the gate is not open", Duration::from_secs(5))? {
                return Ok(Next::Fail(crate::domain::Fault::new("the gate stayed shut", "retry")));
            }
        }
    })
    .because("A gate.")
    .needing([Need::effect(GROUP)])
    .planning(Purpose::Look, &look);
    vec![group, gate]
}

struct Ground {
    sandbox: Sandbox,
    folder: tempfile::TempDir,
    answers: Answers,
    plan: Plan,
    azure: Azure,
}

/// A sandbox at speed 0, and the plan of the dialect that the ordinary choice comes to.
async fn ground() -> Ground {
    let folder = tempfile::tempdir().unwrap();
    let options = SandboxOptions {
        folder: folder.path().join("sandbox"),
        speed: 0.0,
        world: WorldSource::Default,
        port: 0,
    };
    let sandbox = sandbox::open(options).await.unwrap();
    let sign_in = sandbox.sign_in();
    let azure = Azure::new(AzureOptions {
        routes: sandbox.routes(),
        sign_in: SignInMethod::ServicePrincipal,
        environment: Environment {
            tenant_id: Some(sign_in.tenant),
            client_id: Some(sign_in.client_id),
            client_secret: Some(sign_in.client_secret.into()),
            ..Environment::default()
        },
        ..AzureOptions::default()
    })
    .unwrap();
    let answers = Config::example().answers;
    let mut offers = Offers::default();
    for request in stages::offer_requests(&answers, &[&MIRROR]) {
        offers.take(&engine::lookup(&azure, Clock::scaled(0.0), &request, &|_, _| {}).await.unwrap());
    }
    let seen = Seen::default();
    let selection =
        stages::choose(&answers, &offers, &[&MIRROR], None, Regions::Checked, &mut Replay::new(&seen))
            .unwrap();
    assert_eq!((selection.dialect.id, selection.profile.row.id), ("mirror", "M"));
    let plan = stages::plan(selection.dialect, &selection.profile, &answers).unwrap();
    Ground { sandbox, folder, answers, plan, azure }
}

impl Ground {
    fn start(&self, manner: Manner, orders: Vec<Command>) -> Running {
        let state = StateFolder::new(self.folder.path().join("state"));
        let run = RunId("mirror".into());
        let lock = state.lock(self.answers.setup_id()).unwrap();
        let header = RunHeader {
            format: FORMAT_VERSION,
            hubup: "test".into(),
            run: run.clone(),
            setup: self.answers.setup_id(),
            kind: RunKind::Setup,
            answers: self.answers.clone(),
            dialect: MIRROR.id.into(),
            profile: "M".into(),
            chosen_because: "a test".into(),
            versions: BTreeMap::new(),
            fingerprint: self.plan.fingerprint(),
            continues: None,
            sandbox: true,
            time_scale: 1.0,
            stages: self.plan.outline(),
        };
        engine::start(Job {
            plan: self.plan.clone(),
            answers: self.answers.clone(),
            header,
            azure: self.azure.clone(),
            journal: Some(Writer::create(&state, lock, &run).unwrap()),
            earlier: Progress::default(),
            clock: Clock::scaled(0.0),
            manner,
            orders,
        })
    }
}

fn redone(records: &[Record]) -> usize {
    records
        .iter()
        .filter(|record| matches!(&record.event, RunEvent::RedoStarted { steps, .. } if *steps == [GATE]))
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_runs_headless_and_is_read_back() {
    let ground = ground().await;
    let manner = Manner {
        yes: true,
        choices: BTreeMap::from([(CHOICE, "green".to_owned())]),
        end_when_idle: true,
        ..Manner::default()
    };
    let Running { handle, mut events, ended } = ground.start(manner, vec![Command::ConfirmAll]);
    let mut records = Vec::new();
    while let Some(record) = events.recv().await {
        records.push(record);
    }
    assert_eq!(ended.await.unwrap().unwrap(), Exit::Complete);
    drop(handle);
    assert_eq!(redone(&records), 1);
    let state = StateFolder::new(ground.folder.path().join("state"));
    let file = state.runs(ground.answers.setup_id()).unwrap().remove(0);
    let journal = journal::read(&file.path).unwrap();
    assert_eq!(journal.records, records);
    let mut progress = crate::domain::Progress::default();
    journal.records.iter().for_each(|record| progress.apply(record));
    assert_eq!(progress.outputs.get(&CHOICE, "colour"), Some("green"));
    assert_eq!(progress.outputs.get(&AGAIN, "over"), Some(ground.answers.resource_group.as_str()));
    assert_eq!(progress.step(&GATE).unwrap().attempts, 2);
    ground.sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_answer_the_question_fails_its_step_and_names_the_flag() {
    let ground = ground().await;
    let manner = Manner { yes: true, end_when_idle: true, ..Manner::default() };
    let Running { handle, mut events, ended } = ground.start(manner, vec![Command::ConfirmAll]);
    let mut progress = crate::domain::Progress::default();
    while let Some(record) = events.recv().await {
        progress.apply(&record);
    }
    drop(handle);
    assert_eq!(ended.await.unwrap().unwrap(), Exit::Failed);
    let fault = progress.step(&CHOICE).unwrap().fault.clone().unwrap();
    assert!(fault.remedy.contains("--answer roof.choice=red"), "{}", fault.remedy);
    assert_eq!(progress.outcome(&AGAIN), Some(Outcome::Blocked));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_walked_in_the_wizard() {
    let ground = ground().await;
    let mut running = ground.start(Manner::default(), Vec::new());
    let banner = Banner { cloud: "SANDBOX at once".into(), detail: String::new() };
    let form = Form::new(ground.answers.clone(), &[]);
    let now = Timestamp::from_second(1_780_000_000).unwrap();
    let mut app = App::new(form, banner, ScreenOptions::default(), 1.0, now, TimeZone::UTC, (100, 30));
    let opened = Opened {
        flags: String::new(),
        plan: ground.plan.clone(),
        account: String::new(),
        why: String::new(),
        older: 0,
        earlier: Progress::default(),
        stays: Vec::new(),
    };
    app.open(opened);
    app.turn(Page::Setup);
    let send = |effects: Vec<Effect>| {
        for effect in effects {
            if let Effect::Send(command) = effect {
                running.handle.send(command);
            }
        }
    };
    assert!(shows(&mut app, "1 The roof"), "{}", draw(&mut app));
    assert!(shows(&mut app, "2 The ground"));
    // Enter confirms nothing in the first half second, so that one meant for the form does no harm.
    update(&mut app, Msg::Tick(now + Duration::from_secs(2)));
    // The roof is confirmed ahead of the ground that it needs; the ground follows.
    send(press(&mut app, &[Key::Enter, Key::Enter]));
    while !shows(&mut app, "asks you") {
        update(&mut app, Msg::Run(running.events.recv().await.unwrap()));
    }
    let mut effects = press(&mut app, &[Key::Char('a')]);
    assert!(shows(&mut app, "Which colour shall the roof have?"), "{}", draw(&mut app));
    effects.extend(press(&mut app, &[Key::Char('1')]));
    send(effects);
    let mut records = Vec::new();
    loop {
        let record = running.events.recv().await.unwrap();
        records.push(record.clone());
        let last = matches!(&record.event, RunEvent::StepFinished { step, .. } if *step == AGAIN);
        update(&mut app, Msg::Run(record));
        if last {
            break;
        }
    }
    assert_eq!(redone(&records), 1);
    assert!(shows(&mut app, "4 of 4 done"), "{}", draw(&mut app));
    running.handle.send(Command::Leave);
    assert_eq!(running.ended.await.unwrap().unwrap(), Exit::Complete);
}
