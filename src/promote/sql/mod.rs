//! The statements of a promotion, one warehouse's way of saying them beside the other's.

mod assertion;
mod content;
mod grants;
mod layout;
mod rows;
mod table;
mod verify;

pub use assertion::{all, assert};
pub use content::{columns_equal, content_equals, content_matches};
pub use grants::{keep_grants, known_grants, project_grants};
pub use rows::{
    as_planned, delete_rows, free_or_done, insert_rows, lock, lower, recorded, restored, set_row,
    staging_moves, still, taken_back, written,
};
pub use table::{
    after_copy, back_up, copy, describe, drop_backup_indexes, put_in_place, replace, restore, step_aside,
    take_back, working_copy, written_as,
};
pub use verify::verify;
