//! A place that the wizard stands on: how it was started there, who is signed in, which setups are known.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use tokio::sync::OnceCell;

use crate::azure::{Azure, Prompts};
use crate::cli::args::Global;
use crate::cli::config::{AuthMethod, Config};
use crate::cli::environment::Surroundings;
use crate::cli::failure::Failure;
use crate::cli::past::Past;
use crate::cli::which::{self, Which};
use crate::cli::wire::{self, Connected, Start, USUAL_FILE};
use crate::domain::{Answers, Exit, Fault, RunHeader, clean, setup_name, usual_group};
use crate::journal::StateFolder;
use crate::sandbox::FaultScript;
use crate::stages::{self, DIALECTS, Offers};
use crate::tui::{Banner, Ground, Place, Resume};

/// The script that takes faults back.
pub const NO_FAULTS: &str = "none";

/// What a setup is called of which nobody has said anything.
const UNNAMED: &str = "iot-setup";

/// Nobody has so many setups of one name.
const MOST: u32 = 10_000;

/// Where a setup is made of which nobody has said anything, if that is offered.
pub const USUAL_REGION: &str = "eastus2";

/// Setups that are offered beside the first: the journals of each are read before the first frame. `hubup runs --all` lists
/// the others.
const OTHERS: usize = 3;

/// One place. Its client is built once, so that whoever signed in stays so for everything that follows.
pub struct Standing {
    pub place: Place,
    pub start: Start,
    global: Global,
    /// True when a person gave the answers, by a file or by `--setup`.
    told: bool,
    azure: OnceCell<Azure>,
    /// What the subscription of that id offers, read for names that are typed.
    offers: tokio::sync::Mutex<Option<(String, Offers)>>,
    /// The tenant that was chosen at the sign-in.
    tenant: Mutex<Option<String>>,
}

impl Standing {
    /// Reads the setup file, and opens the sandbox for that place. A person is asked through `prompts`.
    pub async fn at(
        place: Place,
        global: &Global,
        surroundings: &Surroundings,
        prompts: &Prompts,
    ) -> Result<Self, Failure> {
        let sandbox = place == Place::Sandbox;
        // A setup that was named is one of the place that was named with it.
        let setup = global.setup.clone().filter(|_| sandbox == global.sandbox);
        let global = Global { setup, sandbox, ..global.clone() };
        let told = which::is_told(&global);
        let (mut start, told) = if told || place == Place::Sandbox {
            (wire::start(&global, surroundings.clone()).await?, told)
        } else {
            // Nobody has said anything yet: the wizard asks.
            let answers = Answers::fresh(UNNAMED, "", &usual_group(UNNAMED), USUAL_REGION);
            (wire::start_with(&global, surroundings.clone(), Config::of(answers)).await?, false)
        };
        start.prompts = prompts.clone();
        Ok(Self {
            place,
            start,
            global,
            told,
            azure: OnceCell::new(),
            offers: tokio::sync::Mutex::default(),
            tenant: Mutex::default(),
        })
    }

    /// True where a person says how to sign in.
    pub fn asks_who(&self) -> bool {
        let personal = matches!(self.start.config.auth, AuthMethod::Browser | AuthMethod::DeviceCode);
        match self.place {
            Place::Sandbox => personal,
            Place::Azure => personal || self.start.config.auth == AuthMethod::Auto,
        }
    }

