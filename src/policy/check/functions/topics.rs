//! Functions about topics: whom their policies let in.

use crate::inventory::noun::Opaque;
use crate::policy::check::evaluate::{Evaluated, Evaluator, impossible};
use crate::policy::check::value::{Value, Verdict};
use crate::policy::check::vocabulary::Type;
use crate::semantics::topic;

use super::{Entry, Function};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::policy::check) enum Question {
    IsLimited,
}

pub(super) fn table() -> Vec<Entry> {
    vec![Entry {
        function: Function::Topics(Question::IsLimited),
        name: "isLimited",
        receiver: Type::Record("topic"),
        arguments: Vec::new(),
        result: Type::Bool,
        doc: "Whether the topic's policy lets in neither the public nor CloudTrail on behalf of just any account.",
    }]
}

impl<'a> Evaluator<'a> {
    pub(super) fn about_topic(&mut self, question: Question, receiver: Value<'a>) -> Evaluated<Value<'a>> {
        let Question::IsLimited = question;
        let arn = match &receiver {
            Value::Record(record) => record.id,
            Value::Unknown(gaps) => return Ok(Value::unknown(gaps.clone())),
            _ => return impossible("a topic that is none"),
        };
        let policy = self.field(receiver, "policy")?;
        self.distribute(policy, |_, policy| match policy {
            Value::Null => Ok(Value::bool(true)),
            Value::Opaque(Opaque::PolicyDocument(policy)) => Ok(Value::Truth(Verdict::answered(topic::is_limited(policy, arn)))),
            Value::Unknown(gaps) => Ok(Value::unknown(gaps)),
            _ => impossible("a policy that is none"),
        })
    }
}
