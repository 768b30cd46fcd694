//! The formats of other people's tools, one pure writer each, all from the same [`Report`](super::Report).
//!
//! What a word of ours is in a word of theirs stands in one table ([`verdict`]), who a finding is in one place ([`entry`]).
//! A writer knows its own format alone, and never another's; none knows files, clocks or AWS's crates. A format that cannot
//! hold everything says what it leaves out, in the document where there is a place for it, and always in [`Written::notes`].

pub mod asff;
pub mod csv;
mod entry;
pub mod gitlab;
pub mod junit;
pub mod markdown;
pub mod ocsf;
pub mod oscal;
mod place;
pub mod sarif;
mod shape;
mod spot;
mod verdict;

/// A document, and what its reader must be told beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    pub text: String,
    /// What was left out and why, a sentence each without a final period.
    pub notes: Vec<String>,
}

impl Written {
    fn whole(text: String) -> Written {
        Written { text, notes: Vec::new() }
    }
}

/// Our name, where a format asks for a product or a vendor.
const PRODUCT: &str = "Trailproof";
