//! The bases that services extend, in the same file or in others.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use crate::model::merging::{Context, DEEPEST, Layer, Layers, MissingBase, Reader, is_remote};
use crate::model::resolve::Resolved;
use crate::parse::compose as written;
use crate::source::{Existence, FileId, Place, Placed, join, parent};

impl<'a> Reader<'a> {
    /// Puts the bases of the services of a file below them.
    pub(super) fn extend(
        &self,
        file: FileId,
        compose: &'a written::ComposeFile,
        context: &Context<'a>,
        layers: &mut Layers<'a>,
    ) {
        let mut bases = Bases {
            reader: self,
            home: file,
            context,
            at_home: std::mem::take(&mut layers.services),
            is_home_whole: layers.open.is_empty() && self.is_whole(file),
            known: HashMap::new(),
            others: HashMap::new(),
            withdrawn: HashMap::new(),
            extended: HashSet::new(),
            missing: Vec::new(),
        };
        for service in &compose.services {
            bases.whole(file, &service.key.value, &service.key.value, 0);
        }
        layers.services = bases.at_home;
        for ((of, key), stacked) in bases.known {
            if of == file {
                layers.services.insert(key, stacked.layers.clone());
                if !stacked.is_whole {
                    layers.incomplete.insert(key);
                }
            }
        }
        layers.extended.extend(bases.extended);
        layers.missing_bases.append(&mut bases.missing);
    }
}

/// A service with its bases below it.
struct Stacked<'a> {
    layers: Vec<Layer<'a>>,
    is_whole: bool,
}

/// Finds the bases of the services of one file, each once.
struct Bases<'r, 'a> {
    reader: &'r Reader<'a>,
    home: FileId,
    context: &'r Context<'a>,
    /// The services of the file itself, and of those that it includes.
    at_home: HashMap<&'a str, Vec<Layer<'a>>>,
    is_home_whole: bool,
    known: HashMap<(FileId, &'a str), Rc<Stacked<'a>>>,
    /// The services of other files.
    others: HashMap<FileId, HashMap<&'a str, &'a written::Service>>,
    /// What `!reset` and `!override` take back, by file and service.
    withdrawn: HashMap<FileId, HashMap<&'a str, Vec<&'a [String]>>>,
    extended: HashSet<Place>,
    missing: Vec<MissingBase>,
}

impl<'a> Bases<'_, 'a> {
    /// A service of a file with its bases; `of` is the service of the home file that needs it.
    fn whole(&mut self, file: FileId, key: &'a str, of: &str, depth: usize) -> Rc<Stacked<'a>> {
        if let Some(known) = self.known.get(&(file, key)) {
            return Rc::clone(known);
        }
        let own = self.own(file, key);
        // Who comes back to it in a circle learns that it is not whole.
        let alone = Stacked {
            layers: own.clone(),
            is_whole: false,
        };
        self.known.insert((file, key), Rc::new(alone));
        let extending = own.iter().rev().find_map(|layer| {
            let is_written_here = layer.file == file && layer.is_own();
            let extends = layer.service.extends.as_ref();
            Some((layer, extends.filter(|_| is_written_here)?))
        });
        let stacked = match extending {
            None => Stacked {
                layers: own,
                is_whole: true,
            },
            Some((layer, extends)) => {
                let base = (depth < DEEPEST)
                    .then(|| self.base(layer, extends, of, depth))
                    .flatten();
                let withdrawn = self.withdrawn(file, key);
                let (mut layers, is_whole) = match base {
                    Some((base, way)) if self.takes(&base) => {
                        let below = base.layers.iter();
                        let below = below.map(|layer| layer.inherited(&way, &withdrawn));
                        (below.collect(), base.is_whole)
                    }
                    _ => (Vec::new(), false),
                };
                layers.extend(own.iter().cloned());
                Stacked { layers, is_whole }
            }
        };
        let stacked = Rc::new(stacked);
        self.known.insert((file, key), Rc::clone(&stacked));
        stacked
    }

    /// Whether there is still room for what a base brings.
    fn takes(&self, base: &Stacked) -> bool {
        let settings = base.layers.iter().map(|layer| {
            let environment = layer.service.environment.as_ref();
            8 + environment.map_or(0, |environment| environment.entries.len())
        });
        let left = self.reader.inherited.get().checked_sub(settings.sum());
        self.reader.inherited.set(left.unwrap_or_default());
        left.is_some()
    }

    /// What a file itself says of a service.
    fn own(&mut self, file: FileId, key: &str) -> Vec<Layer<'a>> {
        if file == self.home {
            return self.at_home.get(key).cloned().unwrap_or_default();
        }
        let folder: Rc<str> = parent(&self.reader.sources.file(file).path).into();
        let service = self.others(file).get(key).copied();
        let layer = service.map(|service| Layer {
            file,
            service,
            folder,
            project: Rc::clone(&self.context.folder),
            variables: Rc::clone(&self.context.variables),
            through: Rc::new([]),
            withdrawn: Vec::new(),
        });
        layer.into_iter().collect()
    }

