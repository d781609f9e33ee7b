//! The world's file: read at the start, written before each reply that changed something.
//!
//! Writing is a temporary file in the same folder, synced and renamed, then the folder synced. The server calls it.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::world::{FORMAT, OLDEST_FORMAT, World};

const FILE: &str = "world.json";
const TEMPORARY: &str = ".world-";

/// Where the world is kept, and what was last written.
pub(crate) struct Store {
    folder: PathBuf,
    written: Vec<u8>,
}

impl Store {
    /// Opens a folder; the world is `None` when there is none yet.
    ///
    /// # Errors
    /// A sentence, when the file cannot be read or is of another format.
    pub(crate) fn open(folder: &Path) -> Result<(Self, Option<World>), String> {
        for entry in std::fs::read_dir(folder).map_err(|error| error.to_string())?.flatten() {
            // Left by a process that was killed while it wrote.
            if entry.file_name().to_string_lossy().starts_with(TEMPORARY) {
                _ = std::fs::remove_file(entry.path());
            }
        }
        let mut store = Self { folder: folder.to_owned(), written: Vec::new() };
        let path = folder.join(FILE);
        match std::fs::read(&path) {
            Ok(bytes) => {
                let whole: serde_json::Value = serde_json::from_slice(&bytes)
                    .map_err(|error| format!("{} is damaged: {error}", path.display()))?;
                let format = whole.get("format").and_then(serde_json::Value::as_u64);
                let known = u64::from(OLDEST_FORMAT)..=u64::from(FORMAT);
                if !format.is_some_and(|format| known.contains(&format)) {
                    return Err(format!(
                        "{} has another format than this program's: {FORMAT}",
                        path.display()
                    ));
                }
                let mut world: World = serde_json::from_value(whole)
                    .map_err(|error| format!("{} is damaged: {error}", path.display()))?;
                world.format = FORMAT;
                store.written = bytes;
                Ok((store, Some(world)))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok((store, None)),
            Err(error) => Err(format!("{} cannot be read: {error}", path.display())),
        }
    }

    /// Makes the world durable, unless nothing changed since the last time.
    pub(crate) fn save(&mut self, world: &World) -> std::io::Result<()> {
        let bytes = serde_json::to_vec(world)?;
        if bytes == self.written {
            return Ok(());
        }
        let mut file = tempfile::Builder::new().prefix(TEMPORARY).tempfile_in(&self.folder)?;
        file.write_all(&bytes)?;
        file.as_file().sync_all()?;
        file.persist(self.folder.join(FILE)).map_err(|error| error.error)?;
        // The rename itself must survive a power cut; not every platform can sync a folder.
        if let Ok(folder) = std::fs::File::open(&self.folder) {
            _ = folder.sync_all();
        }
        self.written = bytes;
        Ok(())
    }

    /// Forgets a world.
    pub(crate) fn erase(folder: &Path) -> std::io::Result<()> {
        match std::fs::remove_file(folder.join(FILE)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}
