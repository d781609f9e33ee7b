//! Stage 4 of `preview-2025` (contract preview-2025, section 6).

use std::time::Duration;

use serde_json::Value;

use super::update::taken_back;
use super::{
    CREATE, NAMESPACE_CONTRIBUTOR, NAMESPACE_REGISTRY_CONTRIBUTOR, fields, recall_2025, teardown_2025,
};
use crate::domain::{
    Answers, Body, Fault, Method, Need, Patch, Purpose, StageId, Step, StepOutputs, Text, object,
};
use crate::stages::access::identity::{assigned_identity, identity_slot};
use crate::stages::access::preview_2025::compare_identity;
use crate::stages::access::{HUB_APP_CONTRIBUTOR, IDENTITY};
use crate::stages::build::{
    Difference, Follows, arm, compare, compare_location, done, fail, outputs, read_all, registration, same,
    same_id, text,
};
use crate::stages::dialect::{Profile, Stage};
use crate::stages::documents::{REGISTRY, az};
use crate::stages::ensure::{Ensure, Verdict, provisioning_and_active};
use crate::stages::grant::{Grant, outcome};
use crate::stages::hub::id::{hub_id, hub_slot};
use crate::stages::namespace;
use crate::stages::namespace::id::{known_namespace, namespace_slot};
use crate::stages::namespace::preview_2025::identity_assignments;
use crate::stages::offers::canonical_location;
use crate::stages::recall::Recall;
use crate::stages::roles::{CONTRIBUTOR, role_definition_id};

/// IoT Hub Registry Contributor; public files agree on the id, and the step asks for it by name all the same
/// (contract preview-2025, 1c).
const REGISTRY_CONTRIBUTOR: (&str, &str) =
    ("IoT Hub Registry Contributor", "4ea46cd5-c1b2-4a8e-910b-273211f9ce47");

pub static STAGE: Stage = Stage {
    id: StageId::new("hub"),
    heading: "IoT hub",
    fields: fields::FIELDS,
    steps,
    recall: Recall { in_group: Some(recall_2025::hub), below: None },
    teardown: teardown_2025::steps,
    stays: &[],
};

fn steps(answers: &Answers, profile: &Profile) -> Vec<Step> {
    vec![
        create(answers, profile),
        namespace_contributor(answers, profile),
        namespace_registry_contributor(answers, profile),
    ]
}

/// The tier of the seed's model, the only one that can be linked when it is made (contract preview-2025, section 6).
const SKU: &str = "GEN2";

pub(super) fn sku(answers: &Answers) -> &str {
    answers.hub_sku.as_deref().unwrap_or(SKU)
}

/// Why these answers cannot be had in this dialect.
pub fn refuses(answers: &Answers) -> Option<Fault> {
    (sku(answers) != SKU).then(|| {
        let says = format!("a hub of tier {} cannot be linked to a namespace in preview-2025", sku(answers));
        Fault::new(says, format!("set `hub.sku = \"{SKU}\"`, or remove the key"))
    })
}

fn create(answers: &Answers, profile: &Profile) -> Step {
    let id = hub_id(answers);
    let version = profile.version("Microsoft.Devices/IotHubs");
    let body = object([
        ("location", (&*answers.hub_location).into()),
        ("tags", answers.all_tags().into()),
        ("sku", object([("name", sku(answers).into()), ("capacity", answers.hub_capacity.into())])),
        ("identity", assigned_identity()),
        (
            "properties",
            object([
                // The `events` key must be there on create (contract preview-2025, section 6).
                (
                    "eventHubEndpoints",
                    object([(
                        "events",
                        object([("retentionTimeInDays", 1.into()), ("partitionCount", 4.into())]),
                    )]),
                ),
                (
                    "deviceRegistry",
                    object([
                        ("namespaceResourceId", namespace_slot(answers).into()),
                        ("identityResourceId", identity_slot().into()),
                    ]),
                ),
            ]),
        ),
    ]);
    // An update is a PUT of the whole over its tag (contract preview-2025, section 6).
    let mut units = arm(answers, Method::Put, id.clone(), version);
    let capacity = Patch::Set("/sku/capacity".to_owned(), answers.hub_capacity.into());
    units.body = Body::MergeInto { read: None, patches: vec![capacity] };
    Ensure::new(
        format!("the IoT hub {}", answers.hub),
        arm(answers, Method::Get, id.clone(), version),
        arm(answers, Method::Put, id.clone(), version).with_body(body),
    )
    .tagged(answers)
    .known_as(id.clone())
    .usable(answers, "Microsoft.Devices/IotHubs", version)
    .registered_by(registration(answers, profile, "Microsoft.Devices"))
    .granted_by(identity_assignments(answers, profile))
    .merged_by(units, taken_back)
    .judged(judge)
    .giving(|reply| {
        outputs([
            ("hostName", reply.text("/properties/hostName")),
            ("location", reply.text("/location").map(canonical_location).as_deref()),
        ])
    })
    .step(CREATE, "Create the IoT hub")
    .because(format!(
        "An IoT hub of sku {} in {}, linked to the namespace {} through the managed identity {}. The link can be made \
         only now.",
        sku(answers), answers.hub_location, answers.namespace, answers.identity
    ))
    .needing([
        Need::effect(namespace::CREATE),
        Need::value(IDENTITY),
        Need::effect(namespace::IDENTITY_ROLE),
        Need::effect(HUB_APP_CONTRIBUTOR),
    ])
    .touching(id)
    .documented(REGISTRY)
    // The document's own command makes a hub without a link (contract preview-2025, section 11, rows 1 to 4).
    .in_az(az(
        "az iot hub create",
        [
            ("--name", (&*answers.hub).into()),
            ("--resource-group", (&*answers.resource_group).into()),
            ("--location", (&*answers.hub_location).into()),
            ("--sku", sku(answers).into()),
            ("--mi-user-assigned", identity_slot()),
            ("--ns-resource-id", namespace_slot(answers)),
            ("--ns-identity-id", identity_slot()),
        ],
    ))
    .taking(Duration::from_mins(5))
}

