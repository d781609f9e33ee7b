//! The way back of every dialect, and the moves of its shapes, told as lists of turns.

use std::sync::Arc;

use super::*;
use crate::domain::{Earlier, Method, NeedKind, derived_uuid};

const GUID: &str = "b24988ac-6180-42a0-ab88-20f7382dd24c";

fn way_back(answers: &Answers) -> Plan {
    let dialect = dialect("preview-2025");
    teardown_plan(dialect, &profile(dialect), answers).unwrap()
}

fn next_after(step: &'static str, made: &[&str], turns: Vec<Turn>) -> Next {
    let answers = answers();
    let made = Arc::new(made.iter().map(|id| id.to_lowercase()).collect::<BTreeSet<_>>());
    let seen = Seen { turns, grace: Duration::ZERO, earlier: Earlier { made, ..Earlier::default() } };
    way_back(&answers).step(&StepId::new(step)).unwrap().next(&answers, &outputs(), &seen)
}

#[track_caller]
fn back(step: &'static str, turns: Vec<Turn>, expected: &str) {
    assert_eq!(word(&next_after(step, &[], turns)), expected);
}

#[track_caller]
fn note(next: &Next) -> String {
    match next {
        Next::Done { note, .. } => note.clone().unwrap_or_default(),
        other => panic!("{other:?}"),
    }
}

fn tagged(name: &str) -> Turn {
    read(json!({ "tags": { "hubup-setup": name }, "properties": { "provisioningState": "Succeeded" } }))
}

fn state(state: &str) -> Turn {
    read(json!({ "tags": { "hubup-setup": "factory" }, "properties": { "provisioningState": state } }))
}

#[test]
fn the_plan_holds_together_whatever_was_answered() {
    for dialect in DIALECTS {
        for profile in dialect.profiles {
            for roles in [Roles::Custom, Roles::BuiltIn] {
                for certificates in [Certificates::On { leaf_days: 30 }, Certificates::Off] {
                    let answers = Answers { roles, certificates, ..answers() };
                    let profile = Profile::of(profile, &BTreeMap::new());
                    let plan = teardown_plan(dialect, &profile, &answers).unwrap();
                    let forth = super::super::plan(dialect, &profile, &answers).unwrap();
                    for step in plan.steps() {
                        assert!(forth.step(&step.id).is_none(), "{} has one id for both ways", step.id);
                        assert!(!step.why.is_empty() && !step.title.is_empty(), "{}", step.id);
                        assert!(!step.touches.is_empty(), "{} touches nothing", step.id);
                        // Whoever skips one has said that it may stay.
                        assert!(step.needs.iter().all(|need| need.kind == NeedKind::Effect), "{}", step.id);
                        for planned in &step.planned {
                            let is_change = planned.purpose == Purpose::Change;
                            let method = planned.request.method;
                            assert!(
                                !is_change || matches!(method, Method::Delete | Method::Put),
                                "{}",
                                step.id
                            );
                        }
                    }
                    assert!(stays(dialect).count() >= 1);
                }
            }
        }
    }
}

#[test]
fn everything_that_is_made_is_taken_away() {
    let answers = answers();
    let deleted: Vec<String> = way_back(&answers)
        .steps()
        .flat_map(|step| step.planned.clone())
        .filter(|planned| planned.purpose == Purpose::Change)
        .map(|planned| planned.request.shown(&outputs()).url.split('?').next().unwrap().to_lowercase())
        .collect();
    for step in plan_of(&answers).steps() {
        for planned in step.planned.iter().filter(|planned| planned.request.method == Method::Put) {
            let url = planned.request.shown(&outputs()).url.split('?').next().unwrap().to_lowercase();
            // Assignments have names that only their lists tell.
            let url = url
                .split_once("/roleassignments/")
                .map_or(url.clone(), |(scope, _)| format!("{scope}/roleassignments/"));
            assert!(deleted.iter().any(|deleted| deleted.starts_with(&url)), "{} makes {url}", step.id);
        }
    }
}

#[test]
fn what_is_ours_is_deleted_and_seen_to_be_gone() {
    let step = "hub.delete";
    back(step, vec![], "read IotHubs/factory-hub");
    back(step, vec![absent()], "already there");
    back(step, vec![tagged("factory")], "DELETE IotHubs/factory-hub");
    back(step, vec![tagged("factory"), wrote()], "read IotHubs/factory-hub");
    back(step, vec![tagged("factory"), wrote(), absent()], "done");
    assert_eq!(note(&next_after(step, &[], vec![absent()])), "gone already");
    let Next::Done { outputs, .. } = next_after(step, &[], vec![tagged("factory"), wrote(), absent()]) else {
        panic!("not done")
    };
    assert_eq!(outputs["gone"], hub::id::hub_id(&answers()));
}

