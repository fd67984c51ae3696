use super::*;

/// Each problem as the text it stands on and its message.
fn problems(text: &str) -> Vec<(String, String)> {
    parse(text)
        .problems
        .into_iter()
        .map(|problem| (text[problem.span.range()].to_owned(), problem.message))
        .collect()
}

fn facts(text: &str) -> PrismaFile {
    assert_eq!(problems(text), []);
    parse(text).facts
}

fn names(file: &PrismaFile) -> Vec<&str> {
    file.models
        .iter()
        .map(|model| model.name.value.as_str())
        .collect()
}

fn fields(model: &Model) -> Vec<&str> {
    model
        .fields
        .iter()
        .map(|field| field.name.value.as_str())
        .collect()
}

fn attributes(field: &Field) -> Vec<&str> {
    field
        .attributes
        .iter()
        .map(|attribute| attribute.value.as_str())
        .collect()
}

/// The text at the span of a value, to be compared with the value.
fn at<'t>(text: &'t str, value: &At<String>) -> &'t str {
    &text[value.span.range()]
}

const SHOP: &str = r#"// The shop's tables.
datasource db {
  provider = "postgresql" // since 2021
  url = env("DATABASE_URL")
  directUrl = "postgresql://u:p@h/shop"
  shadowDatabaseUrl = process.env.SHADOW
  schemas = ["shop", /* old */ "audit"]
  extensions = [pgcrypto, postgis(version: "2.1")]
}

generator client {
  provider = "prisma-client"
  output = "../generated/prisma"
  previewFeatures = [
    "multiSchema",
    "views",
  ]
}

/// An order.
model Order { // the main one
  id        Int      @id @default(autoincrement())
  publicId  String   @unique @default(dbgenerated("gen_random_uuid()")) @map("public_id") @db.Uuid
  note      String?  @map(name: "remark")
  tags      String[]
  place     Unsupported("geometry(Point, 4326)")?
  weight    Float    @default(0.5)
  shift     Int      @default(-1)
  state     State    @default(NEW)
  customer  Customer @relation(
    fields: [customerId],
    references: [id]
  )
  secret    String   @ignore

  @@id([id, publicId])
  @@index([note(ops: raw("gin_trgm_ops"))], type: Gin, where: { note: { not: null } })
  @@map("orders")
  @@schema("shop")
}

view Totals {
  sum Int @unique
  @@ignore
}

enum State {
  NEW
  DONE @map("done")
  @@map("order_state")
  @@schema("audit")
}

type Address {
  street String
}

policy Nothing {
  what { ever = "}" }
}
types {
}
type Email = String @db.Text
"#;

#[test]
fn config_blocks_are_read() {
    let file = facts(SHOP);
    let [datasource] = &file.datasources[..] else {
        panic!()
    };
    let Some(Value::Literal(provider)) = &datasource.provider else {
        panic!()
    };
    assert_eq!(
        (provider.value.as_str(), at(SHOP, provider)),
        ("postgresql", "postgresql")
    );
    let Some(Value::Env(url)) = &datasource.url else {
        panic!()
    };
    assert_eq!(
        (url.value.as_str(), at(SHOP, url)),
        ("DATABASE_URL", "DATABASE_URL")
    );
    let Some(Value::Literal(direct)) = &datasource.direct_url else {
        panic!()
    };
    assert_eq!(direct.value, "postgresql://u:p@h/shop");
    let Some(Value::Other(shadow)) = datasource.shadow_database_url else {
        panic!()
    };
    assert_eq!(&SHOP[shadow.range()], "process.env.SHADOW");
    let Some(Value::List(schemas)) = &datasource.schemas else {
        panic!()
    };
    assert_eq!(
        schemas
            .iter()
            .map(|schema| at(SHOP, schema))
            .collect::<Vec<_>>(),
        ["shop", "audit"]
    );

    let [generator] = &file.generators[..] else {
        panic!()
    };
    assert_eq!(generator.name.value, "client");
    let Some(Value::Literal(output)) = &generator.output else {
        panic!()
    };
    assert_eq!(output.value, "../generated/prisma");
    let Some(Value::List(features)) = &generator.preview_features else {
        panic!()
    };
    assert_eq!(features.len(), 2);
}

