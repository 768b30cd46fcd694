//! Asking, on behalf of the collectors: what is an answer, what is a gap, and what that says about the Region.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::{Mutex, OnceLock, PoisonError};

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::DateTime;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use futures_util::future::BoxFuture;
use jiff::Timestamp;

use crate::aws::{Answer, Operation, Refusal, Session};
use crate::inventory::{Fact, Gap, GapKind, Origin, Remedy};

/// What came of a call.
pub(super) type Heard<T> = Result<Answer<T>, Refusal>;

/// One call to make.
#[derive(Clone, Copy)]
pub(super) struct Ask<'a> {
    pub(super) operation: &'static Operation,
    pub(super) region: &'a str,
    /// What is asked about, in a few words.
    pub(super) about: &'a str,
    /// The account that owns it, where an ARN tells: a refusal from another account is that account's to mend.
    pub(super) owner: Option<&'a str>,
    /// Whether a refusal is as good as an answer, and says nothing about the Region.
    pub(super) is_probe: bool,
    /// Whether it is about what stands beside trails: a refusal says nothing about the Region, unless nobody may ask there.
    pub(super) is_beside: bool,
}

impl<'a> Ask<'a> {
    pub(super) fn new(operation: &'static Operation, region: &'a str, about: &'a str) -> Self {
        Ask { operation, region, about, owner: None, is_probe: false, is_beside: false }
    }

    pub(super) fn owned_by(self, owner: &'a str) -> Self {
        Ask { owner: Some(owner), ..self }
    }

    pub(super) fn probing(self) -> Self {
        Ask { is_probe: true, ..self }
    }

    pub(super) fn beside(self) -> Self {
        Ask { is_beside: true, ..self }
    }
}

/// A session, and what its calls told about Regions.
pub(super) struct Reader {
    pub(super) session: Session,
    pub(super) account: String,
    /// Region -> the gaps of calls there; empty where all were answered.
    regions: Mutex<BTreeMap<String, BTreeSet<Gap>>>,
    /// Regions that the account has not enabled: no credentials of it are good there.
    disabled: OnceLock<BTreeSet<String>>,
}

impl Reader {
    pub(super) fn new(session: Session, account: &str) -> Self {
        Reader { session, account: account.to_string(), regions: Mutex::default(), disabled: OnceLock::new() }
    }

    /// Says which Regions the account has not enabled. What is at home there, such as a trail that was left behind, cannot be
    /// asked about, and AWS would answer that the credentials are bad.
    pub(super) fn leave_out(&self, disabled: BTreeSet<String>) {
        self.disabled.get_or_init(|| disabled);
    }

    fn out_of_reach(&self, ask: Ask<'_>) -> Option<Refusal> {
        let Ask { operation, region, .. } = ask;
        self.disabled.get().filter(|disabled| disabled.contains(region))?;
        let account = &self.account;
        let message = format!(
            "{}:{} in {region}: account {account} has not enabled the Region, so that nothing can be asked there",
            operation.service, operation.name
        );
        let remedy = format!("enable {region} in account {account}, or replace what is there by something in an enabled Region");
        Some(Refusal::of(Gap::new(GapKind::Failed, message).with_remedy(Remedy::Do(remedy))))
    }

    /// Makes a call.
    pub(super) fn ask<'f, T, E>(
        &'f self,
        ask: Ask<'f>,
        request: impl Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send + 'f,
    ) -> BoxFuture<'f, Heard<T>>
    where
        T: Send + 'f,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        if let Some(refusal) = self.out_of_reach(ask) {
            return Box::pin(async move { Err(refusal) });
        }
        let call = self.session.call(ask.operation, ask.region, ask.about, request);
        Box::pin(async move {
            let heard = call.await.map_err(|refusal| self.attribute(ask, refusal));
            self.note(ask, heard.as_ref().err().map(|refusal| &*refusal.gap));
            heard
        })
    }

    /// Makes a call whose refusal with one of these codes means that there is none.
    pub(super) fn ask_or_none<'f, T, E>(
        &'f self,
        ask: Ask<'f>,
        none: &'f [&'f str],
        request: impl Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send + 'f,
    ) -> BoxFuture<'f, Heard<Option<T>>>
    where
        T: Send + 'f,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        if let Some(refusal) = self.out_of_reach(ask) {
            return Box::pin(async move { Err(refusal) });
        }
        let call = self.session.call(ask.operation, ask.region, ask.about, request);
        Box::pin(async move {
            let heard = match call.await {
                Ok(Answer { value, call }) => Ok(Answer { value: Some(value), call }),
                Err(refusal) => match (&refusal.code, &refusal.gap.call) {
                    (Some(code), Some(call)) if none.contains(&code.as_str()) => Ok(Answer { value: None, call: call.clone() }),
                    _ => Err(self.attribute(ask, refusal)),
                },
            };
            self.note(ask, heard.as_ref().err().map(|refusal| &*refusal.gap));
            heard
        })
    }

    /// A refusal about what another account owns is that account's to mend.
    fn attribute(&self, ask: Ask<'_>, mut refusal: Refusal) -> Refusal {
        if let Some(owner) = ask.owner.filter(|owner| *owner != self.account.as_str())
            && matches!(refusal.gap.kind, GapKind::Denied | GapKind::NotFound)
        {
            refusal.gap.kind = GapKind::OtherAccount;
            refusal.gap.remedy = Some(Remedy::ScanAccount { account: Some(owner.to_string()) });
        }
        refusal
    }

    fn note(&self, ask: Ask<'_>, gap: Option<&Gap>) {
        if ask.is_beside && gap.is_some_and(|gap| gap.kind != GapKind::BlockedByScp) {
            return;
        }
        let mut regions = self.regions.lock().unwrap_or_else(PoisonError::into_inner);
        let gaps = regions.entry(ask.region.to_string()).or_default();
        gaps.extend(gap.filter(|gap| !ask.is_probe && gap.kind != GapKind::OtherAccount).cloned());
    }

    /// Region -> the first gap of the calls there, in a stable order.
    pub(super) fn asked_regions(&self) -> BTreeMap<String, Option<Gap>> {
        let regions = self.regions.lock().unwrap_or_else(PoisonError::into_inner);
        regions.iter().map(|(region, gaps)| (region.clone(), gaps.first().cloned())).collect()
    }
}

