//! The end of a command: its exit code, and the message of a failure.

use serde_json::json;
use std::fmt::{self, Display};
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

/// Shown below every `--help`.
pub const EXIT_CODES: &str = "\
Exit codes:
  0  success, and every check passed
  1  a check failed: something is missing (doctor), damaged (cache verify, pack verify) or
     not covered (pack check), or a kernel or its answer is wrong (run, bench, recall), or
     slower (tune --check); or two kernels differ (diff)
  2  the input or the command line is wrong; one line on stderr says how; of diff, as of
     diff(1), every failure
  3  this machine lacks or refused something that is needed: NVRTC, a GPU, the driver, a C++
     compiler, memory, the disk (warmup: the disk has not kept every kernel)
130  ended by Ctrl-C; the measurements until then are reported and kept (tune)";

/// The exit codes, as [`EXIT_CODES`] explains them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0
    Done,
    /// 1
    CheckFailed,
    /// 2
    BadInput,
    /// 3
    Environment,
    /// 130, as shells have it for a program that Ctrl-C ended.
    Interrupted,
}

impl Exit {
    /// The number that a shell sees.
    pub fn number(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::CheckFailed => 1,
            Exit::BadInput => 2,
            Exit::Environment => 3,
            Exit::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.number())
    }
}

/// A command that could not be carried out.
#[derive(Debug)]
pub struct Failure {
    exit: Exit,
    message: String,
}

impl Failure {
    /// The input or the command line is wrong. Names in a file may hold anything, so the
    /// message is made one line that a terminal only prints.
    pub fn input(message: impl Display) -> Failure {
        let plain = |c: char| if c.is_control() { ' ' } else { c };
        Failure { exit: Exit::BadInput, message: message.to_string().chars().map(plain).collect() }
    }

    /// This machine lacks or refused something.
    pub fn environment(message: impl Display) -> Failure {
        Failure { exit: Exit::Environment, message: message.to_string() }
    }

    /// The checked answer is wrong, so there is no answer to show.
    pub fn check(message: impl Display) -> Failure {
        Failure { exit: Exit::CheckFailed, message: message.to_string() }
    }

    /// The same, of what a flag names.
    pub fn of(self, flag: &str) -> Failure {
        Failure { message: format!("{flag}: {}", self.message), ..self }
    }

    /// How the command ends.
    #[cfg(test)]
    pub fn exit(&self) -> Exit {
        self.exit
    }

    /// The same as the failure of a comparison, for which there is one code.
    pub fn trouble(self) -> Failure {
        Failure { exit: Exit::BadInput, ..self }
    }

    /// Says it on stderr, and with `--json` also as a document on stdout.
    pub fn print(&self, json: bool) -> ExitCode {
        if json {
            let document = json!({
                "error": { "message": self.message, "exit_code": self.exit.number() }
            });
            // A failure to write the report must not hide the failure itself.
            let _ = crate::ui::report::write(&format!("{document:#}\n"));
        }
        // The exit code stands even where stderr is closed.
        let _ = writeln!(io::stderr(), "error: {}", self.message);
        self.exit.into()
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<topkit::Error> for Failure {
    fn from(error: topkit::Error) -> Failure {
        use topkit::Error;
        match error {
            Error::Spec(error) => error.into(),
            Error::Render(error) => error.into(),
            Error::Plan(error) => error.into(),
            Error::Host(error) => error.into(),
            Error::TooLarge(_) => Failure::input(error),
            _ => Failure::environment(error),
        }
    }
}

impl From<topkit::inspect::PlanError> for Failure {
    fn from(error: topkit::inspect::PlanError) -> Failure {
        match error {
            topkit::inspect::PlanError::Spec(error) => error.into(),
            error => Failure::input(error),
        }
    }
}

impl From<topkit_lab::Error> for Failure {
    fn from(error: topkit_lab::Error) -> Failure {
        use topkit_lab::Error;
        match error {
            Error::Input(message) => Failure::input(message),
            Error::Environment(_) | Error::Memory { .. } => Failure::environment(error),
            Error::Topkit(error) => error.into(),
            Error::Host(error) => error.into(),
            Error::Spec(error) => error.into(),
        }
    }
}

impl From<topkit::host::HostError> for Failure {
    fn from(error: topkit::host::HostError) -> Failure {
        match error {
            topkit::host::HostError::Memory { .. } => Failure::environment(error),
            _ => Failure::input(error),
        }
    }
}

impl From<topkit::tune::TuneError> for Failure {
    fn from(error: topkit::tune::TuneError) -> Failure {
        use topkit::tune::TuneError;
        match error {
            TuneError::Engine(error) => (*error).into(),
            TuneError::Edited | TuneError::NoRecords | TuneError::TooLarge { .. } => {
                Failure::input(error)
            }
            TuneError::Records { doing: "read", ref reason, .. }
                if reason.kind() != ErrorKind::OutOfMemory =>
            {
                Failure::input(error)
            }
            _ => Failure::environment(error),
        }
    }
}

impl From<topkit::spec::SpecError> for Failure {
    fn from(error: topkit::spec::SpecError) -> Failure {
        let faults: Vec<_> = error.faults.iter().map(ToString::to_string).collect();
        Failure::input(faults.join("; "))
    }
}

impl From<topkit::inspect::RenderError> for Failure {
    fn from(error: topkit::inspect::RenderError) -> Failure {
        match error {
            topkit::inspect::RenderError::Spec(error) => error.into(),
            other => Failure::environment(other),
        }
    }
}

impl From<topkit::cache::DiskError> for Failure {
    fn from(error: topkit::cache::DiskError) -> Failure {
        Failure::environment(error)
    }
}

impl From<topkit::cache::pack::PackError> for Failure {
    fn from(error: topkit::cache::pack::PackError) -> Failure {
        use topkit::cache::pack::PackError;
        match error {
            PackError::Damaged { .. } => Failure::check(error),
            PackError::Io { action: "write", .. }
            | PackError::Io { kind: ErrorKind::OutOfMemory, .. } => Failure::environment(error),
            _ => Failure::input(error),
        }
    }
}

impl From<topkit::interpret::InterpretError> for Failure {
    fn from(error: topkit::interpret::InterpretError) -> Failure {
        Failure::environment(error)
    }
}