#[test]
fn blocks_of_the_data_model_are_read() {
    let file = facts(SHOP);
    assert_eq!(names(&file), ["Order", "Totals"]);
    let order = &file.models[0];
    assert_eq!(at(SHOP, &order.name), "Order");
    assert_eq!(
        (order.table().value.as_str(), at(SHOP, order.table())),
        ("orders", "orders")
    );
    assert_eq!(order.schema.as_ref().unwrap().value, "shop");
    assert_eq!(
        fields(order),
        [
            "id", "publicId", "note", "tags", "place", "weight", "shift", "state", "customer",
            "secret"
        ]
    );
    let public_id = &order.fields[1];
    assert_eq!(public_id.mapped.as_ref().unwrap().value, "public_id");
    assert_eq!(
        attributes(public_id),
        [
            "@unique",
            "@default(dbgenerated(\"gen_random_uuid()\"))",
            "@map(\"public_id\")",
            "@db.Uuid"
        ]
    );
    assert_eq!(order.fields[2].mapped.as_ref().unwrap().value, "remark");
    assert!(order.fields[2].optional && order.fields[3].list);
    let place = &order.fields[4];
    assert!(place.unsupported && place.optional);
    assert_eq!(at(SHOP, &place.type_name), "geometry(Point, 4326)");
    assert_eq!(attributes(&order.fields[5]), ["@default(0.5)"]);
    assert!(attributes(&order.fields[8])[0].ends_with("references: [id]\n  )"));
    assert!(order.fields[9].is_ignored() && !order.ignored);
    assert_eq!(
        order
            .attributes
            .iter()
            .map(|attribute| at(SHOP, attribute))
            .collect::<Vec<_>>(),
        [
            "@@id([id, publicId])",
            "@@index([note(ops: raw(\"gin_trgm_ops\"))], type: Gin, where: { note: { not: null } })",
            "@@map(\"orders\")",
            "@@schema(\"shop\")"
        ]
    );
    assert!(file.models[1].is_view && file.models[1].ignored);

    let [state] = &file.enums[..] else { panic!() };
    assert_eq!(state.mapped.as_ref().unwrap().value, "order_state");
    assert_eq!(state.schema.as_ref().unwrap().value, "audit");
    assert_eq!(state.values[1].1.as_ref().unwrap().value, "done");
    assert_eq!(file.types[0].value, "Address");
    let others: Vec<&str> = file
        .other_blocks
        .iter()
        .map(|block| at(SHOP, block))
        .collect();
    assert_eq!(others, ["policy", "types"]);
}

#[test]
fn comments_are_found_wherever_they_stand() {
    let found: Vec<&str> = parse(SHOP)
        .comments
        .iter()
        .map(|comment| &SHOP[comment.range()])
        .collect();
    assert_eq!(
        found,
        [
            "// The shop's tables.",
            "// since 2021",
            "/* old */",
            "/// An order.",
            "// the main one"
        ]
    );
    let text =
        "model A {/* one\n two */ id Int /// id\n url String @default(\"http://x\")\n}// end";
    let file = facts(text);
    assert_eq!(fields(&file.models[0]), ["id", "url"]);
    assert_eq!(parse(text).comments.len(), 3);
}

#[test]
fn a_byte_order_mark_and_carriage_returns_change_nothing() {
    let text = format!("\u{feff}{}", SHOP.replace('\n', "\r\n"));
    let file = facts(&text);
    let plain = facts(SHOP);
    assert_eq!(names(&file), names(&plain));
    assert_eq!(fields(&file.models[0]), fields(&plain.models[0]));
    assert_eq!(at(&text, file.models[0].table()), "orders");
}

