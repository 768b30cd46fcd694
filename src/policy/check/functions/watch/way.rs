//! A way from a trail or an event bus to people: in words, and as reports draw it.
//!
//! Nothing here decides whether anybody is told.

use crate::finding::{Chain, ChainEnd, ChainLink};

/// The links from the first to here.
#[derive(Clone)]
pub(super) struct Way(Vec<ChainLink>);

/// Where a way ends early.
#[derive(Clone)]
pub(super) struct Break {
    way: Way,
    /// The link at which nothing comes further.
    at: usize,
    end: End,
}

#[derive(Clone)]
enum End {
    /// Why the last link tells nobody.
    Because(String),
    /// What the last link leads to, and why that tells nobody.
    Into(String),
}

impl Way {
    pub(super) fn from(kind: &str, name: impl Into<String>) -> Self {
        Way(Vec::new()).to(kind, name)
    }

    #[must_use]
    pub(super) fn to(&self, kind: &str, name: impl Into<String>) -> Self {
        let link = ChainLink { kind: kind.into(), name: name.into() };
        Way(self.0.iter().cloned().chain([link]).collect())
    }

    /// On to what is named by what it is and its name, `function alert`.
    #[must_use]
    pub(super) fn to_named(&self, words: &str) -> Self {
        let (kind, name) = words.rsplit_once(' ').unwrap_or(("", words));
        self.to(kind, name)
    }

    #[must_use]
    pub(super) fn then(&self, further: Way) -> Self {
        Way(self.0.iter().cloned().chain(further.0).collect())
    }

    /// `trail main -> log group /cloudtrail -> filter stop`.
    pub(super) fn words(&self) -> String {
        let links: Vec<String> = self.0.iter().map(|link| format!("{} {}", link.kind, link.name).trim().to_string()).collect();
        links.join(" -> ")
    }

    /// It tells nobody because of its last link.
    pub(super) fn because(&self, why: impl Into<String>) -> Break {
        self.breaks(self.0.len().saturating_sub(1), End::Because(why.into()))
    }

    /// Nothing comes to it because of its first link.
    pub(super) fn cut_at_the_start(&self, why: impl Into<String>) -> Break {
        self.breaks(0, End::Because(why.into()))
    }

    /// It leads on to something that tells nobody.
    pub(super) fn leads_to(&self, words: impl Into<String>) -> Break {
        self.breaks(self.0.len().saturating_sub(1), End::Into(words.into()))
    }

    fn breaks(&self, at: usize, end: End) -> Break {
        Break { way: self.clone(), at, end }
    }

    pub(super) fn drawn(&self, end: ChainEnd) -> Chain {
        Chain { links: self.0.clone(), end, at: None, why: None }
    }
}

impl Break {
    /// The same further on, behind these links.
    #[must_use]
    pub(super) fn behind(&self, way: &Way) -> Self {
        Break { way: way.then(self.way.clone()), at: way.0.len() + self.at, end: self.end.clone() }
    }

    pub(super) fn words(&self) -> String {
        match &self.end {
            End::Because(why) => format!("{}: {why}", self.way.words()),
            End::Into(words) => format!("{} -> {words}", self.way.words()),
        }
    }

    pub(super) fn drawn(&self, end: ChainEnd) -> Chain {
        let (End::Because(why) | End::Into(why)) = &self.end;
        Chain { at: Some(self.at), why: Some(why.clone()), ..self.way.drawn(end) }
    }
}

/// Each chain once, and those that differ in their Region alone together.
pub(in crate::policy::check) fn folded(chains: Vec<Chain>) -> Vec<Chain> {
    let mut folded: Vec<(Chain, Vec<String>)> = Vec::new();
    for chain in chains {
        let region = chain.links.first().filter(|link| link.kind == "event bus of").map(|link| link.name.clone());
        let alike = |known: &Chain| {
            let (Some(a), Some(b)) = (known.links.first(), chain.links.first()) else { return false };
            a.kind == b.kind
                && known.links[1..] == chain.links[1..]
                && (known.end, known.at, &known.why) == (chain.end, chain.at, &chain.why)
                && (region.is_some() || a.name == b.name)
        };
        match folded.iter_mut().find(|(known, _)| alike(known)) {
            Some((_, regions)) => regions.extend(region.filter(|r| !regions.contains(r))),
            None => folded.push((chain, region.into_iter().collect())),
        }
    }
    let named = folded.into_iter().map(|(mut chain, regions)| {
        if let (true, Some(first)) = (regions.len() > 1, chain.links.first_mut()) {
            first.name = super::some(&regions);
        }
        chain
    });
    named.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_that_do_the_same_are_drawn_together() {
        let rule = |region: &str, name: &str| Way::from("event bus of", region).to("rule", name);
        let chains = vec![
            rule("eu-west-1", "watch").drawn(ChainEnd::Told),
            rule("us-east-1", "watch").drawn(ChainEnd::Told),
            rule("us-east-1", "watch").drawn(ChainEnd::Told),
            rule("ap-south-1", "watch").because("the rule is disabled").drawn(ChainEnd::Broken),
        ];
        let folded = folded(chains);
        let names: Vec<&str> = folded.iter().map(|chain| chain.links[0].name.as_str()).collect();
        assert_eq!(names, ["eu-west-1 and us-east-1", "ap-south-1"]);
        assert_eq!((folded[1].at, folded[1].why.as_deref()), (Some(1), Some("the rule is disabled")));
    }

    #[test]
    fn a_break_behind_a_way_is_at_its_own_link() {
        let way = Way::from("trail", "main").to("log group", "/main");
        let broken = Way::from("alarm", "a").because("it has no action").behind(&way);
        assert_eq!(broken.words(), "trail main -> log group /main -> alarm a: it has no action");
        assert_eq!(broken.drawn(ChainEnd::Broken).at, Some(2));
        let nowhere = way.leads_to("topic t has no confirmed subscription");
        assert_eq!(nowhere.words(), "trail main -> log group /main -> topic t has no confirmed subscription");
        let on = way.to_named("state machine alert");
        assert_eq!(on.words(), "trail main -> log group /main -> state machine alert");
    }
}
