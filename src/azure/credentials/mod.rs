//! Credentials of hubup's own: a person by browser or by device code, a service principal by secret, certificate or
//! federated token; and what can be found out without a person.
//!
//! All of them speak to Microsoft Entra through the one transport, so routes, proxies and CA files hold. Refresh tokens stay in
//! memory. Which of them is used is `azure::sign_in`'s; the Azure CLIs and managed identities are azure_identity's.

mod assertion;
mod browser;
mod detect;
mod device;
mod entra;
mod landing;
mod person;
mod principal;
mod prompt;
mod way;
mod words;

pub(super) use detect::unset;
pub use detect::{Detected, detect};
pub(super) use entra::Entra;
pub(super) use person::{Invitation, PersonCredential, Session};
pub(super) use principal::{PrincipalCredential, Proof};
pub use prompt::{Account, Prompt, Prompts};
pub(super) use way::Way;
pub use words::needs_person;
pub(super) use words::{INTERACTION, code_in, in_words};
