//! `hubup init --from-group`: writes the setup file of a setup that is there, with its answers read back from Azure, for
//! who has neither its file nor its journals. Changes nothing in Azure and keeps no state.

use std::collections::BTreeMap;
use std::path::Path;

use super::args::{Global, Init};
use super::config::{self, Config};
use super::environment::Surroundings;
use super::failure::Failure;
use super::init::{self, InitError, Overwrite};
use super::print::{out, waiting};
use super::wire::{self, Connected, Start, USUAL_FILE};
use crate::domain::{Answers, Exit, Fault, Field, Replay, clean};
use crate::stages::{self, DIALECTS, Dialect, FoundSetup, Recalled};

/// Runs the command.
pub async fn run(global: &Global, surroundings: Surroundings, args: &Init) -> Result<Exit, Failure> {
    let group = args.from_group.as_deref().unwrap_or_default();
    let path = init::path(global, args);
    if !group.is_empty() {
        init::check(&path, Overwrite::of(args)).map_err(|error| not_written(&error))?;
    }
    let said = said(global, &surroundings, args)?;
    let start = wire::start_with(global, surroundings, said.clone()).await?;
    let connected = start.connect(&waiting).await?;
    let done = if group.is_empty() {
        list(&start, &connected).await
    } else {
        write(&start, &connected, &said, args, global.setup.as_deref(), &path).await
    };
    if let Some(sandbox) = start.sandbox {
        sandbox.shutdown().await;
    }
    done
}

/// Where to look and how to sign in: from the setup file when there is one. A subscription that is given beats its.
fn said(global: &Global, surroundings: &Surroundings, args: &Init) -> Result<Config, Failure> {
    let file = global.config.as_deref().unwrap_or(Path::new(USUAL_FILE));
    if file.exists() {
        let mut config = config::load(file)
            .map_err(|error| Failure::new(Exit::Usage, error.render(surroundings.colour_errors)))?;
        if let Some(subscription) = &args.subscription {
            config.answers.subscription.clone_from(subscription);
        }
        return Ok(config);
    }
    let rehearsed = || global.sandbox.then(|| Config::example().answers.subscription);
    let subscription = args.subscription.clone().or_else(rehearsed).ok_or_else(|| {
        let says = format!("there is no `{}` to say in which subscription to look", file.display());
        let remedy = "give its id with `--subscription ID`: `az account show --query id --output tsv` prints the one \
                      you are signed in to";
        Fault::new(says, remedy).exiting(Exit::Usage)
    })?;
    Ok(Config::of(Answers::fresh("", &subscription, "", "")))
}

async fn list(start: &Start, connected: &Connected) -> Result<Exit, Failure> {
    let answers = &start.config.answers;
    let looks = |replay: &mut Replay<'_>| stages::tagged_groups(answers, replay);
    let setups = start.read_through(connected, &waiting, looks).await?;
    if setups.is_empty() {
        out(&format!("No resource group of subscription {} holds a setup of hubup.", answers.subscription));
        return Ok(Exit::Complete);
    }
    out(&format!("These resource groups of subscription {} hold a setup of hubup:", answers.subscription));
    for FoundSetup { name, group, location, .. } in &setups {
        out(&format!("  {group}  setup {name}, {location}"));
    }
    out("Name one: `hubup init --from-group GROUP` writes its setup file.");
    Ok(Exit::Complete)
}

async fn write(
    start: &Start,
    connected: &Connected,
    said: &Config,
    args: &Init,
    named: Option<&str>,
    path: &Path,
) -> Result<Exit, Failure> {
    let answers = &start.config.answers;
    let found = find(start, connected, args, named).await?;
    let selection = start
        .read_through(connected, &waiting, |replay| {
            stages::selection_to_read(answers, DIALECTS, &found, replay)
        })
        .await?;
    let recalled = start
        .read_through(connected, &waiting, |replay| {
            stages::recall(selection.dialect, &selection.profile, answers, &found, replay)
        })
        .await?;
    let recalled = written(recalled, said, path, Overwrite::of(args))?;
    for line in report(&recalled, selection.dialect) {
        out(&line);
    }
    let sandbox = if start.sandbox.is_some() { " --sandbox" } else { "" };
    let config =
        if path == Path::new(USUAL_FILE) { String::new() } else { format!(" --config {}", path.display()) };
    out(&format!("Wrote {}. It holds no secrets; look it over.", path.display()));
    out(&format!(
        "Next: `hubup status{sandbox}{config}` compares it with Azure and changes nothing; \
         `hubup apply{sandbox}{config}` goes on from there."
    ));
    Ok(Exit::Complete)
}

