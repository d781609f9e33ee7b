//! The client: one call, one exchange, one answer. `engine` makes every call of a run through it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use azure_core::credentials::{AccessToken, Secret};
use azure_core::http::policies::Policy;
use azure_core::http::{
    ClientOptions, Context, HttpClient, Method as CoreMethod, Pipeline, PipelineSendOptions,
    Request as CoreRequest, RetryOptions, Transport as CoreTransport, Url,
};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::bearer::{Audience, BearerPolicy, Sent};
use super::caller::Caller;
use super::capture;
use super::clock::Clock;
use super::credentials::{Account, INTERACTION, Way};
use super::error;
use super::options::{AzureError, AzureOptions, SignInMethod};
use super::redact;
use super::render::{Rendered, render};
use super::reply::Answer;
use super::sas::{SasKey, SasPolicy};
use super::sign_in::SignIn;
use super::stamp::StampPolicy;
use super::token::{Kept, Tokens};
use super::transport::Transport;
use super::vault::Vault;
use crate::domain::{Auth, CallId, ErrorKind, Method, Outputs, Reply, Request, ServiceError, clean};

/// Azure, as one caller reaches it. A clone is the same client: connections, tokens and clock offset are shared.
#[derive(Clone)]
pub struct Azure {
    inner: Arc<Inner>,
}

struct Inner {
    resource_manager: Audience,
    to_resource_manager: Pipeline,
    graph: Audience,
    to_graph: Pipeline,
    to_dps: Pipeline,
    tokens: Arc<Tokens>,
    sign_in: Arc<SignIn>,
    /// The one that was set at the start.
    method: SignInMethod,
    clock: Clock,
    /// How many seconds the services' clock is ahead of this machine's, from their `Date` headers.
    ahead: AtomicI64,
    /// Secrets that came in with the options.
    given: Vec<Secret>,
}

impl fmt::Debug for Azure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Azure")
            .field("resource_manager", &self.inner.resource_manager.host)
            .finish_non_exhaustive()
    }
}

/// What Resource Manager says when the caller lacks a right (contract preview-2025, 1.3: refresh once). A deny assignment or a
/// policy is no such thing.
const RIGHTS: [&str; 2] = ["AuthorizationFailed", "LinkedAuthorizationFailed"];

/// A way to prove who calls, with the pipeline that does so.
struct Door<'a> {
    pipeline: &'a Pipeline,
    /// `None` for a shared access signature.
    audience: Option<&'a Audience>,
    key: Option<SasKey>,
}

impl Azure {
    /// Builds the client; opens no connection and signs nobody in. Fails on settings that cannot work.
    pub fn new(options: AzureOptions) -> Result<Self, AzureError> {
        check_tenant(&options)?;
        let transport = Arc::new(Transport::new(&options)?);
        Ok(Self::over(options, transport.clone(), Some(transport)))
    }

    /// The client over another transport than the network.
    pub(super) fn over(
        options: AzureOptions,
        transport: Arc<dyn HttpClient>,
        to_platform: Option<Arc<Transport>>,
    ) -> Self {
        let sign_in = Arc::new(SignIn::new(&options, transport.clone(), to_platform));
        let fetcher = sign_in.clone();
        let fetch = Box::new(move |scope: String| {
            let sign_in = fetcher.clone();
            let fetching: futures::future::BoxFuture<'static, _> =
                Box::pin(async move { sign_in.fetch(&scope).await });
            fetching
        });
        let tokens = Arc::new(Tokens::new(fetch, options.clock.clone()));
        let bearer = |audience: &Audience| -> Arc<dyn Policy> {
            Arc::new(BearerPolicy { audience: audience.clone(), tokens: tokens.clone() })
        };
        let resource_manager = Audience::of(&options.cloud.resource_manager).with_regions();
        let graph = Audience::of(&options.cloud.graph);
        let environment = &options.environment;
        let given = [&environment.client_secret, &environment.identity_header, &environment.https_proxy]
            .into_iter()
            .flatten()
            .cloned()
            .collect();
        Self {
            inner: Arc::new(Inner {
                to_resource_manager: pipeline(transport.clone(), bearer(&resource_manager)),
                to_graph: pipeline(transport.clone(), bearer(&graph)),
                to_dps: pipeline(transport, Arc::new(SasPolicy { cloud: options.cloud })),
                resource_manager,
                graph,
                tokens,
                sign_in,
                method: options.sign_in,
                clock: options.clock,
                ahead: AtomicI64::new(0),
                given,
            }),
        }
    }

