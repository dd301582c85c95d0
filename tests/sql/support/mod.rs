//! What these tests stand on: validators and what they do not know, an engine, and how a script is cut into
//! statements.

mod exceptions;
mod lab;
mod manuals;
mod process;
mod split;
mod validator;

pub use exceptions::{EXCEPTIONS, exceptions_of, is_excepted};
pub use lab::{Lab, Rows};
pub use manuals::judge_order;
pub use process::{Environment, Process};
pub use split::statements;
pub use validator::Validator;
