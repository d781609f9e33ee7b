//! The hub of `links-2026`: a plain one with its identity; the namespace links it later (contract links-2026, 6.2a).

use std::time::Duration;

use serde_json::Value;

use super::id::hub_id;
use super::update::taken_back_unlinked;
use super::{CREATE, fields, recall_2026, teardown_2026};
use crate::domain::{Answers, Body, Fault, Method, Outputs, Patch, StageId, Step, object};
use crate::stages::access::acting::{identity_of, judge_identity, needs};
use crate::stages::build::{
    Difference, Follows, arm, compare, compare_location, outputs, registration, same_id, text,
};
use crate::stages::dialect::{Profile, Stage};
use crate::stages::documents::NAMESPACES;
use crate::stages::ensure::{Ensure, Verdict, provisioning_and_active};
use crate::stages::link::endpoints::is_dead;
use crate::stages::namespace::id::known_namespace;
use crate::stages::offers::canonical_location;
use crate::stages::recall::Recall;

/// The smallest Standard tier, which is enough to be linked (contract links-2026, section 3).
const SKU: &str = "S1";

pub static STAGE: Stage = Stage {
    id: StageId::new("hub"),
    heading: "IoT hub",
    fields: fields::LINKS_2026,
    steps: |answers, profile| vec![create(answers, profile)],
    recall: Recall { in_group: Some(recall_2026::hub), below: None },
    teardown: teardown_2026::steps,
    stays: &[],
};

/// The tier that is wanted.
pub(super) fn sku(answers: &Answers) -> &str {
    answers.hub_sku.as_deref().unwrap_or(SKU)
}

/// Why these answers cannot be had in this dialect.
pub fn refuses(answers: &Answers) -> Option<Fault> {
    if sku(answers).eq_ignore_ascii_case("GEN2") {
        let says = "links-2026 has no hub of tier GEN2".to_owned();
        let remedy = "set `hub.sku` to S1, S2 or S3, or set `dialect = \"preview-2025\"`";
        return Some(
            Fault::new(says, remedy).meaning("that tier was taken out of the newer versions of IoT Hub"),
        );
    }
    // Contract links-2026, section 3: a namespace lies in the region of its hub.
    (answers.hub_location != answers.location).then(|| {
        let says = format!(
            "links-2026 wants the hub in the region of its namespace, and you said {} and {}",
            answers.hub_location, answers.location
        );
        let remedy = "set `hub_location` to the same region as `location`, or remove it; or set `dialect = \"preview-2025\"`";
        Fault::new(says, remedy)
    })
}

fn create(answers: &Answers, profile: &Profile) -> Step {
    let id = hub_id(answers);
    let version = profile.version("Microsoft.Devices/IotHubs");
    let body = object([
        ("location", (&*answers.location).into()),
        ("tags", answers.all_tags().into()),
        ("sku", object([("name", sku(answers).into()), ("capacity", answers.hub_capacity.into())])),
        ("identity", identity_of(answers)),
        (
            "properties",
            object([(
                "eventHubEndpoints",
                object([(
                    "events",
                    object([("retentionTimeInDays", 1.into()), ("partitionCount", 4.into())]),
                )]),
            )]),
        ),
    ]);
    let mut update = arm(answers, Method::Put, id.clone(), version);
    let set = |pointer: &str, value| Patch::Set(pointer.to_owned(), value);
    update.body = Body::MergeInto {
        read: None,
        patches: vec![
            set("/sku/name", sku(answers).into()),
            set("/sku/capacity", answers.hub_capacity.into()),
        ],
    };
    Ensure::new(
        format!("the IoT hub {}", answers.hub),
        arm(answers, Method::Get, id.clone(), version),
        arm(answers, Method::Put, id.clone(), version).with_body(body),
    )
    .tagged(answers)
    .known_as(id.clone())
    .usable(answers, "Microsoft.Devices/IotHubs", version)
    .registered_by(registration(answers, profile, "Microsoft.Devices"))
    .merged_by(update, taken_back_unlinked)
    .judged(judge)
    .giving(|reply| {
        outputs([
            ("hostName", reply.text("/properties/hostName")),
            ("deviceHostName", reply.text("/properties/deviceHostName")),
            ("principalId", reply.text("/identity/principalId")),
            ("location", reply.text("/location").map(canonical_location).as_deref()),
        ])
    })
    .step(CREATE, "Create the IoT hub")
    .billing("by unit of its tier, for as long as the hub is there")
    .documented(NAMESPACES)
    .because(format!(
        "An IoT hub of sku {} in {}, with an identity of its own kind from the start. The namespace links it later.",
        sku(answers),
        answers.location
    ))
    .needing(needs(answers))
    .touching(id)
    .taking(Duration::from_mins(5))
}

fn judge(answers: &Answers, known: &Outputs, value: &Value) -> Verdict {
    if let Some(other) = linked_elsewhere(answers, known, value) {
        return Verdict::Unusable {
            says: format!("the IoT hub {} is linked to another namespace: {other}", answers.hub),
            remedy: "a hub belongs to one namespace: choose another `hub.name`, or set `namespace.name` to that one"
                .to_owned(),
        };
    }
    match provisioning_and_active(value) {
        Verdict::Fits => {}
        verdict => return verdict,
    }
    let noun = format!("the IoT hub {}", answers.hub);
    let remedy = "give it that identity in the portal, then retry; or choose another `hub.name`";
    if let Some(verdict) = judge_identity(answers, known, value, &noun, remedy) {
        return verdict;
    }
    let mut differs = Vec::new();
    compare_location(&mut differs, value, &answers.location);
    let found = text(value, "/sku/name").unwrap_or_default().to_ascii_uppercase();
    // Standard tiers follow one another; any other cannot be linked (contract links-2026, section 3).
    let follows = if found.starts_with('S') {
        Follows::Update
    } else {
        Follows::Never("only a hub of a Standard tier can be linked")
    };
    compare(&mut differs, "sku", value, "/sku/name", sku(answers), follows);
    let capacity = value.pointer("/sku/capacity").and_then(Value::as_u64);
    if let Some(units) = capacity.filter(|units| *units != u64::from(answers.hub_capacity)) {
        let text = format!("it has {units} units (you said {})", answers.hub_capacity);
        differs.push(Difference::new(text, Follows::Update));
    }
    if text(value, "/properties/hostName").unwrap_or_default().is_empty() {
        return Verdict::Settling("without a host name".to_owned());
    }
    if differs.is_empty() { Verdict::Fits } else { Verdict::Differs(differs) }
}

/// The namespace that a hub names, when it is another. What a hub says of its link is for information and may be stale
/// (contract links-2026, section 4, point 6): one that no longer exists counts for nothing.
fn linked_elsewhere<'a>(answers: &Answers, known: &Outputs, value: &'a Value) -> Option<&'a str> {
    let state = text(value, "/properties/deviceRegistry/linkingProperties/state").unwrap_or_default();
    text(value, "/properties/deviceRegistry/namespaceResourceId")
        .filter(|id| !is_dead(state) && !id.is_empty() && !same_id(id, &known_namespace(answers, known)))
}
