//! `--vars`: reads the user's vars, adds those that this tool sets, and looks vars up as dbt does.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use serde_yaml::{Mapping, Value};

use super::expression::{Expression, holds_jinja, name_of_a_model};
use super::file::Project;

/// Vars that this tool sets itself, and the flags to use instead.
const OWNED: &[(&str, &str)] = &[
    ("models_to_run", "--select, --exclude or --selector"),
    ("snowplow__backfill_limit_days", "--limit-days"),
    ("models_to_remove", "--remove-from-manifest"),
];

/// The user's vars, as text and as a mapping.
///
/// The text is kept because dbt reads YAML 1.1 and this tool YAML 1.2: `yes` and `010` have other meanings
/// there.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Vars {
    text: String,
    mapping: Mapping,
}

impl Vars {
    /// Reads the value of `--vars`: a YAML or JSON mapping.
    ///
    /// # Errors
    /// The text is malformed (the error shows where), it is not a mapping, or it sets a var that this tool
    /// sets itself (the error names the flag to use).
    pub fn parse(text: &str) -> Result<Self> {
        let value: Value = serde_yaml::from_str(text).map_err(|error| malformed(text, &error))?;
        let mapping = match value {
            Value::Mapping(mapping) => mapping,
            Value::Null => Mapping::new(),
            _ => bail!("--vars must be a mapping of names to values, such as '{{my_var: 1}}'; got: {text}"),
        };
        for (key, flag) in OWNED {
            if mapping.contains_key(*key) {
                bail!("--vars sets {key}, which this tool sets itself: leave it out and use {flag}");
            }
        }
        let vars = Self { text: text.to_owned(), mapping };
        // Fails now, and not after the first call of dbt.
        vars.with(&[("models_to_run", "a".into())])?;
        Ok(vars)
    }

    /// Whether the user gave no vars.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.mapping.is_empty()
    }

    /// The value that the user gave a var.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.mapping.get(name)
    }

    /// The text as the user gave it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text for dbt's `--vars`, with `own` added in front. The user's text is not changed.
    ///
    /// # Errors
    /// The user set one of the `own` vars, or the form of the user's text leaves no place to add vars.
    /// Rewriting the text would be wrong: dbt would read `no` or `2024-01-01` differently than in `dbt ls`,
    /// and build other models than it listed.
    pub fn with(&self, own: &[(&str, serde_json::Value)]) -> Result<String> {
        if let Some((name, _)) = own.iter().find(|(name, _)| self.mapping.contains_key(*name)) {
            bail!("--vars sets {name}, which this tool sets itself: leave it out");
        }
        let pairs: Vec<_> = own.iter().map(|(name, value)| format!("{}: {value}", quoted(name))).collect();
        if self.mapping.is_empty() {
            return Ok(format!("{{{}}}", pairs.join(", ")));
        }
        if own.is_empty() {
            return Ok(self.text.clone());
        }
        let mut wanted = self.mapping.clone();
        for (name, value) in own {
            wanted.insert((*name).into(), serde_yaml::to_value(value).context("cannot write YAML")?);
        }
        self.spliced(&pairs)
            .into_iter()
            .find(|text| serde_yaml::from_str::<Mapping>(text).is_ok_and(|mapping| same(&mapping, &wanted)))
            .with_context(|| {
                format!(
                    "this tool cannot add its own vars to --vars: give one plain mapping, such as \
                     '{{a: 1, b: 2}}'; got: {}",
                    self.text
                )
            })
    }

    /// The user's text with pairs put in front: once read as a flow mapping, once as a block mapping.
    fn spliced(&self, pairs: &[String]) -> [String; 2] {
        let flow = match self.text.split_once('{') {
            Some((before, after)) => format!("{before}{{{}, {after}", pairs.join(", ")),
            None => String::new(),
        };
        // Skips empty lines, comments and the `---` that begins a document.
        let is_content = |line: &str| {
            let line = line.trim();
            !line.is_empty() && !line.starts_with('#') && line != "---"
        };
        let mut before = 0;
        let mut indent = "";
        for line in self.text.split_inclusive('\n') {
            if is_content(line) {
                indent = &line[..line.len() - line.trim_start().len()];
                break;
            }
            before += line.len();
        }
        let (head, rest) = self.text.split_at(before);
        let block: String = pairs.iter().map(|pair| format!("{indent}{pair}\n")).collect();
        [flow, format!("{head}{block}{rest}")]
    }
}

