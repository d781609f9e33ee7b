//! Where a run stands still while nobody is signed in: one question for all steps that meet it, then all go on.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{Mutex, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::performer::Plea;
use crate::domain::{Ask, Auth, ErrorKind, Request, SIGNED_IN_AGAIN, ServiceError, StepId};

/// One run's pause.
pub struct Pause {
    /// Held by the step that asks; the others wait for what it is told.
    asking: Mutex<()>,
    /// How often somebody has signed in again.
    times: AtomicU64,
    /// Nobody is there to be asked when it is `None`.
    pleas: Option<mpsc::UnboundedSender<Plea>>,
}

impl Pause {
    /// A pause that asks through `pleas`, or one that never asks.
    pub fn new(pleas: Option<mpsc::UnboundedSender<Plea>>) -> Self {
        Self { asking: Mutex::new(()), times: AtomicU64::new(0), pleas }
    }

    /// How often somebody has signed in again so far: to be told to [`Pause::signed_in_again`] by a call that began then.
    pub fn times(&self) -> u64 {
        self.times.load(Ordering::Acquire)
    }

    /// Asks the person to sign in again, unless somebody has since `then`; true when the call may be made again.
    pub async fn signed_in_again(
        &self,
        step: &StepId,
        error: &ServiceError,
        then: u64,
        stop: &CancellationToken,
    ) -> bool {
        let Some(pleas) = &self.pleas else { return false };
        let _asking = tokio::select! {
            asking = self.asking.lock() => asking,
            () = stop.cancelled() => return false,
        };
        if self.times() != then {
            return true;
        }
        let (reply, answer) = oneshot::channel();
        let plea = Plea::Answer { step: step.clone(), ask: ask(error), reply };
        if pleas.send(plea).is_err() {
            return false;
        }
        let answer = tokio::select! {
            answer = answer => answer,
            () = stop.cancelled() => return false,
        };
        let again = matches!(answer, Ok(Ok(choice)) if choice == SIGNED_IN_AGAIN);
        if again {
            self.times.fetch_add(1, Ordering::AcqRel);
        }
        again
    }
}

fn ask(error: &ServiceError) -> Ask {
    Ask {
        question: format!(
            "you are not signed in any more: {}. Sign in again (for example `az login` in another terminal), then go on",
            error.parts().0.trim_end_matches('.')
        ),
        differs: Vec::new(),
        choices: vec![
            (SIGNED_IN_AGAIN.to_owned(), "I have signed in: go on".to_owned()),
            ("stop".to_owned(), "stop this step".to_owned()),
        ],
        under_yes: None,
    }
}

/// True for a failure of the sign-in; a key that a service refuses is the matter of the step that fetched it.
pub fn is_of_sign_in(request: &Request, error: &ServiceError) -> bool {
    error.kind == ErrorKind::Auth && !matches!(request.auth, Auth::DpsSas { .. })
}
