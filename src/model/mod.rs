//! links
pub mod resolve;
pub mod compose;
/// w
pub struct Workspace;
