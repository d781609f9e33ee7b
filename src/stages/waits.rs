//! What a refused write may be worth waiting for, and for how long.

use std::time::Duration;

use super::build::{BUSY, GRANT_NOT_EFFECTIVE, GRANT_PATIENCE, LOOK_AGAIN, Registration, read_all};
use crate::domain::{Ask, ErrorKind, Fault, Moves, Patience, Replay, Request, ServiceError};

/// Registers a provider once, and waits until it can be used: that is sooner than it is registered everywhere.
pub struct Registering {
    sent: bool,
    patience: Patience,
}

impl Default for Registering {
    fn default() -> Self {
        Self { sent: false, patience: Patience::of(Duration::from_mins(10)) }
    }
}

impl Registering {
    /// `None` when the refused write is to be sent again.
    pub fn run(
        &mut self,
        error: &ServiceError,
        registration: Option<&Registration>,
        replay: &mut Replay<'_>,
    ) -> Moves<Option<Fault>> {
        let refused = || {
            Fault::from(error)
                .meaning("the resource provider is not registered in this subscription")
                .remedied_by(
                    "register it (`az provider register --namespace ...`, with the name above), then retry",
                )
        };
        let Some(registration) = registration else { return Ok(Some(refused())) };
        if !self.sent {
            let ask = Ask {
                question: "the resource provider is not registered in this subscription. Register it?"
                    .to_owned(),
                differs: Vec::new(),
                choices: vec![("register".into(), "register it".into()), ("stop".into(), "stop here".into())],
                under_yes: Some("register".into()),
            };
            if replay.ask(&ask)? != "register" {
                return Ok(Some(refused()));
            }
            if let Err(error) = replay.write(&registration.register)? {
                return Ok(Some(Fault::from(error)));
            }
            self.sent = true;
        }
        let why = "the resource provider is being registered";
        if !replay.wait(&mut self.patience, why, LOOK_AGAIN)? {
            return Ok(Some(refused()));
        }
        // What it says is for the log: a provider serves a region before it is registered everywhere.
        let _ = replay.read(&registration.look)?;
        Ok(None)
    }
}

/// What was accepted and is missing from the next looks: they may lag behind (field notes, 4.2: 404 right after accept).
pub struct Unlisted {
    patience: Patience,
}

impl Default for Unlisted {
    fn default() -> Self {
        Self { patience: Patience::of(Duration::from_mins(1)) }
    }
}

impl Unlisted {
    /// Waits when `error` says that what this step `wrote` is not there, and says whether it did.
    pub fn wait(
        &mut self,
        error: &ServiceError,
        noun: &str,
        wrote: bool,
        replay: &mut Replay<'_>,
    ) -> Moves<bool> {
        if error.kind != ErrorKind::NotFound || !wrote {
            return Ok(false);
        }
        let why = format!("{noun} was accepted and is not listed yet");
        replay.wait(&mut self.patience, &why, Duration::from_secs(5))
    }
}

/// The waits that a refused write may be worth.
pub struct WriteWaits {
    grant: Patience,
    busy: Patience,
    lost: Patience,
    verified: Option<String>,
}

impl Default for WriteWaits {
    fn default() -> Self {
        Self {
            grant: Patience::of(GRANT_PATIENCE),
            busy: Patience::of(Duration::from_mins(5)),
            lost: Patience::of(Duration::from_mins(2)),
            verified: None,
        }
    }
}

impl WriteWaits {
    /// Waits when the refusal is one that passes, and gives `None`: look, then send again. Else gives the fault.
    pub fn judge(
        &mut self,
        error: &ServiceError,
        noun: &str,
        verify: Option<&Request>,
        replay: &mut Replay<'_>,
    ) -> Moves<Option<Fault>> {
        if error.shows(GRANT_NOT_EFFECTIVE) {
            return self.grant(error, noun, verify, replay);
        }
        if error.kind == ErrorKind::Conflict && (error.shows(BUSY) || error.status == Some(412)) {
            let every = error.retry_after.unwrap_or(LOOK_AGAIN);
            let why = format!("{noun} is being changed by another operation");
            let waited = replay.wait(&mut self.busy, &why, every)?;
            return Ok((!waited).then(|| Fault::from(error)));
        }
        if matches!(error.kind, ErrorKind::Lost | ErrorKind::Service | ErrorKind::Throttled) {
            let every = error.retry_after.unwrap_or(LOOK_AGAIN);
            let why = format!("the reply about {noun} was not had; looking what became of it");
            let waited = replay.wait(&mut self.lost, &why, every)?;
            return Ok((!waited).then(|| Fault::from(error)));
        }
        Ok(Some(Fault::from(error)))
    }

    fn grant(
        &mut self,
        error: &ServiceError,
        noun: &str,
        verify: Option<&Request>,
        replay: &mut Replay<'_>,
    ) -> Moves<Option<Fault>> {
        if let (Some(request), None) = (verify, &self.verified) {
            // Listed is not yet effective; not listed is not slow but missing, and no wait will mend it.
            let listed = read_all(replay, request)?;
            match listed {
                Ok(entries) if entries.is_empty() => {
                    return Ok(Some(
                        Fault::from(error)
                            .meaning("the identity has no role on the namespace")
                            .having_checked("no assignment is listed for the identity on the namespace")
                            .remedied_by("run `namespace.identity-role`, or have an administrator assign the role, then retry"),
                    ));
                }
                Ok(entries) => {
                    self.verified = Some(format!("{} assignment(s) exist and are readable", entries.len()));
                }
                Err(error) => self.verified = Some(format!("the assignments could not be read: {error}")),
            }
        }
        let why = format!("the role has not reached the service that checks it, so {noun} was refused");
        if replay.wait(&mut self.grant, &why, LOOK_AGAIN)? {
            return Ok(None);
        }
        let mut fault = Fault::from(error)
            .meaning("a role has not become effective, or it was given on another resource")
            .remedied_by("keep trying for five minutes, or check the role assignments of the identity and of the IoT Hub application");
        fault.checked.clone_from(&self.verified);
        Ok(Some(fault.passing()))
    }
}
