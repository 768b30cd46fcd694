//! Functions of text.

use regex::{Regex, RegexBuilder};

use super::Project;
use super::value::{Kind, MOST_BYTES, Outcome, Value, beyond, digits, wrong};
use crate::inventory::Gap;
use crate::inventory::code::OPEN;

/// What the function gives; nothing where it is none of these.
pub(super) fn call(project: &Project<'_>, name: &str, arguments: &[Value]) -> Option<Outcome> {
    let outcome = match name {
        "format" => format_one(arguments),
        "formatlist" => formatlist(arguments),
        "join" => join(arguments),
        "lower" | "upper" | "title" | "trimspace" | "trim" | "trimprefix" | "trimsuffix" | "substr" | "startswith"
        | "endswith" | "strcontains" | "replace" | "split" | "regex" | "regexall" | "strrev" | "chomp" | "indent"
        | "basename" | "dirname" => plain(project, name, arguments),
        _ => return None,
    };
    Some(outcome)
}

fn refused(what: &str) -> Box<Gap> {
    Box::new(wrong(what))
}

fn bounded(text: String) -> Outcome {
    if text.len() > MOST_BYTES { Err(Box::new(beyond("a text that grows too long"))) } else { Ok(Value::text(text)) }
}

/// Functions of text that is known as a whole.
fn plain(project: &Project<'_>, name: &str, arguments: &[Value]) -> Outcome {
    let mut texts = Vec::new();
    let mut open: Option<&Value> = None;
    for one in arguments {
        match one.as_text()? {
            Ok(text) => {
                if text.contains(OPEN) {
                    open.get_or_insert(one);
                }
                texts.push(text);
            }
            Err(unknown) => return Ok(unknown),
        }
    }
    project.spend(texts.iter().map(String::len).sum::<usize>() / 16)?;
    if let Some(one) = open {
        // The same of the same is the same, and what is open in it is marked otherwise inside of a name.
        if texts.iter().any(|text| text.contains(['‹', '›'])) {
            return Ok(Value::unknown(one.open_gap()));
        }
        let written: Vec<String> = texts.iter().map(|text| format!("{text:?}")).collect();
        let label = format!("{name}({})", written.join(", ")).replace(OPEN, "‹").replace('⟩', "›");
        return Ok(Value::named(one.open_gap(), label));
    }
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    match (name, texts.as_slice()) {
        ("lower", [text]) => bounded(text.to_lowercase()),
        ("upper", [text]) => bounded(text.to_uppercase()),
        ("title", [text]) => {
            let mut is_start = true;
            bounded(
                text.chars()
                    .flat_map(|c| {
                        let made: Vec<char> = if is_start { c.to_uppercase().collect() } else { vec![c] };
                        is_start = !c.is_alphanumeric() && c != '_' && c != '\'';
                        made
                    })
                    .collect(),
            )
        }
        ("trimspace", [text]) => bounded(text.trim().into()),
        ("trim", [text, signs]) => bounded(text.trim_matches(|c| signs.contains(c)).into()),
        ("trimprefix", [text, start]) => bounded(text.strip_prefix(start).unwrap_or(text).into()),
        ("trimsuffix", [text, end]) => bounded(text.strip_suffix(end).unwrap_or(text).into()),
        ("chomp", [text]) => bounded(text.trim_end_matches(['\n', '\r']).into()),
        ("strrev", [text]) => bounded(text.chars().rev().collect()),
        ("indent", [spaces, text]) => {
            let spaces =
                spaces.parse::<usize>().ok().filter(|spaces| *spaces <= 1000).ok_or_else(|| refused("an indent that is none"))?;
            let grown = text.len() + text.matches('\n').count() * spaces;
            if grown > MOST_BYTES {
                Err(Box::new(beyond("a text that grows too long")))
            } else {
                bounded(text.replace('\n', &format!("\n{}", " ".repeat(spaces))))
            }
        }
        ("basename", [text]) => bounded(text.trim_end_matches('/').rsplit('/').next().unwrap_or_default().into()),
        ("dirname", [text]) => bounded(text.rsplit_once('/').map_or(".", |(before, _)| before).into()),
        ("startswith", [text, start]) => Ok(Value::bool(text.starts_with(start))),
        ("endswith", [text, end]) => Ok(Value::bool(text.ends_with(end))),
        ("strcontains", [text, part]) => Ok(Value::bool(text.contains(part))),
        ("substr", [text, from, length]) => {
            let (Ok(from), Ok(length)) = (from.parse::<i64>(), length.parse::<i64>()) else {
                return Err(refused("`substr` without numbers"));
            };
            let count = text.chars().count() as i64;
            let from = if from < 0 { (count + from).max(0) } else { from.min(count) };
            let length = if length < 0 { count } else { length };
            bounded(text.chars().skip(from as usize).take(length as usize).collect())
        }
        ("split", [by, text]) => {
            let parts: Vec<Value> = if by.is_empty() {
                text.chars().map(|c| Value::text(c.to_string())).collect()
            } else {
                text.split(by).map(Value::text).collect()
            };
            super::expressions::few(parts.len())?;
            Ok(Value::list(parts))
        }
        ("replace", [text, what, by]) => {
            let pattern = what.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')).filter(|rest| !rest.is_empty());
            match pattern {
                Some(pattern) => bounded(compiled(pattern)?.replace_all(text, *by).into_owned()),
                None => {
                    let count = text.matches(what).count();
                    if text.len().saturating_add(count.saturating_mul(by.len())) > MOST_BYTES {
                        return Err(Box::new(beyond("a text that grows too long")));
                    }
                    bounded(text.replace(what, by))
                }
            }
        }
        ("regex", [pattern, text]) => {
            let pattern = compiled(pattern)?;
            match pattern.captures(text) {
                Some(found) => Ok(captured(&pattern, &found)),
                None => Err(refused("a `regex` that does not match")),
            }
        }
        ("regexall", [pattern, text]) => {
            let pattern = compiled(pattern)?;
            let found: Vec<Value> = pattern.captures_iter(text).take(10_000).map(|found| captured(&pattern, &found)).collect();
            Ok(Value::list(found))
        }
        _ => Err(refused(&format!("`{name}` of something else than its arguments"))),
    }
}

