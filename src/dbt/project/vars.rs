//! `--vars`: reads the user's vars, adds those that this tool sets, and looks vars up as dbt does.

use anyhow::{Context, Result, bail};
use serde_yaml::{Mapping, Value};

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
    package_name: &'a str,
    package: Option<Project>,
}

impl<'a> VarScope<'a> {
    /// The scope of an installed package, or of the root project.
    ///
    /// # Errors
    /// The package's dbt_project.yml cannot be read.
    pub fn of(package_name: &'a str, root: &'a Project, command_line: &'a Vars) -> Result<Self> {
        let package =
            root.package(package_name).with_context(|| format!("cannot read the package {package_name}"))?;
        Ok(Self::with(package_name, package, root, command_line))
    }

    /// The scope of a package whose project has already been read.
    #[must_use]
    pub fn with(
        package_name: &'a str,
        package: Option<Project>,
        root: &'a Project,
        command_line: &'a Vars,
    ) -> Self {
        Self { command_line, root, package_name, package }
    }

    /// A var's value. The first of these decides: the command line, the root project's vars for this package,
    /// the root project's vars for all, the package's own vars.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.command_line.get(name).or_else(|| lookup(&self.root.vars, self.package_name, name)).or_else(
            || self.package.as_ref().and_then(|package| lookup(&package.vars, self.package_name, name)),
        )
    }

    /// A var's value as text, if it is a string or a number.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        match self.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }
}

fn lookup<'v>(vars: &'v Mapping, package: &str, name: &str) -> Option<&'v Value> {
    let scoped = vars.get(package).and_then(Value::as_mapping).and_then(|vars| vars.get(name));
    scoped.or_else(|| vars.get(name))
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let scope = VarScope::of("p", &root, &vars).expect("a scope");

        let found: Vec<_> = ["a", "b", "c", "d", "e", "f"].iter().map(|name| scope.text(name)).collect();
        let expected = [Some("scoped"), Some("root"), Some("own"), Some("4"), Some("user"), None];
        assert_eq!(found, expected.map(|text| text.map(str::to_owned)));
    }
}
