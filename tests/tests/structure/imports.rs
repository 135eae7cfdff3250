//! The imports between the files of a crate, and their cycles.
//!
//! A file imports another if one of its `use` declarations or paths names an item that is defined
//! there: through `crate::`, `super::`, `self::`, a child module or a re-export, which is followed to
//! the definition. `mod child;` is no import, and neither is `pub use child::Item;` of an item that the
//! file itself does not use. Items behind `#[cfg(test)]` are left out, and so are the files below them.

use std::collections::{BTreeMap, BTreeSet};

use super::tokens::{group, is_name, position, tokens, without_attributes};

/// The imported files of each file.
pub(super) type Imports = BTreeMap<String, BTreeSet<String>>;

/// The names from the root of a crate to a module.
type ModulePath = Vec<String>;

/// Re-exports that a path may go through before it is taken for external.
const MAX_REEXPORTS: usize = 16;

/// The imports of all files that belong to a crate's library or programs.
pub(super) fn imports(sources: &BTreeMap<String, String>) -> Imports {
    let mut all = Imports::new();
    for root in sources.keys().filter(|file| is_root(file)) {
        let mut modules = Crate::default();
        let folder = root.rsplit_once('/').map_or("", |(folder, _)| folder);
        modules.read(sources, root, folder, Vec::new());
        for (file, imported) in modules.imports() {
            all.entry(file).or_default().extend(imported);
        }
    }
    all
}

/// Returns true for the file that a library or a program begins with.
fn is_root(file: &str) -> bool {
    let Some((_, name)) = file.rsplit_once("src/") else {
        return false;
    };
    let program = name.strip_prefix("bin/");
    ["lib.rs", "main.rs"].contains(&name) || program.is_some_and(|name| !name.contains('/'))
}

/// The groups of files that import each other, on a way of any length: the strongly connected
/// components of more than one file.
pub(super) fn cycles(imports: &Imports) -> Vec<BTreeSet<String>> {
    let reached: BTreeMap<&String, BTreeSet<&String>> = imports
        .keys()
        .map(|file| (file, reachable(file, imports)))
        .collect();
    let mut found = BTreeSet::new();
    for (file, others) in &reached {
        let back = |other: &&&String| reached.get(**other).is_some_and(|r| r.contains(file));
        let cycle: BTreeSet<String> = others.iter().filter(back).map(|f| f.to_string()).collect();
        if cycle.len() > 1 {
            found.insert(cycle);
        }
    }
    found.into_iter().collect()
}

/// The files that a file imports, and all that these import.
fn reachable<'a>(file: &str, imports: &'a Imports) -> BTreeSet<&'a String> {
    let mut found = BTreeSet::new();
    let mut next: Vec<&String> = imports[file].iter().collect();
    while let Some(file) = next.pop() {
        if found.insert(file) {
            next.extend(imports.get(file).into_iter().flatten());
        }
    }
    found
}

/// A `use` declaration of one name.
struct Use {
    /// The names as written, such as `super`, `child`, `Item`.
    path: Vec<String>,
    /// The name that the path has in the module; `*` for all names of a module.
    name: String,
    is_public: bool,
}

/// A module: a file, or a part of a file in braces.
#[derive(Default)]
struct Module {
    file: String,
    items: BTreeSet<String>,
    uses: Vec<Use>,
    /// Paths outside of `use` declarations.
    paths: Vec<Vec<String>>,
    /// Names that stand outside of `use` and `mod` declarations.
    names: BTreeSet<String>,
}

/// The modules of a library or a program.
#[derive(Default)]
struct Crate {
    modules: BTreeMap<ModulePath, Module>,
    /// The modules of the macros that `#[macro_export]` puts into the root.
    macros: BTreeMap<String, ModulePath>,
}