fn compiled(pattern: &str) -> Result<Regex, Box<Gap>> {
    RegexBuilder::new(pattern).size_limit(1 << 20).build().map_err(|_| refused("a pattern that cannot be read"))
}

fn captured(pattern: &Regex, found: &regex::Captures<'_>) -> Value {
    let text = |part: Option<regex::Match<'_>>| part.map_or_else(Value::null, |part| Value::text(part.as_str()));
    if pattern.captures_len() == 1 {
        return text(found.get(0));
    }
    if pattern.capture_names().any(|name| name.is_some()) {
        let named = pattern.capture_names().flatten().map(|name| (name.into(), text(found.name(name))));
        return Value::map(named.collect());
    }
    Value::list((1..pattern.captures_len()).map(|at| text(found.get(at))).collect())
}

fn join(arguments: &[Value]) -> Outcome {
    let Some((by, lists)) = arguments.split_first() else { return Err(refused("`join` of nothing")) };
    let mut parts: Vec<(String, &Value)> = Vec::new();
    let by_text = match by.as_text()? {
        Ok(text) => text,
        Err(unknown) => return Ok(unknown),
    };
    for list in lists {
        match &list.kind {
            Kind::List(items) => {
                for item in items.iter() {
                    match item.as_text()? {
                        Ok(text) => parts.push((text, item)),
                        Err(unknown) => return Ok(unknown),
                    }
                }
            }
            Kind::Unknown(_) => return Ok(list.clone()),
            _ => return Err(refused("`join` of something that is no list")),
        }
    }
    if parts.iter().map(|(text, _)| text.len() + by_text.len()).sum::<usize>() > MOST_BYTES {
        return Err(Box::new(beyond("a text that grows too long")));
    }
    let open = parts.iter().map(|(text, item)| (text, *item)).chain([(&by_text, by)]).find(|(text, _)| text.contains(OPEN));
    let gap = open.map_or_else(|| wrong(""), |(_, item)| item.open_gap());
    let whole: Vec<&str> = parts.iter().map(|(text, _)| text.as_str()).collect();
    Ok(Value::texts(whole.join(&by_text), &gap))
}

fn formatlist(arguments: &[Value]) -> Outcome {
    let mut count = None;
    for one in arguments.iter().skip(1) {
        match &one.kind {
            Kind::List(items) if count.is_none_or(|count| count == items.len()) => count = Some(items.len()),
            Kind::List(_) => return Err(refused("`formatlist` of lists of two lengths")),
            Kind::Unknown(_) => return Ok(one.clone()),
            _ => {}
        }
    }
    let row = |at: usize| {
        let each = arguments.iter().map(|one| match &one.kind {
            Kind::List(items) => items.get(at).cloned().unwrap_or_else(Value::null),
            _ => one.clone(),
        });
        format_one(&each.collect::<Vec<_>>())
    };
    Ok(Value::list((0..count.unwrap_or(1)).map(row).collect::<Result<Vec<_>, _>>()?))
}

