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

/// Holds what is written against what is there, and fails at the first difference: most requests change nothing, and need no
/// second copy of the world to show it.
struct Same<'written> {
    rest: &'written [u8],
}

impl std::io::Write for Same<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.rest = self.rest.strip_prefix(bytes).ok_or(std::io::ErrorKind::InvalidData)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
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
        let mut same = Same { rest: &self.written };
        if serde_json::to_writer(&mut same, world).is_ok() && same.rest.is_empty() {
            return Ok(());
        }
        let bytes = serde_json::to_vec(world)?;
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

    /// The world as it was last made durable.
    pub(crate) fn last(&self) -> Option<World> {
        serde_json::from_slice(&self.written).ok()
    }

    /// Forgets a world.
    pub(crate) fn erase(folder: &Path) -> std::io::Result<()> {
        match std::fs::remove_file(folder.join(FILE)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}
