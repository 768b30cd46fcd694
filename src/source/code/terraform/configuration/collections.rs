//! Functions of lists, maps and numbers.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::Project;
use super::expressions::few;
use super::value::{Kind, Outcome, Value, beyond, wrong};
use crate::inventory::Gap;

/// What the function gives; nothing where it is none of these.
pub(super) fn call(project: &Project<'_>, name: &str, arguments: &[Value]) -> Option<Outcome> {
    let outcome = match name {
        "length" => length(arguments),
        "merge" => merge(arguments),
        "concat" => concat(arguments),
        "flatten" => with_list(arguments, flatten),
        "compact" => with_list(arguments, compact),
        "distinct" if arguments.iter().any(is_too_many) => Err(Box::new(beyond("a collection with too many elements"))),
        "distinct" => with_list(arguments, |items| match items.len() < 2 || items.iter().all(is_settled) {
            true => Ok(Value::list(distinct(items))),
            false => Ok(unsettled(items)),
        }),
        "reverse" => with_list(arguments, |items| Ok(Value::list(items.iter().rev().cloned().collect()))),
        "sort" => with_list(arguments, |items| match items.iter().all(is_settled) {
            true => {
                let mut texts = items.iter().map(text).collect::<Result<Vec<_>, _>>()?;
                texts.sort();
                Ok(Value::list(texts.into_iter().map(Value::text).collect()))
            }
            false => Ok(unsettled(items)),
        }),
        "coalesce" => coalesce(arguments, |value| value.is_null() || matches!(&value.kind, Kind::Text(text) if text.is_empty())),
        "coalescelist" => coalesce(arguments, |value| match &value.kind {
            Kind::Null => true,
            Kind::List(items) => items.is_empty(),
            _ => false,
        }),
        "keys" => with_map(arguments, |map| Ok(Value::list(map.keys().map(|key| Value::new(Kind::Text(key.clone()))).collect()))),
        "values" => with_map(arguments, |map| Ok(Value::list(map.values().cloned().collect()))),
        "lookup" => lookup(arguments),
        "element" => element(project, arguments),
        "index" => index(arguments),
        "contains" => contains(arguments),
        "one" => with_list(arguments, |items| match items {
            [] => Ok(Value::null()),
            [one] => Ok(one.clone()),
            _ => Err(refused("`one` of several")),
        }),
        "slice" => slice(arguments),
        "range" => range(arguments),
        "zipmap" => zipmap(arguments),
        "chunklist" | "matchkeys" | "transpose" => return None,
        "setunion" => sets(arguments, |one, other| [one, other].concat()),
        "setintersection" => sets(arguments, |one, other| keep(one, &other, true)),
        "setsubtract" => sets(arguments, |one, other| keep(one, &other, false)),
        "setproduct" => product(project, arguments),
        "alltrue" => with_list(arguments, |items| all(items, false)),
        "anytrue" => with_list(arguments, |items| all(items, true)),
        "min" => numbers(arguments, |one, other| one.min(other)),
        "max" => numbers(arguments, |one, other| one.max(other)),
        "sum" => with_list(arguments, |items| numbers(items, |one, other| one + other)),
        "abs" => number(arguments, f64::abs),
        "ceil" => number(arguments, f64::ceil),
        "floor" => number(arguments, f64::floor),
        "signum" => number(arguments, |number| if number == 0.0 { 0.0 } else { number.signum() }),
        "pow" => numbers(arguments, f64::powf),
        "parseint" => match arguments {
            [text, base] if base.to_number().is_ok_and(|base| base == Some(10.0)) => match text.to_number() {
                Ok(Some(number)) => Ok(Value::number(number)),
                Ok(None) => Ok(Value::unknown(text.open_gap())),
                Err(gap) => Err(gap),
            },
            _ => return None,
        },
        _ => return None,
    };
    Some(outcome)
}

fn refused(what: &str) -> Box<Gap> {
    Box::new(wrong(what))
}

fn text(value: &Value) -> Result<String, Box<Gap>> {
    value.as_text()?.map_err(|value| Box::new(value.open_gap()))
}

