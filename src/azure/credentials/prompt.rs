//! What a person is asked while signing in, and where it goes: the wizard shows it, the commands print it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A person's part in a sign-in. It never holds a secret: the codes are of use only together with what hubup keeps.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Prompt {
    /// Open `url` in a browser of this machine; the answer comes to hubup by itself.
    OpenBrowser { url: String },
    /// Open `url` in any browser, enter `user_code` within `expires_in`.
    DeviceCode { user_code: String, url: String, expires_in: Duration },
    /// The person's part is done.
    Done,
    /// It came to nothing, and why.
    Failed(String),
}

/// Who is told of prompts. A clone tells the same.
#[derive(Clone)]
pub struct Prompts(Arc<dyn Fn(Prompt) + Send + Sync>);

impl Prompts {
    /// Prompts that go to `tell`, which must return at once.
    pub fn to(tell: impl Fn(Prompt) + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }

    pub(crate) fn tell(&self, prompt: Prompt) {
        (self.0)(prompt);
    }
}

impl fmt::Debug for Prompts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Prompts")
    }
}

/// An account that a person signed in with during this process.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Account {
    /// Tells it from others: tenant and object id where it was signed in.
    pub id: String,
    /// The sign-in name.
    pub name: Option<String>,
    /// The tenant it was signed in to: its home unless one was named.
    pub tenant: Option<String>,
    /// `browser` or `device code`.
    pub method: &'static str,
    /// Whether it is the one in use.
    pub current: bool,
}
