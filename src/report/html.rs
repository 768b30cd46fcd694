//! x
pub fn write(r: &super::Report) -> Result<String, serde_json::Error> { serde_json::to_string_pretty(r) }
