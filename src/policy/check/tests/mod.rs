//! What the check language refuses, what it means, and the laws that it keeps.

mod evaluation;
mod laws;
mod refusals;
mod world;
