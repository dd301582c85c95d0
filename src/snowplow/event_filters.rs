//! Which events a package leaves out for certain, told from the values of its vars.
//!
//! A row of the incremental manifest moves to the last of the base events. An event that these never hold
//! moves no row, so the search for the next event may skip it. What counts is the argument that the model of
//! the base events hands to the packages' macros: some versions read a var of another name than documented,
//! and projects write such models themselves.
//!
//! Whatever is not certain filters nothing. Then the search finds too many events, and the limit grows step
//! by step. A filter that the package does not have would make a window larger than needed, and lose nothing:
//! an answer only raises a limit, and the window alone tells whether a package is up to date.

use serde_yaml::Value;

use crate::dbt::{Argument, MacroCall, Node, ResolvedVars};
use crate::warehouse::Dialect;

/// A macro of the packages that filters events by a list.
struct FilterMacro {
    dbt_package: &'static str,
    name: &'static str,
    /// The parameter that takes the list.
    parameter: &'static str,
    /// Its position, from 0.
    position: usize,
    /// Events of this vendor pass, whatever the list holds.
    vendor: Option<&'static str>,
}

impl FilterMacro {
    const fn of_utils(name: &'static str, parameter: &'static str, position: usize) -> Self {
        Self { dbt_package: "snowplow_utils", name, parameter, position, vendor: None }
    }

    /// `event_name_filter`, which each of these packages has for itself.
    const fn of_names(dbt_package: &'static str, vendor: Option<&'static str>) -> Self {
        Self { dbt_package, name: "event_name_filter", parameter: "event_names", position: 0, vendor }
    }

    /// Its `unique_id`.
    fn id(&self) -> String {
        format!("macro.{}.{}", self.dbt_package, self.name)
    }
}

/// The same in all versions of the packages since they have on-run-end hooks.
const APP_IDS: [FilterMacro; 3] = [
    FilterMacro::of_utils("base_create_snowplow_events_this_run", "app_ids", 7),
    FilterMacro::of_utils("base_create_snowplow_events_this_run_t", "app_ids", 1),
    FilterMacro::of_utils("app_id_filter", "app_ids", 0),
];

/// The same in all versions that have them.
const EVENT_NAMES: [FilterMacro; 3] = [
    FilterMacro::of_utils("base_create_snowplow_events_this_run_t", "event_names", 5),
    FilterMacro::of_names("snowplow_ecommerce", None),
    FilterMacro::of_names("snowplow_media_player", Some("com.snowplowanalytics.snowplow.media")),
];

/// What a package lets pass, as far as it is certain.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFilters {
    app_ids: Option<Filter>,
    event_names: Option<Filter>,
}

/// The values of a column that pass.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Filter {
    values: Vec<String>,
    vendor: Option<&'static str>,
}

impl EventFilters {
    /// The filters of a model of base events. The vars are those of its dbt package.
    #[must_use]
    pub fn of(base_events: &Node, vars: &ResolvedVars<'_>) -> Self {
        Self {
            app_ids: Filter::of(base_events, &APP_IDS, vars),
            event_names: Filter::of(base_events, &EVENT_NAMES, vars),
        }
    }

    /// Conditions on the events relation, to be joined by `and`.
    #[must_use]
    pub fn conditions(&self, dialect: Dialect) -> Vec<String> {
        let list = |values: &[String]| {
            let literals: Vec<_> = values.iter().map(|value| dialect.text_literal(value)).collect();
            literals.join(", ")
        };
        let app_ids = self.app_ids.iter().map(|filter| format!("app_id in ({})", list(&filter.values)));
        // Some packages ignore case here. For the others, that lets a few events too many pass.
        let event_names = self.event_names.iter().map(|filter| {
            let lower: Vec<_> = filter.values.iter().map(|name| name.to_ascii_lowercase()).collect();
            let by_name = format!("lower(event_name) in ({})", list(&lower));
            let Some(vendor) = filter.vendor else { return by_name };
            format!("({by_name} or lower(event_vendor) = {})", dialect.text_literal(vendor))
        });
        app_ids.chain(event_names).collect()
    }
}

impl Filter {
    /// None if the model calls no such macro, or if it is not certain what its calls let pass.
    fn of(model: &Node, macros: &[FilterMacro], vars: &ResolvedVars<'_>) -> Option<Self> {
        let mut found = None;
        for id in &model.macros {
            let name = id.rsplit('.').next()?;
            if macros.iter().all(|known| known.name != name) {
                continue;
            }
            let known = macros.iter().find(|known| *id == known.id())?;
            for call in MacroCall::find_all(&model.raw_code, name) {
                let argument = call.argument(known.position, known.parameter);
                let Some(Argument::Var { name: var, .. }) = argument else { return None };
                // Calls that differ can belong to different branches, or to the parts of a union.
                let this = (var.clone(), known.vendor);
                if found.replace(this.clone()).is_some_and(|other| other != this) {
                    return None;
                }
            }
        }
        let (var, vendor) = found?;
        let values: Vec<_> = vars.list(&var)?.iter().map(certain_text).collect::<Option<_>>()?;
        (!values.is_empty()).then_some(Self { values, vendor })
    }
}