impl Crate {
    /// Reads the module of a file, and its children, whose files are in `folder`.
    fn read(
        &mut self,
        sources: &BTreeMap<String, String>,
        file: &str,
        folder: &str,
        path: ModulePath,
    ) {
        let tokens = without_attributes(&tokens(&sources[file]));
        for (child, inner) in self.parse(&tokens, file, path.clone()) {
            let folder = [&[folder.to_string()], inner.as_slice()].concat().join("/");
            let files = [
                format!("{folder}/{child}.rs"),
                format!("{folder}/{child}/mod.rs"),
            ];
            if let Some(file) = files.iter().find(|file| sources.contains_key(*file)) {
                let path = [path.as_slice(), &inner, std::slice::from_ref(&child)].concat();
                self.read(sources, file, &format!("{folder}/{child}"), path);
            }
        }
    }

    /// Takes in the tokens of a module. Returns the names of its children in files of their own, each
    /// with the modules in braces around its declaration.
    fn parse(
        &mut self,
        tokens: &[&str],
        file: &str,
        path: ModulePath,
    ) -> Vec<(String, ModulePath)> {
        let mut module = Module {
            file: file.to_string(),
            ..Module::default()
        };
        let mut children = Vec::new();
        let (mut at, mut depth) = (0, 0);
        while at < tokens.len() {
            let token = tokens[at];
            let next = |ahead: usize| tokens.get(at + ahead).copied().unwrap_or("");
            let before = at.checked_sub(1).map_or("", |before| tokens[before]);
            let mut taken = 1;
            match token {
                "{" => depth += 1,
                "}" => depth -= 1,
                "#macro_export" => drop(self.macros.insert(next(3).to_string(), path.clone())),
                "use" if next(1) != "<" => {
                    let end = position(&tokens[at..], ";");
                    let is_public = before == "pub" || before == ")";
                    module.take_use(&tokens[at + 1..at + end], is_public);
                    taken = end;
                }
                "mod" if next(2) == ";" => {
                    children.push((next(1).to_string(), Vec::new()));
                    taken = 3;
                }
                "mod" => {
                    // The name in a macro may be `$name`.
                    let brace = at + position(&tokens[at..], "{");
                    let end = brace + group(&tokens[brace..]);
                    let name = tokens[brace - 1].to_string();
                    let inner = [path.as_slice(), std::slice::from_ref(&name)].concat();
                    let below = self.parse(&tokens[brace + 1..end], file, inner);
                    let outer = |(child, inner): (String, ModulePath)| {
                        (child, [vec![name.clone()], inner].concat())
                    };
                    children.extend(below.into_iter().map(outer));
                    taken = end - at + 1;
                }
                _ if is_name(token) && before != "::" => {
                    taken = module.take_name(&tokens[at..], before, depth == 0);
                }
                _ => {}
            }
            at += taken;
        }
        self.modules.insert(path, module);
        children
    }

    /// The imports of all files.
    fn imports(&self) -> Imports {
        let mut found = Imports::new();
        for (path, module) in &self.modules {
            let used = module.uses.iter().flat_map(|used| self.used(path, used));
            let named = module.paths.iter();
            let named = named.filter_map(|names| self.resolve_from(path, names, 0));
            let files = used.chain(named).map(|target| self.file(&target).clone());
            let imported = found.entry(module.file.clone()).or_default();
            imported.extend(files.filter(|file| *file != module.file));
        }
        found
    }

    /// The modules whose items, or which themselves, a `use` declaration imports.
    fn used(&self, path: &[String], used: &Use) -> Vec<ModulePath> {
        let module = &self.modules[path];
        let Some(target) = self.resolve_from(path, &used.path, 0) else {
            return Vec::new();
        };
        if used.name == "*" {
            let names = module.names.iter();
            let names = names.filter(|name| self.binds(&target, name));
            let names =
                names.filter_map(|name| self.resolve(&target, std::slice::from_ref(name), 0));
            return names.collect();
        }
        let is_reexport = used.is_public && target.starts_with(path);
        if is_reexport && !module.names.contains(&used.name) {
            return Vec::new();
        }
        vec![target]
    }

    /// Returns true if a module has this name: a child, an item or an import.
    fn binds(&self, path: &[String], name: &String) -> bool {
        let child = [path, std::slice::from_ref(name)].concat();
        let module = self.modules.get(path);
        self.modules.contains_key(&child) || module.is_some_and(|module| module.binds(name))
    }

