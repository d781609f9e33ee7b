//! Stage 5 of `preview-2025` (contract preview-2025, section 7).

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{CREATE, LINK_HUB, fields, recall_2025, teardown_2025};
use crate::domain::{
    Answers, Body, ErrorKind, Fault, Method, Moves, Need, Next, Outcome, Outputs, Patch, Patience, Pick,
    Purpose, Replay, Request, StageId, Step, Text, object,
};
use crate::stages::access::IDENTITY;
use crate::stages::access::identity::{assigned_identity, identity_slot};
use crate::stages::access::preview_2025::compare_identity;
use crate::stages::build::{
    LOOK_AGAIN, SETTLE_PATIENCE, arm, compare_location, done, fail, outputs, registration, same, same_id,
    text,
};
use crate::stages::dialect::{Profile, Stage};
use crate::stages::documents::{REGISTRY, az};
use crate::stages::dps::id::{dps_id, dps_slot};
use crate::stages::ensure::{Ensure, Verdict, provisioning_and_active};
use crate::stages::hub::id::hub_id;
use crate::stages::namespace::id::{known_namespace, namespace_slot};
use crate::stages::namespace::preview_2025::identity_assignments;
use crate::stages::recall::Recall;
use crate::stages::waits::{Unlisted, WriteWaits};
use crate::stages::{hub, namespace};

/// The vault's name for the hub's key.
const HUB_KEY: &str = "hub key";
/// The hub's policy whose key links it (contract preview-2025, 5b).
const HUB_POLICY: &str = "iothubowner";
/// The hub is not active yet (guide: field notes, 4.2, "link races hub activation").
const HUB_NOT_ACTIVE: &[&str] = &["404002", "401001"];
/// The hub is in the list already.
const DUPLICATE_LINK: &[&str] = &["400303"];

pub static STAGE: Stage = Stage {
    id: StageId::new("dps"),
    heading: "Device Provisioning Service",
    fields: fields::FIELDS,
    steps,
    recall: Recall { in_group: Some(recall_2025::dps), below: None },
    teardown: teardown_2025::steps,
    stays: &[],
};

fn steps(answers: &Answers, profile: &Profile) -> Vec<Step> {
    vec![create(answers, profile), link_hub(answers, profile)]
}

fn create(answers: &Answers, profile: &Profile) -> Step {
    let id = dps_id(answers);
    let version = profile.version("Microsoft.Devices/provisioningServices");
    let body = object([
        ("location", (&*answers.location).into()),
        ("tags", answers.all_tags().into()),
        ("sku", object([("name", "S1".into()), ("capacity", 1.into())])),
        ("identity", assigned_identity()),
        (
            "properties",
            object([(
                "deviceRegistryNamespace",
                object([
                    ("resourceId", namespace_slot(answers).into()),
                    ("authenticationType", "UserAssigned".into()),
                    ("selectedUserAssignedIdentityResourceId", identity_slot().into()),
                ]),
            )]),
        ),
    ]);
    Ensure::new(
        format!("the provisioning service {}", answers.dps),
        arm(answers, Method::Get, id.clone(), version),
        arm(answers, Method::Put, id.clone(), version).with_body(body),
    )
    .tagged(answers)
    .known_as(id.clone())
    .usable(answers, "Microsoft.Devices/provisioningServices", version)
    .registered_by(registration(answers, profile, "Microsoft.Devices"))
    .granted_by(identity_assignments(answers, profile))
    .judged(judge)
    .giving(|reply| {
        outputs([
            ("serviceOperationsHostName", reply.text("/properties/serviceOperationsHostName")),
            ("deviceProvisioningHostName", reply.text("/properties/deviceProvisioningHostName")),
            ("idScope", reply.text("/properties/idScope")),
        ])
    })
    .step(CREATE, "Create the Device Provisioning Service")
    .billing("for what devices ask of it; not free in preview either (IoT Hub FAQ of 2026-05-15)")
    .because("Devices knock here first: it sends them to the hub and has their certificates issued. It is billed; the rest is free in preview.")
    .needing([
        Need::effect(namespace::CREATE),
        Need::value(IDENTITY),
        Need::effect(namespace::IDENTITY_ROLE),
    ])
    .touching(id)
    .documented(REGISTRY)
    .in_az(az(
        "az iot dps create",
        [
            ("--name", (&*answers.dps).into()),
            ("--resource-group", (&*answers.resource_group).into()),
            ("--location", (&*answers.location).into()),
            ("--mi-user-assigned", identity_slot()),
            ("--ns-resource-id", namespace_slot(answers)),
            ("--ns-identity-id", identity_slot()),
        ],
    ))
    .taking(Duration::from_mins(5))
}

