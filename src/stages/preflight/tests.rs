//! Checks by turns: what each asks, and what it makes of every kind of answer.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::needs::{creations, needs};
use super::*;
use crate::cli::config::Config;
use crate::domain::{Outputs, Reply, Roles, Seen, Turn};
use crate::stages::{DIALECTS, Profile, plan};

/// The setup of the shipped example, as a dialect has it.
struct Setup {
    answers: Answers,
    selection: Selection,
    plan: Plan,
}

impl Setup {
    fn new(dialect: &str, change: impl Fn(&mut Answers)) -> Self {
        let mut answers = Config::example().answers;
        change(&mut answers);
        let dialect = DIALECTS.iter().find(|known| known.id == dialect).unwrap();
        let profile = Profile::of(&dialect.profiles[0], &BTreeMap::new());
        let plan = plan(dialect, &profile, &answers).unwrap();
        Self { answers, selection: Selection { dialect, profile, because: "a test".to_owned() }, plan }
    }

    /// All of it, in a group that is there.
    fn subject(&self) -> Subject<'_> {
        Subject {
            answers: &self.answers,
            selection: &self.selection,
            plan: &self.plan,
            running: self.plan.ids(),
            group: Group::There,
            caller: Some(CALLER.to_owned()),
            now: "2026-11-24T12:00:00Z".parse().unwrap(),
        }
    }
}

const CALLER: &str = "55555555-5555-4555-8555-555555555555";
const NOW: &str = "Tue, 24 Nov 2026 12:00:10 GMT";

fn reply(body: Value) -> Reply {
    Reply {
        status: 200,
        body,
        etag: None,
        request_id: None,
        correlation_id: None,
        async_operation: None,
        location: None,
        retry_after: None,
        date: Some(NOW.to_owned()),
    }
}

fn error(kind: ErrorKind) -> ServiceError {
    ServiceError::local(kind, "the service's words")
}

type Answer = Result<Reply, ServiceError>;

/// Makes the check, answering each look by its URL; gives the findings and the URLs.
fn made(check: &Check<'_>, answer: &dyn Fn(&Request, &str) -> Answer) -> (Vec<Finding>, Vec<String>) {
    let (mut seen, mut urls) = (Seen::default(), Vec::new());
    loop {
        let next = match check.look(&mut Replay::new(&seen)) {
            Ok(findings) => return (findings, urls),
            Err(next) => *next,
        };
        let Next::Read(request) = next else { panic!("{}: {next:?} is no look", check.id) };
        let url = request.shown(&Outputs::default()).url;
        assert!(urls.len() < 40, "{} goes on for ever: {urls:?}", check.id);
        seen.turns.push(Turn::Read(answer(&request, &url)));
        urls.push(url);
    }
}

/// All findings of the checks `id` of `subject`.
fn found(subject: &Subject<'_>, id: &str, answer: impl Fn(&Request, &str) -> Answer) -> Vec<Finding> {
    let checks = checks(subject).into_iter().filter(|check| check.id == id);
    let found: Vec<Finding> = checks.flat_map(|check| made(&check, &answer).0).collect();
    assert!(!found.is_empty(), "no check `{id}`");
    found
}

fn told(finding: &Finding) -> (FindingState, Option<&'static str>) {
    (finding.state, finding.key)
}

fn permitting(actions: &[&str], without: &[&str]) -> Reply {
    reply(json!({ "value": [{ "actions": actions, "notActions": without }] }))
}

