//! Database clients that are added to one module of the clean product: one connection string that is not the
//! module's own is one finding on exactly the wrong text, and every way to open the module's own database is none.

mod support;

use support::Files;

const SOURCE: &str = "modules/domain/invoicing/src/report.database.ts";

/// What the source says, and the rule with the text that it marks.
type Row = (&'static str, &'static str);

const TARIFFS: &str = "client-url-override ⟦tariff_book⟧";
const VARIABLE: &str = "client-url-override ⟦TARIFF_BOOK_DATABASE_URL⟧";
const LITERAL: &str = "client-url-override ⟦postgresql://u:s3cr3t@postgres:5432/invoicing⟧";
const FALLBACK: &str = "literal-url-fallback ⟦postgresql://u:s3cr3t@postgres:5432/invoicing⟧";
const REPORTS: &str = "client-url-override ⟦REPORTS_DATABASE_URL⟧";
const PASSWORD: &str = "hardcoded-credential ⟦s3cr3t⟧";

const ROWS: &[Row] = &[
    // Strings for another service's database.
    (
        "import { Pool } from 'pg';\nnew Pool({ connectionString: 'postgres://u:s3cr3t@postgres:5432/tariff_book?sslmode=off' });",
        TARIFFS,
    ),
    (
        "import pg from 'pg';\nconst pool = new pg.Pool({ connectionString: `postgres://u:${password}@postgres:5432/tariff_book` });",
        TARIFFS,
    ),
    (
        "import { PrismaPg } from '@prisma/adapter-pg';\nconst URL = \"postgresql://u@h/tariff_book\" as const;\nexport const a = new PrismaPg({ connectionString: URL });",
        TARIFFS,
    ),
    (
        "import { Client } from 'pg';\nconst NAME = 'tariff_book';\nnew Client(`postgres://u@${host}/${NAME}`);",
        TARIFFS,
    ),
    (
        "import { Client } from 'pg';\nnew Client({ host: process.env.PGHOST, database: 'tariff_book' });",
        TARIFFS,
    ),
    (
        "import { Client } from 'pg';\nnew Client({ host: 'postgres', database: process.env.DB_NAME ?? 'tariff_book' });",
        TARIFFS,
    ),
    (
        "import { DataSource } from 'typeorm';\nexport default new DataSource({ type: 'postgres', host: 'postgres', database: 'tariff_book' });",
        TARIFFS,
    ),
    (
        "import { TypeOrmModule } from '@nestjs/typeorm';\n@Module({ imports: [TypeOrmModule.forRootAsync({ useFactory: () => ({ type: 'postgres', url: 'postgres://u@h/tariff_book' }) })] })\nexport class M {}",
        TARIFFS,
    ),
    (
        "import knex from 'knex';\nknex({ client: 'pg', connection: { host: 'postgres', database: 'tariff_book' } });",
        TARIFFS,
    ),
    (
        "const knex = require('knex')({ client: 'pg', connection: 'postgres://u@h/tariff_book' });",
        TARIFFS,
    ),
    (
        "import { Sequelize } from 'sequelize';\nnew Sequelize('tariff_book', 'u', 'p', { dialect: 'postgres' });",
        TARIFFS,
    ),
    (
        "import { drizzle } from 'drizzle-orm/node-postgres';\ndrizzle({ connection: { connectionString: 'postgres://u@h/tariff_book' } });",
        TARIFFS,
    ),
    (
        "import { MikroORM } from '@mikro-orm/postgresql';\nMikroORM.init({ dbName: 'tariff_book' });",
        TARIFFS,
    ),
    // Variables of another service.
    (
        "import postgres from 'postgres';\nconst sql = postgres(process.env.TARIFF_BOOK_DATABASE_URL!);",
        VARIABLE,
    ),
    (
        "import { PrismaClient } from '../generated/prisma';\nnew PrismaClient({ datasourceUrl: process.env['TARIFF_BOOK_DATABASE_URL'] });",
        VARIABLE,
    ),
    (
        "import { PrismaClient as Db } from '@prisma/client';\nnew Db({ datasources: { db: { url: process.env.TARIFF_BOOK_DATABASE_URL } } });",
        VARIABLE,
    ),
    (
        "import { PrismaClient } from '../generated/prisma';\nexport class Reports extends PrismaClient {\n  constructor() {\n    super({ datasources: { db: { url: String(process.env.TARIFF_BOOK_DATABASE_URL) } } });\n  }\n}",
        VARIABLE,
    ),
    (
        "import { neon } from '@neondatabase/serverless';\nconst { TARIFF_BOOK_DATABASE_URL: url } = process.env;\nneon(url!);",
        VARIABLE,
    ),
    (
        "const pgp = require('pg-promise')();\nconst db = pgp(process.env.TARIFF_BOOK_DATABASE_URL);",
        VARIABLE,
    ),
    (
        "import { createPool } from 'slonik';\ncreatePool(`${process.env.TARIFF_BOOK_DATABASE_URL}?application_name=reports`);",
        VARIABLE,
    ),
    (
        "import { drizzle } from 'drizzle-orm/postgres-js';\ndrizzle(process.env.TARIFF_BOOK_DATABASE_URL!);",
        VARIABLE,
    ),
    (
        "import * as pg from 'pg';\nclass Reports {\n  private readonly url = process.env.TARIFF_BOOK_DATABASE_URL;\n  private pool = new pg.Pool({ connectionString: this.url, max: 2 });\n}",
        VARIABLE,
    ),
    (
        "import pg from 'pg';\nconst { Pool } = pg;\nconst options = { max: 2, ...{ connectionString: process.env.TARIFF_BOOK_DATABASE_URL } };\nnew Pool(options);",
        VARIABLE,
    ),
    (
        "import { Pool } from 'pg';\nnew Pool({ connectionString: process.env.TARIFF_BOOK_DATABASE_URL || process.env.DATABASE_URL });",
        VARIABLE,
    ),
    (
        "import { Sequelize } from 'sequelize-typescript';\nnew Sequelize(process.env.TARIFF_BOOK_DATABASE_URL, { dialect: 'postgres' });",
        VARIABLE,
    ),
    (
        "import { Pool } from 'pg';\nclass Reports {\n  constructor(private readonly config: ConfigService) {\n    this.pool = new Pool({ connectionString: this.config.getOrThrow<string>('TARIFF_BOOK_DATABASE_URL') });\n  }\n}",
        VARIABLE,
    ),
    (
        "import { PrismaPg } from '@prisma/adapter-pg';\nexport class P extends PrismaClient {\n  constructor(config: ConfigService) {\n    const url = config.get('TARIFF_BOOK_DATABASE_URL');\n    super({ adapter: new PrismaPg({ connectionString: url }) });\n  }\n}",
        VARIABLE,
    ),
    (
        "import { Pool } from 'pg';\nfunction target() {\n  return process.env.TARIFF_BOOK_DATABASE_URL;\n}\nnew Pool({ connectionString: target() });",
        VARIABLE,
    ),
    (
        "const { Client } = await import('pg');\nawait new Client({ connectionString: process.env.TARIFF_BOOK_DATABASE_URL }).connect();",
        VARIABLE,
    ),
    (
        "const { Pool } = require('pg');\nmodule.exports = new Pool({ connectionString: process.env.TARIFF_BOOK_DATABASE_URL });",
        VARIABLE,
    ),
    (
        "import postgres from 'postgres';\nexport const sql = postgres({ host: 'postgres', database: 'tariff_book' });",
        TARIFFS,
    ),
    // A string of one's own.
    (
        "import { PrismaPg } from '@prisma/adapter-pg';\nnew PrismaPg({ connectionString: \"postgresql://u:s3cr3t@postgres:5432/invoicing\" });",
        LITERAL,
    ),
    (
        "import { PrismaPg } from '@prisma/adapter-pg';\nnew PrismaPg(\"postgresql://u:s3cr3t@postgres:5432/invoicing\");",
        LITERAL,
    ),
    (
        "import { PrismaClient } from '../generated/prisma';\nnew PrismaClient({ datasources: { db: { url: `postgresql://u:s3cr3t@postgres:5432/invoicing` } } });",
        LITERAL,
    ),
    (
        "import { Pool } from 'pg';\nconst options = { connectionString: 'postgresql://u:s3cr3t@postgres:5432/invoicing' };\nnew Pool(options);",
        LITERAL,
    ),
    // A second variable.
    (
        "import { Pool } from 'pg';\nnew Pool({ connectionString: process.env.REPORTS_DATABASE_URL ?? process.env.DATABASE_URL });",
        REPORTS,
    ),
    (
        "import { Pool } from 'pg';\nnew Pool({ connectionString: process.env.REPORTS_DATABASE_URL ? process.env.REPORTS_DATABASE_URL : process.env.DATABASE_URL });",
        REPORTS,
    ),
    // Fallbacks.
    (
        "import { Pool } from 'pg';\nnew Pool({ connectionString: process.env.DATABASE_URL ?? 'postgresql://u:s3cr3t@postgres:5432/invoicing' });",
        FALLBACK,
    ),
    (
        "export const config = { url: process.env.DATABASE_URL || 'postgresql://u:s3cr3t@postgres:5432/invoicing' };",
        FALLBACK,
    ),
    (
        "export const url = process.env.DATABASE_URL ? process.env.DATABASE_URL : 'postgresql://u:s3cr3t@postgres:5432/invoicing';",
        FALLBACK,
    ),
    (
        "const { DATABASE_URL = 'postgresql://u:s3cr3t@postgres:5432/invoicing' } = process.env;",
        FALLBACK,
    ),
    (
        "export function open(url: string = 'postgresql://u:s3cr3t@postgres:5432/invoicing') { return url; }",
        FALLBACK,
    ),
    (
        "this.config.get<string>('DATABASE_URL', 'postgresql://u:s3cr3t@postgres:5432/invoicing');",
        FALLBACK,
    ),
    (
        "const schema = z.object({ DATABASE_URL: z.string().url().default('postgresql://u:s3cr3t@postgres:5432/invoicing') });",
        FALLBACK,
    ),
    (
        "process.env.DATABASE_URL ??= 'postgresql://u:s3cr3t@postgres:5432/invoicing';",
        FALLBACK,
    ),
    (
        "import { Pool } from 'pg';\nconst DEFAULT = 'postgresql://u:s3cr3t@postgres:5432/invoicing';\nconst url = process.env.DATABASE_URL ?? DEFAULT;\nnew Pool({ connectionString: url });",
        FALLBACK,
    ),
    (
        "import { Pool } from 'pg';\nnew Pool({ connectionString: process.env.DATABASE_URL ?? 'postgresql://u:s3cr3t@postgres:5432/tariff_book' });",
        "literal-url-fallback ⟦postgresql://u:s3cr3t@postgres:5432/tariff_book⟧",
    ),
    (
        "import { Pool } from 'pg';\nnew Pool({ connectionString: process.env.DIRECT_URL ?? process.env.DATABASE_URL ?? 'postgresql://u:s3cr3t@postgres:5432/invoicing' });",
        FALLBACK,
    ),
    (
        "export const url = config.get('DATABASE_URL') ?? 'postgresql://u:s3cr3t@postgres:5432/invoicing';",
        FALLBACK,
    ),
    (
        "if (!process.env.DATABASE_URL) {\n  process.env.DATABASE_URL = 'postgresql://u:s3cr3t@postgres:5432/invoicing';\n}",
        FALLBACK,
    ),
    (
        "import { cleanEnv, str } from 'envalid';\nexport const env = cleanEnv(process.env, { DATABASE_URL: str({ default: 'postgresql://u:s3cr3t@postgres:5432/invoicing' }) });",
        FALLBACK,
    ),
    // A password and nothing else.
    (
        "export const HINT = 'postgresql://u:s3cr3t@postgres:5432/invoicing';",
        PASSWORD,
    ),
    (
        "export const hint = `postgresql://u:s3cr3t@${host}/${name}`;",
        PASSWORD,
    ),
    // What is right.
    (
        "import { Pool } from 'pg';\nnew Pool({ connectionString: process.env.DATABASE_URL });",
        "",
    ),
    (
        "import { Pool } from 'pg';\nnew Pool({ connectionString: process.env.DIRECT_URL ?? process.env.DATABASE_URL });",
        "",
    ),
    (
        "import { Pool } from 'pg';\nnew Pool({ connectionString: process.env.INVOICING_REPLICA_URL ?? process.env.DATABASE_URL });",
        "",
    ),
    (
        "import { Pool } from 'pg';\nnew Pool({ connectionString: process.env.ARCHIVE_URL });",
        "",
    ),
    (
        "import { Pool } from 'pg';\nnew Pool({ connectionString: this.config.get('database.url') });",
        "",
    ),
    (
        "import { Pool } from 'pg';\nimport { config } from './config';\nnew Pool(config); new Pool({ connectionString: config.url }); new Pool();",
        "",
    ),
    (
        "import { Pool } from 'pg';\nimport { PrismaPg } from '@prisma/adapter-pg';\nconst pool = new Pool({ connectionString: process.env.DATABASE_URL });\nnew PrismaPg(pool);",
        "",
    ),
    (
        "import { Pool } from 'pg';\nnew Pool({ host: process.env.DB_HOST, database: 'invoicing' });",
        "",
    ),
    (
        "import { Pool } from 'pg';\nnew Pool({ connectionString: `postgresql://${process.env.DB_USER}:${process.env.DB_PASSWORD}@${process.env.DB_HOST}:5432/${process.env.DB_NAME}` });",
        "",
    ),
    (
        "import { Pool } from 'pg';\nnew Pool({ connectionString: 'postgres://u@h/tariff_book', ...overrides });",
        "",
    ),
    (
        "import { Pool } from './pool';\nnew Pool({ connectionString: 'postgres://u@h/tariff_book' });",
        "",
    ),
    (
        "import { DataSource } from 'typeorm';\nnew DataSource({ type: 'mysql', database: 'tariff_book' });",
        "",
    ),
    (
        "import { createClient } from 'redis';\ncreateClient({ url: process.env.REDIS_URL ?? 'redis://redis:6379' });\nnew MongoClient(process.env.MONGO_URL || 'mongodb://mongo/tariff_book');",
        "",
    ),
    (
        "const api = process.env.TARIFF_BOOK_URL ?? 'http://tariff-book:4212';",
        "",
    ),
    (
        "if (!url.startsWith('postgres://') && !url.startsWith(\"postgresql://\")) throw new Error();",
        "",
    ),
    (
        "export const url = process.env.DATABASE_URL ?? 'postgresql://placeholder';\nexport const build = process.env.DATABASE_URL ?? 'postgresql://dummy:dummy@localhost:5432/dummy';",
        "",
    ),
    (
        "export const url = isTest ? 'postgresql://postgres@localhost:5432/invoicing' : process.env.DATABASE_URL;",
        "",
    ),
    (
        "import { Pool } from 'pg';\nexport const open = (url = process.env.DATABASE_URL) => new Pool({ connectionString: url });",
        "",
    ),
    (
        "import { Pool } from 'pg';\nfunction target(name) {\n  if (name) return process.env.TARIFF_BOOK_DATABASE_URL;\n  return process.env.DATABASE_URL;\n}\nnew Pool({ connectionString: target() });",
        "",
    ),
    (
        "import { Pool } from 'pg';\nlet url = process.env.DATABASE_URL;\nurl = other;\nnew Pool({ connectionString: url });",
        "",
    ),
    (
        "import { Pool } from 'pg';\nexport class A {\n  private url = process.env.DATABASE_URL;\n  open(url: string) {\n    this.url = url;\n    return new Pool({ connectionString: this.url });\n  }\n}",
        "",
    ),
];

#[test]
fn only_what_leads_elsewhere_is_said_of_a_client_that_is_added() {
    let clean = Files::of_fixture("clean");
    let mut failed = Vec::new();
    for (text, expected) in ROWS {
        let found = clean.clone().add(SOURCE, text).findings();
        let expected: Vec<String> = if expected.is_empty() {
            Vec::new()
        } else {
            vec![expected.replacen(" ⟦", &format!(" {SOURCE} ⟦"), 1)]
        };
        if found != expected {
            failed.push(format!(
                "{text}\n  expected {expected:?}\n  found {found:?}"
            ));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