/// Whether a value has no part that is open, so that it can be told from others.
fn is_settled(value: &Value) -> bool {
    match &value.kind {
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) => true,
        Kind::List(items) => items.iter().all(is_settled),
        Kind::Map(map) => map.values().all(is_settled),
        Kind::Identity(identity) => matches!(identity.text, Some(Kind::Text(_))),
        _ => false,
    }
}

/// What is not known because one of these is not.
fn unsettled(items: &[Value]) -> Value {
    let open = items.iter().find(|item| !is_settled(item));
    open.map_or_else(Value::null, |item| match &item.kind {
        Kind::Unknown(of) if of.is_secret => item.clone(),
        _ => Value::unknown(item.doubt().unwrap_or_else(|| item.open_gap())),
    })
}

fn distinct(items: &[Value]) -> Vec<Value> {
    let mut kept: Vec<Value> = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for item in items {
        let is_new = match &item.kind {
            Kind::Text(text) => seen.insert(text.clone()),
            _ => !kept.iter().any(|known| known.equals(item) == Some(true)),
        };
        if is_new {
            kept.push(item.clone());
        }
    }
    kept
}

/// Whether a list holds more than are held against one another. Texts are told apart at once.
fn is_too_many(list: &Value) -> bool {
    matches!(&list.kind, Kind::List(items) if items.len() > 4_096 && items.iter().any(|item| !matches!(item.kind, Kind::Text(_))))
}

/// A set: sorted, each once.
pub(super) fn set(items: Vec<Value>) -> Value {
    // Which of those that are open are the same is not known, and so is how many there are.
    if !items.iter().all(is_settled) && items.len() > 1 {
        return unsettled(&items);
    }
    let items = Value::list(items);
    if is_too_many(&items) {
        return Value::unknown(beyond("a collection with too many elements"));
    }
    let mut kept = items.elements().map(|items| distinct(&items)).unwrap_or_default();
    kept.sort_by(|one, other| match (&one.kind, &other.kind) {
        (Kind::Text(one), Kind::Text(other)) => one.cmp(other),
        (Kind::Number(one), Kind::Number(other)) => one.total_cmp(other),
        _ => std::cmp::Ordering::Equal,
    });
    Value::list(kept).being_set(true)
}

fn with_list(arguments: &[Value], work: impl FnOnce(&[Value]) -> Outcome) -> Outcome {
    match arguments {
        [one] => match &one.kind {
            Kind::List(items) => work(items),
            Kind::Map(map) => work(&map.values().cloned().collect::<Vec<_>>()),
            Kind::Unknown(_) => Ok(one.clone()),
            Kind::Instance(_) => Ok(Value::unknown(one.open_gap())),
            _ => Err(refused("a function of a list, of something that is none")),
        },
        [] => Err(refused("a function without arguments")),
        _ => Err(refused("a function with too many arguments")),
    }
}

fn with_map(arguments: &[Value], work: impl FnOnce(&BTreeMap<Rc<str>, Value>) -> Outcome) -> Outcome {
    match arguments.first().map(|one| (&one.kind, one)) {
        Some((Kind::Map(map), _)) => work(map),
        Some((Kind::Unknown(_), one)) => Ok(one.clone()),
        Some((Kind::Instance(_), one)) => Ok(Value::unknown(one.open_gap())),
        _ => Err(refused("a function of a map, of something that is none")),
    }
}

fn length(arguments: &[Value]) -> Outcome {
    match arguments {
        [one] => match &one.kind {
            Kind::List(items) => Ok(Value::number(items.len() as f64)),
            Kind::Map(map) => Ok(Value::number(map.len() as f64)),
            Kind::Text(text) => Ok(Value::number(text.chars().count() as f64)),
            Kind::Unknown(_) => Ok(one.clone()),
            Kind::Open(_) | Kind::Identity(_) | Kind::Instance(_) => Ok(Value::unknown(one.open_gap())),
            _ => Err(refused("`length` of something that has none")),
        },
        _ => Err(refused("`length` of something else than one value")),
    }
}