/// The text that a package compares with, if it is certain.
///
/// The packages put quotes around the text and escape nothing. dbt reads YAML 1.1, where `no` is false and
/// `0123` a number, and this tool reads YAML 1.2: a text that begins with a letter or `_` is the same to both
/// unless it is one of a few words. A var that is one text would be a list of its letters to the packages.
fn certain_text(value: &Value) -> Option<String> {
    const WORDS: [&str; 7] = ["yes", "no", "on", "off", "true", "false", "null"];
    let text = value.as_str()?;
    let is_word = text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    let is_harmless = |character: char| character.is_ascii_alphanumeric() || "_-.:/ ".contains(character);
    let is_certain =
        is_word && text.chars().all(is_harmless) && WORDS.iter().all(|word| !text.eq_ignore_ascii_case(word));
    is_certain.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::dbt::{Manifest, Project, ReadFor, VarScope, Vars};

    const UTILS: &str = "macro.snowplow_utils.base_create_snowplow_events_this_run";
    const APP_ID: &str = "macro.snowplow_utils.app_id_filter";
    const SHOP_NAMES: &str = "macro.snowplow_ecommerce.event_name_filter";
    const MEDIA_NAMES: &str = "macro.snowplow_media_player.event_name_filter";

    /// The conditions for a model with this code, in a project with these vars.
    fn conditions(code: &str, macros: &[&str], vars: &str) -> Vec<String> {
        let manifest = json!({
            "metadata": {"dbt_version": "1.11.1", "adapter_type": "duckdb"},
            "nodes": {"model.p.events": {
                "resource_type": "model", "name": "events", "package_name": "p", "raw_code": code,
                "depends_on": {"macros": macros, "nodes": []},
            }},
        });
        let manifest = Manifest::of_text(&manifest.to_string(), ReadFor::Runs).expect("a manifest");
        let folder = tempfile::tempdir().expect("a folder");
        let root = camino::Utf8Path::from_path(folder.path()).expect("UTF-8");
        std::fs::write(root.join("dbt_project.yml"), format!("name: p\nvars: {vars}\n")).expect("written");
        let project = Project::read(root.to_owned()).expect("a project");
        let none = Vars::default();
        let scope = VarScope::of("p", &project, &none, "1.11.0").expect("a scope");
        let rendered = BTreeMap::from([("rendered".to_owned(), Ok("['shop']".to_owned()))]);
        let vars = ResolvedVars::new(scope, rendered);
        EventFilters::of(manifest.node("model.p.events").expect("the model"), &vars)
            .conditions(Dialect::DuckDb)
    }

    /// The conditions for app ids, where the var has this value.
    fn of_app_ids(value: &str) -> Vec<String> {
        let code = "{% set query = snowplow_utils.base_create_snowplow_events_this_run( \
                    sessions_this_run_table='s', session_identifiers=session_identifiers(), \
                    app_ids=var('snowplow__app_id', []), custom_sql=var('snowplow__custom_sql', '')) %}";
        conditions(code, &[UTILS, "macro.p.session_identifiers"], &format!("{{snowplow__app_id: {value}}}"))
    }

    #[test]
    fn reads_the_app_ids_that_a_package_reads() {
        assert_eq!(of_app_ids("[shop, 'com.acme.app-2']"), ["app_id in ('shop', 'com.acme.app-2')"]);
        let filter = "where {{ snowplow_utils.app_id_filter(var(\"snowplow__app_id\",[])) }}";
        assert_eq!(conditions(filter, &[APP_ID], "{snowplow__app_id: [shop]}"), ["app_id in ('shop')"]);
        let of_load_family = "{{ snowplow_utils.base_create_snowplow_events_this_run_t('limits', var('a'), \
                              event_names=var('e')) }}";
        assert_eq!(
            conditions(of_load_family, &[&format!("{UTILS}_t")], "{a: [shop], e: [Page_View]}"),
            ["app_id in ('shop')", "lower(event_name) in ('page_view')"]
        );
    }

    #[test]
    fn reads_the_event_names_as_each_package_filters_by_them() {
        let code = "where {{ snowplow_p.event_name_filter(var(\"names\", \"['a']\")) }}";
        let vars = "{names: [Action, view]}";
        assert_eq!(conditions(code, &[SHOP_NAMES], vars), ["lower(event_name) in ('action', 'view')"]);
        assert_eq!(
            conditions(code, &[MEDIA_NAMES], vars),
            ["(lower(event_name) in ('action', 'view') or lower(event_vendor) = \
              'com.snowplowanalytics.snowplow.media')"]
        );
        let unknown = "macro.of_another.event_name_filter";
        for macros in [&[unknown][..], &[SHOP_NAMES, unknown], &[SHOP_NAMES, MEDIA_NAMES], &[]] {
            assert_eq!(conditions(code, macros, vars), [""; 0], "{macros:?}");
        }
    }

    #[test]
    fn what_is_not_certain_filters_nothing() {
        for value in [
            "[]",
            "shop",
            "null",
            "'{{ env_var(\"APPS\") }}'",
            "[shop, '{{ other }}']",
            "[shop, null]",
            "[shop, 7]",
            "[shop, '0123']",
            "[shop, no]",
            "[shop, \"it's\"]",
            "[shop, 'a\\b']",
            "[shop, 'a@0@b']",
            "[shop, caf\u{e9}]",
            "[shop, [nested]]",
            "[shop, '']",
        ] {
            assert_eq!(of_app_ids(value), [""; 0], "{value}");
        }
        let vars = "{a: [shop], b: [site], rendered: '{{ c }}'}";
        for code in [
            "{{ app_id_filter(var('a')) }} {{ app_id_filter(var('b')) }}",
            "{{ app_id_filter(var('a')) }} {{ app_id_filter(['shop']) }}",
            "{{ app_id_filter(var('a') + var('b')) }}",
            "{{ app_id_filter(app_ids) }}",
            "{{ app_id_filter(var('rendered')) }}",
            "{{ app_id_filter(var('not_set', ['shop'])) }}",
            "{# {{ app_id_filter(var('a')) }} #}",
            "select 1",
        ] {
            assert_eq!(conditions(code, &[APP_ID], vars), [""; 0], "{code}");
        }
    }
}
