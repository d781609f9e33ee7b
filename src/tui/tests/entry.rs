//! The pages before the stages: where to go, how to sign in, what would stop the run, the plan.

use crate::domain::{Answers, Exit, Fault, RunKind, SIGNED_IN_AGAIN};
use crate::engine::Command;
use crate::stages::preflight::{Finding, FindingState, HandOff, Missing};
use crate::tui::app::{App, Page};
use crate::tui::form::Verdict;
use crate::tui::ground::{Ground, Place, Rehearsal};
use crate::tui::msg::{Effect, Key, Msg};
use crate::tui::preflight::Checkup;
use crate::tui::signing::{SignInPrompt, SignInWay, SignedIn};
use crate::tui::start::{Banner, ScreenOptions};
use crate::tui::update::update;
use crate::tui::using::Candidate;
use crate::tui::welcome::{Choice, Resume};
use jiff::tz::TimeZone;

use super::fixture::*;

pub(super) fn ground(place: Place) -> Ground {
    let azure = place == Place::Azure;
    Ground {
        place,
        answers: answers(),
        another: Answers { name: "contoso-2".into(), ..answers() },
        resume: None,
        others: Vec::new(),
        fields: fields(),
        banner: Banner { cloud: if azure { "AZURE" } else { "SANDBOX x60" }.into(), detail: String::new() },
        scale: if azure { 1.0 } else { 60.0 },
        asks_who: azure,
        proposes: azure,
    }
}

/// On the welcome page of somebody who comes for the first time.
pub(super) fn newcomer(width: u16, height: u16) -> App {
    at_place(Place::Azure, width, height)
}

pub(super) fn at_place(place: Place, width: u16, height: u16) -> App {
    let mut app = App::begin(ground(place), ScreenOptions::default(), at(0), TimeZone::UTC, (width, height));
    let rehearsal = |name: &str, about: &str| Rehearsal { name: name.into(), about: about.into() };
    app.offer(
        vec![Place::Azure, Place::Sandbox],
        vec![
            rehearsal("slow-grants", "Role assignments work only after 90 seconds"),
            rehearsal("throttled", "Azure asks to slow down again and again"),
        ],
    );
    draw(&mut app);
    app
}

pub(super) fn practising(width: u16, height: u16) -> App {
    let mut app = newcomer(width, height);
    press(&mut app, &[Key::Down, Key::Enter, Key::Down]);
    app
}

pub(super) fn ways() -> Vec<SignInWay> {
    let way = |id: &str, what: &str, why_not: Option<&str>| SignInWay {
        id: id.into(),
        what: what.into(),
        usable: why_not.is_none(),
        why_not: why_not.map(Into::into),
        usual: false,
    };
    vec![
        way("service-principal", "environment: service principal", Some("AZURE_CLIENT_ID not set")),
        way("azure-cli", "az: signed in as ada@contoso.com", None),
        way("device-code", "device code: a code for a browser on any device", None),
    ]
}

/// On the page of sign-in, the ways found.
pub(super) fn sign_in(width: u16, height: u16) -> App {
    let mut app = newcomer(width, height);
    assert_eq!(press(&mut app, &[Key::Enter]), [Effect::Ways]);
    update(&mut app, Msg::Ways(Ok(ways())));
    draw(&mut app);
    app
}

/// A device code is shown.
pub(super) fn code(width: u16, height: u16) -> App {
    let mut app = sign_in(width, height);
    assert_eq!(press(&mut app, &[Key::Down, Key::Enter]), [Effect::SignIn("device-code".into())]);
    let url = "https://microsoft.com/devicelogin".into();
    update(&mut app, Msg::Prompted(SignInPrompt::Code { code: "ABCD-1234".into(), url, seconds: 900 }));
    tell_time(&mut app, 5);
    draw(&mut app);
    app
}

