//! Are the two names free that must be so in all of Azure (contract preview-2025, P6 and P7)?
//!
//! A name that our own resource has already is no obstacle.

use super::needs::{Creation, creations, of_kind};
use super::{Check, Finding, Subject};
use crate::domain::{ErrorKind, Exit, Method, Moves, Replay, Reply, Request, derived_uuid, object};
use crate::stages::build::arm;

const ID: &str = "names";

/// Resource type, the question about its names, the key of the setup file, how long a name may be, title.
const ASKED: [(&str, &str, &str, usize, &str); 2] = [
    ("Microsoft.Devices/IotHubs", "checkNameAvailability", "hub.name", 50, "Name of the IoT hub"),
    (
        "Microsoft.Devices/provisioningServices",
        "checkProvisioningServiceNameAvailability",
        "dps.name",
        64,
        "Name of the provisioning service",
    ),
];

pub(super) fn checks<'a>(subject: &'a Subject<'a>) -> Vec<Check<'a>> {
    let creations = creations(subject);
    let asked = ASKED.iter().filter_map(|asked| of_kind(&creations, asked.0).map(|made| (asked, made)));
    asked
        .map(|(&(_, question, key, longest, title), made)| {
            let made = made.clone();
            Check::new(ID, title, move |replay| {
                let name = Name { made: &made, question, key, longest, title };
                Ok(vec![name.check(subject, replay)?])
            })
        })
        .collect()
}

struct Name<'a> {
    made: &'a Creation,
    question: &'static str,
    key: &'static str,
    longest: usize,
    title: &'static str,
}

impl Name<'_> {
    fn check(&self, subject: &Subject<'_>, replay: &mut Replay<'_>) -> Moves<Finding> {
        let name = &self.made.name;
        let reply = match replay.read(&self.ask(subject, name))? {
            Ok(reply) => reply,
            // An unregistered provider answers none of this: the check of the provider tells that.
            Err(error) => return Ok(Finding::refused(ID, self.title, error)),
        };
        match free(reply) {
            Some(true) => return Ok(Finding::passed(ID, self.title, format!("{name} is free"))),
            Some(false) => {}
            None => return Ok(Finding::not_checked(ID, self.title, "Azure did not say whether it is free")),
        }
        let steps = vec![self.made.step.clone()];
        let message = reply.text("/message").unwrap_or_default();
        if reply.text("/reason").is_some_and(|reason| reason.eq_ignore_ascii_case("Invalid")) {
            let says = format!("Azure does not take the name {name}: {message}");
            let remedy = format!("set `{}` to another name", self.key);
            let finding = Finding::stops(ID, self.title, Exit::Usage, says);
            return Ok(finding.remedied("change-name", remedy).at(steps));
        }
        // It may be ours, or one in the group that the step asks about.
        match replay.read(&subject.get(self.made.id.clone(), &self.made.version))? {
            Ok(_) => return Ok(Finding::passed(ID, self.title, format!("{name} is in the group already"))),
            Err(error) if error.kind == ErrorKind::NotFound => {}
            Err(error) => {
                let says = format!("{name} is taken, and whether by this setup cannot be seen: {error}");
                return Ok(Finding::not_checked(ID, self.title, says));
            }
        }
        let other = self.another(subject);
        let is_free = replay.read(&self.ask(subject, &other))?.is_ok_and(|reply| free(reply) == Some(true));
        let remedy = if is_free {
            format!("set `{} = \"{other}\"`, which is free, or another name", self.key)
        } else {
            format!("set `{}` to another name", self.key)
        };
        let says = format!("{name} is taken, by somebody else or in another group");
        Ok(Finding::stops(ID, self.title, Exit::Usage, says).remedied("change-name", remedy).at(steps))
    }

    fn ask(&self, subject: &Subject<'_>, name: &str) -> Request {
        let path =
            format!("{}/providers/Microsoft.Devices/{}", subject.answers.subscription_id(), self.question);
        let ask = arm(subject.answers, Method::Post, path, &self.made.version).asking();
        ask.with_body(object([("name", name.into())]))
    }

    /// The same other name each time for the same setup.
    fn another(&self, subject: &Subject<'_>) -> String {
        let name = &self.made.name;
        let mut tail = derived_uuid(&format!("{}|{name}", subject.answers.subscription)).simple().to_string();
        tail.truncate(4);
        let head: String = name.chars().take(self.longest.saturating_sub(5)).collect();
        format!("{}-{tail}", head.trim_end_matches('-'))
    }
}

fn free(reply: &Reply) -> Option<bool> {
    reply.body.get("nameAvailable").and_then(serde_json::Value::as_bool)
}
