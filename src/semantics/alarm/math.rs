//! Metric math, as far as it is a sum of metrics that other metrics cannot take away.

/// The ids of the metrics that the expression adds up; `None` where it is anything else, or where a metric without data would
/// leave nothing of the sum.
pub(super) fn sum<'a>(expression: &str, ids: &[&'a str]) -> Option<Vec<&'a str>> {
    let text: String = expression.chars().filter(|c| !c.is_whitespace()).collect();
    let terms = added(&text, ids, 0)?;
    // Of one metric nothing is missing that could take the rest away.
    (terms.len() == 1 || terms.iter().all(|(_, filled)| *filled)).then(|| terms.into_iter().map(|(id, _)| id).collect())
}

/// The terms, each with whether it is filled where data is missing.
fn added<'a>(text: &str, ids: &[&'a str], depth: usize) -> Option<Vec<(&'a str, bool)>> {
    if depth > 8 {
        return None;
    }
    let parts = split(text, '+')?;
    if parts.len() > 1 {
        let parts: Option<Vec<_>> = parts.into_iter().map(|part| added(part, ids, depth + 1)).collect();
        return Some(parts?.into_iter().flatten().collect());
    }
    if let Some(id) = ids.iter().find(|id| **id == text) {
        return Some(vec![(id, false)]);
    }
    if text == "METRICS()" {
        return Some(ids.iter().map(|id| (*id, false)).collect());
    }
    if let Some(inner) = called(text, "FILL") {
        let arguments = split(inner, ',')?;
        let [of, with] = arguments.as_slice() else { return None };
        let filled = with.parse::<f64>().is_ok_and(|n| n == 0.0) || *with == "REPEAT";
        return Some(added(of, ids, depth + 1)?.into_iter().map(|(id, before)| (id, before || filled)).collect());
    }
    let inner = called(text, "SUM").or_else(|| text.strip_prefix('(')?.strip_suffix(')'))?;
    let inner = inner.strip_prefix('[').and_then(|list| list.strip_suffix(']')).unwrap_or(inner);
    let parts: Option<Vec<_>> = split(inner, ',')?.into_iter().map(|part| added(part, ids, depth + 1)).collect();
    Some(parts?.into_iter().flatten().collect())
}

fn called<'t>(text: &'t str, function: &str) -> Option<&'t str> {
    text.strip_prefix(function)?.strip_prefix('(')?.strip_suffix(')')
}

/// The parts between separators that stand in no parentheses; `None` where those do not pair.
fn split(text: &str, separator: char) -> Option<Vec<&str>> {
    let (mut parts, mut depth, mut from) = (Vec::new(), 0_i32, 0);
    for (at, c) in text.char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            c if c == separator && depth == 0 => {
                parts.push(&text[from..at]);
                from = at + c.len_utf8();
            }
            _ => {}
        }
        if depth < 0 {
            return None;
        }
    }
    parts.push(&text[from..]);
    (depth == 0 && parts.iter().all(|p| !p.is_empty())).then_some(parts)
}
