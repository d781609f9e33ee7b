//! A small plan, answers, fields, and records made by hand; an app that is drawn and pressed.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use serde_json::json;
use uuid::Uuid;

use crate::domain::{
    Answers, Ask, AssignableScope, Auth, CallId, CallRecord, Certificates, Cloud, FORMAT_VERSION, Fault,
    Field, FieldKind, IdentityKind, Method, NameKind, Need, Next, Outcome, Plan, PlannedStage, Progress,
    Purpose, Question, Record, ReplyRecord, Request, Roles, RunEvent, RunHeader, RunId, RunKind, StageId,
    Step, StepId, StepOutputs, Text, object,
};
use crate::engine::Command;
use crate::tui::app::{App, Page};
use crate::tui::form::Form;
use crate::tui::msg::{Effect, Key, Msg, Opened, Painted};
use crate::tui::session::Session;
use crate::tui::start::{Banner, ScreenOptions};
use crate::tui::update::update;
use crate::tui::view::view;

pub(super) const GROUP: StepId = StepId::new("access.group");
pub(super) const IDENTITY: StepId = StepId::new("access.identity");
pub(super) const NAMESPACE: StepId = StepId::new("namespace.create");
pub(super) const HUB: StepId = StepId::new("hub.create");
pub(super) const GRANT: StepId = StepId::new("hub.grant");
pub(super) const DPS: StepId = StepId::new("dps.create");
pub(super) const LINK: StepId = StepId::new("dps.link");

pub(super) fn answers() -> Answers {
    Answers {
        name: "contoso".into(),
        tenant: None,
        subscription: "11111111-1111-4111-8111-111111111111".into(),
        resource_group: "rg-contoso".into(),
        location: "eastus2".into(),
        hub_location: "westus2".into(),
        namespace: "contoso-ns".into(),
        hub: "contoso-hub".into(),
        dps: "contoso-dps".into(),
        identity: "contoso-id".into(),
        role_name: "Contoso role".into(),
        policy: "default".into(),
        enrollment_group: "devices".into(),
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
        tags: std::collections::BTreeMap::new(),
        dialect: "auto".into(),
        cloud: Cloud::public(),
    }
}

pub(super) fn fields() -> Vec<(&'static str, Vec<Field>)> {
    vec![
        (
            "Where",
            vec![
                Field {
                    key: "resource_group",
                    label: "Resource group",
                    choices: None,
                    hint: "made when it is not there",
                    fixed: None,
                    kind: FieldKind::Name(NameKind::ResourceGroup),
                    get: |answers| answers.resource_group.clone(),
                    set: |answers, text| text.clone_into(&mut answers.resource_group),
                },
                Field {
                    key: "roles",
                    label: "Roles",
                    choices: None,
                    hint: "custom, or built-in for callers who may not define roles",
                    fixed: None,
                    kind: FieldKind::Choice(&["custom", "built-in"]),
                    get: |answers| {
                        if answers.roles == Roles::Custom { "custom" } else { "built-in" }.to_owned()
                    },
                    set: |answers, text| {
                        answers.roles = if text == "custom" { Roles::Custom } else { Roles::BuiltIn };
                    },
                },
            ],
        ),
        (
            "ADR namespace",
            vec![
                Field {
                    key: "namespace.name",
                    label: "Namespace",
                    choices: None,
                    hint: "unique in the region",
                    fixed: None,
                    kind: FieldKind::Name(NameKind::Namespace),
                    get: |answers| answers.namespace.clone(),
                    set: |answers, text| text.clone_into(&mut answers.namespace),
                },
                Field {
                    key: "hub.capacity",
                    label: "Hub units",
                    choices: None,
                    hint: "how many units of its sku",
                    fixed: None,
                    kind: FieldKind::Number(1, 10),
                    get: |answers| answers.hub_capacity.to_string(),
                    set: |answers, text| {
                        if let Ok(units) = text.parse() {
                            answers.hub_capacity = units;
                        }
                    },
                },
            ],
        ),
    ]
}