#[test]
fn wildcards_and_exceptions_count_without_case() {
    let table: &[(&[&str], &[&str], &str, bool)] = &[
        (&["*"], &[], "Microsoft.Devices/IotHubs/write", true),
        (&["*/read"], &[], "Microsoft.Devices/IotHubs/read", true),
        (&["*/read"], &[], "Microsoft.Devices/IotHubs/write", false),
        (&["microsoft.devices/iothubs/*"], &[], "Microsoft.Devices/IotHubs/listkeys/action", true),
        (&["Microsoft.Devices/*/write"], &[], "Microsoft.Devices/IotHubs/write", true),
        (
            &["Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action"],
            &[],
            "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action",
            true,
        ),
        (&["Microsoft.Devices/*/write"], &[], "Microsoft.DevicesX/write", false),
        (&["Microsoft.Devices/IotHubs/write"], &[], "Microsoft.Devices/IotHubs/writes", false),
        (
            &["*"],
            &["Microsoft.Authorization/*/Write"],
            "Microsoft.Authorization/roleAssignments/write",
            false,
        ),
        (&["*"], &["Microsoft.Authorization/*/Write"], "Microsoft.Authorization/roleAssignments/read", true),
        (&[], &[], "Microsoft.Devices/IotHubs/read", false),
        (&["a*b*c"], &[], "axxbyyc", true),
        (&["a*b*c"], &[], "axxcyyb", false),
    ];
    for (actions, without, action, wanted) in table {
        let block = json!({ "actions": actions, "notActions": without });
        assert_eq!(allows(&[block], action), *wanted, "{actions:?} without {without:?}: {action}");
    }
    // What one role takes back another may give.
    let owner = json!({ "actions": ["Microsoft.Authorization/*"], "notActions": [] });
    let contributor = json!({ "actions": ["*"], "notActions": ["Microsoft.Authorization/*/Write"] });
    assert!(allows(&[contributor, owner], "Microsoft.Authorization/roleAssignments/write"));
}

/// The actions that change something, as an administrator would have to give them.
fn changes(setup: &Setup) -> Vec<String> {
    let mut changes: Vec<String> = needs(&setup.subject())
        .into_iter()
        .filter(|need| !need.action.ends_with("/read"))
        .map(|need| format!("{} {:?} {:?}", need.action, need.at, need.weight))
        .collect();
    changes.sort();
    changes
}

#[test]
fn a_plan_needs_exactly_the_actions_of_its_requests() {
    assert_eq!(
        changes(&Setup::new("preview-2025", |_| {})),
        [
            "Microsoft.Authorization/roleAssignments/write Group Must",
            "Microsoft.Authorization/roleDefinitions/write Group Must",
            "Microsoft.DeviceRegistry/namespaces/credentials/policies/write Group Must",
            "Microsoft.DeviceRegistry/namespaces/credentials/synchronize/action Group Must",
            "Microsoft.DeviceRegistry/namespaces/credentials/write Group Must",
            "Microsoft.DeviceRegistry/namespaces/write Group Must",
            "Microsoft.Devices/IotHubs/IotHubKeys/listkeys/action Group Must",
            "Microsoft.Devices/IotHubs/write Group Must",
            "Microsoft.Devices/provisioningServices/listkeys/action Group Must",
            "Microsoft.Devices/provisioningServices/write Group Must",
            "Microsoft.ManagedIdentity/userAssignedIdentities/write Group Must",
            "Microsoft.Resources/subscriptions/resourceGroups/write Group Must",
        ]
    );
    assert_eq!(
        changes(&Setup::new("links-2026", |_| {})),
        [
            "Microsoft.Authorization/roleAssignments/write Group Must",
            "Microsoft.DeviceRegistry/namespaces/certificateAuthorities/certificatePolicies/write Group Must",
            "Microsoft.DeviceRegistry/namespaces/certificateAuthorities/write Group Must",
            "Microsoft.DeviceRegistry/namespaces/delete Group Maybe",
            "Microsoft.DeviceRegistry/namespaces/write Group Must",
            "Microsoft.Devices/IotHubs/write Group Must",
            "Microsoft.Devices/provisioningServices/listkeys/action Group Must",
            "Microsoft.Devices/provisioningServices/write Group Must",
            "Microsoft.Resources/subscriptions/resourceGroups/write Group Must",
        ]
    );
    let built_in = changes(&Setup::new("preview-2025", |answers| answers.roles = Roles::BuiltIn));
    assert!(!built_in.concat().contains("roleDefinitions"), "{built_in:?}");
}

#[test]
fn what_is_not_run_needs_nothing() {
    let setup = Setup::new("preview-2025", |_| {});
    let mut subject = setup.subject();
    subject.running.retain(|step| step.as_str().starts_with("certificates."));
    let actions: Vec<String> = needs(&subject).into_iter().map(|need| need.action).collect();
    assert!(actions.iter().all(|action| action.starts_with("Microsoft.DeviceRegistry/")), "{actions:?}");
    subject.running.clear();
    assert!(needs(&subject).is_empty() && creations(&subject).is_empty());
    let ids: Vec<&str> = checks(&subject).iter().map(|check| check.id).collect();
    assert_eq!(ids, ["versions", "clock"]);
}

