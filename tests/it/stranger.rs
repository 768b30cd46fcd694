//! What a scan is given and cannot use: the reason, its place, and what to give instead.

use std::path::Path;

use crate::program::{said, trailproof};

fn scan(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = trailproof(folder).arg("scan").args(arguments).output().expect("it runs");
    (output.status.code(), said(&output, folder))
}

const TRAIL: &str = "Resources:\n  Trail:\n    Type: AWS::CloudTrail::Trail\n    Properties:\n      IsLogging: true\n      \
                     EnableLogFileValidation: true\n      S3BucketName: logs\n";

#[test]
fn what_cannot_be_scanned_says_why_where_and_what_to_give_instead() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, bytes).expect("written");
    };
    std::fs::create_dir(folder.path().join("empty")).expect("made");
    write("terraform/main.tf", b"resource \"aws_cloudtrail\" \"x\" {\n");
    write("values/prod.tfvars", b"a = 1\n");
    write("configuration.txt", b"# ours\nterraform {\n}\n");
    write("app/cdk.json", b"{\"app\": \"node bin/app.js\"}");
    write("docs/readme.md", b"# nothing\n");
    write("nothing.json", b"{}");
    write("zero.json", b"\n");
    write("list.json", b"[]");
    write("cut.json", b"{\n  \"a\": [1,\n");
    write("other.json", br#"{"name": "x", "version": "1"}"#);
    write("report.json", br#"{"kind": "trailproof-report"}"#);
    write("known.json", br#"{"kind": "trailproof-baseline"}"#);
    write("recording/recording.json", br#"{"kind": "trailproof-recording"}"#);
    write("terraform.tfstate", br#"{"version": 4, "terraform_version": "1.9.0", "resources": []}"#);
    write("plain.yaml", b"a: 1\n");
    write("section.yaml", b"# none\nResources:\n");
    write("printed.txt", b"Terraform will perform the following actions:\n");
    write("serverless.yml", b"service: x\nprovider: {name: aws}\n");
    write("waivers.yaml", b"waivers: []\n");
    write("wide.yaml", &[0xFF, 0xFE, b'R', 0, b'x', 0]);
    write("noise.bin", &[b'a', b'\n', b'b', 0xFF, 0x00]);
    write("tfplan", b"PK\x03\x04xxxx");
    write("sealed.json", br#"{"meta": {}, "encrypted_data": "x", "encryption_version": "v0"}"#);
    write("new.json", br#"{"format_version": "9.0", "planned_values": {}}"#);
    let twice = "{\"format_version\": \"1.2\",\n \"planned_values\": {},\n \"planned_values\": {\"a\": 1}}";
    write("twice.json", twice.as_bytes());
    write("half.json", &twice.as_bytes()[..60]);
    write("good.yaml", TRAIL.as_bytes());
    for (path, wanted, hint) in [
        ("none", "there is no `none`", "name a Terraform plan"),
        ("plan.json", "there is no `plan.json`", "terraform show -json tfplan > plan.json"),
        ("-", "no standard input", "write it to a file"),
        ("empty", "the folder `empty` is empty", "name a Terraform plan"),
        ("terraform", "terraform/main.tf:1:33: ", "`terraform validate`"),
        ("terraform/main.tf", "terraform/main.tf:1:33: ", "`terraform validate`"),
        ("values", "holds values of Terraform's variables, and no configuration", "--var-file"),
        ("values/prod.tfvars", "holds values of Terraform's variables", "--var-file"),
        ("configuration.txt", "configuration.txt:2:1: it is Terraform's configuration", "terraform plan -out tfplan"),
        ("app", "holds an app of the CDK", "run `cdk synth`"),
        ("docs", "holds no template, no plan and no recording", "name a Terraform plan"),
        ("nothing.json", "nothing.json:1:1: the object is empty", "name a Terraform plan"),
        ("zero.json", "`zero.json` is empty", "name a Terraform plan"),
        ("list.json", "list.json:1:1: it is no object", "name a Terraform plan"),
        ("cut.json", "cut.json:3:1: this is no JSON: EOF", "cut off"),
        ("other.json", "it holds `name` and `version`", "name a Terraform plan"),
        ("report.json", "report.json:1:1: it is a report", "inventory.json beside it"),
        ("known.json", "known.json:1:1: it is a baseline", "--baseline"),
        ("recording/recording.json", "it is a part of a recording", "name the folder"),
        ("terraform.tfstate", "terraform.tfstate:1:1: it is a state of Terraform", "terraform plan -out tfplan"),
        ("plain.yaml", "plain.yaml:1:1: there is no section `Resources`", "name a Terraform plan"),
        ("section.yaml", "section.yaml:2:1: the section `Resources` declares no resource", "`AWS::S3::Bucket`"),
        ("printed.txt", "as Terraform prints it for people", "terraform show -json"),
        ("serverless.yml", "Serverless Framework", "serverless package"),
        ("waivers.yaml", "it is a file of waivers", "--waivers"),
        ("wide.yaml", "wide.yaml:1:1: it begins as UTF-16", "save it as UTF-8"),
        ("noise.bin", "noise.bin:2:2: this is no text", "name a Terraform plan"),
        ("tfplan", "it is no plan file", "terraform plan -out"),
        ("sealed.json", "encrypted OpenTofu plan", "tofu show -json"),
        ("new.json", "format 9.0", "newer version"),
        ("twice.json", "twice.json:3:28: this is no JSON of a plan: the key `planned_values` stands twice", "write it anew"),
        ("half.json", "half.json:3:", "write it anew"),
    ] {
        let (code, text) = scan(folder.path(), &[path]);
        assert_eq!(code, Some(2), "{path}\n{text}");
        let at = text.find("hint: ").unwrap_or_else(|| panic!("no hint for {path}\n{text}"));
        assert!(text[..at].contains(wanted) && text[at..].contains(hint), "{path}: {wanted} / {hint}\n{text}");
        assert!(!folder.path().join("trailproof-report/report.json").exists(), "{path}");
    }
    for arguments in [["good.yaml", "./good.yaml"], ["good.yaml", "good.yaml"]] {
        let (code, text) = scan(folder.path(), &arguments);
        assert!(code == Some(2) && text.contains("are the same") && text.contains("hint: "), "{text}");
    }
    if !cfg!(feature = "aws") {
        let (code, text) = scan(folder.path(), &["recording"]);
        assert!(code == Some(2) && text.contains("`recording` is a recording, and this program was built without AWS"), "{text}");
        assert!(text.contains("hint: build it with the default features"), "{text}");
    }
}

#[test]
fn a_plan_that_was_cut_off_in_a_folder_is_no_clean_result() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("code")).expect("made");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join("code").join(name), text).expect("written");
    write("good.yaml", TRAIL);
    let only = ["code", "--policy", "trail-log-file-validation"];
    assert_eq!(scan(folder.path(), &only).0, Some(0));
    write("package.json", "{ no json");
    assert_eq!(scan(folder.path(), &only).0, Some(0), "what is no plan and no template is none of ours");
    write("plan.json", "{\"format_version\": \"1.2\", \"planned_values\": {");
    let (code, text) = scan(folder.path(), &only);
    assert!(code == Some(3) && text.contains("code/plan.json:1:"), "{text}");
    // All that was given is not all there is.
    let (code, text) = scan(folder.path(), &["code", "--policy", "trail-exists", "--complete"]);
    assert!(code == Some(3) && !text.contains("✗"), "{text}");
}