/// Whether two mappings are equal, ignoring the order of their keys.
fn same(a: &Mapping, b: &Mapping) -> bool {
    a.len() == b.len() && a.iter().all(|(key, value)| b.get(key) == Some(value))
}

fn quoted(name: &str) -> String {
    serde_json::Value::from(name).to_string()
}

fn malformed(text: &str, error: &serde_yaml::Error) -> anyhow::Error {
    let mut message = format!("--vars is not valid YAML or JSON: {error}");
    if let Some(location) = error.location() {
        let lines: Vec<_> = text.lines().collect();
        // If something is missing at the end, the location is the line after the last one.
        let (line, column) = match lines.get(location.line().saturating_sub(1)) {
            Some(line) => (*line, location.column().saturating_sub(1).min(line.chars().count())),
            None => lines.last().map_or(("", 0), |line| (*line, line.chars().count())),
        };
        message = format!("{message}\n  {line}\n  {}^", " ".repeat(column));
    }
    anyhow::Error::msg(message)
}

/// Looks vars up as dbt does for the nodes of one package.
#[derive(Debug, Clone)]
pub struct VarScope<'a> {
    command_line: &'a Vars,
    root: &'a Project,
    root_vars: &'a Mapping,
    package_name: &'a str,
    package: Option<Project>,
    /// Why the package's own vars are not known.
    unknown: Option<Expression>,
}

impl<'a> VarScope<'a> {
    /// The scope of an installed package, or of the root project, in a version of dbt.
    ///
    /// # Errors
    /// The package's dbt_project.yml cannot be read.
    pub fn of(
        package_name: &'a str,
        root: &'a Project,
        command_line: &'a Vars,
        dbt_version: &str,
    ) -> Result<Self> {
        let package =
            root.package(package_name).with_context(|| format!("cannot read the package {package_name}"))?;
        let unknown = if package.is_none() { root.packages_directory().err() } else { None };
        Ok(Self { unknown, ..Self::with(package_name, package, root, command_line, dbt_version) })
    }

    /// The scope of a package whose project has already been read.
    #[must_use]
    pub fn with(
        package_name: &'a str,
        package: Option<Project>,
        root: &'a Project,
        command_line: &'a Vars,
        dbt_version: &str,
    ) -> Self {
        let (_, root_vars) = root.root_vars(dbt_version);
        Self { command_line, root, root_vars, package_name, package, unknown: None }
    }

    /// A var's value, before dbt renders it. The first of these decides: the command line, the root project's
    /// vars for this package, the root project's vars for all, the package's own vars.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.command_line.get(name).or_else(|| lookup(self.root_vars, self.package_name, name)).or_else(
            || self.package.as_ref().and_then(|package| lookup(&package.vars, self.package_name, name)),
        )
    }

    /// A var's value as text, if it is a string or a number.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        text_of(self.get(name)?)
    }

    /// Those of the vars that dbt has to render.
    #[must_use]
    pub fn to_render<'n>(&self, names: &[&'n str]) -> Vec<&'n str> {
        let has_jinja = |name: &&&str| self.get(name).and_then(Value::as_str).is_some_and(holds_jinja);
        names.iter().filter(has_jinja).copied().collect()
    }

    /// Why a var that holds Jinja cannot be rendered outside of the user's project; none if it can.
    pub(in crate::dbt) fn reason_not_to_render(&self, name: &str) -> Option<String> {
        let word = name_of_a_model(self.get(name)?.as_str()?)?;
        Some(format!("it holds `{word}`, which has its meaning in a model alone"))
    }

    /// The project's vars as dbt merges them for this package, without those of the command line.
    pub(in crate::dbt) fn merged(&self) -> Mapping {
        let mut merged = Mapping::new();
        let of_package = self.package.iter().map(|package| &package.vars);
        for vars in of_package.chain([self.root_vars]) {
            let scoped = vars.get(self.package_name).and_then(Value::as_mapping);
            for (name, value) in vars.iter().chain(scoped.into_iter().flatten()) {
                merged.insert(name.clone(), value.clone());
            }
        }
        // Vars of one package alone: in a project of that name, they would apply to everything.
        merged.retain(|name, value| !(value.is_mapping() && name == &Value::from(self.root.name.as_str())));
        merged
    }
}