fn signed_in(tenants: usize) -> SignedIn {
    let tenant = |index: usize| Candidate {
        id: format!("tenant-{index}"),
        name: format!("Contoso {index}"),
        location: String::new(),
        hint: format!("contoso{index}.example"),
    };
    SignedIn {
        account: "ada@contoso.com".into(),
        tenant: Some("tenant-1".into()),
        tenants: (0..tenants).map(tenant).collect(),
    }
}

/// Signed in, and several tenants to choose from.
pub(super) fn tenants(width: u16, height: u16) -> App {
    let mut app = code(width, height);
    update(&mut app, Msg::SignedIn(Ok(signed_in(3))));
    draw(&mut app);
    app
}

/// A sign-in that failed.
pub(super) fn refused(width: u16, height: u16) -> App {
    let mut app = code(width, height);
    let fault = Fault::new(
        "sign-in by device code failed: declined in the browser",
        "try again, or choose another way",
    );
    update(&mut app, Msg::SignedIn(Err(Box::new(fault.exiting(Exit::SignIn)))));
    draw(&mut app);
    app
}

fn finding(state: FindingState, id: &'static str, title: &str, says: &str) -> Finding {
    Finding {
        id,
        title: title.into(),
        state,
        says: says.into(),
        remedy: None,
        key: None,
        steps: Vec::new(),
        missing: Vec::new(),
        exit: Exit::Complete,
    }
}

pub(super) fn checkup(stops: bool) -> Checkup {
    let mut findings = vec![
        finding(FindingState::Passed, "registration", "Provider Microsoft.Devices", "registered"),
        finding(FindingState::Passed, "names", "Name of the IoT hub", "contoso-hub is free"),
    ];
    if stops {
        findings.push(Finding {
            remedy: Some("have an administrator give you these rights".into()),
            key: Some("hand-off"),
            steps: vec![GRANT],
            missing: vec![Missing {
                action: "Microsoft.Authorization/roleAssignments/write".into(),
                scope: "/subscriptions/1111/resourceGroups/rg-contoso".into(),
                steps: vec![GRANT],
            }],
            exit: Exit::NotPermitted,
            ..finding(
                FindingState::Stops,
                "permissions",
                "Your rights in the group",
                "you may not do Microsoft.Authorization/roleAssignments/write",
            )
        });
    }
    let hand_off = HandOff { role: None, script: "az role assignment create".into(), steps: vec![GRANT] };
    Checkup {
        answers: answers(),
        plan: plan(),
        why: "Speaks preview-2025, profile A: every version it needs is offered.".into(),
        findings,
        skips: if stops { vec![GRANT] } else { Vec::new() },
        blocked: Vec::new(),
        hand_off: stops.then_some(hand_off),
    }
}

/// The checks of the form's answers are made.
pub(super) fn checked(width: u16, height: u16, stops: bool) -> App {
    let mut app = form_app(width, height);
    app.welcome = Some(crate::tui::welcome::Welcome::new());
    assert_eq!(press(&mut app, &[Key::Ctrl('g')]), [Effect::Check(Box::new(answers()))]);
    update(&mut app, Msg::Checked(Ok(Box::new(checkup(stops)))));
    draw(&mut app);
    app
}

pub(super) fn passed(width: u16, height: u16) -> App {
    checked(width, height, false)
}

pub(super) fn stopped(width: u16, height: u16) -> App {
    checked(width, height, true)
}

pub(super) fn planned(width: u16, height: u16) -> App {
    let mut app = passed(width, height);
    press(&mut app, &[Key::Char('p')]);
    app
}