#[test]
fn the_provider_of_old_may_be_a_list() {
    let text = "datasource db {\n provider = [\"postgresql\",\"sqlite\"]\n url = env(\"A\")\n}";
    let file = facts(text);
    let Some(Value::List(providers)) = &file.datasources[0].provider else {
        panic!()
    };
    assert_eq!(
        providers
            .iter()
            .map(|one| at(text, one))
            .collect::<Vec<_>>(),
        ["postgresql", "sqlite"]
    );
}

#[test]
fn strings_lose_their_quotes_and_escapes() {
    let text = r#"model A {
 a Int @map("")
 b Int @map("x\"y\\z\n\u00e9\q")
 c Int @map("größe")
}"#;
    let file = facts(text);
    let mapped = |index: usize| file.models[0].fields[index].mapped.as_ref().unwrap();
    assert_eq!(
        (mapped(0).value.as_str(), at(text, mapped(0))),
        ("", "\"\"")
    );
    assert_eq!(mapped(1).value, "x\"y\\z\né\\q");
    assert_eq!(at(text, mapped(1)), r#"x\"y\\z\n\u00e9\q"#);
    assert_eq!(
        (mapped(2).value.as_str(), at(text, mapped(2))),
        ("größe", "größe")
    );
}

#[test]
fn old_forms_of_types_are_read() {
    let file = facts("model A {\n a [B]\n b String!\n c Unsupported(\"x\")[]\n}");
    let model = &file.models[0];
    assert_eq!(fields(model), ["a", "b", "c"]);
    assert!(model.fields[0].list && model.fields[2].list && model.fields[2].unsupported);
}

#[test]
fn a_block_that_is_never_closed_ends_where_the_next_begins() {
    let text = "model A {\n id Int\n\nmodel B {\n id Int @id(\n}\nenum C {\n D";
    let file = parse(text).facts;
    assert_eq!(names(&file), ["A", "B"]);
    assert_eq!(fields(&file.models[0]), ["id"]);
    assert_eq!(fields(&file.models[1]), ["id"]);
    assert_eq!(file.enums[0].values[0].0.value, "D");
    let never_closed = |what: &str| format!("this {what} is never closed");
    assert_eq!(
        problems(text),
        [
            ("A".to_owned(), never_closed("block")),
            ("(".to_owned(), never_closed("bracket")),
            ("C".to_owned(), never_closed("block")),
        ]
    );
}

#[test]
fn a_line_that_cannot_be_read_costs_one_line() {
    for (line, place, message) in [
        ("name", "name", "this line has no type that can be read"),
        (
            "name: String",
            "name: String",
            "this line has no type that can be read",
        ),
        ("= 1", "= 1", "this line cannot be read"),
        (
            "name String 'x' // no",
            "'x'",
            "this part of the line cannot be read",
        ),
        (
            "name String @",
            "@",
            "this line has an attribute without a name",
        ),
        ("@@", "@@", "this line has an attribute without a name"),
        (
            "name String @map(\"x)",
            "\"x)",
            "this string is never closed",
        ),
        ("name String @x([a)", "[", "this bracket is never closed"),
        ("name String @x(a", "(", "this bracket is never closed"),
        ("name String @x(a]", "(", "this bracket is never closed"),
        (
            "name Unsupported(x)",
            "name Unsupported(x)",
            "this line has no type that can be read",
        ),
    ] {
        let text =
            format!("model A {{\n first Int\n {line}\n last Int\n}}\nmodel B {{\n id Int\n}}\n");
        let file = parse(&text).facts;
        assert_eq!(names(&file), ["A", "B"], "{line}");
        let found = fields(&file.models[0]);
        assert_eq!((found[0], found.last()), ("first", Some(&"last")), "{line}");
        assert_eq!(
            problems(&text),
            [(place.to_owned(), message.to_owned())],
            "{line}"
        );
    }
}

