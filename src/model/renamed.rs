//! Services that go by another name in the compose file than in the registry.

use std::collections::HashMap;

use crate::model::Workspace;
use crate::model::compose::Service as Container;
use crate::model::product::Product;
use crate::model::service::Service;

/// A service that the development set runs under a name which the registry does not know.
pub struct Renamed<'a> {
    /// The service, by the name of the registry.
    pub service: &'a Service,
    /// Its container.
    pub container: &'a Container,
}

impl Workspace<'_> {
    /// The product's services that no compose service has the name of, but whose Dockerfile just one that
    /// no entry names is built from; by the name of that one.
    pub fn renamed_services<'p>(&'p self, product: &'p Product) -> HashMap<&'p str, Renamed<'p>> {
        let Some(index) = product.development else {
            return HashMap::new();
        };
        let stack = &self.stacks[index];
        let mut strangers: HashMap<&str, Vec<&Container>> = HashMap::new();
        for (number, container) in stack.services.iter().enumerate() {
            let build = container.build.as_ref();
            let dockerfile = build.and_then(|build| build.dockerfile.as_deref());
            if let Some(dockerfile) = dockerfile
                && self.service_of((index, number)).is_none()
            {
                strangers.entry(dockerfile).or_default().push(container);
            }
        }
        let missing = product.services_missing_in(stack).into_iter();
        let renamed = missing.filter_map(|service| {
            let [container] = strangers.get(service.dockerfile.as_deref()?)?.as_slice() else {
                return None;
            };
            let old = container.key.value.as_str();
            Some((old, Renamed { service, container }))
        });
        renamed.collect()
    }
}
