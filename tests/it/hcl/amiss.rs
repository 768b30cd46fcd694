//! Configuration that is not as it should be: a place and a hint, bounded work, and never a clean result.

use std::time::Instant;

use super::{PROVIDER, bucket, built, files, findings, inventory, on_a_disk, outcome, read, read_all, small};
use crate::program::{said, trailproof};
use trailproof::finding::Outcome;
use trailproof::inventory::GapKind;

#[test]
fn what_a_broken_file_may_set_is_unknown() {
    let good = small("", "", "");
    let all =
        files(&[("main.tf", &good), ("versioning.tf", "resource \"aws_s3_bucket_versioning\" \"v\" {\n  bucket = = 1\n}\n")]);
    let read = read_all(&all, &[]);
    assert_eq!(read.gaps.len(), 1);
    assert!(read.gaps[0].message.starts_with("versioning.tf:2:12: "), "{}", read.gaps[0].message);
    assert!(!read.stack.is_whole);
    let inventory = built(&read);
    for policy in [
        "log-bucket-versioning",
        "log-bucket-object-lock",
        "log-bucket-tls-only",
        "log-bucket-kms-encryption",
        "log-bucket-confused-deputy",
    ] {
        let all = findings(&inventory);
        assert!(all.iter().filter(|f| f.policy == policy).all(|f| f.outcome == Outcome::Unknown), "{policy}");
    }
    assert!(bucket(&inventory).public_access_block.gap().is_some() && bucket(&inventory).object_ownership.gap().is_some());
    let fails = |f: &trailproof::finding::Finding| f.policy == "trail-log-file-validation" && f.outcome == Outcome::Fail;
    assert!(findings(&inventory).iter().any(fails), "what is written is judged");
}

#[test]
fn a_module_that_is_not_there_is_named() {
    let all = files(&[("main.tf", "module \"trail\" {\n  source = \"cloudposse/cloudtrail/aws\"\n}\n")]);
    let read = read_all(&all, &[]);
    assert_eq!(read.gaps.len(), 1);
    assert_eq!(read.gaps[0].message, "main.tf:1:1: module `trail` (`cloudposse/cloudtrail/aws`) is not installed");
    assert!(read.gaps[0].remedy.as_ref().expect("a remedy").to_string().contains("terraform init"));
    let inventory = built(&read);
    let open = |policy: &str| findings(&inventory).iter().any(|f| f.policy == policy && f.outcome == Outcome::Unknown);
    assert!(open("trail-exists"), "the trail may be in it");
    // What it is given, it may set something of.
    let given = small("", "", "module \"x\" {\n  source = \"x/y/aws\"\n  bucket = aws_s3_bucket.b.id\n}\n");
    let of_bucket = |text: &str| {
        let all = findings(&built(&read_all(&files(&[("main.tf", text)]), &[])));
        let found = all.into_iter().find(|f| f.policy == "log-bucket-versioning" && f.subject.kind == "bucket");
        found.map(|f| f.outcome)
    };
    assert_eq!(of_bucket(&given), Some(Outcome::Unknown));
    assert_eq!(of_bucket(&given.replace("= aws_s3_bucket.b.id\n}\n", "= \"acme-logs\"\n}\n")), Some(Outcome::Unknown));
    let not_given = small("", "", "module \"x\" {\n  source = \"x/y/aws\"\n}\n");
    assert_eq!(of_bucket(&not_given), Some(Outcome::Fail));
}

#[test]
fn what_init_installed_is_read() {
    let all = files(&[
        ("main.tf", &small("", "", "module \"v\" {\n  source = \"acme/versioning/aws\"\n  bucket = aws_s3_bucket.b.id\n}\n")),
        (
            ".terraform/modules/modules.json",
            r#"{"Modules":[{"Key":"","Source":"","Dir":"."},{"Key":"v","Source":"registry.terraform.io/acme/versioning/aws","Dir":".terraform/modules/v"},{"Key":"v.inner","Source":"./inner","Dir":".terraform/modules/v/inner"}]}"#,
        ),
        (
            ".terraform/modules/v/main.tf",
            "variable \"bucket\" {}\nmodule \"inner\" {\n  source = \"./inner\"\n  bucket = var.bucket\n}\n",
        ),
        (
            ".terraform/modules/v/inner/main.tf",
            "variable \"bucket\" {}\nresource \"aws_s3_bucket_versioning\" \"v\" {\n  bucket = var.bucket\n  versioning_configuration { status = \"Enabled\" }\n}\n",
        ),
    ]);
    let read = read_all(&all, &[]);
    assert_eq!(read.gaps, []);
    assert_eq!(outcome(&built(&read), "log-bucket-versioning"), Outcome::Pass);
}

