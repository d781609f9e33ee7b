//! A role assignment: listed already, or made under a name derived from what it says, then listed.
//!
//! Rules of contract preview-2025, 1c.

use std::time::Duration;

use serde_json::Value;

use super::build::{LOOK_AGAIN, arm, fail, read_all, same, text};
use super::documents::{GRANTS, az};
use super::waits::WriteWaits;
use crate::domain::{
    Answers, ErrorKind, Exit, Fault, Method, Moves, Next, Outcome, Outputs, Patience, Purpose, Replay,
    Request, ServiceError, Step, Template, Text, object,
};

/// One role for one principal at one scope.
#[derive(Clone)]
pub struct Grant {
    /// How a sentence names it: "Contributor for the namespace on the hub".
    pub noun: String,
    /// Resource id.
    pub scope: Text,
    /// Object id.
    pub principal: Text,
    /// Id of the role definition, ending in its GUID.
    pub role: Text,
    /// True when the principal was just made: the directory may not know it yet.
    pub fresh: bool,
    /// Api-version of Microsoft.Authorization.
    pub version: String,
}

/// How a grant came to hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Granted {
    Listed,
    Made,
}

impl Grant {
    /// The look that lists the assignments of the principal at the scope.
    fn list(&self, answers: &Answers) -> Request {
        list_assignments(answers, &self.version, self.scope.clone(), self.principal.clone())
    }

    /// The look at the assignment by its name.
    fn look(&self, answers: &Answers) -> Request {
        arm(answers, Method::Get, self.path(), &self.version)
    }

    /// Its path; the name is derived from what it says.
    fn path(&self) -> Text {
        let says =
            self.scope.clone().then("|").then(self.principal.clone()).then("|").then(self.role.clone());
        let name = Text::derived(says);
        self.scope.clone().then("/providers/Microsoft.Authorization/roleAssignments/").then(name)
    }

    /// The request that makes it. Always as a service principal: left out, it would be taken for a user.
    fn create(&self, answers: &Answers) -> Request {
        let properties: Template = object([
            ("roleDefinitionId", self.role.clone().into()),
            ("principalId", self.principal.clone().into()),
            ("principalType", "ServicePrincipal".into()),
        ]);
        arm(answers, Method::Put, self.path(), &self.version).with_body(object([("properties", properties)]))
    }

    /// `step` with the requests of this grant.
    #[must_use]
    pub fn plan(&self, answers: &Answers, step: Step) -> Step {
        let words = az(
            "az role assignment create",
            [
                ("--assignee-object-id", self.principal.clone()),
                ("--assignee-principal-type", "ServicePrincipal".into()),
                ("--role", self.role.clone()),
                ("--scope", self.scope.clone()),
            ],
        );
        let step = if step.documented.is_empty() { step.documented(GRANTS) } else { step };
        step.in_az(words)
            .planning(Purpose::Look, &self.list(answers))
            .planning(Purpose::Change, &self.create(answers))
            .planning(Purpose::Prove, &self.look(answers))
            .planning(Purpose::Prove, &self.list(answers))
    }