fn judge(answers: &Answers, known: &Outputs, value: &Value) -> Verdict {
    let namespace = known_namespace(answers, known);
    let linked_to = text(value, "/properties/deviceRegistryNamespace/resourceId").unwrap_or_default();
    if linked_to.is_empty() {
        return Verdict::Unusable {
            says: format!("the provisioning service {} has no link to a namespace", answers.dps),
            remedy: "choose another `dps.name`: hubup links only the services that it makes".to_owned(),
        };
    }
    if !same_id(linked_to, &namespace) {
        return Verdict::Unusable {
            says: format!(
                "the provisioning service {} is linked to another namespace: {linked_to}",
                answers.dps
            ),
            remedy: "choose another `dps.name`, or set `namespace.name` to that one".to_owned(),
        };
    }
    match provisioning_and_active(value) {
        Verdict::Fits => {}
        verdict => return verdict,
    }
    if text(value, "/properties/serviceOperationsHostName").unwrap_or_default().is_empty() {
        return Verdict::Settling("without a host name".to_owned());
    }
    let mut differs = Vec::new();
    compare_location(&mut differs, value, &answers.location);
    let link = "/properties/deviceRegistryNamespace/selectedUserAssignedIdentityResourceId";
    compare_identity(&mut differs, answers, known, value, link);
    if differs.is_empty() { Verdict::Fits } else { Verdict::Differs(differs) }
}

/// What a link needs: the looks, the key and the whole description with one hub more.
#[derive(Clone)]
struct Link {
    look: Request,
    key: Request,
    put: Request,
    host: Text,
}

fn link_hub(answers: &Answers, profile: &Profile) -> Step {
    let id = dps_slot(answers);
    let version = profile.version("Microsoft.Devices/provisioningServices");
    let host = Text::slot(&hub::CREATE, "hostName");
    let entry = object([
        (
            "connectionString",
            Text::from("HostName=")
                .then(host.clone())
                .then(format!(";SharedAccessKeyName={HUB_POLICY};SharedAccessKey="))
                .then(Text::secret(HUB_KEY))
                .into(),
        ),
        ("location", Text::slot(&hub::CREATE, "location").into()),
        ("applyAllocationPolicy", true.into()),
        ("allocationWeight", 1.into()),
    ]);
    let mut put = arm(answers, Method::Put, id.clone(), version);
    put.body =
        Body::MergeInto { read: None, patches: vec![Patch::Append("/properties/iotHubs".to_owned(), entry)] };
    let link = Link {
        look: arm(answers, Method::Get, id, version),
        key: arm(
            answers,
            Method::Post,
            Text::slot(&hub::CREATE, "id").then(format!("/IotHubKeys/{HUB_POLICY}/listkeys")),
            profile.version("Microsoft.Devices/IotHubs"),
        )
        .capturing(HUB_KEY, Pick::At("/primaryKey".to_owned())),
        put,
        host,
    };
    let planned = link.clone();
    Step::new(LINK_HUB, "Link the hub to the provisioning service", move |_, known, replay| {
        link.run(known, replay)
    })
    .because("Puts the hub in the service's list, so that devices can be sent to it.")
    .needing([Need::value(hub::CREATE), Need::effect(CREATE)])
    .touching(dps_id(answers))
    .touching(hub_id(answers))
    .documented(REGISTRY)
    .in_az(az(
        "az iot dps linked-hub create",
        [
            ("--dps-name", (&*answers.dps).into()),
            ("--resource-group", (&*answers.resource_group).into()),
            ("--hub-name", (&*answers.hub).into()),
        ],
    ))
    .planning(Purpose::Look, &planned.look)
    .planning(Purpose::Key, &planned.key)
    .planning(Purpose::Change, &planned.put)
    .planning(Purpose::Prove, &planned.look)
}