#[test]
fn circles_end_and_the_rest_goes_on() {
    let looped = small(
        "tags = local.a",
        "",
        "locals {\n  a = local.b\n  b = local.a\n}\nresource \"aws_s3_bucket_versioning\" \"v\" {\n  bucket = aws_s3_bucket.b.id\n  \
         versioning_configuration { status = \"Enabled\" }\n}\n",
    );
    let read_looped = read(&looped, &[]);
    assert_eq!(read_looped.gaps.len(), 1, "{:?}", read_looped.gaps);
    assert!(read_looped.gaps[0].message.contains("local value `a` needs itself"), "{:?}", read_looped.gaps);
    assert_eq!(outcome(&built(&read_looped), "log-bucket-versioning"), Outcome::Pass);
    let module = read_all(&files(&[("main.tf", "module \"m\" { source = \"./\" }\n")]), &[]);
    assert!(module.gaps[0].message.contains("calls itself"), "{:?}", module.gaps);
    let two = read_all(
        &files(&[("main.tf", "module \"m\" { source = \"./a\" }\n"), ("a/main.tf", "module \"n\" { source = \"../\" }\n")]),
        &[],
    );
    assert!(two.gaps[0].message.contains("calls itself"), "{:?}", two.gaps);
    let own = read(&small("", "count = length(aws_s3_bucket.b) > 0 ? 1 : 0", ""), &[]);
    assert_eq!(own.stack.resources.len(), 2);
    let each = read(&small("", "tags = { x = aws_s3_bucket.b.tags.x }", ""), &[]);
    assert!(!each.gaps.is_empty());
}

#[test]
fn much_is_bounded() {
    let begin = Instant::now();
    let many = read(
        &small(
            "",
            "",
            "resource \"aws_s3_bucket_versioning\" \"v\" {\n  count = 1e9\n  bucket = aws_s3_bucket.b.id\n  versioning_configuration { status = \"Enabled\" }\n}\n",
        ),
        &[],
    );
    assert!(many.gaps[0].message.contains("more than 2000 instances"), "{:?}", many.gaps);
    let inventory = built(&many);
    assert_eq!(outcome(&inventory, "log-bucket-versioning"), Outcome::Unknown);
    let plus = format!("locals {{\n  a = 1{}\n}}\n", "+1".repeat(500_000));
    assert!(read(&plus, &[]).gaps[0].message.starts_with("main.tf:2:"));
    for (open, close) in [("(", ")"), ("[", "]"), ("{a=", "}"), ("!", ""), ("\"${", "}\""), ("-", "")] {
        let deep = format!("locals {{\n  a = {}1{}\n}}\n{PROVIDER}", open.repeat(100_000), close.repeat(100_000));
        let _ = built(&read(&deep, &[]));
    }
    let long = small(&format!("s3_key_prefix = \"{}\"", "x".repeat(1 << 20)), "", "");
    assert_eq!(read(&long, &[]).gaps, []);
    let nested: String = (0..60).map(|at| format!("module \"m{at}\" {{\n  count = 100\n  source = \"./a\"\n}}\n")).collect();
    let inner: String = (0..60).map(|at| format!("module \"m{at}\" {{\n  count = 100\n  source = \"./b\"\n}}\n")).collect();
    let all = files(&[("main.tf", &nested), ("a/main.tf", &inner), ("b/main.tf", "resource \"aws_s3_bucket\" \"b\" {}\n")]);
    assert!(read_all(&all, &[]).gaps.iter().any(|gap| gap.message.contains("more than")));
    assert!(begin.elapsed().as_secs() < 60, "{:?}", begin.elapsed());
}

#[test]
fn a_scan_of_what_is_amiss_says_so() {
    let folder = on_a_disk(&[
        ("good/main.tf", &small("", "", "")),
        ("mixed/main.tf", &small("", "", "")),
        ("mixed/broken.tf", "resource {\n"),
        ("broken/main.tf", "locals {\n  a = [1,\n"),
        ("many/a/main.tf", &small("", "", "")),
        ("many/b/main.tf", "module \"m\" { source = \"../modules/m\" }\n"),
        ("many/modules/m/main.tf", "resource \"aws_sns_topic\" \"t\" {}\n"),
        ("out/main.tf", "module \"m\" { source = \"../../../../../../../../etc\" }\nresource \"aws_s3_bucket\" \"b\" {}\n"),
        ("values.tfvars", "nothing = 1\n"),
    ]);
    let at = folder.path();
    let scan = |arguments: &[&str]| {
        let output = trailproof(at).arg("scan").args(arguments).args(["--out", "reports"]).output().expect("it runs");
        (output.status.code(), said(&output, at).split_whitespace().collect::<Vec<_>>().join(" "))
    };
    for (arguments, code, wanted) in [
        (&["good"][..], 1, "Terraform configuration, 2 resources"),
        (&["good/main.tf"], 1, "every file of its folder was read"),
        (&["mixed"], 1, "mixed/broken.tf:1:12: "),
        (&["broken"], 2, "broken/main.tf:2:11: "),
        (&["many"], 1, "many/b: Terraform configuration, 1 resource"),
        (&["out"], 3, "leads out of what is scanned"),
        (&["good", "--var", "x=1"], 2, "no root module has a variable `x`"),
        (&["good", "--var", "x"], 2, "`x` gives no variable a value"),
        (&["good", "--var-file", "none.tfvars"], 2, "cannot read `none.tfvars`"),
        (&["good", "--var-file", "values.tfvars"], 1, "2 resources"),
        (&["--var", "x=1"], 2, "for Terraform's configuration"),
        (&["good", "mixed"], 1, "mixed/broken.tf:1:12: "),
    ] {
        let (status, text) = scan(arguments);
        assert!(text.contains(wanted), "{arguments:?}: {text}");
        assert_eq!(status, Some(code), "{arguments:?}: {text}");
    }
    let (_, text) = scan(&["many"]);
    assert!(!text.contains("many/modules/m: Terraform configuration"), "a module that is called is no root: {text}");
}

