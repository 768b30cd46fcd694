//! Tags: foreign text, both halves.

use super::noun::noun;

noun! {
    /// A tag of a resource.
    pub struct Tag("tag", id = key) {
        /// The tag's key.
        key: String,
        /// The tag's value; may be empty.
        value: String,
    }
}
