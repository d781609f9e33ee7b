//! The provisioning service of `links-2026`: a plain one with its identity; the namespace links it later (contract
//! links-2026, 6.2b).

use std::time::Duration;

use serde_json::Value;

use super::id::dps_id;
use super::{CREATE, fields, recall_2026, teardown_2026};
use crate::domain::{Answers, Method, Outputs, Request, StageId, Step, Text, object};
use crate::stages::access::acting::{identity_of, judge_identity, needs};
use crate::stages::build::{arm, compare_location, outputs, registration, same_id, text};
use crate::stages::dialect::{Profile, Stage};
use crate::stages::documents::NAMESPACES;
use crate::stages::ensure::{Ensure, Verdict, provisioning_and_active};
use crate::stages::link::endpoints::is_dead;
use crate::stages::namespace::id::known_namespace;
use crate::stages::recall::Recall;

pub static STAGE: Stage = Stage {
    id: StageId::new("dps"),
    heading: "Device Provisioning Service",
    fields: fields::FIELDS,
    steps: |answers, profile| vec![create(answers, profile)],
    recall: Recall { in_group: Some(recall_2026::dps), below: None },
    teardown: teardown_2026::steps,
    stays: &[],
};

/// A request about the service at `path`. In canary regions its provider is reached through a host of the region's own
/// (contract links-2026, section 2; measured by two sources).
pub fn dps_request(answers: &Answers, profile: &Profile, method: Method, path: impl Into<Text>) -> Request {
    let mut request = arm(answers, method, path, profile.version("Microsoft.Devices/provisioningServices"));
    if answers.location.ends_with("euap") {
        request.host = format!("{}.{}", answers.location, answers.cloud.resource_manager).into();
    }
    request
}

fn create(answers: &Answers, profile: &Profile) -> Step {
    let id = dps_id(answers);
    let body = object([
        ("location", (&*answers.location).into()),
        ("tags", answers.all_tags().into()),
        ("sku", object([("name", "S1".into()), ("capacity", 1.into())])),
        ("identity", identity_of(answers)),
        ("properties", object([])),
    ]);
    Ensure::new(
        format!("the provisioning service {}", answers.dps),
        dps_request(answers, profile, Method::Get, id.clone()),
        dps_request(answers, profile, Method::Put, id.clone()).with_body(body),
    )
    .tagged(answers)
    .known_as(id.clone())
    .usable(
        answers,
        "Microsoft.Devices/provisioningServices",
        profile.version("Microsoft.Devices/provisioningServices"),
    )
    .registered_by(registration(answers, profile, "Microsoft.Devices"))
    .judged(judge)
    .giving(|reply| {
        outputs([
            ("serviceOperationsHostName", reply.text("/properties/serviceOperationsHostName")),
            ("deviceProvisioningHostName", reply.text("/properties/deviceProvisioningHostName")),
            ("idScope", reply.text("/properties/idScope")),
            ("principalId", reply.text("/identity/principalId")),
        ])
    })
    .step(CREATE, "Create the Device Provisioning Service")
    .billing("for what devices ask of it; not free in preview either (IoT Hub FAQ of 2026-05-15)")
    .documented(NAMESPACES)
    .because("Devices knock here first: it sends them to the hub and has their certificates issued. It is billed, as the hub is.")
    .needing(needs(answers))
    .touching(id)
    .taking(Duration::from_mins(20))
}

fn judge(answers: &Answers, known: &Outputs, value: &Value) -> Verdict {
    let namespace = known_namespace(answers, known);
    if let Some(other) = linked_namespaces(value).into_iter().find(|id| !same_id(id, &namespace)) {
        return Verdict::Unusable {
            says: format!("the provisioning service {} is linked to another namespace: {other}", answers.dps),
            remedy: "choose another `dps.name`, or set `namespace.name` to that one".to_owned(),
        };
    }
    match provisioning_and_active(value) {
        Verdict::Fits => {}
        verdict => return verdict,
    }
    let noun = format!("the provisioning service {}", answers.dps);
    let remedy = "a provisioning service has its identity from its creation: choose another `dps.name`, or delete it and retry";
    if let Some(verdict) = judge_identity(answers, known, value, &noun, remedy) {
        return verdict;
    }
    // They fill in late (contract links-2026, 6.2b).
    let missing = ["idScope", "serviceOperationsHostName"]
        .into_iter()
        .any(|name| text(value, &format!("/properties/{name}")).is_none_or(str::is_empty));
    if missing {
        return Verdict::Settling("without a host name or an id scope".to_owned());
    }
    let mut differs = Vec::new();
    compare_location(&mut differs, value, &answers.location);
    if differs.is_empty() { Verdict::Fits } else { Verdict::Differs(differs) }
}

/// The namespaces that a service says it is linked to, under each of the names that versions have for it (contract
/// links-2026, section 4, point 6). One that no longer exists counts for nothing.
fn linked_namespaces(value: &Value) -> Vec<&str> {
    let listed = value.pointer("/properties/deviceRegistryNamespaces").and_then(Value::as_array);
    let listed = listed.into_iter().flatten().filter_map(|entry| {
        Some((text(entry, "/resourceId")?, text(entry, "/linkingProperties/state").unwrap_or_default()))
    });
    let state = text(value, "/properties/adrLinkState").unwrap_or_default();
    let alone =
        ["/properties/deviceRegistryNamespace/resourceId", "/properties/deviceRegistry/namespaceResourceId"];
    let alone = alone.iter().filter_map(|pointer| Some((text(value, pointer)?, state)));
    let live = alone.chain(listed).filter(|(id, state)| !id.is_empty() && !is_dead(state));
    live.map(|(id, _)| id).collect()
}
