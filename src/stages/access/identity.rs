//! The user-assigned managed identity, the same in every dialect (contract preview-2025, 1d).

use super::{IDENTITY, RESOURCE_GROUP};
use crate::domain::{Answers, Method, Need, Step, Template, Text, object};
use crate::stages::build::{arm, outputs, registration, text};
use crate::stages::dialect::Profile;
use crate::stages::documents::az;
use crate::stages::ensure::{Ensure, Verdict, provisioning};

/// The step that ensures it.
pub fn identity(answers: &Answers, profile: &Profile) -> Step {
    let id = identity_id(answers);
    let version = profile.version("Microsoft.ManagedIdentity/userAssignedIdentities");
    let body = object([("location", (&*answers.location).into()), ("tags", answers.all_tags().into())]);
    Ensure::new(
        format!("the identity {}", answers.identity),
        arm(answers, Method::Get, id.clone(), version),
        arm(answers, Method::Put, id.clone(), version).with_body(body),
    )
    .tagged(answers)
    .known_as(id.clone())
    .usable(answers, "Microsoft.ManagedIdentity/userAssignedIdentities", version)
    .registered_by(registration(answers, profile, "Microsoft.ManagedIdentity"))
    .judged(|_, _, value| match (provisioning(value), text(value, "/properties/principalId")) {
        (Verdict::Fits, Some(principal)) if !principal.is_empty() => Verdict::Fits,
        (Verdict::Fits, _) => Verdict::Settling("without a principal".to_owned()),
        (verdict, _) => verdict,
    })
    .giving(|reply| {
        outputs([
            ("principalId", reply.text("/properties/principalId")),
            ("clientId", reply.text("/properties/clientId")),
        ])
    })
    .step(IDENTITY, "Create the managed identity")
    .because("The hub and the provisioning service act on the namespace through this one identity.")
    .needing([Need::effect(RESOURCE_GROUP)])
    .touching(id)
    .in_az(az(
        "az identity create",
        [
            ("--name", (&*answers.identity).into()),
            ("--resource-group", (&*answers.resource_group).into()),
            ("--location", (&*answers.location).into()),
        ],
    ))
}

/// Resource id of the user-assigned identity that the answers name.
pub fn identity_id(answers: &Answers) -> String {
    answers.resource_id(&format!("Microsoft.ManagedIdentity/userAssignedIdentities/{}", answers.identity))
}

/// The identity's id as a request carries it: what the step gave.
pub fn identity_slot() -> Text {
    Text::slot(&IDENTITY, "id")
}

/// The `identity` of a resource that acts through the user-assigned identity alone.
pub fn assigned_identity() -> Template {
    object([
        ("type", "UserAssigned".into()),
        ("userAssignedIdentities", Template::Object(vec![(identity_slot(), object([]))])),
    ])
}