fn judge(answers: &Answers, known: &crate::domain::Outputs, value: &Value) -> Verdict {
    let namespace = known_namespace(answers, known);
    let linked_to = text(value, "/properties/deviceRegistry/namespaceResourceId").unwrap_or_default();
    if linked_to.is_empty() {
        return Verdict::Unusable {
            says: format!("the IoT hub {} has no link to a namespace", answers.hub),
            remedy: "a link can be made only when a hub is created: choose another `hub.name`".to_owned(),
        };
    }
    if !same_id(linked_to, &namespace) {
        return Verdict::Unusable {
            says: format!("the IoT hub {} is linked to another namespace: {linked_to}", answers.hub),
            remedy:
                "a link cannot be changed: choose another `hub.name`, or set `namespace.name` to that one"
                    .to_owned(),
        };
    }
    match provisioning_and_active(value) {
        Verdict::Fits => {}
        verdict => return verdict,
    }
    let mut differs = Vec::new();
    compare_location(&mut differs, value, &answers.hub_location);
    let fixed = Follows::Never("a hub is of one generation");
    compare(&mut differs, "sku", value, "/sku/name", sku(answers), fixed);
    let capacity = value.pointer("/sku/capacity").and_then(Value::as_u64);
    if let Some(units) = capacity.filter(|units| *units != u64::from(answers.hub_capacity)) {
        let text = format!("it has {units} units (you said {})", answers.hub_capacity);
        differs.push(Difference::new(text, Follows::Update));
    }
    let link = "/properties/deviceRegistry/identityResourceId";
    compare_identity(&mut differs, answers, known, value, link);
    if text(value, "/properties/hostName").unwrap_or_default().is_empty() {
        return Verdict::Settling("without a host name".to_owned());
    }
    if differs.is_empty() { Verdict::Fits } else { Verdict::Differs(differs) }
}

/// Contributor and IoT Hub Registry Contributor: with REST nobody gives them but us (contract preview-2025, 4b).
fn namespace_grant(answers: &Answers, profile: &Profile, name: &str, role: &str) -> Grant {
    Grant {
        noun: format!("{name} for the namespace on the hub"),
        scope: hub_slot(answers),
        principal: Text::slot(&namespace::CREATE, "principalId"),
        role: role_definition_id(answers, role).into(),
        fresh: true,
        version: profile.version("Microsoft.Authorization").to_owned(),
    }
}

fn namespace_contributor(answers: &Answers, profile: &Profile) -> Step {
    let grant = namespace_grant(answers, profile, "Contributor", CONTRIBUTOR);
    let planned = grant.clone();
    let step = Step::new(
        NAMESPACE_CONTRIBUTOR,
        "Make the namespace Contributor on the hub",
        move |answers, known, replay| {
            let granted = grant.run(answers, known, replay)?;
            Ok(done(outcome(&[granted]), StepOutputs::new()))
        },
    )
    .because("The namespace writes its CA into the hub's certificates; without this right sync fails.")
    .needing([Need::effect(CREATE), Need::value(namespace::CREATE)])
    .touching(format!("{}/roleAssignments/contributor", hub_id(answers)));
    planned.plan(answers, step)
}

fn namespace_registry_contributor(answers: &Answers, profile: &Profile) -> Step {
    let (name, guid) = REGISTRY_CONTRIBUTOR;
    let path = format!("{}/providers/Microsoft.Authorization/roleDefinitions", answers.subscription_id());
    let by_name = arm(answers, Method::Get, path, profile.version("Microsoft.Authorization"))
        .with_query("$filter", format!("roleName eq '{name}'"));
    let planned = namespace_grant(answers, profile, name, guid);
    let (ask, usual) = (by_name.clone(), planned.clone());
    let step = Step::new(
        NAMESPACE_REGISTRY_CONTRIBUTOR,
        "Make the namespace Registry Contributor on the hub",
        move |answers, known, replay| {
            let found = match read_all(replay, &ask)? {
                Ok(found) => found,
                Err(error) => return Ok(fail(&error)),
            };
            let named = found
                .iter()
                .find(|role| text(role, "/properties/roleName").is_some_and(|found| same(found, name)))
                .and_then(|role| text(role, "/name"));
            let mut grant = usual.clone();
            if let Some(named) = named {
                grant.role = role_definition_id(answers, named).into();
            }
            let granted = grant.run(answers, known, replay)?;
            Ok(done(outcome(&[granted]), StepOutputs::new()))
        },
    )
    .because("The namespace registers and manages devices in the hub.")
    .needing([Need::effect(CREATE), Need::value(namespace::CREATE)])
    .touching(format!("{}/roleAssignments/registry-contributor", hub_id(answers)))
    .planning(Purpose::Look, &by_name);
    planned.plan(answers, step)
}
