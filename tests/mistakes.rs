//! One mistake on a clean product is one finding: the right rule, on exactly the wrong text, and nothing
//! else.

mod support;

use support::Files;

const REGISTRY: &str = "products/nordhaven/infra/service-registry.ts";
const COMPOSE: &str = "products/nordhaven/docker-compose.yml";
const START: &str = "products/nordhaven/start-dev.sh";
const MANIFEST: &str = "products/nordhaven/manifest.yaml";
const NGINX: &str = "apps/nordhaven-web/nginx.conf";
const INIT_SQL: &str = "products/nordhaven/infra/init-databases.sql";

const DEBT: &str = ".dbfence/baseline.yaml";

/// The entry of a baseline for the port of the tariff book.
fn entry(rule: &str, more: &str) -> String {
    format!(
        "entries:\n  - rule: {rule}\n    product: products/nordhaven\n    service: tariff-book\n    path: {REGISTRY}\n    fingerprint: 56467c90fcab4d8147b26e352f2334de\n    {more}\n"
    )
}

struct Mistake {
    what: &'static str,
    make: fn(Files) -> Files,
    finding: &'static str,
}

const MISTAKES: &[Mistake] = &[
    Mistake {
        what: "an entry that was copied and kept its key",
        make: |files| {
            files.replace(
                REGISTRY,
                "  \"tariff-book\": {\n",
                "  \"party-directory\": {\n",
            )
        },
        finding: "dynamic-registry products/nordhaven/infra/service-registry.ts ⟦party-directory⟧",
    },
    Mistake {
        what: "an init SQL that gives a database to a role that nobody creates",
        make: |files| {
            files.replace(
                INIT_SQL,
                "CREATE DATABASE tariff_book;",
                "CREATE DATABASE tariff_book OWNER tariffs;",
            )
        },
        finding: "init-sql-aborts products/nordhaven/infra/init-databases.sql ⟦tariffs⟧",
    },
    Mistake {
        what: "Postgres published on another port than the start script connects by",
        make: |files| files.replace(COMPOSE, "\"5433:5432\"", "\"5434:5432\""),
        finding: "start-script-drift products/nordhaven/start-dev.sh ⟦5433⟧",
    },
    Mistake {
        what: "a URL of a service without its port",
        make: |files| {
            files.replace(
                REGISTRY,
                "TARIFF_BOOK_URL: \"http://tariff-book:4212\"",
                "TARIFF_BOOK_URL: \"http://tariff-book\"",
            )
        },
        finding: "extra-env-target products/nordhaven/infra/service-registry.ts ⟦tariff-book⟧",
    },
    Mistake {
        what: "an address where a key is wanted",
        make: |files| {
            files.replace(
                REGISTRY,
                "dependsOn: [\"tariff-book\", \"port-calls\"]",
                "dependsOn: [\"tariff-book:4212\", \"port-calls\"]",
            )
        },
        finding: "unknown-dependency products/nordhaven/infra/service-registry.ts ⟦tariff-book:4212⟧",
    },
    Mistake {
        what: "another script mounted in the place of the init SQL",
        make: |files| {
            files
                .add(
                    "products/nordhaven/docker/init.sql",
                    "CREATE DATABASE identity;\n",
                )
                .replace(
                    COMPOSE,
                    "./infra/init-databases.sql:/docker",
                    "./docker/init.sql:/docker",
                )
        },
        finding: "init-sql-not-mounted products/nordhaven/docker-compose.yml ⟦./docker/init.sql⟧",
    },
    Mistake {
        what: "a registry that is read from elsewhere",
        make: |files| {
            files.remove(REGISTRY).add(
                REGISTRY,
                "import { load } from \"@nordhaven/registry\";\n\nexport const serviceRegistry = load();\n",
            )
        },
        finding: "dynamic-registry products/nordhaven/infra/service-registry.ts ⟦load()⟧",
    },
    Mistake {
        what: "a comment that silences nothing",
        make: |files| {
            files.replace(
                REGISTRY,
                "hostname: \"tariff-book\",",
                "// dbfence-ignore hostname-mismatch: the name is from before the merger\n    hostname: \"tariff-book\",",
            )
        },
        finding: "unused-suppression products/nordhaven/infra/service-registry.ts ⟦hostname-mismatch⟧",
    },
    Mistake {
        what: "a silenced mistake, and a second rule that has nothing to say there",
        make: |files| {
            files.replace(
                REGISTRY,
                "hostname: \"tariff-book\",",
                "hostname: \"tariffs\", // dbfence-ignore hostname-mismatch, duplicate-port: from before the merger",
            )
        },
        finding: "unused-suppression products/nordhaven/infra/service-registry.ts ⟦duplicate-port⟧",
    },
    Mistake {
        what: "a comment for the whole file of a service that has no such mistake",
        make: |files| {
            files.replace(
                "modules/domain/invoicing/Dockerfile",
                "ENV NODE_ENV=production",
                "ENV NODE_ENV=production\n# dbfence-ignore-file hardcoded-credential: local only",
            )
        },
        finding: "unused-suppression modules/domain/invoicing/Dockerfile ⟦hardcoded-credential⟧",
    },
    Mistake {
        what: "a silenced mistake without a reason",
        make: |files| {
            files.replace(
                REGISTRY,
                "hostname: \"tariff-book\",",
                "// dbfence-ignore hostname-mismatch\n    hostname: \"tariffs\",",
            )
        },
        finding: "suppression-without-reason products/nordhaven/infra/service-registry.ts ⟦hostname-mismatch⟧",
    },
    Mistake {
        what: "a database renamed in the registry only that `POSTGRES_DB` creates",
        make: |files| {
            files
                .replace(
                    REGISTRY,
                    "database: \"tariff_book\"",
                    "database: \"tariffs\"",
                )
                .replace(COMPOSE, "POSTGRES_DB: postgres", "POSTGRES_DB: tariff_book")
                .replace(INIT_SQL, "CREATE DATABASE tariff_book;\n", "")
                .remove(START)
                .remove(MANIFEST)
        },
        finding: "database-url-mismatch products/nordhaven/docker-compose.yml ⟦tariff_book⟧",
    },
    Mistake {
        what: "the wrong role in every grant",
        make: |files| {
            let text = files
                .text(INIT_SQL)
                .replace(" TO nordhaven;", " TO harbour;");
            files.remove(INIT_SQL).add(INIT_SQL, &text)
        },
        finding: "init-sql-drift products/nordhaven/infra/init-databases.sql ⟦harbour⟧",
    },
    Mistake {
        what: "another user in every connection string",
        make: |files| {
            let text = files
                .text(COMPOSE)
                .replace("postgresql://nordhaven:", "postgresql://harbour:");
            files.remove(COMPOSE).add(COMPOSE, &text)
        },
        finding: "role-mismatch products/nordhaven/docker-compose.yml ⟦nordhaven⟧",
    },
    Mistake {
        what: "a grant that repeats the one before",
        make: |files| {
            files.replace(
                INIT_SQL,
                "PRIVILEGES ON DATABASE tariff_book TO",
                "PRIVILEGES ON DATABASE party_directory TO",
            )
        },
        finding: "init-sql-drift products/nordhaven/infra/init-databases.sql ⟦party_directory⟧",
    },
    Mistake {
        what: "a grant on a database that is created later",
        make: |files| {
            files.replace(
                INIT_SQL,
                "PRIVILEGES ON DATABASE party_directory TO",
                "PRIVILEGES ON DATABASE tariff_book TO",
            )
        },
        finding: "init-sql-drift products/nordhaven/infra/init-databases.sql ⟦tariff_book⟧",
    },
    Mistake {
        what: "a transaction in an init SQL that stops at errors anyway",
        make: |files| {
            let text = files.text(INIT_SQL).replace(
                "-- identity\n",
                "\\set ON_ERROR_STOP on\nBEGIN;\n-- identity\n",
            ) + "COMMIT;\n";
            files.remove(INIT_SQL).add(INIT_SQL, &text)
        },
        finding: "init-sql-aborts products/nordhaven/infra/init-databases.sql ⟦identity⟧",
    },
    Mistake {
        what: "a start script with a slip in a folder, by way of a variable, and no connection string",
        make: |files| {
            let text = files
                .text(START)
                .replace("cd ../..\n", "ROOT=\"$(cd ../.. && pwd)\"\n");
            let lines: Vec<String> = text
                .lines()
                .map(|line| match line.split_once(" pnpm --dir ") {
                    Some((_, run)) => {
                        let (folder, command) = run.split_once(' ').unwrap_or((run, ""));
                        format!("(cd \"$ROOT/{folder}\" && pnpm {command})")
                    }
                    None => line.to_owned(),
                })
                .collect();
            let text = lines
                .join("\n")
                .replace("shared/tariff-book", "shared/tarif-book");
            files.remove(START).add(START, &text)
        },
        finding: "start-script-drift products/nordhaven/start-dev.sh ⟦modules/shared/tarif-book⟧",
    },
    Mistake {
        what: "a start script with a slip in the path of a schema",
        make: |files| {
            files.replace(
                START,
                "pnpm --dir modules/shared/tariff-book exec prisma migrate deploy",
                "npx prisma migrate deploy --schema modules/shared/tarif-book/prisma/schema.prisma",
            )
        },
        finding: "start-script-drift products/nordhaven/start-dev.sh ⟦modules/shared/tarif-book⟧",
    },
    Mistake {
        what: "a start script with a slip in the name of a package",
        make: |files| {
            files.replace(
                START,
                "pnpm --dir modules/shared/tariff-book exec prisma migrate deploy",
                "pnpm --filter @harbourworks/tarif-book exec prisma migrate deploy",
            )
            .replace(
                "modules/shared/tariff-book/package.json",
                "\"build\":",
                "\"studio\": \"DATABASE_URL=postgresql://nordhaven:$PASSWORD@localhost:5433/tariff_book prisma studio\",\n    \"build\":",
            )
        },
        finding: "start-script-drift products/nordhaven/start-dev.sh ⟦@harbourworks/tarif-book⟧",
    },
    Mistake {
        what: "a start script with a slip in the name of a container",
        make: |files| {
            let text = files.text(START);
            let lines: Vec<String> = text
                .lines()
                .map(|line| match line.split_once(" pnpm --dir ") {
                    Some((_, run)) => {
                        let (folder, command) = run.split_once(' ').unwrap_or((run, ""));
                        let key = folder.rsplit('/').next().unwrap_or(folder);
                        format!(
                            "docker compose exec {key} npx {}",
                            command.trim_start_matches("exec ")
                        )
                    }
                    None => line.to_owned(),
                })
                .collect();
            let text = lines
                .join("\n")
                .replace("exec tariff-book", "exec tarif-book");
            files.remove(START).add(START, &text)
        },
        finding: "start-script-drift products/nordhaven/start-dev.sh ⟦tarif-book⟧",
    },
    Mistake {
        what: "a layer of a manifest that lost its last module",
        make: |files| {
            let manifest = "product: nordhaven\nmodules:\n  platform:\n    - quay-gateway\n    - identity\n    - notification-dispatch\n    - audit-trail\n    - vessel-register\n    - party-directory\n    - document-vault\n    - port-calls\n    - berth-planning\n    - pilotage\n    - container-yard\n    - customs-clearance\n    - invoicing\n    - tide-watch\n  shared:\n";
            files.remove(MANIFEST).add(MANIFEST, manifest)
        },
        finding: "manifest-drift products/nordhaven/infra/service-registry.ts ⟦tariff-book⟧",
    },
    Mistake {
        what: "a location that a removed service left behind",
        make: |files| {
            files.replace(
                NGINX,
                "    location /api/tides {",
                "    location /api/cranes {\n        proxy_pass http://crane-log:4230;\n    }\n\n    location /api/tides {",
            )
        },
        finding: "proxy-drift apps/nordhaven-web/nginx.conf ⟦crane-log⟧",
    },
    Mistake {
        what: "a start script that lacks a service",
        make: |files| files.remove_block(START, "\necho \"== tariff-book\"", "prisma db seed\n"),
        finding: "start-script-drift products/nordhaven/infra/service-registry.ts ⟦tariff_book⟧",
    },
    Mistake {
        what: "a start script that lacks a seed",
        make: |files| {
            files.remove_block(
                START,
                "DATABASE_URL=\"postgresql://nordhaven:${POSTGRES_PASSWORD}@localhost:5433/tariff_book\" pnpm --dir modules/shared/tariff-book exec prisma db seed",
                "\n",
            )
        },
        finding: "start-script-drift products/nordhaven/infra/service-registry.ts ⟦tariff_book⟧",
    },
    Mistake {
        what: "a start script that migrates into a neighbour's database",
        make: |files| {
            files.replace(
                START,
                "5433/tariff_book\" pnpm --dir modules/shared/tariff-book exec prisma migrate deploy",
                "5433/identity\" pnpm --dir modules/shared/tariff-book exec prisma migrate deploy",
            )
        },
        finding: "start-script-drift products/nordhaven/start-dev.sh ⟦identity⟧",
    },
    Mistake {
        what: "a start script that migrates a neighbour's module",
        make: |files| {
            files.replace(
                START,
                "pnpm --dir modules/shared/tariff-book exec prisma migrate deploy",
                "pnpm --dir modules/shared/vessel-register exec prisma migrate deploy",
            )
        },
        finding: "start-script-drift products/nordhaven/start-dev.sh ⟦modules/shared/vessel-register⟧",
    },
    Mistake {
        what: "a start script with a module that is not there",
        make: |files| {
            files.replace(
                START,
                "pnpm --dir modules/shared/tariff-book exec prisma migrate deploy",
                "pnpm --dir modules/shared/tarif-book exec prisma migrate deploy",
            )
        },
        finding: "start-script-drift products/nordhaven/start-dev.sh ⟦modules/shared/tarif-book⟧",
    },
    Mistake {
        what: "a start script with a database that nobody owns",
        make: |files| {
            files.replace(
                START,
                "5433/tariff_book\" pnpm --dir modules/shared/tariff-book exec prisma db seed",
                "5433/tariffs\" pnpm --dir modules/shared/tariff-book exec prisma db seed",
            )
        },
        finding: "start-script-drift products/nordhaven/start-dev.sh ⟦tariffs⟧",
    },
    Mistake {
        what: "a start script that connects by the port of the container",
        make: |files| {
            files.replace(
                START,
                "localhost:5433/tariff_book\" pnpm --dir modules/shared/tariff-book exec prisma migrate",
                "localhost:5432/tariff_book\" pnpm --dir modules/shared/tariff-book exec prisma migrate",
            )
        },
        finding: "start-script-drift products/nordhaven/start-dev.sh ⟦5432⟧",
    },
    Mistake {
        what: "a start script that migrates a service without a database",
        make: |files| {
            files.replace(
                START,
                "echo \"== invoicing\"\n",
                "(cd modules/domain/tide-watch && npx prisma migrate deploy)\n",
            )
        },
        finding: "start-script-drift products/nordhaven/start-dev.sh ⟦modules/domain/tide-watch⟧",
    },
    Mistake {
        what: "a start script with a service that was removed",
        make: |files| {
            files.replace(
                START,
                "echo \"== invoicing\"\n",
                "DATABASE_URL=\"postgresql://nordhaven:${POSTGRES_PASSWORD}@localhost:5433/crane_log\" pnpm --dir modules/domain/crane-log exec prisma migrate deploy\n",
            )
        },
        finding: "start-script-drift products/nordhaven/start-dev.sh ⟦modules/domain/crane-log⟧",
    },
    Mistake {
        what: "a database renamed in the registry and nowhere else but in the compose file",
        make: |files| {
            files
                .replace(
                    REGISTRY,
                    "database: \"tariff_book\"",
                    "database: \"tariff_ledger\"",
                )
                .replace(
                    COMPOSE,
                    "@postgres:5432/tariff_book",
                    "@postgres:5432/tariff_ledger",
                )
        },
        finding: "init-sql-drift products/nordhaven/infra/init-databases.sql ⟦tariff_book⟧",
    },
    Mistake {
        what: "a database renamed in the registry only",
        make: |files| {
            files.replace(
                REGISTRY,
                "database: \"tariff_book\"",
                "database: \"tariffs\"",
            )
        },
        finding: "database-url-mismatch products/nordhaven/docker-compose.yml ⟦tariff_book⟧",
    },
    Mistake {
        what: "a copied compose block that keeps the other service's URL",
        make: |files| {
            files.replace(
                COMPOSE,
                "@postgres:5432/tariff_book",
                "@postgres:5432/identity",
            )
        },
        finding: "database-url-mismatch products/nordhaven/docker-compose.yml ⟦identity⟧",
    },
    Mistake {
        what: "a second connection string for one report",
        make: |files| {
            files.replace_in_block(
                COMPOSE,
                "  invoicing:",
                "      PORT_CALLS_URL:",
                "      PORT_CALLS_DATABASE_URL: postgresql://nordhaven:${POSTGRES_PASSWORD:-ebb-and-flow}@postgres:5432/port_calls\n      PORT_CALLS_URL:",
            )
        },
        finding: "second-connection products/nordhaven/docker-compose.yml ⟦port_calls⟧",
    },
    Mistake {
        what: "a second connection string in a list, to a database that nobody owns",
        make: |files| {
            files.replace(
                COMPOSE,
                "      - PORT_CALLS_URL=http://port-calls:4220",
                "      - WAREHOUSE=postgres://reader:${POSTGRES_PASSWORD:-ebb-and-flow}@warehouse.nordhaven.example/facts?sslmode=require\n      - PORT_CALLS_URL=http://port-calls:4220",
            )
        },
        finding: "second-connection products/nordhaven/docker-compose.yml ⟦facts⟧",
    },
    Mistake {
        what: "libpq's variable names the database of another service",
        make: |files| {
            files.replace_in_block(
                COMPOSE,
                "  tariff-book:",
                "      PORT: \"4212\"",
                "      PORT: \"4212\"\n      PGDATABASE: invoicing",
            )
        },
        finding: "second-connection products/nordhaven/docker-compose.yml ⟦invoicing⟧",
    },
    Mistake {
        what: "a shadow database that is the database of another service",
        make: |files| {
            files.replace_in_block(
                COMPOSE,
                "  tariff-book:",
                "      PORT: \"4212\"",
                "      PORT: \"4212\"\n      SHADOW_DATABASE_URL: postgresql://nordhaven:${POSTGRES_PASSWORD:-ebb-and-flow}@postgres:5432/identity",
            )
        },
        finding: "second-connection products/nordhaven/docker-compose.yml ⟦identity⟧",
    },
    Mistake {
        what: "a second connection string that a service brings in an env_file",
        make: |files| {
            files.replace(
                "products/nordhaven/infra/env/document-vault.env",
                "VAULT_MAX_UPLOAD_MB=",
                "SEARCH_URL=postgresql://nordhaven:ebb-and-flow@postgres:5432/invoicing\nVAULT_MAX_UPLOAD_MB=",
            )
        },
        finding: "second-connection products/nordhaven/infra/env/document-vault.env ⟦invoicing⟧",
    },
    Mistake {
        what: "a second connection string in a module's .env.example",
        make: |files| {
            files.replace(
                "modules/domain/quayside/berth-planning/.env.example",
                "PORT_CALLS_URL=",
                "PILOTAGE_DATABASE_URL=\"postgresql://nordhaven:ebb-and-flow@localhost:5433/pilotage\"\nPORT_CALLS_URL=",
            )
        },
        finding: "second-connection modules/domain/quayside/berth-planning/.env.example ⟦pilotage⟧",
    },
    Mistake {
        what: "a second connection string in a Dockerfile",
        make: |files| {
            files.replace(
                "modules/domain/invoicing/Dockerfile",
                "ENV NODE_ENV=production",
                "ENV NODE_ENV=production \\\n    TARIFFS=\"postgresql://nordhaven:ebb-and-flow@postgres:5432/tariff_book\"",
            )
        },
        finding: "second-connection modules/domain/invoicing/Dockerfile ⟦tariff_book⟧",
    },
    Mistake {
        what: "a script of a package that opens another service's database",
        make: |files| {
            files.replace(
                "modules/domain/invoicing/package.json",
                "\"migrate\": \"prisma migrate deploy\"",
                "\"migrate\": \"prisma migrate deploy\",\n    \"report\": \"psql \\\"postgresql://nordhaven:ebb-and-flow@localhost:5433/port_calls\\\" -f report.sql\"",
            )
        },
        finding: "second-connection modules/domain/invoicing/package.json ⟦port_calls⟧",
    },
    Mistake {
        what: "a module's .env.example that names another service's database",
        make: |files| {
            files.replace(
                "modules/domain/quayside/berth-planning/.env.example",
                "5433/berth_planning",
                "5433/pilotage",
            )
        },
        finding: "database-url-mismatch modules/domain/quayside/berth-planning/.env.example ⟦pilotage⟧",
    },
    Mistake {
        what: "a module's .env that names a database which nobody owns",
        make: |files| {
            files.add(
                "modules/shared/tariff-book/.env",
                "export DATABASE_URL='postgresql://nordhaven:ebb-and-flow@localhost:5433/tariffs?schema=public' # for the host\n",
            )
        },
        finding: "database-url-mismatch modules/shared/tariff-book/.env ⟦tariffs⟧",
    },
    Mistake {
        what: "a build argument that names another service's database",
        make: |files| {
            files.replace(
                "modules/domain/invoicing/Dockerfile",
                "EXPOSE 4225",
                "ARG DATABASE_URL=postgresql://nordhaven@postgres:5432/tariff_book\nEXPOSE 4225",
            )
        },
        finding: "database-url-mismatch modules/domain/invoicing/Dockerfile ⟦tariff_book⟧",
    },
    Mistake {
        what: "a Kubernetes manifest that names another service's database",
        make: |files| {
            files.replace(
                "deploy/kubernetes/customs-clearance.yaml",
                "6432/customs_clearance?",
                "6432/identity?",
            )
        },
        finding: "database-url-mismatch deploy/kubernetes/customs-clearance.yaml ⟦identity⟧",
    },
    Mistake {
        what: "a Kubernetes manifest that names a database which nobody owns",
        make: |files| {
            files.replace(
                "deploy/kubernetes/customs-clearance.yaml",
                "6432/customs_clearance?",
                "6432/customs?",
            )
        },
        finding: "database-url-mismatch deploy/kubernetes/customs-clearance.yaml ⟦customs⟧",
    },
    Mistake {
        what: "a Kubernetes config map with a second connection string",
        make: |files| {
            files.replace(
                "deploy/kubernetes/customs-clearance.yaml",
                "  DIRECT_URL: postgresql://customs@customs.db.nordhaven.example:5432/customs_clearance?",
                "  DIRECT_URL: postgresql://customs@customs.db.nordhaven.example:5432/invoicing?",
            )
        },
        finding: "second-connection deploy/kubernetes/customs-clearance.yaml ⟦invoicing⟧",
    },
    Mistake {
        what: "Helm values that name another service's database",
        make: |files| {
            files.replace(
                "deploy/chart/values.yaml",
                "example/vessel_register",
                "example/identity",
            )
        },
        finding: "database-url-mismatch deploy/chart/values.yaml ⟦identity⟧",
    },
    Mistake {
        what: "libpq's variable in Helm values",
        make: |files| {
            files.replace(
                "deploy/chart/values.yaml",
                "PGDATABASE: party_directory",
                "PGDATABASE: pilotage",
            )
        },
        finding: "second-connection deploy/chart/values.yaml ⟦pilotage⟧",
    },
    Mistake {
        what: "a script of a package that opens another database by hand",
        make: |files| {
            files.replace(
                "modules/domain/container-yard/package.json",
                "5433/container_yard",
                "5433/invoicing",
            )
        },
        finding: "second-connection modules/domain/container-yard/package.json ⟦invoicing⟧",
    },
    Mistake {
        what: "a direct URL in an example that leads to another service's database",
        make: |files| {
            files.replace(
                "modules/domain/container-yard/.env.example",
                "<host>:5433/container_yard",
                "<host>:5433/invoicing",
            )
        },
        finding: "second-connection modules/domain/container-yard/.env.example ⟦invoicing⟧",
    },
    Mistake {
        what: "a database renamed in the registry of a service that has manifests",
        make: |files| {
            files.replace(
                REGISTRY,
                "database: \"party_directory\"",
                "database: \"parties\"",
            )
        },
        finding: "database-url-mismatch products/nordhaven/docker-compose.yml ⟦party_directory⟧",
    },
    Mistake {
        what: "a module's .env.example with a connection string for another kind of database",
        make: |files| {
            files.replace(
                "modules/domain/quayside/berth-planning/.env.example",
                "\"postgresql://",
                "\"mysql://",
            )
        },
        finding: "database-url-format modules/domain/quayside/berth-planning/.env.example ⟦mysql⟧",
    },
    Mistake {
        what: "a module's .env.example with a connection string without a database",
        make: |files| {
            files.replace(
                "modules/domain/quayside/berth-planning/.env.example",
                "5433/berth_planning",
                "5433",
            )
        },
        finding: "database-url-format modules/domain/quayside/berth-planning/.env.example ⟦postgresql://nordhaven:ebb-and-flow@localhost:5433⟧",
    },
    Mistake {
        what: "a stateless service whose module brings a connection string",
        make: |files| {
            files.add(
                "modules/domain/tide-watch/.env",
                "DATABASE_URL=postgresql://nordhaven:ebb-and-flow@localhost:5433/tide_watch\n",
            )
        },
        finding: "stateless-with-database modules/domain/tide-watch/.env ⟦DATABASE_URL⟧",
    },
    Mistake {
        what: "a password that breaks the URLs that it is put into",
        make: |files| {
            files.replace(
                "products/nordhaven/.env.example",
                "POSTGRES_PASSWORD=ebb-and-flow",
                "POSTGRES_PASSWORD=ebb@flow",
            )
        },
        finding: "unescaped-password products/nordhaven/.env.example ⟦ebb@flow⟧",
    },
    Mistake {
        what: "a password in quotes with the beginning of a query",
        make: |files| {
            files.replace(
                "products/nordhaven/.env.example",
                "POSTGRES_PASSWORD=ebb-and-flow",
                "POSTGRES_PASSWORD='5432/ebb?flow#'",
            )
        },
        finding: "unescaped-password products/nordhaven/.env.example ⟦5432/ebb?flow#⟧",
    },
    Mistake {
        what: "a password that is written out in the compose file",
        make: |files| {
            files.replace(
                COMPOSE,
                "${POSTGRES_PASSWORD:-ebb-and-flow}@postgres:5432/tariff_book",
                "ebb-and-flow@postgres:5432/tariff_book",
            )
        },
        finding: "hardcoded-credential products/nordhaven/docker-compose.yml ⟦ebb-and-flow⟧",
    },
    Mistake {
        what: "a password that is written out in a Dockerfile",
        make: |files| {
            files.replace(
                "modules/domain/invoicing/Dockerfile",
                "ENV NODE_ENV=production",
                "ENV NODE_ENV=production\nENV DATABASE_URL=postgresql://nordhaven:ebb-and-flow@postgres:5432/invoicing",
            )
        },
        finding: "hardcoded-credential modules/domain/invoicing/Dockerfile ⟦ebb-and-flow⟧",
    },
    Mistake {
        what: "a connection string with a user that nobody creates",
        make: |files| {
            files.replace(
                COMPOSE,
                "nordhaven:${POSTGRES_PASSWORD:-ebb-and-flow}@postgres:5432/tariff_book",
                "nordhafen:${POSTGRES_PASSWORD:-ebb-and-flow}@postgres:5432/tariff_book",
            )
        },
        finding: "role-mismatch products/nordhaven/docker-compose.yml ⟦nordhafen⟧",
    },
    Mistake {
        what: "a worker of a service with another service's database",
        make: |files| {
            files.replace(
                COMPOSE,
                "  tide-watch:\n    <<:",
                "  invoicing-worker:\n    <<: *service\n    build:\n      context: ../..\n      dockerfile: modules/domain/invoicing/Dockerfile\n    command: node dist/worker.js\n    environment:\n      DATABASE_URL: postgresql://nordhaven:${POSTGRES_PASSWORD:-ebb-and-flow}@postgres:5432/port_calls\n    depends_on:\n      <<: *needs-postgres\n\n  tide-watch:\n    <<:",
            )
        },
        finding: "database-url-mismatch products/nordhaven/docker-compose.yml ⟦port_calls⟧",
    },
    Mistake {
        what: "a worker of a service with a second connection",
        make: |files| {
            files.replace(
                COMPOSE,
                "  tide-watch:\n    <<:",
                "  invoicing-worker:\n    <<: *service\n    build:\n      context: ../..\n      dockerfile: modules/domain/invoicing/Dockerfile\n    command: node dist/worker.js\n    environment:\n      DATABASE_URL: postgresql://nordhaven:${POSTGRES_PASSWORD:-ebb-and-flow}@postgres:5432/invoicing\n      PORT_CALLS_DB: postgresql://nordhaven:${POSTGRES_PASSWORD:-ebb-and-flow}@postgres:5432/port_calls\n    depends_on:\n      <<: *needs-postgres\n\n  tide-watch:\n    <<:",
            )
        },
        finding: "second-connection products/nordhaven/docker-compose.yml ⟦port_calls⟧",
    },
    Mistake {
        what: "an entrypoint that migrates another service's database",
        make: |files| {
            files.replace(
                "modules/domain/invoicing/docker-entrypoint.sh",
                "npx prisma migrate deploy",
                "export DATABASE_URL=\"postgresql://nordhaven:$POSTGRES_PASSWORD@postgres:5432/port_calls\"\nnpx prisma migrate deploy",
            )
        },
        finding: "database-url-mismatch modules/domain/invoicing/docker-entrypoint.sh ⟦port_calls⟧",
    },
    Mistake {
        what: "an entrypoint with a default for another database",
        make: |files| {
            files.replace(
                "modules/domain/invoicing/docker-entrypoint.sh",
                "npx prisma migrate deploy",
                "DATABASE_URL=${DATABASE_URL:-postgresql://nordhaven@postgres:5432/invoices} npx prisma migrate deploy",
            )
        },
        finding: "database-url-mismatch modules/domain/invoicing/docker-entrypoint.sh ⟦invoices⟧",
    },
    Mistake {
        what: "an entrypoint that asks another service's database",
        make: |files| {
            files.replace(
                "modules/domain/invoicing/docker-entrypoint.sh",
                "npx prisma migrate deploy",
                "npx prisma migrate deploy\nPGDATABASE='tariff_book' psql -c 'SELECT 1'",
            )
        },
        finding: "second-connection modules/domain/invoicing/docker-entrypoint.sh ⟦tariff_book⟧",
    },
    Mistake {
        what: "a second connection string in an anchor that several services merge",
        make: |files| {
            files
                .replace(
                    COMPOSE,
                    "x-needs-postgres:",
                    "x-report-env: &report-env\n  REPORT_URL: postgresql://nordhaven:${POSTGRES_PASSWORD:-ebb-and-flow}@postgres:5432/invoicing\n\nx-needs-postgres:",
                )
                .replace(
                    COMPOSE,
                    "      PORT: \"4212\"",
                    "      <<: [*common-env, *report-env]\n      PORT: \"4212\"",
                )
                .replace(
                    COMPOSE,
                    "      PORT: \"4211\"",
                    "      <<: [*common-env, *report-env]\n      PORT: \"4211\"",
                )
                .replace_in_block(COMPOSE, "  tariff-book:", "      <<: *common-env\n", "")
                .replace_in_block(COMPOSE, "  party-directory:", "      <<: *common-env\n", "")
        },
        finding: "second-connection products/nordhaven/docker-compose.yml ⟦invoicing⟧",
    },
    Mistake {
        what: "a string that is not closed",
        make: |files| {
            files.replace(
                REGISTRY,
                "label: \"Harbour dues\",",
                "label: \"Harbour dues,",
            )
        },
        finding: "syntax-error products/nordhaven/infra/service-registry.ts ⟦\"Harbour dues⟧",
    },
    Mistake {
        what: "a registry that ends too early",
        make: |files| {
            files.replace(
                REGISTRY,
                "} as const satisfies Record<string, ServiceDefinition>;",
                "",
            )
        },
        finding: "syntax-error products/nordhaven/infra/service-registry.ts ⟦{⟧",
    },
    Mistake {
        what: "a comma that is missing",
        make: |files| {
            files.replace(
                REGISTRY,
                "database: \"tariff_book\",",
                "database: \"tariff_book\"",
            )
        },
        finding: "syntax-error products/nordhaven/infra/service-registry.ts ⟦dockerfile⟧",
    },
    Mistake {
        what: "a constant that was not assigned",
        make: |files| {
            files.replace(
                REGISTRY,
                "const PORT_CALLS_PORT = 4220;",
                "const PORT_CALLS_PORT 4220;",
            )
        },
        finding: "syntax-error products/nordhaven/infra/service-registry.ts ⟦4220⟧",
    },
    Mistake {
        what: "a port that is computed",
        make: |files| files.replace(REGISTRY, "port: 4212", "port: nextPort()"),
        finding: "dynamic-registry products/nordhaven/infra/service-registry.ts ⟦nextPort()⟧",
    },
    Mistake {
        what: "an entry without a port",
        make: |files| files.replace(REGISTRY, "    port: 4212,\n", ""),
        finding: "incomplete-registry-entry products/nordhaven/infra/service-registry.ts ⟦tariff-book⟧",
    },
    Mistake {
        what: "an entry without a database",
        make: |files| files.replace(REGISTRY, "    database: \"tariff_book\",\n", ""),
        finding: "incomplete-registry-entry products/nordhaven/infra/service-registry.ts ⟦tariff-book⟧",
    },
    Mistake {
        what: "a port in quotes",
        make: |files| files.replace(REGISTRY, "port: 4212", "port: \"4212\""),
        finding: "incomplete-registry-entry products/nordhaven/infra/service-registry.ts ⟦4212⟧",
    },
    Mistake {
        what: "two services with one database",
        make: |files| {
            files.replace(
                REGISTRY,
                "database: \"tariff_book\"",
                "database: \"identity\"",
            )
        },
        finding: "shared-database products/nordhaven/infra/service-registry.ts ⟦identity⟧",
    },
    Mistake {
        what: "three services with one database",
        make: |files| {
            files
                .replace(
                    REGISTRY,
                    "database: \"tariff_book\"",
                    "database: \"identity\"",
                )
                .replace(
                    REGISTRY,
                    "database: \"party_directory\"",
                    "database: \"identity\"",
                )
        },
        finding: "shared-database products/nordhaven/infra/service-registry.ts ⟦identity⟧",
    },
    Mistake {
        what: "a second connection that services with and without a database share",
        make: |files| {
            files.replace(
                COMPOSE,
                "  LOG_LEVEL: ${LOG_LEVEL:-info}\n",
                "  LOG_LEVEL: ${LOG_LEVEL:-info}\n  INVOICING_DATABASE_URL: postgresql://nordhaven:${POSTGRES_PASSWORD:-ebb-and-flow}@postgres:5432/invoicing\n",
            )
        },
        finding: "second-connection products/nordhaven/docker-compose.yml ⟦invoicing⟧",
    },
    Mistake {
        what: "a database in kebab-case",
        make: |files| {
            files.replace(
                REGISTRY,
                "database: \"tariff_book\"",
                "database: \"tariff-book\"",
            )
        },
        finding: "database-name-case products/nordhaven/infra/service-registry.ts ⟦tariff-book⟧",
    },
    Mistake {
        what: "a database named by a key word",
        make: |files| files.replace(REGISTRY, "database: \"tariff_book\"", "database: \"order\""),
        finding: "database-name-case products/nordhaven/infra/service-registry.ts ⟦order⟧",
    },
    Mistake {
        what: "a database that is consistently called something else",
        make: |files| {
            files
                .replace(
                    REGISTRY,
                    "database: \"tariff_book\"",
                    "database: \"tariffs\"",
                )
                .replace(
                    COMPOSE,
                    "@postgres:5432/tariff_book",
                    "@postgres:5432/tariffs",
                )
                .replace(
                    INIT_SQL,
                    "CREATE DATABASE tariff_book",
                    "CREATE DATABASE tariffs",
                )
                .replace(
                    INIT_SQL,
                    "PRIVILEGES ON DATABASE tariff_book",
                    "PRIVILEGES ON DATABASE tariffs",
                )
                .replace(
                    START,
                    "5433/tariff_book\" pnpm --dir modules/shared/tariff-book exec prisma migrate",
                    "5433/tariffs\" pnpm --dir modules/shared/tariff-book exec prisma migrate",
                )
                .replace(
                    START,
                    "5433/tariff_book\" pnpm --dir modules/shared/tariff-book exec prisma db",
                    "5433/tariffs\" pnpm --dir modules/shared/tariff-book exec prisma db",
                )
                .replace(MANIFEST, "database: tariff_book", "database: tariffs")
                .replace(MANIFEST, "- tariff_book\n", "- tariffs\n")
        },
        finding: "database-name-mismatch products/nordhaven/infra/service-registry.ts ⟦tariffs⟧",
    },
    Mistake {
        what: "a hostname that is not the key",
        make: |files| {
            files.replace(
                REGISTRY,
                "hostname: \"tariff-book\"",
                "hostname: \"tariffs\"",
            )
        },
        finding: "hostname-mismatch products/nordhaven/infra/service-registry.ts ⟦tariffs⟧",
    },
    Mistake {
        what: "two services on one port",
        make: |files| files.replace(REGISTRY, "port: 4212", "port: 4211"),
        finding: "duplicate-port products/nordhaven/infra/service-registry.ts ⟦4211⟧",
    },
    Mistake {
        what: "a Dockerfile that is not there",
        make: |files| {
            files.replace(
                REGISTRY,
                "modules/shared/tariff-book/Dockerfile",
                "modules/shared/tarif-book/Dockerfile",
            )
        },
        finding: "missing-module products/nordhaven/infra/service-registry.ts ⟦modules/shared/tarif-book/Dockerfile⟧",
    },
    Mistake {
        what: "a module without its Dockerfile",
        make: |files| files.remove("modules/shared/tariff-book/Dockerfile"),
        finding: "missing-module products/nordhaven/infra/service-registry.ts ⟦modules/shared/tariff-book/Dockerfile⟧",
    },
    Mistake {
        what: "a folder that is misspelt in a constant",
        make: |files| {
            files.replace(
                REGISTRY,
                "const QUAYSIDE = \"modules/domain/quayside\";",
                "const QUAYSIDE = \"modules/domain/quay\";",
            )
        },
        finding: "missing-module products/nordhaven/infra/service-registry.ts ⟦modules/domain/quay⟧",
    },
    Mistake {
        what: "a database renamed in the init SQL only",
        make: |files| {
            files.replace(
                INIT_SQL,
                "CREATE DATABASE tariff_book",
                "CREATE DATABASE tariffs",
            )
        },
        finding: "init-sql-drift products/nordhaven/infra/init-databases.sql ⟦tariffs⟧",
    },
    Mistake {
        what: "a database that the init SQL does not create",
        make: |files| files.replace(INIT_SQL, "CREATE DATABASE tariff_book;\n", ""),
        finding: "init-sql-drift products/nordhaven/infra/service-registry.ts ⟦tariff_book⟧",
    },
    Mistake {
        what: "a database added by hand",
        make: |files| {
            files.replace(
                INIT_SQL,
                "CREATE DATABASE tariff_book;\n",
                "CREATE DATABASE tariff_book;\nCREATE DATABASE lighthouse;\n",
            )
        },
        finding: "init-sql-drift products/nordhaven/infra/init-databases.sql ⟦lighthouse⟧",
    },
    Mistake {
        what: "a grant that is missing",
        make: |files| {
            files.replace(
                INIT_SQL,
                "GRANT ALL PRIVILEGES ON DATABASE tariff_book TO nordhaven;\n",
                "",
            )
        },
        finding: "init-sql-drift products/nordhaven/infra/service-registry.ts ⟦tariff_book⟧",
    },
    Mistake {
        what: "a grant on another name",
        make: |files| {
            files.replace(
                INIT_SQL,
                "PRIVILEGES ON DATABASE tariff_book",
                "PRIVILEGES ON DATABASE tariff_bok",
            )
        },
        finding: "init-sql-drift products/nordhaven/infra/init-databases.sql ⟦tariff_bok⟧",
    },
    Mistake {
        what: "a grant to another role",
        make: |files| {
            files.replace(
                INIT_SQL,
                "DATABASE tariff_book TO nordhaven",
                "DATABASE tariff_book TO postgres",
            )
        },
        finding: "init-sql-drift products/nordhaven/infra/init-databases.sql ⟦postgres⟧",
    },
    Mistake {
        what: "a generated file that lost its header",
        make: |files| {
            files
                .replace(INIT_SQL, "-- This file is generated from infra/service-registry.ts by infra/generate.ts.\n", "")
                .replace(INIT_SQL, "-- Do not edit it: change the registry and run `pnpm generate`.\n\n", "")
        },
        finding: "generated-file-edited products/nordhaven/infra/init-databases.sql ⟦-- identity⟧",
    },
    Mistake {
        what: "a table in the init SQL",
        make: |files| {
            files.replace(
                INIT_SQL,
                "CREATE DATABASE tariff_book;\n",
                "CREATE DATABASE tariff_book;\nCREATE TABLE notes (id int);\n",
            )
        },
        finding: "generated-file-edited products/nordhaven/infra/init-databases.sql ⟦CREATE TABLE notes (id int)⟧",
    },
    Mistake {
        what: "an init SQL that was deleted",
        make: |files| files.remove(INIT_SQL),
        finding: "init-sql-drift products/nordhaven/infra/service-registry.ts ⟦identity⟧",
    },
    Mistake {
        what: "a statement of the init SQL that cannot be read",
        make: |files| {
            files.replace(
                INIT_SQL,
                "CREATE DATABASE tariff_book;\n",
                "CREATE DATABASE tariff_book;\nCREATE DATABSE notes;\n",
            )
        },
        finding: "syntax-error products/nordhaven/infra/init-databases.sql ⟦CREATE⟧",
    },
    Mistake {
        what: "a string in the init SQL that is never closed",
        make: |files| {
            files.replace(
                INIT_SQL,
                "REVOKE CONNECT ON DATABASE tariff_book FROM PUBLIC;\n",
                "COMMENT ON DATABASE tariff_book IS 'dues;\n",
            )
        },
        finding: "syntax-error products/nordhaven/infra/init-databases.sql ⟦'dues;⟧",
    },
    Mistake {
        what: "a database that the init SQL drops again",
        make: |files| {
            files.replace(
                INIT_SQL,
                "CREATE DATABASE tariff_book;\n",
                "DROP DATABASE tariff_book;\nCREATE DATABASE tariff_book;\n",
            )
        },
        finding: "generated-file-edited products/nordhaven/infra/init-databases.sql ⟦DROP DATABASE tariff_book⟧",
    },
    Mistake {
        what: "an init SQL mounted from where it is not",
        make: |files| {
            files.replace(
                COMPOSE,
                "./infra/init-databases.sql:",
                "./init-databases.sql:",
            )
        },
        finding: "init-sql-not-mounted products/nordhaven/docker-compose.yml ⟦./init-databases.sql⟧",
    },
    Mistake {
        what: "an init SQL under a name that the image does not run",
        make: |files| {
            files.replace(
                COMPOSE,
                "10-init-databases.sql:ro",
                "10-init-databases.sql.tpl:ro",
            )
        },
        finding: "init-sql-not-mounted products/nordhaven/docker-compose.yml ⟦/docker-entrypoint-initdb.d/10-init-databases.sql.tpl⟧",
    },
    Mistake {
        what: "an init SQL that nothing mounts",
        make: |files| {
            files.replace(COMPOSE, "      - ./infra/init-databases.sql:/docker-entrypoint-initdb.d/10-init-databases.sql:ro\n", "")
        },
        finding: "init-sql-not-mounted products/nordhaven/docker-compose.yml ⟦volumes⟧",
    },
    Mistake {
        what: "a compose service that is missing",
        make: |files| {
            files.replace(
                COMPOSE,
                "\n  tariff-book:\n    <<",
                "\n  tariff-buch:\n    <<",
            )
        },
        finding: "missing-compose-service products/nordhaven/infra/service-registry.ts ⟦tariff-book⟧",
    },
    Mistake {
        what: "no compose file",
        make: |files| files.remove(COMPOSE),
        finding: "missing-compose-service products/nordhaven/infra/service-registry.ts ⟦serviceRegistry⟧",
    },
    Mistake {
        what: "no DATABASE_URL",
        make: |files| {
            files.replace(COMPOSE, "      DATABASE_URL: postgresql://nordhaven:${POSTGRES_PASSWORD:-ebb-and-flow}@postgres:5432/tariff_book\n", "")
        },
        finding: "database-url-missing products/nordhaven/docker-compose.yml ⟦environment⟧",
    },
    Mistake {
        what: "a DATABASE_URL by another name",
        make: |files| {
            files.replace_in_block(
                COMPOSE,
                "\n  tariff-book:",
                "DATABASE_URL:",
                "TARIFF_DB_URL:",
            )
        },
        finding: "database-url-missing products/nordhaven/docker-compose.yml ⟦environment⟧",
    },
    Mistake {
        what: "a URL without a port",
        make: |files| {
            files.replace(
                COMPOSE,
                "@postgres:5432/tariff_book",
                "@postgres/tariff_book",
            )
        },
        finding: "database-url-format products/nordhaven/docker-compose.yml ⟦postgresql://nordhaven:${POSTGRES_PASSWORD:-ebb-and-flow}@postgres/tariff_book⟧",
    },
    Mistake {
        what: "a URL whose user and password run together",
        make: |files| {
            files.replace_in_block(
                COMPOSE,
                "\n  tariff-book:",
                "nordhaven:${POSTGRES_PASSWORD",
                "nordhaven${POSTGRES_PASSWORD",
            )
        },
        finding: "database-url-format products/nordhaven/docker-compose.yml ⟦postgresql://nordhaven${POSTGRES_PASSWORD:-ebb-and-flow}@postgres:5432/tariff_book⟧",
    },
    Mistake {
        what: "a URL without a user",
        make: |files| files.replace_in_block(COMPOSE, "\n  tariff-book:", "//nordhaven:", "//:"),
        finding: "database-url-format products/nordhaven/docker-compose.yml ⟦postgresql://:${POSTGRES_PASSWORD:-ebb-and-flow}@postgres:5432/tariff_book⟧",
    },
    Mistake {
        what: "a URL of another kind of database",
        make: |files| {
            files.replace_in_block(COMPOSE, "\n  tariff-book:", "postgresql://", "mysql://")
        },
        finding: "database-url-format products/nordhaven/docker-compose.yml ⟦mysql⟧",
    },
    Mistake {
        what: "the published port inside the network",
        make: |files| {
            files.replace(
                COMPOSE,
                "@postgres:5432/tariff_book",
                "@postgres:5433/tariff_book",
            )
        },
        finding: "database-url-host products/nordhaven/docker-compose.yml ⟦5433⟧",
    },
    Mistake {
        what: "a host that is no Postgres",
        make: |files| {
            files.replace(
                COMPOSE,
                "@postgres:5432/tariff_book",
                "@redis:5432/tariff_book",
            )
        },
        finding: "database-url-host products/nordhaven/docker-compose.yml ⟦redis⟧",
    },
    Mistake {
        what: "a host that nobody answers to",
        make: |files| {
            files.replace(
                COMPOSE,
                "@postgres:5432/tariff_book",
                "@db:5432/tariff_book",
            )
        },
        finding: "database-url-host products/nordhaven/docker-compose.yml ⟦db⟧",
    },
    Mistake {
        what: "a database on localhost",
        make: |files| {
            files.replace(
                COMPOSE,
                "@postgres:5432/tariff_book",
                "@localhost:5433/tariff_book",
            )
        },
        finding: "localhost-url products/nordhaven/docker-compose.yml ⟦localhost⟧",
    },
    Mistake {
        what: "a database on a localhost in capitals",
        make: |files| {
            files.replace(
                COMPOSE,
                "@postgres:5432/tariff_book",
                "@LocalHost:5432/tariff_book",
            )
        },
        finding: "localhost-url products/nordhaven/docker-compose.yml ⟦LocalHost⟧",
    },
    Mistake {
        what: "a database on the address that servers bind to",
        make: |files| {
            files.replace(
                COMPOSE,
                "@postgres:5432/tariff_book",
                "@0.0.0.0:5432/tariff_book",
            )
        },
        finding: "localhost-url products/nordhaven/docker-compose.yml ⟦0.0.0.0⟧",
    },
    Mistake {
        what: "a second Postgres",
        make: |files| {
            files.replace(
                COMPOSE,
                "\n  redis:\n",
                "\n  postgres-two:\n    image: postgres:16\n\n  redis:\n",
            )
        },
        finding: "single-dev-postgres products/nordhaven/docker-compose.yml ⟦postgres-two⟧",
    },
    Mistake {
        what: "no Postgres",
        make: |files| files.replace(COMPOSE, "image: postgres:16", "image: redis:7"),
        finding: "single-dev-postgres products/nordhaven/infra/service-registry.ts ⟦identity⟧",
    },
    Mistake {
        what: "no Postgres, which also created one of the databases by itself",
        make: |files| {
            files
                .replace(COMPOSE, "POSTGRES_DB: postgres", "POSTGRES_DB: identity")
                .replace(INIT_SQL, "CREATE DATABASE identity;\n", "")
                .replace(COMPOSE, "image: postgres:16", "image: redis:7")
        },
        finding: "single-dev-postgres products/nordhaven/infra/service-registry.ts ⟦identity⟧",
    },
    Mistake {
        what: "no compose file, whose Postgres also created one of the databases by itself",
        make: |files| {
            files
                .replace(INIT_SQL, "CREATE DATABASE identity;\n", "")
                .remove(COMPOSE)
        },
        finding: "missing-compose-service products/nordhaven/infra/service-registry.ts ⟦serviceRegistry⟧",
    },
    Mistake {
        what: "a Postgres of another major version",
        make: |files| files.replace(COMPOSE, "image: postgres:16", "image: postgres:15-alpine"),
        finding: "postgres-version products/nordhaven/docker-compose.yml ⟦15-alpine⟧",
    },
    Mistake {
        what: "a Postgres of any version",
        make: |files| files.replace(COMPOSE, "image: postgres:16", "image: postgres"),
        finding: "postgres-version products/nordhaven/docker-compose.yml ⟦postgres⟧",
    },
    Mistake {
        what: "a service that does not wait for Postgres",
        make: |files| {
            files.replace_in_block(
                COMPOSE,
                "\n  port-calls:",
                "      <<: *needs-postgres\n",
                "",
            )
        },
        finding: "missing-depends-on products/nordhaven/docker-compose.yml ⟦depends_on⟧",
    },
    Mistake {
        what: "a service that waits for nobody",
        make: |files| {
            files.replace_in_block(
                COMPOSE,
                "\n  port-calls:",
                "\n    depends_on:\n      <<: *needs-postgres\n      vessel-register:\n        condition: service_started",
                "",
            )
        },
        finding: "missing-depends-on products/nordhaven/docker-compose.yml ⟦port-calls⟧",
    },
    Mistake {
        what: "a dependency of the registry that compose does not have",
        make: |files| {
            files.replace(
                REGISTRY,
                "dependsOn: [\"document-vault\"]",
                "dependsOn: [\"document-vault\", \"container-yard\"]",
            )
        },
        finding: "missing-depends-on products/nordhaven/docker-compose.yml ⟦depends_on⟧",
    },
    Mistake {
        what: "a list of dependencies without conditions",
        make: |files| {
            files.replace_in_block(
                COMPOSE,
                "\n  tariff-book:",
                "<<: *needs-postgres",
                "- postgres",
            )
        },
        finding: "missing-depends-on products/nordhaven/docker-compose.yml ⟦postgres⟧",
    },
    Mistake {
        what: "a Postgres that everybody waits for only until it is started",
        make: |files| {
            files.replace(
                COMPOSE,
                "\n  postgres:\n    condition: service_healthy",
                "\n  postgres:\n    condition: service_started",
            )
        },
        finding: "missing-depends-on products/nordhaven/docker-compose.yml ⟦service_started⟧",
    },
    Mistake {
        what: "a port changed in the registry only",
        make: |files| files.replace(REGISTRY, "port: 4212", "port: 4299"),
        finding: "service-port-drift products/nordhaven/docker-compose.yml ⟦4212⟧",
    },
    Mistake {
        what: "a port that many call, changed in the registry only",
        make: |files| {
            files.replace(
                REGISTRY,
                "const PORT_CALLS_PORT = 4220;",
                "const PORT_CALLS_PORT = 4299;",
            )
        },
        finding: "service-port-drift products/nordhaven/docker-compose.yml ⟦4220⟧",
    },
    Mistake {
        what: "the port of a later service",
        make: |files| files.replace(REGISTRY, "port: 4201", "port: 4202"),
        finding: "duplicate-port products/nordhaven/infra/service-registry.ts ⟦4202⟧",
    },
    Mistake {
        what: "another port in the environment",
        make: |files| files.replace(COMPOSE, "PORT: \"4212\"", "PORT: \"4121\""),
        finding: "service-port-drift products/nordhaven/docker-compose.yml ⟦4121⟧",
    },
    Mistake {
        what: "a published port that leads nowhere",
        make: |files| files.replace(COMPOSE, "14220:4220", "14220:4020"),
        finding: "service-port-drift products/nordhaven/docker-compose.yml ⟦4020⟧",
    },
    Mistake {
        what: "a health check of another port",
        make: |files| files.replace(COMPOSE, "localhost:4201", "localhost:4102"),
        finding: "service-port-drift products/nordhaven/docker-compose.yml ⟦4102⟧",
    },
    Mistake {
        what: "a Dockerfile that exposes another port",
        make: |files| {
            files.replace(
                "modules/shared/tariff-book/Dockerfile",
                "EXPOSE 4212",
                "EXPOSE 4122",
            )
        },
        finding: "service-port-drift modules/shared/tariff-book/Dockerfile ⟦4122⟧",
    },
    Mistake {
        what: "a called port that many take from a constant, and that another service has",
        make: |files| {
            files.replace(
                REGISTRY,
                "const VESSEL_REGISTER_PORT = 4210;",
                "const VESSEL_REGISTER_PORT = 4211;",
            )
        },
        finding: "duplicate-port products/nordhaven/infra/service-registry.ts ⟦4211⟧",
    },
    Mistake {
        what: "a setting that was changed in the registry only",
        make: |files| {
            files.replace(
                REGISTRY,
                "UNDER_KEEL_CLEARANCE_CM: \"60\"",
                "UNDER_KEEL_CLEARANCE_CM: \"80\"",
            )
        },
        finding: "extra-env-drift products/nordhaven/docker-compose.yml ⟦60⟧",
    },
    Mistake {
        what: "a URL of another service in compose only",
        make: |files| {
            files.replace(
                COMPOSE,
                "TARIFF_BOOK_URL: http://tariff-book:4212",
                "TARIFF_BOOK_URL: http://party-directory:4211",
            )
        },
        finding: "extra-env-drift products/nordhaven/docker-compose.yml ⟦http://party-directory:4211⟧",
    },
    Mistake {
        what: "a setting that compose does not have",
        make: |files| {
            files.replace(
                COMPOSE,
                "      TARIFF_BOOK_URL: http://tariff-book:4212\n",
                "",
            )
        },
        finding: "extra-env-drift products/nordhaven/docker-compose.yml ⟦environment⟧",
    },
    Mistake {
        what: "a called service on localhost",
        make: |files| {
            files.replace(
                COMPOSE,
                "TARIFF_BOOK_URL: http://tariff-book:4212",
                "TARIFF_BOOK_URL: http://localhost:4212",
            )
        },
        finding: "localhost-url products/nordhaven/docker-compose.yml ⟦localhost⟧",
    },
    Mistake {
        what: "a copied compose block that builds the other service",
        make: |files| {
            files.replace(
                COMPOSE,
                "dockerfile: modules/shared/tariff-book/Dockerfile",
                "dockerfile: modules/shared/party-directory/Dockerfile",
            )
        },
        finding: "dockerfile-drift products/nordhaven/docker-compose.yml ⟦modules/shared/party-directory/Dockerfile⟧",
    },
    Mistake {
        what: "a URL with the short scheme",
        make: |files| {
            files.replace_in_block(COMPOSE, "\n  tariff-book:", "postgresql://", "postgres://")
        },
        finding: "database-url-scheme products/nordhaven/docker-compose.yml ⟦postgres⟧",
    },
    Mistake {
        what: "a stateless service with a connection string of the short scheme",
        make: |files| {
            files.replace(COMPOSE, "      PORT: \"4200\"\n", "      PORT: \"4200\"\n      DATABASE_URL: postgres://nordhaven:x@postgres:5432/quay_gateway\n")
        },
        finding: "stateless-with-database products/nordhaven/docker-compose.yml ⟦DATABASE_URL⟧",
    },
    Mistake {
        what: "a stateless service with a connection string for another kind of database",
        make: |files| {
            files.replace(COMPOSE, "      PORT: \"4200\"\n", "      PORT: \"4200\"\n      DATABASE_URL: mysql://nordhaven:x@postgres:5432/quay_gateway\n")
        },
        finding: "stateless-with-database products/nordhaven/docker-compose.yml ⟦DATABASE_URL⟧",
    },
    Mistake {
        what: "a stateless service with a connection string to a database that is not known",
        make: |files| {
            files.replace(COMPOSE, "      PORT: \"4200\"\n", "      PORT: \"4200\"\n      DATABASE_URL: postgresql://nordhaven:x@postgres:5432/${QUAY_DATABASE}\n")
        },
        finding: "stateless-with-database products/nordhaven/docker-compose.yml ⟦DATABASE_URL⟧",
    },
    Mistake {
        what: "a stateless service with a connection string to a host that is not known",
        make: |files| {
            files.replace(COMPOSE, "      PORT: \"4200\"\n", "      PORT: \"4200\"\n      DATABASE_URL: postgresql://nordhaven:x@${QUAY_HOST}:5432/quay_gateway\n")
        },
        finding: "stateless-with-database products/nordhaven/docker-compose.yml ⟦DATABASE_URL⟧",
    },
    Mistake {
        what: "a stateless service with a connection string and its password",
        make: |files| {
            files.replace(COMPOSE, "      PORT: \"4200\"\n", "      PORT: \"4200\"\n      DATABASE_URL: postgresql://nordhaven:ebb-and-flow@postgres:5432/quay_gateway\n")
        },
        finding: "stateless-with-database products/nordhaven/docker-compose.yml ⟦DATABASE_URL⟧",
    },
    Mistake {
        what: "a stateless service with a connection string",
        make: |files| {
            files.replace(COMPOSE, "      PORT: \"4200\"\n", "      PORT: \"4200\"\n      DATABASE_URL: postgresql://nordhaven:x@postgres:5432/quay_gateway\n")
        },
        finding: "stateless-with-database products/nordhaven/docker-compose.yml ⟦DATABASE_URL⟧",
    },
    Mistake {
        what: "a stateless service with a PrismaService, which its module exports",
        make: |files| {
            files
                .add(
                    "modules/domain/tide-watch/src/prisma.service.ts",
                    "import { PrismaClient } from \"@prisma/client\";\n\nexport class PrismaService extends PrismaClient {}\n",
                )
                .add(
                    "modules/domain/tide-watch/src/prisma.module.ts",
                    "@Module({ providers: [PrismaService], exports: [PrismaService] })\nexport class PrismaModule {}\n",
                )
        },
        finding: "stateless-with-database modules/domain/tide-watch/src/prisma.service.ts ⟦PrismaService⟧",
    },
    Mistake {
        what: "a stateless service that opens the database of its `DATABASE_URL`",
        make: |files| {
            files.add(
                "modules/domain/tide-watch/src/pool.ts",
                "import { Pool } from \"pg\";\n\nexport const pool = new Pool({ connectionString: process.env.DATABASE_URL });\n",
            )
        },
        finding: "stateless-with-database modules/domain/tide-watch/src/pool.ts ⟦Pool⟧",
    },
    Mistake {
        what: "a direct URL of a neighbour, beside the URL of one's own",
        make: |files| {
            files.replace(
                "modules/domain/customs-clearance/prisma.config.ts",
                "url: env(\"DATABASE_URL\"),",
                "url: env(\"DATABASE_URL\"),\n    directUrl: env(\"INVOICING_DATABASE_URL\"),",
            )
        },
        finding: "prisma-datasource-url modules/domain/customs-clearance/prisma.config.ts ⟦INVOICING_DATABASE_URL⟧",
    },
    Mistake {
        what: "a shadow database that is a neighbour's",
        make: |files| {
            files.replace(
                "modules/domain/customs-clearance/prisma.config.ts",
                "url: env(\"DATABASE_URL\"),",
                "url: env(\"DATABASE_URL\"),\n    shadowDatabaseUrl: process.env.INVOICING_DATABASE_URL,",
            )
        },
        finding: "prisma-datasource-url modules/domain/customs-clearance/prisma.config.ts ⟦INVOICING_DATABASE_URL⟧",
    },
    Mistake {
        what: "a direct URL in the compose file that leads to a neighbour, for a config that reads it",
        make: |files| {
            files
                .replace(
                    "modules/domain/customs-clearance/prisma.config.ts",
                    "url: env(\"DATABASE_URL\"),",
                    "url: env(\"MIGRATION_URL\"),",
                )
                .replace(
                    COMPOSE,
                    "@postgres:5432/customs_clearance\n",
                    "@postgres:5432/customs_clearance\n      MIGRATION_URL: postgresql://nordhaven:${POSTGRES_PASSWORD:-ebb-and-flow}@postgres:5432/invoicing\n",
                )
        },
        finding: "second-connection products/nordhaven/docker-compose.yml ⟦invoicing⟧",
    },
    Mistake {
        what: "a shared package with a schema",
        make: |files| {
            files.add(
                "packages/service-client/prisma/schema.prisma",
                "datasource db {\n  provider = \"postgresql\"\n}\n\nmodel Call {\n  id Int @id\n\n  @@map(\"call\")\n}\n",
            )
        },
        finding: "database-outside-service packages/service-client/prisma/schema.prisma ⟦db⟧",
    },
    Mistake {
        what: "a client that the neighbour's index exports again",
        make: |files| {
            files
                .add(
                    "modules/domain/invoicing/src/store.ts",
                    "import { PrismaClient } from \"../generated/prisma\";\n\nexport const store = new PrismaClient();\n",
                )
                .add(
                    "modules/domain/invoicing/src/index.ts",
                    "export * from \"./store\";\n",
                )
                .add(
                    "modules/domain/customs-clearance/src/bills.ts",
                    "import { store } from \"../../invoicing/src\";\n\nexport const bills = store;\n",
                )
        },
        finding: "foreign-prisma-client modules/domain/customs-clearance/src/bills.ts ⟦../../invoicing/src⟧",
    },
    Mistake {
        what: "a service that is called stateless and is not",
        make: |files| files.replace(REGISTRY, "database: \"tariff_book\"", "database: \"\""),
        finding: "stateless-with-database products/nordhaven/infra/service-registry.ts ⟦\"\"⟧",
    },
    Mistake {
        what: "a database given to a stateless service",
        make: |files| {
            files.replace_in_block(
                REGISTRY,
                "\n  \"quay-gateway\":",
                "database: \"\"",
                "database: \"quay_gateway\"",
            )
        },
        finding: "database-url-missing products/nordhaven/docker-compose.yml ⟦environment⟧",
    },
    Mistake {
        what: "a schema made for MySQL",
        make: |files| {
            files.replace(
                "modules/shared/tariff-book/prisma/schema.prisma",
                "provider = \"postgresql\"",
                "provider = \"mysql\"",
            )
        },
        finding: "prisma-provider modules/shared/tariff-book/prisma/schema.prisma ⟦mysql⟧",
    },
    Mistake {
        what: "a schema whose provider cannot be read",
        make: |files| {
            files.replace(
                "modules/shared/tariff-book/prisma/schema.prisma",
                "provider = \"postgresql\"",
                "provider \"postgresql\"",
            )
        },
        finding: "syntax-error modules/shared/tariff-book/prisma/schema.prisma ⟦provider \"postgresql\"⟧",
    },
    Mistake {
        what: "a schema whose provider is never closed",
        make: |files| {
            files.replace(
                "modules/shared/tariff-book/prisma/schema.prisma",
                "provider = \"postgresql\"",
                "provider = \"postgresql)",
            )
        },
        finding: "syntax-error modules/shared/tariff-book/prisma/schema.prisma ⟦\"postgresql)⟧",
    },
    Mistake {
        what: "a schema that reads another variable",
        make: |files| {
            files.replace(
                "modules/shared/tariff-book/prisma/schema.prisma",
                "env(\"DATABASE_URL\")",
                "env(\"TARIFF_DB_URL\")",
            )
        },
        finding: "prisma-datasource-url modules/shared/tariff-book/prisma/schema.prisma ⟦TARIFF_DB_URL⟧",
    },
    Mistake {
        what: "a variable without a value",
        make: |files| {
            files.replace(
                COMPOSE,
                "@postgres:5432/tariff_book",
                "@${DB_HOST}:5432/tariff_book",
            )
        },
        finding: "unresolved-variable products/nordhaven/docker-compose.yml ⟦${DB_HOST}⟧",
    },
    Mistake {
        what: "a key in camel case",
        make: |files| files.replace(REGISTRY, "  \"tariff-book\": {", "  tariffBook: {"),
        finding: "service-key-case products/nordhaven/infra/service-registry.ts ⟦tariffBook⟧",
    },
    Mistake {
        what: "a key that others depend on, with an underscore",
        make: |files| files.replace(REGISTRY, "  \"port-calls\": {", "  port_calls: {"),
        finding: "service-key-case products/nordhaven/infra/service-registry.ts ⟦port_calls⟧",
    },
    Mistake {
        what: "one route for two services",
        make: |files| files.replace(REGISTRY, "[\"/api/tariffs\"]", "[\"/api/parties\"]"),
        finding: "duplicate-route products/nordhaven/infra/service-registry.ts ⟦/api/parties⟧",
    },
    Mistake {
        what: "a route with a slash behind it",
        make: |files| files.replace(REGISTRY, "[\"/api/tariffs\"]", "[\"/api/tariffs/\"]"),
        finding: "route-format products/nordhaven/infra/service-registry.ts ⟦/api/tariffs/⟧",
    },
    Mistake {
        what: "a layer that is not the folder's",
        make: |files| {
            files.replace_in_block(
                REGISTRY,
                "\n  \"vessel-register\":",
                "database: \"vessel_register\",\n    dockerfile: \"modules/shared/vessel-register/Dockerfile\",\n    routes: [\"/api/vessels\", \"/api/fleets\"],\n    layer: \"shared\"",
                "database: \"vessel_register\",\n    dockerfile: \"modules/shared/vessel-register/Dockerfile\",\n    routes: [\"/api/vessels\", \"/api/fleets\"],\n    layer: \"domain\"",
            )
        },
        finding: "layer-mismatch products/nordhaven/infra/service-registry.ts ⟦domain⟧",
    },
    Mistake {
        what: "a dependency up the layers",
        make: |files| {
            let in_registry = files.replace(
                REGISTRY,
                "label: \"Harbour dues\",",
                "label: \"Harbour dues\",\n    dependsOn: [\"container-yard\"],",
            );
            in_registry.replace(
                COMPOSE,
                "@postgres:5432/tariff_book\n    depends_on:\n      <<: *needs-postgres",
                "@postgres:5432/tariff_book\n    depends_on:\n      <<: *needs-postgres\n      container-yard:\n        condition: service_started",
            )
        },
        finding: "layer-dependency products/nordhaven/infra/service-registry.ts ⟦container-yard⟧",
    },
    Mistake {
        what: "a dependency up the layers, which the compose file does not have",
        make: |files| {
            files
                .replace(
                    REGISTRY,
                    "label: \"Accounts and sign-in\",",
                    "label: \"Accounts and sign-in\",\n    dependsOn: [\"document-vault\"],",
                )
                .replace(
                    "dbfence.yaml",
                    "platform: [shared, domain]",
                    "platform: [domain]",
                )
        },
        finding: "layer-dependency products/nordhaven/infra/service-registry.ts ⟦document-vault⟧",
    },
    Mistake {
        what: "a dependency up the layers that closes a circle",
        make: |files| {
            files.replace(
                REGISTRY,
                "label: \"Harbour dues\",",
                "label: \"Harbour dues\",\n    dependsOn: [\"invoicing\"],",
            )
        },
        finding: "dependency-cycle products/nordhaven/infra/service-registry.ts ⟦tariff-book⟧",
    },
    Mistake {
        what: "a dependency by a name that nobody has",
        make: |files| {
            files.replace(
                REGISTRY,
                "dependsOn: [\"identity\", \"port-calls\"]",
                "dependsOn: [\"identity\", \"port-call\"]",
            )
        },
        finding: "unknown-dependency products/nordhaven/infra/service-registry.ts ⟦port-call⟧",
    },
    Mistake {
        what: "two services that wait for each other",
        make: |files| {
            files.replace_in_block(
                REGISTRY,
                "\n  identity: {",
                "label: \"Accounts and sign-in\",",
                "label: \"Accounts and sign-in\",\n    dependsOn: [\"quay-gateway\"],",
            )
        },
        finding: "dependency-cycle products/nordhaven/infra/service-registry.ts ⟦quay-gateway⟧",
    },
    Mistake {
        what: "a connection string in extraEnv",
        make: |files| {
            files.replace(
                REGISTRY,
                "      AUDIT_TRAIL_URL: \"http://audit-trail:4203\",\n    },\n  },\n\n  // ---- domain",
                "      AUDIT_TRAIL_URL: \"http://audit-trail:4203\",\n      REPORT_DB: \"postgresql://nordhaven:x@postgres:5432/audit_trail\",\n    },\n  },\n\n  // ---- domain",
            )
        },
        finding: "connection-string-in-extra-env products/nordhaven/infra/service-registry.ts ⟦postgresql://nordhaven:x@postgres:5432/audit_trail⟧",
    },
    Mistake {
        what: "an entry that was removed from the registry",
        make: |files| files.remove_block(REGISTRY, "\n  \"tariff-book\": {", "\n  },"),
        finding: "unregistered-module modules/shared/tariff-book/prisma/schema.prisma ⟦db⟧",
    },
    Mistake {
        what: "an entry that others depend on, removed from the registry",
        make: |files| files.remove_block(REGISTRY, "\n  \"port-calls\": {", "\n  },"),
        finding: "unregistered-module modules/domain/quayside/port-calls/prisma/schema.prisma ⟦db⟧",
    },
    Mistake {
        what: "a URL of a service at a port where nobody listens",
        make: |files| {
            files.replace(
                REGISTRY,
                "BERTH_PLANNING_URL: \"http://berth-planning:4221\"",
                "BERTH_PLANNING_URL: \"http://berth-planning:4222\"",
            )
        },
        finding: "extra-env-target products/nordhaven/infra/service-registry.ts ⟦4222⟧",
    },
    Mistake {
        what: "a URL of a service that is not there",
        make: |files| {
            files.replace(
                REGISTRY,
                "BERTH_PLANNING_URL: \"http://berth-planning:4221\"",
                "BERTH_PLANNING_URL: \"http://berth-plan:4221\"",
            )
        },
        finding: "extra-env-target products/nordhaven/infra/service-registry.ts ⟦berth-plan⟧",
    },
    Mistake {
        what: "a variable named after one service that points at another",
        make: |files| {
            files.replace(
                REGISTRY,
                "BERTH_PLANNING_URL: \"http://berth-planning:4221\"",
                "BERTH_PLANNING_URL: \"http://identity:4201\"",
            )
        },
        finding: "extra-env-target products/nordhaven/infra/service-registry.ts ⟦identity⟧",
    },
    Mistake {
        what: "a URL that lost the sign before its host",
        make: |files| {
            files.replace(
                COMPOSE,
                "ebb-and-flow}@postgres:5432/tariff_book",
                "ebb-and-flow}postgres:5432/tariff_book",
            )
        },
        finding: "database-url-format products/nordhaven/docker-compose.yml ⟦${POSTGRES_PASSWORD:-ebb-and-flow}postgres:5432⟧",
    },
    Mistake {
        what: "a database that the init SQL creates twice",
        make: |files| {
            files.replace(
                INIT_SQL,
                "-- pilotage\n",
                "CREATE DATABASE tariff_book;\n\n-- pilotage\n",
            )
        },
        finding: "init-sql-aborts products/nordhaven/infra/init-databases.sql ⟦tariff_book⟧",
    },
    Mistake {
        what: "a block of the init SQL pasted twice",
        make: |files| {
            files.replace(
                INIT_SQL,
                "-- pilotage\n",
                "CREATE DATABASE identity;\nGRANT ALL PRIVILEGES ON DATABASE identity TO nordhaven;\nREVOKE CONNECT ON DATABASE identity FROM PUBLIC;\n\n-- pilotage\n",
            )
        },
        finding: "init-sql-aborts products/nordhaven/infra/init-databases.sql ⟦identity⟧",
    },
    Mistake {
        what: "a copied statement that keeps another service's database",
        make: |files| {
            files.replace(
                INIT_SQL,
                "CREATE DATABASE tariff_book",
                "CREATE DATABASE identity",
            )
        },
        finding: "init-sql-drift products/nordhaven/infra/init-databases.sql ⟦identity⟧",
    },
    Mistake {
        what: "a copied block of the init SQL that keeps another service's database",
        make: |files| {
            files
                .replace(
                    INIT_SQL,
                    "CREATE DATABASE tariff_book",
                    "CREATE DATABASE identity",
                )
                .replace(
                    INIT_SQL,
                    "PRIVILEGES ON DATABASE tariff_book",
                    "PRIVILEGES ON DATABASE identity",
                )
                .replace(
                    INIT_SQL,
                    "CONNECT ON DATABASE tariff_book",
                    "CONNECT ON DATABASE identity",
                )
        },
        finding: "init-sql-drift products/nordhaven/infra/init-databases.sql ⟦identity⟧",
    },
    Mistake {
        what: "a service's database in POSTGRES_DB",
        make: |files| files.replace(COMPOSE, "POSTGRES_DB: postgres", "POSTGRES_DB: tariff_book"),
        finding: "init-sql-aborts products/nordhaven/docker-compose.yml ⟦tariff_book⟧",
    },
    Mistake {
        what: "a service's database in the default of POSTGRES_DB",
        make: |files| {
            files.replace(
                COMPOSE,
                "POSTGRES_DB: postgres",
                "POSTGRES_DB: ${POSTGRES_DB:-tariff_book}",
            )
        },
        finding: "init-sql-aborts products/nordhaven/docker-compose.yml ⟦tariff_book⟧",
    },
    Mistake {
        what: "a database that every server has, created by hand",
        make: |files| {
            files.replace(
                INIT_SQL,
                "-- pilotage\n",
                "CREATE DATABASE postgres;\n\n-- pilotage\n",
            )
        },
        finding: "init-sql-drift products/nordhaven/infra/init-databases.sql ⟦postgres⟧",
    },
    Mistake {
        what: "another superuser than everyone connects as",
        make: |files| {
            files.replace(
                COMPOSE,
                "POSTGRES_USER: nordhaven",
                "POSTGRES_USER: harbour",
            )
        },
        finding: "init-sql-aborts products/nordhaven/docker-compose.yml ⟦harbour⟧",
    },
    Mistake {
        what: "no superuser but the usual one",
        make: |files| files.replace(COMPOSE, "      POSTGRES_USER: nordhaven\n", ""),
        finding: "init-sql-aborts products/nordhaven/docker-compose.yml ⟦environment⟧",
    },
    Mistake {
        what: "a further grant to a role that nobody creates",
        make: |files| {
            files.replace(
                INIT_SQL,
                "PRIVILEGES ON DATABASE tariff_book TO nordhaven",
                "PRIVILEGES ON DATABASE tariff_book TO nordhaven, reporting",
            )
        },
        finding: "init-sql-aborts products/nordhaven/infra/init-databases.sql ⟦reporting⟧",
    },
    Mistake {
        what: "the superuser created once more",
        make: |files| {
            files.replace(
                INIT_SQL,
                "-- identity\n",
                "CREATE ROLE nordhaven LOGIN;\n\n-- identity\n",
            )
        },
        finding: "init-sql-aborts products/nordhaven/infra/init-databases.sql ⟦nordhaven⟧",
    },
    Mistake {
        what: "a transaction around the init SQL",
        make: |files| {
            files
                .replace(INIT_SQL, "-- identity\n", "BEGIN;\n\n-- identity\n")
                .replace(
                    INIT_SQL,
                    "REVOKE CONNECT ON DATABASE invoicing FROM PUBLIC;\n",
                    "REVOKE CONNECT ON DATABASE invoicing FROM PUBLIC;\n\nCOMMIT;\n",
                )
        },
        finding: "init-sql-aborts products/nordhaven/infra/init-databases.sql ⟦identity⟧",
    },
    Mistake {
        what: "a grant before its database",
        make: |files| {
            files.replace(
                INIT_SQL,
                "CREATE DATABASE tariff_book;\nGRANT ALL PRIVILEGES ON DATABASE tariff_book TO nordhaven;\n",
                "GRANT ALL PRIVILEGES ON DATABASE tariff_book TO nordhaven;\nCREATE DATABASE tariff_book;\n",
            )
        },
        finding: "init-sql-aborts products/nordhaven/infra/init-databases.sql ⟦tariff_book⟧",
    },
    Mistake {
        what: "a statement about a database that nobody creates",
        make: |files| {
            files.replace(
                INIT_SQL,
                "CONNECT ON DATABASE tariff_book",
                "CONNECT ON DATABASE tariff_bok",
            )
        },
        finding: "init-sql-aborts products/nordhaven/infra/init-databases.sql ⟦tariff_bok⟧",
    },
    Mistake {
        what: "a second script that creates a database again",
        make: |files| {
            files
                .replace(
                    COMPOSE,
                    "      - ./infra/init-databases.sql:/docker-entrypoint-initdb.d/10-init-databases.sql:ro\n",
                    "      - ./infra/init-databases.sql:/docker-entrypoint-initdb.d/10-init-databases.sql:ro\n      - ./infra/extra.sql:/docker-entrypoint-initdb.d/20-extra.sql:ro\n",
                )
                .add(
                    "products/nordhaven/infra/extra.sql",
                    "CREATE DATABASE tariff_book;\n",
                )
        },
        finding: "init-sql-aborts products/nordhaven/infra/extra.sql ⟦tariff_book⟧",
    },
    Mistake {
        what: "a key that lost a letter",
        make: |files| files.replace(REGISTRY, "  \"tariff-book\": {", "  \"tarif-book\": {"),
        finding: "hostname-mismatch products/nordhaven/infra/service-registry.ts ⟦tariff-book⟧",
    },
    Mistake {
        what: "a setting that several services take from a constant, and that is a connection string",
        make: |files| {
            files.replace(
                REGISTRY,
                "HARBOUR_TIMEZONE: \"Europe/Oslo\"",
                "HARBOUR_TIMEZONE: \"mysql://clock:x@clocks:3306/time\"",
            )
        },
        finding: "connection-string-in-extra-env products/nordhaven/infra/service-registry.ts ⟦mysql://clock:x@clocks:3306/time⟧",
    },
    Mistake {
        what: "the connection string of the service itself in extraEnv",
        make: |files| {
            files.replace(
                REGISTRY,
                "      UNDER_KEEL_CLEARANCE_CM: \"60\",\n",
                "      UNDER_KEEL_CLEARANCE_CM: \"60\",\n      DATABASE_URL: \"postgresql://nordhaven:x@pg:5432/berth_planning\",\n",
            )
        },
        finding: "connection-string-in-extra-env products/nordhaven/infra/service-registry.ts ⟦DATABASE_URL⟧",
    },
    Mistake {
        what: "a host that several services take from a constant",
        make: |files| {
            files.replace(
                REGISTRY,
                "`http://vessel-register:${VESSEL_REGISTER_PORT}`",
                "`http://vessels:${VESSEL_REGISTER_PORT}`",
            )
        },
        finding: "extra-env-target products/nordhaven/infra/service-registry.ts ⟦vessels⟧",
    },
    Mistake {
        what: "a port that several services take from a constant of URLs",
        make: |files| {
            files.replace(
                REGISTRY,
                "`http://vessel-register:${VESSEL_REGISTER_PORT}`",
                "\"http://vessel-register:4209\"",
            )
        },
        finding: "extra-env-target products/nordhaven/infra/service-registry.ts ⟦4209⟧",
    },
    Mistake {
        what: "a localhost that several services take from a constant",
        make: |files| {
            files.replace(
                REGISTRY,
                "`http://vessel-register:${VESSEL_REGISTER_PORT}`",
                "`http://localhost:${VESSEL_REGISTER_PORT}`",
            )
        },
        finding: "localhost-url products/nordhaven/infra/service-registry.ts ⟦localhost⟧",
    },
    Mistake {
        what: "a dependency that is misspelt in a constant",
        make: |files| {
            files
                .replace(
                    REGISTRY,
                    "const domainDefaults = {",
                    "const CUSTOMS_NEEDS = [\"document-fault\"];\n\nconst domainDefaults = {",
                )
                .replace(
                    REGISTRY,
                    "dependsOn: [\"document-vault\"]",
                    "dependsOn: CUSTOMS_NEEDS",
                )
        },
        finding: "unknown-dependency products/nordhaven/infra/service-registry.ts ⟦document-fault⟧",
    },
    Mistake {
        what: "a hostname that was renamed for its callers as well",
        make: |files| {
            files
                .replace(
                    REGISTRY,
                    "hostname: \"tariff-book\"",
                    "hostname: \"tariffs\"",
                )
                .replace(
                    REGISTRY,
                    "\"http://tariff-book:4212\"",
                    "\"http://tariffs:4212\"",
                )
        },
        finding: "hostname-mismatch products/nordhaven/infra/service-registry.ts ⟦tariffs⟧",
    },
    Mistake {
        what: "an entry without data that others depend on, removed from the registry",
        make: |files| {
            files
                .replace(
                    REGISTRY,
                    "dependsOn: [\"document-vault\"]",
                    "dependsOn: [\"document-vault\", \"tide-watch\"]",
                )
                .remove_block(REGISTRY, "\n  \"tide-watch\": {", "\n  },")
        },
        finding: "unknown-dependency products/nordhaven/infra/service-registry.ts ⟦tide-watch⟧",
    },
    Mistake {
        what: "an entry removed whose database Postgres creates by itself",
        make: |files| {
            files
                .replace(COMPOSE, "POSTGRES_DB: postgres", "POSTGRES_DB: tariff_book")
                .replace(INIT_SQL, "CREATE DATABASE tariff_book;\n", "")
                .remove_block(REGISTRY, "\n  \"tariff-book\": {", "\n  },")
        },
        finding: "unregistered-module modules/shared/tariff-book/prisma/schema.prisma ⟦db⟧",
    },
    Mistake {
        what: "an entry that names the module of another service",
        make: |files| {
            files.replace(
                REGISTRY,
                "modules/shared/tariff-book/Dockerfile",
                "modules/platform/identity/Dockerfile",
            )
        },
        finding: "dockerfile-drift products/nordhaven/docker-compose.yml ⟦modules/shared/tariff-book/Dockerfile⟧",
    },
    Mistake {
        what: "a context of another module, with the Dockerfile named beside it",
        make: |files| {
            files.replace(
                COMPOSE,
                "      context: ../..\n      dockerfile: modules/shared/tariff-book/Dockerfile",
                "      context: ../../modules/shared/party-directory\n      dockerfile: ./Dockerfile",
            )
        },
        finding: "dockerfile-drift products/nordhaven/docker-compose.yml ⟦../../modules/shared/party-directory⟧",
    },
    Mistake {
        what: "a route that is another's but for the slash behind it",
        make: |files| files.replace(REGISTRY, "[\"/api/tariffs\"]", "[\"/api/parties/\"]"),
        finding: "route-format products/nordhaven/infra/service-registry.ts ⟦/api/parties/⟧",
    },
    Mistake {
        what: "a route that is empty",
        make: |files| files.replace(REGISTRY, "[\"/api/tariffs\"]", "[\"\"]"),
        finding: "route-format products/nordhaven/infra/service-registry.ts ⟦\"\"⟧",
    },
    Mistake {
        what: "a Postgres that was renamed",
        make: |files| {
            files
                .replace(
                    COMPOSE,
                    "\n  postgres:\n    <<: *service",
                    "\n  pg:\n    <<: *service",
                )
                .replace(
                    COMPOSE,
                    "\n  postgres:\n    condition: service_healthy",
                    "\n  pg:\n    condition: service_healthy",
                )
        },
        finding: "database-url-host products/nordhaven/docker-compose.yml ⟦postgres⟧",
    },
    Mistake {
        what: "no Postgres but a third party's",
        make: |files| {
            files.replace(COMPOSE, "image: postgres:16", "image: redis:7").replace(
                COMPOSE,
                "\n  redis:\n",
                "\n  keycloak-db:\n    image: postgres:15\n\n  keycloak:\n    image: quay.io/keycloak/keycloak:26.0\n    environment:\n      KC_DB_URL: jdbc:postgresql://keycloak-db:5432/keycloak\n    depends_on: [keycloak-db]\n\n  redis:\n",
            )
        },
        finding: "single-dev-postgres products/nordhaven/infra/service-registry.ts ⟦identity⟧",
    },
    Mistake {
        what: "an init SQL that was emptied but for its header",
        make: |files| files.remove_block(INIT_SQL, "-- identity\n", "invoicing FROM PUBLIC;\n"),
        finding: "init-sql-drift products/nordhaven/infra/service-registry.ts ⟦identity⟧",
    },
    Mistake {
        what: "a semicolon in the middle of a statement",
        make: |files| {
            files.replace(
                INIT_SQL,
                "GRANT ALL PRIVILEGES ON DATABASE tariff_book",
                "GRANT ALL PRIVILEGES;ON DATABASE tariff_book",
            )
        },
        finding: "syntax-error products/nordhaven/infra/init-databases.sql ⟦PRIVILEGES⟧",
    },
    Mistake {
        what: "a line break that was lost behind a URL",
        make: |files| {
            files.replace(
                COMPOSE,
                "TARIFF_BOOK_URL: http://tariff-book:4212\n",
                "TARIFF_BOOK_URL: http://tariff-book:4212",
            )
        },
        finding: "syntax-error products/nordhaven/docker-compose.yml ⟦:⟧",
    },
    Mistake {
        what: "a line that is indented too far",
        make: |files| {
            files.replace(
                COMPOSE,
                "      dockerfile: modules/shared/tariff-book/Dockerfile",
                "       dockerfile: modules/shared/tariff-book/Dockerfile",
            )
        },
        finding: "syntax-error products/nordhaven/docker-compose.yml ⟦:⟧",
    },
    Mistake {
        what: "a third slash before the user of a URL",
        make: |files| {
            files.replace_in_block(
                COMPOSE,
                "\n  tariff-book:",
                "postgresql://",
                "postgresql:///",
            )
        },
        finding: "database-url-format products/nordhaven/docker-compose.yml ⟦postgresql:///nordhaven:${POSTGRES_PASSWORD:-ebb-and-flow}@postgres:5432/tariff_book⟧",
    },
    Mistake {
        what: "a slash where the host begins",
        make: |files| {
            files.replace(
                COMPOSE,
                "ebb-and-flow}@postgres:5432/tariff_book",
                "ebb-and-flow}/postgres:5432/tariff_book",
            )
        },
        finding: "database-url-format products/nordhaven/docker-compose.yml ⟦${POSTGRES_PASSWORD:-ebb-and-flow}⟧",
    },
    Mistake {
        what: "an environment that nobody reads",
        make: |files| {
            files.replace_in_block(
                COMPOSE,
                "\n  invoicing:",
                "    environment:",
                "    enviroment:",
            )
        },
        finding: "database-url-missing products/nordhaven/docker-compose.yml ⟦invoicing⟧",
    },
    Mistake {
        what: "two compose services that ran together",
        make: |files| files.replace(COMPOSE, "\n  tariff-book:\n    <<", "\n    <<"),
        finding: "syntax-error products/nordhaven/docker-compose.yml ⟦<<⟧",
    },
    Mistake {
        what: "an entry that lost its first line",
        make: |files| files.replace(REGISTRY, "  \"tariff-book\": {\n", ""),
        finding: "syntax-error products/nordhaven/infra/service-registry.ts ⟦\"document-vault\":⟧",
    },
    Mistake {
        what: "a setting of several services, changed in the registry only",
        make: |files| {
            files.replace(
                REGISTRY,
                "HARBOUR_TIMEZONE: \"Europe/Oslo\"",
                "HARBOUR_TIMEZONE: \"UTC\"",
            )
        },
        finding: "extra-env-drift products/nordhaven/docker-compose.yml ⟦Europe/Oslo⟧",
    },
    Mistake {
        what: "a field that got among the entries",
        make: |files| {
            files.replace(
                REGISTRY,
                "  \"document-vault\": {\n",
                "  extraEnv: { AUDIT_TRAIL_URL: \"http://audit-trail:4203\" },\n  \"document-vault\": {\n",
            )
        },
        finding: "incomplete-registry-entry products/nordhaven/infra/service-registry.ts ⟦extraEnv⟧",
    },
    Mistake {
        what: "an init SQL mounted from where it is not, into an image that is built here",
        make: |files| {
            files
                .replace(COMPOSE, "image: postgres:16", "build: ./infra/postgres")
                .add(
                    "products/nordhaven/infra/postgres/Dockerfile",
                    "FROM postgres:16\n",
                )
                .replace(
                    COMPOSE,
                    "./infra/init-databases.sql:",
                    "./init-databases.sql:",
                )
        },
        finding: "init-sql-not-mounted products/nordhaven/docker-compose.yml ⟦./init-databases.sql⟧",
    },
    Mistake {
        what: "a compose file without services",
        make: |files| files.replace(COMPOSE, "\nservices:\n", "\nservices: {}\n\nx-services:\n"),
        finding: "missing-compose-service products/nordhaven/infra/service-registry.ts ⟦serviceRegistry⟧",
    },
    Mistake {
        what: "a service renamed in the registry only",
        make: |files| {
            files.replace(
                REGISTRY,
                "\"tariff-book\": {\n    hostname: \"tariff-book\"",
                "\"tariff-books\": {\n    hostname: \"tariff-books\"",
            )
        },
        finding: "missing-compose-service products/nordhaven/infra/service-registry.ts ⟦tariff-books⟧",
    },
    Mistake {
        what: "a service that others call renamed in the registry only",
        make: |files| {
            files.replace(
                REGISTRY,
                "\n  \"port-calls\": {\n    ...domainDefaults,\n    hostname: \"port-calls\"",
                "\n  \"ship-calls\": {\n    ...domainDefaults,\n    hostname: \"ship-calls\"",
            )
        },
        finding: "missing-compose-service products/nordhaven/infra/service-registry.ts ⟦ship-calls⟧",
    },
    Mistake {
        what: "a service that waits for a name that nobody has",
        make: |files| {
            files.replace_in_block(
                COMPOSE,
                "\n  port-calls:",
                "      vessel-register:\n",
                "      vessel-registr:\n",
            )
        },
        finding: "undefined-reference products/nordhaven/docker-compose.yml ⟦vessel-registr⟧",
    },
    Mistake {
        what: "a shared dependency that is misspelt",
        make: |files| {
            files.replace(
                COMPOSE,
                "needs-postgres\n  postgres:\n",
                "needs-postgres\n  postgress:\n",
            )
        },
        finding: "undefined-reference products/nordhaven/docker-compose.yml ⟦postgress⟧",
    },
    Mistake {
        what: "a Postgres that goes by another name",
        make: |files| files.replace(COMPOSE, "\n  postgres:\n    <<", "\n  db:\n    <<"),
        finding: "undefined-reference products/nordhaven/docker-compose.yml ⟦db⟧",
    },
    Mistake {
        what: "a Redis that is missing",
        make: |files| files.remove_block(COMPOSE, "\n  redis:\n    <<", "retries: 20\n"),
        finding: "undefined-reference products/nordhaven/docker-compose.yml ⟦redis⟧",
    },
    Mistake {
        what: "a Postgres that is missing",
        make: |files| files.remove_block(COMPOSE, "\n  postgres:\n    <<", "retries: 20\n"),
        finding: "single-dev-postgres products/nordhaven/infra/service-registry.ts ⟦identity⟧",
    },
    Mistake {
        what: "a compose service that others wait for, by another name",
        make: |files| files.replace(COMPOSE, "\n  port-calls:\n    <<", "\n  port-call:\n    <<"),
        finding: "missing-compose-service products/nordhaven/infra/service-registry.ts ⟦port-calls⟧",
    },
    Mistake {
        what: "a network that is declared by another name",
        make: |files| files.replace(COMPOSE, "\nnetworks:\n  harbour:", "\nnetworks:\n  harbor:"),
        finding: "undefined-reference products/nordhaven/docker-compose.yml ⟦harbour⟧",
    },
    Mistake {
        what: "a volume that is not declared",
        make: |files| files.replace(COMPOSE, "\n  vault-files:\n", "\n"),
        finding: "undefined-reference products/nordhaven/docker-compose.yml ⟦vault-files⟧",
    },
    Mistake {
        what: "a path that Compose takes for a volume",
        make: |files| {
            files.replace(
                COMPOSE,
                "./infra/init-databases.sql:",
                "infra/init-databases.sql:",
            )
        },
        finding: "undefined-reference products/nordhaven/docker-compose.yml ⟦infra/init-databases.sql⟧",
    },
    Mistake {
        what: "a base that is not there",
        make: |files| {
            files.replace_in_block(
                COMPOSE,
                "\n  tariff-book:",
                "    <<: *service\n",
                "    <<: *service\n    extends: { service: base }\n",
            )
        },
        finding: "undefined-reference products/nordhaven/docker-compose.yml ⟦base⟧",
    },
    Mistake {
        what: "a mail server that is missing",
        make: |files| files.remove_block(COMPOSE, "\n  mailpit:\n", "8025:8025\"\n"),
        finding: "undefined-reference products/nordhaven/docker-compose.yml ⟦mailpit⟧",
    },
    Mistake {
        what: "a published port that another service has",
        make: |files| files.replace_in_block(COMPOSE, "\n  port-calls:", "14220:4220", "4200:4220"),
        finding: "duplicate-published-port products/nordhaven/docker-compose.yml ⟦4200⟧",
    },
    Mistake {
        what: "a copied block with the ports of another service",
        make: |files| files.replace_in_block(COMPOSE, "\n  port-calls:", "14220:4220", "4210:4210"),
        finding: "service-port-drift products/nordhaven/docker-compose.yml ⟦4210⟧",
    },
    Mistake {
        what: "a Postgres without a health check",
        make: |files| {
            files.remove_block(
                COMPOSE,
                "    healthcheck:\n      test: [\"CMD-SHELL\"",
                "retries: 20\n",
            )
        },
        finding: "missing-healthcheck products/nordhaven/docker-compose.yml ⟦postgres⟧",
    },
    Mistake {
        what: "a service in a network of its own",
        make: |files| {
            files
                .replace_in_block(
                    COMPOSE,
                    "\n  tariff-book:",
                    "    <<: *service\n",
                    "    <<: *service\n    networks: [quay]\n",
                )
                .replace(COMPOSE, "\nnetworks:\n", "\nnetworks:\n  quay:\n")
        },
        finding: "unreachable-service products/nordhaven/docker-compose.yml ⟦quay⟧",
    },
    Mistake {
        what: "a service that joins no network",
        make: |files| {
            files.replace_in_block(
                COMPOSE,
                "\n  tariff-book:",
                "    <<: *service\n",
                "    restart: always\n",
            )
        },
        finding: "unreachable-service products/nordhaven/docker-compose.yml ⟦tariff-book⟧",
    },
    Mistake {
        what: "a Redis that a service gets no address of",
        make: |files| {
            files.replace_in_block(
                COMPOSE,
                "\n  quay-gateway:",
                "      REDIS_URL: redis://redis:6379\n",
                "",
            )
        },
        finding: "redis-drift products/nordhaven/docker-compose.yml ⟦environment⟧",
    },
    Mistake {
        what: "a Redis that a service does not wait for",
        make: |files| {
            files.replace_in_block(
                COMPOSE,
                "\n  quay-gateway:",
                "      redis:\n        condition: service_healthy\n",
                "",
            )
        },
        finding: "redis-drift products/nordhaven/docker-compose.yml ⟦depends_on⟧",
    },
    Mistake {
        what: "a Redis that the registry does not know of any more",
        make: |files| {
            files.replace_in_block(
                REGISTRY,
                "\n  \"quay-gateway\":",
                "    needsRedis: true,\n",
                "",
            )
        },
        finding: "redis-drift products/nordhaven/docker-compose.yml ⟦REDIS_URL⟧",
    },
    Mistake {
        what: "a Redis that only the registry knows of",
        make: |files| {
            files.replace(
                REGISTRY,
                "    label: \"Harbour dues\",\n",
                "    label: \"Harbour dues\",\n    needsRedis: true,\n",
            )
        },
        finding: "redis-drift products/nordhaven/docker-compose.yml ⟦environment⟧",
    },
    Mistake {
        what: "a Redis by a name that nobody has",
        make: |files| {
            files.replace_in_block(
                COMPOSE,
                "\n  quay-gateway:",
                "redis://redis:6379",
                "redis://rediss:6379",
            )
        },
        finding: "redis-drift products/nordhaven/docker-compose.yml ⟦rediss⟧",
    },
    Mistake {
        what: "a service that waits for nothing",
        make: |files| {
            files.remove_block(
                COMPOSE,
                "    depends_on:\n      redis:\n        condition: service_healthy\n      identity",
                "condition: service_started\n",
            )
        },
        finding: "missing-depends-on products/nordhaven/docker-compose.yml ⟦quay-gateway⟧",
    },
    Mistake {
        what: "a gateway whose entry is gone",
        make: |files| files.remove_block(REGISTRY, "  \"quay-gateway\": {", "\n  },\n"),
        finding: "unregistered-compose-service products/nordhaven/docker-compose.yml ⟦quay-gateway⟧",
    },
    Mistake {
        what: "a new service that runs before it is registered",
        make: |files| {
            files
                .add("modules/domain/mooring/Dockerfile", "FROM node:24\n")
                .add("modules/domain/mooring/package.json", "{}\n")
                .replace(
                    COMPOSE,
                    "  invoicing:\n    <<: *service\n",
                    "  mooring:\n    <<: *service\n    build:\n      context: ../..\n      dockerfile: modules/domain/mooring/Dockerfile\n\n  invoicing:\n    <<: *service\n",
                )
        },
        finding: "unregistered-compose-service products/nordhaven/docker-compose.yml ⟦mooring⟧",
    },
    Mistake {
        what: "a new service that stores data and runs before it is registered",
        make: |files| {
            files
                .add("modules/domain/mooring/Dockerfile", "FROM node:24\n")
                .add("modules/domain/mooring/package.json", "{}\n")
                .add("modules/domain/mooring/prisma/schema.prisma", SCHEMA)
                .replace(
                    COMPOSE,
                    "  invoicing:\n    <<: *service\n",
                    "  mooring:\n    <<: *service\n    build:\n      context: ../..\n      dockerfile: modules/domain/mooring/Dockerfile\n    environment:\n      DATABASE_URL: postgresql://nordhaven:${POSTGRES_PASSWORD:-ebb-and-flow}@postgres:5432/mooring\n\n  invoicing:\n    <<: *service\n",
                )
        },
        finding: "unregistered-module modules/domain/mooring/prisma/schema.prisma ⟦db⟧",
    },
    Mistake {
        what: "nginx calls another port",
        make: |files| files.replace(NGINX, "http://tariff-book:4212", "http://tariff-book:4122"),
        finding: "proxy-drift apps/nordhaven-web/nginx.conf ⟦4122⟧",
    },
    Mistake {
        what: "nginx calls no port",
        make: |files| files.replace(NGINX, "http://tariff-book:4212", "http://tariff-book"),
        finding: "proxy-drift apps/nordhaven-web/nginx.conf ⟦tariff-book⟧",
    },
    Mistake {
        what: "nginx calls a host that is not there",
        make: |files| files.replace(NGINX, "http://tariff-book:4212", "http://tarif-book:4212"),
        finding: "proxy-drift apps/nordhaven-web/nginx.conf ⟦tarif-book⟧",
    },
    Mistake {
        what: "a copied location that keeps the other service",
        make: |files| {
            files.replace(
                NGINX,
                "http://tariff-book:4212",
                "http://party-directory:4211",
            )
        },
        finding: "proxy-drift apps/nordhaven-web/nginx.conf ⟦party-directory⟧",
    },
    Mistake {
        what: "nginx calls the database server",
        make: |files| files.replace(NGINX, "http://tariff-book:4212", "http://postgres:5432"),
        finding: "proxy-drift apps/nordhaven-web/nginx.conf ⟦postgres⟧",
    },
    Mistake {
        what: "nginx calls itself",
        make: |files| files.replace(NGINX, "http://tariff-book:4212", "http://localhost:4212"),
        finding: "proxy-drift apps/nordhaven-web/nginx.conf ⟦localhost⟧",
    },
    Mistake {
        what: "a location with another path",
        make: |files| files.replace(NGINX, "location /api/tariffs", "location /api/tarifs"),
        finding: "proxy-drift apps/nordhaven-web/nginx.conf ⟦/api/tarifs⟧",
    },
    Mistake {
        what: "a location with the path of another one",
        make: |files| files.replace(NGINX, "location /api/tariffs", "location /api/parties"),
        finding: "proxy-drift apps/nordhaven-web/nginx.conf ⟦/api/parties⟧",
    },
    Mistake {
        what: "a location that lost its target",
        make: |files| files.replace(NGINX, "        proxy_pass http://tariff-book:4212;\n", ""),
        finding: "proxy-drift apps/nordhaven-web/nginx.conf ⟦/api/tariffs⟧",
    },
    Mistake {
        what: "a location that no service claims",
        make: |files| {
            files.replace(NGINX, "    location /api/tariffs {\n        proxy_pass http://tariff-book:4212;\n        proxy_set_header Host $host;\n    }\n\n", "    location /api/tariffs {\n        proxy_pass http://tariff-book:4212;\n        proxy_set_header Host $host;\n    }\n\n    location /api/dues {\n        proxy_pass http://tariff-book:4212;\n        proxy_set_header Host $host;\n    }\n\n")
        },
        finding: "proxy-drift apps/nordhaven-web/nginx.conf ⟦/api/dues⟧",
    },
    Mistake {
        what: "a route without a location",
        make: |files| {
            files.replace(NGINX, "    location /api/tariffs {\n        proxy_pass http://tariff-book:4212;\n        proxy_set_header Host $host;\n    }\n\n", "")
        },
        finding: "proxy-drift products/nordhaven/infra/service-registry.ts ⟦/api/tariffs⟧",
    },
    Mistake {
        what: "an upstream with another port",
        make: |files| {
            files
                .replace(
                    NGINX,
                    "server {\n",
                    "upstream tariffs {\n    server tariff-book:4122;\n}\nserver {\n",
                )
                .replace(NGINX, "http://tariff-book:4212", "http://tariffs")
        },
        finding: "proxy-drift apps/nordhaven-web/nginx.conf ⟦4122⟧",
    },
    Mistake {
        what: "a variable that leads to another service",
        make: |files| {
            files.replace(
                NGINX,
                "proxy_pass http://tariff-book:4212",
                "set $target identity:4201;\n        proxy_pass http://$target",
            )
        },
        finding: "proxy-drift apps/nordhaven-web/nginx.conf ⟦identity⟧",
    },
    Mistake {
        what: "an nginx configuration mounted from where it is not",
        make: |files| {
            files.replace(
                COMPOSE,
                "nordhaven-web/nginx.conf",
                "nordhaven-web/ngnix.conf",
            )
        },
        finding: "proxy-drift products/nordhaven/docker-compose.yml ⟦../../apps/nordhaven-web/ngnix.conf⟧",
    },
    Mistake {
        what: "a location that is never closed",
        make: |files| {
            files.replace(NGINX, "    location /api/tariffs {\n        proxy_pass http://tariff-book:4212;\n        proxy_set_header Host $host;\n    }\n\n", "    location /api/tariffs {\n        proxy_pass http://tariff-book:4212;\n        proxy_set_header Host $host;\n\n")
        },
        finding: "syntax-error apps/nordhaven-web/nginx.conf ⟦location⟧",
    },
    Mistake {
        what: "a proxy_pass that is not ended",
        make: |files| files.replace(NGINX, "http://tariff-book:4212;", "http://tariff-book:4212"),
        finding: "syntax-error apps/nordhaven-web/nginx.conf ⟦http://tariff-book:4212⟧",
    },
    Mistake {
        what: "a manifest with another port",
        make: |files| {
            files.replace(MANIFEST, "  - name: tariff-book\n    layer: shared\n    port: 4212\n    database: tariff_book\n    routes:\n      - /api/tariffs\n", "  - name: tariff-book\n    layer: shared\n    port: 4122\n    database: tariff_book\n    routes:\n      - /api/tariffs\n")
        },
        finding: "manifest-drift products/nordhaven/manifest.yaml ⟦4122⟧",
    },
    Mistake {
        what: "a manifest with another database",
        make: |files| {
            files.replace(MANIFEST, "  - name: tariff-book\n    layer: shared\n    port: 4212\n    database: tariff_book\n    routes:\n      - /api/tariffs\n", "  - name: tariff-book\n    layer: shared\n    port: 4212\n    database: tariffs\n    routes:\n      - /api/tariffs\n")
        },
        finding: "manifest-drift products/nordhaven/manifest.yaml ⟦tariffs⟧",
    },
    Mistake {
        what: "a manifest with the database of another service",
        make: |files| {
            files.replace(MANIFEST, "  - name: tariff-book\n    layer: shared\n    port: 4212\n    database: tariff_book\n    routes:\n      - /api/tariffs\n", "  - name: tariff-book\n    layer: shared\n    port: 4212\n    database: identity\n    routes:\n      - /api/tariffs\n")
        },
        finding: "manifest-drift products/nordhaven/manifest.yaml ⟦identity⟧",
    },
    Mistake {
        what: "a manifest that knows no database",
        make: |files| {
            files.replace(MANIFEST, "  - name: tariff-book\n    layer: shared\n    port: 4212\n    database: tariff_book\n    routes:\n      - /api/tariffs\n", "  - name: tariff-book\n    layer: shared\n    port: 4212\n    database: null\n    routes:\n      - /api/tariffs\n")
        },
        finding: "manifest-drift products/nordhaven/manifest.yaml ⟦null⟧",
    },
    Mistake {
        what: "a manifest that gives a stateless service a database",
        make: |files| {
            files.replace(
                MANIFEST,
                "port: 4200\n    database: null",
                "port: 4200\n    database: gateway",
            )
        },
        finding: "manifest-drift products/nordhaven/manifest.yaml ⟦gateway⟧",
    },
    Mistake {
        what: "a manifest with a module that is misspelt",
        make: |files| {
            files.replace(MANIFEST, "  - name: tariff-book\n    layer: shared\n    port: 4212\n    database: tariff_book\n    routes:\n      - /api/tariffs\n", "  - name: tarif-book\n    layer: shared\n    port: 4212\n    database: tariff_book\n    routes:\n      - /api/tariffs\n")
        },
        finding: "manifest-drift products/nordhaven/manifest.yaml ⟦tarif-book⟧",
    },
    Mistake {
        what: "a copied module that keeps the other name",
        make: |files| {
            files.replace(MANIFEST, "  - name: tariff-book\n    layer: shared\n    port: 4212\n    database: tariff_book\n    routes:\n      - /api/tariffs\n", "  - name: identity\n    layer: shared\n    port: 4212\n    database: tariff_book\n    routes:\n      - /api/tariffs\n")
        },
        finding: "manifest-drift products/nordhaven/manifest.yaml ⟦identity⟧",
    },
    Mistake {
        what: "a manifest without a module",
        make: |files| {
            files.replace(MANIFEST, "  - name: tariff-book\n    layer: shared\n    port: 4212\n    database: tariff_book\n    routes:\n      - /api/tariffs\n", "")
        },
        finding: "manifest-drift products/nordhaven/infra/service-registry.ts ⟦tariff-book⟧",
    },
    Mistake {
        what: "a manifest with a module of its own",
        make: |files| {
            files.replace(MANIFEST, "  - name: tariff-book\n    layer: shared\n    port: 4212\n    database: tariff_book\n    routes:\n      - /api/tariffs\n", "  - name: tariff-book\n    layer: shared\n    port: 4212\n    database: tariff_book\n    routes:\n      - /api/tariffs\n  - name: lighthouse\n    port: 4240\n")
        },
        finding: "manifest-drift products/nordhaven/manifest.yaml ⟦lighthouse⟧",
    },
    Mistake {
        what: "a module without its database",
        make: |files| {
            files.replace(MANIFEST, "  - name: tariff-book\n    layer: shared\n    port: 4212\n    database: tariff_book\n    routes:\n      - /api/tariffs\n", "  - name: tariff-book\n    layer: shared\n    port: 4212\n    routes:\n      - /api/tariffs\n")
        },
        finding: "manifest-drift products/nordhaven/manifest.yaml ⟦tariff-book⟧",
    },
    Mistake {
        what: "a manifest with another route",
        make: |files| {
            files.replace(MANIFEST, "  - name: tariff-book\n    layer: shared\n    port: 4212\n    database: tariff_book\n    routes:\n      - /api/tariffs\n", "  - name: tariff-book\n    layer: shared\n    port: 4212\n    database: tariff_book\n    routes:\n      - /api/dues\n")
        },
        finding: "manifest-drift products/nordhaven/manifest.yaml ⟦/api/dues⟧",
    },
    Mistake {
        what: "a manifest without a route",
        make: |files| files.replace(MANIFEST, "      - /api/fleets\n", ""),
        finding: "manifest-drift products/nordhaven/manifest.yaml ⟦routes⟧",
    },
    Mistake {
        what: "a list of databases with another name",
        make: |files| files.replace(MANIFEST, "    - tariff_book\n", "    - tarif_book\n"),
        finding: "manifest-drift products/nordhaven/manifest.yaml ⟦tarif_book⟧",
    },
    Mistake {
        what: "a list of databases that lacks one",
        make: |files| files.replace(MANIFEST, "    - tariff_book\n", ""),
        finding: "manifest-drift products/nordhaven/infra/service-registry.ts ⟦tariff_book⟧",
    },
    Mistake {
        what: "a list of databases with one too many",
        make: |files| {
            files.replace(
                MANIFEST,
                "    - tariff_book\n",
                "    - tariff_book\n    - lighthouse\n",
            )
        },
        finding: "manifest-drift products/nordhaven/manifest.yaml ⟦lighthouse⟧",
    },
    Mistake {
        what: "a gateway that leads to another service",
        make: |files| {
            files.replace(
                MANIFEST,
                "    - path: /api/tariffs\n      service: tariff-book\n      port: 4212\n",
                "    - path: /api/tariffs\n      service: party-directory\n      port: 4212\n",
            )
        },
        finding: "manifest-drift products/nordhaven/manifest.yaml ⟦party-directory⟧",
    },
    Mistake {
        what: "a gateway with another port",
        make: |files| {
            files.replace(
                MANIFEST,
                "    - path: /api/tariffs\n      service: tariff-book\n      port: 4212\n",
                "    - path: /api/tariffs\n      service: tariff-book\n      port: 4122\n",
            )
        },
        finding: "manifest-drift products/nordhaven/manifest.yaml ⟦4122⟧",
    },
    Mistake {
        what: "a gateway with another path",
        make: |files| {
            files.replace(
                MANIFEST,
                "    - path: /api/tariffs\n      service: tariff-book\n      port: 4212\n",
                "    - path: /api/parties\n      service: tariff-book\n      port: 4212\n",
            )
        },
        finding: "manifest-drift products/nordhaven/manifest.yaml ⟦/api/parties⟧",
    },
    Mistake {
        what: "a gateway without a route",
        make: |files| {
            files.replace(
                MANIFEST,
                "    - path: /api/tariffs\n      service: tariff-book\n      port: 4212\n",
                "",
            )
        },
        finding: "manifest-drift products/nordhaven/infra/service-registry.ts ⟦/api/tariffs⟧",
    },
    Mistake {
        what: "a manifest that cannot be read",
        make: |files| {
            files.replace(MANIFEST, "  - name: tariff-book\n    layer: shared\n    port: 4212\n    database: tariff_book\n    routes:\n      - /api/tariffs\n", "  - name: tariff-book\n    layer: shared\n    port: [4212\n    database: tariff_book\n    routes:\n      - /api/tariffs\n")
        },
        finding: "syntax-error products/nordhaven/manifest.yaml ⟦[⟧",
    },
    Mistake {
        what: "a route renamed in the registry only",
        make: |files| files.replace(REGISTRY, "[\"/api/tariffs\"]", "[\"/api/dues\"]"),
        finding: "manifest-drift products/nordhaven/manifest.yaml ⟦/api/tariffs⟧",
    },
    Mistake {
        what: "a route added to the registry only",
        make: |files| {
            files.replace(
                REGISTRY,
                "[\"/api/tariffs\"]",
                "[\"/api/tariffs\", \"/api/dues\"]",
            )
        },
        finding: "manifest-drift products/nordhaven/manifest.yaml ⟦routes⟧",
    },
    Mistake {
        what: "a route moved to another service in the registry only",
        make: |files| {
            files
                .replace(
                    REGISTRY,
                    "\"/api/vessels\", \"/api/fleets\"",
                    "\"/api/vessels\"",
                )
                .replace(
                    REGISTRY,
                    "[\"/api/parties\"]",
                    "[\"/api/parties\", \"/api/fleets\"]",
                )
        },
        finding: "manifest-drift products/nordhaven/manifest.yaml ⟦/api/fleets⟧",
    },
    Mistake {
        what: "a service that is only in the registry",
        make: |files| {
            files.replace(REGISTRY, "  \"tariff-book\": {", "  \"berth-board\": {\n    hostname: \"berth-board\",\n    port: 4230,\n    database: \"berth_board\",\n    dockerfile: \"modules/shared/berth-board/Dockerfile\",\n    routes: [\"/api/board\"],\n    layer: \"shared\" as const,\n    label: \"Board\",\n  },\n  \"tariff-book\": {")
        },
        finding: "missing-compose-service products/nordhaven/infra/service-registry.ts ⟦berth-board⟧",
    },
    Mistake {
        what: "an entry without a database that others call, removed from the registry",
        make: |files| files.remove_block(REGISTRY, "\n  \"tide-watch\": {", "\n  },"),
        finding: "unknown-dependency products/nordhaven/infra/service-registry.ts ⟦tide-watch⟧",
    },
];

