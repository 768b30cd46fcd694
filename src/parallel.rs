//! One piece of work on each of many things, on every processor: the answers stand in the order of the things, so that nobody
//! sees how many processors there were. What the work is, nobody here knows.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Things that are taken at once, where there are many.
const TAKEN: usize = 64;

/// Processors that this process may use.
fn processors() -> usize {
    static PROCESSORS: OnceLock<usize> = OnceLock::new();
    *PROCESSORS.get_or_init(|| thread::available_parallelism().map_or(1, usize::from))
}

/// Does the work on each thing, here and on as many further threads as there are processors for.
pub(crate) fn map<'t, T: Sync, R: Send>(things: &'t [T], work: impl Fn(&'t T) -> R + Sync) -> Vec<R> {
    map_with(things, || (), |(), thing| work(thing))
}

/// The same with something that each worker has for itself, made by the worker.
pub(crate) fn map_with<'t, T: Sync, R: Send, S>(
    things: &'t [T],
    own: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, &'t T) -> R + Sync,
) -> Vec<R> {
    let workers = processors().min(things.len());
    if workers < 2 {
        let mut own = own();
        return things.iter().map(|thing| work(&mut own, thing)).collect();
    }
    let next = AtomicUsize::new(0);
    let taken = (things.len() / (workers * 8)).clamp(1, TAKEN);
    let share = || {
        let (mut own, mut done): (S, Vec<(usize, Vec<R>)>) = (own(), Vec::new());
        loop {
            let from = next.fetch_add(taken, Ordering::Relaxed);
            let Some(some) = things.get(from..things.len().min(from.saturating_add(taken))).filter(|some| !some.is_empty())
            else {
                return done;
            };
            done.push((from, some.iter().map(|thing| work(&mut own, thing)).collect()));
        }
    };
    let mut all = thread::scope(|scope| {
        let others: Vec<_> = (1..workers).filter_map(|_| thread::Builder::new().spawn_scoped(scope, share).ok()).collect();
        let mut all = share();
        for other in others {
            match other.join() {
                Ok(done) => all.extend(done),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    });
    all.sort_unstable_by_key(|(from, _)| *from);
    all.into_iter().flat_map(|(_, done)| done).collect()
}

/// The same on threads alone that have a stack of this many bytes; nothing where there is no memory for one.
pub(crate) fn map_deep<'t, T: Sync, R: Send>(things: &'t [T], stack: usize, work: impl Fn(&'t T) -> R + Sync) -> Option<Vec<R>> {
    let next = AtomicUsize::new(0);
    let share = || {
        let mut done = Vec::new();
        while let Some((at, thing)) = Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|at| Some((at, things.get(at)?))) {
            done.push((at, work(thing)));
        }
        done
    };
    let mut all = thread::scope(|scope| {
        let workers = (0..processors().min(things.len()))
            .filter_map(|_| thread::Builder::new().stack_size(stack).spawn_scoped(scope, share).ok())
            .collect::<Vec<_>>();
        let mut all = Vec::new();
        for worker in workers {
            match worker.join() {
                Ok(done) => all.extend(done),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    });
    all.sort_unstable_by_key(|(at, _)| *at);
    (all.len() == things.len()).then(|| all.into_iter().map(|(_, done)| done).collect())
}

#[cfg(test)]
mod tests {
    use super::{map, map_deep};

    #[test]
    fn answers_stand_in_the_order_of_the_things() {
        for count in [0, 1, 2, 63, 64, 65, 5_000] {
            let things: Vec<usize> = (0..count).collect();
            let twice: Vec<usize> = things.iter().map(|n| n * 2).collect();
            assert_eq!(map(&things, |n| n * 2), twice);
            assert_eq!(map_deep(&things, 1 << 20, |n| n * 2), Some(twice));
        }
    }

    #[test]
    fn a_panic_of_the_work_is_one_of_the_caller() {
        let things: Vec<usize> = (0..1_000).collect();
        let caught = std::panic::catch_unwind(|| map(&things, |n| assert_ne!(*n, 999)));
        assert!(caught.is_err());
    }
}
