//! SQL that is added to one module of the clean product: one way out of the module is one finding on exactly the
//! name, and what stays inside is none.

mod support;

use dbfence::check::check;
use dbfence::discover::{self, in_memory};
use dbfence::policy::{self, Date, Policy};
use dbfence::rules;
use support::Files;

const REPORT: &str = "modules/domain/invoicing/sql/report.sql";
const MIGRATION: &str =
    "modules/domain/invoicing/prisma/migrations/20250601090000_tariffs/migration.sql";

/// A path, what is written there, and the rule with the text that it marks.
type Row = (&'static str, &'static str, &'static str);

const SERVICE: &str = "modules/domain/invoicing/src/report.service.ts";

const TABLES_OF_OTHERS: &[Row] = &[
    (
        SERVICE,
        "await this.prisma.$queryRaw<Row[]>`\n  SELECT i.number, t.title\n  FROM invoice i\n  JOIN \"tariff\" t ON t.code = ${code}`;",
        "foreign-table ⟦tariff⟧",
    ),
    (
        SERVICE,
        "const base = 'SELECT * FROM port_call ';\nthis.prisma.$queryRawUnsafe(base + where);",
        "foreign-table ⟦port_call⟧",
    ),
    (
        SERVICE,
        "import { Pool } from 'pg';\npool.query('UPDATE berth SET code = $1', [code]);",
        "foreign-table ⟦berth⟧",
    ),
    (
        SERVICE,
        "import { pool } from './elsewhere';\npool.query('UPDATE berth SET code = $1', [code]);",
        "",
    ),
    (
        SERVICE,
        "tx.$executeRaw`DELETE FROM tariff_book.public.tariff_line`;",
        "cross-database-query ⟦tariff_book⟧",
    ),
    (
        SERVICE,
        "tx.$queryRaw`SELECT * FROM dblink('dbname=tariff_book', 'SELECT 1') AS t(a int)`;",
        "cross-database-query ⟦tariff_book⟧",
    ),
    (
        SERVICE,
        "tx.$queryRaw`SELECT * FROM invoyce`;",
        "unknown-table ⟦invoyce⟧",
    ),
    (
        SERVICE,
        "tx.$queryRaw`SELECT ${columns} FROM ${table} WHERE berth.id = tariff.id`;",
        "",
    ),
    (
        SERVICE,
        "// tx.$queryRaw`SELECT * FROM berth`\nlog(\"SELECT * FROM berth\"); trpc.berth.query('tariff');",
        "",
    ),
    (
        SERVICE,
        "const late = Prisma.sql`EXISTS (SELECT 1 FROM tariff)`;\ntx.$queryRaw`SELECT * FROM invoice WHERE ${open ? late : Prisma.empty}`;",
        "foreign-table ⟦tariff⟧",
    ),
    (
        SERVICE,
        "const sql = whole ? `SELECT * FROM invoice` : `SELECT * FROM port_call`;\ntx.$queryRawUnsafe(sql, id);",
        "foreign-table ⟦port_call⟧",
    ),
    (
        SERVICE,
        "class Report {\n  private readonly tables = { calls: 'port_call' } as const;\n  all() {\n    return this.prisma.$queryRaw`SELECT * FROM ${Prisma.raw(TABLES.calls)}`;\n  }\n}\nconst TABLES = { calls: 'port_call' };",
        "foreign-table ⟦port_call⟧",
    ),
    (
        SERVICE,
        "import { DataSource } from 'typeorm';\nclass Report {\n  constructor(private readonly source: DataSource) {}\n  all() { return this.source.query<Row[]>(\"SELECT * FROM berth\"); }\n}",
        "foreign-table ⟦berth⟧",
    ),
    (
        SERVICE,
        "import postgres from 'postgres';\nconst db = postgres(url);\nawait db`SELECT * FROM ${db('berth')}`;",
        "foreign-table ⟦berth⟧",
    ),
    (
        SERVICE,
        "tx.$executeRawUnsafe('CREATE TABLE IF NOT EXISTS payout (id int)');\ntx.$executeRawUnsafe('CREATE INDEX i ON payout (id)');\ntx.$queryRaw`SELECT * FROM payout`;",
        "",
    ),
    (
        SERVICE,
        "tx.$executeRaw`CREATE TEMP TABLE payouts AS SELECT * FROM invoice`;\ntx.$queryRaw`SELECT * FROM payouts`;",
        "",
    ),
    (
        SERVICE,
        "tx.$queryRawUnsafe(`SELECT name FROM sqlite_master WHERE type = 'table'`);",
        "",
    ),
    (
        SERVICE,
        "import { pool } from './pool';\npool.query('SELECT * FROM berth');",
        "",
    ),
    (
        SERVICE,
        "import { createClient } from '@clickhouse/client';\nimport { Pool } from 'pg';\ncreateClient().query('SELECT * FROM berth');",
        "",
    ),
    (
        SERVICE,
        "tx.$queryRaw`SELECT EXTRACT(EPOCH FROM due), ${Prisma.sql`substring(number FROM 1)`} FROM invoice ${order}`;",
        "",
    ),
    (
        "modules/domain/invoicing/src/report-registry.ts",
        "tx.$queryRaw`SELECT * FROM berth`;",
        "foreign-table ⟦berth⟧",
    ),
    (
        "modules/domain/invoicing/prisma/seed.ts",
        "prisma.$executeRawUnsafe('TRUNCATE TABLE \\\"berth\\\" CASCADE');",
        "foreign-table ⟦berth⟧",
    ),
    (
        "modules/domain/invoicing/scripts/report.mjs",
        "import pg from 'pg';\nconst client = new pg.Client();\nawait client.query({ text: 'SELECT * FROM berth' });",
        "foreign-table ⟦berth⟧",
    ),
    (
        "modules/domain/invoicing/src/report.service.spec.ts",
        "tx.$queryRaw`SELECT * FROM berth`;",
        "",
    ),
    (
        REPORT,
        "SELECT i.number, t.title FROM invoice i JOIN tariff t ON true;",
        "foreign-table ⟦tariff⟧",
    ),
    (
        REPORT,
        r#"select * from "tariff";"#,
        "foreign-table ⟦tariff⟧",
    ),
    (REPORT, "SELECT * FROM TARIFF;", "foreign-table ⟦TARIFF⟧"),
    (
        REPORT,
        "SELECT * FROM public.tariff;",
        "foreign-table ⟦public.tariff⟧",
    ),
    (
        REPORT,
        r#"SELECT * FROM "public"."tariff";"#,
        r#"foreign-table ⟦"public"."tariff"⟧"#,
    ),
    (
        REPORT,
        "SELECT * FROM tariff_book.tariff;",
        "foreign-table ⟦tariff_book.tariff⟧",
    ),
    (
        REPORT,
        "SELECT (SELECT count(*) FROM tariff) FROM invoice WHERE EXISTS (SELECT 1 FROM tariff);",
        "foreign-table ⟦tariff⟧",
    ),
    (
        REPORT,
        "WITH t AS (SELECT code FROM tariff) SELECT * FROM t;",
        "foreign-table ⟦tariff⟧",
    ),
    (REPORT, "TABLE tariff;", "foreign-table ⟦tariff⟧"),
    (REPORT, "COPY tariff TO STDOUT;", "foreign-table ⟦tariff⟧"),
    (
        REPORT,
        "COPY (SELECT * FROM tariff) TO STDOUT;",
        "foreign-table ⟦tariff⟧",
    ),
    (
        REPORT,
        "\\copy tariff from 'tariffs.csv'\n",
        "foreign-table ⟦tariff⟧",
    ),
    (
        REPORT,
        "\\copy (select * from tariff) to 'tariffs.csv' csv\n",
        "foreign-table ⟦tariff⟧",
    ),
    (
        REPORT,
        "COPY tariff (code, title) FROM stdin;\nA\tB\n\\.\n",
        "foreign-table ⟦tariff⟧",
    ),
    (
        REPORT,
        "INSERT INTO invoice (number) SELECT code FROM tariff;",
        "foreign-table ⟦tariff⟧",
    ),
    (
        REPORT,
        "INSERT INTO tariff (code) VALUES ('A');",
        "foreign-table ⟦tariff⟧",
    ),
    (
        REPORT,
        "UPDATE tariff SET title = 'x';",
        "foreign-table ⟦tariff⟧",
    ),
    (
        REPORT,
        "UPDATE invoice SET total = 0 FROM tariff t WHERE t.code = number;",
        "foreign-table ⟦tariff⟧",
    ),
    (REPORT, "DELETE FROM tariff;", "foreign-table ⟦tariff⟧"),
    (
        REPORT,
        "DELETE FROM invoice USING tariff WHERE false;",
        "foreign-table ⟦tariff⟧",
    ),
    (
        REPORT,
        "TRUNCATE payment, tariff;",
        "foreign-table ⟦tariff⟧",
    ),
    (REPORT, "LOCK TABLE tariff;", "foreign-table ⟦tariff⟧"),
    (
        REPORT,
        "MERGE INTO invoice i USING tariff t ON t.code = i.number WHEN MATCHED THEN DELETE;",
        "foreign-table ⟦tariff⟧",
    ),
    (
        REPORT,
        "EXPLAIN ANALYZE SELECT * FROM tariff;",
        "foreign-table ⟦tariff⟧",
    ),
    (
        REPORT,
        "PREPARE rates AS SELECT * FROM tariff;",
        "foreign-table ⟦tariff⟧",
    ),
    (
        REPORT,
        "CREATE TEMP TABLE t AS SELECT * FROM tariff;",
        "foreign-table ⟦tariff⟧",
    ),
    (
        REPORT,
        "SELECT * FROM ONLY (tariff);",
        "foreign-table ⟦tariff⟧",
    ),
    (
        "modules/domain/invoicing/prisma/seed.sql",
        "INSERT INTO tariff_line (tariff_code) VALUES ('A');\n",
        "foreign-table ⟦tariff_line⟧",
    ),
    (
        MIGRATION,
        r#"ALTER TABLE "tariff" ADD COLUMN "invoiced" BOOLEAN;"#,
        "foreign-table ⟦tariff⟧",
    ),
    (MIGRATION, "DROP TABLE tariff;", "foreign-table ⟦tariff⟧"),
    (
        MIGRATION,
        "DROP TABLE IF EXISTS tariff CASCADE;",
        "foreign-table ⟦tariff⟧",
    ),
    (
        MIGRATION,
        "CREATE INDEX ON tariff (title);",
        "foreign-table ⟦tariff⟧",
    ),
    (
        MIGRATION,
        "GRANT SELECT ON tariff TO reporting;",
        "foreign-table ⟦tariff⟧",
    ),
    (
        MIGRATION,
        "COMMENT ON TABLE tariff IS 'rates';",
        "foreign-table ⟦tariff⟧",
    ),
    (
        MIGRATION,
        "ALTER TABLE invoice ADD CONSTRAINT invoice_number_fkey FOREIGN KEY (number) REFERENCES tariff (code);",
        "foreign-table ⟦tariff⟧",
    ),
    (
        MIGRATION,
        "CREATE VIEW rated AS SELECT i.id, t.title FROM invoice i, tariff t;",
        "foreign-table ⟦tariff⟧",
    ),
    (
        MIGRATION,
        "CREATE MATERIALIZED VIEW rated AS SELECT * FROM tariff;",
        "foreign-table ⟦tariff⟧",
    ),
    (
        MIGRATION,
        "CREATE FUNCTION rates() RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM tariff $$;",
        "foreign-table ⟦tariff⟧",
    ),
    (
        MIGRATION,
        "CREATE FUNCTION rates() RETURNS trigger LANGUAGE plpgsql AS $body$\nBEGIN\n  UPDATE tariff SET title = NEW.number;\n  RETURN NEW;\nEND;\n$body$;",
        "foreign-table ⟦tariff⟧",
    ),
    (
        MIGRATION,
        "CREATE FUNCTION rates() RETURNS bigint BEGIN ATOMIC SELECT count(*) FROM tariff; END;",
        "foreign-table ⟦tariff⟧",
    ),
    (
        MIGRATION,
        "DO $$ BEGIN DELETE FROM tariff; END $$;",
        "foreign-table ⟦tariff⟧",
    ),
    (
        MIGRATION,
        "DO $$ BEGIN EXECUTE 'DELETE FROM tariff WHERE title = ''x'''; END $$;",
        "foreign-table ⟦tariff⟧",
    ),
    (
        MIGRATION,
        "DO $$ BEGIN EXECUTE format('DELETE FROM %I', 'tariff'); END $$;",
        "foreign-table ⟦tariff⟧",
    ),
    (
        MIGRATION,
        "CREATE TRIGGER watch AFTER INSERT ON tariff FOR EACH ROW EXECUTE FUNCTION watch();",
        "foreign-table ⟦tariff⟧",
    ),
];

const OTHER_DATABASES: &[Row] = &[
    (
        REPORT,
        "SELECT * FROM tariff_book.public.tariff;",
        "cross-database-query ⟦tariff_book⟧",
    ),
    (
        REPORT,
        r#"SELECT * FROM "tariff_book"."public"."tariff";"#,
        "cross-database-query ⟦tariff_book⟧",
    ),
    (
        REPORT,
        "SELECT * FROM archive.public.invoice;",
        "cross-database-query ⟦archive⟧",
    ),
    (
        REPORT,
        "SELECT * FROM tariff_book.discount;",
        "cross-database-query ⟦tariff_book⟧",
    ),
    (
        REPORT,
        "\\connect tariff_book\nSELECT 1;\n",
        "cross-database-query ⟦tariff_book⟧",
    ),
    (
        REPORT,
        "\\connect tariff_book\nSELECT * FROM tariff;\n",
        "cross-database-query ⟦tariff_book⟧",
    ),
    (
        REPORT,
        "SELECT * FROM invoice;\n\\c tariff_book\nDELETE FROM tariff_line;\n\\c - nordhaven\nTABLE tariff;\n\\c invoicing\nTABLE invoice;\n",
        "cross-database-query ⟦tariff_book⟧",
    ),
    (
        REPORT,
        "\\c tariff_book\n",
        "cross-database-query ⟦tariff_book⟧",
    ),
    (
        REPORT,
        "\\c postgresql://nordhaven:ebb-and-flow@postgres:5432/tariff_book\n",
        "cross-database-query ⟦tariff_book⟧",
    ),
    (
        MIGRATION,
        "CREATE EXTENSION dblink;",
        "cross-database-query ⟦dblink⟧",
    ),
    (
        MIGRATION,
        r#"CREATE EXTENSION IF NOT EXISTS "postgres_fdw" WITH SCHEMA public;"#,
        "cross-database-query ⟦postgres_fdw⟧",
    ),
    (
        MIGRATION,
        "CREATE SERVER rates FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'postgres', dbname 'tariff_book');",
        "cross-database-query ⟦tariff_book⟧",
    ),
    (
        MIGRATION,
        "CREATE EXTENSION postgres_fdw;\nCREATE SERVER rates FOREIGN DATA WRAPPER postgres_fdw OPTIONS (dbname 'tariff_book');\nCREATE USER MAPPING FOR nordhaven SERVER rates;\nCREATE FOREIGN TABLE tariff (code text) SERVER rates;\nSELECT * FROM tariff;",
        "cross-database-query ⟦postgres_fdw⟧",
    ),
    (
        MIGRATION,
        "IMPORT FOREIGN SCHEMA public FROM SERVER rates INTO public;",
        "cross-database-query ⟦IMPORT FOREIGN SCHEMA⟧",
    ),
    (
        MIGRATION,
        "CREATE FOREIGN TABLE tariff (code text) SERVER rates;",
        "cross-database-query ⟦CREATE FOREIGN TABLE⟧",
    ),
    (
        MIGRATION,
        "CREATE SUBSCRIPTION rates CONNECTION 'host=postgres dbname=tariff_book user=nordhaven password=ebb-and-flow' PUBLICATION rates;",
        "cross-database-query ⟦tariff_book⟧",
    ),
    (
        REPORT,
        "SELECT * FROM dblink('dbname=tariff_book', 'SELECT code FROM tariff') AS t (code text);",
        "cross-database-query ⟦tariff_book⟧",
    ),
    (
        REPORT,
        "SELECT dblink_connect('rates', 'postgresql://nordhaven:ebb-and-flow@postgres/tariff_book');",
        "cross-database-query ⟦tariff_book⟧",
    ),
    (
        REPORT,
        "SELECT load('postgresql://nordhaven:ebb-and-flow@postgres/tariff_book');",
        "cross-database-query ⟦tariff_book⟧",
    ),
    (
        MIGRATION,
        "DO $$ BEGIN PERFORM dblink_exec('dbname=tariff_book', 'DELETE FROM tariff'); END $$;",
        "cross-database-query ⟦tariff_book⟧",
    ),
    (
        MIGRATION,
        "CREATE FUNCTION rates() RETURNS SETOF record LANGUAGE sql AS $$ SELECT * FROM dblink('dbname=tariff_book', 'SELECT 1') AS t (n int) $$;",
        "cross-database-query ⟦tariff_book⟧",
    ),
    (
        REPORT,
        "SELECT count(*) FROM invoice;\n\\connect tariff_book\nUPDATE tariff SET title = title;\nSELECT * FROM trarif;",
        "cross-database-query ⟦tariff_book⟧",
    ),
    (
        REPORT,
        "\\c tariff_book\n\\c invoicing\nSELECT count(*) FROM invoice;",
        "cross-database-query ⟦tariff_book⟧",
    ),
];

const TABLES_OF_NOBODY: &[Row] = &[
    (REPORT, "SELECT * FROM invoces;", "unknown-table ⟦invoces⟧"),
    (
        REPORT,
        r#"SELECT * FROM public."Invoice";"#,
        r#"unknown-table ⟦public."Invoice"⟧"#,
    ),
    (
        REPORT,
        "INSERT INTO ledger VALUES (1);",
        "unknown-table ⟦ledger⟧",
    ),
    (
        MIGRATION,
        "CREATE INDEX ON payments (amount);",
        "unknown-table ⟦payments⟧",
    ),
    (
        MIGRATION,
        "ALTER TABLE invoces ADD COLUMN note text;",
        "unknown-table ⟦invoces⟧",
    ),
    (
        MIGRATION,
        "DELETE FROM outbox_events;",
        "unknown-table ⟦outbox_events⟧",
    ),
];

const ONES_OWN: &[Row] = &[
    (
        MIGRATION,
        "CREATE SEQUENCE IF NOT EXISTS tariff_numbers; SELECT last_value FROM tariff_numbers;",
        "",
    ),
    (REPORT, "SELECT last_value FROM outbox_event_id_seq;", ""),
    (
        REPORT,
        "SELECT * FROM invoice, public.payment, invoicing.public.outbox_event, open_balance;",
        "",
    ),
    (
        REPORT,
        "SELECT * FROM outbox_event; UPDATE public.outbox_event SET topic = 'a';",
        "",
    ),
    (
        REPORT,
        "WITH tariff AS (SELECT 1) SELECT * FROM tariff;",
        "",
    ),
    (
        REPORT,
        "WITH RECURSIVE tariff AS (SELECT 1 UNION ALL SELECT * FROM tariff) SELECT * FROM tariff;",
        "",
    ),
    (
        REPORT,
        "SELECT tariff.id, public.tariff.id FROM invoice AS tariff;",
        "",
    ),
    (
        REPORT,
        "SELECT invoicing.public.invoice.id, a.b.c FROM invoice;",
        "",
    ),
    (
        REPORT,
        "SELECT 'tariff', 'SELECT * FROM tariff', \"tariff\" FROM invoice; -- FROM tariff\n/* FROM tariff */",
        "",
    ),
    (
        REPORT,
        "CREATE TEMP TABLE tariff (id int); SELECT * FROM tariff;",
        "",
    ),
    (
        REPORT,
        "SELECT * FROM tariff(1), generate_series(1, 2) AS tariff_line;",
        "",
    ),
    (
        REPORT,
        "SELECT * FROM pg_tables, pg_stat_statements, information_schema.columns;",
        "",
    ),
    (
        REPORT,
        "SELECT extract(day FROM issued_on), trim(both FROM number) FROM invoice;",
        "",
    ),
    (
        REPORT,
        "SELECT number IS DISTINCT FROM total::text FROM invoice;",
        "",
    ),
    (
        REPORT,
        "DROP TABLE IF EXISTS rates; DELETE FROM _prisma_migrations;",
        "",
    ),
    (
        MIGRATION,
        "DO $$ BEGIN UPDATE \"receipt\" SET \"a\" = 1; EXCEPTION WHEN OTHERS THEN NULL; END $$;",
        "",
    ),
    (
        MIGRATION,
        "DO $$ BEGIN IF EXISTS (SELECT 1 FROM information_schema.tables WHERE table_name = 'receipt') THEN DELETE FROM receipt; END IF; END $$;",
        "",
    ),
    (REPORT, "\\connect invoicing\n\\c - nordhaven\n\\c\n", ""),
    (
        REPORT,
        "SELECT dblink_exec('dbname=invoicing', 'VACUUM');",
        "",
    ),
    (
        REPORT,
        "INSERT INTO invoice (number) VALUES ('postgresql://a:b@postgres/tariff_book');",
        "",
    ),
    (
        REPORT,
        "UPDATE invoice SET total = 0 WHERE id IN (SELECT invoice_id FROM payment);",
        "",
    ),
    (
        REPORT,
        "INSERT INTO invoice (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET number = excluded.number;",
        "",
    ),
    (
        "modules/domain/invoicing/test/fixtures.sql",
        "DELETE FROM tariff;",
        "",
    ),
    (
        "scripts/everything.sql",
        "SELECT * FROM tariff_book.public.tariff;",
        "",
    ),
    (
        "modules/domain/invoicing/clickhouse/events.sql",
        "SELECT * FROM tariff;",
        "",
    ),
];

/// What is said of the clean product with one more file, instead of what should be.
fn faults(rows: &[Row]) -> String {
    let clean = Files::of_fixture("clean");
    let mut faults = Vec::new();
    for (path, sql, expected) in rows {
        let found = clean.clone().add(path, sql).findings();
        let expected: Vec<String> = match expected.split_once(' ') {
            Some((rule, text)) => vec![format!("{rule} {path} {text}")],
            None => Vec::new(),
        };
        if found != expected {
            faults.push(format!(
                "{sql}\n  expected {expected:?}\n  found    {found:?}"
            ));
        }
    }
    faults.join("\n")
}

#[test]
fn a_table_of_another_is_one_finding_however_it_is_named() {
    assert_eq!(faults(TABLES_OF_OTHERS), "");
}

#[test]
fn a_way_to_another_database_is_one_finding() {
    assert_eq!(faults(OTHER_DATABASES), "");
}

#[test]
fn a_table_of_nobody_is_one_finding() {
    assert_eq!(faults(TABLES_OF_NOBODY), "");
}

#[test]
fn what_is_ones_own_is_no_finding() {
    assert_eq!(faults(ONES_OWN), "");
}

/// What the rules about SQL and silencers say of a workspace on a day, with the labels of each finding.
fn said(files: &[(&str, &str)], today: &str) -> Vec<String> {
    let rules = rules::all().unwrap();
    let config = files.iter().find(|(path, _)| *path == policy::FILE_NAME);
    let mut policy = Policy::read(config.map_or("", |it| it.1), rules.catalogue()).unwrap();
    policy.today = Date::read(today);
    let texts = files.iter().map(|(path, text)| ((*path).to_owned(), *text));
    let sources = in_memory(texts, &discover::Options::of(&policy));
    let outcome = check(&sources, &policy, rules);
    let judged = [
        "foreign-table",
        "cross-database-query",
        "unknown-table",
        "unused-suppression",
    ];
    let findings = outcome.findings.iter();
    findings
        .filter(|finding| judged.contains(&finding.rule))
        .map(|finding| {
            let labels = finding.labels.iter().map(|label| label.message.as_str());
            let labels: Vec<&str> = labels.collect();
            let path = &sources.file(finding.place.file).path;
            format!(
                "{path} {}: {}; {}",
                finding.rule,
                finding.message,
                labels.join("; ")
            )
        })
        .collect()
}

const REGISTRY: &str = "export const serviceRegistry = {
  cellar: { port: 4801, database: \"cellar\", dockerfile: \"modules/cellar/Dockerfile\" },
  bar: { port: 4802, database: \"bar\", dockerfile: \"modules/bar/Dockerfile\" },
};
";
const CASK: &str = "datasource db { provider = \"postgresql\" }\nmodel Cask {\n  id Int @id\n  @@map(\"cask\")\n}\n";
const POUR: &str = "datasource db { provider = \"postgresql\" }\nmodel Pour {\n  id Int @id\n  @@map(\"pour\")\n}\n";

fn two_modules<'t>(more: &[(&'t str, &'t str)]) -> Vec<(&'t str, &'t str)> {
    let mut files = vec![
        ("infra/service-registry.ts", REGISTRY),
        ("modules/cellar/Dockerfile", "FROM node:24\n"),
        ("modules/bar/Dockerfile", "FROM node:24\n"),
        ("modules/cellar/prisma/schema.prisma", CASK),
        ("modules/bar/prisma/schema.prisma", POUR),
    ];
    files.extend(more);
    files
}

#[test]
fn an_exception_ends() {
    let config = "exceptions:\n  - { service: bar, may-read: [cellar.cask], reason: x, until: 2027-03-31 }\n";
    let files = two_modules(&[
        ("dbfence.yaml", config),
        ("modules/bar/sql/stock.sql", "SELECT * FROM cask;\n"),
    ]);
    assert_eq!(said(&files, "2027-03-31"), Vec::<String>::new());
    assert_eq!(
        said(&files, "2027-04-01"),
        [
            "modules/bar/sql/stock.sql foreign-table: `bar` reads `cask`, a table of `cellar`; \
             `cellar` defines `cask`; it was allowed until 2027-03-31"
        ]
    );
}

#[test]
fn no_exception_is_unused_where_what_it_is_for_is_off() {
    let unused = "exceptions: [{ service: pub, may-read: [a], reason: x, until: 2027-03-31 }]\n";
    for (rules, is_said) in [
        ("rules: { sql: off }\n", false),
        (
            "rules: { foreign-table: off, cross-database-query: off }\n",
            false,
        ),
        ("rules: { foreign-table: off }\n", true),
        (
            "rules: { sql: off }\noverrides: [{ files: modules/bar/**, rules: { sql: error } }]\n",
            true,
        ),
    ] {
        let config = format!("{rules}{unused}");
        let files = two_modules(&[("dbfence.yaml", &config)]);
        let found = said(&files, "2027-01-01");
        assert_eq!(!found.is_empty(), is_said, "{rules} {found:?}");
    }
}

#[test]
fn the_word_passes_on_where_a_rule_is_off() {
    let files = two_modules(&[
        ("dbfence.yaml", "rules: { foreign-table: off }\n"),
        ("modules/bar/sql/stock.sql", "SELECT * FROM cellar.cask;\n"),
    ]);
    assert_eq!(
        said(&files, "2027-01-01"),
        [
            "modules/bar/sql/stock.sql cross-database-query: `cellar.cask` leads `bar` to `cellar`, the database of \
             `cellar`; `cellar` owns `cellar`; `cellar` defines `cask`; `bar` owns `bar`"
        ]
    );
}

#[test]
fn services_of_ones_own_product_come_first() {
    let product = |database: &str| {
        REGISTRY
            .replace("modules/", &format!("modules/{database}/"))
            .replace("\"cellar\"", &format!("\"{database}_cellar\""))
            .replace("\"bar\"", &format!("\"{database}_bar\""))
    };
    let (north, south) = (product("north"), product("south"));
    let mut files = vec![
        ("products/north/infra/service-registry.ts", north.as_str()),
        ("products/south/infra/service-registry.ts", south.as_str()),
        ("modules/north/cellar/Dockerfile", "FROM node:24\n"),
        ("modules/north/bar/Dockerfile", "FROM node:24\n"),
        ("modules/south/cellar/Dockerfile", "FROM node:24\n"),
        ("modules/south/bar/Dockerfile", "FROM node:24\n"),
        ("modules/north/bar/prisma/schema.prisma", POUR),
        ("modules/south/cellar/prisma/schema.prisma", CASK),
        ("modules/north/bar/sql/stock.sql", "SELECT * FROM cask;\n"),
    ];
    let of_south = said(&files, "2027-01-01");
    assert_eq!(of_south.len(), 1, "{of_south:?}");
    files.push(("modules/north/cellar/prisma/schema.prisma", CASK));
    assert_eq!(
        said(&files, "2027-01-01"),
        [
            "modules/north/bar/sql/stock.sql foreign-table: `bar` reads `cask`, a table of `cellar`; \
             `cellar` defines `cask`"
        ]
    );
}

#[test]
fn behind_a_connect_to_a_database_of_nobody_tables_are_not_judged() {
    let said_of = |script: &str| {
        let compose = "services:\n  db: { image: postgres:16 }\n  bar:\n    build: ./bar\n    environment: { \
                       DATABASE_URL: postgresql://u@db/bar }\n";
        let files = [
            ("compose.yaml", compose),
            ("bar/Dockerfile", "FROM node:24\n"),
            ("bar/prisma/schema.prisma", POUR),
            ("bar/sql/old.sql", script),
        ];
        said(&files, "2027-03-31").len()
    };
    assert_eq!(said_of("\\connect attic\nSELECT * FROM tun;"), 0);
    assert_eq!(said_of("\\connect bar\nSELECT * FROM tun;"), 1);
    assert_eq!(said_of("SELECT * FROM tun;"), 1);
}
