use std::collections::BTreeSet;
use std::process::Command;

use super::*;
use crate::source::Existence;

fn workspace(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        write(folder.path(), path, text.as_bytes());
    }
    folder
}

fn write(root: &Path, path: &str, bytes: &[u8]) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

fn walk_of(folder: &tempfile::TempDir) -> Sources {
    discover(folder.path(), &Options::default()).unwrap()
}

fn paths(sources: &Sources) -> Vec<&str> {
    sources
        .files()
        .map(|(_, file)| file.path.as_str())
        .collect()
}

fn seen(sources: &Sources, path: &str) -> Option<Seen> {
    sources
        .walked()
        .find(|(walked, _)| *walked == path)
        .map(|(_, seen)| seen)
}

fn why<'a>(sources: &'a Sources, path: &str) -> Option<&'a str> {
    sources
        .file(sources.find(path).unwrap())
        .unreadable
        .as_deref()
}

#[cfg(unix)]
fn link(root: &Path, target: &str, path: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(target, path).unwrap();
}

#[test]
fn the_table_of_kinds() {
    use Kind::{
        Compose, Deployment, Env, Generator, JavaScript, Manifest, Migration, Nginx, Package,
        Prisma, PrismaConfig, Registry, Sql, TypeScript,
    };
    let options = Options::default();
    for (path, kind) in [
        ("products/shop/infra/service-registry.ts", Some(Registry)),
        ("ServiceRegistry.mjs", Some(Registry)),
        ("service-registry.cjs", Some(JavaScript)),
        ("service-registry.d.ts", None),
        ("service-registry.d.mts", None),
        ("service-registry.spec.ts", None),
        ("infra/__tests__/service-registry.ts", None),
        ("packages/a/__fixtures__/Post.prisma", None),
        ("packages/a/testdata/broken.prisma", None),
        ("service-registry.tsx", Some(JavaScript)),
        ("service-registry.md", None),
        ("modules/a/prisma.config.ts", Some(PrismaConfig)),
        ("modules/a/.config/prisma.cjs", Some(PrismaConfig)),
        ("modules/a/prisma.ts", Some(TypeScript)),
        ("infra/generate.ts", Some(Generator)),
        ("products/shop/infra/generate-sql.mjs", Some(Generator)),
        ("infra/generate-registry.ts", Some(Generator)),
        ("infra/generated.ts", Some(TypeScript)),
        ("src/generate.ts", Some(TypeScript)),
        ("src/app.min.js", None),
        ("src/app.jsx", Some(JavaScript)),
        ("src/app.spec.ts", None),
        ("compose.yaml", Some(Compose)),
        ("docker-compose.yml", Some(Compose)),
        ("compose.prod.yaml", Some(Compose)),
        ("docker-compose-ci.yml", Some(Compose)),
        ("dev.compose.yml", Some(Compose)),
        ("infra/test-compose.yaml", Some(Compose)),
        ("decompose.yml", Some(Deployment)),
        ("docker-compose.json", None),
        (".github/workflows/docker-compose.yml", None),
        (".env", Some(Env)),
        (".env.example", Some(Env)),
        ("a/.env.local", Some(Env)),
        ("a/loans.env", Some(Env)),
        (".envrc", None),
        (".env.", None),
        (".env.d.ts", None),
        (".env.vault", None),
        (".env.production.enc", None),
        ("env", None),
        ("prisma/schema.prisma", Some(Prisma)),
        ("test/schema.prisma", None),
        ("e2e/prisma.config.ts", None),
        ("prisma/migrations/1_init/migration.sql", Some(Migration)),
        ("prisma/migrations/1_init/down.sql", Some(Migration)),
        ("infra/init-databases.sql", Some(Sql)),
        ("migrations.sql", Some(Sql)),
        ("migrations/migration_lock.toml", Some(Kind::MigrationLock)),
        ("Dockerfile", Some(Kind::Dockerfile)),
        ("docker/Loans.Dockerfile", Some(Kind::Dockerfile)),
        ("modules/a/package.json", Some(Package)),
        ("modules/a/package-lock.json", None),
        ("deploy/kubernetes/loans.yaml", Some(Deployment)),
        ("chart/values-prod.yml", Some(Deployment)),
        ("pnpm-lock.yaml", None),
        (".gitlab-ci.yml", None),
        (".github/workflows/checks.yml", None),
        ("test/loans.yaml", None),
        ("products/a/manifest.yaml", Some(Manifest)),
        ("a/product-manifest.yml", Some(Manifest)),
        ("a/manifest.staging.yaml", Some(Manifest)),
        ("a/manifests.yaml", Some(Deployment)),
        ("a/manifest.json", None),
        ("apps/web/nginx.conf", Some(Nginx)),
        ("apps/web/default.conf.template", Some(Nginx)),
        ("test/nginx.conf", None),
        ("", None),
    ] {
        assert_eq!(kind_of(path, &options), kind, "{path}");
    }
}