/// A fact that every answer holds.
pub(super) fn fact<T, U>(heard: &Heard<T>, read: impl FnOnce(&T) -> U) -> Fact<U> {
    match heard {
        Ok(answer) => Fact::observed(read(&answer.value), answer.origin()),
        Err(refusal) => Fact::Unknown((*refusal.gap).clone()),
    }
}

/// A fact that an answer may hold in a form that this version does not understand.
pub(super) fn try_fact<T, U>(heard: &Heard<T>, read: impl FnOnce(&T) -> Result<U, String>) -> Fact<U> {
    match heard {
        Ok(answer) => match read(&answer.value) {
            Ok(value) => Fact::observed(value, answer.origin()),
            Err(why) => Fact::Unknown(not_understood(answer, &why)),
        },
        Err(refusal) => Fact::Unknown((*refusal.gap).clone()),
    }
}

/// A fact that the answer should state.
pub(super) fn stated<T, U>(heard: &Heard<T>, field: &str, read: impl FnOnce(&T) -> Option<U>) -> Fact<U> {
    try_fact(heard, |value| read(value).ok_or_else(|| format!("`{field}` is missing in the answer")))
}

pub(super) fn not_understood<T>(answer: &Answer<T>, why: &str) -> Gap {
    Gap::new(GapKind::NotUnderstood, format!("{why} (call {})", answer.call)).with_call(answer.call.clone())
}

/// A fact that follows from others.
pub(super) fn derived<T>(value: T) -> Fact<T> {
    Fact::observed(value, Origin::Derived)
}

/// Text, or nothing where it is empty.
pub(super) fn text(value: Option<&str>) -> Option<String> {
    value.filter(|v| !v.is_empty()).map(str::to_string)
}

/// # Errors
/// A time that no calendar holds.
pub(super) fn time(value: Option<&DateTime>) -> Result<Option<Timestamp>, String> {
    let Some(value) = value else { return Ok(None) };
    let nanos = i32::try_from(value.subsec_nanos()).map_err(|e| e.to_string())?;
    Timestamp::new(value.secs(), nanos).map(Some).map_err(|e| format!("a time out of range: {e}"))
}

/// The pages of a list, as far as it goes.
pub(super) struct Paged<P> {
    pub(super) pages: Vec<Answer<P>>,
    /// The refusal of the page after the last one read.
    pub(super) refusal: Option<Refusal>,
    /// The last page names itself as the next one.
    is_stuck: bool,
}

impl<P> Paged<P> {
    /// Why there may be more.
    pub(super) fn gap(&self) -> Option<Gap> {
        let stuck = || self.pages.last().filter(|_| self.is_stuck).map(|page| not_understood(page, STUCK));
        self.refusal.as_ref().map(|refusal| (*refusal.gap).clone()).or_else(stuck)
    }

    pub(super) fn origins(&self) -> Vec<Origin> {
        self.pages.iter().map(Answer::origin).collect()
    }
}

/// Asks page after page. `next` reads the token of the next page.
pub(super) async fn pages<'f, P>(
    ask: impl Fn(Option<String>) -> BoxFuture<'f, Heard<P>>,
    next: impl Fn(&P) -> Option<&str>,
) -> Paged<P> {
    let mut paged = Paged { pages: Vec::new(), refusal: None, is_stuck: false };
    let mut token = None;
    loop {
        match ask(token.clone()).await {
            Err(refusal) => {
                paged.refusal = Some(refusal);
                return paged;
            }
            Ok(page) => {
                let after = Next::after(token.as_deref(), next(&page.value));
                paged.pages.push(page);
                match after {
                    Next::More(next) => token = Some(next),
                    Next::Done => return paged,
                    Next::Stuck => {
                        paged.is_stuck = true;
                        return paged;
                    }
                }
            }
        }
    }
}

/// What a page says about the next one.
pub(super) enum Next {
    Done,
    More(String),
    /// The page names itself as the next: the rest cannot be had.
    Stuck,
}

impl Next {
    pub(super) fn after(current: Option<&str>, next: Option<&str>) -> Self {
        match next.filter(|next| !next.is_empty()) {
            None => Next::Done,
            Some(next) if current == Some(next) => Next::Stuck,
            Some(next) => Next::More(next.to_string()),
        }
    }
}

pub(super) const STUCK: &str = "a page names itself as the next one, so that there may be more";
