//! The secrets of a run, by name, in memory only: keys fetched from Azure, and what is made of them.
//!
//! It never leaves the process: there is no way to serialise it, and its `Debug` prints names only.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use azure_core::credentials::Secret;

/// Named secrets. A clone is the same vault; the secrets are dropped with the last clone.
#[derive(Clone, Default)]
pub struct Vault {
    entries: Arc<Mutex<BTreeMap<String, Entry>>>,
}

struct Entry {
    secret: Secret,
    /// False for what a key's reply holds beside the key, such as its policy's name: hiding that name wherever it
    /// occurs would spoil replies that are compared.
    hidden: bool,
}

impl Vault {
    /// Keeps `secret` as `name`, in place of an older one.
    pub fn insert(&self, name: &str, secret: Secret) {
        self.lock().insert(name.to_owned(), Entry { secret, hidden: true });
    }

    /// Keeps a value that is no secret by itself.
    pub(super) fn insert_open(&self, name: &str, value: Secret) {
        self.lock().insert(name.to_owned(), Entry { secret: value, hidden: false });
    }

    /// The secret called `name`.
    pub fn get(&self, name: &str) -> Option<Secret> {
        self.lock().get(name).map(|entry| entry.secret.clone())
    }

    /// Forgets everything.
    pub fn clear(&self) {
        self.lock().clear();
    }

    /// `(name, secret)` of all that must be masked wherever it occurs.
    pub(super) fn hidden(&self) -> Vec<(String, Secret)> {
        self.lock()
            .iter()
            .filter(|(_, entry)| entry.hidden)
            .map(|(name, entry)| (name.clone(), entry.secret.clone()))
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Entry>> {
        // A panic while the lock was held cannot have left the map half changed.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.lock().keys()).finish()
    }
}
