use super::*;
use crate::catalogue::Catalogue;
use crate::discover::{Options, in_memory};
use crate::parse::Kept;

const SCHEMA: &str =
    "datasource db {\n  provider = \"postgresql\"\n  url = env(\"DATABASE_URL\")\n}\n";

/// What is inferred of a workspace: name, folder, variables, whether it stores, and its containers.
fn inferred(config: &str, files: &[(&str, &str)]) -> Vec<String> {
    let files = files.iter();
    let files = files.map(|(path, text)| ((*path).to_owned(), *text));
    let sources = in_memory(files, &Options::default());
    let policy = Policy::read(config, &Catalogue::new([]).unwrap()).unwrap();
    let facts = Kept::default().parse_all(&sources);
    let workspace = Workspace::link(&sources, facts, &policy);
    let services = workspace.inferred_services().iter();
    services
        .map(|service| {
            let containers = service.containers.iter();
            let keys: Vec<&str> = containers
                .map(|&(stack, number)| {
                    let container = &workspace.stacks[stack].services[number];
                    container.key.value.as_str()
                })
                .collect();
            format!(
                "{} in {} by {}{} as {}",
                service.name,
                service.folder.as_deref().unwrap_or("?"),
                service.variables.join(" "),
                if service.store.is_some() {
                    " stores"
                } else {
                    ""
                },
                keys.join(" ")
            )
        })
        .collect()
}

#[test]
fn a_build_tells_its_module_in_many_ways() {
    let compose = r#"
services:
  by-context: { build: apps/one }
  by-dockerfile: { build: { context: ., dockerfile: apps/two/Dockerfile } }
  by-dockerfile-elsewhere: { build: { context: apps/three, dockerfile: ../../docker/Dockerfile } }
  by-argument: { build: { context: ., args: { SERVICE_NAME: four } } }
  by-path-argument: { build: { context: ., args: [APP_PATH=apps/five] } }
  by-scoped-argument: { build: { context: ., args: { PACKAGE: "@org/six" } } }
  by-filter: { build: ., command: pnpm --filter @org/seven start }
  by-command: { build: ., command: [node, dist/apps/eight/main.js] }
  by-last-command: { build: ., command: sh -c "pnpm --filter one migrate && pnpm --filter nine start" }
  by-image: { image: "nine:local", command: node apps/ten/dist/main.js }
  builder: { image: "nine:local", build: { context: ., dockerfile: Dockerfile } }
  by-mounted: { build: tools/image, volumes: [".:/app"], command: pnpm --filter thirteen start }
  by-context-alone: { build: apps/fourteen, volumes: ["./apps/fourteen:/app"], command: sh -c "cp -n /apps/one/* /app/apps/one && npm start" }
  by-name: { build: { context: ., dockerfile: docker/Dockerfile.eleven } }
  by-mount: { image: node:24, volumes: ["./apps/twelve:/app"] }
  nothing: { build: { context: ., dockerfile: docker/Dockerfile } }
  third-party: { image: example/thing }
  remote: { build: "https://github.com/example/thing.git" }
  mongo: { build: docker/mongo }
"#;
    let names = [
        "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
        "twelve", "thirteen", "fourteen",
    ];
    let manifests = names.map(|name| format!("apps/{name}/package.json"));
    let mut files: Vec<(&str, &str)> = manifests.iter().map(|path| (path.as_str(), "{}")).collect();
    files.extend([
        ("compose.yaml", compose),
        ("docker/Dockerfile", "FROM node:24"),
        (
            "docker/Dockerfile.eleven",
            "FROM node:24\nCOPY apps/eleven apps/eleven",
        ),
        ("docker/mongo/Dockerfile", "FROM mongo:8"),
        ("tools/image/Dockerfile", "FROM node:24"),
    ]);
    let found = inferred("", &files);
    let folder_of = |key: &str| {
        let line = found
            .iter()
            .find(|line| line.split(" as ").nth(1) == Some(key));
        let line = line.unwrap_or_else(|| panic!("{key} is not in {found:#?}"));
        line.split(' ').nth(2).unwrap().to_owned()
    };
    for (key, folder) in [
        ("by-context", "apps/one"),
        ("by-dockerfile", "apps/two"),
        ("by-dockerfile-elsewhere", "apps/three"),
        ("by-argument", "apps/four"),
        ("by-path-argument", "apps/five"),
        ("by-scoped-argument", "apps/six"),
        ("by-filter", "apps/seven"),
        ("by-command", "apps/eight"),
        ("by-last-command", "apps/nine"),
        ("by-image", "apps/ten"),
        ("builder", "?"),
        ("by-mounted", "apps/thirteen"),
        ("by-context-alone", "apps/fourteen"),
        ("by-name", "apps/eleven"),
        ("by-mount", "apps/twelve"),
        ("nothing", "?"),
    ] {
        assert_eq!(folder_of(key), folder, "{key}");
    }
    assert_eq!(found.len(), 16, "{found:#?}");
}