fn merge(arguments: &[Value]) -> Outcome {
    let mut map = BTreeMap::new();
    for one in arguments {
        match &one.kind {
            Kind::Map(other) => map.extend(other.iter().map(|(key, value)| (key.clone(), value.clone()))),
            Kind::Null => {}
            Kind::Unknown(_) => return Ok(one.clone()),
            Kind::Instance(_) => return Ok(Value::unknown(one.open_gap())),
            _ => return Err(refused("`merge` of something that is no map")),
        }
    }
    Ok(Value::map(map))
}

fn concat(arguments: &[Value]) -> Outcome {
    let mut list = Vec::new();
    for one in arguments {
        match &one.kind {
            Kind::List(items) => list.extend(items.iter().cloned()),
            Kind::Unknown(_) => return Ok(one.clone()),
            _ => return Err(refused("`concat` of something that is no list")),
        }
        few(list.len())?;
    }
    Ok(Value::list(list))
}

fn flatten(items: &[Value]) -> Outcome {
    fn into(items: &[Value], out: &mut Vec<Value>, deeper: usize) -> Result<Option<Value>, Box<Gap>> {
        for item in items {
            match &item.kind {
                Kind::List(inner) if deeper > 0 => {
                    if let Some(unknown) = into(inner, out, deeper - 1)? {
                        return Ok(Some(unknown));
                    }
                }
                // It may be a list itself.
                Kind::Unknown(_) => return Ok(Some(item.clone())),
                _ => out.push(item.clone()),
            }
            few(out.len())?;
        }
        Ok(None)
    }
    let mut out = Vec::new();
    Ok(into(items, &mut out, 64)?.unwrap_or_else(|| Value::list(out)))
}

fn compact(items: &[Value]) -> Outcome {
    let mut kept = Vec::new();
    for item in items {
        match &item.kind {
            Kind::Null => {}
            Kind::Text(text) if text.is_empty() => {}
            Kind::Unknown(_) => return Ok(item.clone()),
            // Text of which nothing is known may be empty.
            Kind::Open(open) if open.text.starts_with('⟨') && open.text.ends_with('⟩') => {
                return Ok(Value::unknown(open.gap.clone()));
            }
            _ => kept.push(item.clone()),
        }
    }
    Ok(Value::list(kept))
}

fn coalesce(arguments: &[Value], is_left_out: impl Fn(&Value) -> bool) -> Outcome {
    for one in arguments {
        match &one.kind {
            Kind::Unknown(of) if of.is_secret => return Ok(one.clone()),
            // What is open may be null.
            Kind::Unknown(of) => return Ok(Value::unknown(of.gap.clone())),
            Kind::Open(open) if open.text.starts_with('⟨') && open.text.ends_with('⟩') => {
                return Ok(Value::unknown(open.gap.clone()));
            }
            _ if is_left_out(one) => {}
            _ => return Ok(one.clone()),
        }
    }
    Err(refused("`coalesce` of nothing"))
}

fn lookup(arguments: &[Value]) -> Outcome {
    let (Some(map), Some(key)) = (arguments.first(), arguments.get(1)) else { return Err(refused("`lookup` of too little")) };
    match (&map.kind, &key.kind) {
        (Kind::Map(of), Kind::Text(key)) => match (of.get(key), arguments.get(2)) {
            (Some(value), _) => Ok(value.clone()),
            (None, Some(default)) => Ok(default.clone()),
            (None, None) => Err(refused("`lookup` of a key that is not there")),
        },
        (Kind::Map(_), Kind::Number(_) | Kind::Bool(_)) => {
            let key = Value::text(text(key)?);
            lookup(&[vec![map.clone(), key], arguments.get(2..).unwrap_or_default().to_vec()].concat())
        }
        (Kind::Unknown(_), _) => Ok(match &map.kind {
            // Whether the key is there is open too.
            Kind::Unknown(of) if !of.is_secret => Value::unknown(of.gap.clone()),
            _ => map.clone(),
        }),
        (Kind::Map(_) | Kind::Instance(_), _) => Ok(Value::unknown(key.doubt().unwrap_or_else(|| key.open_gap()))),
        _ => Err(refused("`lookup` in something that is no map")),
    }
}