fn format_one(arguments: &[Value]) -> Outcome {
    let Some((pattern, values)) = arguments.split_first() else { return Err(refused("`format` of nothing")) };
    let pattern = match &pattern.kind {
        Kind::Text(text) => text.clone(),
        _ => return Ok(Value::unknown(pattern.doubt().unwrap_or_else(|| pattern.open_gap()))),
    };
    let (mut out, mut gap, mut next, mut signs) = (String::new(), None, 0, pattern.chars().peekable());
    while let Some(sign) = signs.next() {
        if sign != '%' {
            out.push(sign);
            continue;
        }
        if signs.next_if_eq(&'%').is_some() {
            out.push('%');
            continue;
        }
        let mut spec = String::new();
        while let Some(sign) = signs.next_if(|c| c.is_ascii_digit() || "+-# .[]".contains(*c)) {
            spec.push(sign);
        }
        let verb = signs.next().ok_or_else(|| refused("a `format` that ends in its middle"))?;
        if let Some((number, rest)) = spec.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            next =
                number.parse::<usize>().ok().and_then(|n| n.checked_sub(1)).ok_or_else(|| refused("a `format` of no value"))?;
            spec = rest.to_string();
        }
        let value = values.get(next).ok_or_else(|| refused("a `format` of too few values"))?;
        next += 1;
        let made = match verb {
            's' | 'v' | 't' if !matches!(value.kind, Kind::List(_) | Kind::Map(_) | Kind::Null) => value.as_text()?,
            'q' | 'v' => match super::encoding::json(value) {
                Ok((text, why)) => {
                    if gap.is_none() {
                        gap = why;
                    }
                    Ok(text)
                }
                Err(unknown) => Err(unknown),
            },
            'd' | 'f' | 'x' | 'X' | 'g' | 'e' | 'b' | 'o' => match value.to_number()? {
                Some(number) => Ok(numeral(verb, number, &spec)?),
                None => Err(Value::unknown(value.open_gap())),
            },
            _ => return Err(refused(&format!("a `format` with `%{verb}`"))),
        };
        match made {
            Ok(text) => {
                if text.contains(OPEN) {
                    gap.get_or_insert_with(|| value.open_gap());
                }
                out.push_str(&padded(&text, &spec)?);
            }
            Err(unknown) => return Ok(unknown),
        }
        if out.len() > MOST_BYTES {
            return Err(Box::new(beyond("a text that grows too long")));
        }
    }
    Ok(Value::texts(out, &gap.unwrap_or_else(|| wrong(""))))
}

fn numeral(verb: char, number: f64, spec: &str) -> Result<String, Box<Gap>> {
    let precision = spec.split_once('.').and_then(|(_, digits)| digits.parse::<usize>().ok()).filter(|p| *p < 100);
    Ok(match verb {
        'd' => digits(number.trunc()),
        'f' => format!("{number:.*}", precision.unwrap_or(6)),
        'x' => format!("{:x}", number as i64),
        'X' => format!("{:X}", number as i64),
        'b' => format!("{:b}", number as i64),
        'o' => format!("{:o}", number as i64),
        'g' => digits(number),
        _ => return Err(refused("a `format` of a number that is not worked out")),
    })
}

fn padded(text: &str, spec: &str) -> Result<String, Box<Gap>> {
    let (whole, left) = (spec.split('.').next().unwrap_or_default(), spec.starts_with('-'));
    let is_zero = whole.starts_with('0');
    let width: usize = match whole.trim_start_matches(['-', '+', '#', ' ']).parse() {
        Ok(width) if width <= 1000 => width,
        Ok(_) => return Err(Box::new(beyond("a `format` that is too wide"))),
        Err(_) => return Ok(text.to_string()),
    };
    let missing = width.saturating_sub(text.chars().count());
    Ok(match (left, is_zero) {
        (true, _) => format!("{text}{}", " ".repeat(missing)),
        (false, true) => format!("{}{text}", "0".repeat(missing)),
        (false, false) => format!("{}{text}", " ".repeat(missing)),
    })
}
