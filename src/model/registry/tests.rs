use std::path::PathBuf;

use super::*;
use crate::model::value::{Origin, Text};
use crate::parse::Parsed;
use crate::parse::script::{Script, parse};
use crate::source::{Kind as FileKind, SourceFile, Sources};

const REGISTRY: &str = "products/p/infra/service-registry.ts";

/// A small workspace, read.
struct Workspace {
    sources: Sources,
    parsed: Vec<Parsed<Script>>,
}

impl Workspace {
    fn new(files: &[(&str, &str)]) -> Self {
        let files = files
            .iter()
            .map(|&(path, text)| SourceFile::new(path, FileKind::Registry, text));
        let sources = Sources::new(PathBuf::new(), files.collect(), BTreeMap::default());
        let parsed = sources.files().map(|(_, file)| parse(&file.text)).collect();
        Self { sources, parsed }
    }

    fn scripts(&self) -> Scripts<'_> {
        let parsed = self.sources.files().zip(&self.parsed);
        Scripts {
            sources: &self.sources,
            by_file: parsed.map(|((file, _), it)| (file, &it.facts)).collect(),
        }
    }

    fn all(&self, path: &str) -> Vec<Registry> {
        let file = self.sources.find(path).expect("the file is there");
        recognise(&self.scripts(), file)
    }

    fn only(&self) -> Registry {
        let mut all = self.all(REGISTRY);
        assert_eq!(all.len(), 1, "{all:#?}");
        all.remove(0)
    }

    fn at(&self, place: Place) -> &str {
        self.sources.slice(place)
    }
}

fn one(text: &str) -> (Workspace, Registry) {
    let workspace = Workspace::new(&[(REGISTRY, text)]);
    let registry = workspace.only();
    (workspace, registry)
}

fn keys(registry: &Registry) -> Vec<&str> {
    let entries = registry.entries.iter();
    entries.map(|entry| entry.key.value.as_str()).collect()
}

fn known(field: &Field<Text>) -> &Text {
    match field {
        Field::Known(text) => text,
        other => panic!("{other:?} is no known text"),
    }
}

const PLAIN: &str = r#"// The services of p.
export const serviceRegistry = {
  "catalog-index": {
    hostname: "catalog-index",
    port: 4104,
    database: "catalog_index",
    dockerfile: "modules/domain/catalog-index/Dockerfile",
    routes: ["/api/catalog", `/api/index`],
    layer: "domain" as const,
    label: "Catalog",
    extraEnv: { LOANS_URL: "http://loans:4105", "LOG-LEVEL": "debug" },
    dependsOn: ["loans"],
    needsRedis: true,
  },
  loans: { hostname: "loans", port: 4_105, database: "", dockerfile: "modules/domain/loans/Dockerfile", routes: [], layer: "domain", label: "Loans" },
} as const satisfies Record<string, ServiceDefinition>;
"#;

#[test]
fn every_field_of_a_plain_registry_is_known() {
    let (workspace, registry) = one(PLAIN);
    assert_eq!(registry.name.value, "serviceRegistry");
    assert_eq!(workspace.at(registry.name.place), "serviceRegistry");
    assert_eq!(keys(&registry), ["catalog-index", "loans"]);
    assert!(!registry.is_open());
    let entry = registry.entry("catalog-index").unwrap();
    assert_eq!(workspace.at(entry.key.place), "catalog-index");
    assert!(workspace.at(entry.place).starts_with("{\n    hostname"));
    for (field, value) in [
        (&entry.hostname, "catalog-index"),
        (&entry.database, "catalog_index"),
        (&entry.dockerfile, "modules/domain/catalog-index/Dockerfile"),
        (&entry.layer, "domain"),
        (&entry.label, "Catalog"),
    ] {
        assert_eq!(known(field).value, value);
        assert_eq!(workspace.at(known(field).place()), value);
        assert_eq!(workspace.at(known(field).definition()), value);
    }
    let port = entry.port.known().unwrap();
    assert_eq!((port.value, workspace.at(port.place())), (4104, "4104"));
    let routes = entry.routes.known().unwrap();
    let routes: Vec<_> = routes.texts().map(|it| workspace.at(it.place())).collect();
    assert_eq!(routes, ["/api/catalog", "/api/index"]);
    let environment = entry.extra_env.known().unwrap();
    let url = environment.variable("LOANS_URL").unwrap();
    assert_eq!(workspace.at(url.name.place()), "LOANS_URL");
    let url = known(&url.value);
    assert_eq!(workspace.at(url.part(7..12)), "loans");
    assert_eq!(workspace.at(url.part(13..17)), "4105");
    assert_eq!(environment.variables[1].name.value, "LOG-LEVEL");
    let dependencies = entry.depends_on.known().unwrap();
    assert_eq!(dependencies.texts().next().unwrap().value, "loans");
    assert!(entry.needs_redis.known().unwrap().value);
    assert!(entry.unknowns().is_empty());
    let loans = registry.entry("loans").unwrap();
    assert_eq!(loans.port.known().unwrap().value, 4105);
    assert_eq!(workspace.at(known(&loans.database).place()), "\"\"");
    assert!(loans.extra_env.is_absent() && loans.needs_redis.is_absent());
}

