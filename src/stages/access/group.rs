//! The resource group, the same in every dialect (contract preview-2025, 1a).

use super::RESOURCE_GROUP;
use crate::domain::{Answers, Method, Step, object};
use crate::stages::build::{arm, outputs};
use crate::stages::dialect::Profile;
use crate::stages::documents::az;
use crate::stages::ensure::{Ensure, provisioning};

/// The step that ensures it.
pub fn resource_group(answers: &Answers, profile: &Profile) -> Step {
    // The group's own path is spelt in lower case by the Resources API (contract preview-2025, 1a).
    let path = format!("{}/resourcegroups/{}", answers.subscription_id(), answers.resource_group);
    let version = profile.version("Microsoft.Resources");
    let body = object([("location", (&*answers.location).into()), ("tags", answers.all_tags().into())]);
    Ensure::new(
        format!("the resource group {}", answers.resource_group),
        arm(answers, Method::Get, path.clone(), version),
        arm(answers, Method::Put, path.clone(), version).with_body(body),
    )
    .tagged(answers)
    .known_as(answers.resource_group_id())
    .judged(|_, _, value| provisioning(value))
    .giving(|reply| outputs([("location", reply.text("/location"))]))
    .step(RESOURCE_GROUP, "Create the resource group")
    .because("Holds everything that the setup makes. A group that exists is used as it is, wherever it lies.")
    .touching(answers.resource_group_id())
    .in_az(az(
        "az group create",
        [("--name", (&*answers.resource_group).into()), ("--location", (&*answers.location).into())],
    ))
}
