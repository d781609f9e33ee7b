//! Signs in: which way, in which order, as whom, and what is said when none works.
//!
//! Nothing here asks a person unless it is told to (`invite`): a token that is fetched in the middle of a run either comes
//! silently or fails with an error that says that a person is needed. How each way gets its token is `ways`'.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use azure_core::credentials::AccessToken;
use azure_core::http::HttpClient;

use super::credentials::{
    Account, Entra, INTERACTION, Invitation, Prompts, Session, Way, in_words, needs_person,
};
use super::door::LoginDoor;
use super::options::{AzureOptions, Environment, SignInMethod, Timeouts};
use super::transport::Transport;
use crate::domain::{ErrorKind, NEXT, ServiceError, clean};

mod ways;

/// Signs in. The way that worked first is kept until somebody signs in anew, so that the caller never changes by itself.
pub(super) struct SignIn {
    environment: Environment,
    client_id: Option<String>,
    prompts: Option<Prompts>,
    routed: bool,
    timeouts: Timeouts,
    entra: Arc<Entra>,
    /// `None` where there is no network at all, as in tests.
    to_platform: Option<Arc<Transport>>,
    state: Mutex<State>,
}

/// Who is signed in, and how.
struct State {
    method: SignInMethod,
    tenant: Option<String>,
    way: Option<Way>,
    /// People, each with a refresh token of its own.
    sessions: Vec<Arc<Session>>,
    /// The session in use.
    current: Option<String>,
    /// By scope: claims that the next token has to be asked for with, as JSON.
    claims: HashMap<String, String>,
    /// By scope: the claims of the token before. Asked for again, they cannot be met.
    met: HashMap<String, String>,
}

impl State {
    fn session(&self) -> Option<&Arc<Session>> {
        let current = self.current.as_deref()?;
        self.sessions.iter().find(|session| session.id() == current)
    }
}

impl SignIn {
    /// Reads `options`; calls nobody.
    pub fn new(
        options: &AzureOptions,
        transport: Arc<dyn HttpClient>,
        to_platform: Option<Arc<Transport>>,
    ) -> Self {
        let environment = options.environment.clone();
        let tenant = set(options.tenant.as_deref()).or_else(|| set(environment.tenant_id.as_deref()));
        let state = State {
            method: options.sign_in,
            tenant: tenant.map(str::to_owned),
            way: None,
            sessions: Vec::new(),
            current: None,
            claims: HashMap::new(),
            met: HashMap::new(),
        };
        Self {
            environment,
            client_id: set(options.client_id.as_deref()).map(str::to_owned),
            prompts: options.prompts.clone(),
            routed: !options.routes.is_empty(),
            timeouts: options.timeouts,
            entra: Arc::new(Entra::new(options, Arc::new(LoginDoor { transport }))),
            to_platform,
            state: Mutex::new(state),
        }
    }

    /// The way that worked.
    pub fn way(&self) -> Option<Way> {
        self.state().way
    }

    /// True while a person is to sign in and none has.
    pub fn awaits_person(&self) -> bool {
        let state = self.state();
        self.personal(state.method).is_some() && state.session().is_none()
    }

    /// A new token for `scope`, without asking anybody.
    pub async fn fetch(&self, scope: &str) -> Result<AccessToken, ServiceError> {
        let (method, way) = {
            let state = self.state();
            (state.method, state.way)
        };
        let (way, token) = self.obtained(method, way, scope).await?;
        self.state().way.get_or_insert(way);
        Ok(token)
    }

    /// Signs in anew by `method`; what was before stays as it is when that fails. For a method that takes a person, the
    /// person is asked; the others are tried afresh, since the person may have signed in elsewhere meanwhile.
    pub async fn anew(&self, method: SignInMethod, scope: &str) -> Result<AccessToken, ServiceError> {
        let (way, token) = match self.personal(method) {
            Some(way) => (way, self.invite(way, scope).await?),
            None => self.obtained(method, None, scope).await?,
        };
        let mut state = self.state();
        state.method = method;
        state.way = Some(way);
        state.claims.clear();
        state.met.clear();
        Ok(token)
    }

    /// The accounts that people signed in with, oldest first.
    pub fn accounts(&self) -> Vec<Account> {
        let state = self.state();
        let current = state.current.as_deref().filter(|_| state.way.is_some_and(Way::is_personal));
        state.sessions.iter().map(|session| session.account(current == Some(session.id()))).collect()
    }