#[test]
fn rights_are_asked_for_where_the_group_is_or_will_be() {
    let setup = Setup::new("links-2026", |_| {});
    let mut subject = setup.subject();
    let all = |_: &Request, _: &str| Ok(permitting(&["*"], &[]));
    let urls = |subject: &Subject<'_>| -> Vec<String> {
        let checks = checks(subject).into_iter().filter(|check| check.id == "permissions");
        checks.flat_map(|check| made(&check, &all).1).collect()
    };
    let asked = urls(&subject);
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert!(
        asked[0].contains("/resourceGroups/rg-contoso-factory/providers/Microsoft.Authorization/permissions")
    );
    subject.group = Group::Missing;
    let asked = urls(&subject);
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert!(!asked[0].contains("resourceGroups"));
    // A group that could not be seen, and is not there: no refusal.
    subject.group = Group::Unknown;
    let found = found(&subject, "permissions", |_, url| {
        if url.contains("resourceGroups") {
            Err(error(ErrorKind::NotFound))
        } else {
            Ok(permitting(&["*"], &[]))
        }
    });
    assert_eq!(told(&found[0]), (FindingState::Passed, None));
}

#[test]
fn missing_rights_are_named_with_their_steps() {
    let setup = Setup::new("preview-2025", |_| {});
    let subject = setup.subject();
    let found = found(&subject, "permissions", |_, _| {
        Ok(permitting(&["*"], &["Microsoft.Authorization/*/Write", "Microsoft.Devices/*/action"]))
    });
    let stops = found.iter().find(|finding| finding.state == FindingState::Stops).unwrap();
    let actions: Vec<&str> = stops.missing.iter().map(|missing| missing.action.as_str()).collect();
    assert_eq!(
        actions,
        [
            "Microsoft.Authorization/roleDefinitions/write",
            "Microsoft.Authorization/roleAssignments/write",
            "Microsoft.Devices/IotHubs/IotHubKeys/listkeys/action",
            "Microsoft.Devices/provisioningServices/listkeys/action",
        ]
    );
    assert_eq!(stops.missing[0].steps, [StepId::new("access.adr-role")]);
    assert!(stops.missing.iter().all(|missing| missing.scope == setup.answers.resource_group_id()));
    assert_eq!((stops.key, stops.exit), (Some("hand-off"), Exit::NotPermitted));
    // A way out that is rarely taken does not stop.
    let setup = Setup::new("links-2026", |_| {});
    let found =
        super::tests::found(&setup.subject(), "permissions", |_, _| Ok(permitting(&["*"], &["*/delete"])));
    assert_eq!(told(&found[0]), (FindingState::Warned, Some("hand-off")));
}

#[test]
fn a_refused_or_empty_answer_is_never_passed() {
    for dialect in ["preview-2025", "links-2026"] {
        let setup = Setup::new(dialect, |_| {});
        let subject = setup.subject();
        for kind in [ErrorKind::Forbidden, ErrorKind::Service, ErrorKind::Lost, ErrorKind::NotAzure] {
            for check in checks(&subject) {
                let (found, _) = made(&check, &|_, _| Err(error(kind)));
                for finding in found {
                    let looked = finding.id != "versions";
                    assert!(!looked || finding.state != FindingState::Passed, "{kind:?}: {finding:?}");
                    let by_step = finding.id == "hub-application" && kind == ErrorKind::Forbidden;
                    let wanted = if by_step { FindingState::Stops } else { FindingState::NotChecked };
                    assert!(!looked || finding.state == wanted, "{kind:?}: {finding:?}");
                    assert!(finding.state == FindingState::Passed || finding.key.is_some(), "{finding:?}");
                }
            }
        }
        for check in checks(&subject) {
            let odd = |_: &Request, _: &str| Ok(Reply { date: None, ..reply(Value::Null) });
            for finding in made(&check, &odd).0 {
                let asked = finding.id != "versions";
                assert!(!asked || finding.state != FindingState::Passed, "nothing was said: {finding:?}");
            }
        }
    }
}