#[test]
fn a_newcomer_chooses_azure_signs_in_and_gets_proposals() {
    let mut app = newcomer(80, 24);
    let choices = app.choices();
    assert_eq!(choices, [Choice::Begin, Choice::Practise, Choice::Elsewhere(Place::Sandbox)]);
    app = sign_in(80, 24);
    // What is there is preselected; what is not there cannot be taken, and says why.
    assert!(shows(&mut app, "> ✔ az: signed in as ada@contoso.com"));
    press(&mut app, &[Key::Up]);
    assert!(shows(&mut app, "AZURE_CLIENT_ID not set"));
    assert_eq!(press(&mut app, &[Key::Enter]), []);
    assert_eq!(press(&mut app, &[Key::Down, Key::Enter]), [Effect::SignIn("azure-cli".into())]);
    let effects = update(&mut app, Msg::SignedIn(Ok(signed_in(1))));
    assert_eq!(effects, [Effect::Propose(Box::new(answers()))]);
    assert!(matches!(app.page, Page::Form));
    assert!(shows(&mut app, "names that are free"));
    let proposal = Answers { resource_group: "rg-free".into(), ..answers() };
    update(&mut app, Msg::Proposed(Ok(Box::new(proposal))));
    assert!(shows(&mut app, "rg-free"));
    // Nothing was typed: back at the choices nobody is asked anything, and the header knows the account.
    press(&mut app, &[Key::Esc]);
    assert!(matches!(app.page, Page::Welcome));
    assert!(app.choices().contains(&Choice::SignIn));
    assert!(shows(&mut app, "ada@contoso.com"));
}

#[test]
fn proposals_never_overwrite_what_was_typed() {
    let mut app = sign_in(80, 24);
    press(&mut app, &[Key::Enter]);
    update(&mut app, Msg::SignedIn(Ok(signed_in(1))));
    press(&mut app, &[Key::Char('x')]);
    update(&mut app, Msg::Proposed(Ok(Box::new(Answers { resource_group: "rg-free".into(), ..answers() }))));
    assert!(shows(&mut app, "rg-contosox"));
}

#[test]
fn a_device_code_is_shown_copied_and_dropped() {
    let mut app = code(80, 24);
    for text in ["https://microsoft.com/devicelogin", "ABCD-1234", "14:55"] {
        assert!(shows(&mut app, text), "{text}:\n{}", draw(&mut app));
    }
    assert_eq!(press(&mut app, &[Key::Char('y')]), [Effect::Copy("ABCD-1234".into())]);
    let url = "https://microsoft.com/devicelogin".to_owned();
    assert_eq!(press(&mut app, &[Key::Char('o')]), [Effect::OpenLink(url)]);
    assert_eq!(press(&mut app, &[Key::Esc]), [Effect::StopSignIn]);
    assert!(matches!(app.page, Page::SignIn));
    // What comes of a dropped attempt changes nothing.
    assert_eq!(update(&mut app, Msg::SignedIn(Ok(signed_in(1)))), []);
    assert!(app.signed_in.is_none());
    press(&mut app, &[Key::Esc]);
    assert!(matches!(app.page, Page::Welcome));
}

#[test]
fn a_failed_sign_in_says_why_and_leaves_the_other_ways() {
    let mut app = refused(80, 24);
    assert!(shows(&mut app, "declined in the browser") && shows(&mut app, "choose another way"));
    assert_eq!(press(&mut app, &[Key::Up, Key::Enter]), [Effect::SignIn("azure-cli".into())]);
    assert!(!shows(&mut app, "declined in the browser"));
}

#[test]
fn one_of_several_tenants_is_chosen() {
    let mut app = tenants(80, 24);
    assert!(shows(&mut app, "> Contoso 1"));
    // The one that is signed in to takes no other sign-in.
    let mut same = app.clone();
    assert_eq!(press(&mut same, &[Key::Enter]), [Effect::Propose(Box::new(answers()))]);
    assert_eq!(press(&mut app, &[Key::Down, Key::Enter]), [Effect::TakeTenant("tenant-2".into())]);
    let other = SignedIn { tenant: Some("tenant-2".into()), ..signed_in(3) };
    assert_eq!(update(&mut app, Msg::SignedIn(Ok(other))), [Effect::Propose(Box::new(answers()))]);
    assert!(matches!(app.page, Page::Form));
}

