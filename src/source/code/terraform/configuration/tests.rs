//! What expressions come to, and what they never come to.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::folder::load;
use super::read::prepared;
use super::value::{Kind, Value};
use super::*;

type Memory = BTreeMap<PathBuf, Vec<u8>>;

fn files(all: &[(&str, &str)]) -> Memory {
    all.iter().map(|(path, text)| (PathBuf::from(path), text.as_bytes().to_vec())).collect()
}

/// A value as JSON; `?` and why where it is unknown, `!` and why where it is wrong.
fn shown(outcome: Outcome) -> String {
    fn one(value: &Value) -> String {
        match &value.kind {
            Kind::Unknown(unknown) if unknown.is_secret => "?secret".into(),
            Kind::Unknown(unknown) => format!("?{}", unknown.gap.message),
            Kind::Open(open) => format!("~{}", open.text),
            Kind::Identity(identity) => format!("@{}.{}", identity.addresses.join("|"), identity.attribute),
            Kind::Instance(instance) => format!("@{}", instance.address),
            Kind::List(items) => format!("[{}]", items.iter().map(one).collect::<Vec<_>>().join(",")),
            Kind::Map(map) => {
                format!("{{{}}}", map.iter().map(|(key, value)| format!("{key}:{}", one(value))).collect::<Vec<_>>().join(","))
            }
            Kind::Null => "null".into(),
            Kind::Bool(truth) => truth.to_string(),
            Kind::Number(number) => super::value::digits(*number),
            Kind::Text(text) => format!("{:?}", &**text),
        }
    }
    match outcome {
        Ok(value) => one(&value),
        Err(gap) => format!("!{}", gap.message),
    }
}

fn in_files(all: &Memory, given: &Given, expression: &str) -> String {
    let work = || {
        let root = Root { folder: PathBuf::new(), within: PathBuf::new() };
        let loaded = load(all, Path::new(""), Path::new("")).unwrap();
        let expression = super::parse::expression(expression).unwrap();
        prepared(all, &root, given, &loaded, |project, _| shown(project.eval(&Env::of(0), &expression)))
    };
    std::thread::scope(|scope| {
        std::thread::Builder::new().stack_size(64 << 20).spawn_scoped(scope, work).unwrap().join().unwrap()
    })
}

const COMMON: &str = r#"
variable "open" {}
variable "text" { default = "x" }
variable "secret" {
  default   = "s3cr3t"
  sensitive = true
}
variable "shape" {
  type = object({ a = string, b = optional(number, 7), c = optional(list(string), ["d"]), e = optional(string) })
  default = { a = 1 }
}
variable "flag" {
  type    = bool
  default = "true"
}
resource "aws_s3_bucket" "one" { bucket = "named" }
resource "aws_s3_bucket" "none" { count = 0 }
resource "aws_s3_bucket" "two" { count = 2 }
resource "aws_s3_bucket" "some" {
  for_each = toset(["b", "a"])
  bucket   = "n-${each.key}"
}
resource "aws_s3_bucket" "maybe" { count = var.open ? 1 : 0 }
resource "aws_kms_key" "k" {}
resource "aws_cloudwatch_log_metric_filter" "f" {
  name = "f"
  metric_transformation {
    name      = "Changes"
    namespace = "ns-${var.text}"
  }
}
data "aws_caller_identity" "me" {}
data "aws_ssm_parameter" "p" { name = "/x" }
locals {
  loop  = "${local.pool}"
  pool  = local.loop
  list  = ["a", "b"]
  map   = { a = 1, b = { c = 2 } }
}
"#;

fn value(expression: &str) -> String {
    in_files(&files(&[("main.tf", COMMON)]), &Given::default(), expression)
}