#[test]
fn containers_of_one_module_are_one_service() {
    let compose = r"
services:
  harvest-worker: { build: { context: ., dockerfile: apps/harvest/Dockerfile, target: worker } }
  harvest: { build: apps/harvest }
  harvest-migrate: { build: { context: ., dockerfile: apps/harvest/Dockerfile }, command: npx prisma migrate deploy }
  server: { build: { context: ., target: server } }
  jobs: { build: { context: ., target: jobs } }
";
    let found = inferred(
        "",
        &[
            ("compose.yaml", compose),
            ("Dockerfile", "FROM node:24"),
            ("apps/harvest/package.json", "{}"),
            ("apps/harvest/prisma/schema.prisma", SCHEMA),
        ],
    );
    assert_eq!(
        found,
        [
            "harvest in apps/harvest by DATABASE_URL stores as harvest-worker harvest harvest-migrate",
            "server in ? by DATABASE_URL as server jobs",
        ]
    );
}

#[test]
fn a_schema_belongs_to_the_nearest_package_and_names_the_variable() {
    let own = SCHEMA.replace("DATABASE_URL", "PRESS_DB_URL");
    let mysql = SCHEMA.replace("postgresql", "mysql");
    let shared = "export default defineConfig({ schema: \"../tables/prisma/schema.prisma\" })";
    let own_config = "export default { datasource: { url: env(\"CELLAR_URL\") } }";
    let literal =
        "datasource db {\n  provider = \"postgresql\"\n  url = \"postgresql://a:b@c/d\"\n}";
    let found = inferred(
        "",
        &[
            ("package.json", "{}"),
            ("apps/press/package.json", "{}"),
            ("apps/press/src/db/prisma/schema.prisma", &own),
            ("apps/press/src/client/schema.prisma", &own),
            ("apps/press/src/client/index.d.ts", ""),
            ("apps/notes/package.json", "{}"),
            ("apps/notes/prisma/schema.prisma", &mysql),
            ("apps/site/package.json", "{}"),
            ("apps/site/prisma.config.ts", shared),
            ("apps/site/prisma/schema.prisma", SCHEMA),
            ("apps/cellar/package.json", "{}"),
            ("apps/cellar/prisma.config.ts", own_config),
            (
                "apps/cellar/prisma/schema.prisma",
                "datasource db {\n  provider = \"postgresql\"\n}",
            ),
            ("apps/plain/package.json", "{}"),
            ("apps/plain/prisma/schema.prisma", literal),
            ("apps/press/test/prisma/schema.prisma", SCHEMA),
            ("prisma/schema.prisma", SCHEMA),
        ],
    );
    assert_eq!(
        found,
        [
            ". in  by DATABASE_URL stores as ",
            "cellar in apps/cellar by CELLAR_URL stores as ",
            "notes in apps/notes by DATABASE_URL as ",
            "plain in apps/plain by  stores as ",
            "press in apps/press by PRESS_DB_URL stores as ",
        ]
    );
}

#[test]
fn migrations_without_prisma_are_a_store_too() {
    let compose = "services:\n  a: { build: a }\n  b: { build: b }\n  c: { build: c }\n";
    let found = inferred(
        "",
        &[
            ("compose.yaml", compose),
            ("a/migrations/001_init.sql", "CREATE TABLE a (id int);"),
            ("b/src/migrations/1700000000000-Init.ts", ""),
            ("c/src/migrations/index.ts", ""),
        ],
    );
    assert_eq!(
        found,
        [
            "a in a by DATABASE_URL stores as a",
            "b in b by DATABASE_URL stores as b",
            "c in c by DATABASE_URL as c",
        ]
    );
}

#[test]
fn services_of_one_name_are_told_apart() {
    let compose = "services:\n  api: { build: api }\n";
    let found = inferred(
        "",
        &[
            ("shop/compose.yaml", compose),
            ("shop/api/package.json", "{}"),
            ("mill/compose.yaml", compose),
            ("mill/api/Dockerfile", "FROM node:24"),
        ],
    );
    assert_eq!(
        found,
        [
            "mill/api in mill/api by DATABASE_URL as api",
            "shop/api in shop/api by DATABASE_URL as api",
        ]
    );
}

