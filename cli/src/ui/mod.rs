//! The output of the program: exit codes and failures, reports and their tables, progress, logs, and parts of
//! pictures. It depends on no command.

pub mod axis;
pub mod draw;
pub mod exit;
pub mod log;
pub mod progress;
pub mod report;
pub mod usage;
