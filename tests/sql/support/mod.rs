//! What these tests stand on: validators, what they do not know, and how a script is cut into statements.

mod exceptions;
mod manuals;
mod process;
mod split;
mod validator;

pub use exceptions::EXCEPTIONS;
pub use manuals::judge_order;
pub use split::statements;
pub use validator::Validator;
