//! Writes setup files: the commented example, or the same with a person's answers in it.
//!
//! A file that is there is left alone unless the caller says otherwise. Called by `hubup init`; what is read back from a
//! subscription is `cli::recall`'s.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::domain::{Answers, AssignableScope, Certificates, IdentityKind, Roles};

use super::args::{Global, Init};
use super::config::{AuthMethod, Config, EXAMPLE, quoted, quoted_key};

/// Why no setup file was written. The exit code is 2.
#[derive(Debug, Error)]
pub enum InitError {
    #[error("`{}` is there already and was left as it is: give another path, or `--force` to replace it", path.display())]
    Exists { path: PathBuf },
    #[error("cannot write a setup file to `{}`: it is a folder: name a file in it, such as `{}`", path.display(), path.join("hubup.toml").display())]
    IsFolder { path: PathBuf },
    #[error("cannot write `{}`: there is no folder `{}`: create it first", path.display(), folder.display())]
    NoFolder { path: PathBuf, folder: PathBuf },
    #[error("cannot {operation} `{}`: {cause}: give a path that this user may write to", path.display())]
    Io {
        operation: &'static str,
        path: PathBuf,
        #[source]
        cause: io::Error,
    },
}

/// Where the arguments want the setup file.
pub(super) fn path(global: &Global, args: &Init) -> PathBuf {
    args.path.clone().or_else(|| global.config.clone()).unwrap_or_else(|| "hubup.toml".into())
}

/// Writes the setup file `path` whole or not at all: with `answers`, or as the example where there are none.
pub fn init(path: &Path, overwrite: Overwrite, answers: Option<&Answers>) -> Result<(), InitError> {
    let text = match answers {
        Some(answers) => render_toml(&Config::of(answers.clone())),
        None => EXAMPLE.to_owned(),
    };
    write(path, overwrite, &text)
}

/// What a file would be written over or beside.
struct Place {
    target: PathBuf,
    there: Option<Metadata>,
    folder: PathBuf,
}

/// Refuses a place where no setup file may or can be written, before anything is done for it.
pub fn check(path: &Path, overwrite: Overwrite) -> Result<(), InitError> {
    place(path, overwrite).map(drop)
}

fn place(path: &Path, overwrite: Overwrite) -> Result<Place, InitError> {
    // A link is kept and what it leads to is replaced.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let there = fs::metadata(&target).ok();
    if there.as_ref().is_some_and(fs::Metadata::is_dir) {
        return Err(InitError::IsFolder { path: path.to_owned() });
    }
    if there.is_some() && overwrite == Overwrite::Never {
        return Err(InitError::Exists { path: path.to_owned() });
    }
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new(".")).to_owned();
    if !folder.is_dir() {
        return Err(InitError::NoFolder { path: path.to_owned(), folder });
    }
    Ok(Place { target, there, folder })
}

/// Writes `text` as the setup file `path`, whole or not at all.
pub fn write(path: &Path, overwrite: Overwrite, text: &str) -> Result<(), InitError> {
    let io = |operation, cause| InitError::Io { operation, path: path.to_owned(), cause };
    let Place { target, there, folder } = place(path, overwrite)?;
    let mut builder = tempfile::Builder::new();
    // The file holds no secrets: readable as the user's other files are. The umask still takes away from this.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file =
        builder.prefix(".hubup-").tempfile_in(&folder).map_err(|cause| io("create a file beside", cause))?;
    file.write_all(text.as_bytes()).map_err(|cause| io("write", cause))?;
    if let Some(there) = there {
        file.as_file().set_permissions(there.permissions()).map_err(|cause| io("write", cause))?;
    }
    file.as_file().sync_all().map_err(|cause| io("sync", cause))?;
    let kept = match overwrite {
        Overwrite::Never => file.persist_noclobber(&target),
        Overwrite::Replace => file.persist(&target),
    };
    match kept {
        Ok(_) => {}
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(InitError::Exists { path: path.to_owned() });
        }
        Err(error) => return Err(io("create", error.error)),
    }
    #[cfg(unix)]
    fs::File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|cause| io("sync the folder of", cause))?;
    Ok(())
}

/// Whether a file that is there may be replaced.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Overwrite {
    Never,
    Replace,
}

impl Overwrite {
    /// As the arguments say.
    pub(super) fn of(args: &Init) -> Self {
        if args.force { Self::Replace } else { Self::Never }
    }
}

/// The commented setup file that means `config`, apart from where it came from. Every answer is written out, so that
/// another way of deriving names changes nothing.
pub fn render_toml(config: &Config) -> String {
    render_noted(config, &BTreeMap::new())
}

