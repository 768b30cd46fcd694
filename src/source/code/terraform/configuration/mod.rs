//! Terraform's configuration as it is written: `.tf` and `.tf.json`, without Terraform and without a plan.
//!
//! ```text
//! folders ──► modules ──► scopes (a module that is called) ──► instances ──► nodes ──► the same resources as of a plan
//! ```
//!
//! [`folder`] reads what each folder declares and where its calls lead, [`expressions`] works out what is written as far as it
//! is known, and [`read`] makes of each resource the tree of values that a plan would show. What stays open is unknown with its
//! reason: what nobody gave a value, what only a plan or an account tells. Nothing is fetched, no environment is looked at, and
//! no file outside of the modules that are read.

mod blocks;
mod collections;
mod documents;
mod encoding;
mod expand;
mod expressions;
mod folder;
mod functions;
mod home;
mod names;
mod parse;
mod read;
#[cfg(test)]
mod tests;
mod text;
mod types;
mod value;
mod variables;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use self::folder::{Declared, Module, Name};
use self::value::{Outcome, Value, beyond};
use super::address::{Key, Step};
use crate::inventory::{Basis, Gap, SourcePlace};
use crate::source::code::resource::OnlyIf;

pub use self::folder::{Files, shown};
pub use self::parse::MOST_BYTES;
pub use self::read::{Read, Root, is_root, read, sources};
pub use self::variables::{Given, GivenError};

/// Steps of working out that one configuration may take.
const MOST_WORK: usize = 4_000_000;

/// Modules that one configuration may call, each instance counted.
const MOST_SCOPES: usize = 5_000;

/// A configuration that is worked out.
struct Project<'a> {
    /// What stands for the configuration: its folder.
    file: String,
    files: &'a dyn Files,
    modules: &'a [Module<'a>],
    /// The number of each module by the calls that lead to it.
    calls: &'a BTreeMap<String, Result<usize, Gap>>,
    given: variables::Values<'a>,
    scopes: RefCell<Vec<Rc<Scope<'a>>>>,
    /// What was found amiss on the way.
    gaps: RefCell<BTreeSet<Gap>>,
    /// Variables that kept their defaults, and those without a value.
    assumed: RefCell<BTreeSet<String>>,
    missing: RefCell<BTreeSet<String>>,
    /// The names, and the names and ARNs, that resources have and that are open.
    names: RefCell<BTreeSet<String>>,
    open_names: RefCell<BTreeSet<String>>,
    work: Cell<usize>,
    depth: Cell<usize>,
}

impl<'a> Project<'a> {
    /// Takes so much work into account.
    fn spend(&self, work: usize) -> Result<(), Box<Gap>> {
        let spent = self.work.get().saturating_add(work);
        self.work.set(spent);
        if spent > MOST_WORK {
            let gap = beyond("more than is worked out of one configuration");
            self.gaps.borrow_mut().insert(Gap { message: format!("{}: it holds {}", self.file, gap.message), ..gap.clone() });
            return Err(Box::new(gap));
        }
        Ok(())
    }

    fn scope(&self, number: usize) -> Option<Rc<Scope<'a>>> {
        self.scopes.borrow().get(number).cloned()
    }
}

/// A module as it is called.
struct Scope<'a> {
    number: usize,
    module: &'a Module<'a>,
    /// The calls that lead to it.
    path: Vec<Step>,
    /// Their names: `a.b`.
    key: String,
    /// Who calls it, and how; nothing of the root.
    caller: Option<Caller<'a>>,
    /// Where resources of its providers are made, by `aws` or `aws.ALIAS`.
    homes: RefCell<BTreeMap<String, Rc<home::Provider>>>,
    /// How firmly it stands that it is made.
    basis: Basis,
    /// Why it may not be made, and what decides that.
    doubt: Option<OnlyIf>,
    /// The calls that lead to it, with their places.
    places: Vec<SourcePlace>,
    memo: RefCell<HashMap<(Of, String), Option<Outcome>>>,
    expanded: RefCell<HashMap<String, expand::Expanded>>,
    instances: RefCell<HashMap<String, Vec<Rc<Instance>>>>,
}

struct Caller<'a> {
    scope: usize,
    call: &'a Declared<'a>,
    each: Option<Each>,
}

/// What is worked out once in a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Of {
    Variable,
    Local,
    Output,
    Attribute,
    Document,
}

/// What an expression sees beside its module.
#[derive(Clone, Copy)]
struct Env<'e> {
    scope: usize,
    each: Option<&'e Each>,
    bound: Option<&'e Bound<'e>>,
}

impl Env<'_> {
    fn of(scope: usize) -> Self {
        Env { scope, each: None, bound: None }
    }
}

/// A name that a `for`, a `dynamic` block or a template binds.
struct Bound<'e> {
    name: &'e str,
    value: Value,
    outer: Option<&'e Bound<'e>>,
}

/// `each` or `count` of an instance.
#[derive(Clone, Debug)]
struct Each {
    key: Value,
    /// Absent where it is of `count`.
    value: Option<Value>,
}

/// An instance of a resource, or of a module.
#[derive(Debug)]
struct Instance {
    scope: usize,
    what: What,
    key: Option<Key>,
    each: Option<Each>,
    address: Rc<str>,
    /// Why it may not be made.
    doubt: Option<Gap>,
}

#[derive(Debug)]
enum What {
    Resource {
        is_data: bool,
        kind: String,
        name: String,
    },
    /// A block of a resource, by its number among those of its name.
    Block {
        of: Rc<Instance>,
        name: String,
        at: usize,
    },
    /// A module, by the number of its scope; why it was not read.
    Module(Result<usize, Gap>),
}

impl Instance {
    fn is_made(&self) -> bool {
        self.doubt.is_none()
    }

    fn name(&self) -> Option<Name<'_>> {
        match &self.what {
            What::Resource { is_data, kind, name } => Some((*is_data, kind, name)),
            What::Block { .. } | What::Module(_) => None,
        }
    }
}