#[test]
fn wrappers_are_looked_through() {
    let entry = r#"{ a: { port: 1, database: "a" } }"#;
    let wrapped = [
        format!("export const r = {entry};"),
        format!("export default {entry};"),
        format!("module.exports = {entry};"),
        format!("export = {entry};"),
        format!("export const r = Object.freeze({entry} as const);"),
        format!(
            "import {{ defineRegistry }} from '@p/x'; export const r = defineRegistry({entry});"
        ),
        format!("export default x.defineRegistry<T>({entry} satisfies X);"),
        format!("const keep = <T>(x: T) => x; export default keep({entry});"),
        format!(
            "function createRegistry<T>(x: T): T {{ return x; }} export const r = createRegistry({entry});"
        ),
        format!("const s = {entry}; export const r = s;"),
        format!("const s = {entry}; export {{ s as r }};"),
        format!("export const r = {{ version: 1, services: {entry} }};"),
        format!("export const r = <X>({entry})!;"),
        format!(
            "export const r = [{}];",
            &entry[2..entry.len() - 2].replace("a: {", "{ name: 'a',")
        ),
    ];
    for text in wrapped {
        let (_, registry) = one(&text);
        assert_eq!(keys(&registry), ["a"], "{text}");
        assert_eq!(known(&registry.entries[0].database).value, "a", "{text}");
        assert!(!registry.is_open(), "{text}");
    }
}

#[test]
fn a_function_that_may_make_anything_leaves_nothing_known() {
    for text in [
        "export const r = createRegistry({ a: { port: 1, database: 'a' } });",
        "const define = (x) => ({ ...x, b: c() }); export const r = define({ a: { port: 1, database: 'a' } });",
        "export const r = new Registry({ a: { port: 1, database: 'a' } });",
    ] {
        let (workspace, registry) = one(text);
        assert_eq!(keys(&registry), ["a"]);
        let entry = &registry.entries[0];
        let why = entry.database.dynamic().unwrap();
        assert!(why.what.starts_with("a call of `"), "{}", why.what);
        assert!(workspace.at(why.place).ends_with(" })"));
        assert_eq!(entry.unknowns(), [(None, why)]);
        assert_eq!(registry.open.iter().collect::<Vec<_>>(), [why]);
    }
}

#[test]
fn a_changed_registry_is_not_known() {
    let (workspace, registry) =
        one("const r = { a: { port: 1, database: 'a' } };\nif (x) { r.b = y; }\nexport default r;");
    let why = registry.entries[0].port.dynamic().unwrap();
    assert_eq!(why.what, "`r`, which is changed after its definition");
    assert_eq!(workspace.at(why.place), "r");
    assert!(registry.is_open());
}

#[test]
fn what_has_another_shape_is_no_registry() {
    for text in [
        "",
        "export const r = {};",
        "export const r = { a: 1, b: 'x' };",
        "export const r = { a: { port: 1 } };",
        "export const r = { a: { database: 'x' } };",
        "export const r = { a: { port: 1, database: 'x' }, b: {}, c: { d: 1 } };",
        "export const db = { database: 'x', port: 5432, hostname: 'h' };",
        "export class Registry { a = { port: 1, database: 'x' } }",
        "export type R = { a: { port: 1, database: 'x' } };",
        "export const r = load({ a: 1 });",
    ] {
        let workspace = Workspace::new(&[(REGISTRY, text)]);
        assert_eq!(workspace.all(REGISTRY), [], "{text}");
    }
}

