//! What Entra's codes mean, and what a person can do about each. Pure data and the questions asked of it.
//!
//! Source: Microsoft Entra authentication and authorization error codes (the public reference of AADSTS numbers).

use crate::domain::{ErrorKind, ServiceError};

/// The code of an error that only a person's new sign-in mends, where Entra gave no number of its own (RFC 6749 and
/// OpenID Connect name it so).
pub(crate) const INTERACTION: &str = "interaction_required";

/// A code in words.
pub(crate) struct Words {
    number: u32,
    pub means: &'static str,
    pub next: &'static str,
    /// Whether only a person's new sign-in helps.
    person: bool,
}

const fn person(number: u32, means: &'static str) -> Words {
    Words { number, means, next: "sign in again", person: true }
}

const fn other(number: u32, means: &'static str, next: &'static str) -> Words {
    Words { number, means, next, person: false }
}

const REVOKED: &str = "the sign-in was ended: the password was changed, or an administrator ended it";
const FACTOR: &str = "a second factor is asked for";
const TENANT: &str = "name the right tenant: `tenant` in the setup file, or AZURE_TENANT_ID";
const SECRET: &str =
    "make a new secret for the application and put its value, not its id, into AZURE_CLIENT_SECRET";
const FEDERATED: &str =
    "compare issuer, subject and audience of the federated credential with those of the token file";
const ADMIN: &str = "ask an administrator of the tenant, or sign in with another account";

/// Every code that is known, by number.
const CODES: &[Words] = &[
    person(16_000, "the account has to be chosen by a person"),
    other(50_020, "the account does not belong to this tenant", TENANT),
    other(50_034, "the account does not exist in this tenant", TENANT),
    other(50_053, "the account is locked after too many attempts", "wait a while, then sign in again"),
    person(50_055, "the password has expired"),
    other(50_057, "the account is disabled", ADMIN),
    person(50_058, "nobody is signed in any more"),
    other(50_059, "the tenant is not known", TENANT),
    person(50_072, "a second factor has to be set up first"),
    person(50_074, FACTOR),
    person(50_076, FACTOR),
    person(50_078, "the second factor was given too long ago"),
    person(50_079, "a second factor has to be set up first"),
    other(50_105, "the account is not assigned to the application", ADMIN),
    other(50_126, "name or password are wrong", "sign in again"),
    other(50_128, "the domain belongs to no tenant", TENANT),
    person(50_132, REVOKED),
    person(50_133, REVOKED),
    person(50_158, "another check outside of Entra is asked for"),
    person(50_173, REVOKED),
    other(53_000, "the device does not meet your organisation's rules", ADMIN),
    other(53_001, "the device is not joined to your organisation", ADMIN),
    other(53_003, "a conditional access policy of your organisation does not allow this sign-in", ADMIN),
    other(54_005, "the code was used already", "sign in again"),
    other(65_001, "consent was not given to the application", ADMIN),
    other(65_004, "the request for consent was declined", "sign in again and accept it"),
    person(70_008, "the sign-in has expired"),
    other(70_018, "the code is not known", "ask for a new code: sign in again"),
    other(70_019, "the code was not entered in time", "ask for a new code: sign in again"),
    other(70_020, "the code was not entered in time", "ask for a new code: sign in again"),
    person(70_043, "your organisation's rule on how often to sign in has ended the sign-in"),
    person(70_044, "the session has expired"),
    other(90_002, "there is no such tenant", TENANT),
    other(90_072, "the account does not belong to this tenant", TENANT),
    other(90_094, "an administrator has to consent", ADMIN),
    other(500_011, "the tenant does not know the service that the token is for", TENANT),
    other(500_133, "the assertion is not within its time", "set this machine's clock right, then retry"),
    other(700_003, "the device was removed from your organisation", ADMIN),
    other(
        700_016,
        "the application is not known in this tenant",
        "check AZURE_CLIENT_ID and AZURE_TENANT_ID",
    ),
    other(700_024, "the assertion is not within its time", "set this machine's clock right, then retry"),
    other(
        700_027,
        "the certificate is not registered with the application, or its key does not fit",
        "upload the certificate of AZURE_CLIENT_CERTIFICATE_PATH to the application",
    ),
    person(700_082, "the sign-in has expired: it was not used for too long"),
    person(700_084, "the sign-in has expired: it was of a kind that lives a day"),
    other(700_211, "no federated credential of the application fits the token's issuer", FEDERATED),
    other(700_212, "no federated credential of the application fits the token's audience", FEDERATED),
    other(700_213, "no federated credential of the application fits the token's subject", FEDERATED),
    other(900_023, "there is no such tenant", TENANT),
    other(7_000_112, "the application is disabled", ADMIN),
    other(7_000_215, "the client secret is wrong", SECRET),
    other(7_000_222, "the client secret has expired", SECRET),
];

/// OAuth errors without a number of their own that only a person mends (OpenID Connect Core, 3.1.2.6).
const PERSON: &[&str] = &[INTERACTION, "login_required", "consent_required", "account_selection_required"];

/// The first `AADSTS` code in `text`, with its digits.
pub(crate) fn code_in(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("AADSTS")?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).take(12).collect();
    (!digits.is_empty()).then(|| format!("AADSTS{digits}"))
}

/// What `code` means, as [`code_in`] writes it.
pub(crate) fn in_words(code: &str) -> Option<&'static Words> {
    let number: u32 = code.strip_prefix("AADSTS")?.parse().ok()?;
    CODES.iter().find(|words| words.number == number)
}

/// Says whether only a new sign-in by a person mends `error`: a second factor, a refresh token that is gone, a rule of the
/// organisation. Everything else can be tried again, or is mended elsewhere.
pub fn needs_person(error: &ServiceError) -> bool {
    error.kind == ErrorKind::Auth
        && error
            .code
            .as_deref()
            .is_some_and(|code| PERSON.contains(&code) || in_words(code).is_some_and(|words| words.person))
}
