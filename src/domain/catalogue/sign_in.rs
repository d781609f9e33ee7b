//! What Microsoft Entra says of a sign-in. The numbers are those of its list of authentication error codes.

use super::entry::{Entry, Match, Place, Reaction};
use crate::domain::{ErrorKind, Exit};

const SOURCE: &str = "Microsoft Entra authentication error codes";

/// The key of what is known of a sign-in by its kind alone.
pub const SIGN_IN_NEEDED: &str = "sign-in-needed";

/// An entry of this file: all end the same way.
const fn entry(
    key: &'static str,
    matches: &'static [Match],
    meaning: &'static str,
    remedy: &'static str,
) -> Entry {
    Entry {
        key,
        matches,
        places: &[Place::SignIn],
        meaning,
        reaction: Reaction::SignIn,
        remedy,
        exit: Some(Exit::SignIn),
        source: SOURCE,
    }
}

/// In the order in which a sign-in can go wrong: who, with what, whether it still holds, what the tenant demands, the
/// application.
pub(super) const ENTRIES: &[Entry] = &[
    entry(
        "tenant-unknown",
        &[Match::Codes(&["AADSTS90002", "AADSTS900023", "AADSTS50059"])],
        "no tenant has the id or domain that you gave",
        "check `tenant` in the setup file, or AZURE_TENANT_ID, then sign in again",
    ),
    entry(
        "account-unknown",
        &[Match::Codes(&["AADSTS50034", "AADSTS50020", "AADSTS51004"])],
        "the account is not in this tenant",
        "check the account and the tenant: sign in with `az login --tenant TENANT`, or be invited as a guest",
    ),
    entry(
        "account-locked",
        &[Match::Codes(&["AADSTS50053"])],
        "the account is locked after too many wrong passwords, or your address is blocked",
        "wait fifteen minutes, or have the account unlocked or its password reset, then sign in again",
    ),
    entry(
        "password-expired",
        &[Match::Codes(&["AADSTS50055"])],
        "the password of the account has expired",
        "sign in at portal.azure.com, set a new password there, then sign in here again",
    ),
    entry(
        "account-disabled",
        &[Match::Codes(&["AADSTS50057"])],
        "the account is disabled",
        "have an administrator of the tenant enable it, or sign in with another account",
    ),
    entry(
        "password-wrong",
        &[Match::Codes(&["AADSTS50126", "AADSTS50056"])],
        "the account name or the password is wrong",
        "sign in again with the right ones",
    ),
    entry(
        "mfa-needed",
        &[Match::Codes(&["AADSTS50076", "AADSTS50074", "AADSTS50078", "AADSTS50158", "AADSTS500121"])],
        "the tenant wants another proof that it is you, and this sign-in could not ask for it",
        "sign in again in a browser, where it can ask: `az login --tenant TENANT`",
    ),
    entry(
        "mfa-not-set-up",
        &[Match::Codes(&["AADSTS50079", "AADSTS50072"])],
        "the tenant wants another proof that it is you, and your account has none set up",
        "sign in at aka.ms/mfasetup and set one up, then sign in here again",
    ),
    entry(
        "sign-in-expired",
        &[Match::Codes(&["AADSTS70008", "AADSTS70043", "AADSTS700082", "AADSTS700084"])],
        "the sign-in is older than the tenant allows",
        "sign in again (for example `az login`): the run is kept and goes on",
    ),
    entry(
        "sign-in-revoked",
        &[Match::Codes(&["AADSTS50173", "AADSTS50133", "AADSTS50132"])],
        "the sign-in was taken back, as after a change of the password",
        "sign in again (`az logout`, then `az login`): the run is kept and goes on",
    ),
    entry(
        "sign-in-declined",
        &[Match::Codes(&["authorization_declined", "access_denied", "AADSTS65004"])],
        "the sign-in was declined in the browser",
        "sign in again and accept there what hubup asks for",
    ),
    entry(
        "device-code-expired",
        &[Match::Codes(&["expired_token", "bad_verification_code", "AADSTS70019", "AADSTS70020"])],
        "the code was not entered in time, or not as it was shown",
        "sign in again and enter the new code within fifteen minutes",
    ),
    Entry {
        reaction: Reaction::WaitFor,
        ..entry(
            "device-code-pending",
            &[Match::Codes(&["authorization_pending", "slow_down", "AADSTS70016"])],
            "the code has not been entered yet",
            "open the page that is shown and enter the code",
        )
    },
    entry(
        "device-not-managed",
        &[Match::Codes(&[
            "AADSTS53000",
            "AADSTS53001",
            "AADSTS530003",
            "AADSTS530002",
            "AADSTS50129",
            "AADSTS50097",
        ])],
        "the tenant lets in only devices that it manages and that follow its rules; this one is none",
        "sign in from a managed device, or have an administrator make an exception; a service principal is not bound by it",
    ),
    entry(
        "conditional-access",
        &[Match::Codes(&["AADSTS53003", "AADSTS53002", "AADSTS530034", "AADSTS53004"])],
        "a Conditional Access policy of the tenant forbids this sign-in",
        "ask an administrator which policy it is, quoting the ids in the message; another place, device or way to sign in \
         may be allowed (a browser instead of a device code)",
    ),
    entry(
        "not-assigned",
        &[Match::Codes(&["AADSTS50105"])],
        "your account is not assigned to the application that signs in",
        "have an administrator assign you to it under enterprise applications, or sign in another way",
    ),
    entry(
        "consent-needed",
        &[Match::Codes(&["AADSTS65001", "AADSTS90094", "AADSTS65005"])],
        "the tenant has not consented to the application that signs in",
        "sign in in a browser and accept, have an administrator consent, or set `client_id` to an application of your own",
    ),
    entry(
        "scope-refused",
        &[Match::Codes(&["AADSTS70011", "AADSTS500011", "AADSTS650057"])],
        "the tenant does not know what the token was asked for",
        "check `[cloud]` in the setup file: its hosts name what tokens are asked for",
    ),
    entry(
        "app-unknown",
        &[Match::Codes(&["AADSTS700016"])],
        "the application is not in this tenant",
        "check AZURE_CLIENT_ID and AZURE_TENANT_ID, or have an administrator add the application, then run the same command",
    ),
    entry(
        "app-disabled",
        &[Match::Codes(&["AADSTS7000112"])],
        "the application is disabled in this tenant",
        "have an administrator enable it under enterprise applications, or use another",
    ),
    entry(
        "app-not-public",
        &[Match::Codes(&["AADSTS7000218", "AADSTS50011", "AADSTS700025"])],
        "the application does not let people sign in this way",
        "take `client_id` out of the setup file, or allow public client flows and `http://localhost` in that application",
    ),
    entry(
        "secret-wrong",
        &[Match::Codes(&["AADSTS7000215", "AADSTS7000216"])],
        "the service principal's secret is wrong",
        "put a valid secret into `AZURE_CLIENT_SECRET` (its value, not its id), then run the same command",
    ),
    entry(
        "secret-expired",
        &[Match::Codes(&["AADSTS7000222"])],
        "the service principal's secret has expired",
        "make a new secret for the application and put its value into `AZURE_CLIENT_SECRET`, then run the same command",
    ),
    entry(
        "assertion-expired",
        &[Match::Codes(&["AADSTS700024"])],
        "the signed proof is outside its time: a clock is wrong, or the federated token is old",
        "set the clock of this machine, or have the federated token renewed, then run the same command",
    ),
    entry(
        "certificate-refused",
        &[Match::Codes(&["AADSTS700027", "AADSTS700023", "AADSTS50012"])],
        "the application does not know the certificate that signed, or it has expired",
        "register that certificate with the application, or use the one that is registered",
    ),
    entry(
        "federation-mismatch",
        &[Match::Codes(&["AADSTS70021", "AADSTS700211", "AADSTS700212", "AADSTS700213"])],
        "no federated credential of the application fits the token's issuer, subject and audience",
        "compare them with the application's federated credentials, mend the one that differs, then run the same command",
    ),
    Entry {
        places: &[Place::ResourceManager, Place::Graph],
        source: "contract preview-2025, 1.2; common Resource Manager codes",
        ..entry(
            "wrong-tenant",
            &[Match::Codes(&["InvalidAuthenticationTokenTenant"])],
            "the sign-in is of another tenant than the subscription",
            "sign in with `az login --tenant TENANT`, or set `tenant` in the setup file, then run the same command",
        )
    },
    Entry {
        reaction: Reaction::RefreshToken,
        places: &[Place::ResourceManager, Place::Graph, Place::Operation],
        source: "field notes 4.2: a token expires in the middle of an operation",
        ..entry(
            "token-refused",
            &[Match::Codes(&[
                "ExpiredAuthenticationToken",
                "InvalidAuthenticationToken",
                "AuthenticationFailed",
            ])],
            "the sign-in was not accepted, with a new token neither",
            "sign in again (for example `az login`), then run the same command",
        )
    },
    Entry {
        reaction: Reaction::SignIn,
        places: &[Place::SignIn, Place::ResourceManager, Place::Graph],
        source: "RFC 9110, 15.5.2",
        ..entry(
            SIGN_IN_NEEDED,
            &[Match::Kind(
                ErrorKind::Auth,
                &["invalid_client", "invalid_grant", "Unauthorized", "interaction_required"],
            )],
            "the sign-in was not accepted",
            "sign in again (for example `az login`), then run the same command",
        )
    },
];