    /// Goes on as another account that is signed in, in another tenant, or both. A failure leaves all as it was.
    pub async fn switch(
        &self,
        account: Option<&str>,
        tenant: Option<&str>,
        scope: &str,
    ) -> Result<AccessToken, ServiceError> {
        let before = {
            let mut state = self.state();
            let before = (state.method, state.way, state.current.clone(), state.tenant.clone());
            if let Some(account) = account {
                let Some(session) = state.sessions.iter().find(|session| session.id() == account).cloned()
                else {
                    let what = format!("nobody signed in as `{}`", clean(account, 100));
                    return Err(ServiceError::local(ErrorKind::Auth, what));
                };
                state.way = Some(session.way);
                state.method = match session.way {
                    Way::Browser => SignInMethod::Browser,
                    _ => SignInMethod::DeviceCode,
                };
                state.current = Some(session.id().to_owned());
                state.tenant = None;
            }
            if let Some(tenant) = set(tenant) {
                state.tenant = Some(tenant.to_owned());
            }
            before
        };
        let fetched = self.fetch(scope).await;
        let mut state = self.state();
        if fetched.is_err() {
            (state.method, state.way, state.current, state.tenant) = before;
        } else {
            state.claims.clear();
            state.met.clear();
        }
        fetched
    }

    /// Notes that a service asks for `claims` (JSON) in a token for `scope`. True when the next token can bring them; false
    /// when the way of signing in takes none, or when a token with just these was refused already.
    pub fn challenged(&self, scope: &str, claims: &str) -> bool {
        let mut state = self.state();
        state.claims.insert(scope.to_owned(), claims.to_owned());
        state.way.is_some_and(Way::takes_claims) && state.met.get(scope).is_none_or(|met| met != claims)
    }

    /// Has a person sign in.
    async fn invite(&self, way: Way, scope: &str) -> Result<AccessToken, ServiceError> {
        let Some(prompts) = &self.prompts else {
            return Err(only(way, wanting("a person has to sign in, and nobody is here to be asked")));
        };
        let (tenant, claims) = {
            let state = self.state();
            let asked = state.session().and_then(|session| session.asked());
            (state.tenant.clone(), state.claims.get(scope).cloned().or(asked))
        };
        let invitation = Invitation {
            way,
            client_id: self.client_id.as_deref(),
            tenant: tenant.as_deref(),
            scope,
            claims: claims.as_deref(),
            prompts,
            patience: self.timeouts.person,
        };
        let accepted = invitation.accepted(&self.entra).await;
        let (session, token) = accepted.map_err(|error| only(way, error))?;
        let mut state = self.state();
        state.sessions.retain(|other| other.id() != session.id());
        state.current = Some(session.id().to_owned());
        state.sessions.push(Arc::new(session));
        Ok(token)
    }

    /// The way in which a person signs in by `method`; `None` when it takes no person. Without a screen there is no browser.
    fn personal(&self, method: SignInMethod) -> Option<Way> {
        match method {
            SignInMethod::Browser if self.environment.display => Some(Way::Browser),
            SignInMethod::Browser | SignInMethod::DeviceCode => Some(Way::DeviceCode),
            _ => None,
        }
    }

    /// A token by `way`, else by the first of the method's that works.
    async fn obtained(
        &self,
        method: SignInMethod,
        way: Option<Way>,
        scope: &str,
    ) -> Result<(Way, AccessToken), ServiceError> {
        if let Some(way) = way {
            let token = self.by(method, way, scope).await.map_err(|error| only(way, error))?;
            return Ok((way, token));
        }
        let mut failures = Vec::new();
        for way in self.ways(method) {
            let hindrance = self.hindrance(way);
            // Its variables are set on purpose: going on as somebody else would surprise.
            let on_purpose =
                matches!(way, Way::ServicePrincipal | Way::WorkloadIdentity) && hindrance.is_none();
            let tried = match hindrance {
                Some(reason) => Err(ServiceError::local(ErrorKind::Auth, reason)),
                None => self.by(method, way, scope).await,
            };
            match tried {
                Ok(token) => return Ok((way, token)),
                Err(error) => failures.push((way, judged(method, way, error))),
            }
            if on_purpose {
                break;
            }
        }
        Err(self.none_worked(&failures))
    }

