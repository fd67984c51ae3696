use crate::catalogue::Catalogue;
use crate::discover::{Options, in_memory};
use crate::model::Workspace;
use crate::parse::Kept;
use crate::policy::Policy;

const POSTGRES: &str =
    "datasource db {\n provider = \"postgresql\"\n url = env(\"DATABASE_URL\")\n}\n";
const MYSQL: &str = "datasource db {\n provider = \"mysql\"\n}\n";
const SQL: &str = "CREATE TABLE a (id integer);\n";
const USER: &str = "model User {\n id Int @id\n}\n";

/// What keeps tables in these files, one line each: its folder, its owners, its files below the folder that
/// they have in common, and its migrations.
fn holdings(files: &[(&str, &str)]) -> Vec<String> {
    let files = files.iter();
    let files = files.map(|(path, text)| ((*path).to_owned(), *text));
    let sources = in_memory(files, &Options::default());
    let policy = Policy::read("", &Catalogue::new([]).unwrap()).unwrap();
    let facts = Kept::default().parse_all(&sources);
    let workspace = Workspace::link(&sources, facts, &policy);
    let holdings = workspace.holdings().iter();
    holdings
        .map(|holding| {
            let owners = holding.owners.iter().map(|owner| {
                let product = owner.product.as_deref();
                let product = product.map_or(String::new(), |product| format!("{product}:"));
                format!("{product}{}", owner.service.as_deref().unwrap_or("?"))
            });
            let short = |id: &crate::source::FileId| {
                let path = sources.file(*id).path.as_str();
                let below = path.strip_prefix(&holding.folder).unwrap_or(path);
                below.trim_start_matches('/').to_owned()
            };
            let mut words = vec![format!(
                "{} of [{}]:",
                holding.folder,
                owners.collect::<Vec<_>>().join(" ")
            )];
            words.extend(holding.schema_files.iter().map(short));
            words.extend(
                holding
                    .migrations
                    .iter()
                    .map(short)
                    .map(|it| format!("+{it}")),
            );
            if !holding.is_postgres {
                words.push("not PostgreSQL".to_owned());
            }
            if holding.has_borrowed_migrations {
                words.push("borrowed".to_owned());
            }
            if holding.is_open {
                words.push("open".to_owned());
            }
            if holding.default_schema != "public" {
                words.push(format!("in {}", holding.default_schema));
            }
            words.join(" ")
        })
        .collect()
}

#[test]
fn a_schema_is_a_file_or_all_that_lies_below_a_folder() {
    let single = [
        ("a/prisma/schema.prisma", POSTGRES),
        ("a/schema.prisma", MYSQL),
    ];
    assert_eq!(
        holdings(&single),
        [
            "a of [a]: prisma/schema.prisma",
            "a of [a]: schema.prisma not PostgreSQL"
        ]
    );
    let folder = [
        ("a/prisma/schema/base.prisma", POSTGRES),
        ("a/prisma/schema/people/user.prisma", USER),
    ];
    let whole = ["a of [a]: prisma/schema/base.prisma prisma/schema/people/user.prisma"];
    assert_eq!(holdings(&folder), whole);
    for config in [
        (
            "a/prisma.config.ts",
            "export default { schema: \"prisma/schema\" }",
        ),
        (
            "a/.config/prisma.ts",
            "export default { schema: \"./prisma/schema/\" }",
        ),
        (
            "a/package.json",
            "{ \"prisma\": { \"schema\": \"prisma/schema\" } }",
        ),
        (
            "a/package.json",
            "{ \"scripts\": { \"x\": \"y && npx prisma migrate deploy --schema=\\\"prisma/schema\\\"\" } }",
        ),
    ] {
        let files = [folder[0], folder[1], config];
        assert_eq!(holdings(&files), whole, "{config:?}");
    }
}