#[test]
fn what_is_not_ours_is_left_with_the_reason() {
    let step = "hub.delete";
    let plain = || read(json!({ "properties": { "provisioningState": "Succeeded" } }));
    let left = next_after(step, &[], vec![plain()]);
    assert_eq!(word(&left), "warned");
    assert_eq!(
        note(&left),
        "left: it carries no tag hubup-setup=factory, and no journal on this machine says that hubup made it"
    );
    let left = next_after(step, &[], vec![tagged("other")]);
    assert_eq!(note(&left), "left: the IoT hub factory-hub belongs to the setup other");
    // On record as made by us, it is ours whatever its tags have become.
    let id = hub::id::hub_id(&answers());
    assert_eq!(word(&next_after(step, &[&id], vec![plain()])), "DELETE IotHubs/factory-hub");
}

#[test]
fn a_tag_counts_only_in_the_subscription_of_the_setup() {
    let answers = answers();
    let mut known = outputs();
    let used = hub::id::hub_id(&answers).replace("11111111-1111", "99999999-1111");
    known.set(&StepId::new("hub.create"), BTreeMap::from([("id".to_owned(), used)]));
    let plan = way_back(&answers);
    let step = plan.step(&StepId::new("hub.delete")).unwrap();
    let next = step.next(&answers, &known, &Seen { turns: vec![tagged("factory")], ..Seen::default() });
    assert!(note(&next).starts_with("left: "), "{next:?}");
}

#[test]
fn what_lies_below_ours_is_ours() {
    let step = "certificates.delete-policy";
    let plain = || read(json!({ "properties": { "provisioningState": "Succeeded" } }));
    let policy = "DELETE namespaces/factory-ns/credentials/default/policies/default";
    back(step, vec![plain()], "read namespaces/factory-ns/credentials/default");
    back(step, vec![plain(), plain()], "read namespaces/factory-ns");
    back(step, vec![plain(), plain(), tagged("factory")], policy);
    back(step, vec![plain(), plain(), tagged("other")], "warned");
    back(step, vec![plain(), plain(), plain()], "warned");
    back(step, vec![tagged("factory")], policy);
    let namespace = namespace::id::namespace_id(&answers());
    assert_eq!(word(&next_after(step, &[&namespace], vec![plain()])), policy);
}

#[test]
fn what_is_on_its_way_is_waited_for() {
    let step = "namespace.delete";
    back(step, vec![state("Accepted")], "wait 10");
    back(step, vec![state("Accepted"), waited(10), state("Succeeded")], "DELETE namespaces/factory-ns");
    // What never settles is tried all the same.
    back(step, vec![state("Accepted"), waited(1200), state("Accepted")], "DELETE namespaces/factory-ns");
    back(step, vec![state("Failed")], "DELETE namespaces/factory-ns");
    back(step, vec![state("Deleting")], "wait 10");
    back(step, vec![state("Deleting"), waited(10), absent()], "done");
    back(step, vec![state("Deleting"), waited(1200), state("Deleting")], "fail -");
    // Somebody else's is waited for too, but never touched.
    let theirs = || read(json!({ "properties": { "provisioningState": "Accepted" } }));
    back(step, vec![theirs(), waited(10), read(json!({}))], "warned");
    // Deleted, and still shown.
    back(step, vec![tagged("factory"), wrote(), tagged("factory")], "wait 5");
    back(step, vec![tagged("factory"), wrote(), tagged("factory"), waited(120), tagged("factory")], "fail -");
}