/// The setup that is meant: the one of the group, or the one that was named among several.
async fn find(
    start: &Start,
    connected: &Connected,
    args: &Init,
    named: Option<&str>,
) -> Result<FoundSetup, Failure> {
    let answers = &start.config.answers;
    let group = args.from_group.as_deref().unwrap_or_default();
    let mut setups =
        start.read_through(connected, &waiting, |replay| stages::setups_in(answers, group, replay)).await?;
    let names = |setups: &[FoundSetup]| -> String {
        setups.iter().map(|setup| setup.name.as_str()).collect::<Vec<_>>().join(", ")
    };
    let all = names(&setups);
    let none = setups.is_empty();
    if let Some(name) = named {
        setups.retain(|setup| setup.name == name);
    }
    let shown = clean(group, 100);
    match (setups.pop(), setups.is_empty()) {
        (Some(found), true) => Ok(found),
        (Some(_), false) => {
            let says = format!("the resource group {shown} holds several setups: {all}");
            Err(Fault::new(says, "say which with `--setup NAME`").exiting(Exit::Usage).into())
        }
        (None, _) if none => {
            let looks = |replay: &mut Replay<'_>| stages::tagged_groups(answers, replay);
            // The answer stands already; this only helps to find the right name.
            let others = start.read_through(connected, &waiting, looks).await.unwrap_or_default();
            let says = format!(
                "there is no setup of hubup in a resource group {shown} of subscription {}",
                answers.subscription
            );
            let groups: Vec<&str> = others.iter().map(|setup| setup.group.as_str()).collect();
            let remedy = if groups.is_empty() {
                "check group and `--subscription`; what carries no tag `hubup-setup` was not made by hubup"
                    .to_owned()
            } else {
                format!("name one of: {}", groups.join(", "))
            };
            Err(Fault::new(says, remedy).exiting(Exit::Usage).into())
        }
        (None, _) => {
            let says = format!("the resource group {shown} holds no setup of that name");
            Err(Fault::new(says, format!("give `--setup` one of: {all}")).exiting(Exit::Usage).into())
        }
    }
}

/// Writes the file, and gives back what stands in it. A tag that the setup file does not take is left out.
fn written(
    mut recalled: Recalled,
    said: &Config,
    path: &Path,
    overwrite: Overwrite,
) -> Result<Recalled, Failure> {
    let notes: BTreeMap<&str, String> = recalled
        .unread
        .iter()
        .map(|(key, why)| (*key, format!("Not read back: {}. This is as in a fresh setup.", one_line(why))))
        .collect();
    // As they were said: while it rehearses, cloud and tenant are the sandbox's.
    recalled.answers.cloud = said.answers.cloud.clone();
    recalled.answers.tenant.clone_from(&said.answers.tenant);
    // Of these no resource tells; the last holds for the whole tenant.
    recalled.answers.dialect.clone_from(&said.answers.dialect);
    recalled.answers.api_versions.clone_from(&said.answers.api_versions);
    recalled.answers.iot_hub_app_object_id.clone_from(&said.answers.iot_hub_app_object_id);
    let text = |recalled: &Recalled| {
        let config = Config { answers: recalled.answers.clone(), path: None, ..said.clone() };
        init::render_noted(&config, &notes)
    };
    let origin = path.display().to_string();
    let mut rendered = text(&recalled);
    if config::parse(&rendered, &origin).is_err() && !recalled.answers.tags.is_empty() {
        recalled.answers.tags.clear();
        recalled.doubts.push("tags were left out: one of them may not stand in a setup file".to_owned());
        rendered = text(&recalled);
    }
    config::parse(&rendered, &origin).map_err(|error| Failure::new(Exit::Failed, error.render(false)))?;
    init::write(path, overwrite, &rendered).map_err(|error| not_written(&error))?;
    Ok(recalled)
}

/// What was read back, what was not, and what there is to know.
fn report(recalled: &Recalled, dialect: &Dialect) -> Vec<String> {
    let answers = &recalled.answers;
    let fields: Vec<&Field> = dialect.stages.iter().flat_map(|stage| stage.fields).collect();
    let value = |key: &str| match fields.iter().find(|field| field.key == key) {
        Some(field) => (field.get)(answers),
        None if key == "hub.sku" => answers.hub_sku.clone().unwrap_or_default(),
        None => String::new(),
    };
    let mut lines = vec![format!(
        "Read back the setup {} from the resource group {} of subscription {}:",
        answers.name, answers.resource_group, answers.subscription
    )];
    let row = |key: &str, says: &str| format!("  {key:<24}  {says}");
    lines.extend(recalled.read.iter().map(|key| row(key, &value(key))));
    lines.extend(answers.tags.iter().map(|(name, tag)| row(&format!("tags.{name}"), &clean(tag, 256))));
    if !recalled.unread.is_empty() {
        lines.push("Not read back, and written as in a fresh setup:".to_owned());
        lines.extend(
            recalled
                .unread
                .iter()
                .map(|(key, why)| row(key, &format!("{}  ({})", value(key), one_line(why)))),
        );
    }
    if !recalled.doubts.is_empty() {
        lines.push("To know:".to_owned());
        lines.extend(recalled.doubts.iter().map(|doubt| format!("  {}", one_line(doubt))));
    }
    lines
}

fn one_line(text: &str) -> String {
    clean(&text.replace('\n', " "), 300)
}

fn not_written(error: &InitError) -> Failure {
    Failure::new(Exit::Usage, format!("error: {error}"))
}