const STACK: &str = "compose.yaml";
const INIT: &str = "docker/init.sql";
const SCHEMA: &str =
    "datasource db {\n  provider = \"postgresql\"\n  url      = env(\"DATABASE_URL\")\n}\n";

/// Mistakes in a workspace that has no registry.
const WITHOUT_REGISTRY: &[Mistake] = &[
    Mistake {
        what: "a second connection string in a service's example",
        make: |files| {
            files.replace(
                "apps/stations/.env.example",
                "RIDES_URL=",
                "RIDES_DATABASE_URL=postgresql://velodock:freewheel@localhost:5433/rides\nRIDES_URL=",
            )
        },
        finding: "second-connection apps/stations/.env.example ⟦rides⟧",
    },
    Mistake {
        what: "an entrypoint that asks another service's database",
        make: |files| {
            files.replace(
                "apps/stations/docker-entrypoint.sh",
                "npx prisma migrate deploy",
                "npx prisma migrate deploy\npsql \"postgresql://velodock:$PASSWORD@postgres/rides\" -c 'SELECT 1'",
            )
        },
        finding: "second-connection apps/stations/docker-entrypoint.sh ⟦rides⟧",
    },
    Mistake {
        what: "a first database that a script creates as well",
        make: |files| files.replace(STACK, "POSTGRES_DB: stations", "POSTGRES_DB: rides"),
        finding: "init-sql-aborts docker/init.sql ⟦rides⟧",
    },
    Mistake {
        what: "another's database in the stack, and one's own in the example",
        make: |files| {
            files.replace_in_block(
                STACK,
                "  stations:\n",
                "@postgres/stations",
                "@postgres/rides",
            )
        },
        finding: "shared-database compose.yaml ⟦rides⟧",
    },
    Mistake {
        what: "a misspelt database in the stack, and the right one in the example",
        make: |files| {
            files.replace_in_block(
                STACK,
                "  stations:\n",
                "@postgres/stations",
                "@postgres/statoins",
            )
        },
        finding: "unprovisioned-database compose.yaml ⟦statoins⟧",
    },
    Mistake {
        what: "a second connection string",
        make: |files| {
            files.replace_in_block(
                STACK,
                "  stations:\n",
                "      RIDES_URL:",
                "      RIDES_DATABASE_URL: postgresql://velodock:${POSTGRES_PASSWORD:-freewheel}@postgres/rides\n      RIDES_URL:",
            )
        },
        finding: "second-connection compose.yaml ⟦rides⟧",
    },
    Mistake {
        what: "a second connection string beside one of an unusual name",
        make: |files| {
            files.replace(
                STACK,
                "@postgres/workshop\n",
                "@postgres/workshop\n      - STATIONS=postgres://velodock:${POSTGRES_PASSWORD:-freewheel}@postgres:5432/stations\n",
            )
        },
        finding: "second-connection compose.yaml ⟦stations⟧",
    },
    Mistake {
        what: "libpq's variable names the database of another service",
        make: |files| {
            files.replace(
                STACK,
                "@postgres/workshop\n",
                "@postgres/workshop\n      - PGDATABASE=rides\n",
            )
        },
        finding: "second-connection compose.yaml ⟦rides⟧",
    },
    Mistake {
        what: "a service's example that names another database",
        make: |files| files.replace("apps/stations/.env.example", "5433/stations", "5433/docks"),
        finding: "connection-drift apps/stations/.env.example ⟦docks⟧",
    },
    Mistake {
        what: "a service's example that names the database of another service",
        make: |files| files.replace("apps/stations/.env.example", "5433/stations", "5433/rides"),
        finding: "connection-drift apps/stations/.env.example ⟦rides⟧",
    },
    Mistake {
        what: "a user that nobody creates",
        make: |files| {
            files.replace(
                STACK,
                "postgresql://velodock:${POSTGRES_PASSWORD:-freewheel}@postgres/workshop",
                "postgresql://velodok:${POSTGRES_PASSWORD:-freewheel}@postgres/workshop",
            )
        },
        finding: "role-mismatch compose.yaml ⟦velodok⟧",
    },
    Mistake {
        what: "a password that breaks the URLs that it is put into",
        make: |files| {
            files.replace(
                ".env.example",
                "POSTGRES_PASSWORD=freewheel",
                "POSTGRES_PASSWORD=free/wheel",
            )
        },
        finding: "unescaped-password .env.example ⟦free/wheel⟧",
    },
    Mistake {
        what: "a copied connection string",
        make: |files| files.replace(STACK, "@postgres/workshop", "@postgres/stations"),
        finding: "shared-database compose.yaml ⟦stations⟧",
    },
    Mistake {
        what: "one container of a service on another's database",
        make: |files| {
            files.replace_in_block(STACK, "  rides:\n", "@postgres/rides", "@postgres/stations")
        },
        finding: "shared-database compose.yaml ⟦stations⟧",
    },
    Mistake {
        what: "both containers of a service on another's database",
        make: |files| {
            files
                .replace_in_block(STACK, "  rides:\n", "@postgres/rides", "@postgres/stations")
                .replace_in_block(
                    STACK,
                    "  rides-worker:\n",
                    "@postgres/rides",
                    "@postgres/stations",
                )
        },
        finding: "shared-database compose.yaml ⟦stations⟧",
    },
    Mistake {
        what: "a schema of its own in another's database",
        make: |files| {
            files.replace(
                STACK,
                "@postgres/workshop",
                "@postgres:5432/stations?schema=workshop",
            )
        },
        finding: "shared-database compose.yaml ⟦stations⟧",
    },
    Mistake {
        what: "a database in kebab-case, everywhere",
        make: |files| {
            files
                .replace(STACK, "@postgres/workshop", "@postgres/work-shop")
                .replace(
                    INIT,
                    "CREATE DATABASE workshop",
                    "CREATE DATABASE \"work-shop\"",
                )
        },
        finding: "database-name-case compose.yaml ⟦work-shop⟧",
    },
    Mistake {
        what: "a database in kebab-case, in the connection string only",
        make: |files| files.replace(STACK, "@postgres/workshop", "@postgres/work-shop"),
        finding: "database-name-case compose.yaml ⟦work-shop⟧",
    },
    Mistake {
        what: "a database that the image creates under another name",
        make: |files| files.replace(STACK, "POSTGRES_DB: stations", "POSTGRES_DB: velodock"),
        finding: "unprovisioned-database compose.yaml ⟦stations⟧",
    },
    Mistake {
        what: "a slip in a connection string",
        make: |files| files.replace(STACK, "@postgres/workshop", "@postgres/workshp"),
        finding: "unprovisioned-database compose.yaml ⟦workshp⟧",
    },
    Mistake {
        what: "a database that the init script does not create",
        make: |files| files.replace(INIT, "CREATE DATABASE workshop;\n", ""),
        finding: "unprovisioned-database compose.yaml ⟦workshop⟧",
    },
    Mistake {
        what: "a database renamed in the init script",
        make: |files| {
            files.replace(
                INIT,
                "CREATE DATABASE workshop;",
                "CREATE DATABASE repairs;",
            )
        },
        finding: "unprovisioned-database compose.yaml ⟦workshop⟧",
    },
    Mistake {
        what: "another's database instead of one's own, which has another name than its service",
        make: |files| {
            files
                .replace(
                    INIT,
                    "CREATE DATABASE workshop;",
                    "CREATE DATABASE repairs;",
                )
                .replace(STACK, "@postgres/workshop", "@postgres/stations")
        },
        finding: "shared-database compose.yaml ⟦stations⟧",
    },
    Mistake {
        what: "a database of a service that is gone",
        make: |files| {
            files.replace(
                INIT,
                "CREATE DATABASE workshop;\n",
                "CREATE DATABASE workshop;\nCREATE DATABASE lost_and_found;\n",
            )
        },
        finding: "orphan-database docker/init.sql ⟦lost_and_found⟧",
    },
    Mistake {
        what: "a new service on another's database",
        make: |files| {
            files
                .add("apps/helmets/package.json", "{}\n")
                .add("apps/helmets/Dockerfile", "FROM node:24\n")
                .add("apps/helmets/prisma/schema.prisma", SCHEMA)
                .replace(
                    STACK,
                    "  pgadmin:\n",
                    "  helmets:\n    build: { context: ., dockerfile: apps/helmets/Dockerfile }\n    environment:\n      DATABASE_URL: postgresql://velodock:x@postgres:5432/rides\n    depends_on: *postgres-first\n\n  pgadmin:\n",
                )
        },
        finding: "shared-database compose.yaml ⟦rides⟧",
    },
];