pub(super) fn put(path: &str) -> Request {
    let path = format!("/subscriptions/1111/resourceGroups/rg-contoso/providers/{path}");
    Request::new(Method::Put, Auth::ResourceManager, "management.azure.com", path, "2025-11-01-preview")
}

pub(super) fn step(id: StepId, title: &str, why: &str) -> Step {
    Step::new(id, title, |_, _, _| {
        Ok(Next::Done { outcome: Outcome::Done, note: None, outputs: StepOutputs::new() })
    })
    .because(why)
}

pub(super) fn plan() -> Plan {
    let hub = put("Microsoft.Devices/IotHubs/contoso-hub").with_body(object([
        ("location", "westus2".into()),
        ("identity", object([("principal", Text::slot(&IDENTITY, "principalId").into())])),
    ]));
    let look = Request { method: Method::Get, ..put("Microsoft.Devices/IotHubs/contoso-hub") };
    let hubs = "/subscriptions/1111/providers/Microsoft.Devices/IotHubs".to_owned();
    let stage = |id: &'static str, heading: &str, steps| PlannedStage {
        id: StageId::new(id),
        heading: heading.to_owned(),
        steps,
    };
    Plan::new(vec![
        stage(
            "access",
            "Roles and identity",
            vec![
                step(GROUP, "Create the resource group", "Everything is made in it.")
                    .planning(Purpose::Change, &put("Microsoft.Resources/resourceGroups/rg-contoso")),
                step(IDENTITY, "Create the identity", "The hub reaches the namespace through it.")
                    .needing([Need::effect(GROUP)]),
            ],
        ),
        stage(
            "namespace",
            "ADR namespace",
            vec![
                step(NAMESPACE, "Create the namespace", "The registry of devices.")
                    .needing([Need::effect(GROUP)])
                    .taking(Duration::from_mins(5)),
            ],
        ),
        stage(
            "hub",
            "IoT hub",
            vec![
                step(
                    HUB,
                    "Create the IoT hub",
                    "An IoT hub of sku GEN2 in westus2, linked to the namespace.",
                )
                .needing([Need::effect(NAMESPACE), Need::value(IDENTITY)])
                .planning(Purpose::Look, &look)
                .planning(Purpose::Change, &hub)
                .documented("learn.example/hub")
                .in_az(vec!["az".into(), "iot".into(), "hub".into(), "create".into()])
                .usable_from(Request { method: Method::Get, path: hubs.into(), ..put("") })
                .taking(Duration::from_mins(5)),
                step(GRANT, "Namespace is Contributor on the hub", "So that it may sync.")
                    .needing([Need::effect(HUB)]),
            ],
        ),
        stage(
            "dps",
            "Device Provisioning Service",
            vec![
                step(DPS, "Create the Device Provisioning Service", "Devices begin there.")
                    .needing([Need::effect(NAMESPACE)])
                    .planning(Purpose::Change, &put("Microsoft.Devices/provisioningServices/contoso-dps")),
                step(LINK, "Link the hub", "So that devices are sent to it.")
                    .needing([Need::value(HUB), Need::effect(DPS)]),
            ],
        ),
    ])
    .unwrap()
}

/// Noon of a day, and so many seconds.
pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_780_000_000 + seconds).unwrap()
}

pub(super) fn record(seconds: i64, event: RunEvent) -> Record {
    Record { at: at(seconds), seq: 0, event }
}

pub(super) fn call(number: u128) -> CallId {
    CallId(Uuid::from_u128(0x9f31_c2aa_0000_4000_8000_0000_0000_0000 | number))
}

pub(super) fn call_started(number: u128, step: &StepId, method: Method, path: &str) -> RunEvent {
    let mut shown = put(path).shown(&crate::domain::Outputs::default());
    shown.method = method;
    RunEvent::CallStarted(Box::new(CallRecord {
        call: call(number),
        step: Some(step.clone()),
        purpose: Purpose::Change,
        shown,
        retry_of: None,
    }))
}