    /// Gets a token for Resource Manager and tells who it is for. A token that is kept is used; a new sign-in after
    /// an expired one gets a new token, since the refused one was dropped. Where the method takes a person and none has signed
    /// in, the person is asked, through the options' prompts.
    ///
    /// Fails with `Auth`, listing each way tried with its own reason, with `NotSent` when sign-in cannot be reached,
    /// and with `NotAzure` when something else answers there.
    pub async fn sign_in(&self) -> Result<Caller, ServiceError> {
        if self.inner.sign_in.awaits_person() {
            return self.sign_in_again(self.inner.method).await;
        }
        let scope = &self.inner.resource_manager.scope;
        let token =
            self.inner.tokens.get(scope).await.map_err(|error| self.hushed(error, &Vault::default()))?;
        Ok(self.caller(&token.secret))
    }

    /// True while the method takes a person and none has signed in: [`Azure::sign_in`] would ask one.
    pub fn awaits_person(&self) -> bool {
        self.inner.sign_in.awaits_person()
    }

    /// Signs in anew by `method`, also while calls wait for it: the next call of every clone is made as who signs in now. A
    /// person is asked where the method takes one; az and the like are asked again, since the person may have signed in there.
    /// When it fails, whoever was signed in before stays.
    ///
    /// An error of a call tells by [`super::needs_person`] whether this is what helps.
    pub async fn sign_in_again(&self, method: SignInMethod) -> Result<Caller, ServiceError> {
        let scope = &self.inner.resource_manager.scope;
        self.replaced(self.inner.sign_in.anew(method, scope).await)
    }

    /// The accounts that people signed in with during this process, oldest first.
    pub fn accounts(&self) -> Vec<Account> {
        self.inner.sign_in.accounts()
    }

    /// Goes on as another of [`Azure::accounts`] (by its id), in another tenant, or both, without asking anybody. `None` leaves
    /// the account as it is; an account without a tenant is used in its own. When it fails, all stays as it was.
    pub async fn switch_to(
        &self,
        account: Option<&str>,
        tenant: Option<&str>,
    ) -> Result<Caller, ServiceError> {
        let scope = &self.inner.resource_manager.scope;
        self.replaced(self.inner.sign_in.switch(account, tenant, scope).await)
    }

    fn replaced(&self, signed_in: Result<AccessToken, ServiceError>) -> Result<Caller, ServiceError> {
        let token = signed_in.map_err(|error| self.hushed(error, &Vault::default()))?;
        let caller = self.caller(&token.token);
        self.inner.tokens.replace(&self.inner.resource_manager.scope, token);
        Ok(caller)
    }

    fn caller(&self, token: &Secret) -> Caller {
        let method = self.inner.sign_in.way().map_or("none", Way::name);
        Caller::of(method, token)
    }

    /// Fills `request`, sends it once as `call`, and gives its reply: 2xx with JSON or nothing. What the request
    /// captures goes to `vault` and is masked in the reply.
    ///
    /// A refused token (401) is dropped; the error is `Auth` with a `retry_after` of zero. So is one that lacks a right, once:
    /// the error is `Forbidden` with a `retry_after` of zero then, and without one where a new token lacks it too.
    pub async fn call(
        &self,
        call: CallId,
        request: &Request,
        outputs: &Outputs,
        vault: &Vault,
    ) -> Result<Reply, ServiceError> {
        let replied = self.called(call, request, outputs, vault).await;
        replied.map_err(|error| self.hushed(error, vault))
    }

    /// Asks the status URL `url` of an accepted operation, byte for byte as Azure gave it. Only https and the
    /// Resource Manager of this cloud are asked; else `NotAzure`, and nothing is sent. An operation that failed may repeat
    /// what it was given, so the secrets of `vault` are masked in the reply.
    pub async fn poll(&self, call: CallId, url: &str, vault: &Vault) -> Result<Reply, ServiceError> {
        let polled = async {
            let url = Url::parse(url).map_err(|error| {
                let what = format!("the status URL that Azure gave is malformed: {error}");
                ServiceError::local(ErrorKind::NotAzure, what)
            })?;
            let inner = &*self.inner;
            inner.resource_manager.admit(&url)?;
            let door = Door {
                pipeline: &inner.to_resource_manager,
                audience: Some(&inner.resource_manager),
                key: None,
            };
            let request = CoreRequest::new(url, CoreMethod::Get);
            let mut reply = self.exchange(call, &door, &request).await?.into_reply(inner.clock.now())?;
            reply.body = redact::masked_with(&reply.body, vault);
            Ok(reply)
        };
        polled.await.map_err(|error| self.hushed(error, vault))
    }

