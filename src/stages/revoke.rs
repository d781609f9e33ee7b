//! Role assignments of the setup at one scope, taken away again.
//!
//! They are found by list and known by their names, which hubup derives from what they say (contract preview-2025, 1c): so
//! they are found without knowing any principal, also when the principal itself is gone. Others' are left.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use super::build::{arm, fail, read_all, same, text};
use super::found::another_setup;
use super::remove::{Refusals, goes_along, left, not_allowed};
use crate::domain::{
    Answers, ErrorKind, Fault, Method, Moves, Next, Outcome, Outputs, Patience, Purpose, Replay, Request,
    Step, StepId, StepOutputs, Text, derived_uuid,
};

/// Who may take roles away, where the caller may not.
pub const KEEPER: &str = "an Owner or User Access Administrator of the resource group";

/// The assignments that the setup made at one scope.
#[derive(Clone)]
pub struct Revoke {
    /// How a sentence names them: "the namespace's roles on the hub".
    pub noun: String,
    /// Resource id.
    pub scope: Text,
    /// Object id of whom they were given to, where an earlier run knows it: what others gave to the same is told.
    pub principal: Text,
    /// Api-version of Microsoft.Authorization.
    pub version: String,
}

impl Revoke {
    /// The look that lists all assignments at the scope, and those that reach it from above.
    fn list(&self, answers: &Answers) -> Request {
        let path = self.scope.clone().then("/providers/Microsoft.Authorization/roleAssignments");
        arm(answers, Method::Get, path, &self.version).with_query("$filter", "atScope()")
    }

    fn delete(&self, answers: &Answers, name: Text) -> Request {
        let path = self.scope.clone().then("/providers/Microsoft.Authorization/roleAssignments/").then(name);
        arm(answers, Method::Delete, path, &self.version)
    }

    /// `step` with the requests of this.
    #[must_use]
    pub fn plan(&self, answers: &Answers, step: Step) -> Step {
        let says = self.scope.clone().then("|").then(self.principal.clone());
        step.planning(Purpose::Look, &self.list(answers))
            .planning(Purpose::Change, &self.delete(answers, Text::derived(says)))
            .planning(Purpose::Prove, &self.list(answers))
            .touching(format!("{}/roleAssignments", self.scope))
    }

    /// The step that takes them away, but not where `holder` finds what they were given to and another setup owns it.
    pub fn step(self, answers: &Answers, id: StepId, title: impl Into<String>, holder: &Request) -> Step {
        let (planned, seen) = (self.clone(), holder.clone());
        let step = Step::new(id, title, move |answers, known, replay| {
            self.run(answers, known, replay, &|replay| of_another_setup(answers, &seen, replay))
        });
        planned.plan(answers, step.planning(Purpose::Look, holder))
    }

