//! What a running step has in hand: calls with their records, operations followed to their end, waits, leaving.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::{Mutex, RwLock, watch};
use tokio_util::sync::CancellationToken;

use super::clock::Clock;
use super::pause::{Pause, is_of_sign_in};
use super::recorder::Recorder;
use super::retry::{Again, LONGEST_WAIT, Tries, token_was_refused};
use crate::azure::{Azure, Vault, poll, redact};
use crate::domain::{
    CallId, CallRecord, ErrorKind, Method, Outputs, Purpose, Reply, ReplyRecord, Request, RunEvent,
    ServiceError, Shown, StepId, Wait, target,
};
use crate::journal::JournalError;

/// The wait between looks at an operation where the service names none (design, section 5).
const LOOK_AGAIN: Duration = Duration::from_secs(10);

/// How long an operation is followed before the step gives up on it (contract preview-2025, 1.1).
const FOLLOW_BOUND: Duration = Duration::from_mins(20);

/// Looks at an operation before it may be given up, however fast time passes.
const FEWEST_LOOKS: u32 = 20;

/// Looks in a row that tell nothing before the resource itself is asked.
const MOST_SILENT: u32 = 6;

/// Shared by the steps of a run.
pub struct Shared {
    pub azure: Azure,
    pub vault: Vault,
    pub clock: Clock,
    pub recorder: Recorder,
    pub outputs: RwLock<Outputs>,
    /// One lock for each resource id that is written.
    pub touched: Mutex<std::collections::BTreeMap<String, Arc<Mutex<()>>>>,
    pub pause: Pause,
}

/// One running step's hands.
#[derive(Clone)]
pub struct StepContext {
    pub shared: Arc<Shared>,
    pub step: StepId,
    /// Nothing more is sent for the step once this is cancelled.
    pub stop: CancellationToken,
    /// How much longer the person wants every wait to last; grows while the step runs.
    pub grace: watch::Receiver<Duration>,
}

/// An operation that the service took up: the call that began it, and where it tells how it goes.
struct Accepted {
    call: CallId,
    wait: Wait,
}

/// Either the journal failed, which ends the run, or nothing did.
pub type Recorded<T> = Result<T, JournalError>;

impl StepContext {
    /// Records an event.
    pub async fn emit(&self, event: RunEvent) -> Recorded<()> {
        self.shared.recorder.emit(event).await
    }

    /// Waits a span of service time, told as `why`; false when the step was stopped meanwhile.
    pub async fn wait(&self, why: &str, wait: Duration, bound: Duration) -> Recorded<bool> {
        let millis =
            |span: Duration| u64::try_from(self.shared.clock.wall_time(span).as_millis()).unwrap_or(u64::MAX);
        self.emit(RunEvent::StepWaiting {
            step: self.step.clone(),
            why: why.to_owned(),
            millis: millis(wait),
            bound: millis(bound),
        })
        .await?;
        tokio::select! {
            () = self.shared.clock.sleep(wait) => Ok(true),
            () = self.stop.cancelled() => Ok(false),
        }
    }

    /// Makes a call, again as often as the retry layer allows. Each attempt is a call of its own.
    pub async fn call(&self, request: &Request, purpose: Purpose) -> Recorded<Result<Reply, ServiceError>> {
        Ok(self.attempt(request, purpose).await?.map(|(reply, _)| reply))
    }

    /// The reply, and what it accepted if it is one to a change that did.
    async fn attempt(
        &self,
        request: &Request,
        purpose: Purpose,
    ) -> Recorded<Result<(Reply, Option<Accepted>), ServiceError>> {
        let mut retry_of = None;
        let mut tries = Tries::default();
        let longest = self.shared.clock.service_time(LONGEST_WAIT);
        loop {
            if self.stop.is_cancelled() {
                return Ok(Err(left()));
            }
            let signed_in = self.shared.pause.times();
            let call = CallId::fresh();
            let outputs = self.shared.outputs.read().await.clone();
            let mut shown = request.shown(&outputs);
            // A merged body holds what a look said, and a service may say more than it should.
            shown.body = shown.body.map(|body| redact::masked_with(&body, &self.shared.vault));
            let method = shown.method;
            let url = shown.url.clone();
            self.started(call, purpose, shown, retry_of).await?;
            let begun = Instant::now();
            let result = self.shared.azure.call(call, request, &outputs, &self.shared.vault).await;
            let wait = result.as_ref().ok().and_then(|reply| poll::wait_of(reply, method, &url));
            let followed = purpose == Purpose::Change && !request.unfollowed;
            let accepted = wait.filter(|_| followed).map(|wait| Accepted { call, wait });
            if let Some(accepted) = &accepted {
                // Before the reply is: one that is on record without its status URL would leave nothing to follow.
                self.accepted(accepted).await?;
            }
            let error = match self.finished(call, method, &url, begun, result).await? {
                Ok(reply) => return Ok(Ok((reply, accepted))),
                Err(error) => error,
            };
            match tries.judge(request, &error, jitter(call), longest) {
                Again::No if is_of_sign_in(request, &error) => {
                    let pause = &self.shared.pause;
                    if !pause.signed_in_again(&self.step, &error, signed_in, &self.stop).await {
                        return Ok(Err(error));
                    }
                    (tries, retry_of) = (Tries::default(), Some(call));
                }
                Again::No => return Ok(Err(error)),
                Again::After { wait, bound, why } => {
                    if !self.wait(why, wait, bound).await? {
                        return Ok(Err(left()));
                    }
                    retry_of = Some(call);
                }
            }
        }
    }