#[cfg(unix)]
#[test]
fn links_lead_nowhere_else() {
    let folder = on_a_disk(&[
        ("outside/secret.txt", "s3cr3t"),
        ("outside/more.tf", "resource \"aws_sns_topic\" \"t\" {}\n"),
        ("project/.git/HEAD", ""),
        ("project/main.tf", &small("s3_key_prefix = file(\"link.txt\")", "", "")),
    ]);
    let link =
        |from: &str, to: &str| std::os::unix::fs::symlink(folder.path().join(from), folder.path().join(to)).expect("a link");
    link("outside/secret.txt", "project/link.txt");
    link("outside/more.tf", "project/more.tf");
    link("project", "project/loop");
    let output = trailproof(&folder.path().join("project")).args(["scan", ".", "--out", "reports"]).output().expect("it runs");
    let text = said(&output, folder.path());
    assert!(text.contains("is a link that leads out"), "{text}");
    let report = std::fs::read_to_string(folder.path().join("project/reports/inventory.json")).expect("an inventory");
    assert!(!report.contains("s3cr3t") && report.contains("leads out of the modules that are read"));
}

#[test]
fn secrets_are_not_shown() {
    let text = small(
        "s3_key_prefix = var.p",
        "tags = { x = var.p }",
        "variable \"p\" {\n  default = \"s3cr3t\"\n  sensitive = true\n}\n",
    );
    let inventory = inventory(&text, &[]);
    assert!(!inventory.to_json().expect("JSON").contains("s3cr3t"));
    let gap = inventory.trails[0].s3_key_prefix.gap().expect("a gap");
    assert_eq!(gap.kind, GapKind::NotUnderstood);
}

/// Whatever a file holds, it is read or refused, and what is read of it can be judged.
#[test]
fn no_text_is_too_bad() {
    let seeds = [super::OPEN.to_string(), super::shaped::MODULES.map(|(_, text)| text).concat(), small("", "", "")];
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below.max(1) as u64) as usize
    };
    let pieces = [
        "${",
        "}",
        "\"",
        "[",
        "(",
        "{",
        "=",
        "\n",
        "null",
        "var.open",
        "each.value",
        "[*]",
        "...",
        "1e400",
        "-",
        "<<E\n",
        "%{ if ",
        "\u{27e8}",
    ];
    let words = [
        "true",
        "null",
        "\"*\"",
        "1",
        "var.flag",
        "var.name",
        "each.value",
        "aws_s3_bucket.b.id",
        "[]",
        "{}",
        "count",
        "toset",
        "try",
    ];
    let mut good = 0;
    for round in 0..240 {
        let mut text = seeds[round % seeds.len()].clone();
        for _ in 0..=next(3) {
            // A word in the place of another leaves it a file; the rest seldom does.
            let (from, to) = (words[next(words.len())], words[next(words.len())]);
            let places: Vec<usize> = text.match_indices(from).map(|(at, _)| at).collect();
            if let Some(at) = places.get(next(places.len())) {
                text.replace_range(*at..at + from.len(), to);
            }
        }
        if round % 3 == 0 {
            let mut signs: Vec<char> = text.chars().collect();
            let (at, piece) = (next(signs.len()), pieces[next(pieces.len())]);
            let end = (at + next(30)).min(signs.len());
            drop(signs.splice(at..end, piece.chars()));
            text = signs.into_iter().collect();
        }
        let read = read(&text, &[]);
        good += usize::from(read.gaps.is_empty());
        let inventory = built(&read);
        let saved = inventory.to_json().expect("it serializes");
        assert_eq!(trailproof::inventory::Inventory::from_json(&saved).expect("it is read again"), inventory);
        if round % 8 == 0 {
            findings(&inventory);
        }
    }
    assert!((40..230).contains(&good), "{good}");
}