    /// The module that defines the item of a path as it is written in a module, or that the path
    /// names; `None` if it is of another crate.
    fn resolve_from(&self, at: &[String], names: &[String], depth: usize) -> Option<ModulePath> {
        let (first, rest) = names.split_first()?;
        match first.as_str() {
            "crate" => {
                let exported = rest.first().and_then(|name| self.macros.get(name));
                exported.cloned().or_else(|| self.resolve(&[], rest, depth))
            }
            "self" => self.resolve(at, rest, depth),
            "super" => {
                let ups = names.iter().take_while(|name| *name == "super").count();
                let parent = &at[..at.len().checked_sub(ups)?];
                self.resolve(parent, &names[ups..], depth)
            }
            name => {
                let is_itself = |used: &Use| used.name == name && used.path == [name];
                let is_external = self.modules[at].uses.iter().any(is_itself);
                let is_known = !is_external && self.binds(at, first);
                is_known.then(|| self.resolve_in(at, names, depth))?
            }
        }
    }

    /// The module that defines the item of a path below a module, or the module itself if another
    /// crate defines it.
    fn resolve(&self, at: &[String], names: &[String], depth: usize) -> Option<ModulePath> {
        let module = self.resolve_in(at, names, depth);
        module.or_else(|| self.modules.contains_key(at).then(|| at.to_vec()))
    }

    /// The module that defines the item of a path below a module.
    fn resolve_in(&self, at: &[String], names: &[String], depth: usize) -> Option<ModulePath> {
        let Some((first, rest)) = names.split_first() else {
            return Some(at.to_vec());
        };
        if first == "self" {
            // `module::{self}`: the module, even if a function has its name.
            return Some(at.to_vec());
        }
        let module = self.modules.get(at).filter(|_| depth < MAX_REEXPORTS)?;
        let child = [at, std::slice::from_ref(first)].concat();
        if self.modules.contains_key(&child) && (!rest.is_empty() || !module.binds(first)) {
            return self.resolve(&child, rest, depth);
        }
        if module.items.contains(first) {
            return Some(at.to_vec());
        }
        if let Some(used) = module.uses.iter().find(|used| used.name == *first) {
            let names = [used.path.as_slice(), rest].concat();
            return self.resolve_from(at, &names, depth + 1);
        }
        let mut globs = module.uses.iter().filter(|used| used.name == "*");
        globs.find_map(|used| {
            let target = self.resolve_from(at, &used.path, depth + 1)?;
            let is_there = target != at && self.binds(&target, first);
            is_there.then(|| self.resolve(&target, names, depth + 1))?
        })
    }

    fn file(&self, module: &[String]) -> &String {
        &self.modules[module].file
    }
}

impl Module {
    /// Returns true if an item or an import has this name.
    fn binds(&self, name: &str) -> bool {
        self.items.contains(name) || self.uses.iter().any(|used| used.name == name)
    }

    /// Takes in the tokens of a `use` declaration, from behind `use` to before the semicolon.
    fn take_use(&mut self, tree: &[&str], is_public: bool) {
        let mut prefixes: Vec<Vec<String>> = vec![Vec::new()];
        let mut path: Vec<String> = Vec::new();
        let mut name = None;
        for (at, &token) in tree.iter().chain([&","]).enumerate() {
            match token {
                "{" => prefixes.push(std::mem::take(&mut path)),
                "," | "}" => {
                    if let Some(name) = name.take() {
                        let path = [prefixes.concat(), std::mem::take(&mut path)].concat();
                        let name = match name {
                            "self" => path[path.len().saturating_sub(2)].clone(),
                            name => name.to_string(),
                        };
                        self.uses.push(Use {
                            path,
                            name,
                            is_public,
                        });
                    }
                    if token == "}" {
                        prefixes.pop();
                    }
                }
                "*" => name = Some("*"),
                "as" => {}
                _ if is_name(token) => {
                    name = Some(token);
                    if at == 0 || tree[at - 1] != "as" {
                        path.push(token.to_string());
                    }
                }
                _ => {}
            }
        }
    }