    /// The tenant that was chosen at the sign-in.
    pub fn tenant(&self) -> Option<String> {
        self.tenant.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes which tenant was chosen.
    pub fn settle_on(&self, tenant: &str) {
        *self.tenant.lock().unwrap_or_else(PoisonError::into_inner) = Some(tenant.to_owned());
    }

    /// The client.
    pub async fn azure(&self) -> Result<&Azure, Failure> {
        self.azure.get_or_try_init(|| async { self.start.client() }).await
    }

    /// The client with who is signed in. Nobody is asked: where a person has to be and was not, that is the failure.
    pub async fn connected(&self) -> Result<Connected, Failure> {
        let azure = self.azure().await?;
        if azure.awaits_person() {
            let fault = Fault::new("nobody is signed in yet", "go back, and choose how to sign in");
            return Err(fault.exiting(Exit::SignIn).into());
        }
        self.start.connected(azure, &|_, _| {}).await
    }

    /// [`Standing::connected`], for looks at what `answers` name. Any subscription may be named in the sandbox: it is let in.
    pub async fn connected_for(&self, answers: &Answers) -> Result<Connected, Failure> {
        let connected = self.connected().await?;
        if let Some(sandbox) = &self.start.sandbox {
            let admitted = sandbox.admit(&answers.subscription).await;
            admitted.map_err(|error| wire::sandbox_failure(self.start.state.root(), &error))?;
        }
        Ok(connected)
    }

    /// What the subscription of `answers` offers, read once: it is asked about with every name that is typed. Whatever decides
    /// over a run reads it anew.
    pub async fn offers(&self, connected: &Connected, answers: &Answers) -> Result<Offers, Failure> {
        let mut known = self.offers.lock().await;
        if let Some((subscription, offers)) = &*known
            && *subscription == answers.subscription
        {
            return Ok(offers.clone());
        }
        let read = self.start.offers(connected, answers, &|_, _| {}).await?;
        *known = Some((answers.subscription.clone(), read.clone()));
        Ok(read)
    }

    /// What is known of the place, begun with the answers of a file, those of the newest run, or what is usual.
    pub async fn ground(&self) -> Result<Ground, Failure> {
        let config = &self.start.config;
        let mut known = which::headers(&self.start.state, self.place == Place::Sandbox)?;
        known.sort_by(|one, other| other.run.cmp(&one.run));
        let named = |answers: &Answers| known.iter().any(|header| header.setup == answers.setup_id());
        let mut proposes = false;
        let answers = match known.first() {
            _ if self.told || named(&config.answers) => config.answers.clone(),
            Some(newest) => newest.answers.clone(),
            None => {
                proposes = self.place == Place::Azure;
                config.answers.clone()
            }
        };
        let resume = self.resume(&answers)?;
        let answers = resume.as_ref().map_or(answers, |resume| resume.answers.clone());
        let others = known.iter().filter(|header| header.setup != answers.setup_id()).take(OTHERS);
        let others = others.map(|header| self.resume(&header.answers)).collect::<Result<Vec<_>, _>>()?;
        Ok(Ground {
            place: self.place,
            another: Self::another(&answers, &known),
            fields: stages::fields(DIALECTS, &answers),
            resume,
            others: others.into_iter().flatten().collect(),
            banner: self.banner().await,
            scale: self.start.scale(),
            asks_who: self.asks_who(),
            proposes,
            answers,
        })
    }

    /// What is known of the setup of these answers.
    fn resume(&self, answers: &Answers) -> Result<Option<Resume>, Failure> {
        let past = Past::read(&self.start.state, answers.setup_id())?;
        let Some(header) = past.header() else { return Ok(None) };
        let of_file =
            self.start.config.answers.setup_id() == answers.setup_id() && self.start.config.path.is_some();
        // A setup file beats the journal. Where there is none, what was typed the last time is all that a person said.
        let answers = if of_file { self.start.config.answers.clone() } else { header.answers.clone() };
        let dialect = DIALECTS.iter().find(|dialect| dialect.id == header.dialect);
        let changes = dialect.map(|dialect| past.changes(dialect, &answers)).unwrap_or_default();
        Ok(Some(Resume { progress: past.progress, answers, changes }))
    }

    /// Answers for one more setup beside those that are known.
    fn another(answers: &Answers, known: &[RunHeader]) -> Answers {
        let taken: BTreeSet<String> = known
            .iter()
            .map(|header| header.answers.name.to_lowercase())
            .chain([answers.name.to_lowercase()])
            .collect();
        // `factory-2` is followed by `factory-3`, not by `factory-2-2`.
        let base = match answers.name.rsplit_once('-') {
            Some((base, tail)) if tail.chars().all(|c| c.is_ascii_digit()) && !base.is_empty() => base,
            _ => &answers.name,
        };
        let name = (2..MOST)
            .map(|number| format!("{base}-{number}"))
            .find(|name| !taken.contains(&name.to_lowercase()));
        Self::fresh(answers, &name.unwrap_or_default())
    }

    /// The answers of a rehearsal: a setup of its own that no run is on record of.
    pub fn practice(&self, rehearsal: &str) -> Result<Answers, Failure> {
        let known = which::headers(&self.start.state, true)?;
        let taken: BTreeSet<String> = known.iter().map(|header| header.answers.name.to_lowercase()).collect();
        let names = std::iter::once(format!("practice-{rehearsal}"))
            .chain((2..MOST).map(|number| format!("practice-{rehearsal}-{number}")));
        let name = names.into_iter().find(|name| !taken.contains(name)).unwrap_or_default();
        Ok(Self::fresh(&Config::example().answers.rehearsed(), &name))
    }

    /// Answers for a setup `name` where and how `like` is.
    fn fresh(like: &Answers, name: &str) -> Answers {
        Answers {
            tenant: like.tenant.clone(),
            cloud: like.cloud.clone(),
            dialect: like.dialect.clone(),
            tags: like.tags.clone(),
            ..Answers::fresh(name, &like.subscription, &usual_group(name), &like.location)
        }
    }

    /// Begins a fault script, or takes back the one that is in force.
    pub async fn rehearse(&self, name: &str) -> Result<(), Failure> {
        let Some(sandbox) = &self.start.sandbox else { return Ok(()) };
        let failed = |error| wire::sandbox_failure(self.start.state.root(), &error);
        let script = FaultScript::builtin(name).map_err(failed)?;
        sandbox.rehearse(&script).await.map_err(failed)
    }

    /// The banner: which Azure it is, and what goes wrong there.
    async fn banner(&self) -> Banner {
        let mut cloud = self.start.which_azure();
        let in_force = match &self.start.sandbox {
            Some(sandbox) => sandbox.rehearsal().await.filter(|name| name != NO_FAULTS),
            None => None,
        };
        if let Some(name) = in_force {
            let name = Path::new(&name).file_stem().unwrap_or_default().to_string_lossy().into_owned();
            cloud.push_str(&format!(" {}", clean(&name, 20)));
        }
        Banner { cloud, detail: String::new() }
    }

    /// How the command line names the setup of `answers` again.
    pub fn flags(&self, answers: &Answers) -> String {
        let usual = self.start.config.answers.setup_id() == answers.setup_id()
            && (self.told || self.place == Place::Sandbox);
        let name = self.global.setup.as_deref().or(if usual { None } else { Some(&*answers.name) });
        which::flags(&self.global, name)
    }

    /// The setup of `answers`, for what reads journals alone.
    pub fn which(&self, answers: &Answers) -> Which {
        Which {
            state: StateFolder::new(self.start.state.root().to_owned()),
            setup: answers.setup_id(),
            flags: self.flags(answers),
        }
    }

    /// Where a setup file can be written that is none yet: the usual place, else one with the setup's name.
    pub fn free_path(answers: &Answers) -> String {
        let named = setup_name(&answers.name).unwrap_or_else(|| UNNAMED.to_owned());
        let names = std::iter::once(USUAL_FILE.to_owned())
            .chain(std::iter::once(format!("hubup-{named}.toml")))
            .chain((2..MOST).map(|number| format!("hubup-{named}-{number}.toml")));
        names.into_iter().find(|path| !Path::new(path).exists()).unwrap_or_default()
    }
}