fn element(project: &Project<'_>, arguments: &[Value]) -> Outcome {
    let [list, index] = arguments else { return Err(refused("`element` of something else than a list and a number")) };
    match (&list.kind, index.to_number()?) {
        (Kind::List(items), Some(number)) if !items.is_empty() && number.fract() == 0.0 => {
            let at = number.rem_euclid(items.len() as f64);
            project.index(list, &Value::number(at))
        }
        (Kind::List(items), None) if !items.is_empty() => project.index(list, index),
        (Kind::Unknown(_), _) => Ok(list.clone()),
        _ => Err(refused("`element` of an empty list")),
    }
}

fn index(arguments: &[Value]) -> Outcome {
    let [list, value] = arguments else { return Err(refused("`index` of something else than a list and a value")) };
    let Kind::List(items) = &list.kind else {
        return if list.gap().is_some() { Ok(list.clone()) } else { Err(refused("`index` of something that is no list")) };
    };
    for (at, item) in items.iter().enumerate() {
        match item.equals(value) {
            Some(true) => return Ok(Value::number(at as f64)),
            Some(false) => {}
            None => return Ok(Value::unknown(item.doubt().unwrap_or_else(|| value.open_gap()))),
        }
    }
    Err(refused("`index` of a value that is not there"))
}

fn contains(arguments: &[Value]) -> Outcome {
    let [list, value] = arguments else { return Err(refused("`contains` of something else than a list and a value")) };
    match &list.kind {
        Kind::List(items) => {
            let found: Vec<Option<bool>> = items.iter().map(|item| item.equals(value)).collect();
            if found.contains(&Some(true)) {
                return Ok(Value::bool(true));
            }
            Ok(match found.iter().position(Option::is_none) {
                None => Value::bool(false),
                Some(at) => {
                    let item = items.get(at).filter(|item| !is_settled(item)).unwrap_or(value);
                    Value::unknown(item.doubt().unwrap_or_else(|| item.open_gap()))
                }
            })
        }
        Kind::Unknown(_) => Ok(list.clone()),
        _ => Err(refused("`contains` of something that is no list")),
    }
}

fn slice(arguments: &[Value]) -> Outcome {
    let [list, from, to] = arguments else { return Err(refused("`slice` of something else than a list and two numbers")) };
    match (&list.kind, from.to_number()?, to.to_number()?) {
        (Kind::List(items), Some(from), Some(to)) if from >= 0.0 && from <= to => items
            .get(from as usize..to as usize)
            .map(|part| Value::list(part.to_vec()))
            .ok_or_else(|| refused("`slice` beyond the list")),
        (Kind::List(_), Some(_), Some(_)) => Err(refused("`slice` beyond the list")),
        (Kind::Unknown(_), _, _) => Ok(list.clone()),
        _ => Ok(unsettled(&[from.clone(), to.clone()])),
    }
}

fn range(arguments: &[Value]) -> Outcome {
    let mut given = Vec::new();
    for one in arguments {
        match one.to_number()? {
            Some(number) => given.push(number),
            None => return Ok(Value::unknown(one.open_gap())),
        }
    }
    let (from, to, step) = match given.as_slice() {
        [to] => (0.0, *to, if *to < 0.0 { -1.0 } else { 1.0 }),
        [from, to] => (*from, *to, if to < from { -1.0 } else { 1.0 }),
        [from, to, step] => (*from, *to, *step),
        _ => return Err(refused("`range` of something else than one to three numbers")),
    };
    let count = ((to - from) / step).ceil();
    if step == 0.0 || !count.is_finite() {
        return Err(refused("`range` without end"));
    }
    // Terraform makes no more either.
    if count > 1024.0 {
        return Err(refused("`range` of more than 1024 numbers"));
    }
    Ok(Value::list((0..count.max(0.0) as usize).map(|at| Value::number(from + step * at as f64)).collect()))
}

