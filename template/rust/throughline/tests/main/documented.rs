//! The promise of the documentation: whatever a service can call has an example beside it, which the
//! documentation's own tests compile.

use std::path::{Path, PathBuf};

use syn::{Attribute, Expr, ImplItem, Item, Lit, Meta, TraitItem, Visibility};

/// What is public and has no example. `pub` says that it can be reached from outside: the lint
/// `unreachable_pub` refuses it elsewhere. Constants, fields and variants stand under the example of
/// what they belong to.
fn without_example(items: &[Item]) -> Vec<String> {
    let mut found = Vec::new();
    let mut look = |name: String, attributes: &[Attribute]| {
        if !hidden(attributes) && !has_example(&documentation(attributes)) {
            found.push(name);
        }
    };
    for item in items {
        match item {
            Item::Fn(item) if public(&item.vis) => look(item.sig.ident.to_string(), &item.attrs),
            Item::Struct(item) if public(&item.vis) => look(item.ident.to_string(), &item.attrs),
            Item::Enum(item) if public(&item.vis) => look(item.ident.to_string(), &item.attrs),
            Item::Type(item) if public(&item.vis) => look(item.ident.to_string(), &item.attrs),
            Item::Macro(item) if item.attrs.iter().any(|a| a.path().is_ident("macro_export")) => {
                look(item.ident.as_ref().unwrap().to_string(), &item.attrs);
            }
            Item::Trait(item) if public(&item.vis) => {
                look(item.ident.to_string(), &item.attrs);
                for part in &item.items {
                    if let TraitItem::Fn(method) = part {
                        look(
                            format!("{}::{}", item.ident, method.sig.ident),
                            &method.attrs,
                        );
                    }
                }
            }
            Item::Impl(item) if item.trait_.is_none() => {
                for part in &item.items {
                    if let ImplItem::Fn(method) = part
                        && public(&method.vis)
                    {
                        look(method.sig.ident.to_string(), &method.attrs);
                    }
                }
            }
            _ => {}
        }
    }
    let inner = items.iter().filter_map(|item| match item {
        Item::Mod(item) if public(&item.vis) && !hidden(&item.attrs) => item.content.as_ref(),
        _ => None,
    });
    found.extend(inner.flat_map(|(_, items)| without_example(items)));
    found
}

/// Whether a block in it is Rust that is compiled.
fn has_example(documentation: &str) -> bool {
    let fences = (documentation.lines()).filter_map(|line| line.trim().strip_prefix("```"));
    // Every other one closes.
    let kinds = fences.step_by(2);
    let is_compiled = |kind: &str| ["", "no_run", "should_panic", "compile_fail"].contains(&kind);
    kinds.into_iter().any(is_compiled)
}

fn public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

fn hidden(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) => list.path.is_ident("doc") && list.tokens.to_string() == "hidden",
        _ => false,
    })
}

fn documentation(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| {
        let Meta::NameValue(pair) = &attribute.meta else {
            return None;
        };
        match &pair.value {
            Expr::Lit(text) if pair.path.is_ident("doc") => match &text.lit {
                Lit::Str(text) => Some(text.value()),
                _ => None,
            },
            _ => None,
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| {
            if path.is_dir() {
                sources(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

#[test]
fn every_public_item_has_an_example() {
    let sources = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    let mut found = Vec::new();
    for path in &sources {
        let text = std::fs::read_to_string(path).unwrap();
        let items = syn::parse_file(&text).unwrap().items;
        let file = path.file_name().unwrap().to_string_lossy();
        found.extend(
            without_example(&items)
                .iter()
                .map(|name| format!("{file}: {name}")),
        );
    }
    assert!(sources.len() > 50, "only {} files were read", sources.len());
    assert!(found.is_empty(), "these have none:\n{}", found.join("\n"));
}

#[test]
fn an_item_without_an_example_is_found_wherever_it_stands() {
    let text = r#"
        /// Text.
        /// ```text
        /// a picture
        /// ```
        /// ```no_run
        /// shown();
        /// ```
        pub fn shown() {}
        /// ```ignore
        /// pictured();
        /// ```
        pub fn pictured() {}
        pub mod inner { pub fn deep() {} }
        #[doc(hidden)] pub mod own { pub fn deeper() {} }
        /// Text.
        pub fn function() {}
        fn private() {}
        pub struct Structure;
        pub enum Enumeration {}
        pub type Alias = u8;
        pub trait Trait { fn method(); #[doc(hidden)] fn hidden(); }
        impl Structure { pub fn inherent() {} pub(crate) fn inner() {} }
        impl Clone for Structure { fn clone(&self) -> Self { Self } }
        #[macro_export] macro_rules! mark { () => {} }
        macro_rules! own { () => {} }
    "#;
    let found = without_example(&syn::parse_file(text).unwrap().items);
    let expected = [
        "pictured",
        "function",
        "Structure",
        "Enumeration",
        "Alias",
        "Trait",
        "Trait::method",
        "inherent",
        "mark",
        "deep",
    ];
    assert_eq!(found, expected);
}