#[test]
fn entries_may_lack_what_the_shape_wants() {
    let (_, registry) = one("const r = { a: { port: 1, database: 'x' }, b: { hostname: 'b' } };");
    assert_eq!(keys(&registry), ["a", "b"]);
    assert!(registry.entries[1].database.is_absent());
}

#[test]
fn values_of_another_type_are_told() {
    let (workspace, registry) = one(
        "const r = { a: { hostname: 1, port: '4104', database: null, dockerfile: [], routes: '/a', layer: undefined,
          label: true, extraEnv: undefined, dependsOn: { }, needsRedis: 'yes' }, b: { port: 70000, database: 'b', routes: ['/b', 1], extraEnv: { X: 1 } },
          c: { port: 1.5, database: 'c' }, version: 3 };",
    );
    let entry = &registry.entries[0];
    let wrong = |field: &Field<Text>| match field {
        Field::WrongType { origin, found } => (workspace.at(origin.nearest()).to_owned(), *found),
        other => panic!("{other:?}"),
    };
    assert_eq!(wrong(&entry.hostname), ("1".to_owned(), "a number"));
    assert_eq!(
        wrong(&entry.database),
        ("null".to_owned(), "null or undefined")
    );
    assert_eq!(wrong(&entry.dockerfile), ("[]".to_owned(), "a list"));
    assert_eq!(
        wrong(&entry.layer),
        ("undefined".to_owned(), "null or undefined")
    );
    assert_eq!(wrong(&entry.label), ("true".to_owned(), "a boolean"));
    assert!(matches!(
        entry.port,
        Field::WrongType {
            found: "a string",
            ..
        }
    ));
    assert!(matches!(
        entry.routes,
        Field::WrongType {
            found: "a string",
            ..
        }
    ));
    assert!(entry.extra_env.is_absent());
    assert!(matches!(
        entry.depends_on,
        Field::WrongType {
            found: "an object",
            ..
        }
    ));
    assert!(matches!(
        entry.needs_redis,
        Field::WrongType {
            found: "a string",
            ..
        }
    ));
    for entry in &registry.entries[1..] {
        let Field::WrongType { found, .. } = entry.port else {
            panic!()
        };
        assert_eq!(found, "a number out of range");
    }
    let routes = registry.entries[1].routes.known().unwrap();
    assert!(matches!(
        routes.items[1],
        Field::WrongType {
            found: "a number",
            ..
        }
    ));
    let environment = registry.entries[1].extra_env.known().unwrap();
    let variables = environment.variables.iter();
    let values: Vec<_> = variables
        .map(|it| it.value.known().map(|text| text.value.as_str()))
        .collect();
    assert_eq!(values, [Some("1")]);
    assert_eq!(keys(&registry), ["a", "b", "c"]);
    assert_eq!(registry.misplaced[0].key.value, "version");
    assert_eq!(registry.misplaced[0].found, "a number");
}

#[test]
fn a_value_through_constants_keeps_its_way() {
    let (workspace, registry) = one(
        "const NAMES = { catalog: 'catalog_db' } as const;
         const OTHER = NAMES;
         enum Port { Catalog = 4104, Loans }
         const DOMAIN = 'domain';
         export const r = {
           catalog: { port: Port.Catalog, database: NAMES.catalog, layer: DOMAIN, hostname: OTHER['catalog'] },
           loans: { port: Port['Loans'], database: 'loans' },
         };",
    );
    let entry = &registry.entries[0];
    let way = |origin: &Origin| {
        let links = origin.links.iter().map(|&link| workspace.at(link));
        let mut way: Vec<_> = links.collect();
        way.push(workspace.at(origin.written));
        way
    };
    assert_eq!(
        way(&known(&entry.database).origin),
        ["NAMES.catalog", "catalog_db"]
    );
    assert_eq!(
        workspace.at(known(&entry.database).place()),
        "NAMES.catalog"
    );
    assert_eq!(
        workspace.at(known(&entry.database).part(0..7)),
        "NAMES.catalog"
    );
    assert_eq!(
        workspace.at(known(&entry.database).definition_of_part(0..7)),
        "catalog"
    );
    assert_eq!(way(&known(&entry.layer).origin), ["DOMAIN", "domain"]);
    assert_eq!(
        way(&known(&entry.hostname).origin),
        ["OTHER['catalog']", "NAMES", "catalog_db"]
    );
    let port = entry.port.known().unwrap();
    assert_eq!(
        (port.value, way(&port.origin)),
        (4104, vec!["Port.Catalog", "4104"])
    );
    assert_eq!(registry.entries[1].port.known().unwrap().value, 4105);
}

