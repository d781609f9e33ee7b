//! What a resource says of itself while something happens to it, and what it refuses meanwhile.

use serde_json::{Value, json};

use super::kinds::{GROUPS, both, subscription};
use crate::sandbox::links::setup::{self as links, at, world};
use crate::sandbox::setup::{A, dps_body, dps_id, hub_body, hub_id, namespace_id};
use crate::sandbox::support::{ARM, Answer, Azure, east, group_path};

/// A kind whose creation takes a while.
struct Slow {
    name: &'static str,
    id: String,
    version: &'static str,
    body: Value,
    /// The header that leads to the status.
    header: &'static str,
    /// Status and code of a write that comes meanwhile: PUT, PATCH, DELETE.
    busy: [&'static str; 3],
    /// `properties.state`, where the kind has one: meanwhile, afterwards, while it goes.
    states: Option<[&'static str; 3]>,
}

const ARM_BUSY: [&str; 3] = ["AnotherOperationInProgress"; 3];

/// Every kind, each after those that it needs.
fn slow() -> Vec<Slow> {
    let old = |name, rest: &str, body| Slow {
        name,
        id: format!("{}{rest}", namespace_id()),
        version: A.registry,
        body,
        header: "azure-asyncoperation",
        busy: ARM_BUSY,
        states: None,
    };
    let new = |name, id, body| Slow { name, id, version: links::REGISTRY, ..old("", "", body) }.called(name);
    let leaves = json!({"location": "eastus2", "properties": {"certificate": {
        "certificateAuthorityConfiguration": {"keyType": "ECC"},
        "leafCertificateConfiguration": {"validityPeriodInDays": 30},
    }}});
    let device = |name, id, version, body, header, code| Slow {
        name,
        id,
        version,
        body,
        header,
        busy: [code; 3],
        states: Some(["Activating", "Active", "Deleting"]),
    };
    let mut plain = hub_body();
    plain["properties"].as_object_mut().unwrap().remove("deviceRegistry");
    plain.as_object_mut().unwrap().remove("identity");
    let mut service = dps_body();
    service["properties"] = json!({});
    service.as_object_mut().unwrap().remove("identity");
    let mut namespace = new("linking namespace", links::namespace_id(), links::bare());
    namespace.busy =
        ["ResourceProvisioningInProgress", "ResourceProvisioningInProgress", "AnotherOperationInProgress"];
    vec![
        old("namespace", "", json!({"location": "eastus2"})),
        old("credential", "/credentials/default", east()),
        old("policy", "/credentials/default/policies/default", leaves),
        device("hub", hub_id(), A.hub, plain, "azure-asyncoperation", "IH409002"),
        device("provisioning service", dps_id(), A.dps, service, "location", "409001"),
        device(
            "hub of 2026",
            links::hub_id(),
            links::HUB,
            links::plain(),
            "azure-asyncoperation",
            "IH409002",
        ),
        device("service of 2026", links::dps_id(), links::DPS, links::plain(), "location", "409001"),
        namespace,
        new("root authority", links::root_id(), links::root_body()),
        new("issuing authority", links::ica_id(), links::ica_body()),
        new("certificate policy", links::policy_id(), links::policy_body()),
    ]
}

impl Slow {
    fn called(mut self, name: &'static str) -> Self {
        self.name = name;
        self
    }

    fn path(&self) -> String {
        at(&self.id, self.version)
    }

    fn check(&self, answer: &Answer, state: &str, moment: usize) {
        let name = self.name;
        assert_eq!(answer.text("/properties/provisioningState"), state, "{name}: {}", answer.body);
        if let Some(states) = self.states {
            assert_eq!(answer.text("/properties/state"), states[moment], "{name}: {}", answer.body);
        }
    }

    /// A PATCH that the kind takes when it is at rest.
    fn patch(&self) -> Value {
        if self.name == "policy" {
            json!({"properties": self.body["properties"]})
        } else {
            json!({"tags": {}})
        }
    }

    /// Each write that comes now is refused, and changes nothing.
    async fn refuses(&self, azure: &Azure) {
        let bearer = format!("Bearer {}", azure.token);
        let headers = [("authorization", bearer.as_str()), ("if-match", "*")];
        let (body, patch) = (self.body.clone(), self.patch());
        for ((method, body), code) in
            [("PUT", Some(&body)), ("PATCH", Some(&patch)), ("DELETE", None)].into_iter().zip(self.busy)
        {
            let refused = azure.send(method, ARM, &self.path(), &headers, body).await;
            let got = (refused.status, refused.code());
            assert_eq!(got, (409, code.to_owned()), "{method} {}: {}", self.name, refused.body);
        }
    }
}

/// Creates, and comes back when it is there.
async fn make(azure: &Azure, kind: &Slow) -> Answer {
    let accepted = azure.put(&kind.path(), kind.body.clone()).await.expect(201);
    let (end, _) = azure.poll(&accepted.header(kind.header)).await;
    assert_eq!(end.status, 200, "{}: {}", kind.name, end.body);
    azure.get(&kind.path()).await.expect(200)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_tells_its_state_from_the_first_answer_to_the_last() {
    let (_folder, azure) = world(&both("")).await;
    azure.put(&at(&group_path(""), GROUPS), east()).await.expect(201);
    let all = slow();
    for kind in &all {
        let accepted = azure.put(&kind.path(), kind.body.clone()).await;
        assert_eq!(accepted.status, 201, "{}: {}", kind.name, accepted.body);
        assert_eq!(accepted.text("/properties/provisioningState"), "Accepted", "{}", kind.name);
        assert!(!accepted.header("retry-after").is_empty(), "{}", kind.name);
        // The first look does not end it; refused writes are no looks.
        let begun = if kind.name.starts_with("hub") { "Activating" } else { "Accepted" };
        kind.check(&azure.get(&kind.path()).await.expect(200), begun, 0);
        kind.refuses(&azure).await;
        let (end, polls) = azure.poll(&accepted.header(kind.header)).await;
        assert_eq!((end.status, polls), (200, 2), "{}: {}", kind.name, end.body);
        // Plain devices of 2026 are Active a little later in other worlds; here nothing is late.
        kind.check(&azure.get(&kind.path()).await.expect(200), "Succeeded", 1);
    }
    for kind in all.iter().rev() {
        let path = kind.path();
        let accepted = azure.arm("DELETE", &path, None).await;
        assert_eq!(accepted.status, 202, "{}: {}", kind.name, accepted.body);
        kind.check(&azure.get(&path).await.expect(200), "Deleting", 2);
        // A second DELETE is one of the refused writes.
        let mut meanwhile = Slow { busy: kind.busy, body: kind.body.clone(), id: kind.id.clone(), ..*kind };
        if kind.name == "linking namespace" {
            meanwhile.busy = ARM_BUSY;
        }
        meanwhile.refuses(&azure).await;
        let (end, _) = azure.poll(&accepted.header("location")).await;
        assert_eq!(end.status, 204, "{}: {}", kind.name, end.body);
        azure.get(&path).await.expect(404);
        azure.arm("DELETE", &path, None).await.expect(204);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patch_of_the_registry_is_an_operation_too() {
    let (_folder, azure) = world(&both("")).await;
    azure.put(&at(&group_path(""), GROUPS), east()).await.expect(201);
    for kind in slow().into_iter().filter(|kind| kind.states.is_none()) {
        make(&azure, &kind).await;
        let accepted = azure.arm("PATCH", &kind.path(), Some(&kind.patch())).await;
        assert_eq!(accepted.status, 202, "{}: {}", kind.name, accepted.body);
        kind.refuses(&azure).await;
        let (end, _) = azure.poll(&accepted.header("location")).await;
        assert_eq!((end.status, end.text("/id")), (200, kind.id.clone()), "{}: {}", kind.name, end.body);
        kind.check(&azure.get(&kind.path()).await.expect(200), "Succeeded", 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_or_was_cancelled_says_so_and_is_made_again() {
    for ends in ["Failed", "Canceled", "Cancelled"] {
        // The first write of each kind is accepted, and its operation ends so.
        let strike = |kind: &Slow| {
            let (_, rest) = kind.id.rsplit_once("/providers/").unwrap();
            format!(
                "[[faults]]\nmethod = \"PUT\"\npath = \"*{rest}\"\nat_most = 1\naction = \"refuse\"\nshape = \"async\"\nends = \"{ends}\"\ncode = \"Broken\"\nmessage = \"It broke.\"\n"
            )
        };
        let script: String = slow().iter().map(strike).collect();
        let (_folder, azure) = world(&both(&script)).await;
        azure.put(&at(&group_path(""), GROUPS), east()).await.expect(201);
        for kind in slow() {
            let accepted = azure.put(&kind.path(), kind.body.clone()).await;
            assert_eq!(accepted.status, 201, "{}: {}", kind.name, accepted.body);
            let (end, _) = azure.poll(&accepted.header(kind.header)).await;
            let told = if kind.header == "location" {
                (ends.to_owned(), end.code())
            } else {
                (end.text("/status"), end.text("/error/code"))
            };
            assert_eq!(told, (ends.to_owned(), "Broken".to_owned()), "{}: {}", kind.name, end.body);
            let read = azure.get(&kind.path()).await.expect(200);
            assert_eq!(read.text("/properties/provisioningState"), ends, "{}", kind.name);
            let bearer = format!("Bearer {}", azure.token);
            let headers = [("authorization", bearer.as_str()), ("if-match", "*")];
            let again = azure.send("PUT", ARM, &kind.path(), &headers, Some(&kind.body)).await;
            assert!(matches!(again.status, 200 | 201), "{}: {}", kind.name, again.body);
            kind.check(&azure.settled(&kind.path()).await, "Succeeded", 1);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_deleted_once_however_often_it_is_asked_for() {
    let (_folder, azure) = world(&both("")).await;
    let group = at(&group_path(""), GROUPS);
    azure.put(&group, east()).await.expect(201);
    let first = azure.arm("DELETE", &group, None).await.expect(202).header("location");
    let second = azure.arm("DELETE", &group, None).await.expect(202).header("location");
    assert!(!first.is_empty() && first == second);
    assert_eq!(azure.get(&group).await.expect(200).text("/properties/provisioningState"), "Deleting");
    azure.poll(&first).await.0.expect(204);
    azure.get(&group).await.refused(404, "ResourceGroupNotFound");
    // What comes under the same name later is another group.
    azure.put(&group, east()).await.expect(201);
    azure.poll(&second).await.0.expect(204);
    azure.get(&group).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_ends_with_what_it_was_about() {
    let (_folder, azure) = world(&both("")).await;
    let group = at(&group_path(""), GROUPS);
    azure.put(&group, east()).await.expect(201);
    let kind = &slow()[0];
    let accepted = azure.put(&kind.path(), kind.body.clone()).await.expect(201);
    let gone = azure.arm("DELETE", &group, None).await.expect(202).header("location");
    azure.poll(&gone).await.0.expect(204);
    let (end, _) = azure.poll(&accepted.header(kind.header)).await;
    assert_eq!(end.text("/status"), "Failed");
    azure.put(&group, east()).await.expect(201);
    let accepted = azure.put(&kind.path(), kind.body.clone()).await.expect(201);
    // Two looks at the new one belong to its own operation.
    kind.check(&azure.get(&kind.path()).await.expect(200), "Accepted", 0);
    kind.check(&azure.get(&kind.path()).await.expect(200), "Succeeded", 1);
    let (end, _) = azure.poll(&accepted.header(kind.header)).await;
    assert_eq!(end.text("/status"), "Succeeded");
    let path = at(&subscription("/resourceGroups/devices"), GROUPS);
    azure.get(&path).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_is_in_transition_while_it_changes() {
    let (_folder, azure) = world(&both("")).await;
    azure.make_everything(A).await;
    let path = at(&dps_id(), A.dps);
    let changed = azure.put(&path, dps_body()).await.expect(201);
    assert_eq!(changed.text("/properties/provisioningState"), "Accepted");
    assert_eq!(changed.text("/properties/state"), "Transitioning");
    azure.put(&path, dps_body()).await.refused(409, "409001");
    azure.arm("PATCH", &path, Some(&json!({"tags": {}}))).await.refused(409, "409001");
    azure.arm("DELETE", &path, None).await.refused(409, "409001");
    let settled = azure.settled(&path).await;
    assert_eq!(settled.text("/properties/state"), "Active");
}
