pub fn block(text: &str) -> String { text.to_string() }
