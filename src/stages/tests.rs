//! Every dialect's plan, and the moves of the shapes that steps are made of, told as lists of turns.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::domain::{
    Answers, AssignableScope, Certificates, Cloud, ErrorKind, Exit, Fault, IdentityKind, Next, Outcome,
    Outputs, Plan, Purpose, Replay, Reply, Roles, Seen, ServiceError, StepId, Turn,
};

mod documents;
mod links;
mod teardown;

fn answers() -> Answers {
    Answers {
        name: "factory".into(),
        tenant: None,
        subscription: "11111111-1111-4111-8111-111111111111".into(),
        resource_group: "rg-factory".into(),
        location: "eastus2".into(),
        hub_location: "westus2".into(),
        namespace: "factory-ns".into(),
        hub: "factory-hub".into(),
        dps: "factory-dps".into(),
        identity: "factory-id".into(),
        role_name: "factory role".into(),
        policy: "default".into(),
        enrollment_group: "factory-group".into(),
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
        tags: BTreeMap::from([("env".to_owned(), "dev".to_owned())]),
        dialect: "auto".into(),
        cloud: Cloud::public(),
    }
}

fn dialect(id: &str) -> &'static Dialect {
    DIALECTS.iter().find(|dialect| dialect.id == id).unwrap()
}

/// The preferred profile of `dialect`.
fn profile(dialect: &Dialect) -> Profile {
    Profile::of(&dialect.profiles[0], &BTreeMap::new())
}

fn plan_of(answers: &Answers) -> Plan {
    let dialect = dialect("preview-2025");
    plan(dialect, &profile(dialect), answers).unwrap()
}

fn reply(body: Value) -> Reply {
    Reply {
        status: 200,
        body,
        etag: Some("\"tag\"".into()),
        request_id: None,
        correlation_id: None,
        async_operation: None,
        location: None,
        retry_after: None,
        date: None,
    }
}

fn read(body: Value) -> Turn {
    Turn::Read(Ok(reply(body)))
}

fn wrote() -> Turn {
    Turn::Wrote(Ok(reply(Value::Null)))
}

fn error(kind: ErrorKind, status: u16, code: &str) -> ServiceError {
    ServiceError {
        status: Some(status),
        code: Some(code.into()),
        ..ServiceError::local(kind, "the service's words")
    }
}

fn absent() -> Turn {
    Turn::Read(Err(error(ErrorKind::NotFound, 404, "ResourceNotFound")))
}

fn refused(kind: ErrorKind, status: u16, code: &str) -> Turn {
    Turn::Wrote(Err(error(kind, status, code)))
}

fn waited(seconds: u64) -> Turn {
    Turn::Waited(Duration::from_secs(seconds))
}

/// What a first run gives: every output that a later step may name.
fn outputs() -> Outputs {
    let answers = answers();
    let mut outputs = Outputs::default();
    let mut set = |step: &'static str, pairs: &[(&str, &str)]| {
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        outputs.set(&StepId::new(step), pairs.collect());
    };
    set("access.hub-app", &[("objectId", "aaaaaaaa-0000-4000-8000-000000000001")]);
    set(
        "access.identity",
        &[
            ("id", &access::identity::identity_id(&answers)),
            ("principalId", "aaaaaaaa-0000-4000-8000-000000000002"),
        ],
    );
    set(
        "namespace.create",
        &[
            ("id", &namespace::id::namespace_id(&answers)),
            ("principalId", "aaaaaaaa-0000-4000-8000-000000000003"),
        ],
    );
    set(
        "hub.create",
        &[
            ("id", &hub::id::hub_id(&answers)),
            ("hostName", "factory-hub.azure-devices.net"),
            ("location", "westus2"),
        ],
    );
    set(
        "dps.create",
        &[
            ("id", &dps::id::dps_id(&answers)),
            ("serviceOperationsHostName", "factory-dps.azure-devices-provisioning.net"),
        ],
    );
    outputs
}

fn next(step: &'static str, turns: Vec<Turn>) -> Next {
    let answers = answers();
    let plan = plan_of(&answers);
    let seen = Seen { turns, grace: Duration::ZERO, ..Seen::default() };
    plan.step(&StepId::new(step)).unwrap().next(&answers, &outputs(), &seen)
}