#[test]
fn refusals_that_pass_are_waited_out_and_others_are_told() {
    let step = "namespace.delete";
    let after = |kind, status, code: &str| {
        next_after(step, &[], vec![tagged("factory"), refused(kind, status, code)])
    };
    assert_eq!(word(&after(ErrorKind::Conflict, 409, "AnotherOperationInProgress")), "wait 10");
    assert_eq!(word(&after(ErrorKind::Conflict, 409, "SomethingOfItsOwn")), "wait 10");
    assert_eq!(word(&after(ErrorKind::Service, 503, "ServiceUnavailable")), "wait 10");
    assert_eq!(word(&after(ErrorKind::Lost, 200, "-")), "wait 10");
    assert_eq!(word(&after(ErrorKind::NotFound, 404, "ResourceNotFound")), "read namespaces/factory-ns");
    let Next::Fail(fault) = after(ErrorKind::Conflict, 409, "ScopeLocked") else { panic!("a lock passes") };
    assert_eq!(fault.exit, Exit::NotPermitted);
    assert!(fault.remedy.contains("lock removed"), "{}", fault.remedy);
    let Next::Fail(fault) = after(ErrorKind::Forbidden, 403, "AuthorizationFailed") else {
        panic!("it passes")
    };
    assert_eq!(fault.exit, Exit::NotPermitted);
    assert!(fault.remedy.contains("Contributor of the resource group"), "{}", fault.remedy);
    // A lost reply is settled by looking.
    let lost = || refused(ErrorKind::Lost, 200, "-");
    back(step, vec![tagged("factory"), lost(), waited(10), absent()], "done");
    back(
        step,
        vec![tagged("factory"), lost(), waited(10), tagged("factory")],
        "DELETE namespaces/factory-ns",
    );
}

#[test]
fn a_deletion_of_an_earlier_run_without_a_reply_is_told_as_done() {
    let answers = answers();
    let seen = Seen {
        turns: vec![absent()],
        grace: Duration::ZERO,
        earlier: Earlier { unanswered: true, ..Earlier::default() },
    };
    let next = way_back(&answers).step(&StepId::new("hub.delete")).unwrap().next(&answers, &outputs(), &seen);
    assert_eq!(word(&next), "done");
}

#[test]
fn a_namespace_waits_for_links_that_go_and_not_for_those_that_stay() {
    let step = "namespace.delete";
    let linked = || refused(ErrorKind::Conflict, 409, "NamespaceHasLinkedResources");
    let turns = |more: Vec<Turn>| [vec![tagged("factory"), linked()], more].concat();
    back(step, turns(vec![]), "read IotHubs/factory-hub");
    back(step, turns(vec![absent()]), "read provisioningServices/factory-dps");
    back(step, turns(vec![absent(), absent()]), "wait 10");
    let again = vec![absent(), absent(), waited(300), tagged("factory"), linked(), absent(), absent()];
    let Next::Fail(fault) = next_after(step, &[], turns(again)) else { panic!("it waits for ever") };
    assert!(fault.may_pass && fault.remedy.starts_with("delete what the message names"), "{fault:?}");
    let left = next_after(step, &[], turns(vec![read(hub())]));
    assert_eq!(note(&left), "left: the IoT hub factory-hub was left and is linked to it");
}

fn assignment(scope: &str, principal: &str, name: Option<&str>) -> Value {
    let answers = answers();
    let role = roles::role_definition_id(&answers, GUID);
    let derived = derived_uuid(&format!("{scope}|{principal}|{role}")).to_string();
    json!({
        "name": name.unwrap_or(&derived),
        "properties": { "scope": scope, "principalId": principal, "roleDefinitionId": role },
    })
}

fn list(entries: &[Value]) -> Turn {
    read(json!({ "value": entries }))
}

#[test]
fn assignments_are_ours_by_their_names() {
    let step = "access.delete-hub-app-contributor";
    let group = answers().resource_group_id();
    let ours = || assignment(&group, "p", None);
    let theirs = || assignment(&group, "p", Some("11111111-0000-4000-8000-000000000001"));
    let above = || assignment(&answers().subscription_id(), "p", None);
    back(step, vec![list(&[])], "already there");
    back(step, vec![list(&[theirs(), above()])], "already there");
    back(step, vec![list(&[theirs(), ours()])], "read rg-factory/resources");
    let name = ours()["name"].as_str().unwrap().to_owned();
    back(step, vec![list(&[ours()]), list(&[])], &format!("DELETE roleAssignments/{name}"));
    back(step, vec![list(&[ours()]), list(&[]), wrote()], "read roleAssignments");
    back(step, vec![list(&[ours()]), list(&[]), wrote(), list(&[ours()])], "wait 5");
    back(step, vec![list(&[ours()]), list(&[]), wrote(), list(&[])], "done");
    // Another setup of hubup in the same group was given the same one.
    let other = list(&[json!({ "id": "/x", "tags": { "hubup-setup": "other" } })]);
    let left = next_after(step, &[], vec![list(&[ours()]), other]);
    assert_eq!(note(&left), "left: the setup other in the same group needs it");
    // What an administrator gave to the application is told.
    let known = assignment(&group, "aaaaaaaa-0000-4000-8000-000000000001", Some("their-name"));
    assert!(note(&next_after(step, &[], vec![list(&[known])])).contains("their-name"));
    let forbidden = refused(ErrorKind::Forbidden, 403, "AuthorizationFailed");
    let Next::Fail(fault) = next_after(step, &[], vec![list(&[ours()]), list(&[]), forbidden]) else {
        panic!("forbidden")
    };
    assert!(fault.remedy.contains("User Access Administrator"), "{}", fault.remedy);
}

