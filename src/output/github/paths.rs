//! Paths as GitHub shows them, from the repository's root.

use camino::{Utf8Path, Utf8PathBuf};
use regex::Regex;

/// Absolute paths of the project and its repository.
#[derive(Debug, Clone)]
pub(super) struct RepositoryPaths {
    pub(super) project: Utf8PathBuf,
    pub(super) repository: Utf8PathBuf,
}

impl RepositoryPaths {
    /// The repository is GitHub's workspace, or else the working directory.
    pub(super) fn of_this_process(project: &Utf8Path) -> Self {
        let workspace = std::env::var("GITHUB_WORKSPACE").ok().filter(|path| !path.is_empty());
        let repository = workspace
            .map(Utf8PathBuf::from)
            .or_else(|| Utf8PathBuf::try_from(std::env::current_dir().ok()?).ok());
        let repository = repository
            .map_or_else(|| project.to_owned(), |folder| folder.canonicalize_utf8().unwrap_or(folder));
        Self { project: project.to_owned(), repository }
    }

    /// The text, with paths in the repository from its root on.
    pub(super) fn shortened(&self, text: &str) -> String {
        text.replace(&format!("{}/", self.repository), "")
    }

    /// The project's file that dbt's message names, as in `Database Error in model a (models/a.sql)`.
    ///
    /// Files of packages are left out: nobody edits them in this repository.
    pub(super) fn file_named_in(
        &self,
        message: &str,
        node: Option<&str>,
        project: Option<&str>,
    ) -> Option<Utf8PathBuf> {
        if let (Some(node), Some(project)) = (node, project)
            && node.split('.').nth(1) != Some(project)
        {
            return None;
        }
        let pattern = Regex::new(r"\(([^()\s]+\.(?:sql|py|yml|yaml|csv))\)").ok()?;
        let file = pattern
            .captures_iter(message)
            .map(|found| self.project.join(&found[1]))
            .find(|path| path.is_file())?;
        Some(file.strip_prefix(&self.repository).unwrap_or(&file).to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_file_that_dbt_names() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = Utf8Path::from_path(folder.path()).expect("UTF-8").to_owned();
        std::fs::create_dir_all(root.join("dbt/models")).expect("folders");
        std::fs::write(root.join("dbt/models/a.sql"), "").expect("written");
        let paths = RepositoryPaths { project: root.join("dbt"), repository: root };
        let message = "Runtime Error in model a (models/a.sql)\n  no such column (x)";
        let file = |message, node| paths.file_named_in(message, node, Some("shop"));
        assert_eq!(file(message, Some("model.shop.a")).as_deref(), Some(Utf8Path::new("dbt/models/a.sql")));
        assert_eq!(file(message, None).as_deref(), Some(Utf8Path::new("dbt/models/a.sql")));
        assert_eq!(file(message, Some("model.snowplow_utils.a")), None);
        assert_eq!(file("Compilation Error in model b (models/b.sql)", None), None);
        assert_eq!(paths.shortened(&format!("dbt's log: {}/dbt/x", paths.repository)), "dbt's log: dbt/x");
    }
}