    async fn called(
        &self,
        call: CallId,
        request: &Request,
        outputs: &Outputs,
        vault: &Vault,
    ) -> Result<Reply, ServiceError> {
        let rendered = render(request, outputs, vault)?;
        let door = self.door(&request.auth, vault)?;
        if let Some(audience) = door.audience {
            audience.admit(rendered.url())?;
        }
        let sent = core_request(&rendered)?;
        let answer = self.exchange(call, &door, &sent).await?;
        let mut reply = answer.into_reply(self.inner.clock.now())?;
        capture::take(request, &mut reply, vault)?;
        Ok(reply)
    }

    fn door(&self, auth: &Auth, vault: &Vault) -> Result<Door<'_>, ServiceError> {
        let inner = &*self.inner;
        Ok(match auth {
            Auth::ResourceManager => Door {
                pipeline: &inner.to_resource_manager,
                audience: Some(&inner.resource_manager),
                key: None,
            },
            Auth::Graph => Door { pipeline: &inner.to_graph, audience: Some(&inner.graph), key: None },
            Auth::DpsSas { key, policy } => {
                let named = |name: &str| {
                    vault.get(name).ok_or_else(|| {
                        let what =
                            format!("the request was not sent: {{secret: {name}}} was not fetched yet");
                        ServiceError::local(ErrorKind::Refused, what)
                    })
                };
                let now = inner.clock.now().as_second().saturating_add(inner.ahead.load(Ordering::Relaxed));
                let key = SasKey { key: named(key)?, policy: named(policy)?, now };
                Door { pipeline: &inner.to_dps, audience: None, key: Some(key) }
            }
        })
    }

    /// Sends `request`. A token that was refused (401), or that lacks a right which a newer one may have (403, once), is
    /// dropped, and the error says to come back at once (`retry_after` zero): sending again, with a new token, is the
    /// engine's, as a call of its own.
    async fn exchange(
        &self,
        call: CallId,
        door: &Door<'_>,
        request: &CoreRequest,
    ) -> Result<Answer, ServiceError> {
        let inner = &*self.inner;
        let (answer, token) = self.send(call, door, request).await?;
        let (401 | 403, Some(audience), Some(token)) = (answer.status, door.audience, token) else {
            return Ok(answer);
        };
        if answer.status == 403 {
            let told = error::of_answer(&answer, inner.clock.now());
            let of_caller = told.code.as_deref().is_some_and(|code| RIGHTS.contains(&code))
                && !told.message.to_lowercase().contains("deny assignment");
            if !of_caller || !inner.tokens.drop_for_rights(&audience.scope, &token.secret) {
                return Ok(answer);
            }
            return Err(ServiceError { retry_after: Some(Duration::ZERO), ..told });
        }
        inner.tokens.drop_refused(&audience.scope, &token.secret);
        let now = inner.clock.now();
        let told = match challenge(&answer) {
            Some(claims) => self.challenged(&audience.scope, &answer, &claims),
            None => error::of_answer(&answer, now),
        };
        Err(ServiceError { retry_after: Some(Duration::ZERO), ..told })
    }

    /// Sends `request` once; also gives the token that it was sent with.
    async fn send(
        &self,
        call: CallId,
        door: &Door<'_>,
        request: &CoreRequest,
    ) -> Result<(Answer, Option<Kept>), ServiceError> {
        let mut context = Context::new();
        context.insert(call);
        let noted = Sent::default();
        context.insert(noted.clone());
        if let Some(key) = &door.key {
            context.insert(key.clone());
        }
        let options = PipelineSendOptions { skip_checks: true, ..PipelineSendOptions::default() };
        let sent = door.pipeline.send(&context, &mut request.clone(), Some(options)).await;
        let answer = Answer::from(sent.map_err(|error| error::of_core(&error))?);
        if let Some(date) = answer.date() {
            let ahead = date.as_second().saturating_sub(self.inner.clock.now().as_second());
            self.inner.ahead.store(ahead, Ordering::Relaxed);
        }
        Ok((answer, noted.token()))
    }

    /// The error of a call that was refused with `claims`: the next token is asked for with them where that is possible, once;
    /// else only a new sign-in helps, and the error says so.
    fn challenged(&self, scope: &str, answer: &Answer, claims: &str) -> ServiceError {
        let told = ServiceError { kind: ErrorKind::Auth, ..error::of_answer(answer, self.inner.clock.now()) };
        let json = decoded(claims);
        if json.is_some_and(|json| self.inner.sign_in.challenged(scope, &json)) {
            let message = format!(
                "{}\nAzure asks for a stronger sign-in: the next token is asked for with its claims",
                told.message
            );
            return ServiceError { message, ..told };
        }
        let how = match self.inner.sign_in.way() {
            Some(way) if way.is_personal() => "sign in again".to_owned(),
            Some(Way::AzureCli) | None => {
                format!("run `az login --claims-challenge \"{claims}\"`, then go on")
            }
            Some(way) => format!("a {} cannot give it; sign in as a person", way.name()),
        };
        let message = format!("{}\nAzure asks for a stronger sign-in: {how}", told.message);
        ServiceError { code: Some(INTERACTION.to_owned()), message, ..told }
    }

    /// `error` without any secret that is known here, whoever repeated it.
    fn hushed(&self, error: ServiceError, vault: &Vault) -> ServiceError {
        let mut secrets = self.inner.tokens.kept();
        secrets.extend(self.inner.given.iter().cloned());
        secrets.extend(vault.hidden().into_iter().map(|(_, secret)| secret));
        let hush = |text: &str| redact::mask_values(text, secrets.iter().map(Secret::secret));
        ServiceError { code: error.code.as_deref().map(hush), message: hush(&error.message), ..error }
    }
}