    /// Follows an operation that an earlier run began to its end, never asking before the service wanted to be asked.
    pub async fn reattach(
        &self,
        wait: &Wait,
        not_before: Option<Timestamp>,
    ) -> Recorded<Result<(), ServiceError>> {
        let text = "an earlier run began this and Azure accepted it; following it to its end".to_owned();
        self.emit(RunEvent::Noted { step: Some(self.step.clone()), text }).await?;
        let clock = self.shared.clock;
        let left =
            |moment: Timestamp| Duration::try_from(moment.duration_since(clock.now())).unwrap_or_default();
        let accepted = Accepted { call: CallId::fresh(), wait: wait.clone() };
        self.accepted(&accepted).await?;
        // Where its reply is not on record, when the service wanted to be asked is not known.
        self.follow(accepted, not_before.map(|moment| clock.service_time(left(moment)))).await
    }

    /// Makes a change and follows what was accepted to its end.
    pub async fn change(&self, request: &Request) -> Recorded<Result<Reply, ServiceError>> {
        if !self.shared.recorder.keeps().await {
            return Ok(Err(left()));
        }
        match self.attempt(request, Purpose::Change).await? {
            Ok((reply, Some(accepted))) => {
                Ok(self.follow(accepted, reply.retry_after).await?.map(|()| reply))
            }
            Ok((reply, None)) => Ok(Ok(reply)),
            Err(error) => Ok(Err(error)),
        }
    }

    async fn accepted(&self, Accepted { call, wait }: &Accepted) -> Recorded<()> {
        let (step, call, wait) = (self.step.clone(), *call, wait.clone());
        self.emit(RunEvent::OperationAccepted { step, call, wait }).await
    }

    /// Follows an accepted operation to its end. When that cannot be seen, because the status URL is gone, leads
    /// elsewhere or does not answer, the error is `Lost`: the step looks for itself.
    async fn follow(
        &self,
        mut accepted: Accepted,
        first: Option<Duration>,
    ) -> Recorded<Result<(), ServiceError>> {
        let mut pause = first.unwrap_or(LOOK_AGAIN);
        let mut state = "accepted".to_owned();
        let mut spent = Duration::ZERO;
        let mut silent = 0;
        let mut looks = 0;
        let (how, ended) = loop {
            let bound = FOLLOW_BOUND + *self.grace.borrow();
            // Where time is scaled, one second that a service asks for may be many minutes of its time.
            let fewest = if self.shared.clock.scale() > 1.0 { FEWEST_LOOKS } else { 1 };
            if spent >= bound && looks >= fewest {
                let says =
                    format!("Azure is still working on it ({state}); it was followed for {}", told(spent));
                return Ok(Err(ServiceError::local(ErrorKind::StillRunning, says)));
            }
            // It goes on in Azure: the record must not say that it has ended.
            let most = bound.max(spent + pause).max(pause.saturating_mul(fewest.saturating_sub(looks)));
            if !self.wait(&format!("Azure works on it ({state})"), pause, most).await? {
                return Ok(Err(left()));
            }
            looks += 1;
            // Counted as one second at least, so that a service that says 0 cannot be asked for ever.
            spent += pause.max(Duration::from_secs(1));
            let looked = self.look(accepted.wait.poll()).await?;
            pause = match &looked {
                Ok(reply) => reply.retry_after.unwrap_or(LOOK_AGAIN),
                Err(error) => error.retry_after.unwrap_or(LOOK_AGAIN),
            };
            match poll::judge(&accepted.wait, &looked) {
                poll::Status::Running => match looked {
                    Ok(reply) => {
                        silent = 0;
                        state = state_of(&reply.body).unwrap_or(state);
                        let next = poll::follow(&accepted.wait, &reply);
                        if next != accepted.wait {
                            accepted.wait = next;
                            self.accepted(&accepted).await?;
                        }
                    }
                    // Azure is there and asks for patience.
                    Err(error) if error.kind == ErrorKind::Throttled => {}
                    Err(error) => {
                        silent += 1;
                        if silent >= MOST_SILENT {
                            break ("its status URL does not answer", Err(unseen(&state, &error.message)));
                        }
                    }
                },
                poll::Status::Succeeded => break ("Succeeded", Ok(())),
                poll::Status::Lost => {
                    break ("its status URL is gone", Err(unseen(&state, "its status URL is gone")));
                }
                poll::Status::Failed(error) if error.kind == ErrorKind::NotAzure => {
                    break ("its status URL leads elsewhere", Err(unseen(&state, &error.message)));
                }
                poll::Status::Failed(error) => {
                    let state = if error.kind == ErrorKind::Cancelled { "Canceled" } else { "Failed" };
                    break (state, Err(error));
                }
            }
        };
        let (step, call) = (self.step.clone(), accepted.call);
        self.emit(RunEvent::OperationEnded { step, call, state: how.to_owned() }).await?;
        Ok(ended)
    }