/// The move in a word or two, for tables.
fn word(next: &Next) -> String {
    match next {
        Next::Read(request) => format!("read {}", crate::domain::target(&request.shown(&outputs()).url)),
        Next::Write(request) => {
            let shown = request.shown(&outputs());
            format!("{} {}", shown.method, crate::domain::target(&shown.url))
        }
        Next::Wait { every, .. } => format!("wait {}", every.as_secs()),
        Next::Ask(ask) => format!("ask, --yes says {}", ask.under_yes.as_deref().unwrap_or("nothing")),
        Next::Redo { steps, .. } => format!("redo {steps:?}"),
        Next::Done { outcome, .. } => outcome.word().to_owned(),
        Next::Fail(fault) => format!("fail {}", fault.code.as_deref().unwrap_or("-")),
    }
}

#[track_caller]
fn check(step: &'static str, turns: Vec<Turn>, expected: &str) {
    assert_eq!(word(&next(step, turns)), expected);
}

fn hub() -> Value {
    let answers = answers();
    let identity = access::identity::identity_id(&answers);
    json!({
        "id": hub::id::hub_id(&answers),
        "location": "West US 2",
        "tags": { "hubup-setup": "factory", "env": "dev" },
        "sku": { "name": "GEN2" },
        "identity": { "type": "UserAssigned", "userAssignedIdentities": { identity.to_uppercase(): { "principalId": "p" } } },
        "properties": {
            "provisioningState": "Succeeded",
            "state": "Active",
            "hostName": "factory-hub.azure-devices.net",
            "deviceRegistry": {
                "namespaceResourceId": namespace::id::namespace_id(&answers),
                "identityResourceId": identity,
            },
        },
    })
}

fn with(mut value: Value, pointer: &str, to: Value) -> Value {
    *value.pointer_mut(pointer).unwrap() = to;
    value
}

fn settling() -> Value {
    with(hub(), "/properties/provisioningState", "Activating".into())
}