#[test]
fn configured_registries_take_the_place_of_those_known_by_name() {
    let options = Options {
        registries: vec!["./infra/services.ts".into(), "products/*/map.json".into()],
        ..Options::default()
    };
    assert_eq!(kind_of("infra/services.ts", &options), Some(Kind::Registry));
    assert_eq!(
        kind_of("a/infra/services.ts", &options),
        Some(Kind::TypeScript)
    );
    assert_eq!(
        kind_of("products/shop/map.json", &options),
        Some(Kind::Registry)
    );
    assert_eq!(kind_of("products/a/b/map.json", &options), None);
    assert_eq!(
        kind_of("infra/service-registry.ts", &options),
        Some(Kind::TypeScript)
    );
}

#[test]
fn globs_that_are_none_are_an_error_with_help() {
    let options = Options {
        exclude: vec!["a{b".into()],
        ..Options::default()
    };
    let error = discover(Path::new("."), &options).unwrap_err();
    assert!(error.message.contains("`a{b` in `exclude`"), "{error}");
    assert!(!error.help.is_empty());
}

#[test]
fn a_root_that_is_not_there_is_an_error_with_help() {
    let error = discover(Path::new("/no/such/folder"), &Options::default()).unwrap_err();
    assert_eq!(
        error.message,
        "the workspace root `/no/such/folder` could not be read, it is not there"
    );
    let folder = workspace(&[("a.sql", "")]);
    let error = discover(&folder.path().join("a.sql"), &Options::default()).unwrap_err();
    assert!(error.message.ends_with("it is no folder"), "{error}");
}

#[test]
fn the_root_is_the_nearest_config_then_the_repository_then_the_start() {
    let folder = workspace(&[
        ("repo/dbfence.yaml", ""),
        ("repo/inner/.git", "gitdir: elsewhere"),
        ("repo/inner/src/a.ts", ""),
        ("plain/.git/HEAD", ""),
        ("plain/src/a.ts", ""),
        ("nothing/src/a.ts", ""),
    ]);
    let top = fs::canonicalize(folder.path()).unwrap();
    let from = |start: &str| root(None, &top.join(start)).unwrap();
    assert_eq!(from("repo/inner/src/a.ts"), top.join("repo"));
    assert_eq!(from("plain/src"), top.join("plain"));
    assert_eq!(from("nothing/src/a.ts"), top.join("nothing/src"));
    let explicit = root(Some(&top.join("nothing")), &top.join("repo")).unwrap();
    assert_eq!(explicit, top.join("nothing"));
    assert!(root(Some(&top.join("absent")), &top).is_err());
    assert!(root(Some(&top.join("repo/dbfence.yaml")), &top).is_err());
}