const TARIFF_BOOK: &str = "modules/shared/tariff-book";
const PILOTAGE: &str = "modules/domain/quayside/pilotage/package.json";
const CUSTOMS_CONFIG: &str = "modules/domain/customs-clearance/prisma.config.ts";
const YARD_CONFIG: &str = "modules/domain/container-yard/prisma.config.ts";

const ABOUT_SCHEMAS: &[Mistake] = &[
    Mistake {
        what: "a module without its Prisma folder",
        make: |files| files.remove_below(&format!("{TARIFF_BOOK}/prisma")),
        finding: "missing-prisma-schema products/nordhaven/infra/service-registry.ts ⟦tariff_book⟧",
    },
    Mistake {
        what: "a schema that was deleted, beside migrations that were not",
        make: |files| files.remove(&format!("{TARIFF_BOOK}/prisma/schema.prisma")),
        finding: "missing-prisma-schema products/nordhaven/infra/service-registry.ts ⟦tariff_book⟧",
    },
    Mistake {
        what: "a schema of several files that was deleted, though a config names it",
        make: |files| files.remove_below("modules/domain/container-yard/prisma/schema"),
        finding: "missing-prisma-schema modules/domain/container-yard/prisma.config.ts ⟦path.join(\"prisma\", \"schema\")⟧",
    },
    Mistake {
        what: "a slip of the pen in the path of a config",
        make: |files| {
            files.replace(
                CUSTOMS_CONFIG,
                "prisma/schema.prisma",
                "prisma/shema.prisma",
            )
        },
        finding: "missing-prisma-schema modules/domain/customs-clearance/prisma.config.ts ⟦prisma/shema.prisma⟧",
    },
    Mistake {
        what: "the same in a `package.json`",
        make: |files| {
            files.replace(
                &format!("{TARIFF_BOOK}/package.json"),
                "\"seed\": \"tsx prisma/seed.ts\"",
                "\"schema\": \"prisma/schema\",\n    \"seed\": \"tsx prisma/seed.ts\"",
            )
        },
        finding: "missing-prisma-schema modules/shared/tariff-book/package.json ⟦prisma/schema⟧",
    },
    Mistake {
        what: "a config that names a neighbour's schema",
        make: |files| {
            files.replace(
                CUSTOMS_CONFIG,
                "prisma/schema.prisma",
                "../invoicing/prisma/schema.prisma",
            )
        },
        finding: "shared-prisma-schema modules/domain/customs-clearance/prisma.config.ts ⟦../invoicing/prisma/schema.prisma⟧",
    },
    Mistake {
        what: "a config that names a neighbour's folder of schemas",
        make: |files| {
            files.replace(
                CUSTOMS_CONFIG,
                "prisma/schema.prisma",
                "../container-yard/prisma/schema",
            )
        },
        finding: "shared-prisma-schema modules/domain/customs-clearance/prisma.config.ts ⟦../container-yard/prisma/schema⟧",
    },
    Mistake {
        what: "a `package.json` that names a neighbour's schema",
        make: |files| {
            files.replace(
                PILOTAGE,
                "\"private\": true,",
                "\"private\": true,\n  \"prisma\": { \"schema\": \"../berth-planning/prisma/schema.prisma\" },",
            )
        },
        finding: "shared-prisma-schema modules/domain/quayside/pilotage/package.json ⟦../berth-planning/prisma/schema.prisma⟧",
    },
    Mistake {
        what: "a script that generates a client from a neighbour's schema",
        make: |files| {
            files.replace(
                PILOTAGE,
                "\"build\": \"nest build\"",
                "\"build\": \"npx prisma generate --schema ../berth-planning/prisma/schema.prisma && nest build\"",
            )
        },
        finding: "shared-prisma-schema modules/domain/quayside/pilotage/package.json ⟦../berth-planning/prisma/schema.prisma⟧",
    },
    Mistake {
        what: "an entrypoint that generates a client from a neighbour's schema",
        make: |files| {
            files.replace(
                "modules/domain/quayside/pilotage/docker-entrypoint.sh",
                "npx prisma migrate deploy",
                "npx prisma generate --schema=\"../berth-planning/prisma/schema.prisma\"\nnpx prisma migrate deploy",
            )
        },
        finding: "shared-prisma-schema modules/domain/quayside/pilotage/docker-entrypoint.sh ⟦../berth-planning/prisma/schema.prisma⟧",
    },
    Mistake {
        what: "a config that names the folder around a neighbour's schema",
        make: |files| {
            files.replace(
                CUSTOMS_CONFIG,
                "prisma/schema.prisma",
                "../invoicing/prisma",
            )
        },
        finding: "shared-prisma-schema modules/domain/customs-clearance/prisma.config.ts ⟦../invoicing/prisma⟧",
    },
    Mistake {
        what: "a config that takes the migrations of a neighbour",
        make: |files| {
            files.replace(
                YARD_CONFIG,
                "path.join(\"prisma\", \"migrations\")",
                "\"../invoicing/prisma/migrations\"",
            )
        },
        finding: "shared-prisma-schema modules/domain/container-yard/prisma.config.ts ⟦../invoicing/prisma/migrations⟧",
    },
];