#[test]
fn every_dialect_makes_a_plan_with_every_certificate_and_role_choice() {
    for dialect in DIALECTS {
        for profile in dialect.profiles {
            for certificates in [Certificates::On { leaf_days: 7 }, Certificates::Off] {
                for roles in [Roles::Custom, Roles::BuiltIn] {
                    let answers = Answers { roles, certificates, ..answers() };
                    let profile = Profile::of(profile, &BTreeMap::new());
                    let plan = plan(dialect, &profile, &answers).unwrap();
                    let ids: BTreeSet<_> = plan.stages().iter().map(|stage| stage.id.clone()).collect();
                    assert_eq!(ids.len(), plan.stages().len());
                    for step in plan.steps() {
                        assert!(!step.why.is_empty() && !step.title.is_empty(), "{}", step.id);
                        for planned in &step.planned {
                            let shown = planned.request.shown(&Outputs::default());
                            assert!(
                                !shown.url.contains("api-version=&") && !shown.url.ends_with("api-version="),
                                "{shown:?}"
                            );
                        }
                        let writes = step.planned.iter().any(|planned| planned.purpose == Purpose::Change);
                        assert!(
                            !writes || !step.touches.is_empty(),
                            "{} writes and touches nothing",
                            step.id
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn a_value_that_a_request_carries_is_a_value_need() {
    // What stays a mark in the plan is an output without which the step cannot be sent.
    for step in plan_of(&answers()).steps() {
        let mut missing = Vec::new();
        for planned in &step.planned {
            planned.request.fill(&Outputs::default(), &|_| Some("k".into()), &mut missing);
        }
        let named: BTreeSet<String> = missing
            .iter()
            .map(|mark| mark.trim_matches(['{', '}']).rsplit_once('.').unwrap().0.to_owned())
            .collect();
        let needed: BTreeSet<String> = step
            .needs
            .iter()
            .filter(|need| need.kind == crate::domain::NeedKind::Value)
            .map(|need| need.step.to_string())
            .collect();
        assert_eq!(named, needed, "{}", step.id);
    }
}

#[test]
fn the_plan_is_what_the_contract_says() {
    insta::assert_snapshot!(told(&plan_of(&answers())));
}

#[test]
fn the_plan_of_links_is_what_the_contract_says() {
    let links = dialect("links-2026");
    let of = |identity_kind| {
        let answers = Answers { identity_kind, hub_location: "eastus2".into(), ..answers() };
        told(&plan(links, &profile(links), &answers).unwrap())
    };
    insta::assert_snapshot!(of(IdentityKind::SystemAssigned));
    insta::assert_snapshot!(of(IdentityKind::UserAssigned));
}

fn told(plan: &Plan) -> String {
    let mut lines = Vec::new();
    for stage in plan.stages() {
        lines.push(stage.heading.clone());
        for step in &stage.steps {
            lines.push(format!("  {}", step.id));
            for need in &step.needs {
                lines.push(format!("    needs {} as {:?}", need.step, need.kind));
            }
            for planned in &step.planned {
                let shown = planned.request.shown(&Outputs::default());
                lines.push(format!("    {:?}: {} {}", planned.purpose, shown.method, shown.url));
                if let Some(body) = shown.body {
                    lines.push(format!("      {body}"));
                }
            }
        }
    }
    lines.join("\n")
}

#[test]
fn ensure_looks_creates_waits_and_proves() {
    let step = "hub.create";
    check(step, vec![], "read IotHubs/factory-hub");
    check(step, vec![read(hub())], "already there");
    check(step, vec![absent()], "PUT IotHubs/factory-hub");
    check(step, vec![absent(), wrote()], "read IotHubs/factory-hub");
    check(step, vec![absent(), wrote(), read(settling())], "wait 10");
    check(step, vec![absent(), wrote(), read(settling()), waited(10)], "read IotHubs/factory-hub");
    check(step, vec![absent(), wrote(), read(hub())], "done");
    check(step, vec![absent(), wrote(), absent()], "wait 5");
    check(step, vec![absent(), wrote(), absent(), waited(60), absent()], "fail ResourceNotFound");
}

#[test]
fn ensure_never_ends_well_on_a_wrong_property() {
    let other = json!("/subscriptions/x/resourceGroups/y/providers/Microsoft.DeviceRegistry/namespaces/z");
    let linked_elsewhere = with(hub(), "/properties/deviceRegistry/namespaceResourceId", other);
    let not_active = with(hub(), "/properties/state", "Transitioning".into());
    let failed = with(hub(), "/properties/provisioningState", "Failed".into());
    let other_sku = with(hub(), "/sku/name", "S1".into());
    let more_units = with(hub(), "/sku", json!({ "name": "GEN2", "capacity": 3 }));
    check("hub.create", vec![read(more_units)], "ask, --yes says nothing");
    let step = "hub.create";
    check(step, vec![absent(), wrote(), read(linked_elsewhere.clone())], "fail -");
    check(step, vec![read(linked_elsewhere)], "fail -");
    check(step, vec![absent(), wrote(), read(not_active)], "wait 10");
    check(step, vec![absent(), wrote(), read(failed.clone())], "fail -");
    check(step, vec![read(failed)], "ask, --yes says nothing");
    check(step, vec![absent(), wrote(), read(other_sku.clone())], "fail -");
    check(step, vec![read(other_sku.clone())], "ask, --yes says nothing");
    check(step, vec![read(other_sku.clone()), Turn::Answered("use".into())], "warned");
    check(step, vec![read(other_sku), Turn::Answered("stop".into())], "fail -");
}

#[test]
fn ensure_asks_before_it_adopts() {
    let theirs = with(hub(), "/tags", json!({}));
    check("hub.create", vec![read(theirs.clone())], "ask, --yes says use");
    check("hub.create", vec![read(theirs.clone()), Turn::Answered("use".into())], "already there");
    check("hub.create", vec![read(theirs), Turn::Answered("stop".into())], "fail -");
}

#[test]
fn a_late_grant_is_waited_for_and_a_missing_one_is_not() {
    let late = || refused(ErrorKind::Refused, 400, "IH400913");
    let listed = || read(json!({ "value": [{ "id": "x" }] }));
    let step = "hub.create";
    check(step, vec![absent(), late()], "read roleAssignments");
    check(step, vec![absent(), late(), read(json!({ "value": [] }))], "fail IH400913");
    check(step, vec![absent(), late(), listed()], "wait 10");
    check(step, vec![absent(), late(), listed(), waited(10)], "read IotHubs/factory-hub");
    check(step, vec![absent(), late(), listed(), waited(10), absent()], "PUT IotHubs/factory-hub");
    // A hub left behind by the refusal is made over, with the tag of what is replaced.
    let failed = with(hub(), "/properties/provisioningState", "Failed".into());
    let over = next(step, vec![absent(), late(), listed(), waited(20), read(failed)]);
    let Next::Write(request) = over else { panic!("{over:?}") };
    assert_eq!(request.shown(&outputs()).headers, [("If-Match".to_owned(), "\"tag\"".to_owned())]);
    let mut turns = vec![absent(), late(), listed(), waited(300)];
    turns.extend([absent(), late()]);
    let Next::Fail(fault) = next(step, turns) else { panic!("bounded") };
    assert!(fault.checked.is_some());
}

#[test]
fn a_provider_that_is_not_registered_is_registered_once() {
    let missing = || refused(ErrorKind::Conflict, 409, "MissingSubscriptionRegistration");
    let step = "namespace.create";
    check(step, vec![absent(), missing()], "ask, --yes says register");
    let yes = || Turn::Answered("register".into());
    check(step, vec![absent(), missing(), yes()], "POST Microsoft.DeviceRegistry/register");
    check(step, vec![absent(), missing(), yes(), wrote()], "wait 10");
    let registering = || read(json!({ "registrationState": "Registering" }));
    check(step, vec![absent(), missing(), yes(), wrote(), waited(10)], "read Microsoft.DeviceRegistry");
    let looked = vec![absent(), missing(), yes(), wrote(), waited(10), registering()];
    check(step, looked.clone(), "read namespaces/factory-ns");
    let again = [looked, vec![absent(), missing()]].concat();
    check(step, again.clone(), "wait 10");
    let spent = [again, vec![waited(600), registering(), absent(), missing()]].concat();
    check(step, spent, "fail MissingSubscriptionRegistration");
    let stopped = vec![absent(), missing(), Turn::Answered("stop".into())];
    check(step, stopped, "fail MissingSubscriptionRegistration");
}

#[test]
fn what_a_service_says_of_itself_is_compared_and_not_used_as_an_address() {
    let odd = "/subscriptions/x/resourceGroups//providers/Microsoft.Devices/ProvisioningServices/factory-dps";
    let found = with(hub(), "/id", odd.into());
    let Next::Done { outputs, .. } = next("hub.create", vec![read(found)]) else { panic!("already there") };
    assert_eq!(outputs["id"], hub::id::hub_id(&answers()));
    assert_eq!(outputs["location"], "westus2");
}

#[test]
fn a_lost_reply_is_settled_by_looking() {
    let lost = || Turn::Wrote(Err(ServiceError::local(ErrorKind::Lost, "reset")));
    let step = "hub.create";
    check(step, vec![absent(), lost()], "wait 10");
    check(step, vec![absent(), lost(), waited(10)], "read IotHubs/factory-hub");
    check(step, vec![absent(), lost(), waited(10), read(settling())], "wait 10");
    check(step, vec![absent(), lost(), waited(10), read(hub())], "done");
    let failed = with(hub(), "/properties/provisioningState", "Failed".into());
    check(step, vec![absent(), lost(), waited(10), read(failed)], "fail -");
    check(step, vec![absent(), lost(), waited(10), absent()], "PUT IotHubs/factory-hub");
}

#[test]
fn keep_trying_after_an_operation_that_was_not_waited_out_looks_and_sends_nothing() {
    let still = || Turn::Wrote(Err(ServiceError::local(ErrorKind::StillRunning, "still at it")));
    let answers = answers();
    let plan = plan_of(&answers);
    let next = |turns: Vec<Turn>, grace| {
        let seen = Seen { turns, grace: Duration::from_secs(grace), ..Seen::default() };
        word(&plan.step(&StepId::new("hub.create")).unwrap().next(&answers, &outputs(), &seen))
    };
    assert_eq!(next(vec![absent(), still()], 0), "fail -");
    assert_eq!(next(vec![absent(), still()], 300), "read IotHubs/factory-hub");
    assert_eq!(next(vec![absent(), still(), read(settling())], 300), "wait 10");
    assert_eq!(next(vec![absent(), still(), read(hub())], 300), "done");
}

#[test]
fn a_wrong_input_fails_at_once() {
    check(
        "hub.create",
        vec![absent(), refused(ErrorKind::Refused, 400, "InvalidRequestContent")],
        "fail InvalidRequestContent",
    );
    check(
        "hub.create",
        vec![absent(), refused(ErrorKind::Conflict, 409, "IotHubNameTaken")],
        "fail IotHubNameTaken",
    );
    let gone = vec![read(json!({ "value": [] })), refused(ErrorKind::Refused, 400, "PrincipalNotFound")];
    check("access.hub-app-contributor", gone, "fail PrincipalNotFound");
}

#[test]
fn a_grant_is_listed_made_and_listed() {
    let answers = answers();
    let assignment = |scope: String, condition: Value| {
        json!({ "value": [{ "properties": {
            "scope": scope,
            "principalId": "AAAAAAAA-0000-4000-8000-000000000003",
            "roleDefinitionId": "/providers/Microsoft.Authorization/roleDefinitions/b24988ac-6180-42a0-ab88-20f7382dd24c",
            "condition": condition,
        } }] })
    };
    let hub = hub::id::hub_id(&answers);
    let step = "hub.namespace-contributor";
    let none = || read(json!({ "value": [] }));
    check(step, vec![read(assignment(hub.clone(), Value::Null))], "already there");
    check(step, vec![read(assignment(answers.resource_group_id(), Value::Null))], "already there");
    let beside = answers.resource_group_id() + "-other";
    for not_proof in [assignment(beside, Value::Null), assignment(hub.clone(), "@Resource..".into())] {
        assert!(word(&next(step, vec![read(not_proof)])).starts_with("PUT roleAssignments/"));
    }
    check(step, vec![none(), refused(ErrorKind::Refused, 400, "PrincipalNotFound")], "wait 5");
    check(
        step,
        vec![none(), refused(ErrorKind::Conflict, 409, "RoleAssignmentExists")],
        "read roleAssignments",
    );
    let lost = || Turn::Wrote(Err(ServiceError::local(ErrorKind::Lost, "reset")));
    check(step, vec![none(), lost()], "wait 10");
    // Lists lag; its name tells whether it arrived, and nothing is sent twice.
    assert!(word(&next(step, vec![none(), lost(), waited(10)])).starts_with("read roleAssignments/"));
    check(step, vec![none(), lost(), waited(10), read(json!({}))], "read roleAssignments");
    assert!(
        word(&next(step, vec![none(), lost(), waited(10), absent()])).starts_with("PUT roleAssignments/")
    );
    check(step, vec![none(), wrote(), none()], "wait 2");
    check(step, vec![none(), wrote(), read(assignment(hub, Value::Null))], "done");
    check(step, vec![none(), wrote(), none(), waited(180), none()], "fail -");
    let Next::Fail(fault) =
        next(step, vec![none(), refused(ErrorKind::Forbidden, 403, "AuthorizationFailed")])
    else {
        panic!("forbidden")
    };
    assert_eq!(fault.exit, Exit::NotPermitted);
}

#[test]
fn the_assignment_is_named_by_what_it_says() {
    let name = |turns| {
        let Next::Write(request) = next("hub.namespace-contributor", turns) else { panic!("write") };
        request.shown(&outputs()).url
    };
    let none = || read(json!({ "value": [] }));
    assert_eq!(name(vec![none()]), name(vec![none()]));
    assert!(!name(vec![none()]).contains('{'));
}

fn dps(hubs: &Value) -> Value {
    json!({
        "id": "x", "name": "n", "type": "t", "etag": "e", "location": "eastus2", "tags": { "a": "b" },
        "sku": { "name": "S1", "tier": "Standard", "capacity": 1 },
        "identity": { "type": "UserAssigned", "principalId": "p", "userAssignedIdentities": { "/i": { "principalId": "p" } } },
        "properties": {
            "state": "Active", "provisioningState": "Succeeded", "idScope": "0ne", "allocationPolicy": "Hashed",
            "serviceOperationsHostName": "h", "deviceProvisioningHostName": "g", "iotHubs": hubs.clone(),
        },
    })
}

#[test]
fn a_link_keeps_everything_that_was_there() {
    let others = json!([{ "name": "other.azure-devices.net", "connectionString": "HostName=other;SharedAccessKey=****", "location": "westeurope", "applyAllocationPolicy": false }]);
    let key = || read(json!({ "keyName": "iothubowner" }));
    check("dps.link-hub", vec![], "read provisioningServices/factory-dps");
    check(
        "dps.link-hub",
        vec![read(dps(&others))],
        "read IotHubs/factory-hub/IotHubKeys/iothubowner/listkeys",
    );
    let Next::Write(request) = next("dps.link-hub", vec![read(dps(&others)), key()]) else { panic!("write") };
    let body = request.shown(&outputs()).body.unwrap();
    assert_eq!(
        body,
        json!({
            "location": "eastus2", "tags": { "a": "b" }, "sku": { "name": "S1", "capacity": 1 },
            "identity": { "type": "UserAssigned", "userAssignedIdentities": { "/i": {} } },
            "properties": {
                "allocationPolicy": "Hashed",
                "iotHubs": [
                    { "connectionString": "HostName=other;SharedAccessKey=****", "location": "westeurope", "applyAllocationPolicy": false },
                    {
                        "connectionString": "HostName=factory-hub.azure-devices.net;SharedAccessKeyName=iothubowner;SharedAccessKey={secret: hub key}",
                        "location": "westus2", "applyAllocationPolicy": true, "allocationWeight": 1,
                    },
                ],
            },
        })
    );
}

#[test]
fn a_link_is_done_only_when_it_is_listed() {
    let key = || read(json!({}));
    let none = || read(dps(&json!([])));
    let ours = || read(dps(&json!([{ "name": "FACTORY-hub.azure-devices.net" }])));
    let elsewhere = || read(dps(&json!([{ "name": "elsewhere.azure-devices.net" }])));
    check("dps.link-hub", vec![ours()], "already there");
    check("dps.link-hub", vec![none(), key(), wrote(), ours()], "done");
    check("dps.link-hub", vec![none(), key(), wrote(), none()], "fail -");
    check("dps.link-hub", vec![none(), key(), wrote(), elsewhere()], "fail -");
    check("dps.link-hub", vec![none(), key(), refused(ErrorKind::Refused, 400, "404002")], "wait 20");
    check(
        "dps.link-hub",
        vec![none(), key(), refused(ErrorKind::Refused, 400, "400303")],
        "read provisioningServices/factory-dps",
    );
}

fn certificate(key: &str, policy: &str) -> Value {
    json!({ "value": [{ "name": "c", "properties": { key: policy, "subject": "s", "thumbprint": "t" } }] })
}

#[test]
fn an_empty_list_of_certificates_is_not_success() {
    let policy = namespace::id::namespace_id(&answers()) + "/credentials/default/policies/default";
    let step = "sync.hub-certificate";
    let empty = || read(json!({ "value": [] }));
    check(step, vec![read(certificate("policyResourceId", &policy.to_uppercase()))], "done");
    check(step, vec![read(certificate("PolicyResourceId", &policy))], "done");
    check(step, vec![read(certificate("policyResourceId", "/another"))], "wait 5");
    check(step, vec![empty(), waited(120), empty()], "redo [sync.synchronize]");
    check(step, vec![empty(), waited(120), empty(), Turn::Redone], "read IotHubs/factory-hub/certificates");
    check(step, vec![empty(), waited(120), empty(), Turn::Redone, empty(), waited(120), empty()], "fail -");
}

#[test]
fn sync_is_sent_once_and_waits_for_rights() {
    let policy = namespace::id::namespace_id(&answers()) + "/credentials/default/policies/default";
    let step = "sync.synchronize";
    let empty = || read(json!({ "value": [] }));
    check(step, vec![read(certificate("policyResourceId", &policy))], "already there");
    check(step, vec![empty()], "POST namespaces/factory-ns/credentials/default/synchronize");
    check(step, vec![empty(), wrote()], "done");
    let late = || refused(ErrorKind::Forbidden, 403, "AuthorizationFailed");
    check(step, vec![empty(), late()], "wait 10");
    check(step, vec![empty(), late(), waited(10), late()], "wait 20");
    check(step, vec![empty(), late(), waited(300), late()], "fail AuthorizationFailed");
    check(step, vec![empty(), refused(ErrorKind::Refused, 400, "Bad")], "fail Bad");
}

#[test]
fn a_group_without_the_policy_is_not_done() {
    let step = "enrollment.group";
    let key = || read(json!({}));
    let group = |policy: Value, status: &str| {
        read(
            json!({ "attestation": { "type": "symmetricKey" }, "credentialPolicyName": policy, "provisioningStatus": status }),
        )
    };
    check(step, vec![], "read provisioningServices/factory-dps/listkeys");
    check(step, vec![key(), group("default".into(), "enabled")], "already there");
    check(step, vec![key(), absent()], "PUT enrollmentGroups/factory-group");
    check(step, vec![key(), absent(), wrote(), group("default".into(), "enabled")], "done");
    check(step, vec![key(), absent(), wrote(), group(Value::Null, "enabled")], "fail -");
    check(step, vec![key(), absent(), wrote(), group("default".into(), "disabled")], "fail -");
    let unreached = || Turn::Read(Err(ServiceError::local(ErrorKind::NotSent, "no such host")));
    check(step, vec![key(), unreached()], "wait 10");
    check(step, vec![key(), unreached(), waited(120), unreached()], "fail -");
}

#[test]
fn a_namespace_that_has_a_policy_takes_no_second_one() {
    let step = "certificates.policy";
    let list = |name: &str| {
        read(
            json!({ "value": [{ "id": format!("/p/{name}"), "name": name, "properties": { "provisioningState": "Succeeded" } }] }),
        )
    };
    check(step, vec![], "read namespaces/factory-ns/credentials/default/policies");
    check(step, vec![list("Default")], "read namespaces/factory-ns/credentials/default/policies/default");
    check(step, vec![list("other")], "ask, --yes says nothing");
    let used = next(step, vec![list("other"), Turn::Answered("use".into())]);
    let Next::Done { outcome: Outcome::AlreadyThere, outputs, .. } = used else { panic!("{used:?}") };
    assert_eq!(outputs["name"], "other");
    check(step, vec![list("other"), Turn::Answered("stop".into())], "fail -");
}

#[test]
fn a_namespace_without_an_identity_is_mended_not_replaced() {
    let step = "namespace.create";
    let namespace = |kind: &str, principal: &str, tag: &str| {
        read(json!({
            "location": "East US 2", "tags": { "hubup-setup": tag, "env": "dev" },
            "identity": { "type": kind, "principalId": principal }, "properties": { "provisioningState": "Succeeded" },
        }))
    };
    check(step, vec![namespace("SystemAssigned", "p", "factory")], "already there");
    check(step, vec![namespace("None", "", "factory")], "ask, --yes says change");
    check(step, vec![namespace("None", "", "theirs")], "ask, --yes says nothing");
    check(
        step,
        vec![namespace("None", "", "factory"), Turn::Answered("change".into())],
        "PATCH namespaces/factory-ns",
    );
    check(step, vec![absent(), wrote(), namespace("SystemAssigned", "", "factory")], "wait 10");
    check(step, vec![absent(), wrote(), namespace("None", "", "factory")], "fail -");
}

#[test]
fn a_role_of_the_same_name_is_adopted_only_when_it_is_the_same() {
    let step = "access.adr-role";
    let taken = || refused(ErrorKind::Conflict, 409, "RoleDefinitionWithSameNameExists");
    let wanted: Value = serde_json::from_str(include_str!("../../assets/adr-role.json")).unwrap();
    let role = |permissions: Value| {
        read(json!({ "value": [{ "id": "/r/guid", "properties": {
            "roleName": "factory role", "permissions": permissions,
            "assignableScopes": ["/subscriptions/11111111-1111-4111-8111-111111111111"],
        } }] }))
    };
    check(step, vec![absent(), taken()], "read roleDefinitions");
    check(step, vec![absent(), taken(), role(wanted["permissions"].clone())], "ask, --yes says use");
    let other = json!([{ "actions": ["*"], "notActions": [], "dataActions": [], "notDataActions": [] }]);
    check(step, vec![absent(), taken(), role(other)], "fail RoleDefinitionWithSameNameExists");
}

#[test]
fn the_application_is_found_in_three_ways() {
    let step = "access.hub-app";
    check(step, vec![read(json!({ "id": "o" }))], "already there");
    let refused = || Turn::Read(Err(error(ErrorKind::Refused, 400, "Request_BadRequest")));
    check(step, vec![refused()], "read v1.0/servicePrincipals");
    check(step, vec![refused(), read(json!({ "value": [{ "id": "o" }] }))], "already there");
    check(step, vec![refused(), read(json!({ "value": [] }))], "fail -");
    let Next::Fail(fault) =
        next(step, vec![Turn::Read(Err(error(ErrorKind::Forbidden, 403, "Authorization_RequestDenied")))])
    else {
        panic!("forbidden")
    };
    assert!(fault.remedy.contains("iot_hub_app_object_id"));
    let answers = Answers { iot_hub_app_object_id: Some("given".into()), ..answers() };
    let given = plan_of(&answers).step(&StepId::new(step)).unwrap().next(
        &answers,
        &Outputs::default(),
        &Seen::default(),
    );
    assert!(matches!(given, Next::Done { .. }), "{given:?}");
}

fn offers(versions: &[(&str, &str)], locations: &[&str]) -> Offers {
    let mut offers = Offers::default();
    for provider in ["Microsoft.DeviceRegistry", "Microsoft.Devices"] {
        let types: Vec<Value> = versions
            .iter()
            .filter_map(|(name, version)| {
                let (of, name) = name.split_once('/')?;
                (of == provider)
                    .then(|| json!({ "resourceType": name, "apiVersions": ["2020-01-01", version], "locations": locations }))
            })
            .collect();
        offers.take(&reply(json!({ "namespace": provider, "resourceTypes": types })));
    }
    offers
}

/// What is chosen, when no namespace is there.
fn chosen(answers: &Answers, offers: &Offers) -> Result<Selection, Box<Fault>> {
    let mut turns = Vec::new();
    loop {
        let seen = Seen { turns: turns.clone(), ..Seen::default() };
        match choose(answers, offers, DIALECTS, None, Regions::Checked, &mut Replay::new(&seen)) {
            Ok(selection) => return Ok(selection),
            Err(next) => match *next {
                Next::Read(_) => {
                    turns.push(Turn::Read(Err(error(ErrorKind::NotFound, 404, "ResourceNotFound"))));
                }
                Next::Fail(fault) => return Err(Box::new(fault)),
                other => panic!("{other:?}"),
            },
        }
    }
}

fn versions(row: &ProfileRow) -> Vec<(&'static str, &'static str)> {
    row.offered
        .iter()
        .flat_map(|offered| offered.types.iter().map(|name| (*name, offered.versions[0])))
        .collect()
}

#[test]
fn the_profile_is_chosen_by_what_is_offered() {
    let [a, a2] = dialect("preview-2025").profiles else { panic!("two profiles") };
    let (a, a2) = (versions(a), versions(a2));
    let places = ["East US 2", "West US 2"];
    let both: Vec<_> = a.iter().chain(&a2).copied().collect();
    for (versions, expected) in [(&a, "A"), (&a2, "A2")] {
        assert_eq!(chosen(&answers(), &offers(versions, &places)).unwrap().profile.row.id, expected);
    }
    // The later entry of a type replaces the earlier one here, so this world offers A2 alone.
    assert_eq!(chosen(&answers(), &offers(&both, &places)).unwrap().profile.row.id, "A2");
    let Err(none) = chosen(&answers(), &offers(&[], &places)) else { panic!("nothing is offered") };
    assert_eq!(none.exit, Exit::Usage);
    let Err(fault) = chosen(&answers(), &offers(&a[..2], &places)) else { panic!("one is missing") };
    assert!(fault.says.contains("provisioningServices not at all"), "{}", fault.says);
    assert!(fault.says.contains(a[0].1), "{}", fault.says);
    let Err(fault) = chosen(&answers(), &offers(&a, &["West Europe"])) else { panic!("region") };
    assert!(fault.remedy.contains("westeurope"), "{}", fault.remedy);
}

#[test]
fn fields_and_answers_agree() {
    let mut answers = answers();
    for stage in DIALECTS.iter().flat_map(|dialect| dialect.stages) {
        for field in stage.fields {
            let text = (field.get)(&answers);
            assert!(field.check(&text).is_none(), "{} does not accept its own answer", field.key);
            let before = answers.clone();
            (field.set)(&mut answers, &text);
            assert_eq!(answers, before, "{}", field.key);
        }
    }
}
