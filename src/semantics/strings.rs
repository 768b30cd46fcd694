//! Sets of strings described by conditions.