#[test]
fn a_provider_is_registered_by_the_run_or_stops_it() {
    let setup = Setup::new("links-2026", |_| {});
    let subject = setup.subject();
    let states = |state: &'static str, rights: &'static [&'static str]| {
        let found = found(&subject, "registration", move |_, url| {
            if url.contains("/permissions") {
                return Ok(permitting(rights, &[]));
            }
            Ok(reply(json!({ "registrationState": state, "resourceTypes": [] })))
        });
        let mut states: Vec<_> =
            found.iter().filter(|finding| finding.id == "registration").map(told).collect();
        states.dedup();
        states
    };
    assert_eq!(states("Registered", &[]), [(FindingState::Passed, None)]);
    assert_eq!(states("registering", &[]), [(FindingState::Warned, None)]);
    let key = Some("register-provider");
    assert_eq!(states("NotRegistered", &["*"]), [(FindingState::Warned, key)]);
    assert_eq!(states("NotRegistered", &["*/read"]), [(FindingState::Stops, key)]);
}

#[test]
fn a_taken_name_stops_unless_it_is_ours() {
    let setup = Setup::new("preview-2025", |_| {});
    let subject = setup.subject();
    let told_of = |hub_is_there: bool, other_is_free: bool| {
        let found = found(&subject, "names", move |request, url| {
            let body = request.shown(&Outputs::default()).body.unwrap_or_default();
            match body["name"].as_str() {
                Some("contoso-factory-hub" | "contoso-factory-dps") => {
                    Ok(reply(json!({ "nameAvailable": false, "reason": "AlreadyExists" })))
                }
                Some(_) => Ok(reply(json!({ "nameAvailable": other_is_free }))),
                None if hub_is_there && url.contains("/IotHubs/") => Ok(reply(json!({ "name": "it" }))),
                None => Err(error(ErrorKind::NotFound)),
            }
        });
        (told(&found[0]), found[0].remedy.clone().unwrap_or_default(), found.len())
    };
    let (state, _, count) = told_of(true, true);
    assert_eq!((state, count), ((FindingState::Passed, None), 2));
    let (state, remedy, _) = told_of(false, true);
    assert_eq!(state, (FindingState::Stops, Some("change-name")));
    assert!(remedy.contains("hub.name = \"contoso-factory-hub-"), "{remedy}");
    let (_, remedy, _) = told_of(false, false);
    assert!(!remedy.contains("free"), "{remedy}");
}

#[test]
fn policies_stop_warn_and_suggest() {
    let setup = Setup::new("links-2026", |_| {});
    let subject = setup.subject();
    let evaluation = |effect: &str| {
        json!({
            "policyInfo": { "policyAssignmentId": "/x/policyAssignments/keep-tidy" },
            "evaluationResult": "NonCompliant", "effectDetails": { "policyEffect": effect },
        })
    };
    let answer = |effect: &str| {
        json!({
            "contentEvaluationResult": { "policyEvaluations": [evaluation(effect)] },
            "fieldRestrictions": [
                { "field": "tags.owner", "restrictions": [{ "result": "Required" }] },
                { "field": "location", "restrictions": [{ "result": "Required", "values": ["westeurope"] }] },
            ],
        })
    };
    let found_with = |body: Value| {
        let found = found(&subject, "policy", move |request, url| {
            assert!(request.method == Method::Post && url.ends_with("api-version=2022-03-01"), "{url}");
            Ok(reply(body.clone()))
        });
        gathered(found).remove(0)
    };
    let denied = found_with(answer("Deny"));
    assert_eq!(
        (denied.state, denied.exit, denied.key),
        (FindingState::Stops, Exit::NotPermitted, Some("meet-policy"))
    );
    let remedy = denied.remedy.unwrap();
    assert!(remedy.contains("add `owner` under `[tags]`") && remedy.contains("westeurope"), "{remedy}");
    assert!(denied.says.contains("keep-tidy (deny)"), "{}", denied.says);
    assert_eq!(found_with(answer("Audit")).state, FindingState::Warned);
    assert_eq!(found_with(json!({})).state, FindingState::Passed);
}