impl Link {
    fn run(&self, known: &Outputs, replay: &mut Replay<'_>) -> Moves<Next> {
        let host = self.host.shown(known);
        let mut wrote = false;
        let mut not_active = Patience::of(Duration::from_mins(5));
        let mut settling = Patience::of(SETTLE_PATIENCE);
        let mut waits = WriteWaits::default();
        let mut unlisted = Unlisted::default();
        loop {
            let found = match replay.read(&self.look)? {
                Ok(reply) => reply,
                Err(error) => {
                    if unlisted.wait(error, "the link", wrote, replay)? {
                        continue;
                    }
                    return Ok(fail(error));
                }
            };
            // A change of it failed before, most likely ours: the one that follows makes it whole.
            let mut broken = false;
            match provisioning_and_active(&found.body) {
                Verdict::Settling(state) => {
                    let every = found.retry_after.unwrap_or(LOOK_AGAIN);
                    if replay.wait(&mut settling, &format!("the provisioning service is {state}"), every)? {
                        continue;
                    }
                    return Ok(Next::Fail(
                        Fault::new(
                            format!("the provisioning service is still {state}"),
                            "keep trying, or come back later",
                        )
                        .passing(),
                    ));
                }
                Verdict::Broken(state) if wrote => {
                    return Ok(Next::Fail(
                        Fault::new(
                            format!("the provisioning service is {state}"),
                            "look at its activity log in the portal, then retry: the link is sent again",
                        )
                        .meaning("Azure took the link and could not finish the change"),
                    ));
                }
                Verdict::Broken(_) => broken = true,
                _ => {}
            }
            let listed = lists(&found.body, &host);
            if listed && !broken {
                let outcome = if wrote { Outcome::Done } else { Outcome::AlreadyThere };
                // Who put it there matters to the way back, so a look at it does not forget that.
                let ours = wrote || known.get(&LINK_HUB, "linked").is_some_and(|linked| same(linked, &host));
                return Ok(done(outcome, outputs([("linked", ours.then_some(host.as_str()))])));
            }
            if wrote {
                return Ok(Next::Fail(
                    Fault::new(
                        format!("the update was taken, and {host} is not in the list of linked hubs"),
                        "retry; if it stays so, link the hub in the portal",
                    )
                    .meaning("the service took the request and did not do it"),
                ));
            }
            if let Err(error) = replay.read(&self.key)? {
                return Ok(fail(error));
            }
            let mut put = self.put.clone();
            if let Body::MergeInto { read, patches } = &mut put.body {
                *read = Some(taken_back(&found.body));
                // A hub that is in the list stays in it; twice it would be refused.
                patches.retain(|_| !listed);
            }
            match replay.write(&put)? {
                Ok(_) => wrote = true,
                Err(error) if error.shows(DUPLICATE_LINK) => wrote = true,
                Err(error) if error.kind == ErrorKind::Refused && error.shows(HUB_NOT_ACTIVE) => {
                    let why = "the hub is not reachable for the provisioning service yet";
                    if !replay.wait(&mut not_active, why, Duration::from_secs(20))? {
                        return Ok(fail(error));
                    }
                }
                Err(error) => {
                    if let Some(fault) = waits.judge(error, "the link", None, replay)? {
                        return Ok(Next::Fail(fault));
                    }
                }
            }
        }
    }
}

/// A linked hub's `name` is its host name (contract preview-2025, 5c).
pub(super) fn lists(dps: &Value, host: &str) -> bool {
    let hubs = dps.pointer("/properties/iotHubs").and_then(Value::as_array);
    hubs.into_iter().flatten().any(|hub| text(hub, "/name").is_some_and(|name| same(name, host)))
}

/// What the service takes back of a description that it gave: the PUT replaces the whole, so everything that can be
/// written is kept, masked connection strings of other hubs included, and what is read-only is left out (contract
/// preview-2025, 5c; type files of `Microsoft.Devices/provisioningServices`).
pub(super) fn taken_back(read: &Value) -> Value {
    let mut kept = Map::new();
    for key in ["location", "tags"] {
        if let Some(value) = read.get(key).filter(|value| !value.is_null()) {
            kept.insert(key.to_owned(), value.clone());
        }
    }
    if let Some(sku) = read.get("sku") {
        kept.insert("sku".to_owned(), json!({ "name": sku["name"], "capacity": sku["capacity"] }));
    }
    if let Some(identity) = read.get("identity").filter(|value| !value.is_null()) {
        let mut kept_identity = Map::new();
        kept_identity.insert("type".to_owned(), identity["type"].clone());
        if let Some(assigned) = identity["userAssignedIdentities"].as_object() {
            let keys = assigned.keys().map(|id| (id.clone(), json!({})));
            kept_identity.insert("userAssignedIdentities".to_owned(), Value::Object(keys.collect()));
        }
        kept.insert("identity".to_owned(), Value::Object(kept_identity));
    }
    let mut properties = read["properties"].as_object().cloned().unwrap_or_default();
    for key in
        ["serviceOperationsHostName", "deviceProvisioningHostName", "idScope", "state", "provisioningState"]
    {
        properties.shift_remove(key);
    }
    properties.retain(|_, value| !value.is_null());
    if let Some(Value::Array(hubs)) = properties.get_mut("iotHubs") {
        for hub in hubs.iter_mut().filter_map(Value::as_object_mut) {
            hub.shift_remove("name");
        }
    }
    kept.insert("properties".to_owned(), Value::Object(properties));
    Value::Object(kept)
}