    fn ways(&self, method: SignInMethod) -> Vec<Way> {
        match method {
            SignInMethod::Auto => vec![
                Way::ServicePrincipal,
                Way::WorkloadIdentity,
                Way::AppService,
                Way::AzureCli,
                Way::AzureDeveloperCli,
                Way::VirtualMachine,
            ],
            SignInMethod::AzureCli => vec![Way::AzureCli],
            SignInMethod::AzureDeveloperCli => vec![Way::AzureDeveloperCli],
            SignInMethod::ServicePrincipal => vec![Way::ServicePrincipal],
            SignInMethod::WorkloadIdentity => vec![Way::WorkloadIdentity],
            SignInMethod::ManagedIdentity if self.has_app_service() => vec![Way::AppService],
            SignInMethod::ManagedIdentity => vec![Way::VirtualMachine],
            SignInMethod::Browser | SignInMethod::DeviceCode => self.personal(method).into_iter().collect(),
        }
    }

    /// One error of all failures, each with its own reason.
    fn none_worked(&self, failures: &[(Way, ServiceError)]) -> ServiceError {
        // What could not be tried is no hint; what was tried and could not be reached is.
        let kind = [ErrorKind::NotSent, ErrorKind::NotAzure, ErrorKind::Throttled]
            .into_iter()
            .find(|kind| failures.iter().any(|(_, error)| error.kind == *kind))
            .unwrap_or(ErrorKind::Auth);
        let retry_after = failures.iter().find_map(|(_, error)| error.retry_after);
        let tried: Vec<_> = failures.iter().filter(|(way, _)| self.hindrance(*way).is_none()).collect();
        // Where its variables are set on purpose, the principal alone is what failed.
        if let ([(way, error)], _) | (_, [(way @ (Way::ServicePrincipal | Way::WorkloadIdentity), error)]) =
            (failures, tried.iter().map(|(way, error)| (*way, error.clone())).collect::<Vec<_>>().as_slice())
        {
            return ServiceError { kind, retry_after, ..only(*way, error.clone()) };
        }
        let mut message = "no way to sign in worked".to_owned();
        for (way, error) in failures {
            message.push_str(&format!("\n- {}: {}", way.name(), one_line(&told(error))));
        }
        let tenant = self.state().tenant.clone();
        let tenant = tenant.map(|tenant| format!(" --tenant {tenant}")).unwrap_or_default();
        message.push_str(&format!(
            "{NEXT}run `az login{tenant}`, or set `[auth] method` to \"browser\" or \"device-code\", or set AZURE_TENANT_ID, \
             AZURE_CLIENT_ID and AZURE_CLIENT_SECRET"
        ));
        let code =
            failures.iter().find(|(_, error)| needs_person(error)).and_then(|(_, error)| error.code.clone());
        ServiceError { code, retry_after, ..ServiceError::local(kind, message) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics between two changes that belong together.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for SignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignIn").field("way", &self.way()).finish_non_exhaustive()
    }
}

/// Where nobody said that this is a machine in Azure, a metadata service that cannot be reached says that it is none:
/// Azure's own sign-in was not asked, so it is not what is out of reach.
pub(super) fn judged(method: SignInMethod, way: Way, error: ServiceError) -> ServiceError {
    let is_probe = way == Way::VirtualMachine && method == SignInMethod::Auto;
    match error.kind {
        ErrorKind::NotSent | ErrorKind::NotAzure if is_probe => {
            ServiceError { kind: ErrorKind::Auth, ..error }
        }
        _ => error,
    }
}

/// An error that only a person's sign-in mends.
fn wanting(what: &str) -> ServiceError {
    ServiceError { code: Some(INTERACTION.to_owned()), ..ServiceError::local(ErrorKind::Auth, what) }
}

/// What `error` says, with the words for its code before Entra's own.
fn told(error: &ServiceError) -> String {
    let message = error.message.trim();
    match error.code.as_deref().and_then(in_words) {
        Some(words) => format!("{} ({message})", words.means),
        None => message.to_owned(),
    }
}

/// The failure of one way: which, why, and what to try next.
fn only(way: Way, error: ServiceError) -> ServiceError {
    let mut message = format!("sign-in by {} failed: {}", way.name(), one_line(&told(&error)));
    if error.kind == ErrorKind::Auth {
        let known = error.code.as_deref().and_then(in_words);
        let next = known.map_or_else(|| way.next(), |words| words.next);
        message.push_str(&format!("{NEXT}{next}"));
    }
    ServiceError { message, ..error }
}

fn set(value: Option<&str>) -> Option<&str> {
    value.map(str::trim).filter(|value| !value.is_empty())
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