#[test]
fn what_is_held_back_is_known_by_name_and_not_read() {
    let folder = workspace(&[
        (".gitignore", "*.sql\n!keep.sql\n/out/\n.env\n"),
        (".ignore", "secret.prisma\n"),
        ("a.sql", "select 1"),
        ("keep.sql", "select 2"),
        ("secret.prisma", ""),
        (".env", "A=1"),
        (".env.example", "A="),
        ("out/b.prisma", ""),
        ("deep/.gitignore", "!a.sql\n"),
        ("deep/a.sql", "select 3"),
        ("deep/out/c.prisma", ""),
        ("node_modules/x/schema.prisma", ""),
        ("notes.txt", ""),
    ]);
    let sources = walk_of(&folder);
    assert_eq!(
        paths(&sources),
        [
            ".env.example",
            "deep/a.sql",
            "deep/out/c.prisma",
            "keep.sql"
        ]
    );
    for file in [
        "a.sql",
        ".env",
        "secret.prisma",
        "notes.txt",
        "deep/.gitignore",
    ] {
        assert_eq!(sources.existence(file), Existence::File, "{file}");
    }
    assert_eq!(sources.existence("b.md"), Existence::Missing);
    assert_eq!(sources.existence("deep/keep.sql"), Existence::Missing);
    // What is ignored may stand on other machines.
    assert_eq!(sources.existence("b.sql"), Existence::Unknown);
    assert_eq!(sources.existence("deep/new/b.sql"), Existence::Unknown);
    assert_eq!(sources.existence("out"), Existence::Folder);
    assert_eq!(sources.existence("out/b.prisma"), Existence::Unknown);
    assert_eq!(sources.existence("node_modules/y"), Existence::Unknown);
}

#[test]
fn excludes_have_the_last_word() {
    let folder = workspace(&[
        (".gitignore", "ignored.sql\n"),
        ("ignored.sql", ""),
        ("legacy/a.sql", ""),
        ("generated/b.sql", ""),
        ("c.sql", ""),
    ]);
    let options = Options {
        exclude: vec!["/legacy".into(), "!generated".into(), "!ignored.sql".into()],
        ..Options::default()
    };
    let sources = discover(folder.path(), &options).unwrap();
    assert_eq!(paths(&sources), ["c.sql", "generated/b.sql", "ignored.sql"]);
    assert_eq!(seen(&sources, "legacy"), Some(Seen::FolderNotEntered));
}

#[test]
fn ignore_files_between_the_root_and_its_repository_count() {
    let folder = workspace(&[
        (".gitignore", "outside.sql\n"),
        ("repo/.git/info/exclude", "excluded.sql\n"),
        ("repo/.gitignore", "above.sql\n/inner/anchored.sql\n"),
        ("repo/inner/.gitignore", "!both.sql\n"),
        ("repo/inner/above.sql", ""),
        ("repo/inner/anchored.sql", ""),
        ("repo/inner/deep/anchored.sql", ""),
        ("repo/inner/excluded.sql", ""),
        ("repo/inner/outside.sql", ""),
        ("repo/inner/module/.git", "gitdir: ../../elsewhere"),
        ("repo/inner/module/above.sql", ""),
    ]);
    let sources = discover(&folder.path().join("repo/inner"), &Options::default()).unwrap();
    assert_eq!(
        paths(&sources),
        ["deep/anchored.sql", "module/above.sql", "outside.sql"]
    );
}

