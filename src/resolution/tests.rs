use super::*;

fn targets(files: &[(&str, &str)], from: &str, specifier: &str) -> Vec<String> {
    let files: Vec<SourceFile> = files
        .iter()
        .map(|&(path, text)| {
            let kind = match file_name(path) {
                "package.json" => Kind::Package,
                _ => Kind::TypeScriptConfig,
            };
            SourceFile::new(path, kind, text)
        })
        .collect();
    Resolution::of(&files).targets(from, specifier, |path| path == "apps")
}

#[test]
fn a_relative_path_leads_from_the_file() {
    let found = targets(&[], "apps/press/src/main.ts", "../../cellar/src/cask");
    assert_eq!(found, ["apps/cellar/src/cask"]);
    assert!(targets(&[], "main.ts", "../elsewhere").is_empty());
}

#[test]
fn a_config_maps_patterns_with_comments_and_what_it_extends() {
    let files = [
        (
            "tsconfig.base.json",
            "\u{feff}{ // all\n \"compilerOptions\": { \"baseUrl\": \".\", /* of */ \"paths\": {\n\
             \"@cellar/*\": [\"apps/cellar/src/*\",],\n \"@cellar/db\": [\"apps/cellar/generated\"],\n \
             \"https://x\": [\"no//comment\"], }, }, }",
        ),
        (
            "apps/press/tsconfig.json",
            "{\"extends\": \"../../tsconfig.base\"}",
        ),
        (
            "apps/own/tsconfig.json",
            "{\"compilerOptions\": {\"paths\": {\"@/*\": [\"./src/*\"]}}}",
        ),
        (
            "apps/many/tsconfig.json",
            "{\"references\": [{\"path\": \"./tsconfig.app.json\"}]}",
        ),
        (
            "apps/many/tsconfig.app.json",
            "{\"extends\": [\"../../tsconfig.base.json\"]}",
        ),
    ];
    let from = |file: &str, specifier: &str| targets(&files, file, specifier);
    assert_eq!(
        from("apps/press/src/a.ts", "@cellar/cask"),
        ["apps/cellar/src/cask"]
    );
    assert_eq!(
        from("apps/press/src/a.ts", "@cellar/db"),
        ["apps/cellar/generated"]
    );
    assert_eq!(from("apps/press/src/a.ts", "https://x"), ["no/comment"]);
    assert_eq!(
        from("apps/press/src/a.ts", "apps/cellar/x"),
        ["apps/cellar/x"]
    );
    assert_eq!(from("apps/own/src/a.ts", "@/b"), ["apps/own/src/b"]);
    assert_eq!(
        from("apps/many/src/a.ts", "@cellar/cask"),
        ["apps/cellar/src/cask"]
    );
    assert!(from("apps/own/src/a.ts", "@cellar/cask").is_empty());
    assert!(from("apps/press/src/a.ts", "lodash/map").is_empty());
}

#[test]
fn packages_are_found_by_name_and_by_what_they_export() {
    let files = [
        (
            "apps/cellar/package.json",
            r#"{"name": "@brew/cellar", "main": "dist/index.js", "exports": {
                ".": {"types": "./dist/index.d.ts", "default": "./dist/index.js"},
                "./db": ["./generated/prisma/index.js"], "./parts/*": "./src/*.ts" }}"#,
        ),
        ("a/package.json", r#"{"name": "twice"}"#),
        ("b/package.json", r#"{"name": "twice"}"#),
        (
            "c/package.json",
            r#"{"name": "plain", "exports": "../../out.js"}"#,
        ),
    ];
    let from = |specifier: &str| targets(&files, "apps/press/a.ts", specifier);
    let cellar = ["dist/index.js", "dist/index.d.ts", "dist/index.js", ""];
    let cellar = cellar.map(|end| join("apps/cellar", end).unwrap());
    assert_eq!(from("@brew/cellar"), cellar);
    assert_eq!(
        from("@brew/cellar/db"),
        ["apps/cellar/generated/prisma/index.js", "apps/cellar/db"]
    );
    assert_eq!(
        from("@brew/cellar/parts/cask")[0],
        "apps/cellar/src/cask.ts"
    );
    assert_eq!(
        from("plain"),
        ["c"],
        "a package exports nothing from outside"
    );
    assert!(from("twice").is_empty());
    assert!(from("@brew").is_empty());
    assert!(from("@brew/other").is_empty());
}

#[test]
fn broken_and_circular_configs_say_nothing() {
    for text in [
        "",
        "{",
        "[]",
        "{\"extends\": \"./tsconfig.json\"}",
        "/* ",
        "\"\\",
    ] {
        let files = [("tsconfig.json", text), ("package.json", text)];
        assert!(targets(&files, "a.ts", "b").is_empty());
    }
}