const TARIFFS: &str =
    "modules/shared/tariff-book/prisma/migrations/20241107120000_init/migration.sql";
const TARIFF_SCHEMA: &str = "modules/shared/tariff-book/prisma/schema.prisma";
const TARIFF_SERVICE: &str = "modules/shared/tariff-book/src/tariff.service.ts";
const TARIFF_LOCK: &str = "modules/shared/tariff-book/prisma/migrations/migration_lock.toml";
const OPEN_BALANCE: &str =
    "modules/domain/invoicing/prisma/migrations/20250120070000_open_balance/migration.sql";
const BERTHING: &str = "modules/domain/quayside/berth-planning/prisma/migrations/20250203141200_no_double_berthing/migration.sql";

/// Mistakes about tables, and about migrations that were merged before.
const OF_TABLES: &[Mistake] = &[
    Mistake {
        what: "a comment in a merged migration",
        make: |files| {
            files.merged().replace(
                TARIFFS,
                "-- CreateTable\nCREATE TABLE \"tariff\" (",
                "-- Tariffs\nCREATE TABLE \"tariff\" (",
            )
        },
        finding: "migration-edited modules/shared/tariff-book/prisma/migrations/20241107120000_init/migration.sql ⟦-- Tariffs⟧",
    },
    Mistake {
        what: "a column that is changed in the schema and in the merged migration",
        make: |files| {
            files
                .merged()
                .replace(TARIFFS, "\"title\" TEXT NOT NULL,", "\"title\" TEXT,")
                .replace(TARIFF_SCHEMA, "title      String\n", "title      String?\n")
        },
        finding: "migration-edited modules/shared/tariff-book/prisma/migrations/20241107120000_init/migration.sql ⟦\"title\" TEXT,⟧",
    },
    Mistake {
        what: "a column that is changed in the merged migration only",
        make: |files| {
            files
                .merged()
                .replace(TARIFFS, "\"title\" TEXT NOT NULL,", "\"title\" TEXT,")
        },
        finding: "migration-edited modules/shared/tariff-book/prisma/migrations/20241107120000_init/migration.sql ⟦\"title\" TEXT,⟧",
    },
    Mistake {
        what: "a statement at the end of a merged migration",
        make: |files| {
            let text = format!(
                "{}CREATE INDEX ON \"tariff\"(\"title\");\n",
                files.text(TARIFFS)
            );
            files.merged().remove(TARIFFS).add(TARIFFS, &text)
        },
        finding: "migration-edited modules/shared/tariff-book/prisma/migrations/20241107120000_init/migration.sql ⟦CREATE INDEX ON \"tariff\"(\"title\");⟧",
    },
    Mistake {
        what: "a merged migration under another name",
        make: |files| {
            let text = files.text(TARIFFS).to_owned();
            let renamed = TARIFFS.replace("_init", "_tariffs");
            files.merged().remove(TARIFFS).add(&renamed, &text)
        },
        finding: "migration-edited modules/shared/tariff-book/prisma/migrations/20241107120000_tariffs/migration.sql ⟦CREATE TABLE \"tariff\" (⟧",
    },
    Mistake {
        what: "a merged migration that is gone",
        make: |files| files.merged().remove(BERTHING),
        finding: "migration-edited modules/domain/quayside/berth-planning/prisma/schema.prisma ⟦db⟧",
    },
    Mistake {
        what: "a merged migration that is gone, with the view that code reads",
        make: |files| files.merged().remove(OPEN_BALANCE),
        finding: "migration-edited modules/domain/invoicing/prisma/schema.prisma ⟦db⟧",
    },
    Mistake {
        what: "a view under another name in the merged migration that makes it",
        make: |files| {
            files.merged().replace(
                OPEN_BALANCE,
                "CREATE VIEW \"open_balance\" AS",
                "CREATE VIEW \"balance\" AS",
            )
        },
        finding: "migration-edited modules/domain/invoicing/prisma/migrations/20250120070000_open_balance/migration.sql ⟦CREATE VIEW \"balance\" AS⟧",
    },
    Mistake {
        what: "all merged migrations of a module gone",
        make: |files| files.merged().remove(TARIFFS).remove(TARIFF_LOCK),
        finding: "migration-edited modules/shared/tariff-book/prisma/schema.prisma ⟦db⟧",
    },
    Mistake {
        what: "migrations without their lock",
        make: |files| files.remove(TARIFF_LOCK),
        finding: "migration-lock modules/shared/tariff-book/prisma/schema.prisma ⟦postgresql⟧",
    },
    Mistake {
        what: "a lock of another database",
        make: |files| files.replace(TARIFF_LOCK, "postgresql", "mysql"),
        finding: "migration-lock modules/shared/tariff-book/prisma/migrations/migration_lock.toml ⟦mysql⟧",
    },
    Mistake {
        what: "a lock with the marks of a merge",
        make: |files| files.replace(TARIFF_LOCK, "provider", "<<<<<<< HEAD\nprovider"),
        finding: "syntax-error modules/shared/tariff-book/prisma/migrations/migration_lock.toml ⟦<⟧",
    },
    Mistake {
        what: "a lock without a provider",
        make: |files| files.replace(TARIFF_LOCK, "provider = \"postgresql\"\n", ""),
        finding: "migration-lock modules/shared/tariff-book/prisma/migrations/migration_lock.toml ⟦# Please do not edit this file manually⟧",
    },
    Mistake {
        what: "a schema without migrations",
        make: |files| files.remove(TARIFFS).remove(TARIFF_LOCK),
        finding: "missing-migrations modules/shared/tariff-book/prisma/schema.prisma ⟦db⟧",
    },
    Mistake {
        what: "a schema whose migrations are a lock",
        make: |files| files.remove(TARIFFS),
        finding: "missing-migrations modules/shared/tariff-book/prisma/schema.prisma ⟦db⟧",
    },
    Mistake {
        what: "a column in the case of its field",
        make: |files| {
            files
                .replace(TARIFF_SCHEMA, " @map(\"valid_from\")", "")
                .replace(TARIFFS, "\"valid_from\"", "\"validFrom\"")
        },
        finding: "table-name-case modules/shared/tariff-book/prisma/schema.prisma ⟦validFrom⟧",
    },
    Mistake {
        what: "a table in the case of its model",
        make: |files| {
            let sql = files
                .text(TARIFFS)
                .replace("\"tariff_line\"", "\"TariffLine\"");
            files
                .replace(TARIFF_SCHEMA, "\n\n  @@map(\"tariff_line\")", "")
                .replace(TARIFF_SERVICE, "FROM tariff_line", "FROM \"TariffLine\"")
                .remove(TARIFFS)
                .add(TARIFFS, &sql)
        },
        finding: "table-name-case modules/shared/tariff-book/prisma/schema.prisma ⟦TariffLine⟧",
    },
    Mistake {
        what: "a table mapped to another case",
        make: |files| {
            let sql = files
                .text(TARIFFS)
                .replace("\"tariff_line\"", "\"Tariff_Line\"");
            files
                .replace(TARIFF_SCHEMA, "\"tariff_line\"", "\"Tariff_Line\"")
                .replace(TARIFF_SERVICE, "FROM tariff_line", "FROM \"Tariff_Line\"")
                .remove(TARIFFS)
                .add(TARIFFS, &sql)
        },
        finding: "table-name-case modules/shared/tariff-book/prisma/schema.prisma ⟦Tariff_Line⟧",
    },
    Mistake {
        what: "a client in the folder that all share",
        make: |files| files.replace(TARIFF_SCHEMA, "  output   = \"../generated/prisma\"\n", ""),
        finding: "prisma-client-output modules/shared/tariff-book/prisma/schema.prisma ⟦client⟧",
    },
    Mistake {
        what: "a client in the folder that all share, written out",
        make: |files| {
            files.replace(
                TARIFF_SCHEMA,
                "../generated/prisma",
                "../../../../node_modules/@prisma/client",
            )
        },
        finding: "prisma-client-output modules/shared/tariff-book/prisma/schema.prisma ⟦../../../../node_modules/@prisma/client⟧",
    },
    Mistake {
        what: "a model copied from a neighbour, with its migration",
        make: copied_model,
        finding: "table-owned-twice modules/shared/tariff-book/prisma/schema.prisma ⟦document⟧",
    },
    Mistake {
        what: "a model copied from a neighbour, without a migration",
        make: |files| {
            copied_model(files).remove(
                "modules/shared/tariff-book/prisma/migrations/20250110090000_documents/migration.sql",
            )
        },
        finding: "table-owned-twice modules/shared/tariff-book/prisma/schema.prisma ⟦document⟧",
    },
    Mistake {
        what: "a neighbour's table created by a migration",
        make: |files| {
            files.add(
                "modules/shared/tariff-book/prisma/migrations/20250110090000_documents/migration.sql",
                DOCUMENT_SQL,
            )
        },
        finding: "table-owned-twice modules/shared/tariff-book/prisma/migrations/20250110090000_documents/migration.sql ⟦document⟧",
    },
];