#[test]
fn glued_texts_keep_their_pieces() {
    let (workspace, registry) = one(
        "const PREFIX = 'acme'; const PORT = 4104; const BASE = `http://${PREFIX}`;
         export const r = { a: { port: PORT + 1, database: `${PREFIX}_catalog`, hostname: 'x-' + PREFIX,
           label: `é${PORT}\\n${true}`, dockerfile: BASE, routes: [`${BASE}/x`] } };",
    );
    let entry = &registry.entries[0];
    let database = known(&entry.database);
    assert_eq!(database.value, "acme_catalog");
    assert_eq!(workspace.at(database.place()), "${PREFIX}_catalog");
    assert_eq!(workspace.at(database.part(5..12)), "catalog");
    assert_eq!(workspace.at(database.part(0..4)), "PREFIX");
    assert_eq!(workspace.at(database.definition_of_part(1..4)), "cme");
    assert_eq!(workspace.at(database.part(2..7)), "${PREFIX}_catalog");
    assert_eq!(entry.port.known().unwrap().value, 4105);
    assert_eq!(
        workspace.at(entry.port.known().unwrap().place()),
        "PORT + 1"
    );
    let hostname = known(&entry.hostname);
    assert_eq!(
        (hostname.value.as_str(), workspace.at(hostname.place())),
        ("x-acme", "'x-' + PREFIX")
    );
    assert_eq!(workspace.at(hostname.part(0..1)), "x");
    let label = known(&entry.label);
    assert_eq!(label.value, "é4104\ntrue");
    assert_eq!(workspace.at(label.part(2..6)), "PORT");
    let dockerfile = known(&entry.dockerfile);
    assert_eq!(workspace.at(dockerfile.place()), "BASE");
    assert_eq!(workspace.at(dockerfile.definition()), "http://${PREFIX}");
    let route = entry.routes.known().unwrap().texts().next().unwrap();
    assert_eq!(route.value, "http://acme/x");
    assert_eq!(workspace.at(route.part(7..11)), "BASE");
    assert_eq!(workspace.at(route.definition_of_part(7..11)), "acme");
}

#[test]
fn spreads_bring_values_in_and_later_ones_win() {
    let (workspace, registry) = one(
        "const defaults = { layer: 'domain', port: 1, routes: ['/d'], extraEnv: { A: 'a' } };
         const base = { ...defaults, label: 'l' };
         export const r = { a: { ...base, port: 2, database: 'a' }, b: { port: 3, ...defaults, database: 'b' },
           c: { port: 4, database: 'c', routes: [...defaults.routes, '/c'], extraEnv: { ...defaults.extraEnv, B: 'b' }, ...undefined, ...null } };",
    );
    let [a, b, c] = &registry.entries[..] else {
        panic!()
    };
    assert_eq!(a.port.known().unwrap().value, 2);
    let layer = known(&a.layer);
    assert_eq!(workspace.at(layer.place()), "base");
    assert_eq!(layer.origin.links.len(), 2);
    assert_eq!(workspace.at(layer.definition()), "domain");
    assert_eq!(b.port.known().unwrap().value, 1);
    assert_eq!(workspace.at(b.port.known().unwrap().place()), "defaults");
    let route = b.routes.known().unwrap().texts().next().unwrap();
    assert_eq!(workspace.at(route.place()), "defaults");
    let variable = &b.extra_env.known().unwrap().variables[0];
    assert_eq!(workspace.at(variable.name.place()), "defaults");
    assert_eq!(workspace.at(variable.name.definition()), "A");
    let routes: Vec<_> = c.routes.known().unwrap().texts().collect();
    assert_eq!([&routes[0].value, &routes[1].value], ["/d", "/c"]);
    assert_eq!(workspace.at(routes[0].place()), "defaults.routes");
    let environment = c.extra_env.known().unwrap();
    assert_eq!(
        workspace.at(environment.variable("A").unwrap().name.place()),
        "A"
    );
    assert_eq!(
        workspace.at(known(&environment.variable("A").unwrap().value).place()),
        "defaults.extraEnv"
    );
    assert!(c.unknowns().is_empty());
}

