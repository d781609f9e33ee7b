//! What goes wrong, where it can, and what may come of it.

use hubup::domain::{Exit, Method};

use super::clean::Call;

/// What may come of a fault that is met once.
#[derive(Clone, Copy, Debug)]
pub enum Comes {
    /// The step goes on by itself, or after a question that is answered, and ends right.
    Right,
    /// The step fails with one of these keys and this exit, and goes on when it is retried. Behind a status URL that is no
    /// end, for the resource itself is asked then; nor at a look in the directory, for which there is another way.
    Stops(&'static [&'static str], Exit),
    /// Either: where it is met decides.
    Either(&'static [&'static str], Exit),
}

/// One way to go wrong.
#[derive(Clone, Copy, Debug)]
pub struct Wrong {
    pub name: &'static str,
    /// An entry of a fault script, but for what it fits.
    pub does: &'static str,
    /// Where it can occur.
    pub on: fn(&Call) -> bool,
    pub comes: Comes,
}

const fn wrong(name: &'static str, does: &'static str, on: fn(&Call) -> bool, comes: Comes) -> Wrong {
    Wrong { name, does, on, comes }
}

fn anywhere(_: &Call) -> bool {
    true
}

/// Everything that carries a token.
fn with_a_token(call: &Call) -> bool {
    call.host != "dps"
}

fn arm(call: &Call) -> bool {
    call.host == "arm"
}

fn change(call: &Call) -> bool {
    call.change
}

fn arm_change(call: &Call) -> bool {
    arm(call) && call.change
}

fn put_or_patch(call: &Call) -> bool {
    matches!(call.method, Method::Put | Method::Patch)
}

fn created(call: &Call) -> bool {
    arm(call) && call.method == Method::Put
}

fn limited(call: &Call) -> bool {
    let kinds = ["/iothubs/", "/provisioningservices/", "/credentials/", "/certificateauthorities/"];
    created(call) && kinds.iter().any(|kind| call.path.to_lowercase().contains(kind))
}

fn of_a_provider(call: &Call) -> bool {
    let path = call.path.to_lowercase();
    let kinds = ["microsoft.devices/", "microsoft.deviceregistry/", "microsoft.managedidentity/"];
    arm(call) && !call.poll && kinds.iter().any(|kind| path.contains(kind)) && !path.contains("authorization")
}

fn assignment(call: &Call) -> bool {
    created(call) && call.path.contains("/roleAssignments/")
}

fn accepted(call: &Call) -> bool {
    call.accepted
}

const NOT_AZURE: Comes = Comes::Stops(&["not-azure"], Exit::NotReached);
/// Its operation ends badly, or the resource says so; what asks again by itself, or looks, may yet end right. A push that does
/// not read back ends warned (contract links-2026, 6.11).
const ENDED: Comes =
    Comes::Either(&["operation-failed", "operation-cancelled", "link-failed", ""], Exit::Failed);
/// A new token is had for it once, which may have been before.
const NOT_PERMITTED: Comes = Comes::Either(&["not-permitted"], Exit::NotPermitted);