#[test]
fn one_schema_may_be_named_by_its_file_and_by_its_folder() {
    let files = [
        ("a/prisma/base.prisma", POSTGRES),
        ("a/prisma/user.prisma", USER),
        (
            "a/prisma.config.ts",
            "export default { schema: \"prisma\", migrations: { path: \"db\" } }",
        ),
        (
            "a/package.json",
            "{ \"scripts\": { \"x\": \"prisma generate --schema prisma/base.prisma\" } }",
        ),
        ("a/db/migration_lock.toml", ""),
        ("a/db/1/migration.sql", SQL),
    ];
    assert_eq!(
        holdings(&files),
        ["a of [a]: prisma/base.prisma prisma/user.prisma +db/1/migration.sql"]
    );
}

#[test]
fn a_root_that_helps_its_packages_owns_none_of_their_schemas() {
    let files = [
        (
            "package.json",
            "{ \"scripts\": { \"x\": \"prisma generate --schema a/prisma/schema.prisma\" } }",
        ),
        ("prisma/schema.prisma", POSTGRES),
        ("a/package.json", "{}"),
        ("a/prisma/schema.prisma", POSTGRES),
        (
            "a/scripts/setup.sh",
            "cd .. && npx prisma db push --schema=a/prisma/schema.prisma\n",
        ),
    ];
    assert_eq!(
        holdings(&files),
        [
            "a of [a]: prisma/schema.prisma",
            " of [.]: prisma/schema.prisma",
        ]
    );
}

#[test]
fn a_file_that_is_named_stands_for_itself() {
    let snippet = "model Note {\n id Int @id\n}\n";
    let main = format!("{POSTGRES}{USER}");
    let files = [
        ("a/prisma/schema.prisma", main.as_str()),
        ("a/prisma/snippet.prisma", snippet),
    ];
    let alone = ["a of [a]: prisma/schema.prisma"];
    assert_eq!(
        holdings(&files),
        alone,
        "nothing in it needs the other file"
    );
    let config = (
        "a/prisma.config.ts",
        "export default { schema: \"prisma/schema.prisma\" }",
    );
    let bare = ("a/prisma/schema.prisma", POSTGRES);
    assert_eq!(holdings(&[bare, files[1], config]), alone);
    assert_eq!(
        holdings(&[bare, files[1]]),
        ["a of [a]: prisma/schema.prisma prisma/snippet.prisma"],
        "without the other file it has no model"
    );
}

#[test]
fn what_is_in_no_use_is_no_schema() {
    let files = [
        ("a/package.json", "{}"),
        ("a/src/templates/starter.prisma", POSTGRES),
        ("a/prisma/note.prisma", USER),
        ("a/generated/prisma/schema.prisma", POSTGRES),
        ("a/generated/prisma/index.js", ""),
        ("a/test/prisma/schema.prisma", POSTGRES),
        ("a/prisma/contract.prisma", USER),
        ("a/prisma/contract.json", "{}"),
        ("a/migrations/app/20260520T1317_init/ops.json", "{}"),
        (
            "a/migrations/app/20260520T1317_init/contract.prisma",
            POSTGRES,
        ),
    ];
    assert_eq!(holdings(&files), Vec::<String>::new());
}

#[test]
fn migrations_lie_beside_the_datasource_or_where_a_config_says() {
    let migration = "0001_init/migration.sql";
    for (schema, folder, config) in [
        ("prisma/schema.prisma", "prisma/migrations", ""),
        ("prisma/schema/base.prisma", "prisma/schema/migrations", ""),
        ("prisma/schema/base.prisma", "prisma/migrations", ""),
        ("prisma/schema.prisma", "db/steps", "db/steps"),
        ("prisma/schema.prisma", "migration", ""),
    ] {
        let schema = format!("a/{schema}");
        let path = format!("a/{folder}/{migration}");
        let lock = format!("a/{folder}/migration_lock.toml");
        let config = if config.is_empty() {
            "export default {}".to_owned()
        } else {
            format!("export default {{ migrations: {{ path: \"{config}\" }} }}")
        };
        let files = [
            ("a/package.json", "{}"),
            (&schema, POSTGRES),
            (&path, SQL),
            (&lock, "provider = \"postgresql\"\n"),
            ("a/prisma.config.ts", &config),
        ];
        assert_eq!(
            holdings(&files),
            [format!("a of [a]: {} +{folder}/{migration}", &schema[2..])]
        );
    }
}