    /// Looks at a status URL; once more, with a new token, when the token was refused.
    async fn look(&self, url: &str) -> Recorded<Result<Reply, ServiceError>> {
        let mut call = CallId::fresh();
        let mut looked = self.look_once(call, url, None).await?;
        if looked.as_ref().is_err_and(token_was_refused) {
            let first = std::mem::replace(&mut call, CallId::fresh());
            looked = self.look_once(call, url, Some(first)).await?;
        }
        loop {
            let signed_in = self.shared.pause.times();
            let Err(error) = &looked else { return Ok(looked) };
            let pause = &self.shared.pause;
            if error.kind != ErrorKind::Auth
                || !pause.signed_in_again(&self.step, error, signed_in, &self.stop).await
            {
                return Ok(looked);
            }
            let before = std::mem::replace(&mut call, CallId::fresh());
            looked = self.look_once(call, url, Some(before)).await?;
        }
    }

    async fn look_once(
        &self,
        call: CallId,
        url: &str,
        retry_of: Option<CallId>,
    ) -> Recorded<Result<Reply, ServiceError>> {
        let shown = Shown { method: Method::Get, url: redact::text(url), headers: Vec::new(), body: None };
        self.started(call, Purpose::Prove, shown, retry_of).await?;
        let begun = Instant::now();
        let result = self.shared.azure.poll(call, url, &self.shared.vault).await;
        self.finished(call, Method::Get, url, begun, result).await
    }

    async fn started(
        &self,
        call: CallId,
        purpose: Purpose,
        shown: Shown,
        retry_of: Option<CallId>,
    ) -> Recorded<()> {
        let step = Some(self.step.clone());
        self.emit(RunEvent::CallStarted(Box::new(CallRecord { call, step, purpose, shown, retry_of }))).await
    }

    /// Records how a call ended, and turns what the service said about waiting into service time.
    async fn finished(
        &self,
        call: CallId,
        method: Method,
        url: &str,
        begun: Instant,
        result: Result<Reply, ServiceError>,
    ) -> Recorded<Result<Reply, ServiceError>> {
        let millis = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        let mut record = ReplyRecord {
            call,
            step: Some(self.step.clone()),
            method,
            target: target(url),
            status: None,
            millis: millis(begun.elapsed()),
            error: None,
            code: None,
            message: None,
            state: None,
            request_id: None,
            correlation_id: None,
            retry_after: None,
            body: None,
        };
        match &result {
            Ok(reply) => {
                record.status = Some(reply.status);
                record.state = state_of(&reply.body);
                record.request_id.clone_from(&reply.request_id);
                record.correlation_id.clone_from(&reply.correlation_id);
                record.retry_after = reply.retry_after.map(millis);
                let body = || redact::body(&redact::masked_with(&reply.body, &self.shared.vault));
                record.body = (!reply.body.is_null()).then(body);
            }
            Err(error) => {
                record.status = error.status;
                record.error = Some(error.kind);
                record.code.clone_from(&error.code);
                record.message = Some(error.message.clone());
                record.request_id.clone_from(&error.request_id);
                record.correlation_id.clone_from(&error.correlation_id);
                record.retry_after = error.retry_after.map(millis);
            }
        }
        self.emit(RunEvent::CallFinished(Box::new(record))).await?;
        let clock = self.shared.clock;
        let in_service_time = |wall: Option<Duration>| wall.map(|wall| clock.service_time(wall));
        Ok(match result {
            Ok(mut reply) => {
                reply.retry_after = in_service_time(reply.retry_after);
                Ok(reply)
            }
            Err(mut error) => {
                error.retry_after = in_service_time(error.retry_after);
                Err(error)
            }
        })
    }
}

/// The word that a body has for where it stands.
fn state_of(body: &Value) -> Option<String> {
    let at = |pointer| body.pointer(pointer).and_then(Value::as_str);
    let provisioning = at("/properties/provisioningState");
    let state = at("/properties/state");
    let word = match (provisioning, state) {
        (Some(provisioning), Some(state)) if provisioning.eq_ignore_ascii_case("Succeeded") => state,
        (Some(provisioning), _) => provisioning,
        (None, Some(state)) => state,
        (None, None) => at("/status").or_else(|| at("/registrationState"))?,
    };
    Some(crate::domain::clean(word, 40))
}

fn told(span: Duration) -> String {
    crate::domain::brief(u64::try_from(span.as_millis()).unwrap_or(u64::MAX))
}

fn unseen(state: &str, why: &str) -> ServiceError {
    ServiceError::local(ErrorKind::Lost, format!("how it goes ({state}) cannot be seen any more: {why}"))
}

fn left() -> ServiceError {
    ServiceError::local(ErrorKind::Left, "the step was stopped before this was sent")
}

/// From 0 to 1, different for each call.
fn jitter(call: CallId) -> f64 {
    f64::from(call.0.as_bytes()[0]) / 255.0
}