pub(super) fn call_finished(
    number: u128,
    step: &StepId,
    method: Method,
    path: &str,
    status: u16,
) -> RunEvent {
    RunEvent::CallFinished(Box::new(ReplyRecord {
        call: call(number),
        step: Some(step.clone()),
        method,
        target: path.to_owned(),
        status: Some(status),
        millis: 184,
        error: None,
        code: None,
        message: None,
        state: (status < 300).then(|| "Succeeded".to_owned()),
        request_id: Some("req-1".to_owned()),
        correlation_id: Some("corr-1".to_owned()),
        retry_after: None,
        body: Some(json!({})),
    }))
}

pub(super) fn finished(step: &StepId, outcome: Outcome) -> RunEvent {
    RunEvent::StepFinished {
        step: step.clone(),
        outcome,
        note: None,
        fault: None,
        outputs: StepOutputs::new(),
    }
}

pub(super) fn failed(step: &StepId) -> RunEvent {
    let mut fault = Fault::new(
        "the identity does not have the required DeviceRegistry permissions on the namespace",
        "retry in a minute; the role needs time to arrive",
    )
    .meaning("the role given 38 s ago has not reached IoT Hub yet, or it was given on another namespace")
    .having_checked("the assignment exists and is readable")
    .passing();
    fault.code = Some("IH400913".into());
    fault.request_id = Some("9f31c2aa".into());
    fault.correlation_id = Some("1b2f".into());
    RunEvent::StepFinished {
        step: step.clone(),
        outcome: Outcome::Failed,
        note: None,
        fault: Some(Box::new(fault)),
        outputs: StepOutputs::new(),
    }
}

pub(super) fn done_with(step: &StepId, outputs: &[(&str, &str)]) -> RunEvent {
    RunEvent::StepFinished {
        step: step.clone(),
        outcome: Outcome::Done,
        note: None,
        fault: None,
        outputs: outputs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
    }
}

pub(super) fn asked(number: u64, step: &StepId) -> RunEvent {
    RunEvent::Asked(Question {
        number,
        step: step.clone(),
        ask: Ask {
            question: "contoso-hub exists and is not ours.".into(),
            differs: vec![
                "location is westus2 (you said eastus2); that cannot be changed: a resource stays in its region".into(),
                "tags".into(),
            ],
            choices: vec![("use".into(), "use it as it is".into()), ("stop".into(), "stop here".into())],
            under_yes: None,
        },
    })
}

pub(super) fn started(step: &StepId) -> RunEvent {
    RunEvent::StepStarted { step: step.clone(), look: false }
}

/// An app on the form, at `width` by `height`.
pub(super) fn form_app(width: u16, height: u16) -> App {
    form_app_with(width, height, ScreenOptions::default())
}

pub(super) fn form_app_with(width: u16, height: u16, options: ScreenOptions) -> App {
    let banner = Banner { cloud: "SANDBOX x60".into(), detail: String::new() };
    let form = Form::new(answers(), &fields());
    App::new(form, banner, options, 60.0, at(0), TimeZone::UTC, (width, height))
}

pub(super) fn opened() -> Opened {
    Opened {
        flags: " --sandbox".into(),
        plan: plan(),
        account: String::new(),
        why: "Speaks preview-2025, profile A: every version it needs is offered.".into(),
        older: 0,
        earlier: Progress::default(),
        stays: Vec::new(),
    }
}

/// An app on the setup page of a run that has just begun.
pub(super) fn setup_app(width: u16, height: u16) -> App {
    setup_app_with(width, height, ScreenOptions::default())
}

pub(super) fn setup_app_with(width: u16, height: u16, options: ScreenOptions) -> App {
    let mut app = form_app_with(width, height, options);
    app.now = at(-10);
    app.open(opened());
    app.now = at(0);
    app.turn(Page::Setup);
    draw(&mut app);
    app
}

