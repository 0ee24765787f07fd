//! `stack.yaml` and `template.yml`: what of them a build and a deployment read.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;
use serde::Deserialize;
use serde::de::DeserializeOwned;

type Texts = BTreeMap<String, String>;

/// A `stack.yaml`.
#[derive(Debug, Deserialize)]
pub struct StackFile {
    /// The functions, by name.
    pub functions: BTreeMap<String, Function>,
    /// What holds for all of them.
    #[serde(default)]
    pub configuration: Configuration,
}

/// What holds for all functions of a `stack.yaml`.
#[derive(Debug, Default, Deserialize)]
pub struct Configuration {
    /// Paths that are copied into the handler's folder of each function.
    #[serde(default)]
    pub copy: Vec<String>,
}

/// A function of a `stack.yaml`.
#[derive(Debug, Deserialize)]
pub struct Function {
    /// The template.
    pub lang: String,
    /// The handler's folder, beside the file.
    pub handler: String,
    /// The image's name.
    pub image: String,
    /// Arguments of the image's build.
    #[serde(default)]
    pub build_args: Texts,
    /// Names of packages that the template offers.
    #[serde(default)]
    pub build_options: Vec<String>,
    /// What connectors read.
    #[serde(default)]
    pub annotations: Texts,
    /// What the cluster reads.
    #[serde(default)]
    pub labels: Texts,
    /// The environment.
    #[serde(default)]
    pub environment: Texts,
    /// The secrets' names.
    #[serde(default)]
    pub secrets: Vec<String>,
    /// Whether only `/tmp` may be written to.
    #[serde(default)]
    pub readonly_root_filesystem: bool,
}

/// A `template.yml`.
#[derive(Debug, Deserialize)]
pub struct Template {
    /// Where the handler comes to lie.
    #[serde(default = "function")]
    pub handler_folder: String,
    /// Packages to choose from.
    #[serde(default)]
    pub build_options: Vec<BuildOption>,
    /// What `new` says at its end.
    #[serde(default)]
    pub welcome_message: String,
}

/// Packages under one name.
#[derive(Debug, Deserialize)]
pub struct BuildOption {
    /// The name.
    pub name: String,
    /// Debian's packages.
    pub packages: Vec<String>,
}

fn function() -> String {
    "function".to_owned()
}

impl StackFile {
    /// Reads one, with the variables in it filled in from `env`.
    ///
    /// # Errors
    /// When it can't be read, or is none.
    pub fn read(path: &Path, env: impl Fn(&str) -> Option<String>) -> anyhow::Result<Self> {
        read(path, |text| expand(text, env))
    }
}

impl Template {
    /// Reads one.
    ///
    /// # Errors
    /// When it can't be read, or is none.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        read(path, str::to_owned)
    }

    /// `ADDITIONAL_PACKAGE` for a function, sorted, each package once.
    ///
    /// # Errors
    /// When the function asks for an option that the template does not offer.
    pub fn packages(&self, function: &Function) -> anyhow::Result<String> {
        let mut packages = std::collections::BTreeSet::new();
        for wanted in &function.build_options {
            let option = self
                .build_options
                .iter()
                .find(|option| &option.name == wanted);
            let option =
                option.with_context(|| format!("build_options: no {wanted:?} in template.yml"))?;
            packages.extend(option.packages.iter().map(String::as_str));
        }
        let own = function.build_args.get("ADDITIONAL_PACKAGE");
        packages.extend(own.into_iter().flat_map(|own| own.split_whitespace()));
        Ok(Vec::from_iter(packages).join(" "))
    }
}

fn read<T: DeserializeOwned>(path: &Path, fill: impl FnOnce(&str) -> String) -> anyhow::Result<T> {
    let told = || path.display().to_string();
    let text = std::fs::read_to_string(path).with_context(told)?;
    serde_saphyr::from_str(&fill(&text)).with_context(told)
}

/// Fills in `${NAME}` and `${NAME:-default}`; an unknown name is filled in with nothing.
pub fn expand(text: &str, env: impl Fn(&str) -> Option<String>) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        filled.push_str(before);
        let Some((inside, behind)) = after.split_once('}') else {
            filled.push_str("${");
            rest = after;
            continue;
        };
        let (name, default) = inside.split_once(":-").unwrap_or((inside, ""));
        let value = env(name).filter(|value| !value.is_empty());
        filled.push_str(&value.unwrap_or_else(|| default.to_owned()));
        rest = behind;
    }
    filled + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_filled_in_with_their_values_or_defaults() {
        let env = |name: &str| (name == "TAG").then(|| "7".to_owned());
        assert_eq!(
            expand("${REGISTRY:-r.example}/x:${TAG:-1}${NO}!", env),
            "r.example/x:7!"
        );
        assert_eq!(expand("a ${ b", env), "a ${ b");
    }

    #[test]
    fn packages_are_those_of_the_options_and_the_functions_own_each_once() {
        let template: Template = serde_saphyr::from_str(
            "build_options: [{name: cmake, packages: [make, cmake]}, {name: x, packages: [x]}]",
        )
        .unwrap();
        let mut function: Function = serde_saphyr::from_str(
            "{lang: rust, handler: ./a, image: a, build_options: [cmake], build_args: {ADDITIONAL_PACKAGE: ' b make'}}",
        )
        .unwrap();
        assert_eq!(template.packages(&function).unwrap(), "b cmake make");
        function.build_options.push("nasm".into());
        let error = template.packages(&function).unwrap_err().to_string();
        assert!(error.contains("no \"nasm\" in template.yml"), "{error}");
    }
}