#[test]
fn what_is_known_is_worked_out() {
    for (expression, wanted) in [
        ("1 + 2 * 3 - 4 / 2", "5"),
        ("7 % 4 >= 3 && !(1 == 2)", "true"),
        ("\"1\" == 1", "false"),
        ("true ? \"a\" : \"b\"", "\"a\""),
        ("\"${var.text}-${1 + 1}-${true}\"", "\"x-2-true\""),
        ("\"a%{ if var.flag }b%{ else }c%{ endif }d\"", "\"abd\""),
        ("\"%{ for x in local.list ~} ${x} %{ endfor }.\"", "\"a b .\""),
        ("\"$${x} %%{y}\"", "\"${x} %{y}\""),
        ("[for i, v in local.list : \"${i}${v}\" if v != \"b\"]", "[\"0a\"]"),
        ("{ for k, v in { x = 1, y = 2 } : upper(k) => v * 2 }", "{X:2,Y:4}"),
        ("{ for s in [\"ab\", \"ac\", \"b\"] : substr(s, 0, 1) => s... }", "{a:[\"ab\",\"ac\"],b:[\"b\"]}"),
        ("local.map.b[\"c\"]", "2"),
        ("[{ a = 1 }, { a = 2 }][*].a", "[1,2]"),
        ("[{ a = [3] }].*.a[0]", "[3]"),
        ("null[*]", "[]"),
        ("var.text[*]", "[\"x\"]"),
        ("var.shape", "{a:\"1\",b:7,c:[\"d\"],e:null}"),
        ("var.flag", "true"),
        ("try(local.map.z, local.map.a)", "1"),
        ("can(local.map.z)", "false"),
        ("lookup(local.map, \"z\", \"d\")", "\"d\""),
        ("merge({ a = 1 }, null, { a = 2, b = 3 })", "{a:2,b:3}"),
        ("concat([1], [2, 3])", "[1,2,3]"),
        ("compact([\"a\", \"\", null])", "[\"a\"]"),
        ("flatten([[1, [2]], 3])", "[1,2,3]"),
        ("distinct([\"b\", \"a\", \"b\"])", "[\"b\",\"a\"]"),
        ("coalesce(null, \"\", \"c\")", "\"c\""),
        ("coalescelist([], [1])", "[1]"),
        ("length(\"äö\") + length([1]) + length({ a = 1 })", "4"),
        ("keys(local.map)", "[\"a\",\"b\"]"),
        ("element([1, 2, 3], 4)", "2"),
        ("contains(local.list, \"b\")", "true"),
        ("one([])", "null"),
        ("toset([\"b\", \"a\", \"b\"])", "[\"a\",\"b\"]"),
        ("tonumber(\"4\") + 1", "5"),
        ("tobool(\"false\")", "false"),
        ("format(\"%s-%03d-%.1f-%q-%v%%\", \"a\", 7, 1.25, \"b\", [1])", "\"a-007-1.2-\\\"b\\\"-[1]%\""),
        ("formatlist(\"%s/%s\", [\"a\", \"b\"], \"c\")", "[\"a/c\",\"b/c\"]"),
        ("join(\",\", split(\"-\", \"a-b\"))", "\"a,b\""),
        ("replace(\"a.b\", \".\", \"-\")", "\"a-b\""),
        ("replace(\"a1b22\", \"/[0-9]+/\", \"#\")", "\"a#b#\""),
        ("regex(\"([a-z]+)([0-9]+)\", \"ab12\")", "[\"ab\",\"12\"]"),
        ("regexall(\"[0-9]\", \"a1b2\")", "[\"1\",\"2\"]"),
        ("title(lower(\"ABC DEF\"))", "\"Abc Def\""),
        ("trimspace(\" a \")", "\"a\""),
        ("trimsuffix(trimprefix(trim(\"--a.b--\", \"-\"), \"a\"), \"b\")", "\".\""),
        ("startswith(\"abc\", \"ab\") && endswith(\"abc\", \"bc\")", "true"),
        ("substr(\"hello\", -3, 2)", "\"ll\""),
        ("jsondecode(jsonencode({ a = [1, \"b\", null] }))", "{a:[1,\"b\",null]}"),
        ("setproduct([\"a\"], [1, 2])", "[[\"a\",1],[\"a\",2]]"),
        ("setunion([\"a\"], [\"b\", \"a\"])", "[\"a\",\"b\"]"),
        ("setsubtract([\"a\", \"b\"], [\"b\"])", "[\"a\"]"),
        ("setintersection([\"a\", \"b\"], [\"b\"])", "[\"b\"]"),
        ("zipmap([\"a\", \"b\"], [1, 2])", "{a:1,b:2}"),
        ("range(1, 4)", "[1,2,3]"),
        ("slice([1, 2, 3], 1, 2)", "[2]"),
        ("reverse(sort([\"b\", \"a\"]))", "[\"b\",\"a\"]"),
        ("min(3, 1) + max(1, 2) + abs(-1) + ceil(0.5) + floor(1.5)", "6"),
        ("alltrue([true, \"true\"]) && !anytrue([])", "true"),
        ("concat([1], [[2], [3]]...)", "[1,2,3]"),
        ("<<-EOT\n    a\n      ${var.text}\n    EOT\n", "\"a\\n  x\\n\""),
        ("[for k, v in toset([\"b\", \"a\"]) : k]", "[\"a\",\"b\"]"),
        ("[for k, v in tolist(toset([\"b\"])) : k]", "[0]"),
        ("path.module", "\".\""),
        ("length(aws_s3_bucket.two)", "2"),
        ("[for k, b in aws_s3_bucket.some : \"${k}=${b.bucket}\"]", "[\"a=n-a\",\"b=n-b\"]"),
        ("aws_s3_bucket.some[\"a\"].id", "@aws_s3_bucket.some[\"a\"].id"),
        ("aws_s3_bucket.two[*].arn", "[@aws_s3_bucket.two[0].arn,@aws_s3_bucket.two[1].arn]"),
        ("try(aws_s3_bucket.none[0].id, \"fallback\")", "\"fallback\""),
        ("one(aws_s3_bucket.none[*].id)", "null"),
        ("aws_cloudwatch_log_metric_filter.f.metric_transformation[0].name", "\"Changes\""),
        ("one(aws_cloudwatch_log_metric_filter.f.metric_transformation[*].namespace)", "\"ns-x\""),
        ("aws_kms_key.k.arn == null", "false"),
        ("\"${aws_s3_bucket.one.arn}/*\"", "\"arn:aws:s3:::named/*\""),
    ] {
        assert_eq!(value(expression), wanted, "{expression}");
    }
}

