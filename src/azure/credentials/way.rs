//! The single ways of signing in: their names, and what to try next when one fails.

/// One way of signing in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Way {
    ServicePrincipal,
    WorkloadIdentity,
    AppService,
    AzureCli,
    AzureDeveloperCli,
    VirtualMachine,
    Browser,
    DeviceCode,
}

impl Way {
    /// Its name, as it stands in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::ServicePrincipal => "service principal",
            Self::WorkloadIdentity => "workload identity",
            Self::AppService => "App Service identity",
            Self::AzureCli => "Azure CLI",
            Self::AzureDeveloperCli => "Azure Developer CLI",
            Self::VirtualMachine => "virtual machine identity",
            Self::Browser => "browser",
            Self::DeviceCode => "device code",
        }
    }

    /// Whether it takes a person.
    pub fn is_personal(self) -> bool {
        matches!(self, Self::Browser | Self::DeviceCode)
    }

    /// Whether the claims that a service asks for can go into its token request. The CLIs and managed identities take none.
    pub fn takes_claims(self) -> bool {
        self.is_personal() || matches!(self, Self::ServicePrincipal | Self::WorkloadIdentity)
    }

    /// What to try next when it failed for a reason that names nothing better.
    pub fn next(self) -> &'static str {
        match self {
            Self::ServicePrincipal => {
                "check AZURE_TENANT_ID, AZURE_CLIENT_ID, and AZURE_CLIENT_SECRET or AZURE_CLIENT_CERTIFICATE_PATH"
            }
            Self::WorkloadIdentity => {
                "check AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_FEDERATED_TOKEN_FILE, which the platform sets"
            }
            Self::AppService | Self::VirtualMachine => {
                "give this machine an identity, or choose another `[auth] method`"
            }
            Self::AzureCli => "run `az login`, or choose another `[auth] method`",
            Self::AzureDeveloperCli => "run `azd auth login`, or choose another `[auth] method`",
            Self::Browser => "try again, or set `[auth] method` to \"device-code\"",
            Self::DeviceCode => "try again, or choose another `[auth] method`",
        }
    }
}
