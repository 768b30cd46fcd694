//! Sentences and remedies with the real names filled in.