/// Mistakes that leave the migrations of a module and its Prisma schema apart.
const OF_DRIFT: &[Mistake] = &[
    Mistake {
        what: "a field without a migration",
        make: |files| {
            files.replace(
                TARIFF_SCHEMA,
                "  title      String\n",
                "  title      String\n  remark     String?\n",
            )
        },
        finding: "schema-drift modules/shared/tariff-book/prisma/schema.prisma ⟦remark⟧",
    },
    Mistake {
        what: "a field without a migration, under another name in the database",
        make: |files| {
            files.replace(
                TARIFF_SCHEMA,
                "  title      String\n",
                "  title      String\n  shortTitle String @map(\"short_title\")\n",
            )
        },
        finding: "schema-drift modules/shared/tariff-book/prisma/schema.prisma ⟦short_title⟧",
    },
    Mistake {
        what: "a field that is gone from the schema",
        make: |files| files.replace(TARIFF_SCHEMA, "  title      String\n", ""),
        finding: "schema-drift modules/shared/tariff-book/prisma/schema.prisma ⟦tariff⟧",
    },
    Mistake {
        what: "a column renamed in a migration",
        make: |files| files.replace(TARIFFS, "\"valid_until\"", "\"ends_on\""),
        finding: "schema-drift modules/shared/tariff-book/prisma/schema.prisma ⟦valid_until⟧",
    },
    Mistake {
        what: "a table renamed by a new migration",
        make: |files| {
            files.add(
                "modules/shared/tariff-book/prisma/migrations/20250110090000_rename/migration.sql",
                "ALTER TABLE \"tariff_line\" RENAME TO \"tariff_item\";\n",
            )
        },
        finding: "schema-drift modules/shared/tariff-book/prisma/schema.prisma ⟦tariff_line⟧",
    },
    Mistake {
        what: "a column of another type",
        make: |files| files.replace(TARIFFS, "\"unit\" TEXT", "\"unit\" INTEGER"),
        finding: "schema-drift modules/shared/tariff-book/prisma/schema.prisma ⟦unit⟧",
    },
    Mistake {
        what: "a column that takes null",
        make: |files| files.replace(TARIFFS, "\"unit\" TEXT NOT NULL", "\"unit\" TEXT"),
        finding: "schema-drift modules/shared/tariff-book/prisma/schema.prisma ⟦unit⟧",
    },
    Mistake {
        what: "a model without a migration",
        make: |files| {
            let schema = files.text(TARIFF_SCHEMA).to_owned();
            let model = "\nmodel Surcharge {\n  id Int @id\n\n  @@map(\"surcharge\")\n}\n";
            files
                .remove(TARIFF_SCHEMA)
                .add(TARIFF_SCHEMA, &(schema + model))
        },
        finding: "schema-drift modules/shared/tariff-book/prisma/schema.prisma ⟦surcharge⟧",
    },
    Mistake {
        what: "a table without a model",
        make: |files| {
            files.add(
                "modules/shared/tariff-book/prisma/migrations/20250110090000_surcharge/migration.sql",
                "CREATE TABLE \"surcharge\" (\"id\" INTEGER PRIMARY KEY);\n",
            )
        },
        finding: "schema-drift modules/shared/tariff-book/prisma/migrations/20250110090000_surcharge/migration.sql ⟦surcharge⟧",
    },
    Mistake {
        what: "a table without a model, of a name that tables of others have too",
        make: |files| {
            files.replace(
                "modules/domain/quayside/port-calls/prisma/schema.prisma",
                "model OutboxEvent {\n  id        BigInt   @id @default(autoincrement())\n  topic     String\n  payload   Json\n  createdAt DateTime @default(now()) @map(\"created_at\") @db.Timestamptz(3)\n\n  @@map(\"outbox_event\")\n}\n",
                "",
            )
        },
        finding: "schema-drift modules/domain/quayside/port-calls/prisma/migrations/20241112090000_init/migration.sql ⟦outbox_event⟧",
    },
    Mistake {
        what: "two tables of a neighbour that only a migration creates",
        make: |files| {
            let tables = files
                .text("modules/shared/tariff-book/prisma/migrations/20241107120000_init/migration.sql")
                .to_owned();
            files.add(
                "modules/domain/invoicing/prisma/migrations/20250601090000_tariffs/migration.sql",
                &tables,
            )
        },
        finding: "table-owned-twice modules/domain/invoicing/prisma/migrations/20250601090000_tariffs/migration.sql ⟦tariff⟧",
    },
    Mistake {
        what: "a table that a new migration drops",
        make: |files| {
            files.add(
                "modules/shared/tariff-book/prisma/migrations/20250110090000_lines/migration.sql",
                "DROP TABLE \"tariff_line\";\n",
            )
        },
        finding: "schema-drift modules/shared/tariff-book/prisma/schema.prisma ⟦tariff_line⟧",
    },
    Mistake {
        what: "a column that a new migration drops",
        make: |files| {
            files.add(
                "modules/shared/tariff-book/prisma/migrations/20250110090000_lines/migration.sql",
                "ALTER TABLE \"tariff_line\" DROP COLUMN \"amount\";\n",
            )
        },
        finding: "schema-drift modules/shared/tariff-book/prisma/schema.prisma ⟦amount⟧",
    },
    Mistake {
        what: "an enum whose value no migration adds",
        make: |files| {
            let schema = files.text(TARIFF_SCHEMA).to_owned();
            let sql = files.text(TARIFFS).to_owned() + "CREATE TYPE \"basis\" AS ENUM ('GROSS');\n";
            files
                .remove(TARIFF_SCHEMA)
                .add(
                    TARIFF_SCHEMA,
                    &(schema + "\nenum Basis {\n  GROSS\n  NET\n\n  @@map(\"basis\")\n}\n"),
                )
                .remove(TARIFFS)
                .add(TARIFFS, &sql)
        },
        finding: "schema-drift modules/shared/tariff-book/prisma/schema.prisma ⟦NET⟧",
    },
    Mistake {
        what: "an enum whose value the migrations rename",
        make: |files| {
            let schema = files.text(TARIFF_SCHEMA).to_owned();
            let sql = files.text(TARIFFS).to_owned()
                + "CREATE TYPE \"Basis\" AS ENUM ('GROSS', 'NET');\n\
                   ALTER TYPE \"Basis\" RENAME VALUE 'NET' TO 'PLAIN';\n";
            files
                .remove(TARIFF_SCHEMA)
                .add(
                    TARIFF_SCHEMA,
                    &(schema + "\nenum Basis {\n  GROSS\n  NET\n}\n"),
                )
                .remove(TARIFFS)
                .add(TARIFFS, &sql)
        },
        finding: "schema-drift modules/shared/tariff-book/prisma/schema.prisma ⟦NET⟧",
    },
    Mistake {
        what: "a migration that is gone",
        make: |files| {
            files
                .add(
                    "modules/shared/tariff-book/prisma/migrations/20250110090000_surcharge/migration.sql",
                    "CREATE TABLE \"surcharge\" (\"id\" INTEGER PRIMARY KEY);\n",
                )
                .remove(TARIFFS)
        },
        finding: "schema-drift modules/shared/tariff-book/prisma/schema.prisma ⟦tariff⟧",
    },
    Mistake {
        what: "a migration with a syntax error",
        make: |files| {
            files.replace(
                TARIFFS,
                "\"title\" TEXT NOT NULL,",
                "\"title\" TEXT NOT NULL",
            )
        },
        finding: "syntax-error modules/shared/tariff-book/prisma/migrations/20241107120000_init/migration.sql ⟦NULL⟧",
    },
];