#[test]
fn what_is_unknown_stays_unknown() {
    let not_given = "?variable `open` has no default, and no value was given";
    for (expression, wanted) in [
        ("var.open", not_given),
        ("var.open.a.b", not_given),
        ("try(var.open.a, \"fallback\")", not_given),
        ("can(var.open.a)", not_given),
        ("try([for x in var.open : x.a], [])", not_given),
        ("var.open ? 1 : 2", not_given),
        ("var.open ? 1 : 1", "1"),
        ("var.open ? { a = 1, b = 2 } : { a = 1, b = 3 }", &format!("{{a:1,b:{not_given}}}")),
        ("var.open == \"a\"", not_given),
        ("var.open == var.open", "true"),
        ("var.open == null", not_given),
        ("var.open && false", "false"),
        ("true || var.open", "true"),
        ("true && var.open", not_given),
        ("length(var.open)", not_given),
        ("length([var.open, 1])", "2"),
        ("contains([var.open, \"a\"], \"a\")", "true"),
        ("contains([var.open], \"a\")", not_given),
        ("merge({ a = 1 }, var.open)", not_given),
        ("flatten([[1], var.open])", not_given),
        ("compact([var.open])", not_given),
        ("coalesce(var.open, \"a\")", not_given),
        ("lookup(var.open, \"a\", \"d\")", not_given),
        ("{ for k in [\"a\"] : k => var.open }", &format!("{{a:{not_given}}}")),
        ("[for x in [1, 2] : x if var.open]", not_given),
        ("\"${var.open}-logs\"", "~⟨var.open of .⟩-logs"),
        ("\"${var.open}\" == \"\"", not_given),
        ("lower(var.open)", not_given),
        ("lower(var.open) == lower(var.open)", "true"),
        ("lower(var.open) == upper(var.open)", not_given),
        ("trim(\"${var.open}, b\", \"c\") == trim(var.open, \"b, c\")", not_given),
        ("aws_kms_key.k.arn == \"\"", "false"),
        ("aws_kms_key.k.arn == \"arn:aws:s3:::x\"", "false"),
        ("\"a-${var.open}-b\" == \"a-x-c\"", "false"),
        ("\"a-${var.open}-b\" == \"a-x-b\"", not_given),
        ("\"a-${var.open}-b\" == \"a-b\"", "false"),
        ("[1, 2][var.open]", not_given),
        ("aws_s3_bucket.maybe[*].id", &format!("?whether aws_s3_bucket.maybe is made is not known: {}", &not_given[1..])),
        ("aws_s3_bucket.maybe[0].id", "@aws_s3_bucket.maybe[0].id"),
        ("try(aws_s3_bucket.maybe[0].id, \"fallback\")", "?whether aws_s3_bucket.maybe[0] is made is not known"),
        ("var.open ? aws_s3_bucket.one.id : aws_kms_key.k.id", "@aws_kms_key.k|aws_s3_bucket.one.id"),
        (
            "try(aws_cloudwatch_log_metric_filter.f.metric_transformation[0].unit, \"None\")",
            "?`metric_transformation[0].unit` of aws_cloudwatch_log_metric_filter.f is not in the code",
        ),
        ("var.secret", "?secret"),
        ("\"a${var.secret}\"", "?secret"),
        ("upper(var.secret)", "?secret"),
        ("var.secret == \"s3cr3t\" ? 1 : 1", "1"),
        ("md5(\"a\")", "?the function `md5` is not worked out"),
        ("data.aws_ssm_parameter.p.value", "?`value` of data.aws_ssm_parameter.p is not in the code"),
        ("data.aws_caller_identity.me.account_id", "~⟨account of .⟩"),
        ("aws_s3_bucket.one.region", "?`region` of aws_s3_bucket.one is not in the code"),
        ("terraform.workspace == \"prod\"", "?which workspace is used is not told"),
        ("\"⟨account of .⟩\"", "?the code has a sign that no name of AWS has"),
    ] {
        assert_eq!(value(expression), wanted, "{expression}");
    }
    assert!(!value("var.secret").contains("s3cr3t"));
}

