//! Tells the DPS data plane of the link: a change of a tag of the provisioning service makes it look again (contract
//! links-2026, 6.11; a measured way around a gap of the resource provider).

use std::time::Duration;

use super::{POLICY, PUSH};
use crate::domain::{
    Answers, ErrorKind, Fault, Method, Moves, Need, Next, Outcome, Outputs, Patience, Purpose, Replay,
    Request, Step, StepOutputs, derived_uuid,
};
use crate::stages::build::{LOOK_AGAIN, SETTLE_PATIENCE, done, fail, text};
use crate::stages::dialect::Profile;
use crate::stages::documents::NAMESPACES;
use crate::stages::dps::id::{dps_id, dps_slot};
use crate::stages::dps::links_2026::dps_request;
use crate::stages::ensure::{Verdict, provisioning_and_active};
use crate::stages::link::{number_of, tagging};
use crate::stages::namespace;
use crate::stages::namespace::id::known_namespace;
use crate::stages::waits::{Unlisted, WriteWaits};

/// The tag that is changed. Its value names the link that DPS was told of, and how often.
const MARKER: &str = "hubup-pushed";

/// How long the marker may take to read back (contract links-2026, section 10).
const PUSH_PATIENCE: Duration = Duration::from_mins(5);

/// What a push takes.
#[derive(Clone)]
pub struct Push {
    look: Request,
}

/// The step that pushes.
pub fn push(answers: &Answers, profile: &Profile) -> Step {
    let push = Push::of(answers, profile);
    let planned = push.clone();
    let step = Step::new(PUSH, "Tell DPS of the link", move |answers, known, replay| {
        push.run(0, answers, known, replay)
    })
    .documented(NAMESPACES)
    .because("The provisioning service's data plane learns of a link when the service is updated: a tag is enough. An enrollment is refused before.")
    // Another principal is another link, which DPS has to be told of.
    .needing([Need::effect(POLICY), Need::value(namespace::CREATE)])
    .touching(dps_id(answers))
    .taking(PUSH_PATIENCE);
    planned.plan(step)
}

impl Push {
    /// The push to the provisioning service of `answers`.
    pub fn of(answers: &Answers, profile: &Profile) -> Self {
        Self { look: dps_request(answers, profile, Method::Get, dps_slot(answers)) }
    }

    /// `step` with the requests of this.
    #[must_use]
    pub fn plan(&self, step: Step) -> Step {
        step.planning(Purpose::Look, &self.look)
            .planning(Purpose::Change, &tagging(&self.look, None, MARKER, "{link}-1"))
            .planning(Purpose::Prove, &self.look)
    }

    /// Makes the moves. `again` counts the pushes that one step makes for the same link: each has a marker of its own, though
    /// the one before has not read back; 0 is content with a link that was told of before.
    pub fn run(
        &self,
        again: u32,
        answers: &Answers,
        known: &Outputs,
        replay: &mut Replay<'_>,
    ) -> Moves<Next> {
        let link = link_name(answers, known);
        let mut settling = Patience::of(SETTLE_PATIENCE);
        let mut reading_back = Patience::of(PUSH_PATIENCE);
        let mut waits = WriteWaits::default();
        let mut unlisted = Unlisted::default();
        let mut written: Option<u32> = None;
        loop {
            let reply = match replay.read(&self.look)? {
                Ok(reply) => reply,
                Err(error)
                    if matches!(error.kind, ErrorKind::Lost | ErrorKind::Service | ErrorKind::Throttled) =>
                {
                    let every = error.retry_after.unwrap_or(LOOK_AGAIN);
                    if replay.wait(
                        &mut reading_back,
                        "the provisioning service cannot be read just now",
                        every,
                    )? {
                        continue;
                    }
                    return Ok(fail(error));
                }
                Err(error) => {
                    if unlisted.wait(error, "the provisioning service", written.is_some(), replay)? {
                        continue;
                    }
                    return Ok(fail(error));
                }
            };
            let every = reply.retry_after.unwrap_or(LOOK_AGAIN);
            let found = text(&reply.body, &format!("/tags/{MARKER}")).unwrap_or_default();
            let state = provisioning_and_active(&reply.body);
            if let Some(number) = written {
                // Succeeded is also the state before the update: only the marker tells. Its number does: the name before it
                // may be another since.
                if number_of(found) == number && state == Verdict::Fits {
                    return Ok(done(Outcome::Done, StepOutputs::new()));
                }
                let why = "the provisioning service has not taken its new tag in yet";
                if replay.wait(&mut reading_back, why, every)? {
                    continue;
                }
                return Ok(Next::Done {
                    outcome: Outcome::Warned,
                    note: Some(
                        "the tag was set and did not read back; the enrollment waits for it too".to_owned(),
                    ),
                    outputs: StepOutputs::new(),
                });
            }
            match state {
                Verdict::Settling(state) => {
                    if replay.wait(&mut settling, &format!("the provisioning service is {state}"), every)? {
                        continue;
                    }
                    let says = format!("the provisioning service is still {state}");
                    return Ok(Next::Fail(Fault::new(says, "keep trying, or come back later").passing()));
                }
                Verdict::Broken(state) => {
                    let says = format!("the provisioning service is {state}");
                    return Ok(Next::Fail(
                        Fault::new(
                            says,
                            "mend it in the portal, where its activity log tells what failed, then retry",
                        )
                        .meaning("Azure could not finish the last change of it"),
                    ));
                }
                _ => {}
            }
            if again == 0 && found.starts_with(&format!("{link}-")) {
                return Ok(done(Outcome::AlreadyThere, StepOutputs::new()));
            }
            let number = number_of(found).saturating_add(1 + again);
            let marker = format!("{link}-{number}");
            match replay.write(&tagging(&self.look, Some(&reply.body), MARKER, &marker))? {
                Ok(_) => written = Some(number),
                Err(error) => {
                    if let Some(fault) = waits.judge(error, "the provisioning service", None, replay)? {
                        return Ok(Next::Fail(fault));
                    }
                }
            }
        }
    }
}

/// A short name of the link: another namespace, or the same one made anew, has another.
fn link_name(answers: &Answers, known: &Outputs) -> String {
    let principal = known.get(&namespace::CREATE, "principalId").unwrap_or_default();
    let name = derived_uuid(&format!("{}|{principal}", known_namespace(answers, known).to_lowercase()));
    name.to_string().chars().take(8).collect()
}