#[test]
fn policies_are_asked_with_what_would_be_sent() {
    let setup = Setup::new("preview-2025", |_| {});
    let made = creations(&setup.subject());
    let kinds: Vec<&str> = made.iter().map(|made| made.kind.as_str()).collect();
    // The group is there.
    assert_eq!(
        kinds,
        [
            "Microsoft.ManagedIdentity/userAssignedIdentities",
            "Microsoft.DeviceRegistry/namespaces",
            "Microsoft.DeviceRegistry/namespaces/credentials",
            "Microsoft.DeviceRegistry/namespaces/credentials/policies",
            "Microsoft.Devices/IotHubs",
            "Microsoft.Devices/provisioningServices",
        ]
    );
    let text = format!("{:?}", made.iter().map(|made| &made.content).collect::<Vec<_>>());
    assert!(!text.contains("{access.") && !text.contains("secret:"), "{text}");
    assert!(made.iter().all(|made| made.content["tags"]["hubup-setup"] == "contoso-factory"), "{text}");
}

#[test]
fn denials_count_for_whom_they_are_meant() {
    let setup = Setup::new("links-2026", |_| {});
    let subject = setup.subject();
    let someone = "99999999-9999-4999-8999-999999999999";
    let everybody = "00000000-0000-0000-0000-000000000000";
    let denial = |principals: Value, without: Value, actions: &str| {
        json!({ "properties": {
            "denyAssignmentName": "no", "scope": setup.answers.resource_group_id(),
            "permissions": [{ "actions": [actions], "notActions": ["*/read"] }],
            "principals": principals, "excludePrincipals": without,
        }})
    };
    let user = |id: &str| json!([{ "id": id, "type": "User" }]);
    let group = json!([{ "id": someone, "type": "Group" }]);
    let table = [
        (denial(user(CALLER), json!([]), "Microsoft.Devices/*"), FindingState::Stops),
        (denial(user(everybody), json!([]), "*"), FindingState::Stops),
        (denial(user(everybody), user(CALLER), "*"), FindingState::Passed),
        (denial(user(someone), json!([]), "*"), FindingState::Passed),
        (denial(group.clone(), json!([]), "*"), FindingState::Warned),
        (denial(user(everybody), group, "*"), FindingState::Warned),
        (denial(user(CALLER), json!([]), "Microsoft.Compute/*"), FindingState::Passed),
    ];
    for (denial, wanted) in table {
        let list = json!({ "value": [denial] });
        let found = found(&subject, "deny-assignments", |_, _| Ok(reply(list.clone())));
        assert_eq!(found[0].state, wanted, "{list}");
    }
}

#[test]
fn a_clock_that_is_wrong_is_told_by_how_much() {
    let setup = Setup::new("links-2026", |_| {});
    let mut subject = setup.subject();
    for (now, wanted, says) in [
        ("2026-11-24T12:04:00Z", FindingState::Passed, "within"),
        ("2026-11-24T12:20:10Z", FindingState::Stops, "20 min ahead of"),
        ("2026-11-24T11:40:10Z", FindingState::Stops, "20 min behind"),
    ] {
        subject.now = now.parse().unwrap();
        let found = found(&subject, "clock", |_, _| Ok(reply(json!({}))));
        assert_eq!(found[0].state, wanted, "{now}");
        assert!(found[0].says.contains(says), "{}", found[0].says);
    }
    // Without a signed call the sign-in that worked is all that needs the clock.
    subject.running.retain(|step| step.as_str() != "enrollment.group");
    assert_eq!(found(&subject, "clock", |_, _| Ok(reply(json!({}))))[0].state, FindingState::Warned);
}

#[test]
fn rights_come_before_everything_else() {
    let stops = |exit| Finding::stops("x", "X", exit, "no");
    assert_eq!(exit(&[]), Exit::Complete);
    assert_eq!(
        exit(&[Finding::warned("x", "X", "well"), Finding::not_checked("x", "X", "who knows")]),
        Exit::Complete
    );
    assert_eq!(exit(&[stops(Exit::Failed)]), Exit::Failed);
    assert_eq!(exit(&[stops(Exit::Failed), stops(Exit::Usage)]), Exit::Usage);
    assert_eq!(exit(&[stops(Exit::Usage), stops(Exit::NotPermitted)]), Exit::NotPermitted);
}
