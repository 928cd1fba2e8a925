//! The `vigie` command.

use std::process::ExitCode;
use vigie::app::cli::rules::RulesCommand;
use vigie::app::cli::{Command, parse};
use vigie::app::commands::running::answer;
use vigie::app::commands::{
    check, demo, explain, history, import, replay, report, retention, rules, serve, simulate, sql, verify, watch,
};
use vigie::app::openapi::document;

fn main() -> ExitCode {
    let cli = parse();
    let done = match &cli.command {
        Command::Demo(args) => demo::run(args, cli.log_format),
        Command::Serve(args) => serve::run(args, cli.log_format),
        Command::Check(args) => check::run(args),
        Command::Rules(RulesCommand::Check(args)) => rules::check::run(args),
        Command::Rules(RulesCommand::Test(args)) => rules::test::run(args),
        Command::Rules(RulesCommand::Backtest(args)) => rules::backtest::run(args, cli.log_format),
        Command::Replay(args) => replay::run(args, cli.log_format),
        Command::Import(args) => import::run(args, cli.log_format),
        Command::Sql(args) => sql::run(args, cli.log_format),
        Command::History(command) => history::run(command, cli.log_format),
        Command::Retention(command) => retention::run(command, cli.log_format),
        Command::Explain(args) => explain::run(args, cli.log_format),
        Command::Report(command) => report::run(command, cli.log_format),
        Command::Watch(args) => watch::run(args, cli.log_format),
        Command::Openapi => answer(document().as_bytes()),
        Command::Simulate(args) => simulate::run(args),
        Command::Verify(args) => verify::run(args, cli.log_format),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            failure.code()
        }
    }
}