#[test]
fn what_is_wrong_is_an_error_with_its_place() {
    for (expression, wanted) in [
        ("local.loop", "main.tf:35:3: local value `loop` needs itself"),
        ("local.nothing", "`local.nothing`, which is not declared"),
        ("var.nothing", "`var.nothing`, which is not declared"),
        ("local.list.a", "the attribute `a` of a list"),
        ("[1][3]", "an index that the list does not reach"),
        ("1 / 0", "a number that is none"),
        ("\"a\" + 1", "text that is no number"),
        ("\"x${[1]}\"", "a collection where text is wanted"),
        ("range(100000)", "`range` of more than 1024 numbers"),
        ("regex(\"(\", \"a\")", "a pattern that cannot be read"),
    ] {
        assert_eq!(value(expression), format!("!{wanted}"), "{expression}");
    }
    assert!(value("try(local.loop, 1)").starts_with('!'), "a circle is no mistake that `try` goes past");
}

#[test]
fn values_come_in_terraforms_order() {
    let mut all = files(&[(
        "main.tf",
        "variable \"a\" { default = \"default\" }\nvariable \"n\" {\n  type = number\n  default = 0\n}\nvariable \"l\" {\n  type = list(string)\n  default = []\n}\n",
    )]);
    let none = Given::default();
    assert_eq!(in_files(&all, &none, "var.a"), "\"default\"");
    let mut add = |path: &str, text: &str, wanted: &str| {
        all.insert(path.into(), text.as_bytes().to_vec());
        assert_eq!(in_files(&all, &none, "var.a"), format!("\"{wanted}\""), "{path}");
    };
    add("terraform.tfvars", "a = \"one\"\n", "one");
    add("terraform.tfvars.json", "{\"a\": \"two ${x}\"}", "two ${x}");
    add("b.auto.tfvars", "a = \"three\"\n", "three");
    add("a.auto.tfvars", "a = \"no\"\n", "three");
    add("c.auto.tfvars.json", "{\"a\": \"four\"}", "four");
    let mut given = Given::default();
    given.file("x.tfvars", b"a = \"five\"\n").unwrap();
    assert_eq!(in_files(&all, &given, "var.a"), "\"five\"");
    given.one("a=six=6").unwrap();
    assert_eq!(in_files(&all, &given, "var.a"), "\"six=6\"");
    given.file("y.tfvars", b"a = \"seven\"\n").unwrap();
    assert_eq!(in_files(&all, &given, "var.a"), "\"seven\"");
    given.one("n=4").unwrap();
    given.one("l=[\"x\", \"y\"]").unwrap();
    assert_eq!(in_files(&all, &given, "[var.n + 1, var.l[1]]"), "[5,\"y\"]");
    assert!(given.one("=x").is_err() && given.one("x").is_err());
    assert_eq!(given.file("z.tfvars", b"a = \n").unwrap_err().to_string().split(": ").next(), Some("z.tfvars:1:5"));
    assert!(given.file("z.tfvars", b"a {}\n").unwrap_err().to_string().contains("no blocks"));
}

#[test]
fn override_files_are_laid_upon_the_rest() {
    let all = files(&[
        (
            "a_override.tf",
            "locals { x = 2 }\nvariable \"v\" { default = \"over\" }\nresource \"aws_s3_bucket\" \"b\" { bucket = \"second\" }\n",
        ),
        (
            "main.tf",
            "locals {\n  x = 1\n  y = 3\n}\nvariable \"v\" { default = \"under\" }\nresource \"aws_s3_bucket\" \"b\" { bucket = \"first\" }\n",
        ),
    ]);
    assert_eq!(
        in_files(&all, &Given::default(), "[local.x, local.y, var.v, \"-${aws_s3_bucket.b.id}\"]"),
        "[2,3,\"over\",\"-second\"]"
    );
}