/// A string, or a number as text.
#[must_use]
pub fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A package's vars as dbt hands them to its models on one target.
#[derive(Debug, Clone)]
pub struct ResolvedVars<'a> {
    scope: VarScope<'a>,
    /// The values of vars with Jinja, or why they are not known.
    rendered: BTreeMap<String, Result<String, String>>,
}

impl<'a> ResolvedVars<'a> {
    /// Combines vars with what dbt made of those that hold Jinja.
    #[must_use]
    pub fn new(scope: VarScope<'a>, rendered: BTreeMap<String, Result<String, String>>) -> Self {
        Self { scope, rendered }
    }

    /// Whether a var holds Jinja that dbt was asked to render.
    #[must_use]
    pub fn is_rendered(&self, name: &str) -> bool {
        self.rendered.contains_key(name)
    }

    /// A var's value; none if it is not set. What dbt rendered is text.
    ///
    /// # Errors
    /// Why the value is not known.
    pub fn value(&self, name: &str) -> Result<Option<Value>, String> {
        if let Some(rendered) = self.rendered.get(name) {
            return rendered.clone().map(|text| Some(text.into()));
        }
        match (self.scope.get(name), &self.scope.unknown) {
            (None, Some(unknown)) => Err(format!("{unknown}, so the package's own vars are not known")),
            (Some(Value::String(text)), _) if holds_jinja(text) => {
                Err(format!("only dbt can render `{text}`"))
            }
            (value, _) => Ok(value.cloned()),
        }
    }

    /// A var's value as text; none if it is not set.
    ///
    /// # Errors
    /// Why the value is not known or no text.
    pub fn text(&self, name: &str) -> Result<Option<String>, String> {
        match self.value(name)? {
            None | Some(Value::Null) => Ok(None),
            Some(value) => text_of(&value).map(Some).ok_or_else(|| {
                format!("it is no text but {}", serde_json::to_string(&value).unwrap_or_default())
            }),
        }
    }

    /// A var's value if it is a list. dbt renders strings, but not what a list holds.
    #[must_use]
    pub fn list(&self, name: &str) -> Option<&[Value]> {
        self.scope.get(name)?.as_sequence().map(Vec::as_slice)
    }
}

