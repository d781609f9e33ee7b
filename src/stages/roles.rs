//! Azure's built-in roles that both object models give, and how an assignment names a role.

use crate::domain::Answers;

/// Contributor (contract preview-2025, 1c).
pub const CONTRIBUTOR: &str = "b24988ac-6180-42a0-ab88-20f7382dd24c";
/// Azure Device Registry Contributor.
pub const ADR_CONTRIBUTOR: &str = "a5c3590a-3a1a-4cd4-9648-ea0a32b15137";
/// Azure Device Registry Onboarding.
pub const ADR_ONBOARDING: &str = "547f7f0a-69c0-4807-bd9e-0321dfb66a84";

/// IoT Hub Data Contributor (contract links-2026, section 7).
pub const HUB_DATA_CONTRIBUTOR: &str = "4fc6c259-987e-4a07-842e-c321cc9d413f";

/// Resource id of the role definition `guid` as assignments name it.
pub fn role_definition_id(answers: &Answers, guid: &str) -> String {
    format!("{}/providers/Microsoft.Authorization/roleDefinitions/{guid}", answers.subscription_id())
}