#[test]
fn keys_may_be_computed_and_defaults_taken() {
    let (workspace, registry) = one(
        "const KEYS = { a: 'alpha' }; const o = { p: undefined };
         export const r = { [KEYS.a]: { port: o.p ?? 7, database: '' || 'x', hostname: o.q ?? 'h' }, ['be' + 'ta']: { port: 1, database: 'b' } };",
    );
    assert_eq!(keys(&registry), ["alpha", "beta"]);
    assert_eq!(workspace.at(registry.entries[0].key.place), "KEYS.a");
    assert_eq!(registry.entries[0].port.known().unwrap().value, 7);
    assert_eq!(known(&registry.entries[0].database).value, "x");
    assert_eq!(
        workspace.at(known(&registry.entries[0].hostname).place()),
        "h"
    );
}

#[test]
fn what_is_dynamic_says_what_and_where() {
    let text = "import { rest, port } from '@acme/x';
         const later = load();
         export const r = {
           a: { port: loadPort(), database: process.env.DB!, hostname: x ? 'a' : 'b', label: later, layer: other.layer, dockerfile: port, routes: ['/a', f()], extraEnv: { [k]: 'x', A: g() }, dependsOn: [...rest] },
           b: makeService({ port: 1, database: 'b' }),
           c: { ...rest, port: 1, database: 'c' },
           d: { port: 1, database: 'd', ...unknown },
         };";
    let (workspace, registry) = one(text);
    let said = |dynamic: &Dynamic| (workspace.at(dynamic.place).to_owned(), dynamic.what.clone());
    let expect = |dynamic: Option<&Dynamic>, place: &str, what: &str| {
        assert_eq!(said(dynamic.unwrap()), (place.to_owned(), what.to_owned()));
    };
    let [a, b, c, d] = &registry.entries[..] else {
        panic!()
    };
    expect(a.port.dynamic(), "loadPort()", "a call of `loadPort`");
    expect(
        a.database.dynamic(),
        "process.env.DB",
        "`process.env.DB`, which is known only at run time",
    );
    expect(
        a.hostname.dynamic(),
        "x ? 'a' : 'b'",
        "a conditional expression",
    );
    expect(a.label.dynamic(), "load()", "a call of `load`");
    expect(
        a.layer.dynamic(),
        "other.layer",
        "`other.layer`, which is not known here",
    );
    expect(
        a.dockerfile.dynamic(),
        "@acme/x",
        "an import of `@acme/x`, which is not a relative path",
    );
    let routes = a.routes.known().unwrap();
    assert_eq!(routes.texts().count(), 1);
    expect(routes.items[1].dynamic(), "f()", "a call of `f`");
    let environment = a.extra_env.known().unwrap();
    expect(
        environment.variables[0].value.dynamic(),
        "g()",
        "a call of `g`",
    );
    expect(
        environment.open.first(),
        "k",
        "a key `[k]`, which is not known here",
    );
    assert_eq!(a.unknowns().len(), 8);
    expect(
        b.dynamic.first(),
        "makeService({ port: 1, database: 'b' })",
        "a call of `makeService`",
    );
    assert_eq!(b.unknowns().len(), 1);
    expect(
        c.layer.dynamic(),
        "@acme/x",
        "an import of `@acme/x`, which is not a relative path",
    );
    assert_eq!((c.port.known().unwrap().value, c.unknowns().len()), (1, 1));
    expect(
        d.port.dynamic(),
        "unknown",
        "a spread of `unknown`, which is not known here",
    );
    assert_eq!(d.unknowns().len(), 1);
    assert!(!registry.is_open());
}