const DOCUMENT_SQL: &str = "CREATE TABLE \"document\" (\n    \"id\" UUID NOT NULL,\n    \"kind\" TEXT NOT NULL,\n    \"subject\" TEXT NOT NULL,\n    \"media_type\" TEXT NOT NULL,\n    \"size_bytes\" BIGINT NOT NULL,\n\n    CONSTRAINT \"document_pkey\" PRIMARY KEY (\"id\")\n);\n";

fn copied_model(files: Files) -> Files {
    let schema = files.text(TARIFF_SCHEMA).to_owned();
    let model = "\nmodel Document {\n  id        String @id @db.Uuid\n  kind      String\n  subject   String\n  mediaType String @map(\"media_type\")\n  sizeBytes BigInt @map(\"size_bytes\")\n\n  @@map(\"document\")\n}\n";
    files
        .remove(TARIFF_SCHEMA)
        .add(TARIFF_SCHEMA, &(schema + model))
        .add(
            "modules/shared/tariff-book/prisma/migrations/20250110090000_documents/migration.sql",
            DOCUMENT_SQL,
        )
}

/// Mistakes about tables where there is no registry.
const OF_TABLES_WITHOUT_REGISTRY: &[Mistake] = &[
    Mistake {
        what: "a schema of another database",
        make: |files| {
            files.replace(
                "apps/rides/prisma/schema.prisma",
                "\"postgresql\"",
                "\"mysql\"",
            )
        },
        finding: "migration-lock apps/rides/prisma/migrations/migration_lock.toml ⟦postgresql⟧",
    },
    Mistake {
        what: "a client in the folder that all share",
        make: |files| {
            files.replace(
                "apps/rides/prisma/schema.prisma",
                "  output   = \"../src/db\"\n",
                "",
            )
        },
        finding: "prisma-client-output apps/rides/prisma/schema.prisma ⟦client⟧",
    },
];

const PARTY_CLIENT: &str = "modules/shared/party-directory/src/prisma.service.ts";
const CLEARANCE_CLIENT: &str = "modules/domain/customs-clearance/src/prisma.service.ts";
const CLEARANCE_CONFIG: &str = "modules/domain/customs-clearance/prisma.config.ts";

/// Which databases the code of modules opens; `tests/clients.rs` has more of it.
const OF_CLIENTS: &[Mistake] = &[
    Mistake {
        what: "an adapter on the variable of another service",
        make: |files| files.replace(CLEARANCE_CLIENT, "DATABASE_URL", "INVOICING_DATABASE_URL"),
        finding: "client-url-override modules/domain/customs-clearance/src/prisma.service.ts ⟦INVOICING_DATABASE_URL⟧",
    },
    Mistake {
        what: "an adapter on a string that is copied from a neighbour",
        make: |files| {
            files.replace(
                CLEARANCE_CLIENT,
                "process.env.DATABASE_URL",
                "\"postgresql://nordhaven:tide@postgres:5432/invoicing\"",
            )
        },
        finding: "client-url-override modules/domain/customs-clearance/src/prisma.service.ts ⟦invoicing⟧",
    },
    Mistake {
        what: "an adapter on a string of its own",
        make: |files| {
            files.replace(
                CLEARANCE_CLIENT,
                "process.env.DATABASE_URL",
                "\"postgresql://nordhaven:tide@localhost:5433/customs_clearance\"",
            )
        },
        finding: "client-url-override modules/domain/customs-clearance/src/prisma.service.ts ⟦postgresql://nordhaven:tide@localhost:5433/customs_clearance⟧",
    },
    Mistake {
        what: "a second variable before the own one",
        make: |files| {
            files.replace(
                CLEARANCE_CLIENT,
                "process.env.DATABASE_URL",
                "process.env.REPORTS_DATABASE_URL ?? process.env.DATABASE_URL",
            )
        },
        finding: "client-url-override modules/domain/customs-clearance/src/prisma.service.ts ⟦REPORTS_DATABASE_URL⟧",
    },
    Mistake {
        what: "a client that is given another service's variable in its constructor",
        make: |files| {
            files.replace(
                PARTY_CLIENT,
                "  async onModuleInit()",
                "  constructor() {\n    super({ datasources: { db: { url: process.env.IDENTITY_DATABASE_URL } } });\n  }\n\n  async onModuleInit()",
            )
        },
        finding: "client-url-override modules/shared/party-directory/src/prisma.service.ts ⟦IDENTITY_DATABASE_URL⟧",
    },
    Mistake {
        what: "a second connection in the compose file, and a client that opens it",
        make: |files| {
            files
                .replace(
                    COMPOSE,
                    "/tariff_book\n",
                    "/tariff_book\n      REPORTS_URL: postgresql://nordhaven:${POSTGRES_PASSWORD:-ebb-and-flow}@postgres:5432/invoicing\n",
                )
                .add(
                    "modules/shared/tariff-book/src/reports.ts",
                    "import { Pool } from \"pg\";\n\nexport const pool = new Pool({ connectionString: process.env.REPORTS_URL });\n",
                )
        },
        finding: "second-connection products/nordhaven/docker-compose.yml ⟦invoicing⟧",
    },
    Mistake {
        what: "a string behind the variable of a Prisma config",
        make: |files| {
            files
                .replace(CLEARANCE_CONFIG, "env(\"DATABASE_URL\")", "process.env.DATABASE_URL ?? \"postgresql://nordhaven:tide@localhost:5433/customs_clearance\"")
                .replace(CLEARANCE_CONFIG, "defineConfig, env", "defineConfig")
        },
        finding: "literal-url-fallback modules/domain/customs-clearance/prisma.config.ts ⟦postgresql://nordhaven:tide@localhost:5433/customs_clearance⟧",
    },
    Mistake {
        what: "a neighbour's string behind the variable of a Prisma config",
        make: |files| {
            files
                .replace(CLEARANCE_CONFIG, "env(\"DATABASE_URL\")", "process.env.DATABASE_URL || \"postgresql://nordhaven:tide@localhost:5433/invoicing\"")
                .replace(CLEARANCE_CONFIG, "defineConfig, env", "defineConfig")
        },
        finding: "literal-url-fallback modules/domain/customs-clearance/prisma.config.ts ⟦postgresql://nordhaven:tide@localhost:5433/invoicing⟧",
    },
    Mistake {
        what: "a string behind the variable of a client",
        make: |files| {
            files.replace(
                CLEARANCE_CLIENT,
                "process.env.DATABASE_URL",
                "process.env.DATABASE_URL ?? \"postgresql://nordhaven:tide@localhost:5433/invoicing\"",
            )
        },
        finding: "literal-url-fallback modules/domain/customs-clearance/src/prisma.service.ts ⟦postgresql://nordhaven:tide@localhost:5433/invoicing⟧",
    },
];

/// What SQL touches; `tests/tables.rs` has more of it.
const OF_SQL: &[Mistake] = &[
    Mistake {
        what: "a report that joins a neighbour's table",
        make: |files| {
            files.add(
                "modules/domain/invoicing/sql/report.sql",
                "SELECT i.number, t.title\nFROM invoice i\nJOIN tariff t ON t.code = i.number;\n",
            )
        },
        finding: "foreign-table modules/domain/invoicing/sql/report.sql ⟦tariff⟧",
    },
    Mistake {
        what: "a neighbour's table read by a pool that another file of the module opens",
        make: |files| {
            files
                .add(
                    "modules/domain/invoicing/src/db.ts",
                    "import { Pool } from \"pg\";\n\nexport const pool = new Pool({ connectionString: process.env.DATABASE_URL });\n",
                )
                .add(
                    "modules/domain/invoicing/src/report.ts",
                    "import { pool } from \"./db\";\n\nexport async function prices(ids: string[]) {\n  const client = await pool.connect();\n  await client.query(\"SELECT number FROM invoice\");\n  return client.query(\"SELECT code FROM tariff WHERE code = ANY($1)\", [ids]);\n}\n",
                )
        },
        finding: "foreign-table modules/domain/invoicing/src/report.ts ⟦tariff⟧",
    },
    Mistake {
        what: "a neighbour's table in a text that another file of the module runs",
        make: |files| {
            files
                .add(
                    "modules/domain/invoicing/src/queries.ts",
                    "export const NUMBERS = \"SELECT number FROM invoice\";\nexport const PRICES = `\n  SELECT code FROM tariff WHERE code = ANY($1)\n`;\n",
                )
                .add(
                    "modules/domain/invoicing/src/report.ts",
                    "import { Pool } from \"pg\";\nimport { NUMBERS, PRICES } from \"./queries\";\n\nconst pool = new Pool({ connectionString: process.env.DATABASE_URL });\n\nexport const numbers = () => pool.query(NUMBERS);\nexport const prices = (ids: string[]) => pool.query(PRICES, [ids]);\n",
                )
        },
        finding: "foreign-table modules/domain/invoicing/src/queries.ts ⟦tariff⟧",
    },
    Mistake {
        what: "a neighbour's table in a text of the module that another folder of it runs by all its names",
        make: |files| {
            files
                .add(
                    "modules/domain/invoicing/src/sql/index.js",
                    "exports.prices = { all: \"select code from tariff\" };\n",
                )
                .add(
                    "modules/domain/invoicing/src/db.ts",
                    "import { Pool } from \"pg\";\n\nexport const pool = new Pool({ connectionString: process.env.DATABASE_URL });\n",
                )
                .add(
                    "modules/domain/invoicing/src/jobs/report.ts",
                    "import { pool } from \"../db\";\nimport * as sql from \"../sql\";\n\nexport const prices = () => pool.query(sql.prices.all);\n",
                )
        },
        finding: "foreign-table modules/domain/invoicing/src/sql/index.js ⟦tariff⟧",
    },
    Mistake {
        what: "a migration that takes the dblink extension",
        make: |files| {
            files.add(
                "modules/domain/invoicing/prisma/migrations/20250601090000_tariffs/migration.sql",
                "CREATE EXTENSION dblink;\n",
            )
        },
        finding: "cross-database-query modules/domain/invoicing/prisma/migrations/20250601090000_tariffs/migration.sql ⟦dblink⟧",
    },
    Mistake {
        what: "a slip in the name of a table",
        make: |files| {
            files.replace(
                "modules/domain/invoicing/prisma/migrations/20250120070000_open_balance/migration.sql",
                "LEFT JOIN \"payment\" p",
                "LEFT JOIN \"payments\" p",
            )
        },
        finding: "unknown-table modules/domain/invoicing/prisma/migrations/20250120070000_open_balance/migration.sql ⟦payments⟧",
    },
    Mistake {
        what: "an exception for a service that is gone",
        make: |files| {
            let config = files.text("dbfence.yaml").to_owned();
            files.remove("dbfence.yaml").add(
                "dbfence.yaml",
                &(config + "exceptions:\n  - { service: lighthouse, may-read: [tariff_book.tariff], reason: x, until: 2031-12-31 }\n"),
            )
        },
        finding: "unused-suppression dbfence.yaml ⟦lighthouse⟧",
    },
    Mistake {
        what: "an entry of the baseline whose finding is mended",
        make: |files| files.add(DEBT, &entry("duplicate-port", "reason: swapped in summer")),
        finding: "unused-suppression .dbfence/baseline.yaml ⟦56467c90fcab4d8147b26e352f2334de⟧",
    },
    Mistake {
        what: "an entry of the baseline for a rule that is not there",
        make: |files| files.add(DEBT, &entry("duplicate-prot", "reason: swapped in summer")),
        finding: "unused-suppression .dbfence/baseline.yaml ⟦duplicate-prot⟧",
    },
    Mistake {
        what: "an entry of the baseline without a reason",
        make: |files| {
            files
                .replace(REGISTRY, "port: 4212", "port: 4211")
                .add(DEBT, &entry("duplicate-port", "owner: team-quay"))
        },
        finding: "suppression-without-reason .dbfence/baseline.yaml ⟦56467c90fcab4d8147b26e352f2334de⟧",
    },
];