#[test]
fn the_walk_finds_what_git_lists() {
    let folder = workspace(&[
        (
            ".gitignore",
            "# comment\n*.log\nbuild/\n!build/keep.txt\n/top.txt\ndoc/**/x\n[ab].txt\n\\!bang\n",
        ),
        (".git-not/a", ""),
        ("a.txt", ""),
        ("c.txt", ""),
        ("top.txt", ""),
        ("sub/top.txt", ""),
        ("sub/.gitignore", "!*.log\n*.tmp\r\n"),
        ("sub/x.log", ""),
        ("sub/x.tmp", ""),
        ("sub/deeper/y.tmp", ""),
        ("build/keep.txt", ""),
        ("doc/1/2/x", ""),
        ("doc/x", ""),
        ("!bang", ""),
        ("späße/ü.sql", ""),
        ("with space/b.txt", ""),
        ("excluded/file", ""),
    ]);
    let git = |arguments: &[&str]| {
        Command::new("git")
            .current_dir(folder.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            // A hook that runs the tests sets these for the repository it guards.
            .env_remove("GIT_DIR")
            .env_remove("GIT_WORK_TREE")
            .env_remove("GIT_INDEX_FILE")
            .args(arguments)
            .output()
    };
    // Without Git on this machine there is nothing to compare with.
    if git(&["init", "-q"]).is_err() {
        return;
    }
    write(folder.path(), ".git/info/exclude", b"excluded\n");
    let listed = git(&["ls-files", "-z", "-co", "--exclude-standard"])
        .unwrap()
        .stdout;
    let listed = String::from_utf8(listed).unwrap();
    let listed: BTreeSet<&str> = listed.split_terminator('\0').collect();
    let walked = walk::walk(folder.path(), &Excluded::default()).unwrap();
    let walked: BTreeSet<&str> = walked.files.keys().map(String::as_str).collect();
    assert_eq!(walked, listed);
}

#[test]
fn the_walk_finds_what_the_walker_of_ignore_finds() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/parse");
    let theirs: BTreeSet<String> = ignore::WalkBuilder::new(&root)
        .hidden(false)
        .require_git(false)
        .git_global(false)
        .build()
        .map(Result::unwrap)
        .filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file()))
        .filter_map(|entry| walk::path_below(&root, entry.path()))
        .collect();
    let ours = walk::walk(&root, &Excluded::default()).unwrap();
    assert_eq!(ours.files.into_keys().collect::<BTreeSet<_>>(), theirs);
}

