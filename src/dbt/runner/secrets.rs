//! dbt masks the values of secret variables in all that it prints, also where they are part of a name.

use crate::dbt::dotenv_names_here;

/// What dbt prints in the place of a secret.
pub(super) const MASK: &str = "*****";

/// Why a name has a mask in it, and what to do.
pub(super) const MASKED: &str = "dbt prints ***** for the values of DBT_ENV_SECRET_… variables, also where they \
    are part of a name. Give such a variable a value that is not part of the name of a project, a model or a \
    schema, or use a variable without this prefix for what is no secret";

/// Whether this process has a secret variable that dbt knows, or dbt may take one from `.env`. Only names are
/// looked at.
pub(super) fn has_secrets() -> bool {
    let is_secret = |name: &str| name.starts_with("DBT_ENV_SECRET");
    std::env::vars_os().any(|(name, _)| is_secret(&name.to_string_lossy()))
        || dotenv_names_here().iter().any(|name| is_secret(name))
}