/// Point 5 of the issue, each met once.
pub const TABLE: &[Wrong] = &[
    wrong("throttle", "action = \"throttle\"\nseconds = 2", anywhere, Comes::Right),
    wrong("throttle-date", "action = \"throttle\"\nretry_after_as = \"date\"", anywhere, Comes::Right),
    wrong("408", "action = \"timed-out\"", anywhere, Comes::Right),
    wrong("500", "action = \"broken\"", anywhere, Comes::Right),
    wrong("502", "action = \"bad-gateway\"", anywhere, Comes::Right),
    wrong("503", "action = \"unavailable\"\nseconds = 2", anywhere, Comes::Right),
    wrong("504", "action = \"gateway-timeout\"", anywhere, Comes::Right),
    wrong("reset", "action = \"reset\"", anywhere, Comes::Right),
    wrong("lost", "action = \"lost\"", anywhere, Comes::Right),
    wrong("torn", "action = \"torn\"", anywhere, Comes::Right),
    wrong("hang", "action = \"hang\"", anywhere, Comes::Right),
    wrong("hang-after", "action = \"hang-after\"", anywhere, Comes::Right),
    wrong("slow", "action = \"slow\"\nseconds = 0.2", anywhere, Comes::Right),
    wrong("html-502", "action = \"html\"", anywhere, Comes::Right),
    wrong("html-200", "action = \"html\"\nstatus = 200", anywhere, NOT_AZURE),
    wrong("huge", "action = \"huge\"\nmegabytes = 5", anywhere, NOT_AZURE),
    wrong("escapes", "action = \"escapes\"", anywhere, Comes::Stops(&["", "name-invalid"], Exit::Failed)),
    wrong("redirect", "action = \"redirect\"", anywhere, NOT_AZURE),
    wrong("expired", "action = \"expired\"", anywhere, Comes::Right),
    wrong("claims", "action = \"expired\"\nclaims = true", with_a_token, Comes::Right),
    wrong("stale-403", "action = \"forbidden\"", with_a_token, NOT_PERMITTED),
    wrong("busy", "action = \"conflict\"", arm_change, Comes::Right),
    wrong(
        "conflict",
        "action = \"conflict\"\ncode = \"Conflict\"\nmessage = \"No.\"",
        change,
        Comes::Either(&["conflict"], Exit::Failed),
    ),
    wrong(
        "412",
        "action = \"conflict\"\nstatus = 412\ncode = \"PreconditionFailed\"\nmessage = \"The condition does not hold.\"",
        put_or_patch,
        Comes::Right,
    ),
    wrong("hidden", "action = \"hidden\"", put_or_patch, Comes::Right),
    wrong("failed", "action = \"refuse\"\nshape = \"async\"", arm_change, ENDED),
    wrong("canceled", "action = \"refuse\"\nshape = \"async\"\nends = \"Canceled\"", arm_change, ENDED),
    wrong("cancelled", "action = \"refuse\"\nshape = \"async\"\nends = \"Cancelled\"", arm_change, ENDED),
    wrong("relative-status", "action = \"relative-status\"", accepted, Comes::Right),
    wrong("foreign-status", "action = \"foreign-status\"", accepted, Comes::Right),
    wrong("status-gone", "action = \"status-gone\"", accepted, Comes::Right),
    wrong("status-late", "action = \"status-late\"", accepted, Comes::Right),
    wrong("no-status", "action = \"no-status\"", accepted, Comes::Right),
    wrong("no-retry-after", "action = \"no-retry-after\"", accepted, Comes::Right),
    wrong(
        "principal-not-found",
        "action = \"refuse\"\ncode = \"PrincipalNotFound\"\nmessage = \"Principal does not exist in the directory.\"",
        assignment,
        Comes::Either(&["principal-not-found"], Exit::Failed),
    ),
    wrong(
        "not-registered",
        "action = \"refuse\"\nstatus = 409\ncode = \"MissingSubscriptionRegistration\"\nmessage = \"The subscription is not registered to use namespace 'Microsoft.Devices'.\"",
        of_a_provider,
        Comes::Either(&["provider-not-registered"], Exit::Failed),
    ),
    wrong(
        "policy",
        "action = \"refuse\"\nstatus = 403\ncode = \"RequestDisallowedByPolicy\"\nmessage = \"Resource was disallowed by policy.\"",
        created,
        Comes::Stops(&["policy-denies"], Exit::NotPermitted),
    ),
    wrong("locked", "action = \"locked\"", arm_change, Comes::Stops(&["locked"], Exit::NotPermitted)),
    wrong(
        "quota",
        "action = \"refuse\"\nstatus = 403\ncode = \"QuotaExceeded\"\nmessage = \"There are as many as there may be.\"",
        limited,
        Comes::Stops(&["quota-used-up"], Exit::NotPermitted),
    ),
];