    fn others(&mut self, file: FileId) -> &HashMap<&'a str, &'a written::Service> {
        self.others.entry(file).or_insert_with(|| {
            let compose = self.reader.compose(file).into_iter();
            let services = compose.flat_map(|compose| &compose.services);
            services.map(|it| (it.key.value.as_str(), it)).collect()
        })
    }

    fn withdrawn(&mut self, file: FileId, key: &str) -> Vec<&'a [String]> {
        let by_service = self.withdrawn.entry(file).or_insert_with(|| {
            let compose = self.reader.compose(file).into_iter();
            let mut by_service: HashMap<&str, Vec<&[String]>> = HashMap::new();
            for replaced in compose.flat_map(|compose| &compose.replaced) {
                if let [section, key, setting @ ..] = replaced.path.as_slice()
                    && section == "services"
                    && !setting.is_empty()
                {
                    by_service.entry(key).or_default().push(setting);
                }
            }
            by_service
        });
        by_service.get(key).cloned().unwrap_or_default()
    }

    /// The base that a layer names, and the way to it.
    fn base(
        &mut self,
        layer: &Layer<'a>,
        extends: &'a written::Extends,
        of: &str,
        depth: usize,
    ) -> Option<(Rc<Stacked<'a>>, Vec<Place>)> {
        let name = layer.text(extends.service.as_ref()?);
        if !name.is_all_known() {
            return None;
        }
        let file = match &extends.file {
            Some(written) => self.file(layer, written, of)?,
            None => layer.file,
        };
        let key = if file == self.home {
            self.at_home
                .get_key_value(name.text.as_str())
                .map(|it| *it.0)
        } else {
            let services = self.others(file);
            services.get_key_value(name.text.as_str()).map(|it| *it.0)
        };
        let Some(key) = key else {
            self.note_missing(file, &name, of);
            return None;
        };
        let base = self.whole(file, key, of, depth + 1);
        let keys = base.layers.iter().filter(|layer| layer.is_own());
        let keys = keys.map(|layer| layer.service.key.span.in_file(layer.file));
        self.extended.extend(keys);
        Some((base, name.way().to_vec()))
    }

    fn file(&mut self, layer: &Layer<'a>, written: &written::Written, of: &str) -> Option<FileId> {
        let text = layer.text(written);
        let is_known = text.is_all_known() && !is_remote(&text.text);
        let path = join(&layer.folder, &text.text).filter(|_| is_known)?;
        let sources = self.reader.sources;
        if sources.existence(&path) == Existence::Missing {
            self.missing.push(MissingBase {
                service: of.to_owned(),
                name: Placed {
                    value: text.text.clone(),
                    place: text.place(),
                },
                file: None,
                others: Vec::new(),
            });
        }
        let found = sources.find(&path);
        found.filter(|&file| self.reader.compose(file).is_some())
    }

    fn note_missing(&mut self, file: FileId, name: &Resolved, of: &str) {
        let is_whole = if file == self.home {
            self.is_home_whole
        } else {
            self.reader.is_whole(file)
        };
        if !is_whole {
            return;
        }
        let mut others: Vec<String> = if file == self.home {
            self.at_home.keys().map(|&key| key.to_owned()).collect()
        } else {
            self.others(file)
                .keys()
                .map(|&key| key.to_owned())
                .collect()
        };
        others.retain(|other| other != of);
        others.sort_unstable();
        self.missing.push(MissingBase {
            service: of.to_owned(),
            name: Placed {
                value: name.text.clone(),
                place: name.place(),
            },
            file: Some(file),
            others,
        });
    }
}
