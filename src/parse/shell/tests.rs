use super::*;

/// Steps in a short form, to compare with.
fn shown(steps: &[Step]) -> String {
    let parts: Vec<String> = steps.iter().map(shown_step).collect();
    parts.join("; ")
}

fn shown_step(step: &Step) -> String {
    match &step.kind {
        StepKind::Assign(assignment) => shown_assignment(assignment),
        StepKind::Command(command) => {
            let assignments = command.assignments.iter().map(shown_assignment);
            let words = command.words.iter().map(shown_word);
            let mut parts: Vec<String> = assignments.chain(words).collect();
            parts.extend(command.input.as_ref().map(shown_input));
            parts.join(" ")
        }
        StepKind::Test => "test".to_owned(),
        StepKind::Subshell(steps) => format!("({})", shown(steps)),
        StepKind::Function { name, body } => format!("{} is {{{}}}", name.value, shown(body)),
        StepKind::For {
            variable,
            words,
            body,
        } => {
            let words = words.as_deref().unwrap_or_default().iter();
            let words: Vec<String> = words.map(shown_word).collect();
            format!(
                "for {} in {} {{{}}}",
                variable.value,
                words.join(" "),
                shown(body)
            )
        }
        StepKind::While {
            condition,
            body,
            input,
        } => format!(
            "while {} {{{}}}{}",
            shown(condition),
            shown(body),
            input.as_ref().map(shown_input).unwrap_or_default()
        ),
        StepKind::Branch(arms) => {
            let arms: Vec<String> = arms.iter().map(|arm| shown(arm)).collect();
            format!("maybe {{{}}}", arms.join(" | "))
        }
        StepKind::Unreadable => "?".to_owned(),
    }
}

fn shown_input(input: &Input) -> String {
    match input {
        Input::Text(word) => format!("<<{}", shown_word(word)),
        Input::File(word) => format!("<{}", shown_word(word)),
    }
}

fn shown_assignment(assignment: &Assignment) -> String {
    let mark = if assignment.is_exported { "x:" } else { "" };
    let value = match &assignment.value {
        None => String::new(),
        Some(Value::Word(word)) => format!("={}", shown_word(word)),
        Some(Value::List(words)) => {
            let words: Vec<String> = words.iter().map(shown_word).collect();
            format!("=[{}]", words.join(" "))
        }
    };
    format!("{mark}{}{value}", assignment.name.value)
}

fn shown_word(word: &Word) -> String {
    let pieces = word.pieces.iter().map(|piece| match &piece.kind {
        PieceKind::Text(text) => text.value.clone(),
        PieceKind::Variable {
            name, expansion, ..
        } => match expansion {
            Expansion::Plain => format!("<{}>", name.value),
            Expansion::Default(word) => format!("<{} or {}>", name.value, shown_word(word)),
            other => format!("<{} {other:?}>", name.value),
        },
        PieceKind::Output(steps) => format!("<{}>", shown(steps)),
        PieceKind::Unknown => "<?>".to_owned(),
    });
    pieces.collect()
}

#[track_caller]
fn assert_steps(text: &str, expected: &str) {
    let parsed = parse(text);
    assert_eq!(shown(&parsed.facts.steps), expected);
    assert!(parsed.facts.is_whole, "{text}");
}

#[test]
fn commands_keep_their_assignments_and_the_places_of_their_parts() {
    let text = "DATABASE_URL=\"postgresql://u:${P:-secret}@localhost:5433/id_$X\" A= pnpm --dir 'modules/x' exec >/dev/null 2>&1\n";
    let parsed = parse(text);
    let [step] = parsed.facts.steps.as_slice() else {
        panic!("{:?}", parsed.facts.steps);
    };
    let StepKind::Command(command) = &step.kind else {
        panic!("{step:?}");
    };
    let Some(Value::Word(url)) = &command.assignments[0].value else {
        panic!("{command:?}");
    };
    let parts: Vec<&str> = url
        .pieces
        .iter()
        .map(|piece| &text[piece.span.range()])
        .collect();
    let written = [
        "postgresql://u:",
        "${P:-secret}",
        "@localhost:5433/id_",
        "$X",
    ];
    assert_eq!(parts, written);
    let PieceKind::Variable {
        expansion: Expansion::Default(default),
        ..
    } = &url.pieces[1].kind
    else {
        panic!("{url:?}");
    };
    assert_eq!(&text[default.pieces[0].span.range()], "secret");
    let words: Vec<_> = command.words.iter().map(Word::literal).collect();
    let literal = ["pnpm", "--dir", "modules/x", "exec"];
    assert_eq!(words, literal.map(|word| Some(word.to_owned())));
}