const NO_DOUBLE_BERTHING: &str = "modules/domain/quayside/berth-planning/prisma/migrations/20250203141200_no_double_berthing/migration.sql";
const VESSELS: &str =
    "DATABASE_URL=postgresql://nordhaven:${POSTGRES_PASSWORD}@postgres:5432/vessel_register\n";
const ENTRYPOINT: &str = "modules/shared/tariff-book/docker-entrypoint.sh";
const PACKAGE: &str = "modules/shared/tariff-book/package.json";
const DOCKERFILE: &str = "modules/shared/tariff-book/Dockerfile";
const RIDES_ENTRYPOINT: &str = "apps/rides/docker-entrypoint.sh";

/// The file with a statement behind it.
fn append(files: Files, path: &str, statement: &str) -> Files {
    let text = format!("{}\n{statement}\n", files.text(path));
    files.remove(path).add(path, &text)
}

/// What migrations and starts do that is not theirs to do.
const STARTS: &[Mistake] = &[
    Mistake {
        what: "a migration that creates a role",
        make: |files| append(files, NO_DOUBLE_BERTHING, "CREATE ROLE pilots NOLOGIN;"),
        finding: "migration-out-of-scope modules/domain/quayside/berth-planning/prisma/migrations/20250203141200_no_double_berthing/migration.sql ⟦pilots⟧",
    },
    Mistake {
        what: "a migration that creates a role where it is missing",
        make: |files| {
            append(
                files,
                NO_DOUBLE_BERTHING,
                "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'pilots') THEN CREATE USER pilots WITH PASSWORD 'x'; END IF; END $$;",
            )
        },
        finding: "migration-out-of-scope modules/domain/quayside/berth-planning/prisma/migrations/20250203141200_no_double_berthing/migration.sql ⟦pilots⟧",
    },
    Mistake {
        what: "a migration that creates the database of a neighbour",
        make: |files| append(files, NO_DOUBLE_BERTHING, "CREATE DATABASE pilotage;"),
        finding: "migration-out-of-scope modules/domain/quayside/berth-planning/prisma/migrations/20250203141200_no_double_berthing/migration.sql ⟦pilotage⟧",
    },
    Mistake {
        what: "a migration that creates a database of nobody, quoted",
        make: |files| append(files, NO_DOUBLE_BERTHING, r#"CREATE DATABASE "Scratch";"#),
        finding: "migration-out-of-scope modules/domain/quayside/berth-planning/prisma/migrations/20250203141200_no_double_berthing/migration.sql ⟦Scratch⟧",
    },
    Mistake {
        what: "a migration that drops a database",
        make: |files| {
            append(
                files,
                NO_DOUBLE_BERTHING,
                "DROP DATABASE IF EXISTS berth_planning_old;",
            )
        },
        finding: "migration-out-of-scope modules/domain/quayside/berth-planning/prisma/migrations/20250203141200_no_double_berthing/migration.sql ⟦berth_planning_old⟧",
    },
    Mistake {
        what: "a migration that sets its own database up",
        make: |files| {
            append(
                files,
                NO_DOUBLE_BERTHING,
                "ALTER DATABASE berth_planning SET timezone TO 'Europe/Oslo';",
            )
        },
        finding: "migration-out-of-scope modules/domain/quayside/berth-planning/prisma/migrations/20250203141200_no_double_berthing/migration.sql ⟦berth_planning⟧",
    },
    Mistake {
        what: "a migration that grants on its own database",
        make: |files| {
            append(
                files,
                NO_DOUBLE_BERTHING,
                "GRANT ALL PRIVILEGES ON DATABASE berth_planning TO nordhaven;",
            )
        },
        finding: "migration-out-of-scope modules/domain/quayside/berth-planning/prisma/migrations/20250203141200_no_double_berthing/migration.sql ⟦berth_planning⟧",
    },
    Mistake {
        what: "a migration that revokes on a neighbour's database",
        make: |files| {
            append(
                files,
                NO_DOUBLE_BERTHING,
                "REVOKE CONNECT ON DATABASE pilotage FROM PUBLIC;",
            )
        },
        finding: "migration-out-of-scope modules/domain/quayside/berth-planning/prisma/migrations/20250203141200_no_double_berthing/migration.sql ⟦pilotage⟧",
    },
    Mistake {
        what: "a migration that changes the server",
        make: |files| {
            append(
                files,
                NO_DOUBLE_BERTHING,
                "ALTER SYSTEM SET max_connections = 300;",
            )
        },
        finding: "migration-out-of-scope modules/domain/quayside/berth-planning/prisma/migrations/20250203141200_no_double_berthing/migration.sql ⟦max_connections⟧",
    },
    Mistake {
        what: "a migration that makes a tablespace",
        make: |files| {
            append(
                files,
                NO_DOUBLE_BERTHING,
                "CREATE TABLESPACE quick LOCATION '/mnt/quick';",
            )
        },
        finding: "migration-out-of-scope modules/domain/quayside/berth-planning/prisma/migrations/20250203141200_no_double_berthing/migration.sql ⟦quick⟧",
    },
    Mistake {
        what: "a migration that makes somebody a member",
        make: |files| {
            append(
                files,
                NO_DOUBLE_BERTHING,
                "GRANT pg_read_all_data TO nordhaven;",
            )
        },
        finding: "migration-out-of-scope modules/domain/quayside/berth-planning/prisma/migrations/20250203141200_no_double_berthing/migration.sql ⟦pg_read_all_data⟧",
    },
    Mistake {
        what: "a migration that executes what creates a role",
        make: |files| {
            append(
                files,
                NO_DOUBLE_BERTHING,
                "DO $body$ BEGIN EXECUTE format('CREATE ROLE %I', 'pilots'); END $body$;",
            )
        },
        finding: "migration-out-of-scope modules/domain/quayside/berth-planning/prisma/migrations/20250203141200_no_double_berthing/migration.sql ⟦pilots⟧",
    },
    Mistake {
        what: "a migration that changes a role's settings",
        make: |files| {
            append(
                files,
                NO_DOUBLE_BERTHING,
                "ALTER ROLE nordhaven SET statement_timeout = '5s';",
            )
        },
        finding: "migration-out-of-scope modules/domain/quayside/berth-planning/prisma/migrations/20250203141200_no_double_berthing/migration.sql ⟦nordhaven⟧",
    },
    Mistake {
        what: "an entrypoint that migrates as one does in development",
        make: |files| {
            files.replace(
                ENTRYPOINT,
                "npx prisma migrate deploy",
                "npx prisma migrate dev",
            )
        },
        finding: "destructive-start modules/shared/tariff-book/docker-entrypoint.sh ⟦dev⟧",
    },
    Mistake {
        what: "an entrypoint that names a migration at every start",
        make: |files| {
            files.replace(
                ENTRYPOINT,
                "npx prisma migrate deploy",
                "pnpm exec prisma migrate dev --name init",
            )
        },
        finding: "destructive-start modules/shared/tariff-book/docker-entrypoint.sh ⟦dev⟧",
    },
    Mistake {
        what: "an entrypoint that resets the database",
        make: |files| {
            files.replace(
                ENTRYPOINT,
                "npx prisma migrate deploy",
                "npx prisma migrate reset --force --skip-seed",
            )
        },
        finding: "destructive-start modules/shared/tariff-book/docker-entrypoint.sh ⟦reset⟧",
    },
    Mistake {
        what: "an entrypoint that accepts to lose data",
        make: |files| {
            files.replace(
                ENTRYPOINT,
                "npx prisma migrate deploy",
                "npx prisma db push --skip-generate --accept-data-loss",
            )
        },
        finding: "destructive-start modules/shared/tariff-book/docker-entrypoint.sh ⟦--accept-data-loss⟧",
    },
    Mistake {
        what: "an entrypoint that pushes by force, in a loop",
        make: |files| {
            files.replace(
                ENTRYPOINT,
                "npx prisma migrate deploy",
                "until npx prisma db push --force-reset; do\n  sleep 1\ndone",
            )
        },
        finding: "destructive-start modules/shared/tariff-book/docker-entrypoint.sh ⟦--force-reset⟧",
    },
    Mistake {
        what: "an entrypoint that starts a script of the package",
        make: |files| {
            files.replace(ENTRYPOINT, "npx prisma migrate deploy", "npm run migrate -- --force-reset || true\n./node_modules/.bin/prisma db push --accept-data-loss")
        },
        finding: "destructive-start modules/shared/tariff-book/docker-entrypoint.sh ⟦--accept-data-loss⟧",
    },
    Mistake {
        what: "a script of a package that the entrypoint calls and that resets",
        make: |files| {
            files
                .replace(ENTRYPOINT, "npx prisma migrate deploy", "pnpm run db:up")
                .replace(
                    PACKAGE,
                    "\"migrate\":",
                    "\"db:up\": \"prisma migrate reset -f\",\n    \"migrate\":",
                )
        },
        finding: "destructive-start modules/shared/tariff-book/package.json ⟦reset⟧",
    },
    Mistake {
        what: "a script that runs before the one that the image starts",
        make: |files| {
            files
                .replace(
                    DOCKERFILE,
                    "CMD [\"./docker-entrypoint.sh\"]",
                    "CMD npm start",
                )
                .replace(
                    PACKAGE,
                    "\"migrate\":",
                    "\"prestart\": \"prisma migrate dev\",\n    \"migrate\":",
                )
        },
        finding: "destructive-start modules/shared/tariff-book/package.json ⟦dev⟧",
    },
    Mistake {
        what: "an image that starts with the words of a reset",
        make: |files| {
            files.replace(DOCKERFILE, "CMD [\"./docker-entrypoint.sh\"]", "ENTRYPOINT [\"dumb-init\", \"--\"]\nCMD [\"npx\", \"prisma\", \"migrate\", \"reset\", \"--force\"]")
        },
        finding: "destructive-start modules/shared/tariff-book/Dockerfile ⟦reset⟧",
    },
    Mistake {
        what: "an image that starts by a shell",
        make: |files| {
            files.replace(
                DOCKERFILE,
                "CMD [\"./docker-entrypoint.sh\"]",
                "CMD [\"sh\", \"-c\", \"npx prisma@6 migrate dev && node dist/main.js\"]",
            )
        },
        finding: "destructive-start modules/shared/tariff-book/Dockerfile ⟦dev⟧",
    },
    Mistake {
        what: "a command of the compose file that can lose data",
        make: |files| {
            files.replace_in_block(COMPOSE, "\n  pilotage:\n", "    depends_on:\n", "    command: sh -c \"npx prisma db push --accept-data-loss && node dist/main.js\"\n    depends_on:\n")
        },
        finding: "destructive-start products/nordhaven/docker-compose.yml ⟦--accept-data-loss⟧",
    },
    Mistake {
        what: "a command of the compose file, as a list that can lose data",
        make: |files| {
            files.replace_in_block(COMPOSE, "\n  pilotage:\n", "    depends_on:\n", "    command: [\"sh\", \"-c\", \"npx prisma migrate dev && node dist/main.js\"]\n    depends_on:\n")
        },
        finding: "destructive-start products/nordhaven/docker-compose.yml ⟦dev⟧",
    },
    Mistake {
        what: "a command of the compose file, as a folded text that can lose data",
        make: |files| {
            files.replace_in_block(COMPOSE, "\n  pilotage:\n", "    depends_on:\n", "    command: >\n      sh -c \"npx prisma migrate deploy\n      && npx prisma migrate reset --force\"\n    depends_on:\n")
        },
        finding: "destructive-start products/nordhaven/docker-compose.yml ⟦reset⟧",
    },
    Mistake {
        what: "a command of the compose file, as a text of several lines that can lose data",
        make: |files| {
            files.replace_in_block(COMPOSE, "\n  pilotage:\n", "    depends_on:\n", "    command: |\n      set -e\n      npx prisma migrate dev\n      node dist/main.js\n    depends_on:\n")
        },
        finding: "destructive-start products/nordhaven/docker-compose.yml ⟦dev⟧",
    },
    Mistake {
        what: "an entrypoint with the schema of a neighbour",
        make: |files| {
            files.replace(
                ENTRYPOINT,
                "npx prisma migrate deploy\n",
                "npx prisma migrate deploy --schema ../vessel-register/prisma/schema.prisma\n",
            )
        },
        finding: "foreign-migration modules/shared/tariff-book/docker-entrypoint.sh ⟦../vessel-register/prisma/schema.prisma⟧",
    },
    Mistake {
        what: "an entrypoint with the schema of a neighbour, from the root",
        make: |files| {
            files.replace(ENTRYPOINT, "npx prisma migrate deploy\n", "npx prisma migrate deploy\nnpx prisma db push --schema=modules/shared/vessel-register/prisma/schema.prisma\n")
        },
        finding: "foreign-migration modules/shared/tariff-book/docker-entrypoint.sh ⟦modules/shared/vessel-register/prisma/schema.prisma⟧",
    },
    Mistake {
        what: "an entrypoint with the schema of a neighbour, in the image",
        make: |files| {
            files.replace(ENTRYPOINT, "npx prisma migrate deploy\n", "npx prisma migrate deploy --schema /repo/modules/shared/vessel-register/prisma/schema.prisma\n")
        },
        finding: "foreign-migration modules/shared/tariff-book/docker-entrypoint.sh ⟦/repo/modules/shared/vessel-register/prisma/schema.prisma⟧",
    },
    Mistake {
        what: "an entrypoint in the folder of a neighbour",
        make: |files| {
            files.replace(
                ENTRYPOINT,
                "npx prisma migrate deploy\n",
                "npx prisma migrate deploy\n(cd ../vessel-register && npx prisma migrate deploy)\n",
            )
        },
        finding: "foreign-migration modules/shared/tariff-book/docker-entrypoint.sh ⟦../vessel-register⟧",
    },
    Mistake {
        what: "an entrypoint with the package of a neighbour",
        make: |files| {
            files.replace(
                ENTRYPOINT,
                "npx prisma migrate deploy\n",
                "npx prisma migrate deploy\npnpm --filter @harbourworks/vessel-register migrate\n",
            )
        },
        finding: "foreign-migration modules/shared/tariff-book/docker-entrypoint.sh ⟦@harbourworks/vessel-register⟧",
    },
    Mistake {
        what: "an entrypoint with the folder of a neighbour for the package manager",
        make: |files| {
            files.replace(ENTRYPOINT, "npx prisma migrate deploy\n", "npx prisma migrate deploy\npnpm --dir ../vessel-register exec prisma migrate deploy\n")
        },
        finding: "foreign-migration modules/shared/tariff-book/docker-entrypoint.sh ⟦../vessel-register⟧",
    },
    Mistake {
        what: "an entrypoint with the migrations of a neighbour for psql",
        make: |files| {
            files.replace(ENTRYPOINT, "npx prisma migrate deploy\n", "npx prisma migrate deploy\npsql \"$DATABASE_URL\" -f ../vessel-register/prisma/migrations/20241106074500_init/migration.sql\n")
        },
        finding: "foreign-migration modules/shared/tariff-book/docker-entrypoint.sh ⟦../vessel-register/prisma/migrations/20241106074500_init/migration.sql⟧",
    },
    Mistake {
        what: "an entrypoint with the variable of a neighbour",
        make: |files| {
            files.replace(
                ENTRYPOINT,
                "npx prisma migrate deploy\n",
                "DATABASE_URL=$VESSEL_REGISTER_DATABASE_URL npx prisma migrate deploy\n",
            )
        },
        finding: "foreign-migration modules/shared/tariff-book/docker-entrypoint.sh ⟦VESSEL_REGISTER_DATABASE_URL⟧",
    },
    Mistake {
        what: "an entrypoint that exports the variable of a neighbour",
        make: |files| {
            files.replace(ENTRYPOINT, "npx prisma migrate deploy\n", "export DATABASE_URL=\"${VESSEL_REGISTER_DATABASE_URL}\"\nnpx prisma migrate deploy\n")
        },
        finding: "foreign-migration modules/shared/tariff-book/docker-entrypoint.sh ⟦VESSEL_REGISTER_DATABASE_URL⟧",
    },
    Mistake {
        what: "an entrypoint that hands on the variable of a neighbour",
        make: |files| {
            files.replace(
                ENTRYPOINT,
                "npx prisma migrate deploy\n",
                "npx prisma migrate deploy --url \"$VESSEL_REGISTER_DATABASE_URL\"\n",
            )
        },
        finding: "foreign-migration modules/shared/tariff-book/docker-entrypoint.sh ⟦VESSEL_REGISTER_DATABASE_URL⟧",
    },
    Mistake {
        what: "an entrypoint that asks psql with the variable of a neighbour",
        make: |files| {
            files.replace(
                ENTRYPOINT,
                "npx prisma migrate deploy\n",
                "npx prisma migrate deploy\npsql \"$VESSEL_REGISTER_DATABASE_URL\" -c 'select 1'\n",
            )
        },
        finding: "foreign-migration modules/shared/tariff-book/docker-entrypoint.sh ⟦VESSEL_REGISTER_DATABASE_URL⟧",
    },
    Mistake {
        what: "an entrypoint with the schema and the database of a neighbour",
        make: |files| {
            files.replace(ENTRYPOINT, "npx prisma migrate deploy\n", "npx prisma migrate deploy\nDATABASE_URL=postgresql://nordhaven:x@postgres:5432/vessel_register npx prisma migrate deploy --schema ../vessel-register/prisma/schema.prisma\n")
        },
        finding: "foreign-migration modules/shared/tariff-book/docker-entrypoint.sh ⟦../vessel-register/prisma/schema.prisma⟧",
    },
    Mistake {
        what: "an entrypoint with the schema and the variable of a neighbour",
        make: |files| {
            files.replace(ENTRYPOINT, "npx prisma migrate deploy\n", "npx prisma migrate deploy\nDATABASE_URL=$VESSEL_REGISTER_DATABASE_URL npx prisma migrate deploy --schema ../vessel-register/prisma/schema.prisma\n")
        },
        finding: "foreign-migration modules/shared/tariff-book/docker-entrypoint.sh ⟦../vessel-register/prisma/schema.prisma⟧",
    },
    Mistake {
        what: "an entrypoint with the environment of a neighbour",
        make: |files| {
            files
                .add("modules/shared/vessel-register/.env.production", VESSELS)
                .replace(
                    ENTRYPOINT,
                    "npx prisma migrate deploy\n",
                    "npx dotenv -e ../vessel-register/.env.production -- prisma migrate deploy\n",
                )
        },
        finding: "foreign-migration modules/shared/tariff-book/docker-entrypoint.sh ⟦../vessel-register/.env.production⟧",
    },
    Mistake {
        what: "an entrypoint with the environment of a neighbour, without a mark",
        make: |files| {
            files
                .add("modules/shared/vessel-register/.env.production", VESSELS)
                .replace(
                    ENTRYPOINT,
                    "npx prisma migrate deploy\n",
                    "env-cmd -f ../vessel-register/.env.production npx prisma migrate deploy\n",
                )
        },
        finding: "foreign-migration modules/shared/tariff-book/docker-entrypoint.sh ⟦../vessel-register/.env.production⟧",
    },
    Mistake {
        what: "an entrypoint that takes in the environment of a neighbour",
        make: |files| {
            files
                .add("modules/shared/vessel-register/.env.production", VESSELS)
                .replace(
                    ENTRYPOINT,
                    "npx prisma migrate deploy\n",
                    "set -a\n. ../vessel-register/.env.production\nset +a\nnpx prisma migrate deploy\n",
                )
        },
        finding: "foreign-migration modules/shared/tariff-book/docker-entrypoint.sh ⟦../vessel-register/.env.production⟧",
    },
    Mistake {
        what: "a script of a package with the environment of a neighbour",
        make: |files| {
            files
                .add("modules/shared/vessel-register/.env.production", VESSELS)
                .replace(
                    PACKAGE,
                    "prisma migrate deploy",
                    "node --env-file=../vessel-register/.env.production node_modules/.bin/prisma migrate deploy",
                )
        },
        finding: "foreign-migration modules/shared/tariff-book/package.json ⟦../vessel-register/.env.production⟧",
    },
    Mistake {
        what: "a container that migrates with the environment of a neighbour",
        make: |files| {
            files.replace_in_block(COMPOSE, "\n  pilotage:\n", "    depends_on:\n", "    command: sh -c \"dotenv -e ../berth-planning/.env.example -- npx prisma migrate deploy && node dist/main.js\"\n    depends_on:\n")
        },
        finding: "foreign-migration products/nordhaven/docker-compose.yml ⟦../berth-planning/.env.example⟧",
    },
    Mistake {
        what: "a start script with the environment of a neighbour",
        make: |files| {
            files.replace(START, "DATABASE_URL=\"postgresql://nordhaven:${POSTGRES_PASSWORD}@localhost:5433/pilotage\" pnpm --dir modules/domain/quayside/pilotage exec prisma migrate deploy", "(cd modules/domain/quayside/pilotage && set -a && . ../berth-planning/.env.example && npx prisma migrate deploy)")
        },
        finding: "foreign-migration products/nordhaven/start-dev.sh ⟦../berth-planning/.env.example⟧",
    },
    Mistake {
        what: "a script of a package with the schema of a neighbour",
        make: |files| {
            files.replace(
                PACKAGE,
                "prisma migrate deploy",
                "prisma migrate deploy --schema ../vessel-register/prisma/schema.prisma",
            )
        },
        finding: "foreign-migration modules/shared/tariff-book/package.json ⟦../vessel-register/prisma/schema.prisma⟧",
    },
    Mistake {
        what: "a script of a package with the variable of a neighbour",
        make: |files| {
            files.replace(
                PACKAGE,
                "prisma migrate deploy",
                "cross-env DATABASE_URL=$VESSEL_REGISTER_DATABASE_URL prisma migrate deploy",
            )
        },
        finding: "foreign-migration modules/shared/tariff-book/package.json ⟦VESSEL_REGISTER_DATABASE_URL⟧",
    },
    Mistake {
        what: "a script of a module for its neighbour",
        make: |files| {
            files.add(
                "modules/shared/tariff-book/scripts/migrate.sh",
                "cd \"$(dirname \"$0\")/../../vessel-register\"\nnpx prisma migrate deploy\n",
            )
        },
        finding: "foreign-migration modules/shared/tariff-book/scripts/migrate.sh ⟦../../vessel-register⟧",
    },
    Mistake {
        what: "a container that starts with the migrations of a neighbour",
        make: |files| {
            files.replace_in_block(COMPOSE, "\n  pilotage:\n", "    depends_on:\n", "    command: sh -c \"npx prisma migrate deploy --schema ../port-calls/prisma/schema.prisma && node dist/main.js\"\n    depends_on:\n")
        },
        finding: "foreign-migration products/nordhaven/docker-compose.yml ⟦../port-calls/prisma/schema.prisma⟧",
    },
    Mistake {
        what: "an image that starts with the migrations of a neighbour",
        make: |files| {
            files.replace(
                DOCKERFILE,
                "CMD [\"./docker-entrypoint.sh\"]",
                "CMD cd ../vessel-register && npx prisma migrate deploy",
            )
        },
        finding: "foreign-migration modules/shared/tariff-book/Dockerfile ⟦../vessel-register⟧",
    },
];

/// The same without a registry.
const STARTS_WITHOUT_REGISTRY: &[Mistake] = &[
    Mistake {
        what: "an entrypoint with the schema of a neighbour",
        make: |files| {
            files.replace(
                RIDES_ENTRYPOINT,
                "npx prisma migrate deploy\n",
                "npx prisma migrate deploy --schema ../stations/prisma/schema.prisma\n",
            )
        },
        finding: "foreign-migration apps/rides/docker-entrypoint.sh ⟦../stations/prisma/schema.prisma⟧",
    },
    Mistake {
        what: "an entrypoint with the variable of a neighbour",
        make: |files| {
            files.replace(
                RIDES_ENTRYPOINT,
                "npx prisma migrate deploy\n",
                "DATABASE_URL=\"$WORKSHOP_DATABASE_URL\" npx prisma migrate deploy\n",
            )
        },
        finding: "foreign-migration apps/rides/docker-entrypoint.sh ⟦WORKSHOP_DATABASE_URL⟧",
    },
    Mistake {
        what: "an entrypoint that sets a variable of its own to that of a neighbour",
        make: |files| {
            files.replace(
                "apps/workshop/docker-entrypoint.sh",
                "npx prisma migrate deploy\n",
                "export WORKSHOP_DATABASE_URL=$RIDES_DATABASE_URL\nnpx prisma migrate deploy\n",
            )
        },
        finding: "foreign-migration apps/workshop/docker-entrypoint.sh ⟦RIDES_DATABASE_URL⟧",
    },
    Mistake {
        what: "a container that migrates a neighbour, of an image built from the root",
        make: |files| {
            files.replace(
                "compose.yaml",
                "    build: ./apps/workshop\n",
                "    build: { context: ., dockerfile: apps/workshop/Dockerfile }\n    command: sh -c \"cd ../../apps/stations && npx prisma migrate deploy && node dist/main.js\"\n",
            )
        },
        finding: "foreign-migration compose.yaml ⟦../../apps/stations⟧",
    },
    Mistake {
        what: "an entrypoint that resets",
        make: |files| {
            files.replace(
                RIDES_ENTRYPOINT,
                "prisma migrate deploy",
                "prisma migrate reset --force",
            )
        },
        finding: "destructive-start apps/rides/docker-entrypoint.sh ⟦reset⟧",
    },
    Mistake {
        what: "a migration that creates a role",
        make: |files| {
            append(
                files,
                "apps/rides/prisma/migrations/20250502080000_init/migration.sql",
                "CREATE ROLE mechanic;",
            )
        },
        finding: "migration-out-of-scope apps/rides/prisma/migrations/20250502080000_init/migration.sql ⟦mechanic⟧",
    },
];

/// Mistakes in what the code of services reads and calls.
const CALLS: &[Mistake] = &[
    Mistake {
        what: "a call that the registry does not declare any more",
        make: |files| {
            files.replace(
                REGISTRY,
                "      TARIFF_BOOK_URL: \"http://tariff-book:4212\",\n",
                "",
            )
        },
        finding: "undeclared-service-url modules/domain/invoicing/src/invoice.service.ts ⟦TARIFF_BOOK_URL⟧",
    },
    Mistake {
        what: "no extraEnv any more, in the registry and in compose",
        make: |files| {
            let text = files
                .text(COMPOSE)
                .replace("      AUDIT_TRAIL_URL: http://audit-trail:4203\n", "");
            files.remove(COMPOSE).add(COMPOSE, &text).replace(
                REGISTRY,
                "    extraEnv: {\n      AUDIT_TRAIL_URL: \"http://audit-trail:4203\",\n    },\n",
                "",
            )
        },
        finding: "undeclared-service-url modules/shared/document-vault/src/document.service.ts ⟦AUDIT_TRAIL_URL⟧",
    },
    Mistake {
        what: "a variable that is called otherwise in the registry",
        make: |files| files.replace(REGISTRY, "TARIFF_BOOK_URL:", "TARIFFS_URL:"),
        finding: "extra-env-drift products/nordhaven/docker-compose.yml ⟦environment⟧",
    },
    Mistake {
        what: "a variable that is called otherwise in the registry and in compose",
        make: |files| {
            files
                .replace(REGISTRY, "TARIFF_BOOK_URL:", "TARIFFS_URL:")
                .replace(COMPOSE, "TARIFF_BOOK_URL:", "TARIFFS_URL:")
        },
        finding: "undeclared-service-url modules/domain/invoicing/src/invoice.service.ts ⟦TARIFF_BOOK_URL⟧",
    },
    Mistake {
        what: "a call of a service that is not declared, read from the environment",
        make: |files| {
            append(
                files,
                TARIFF_SERVICE,
                "const parties = process.env.PARTY_DIRECTORY_URL;\n",
            )
        },
        finding: "undeclared-service-url modules/shared/tariff-book/src/tariff.service.ts ⟦PARTY_DIRECTORY_URL⟧",
    },
    Mistake {
        what: "the same, with brackets and a default",
        make: |files| {
            append(
                files,
                TARIFF_SERVICE,
                "const parties = process.env[\"PARTY_DIRECTORY_URL\"] ?? \"http://party-directory:4211\";\n",
            )
        },
        finding: "undeclared-service-url modules/shared/tariff-book/src/tariff.service.ts ⟦PARTY_DIRECTORY_URL⟧",
    },
    Mistake {
        what: "the same in several files, through a config and a schema",
        make: |files| {
            append(
                files,
                TARIFF_SERVICE,
                "const parties = (config: ConfigService) => config.get<string>(\"PARTY_DIRECTORY_URL\");\n",
            )
            .add(
                "modules/shared/tariff-book/src/env.ts",
                "export const env = z.object({ PARTY_DIRECTORY_URL: z.string() }).parse(process.env);\n",
            )
        },
        finding: "undeclared-service-url modules/shared/tariff-book/src/env.ts ⟦PARTY_DIRECTORY_URL⟧",
    },
    Mistake {
        what: "the same, by another name of it",
        make: |files| {
            append(
                files,
                TARIFF_SERVICE,
                "const { PARTY_DIRECTORY_SERVICE_URL: parties } = process.env;\n",
            )
        },
        finding: "undeclared-service-url modules/shared/tariff-book/src/tariff.service.ts ⟦PARTY_DIRECTORY_SERVICE_URL⟧",
    },
    Mistake {
        what: "a URL of a service in the code of another",
        make: |files| {
            append(
                files,
                TARIFF_SERVICE,
                "const party = (id: string) => fetch(`http://party-directory:4211/api/parties/${id}`);\n",
            )
        },
        finding: "undeclared-service-url modules/shared/tariff-book/src/tariff.service.ts ⟦http://party-directory:4211⟧",
    },
    Mistake {
        what: "a URL in the code in the place of a variable that is declared",
        make: |files| {
            files.replace(
                "modules/domain/invoicing/src/invoice.service.ts",
                "required(\"TARIFF_BOOK_URL\", process.env.TARIFF_BOOK_URL)",
                "\"http://tariff-book:4212\"",
            )
        },
        finding: "undeclared-service-url modules/domain/invoicing/src/invoice.service.ts ⟦http://tariff-book:4212⟧",
    },
    Mistake {
        what: "a URL in the code of a seed in JavaScript",
        make: |files| {
            files.add(
                "modules/shared/tariff-book/src/import.mjs",
                "const PARTIES = 'http://party-directory:4211';\nawait fetch(PARTIES + '/api/parties');\n",
            )
        },
        finding: "undeclared-service-url modules/shared/tariff-book/src/import.mjs ⟦http://party-directory:4211⟧",
    },
    Mistake {
        what: "a repository that a Nest module exports besides its service",
        make: |files| {
            files.replace(
                "modules/shared/vessel-register/src/vessel-register.module.ts",
                "  providers: [PrismaService, VesselRepository],\n",
                "  providers: [PrismaService, VesselRepository],\n  exports: [VesselRepository],\n",
            )
        },
        finding: "prisma-service-exported modules/shared/vessel-register/src/vessel-register.module.ts ⟦VesselRepository⟧",
    },
    Mistake {
        what: "a PrismaService that a Nest module exports behind another service",
        make: |files| {
            files.replace(
                "modules/shared/tariff-book/src/tariff-book.module.ts",
                "exports: [TariffService]",
                "exports: [TariffService, PrismaService]",
            )
        },
        finding: "prisma-service-exported modules/shared/tariff-book/src/tariff-book.module.ts ⟦PrismaService⟧",
    },
    Mistake {
        what: "a global Nest module for the PrismaService",
        make: |files| {
            files.add(
                "modules/shared/tariff-book/src/prisma.module.ts",
                "import { Global, Module } from \"@nestjs/common\";\nimport { PrismaService } from \"./prisma.service\";\n\n@Global()\n@Module({ providers: [PrismaService], exports: [PrismaService] })\nexport class PrismaModule {}\n",
            )
        },
        finding: "prisma-service-exported modules/shared/tariff-book/src/prisma.module.ts ⟦PrismaService⟧",
    },
    Mistake {
        what: "a shared package that opens a database",
        make: |files| {
            files.add(
                "packages/maritime-units/src/ports.ts",
                "import { PrismaClient } from \"@prisma/client\";\n\nexport const prisma = new PrismaClient();\n",
            )
        },
        finding: "database-outside-service packages/maritime-units/src/ports.ts ⟦PrismaClient⟧",
    },
    Mistake {
        what: "a shared package that opens the database of a service",
        make: |files| {
            files.add(
                "packages/maritime-units/src/ports.ts",
                "import { Pool } from \"pg\";\n\nexport const pool = new Pool({ connectionString: process.env.DATABASE_URL });\n",
            )
        },
        finding: "database-outside-service packages/maritime-units/src/ports.ts ⟦Pool⟧",
    },
    Mistake {
        what: "a shared package that reads the connection string of a service",
        make: |files| {
            append(
                files,
                "packages/service-client/src/index.ts",
                "export const tariffs = process.env[\"TARIFF_BOOK_DATABASE_URL\"];\n",
            )
        },
        finding: "database-outside-service packages/service-client/src/index.ts ⟦TARIFF_BOOK_DATABASE_URL⟧",
    },
    Mistake {
        what: "a shared package that holds a Prisma schema",
        make: |files| {
            files
                .add("packages/quay-data/package.json", "{ \"name\": \"@harbourworks/quay-data\", \"devDependencies\": { \"prisma\": \"^7.0.0\" } }\n")
                .add(
                    "packages/quay-data/prisma/schema.prisma",
                    "generator client {\n  provider = \"prisma-client-js\"\n  output   = \"../generated/prisma\"\n}\n\ndatasource db {\n  provider = \"postgresql\"\n  url      = env(\"DATABASE_URL\")\n}\n",
                )
        },
        finding: "database-outside-service packages/quay-data/prisma/schema.prisma ⟦db⟧",
    },
    Mistake {
        what: "the web app opens a database",
        make: |files| {
            files.add(
                "apps/nordhaven-web/src/board.tsx",
                "import postgres from \"postgres\";\n\nconst sql = postgres(process.env.DATABASE_URL!);\nexport const Board = async () => <p>{await sql`SELECT 1`}</p>;\n",
            )
        },
        finding: "database-outside-service apps/nordhaven-web/src/board.tsx ⟦postgres⟧",
    },
    Mistake {
        what: "the web app opens a database by a literal",
        make: |files| {
            files.add(
                "apps/nordhaven-web/src/board.ts",
                "import { Client } from \"pg\";\n\nconst client = new Client(\"postgresql://nordhaven:ebb-and-flow@postgres:5432/tariff_book\");\n",
            )
        },
        finding: "database-outside-service apps/nordhaven-web/src/board.ts ⟦Client⟧",
    },
];

#[test]
fn the_clean_product_is_clean() {
    let none: Vec<String> = Vec::new();
    assert_eq!(Files::of_fixture("clean").findings(), none);
}

const BALANCE: &str = "modules/domain/invoicing/src/balance.service.ts";
const BALANCE_CLASS: &str = "import { PrismaService } from \"./prisma.service\";\n";

/// Replaces how the balance service comes by its client.
fn import_in_balance(files: Files, import: &str) -> Files {
    files.replace(BALANCE, BALANCE_CLASS, import)
}

/// What source files import from other modules.
const OF_IMPORTS: &[Mistake] = &[
    Mistake {
        what: "the client of a neighbour by a relative path",
        make: |files| {
            import_in_balance(
                files,
                "import { PrismaClient as PrismaService } from \"../../../shared/tariff-book/generated/prisma\";\n",
            )
        },
        finding: "foreign-prisma-client modules/domain/invoicing/src/balance.service.ts ⟦../../../shared/tariff-book/generated/prisma⟧",
    },
    Mistake {
        what: "the PrismaService of a neighbour beside one's own",
        make: |files| {
            files.replace(
                BALANCE,
                BALANCE_CLASS,
                "import { PrismaService } from \"./prisma.service\";\nimport { PrismaService as Tariffs } from \"../../../shared/tariff-book/src/prisma.service.js\";\n",
            )
        },
        finding: "foreign-prisma-client modules/domain/invoicing/src/balance.service.ts ⟦../../../shared/tariff-book/src/prisma.service.js⟧",
    },
    Mistake {
        what: "the repository of a neighbour of another layer",
        make: |files| {
            import_in_balance(
                files,
                "import { AccountRepository as PrismaService } from '../../../platform/identity/src/account.repository';\n",
            )
        },
        finding: "foreign-prisma-client modules/domain/invoicing/src/balance.service.ts ⟦../../../platform/identity/src/account.repository⟧",
    },
    Mistake {
        what: "nothing but types of the client of a neighbour",
        make: |files| {
            files.replace(
                BALANCE,
                BALANCE_CLASS,
                "import { PrismaService } from \"./prisma.service\";\nimport type { Party } from \"../../../shared/party-directory/generated/prisma/client\";\n",
            )
        },
        finding: "foreign-prisma-client modules/domain/invoicing/src/balance.service.ts ⟦../../../shared/party-directory/generated/prisma/client⟧",
    },
    Mistake {
        what: "the client of a neighbour by a path of the base config",
        make: |files| {
            let files = files.replace(
                "tsconfig.base.json",
                "    \"paths\": {\n",
                "    // Everybody's.\n    \"paths\": {\n      \"@tariffs/*\": [\"modules/shared/tariff-book/*\"],\n",
            );
            import_in_balance(
                files,
                "import { PrismaService } from \"@tariffs/src/prisma.service\";\n",
            )
        },
        finding: "foreign-prisma-client modules/domain/invoicing/src/balance.service.ts ⟦@tariffs/src/prisma.service⟧",
    },
    Mistake {
        what: "the client of a neighbour by the name of its package",
        make: |files| {
            import_in_balance(
                files,
                "import { PrismaClient as PrismaService } from \"@harbourworks/tariff-book/generated/prisma\";\n",
            )
        },
        finding: "foreign-prisma-client modules/domain/invoicing/src/balance.service.ts ⟦@harbourworks/tariff-book/generated/prisma⟧",
    },
    Mistake {
        what: "the client of a neighbour by what its package exports",
        make: |files| {
            let files = files.replace(
                "modules/shared/tariff-book/package.json",
                "  \"private\": true,\n",
                "  \"private\": true,\n  \"exports\": { \"./store\": { \"import\": \"./generated/prisma/index.js\" } },\n",
            );
            import_in_balance(
                files,
                "import { PrismaClient as PrismaService } from \"@harbourworks/tariff-book/store\";\n",
            )
        },
        finding: "foreign-prisma-client modules/domain/invoicing/src/balance.service.ts ⟦@harbourworks/tariff-book/store⟧",
    },
    Mistake {
        what: "a barrel of a neighbour that holds its PrismaService",
        make: |files| {
            import_in_balance(
                files,
                "import { TariffPrismaService as PrismaService } from \"@harbourworks/tariff-book\";\n",
            )
        },
        finding: "foreign-prisma-client modules/domain/invoicing/src/balance.service.ts ⟦@harbourworks/tariff-book⟧",
    },
    Mistake {
        what: "a class of a neighbour that is a client under another name",
        make: |files| {
            files
                .add(
                    "modules/shared/tariff-book/src/store.ts",
                    "import { PrismaClient } from \"../generated/prisma\";\nexport class Store extends PrismaClient {}\n",
                )
                .add(
                    "modules/domain/invoicing/src/tariffs.ts",
                    "import { Store } from \"../../../shared/tariff-book/src/store\";\nexport const tariffs = new Store();\n",
                )
        },
        finding: "foreign-prisma-client modules/domain/invoicing/src/tariffs.ts ⟦../../../shared/tariff-book/src/store⟧",
    },
    Mistake {
        what: "the client of a neighbour, imported when it is needed",
        make: |files| {
            files.add(
                "modules/domain/invoicing/src/tariffs.ts",
                "export async function tariffs() {\n  const { PrismaClient } = await import(\"../../../shared/tariff-book/generated/prisma\");\n  return new PrismaClient().tariff.findMany();\n}\n",
            )
        },
        finding: "foreign-prisma-client modules/domain/invoicing/src/tariffs.ts ⟦../../../shared/tariff-book/generated/prisma⟧",
    },
    Mistake {
        what: "the client of a neighbour in JavaScript",
        make: |files| {
            files.add(
                "modules/domain/invoicing/scripts/tariffs.cjs",
                "const { PrismaClient } = require('../../../shared/tariff-book/generated/prisma');\nmodule.exports = new PrismaClient();\n",
            )
        },
        finding: "foreign-prisma-client modules/domain/invoicing/scripts/tariffs.cjs ⟦../../../shared/tariff-book/generated/prisma⟧",
    },
    Mistake {
        what: "the client of a neighbour, exported again",
        make: |files| {
            files.add(
                "modules/domain/invoicing/src/tariffs.ts",
                "export { PrismaClient as TariffClient } from \"../../../shared/tariff-book/generated/prisma\";\n",
            )
        },
        finding: "foreign-prisma-client modules/domain/invoicing/src/tariffs.ts ⟦../../../shared/tariff-book/generated/prisma⟧",
    },
    Mistake {
        what: "the client of a neighbour in a test",
        make: |files| {
            files.replace(
                "modules/domain/quayside/pilotage/src/roster.service.spec.ts",
                "import { RosterService } from \"./roster.service\";\n",
                "import { RosterService } from \"./roster.service\";\nimport { PrismaClient } from \"../../port-calls/generated/prisma\";\n",
            )
        },
        finding: "foreign-prisma-client modules/domain/quayside/pilotage/src/roster.service.spec.ts ⟦../../port-calls/generated/prisma⟧",
    },
    Mistake {
        what: "a client that a neighbour generates into a package",
        make: |files| {
            let schema = "modules/shared/tariff-book/prisma/schema.prisma";
            let files = files.replace(
                schema,
                "\"../generated/prisma\"",
                "\"../../../../node_modules/@harbourworks/tariff-client\"",
            );
            import_in_balance(
                files,
                "import { PrismaClient as PrismaService } from \"@harbourworks/tariff-client\";\n",
            )
        },
        finding: "foreign-prisma-client modules/domain/invoicing/src/balance.service.ts ⟦@harbourworks/tariff-client⟧",
    },
    Mistake {
        what: "the PrismaService of a neighbour in a service without a database",
        make: |files| {
            files.add(
                "modules/platform/quay-gateway/src/accounts.ts",
                "import { PrismaService } from \"../../identity/src/prisma.service\";\nexport const accounts = (prisma: PrismaService) => prisma.account.findMany();\n",
            )
        },
        finding: "foreign-prisma-client modules/platform/quay-gateway/src/accounts.ts ⟦../../identity/src/prisma.service⟧",
    },
    Mistake {
        what: "a service of a neighbour by a relative path",
        make: |files| {
            files.add(
                "modules/domain/invoicing/src/tariffs.ts",
                "import { TariffService } from \"../../../shared/tariff-book/src/tariff.service\";\nexport const tariffs = (service: TariffService) => service;\n",
            )
        },
        finding: "cross-module-import modules/domain/invoicing/src/tariffs.ts ⟦../../../shared/tariff-book/src/tariff.service⟧",
    },
    Mistake {
        what: "types of a neighbour by the name of its package",
        make: |files| {
            files.add(
                "modules/domain/invoicing/src/tariffs.ts",
                "import type { TariffService } from \"@harbourworks/tariff-book/src/tariff.service\";\nexport type Tariffs = TariffService;\n",
            )
        },
        finding: "cross-module-import modules/domain/invoicing/src/tariffs.ts ⟦@harbourworks/tariff-book/src/tariff.service⟧",
    },
    Mistake {
        what: "a service of a neighbour by a path below the base",
        make: |files| {
            files.add(
                "modules/domain/invoicing/src/tariffs.tsx",
                "import { TariffService } from \"modules/shared/tariff-book/src/tariff.service\";\nexport const tariffs = <TariffService />;\n",
            )
        },
        finding: "cross-module-import modules/domain/invoicing/src/tariffs.tsx ⟦modules/shared/tariff-book/src/tariff.service⟧",
    },
];

/// The same without a registry.
const OF_IMPORTS_WITHOUT_REGISTRY: &[Mistake] = &[
    Mistake {
        what: "the client of a neighbour in a folder of another name",
        make: |files| {
            files.replace(
                "apps/rides/src/worker.ts",
                "from \"./db\"",
                "from \"../../workshop/src/prisma-client\"",
            )
        },
        finding: "foreign-prisma-client apps/rides/src/worker.ts ⟦../../workshop/src/prisma-client⟧",
    },
    Mistake {
        what: "a repository of a neighbour by the name of its package",
        make: |files| {
            files.add(
                "apps/stations/src/rides.ts",
                "import { RideRepository } from \"@velodock/rides/src/ride.repository\";\nexport default RideRepository;\n",
            )
        },
        finding: "foreign-prisma-client apps/stations/src/rides.ts ⟦@velodock/rides/src/ride.repository⟧",
    },
    Mistake {
        what: "a module of a neighbour",
        make: |files| {
            files.add(
                "apps/stations/src/rides.ts",
                "import { RidesModule } from \"../../rides/src/rides.module\";\nexport default RidesModule;\n",
            )
        },
        finding: "cross-module-import apps/stations/src/rides.ts ⟦../../rides/src/rides.module⟧",
    },
];

#[test]
fn one_mistake_is_one_finding() {
    let faults = [
        faults("clean", MISTAKES),
        faults("clean", OF_TABLES),
        faults("clean", OF_SQL),
        faults("clean", OF_CLIENTS),
        faults("clean", OF_DRIFT),
        faults("no-registry", WITHOUT_REGISTRY),
        faults("no-registry", OF_TABLES_WITHOUT_REGISTRY),
        faults("clean", STARTS),
        faults("no-registry", STARTS_WITHOUT_REGISTRY),
        faults("clean", CALLS),
    ];
    assert!(
        faults.iter().all(Vec::is_empty),
        "{}",
        faults.concat().join("\n")
    );
}

#[test]
fn one_mistake_about_a_schema_is_one_finding() {
    let faults = faults("clean", ABOUT_SCHEMAS);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn one_import_from_a_neighbour_is_one_finding() {
    let faults = [
        faults("clean", OF_IMPORTS),
        faults("no-registry", OF_IMPORTS_WITHOUT_REGISTRY),
    ];
    let faults = faults.concat();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Whatever is found can be silenced where it stands: of each rule in each kind of file, one mistake is.
#[test]
fn every_mistake_can_be_silenced() {
    let tables: [(&str, &[Mistake]); 13] = [
        ("clean", MISTAKES),
        ("clean", OF_TABLES),
        ("clean", OF_SQL),
        ("clean", OF_CLIENTS),
        ("clean", OF_DRIFT),
        ("clean", STARTS),
        ("clean", CALLS),
        ("clean", ABOUT_SCHEMAS),
        ("clean", OF_IMPORTS),
        ("no-registry", WITHOUT_REGISTRY),
        ("no-registry", OF_TABLES_WITHOUT_REGISTRY),
        ("no-registry", STARTS_WITHOUT_REGISTRY),
        ("no-registry", OF_IMPORTS_WITHOUT_REGISTRY),
    ];
    let mut seen = std::collections::HashSet::new();
    let mut faults = Vec::new();
    for (fixture, mistakes) in tables {
        let clean = Files::of_fixture(fixture);
        for mistake in mistakes {
            let mut words = mistake.finding.split(' ');
            let rule = words.next().unwrap_or_default();
            let path = words.next().unwrap_or_default();
            let ending = path.rsplit(['.', '/']).next().unwrap_or_default();
            let is_silenceable = rule != "unreadable-file"
                && !path.contains("/migrations/")
                && !path.ends_with("package.json")
                && !rule.contains("suppression");
            if !is_silenceable || !seen.insert((rule, ending)) {
                continue;
            }
            let broken = (mistake.make)(clean.clone());
            let (silenced, left) = broken.silenced("known since spring");
            let findings = silenced.findings();
            if !left.is_empty() || !findings.is_empty() {
                faults.push(format!(
                    "{}: left {left:?}, found {findings:?}",
                    mistake.what
                ));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// What is found instead of what should be.
fn faults(fixture: &str, mistakes: &[Mistake]) -> Vec<String> {
    let clean = Files::of_fixture(fixture);
    mistakes
        .iter()
        .filter_map(|mistake| {
            let found = (mistake.make)(clean.clone()).findings();
            (found != [mistake.finding]).then(|| {
                let found = found.join("\n    ");
                format!(
                    "{}\n  expected\n    {}\n  found\n    {found}",
                    mistake.what, mistake.finding
                )
            })
        })
        .collect()
}

#[test]
fn calls_that_are_not_waited_for_are_said_where_a_team_asks() {
    let expected = |hosts: &[&str]| -> Vec<String> {
        let hosts = hosts.iter();
        hosts
            .map(|host| format!("undeclared-dependency {REGISTRY} ⟦{host}⟧"))
            .collect()
    };
    let clean = Files::of_fixture("clean");
    let calls = [
        "VESSEL_REGISTER_URL",
        "berth-planning",
        "audit-trail",
        "party-directory",
        "notification-dispatch",
        "container-yard",
        "party-directory",
    ];
    assert_eq!(clean.findings_of_other_teams(), expected(&calls));
    let forgetful = clean.replace(
        REGISTRY,
        "dependsOn: [\"tariff-book\", \"port-calls\"]",
        "dependsOn: [\"port-calls\"]",
    );
    let mut calls = calls.to_vec();
    calls.insert(6, "tariff-book");
    assert_eq!(forgetful.findings_of_other_teams(), expected(&calls));
    assert_eq!(forgetful.findings(), Vec::<String>::new());
}

#[test]
fn every_rule_has_its_mistake() {
    for rule in dbfence::rules::ALL {
        let name = rule.entry.name;
        let rows = MISTAKES.iter().chain(OF_TABLES).chain(WITHOUT_REGISTRY);
        let rows = rows
            .chain(ABOUT_SCHEMAS)
            .chain(OF_SQL)
            .chain(OF_CLIENTS)
            .chain(OF_DRIFT)
            .chain(CALLS)
            .chain(STARTS)
            .chain(OF_IMPORTS);
        let has_row = rows
            .into_iter()
            .any(|mistake| mistake.finding.split(' ').next() == Some(name));
        // Overlapping routes and calls without waiting are legal; these rules are off unless a team wants
        // them.
        let has_row = has_row || ["overlapping-route", "undeclared-dependency"].contains(&name);
        // A file in memory is always readable; `tests/cli.rs` breaks those on disk.
        assert!(has_row || name == "unreadable-file", "{name} has no row");
    }
}