#[test]
fn who_signed_in_to_azure_is_nobody_in_the_sandbox() {
    let mut app = newcomer(80, 24);
    app.signed_in = Some(signed_in(1));
    assert!(app.choices().contains(&Choice::SignIn));
    press(&mut app, &[Key::Down, Key::Down, Key::Enter]);
    update(&mut app, Msg::Entered(Ok(Box::new(ground(Place::Sandbox)))));
    assert!(!app.choices().contains(&Choice::SignIn));
}

#[test]
fn the_sandbox_asks_nobody() {
    let mut app = at_place(Place::Sandbox, 80, 24);
    assert_eq!(press(&mut app, &[Key::Enter]), []);
    assert!(matches!(app.page, Page::Form));
}

#[test]
fn another_place_and_a_rehearsal_are_entered() {
    let mut app = newcomer(80, 24);
    let effects = press(&mut app, &[Key::Down, Key::Down, Key::Enter]);
    assert_eq!(effects, [Effect::Enter(Place::Sandbox, None)]);
    update(&mut app, Msg::Entered(Ok(Box::new(ground(Place::Sandbox)))));
    assert!(matches!(app.page, Page::Welcome) && shows(&mut app, "SANDBOX x60"));
    let mut app = practising(80, 24);
    assert!(shows(&mut app, "Azure asks to slow down again and again"));
    let effects = press(&mut app, &[Key::Enter]);
    assert_eq!(effects, [Effect::Enter(Place::Sandbox, Some("throttled".into()))]);
    update(&mut app, Msg::Entered(Ok(Box::new(ground(Place::Sandbox)))));
    // A rehearsal is begun with its own answers, on the form.
    assert!(matches!(app.page, Page::Form));
    // One that cannot be opened is told where it was chosen.
    let mut app = practising(80, 24);
    press(&mut app, &[Key::Enter]);
    update(&mut app, Msg::Entered(Err(Box::new(Fault::new("the sandbox is held", "end the other process")))));
    assert!(shows(&mut app, "the sandbox is held") && matches!(app.page, Page::Welcome));
}