#[test]
fn assignments_alone_on_a_line_are_no_prefix_of_the_next_command() {
    assert_steps("A=1 B=2\nnpx x", "A=1; B=2; npx x");
    assert_steps(
        "A=1\nB=2 C=3 # d\n\nE=4 npx x",
        "A=1; B=2; C=3; x:E=4 npx x",
    );
    assert_steps("A=1 B=2\nC=3 D=4\nnpx x", "A=1; B=2; C=3; D=4; npx x");
    assert_steps("A=1 \\\n  B=2 npx x", "x:A=1 x:B=2 npx x");
    assert_steps("A=1 B=2\nexport C=3", "A=1; B=2; x:C=3");
    assert_steps("A=1 B=2\nif a; then b; fi", "A=1; B=2; a; maybe {b}");
    assert_steps("A=1 B=2\n(a)", "A=1; B=2; (a)");
    let text = "A=1 B=2\nnpx x";
    let spans = parse(text).facts.steps.into_iter().map(|step| step.span);
    let texts: Vec<&str> = spans.map(|span| &text[span.range()]).collect();
    assert_eq!(texts, ["A=1", "B=2", "npx x"]);
}

#[test]
fn what_decides_whether_a_command_runs_is_kept() {
    assert_steps("cd a && b c || exit 1", "cd a; b c; maybe {exit 1}");
    assert_steps("[ -f x ] && run", "test; maybe {run}");
    assert_steps("! a && b", "a; test; maybe {b}");
    assert_steps(
        "if a; then b; elif c; then d; else e; fi",
        "a; maybe {b | c; d | e}",
    );
    assert_steps(
        "case $1 in up|down) a ;; *) b; c ;; esac",
        "maybe {a | b; c}",
    );
    assert_steps("(cd a; b) | c", "((cd a; b)); (c)");
    assert_steps("{ a; b; } > log", "a; b");
    assert_steps("f() { local x=\"$1\"; g; }\nf 1", "f is {x=<1>; g}; f 1");
}

#[test]
fn loops_keep_what_they_go_through() {
    assert_steps(
        "for m in a \"b c\" $d; do x $m; done",
        "for m in a b c <d> {x <m>}",
    );
    assert_steps(
        "A=(m:x n:y)\nfor m in \"${A[@]}\"; do x \"${m%%:*}\"; done",
        "A=[m:x n:y]; for m in <A> {x <m Cut { from_end: true, longest: true, pattern: \":*\" }>}",
    );
    assert_steps(
        "while read -r a b; do x $a; done <<'E'\nm x\nn y\nE\n",
        "while read -r a b {x <a>}<<m x\nn y\n",
    );
    assert_steps(
        "while read a; do b; done < list.txt",
        "while read a {b}<list.txt",
    );
}

#[test]
fn the_text_of_a_heredoc_is_whole() {
    assert_steps(
        "psql <<E\n  CREATE DATABASE $X;\n  GRANT ALL\nE\n",
        "psql <<CREATE DATABASE <X>;\n  GRANT ALL\n",
    );
    assert_steps(
        "psql <<-'E' || exit 1\n\tSELECT $x\n\tE\n",
        "psql <<SELECT $x\n\t; maybe {exit 1}",
    );
    assert_steps("psql <<< \"a $b\"", "psql <<a <b>");
}

#[test]
fn variables_and_the_outputs_of_commands_are_kept() {
    assert_steps("export A=1 B", "x:A=1; x:B");
    assert_steps(
        "R=\"$(cd \"$(dirname \"$0\")/..\" && pwd)\"",
        "R=<cd <dirname <0>>/..; pwd>",
    );
    assert_steps(": \"${P:=a b}\"", ": <P or a b>");
    assert_steps("echo a\\ b $'x' 'l'\"m\"t", "echo a b x lmt");
    assert_steps("x=$((1+2))", "x=<?>");
    assert_steps("${A:-${B:-c}}", "<A or <B or c>>");
}

#[test]
fn a_broken_script_gives_fewer_facts() {
    let parsed = parse("cd a\nif true; then\n  b c\n");
    assert!(!parsed.facts.is_whole);
    assert!(shown(&parsed.facts.steps).contains("cd a"));
    assert!(!parse("a 'b\nc").facts.is_whole);
    assert!(parse("").facts.is_whole);
}

#[test]
fn hostile_texts_are_survived() {
    let many = |text: &str| text.repeat(4_000);
    let texts = [
        many("("),
        many("$("),
        many("`"),
        many("{ "),
        many("if a; then "),
        many("a && "),
        many("a | "),
        many("${a:-"),
        many("\"$("),
        many("case a in "),
        many("<<E "),
        many("A=1 "),
        many("A=1 B=2\n"),
        format!("cat <<{}\n", many("E")),
        many("a\0b\n"),
        many("x=$((("),
    ];
    for text in texts {
        let parsed = parse(&text);
        assert!(parsed.facts.steps.len() <= text.len());
    }
}
