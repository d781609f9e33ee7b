//! Where the steps are documented, and the commands that the documents give. A stage names them; nobody else does.
//!
//! Addresses are those of the contracts' sources: a page of the repository MicrosoftDocs/azure-docs has the path of its
//! `articles` folder below `learn.microsoft.com/azure`. Commands are those of the documents' CLI tab, with what contract
//! preview-2025, section 11, corrects.

use crate::domain::Text;

/// The first public document's overview of the registry (contract preview-2025, section 11).
pub const REGISTRY: &str = "learn.microsoft.com/azure/iot-hub/iot-hub-device-registry-overview";
/// Root and issuing CA of a namespace, and sync (the same document).
pub const CERTIFICATES: &str = "learn.microsoft.com/azure/iot-hub/iot-hub-certificate-management-overview";
/// How certificates come to devices (contract preview-2025, S-DOC-ISS).
pub const ISSUANCE: &str = "learn.microsoft.com/azure/iot/concept-certificate-issuance";
/// Why a grant takes time, or fails (contract preview-2025, S-DOC-RBAC).
pub const GRANTS: &str = "learn.microsoft.com/azure/role-based-access-control/troubleshooting";
/// Contract preview-2025, S-DOC-CR.
pub const CUSTOM_ROLES: &str = "learn.microsoft.com/azure/role-based-access-control/custom-roles";
/// Contract preview-2025, S-GRAPH.
pub const SERVICE_PRINCIPAL: &str = "learn.microsoft.com/graph/api/serviceprincipal-get";
/// Contract links-2026, DOCNS.
pub const NAMESPACES: &str = "learn.microsoft.com/azure/iot/device-registry/concept-namespaces";
/// Contract links-2026, DOCNS.
pub const NAMESPACE_GUIDE: &str = "learn.microsoft.com/azure/iot/iot-device-registry-namespace-guidance";
/// Contract links-2026, DOCCA.
pub const AUTHORITIES: &str = "learn.microsoft.com/azure/iot/concept-managed-ca-hierarchy";
/// Contract links-2026, DOCCA.
pub const AUTHORITY_COMMANDS: &str = "learn.microsoft.com/cli/azure/iot/adr/ns/ca";
/// Contract links-2026, DOCCA.
pub const POLICY_COMMANDS: &str = "learn.microsoft.com/cli/azure/iot/adr/ns/ca/policy";

/// The words of `command` with its options.
pub fn az<const N: usize>(command: &str, options: [(&str, Text); N]) -> Vec<Text> {
    let mut words: Vec<Text> = command.split(' ').map(Text::from).collect();
    for (option, value) in options {
        words.push(option.into());
        words.push(value);
    }
    words
}
