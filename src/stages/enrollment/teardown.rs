//! The way back of an enrollment group, the same in every dialect (contract preview-2025, sections 9 and 13).
//!
//! It goes along with a service of ours; in one of others' only what the journals know is deleted.

use super::DELETE;
use crate::domain::{
    Answers, ErrorKind, Exit, Method, Moves, Next, Outcome, Outputs, Purpose, Replay, Request, Step,
    StepOutputs, Text,
};
use crate::stages::build::{fail, text};
use crate::stages::dialect::Profile;
use crate::stages::dps;
use crate::stages::dps::id::{dps_id, dps_slot};
use crate::stages::enrollment::service::group_request;
use crate::stages::remove::{Remove, goes_along, is_going, is_tagged_by_us};

/// The step that deletes the group in the service that `service` looks at; `keys` fetches what signs requests to it.
pub fn delete(answers: &Answers, profile: &Profile, service: &Request, keys: &Request) -> Step {
    let planned =
        group_request(answers, profile, Method::Get, Text::slot(&dps::CREATE, "serviceOperationsHostName"));
    let way = Way { service: service.clone(), keys: keys.clone(), planned: planned.clone() };
    let step = Step::new(DELETE, "Delete the enrollment group", move |answers, known, replay| {
        way.run(answers, known, replay)
    })
    .because("Devices that hold its key are let in no longer.")
    .touching(format!("{}/enrollmentGroups/{}", dps_id(answers), answers.enrollment_group))
    .planning(Purpose::Look, service)
    .planning(Purpose::Key, keys);
    removal(answers, &planned).plan(step)
}

/// The deletion of the group that `look` finds. The journals know the group by the path of its request.
fn removal(answers: &Answers, look: &Request) -> Remove {
    let noun = format!("the enrollment group {}", answers.enrollment_group);
    Remove::new(noun, look.path.clone(), look.clone()).matched()
}

struct Way {
    service: Request,
    keys: Request,
    planned: Request,
}

impl Way {
    fn run(&self, answers: &Answers, known: &Outputs, replay: &mut Replay<'_>) -> Moves<Next> {
        let service = match replay.read(&self.service)? {
            Ok(reply) => &reply.body,
            Err(error) if error.kind == ErrorKind::NotFound => {
                return Ok(goes_along("gone already: its provisioning service is"));
            }
            Err(error) => return Ok(fail(error)),
        };
        if is_going(service) {
            return Ok(goes_along("it goes with its provisioning service, which is being deleted"));
        }
        let id = dps_slot(answers).shown(known);
        let ours = replay.earlier().made(&id) || is_tagged_by_us(answers, &id, service);
        let Some(host) =
            text(service, "/properties/serviceOperationsHostName").filter(|host| !host.is_empty())
        else {
            return Ok(goes_along("the provisioning service has no host yet, so there is no group in it"));
        };
        if let Err(error) = replay.read(&self.keys)? {
            return Ok(along(fail(error), ours));
        }
        let mut look = self.planned.clone();
        look.host = host.into();
        let mut removal = removal(answers, &look);
        if ours {
            removal = removal.named();
        } else {
            let service = format!("the provisioning service {}", answers.dps);
            removal = removal.below(service, dps_slot(answers), self.service.clone());
        }
        Ok(along(removal.run(answers, known, replay)?, ours))
    }
}

/// What cannot be reached in a service of ours goes with it all the same: no reason to keep the service.
fn along(next: Next, ours: bool) -> Next {
    match next {
        Next::Fail(fault)
            if ours && matches!(fault.exit, Exit::SignIn | Exit::NotPermitted | Exit::NotReached) =>
        {
            Next::Done {
                outcome: Outcome::Warned,
                note: Some(format!("it goes with its provisioning service: {}", fault.says)),
                outputs: StepOutputs::new(),
            }
        }
        next => next,
    }
}