#[test]
fn dynamic_keys_and_spreads_open_the_registry() {
    let (_, registry) = one(
        "const r = { a: { port: 1, database: 'a' }, [k()]: { port: 2, database: 'b' }, ...more() };",
    );
    assert_eq!(keys(&registry), ["a"]);
    assert_eq!(known(&registry.entries[0].database).value, "a");
    let open: Vec<_> = registry.open.iter().map(|it| it.what.as_str()).collect();
    assert_eq!(
        open,
        [
            "a key `[k()]`, which is not known here",
            "a spread of `more()`, which is not known here"
        ]
    );
    let (_, list) = one(
        "const r = [{ name: 'a', port: 1, database: 'a' }, { port: 2, database: 'b' }, f(), ...g, 3];",
    );
    assert_eq!(list.open.len(), 3);
    assert_eq!(list.misplaced.len(), 1);
}

#[test]
fn lists_name_their_entries() {
    for (item, name) in [
        ("key: 'a', name: 'b'", "a"),
        ("name: 'A b', id: 'a'", "a"),
        ("id: 1, name: 'a'", "a"),
        ("name: 'A b'", "A b"),
        ("hostname: 'a'", "a"),
    ] {
        let (_, registry) = one(&format!(
            "const r = [{{ {item}, port: 1, database: 'a' }}];"
        ));
        assert_eq!(keys(&registry), [name]);
    }
}

#[test]
fn groups_of_services_are_one_registry() {
    let (_, registry) = one(
        "export const r = { platform: { a: { port: 1, database: 'a' } }, domain: { b: { port: 2, database: 'b' } }, version: 1 };",
    );
    assert_eq!(keys(&registry), ["a", "b"]);
}