#[cfg(unix)]
#[test]
fn a_file_behind_a_link_is_known_under_both_names() {
    let folder = workspace(&[
        ("shared/schema.prisma", "model A {}"),
        ("shared/variables.txt", "A=1"),
        ("ignored.sql", ""),
        (".gitignore", "ignored.sql\n"),
        ("node_modules/x.sql", ""),
    ]);
    let root = folder.path();
    link(
        root,
        "../../shared/schema.prisma",
        "modules/a/schema.prisma",
    );
    link(root, "../modules/a/schema.prisma", "chain/b.prisma");
    link(root, "shared/variables.txt", ".env");
    link(root, "shared", "folder");
    link(root, "nowhere", "dangling.sql");
    link(root, "loop.sql", "loop.sql");
    link(root, "/etc/hostname", "outside.sql");
    link(root, "ignored.sql", "to-ignored.sql");
    link(root, "node_modules/x.sql", "to-unseen.sql");
    link(root, ".", "self");
    let sources = walk_of(&folder);
    assert_eq!(
        paths(&sources),
        ["shared/schema.prisma", "shared/variables.txt"]
    );
    let schema = sources.find("shared/schema.prisma");
    assert_eq!(sources.find("modules/a/schema.prisma"), schema);
    assert_eq!(sources.find("chain/b.prisma"), schema);
    let variables = sources.find(".env").unwrap();
    assert_eq!(sources.file(variables).path, "shared/variables.txt");
    assert_eq!(sources.file(variables).kind, Kind::Env);
    assert_eq!(sources.existence("chain/b.prisma"), Existence::File);
    assert_eq!(sources.existence("to-ignored.sql"), Existence::File);
    assert_eq!(sources.find("to-ignored.sql"), None);
    assert_eq!(
        sources.existence("folder/schema.prisma"),
        Existence::Unknown
    );
    assert_eq!(seen(&sources, "folder"), Some(Seen::FolderLink));
    assert_eq!(seen(&sources, "self"), Some(Seen::FolderLink));
    for path in ["dangling.sql", "loop.sql", "outside.sql", "to-unseen.sql"] {
        assert_eq!(seen(&sources, path), Some(Seen::Other), "{path}");
    }
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_never_opened() {
    let folder = workspace(&[("folder.sql/inner.sql", "")]);
    let root = folder.path();
    for pipe in ["pipe.sql", ".gitignore", "folder.sql/.ignore"] {
        let made = Command::new("mkfifo").arg(root.join(pipe)).status();
        assert!(made.unwrap().success());
    }
    let _socket = std::os::unix::net::UnixListener::bind(root.join("socket.prisma")).unwrap();
    link(root, "pipe.sql", "link.sql");
    let sources = walk_of(&folder);
    assert_eq!(paths(&sources), ["folder.sql/inner.sql"]);
    assert_eq!(seen(&sources, "pipe.sql"), Some(Seen::Other));
    assert_eq!(seen(&sources, "socket.prisma"), Some(Seen::Other));
    assert_eq!(seen(&sources, "link.sql"), Some(Seen::Other));
    assert_eq!(sources.existence("folder.sql"), Existence::Folder);
}

#[test]
fn texts_come_as_they_stand() {
    let folder = workspace(&[
        ("crlf.sql", "a\r\nb\r\n"),
        ("nul.sql", "a\0b"),
        ("empty.sql", ""),
        ("größe/日本.sql", "\u{feff}x"),
    ]);
    let sources = walk_of(&folder);
    let text = |path: &str| &*sources.file(sources.find(path).unwrap()).text;
    assert_eq!(text("crlf.sql"), "a\r\nb\r\n");
    assert_eq!(text("nul.sql"), "a\0b");
    assert_eq!(text("empty.sql"), "");
    assert_eq!(text("größe/日本.sql"), "\u{feff}x");
}

#[test]
fn what_cannot_be_read_says_why() {
    let folder = workspace(&[("big.sql", "123456789"), ("fits.sql", "12345678")]);
    write(folder.path(), "latin.sql", b"-- caf\xe9\n");
    write(folder.path(), "cut.sql", b"ab\xe2\x82");
    write(folder.path(), "wide.prisma", b"\xff\xfem\0o\0");
    let options = Options {
        max_file_size: 8,
        ..Options::default()
    };
    let sources = discover(folder.path(), &options).unwrap();
    assert_eq!(why(&sources, "fits.sql"), None);
    assert_eq!(
        why(&sources, "big.sql"),
        Some("it has 9 bytes, and the limit is 8")
    );
    assert_eq!(
        why(&sources, "latin.sql"),
        Some("it is not UTF-8: byte 0xe9 at offset 6")
    );
    assert_eq!(
        why(&sources, "cut.sql"),
        Some("it is not UTF-8: byte 0xe2 at offset 2")
    );
    assert_eq!(
        why(&sources, "wide.prisma"),
        Some("it is UTF-16, by its byte order mark, and has to be UTF-8")
    );
    assert_eq!(
        too_large(9_000_000, 8 * 1024 * 1024),
        "it has 9000000 bytes, and the limit is 8388608 (8 MiB)"
    );
}

#[cfg(unix)]
#[test]
fn files_and_folders_without_permission_are_recorded() {
    use std::os::unix::fs::PermissionsExt;
    let folder = workspace(&[("a.sql", ""), ("closed/b.sql", ""), ("c.sql", "")]);
    let forbid = |path: &str, mode| {
        fs::set_permissions(folder.path().join(path), fs::Permissions::from_mode(mode)).unwrap();
    };
    forbid("a.sql", 0o000);
    forbid("closed", 0o000);
    let sources = walk_of(&folder);
    forbid("closed", 0o755);
    assert_eq!(why(&sources, "c.sql"), None);
    // A superuser reads everything.
    if fs::read(folder.path().join("a.sql")).is_err() {
        assert_eq!(why(&sources, "a.sql"), Some("permission denied"));
        assert_eq!(why(&sources, "closed"), Some("permission denied"));
        assert_eq!(sources.existence("closed/b.sql"), Existence::Unknown);
    }
}

#[test]
fn a_file_that_vanished_says_so() {
    let text = text_of(Path::new("/no/such/a.sql"), 8);
    let file = source_file("a.sql", Kind::Sql, text);
    assert_eq!(file.unreadable.as_deref(), Some("it is not there"));
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_are_not_utf8_are_read_under_a_name_that_is() {
    use std::os::unix::ffi::OsStrExt;
    let folder = workspace(&[("a.sql", "")]);
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9.sql");
    fs::write(folder.path().join(name), "select 1").unwrap();
    let sources = walk_of(&folder);
    let found = sources.find("caf\u{fffd}.sql").unwrap();
    assert_eq!(&*sources.file(found).text, "select 1");
}

const IMPORTING: [(&str, &str); 9] = [
    (
        "infra/service-registry.ts",
        r#"import { ports } from "./ports.js"; export * from "../shared"; const database = "";"#,
    ),
    ("infra/ports.ts", r#"import "./more"; import "./gone""#),
    ("infra/more.mjs", r#"const back = require("./ports");"#),
    ("shared/index.ts", ""),
    ("shared/other.ts", ""),
    ("infra/generated/unseen.ts", ""),
    (
        "modules/a/prisma.config.ts",
        r#"import "dotenv/config"; import url from "../../url""#,
    ),
    ("url.cts", ""),
    ("url.json", ""),
];

#[test]
fn relative_imports_of_registries_and_configs_are_read() {
    let folder = workspace(&IMPORTING);
    let on_disk = walk_of(&folder);
    let files = IMPORTING.map(|(path, text)| (path.to_owned(), text.to_owned()));
    let in_memory = in_memory(files, &Options::default());
    for sources in [&on_disk, &in_memory] {
        assert_eq!(
            paths(sources),
            [
                "infra/more.mjs",
                "infra/ports.ts",
                "infra/service-registry.ts",
                "modules/a/prisma.config.ts",
                "shared/index.ts",
                "url.cts",
            ]
        );
        let ports = sources.find("infra/ports.ts").unwrap();
        assert_eq!(sources.file(ports).kind, Kind::Constants);
    }
    let walked = |sources: &Sources| -> Vec<(String, Seen)> {
        sources
            .walked()
            .map(|(path, seen)| (path.to_owned(), seen))
            .collect()
    };
    assert_eq!(walked(&on_disk), walked(&in_memory));
}

#[test]
fn imports_are_followed_up_to_a_bound_and_likely_registries_first() {
    let mut files: Vec<(String, String)> = (0..400)
        .map(|number| {
            (
                format!("a/{number}.ts"),
                format!("import \"./{}\"", number + 1),
            )
        })
        .collect();
    files.push(("a/plugin-registry.ts".into(), "import \"./0\"".into()));
    let registry = "import \"./ports\"; const s = { database: \"a\" };";
    files.push(("z/service-registry.ts".into(), registry.into()));
    files.push(("z/ports.ts".into(), String::new()));
    let sources = in_memory(files, &Options::default());
    assert!(sources.find("z/ports.ts").is_some());
    assert_eq!(sources.files().count(), 256 + 2);
}

#[test]
fn a_workspace_in_memory_obeys_the_same_options() {
    let options = Options {
        exclude: vec!["legacy/".into(), "b.sql".into()],
        max_file_size: 4,
        ..Options::default()
    };
    let files = ["legacy/a.sql", "b.sql", "dist/c.sql", "d.sql", "e.txt"]
        .map(|path| (path.to_owned(), "select".to_owned()));
    let sources = in_memory(files, &options);
    assert_eq!(paths(&sources), ["d.sql"]);
    assert!(why(&sources, "d.sql").is_some());
    assert_eq!(sources.existence("legacy/x"), Existence::Unknown);
    assert_eq!(sources.existence("b.sql"), Existence::File);
    assert_eq!(sources.existence("e.txt"), Existence::File);
}

#[test]
fn test_code_is_known_by_its_folder_and_its_name() {
    let is_test_code = kind::is_test_code;
    for path in [
        "apps/billing-e2e/src/support/global-setup.ts",
        "apps/billing/playwright/fixtures.ts",
        "apps/billing/jest.setup.ts",
        "apps/billing/setup-jest.js",
        "apps/billing/vitest.config.mts",
        "apps/web/src/setupTests.ts",
        "apps/billing/src/invoice.spec.ts",
    ] {
        assert!(is_test_code(path), "{path}");
    }
    for path in [
        "apps/billing/src/setup.ts",
        "apps/billing/src/jester.service.ts",
        "apps/billing/src/test-service.ts",
        "apps/e2e-billing/src/main.ts",
        "docs/jest.md",
    ] {
        assert!(!is_test_code(path), "{path}");
    }
}