#[test]
fn a_role_that_others_hold_is_left() {
    let step = "access.delete-adr-role";
    let found = || read(json!({ "properties": { "roleName": "factory role" } }));
    let held = || refused(ErrorKind::Refused, 400, "RoleDefinitionHasAssignments");
    let Next::Write(delete) = next_after(step, &[], vec![found()]) else { panic!("no deletion") };
    let url = delete.shown(&outputs()).url;
    let guid = url.split('?').next().unwrap().rsplit('/').next().unwrap().to_owned();
    let holding = |scope: &str| {
        let role = roles::role_definition_id(&answers(), &guid);
        json!({ "name": "n", "properties": { "scope": scope, "principalId": "p", "roleDefinitionId": role } })
    };
    back(step, vec![found(), held()], "read roleAssignments");
    back(step, vec![found(), held(), list(&[])], "wait 10");
    let left = next_after(step, &[], vec![found(), held(), list(&[holding("/elsewhere")])]);
    assert_eq!(note(&left), "left: somebody holds it still: p on /elsewhere");
    // One of the same name that was there before is told and stays.
    back(step, vec![absent()], "read roleDefinitions");
    back(step, vec![absent(), list(&[])], "already there");
    let left = next_after(step, &[], vec![absent(), list(&[json!({ "name": "theirs" })])]);
    assert_eq!(note(&left), "left: the role of that name, theirs, was there before, and others may use it");
}

#[test]
fn a_group_goes_only_when_it_is_ours_and_empty() {
    let step = "access.delete-resource-group";
    let group = || tagged("factory");
    back(step, vec![group()], "read rg-factory/resources");
    back(step, vec![group(), list(&[])], "DELETE resourcegroups/rg-factory");
    back(step, vec![tagged("other")], "warned");
    let entries: Vec<Value> = (1..=7).map(|n| json!({ "id": format!("/x/thing-{n}") })).collect();
    let left = next_after(step, &[], vec![group(), list(&entries)]);
    assert_eq!(note(&left), "left: it holds thing-1, thing-2, thing-3, thing-4, thing-5 and 2 more");
    // Not even what carries our tag goes along: it was skipped, or its own step failed.
    let ours = json!({ "id": hub::id::hub_id(&answers()), "tags": { "hubup-setup": "factory" } });
    back(step, vec![group(), list(&[ours])], "warned");
}

#[test]
fn a_group_waits_for_a_list_that_lags() {
    let answers = answers();
    let mut known = outputs();
    let id = hub::id::hub_id(&answers);
    known.set(&StepId::new("hub.delete"), BTreeMap::from([("gone".to_owned(), id.clone())]));
    let plan = way_back(&answers);
    let step = plan.step(&StepId::new("access.delete-resource-group")).unwrap();
    let after = |turns| word(&step.next(&answers, &known, &Seen { turns, ..Seen::default() }));
    let lagging = || list(&[json!({ "id": id.to_uppercase() })]);
    assert_eq!(after(vec![tagged("factory"), lagging()]), "wait 10");
    assert_eq!(
        after(vec![tagged("factory"), lagging(), waited(10), list(&[])]),
        "DELETE resourcegroups/rg-factory"
    );
    assert_eq!(after(vec![tagged("factory"), lagging(), waited(120), lagging()]), "fail -");
}