#[test]
fn the_config_corrects_what_was_inferred() {
    let compose = r"
services:
  loans: { build: { context: ., args: { APP: loans } } }
  loans-cron: { build: { context: ., dockerfile: cron.Dockerfile } }
  desk: { image: example/desk }
  books: { build: apps/books }
  studio: { build: apps/books }
";
    let config = r"
services:
  loans: { folder: apps/loans, compose: [loans, loans-cron], variable: LOANS_DATABASE_URL }
  desk: { folder: apps/desk }
  library: { folder: apps/books }
tools: [studio]
";
    let found = inferred(
        config,
        &[
            ("compose.yaml", compose),
            ("apps/loans/package.json", "{}"),
            ("apps/loans/prisma/schema.prisma", SCHEMA),
            ("apps/desk/package.json", "{}"),
            ("apps/desk/prisma/schema.prisma", SCHEMA),
            ("apps/books/package.json", "{}"),
        ],
    );
    assert_eq!(
        found,
        [
            "loans in apps/loans by LOANS_DATABASE_URL stores as loans loans-cron",
            "desk in apps/desk by DATABASE_URL stores as desk",
            "library in apps/books by DATABASE_URL as books",
        ]
    );
}

#[test]
fn a_configured_service_of_the_root_is_the_one_that_was_inferred() {
    let config = "services:\n  \".\": { folder: \".\" }\n";
    let files = [("package.json", "{}"), ("prisma/schema.prisma", SCHEMA)];
    let stores = [". in  by DATABASE_URL stores as "];
    assert_eq!(inferred("", &files), stores);
    assert_eq!(inferred(config, &files), stores);
}

#[test]
fn a_service_has_the_name_that_it_has_in_the_stack_that_is_run() {
    let staging = "services:\n  web-staging: { build: apps/shop }\n";
    let usual = "services:\n  web: { build: apps/shop }\n";
    let found = inferred(
        "",
        &[
            ("docker-compose.staging.yml", staging),
            ("docker-compose.yml", usual),
            ("apps/shop/package.json", "{}"),
        ],
    );
    assert_eq!(
        found,
        ["web in apps/shop by DATABASE_URL as web-staging web"]
    );
}

#[test]
fn every_service_says_its_folder_its_variable_and_its_databases() {
    let compose = r"
services:
  postgres: { image: postgres:16 }
  loans:
    build: apps/loans
    environment: { DATABASE_URL: postgresql://a:b@postgres/loan_book }
  desk:
    build: apps/desk
    environment: { DATABASE_URL: postgresql://a:b@postgres/loan_book }
  books:
    build: apps/books
    environment: { DATABASE_URL: postgresql://a:b@${HOST}/books }
";
    let files = [
        ("compose.yaml", compose),
        ("apps/loans/package.json", "{}"),
        ("apps/desk/package.json", "{}"),
        ("apps/books/package.json", "{}"),
    ];
    let files = files.map(|(path, text)| (path.to_owned(), text));
    let sources = in_memory(files, &Options::default());
    let config = "services:\n  desk: { database: '' }\n";
    let policy = Policy::read(config, &Catalogue::new([]).unwrap()).unwrap();
    let facts = Kept::default().parse_all(&sources);
    let workspace = Workspace::link(&sources, facts, &policy);
    let services = workspace.known_services().into_iter();
    let said: Vec<_> = services
        .map(|service| {
            let databases: Vec<String> = service.databases.into_iter().collect();
            let (name, folder) = (service.owner.service.unwrap(), service.folder.unwrap());
            format!(
                "{name} {folder} {} {}",
                service.variables[0],
                databases.join(" ")
            )
        })
        .collect();
    assert_eq!(
        said,
        [
            "loans apps/loans DATABASE_URL loan_book",
            "desk apps/desk DATABASE_URL ",
            "books apps/books DATABASE_URL ",
        ]
    );
}

#[test]
fn a_context_that_is_not_there_says_nothing() {
    let compose = "services:\n  web: { build: ./web }\n  chat: { build: ./chat }\n";
    let found = inferred(
        "",
        &[
            ("apps/user/compose.yaml", compose),
            ("apps/user/package.json", "{}"),
            ("apps/user/prisma/schema.prisma", SCHEMA),
        ],
    );
    assert_eq!(
        found,
        [
            "web in ? by DATABASE_URL as web",
            "chat in ? by DATABASE_URL as chat",
            "user in apps/user by DATABASE_URL stores as ",
        ]
    );
}