    /// Takes in a name with the path that it begins. Returns the number of tokens.
    fn take_name(&mut self, tokens: &[&str], before: &str, is_outermost: bool) -> usize {
        let next = |ahead: usize| tokens.get(ahead).copied().unwrap_or("");
        let kinds = [
            "fn", "struct", "enum", "trait", "type", "const", "static", "union",
        ];
        if tokens[0] == "macro_rules" {
            self.items.insert(next(2).to_string());
            return 3;
        }
        if kinds.contains(&before) {
            if is_outermost {
                self.items.insert(tokens[0].to_string());
            }
            return 1;
        }
        let mut path = vec![tokens[0].to_string()];
        while next(2 * path.len() - 1) == "::" && is_name(next(2 * path.len())) {
            path.push(next(2 * path.len()).to_string());
        }
        let length = 2 * path.len() - 1;
        let is_field = before == "." || path.len() == 1 && next(1) == ":";
        if !is_field {
            self.names.insert(tokens[0].to_string());
        }
        if path.len() > 1 {
            self.paths.push(path);
        }
        length
    }
}

#[test]
fn paths_are_resolved_to_the_files_of_their_items() {
    let files = [
        (
            "a/src/lib.rs",
            "//! use crate::down::up;\nmod down; mod top; mod wide; pub use down::Deep; pub use top::*;",
        ),
        (
            "a/src/top.rs",
            "use crate::{Deep, down::{self, side as other}}; pub struct Top; fn f() -> [char; 2] \
             { ['\"', 'x'] } #[cfg(test)] mod tests; /* use crate::wide::W; */",
        ),
        ("a/src/top/tests.rs", "use crate::wide::W;"),
        (
            "a/src/down.rs",
            "mod deep; pub mod side; mod one; mod two; pub use deep::Deep; pub(crate) use one::One; \
             pub const LIMIT: usize = 1; #[cfg(test)] use crate::wide::{self, W}; fn g(_: One, _: Deep) {}",
        ),
        (
            "a/src/down/deep.rs",
            "use super::side::Side; pub struct Deep;",
        ),
        (
            "a/src/down/side.rs",
            "pub struct Side; mod inner { use super::super::super::Top; fn f() { self::g() } }",
        ),
        (
            "a/src/down/one.rs",
            "pub struct One; fn f<'a>() -> usize { super::LIMIT }",
        ),
        (
            "a/src/down/two.rs",
            "const S: &str = r#\"crate::Top\"#; fn f() { super::side::f(); }",
        ),
        (
            "a/src/wide/mod.rs",
            "use std::fmt; use super::*; pub struct W(Deep);",
        ),
    ];
    let files = files.map(|(name, text)| (name.to_string(), text.to_string()));
    let imports = imports(&files.into_iter().collect());
    let of = |file: &str| -> Vec<&str> {
        let imported = &imports[&format!("a/src/{file}")];
        imported
            .iter()
            .map(|name| &name["a/src/".len()..])
            .collect()
    };
    assert_eq!(of("lib.rs"), [""; 0]);
    assert_eq!(of("top.rs"), ["down.rs", "down/deep.rs", "down/side.rs"]);
    assert_eq!(of("down.rs"), ["down/deep.rs", "down/one.rs"]);
    assert_eq!(of("down/deep.rs"), ["down/side.rs"]);
    assert_eq!(of("down/side.rs"), ["top.rs"]);
    assert_eq!(of("down/one.rs"), ["down.rs"]);
    assert_eq!(of("down/two.rs"), ["down/side.rs"]);
    assert_eq!(of("wide/mod.rs"), ["down/deep.rs"]);
    assert!(!imports.contains_key("a/src/top/tests.rs"));

    let cycles: Vec<Vec<String>> = cycles(&imports)
        .into_iter()
        .map(|cycle| cycle.into_iter().collect())
        .collect();
    let long = [
        "down.rs",
        "down/deep.rs",
        "down/one.rs",
        "down/side.rs",
        "top.rs",
    ];
    assert_eq!(cycles, [long.map(|name| format!("a/src/{name}"))]);
}
