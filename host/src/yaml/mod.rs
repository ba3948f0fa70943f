//! What people write in YAML: files to nodes with places, nodes to fields, and mistakes with their places. Knows no field
//! by name.

pub mod diagnostic;
pub(crate) mod fields;
pub(crate) mod node;
pub(crate) mod text;
