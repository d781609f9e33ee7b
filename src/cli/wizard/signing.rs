//! Signing in for the wizard: the ways there are, a person's part in one, the tenants of an account.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use super::launcher::{Launcher, short};
use super::standing::Standing;
use crate::azure::{Azure, Caller, Detected, Prompt, Prompts, SignInMethod, detect};
use crate::cli::config::AuthMethod;
use crate::cli::failure::Failure;
use crate::cli::person::open_browser;
use crate::cli::wire::{account, method};
use crate::domain::{Answers, Exit, clean};
use crate::stages::{read_all, tenants};
use crate::tui::{Candidate, Place, SignInPrompt, SignInWay, SignedIn, TellPrompt};

/// What the id of a way begins with that is an account, signed in already.
const ACCOUNT: &str = "account:";

/// Who is told of a person's part in a sign-in just now.
#[derive(Clone, Default)]
pub struct Prompting(Arc<Mutex<Option<TellPrompt>>>);

impl Prompting {
    /// Prompts for a client, told to whoever listens when they come.
    pub fn prompts(&self) -> Prompts {
        let listening = self.0.clone();
        Prompts::to(move |prompt| {
            let told = match prompt {
                Prompt::OpenBrowser { url } => {
                    let opened = open_browser(&url);
                    SignInPrompt::Browser { url, opened }
                }
                Prompt::DeviceCode { user_code, url, expires_in } => {
                    SignInPrompt::Code { code: user_code, url, seconds: expires_in.as_secs() }
                }
                // How it ended is the answer to the sign-in itself.
                Prompt::Done | Prompt::Failed(_) => return,
            };
            if let Some(tell) = &*listening.lock().unwrap_or_else(PoisonError::into_inner) {
                tell(told);
            }
        })
    }

    fn listens(&self, tell: TellPrompt) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(tell);
    }
}

impl Launcher {
    /// The accounts that are signed in, then what was found that can sign in.
    pub(super) async fn sign_in_ways(&self) -> Result<Vec<SignInWay>, Failure> {
        let standing = self.here()?;
        let azure = standing.azure().await?;
        let found = match standing.place {
            Place::Azure => detect(&standing.start.azure_options()).await,
            Place::Sandbox => of_sandbox(standing.start.azure_options().environment.display),
        };
        let said = standing.start.config.auth;
        let accounts: Vec<SignInWay> = azure.accounts().iter().map(of_account).collect();
        let signed_in = accounts.iter().any(|way| way.usual);
        let ways = found.into_iter().map(|found| SignInWay {
            id: word(found.method).to_owned(),
            usual: !signed_in && said != AuthMethod::Auto && method(said) == found.method,
            what: found.what,
            usable: found.usable,
            why_not: found.why_not,
        });
        Ok(accounts.into_iter().chain(ways).collect())
    }

    /// Signs in by one of those.
    pub(super) async fn signed_in(&self, way: &str, tell: TellPrompt) -> Result<SignedIn, Failure> {
        let standing = self.here()?;
        let azure = standing.azure().await?;
        self.prompting().listens(tell);
        let caller = match (way.strip_prefix(ACCOUNT), by_word(way)) {
            (Some(account), _) => azure.switch_to(Some(account), None).await,
            (None, Some(method)) => azure.sign_in_again(method).await,
            (None, None) => {
                let text = format!(
                    "error: there is no way to sign in called `{}`\n  do:      choose another",
                    clean(way, 60)
                );
                return Err(Failure::new(Exit::Usage, text));
            }
        };
        let caller = caller.map_err(|error| Failure::from(standing.start.not_signed_in(&error)))?;
        Ok(known(&standing, azure, &caller).await)
    }

    /// Goes on in another tenant of the account.
    pub(super) async fn in_tenant(&self, tenant: &str) -> Result<SignedIn, Failure> {
        let standing = self.here()?;
        let azure = standing.azure().await?;
        let switched = azure.switch_to(None, Some(tenant)).await;
        let caller = switched.map_err(|error| Failure::from(standing.start.not_signed_in(&error)))?;
        standing.settle_on(tenant);
        Ok(known(&standing, azure, &caller).await)
    }
}

fn of_account(account: &crate::azure::Account) -> SignInWay {
    let name = account.name.as_deref().unwrap_or("an account without a name");
    let what = format!("{name}: signed in by {}", account.method);
    SignInWay {
        id: format!("{ACCOUNT}{}", account.id),
        what,
        usable: true,
        why_not: None,
        usual: account.current,
    }
}

/// What can be rehearsed: nothing of the machine is looked at.
fn of_sandbox(display: bool) -> Vec<Detected> {
    let way = |method, what: &str, usable: bool, why_not: Option<&str>| Detected {
        method,
        what: what.to_owned(),
        usable,
        why_not: why_not.map(str::to_owned),
    };
    let no_screen =
        (!display).then_some("there is no screen that a browser could open on; use the device code");
    vec![
        way(SignInMethod::ServicePrincipal, "the sandbox's own service principal", true, None),
        way(SignInMethod::Browser, "browser: opens on this screen", display, no_screen),
        way(SignInMethod::DeviceCode, "device code: a code for a browser on any device", true, None),
    ]
}

fn word(method: SignInMethod) -> &'static str {
    let words = AuthMethod::WORDS.into_iter();
    words
        .map(|(word, auth)| (word, self::method(auth)))
        .find(|(_, known)| *known == method)
        .map_or("", |it| it.0)
}

fn by_word(word: &str) -> Option<SignInMethod> {
    AuthMethod::WORDS.into_iter().find(|(known, _)| *known == word).map(|(_, auth)| method(auth))
}

/// Who is signed in, with the tenants that they see; where those cannot be read, none.
async fn known(standing: &Standing, azure: &Azure, caller: &Caller) -> SignedIn {
    let connected = crate::cli::wire::Connected { azure: azure.clone(), account: account(caller) };
    let answers: &Answers = &standing.start.config.answers;
    let list = tenants(answers);
    let read = standing.start.read_through(&connected, &|_, _| {}, |replay| read_all(replay, &list)).await;
    let entries = read.ok().and_then(Result::ok).unwrap_or_default();
    SignedIn {
        account: short(&connected.account),
        tenant: caller.tenant.clone(),
        tenants: entries.iter().filter_map(tenant).collect(),
    }
}

fn tenant(entry: &Value) -> Option<Candidate> {
    let text = |key: &str| entry.get(key).and_then(Value::as_str).map(|text| clean(text, 100));
    let id = text("tenantId")?;
    let name = text("displayName").unwrap_or_else(|| id.clone());
    let hint = [text("defaultDomain"), (name != id).then(|| id.clone())];
    let hint = hint.into_iter().flatten().collect::<Vec<_>>().join("  ");
    Some(Candidate { id, name, location: String::new(), hint })
}