#[test]
fn a_registry_that_spreads_others_is_the_only_one() {
    let (workspace, registry) = one("const platform = { a: { port: 1, database: 'a' } };
         const domain = { b: { port: 2, database: 'b' }, c: { port: 3, database: 'c' } };
         export const registry = { ...platform, ...domain, b: { port: 4, database: 'b' } };
         export const some = { a: registry.a };
         export const list = [registry.a, registry.c];
         export const all = Object.values(registry), ports = { a: portOf(registry.a), b: portOf(registry.b) };
         export default registry;");
    assert_eq!(registry.name.value, "registry");
    assert_eq!(keys(&registry), ["a", "b", "c"]);
    assert_eq!(registry.entries[1].port.known().unwrap().value, 4);
    assert_eq!(workspace.at(registry.entries[2].key.place), "c");
    assert_eq!(registry.includes.len(), 2);
    assert!(registry.repeated.is_empty());
}

#[test]
fn two_registries_of_a_file_are_two() {
    let workspace = Workspace::new(&[(
        REGISTRY,
        "export const p = { a: { port: 1, database: 'a' } }; export const q = { a: { port: 1, database: 'a' } };",
    )]);
    let all = workspace.all(REGISTRY);
    assert_eq!(all.len(), 2);
    assert!(!all[0].takes_in(&all[1]) && !all[1].takes_in(&all[0]));
}

#[test]
fn a_key_that_is_written_twice_is_told() {
    let (workspace, registry) =
        one("const r = { a: { port: 1, database: 'a' }, a: { port: 2, database: 'b' } };");
    assert_eq!(keys(&registry), ["a"]);
    assert!(registry.is_open() && registry.entries[0].port.known().is_none());
    assert_eq!(registry.repeated[0].value, "a");
    let text = workspace.at(registry.place);
    let start = registry.repeated[0].place.span.start - registry.place.span.start;
    assert_eq!(text.find('a').unwrap(), start as usize);
}

const OTHERS: [(&str, &str); 5] = [
    (
        "products/p/infra/ports.ts",
        "export enum Ports { a = 1 }\nexport const B = 2;\nexport default { c: 3 };\nexport { D as E } from './more';\nexport * from './all.js';",
    ),
    ("products/p/infra/more.mts", "const D = 4; export { D };"),
    (
        "products/p/infra/all.ts",
        "export const F = 6; export * from './ports'; export * as ns from './more.mjs';",
    ),
    (
        "products/p/infra/common.cjs",
        "const g = 7; module.exports = { g, h: { i: 8 } };",
    ),
    (
        "products/p/infra/services/index.ts",
        "import { B } from '../ports';\nexport const loans = { port: B, database: 'loans' };",
    ),
];

#[test]
fn constants_come_from_other_files() {
    let text = "import { Ports, B, E, F as renamed, ns } from './ports';
        import rest, * as all from './ports';
        import { g } from './common.cjs';
        import common from './common.cjs';
        const { h } = require('./common.cjs'), whole = require('./common.cjs');
        import { loans } from './services';
        import missing from './missing'; import { nope } from './ports'; import pkg from 'pkg';
        export const r = { loans };
        export const ports = [Ports.a, B, rest.c, E, all.B, all.Ports.a, renamed, ns.D, g, common.h.i, h.i, whole.g, all['E']];
        export const bad = [missing, nope, pkg, all.nope];";
    let mut files = OTHERS.to_vec();
    files.push((REGISTRY, text));
    let workspace = Workspace::new(&files);
    let registry = workspace.only();
    let entry = &registry.entries[0];
    assert_eq!(workspace.at(registry.place), "{ loans }");
    assert_eq!(workspace.at(entry.key.place), "loans");
    assert_eq!(workspace.at(known(&entry.database).place()), "loans");
    let port = entry.port.known().unwrap();
    assert_eq!(
        (workspace.at(port.place()), workspace.at(port.definition())),
        ("B", "2")
    );
    assert_ne!(entry.place.file, registry.file);
    let scripts = workspace.scripts();
    let mut evaluator = Evaluator::new(&scripts, registry.file);
    let ports = evaluator.export(registry.file, "ports").unwrap();
    let Kind::Array(ports) = ports.kind else {
        panic!()
    };
    let ports: Vec<_> = ports
        .items
        .iter()
        .flatten()
        .map(|it| match &it.kind {
            Kind::Number(number) => number.to_string(),
            Kind::Dynamic(cause) => cause.dynamic.what.clone(),
            _ => "?".to_owned(),
        })
        .collect();
    assert_eq!(
        ports,
        [
            "1", "2", "3", "4", "2", "1", "6", "4", "7", "8", "8", "7", "4"
        ]
    );
    let bad = evaluator.export(registry.file, "bad").unwrap();
    let Kind::Array(bad) = bad.kind else { panic!() };
    let bad: Vec<_> = bad
        .items
        .iter()
        .flatten()
        .map(|it| match &it.kind {
            Kind::Dynamic(cause) => (
                workspace.at(cause.dynamic.place),
                cause.dynamic.what.as_str(),
            ),
            _ => ("?", "?"),
        })
        .collect();
    assert_eq!(
        bad,
        [
            (
                "./missing",
                "an import of `./missing`, which is not in this workspace"
            ),
            ("./ports", "`nope`, which `./ports` does not export"),
            ("pkg", "an import of `pkg`, which is not a relative path"),
            ("./ports", "`nope`, which `./ports` does not export"),
        ]
    );
}

#[test]
fn a_registry_may_be_made_elsewhere() {
    let services = (
        "products/p/infra/services.ts",
        "export const services = { a: { port: 1, database: 'a' } };",
    );
    for text in [
        "import { services } from './services'; export const r = defineRegistry(services);",
        "export { services } from './services';",
        "export * from './services';",
        "import { services } from './services'; export default { services };",
    ] {
        let workspace = Workspace::new(&[services, (REGISTRY, text)]);
        let registry = workspace.only();
        assert_eq!(keys(&registry), ["a"], "{text}");
        let other = workspace.all(services.0);
        assert!(registry.takes_in(&other[0]), "{text}");
    }
    let derived =
        "import { services } from './services'; export const all = Object.values(services);";
    let workspace = Workspace::new(&[services, (REGISTRY, derived)]);
    assert_eq!(workspace.all(REGISTRY), []);
    let made = "import { services } from './services'; export const r = createRegistry(services);";
    let workspace = Workspace::new(&[services, (REGISTRY, made)]);
    assert!(workspace.only().entries[0].port.dynamic().is_some());
    let spread = "import { services } from './services'; export default { ...services };";
    let workspace = Workspace::new(&[services, (REGISTRY, spread)]);
    let (registry, other) = (workspace.only(), workspace.all(services.0));
    assert!(registry.takes_in(&other[0]) && !other[0].takes_in(&registry));
}

#[test]
fn circles_end() {
    let text = "import { x } from './other'; const a = b; const b = a; const c = `${c}`; const d = { ...d };
        export const y = x;
        export const r = { s: { port: a, database: c, hostname: x, ...d } };";
    let other = (
        "products/p/infra/other.ts",
        "export { y as x } from './service-registry'; export * from './other';",
    );
    let workspace = Workspace::new(&[other, (REGISTRY, text)]);
    let registry = workspace.only();
    let entry = &registry.entries[0];
    assert!(entry.port.dynamic().is_some() && entry.database.dynamic().is_some());
    assert!(
        entry.dynamic[0].what.contains("defined by itself"),
        "{:?}",
        entry.dynamic
    );
}

#[test]
fn growing_constants_are_bounded() {
    use std::fmt::Write as _;
    let mut text = String::from(
        "export const r = { a: { port: 1, database: s10 }, b: { port: 1, database: s399, routes: l399, extraEnv: o399, dependsOn: p399 } };\nconst s0 = 'x'; const l0 = ['x']; const o0 = { a: 1 }; const p0 = [1];\n",
    );
    for n in 1..400 {
        let m = n - 1;
        let _ = writeln!(
            text,
            "const s{n} = s{m} + s{m}; const l{n} = [...l{m}, ...l{m}]; const o{n} = {{ ...o{m}, b{n}: o{m} }}; const p{n} = [p{m}, p{m}];"
        );
    }
    let (_, registry) = one(&text);
    assert!(registry.entries[1].database.dynamic().is_some());
    assert_eq!(known(&registry.entries[0].database).value.len(), 1024);
}

#[test]
fn long_chains_and_many_entries_are_bounded() {
    use std::fmt::Write as _;
    let mut text = String::from("const c0 = 'x';\n");
    for n in 1..4_000 {
        let _ = writeln!(text, "const c{n} = c{};", n - 1);
    }
    for n in 1..4_000 {
        let m = n - 1;
        let _ = writeln!(text, "const l{n} = [l{m}], o{n} = {{ o: o{m} }};");
    }
    text.push_str("const env = { ");
    for n in 0..2_000 {
        let _ = write!(text, "V{n}: 'x', ");
    }
    text.push_str("};\nexport const r = {\n");
    for n in 0..1_000 {
        let _ = writeln!(
            text,
            "  's-{n}': {{ port: {}, database: 's_{n}', routes: ['/{n}'], extraEnv: env, label: c3999 }},",
            n + 1
        );
    }
    text.push_str("};\n");
    let (_, registry) = one(&text);
    assert_eq!(registry.entries.len(), 1_000);
    assert_eq!(known(&registry.entries[999].database).value, "s_999");
}

#[test]
fn many_registries_of_one_file_are_read_in_time() {
    use std::fmt::Write as _;
    let mut text = String::from("const e = { port: 1, database: 'a' };\n");
    for n in 0..2_000 {
        let _ = writeln!(
            text,
            "const r{n} = {{ a: e, b: {{ port: 1, database: 'b' }} }};"
        );
    }
    let workspace = Workspace::new(&[(REGISTRY, &text)]);
    assert_eq!(workspace.all(REGISTRY).len(), 2_000);
}

#[test]
fn a_syntax_error_leaves_what_can_be_read() {
    let (_, registry) =
        one("export const r = {\n a: { port: 1, database: 'a' },\n b: { port: 2, database: 'b");
    assert_eq!(keys(&registry), ["a", "b"]);
    assert_eq!(known(&registry.entries[0].database).value, "a");
    assert!(registry.entries[0].layer.is_absent());
    let b = &registry.entries[1];
    assert_eq!(b.port.known().unwrap().value, 2);
    assert!(b.database.dynamic().unwrap().broken);
    assert!(b.layer.dynamic().unwrap().broken);
    assert!(registry.open.iter().all(|it| it.broken) && registry.is_open());
}

#[test]
fn other_encodings_of_a_text_keep_their_spans() {
    let text = "\u{feff}// ü\r\nexport const r = {\r\n  é: { port: 1, database: 'größe\\u0041b', hostname: 'ö-host' },\r\n};\r\n";
    let (workspace, registry) = one(text);
    let entry = &registry.entries[0];
    assert_eq!(workspace.at(entry.key.place), "é");
    assert_eq!(known(&entry.database).value, "größeAb");
    assert_eq!(
        workspace.at(known(&entry.database).part(0..2)),
        "größe\\u0041b"
    );
    assert_eq!(workspace.at(known(&entry.hostname).part(3..7)), "host");
}
