//! Less-known versions of an inventory: facts become unknown, listings lose items to an unread page.
//!
//! Whatever a policy says of the whole inventory, of a less-known one it may say the same or unknown, and nothing else.

use serde_json::{Value, json};

use crate::inventory::Inventory;

/// How many random subsets are tried beside every single fact, and beside all of them at once.
const RANDOM_SUBSETS: u64 = 40;

/// Less-known inventories, each with words for what is missing.
pub(super) fn variations(inventory: &Inventory) -> Vec<(String, Inventory)> {
    let Ok(whole) = serde_json::to_value(inventory) else { return Vec::new() };
    let mut places = Vec::new();
    for noun in [
        "accounts",
        "trails",
        "buckets",
        "keys",
        "log_groups",
        "alarms",
        "topics",
        "event_data_stores",
        "organizations",
        "changes",
    ] {
        if let Some(records) = whole.get(noun) {
            find(records, format!("/{noun}"), &mut places);
        }
    }
    let mut subsets: Vec<Vec<usize>> = (0..places.len()).map(|i| vec![i]).collect();
    for seed in 0..RANDOM_SUBSETS {
        let share = 1 + seed % 7;
        subsets.push((0..places.len()).filter(|i| mix(seed, *i as u64) % 8 < share).collect());
    }
    subsets.push((0..places.len()).collect());
    subsets
        .into_iter()
        .filter(|subset| !subset.is_empty())
        .filter_map(|subset| {
            let mut less = whole.clone();
            // Deepest first: a place inside a listing is gone once the listing lost its items.
            for place in subset.iter().rev() {
                places[*place].hide(&mut less);
            }
            let names: Vec<&str> = subset.iter().take(3).map(|i| places[*i].pointer.as_str()).collect();
            let more = subset.len().saturating_sub(3);
            let what = if more > 0 { format!("{} and {more} more", names.join(", ")) } else { names.join(", ") };
            serde_json::from_value(less).ok().map(|i| (what, i))
        })
        .collect()
}

struct Place {
    pointer: String,
    what: What,
}

enum What {
    Fact,
    /// Keep this many items, and say that there may be more.
    Listing(usize),
}

impl Place {
    fn hide(&self, inventory: &mut Value) {
        let gap = json!({"kind": "failed", "message": "left out to see what follows"});
        let Some(target) = inventory.pointer_mut(&self.pointer) else { return };
        match self.what {
            What::Fact => *target = json!({"unknown": gap}),
            What::Listing(kept) => {
                if let Some(items) = target.get_mut("items").and_then(Value::as_array_mut) {
                    items.truncate(kept);
                }
                target["gaps"] = json!([gap]);
            }
        }
    }
}

fn find(value: &Value, pointer: String, places: &mut Vec<Place>) {
    match value {
        Value::Object(map) if map.contains_key("known") => places.push(Place { pointer, what: What::Fact }),
        Value::Object(map) => {
            if let Some(Value::Array(items)) = map.get("items") {
                for kept in [items.len(), 0] {
                    places.push(Place { pointer: pointer.clone(), what: What::Listing(kept) });
                }
            }
            for (name, child) in map {
                find(child, format!("{pointer}/{name}"), places);
            }
        }
        Value::Array(items) => items.iter().enumerate().for_each(|(i, child)| find(child, format!("{pointer}/{i}"), places)),
        _ => {}
    }
}

/// Spreads the bits, so that neighbouring numbers are not alike.
fn mix(seed: u64, i: u64) -> u64 {
    let mut x = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(i.wrapping_mul(0xD1B5_4A32_D192_ED03)).wrapping_add(1);
    x ^= x >> 31;
    x = x.wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x ^ (x >> 29)
}