    /// Makes the moves. `keep` is asked before the first deletion and may end it.
    pub fn run(
        &self,
        answers: &Answers,
        known: &Outputs,
        replay: &mut Replay<'_>,
        keep: &dyn Fn(&mut Replay<'_>) -> Moves<Option<Next>>,
    ) -> Moves<Next> {
        let list = self.list(answers);
        let scope = self.scope.shown(known);
        let mut refusals = Refusals::default();
        let mut listed = Patience::of(Duration::from_mins(2));
        let mut deleted = BTreeSet::new();
        let mut acted = replay.earlier().unanswered;
        let mut kept = false;
        loop {
            let entries = match read_all(replay, &list)? {
                Ok(entries) => entries,
                Err(error) if error.kind == ErrorKind::NotFound => {
                    return Ok(goes_along("gone with what they were given on"));
                }
                Err(error) => return Ok(Next::Fail(not_allowed(&error, &self.noun, KEEPER))),
            };
            let here: Vec<&Value> = entries.iter().filter(|entry| same(scope_of(entry), &scope)).collect();
            let ours: Vec<&str> = here
                .iter()
                .filter(|entry| is_named_by_us(answers, entry))
                .filter_map(|entry| name(entry))
                .collect();
            let Some(first) = ours.iter().find(|name| !deleted.contains(**name)).or(ours.first()) else {
                return Ok(self.ended(known, &here, acted));
            };
            if deleted.contains(*first) {
                if replay.wait(&mut listed, "what was deleted is still listed", Duration::from_secs(5))? {
                    continue;
                }
                let says = format!("{} were deleted, and Azure still lists them", self.noun);
                return Ok(Next::Fail(
                    Fault::new(says, "keep trying, or run the same command later").passing(),
                ));
            }
            if !kept {
                if let Some(next) = keep(replay)? {
                    return Ok(next);
                }
                kept = true;
            }
            match replay.write(&self.delete(answers, (*first).into()))? {
                Err(error) if error.kind != ErrorKind::NotFound => {
                    acted |= error.kind == ErrorKind::Lost;
                    if !refusals.pass(error, &self.noun, replay)? {
                        return Ok(Next::Fail(not_allowed(error, &self.noun, KEEPER)));
                    }
                }
                _ => {
                    acted = true;
                    deleted.insert((*first).to_owned());
                }
            }
        }
    }

    /// None of ours is left; what others gave the same principal here is told.
    fn ended(&self, known: &Outputs, here: &[&Value], acted: bool) -> Next {
        let mut missing = Vec::new();
        let principal = self.principal.fill(known, &|_| None, &mut missing);
        let others: Vec<&str> = here
            .iter()
            .filter(|entry| text(entry, "/properties/principalId").is_some_and(|id| same(id, &principal)))
            .filter_map(|entry| name(entry))
            .collect();
        match others.first() {
            Some(first) if missing.is_empty() => {
                left(format!("{}: {} of them hubup did not make, such as {first}", self.noun, others.len()))
            }
            _ if acted => Next::Done { outcome: Outcome::Done, note: None, outputs: StepOutputs::new() },
            _ => goes_along("gone already"),
        }
    }
}

fn name(entry: &Value) -> Option<&str> {
    text(entry, "/name").or_else(|| text(entry, "/id").and_then(|id| id.rsplit('/').next()))
}

/// The scope that an assignment is made at.
pub fn scope_of(entry: &Value) -> &str {
    let id = text(entry, "/id").unwrap_or_default();
    let from_id = id.split("/providers/Microsoft.Authorization/roleAssignments/").next().unwrap_or_default();
    text(entry, "/properties/scope").unwrap_or(from_id)
}

/// Whether they are another setup's, as what they were given to is: `look` finds it.
fn of_another_setup(answers: &Answers, look: &Request, replay: &mut Replay<'_>) -> Moves<Option<Next>> {
    let other = match replay.read(look)? {
        Ok(reply) => another_setup(answers, &reply.body),
        // Orphans are nobody's but ours.
        Err(error) if error.kind == ErrorKind::NotFound => None,
        Err(error) => return Ok(Some(fail(error))),
    };
    Ok(other.map(|other| left(format!("they belong to the setup {other}"))))
}

/// True when the name of an assignment is the one that hubup derives from scope, principal and role.
fn is_named_by_us(answers: &Answers, entry: &Value) -> bool {
    let at = |pointer| text(entry, pointer).unwrap_or_default();
    let (principal, role) = (at("/properties/principalId"), at("/properties/roleDefinitionId"));
    // A service may spell the id of a definition below any scope that it has; hubup may have been told another one.
    let guid = role.rsplit('/').next().unwrap_or_default();
    let below = |scope: String| format!("{scope}/providers/Microsoft.Authorization/roleDefinitions/{guid}");
    let spelt = [role.to_owned(), below(answers.subscription_id()), below(answers.resource_group_id())];
    let scope = scope_of(entry);
    spelt.iter().any(|role| {
        let derived = derived_uuid(&format!("{scope}|{principal}|{role}")).to_string();
        name(entry).is_some_and(|name| same(name, &derived))
    })
}
