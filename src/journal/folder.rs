//! The folder in which state is kept: where a setup lives, who may work on it, which runs it has had.
//!
//! `<root>/setups/<id>/lock` and `<root>/setups/<id>/runs/<run>.jsonl` (design, section 6). It deletes nothing.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use crate::domain::{RunId, SetupId};

use super::error::JournalError;

/// The root of all state. Making one touches no disk; folders come into being when something is written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StateFolder {
    root: PathBuf,
}

/// The right to work on a setup. The operating system holds it for the process, so that it ends with it however the
/// process ends; dropping gives it back.
#[derive(Debug)]
pub struct SetupLock {
    setup: SetupId,
    /// Locked for as long as it is open.
    _file: File,
}

impl SetupLock {
    /// The setup that is locked.
    pub fn setup(&self) -> SetupId {
        self.setup
    }
}

/// The file of one run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RunFile {
    pub run: RunId,
    pub path: PathBuf,
}

impl StateFolder {
    /// The state folder at `root`.
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// The root, as given.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder of a setup, there or not.
    pub fn setup(&self, id: SetupId) -> PathBuf {
        self.root.join("setups").join(id.to_string())
    }

    /// The folder of the runs of a setup, there or not.
    pub(super) fn runs_folder(&self, id: SetupId) -> PathBuf {
        self.setup(id).join("runs")
    }

    /// Takes the right to work on a setup, or says who has it. Makes the folders that are not there.
    pub fn lock(&self, id: SetupId) -> Result<SetupLock, JournalError> {
        let folder = self.setup(id);
        create_folder(&folder)?;
        let path = folder.join("lock");
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        private(&mut options);
        let mut file =
            options.open(&path).map_err(|cause| JournalError::io("open the lock", &path, cause))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                // Only to name the holder: a lock that cannot be read is still held.
                let holder = (&mut file).take(16).read_to_string(&mut text).ok();
                let holder = holder.and_then(|_| text.trim().parse().ok());
                return Err(JournalError::Held { path, holder });
            }
            Err(TryLockError::Error(cause)) => return Err(JournalError::io("lock", &path, cause)),
        }
        // The process id is a courtesy to whoever finds the lock held; the lock holds without it.
        let _ = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
        Ok(SetupLock { setup: id, _file: file })
    }

    /// The runs of a setup, oldest first; none when the setup was never run here.
    pub fn runs(&self, id: SetupId) -> Result<Vec<RunFile>, JournalError> {
        let mut runs: Vec<_> = entries(&self.runs_folder(id))?
            .into_iter()
            .filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"))
            .filter_map(|path| {
                let run = RunId(path.file_stem()?.to_str()?.to_owned());
                Some(RunFile { run, path })
            })
            .collect();
        runs.sort_by(|one, other| one.run.cmp(&other.run));
        Ok(runs)
    }

    /// The setups that have state here, in no meaningful order but always the same.
    pub fn setups(&self) -> Result<Vec<SetupId>, JournalError> {
        let mut setups: Vec<_> = entries(&self.root.join("setups"))?
            .iter()
            .filter_map(|path| path.file_name()?.to_str()?.parse().ok().map(SetupId))
            .collect();
        setups.sort_by_key(|setup| setup.0);
        Ok(setups)
    }
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, JournalError> {
    let listing = match fs::read_dir(folder) {
        Ok(listing) => listing,
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(cause) if cause.kind() == io::ErrorKind::NotADirectory => return Err(no_folder(folder)),
        Err(cause) => return Err(JournalError::io("list", folder, cause)),
    };
    listing
        .map(|entry| entry.map(|entry| entry.path()).map_err(|cause| JournalError::io("list", folder, cause)))
        .collect()
}

/// The file that stands where `folder` or a folder above it would be.
fn no_folder(folder: &Path) -> JournalError {
    let file = folder.ancestors().find(|above| above.exists()).unwrap_or(folder);
    JournalError::NotFolder { path: file.to_owned() }
}

/// Makes `folder` and what is missing above it, each for this user only, and syncs the folder above each, so that a
/// journal is not lost with its folder when the power fails.
pub(super) fn create_folder(folder: &Path) -> Result<(), JournalError> {
    match fs::metadata(folder) {
        Ok(found) if found.is_dir() => return Ok(()),
        Ok(_) => return Err(JournalError::NotFolder { path: folder.to_owned() }),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => {}
        Err(cause) if cause.kind() == io::ErrorKind::NotADirectory => return Err(no_folder(folder)),
        Err(cause) => return Err(JournalError::io("open the folder", folder, cause)),
    }
    let above = folder.parent().filter(|above| !above.as_os_str().is_empty());
    if let Some(above) = above {
        create_folder(above)?;
    }
    #[cfg_attr(not(unix), expect(unused_mut, reason = "only Unix has a mode to set"))]
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(folder) {
        Ok(()) => sync_folder(above.unwrap_or(Path::new("."))),
        // Another process made it meanwhile.
        Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        Err(cause) => Err(JournalError::io("create the folder", folder, cause)),
    }
}

/// Makes the entries of a folder durable. Windows has no such call and needs none.
pub(super) fn sync_folder(folder: &Path) -> Result<(), JournalError> {
    #[cfg(unix)]
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|cause| JournalError::io("sync the folder", folder, cause))?;
    let _ = folder;
    Ok(())
}

/// Lets only this user read what is created.
pub(super) fn private(options: &mut OpenOptions) {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    let _ = options;
}