pub(super) fn header() -> RunHeader {
    RunHeader {
        format: FORMAT_VERSION,
        hubup: "0.1.0".into(),
        run: RunId("run-1".into()),
        setup: answers().setup_id(),
        kind: RunKind::Setup,
        answers: answers(),
        dialect: "preview-2025".into(),
        profile: "A".into(),
        chosen_because: "every version it needs is offered".into(),
        versions: std::collections::BTreeMap::new(),
        fingerprint: plan().fingerprint(),
        continues: None,
        sandbox: true,
        time_scale: 60.0,
        stages: plan().outline(),
    }
}

/// The run in the middle: one stage done, the hub running and waiting, the rest to come.
pub(super) fn running_app(width: u16, height: u16) -> App {
    let mut app = setup_app(width, height);
    running(&mut app);
    draw(&mut app);
    app
}

pub(super) fn running(app: &mut App) {
    let hub = "Microsoft.Devices/IotHubs/contoso-hub";
    for (seconds, event) in [
        (0, RunEvent::RunStarted(Box::new(header()))),
        (0, RunEvent::StepQueued { step: GROUP }),
        (0, started(&GROUP)),
        (1, finished(&GROUP, Outcome::Done)),
        (1, started(&IDENTITY)),
        (9, done_with(&IDENTITY, &[("principalId", "p-1")])),
        (1, started(&NAMESPACE)),
        (60, finished(&NAMESPACE, Outcome::AlreadyThere)),
        (61, RunEvent::StepQueued { step: HUB }),
        (61, started(&HUB)),
        (61, call_started(1, &HUB, Method::Put, hub)),
        (62, call_finished(1, &HUB, Method::Put, "IotHubs/contoso-hub", 201)),
        (62, RunEvent::StepWaiting { step: HUB, why: "Activating".into(), millis: 10_000, bound: 600_000 }),
        (63, RunEvent::StepQueued { step: GRANT }),
        (72, call_started(2, &HUB, Method::Get, hub)),
    ] {
        feed(app, seconds, event);
    }
    tell_time(app, 83);
}

pub(super) fn everything_done(app: &mut App) {
    for step in [&GROUP, &IDENTITY, &NAMESPACE, &HUB, &GRANT, &DPS, &LINK] {
        feed(app, 90, started(step));
        let event = match step.as_str() {
            "hub.create" => done_with(
                step,
                &[("hostName", "contoso-hub.azure-devices.net"), ("id", "/subscriptions/1/hub")],
            ),
            "dps.create" => done_with(step, &[("idScope", "0ne00FF"), ("id", "/subscriptions/1/dps")]),
            "dps.link" => finished(step, Outcome::Skipped),
            _ => finished(step, Outcome::Done),
        };
        feed(app, 95, event);
    }
    draw(app);
}

pub(super) fn feed(app: &mut App, seconds: i64, event: RunEvent) -> Vec<Effect> {
    update(app, Msg::Run(record(seconds, event)))
}

pub(super) fn tell_time(app: &mut App, seconds: i64) {
    update(app, Msg::Tick(at(seconds)));
}

/// Presses keys one after the other, each on what is drawn.
pub(super) fn press(app: &mut App, keys: &[Key]) -> Vec<Effect> {
    let mut effects = Vec::new();
    for key in keys {
        draw(app);
        effects.extend(update(app, Msg::Key(*key)));
    }
    draw(app);
    effects
}

/// Draws, as `drive` does, and gives what stands on the screen.
pub(super) fn draw(app: &mut App) -> TestBackend {
    let mut terminal = Terminal::new(TestBackend::new(app.width, app.height)).unwrap();
    let mut painted = Painted::default();
    terminal.draw(|frame| painted = view(app, frame)).unwrap();
    update(app, Msg::Painted(painted));
    app.dirty = false;
    terminal.backend().clone()
}

pub(super) fn shows(app: &mut App, text: &str) -> bool {
    draw(app).to_string().contains(text)
}

pub(super) fn session(app: &App) -> &Session {
    app.session.as_ref().unwrap()
}

/// The commands among effects.
pub(super) fn commands(effects: &[Effect]) -> Vec<Command> {
    let sent = effects.iter().filter_map(|effect| match effect {
        Effect::Send(command) => Some(command.clone()),
        _ => None,
    });
    sent.collect()
}
