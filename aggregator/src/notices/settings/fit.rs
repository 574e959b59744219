//! Whether plan and contacts fit together: what is to be told must have somebody to hear it.

use granary_core::notices::Plan;

use super::entry::Entry;

/// Reports audiences that the plan names and no contact serves.
pub(super) fn check(root: &Entry<'_>, plan: &Plan) {
    let told = [plan.summary, plan.escalation, plan.returned, plan.all_in];
    let to_units = !plan.reminders_ms.is_empty() || told.iter().any(|to| to.units);
    let wanted = [
        (
            to_units && plan.unit_contacts.is_empty(),
            "units = [\"...\"]",
        ),
        (
            told.iter().any(|to| to.departments) && plan.department_contacts.is_empty(),
            "departments = [\"...\"]",
        ),
        (
            told.iter().any(|to| to.operations) && !plan.has_operations,
            "operations = true",
        ),
    ];
    for (_, key) in wanted.into_iter().filter(|(is_wanted, _)| *is_wanted) {
        root.missing(
            "contact",
            &format!("至少一个有 {key} 的联系人，或从 [plan] 中删去"),
            &format!("at least one contact with {key}, or take it out of [plan]"),
        );
    }
}
