use super::*;

fn facts(text: &str) -> ComposeFile {
    let parsed = parse(text);
    assert_eq!(parsed.problems, [], "{text}");
    parsed.facts
}

/// The service `web`, whose settings are `body`.
fn web(body: &str) -> (String, Service) {
    let body = body.replace('\n', "\n    ");
    let text = format!("services:\n  web:\n    {body}\n");
    let service = facts(&text).services.remove(0);
    (text, service)
}

fn slice(text: &str, span: Span) -> &str {
    &text[span.range()]
}

/// The texts, each of which must be what stands at its span.
fn texts<'a>(text: &str, all: impl IntoIterator<Item = &'a Written>) -> Vec<String> {
    let checked = |written: &Written| {
        assert_eq!(slice(text, written.text.span), written.text.value);
        written.text.value.clone()
    };
    all.into_iter().map(checked).collect()
}

/// `NAME=value`, or `NAME` where there is no value, with the aliases on the way to the value.
fn show(text: &str, entry: &EnvEntry) -> String {
    assert_eq!(slice(text, entry.name.span), entry.name.value);
    let name = &entry.name.value;
    let Some(value) = &entry.value else {
        return name.clone();
    };
    let via: Vec<_> = value.via.iter().map(|&alias| slice(text, alias)).collect();
    format!("{name}={} {}", value.text.value, via.join(" "))
        .trim_end()
        .to_owned()
}

fn environment(text: &str, service: &Service) -> Vec<String> {
    let entries = &service.environment.as_ref().unwrap().entries;
    entries.iter().map(|entry| show(text, entry)).collect()
}

#[test]
fn environment_is_a_map_or_a_list() {
    let cases: [(&str, &[&str]); 9] = [
        (
            "{A: x, B: 'y z', C: '', D:, E: null}",
            &["A=x", "B=y z", "C=", "D", "E"],
        ),
        ("\n  A: yes\n  B: ${X:-1}\n", &["A=yes", "B=${X:-1}"]),
        ("[A=x, 'B=y=z', C=, D]", &["A=x", "B=y=z", "C=", "D"]),
        ("\n- A=1\n- B\n- A=2 \n", &["B", "A=2"]),
        ("[\"A=b\\tc\", 'É=ü']", &["A=b\tc", "É=ü"]),
        ("[A: x, [y], =z, '']", &[]),
        ("{A: [x], B: {c: d}, C: x}", &["C=x"]),
        ("{A: !reset null, B: !override x}", &["B=x"]),
        ("", &[]),
    ];
    for (written, expected) in cases {
        let (text, service) = web(&format!("environment: {written}"));
        assert_eq!(environment(&text, &service), expected, "{written}");
        let key = service.environment.and_then(|env| env.key).unwrap();
        assert_eq!(slice(&text, key), "environment");
    }
    for wrong in ["5", "x", "!reset [A=1]"] {
        let (_, service) = web(&format!("environment: {wrong}"));
        assert!(service.environment.is_none(), "{wrong}");
    }
}