/// A tenant is an id or a domain; it becomes part of a URL and of `az`'s command line.
fn check_tenant(options: &AzureOptions) -> Result<(), AzureError> {
    let tenant = options.tenant.as_deref().unwrap_or_default().trim();
    if tenant.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte)) {
        return Ok(());
    }
    let reason = "a tenant is its id or one of its domains".to_owned();
    Err(AzureError::Tenant { tenant: clean(tenant, 100), reason })
}

fn pipeline(transport: Arc<dyn HttpClient>, proof: Arc<dyn Policy>) -> Pipeline {
    let options = ClientOptions {
        // The engine alone repeats: each attempt is a call of its own.
        retry: RetryOptions::none(),
        transport: Some(CoreTransport::new(transport)),
        ..ClientOptions::default()
    };
    Pipeline::new(
        Some(env!("CARGO_PKG_NAME")),
        Some(env!("CARGO_PKG_VERSION")),
        options,
        vec![Arc::new(StampPolicy)],
        vec![proof],
        None,
    )
}

fn core_request(rendered: &Rendered) -> Result<CoreRequest, ServiceError> {
    let method = match rendered.method() {
        Method::Get => CoreMethod::Get,
        Method::Head => CoreMethod::Head,
        Method::Put => CoreMethod::Put,
        Method::Post => CoreMethod::Post,
        Method::Patch => CoreMethod::Patch,
        Method::Delete => CoreMethod::Delete,
    };
    let mut request = CoreRequest::new(rendered.url().clone(), method);
    request.insert_header("accept", "application/json");
    let shown = rendered.exposed();
    for (name, value) in &shown.headers {
        let plain = name.bytes().all(|byte| byte.is_ascii_graphic()) && !value.chars().any(char::is_control);
        if !plain {
            let what = format!("the request was not sent: its header `{}` is malformed", error::tidy(name));
            return Err(ServiceError::local(ErrorKind::Refused, what));
        }
        request.insert_header(name.to_ascii_lowercase(), value.clone());
    }
    if let Some(body) = &shown.body {
        let bytes = serde_json::to_vec(body).map_err(|error| {
            ServiceError::local(
                ErrorKind::Refused,
                format!("the request was not sent: its body is no JSON: {error}"),
            )
        })?;
        request.insert_header("content-type", "application/json");
        request.set_body(bytes);
    }
    Ok(request)
}

/// The claims that a 401 asks for, as `az login --claims-challenge` takes them.
fn challenge(answer: &Answer) -> Option<String> {
    let header = answer.header("www-authenticate")?;
    let (_, rest) = header.split_once("claims=\"")?;
    let claims = rest.split('"').next()?;
    // It is shown to be pasted into a shell, so nothing but base64 passes.
    let plain = claims.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=-_".contains(&byte));
    (plain && !claims.is_empty()).then(|| claims.to_owned())
}

/// The JSON of claims, which a challenge carries in base64.
fn decoded(claims: &str) -> Option<String> {
    let plain = claims.trim_end_matches('=').replace('-', "+").replace('_', "/");
    let text = String::from_utf8(STANDARD_NO_PAD.decode(plain).ok()?).ok()?;
    serde_json::from_str::<serde_json::Value>(&text).ok()?.is_object().then_some(text)
}