    /// Makes the moves. A failure leaves through the box, as every move that is to be made does.
    pub fn run(&self, answers: &Answers, outputs: &Outputs, replay: &mut Replay<'_>) -> Moves<Granted> {
        let list = self.list(answers);
        let create = self.create(answers);
        let look = self.look(answers);
        let scope = self.scope.shown(outputs);
        let principal = self.principal.shown(outputs);
        let role = self.role.shown(outputs);
        let role_guid = role.rsplit('/').next().unwrap_or_default();
        let holds =
            |entries: &[Value]| entries.iter().any(|entry| is_ours(entry, &scope, &principal, role_guid));

        match read_all(replay, &list)? {
            Ok(entries) if holds(&entries) => return Ok(Granted::Listed),
            Ok(_) => {}
            Err(error) => return Err(Box::new(fail(&error))),
        }
        let mut directory = Patience::of(if self.fresh { Duration::from_mins(2) } else { Duration::ZERO });
        let mut definition = Patience::of(Duration::from_mins(5));
        let mut waits = WriteWaits::default();
        loop {
            let Err(error) = replay.write(&create)? else { break };
            let waited = if error.shows(&["RoleAssignmentExists"]) {
                break;
            } else if error.shows(&["PrincipalNotFound"]) {
                let why = "the directory does not know the new principal yet";
                replay.wait(&mut directory, why, Duration::from_secs(5))?
            } else if error.shows(&["RoleDefinitionDoesNotExist"]) {
                replay.wait(&mut definition, "the role definition cannot be assigned yet", LOOK_AGAIN)?
            } else if waits.judge(error, &self.noun, None, replay)?.is_none() {
                // Lists may lag behind; the assignment's own name does not.
                if replay.read(&look)?.is_ok() {
                    break;
                }
                true
            } else {
                false
            };
            if !waited {
                return Err(Box::new(Next::Fail(self.refused(error))));
            }
        }
        // The schedule of Microsoft's own link command: 2, 4, 8, then every 10 s, for three minutes.
        let mut listing = Patience::of(Duration::from_mins(3));
        let mut every = Duration::from_secs(2);
        loop {
            match read_all(replay, &list)? {
                Ok(entries) if holds(&entries) => return Ok(Granted::Made),
                Ok(_) => {}
                Err(error) => return Err(Box::new(fail(&error))),
            }
            if !replay.wait(&mut listing, "the assignment is made and not listed yet", every)? {
                return Err(Box::new(Next::Fail(
                    Fault::new(
                        format!("{} was accepted and is not listed after three minutes", self.noun),
                        "keep trying, or look at the role assignments in the portal",
                    )
                    .meaning("the service took the assignment and does not show it")
                    .passing(),
                )));
            }
            every = (every * 2).min(LOOK_AGAIN);
        }
    }

    fn refused(&self, error: &ServiceError) -> Fault {
        let fault = Fault::from(error);
        if error.shows(&["PrincipalNotFound"]) {
            return fault
                .meaning("no service principal of this tenant has that object id")
                .remedied_by("check the object id (an application id is not one), then retry");
        }
        if error.shows(&["RoleAssignmentScopeNotAssignableToRoleDefinition"]) {
            return fault
                .meaning("the custom role can be assigned in the setup's own group only, and this lies in another")
                .remedied_by("set `assignable_scope = \"subscription\"` under `[roles]` in the setup file, then run again");
        }
        if error.kind == ErrorKind::Forbidden {
            return fault
                .meaning(format!("the signed-in caller may not give roles: {}", self.noun))
                .remedied_by(
                    "ask an Owner or User Access Administrator to make this assignment, then retry: it is found; \
                     or skip the step",
                )
                .exiting(Exit::NotPermitted);
        }
        fault
    }
}

/// The look that lists the assignments of `principal` at `scope`; `version` is that of Microsoft.Authorization.
pub fn list_assignments(answers: &Answers, version: &str, scope: Text, principal: Text) -> Request {
    let path = scope.then("/providers/Microsoft.Authorization/roleAssignments");
    let filter = Text::from("principalId eq '").then(principal).then("'");
    arm(answers, Method::Get, path, version).with_query("$filter", filter)
}

/// An assignment proves the grant when principal and role are the same and its scope is ours or above it. One with a
/// condition proves nothing (contract preview-2025, 1c).
fn is_ours(entry: &Value, scope: &str, principal: &str, role_guid: &str) -> bool {
    let at = |pointer| text(entry, pointer).unwrap_or_default();
    let from_id =
        at("/id").split("/providers/Microsoft.Authorization/roleAssignments/").next().unwrap_or_default();
    let found_scope = text(entry, "/properties/scope").unwrap_or(from_id);
    let covers = same(found_scope, scope)
        || found_scope == "/"
        || scope.to_lowercase().starts_with(&format!("{}/", found_scope.to_lowercase()));
    covers
        && !found_scope.is_empty()
        && same(at("/properties/principalId"), principal)
        && same(at("/properties/roleDefinitionId").rsplit('/').next().unwrap_or_default(), role_guid)
        && entry
            .pointer("/properties/condition")
            .is_none_or(|condition| condition.is_null() || condition == "")
}

/// The outcome of a step that holds these grants.
pub fn outcome(granted: &[Granted]) -> Outcome {
    if granted.iter().all(|granted| *granted == Granted::Listed) {
        Outcome::AlreadyThere
    } else {
        Outcome::Done
    }
}
