//! What modules may import without anything being said, and whom the findings name otherwise.

mod support;

use support::Files;

const TARIFFS: &str = "modules/domain/invoicing/src/tariffs.ts";

/// The findings about the clean product with one more source file of a module.
fn with_source(path: &str, text: &str) -> Vec<String> {
    Files::of_fixture("clean").add(path, text).findings()
}

#[test]
fn what_is_ones_own_or_nobodys_may_be_imported() {
    let nothing: Vec<String> = Vec::new();
    let rests = [
        // One's own, by every way that leads there.
        (
            TARIFFS,
            "import { PrismaClient } from \"../generated/prisma\";",
        ),
        (
            TARIFFS,
            "import { PrismaService } from \"../../invoicing/src/prisma.service\";",
        ),
        (
            TARIFFS,
            "import { PrismaService } from \"@harbourworks/invoicing/src/prisma.service\";",
        ),
        (
            TARIFFS,
            "import { PrismaService } from \"modules/domain/invoicing/src/prisma.service\";",
        ),
        // Packages that no service is built from, and those of others.
        (
            TARIFFS,
            "import { PrismaService } from \"@harbourworks/service-client\";",
        ),
        (
            TARIFFS,
            "import { required } from \"../../../../packages/service-client/src\";",
        ),
        (TARIFFS, "import { PrismaClient } from \"@prisma/client\";"),
        (
            TARIFFS,
            "import { PrismaService } from \"@nestjs-kit/tariff-book/prisma.service\";",
        ),
        (
            TARIFFS,
            "import { PrismaService } from \"@harbourworks/tariff-books\";",
        ),
        (
            TARIFFS,
            "import { x } from \"../../../../../elsewhere/prisma.service\";",
        ),
        // What only looks like an import.
        (
            TARIFFS,
            "// import { PrismaService } from \"../../../shared/tariff-book/src/prisma.service\";",
        ),
        (
            TARIFFS,
            "const text = `import { PrismaService } from \"../../../shared/tariff-book/src/prisma.service\"`;",
        ),
        (
            TARIFFS,
            "await import(`../../../shared/${name}/src/prisma.service`);",
        ),
        (
            TARIFFS,
            "jest.mock(\"../../../shared/tariff-book/src/prisma.service\");",
        ),
        // Files of nobody.
        (
            "scripts/every-tariff.ts",
            "import { PrismaClient } from \"../modules/shared/tariff-book/generated/prisma\";",
        ),
        (
            "products/nordhaven/infra/generate-docs.ts",
            "import { TariffService } from \"../../../modules/shared/tariff-book/src/tariff.service\";",
        ),
        (
            "apps/nordhaven-web/src/tariffs.ts",
            "import type { TariffService } from \"../../../modules/shared/tariff-book/src/tariff.service\";",
        ),
        (
            "modules/domain/invoicing-e2e/src/invoices.ts",
            "import { PrismaService } from \"../../invoicing/src/prisma.service\";",
        ),
        (
            "packages/all-modules/src/index.ts",
            "export * from \"../../../modules/shared/tariff-book/src/tariff.service\";",
        ),
        // Test code may look into modules, and its SQL and URLs are no statement.
        (
            "modules/domain/invoicing/test/tariffs.spec.ts",
            "import { TariffService } from \"../../../shared/tariff-book/src/tariff.service\";\n\
             prisma.$queryRaw`SELECT * FROM tariff, nowhere`;\n\
             new PrismaClient({ datasourceUrl: \"postgresql://a:b@localhost:5432/tariff_book\" });",
        ),
        (
            "modules/domain/invoicing/test/broken.spec.ts",
            "import { TariffService } from \"../../../shared/tariff-book/src/tariff.service\";\nconst = ;",
        ),
    ];
    for (path, text) in rests {
        assert_eq!(with_source(path, text), nothing, "{path}: {text}");
    }
}

#[test]
fn services_of_one_module_are_one_owner() {
    let files = Files::of_fixture("clean")
        .add(
            "modules/domain/invoicing/worker/main.ts",
            "import { PrismaService } from \"../src/prisma.service\";",
        )
        .add(
            "modules/domain/invoicing/worker/package.json",
            "{ \"name\": \"@harbourworks/invoicing-worker\" }",
        );
    assert_eq!(files.findings(), Vec::<String>::new());
}

#[test]
fn imports_of_one_neighbour_are_said_once_a_file_with_the_way_to_ask_it() {
    let text = "import { PrismaClient } from \"../../../shared/tariff-book/generated/prisma\";\n\
                import { PrismaService } from \"../../../shared/tariff-book/src/prisma.service\";\n";
    let files = Files::of_fixture("clean").add(TARIFFS, text);
    assert_eq!(
        files.only_finding(),
        [
            "foreign-prisma-client modules/domain/invoicing/src/tariffs.ts ⟦../../../shared/tariff-book/generated/prisma⟧",
            "`invoicing` imports the Prisma client of `tariff-book`",
            "modules/shared/tariff-book/prisma/schema.prisma ⟦../generated/prisma⟧ `tariff-book` generates it here",
            "modules/domain/invoicing/src/tariffs.ts ⟦../../../shared/tariff-book/src/prisma.service⟧ also here",
            "help: remove it, and ask `tariff-book` for its data over HTTP (`TARIFF_BOOK_URL`)",
        ]
    );
}

#[test]
fn clients_of_several_neighbours_are_several_mistakes() {
    let text = "import { PrismaClient } from \"../../../shared/tariff-book/generated/prisma\";\n\
                import { TariffService } from \"../../../shared/tariff-book/src/tariff.service\";\n\
                import { PrismaService } from \"../../../platform/identity/src/prisma.service\";\n";
    assert_eq!(
        with_source(TARIFFS, text),
        [
            "foreign-prisma-client modules/domain/invoicing/src/tariffs.ts ⟦../../../shared/tariff-book/generated/prisma⟧",
            "cross-module-import modules/domain/invoicing/src/tariffs.ts ⟦../../../shared/tariff-book/src/tariff.service⟧",
            "foreign-prisma-client modules/domain/invoicing/src/tariffs.ts ⟦../../../platform/identity/src/prisma.service⟧",
        ]
    );
}