fn lookup<'v>(vars: &'v Mapping, package: &str, name: &str) -> Option<&'v Value> {
    let scoped = vars.get(package).and_then(Value::as_mapping).and_then(|vars| vars.get(name));
    scoped.or_else(|| vars.get(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dbt::project::PROJECT_FILE;

    fn with(user: &str) -> String {
        let own = [("models_to_run", "a b".into()), ("snowplow__backfill_limit_days", 30.into())];
        Vars::parse(user).expect(user).with(&own).expect(user)
    }

    #[test]
    fn adds_vars_without_changing_the_users_text() {
        let own = r#""models_to_run": "a b", "snowplow__backfill_limit_days": 30"#;
        for (user, merged) in [
            ("", format!("{{{own}}}")),
            ("{}", format!("{{{own}}}")),
            ("{yes_no: yes, day: 2024-01-01}", format!("{{{own}, yes_no: yes, day: 2024-01-01}}")),
            (r#" {"a": {"b": [1, "x"]}} "#, format!(r#" {{{own}, "a": {{"b": [1, "x"]}}}} "#)),
            (
                "a: \
              010",
                "\"models_to_run\": \"a b\"\n\"snowplow__backfill_limit_days\": 30\na: \
                        010"
                .to_owned(),
            ),
            (
                "# first\n  a: {b: 1}\n  c: no\n",
                "# first\n  \"models_to_run\": \"a b\"\n  \"snowplow__backfill_limit_days\": 30\n  a: {b: \
                 1}\n  c: no\n"
                    .to_owned(),
            ),
        ] {
            assert_eq!(with(user), merged);
        }
    }

    #[test]
    fn adds_vars_after_the_beginning_of_a_document() {
        assert_eq!(
            with("--- \na: no\n"),
            "--- \n\"models_to_run\": \"a b\"\n\"snowplow__backfill_limit_days\": 30\na: no\n"
        );
    }

    #[test]
    fn refuses_text_that_leaves_no_place_to_add_vars() {
        let error = Vars::parse("&all\na: no").expect_err("an anchor").to_string();
        assert!(error.starts_with("this tool cannot add its own vars to --vars"), "{error}");
        let vars = Vars::parse("{snowplow__start_date: 2020-01-01, other: no}").expect("vars");
        let error = vars.with(&[("snowplow__start_date", "2022-01-01".into())]).expect_err("twice");
        assert!(error.to_string().starts_with("--vars sets snowplow__start_date"), "{error}");
    }

    #[test]
    fn shows_the_place_of_malformed_text() {
        let error = Vars::parse("{a: 1, b: [1, 2}").expect_err("malformed").to_string();
        assert!(error.starts_with("--vars is not valid YAML or JSON: "), "{error}");
        assert!(error.lines().any(|line| line.trim() == "^"), "{error}");
        for wrong in ["just a word", "[1, 2]", "42"] {
            assert!(Vars::parse(wrong).expect_err(wrong).to_string().contains("must be a mapping"));
        }
    }

    #[test]
    fn refuses_the_tools_own_vars_and_names_the_flag() {
        for (text, flag) in [
            ("models_to_run: a", "--select"),
            (r#"{"snowplow__backfill_limit_days": 9}"#, "--limit-days"),
            ("{models_to_remove: [a]}", "--remove-from-manifest"),
        ] {
            let error = Vars::parse(text).expect_err(text).to_string();
            assert!(error.contains(flag), "{error}");
        }
    }

    #[test]
    fn looks_vars_up_in_dbts_order() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = camino::Utf8Path::from_path(folder.path()).expect("UTF-8");
        let package = root.join("dbt_packages/p");
        std::fs::create_dir_all(&package).expect("folders");
        std::fs::write(root.join("dbt_project.yml"), "name: r\nvars: {a: root, b: root, p: {a: scoped}}\n")
            .expect("written");
        std::fs::write(
            package.join("dbt_project.yml"),
            "name: p\nvars: {p: {a: own, b: own, c: own}, d: 4}\n",
        )
        .expect("written");
        let root = Project::read(root.to_owned()).expect("a project");
        let vars = Vars::parse("e: user").expect("vars");
        let scope = VarScope::of("p", &root, &vars, "1.11.0").expect("a scope");

        let found: Vec<_> = ["a", "b", "c", "d", "e", "f"].iter().map(|name| scope.text(name)).collect();
        let expected = [Some("scoped"), Some("root"), Some("own"), Some("4"), Some("user"), None];
        assert_eq!(found, expected.map(|text| text.map(str::to_owned)));
    }

    #[test]
    fn knows_what_dbt_has_to_render_and_what_nobody_knows() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = camino::Utf8Path::from_path(folder.path()).expect("UTF-8");
        let file = "name: r\npackages-install-path: '{{ target.name }}'\nvars:\n  a: '{{ target.schema }}'\n  b: \
                    plain\n  c: [x]\n  d: null\n  p: {e: '{{ this }}', r: {x: 1}}\n  r: {b: other}\n";
        std::fs::write(root.join(PROJECT_FILE), file).expect("written");
        let root = Project::read(root.to_owned()).expect("a project");
        let vars = Vars::default();
        let scope = VarScope::of("p", &root, &vars, "1.11.0").expect("a scope");
        assert_eq!(scope.to_render(&["a", "b", "c", "e", "f"]), ["a", "e"]);
        assert_eq!((scope.reason_not_to_render("a"), scope.reason_not_to_render("b")), (None, None));
        assert!(scope.reason_not_to_render("e").expect("a reason").contains("`this`"));
        let merged: Vec<_> = scope.merged().keys().filter_map(Value::as_str).map(str::to_owned).collect();
        assert_eq!(merged, ["a", "b", "c", "d", "p", "e"]);

        let rendered = BTreeMap::from([
            ("a".to_owned(), Ok("s".to_owned())),
            ("e".to_owned(), Err("a reason".to_owned())),
        ]);
        let resolved = ResolvedVars::new(scope, rendered);
        let text = |name: &str| resolved.text(name);
        assert_eq!(text("a"), Ok(Some("s".to_owned())));
        assert_eq!(text("b"), Ok(Some("plain".to_owned())));
        assert_eq!(text("d"), Ok(None));
        assert_eq!(text("e"), Err("a reason".to_owned()));
        assert_eq!(text("c"), Err("it is no text but [\"x\"]".to_owned()));
        let unknown = text("f").expect_err("the package is not known");
        assert!(unknown.starts_with("packages-install-path in dbt_project.yml is"), "{unknown}");
    }
}
