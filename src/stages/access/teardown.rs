//! What every dialect takes away of the first stage: the identity and the group (contract preview-2025, section 13).

use super::identity::identity_id;
use super::{DELETE_IDENTITY, DELETE_RESOURCE_GROUP, IDENTITY};
use crate::domain::{
    Answers, Fault, Method, Moves, Need, Next, Outputs, Patience, Purpose, Replay, Request, Step, StepId,
    Text,
};
use crate::stages::build::{LOOK_AGAIN, arm, fail, read_all, same, text};
use crate::stages::dialect::Profile;
use crate::stages::remove::{GONE, Remove, left};
use crate::stages::{certificates, dps, hub, namespace};

/// What the subscription has at hubup's asking, and others may use.
pub const PROVIDERS_STAY: (&str, &str) = (
    "registered resource providers",
    "they are registered for the whole subscription, and others may use them",
);

/// The steps whose resources a list of the group shows.
const TRACKED: [StepId; 7] = [
    dps::DELETE,
    hub::DELETE,
    namespace::DELETE,
    DELETE_IDENTITY,
    certificates::DELETE_POLICY,
    certificates::DELETE_ISSUING_CA,
    certificates::DELETE_ROOT_CA,
];

/// The look that lists what lies in the group.
pub fn list_group(answers: &Answers, profile: &Profile) -> Request {
    let path = format!("{}/resources", answers.resource_group_id());
    arm(answers, Method::Get, path, profile.version("Microsoft.Resources"))
}

/// The identity's id as a request carries it: an adopted one's, else the one that the answers name.
fn identity(answers: &Answers) -> Text {
    Text::slot_or(&IDENTITY, "id", identity_id(answers))
}

/// The look at the identity.
pub fn look_at_identity(answers: &Answers, profile: &Profile) -> Request {
    let version = profile.version("Microsoft.ManagedIdentity/userAssignedIdentities");
    arm(answers, Method::Get, identity(answers), version)
}

/// The step that deletes it, after all of `users`.
pub fn delete_identity(answers: &Answers, profile: &Profile, users: &[StepId]) -> Step {
    let look = look_at_identity(answers, profile);
    Remove::new(format!("the identity {}", answers.identity), identity(answers), look)
        .tagged()
        .step(DELETE_IDENTITY, "Delete the managed identity")
        .because("Its roles were taken away before: once it is gone they would stay behind without a name.")
        .needing(users.iter().cloned().map(Need::effect))
}

/// The step that deletes the group, after all of `before`.
pub fn delete_group(answers: &Answers, profile: &Profile, before: &[StepId]) -> Step {
    // The group's own path is spelt in lower case by the Resources API (contract preview-2025, 1a).
    let path = format!("{}/resourcegroups/{}", answers.subscription_id(), answers.resource_group);
    let look = arm(answers, Method::Get, path, profile.version("Microsoft.Resources"));
    let list = list_group(answers, profile);
    let seen = list.clone();
    Remove::new(format!("the resource group {}", answers.resource_group), answers.resource_group_id(), look)
        .tagged()
        .unless(move |_, known, replay| holds_something(known, &seen, replay))
        .step(DELETE_RESOURCE_GROUP, "Delete the resource group")
        .because("Only one that hubup made, and only when nothing lies in it any more.")
        .needing(before.iter().cloned().map(Need::effect))
        .planning(Purpose::Look, &list)
        .taking(std::time::Duration::from_mins(5))
}

/// A group is never deleted with something in it. What was seen to be gone may be listed a little longer.
fn holds_something(known: &Outputs, list: &Request, replay: &mut Replay<'_>) -> Moves<Option<Next>> {
    let mut listed = Patience::of(std::time::Duration::from_mins(2));
    loop {
        let entries = match read_all(replay, list)? {
            Ok(entries) => entries,
            Err(error) => return Ok(Some(fail(&error))),
        };
        let ids: Vec<&str> = entries.iter().filter_map(|entry| text(entry, "/id")).collect();
        let seen_gone =
            |id: &str| TRACKED.iter().any(|step| known.get(step, GONE).is_some_and(|gone| same(gone, id)));
        let held: Vec<&str> = ids.iter().filter(|id| !seen_gone(id)).copied().collect();
        if !held.is_empty() {
            let names: Vec<&str> = held.iter().take(5).filter_map(|id| id.rsplit('/').next()).collect();
            let more = if held.len() > 5 { format!(" and {} more", held.len() - 5) } else { String::new() };
            return Ok(Some(left(format!("it holds {}{more}", names.join(", ")))));
        }
        if ids.is_empty() {
            return Ok(None);
        }
        if !replay.wait(&mut listed, "what was deleted is still listed in the group", LOOK_AGAIN)? {
            let says = format!("the group still lists {}, which is deleted", ids.join(", "));
            let remedy = "keep trying, or run the same command later";
            return Ok(Some(Next::Fail(Fault::new(says, remedy).passing())));
        }
    }
}
