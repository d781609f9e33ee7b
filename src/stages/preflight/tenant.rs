//! What holds beside rights and resources: the versions that are spoken, the IoT Hub application, the clock.

use jiff::SignedDuration;
use jiff::fmt::rfc2822;

use super::needs::running;
use super::{Check, Finding, Subject};
use crate::domain::{Auth, ErrorKind, Exit, Moves, Planned, Purpose, Replay, Step, brief};
use crate::stages::access::preview_2025::IOT_HUB_APP_ID;
use crate::stages::offers::PROVIDERS_VERSION;

/// Beyond this sign-in and shared access signatures fail (preflight call P13).
const MOST_SKEW: SignedDuration = SignedDuration::from_mins(5);

/// The versions were chosen before; nothing is asked again.
pub(super) fn versions<'a>(subject: &'a Subject<'a>) -> Check<'a> {
    let (id, title) = ("versions", "Object model and versions");
    Check::new(id, title, move |_| {
        let selection = subject.selection;
        let says = format!("{}; {}", selection.dialect.id, selection.because);
        Ok(vec![Finding::passed(id, title, says)])
    })
}

/// Looks for the application that IoT Hub works as, where a running step will.
pub(super) fn hub_application<'a>(subject: &'a Subject<'a>) -> Option<Check<'a>> {
    let is_look =
        |planned: &&Planned| planned.request.auth == Auth::Graph && planned.purpose == Purpose::Look;
    let step = running(subject).find(|step| step.planned.iter().any(|planned| is_look(&planned)))?;
    let (id, title) = ("hub-application", "The IoT Hub application");
    Some(Check::new(id, title, move |replay| {
        let looks = step.planned.iter().filter(is_look);
        Ok(vec![application(id, title, step, looks, replay)?])
    }))
}

fn application<'a>(
    id: &'static str,
    title: &str,
    step: &Step,
    looks: impl Iterator<Item = &'a Planned>,
    replay: &mut Replay<'_>,
) -> Moves<Finding> {
    for look in looks {
        match replay.read(&look.request)? {
            Ok(reply) => {
                let found = reply.text("/id").or_else(|| reply.text("/value/0/id"));
                if found.is_some() {
                    return Ok(Finding::passed(id, title, "the tenant knows it"));
                }
                break;
            }
            Err(error) if error.kind == ErrorKind::NotFound => break,
            // Not every cloud knows the first way to ask; the second is tried.
            Err(error) if error.kind == ErrorKind::Refused => {}
            // The step asks the same, and would be refused the same.
            Err(error) if error.kind == ErrorKind::Forbidden => {
                let says = format!("you may not read the directory, and {} has to: {error}", step.id);
                let remedy = format!(
                    "have somebody run `az ad sp show --id {IOT_HUB_APP_ID} --query id -o tsv` and put the result into \
                     the setup file as `iot_hub_app_object_id`"
                );
                return Ok(Finding::stops(id, title, Exit::NotPermitted, says)
                    .remedied("give-object-id", remedy)
                    .at(vec![step.id.clone()]));
            }
            Err(error) => return Ok(Finding::refused(id, title, error)),
        }
    }
    let says = "the tenant has no service principal of Azure IoT Hub";
    let remedy = format!("have an administrator of the tenant run `az ad sp create --id {IOT_HUB_APP_ID}`");
    Ok(Finding::stops(id, title, Exit::NotPermitted, says)
        .remedied("create-application", remedy)
        .at(vec![step.id.clone()]))
}

/// Compares the client's clock with that of Azure.
pub(super) fn clock<'a>(subject: &'a Subject<'a>) -> Check<'a> {
    let (id, title) = ("clock", "The clock of this machine");
    Check::new(id, title, move |replay| {
        let path = format!("{}/providers/Microsoft.Devices", subject.answers.subscription_id());
        let reply = match replay.read(&subject.get(path, PROVIDERS_VERSION))? {
            Ok(reply) => reply,
            Err(error) => return Ok(vec![Finding::refused(id, title, error)]),
        };
        let date = reply.date.as_deref().and_then(|date| rfc2822::parse(date).ok());
        let Some(date) = date else {
            return Ok(vec![Finding::not_checked(id, title, "Azure did not say what time it is")]);
        };
        let off = subject.now.duration_since(date.timestamp());
        let told = brief(u64::try_from(off.unsigned_abs().as_millis()).unwrap_or(u64::MAX));
        if off.abs() <= MOST_SKEW {
            return Ok(vec![Finding::passed(id, title, format!("within {told} of Azure's"))]);
        }
        let way = if off.is_positive() { "ahead of" } else { "behind" };
        let says = format!("{told} {way} Azure's: sign-in and signed calls will fail");
        let signs = |step: &&Step| {
            step.planned.iter().any(|planned| matches!(planned.request.auth, Auth::DpsSas { .. }))
        };
        let steps: Vec<_> = running(subject).filter(signs).map(|step| step.id.clone()).collect();
        let remedy = "set the clock of this machine, best by its time service, then check again";
        let finding = if steps.is_empty() {
            Finding::warned(id, title, says)
        } else {
            Finding::stops(id, title, Exit::Failed, says).at(steps)
        };
        Ok(vec![finding.remedied("set-clock", remedy)])
    })
}