#[test]
fn lines_in_a_row_make_one_problem() {
    let text = "model A {\n ?\n ??\n id Int\n ?\n}\nhello\n}\n= (\n";
    assert_eq!(
        problems(text),
        [
            ("?\n ??".to_owned(), "these lines cannot be read".to_owned()),
            ("?".to_owned(), "this line cannot be read".to_owned()),
            (
                "hello\n}\n= (".to_owned(),
                "these lines belong to no block".to_owned()
            ),
        ]
    );
}

#[test]
fn what_else_is_wrong_is_said_where_it_stands() {
    assert_eq!(
        problems("datasource db {\n url =\n provider\n}\nmodel {\n id Int\n}\n/* never"),
        [
            ("url".to_owned(), "`url` has no value".to_owned()),
            ("provider".to_owned(), "this line cannot be read".to_owned()),
            ("model".to_owned(), "this block has no name".to_owned()),
            (
                "/* never".to_owned(),
                "this comment is never closed".to_owned()
            ),
        ]
    );
    assert_eq!(
        problems("datasource db {\n url = env(\"A\"\n schemas = [\"a\"\n}"),
        [
            ("(".to_owned(), "this bracket is never closed".to_owned()),
            ("[".to_owned(), "this bracket is never closed".to_owned()),
        ]
    );
    let text = "datasource db {\n provider = \"postgresql\" url = env(\"A\")\n url = =\n schemas = [\"a\"],\n}";
    assert_eq!(
        problems(text),
        [
            (
                "url = env(\"A\")".to_owned(),
                "this part of the line cannot be read".to_owned()
            ),
            (
                "=".to_owned(),
                "this part of the line cannot be read".to_owned()
            ),
            (
                ",".to_owned(),
                "this part of the line cannot be read".to_owned()
            ),
        ]
    );
    assert!(matches!(
        &parse(text).facts.datasources[0].provider,
        Some(Value::Literal(_))
    ));
    assert_eq!(problems(""), []);
}

/// Spans lie on character boundaries inside the text, and a problem's is not empty.
fn check_spans(text: &str) {
    let parsed = parse(text);
    for problem in &parsed.problems {
        assert!(!problem.span.is_empty() && text.get(problem.span.range()).is_some());
    }
    for comment in &parsed.comments {
        assert!(text.get(comment.range()).is_some());
    }
    for field in parsed.facts.models.iter().flat_map(|model| &model.fields) {
        assert!(text.get(field.name.span.range()).is_some());
    }
}

#[test]
fn a_text_cut_anywhere_or_with_any_character_in_it_is_survived() {
    for (at, _) in SHOP.char_indices() {
        check_spans(&SHOP[..at]);
        check_spans(&SHOP[at..]);
        for odd in [
            "\0", "\"", "(", "}", "]", "{", "@", "\\", "/*", "\n", "é", "\u{2028}",
        ] {
            let (before, after) = SHOP.split_at(at);
            let text = format!("{before}{odd}{after}");
            // Every insertion of every character is too much for a debug build.
            if at % 7 == odd.len() % 7 || at % 11 == 0 {
                check_spans(&text);
            }
        }
    }
}

#[test]
fn repetition_is_survived() {
    let size = 100_000;
    let heads = [
        "",
        "model A {\n",
        "datasource db {\n a = ",
        "model A {\n a B ",
        "enum A {\n",
    ];
    let pieces = [
        "(",
        "{",
        "[",
        "\"",
        ")",
        "}",
        "]",
        "@",
        "@x(",
        "@x()",
        "a",
        "a b {",
        "a b {\n",
        "a {\n",
        "(\n",
        "a B @x(\n",
        "\"\n",
        "/*",
        "//",
        "= ",
        "a b @@x([\n",
        "[(",
        "({[",
        "\\",
        "\n",
        "é",
        "@map(\"",
        "\u{feff}",
        "a = [\n",
        "where: {",
        "?",
        "a.",
        "env(",
        "type a = b\n",
        "a b {\n c d @x({\n",
    ];
    for head in heads {
        for piece in pieces {
            let text = format!("{head}{}", piece.repeat(size / piece.len()));
            let parsed = parse(&text);
            assert!(parsed.problems.len() <= text.len());
        }
    }
}

