//! x
pub struct TextOptions { pub color: bool, pub width: usize, pub verbose: bool, pub quiet: bool }
pub fn write(_: &super::Report, _: &TextOptions) -> String { String::new() }
