use crate::catalogue::Catalogue;
use crate::discover::{Options, in_memory};
use crate::model::Workspace;
use crate::parse::Kept;
use crate::policy::Policy;

const HEAD: &str = "datasource db {\n provider = \"postgresql\"\n}\n";

/// What a schema of these files declares, one line a relation and an enum.
fn lines(files: &[(&str, &str)]) -> Vec<String> {
    let files = files.iter();
    let files = files.map(|(name, text)| (format!("press/prisma/schema/{name}"), *text));
    let sources = in_memory(files, &Options::default());
    let policy = Policy::read("", &Catalogue::new([]).unwrap()).unwrap();
    let facts = Kept::default().parse_all(&sources);
    let workspace = Workspace::link(&sources, facts, &policy);
    let [holding] = workspace.holdings() else {
        panic!("one schema");
    };
    let catalog = holding.declared.as_ref().unwrap();
    let enums = catalog.enums().map(|(schema, name, found)| {
        let values = found.values.iter().map(|value| {
            let written = sources.slice(value.place);
            assert_eq!(written, value.value);
            written
        });
        format!(
            "enum {schema}.{name}: {}",
            values.collect::<Vec<_>>().join(" ")
        )
    });
    let relations = catalog.relations().map(|(schema, name, relation)| {
        let columns = relation.columns.iter().map(|column| {
            let null = match column.is_nullable {
                Some(true) => " null",
                Some(false) => "",
                None => " ?",
            };
            let kind = column.type_name.as_deref().unwrap_or("unknown");
            format!("{} {kind}{null}", column.name)
        });
        let rest = if relation.is_complete { "" } else { ", …" };
        let columns = columns.collect::<Vec<_>>().join(", ");
        format!("{:?} {schema}.{name}: {columns}{rest}", relation.kind)
    });
    enums.chain(relations).collect()
}

fn one(text: &str) -> Vec<String> {
    lines(&[("schema.prisma", &format!("{HEAD}{text}"))])
}

#[test]
fn scalars_become_the_types_of_postgresql() {
    assert_eq!(
        one("model A {
 id BigInt @id @default(autoincrement())
 a Boolean
 b Bytes?
 c DateTime
 d Decimal
 e Float
 f Int @default(dbgenerated(\"x()\"))
 g Json
 h String[]
 i String @ignore
}"),
        [
            "Table public.A: id bigint, a boolean, b bytea null, c timestamp(3) without time zone, \
          d numeric(65,30), e double precision, f integer, g jsonb, h text[] null, i text"
        ]
    );
}

#[test]
fn native_types_print_as_postgresql_prints_them() {
    assert_eq!(
        one("model A {
 a String @id @db.Uuid
 b String @db.VarChar(191)
 c String @db.VarChar
 d String @db.Char
 e String @db.Bit(3)
 f String @db.VarBit
 g String? @db.Citext
 h Decimal @db.Decimal( 12, 2 )
 i Decimal @db.Decimal
 j Decimal @db.Money
 k DateTime @db.Timestamptz(6)
 l DateTime @db.Timestamp
 m DateTime @db.Time(0)
 n DateTime @db.Timetz
 o DateTime @db.Date
 p Int @db.SmallInt
 q Int @db.Oid
 r Float @db.Real
 s Json @db.Json
 t Int[] @db.SmallInt
 u Unsupported(\"TSVECTOR\")?
 v Unsupported(\"geography(Point, 4326)\")?
 w Decimal @db.Decimal(8)
}"),
        [
            "Table public.A: a uuid, b character varying(191), c character varying, d character(1), \
          e bit(3), f bit varying, g citext null, h numeric(12,2), i numeric, j money, \
          k timestamp(6) with time zone, l timestamp without time zone, m time(0) without time zone, \
          n time with time zone, o date, p smallint, q oid, r real, s json, t smallint[] null, \
          u tsvector null, v unknown null, w numeric(8,0)"
        ]
    );
}

#[test]
fn names_are_those_of_the_database() {
    assert_eq!(
        one("enum Role {
 ADMIN @map(\"ad min\")
 GUEST // @map
 @@map(\"role\")
}
enum Kind { A }
model User {
 id Int @id @map(\"user_id\")
 role Role @default(GUEST)
 roles Role[]
 kind Kind?
 @@map(\"users\")
}
model Forgotten {
 note String
 @@ignore
}
view Report {
 id Int @unique
 userName String? @map(\"user_name\")
 @@map(\"reports\")
}"),
        [
            "enum public.Kind: A",
            "enum public.role: ad min GUEST",
            "Table public.Forgotten: note text",
            "View public.reports: id integer ?, user_name text ?",
            "Table public.users: user_id integer, role role, roles role[] null, kind \"Kind\" null",
        ]
    );
}

#[test]
fn relations_are_no_columns_and_lists_on_both_sides_make_a_table() {
    let post = "model Post {
 id String @id @db.Uuid
 author User @relation(fields: [authorId], references: [id])
 authorId Int
 tags Tag[]
 fans User[] @relation(/* who */ \"likes\")
}";
    let rest = "model User {
 id Int @id
 posts Post[]
 liked Post[] @relation(name: \"likes\")
 follows User[] @relation(\"follows\")
 followedBy User[] @relation(\"follows\")
}
model Tag {
 name String @id
 posts Post[]
 gone Elsewhere
}";
    assert_eq!(
        lines(&[
            ("base.prisma", HEAD),
            ("post.prisma", post),
            ("rest.prisma", rest)
        ]),
        [
            "Table public.Post: id uuid, authorId integer",
            "Table public.Tag: name text, …",
            "Table public.User: id integer",
            "Table public._PostToTag: A uuid, B text",
            "Table public._follows: A integer, B integer",
            "Table public._likes: A uuid, B integer",
        ]
    );
}

#[test]
fn schemas_hold_what_says_so() {
    let text = "datasource db {
 provider = \"postgresql\"
 schemas = [\"auth\", \"public\", \"empty\"]
}
enum Role { A \n @@schema(\"auth\") }
model User {
 id Int @id
 role Role
 groups Group[]
 @@schema(\"public\")
}
model Group {
 id BigInt @id
 users User[]
 @@map(\"group\")
 @@schema(\"auth\")
}";
    assert_eq!(
        lines(&[("schema.prisma", text)]),
        [
            "enum auth.Role: A",
            "Table auth._GroupToUser: A bigint, B integer",
            "Table auth.group: id bigint",
            "Table public.User: id integer, role auth.\"Role\"",
        ]
    );
}