#[test]
fn everything_that_the_grammar_allows_is_read() {
    let text = r#"model /* what */ Post { // open
  id    Int      @id /* key */ @default(autoincrement()) // key
  rate  Float    @default(0.5)
  big   BigInt   @default(-9223372036854775808)
  geo   Unsupported("geography(Point, 4326)")?
  name  String   @db.VarChar(191)
  json  Json     @default("{ \"a\": [1, \"}\"] }")
  when  DateTime @default(dbgenerated("now() + interval '1 day'"))
  owner User     @relation(
    fields: [ownerId], // the column
    references: [id],
    onDelete: Cascade, /* and so on */
  )
  ownerId Int
  tags  String[] @default(["a", /* no */ "b"])

  @@unique([ownerId, name], map: "post_owner_name", where: { deleted: false, rate: { not: null } })
  @@index([name(ops: raw("gin_trgm_ops"))], type: Gin, where: raw("rate > 0.5"))
  @@index([
    ownerId, // first
    name(sort: Desc, length: 10),
  ])
  @@fulltext([name])
  @@map(/* the table */ "posts")
} // closed

enum Role {
  /// A doc comment.
  ADMIN @map("admin") /// at the end
  @@map("roles")
  GUEST
  @@schema("auth") // last
}
"#;
    let file = facts(text);
    let post = &file.models[0];
    assert_eq!(post.table().value, "posts");
    assert_eq!(
        fields(post),
        [
            "id", "rate", "big", "geo", "name", "json", "when", "owner", "ownerId", "tags"
        ]
    );
    let field = |name: &str| post.fields.iter().find(|it| it.name.value == name).unwrap();
    assert_eq!(field("geo").type_name.value, "geography(Point, 4326)");
    assert_eq!(field("name").native_type(), Some(("VarChar", "191")));
    assert_eq!(field("rate").attribute("default"), Some("0.5"));
    assert_eq!(field("id").attribute("id"), Some(""));
    assert_eq!(field("tags").attribute("default"), Some("[\"a\",  \"b\"]"));
    assert_eq!(post.attributes.len(), 5);
    let role = &file.enums[0];
    assert_eq!(role.type_name().value, "roles");
    assert_eq!(role.values.len(), 2);
}

#[test]
fn relations_say_their_names_in_several_ways() {
    let text = r#"model A {
 a B[] @relation("one")
 b B[] @relation( name: "two" )
 c B @relation(fields: [name], references: [id], name: "three")
 d B @relation(fields: [name], references: [id], map: "name")
 e B[]
}"#;
    let file = facts(text);
    let names = file.models[0].fields.iter().map(Field::relation_name);
    assert_eq!(
        names.collect::<Vec<_>>(),
        [
            Some("one".to_owned()),
            Some("two".to_owned()),
            Some("three".to_owned()),
            None,
            None
        ]
    );
}

#[test]
fn what_later_versions_bring_is_passed_over() {
    let text = r#"types {
  Embedding = pgvector.Vector(1536)
}
namespace billing {
  model Invoice {
    id Int @id
    to auth:public.User @relation(fields: [toId], references: [id])
  }

  policy_select own {
    using = "\"id\" = 1"
  }
}
extension_pack pgvector {
  version = "1"
}
model Kept {
  id Int @id
}
"#;
    let file = facts(text);
    assert_eq!(names(&file), ["Kept"]);
    let blocks = file.other_blocks.iter().map(|it| it.value.as_str());
    assert_eq!(
        blocks.collect::<Vec<_>>(),
        ["types", "namespace", "extension_pack"]
    );
    let unclosed = parse("namespace a {\n model B {\n id Int\n}\nmodel C {\n id Int\n}\n").facts;
    assert_eq!(unclosed.other_blocks.len(), 1);
}