#[test]
fn another_setup_of_the_place_is_turned_to() {
    let mut app = at_place(Place::Sandbox, 80, 24);
    let header =
        crate::domain::RunHeader { answers: Answers { name: "older".into(), ..answers() }, ..header() };
    let mut progress = crate::domain::Progress::default();
    progress.apply(&record(-60, crate::domain::RunEvent::RunStarted(Box::new(header.clone()))));
    let other = Resume { progress, answers: header.answers, changes: Vec::new() };
    app.welcome.as_mut().unwrap().others = vec![other];
    assert!(shows(&mut app, "Go on with older"));
    press(&mut app, &[Key::Down, Key::Enter]);
    assert!(shows(&mut app, "> Go on with older"));
    let effects = press(&mut app, &[Key::Enter]);
    let [Effect::Launch(launched, RunKind::Setup)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(launched.name, "older");
}

#[test]
fn nothing_stops_and_enter_goes_to_the_stages() {
    let mut app = passed(80, 24);
    assert!(shows(&mut app, "Nothing stands in the way: 2 passed"));
    assert_eq!(press(&mut app, &[Key::Enter]), [Effect::Launch(Box::new(answers()), RunKind::Setup)]);
    // A start that fails is told on the page, and Esc leads back to the answers.
    update(&mut app, Msg::Launched(Box::new(Err(Fault::new("the journal is held", "end the other run")))));
    assert!(shows(&mut app, "the journal is held"));
    press(&mut app, &[Key::Esc, Key::Esc]);
    assert!(matches!(app.page, Page::Form));
}

#[test]
fn what_stops_is_told_with_its_ways_on() {
    let mut app = stopped(80, 24);
    for text in
        ["✖ stops", "Your rights in the group", "needed by hub.grant", "have an administrator", "1 stop"]
    {
        assert!(shows(&mut app, text), "{text}:\n{}", draw(&mut app));
    }
    // Enter does not go over it: it looks again, and what was found stands until then.
    assert_eq!(press(&mut app, &[Key::Enter]), [Effect::Check(Box::new(answers()))]);
    assert!(shows(&mut app, "Your rights in the group"));
    update(&mut app, Msg::Checked(Ok(Box::new(checkup(true)))));
    let effects = press(&mut app, &[Key::Char('h')]);
    assert!(matches!(&effects[..], [Effect::HandOver(_)]), "{effects:?}");
    update(&mut app, Msg::Handed(Ok("Wrote hubup-grants.sh: the grants.".into())));
    assert!(shows(&mut app, "Wrote hubup-grants.sh"));
}

#[test]
fn going_on_without_rights_skips_those_steps() {
    let mut app = stopped(80, 24);
    assert!(shows(&mut app, "s goes on without: Namespace is Contributor on the hub"));
    assert_eq!(press(&mut app, &[Key::Char('s')]), [Effect::Launch(Box::new(answers()), RunKind::Setup)]);
    let effects = update(&mut app, Msg::Launched(Box::new(Ok(opened()))));
    assert_eq!(commands(&effects), [Command::Skip(vec![GRANT])]);
    assert!(effects.contains(&Effect::Usual), "{effects:?}");
    // On anyway skips nothing.
    let mut app = stopped(80, 24);
    press(&mut app, &[Key::Char('o')]);
    assert_eq!(update(&mut app, Msg::Launched(Box::new(Ok(opened())))), [Effect::Usual]);
}

#[test]
fn waiting_for_rights_looks_again_by_itself_until_they_are_there() {
    let mut app = stopped(80, 24);
    press(&mut app, &[Key::Char('w')]);
    assert!(shows(&mut app, "Checks again in 30 s"));
    tell_time(&mut app, 10);
    assert!(shows(&mut app, "Checks again in 20 s"));
    assert_eq!(update(&mut app, Msg::Tick(at(31))), [Effect::Check(Box::new(answers()))]);
    // Not twice while the first is under way.
    assert_eq!(update(&mut app, Msg::Tick(at(62))), []);
    update(&mut app, Msg::Checked(Ok(Box::new(checkup(false)))));
    assert!(shows(&mut app, "Nothing stands in the way"));
    assert_eq!(update(&mut app, Msg::Tick(at(120))), []);
}

#[test]
fn the_plan_tells_needs_requests_and_what_is_billed() {
    let mut app = planned(120, 60);
    for text in ["Create the IoT hub", "Needs", "changes", "gives a value", "Nothing in this plan is billed"]
    {
        let sandbox = text.starts_with("Nothing");
        if sandbox {
            app.banner.cloud = "AZURE".into();
        }
        assert!(shows(&mut app, text), "{text}:\n{}", draw(&mut app));
    }
    let mut billed = checkup(false);
    let stages = billed.plan.stages().to_vec();
    let mut stages = stages;
    stages[2].steps[0].billed = Some("by the hour");
    billed.plan = crate::domain::Plan::new(stages).unwrap();
    app.preflight.as_mut().unwrap().found = Some(Ok(Box::new(billed)));
    assert!(shows(&mut app, "Billed: Create the IoT hub. Everything else is free."));
    press(&mut app, &[Key::Esc]);
    assert!(matches!(app.page, Page::Preflight));
}

#[test]
fn a_paused_run_is_signed_in_for_from_its_question() {
    let mut app = running_app(80, 24);
    let ask = crate::domain::Ask {
        question: "you are not signed in any more".into(),
        differs: Vec::new(),
        choices: vec![
            (SIGNED_IN_AGAIN.into(), "I have signed in: go on".into()),
            ("stop".into(), "stop".into()),
        ],
        under_yes: None,
    };
    let question = crate::domain::Question { number: 7, step: HUB, ask };
    feed(&mut app, 90, crate::domain::RunEvent::Asked(question));
    press(&mut app, &[Key::Char('a')]);
    assert_eq!(press(&mut app, &[Key::Char('i')]), [Effect::Ways]);
    update(&mut app, Msg::Ways(Ok(ways())));
    assert_eq!(press(&mut app, &[Key::Enter]), [Effect::SignIn("azure-cli".into())]);
    // A run stays in its tenant, however many there are.
    let effects = update(&mut app, Msg::SignedIn(Ok(signed_in(3))));
    assert_eq!(commands(&effects), [Command::Answer { number: 7, choice: SIGNED_IN_AGAIN.into() }]);
    assert!(matches!(app.page, Page::Setup));
    // Other questions offer no sign-in.
    let mut app = running_app(80, 24);
    feed(&mut app, 90, asked(3, &HUB));
    press(&mut app, &[Key::Char('a')]);
    assert_eq!(press(&mut app, &[Key::Char('i')]), []);
}

#[test]
fn names_are_asked_about_once_they_stand_still() {
    let mut app = form_app(80, 24);
    let asked: Vec<&str> = judged(&update(&mut app, Msg::Tick(at(1))));
    assert_eq!(asked, ["resource_group", "namespace.name"]);
    assert!(!app.ticking(), "nothing is left to ask");
    update(
        &mut app,
        Msg::Judged("resource_group", "rg-contoso".into(), Ok(Some(Verdict::Taken(Some("rg-free".into()))))),
    );
    update(&mut app, Msg::Judged("namespace.name", "contoso-ns".into(), Ok(Some(Verdict::New))));
    assert!(shows(&mut app, "✖ taken · Ctrl+T") && shows(&mut app, "takes rg-free"));
    assert!(shows(&mut app, "✔ new"));
    // A name that is taken is not launched; its suggestion mends it.
    assert_eq!(press(&mut app, &[Key::Ctrl('g')]), []);
    press(&mut app, &[Key::Ctrl('t')]);
    assert!(shows(&mut app, "rg-free"));
    // While it is typed nothing is asked; what is answered about another text says nothing.
    press(&mut app, &[Key::Char('x')]);
    assert_eq!(update(&mut app, Msg::Tick(at(1))), []);
    update(&mut app, Msg::Judged("resource_group", "rg-free".into(), Ok(Some(Verdict::Taken(None)))));
    assert!(!shows(&mut app, "taken"));
    assert_eq!(judged(&update(&mut app, Msg::Tick(at(3)))), ["resource_group", "namespace.name"]);
}

fn judged(effects: &[Effect]) -> Vec<&'static str> {
    let keys = effects.iter().map(|effect| match effect {
        Effect::Judge(key, ..) => *key,
        other => panic!("{other:?}"),
    });
    keys.collect()
}

#[test]
fn answers_are_written_to_a_file_only_when_asked() {
    let mut app = form_app(80, 24);
    assert_eq!(press(&mut app, &[Key::Ctrl('s')]), [Effect::Keep(Box::new(answers()))]);
    update(&mut app, Msg::Kept(Ok("hubup.toml".into())));
    assert!(shows(&mut app, "wrote hubup.toml"));
}

#[test]
fn what_the_journals_teach_is_told_beside_the_documented_bound() {
    let mut app = running_app(120, 36);
    let usual = crate::tui::session::Usual { seconds: 130, times: 3 };
    update(&mut app, Msg::Usual(std::collections::BTreeMap::from([(HUB, usual)])));
    press(&mut app, &[Key::Down, Key::Down, Key::Right, Key::Down]);
    assert!(shows(&mut app, "took 02:10 here (in 3 runs), up to"), "{}", draw(&mut app));
}
