//! Findings by the service that has to act on them.

use std::collections::BTreeMap;

use super::summary;
use super::visible::escaped;
use crate::finding::{Finding, Severity};

/// The findings of one service, of one product without a service, or of neither.
pub(super) struct Group<'a> {
    /// The product's path from the workspace root.
    pub product: Option<&'a str>,
    /// The service's name.
    pub service: Option<&'a str>,
    /// The findings, in the order of the report.
    pub findings: Vec<&'a Finding>,
}

/// The findings by product and service, in the order of their names; what is nobody's comes first.
pub(super) fn by_service(findings: &[Finding]) -> Vec<Group<'_>> {
    let mut groups: BTreeMap<(Option<&str>, Option<&str>), Vec<&Finding>> = BTreeMap::new();
    for finding in findings {
        let subject = &finding.subject;
        let owner = (subject.product.as_deref(), subject.service.as_deref());
        groups.entry(owner).or_default().push(finding);
    }
    let groups = groups.into_iter();
    let group = groups.map(|((product, service), findings)| Group {
        product,
        service,
        findings,
    });
    group.collect()
}

impl Group<'_> {
    /// Whose they are, in words; names in backticks, and safe to print.
    pub(super) fn title(&self) -> String {
        // The only product of a workspace has no name.
        let product = self.product.filter(|it| !matches!(*it, "" | "."));
        let product = product.map(escaped);
        let service = self.service.map(escaped);
        match (service, product) {
            (Some(service), Some(product)) => format!("`{service}` of `{product}`"),
            (Some(service), None) => format!("`{service}`"),
            (None, Some(product)) => format!("`{product}`"),
            (None, None) => "The workspace".to_owned(),
        }
    }

    /// How many they are: `2 errors, 1 warning`.
    pub(super) fn count(&self) -> String {
        let of = |severity| {
            let all = self.findings.iter();
            all.filter(|it| it.severity == severity).count()
        };
        summary::by_severity(of(Severity::Error), of(Severity::Warning))
    }
}
