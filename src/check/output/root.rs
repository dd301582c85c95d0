//! The paths of files as the readers of a report know them.

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

use crate::check::finding::Finding;
use crate::dbt::PROJECT_FILE;

/// Where the project is, seen from those who read the report.
#[derive(Debug, Clone)]
pub(super) struct Root {
    pub(super) project: Utf8PathBuf,
    /// The folder that their paths start from.
    pub(super) base: Utf8PathBuf,
}

impl Root {
    /// The path of a file of the project from `base`; absolute if the file is elsewhere.
    pub(super) fn path(&self, file: &Utf8Path) -> String {
        let path = without_detours(&self.project.join(file));
        path.strip_prefix(&self.base).unwrap_or(&path).to_string()
    }

    /// File and line of a finding for readers who only know the files of the repository. A finding in a file
    /// elsewhere, such as a package that is installed outside the repository, is shown in dbt_project.yml.
    pub(super) fn place(&self, finding: &Finding) -> (String, Option<usize>) {
        let path = self.path(&finding.file);
        if Utf8Path::new(&path).is_absolute() {
            (self.path(Utf8Path::new(PROJECT_FILE)), None)
        } else {
            (path, finding.line)
        }
    }
}

/// The same path without `.` and `..`.
fn without_detours(path: &Utf8Path) -> Utf8PathBuf {
    path.components().fold(Utf8PathBuf::new(), |mut path, component| {
        match component {
            Utf8Component::ParentDir => {
                path.pop();
            }
            Utf8Component::CurDir => {}
            other => path.push(other),
        }
        path
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{elsewhere, root};
    use super::*;

    #[test]
    fn paths_start_where_their_readers_are() {
        let root = root();
        let path = |file: &str| root.path(Utf8Path::new(file));
        assert_eq!(path("models/a.sql"), "analytics/dbt/models/a.sql");
        assert_eq!(path("./../packages/shop/models/a.sql"), "analytics/packages/shop/models/a.sql");
        assert_eq!(path("../../../elsewhere/a.sql"), "/elsewhere/a.sql");
        let finding = &elsewhere().findings[0];
        assert_eq!(path(finding.file.as_str()), finding.file);
        assert_eq!(root.place(finding), ("analytics/dbt/dbt_project.yml".to_owned(), None));
    }
}
