//! The functions of a template, short and long form as one.

/// An intrinsic function.
/// Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html>.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Ref,
    GetAtt,
    Sub,
    Join,
    If,
    FindInMap,
    Select,
    Split,
    ImportValue,
    Condition,
    And,
    Or,
    Not,
    Equals,
    /// One whose value is not worked out, by its name.
    Other(String),
}

impl Function {
    /// By the tag of the short form, without its `!`.
    pub(super) fn short(tag: &str) -> Self {
        match tag {
            "Ref" => Function::Ref,
            "Condition" => Function::Condition,
            other => Function::called(other),
        }
    }

    /// By the one key of a map with the argument. `Condition` is one only with a name: a policy has such an element too.
    pub(super) fn long(key: &str, argument_is_text: bool) -> Option<Self> {
        match key {
            "Ref" => Some(Function::Ref),
            "Condition" if argument_is_text => Some(Function::Condition),
            _ => key.strip_prefix("Fn::").map(Function::called),
        }
    }

    fn called(name: &str) -> Self {
        match name {
            "GetAtt" => Function::GetAtt,
            "Sub" => Function::Sub,
            "Join" => Function::Join,
            "If" => Function::If,
            "FindInMap" => Function::FindInMap,
            "Select" => Function::Select,
            "Split" => Function::Split,
            "ImportValue" => Function::ImportValue,
            "And" => Function::And,
            "Or" => Function::Or,
            "Not" => Function::Not,
            "Equals" => Function::Equals,
            other => Function::Other(format!("Fn::{other}")),
        }
    }

    pub(super) fn name(&self) -> &str {
        match self {
            Function::Ref => "Ref",
            Function::GetAtt => "Fn::GetAtt",
            Function::Sub => "Fn::Sub",
            Function::Join => "Fn::Join",
            Function::If => "Fn::If",
            Function::FindInMap => "Fn::FindInMap",
            Function::Select => "Fn::Select",
            Function::Split => "Fn::Split",
            Function::ImportValue => "Fn::ImportValue",
            Function::Condition => "Condition",
            Function::And => "Fn::And",
            Function::Or => "Fn::Or",
            Function::Not => "Fn::Not",
            Function::Equals => "Fn::Equals",
            Function::Other(name) => name,
        }
    }
}