/// [`render_toml`] with a note, one line of text, above each key that `notes` has one for. The keys are dotted.
pub fn render_noted(config: &Config, notes: &BTreeMap<&str, String>) -> String {
    let note = |key: &str| notes.get(key).map(|note| format!("# {note}\n")).unwrap_or_default();
    let values = values(config);
    let mut text = format!(
        "# The setup file of {}, with every key that it may hold.\n#\n\
         # A key behind a bare `#` is off and shows a default or a sample. The file holds no secrets.\n",
        config.answers.name.replace(char::is_control, "")
    );
    // The head and the tail of the example speak of the example.
    let body = EXAMPLE.split_once("\n\n").map_or(EXAMPLE, |(_, body)| body);
    let body = body.split(NOT_CARRIED).next().unwrap_or(body).trim_end();
    text.push('\n');
    let mut table = String::new();
    for line in body.lines() {
        if let Some(header) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            header.clone_into(&mut table);
        }
        let entries = match table.as_str() {
            "tags" => config.answers.tags.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect(),
            "api_versions" => config
                .answers
                .api_versions
                .iter()
                .map(|(key, value)| (key.as_str(), value.as_str()))
                .collect(),
            "network.routes" => config.routes.iter().map(|(key, url)| (key.as_str(), url.as_str())).collect(),
            _ => Vec::new(),
        };
        match key_of(line) {
            None => text.push_str(line),
            Some(_) if !entries.is_empty() => {
                let entries =
                    entries.iter().map(|(key, value)| format!("{} = {}", quoted_key(key), quoted(value)));
                text.push_str(&entries.collect::<Vec<_>>().join("\n"));
            }
            Some(key) => {
                let dotted = if table.is_empty() { key.to_owned() } else { format!("{table}.{key}") };
                text.push_str(&note(&dotted));
                match values.get(dotted.as_str()) {
                    Some(value) => text.push_str(&format!("{key} = {value}")),
                    None if line.starts_with('#') => text.push_str(line),
                    None => text.push_str(&format!("#{line}")),
                }
            }
        }
        text.push('\n');
    }
    text
}

/// How the part of the example begins that is about its origin.
const NOT_CARRIED: &str = "# Not carried over";

/// The key of a line `key = value` that is on or off. Prose has a space behind its `#`.
fn key_of(line: &str) -> Option<&str> {
    let (key, _) = line.strip_prefix('#').unwrap_or(line).split_once(" = ")?;
    let plain = |c: char| c.is_ascii_lowercase() || c == '_';
    (key.starts_with('"') || key == "cost-center" || key.chars().all(plain)).then_some(key)
}

/// The TOML values of the keys that are on.
fn values(config: &Config) -> BTreeMap<&'static str, String> {
    let answers = &config.answers;
    let mut values = BTreeMap::from([
        ("name", quoted(&answers.name)),
        ("subscription", quoted(&answers.subscription)),
        ("resource_group", quoted(&answers.resource_group)),
        ("location", quoted(&answers.location)),
        ("hub_location", quoted(&answers.hub_location)),
        ("dialect", quoted(&answers.dialect)),
        ("namespace.name", quoted(&answers.namespace)),
        ("hub.name", quoted(&answers.hub)),
        ("hub.capacity", answers.hub_capacity.to_string()),
        ("dps.name", quoted(&answers.dps)),
        ("identity.name", quoted(&answers.identity)),
        ("roles.name", quoted(&answers.role_name)),
        ("certificates.root_ca", quoted(&answers.root_ca)),
        ("certificates.issuing_ca", quoted(&answers.issuing_ca)),
        ("certificates.policy", quoted(&answers.policy)),
        ("enrollment.group", quoted(&answers.enrollment_group)),
    ]);
    if let Some(sku) = &answers.hub_sku {
        values.insert("hub.sku", quoted(sku));
    }
    if let Some(tagged) = answers.use_mi_sdk {
        values.insert("namespace.use_mi_sdk", tagged.to_string());
    }
    let kind = match answers.identity_kind {
        IdentityKind::SystemAssigned => "system-assigned",
        IdentityKind::UserAssigned => "user-assigned",
    };
    values.insert("identity.kind", quoted(kind));
    let kind = match answers.roles {
        Roles::Custom => "custom",
        Roles::BuiltIn => "built-in",
    };
    values.insert("roles.kind", quoted(kind));
    let scope = match answers.assignable_scope {
        AssignableScope::ResourceGroup => "resource-group",
        AssignableScope::Subscription => "subscription",
    };
    values.insert("roles.assignable_scope", quoted(scope));
    match answers.certificates {
        Certificates::On { leaf_days } => {
            values.insert("certificates.enabled", "true".to_owned());
            values.insert("certificates.leaf_days", leaf_days.to_string());
        }
        Certificates::Off => {
            values.insert("certificates.enabled", "false".to_owned());
        }
    }
    if let Some(tenant) = &answers.tenant {
        values.insert("tenant", quoted(tenant));
    }
    if let Some(id) = &answers.iot_hub_app_object_id {
        values.insert("iot_hub_app_object_id", quoted(id));
    }
    if config.auth != AuthMethod::Auto {
        values.insert("auth.method", quoted(config.auth.word()));
    }
    if let Some(id) = &config.client_id {
        values.insert("auth.client_id", quoted(id));
    }
    let cloud = &answers.cloud;
    if cloud.name == "custom" {
        values.insert("cloud.name", quoted("custom"));
        values.insert("cloud.resource_manager", quoted(&cloud.resource_manager));
        values.insert("cloud.graph", quoted(&cloud.graph));
        values.insert("cloud.login", quoted(&cloud.login));
        values.insert("cloud.dps_domain", quoted(&cloud.dps_domain));
        values.insert("cloud.hub_domain", quoted(&cloud.hub_domain));
    }
    if let Some(path) = &config.ca_file {
        values.insert("network.ca_file", quoted(&path.to_string_lossy()));
    }
    if let Some(path) = &config.state_folder {
        values.insert("engine.state_folder", quoted(&path.to_string_lossy()));
    }
    if config.time_scale > 1.0 {
        values.insert("engine.time_scale", config.time_scale.to_string());
    }
    values
}
