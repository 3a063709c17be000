//! What a person or a program sees: exit codes and failures, reports and their tables, progress, logs, and
//! what pictures share. It knows no command.

pub mod draw;
pub mod exit;
pub mod log;
pub mod progress;
pub mod report;
pub mod usage;
