//! Scripts that stand in a word of another script, as `sh -c` takes them.

use std::collections::HashMap;

use super::state::State;
use super::{Called, DEEPEST_CALL, Machine, Run, Runs, Target, Text};

impl Machine<'_> {
    /// Follows a script that another shell is handed, which knows no variables of this one but `given`.
    pub(super) fn nested(&mut self, script: &Text, given: Option<&Text>) {
        if self.depth == DEEPEST_CALL {
            self.found.is_complete = false;
            return;
        }
        let shell = crate::parse::shell::parse(&script.shown()).facts;
        let mut inner = Machine {
            path: self.path,
            variable: self.variable,
            state: State {
                folder: self.state.folder.clone(),
                ..State::default()
            },
            functions: HashMap::new(),
            found: Runs {
                is_complete: shell.is_whole,
                ..Runs::default()
            },
            commands_left: self.commands_left,
            depth: self.depth + 1,
        };
        inner.steps(&shell.steps);
        self.commands_left = inner.commands_left;
        let found = inner.found.relocated(script);
        self.found.is_complete &= found.is_complete;
        self.found.calls.extend(found.calls);
        self.found.urls.extend(found.urls);
        self.found.destroyers.extend(found.destroyers);
        self.found
            .runs
            .extend(found.runs.into_iter().map(|run| Run {
                url: run.url.or_else(|| given.cloned()),
                env_files: [self.state.env_files.clone(), run.env_files].concat(),
                ..run
            }));
    }
}

impl Runs {
    /// The same, seen from where the script is written.
    fn relocated(mut self, script: &Text) -> Self {
        for run in &mut self.runs {
            run.span = script.written(run.span);
            run.url = run.url.take().map(|url| url.relocated(script));
            run.target.relocate(script);
            for file in &mut run.env_files {
                file.target.relocate(script);
            }
        }
        for call in &mut self.calls {
            call.span = script.written(call.span);
            if let Called::Script(_, target) = &mut call.called {
                target.relocate(script);
            }
        }
        for destroyer in &mut self.destroyers {
            let words = destroyer.words.iter_mut().map(|(_, span)| span);
            for span in words.chain(&mut destroyer.removable) {
                *span = script.written(*span);
            }
        }
        let urls = self.urls.into_iter();
        self.urls = urls.map(|url| url.relocated(script)).collect();
        self
    }
}

impl Target {
    fn relocate(&mut self, script: &Text) {
        let (Self::Folder(_, span)
        | Self::Somewhere(_, span)
        | Self::Package(_, span)
        | Self::Container(_, span)) = self
        else {
            return;
        };
        *span = span.map(|span| script.written(span));
    }
}