#[test]
fn migrations_are_applied_by_name_and_never_taken_back() {
    let files = [
        ("a/prisma/schema.prisma", POSTGRES),
        ("a/prisma/migrations/2_b/migration.sql", SQL),
        ("a/prisma/migrations/2/migration.sql", SQL),
        ("a/prisma/migrations/10_a/migration.sql", SQL),
        ("a/prisma/migrations/10_a/down.sql", SQL),
        ("a/prisma/migrations/draft/notes.sql", SQL),
        ("a/prisma/migrations/by_hand.sql", SQL),
    ];
    assert_eq!(
        holdings(&files),
        [
            "a of [a]: prisma/schema.prisma +prisma/migrations/10_a/migration.sql \
          +prisma/migrations/2/migration.sql +prisma/migrations/2_b/migration.sql"
        ]
    );
    let files = [
        ("b/package.json", "{}"),
        ("b/migrations/0002_more.up.sql", SQL),
        ("b/migrations/0002_more.down.sql", SQL),
        ("b/migrations/0001_init.sql", SQL),
        ("b/migrations/0001_init_down.sql", SQL),
        ("b/migrations/U3__undo.sql", SQL),
        ("b/migrations/V3__slow_down.md", SQL),
        ("c/package.json", "{}"),
        ("c/drizzle/0000_init.sql", SQL),
        ("c/drizzle/meta/_journal.json", "{}"),
        ("d/clickhouse/migrations/1.sql", SQL),
        (
            "e/migrations/1.sql",
            "CREATE TABLE `a` (id INT) ENGINE=InnoDB;\n",
        ),
    ];
    assert_eq!(
        holdings(&files),
        [
            "b of []: +migrations/0001_init.sql +migrations/0002_more.up.sql",
            "c of []: +drizzle/0000_init.sql",
            "d/clickhouse/migrations of []: +1.sql not PostgreSQL",
            "e/migrations of []: +1.sql not PostgreSQL",
        ]
    );
}

#[test]
fn of_schemas_for_several_servers_one_has_the_migrations() {
    let files = [
        ("a/package.json", "{}"),
        ("a/prisma/mysql.prisma", MYSQL),
        ("a/prisma/postgres.prisma", POSTGRES),
        ("a/prisma/migrations/1/migration.sql", SQL),
    ];
    assert_eq!(
        holdings(&files),
        [
            "a of [a]: prisma/mysql.prisma not PostgreSQL",
            "a of [a]: prisma/postgres.prisma +prisma/migrations/1/migration.sql",
        ]
    );
}

#[test]
fn only_what_prisma_calls_postgresql_is_replayed() {
    for (provider, is_one) in [
        ("\"postgresql\"", true),
        ("\"postgres\"", true),
        ("\"cockroachdb\"", false),
        ("\"sqlite\"", false),
        ("env(\"PROVIDER\")", false),
    ] {
        let schema = format!("datasource db {{\n provider = {provider}\n}}\n");
        let found = holdings(&[("a/prisma/schema.prisma", &schema)]);
        assert_eq!(found[0].contains("not PostgreSQL"), !is_one, "{provider}");
    }
    let broken = format!("{POSTGRES}model A {{\n id\n}}\n");
    assert!(holdings(&[("a/prisma/schema.prisma", &broken)])[0].ends_with(" open"));
}