#[test]
fn the_list_form_has_the_span_of_the_part_behind_the_equals_sign() {
    let (text, service) = web(r#"environment: [A=b=c, "É=ü", 'C=', "D=\n"]"#);
    let entries = service.environment.unwrap().entries;
    let span = |entry: &EnvEntry| entry.value.as_ref().unwrap().text.span;
    let parts: Vec<_> = entries
        .iter()
        .map(|entry| slice(&text, span(entry)))
        .collect();
    assert_eq!(parts, ["b=c", "ü", "", r"\n"]);
}

#[test]
fn numbers_and_booleans_reach_the_container_as_go_prints_them() {
    let cases = [
        ("5432", "5432"),
        ("1.10", "1.1"),
        ("3.0", "3"),
        ("010", "8"),
        ("08", "8"),
        ("0x1F", "31"),
        ("0b11", "3"),
        ("-0o17", "-15"),
        ("1_000", "1000"),
        ("+5", "5"),
        (".5", "0.5"),
        ("1e3", "1000"),
        ("1234567.5", "1.2345675e+06"),
        ("0.00001", "1e-05"),
        ("99999999999999999999", "1e+20"),
        ("True", "true"),
        ("FALSE", "false"),
        ("yes", "yes"),
        ("1.2.3", "1.2.3"),
        ("2024-01-01", "2024-01-01"),
        ("_1", "_1"),
        ("+", "+"),
        ("+-1", "+-1"),
        ("0x", "0x"),
        ("infinity", "infinity"),
        ("'010'", "010"),
        ("!!str 1.10", "1.10"),
    ];
    for (written, meant) in cases {
        let (_, service) = web(&format!("environment: {{A: {written}}}"));
        let value = service.environment.unwrap().entries.remove(0).value;
        assert_eq!(value.unwrap().text.value, meant, "{written}");
    }
    let (_, service) = web("container_name: 1.10\nenvironment: [A=1.10]");
    assert_eq!(service.container_name.unwrap().text.value, "1.10");
    let value = service.environment.unwrap().entries.remove(0).value;
    assert_eq!(value.unwrap().text.value, "1.10");
}

#[test]
fn a_value_knows_the_aliases_between_it_and_the_service() {
    let anchors = "x-url: &url u\nx-env: &env {A: 1, U: *url}\n\
                   x-base: &base\n  environment: *env\n";
    let cases: [(&str, &[&str], bool); 7] = [
        ("{environment: {A: 1}}", &["A=1"], true),
        ("{environment: *env}", &["A=1 *env", "U=u *env *url"], true),
        ("{environment: {U: *url}}", &["U=u *url"], true),
        (
            "{environment: {<<: *env, A: 2}}",
            &["U=u *env *url", "A=2"],
            true,
        ),
        ("{environment: [*url]}", &["u"], true),
        (
            "{<<: *base}",
            &["A=1 *base *env", "U=u *base *env *url"],
            false,
        ),
        ("*base", &["A=1 *base *env", "U=u *base *env *url"], false),
    ];
    for (body, expected, has_own_key) in cases {
        for services in [
            format!("services:\n  web: {body}\n"),
            format!("x-all: &all\n  web: {body}\nservices: *all\n"),
            format!("x-all: &all\n  web: {body}\nservices: {{<<: *all}}\n"),
        ] {
            let text = format!("{anchors}{services}");
            let service = facts(&text).services.remove(0);
            assert_eq!(slice(&text, service.key.span), "web");
            assert_eq!(environment(&text, &service), expected, "{services}");
            let key = service.environment.and_then(|env| env.key);
            assert_eq!(key.is_some(), has_own_key, "{services}");
        }
    }
}

#[test]
fn keys_of_lists_are_given_where_the_service_holds_them() {
    let lists = "depends_on: [db]\nports: [80]\nnetworks: [n]\nvolumes: [v:/v]";
    let keys = |service: &Service| {
        [
            service.depends_on_key,
            service.ports_key,
            service.networks_key,
            service.volumes_key,
        ]
    };
    let (text, service) = web(lists);
    let own = keys(&service).map(|key| slice(&text, key.unwrap()).to_owned());
    assert_eq!(own, ["depends_on", "ports", "networks", "volumes"]);
    let merged = "x-b: &b {depends_on: [db], ports: [80], networks: [n], volumes: [v:/v]}\n\
                  services: {web: {<<: *b}}\n";
    let service = facts(merged).services.remove(0);
    assert_eq!(keys(&service), [None; 4]);
    assert_eq!(service.ports.len(), 1);
}

#[test]
fn plain_settings_are_read() {
    let (text, service) = web(
        "image: \"postgres:16\"\ncontainer_name: c\nhostname: h\nnetwork_mode: host\n\
         expose: [3000, '3001']\nlinks: [db:database]\nexternal_links: [x]\nprofiles: [a, b]\n\
         x-image: y",
    );
    assert_eq!(texts(&text, &service.image), ["postgres:16"]);
    assert_eq!(texts(&text, &service.container_name), ["c"]);
    assert_eq!(texts(&text, &service.hostname), ["h"]);
    assert_eq!(texts(&text, &service.network_mode), ["host"]);
    assert_eq!(texts(&text, &service.expose), ["3000", "3001"]);
    assert_eq!(texts(&text, &service.links), ["db:database"]);
    assert_eq!(texts(&text, &service.profiles), ["a", "b"]);
}

#[test]
fn build_is_a_folder_or_a_map() {
    let (text, service) = web("build: ./web");
    let build = service.build.unwrap();
    assert_eq!(slice(&text, build.key), "build");
    assert_eq!(texts(&text, &build.context), ["./web"]);

    for args in ["{N: x, M: , V: 1.0}", "[N=x, M, V=1]"] {
        let (text, service) = web(&format!(
            "build:\n  context: ..\n  dockerfile: D\n  target: t\n  args: {args}"
        ));
        let build = service.build.unwrap();
        assert_eq!(texts(&text, &build.context), [".."]);
        assert_eq!(texts(&text, &build.dockerfile), ["D"]);
        assert_eq!(texts(&text, &build.target), ["t"]);
        let args: Vec<_> = build.args.iter().map(|entry| show(&text, entry)).collect();
        assert_eq!(args, ["N=x", "M", "V=1"]);
    }

    let (_, service) = web("build:\n  dockerfile_inline: |\n    FROM a\n    RUN b");
    let inline = service.build.unwrap().dockerfile_inline.unwrap();
    assert_eq!(inline.text.value, "FROM a\nRUN b\n");
    for nothing in ["", "[x]", "!reset {context: x}"] {
        assert!(web(&format!("build: {nothing}")).1.build.is_none());
    }
}

#[test]
fn env_files_have_three_forms() {
    let cases: [(&str, &[&str]); 5] = [
        ("a.env", &["a.env"]),
        ("[a.env, b.env]", &["a.env", "b.env"]),
        ("[{path: a.env, required: false}]", &["a.env"]),
        ("[{path: a.env, format: raw}, {required: true}]", &["a.env"]),
        ("", &[]),
    ];
    for (file, expected) in cases {
        let (text, service) = web(&format!("env_file: {file}"));
        assert_eq!(texts(&text, &service.env_files), expected, "{file}");
    }
}

#[test]
fn depends_on_is_a_list_or_a_map() {
    let cases = [
        ("[db]", "db  true"),
        (
            "\n  db:\n    condition: service_healthy",
            "db service_healthy true",
        ),
        ("{db: {required: false}}", "db  false"),
        ("{db: }", "db  true"),
    ];
    for (written, expected) in cases {
        let (text, service) = web(&format!("depends_on: {written}"));
        let [entry] = &service.depends_on[..] else {
            panic!("{written}");
        };
        let condition = texts(&text, &entry.condition).concat();
        let shown = format!(
            "{} {condition} {}",
            entry.service.text.value, entry.required
        );
        assert_eq!(shown, expected);
        assert_eq!(slice(&text, entry.service.text.span), "db");
    }
}

#[test]
fn ports_and_volumes_are_short_or_long() {
    let (text, service) = web(
        "ports: ['5433:5432', 3000, {target: 80, published: '8080', host_ip: 127.0.0.1, \
         protocol: udp, mode: host}, ~]\n\
         volumes: ['./a:/b:ro', {type: bind, source: ./c, target: /d}, []]",
    );
    let ports = service.ports.iter().map(|port| match port {
        Port::Short(written) => texts(&text, [written]),
        Port::Long {
            target,
            published,
            host_ip,
            protocol,
        } => texts(
            &text,
            [target, published, host_ip, protocol].into_iter().flatten(),
        ),
    });
    let expected = "5433:5432 | 3000 | 80 8080 127.0.0.1 udp";
    assert_eq!(
        ports
            .map(|port| port.join(" "))
            .collect::<Vec<_>>()
            .join(" | "),
        expected
    );
    let volumes = service.volumes.iter().map(|volume| match volume {
        Volume::Short(written) => texts(&text, [written]),
        Volume::Long {
            kind,
            source,
            target,
        } => texts(&text, [kind, source, target].into_iter().flatten()),
    });
    let expected = "./a:/b:ro | bind ./c /d";
    let volumes: Vec<_> = volumes.map(|volume| volume.join(" ")).collect();
    assert_eq!(volumes.join(" | "), expected);
}

#[test]
fn networks_are_a_list_or_a_map_with_aliases() {
    for (written, expected) in [
        ("[a, b]", "a: b:"),
        ("{a: , b: {aliases: [x, y], priority: 1}}", "a: b:x,y"),
        ("[]", ""),
    ] {
        let (text, service) = web(&format!("networks: {written}"));
        let shown = service.networks.iter().map(|network| {
            let name = texts(&text, [&network.name]).concat();
            let aliases = texts(&text, &network.aliases).join(",");
            format!("{name}:{aliases}")
        });
        assert_eq!(shown.collect::<Vec<_>>().join(" "), expected);
    }
}

#[test]
fn extends_names_a_service_here_or_elsewhere() {
    for (written, file, service) in [
        ("base", None, Some("base")),
        ("{service: base}", None, Some("base")),
        (
            "{file: ../c.yml, service: base}",
            Some("../c.yml"),
            Some("base"),
        ),
    ] {
        let (_, facts) = web(&format!("extends: {written}"));
        let extends = facts.extends.unwrap();
        let value = |written: &Option<Written>| written.as_ref().map(|w| w.text.value.clone());
        assert_eq!(value(&extends.file).as_deref(), file);
        assert_eq!(value(&extends.service).as_deref(), service);
    }
}

#[test]
fn commands_are_one_line_or_words() {
    let (text, service) =
        web("entrypoint: []\ncommand: npm run start\nhealthcheck: {test: [CMD, pg_isready]}");
    let commands = service.commands.iter().map(|command| {
        assert_eq!(slice(&text, command.key.span), command.key.value);
        format!(
            "{}={}",
            command.key.value,
            texts(&text, &command.words).join("|")
        )
    });
    let expected = [
        "entrypoint=",
        "command=npm run start",
        "healthcheck=CMD|pg_isready",
    ];
    assert_eq!(commands.collect::<Vec<_>>(), expected);
    assert!(web("command: ").1.commands.is_empty());
}

#[test]
fn a_healthcheck_counts_unless_it_is_disabled() {
    let cases = [
        ("{test: curl x}", true, false),
        ("{interval: 5s}", true, false),
        ("{test: NONE}", true, false),
        ("{test: [NONE]}", false, true),
        ("{disable: true, test: curl x}", false, true),
        ("{disable: 'yes'}", false, true),
        ("", false, false),
        ("!reset {test: curl x}", false, false),
    ];
    for (written, has, has_disabled) in cases {
        let (_, service) = web(&format!("healthcheck: {written}"));
        assert_eq!(service.has_healthcheck, has, "{written}");
        assert_eq!(service.has_disabled_healthcheck, has_disabled, "{written}");
    }
}

#[test]
fn the_top_level_declares_networks_and_volumes() {
    let text = "name: athenaeum\nnetworks:\n  a:\n  b: {external: true, name: real-b}\n  \
                c: {external: {name: real-c}}\n  d: {external: 'no', driver: bridge}\n\
                volumes: {data: {name: x}}\nx-networks: {z: }\n";
    let facts = facts(text);
    assert_eq!(texts(text, &facts.name), ["athenaeum"]);
    let shown = |declared: &Declared| {
        assert_eq!(slice(text, declared.name.span), declared.name.value);
        let real_name = texts(text, &declared.real_name).concat();
        format!("{} {} {real_name}", declared.name.value, declared.external)
    };
    let networks: Vec<_> = facts.networks.iter().map(shown).collect();
    assert_eq!(
        networks,
        ["a false ", "b true real-b", "c true real-c", "d false "]
    );
    let volumes: Vec<_> = facts.volumes.iter().map(shown).collect();
    assert_eq!(volumes, ["data false x"]);
}

#[test]
fn include_has_every_form() {
    for (written, expected) in [
        ("a.yml", "a.yml"),
        ("[a.yml, b.yml]", "a.yml | b.yml"),
        ("{path: a.yml}", "a.yml"),
        ("[{path: a.yml, env_file: x}, b.yml]", "a.yml x | b.yml"),
        (
            "[{path: [a.yml, b.yml], project_directory: .., env_file: [x, y]}]",
            "a.yml b.yml .. x y",
        ),
        ("[{}]", ""),
    ] {
        let text = format!("include: {written}\n");
        let facts = facts(&text);
        let included = facts.include.iter().map(|include| {
            let files = include.paths.iter().chain(&include.project_directory);
            texts(&text, files.chain(&include.env_files)).join(" ")
        });
        assert_eq!(included.collect::<Vec<_>>().join(" | "), expected);
    }
}

#[test]
fn what_an_override_file_replaces_is_noted() {
    let text = "services:\n  web:\n    ports: !reset []\n    volumes: !override [a:/a]\n    \
                environment: {A: !reset null}\n  db: !reset null\n  null-service:\n\
                networks: !reset {a: }\n";
    let facts = facts(text);
    let replaced = facts.replaced.iter().map(|replaced| {
        assert_eq!(slice(text, replaced.tag.span), replaced.tag.value);
        format!("{} {}", replaced.tag.value, replaced.path.join("."))
    });
    let expected = [
        "!reset services.web.ports",
        "!override services.web.volumes",
        "!reset services.web.environment.A",
        "!reset services.db",
        "!reset networks",
    ];
    assert_eq!(replaced.collect::<Vec<_>>(), expected);
    let keys: Vec<_> = facts
        .services
        .iter()
        .map(|s| s.key.value.as_str())
        .collect();
    assert_eq!(keys, ["web", "null-service"]);
    let web = &facts.services[0];
    assert_eq!((web.ports.len(), web.ports_key), (0, None));
    assert_eq!(web.volumes.len(), 1);
    assert!(facts.networks.is_empty());
}

#[test]
fn problems_stand_at_what_compose_refuses() {
    let no_map = "a compose file is a map, and this is none";
    let cases = [
        ("- a\n- b\n", "-", no_map),
        ("hello", "hello", no_map),
        ("!!str", "!!str", no_map),
        ("services: [web]", "services", "`services` is not a map"),
        (
            "services: {web: x}",
            "web",
            "the service `web` is not a map",
        ),
        (
            "services: {web: {}, web: {}}",
            "web",
            "the key `web` stands here twice",
        ),
        ("services:\n\tweb: x", "\t", "a tab indents this line"),
        (
            "services: {web: *w}",
            "*w",
            "`*w` refers to no anchor above it",
        ),
    ];
    for (text, place, message) in cases {
        let problems = parse(text).problems;
        let [problem] = &problems[..] else {
            panic!("{text}: {problems:?}");
        };
        let found = (slice(text, problem.span), problem.message.as_str());
        assert_eq!(found, (place, message), "{text}");
    }
}

#[test]
fn what_stands_before_an_error_is_read() {
    let text = "services:\n  db: {image: x}\n  web:\n    environment:\n      A: 1\n      \
                URL: \"postgresql://\n# dbfence-ignore-file x: y\n";
    let parsed = parse(text);
    let keys: Vec<_> = parsed.facts.services.iter().map(|s| &s.key.value).collect();
    assert_eq!(keys, ["db", "web"]);
    assert_eq!(environment(text, &parsed.facts.services[1]), ["A=1"]);
    assert_eq!(parsed.problems.len(), 1);
    let comment = slice(text, parsed.comments[0]);
    assert_eq!(comment, "# dbfence-ignore-file x: y");
}

#[test]
fn a_value_without_a_key_is_no_service() {
    let parsed = parse("services:\n  : x\n  web: {image: x}\n");
    assert_eq!(parsed.problems, []);
    assert_eq!(parsed.facts.services.len(), 1);
}

#[test]
fn every_document_of_a_stream_is_read() {
    let text = "services: {a: {}}\n---\nname: n\nservices: {b: }\n---\n";
    let facts = facts(text);
    let keys: Vec<_> = facts.services.iter().map(|s| &s.key.value).collect();
    assert_eq!(keys, ["a", "b"]);
    assert_eq!(facts.services_key.map(|key| key.start), Some(0));
    assert_eq!(facts.name.unwrap().text.value, "n");
}

#[test]
fn merges_of_large_maps_into_many_services_are_bounded() {
    let lines = |line: &dyn Fn(usize) -> String| -> String {
        (0..5_000).map(line).collect::<Vec<_>>().concat()
    };
    let variables = lines(&|n| format!("  V{n}: x\n"));
    let services = lines(&|n| format!("  s{n}: {{environment: *e}}\n"));
    let text = format!("x-e: &e\n{variables}services:\n{services}");
    let parsed = parse(&text);
    assert_eq!(parsed.problems.len(), 1);
    assert_eq!(parsed.facts.services.len(), 5_000);
    let environments = parsed.facts.services.iter().flat_map(|s| &s.environment);
    assert!(environments.map(|env| env.entries.len()).sum::<usize>() < 300_000);
}
