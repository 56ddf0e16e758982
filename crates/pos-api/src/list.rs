//! The machinery of the command list: one typed function per command, erased so that every host loops over one list.

use std::future::Future;
use std::pin::Pin;

use pos_app::{App, AppError, Door, ErrorCode, Outcome, Permission};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use ts_rs::{Config, ExportError, TS, TypeVisitor};

type Answer = Pin<Box<dyn Future<Output = Result<Outcome<Value>, AppError>> + Send>>;
type Handler = Box<dyn Fn(App, Value) -> Answer + Send + Sync>;

/// Whether a command writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Only reads: allowed beside another program that works with the same data.
    Read,
    /// Writes.
    Write,
}

/// One command of the list.
pub struct Command {
    /// Its name, such as `sale.complete`.
    pub name: &'static str,
    /// What the person must be allowed to do.
    pub permission: Permission,
    /// Whether it writes.
    pub access: Access,
    /// Who may give it.
    pub door: Door,
    handler: Handler,
    types: TypeNames,
}

/// Names and exporter of a command's TypeScript types.
pub(crate) struct TypeNames {
    pub(crate) request: fn(&Config) -> String,
    pub(crate) response: fn(&Config) -> String,
    pub(crate) export: fn(&Config) -> Result<(), ExportError>,
}

impl Command {
    /// Runs the command. The request is the JSON of its request type.
    pub fn run(&self, app: App, request: Value) -> Answer {
        (self.handler)(app, request)
    }

    /// One that is taken while the register is locked as well.
    #[must_use]
    pub(crate) fn while_locked(self) -> Self {
        Self { door: Door::Open, ..self }
    }

    /// One that takes another person's yes where the role at the register lacks the permission; its use case looks.
    #[must_use]
    pub(crate) fn or_approval(self) -> Self {
        Self { door: Door::RoleOrApproval, ..self }
    }

    pub(crate) fn types(&self) -> &TypeNames {
        &self.types
    }
}

/// Makes a command of a typed function.
pub(crate) fn command<Request, Response, F, Fut>(
    name: &'static str,
    permission: Permission,
    access: Access,
    function: F,
) -> Command
where
    Request: DeserializeOwned + TS + Send + 'static,
    Response: Serialize + TS + Send + 'static,
    F: Fn(App, Request) -> Fut + Copy + Send + Sync + 'static,
    Fut: Future<Output = Result<Outcome<Response>, AppError>> + Send + 'static,
{
    let handler: Handler = Box::new(move |app, request| {
        Box::pin(async move {
            let request =
                serde_json::from_value(request).map_err(|e| AppError::input("request", &e).caused_by(e))?;
            let outcome = function(app, request).await?;
            let value = serde_json::to_value(outcome.value).map_err(AppError::internal)?;
            Ok(Outcome { value, changed: outcome.changed })
        })
    });
    let types = TypeNames {
        request: |config| Request::name(config),
        response: |config| Response::name(config),
        export: |config| {
            export_types::<Request>(config)?;
            export_types::<Response>(config)
        },
    };
    Command { name, permission, access, door: Door::Role, handler, types }
}

/// Exports a type, what it is made of and what stands between its angle brackets.
fn export_types<T: TS + 'static>(config: &Config) -> Result<(), ExportError> {
    struct Exporter<'a> {
        config: &'a Config,
        result: Result<(), ExportError>,
    }
    impl TypeVisitor for Exporter<'_> {
        fn visit<T: TS + 'static + ?Sized>(&mut self) {
            if T::output_path().is_some() && self.result.is_ok() {
                self.result = T::export_all(self.config);
            }
            T::visit_generics(self);
        }
    }
    let mut exporter = Exporter { config, result: Ok(()) };
    exporter.visit::<T>();
    exporter.result
}

/// The error of a name that is not in the list.
pub(crate) fn unknown_command(name: &str) -> AppError {
    AppError::with(ErrorCode::UnknownCommand, serde_json::json!({ "command": name }))
}