fn zipmap(arguments: &[Value]) -> Outcome {
    let [keys, values] = arguments else { return Err(refused("`zipmap` of something else than two lists")) };
    match (&keys.kind, &values.kind) {
        (Kind::List(names), Kind::List(items)) if names.len() == items.len() => {
            let mut map = BTreeMap::new();
            for (name, item) in names.iter().zip(items.iter()) {
                match &name.kind {
                    Kind::Text(name) => drop(map.insert(name.clone(), item.clone())),
                    _ => return Ok(Value::unknown(name.doubt().unwrap_or_else(|| name.open_gap()))),
                }
            }
            Ok(Value::map(map))
        }
        (Kind::Unknown(_), _) => Ok(keys.clone()),
        (_, Kind::Unknown(_)) => Ok(values.clone()),
        _ => Err(refused("`zipmap` of lists of two lengths")),
    }
}

fn sets(arguments: &[Value], join: impl Fn(Vec<Value>, Vec<Value>) -> Vec<Value>) -> Outcome {
    let mut all: Option<Vec<Value>> = None;
    for one in arguments {
        let items = match &one.kind {
            Kind::List(items) if items.iter().all(is_settled) => items.to_vec(),
            Kind::List(items) => return Ok(unsettled(items)),
            Kind::Unknown(_) => return Ok(one.clone()),
            _ => return Err(refused("a function of sets, of something that is none")),
        };
        few(items.len())?;
        few(all.as_ref().map_or(0, Vec::len).saturating_mul(items.len()) / 64)?;
        all = Some(match all {
            Some(before) => join(before, items),
            None => items,
        });
    }
    Ok(set(all.unwrap_or_default()))
}

fn keep(items: Vec<Value>, other: &[Value], is_in: bool) -> Vec<Value> {
    items.into_iter().filter(|item| other.iter().any(|known| known.equals(item) == Some(true)) == is_in).collect()
}

fn product(project: &Project<'_>, arguments: &[Value]) -> Outcome {
    let mut all: Vec<Vec<Value>> = vec![Vec::new()];
    for one in arguments {
        let items = match one.elements() {
            Ok(items) if one.gap().is_none() => items,
            Ok(_) => return Ok(one.clone()),
            Err(unknown) if unknown.gap().is_some() => return Ok(unknown),
            Err(_) => return Err(refused("`setproduct` of something that is no list")),
        };
        few(all.len().saturating_mul(items.len()))?;
        project.spend(all.len().saturating_mul(items.len()).saturating_mul(arguments.len()))?;
        all = all.iter().flat_map(|before| items.iter().map(|item| [before.clone(), vec![item.clone()]].concat())).collect();
    }
    Ok(Value::list(all.into_iter().map(Value::list).collect()))
}

fn all(items: &[Value], decides: bool) -> Outcome {
    let mut open = None;
    for item in items {
        match item.truth()? {
            Ok(truth) if truth == decides => return Ok(Value::bool(decides)),
            Ok(_) => {}
            Err(gap) => drop(open.get_or_insert(gap)),
        }
    }
    Ok(open.map_or_else(|| Value::bool(!decides), Value::unknown))
}

fn numbers(arguments: &[Value], join: impl Fn(f64, f64) -> f64) -> Outcome {
    let mut all = None;
    for one in arguments {
        match one.to_number()? {
            Some(number) => all = Some(all.map_or(number, |before| join(before, number))),
            None => return Ok(Value::unknown(one.open_gap())),
        }
    }
    match all {
        Some(number) if number.is_finite() => Ok(Value::number(number)),
        _ => Err(refused("a number of nothing")),
    }
}

fn number(arguments: &[Value], of: impl Fn(f64) -> f64) -> Outcome {
    let [one] = arguments else { return Err(refused("a function of one number, of something else")) };
    Ok(one.to_number()?.map_or_else(|| Value::unknown(one.open_gap()), |number| Value::number(of(number))))
}
