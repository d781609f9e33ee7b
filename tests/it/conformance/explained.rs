//! What deviates from the files, and why it stays so: where a service is known to say something else than its file, the sandbox
//! says what the service says, for clients meet the service.

use super::shape::{Deviation, What};

/// A kind of deviation that is known.
pub struct Explained {
    /// `sent` or `came`.
    pub side: &'static str,
    /// A part of the call's name.
    pub call: &'static str,
    pub what: What,
    /// The end of the place, and a part of what is told; empty words stand for any.
    pub at: &'static str,
    pub told: &'static str,
    pub reason: &'static str,
}

const fn came(
    call: &'static str,
    what: What,
    at: &'static str,
    told: &'static str,
    reason: &'static str,
) -> Explained {
    Explained { side: "came", call, what, at, told, reason }
}

/// `tests/it/sandbox/recorded.rs` holds these.
const WRITES: &str = "the live provisioning service was recorded to answer with Azure-AsyncOperation, where its file has Location";

const NULLS: &str = "Microsoft.Authorization writes null for what is not set; az prints it so";

pub const EXPLAINED: &[Explained] = &[
    came("/roleassignments", What::Type, "/condition", "null", NULLS),
    came("/roleassignments", What::Type, "/conditionVersion", "null", NULLS),
    came("/roleassignments", What::Type, "/delegatedManagedIdentityResourceId", "null", NULLS),
    came("/roleassignments", What::Type, "/description", "null", NULLS),
    came("/roledefinitions", What::Type, "/createdBy", "null", "built-in roles were created by nobody: null"),
    came("/roledefinitions", What::Type, "/updatedBy", "null", "built-in roles were updated by nobody: null"),
    came(
        "/iothubs",
        What::UnknownProperty,
        "/resourcegroup",
        "",
        "the hub service sends resourcegroup, which its file lacks",
    ),
    came(
        "/iothubs",
        What::UnknownProperty,
        "/subscriptionid",
        "",
        "the hub service sends subscriptionid, which its file lacks",
    ),
    came(
        "/iothubs/certificates 2025",
        What::UnknownProperty,
        "/PolicyResourceId",
        "",
        "the hub service was seen to write PolicyResourceId for policyResourceId (contract, section 8)",
    ),
    came(
        "/iothubs/certificates",
        What::Word,
        "/type",
        "`Microsoft.Devices/IotHubs/Certificates`",
        "the hub service spells the type so; ids and types are compared without case",
    ),
    came(
        "/provisioningservices",
        What::Word,
        "/type",
        "`Microsoft.Devices/ProvisioningServices`",
        "the provisioning service spells the type so; ids and types are compared without case",
    ),
    came("microsoft.devices/provisioningservices/*", What::Header, "azure-asyncoperation", "", WRITES),
    came(
        "/listkeys",
        What::Word,
        "/rights",
        "`ServiceConfig, DeviceConnect, EnrollmentWrite",
        "rights are several words with commas, of which the file lists only some sets",
    ),
    came(
        "microsoft.devices/",
        What::Type,
        "/details",
        "null",
        "errors of Microsoft.Devices have details null where the file has a string",
    ),
    came(
        "/namespaces/* 2026",
        What::UnknownProperty,
        "/properties/updating",
        "",
        "endpoints on their way were seen under updating, which the file lacks (contract of 2026, section 6.6)",
    ),
    came(
        "GET subscriptions 2022",
        What::UnknownProperty,
        "/count",
        "",
        "the resource manager counts subscriptions beside listing them",
    ),
    came(
        "",
        What::Body,
        "",
        "an error in the shape of the resource manager",
        "what the resource manager refuses before a provider sees it has its own shape (contract, section 1.2)",
    ),
];

impl Explained {
    pub fn is_of(&self, side: &str, call: &str, deviation: &Deviation) -> bool {
        self.side == side
            && call.contains(self.call)
            && self.what == deviation.what
            && deviation.at.ends_with(self.at)
            && deviation.told.contains(self.told)
    }
}