#[test]
fn the_enrollment_group_goes_with_a_service_of_ours() {
    let step = "enrollment.delete";
    let service = |tag: &str| {
        read(json!({
            "tags": { "hubup-setup": tag },
            "properties": { "state": "Active", "serviceOperationsHostName": "factory-dps.azure-devices-provisioning.net" },
        }))
    };
    let keys = || read(json!({}));
    back(step, vec![absent()], "already there");
    back(step, vec![service("factory")], "read provisioningServices/factory-dps/listkeys");
    back(step, vec![service("factory"), keys()], "read enrollmentGroups/factory-group");
    let Next::Write(delete) = next_after(step, &[], vec![service("factory"), keys(), read(json!({}))]) else {
        panic!("no deletion")
    };
    let shown = delete.shown(&outputs());
    assert!(
        shown.url.starts_with("https://factory-dps.azure-devices-provisioning.net/enrollmentGroups/"),
        "{}",
        shown.url
    );
    assert_eq!(shown.headers, [("If-Match".to_owned(), "\"tag\"".to_owned())]);
    // No key is no reason to keep a service of ours.
    let forbidden = || Turn::Read(Err(error(ErrorKind::Forbidden, 403, "AuthorizationFailed")));
    back(step, vec![service("factory"), forbidden()], "warned");
    back(step, vec![service("other"), forbidden()], "fail AuthorizationFailed");
    // In a service of others only what is on record is ours.
    back(step, vec![service("other"), keys(), read(json!({})), service("other")], "warned");
    let turns = vec![service("other"), keys(), read(json!({}))];
    let made = next_after(step, &["/enrollmentGroups/factory-group"], turns);
    assert_eq!(word(&made), "DELETE enrollmentGroups/factory-group");
}

#[test]
fn only_a_link_that_is_on_record_is_taken_out() {
    let answers = answers();
    let hosts = ["theirs.azure-devices.net", "factory-hub.azure-devices.net"];
    let service = |hosts: &[&str], tag: &str| {
        let hubs: Vec<Value> = hosts
            .iter()
            .map(|host| json!({ "name": host, "connectionString": format!("HostName={host};SharedAccessKey=****"), "location": "westus2" }))
            .collect();
        read(json!({
            "location": "eastus2", "tags": { "hubup-setup": tag },
            "properties": { "state": "Active", "provisioningState": "Succeeded", "iotHubs": hubs },
        }))
    };
    let mut known = outputs();
    let plan = way_back(&answers);
    let step = plan.step(&StepId::new("dps.unlink-hub")).unwrap();
    let after = |known: &Outputs, turns| step.next(&answers, known, &Seen { turns, ..Seen::default() });
    assert_eq!(note(&after(&known, vec![service(&hosts, "factory")])), "the link goes with the service");
    assert_eq!(note(&after(&known, vec![service(&hosts[..1], "other")])), "gone already");
    assert!(
        note(&after(&known, vec![service(&hosts, "other")])).starts_with("left: the provisioning service")
    );
    known.set(&StepId::new("dps.link-hub"), BTreeMap::from([("linked".to_owned(), hosts[1].to_owned())]));
    let ours = || tagged("factory");
    let theirs = after(&known, vec![service(&hosts, "other"), tagged("second")]);
    assert!(note(&theirs).contains("belongs to the setup second"), "{}", note(&theirs));
    let Next::Write(put) = after(&known, vec![service(&hosts, "other"), ours()]) else { panic!("no change") };
    let body = put.shown(&known).body.unwrap();
    let kept = body.pointer("/properties/iotHubs").unwrap().as_array().unwrap();
    assert_eq!(kept.len(), 1, "{body}");
    assert!(kept[0]["connectionString"].as_str().unwrap().starts_with("HostName=theirs."), "{body}");
    let gone = after(&known, vec![service(&hosts, "other"), ours(), wrote(), service(&hosts[..1], "other")]);
    assert_eq!(word(&gone), "done");
}

#[test]
fn our_ca_is_taken_out_of_a_hub_that_stays() {
    let step = "sync.delete-certificate";
    let policy = format!("{}/credentials/default/policies/default", namespace::id::namespace_id(&answers()));
    let certificates = list(&[
        json!({ "name": "ours", "properties": { "PolicyResourceId": policy } }),
        json!({ "name": "theirs", "properties": { "policyResourceId": "/another" } }),
    ]);
    back(step, vec![absent()], "already there");
    back(step, vec![list(&[])], "already there");
    back(step, vec![certificates.clone()], "read IotHubs/factory-hub/certificates/ours");
    let found = || read(json!({}));
    back(
        step,
        vec![certificates.clone(), found()],
        "read namespaces/factory-ns/credentials/default/policies/default",
    );
    let ours = vec![certificates.clone(), found(), tagged("factory")];
    back(step, ours.clone(), "DELETE IotHubs/factory-hub/certificates/ours");
    back(step, [ours, vec![wrote(), absent()]].concat(), "done");
    back(step, vec![certificates, found(), tagged("other"), tagged("other"), tagged("other")], "warned");
}