#[test]
fn the_connection_string_says_the_first_schema() {
    let compose = |url: &str| {
        format!("services:\n  a:\n    build: ./a\n    environment:\n      DATABASE_URL: {url}\n")
    };
    for (url, schema) in [
        ("postgresql://u:p@db:5432/a?schema=shop", Some("shop")),
        (
            "postgresql://u:p@db:5432/a?sslmode=require&schema=my%20shop",
            Some("my shop"),
        ),
        ("postgresql://u:p@db:5432/a", None),
        (
            "postgresql://u:${PASSWORD}@db:5432/a?schema=shop",
            Some("shop"),
        ),
        ("postgresql://u:p@db:5432/a?schema=${SCHEMA}", None),
    ] {
        let text = compose(url);
        let files = [
            ("a/prisma/schema.prisma", POSTGRES),
            ("compose.yaml", &text),
        ];
        let files = [files[0], files[1], ("a/Dockerfile", "FROM node:24\n")];
        let expected = schema.map_or(String::new(), |schema| format!(" in {schema}"));
        assert_eq!(
            holdings(&files),
            [format!("a of [a]: prisma/schema.prisma{expected}")],
            "{url}"
        );
    }
    let literal = POSTGRES.replace(
        "env(\"DATABASE_URL\")",
        "\"postgresql://u:p@h:5432/a?schema=x\"",
    );
    assert!(holdings(&[("a/prisma/schema.prisma", &literal)])[0].ends_with(" in x"));
}

#[test]
fn migrations_of_another_service_tell_nothing_of_a_schema() {
    let registry = "export const serviceRegistry = {\n  a: { port: 4101, database: \"a\", dockerfile: \"modules/a/Dockerfile\" },\n  b: { port: 4102, database: \"b\", dockerfile: \"modules/b/Dockerfile\" },\n};\n";
    let files = [
        ("infra/service-registry.ts", registry),
        ("modules/a/Dockerfile", "FROM node:24\n"),
        ("modules/b/Dockerfile", "FROM node:24\n"),
        ("modules/a/prisma/schema.prisma", POSTGRES),
        ("modules/a/prisma/migrations/1/migration.sql", SQL),
        ("modules/b/prisma/schema.prisma", POSTGRES),
        ("modules/b/prisma/migrations/2/migration.sql", SQL),
    ];
    let with = |config: &'static str| {
        let config = ("modules/b/prisma.config.ts", config);
        holdings(&[&files[..], &[config]].concat())
    };
    assert_eq!(
        with("export default { migrations: { path: \"../a/prisma/migrations\" } }"),
        [
            "modules/a of [.:a]: prisma/schema.prisma +prisma/migrations/1/migration.sql",
            "modules/b of [.:b]: prisma/schema.prisma +modules/a/prisma/migrations/1/migration.sql borrowed",
            "modules/b of [.:b]: +prisma/migrations/2/migration.sql",
        ]
    );
    assert_eq!(
        with(
            "export default { schema: \"../a/prisma/schema.prisma\", migrations: { path: \"prisma/migrations\" } }"
        ),
        [
            "modules/a of [.:a .:b]: prisma/schema.prisma +prisma/migrations/1/migration.sql",
            "modules/b of [.:b]: prisma/schema.prisma +prisma/migrations/2/migration.sql",
        ]
    );
}

#[test]
fn owners_are_those_of_the_module_and_those_who_name_the_schema() {
    let registry = |port: u16| {
        format!(
            "export const serviceRegistry = {{\n  a: {{ port: {port}1, database: \"a\", dockerfile: \"modules/a/Dockerfile\" }},\n  b: {{ port: {port}2, database: \"b\", dockerfile: \"modules/b/Dockerfile\" }},\n}};\n"
        )
    };
    let (one, two) = (registry(410), registry(420));
    let files = [
        ("products/one/infra/service-registry.ts", one.as_str()),
        ("products/two/infra/service-registry.ts", two.as_str()),
        ("modules/a/Dockerfile", "FROM node:24\n"),
        ("modules/b/Dockerfile", "FROM node:24\n"),
        ("modules/a/prisma/schema.prisma", POSTGRES),
        ("packages/shared/prisma/schema.prisma", POSTGRES),
        ("packages/shared/package.json", "{}"),
        (
            "modules/b/prisma.config.ts",
            "export default { schema: \"../../packages/shared/prisma/schema.prisma\" }",
        ),
    ];
    assert_eq!(
        holdings(&files),
        [
            "modules/a of [products/one:a products/two:a]: prisma/schema.prisma",
            "packages/shared of [products/one:b products/two:b]: prisma/schema.prisma",
        ]
    );
}