#[test]
fn modules_give_what_they_are_given() {
    let all = files(&[
        (
            "main.tf",
            r#"
module "m" {
  for_each = { a = "one", b = "two" }
  source   = "./modules/m"
  name     = each.value
}
module "off" {
  count  = 0
  source = "./modules/m"
  name   = "x"
}
module "gone" {
  source = "terraform-aws-modules/vpc/aws"
}"#,
        ),
        (
            "modules/m/main.tf",
            "variable \"name\" { type = string }\nresource \"aws_s3_bucket\" \"b\" { bucket = \"${var.name}-logs\" }\noutput \"id\" { value = aws_s3_bucket.b.id }\noutput \"text\" { value = \"${var.name}!${path.module}\" }\n",
        ),
    ]);
    for (expression, wanted) in [
        ("module.m[\"a\"].id", "@module.m[\"a\"].aws_s3_bucket.b.id"),
        ("values(module.m)[*].text", "[\"one!modules/m\",\"two!modules/m\"]"),
        ("try(module.off[0].text, \"none\")", "\"none\""),
        ("module.gone.vpc_id", "?main.tf:12:1: module `gone` (`terraform-aws-modules/vpc/aws`) is not installed"),
    ] {
        assert_eq!(in_files(&all, &Given::default(), expression), wanted, "{expression}");
    }
}

#[test]
fn files_are_read_inside_of_modules_alone() {
    let all = files(&[
        ("main.tf", "module \"m\" { source = \"../shared/m\" }\n"),
        ("p.json", "{\"a\": 1}"),
        ("t.tpl", "%{ for x in xs ~}\n- ${x}\n%{ endfor ~}\n"),
        ("../shared/m/main.tf", "output \"f\" { value = file(\"${path.module}/f.txt\") }\n"),
        ("../shared/m/f.txt", "inside"),
        ("../secret.txt", "outside"),
    ]);
    for (expression, wanted) in [
        ("jsondecode(file(\"p.json\")).a", "1"),
        ("jsondecode(file(\"${path.module}/./x/../p.json\")).a", "1"),
        ("templatefile(\"t.tpl\", { xs = [\"a\", \"b\"] })", "\"- a\\n- b\\n\""),
        ("fileexists(\"nothing\")", "false"),
        ("file(\"nothing\")", "?the file `nothing` is not there"),
        ("file(\"../secret.txt\")", "?the file `../secret.txt` is in no module that is read"),
        ("file(\"/etc/passwd\")", "?the file `/etc/passwd` is in no module that is read"),
        ("file(\"x/../../secret.txt\")", "?the file `x/../../secret.txt` is in no module that is read"),
        ("file(\"../../etc/passwd\")", "?the file `../../etc/passwd` is in no module that is read"),
    ] {
        assert_eq!(in_files(&all, &Given::default(), expression), wanted, "{expression}");
    }
}

#[test]
fn what_grows_without_end_has_an_end() {
    let mut locals = String::from("a0 = \"xxxxxxxxxx\"\nb0 = [1, 2, 3, 4]\n");
    for at in 1..40 {
        locals += &format!("a{at} = \"${{local.a{0}}}${{local.a{0}}}\"\nb{at} = concat(local.b{0}, local.b{0})\n", at - 1);
    }
    let chain: String = (1..3000).map(|at| format!("c{at} = local.c{}\n", at - 1)).collect();
    let all = files(&[("main.tf", &format!("locals {{\n{locals}c0 = 1\n{chain}}}\n"))]);
    let given = Given::default();
    assert!(in_files(&all, &given, "local.a39").contains("grows too long"));
    assert!(in_files(&all, &given, "local.b39").contains("too many elements"));
    assert!(in_files(&all, &given, "local.c2999").contains("lead through too many others"));
    assert!(in_files(&all, &given, "setproduct(range(1024), range(1024), range(1024))").contains("too many elements"));
    assert!(
        in_files(&all, &given, "[for a in range(1024) : [for b in range(1024) : [for c in range(1024) : c]]]")
            .contains("more than is worked out")
    );
    assert!(in_files(&all, &given, "try(local.a39, \"short\")").contains("grows too long"));
}
