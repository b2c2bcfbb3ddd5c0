//! `portcullis user …`: people, at the server's command line.

use crate::cli::say;
use std::io::{BufRead, IsTerminal};
use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::domain::audit::Actor;
use crate::error::{Error, Result};
use crate::ids::UserId;
use crate::service::access::{self, Authority, Changed};
use crate::service::people::{self, NewPerson};
use crate::service::{Ctx, revoke, stop, two_factor};
use crate::store::users;

/// What to do.
#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// Create a person.
    Create(CreateArgs),
    /// List people: id, address, name, role, status, MCP access; tab-separated.
    List,
    /// Set a person's password and end their sessions.
    SetPassword(PasswordArgs),
    /// Turn a person's two-factor sign-in off: they have lost both app and recovery codes.
    ResetTwoFactor(EmailArgs),
    /// Enable a person's MCP access.
    EnableMcp(EmailArgs),
    /// Disable a person's MCP access and revoke all their tokens.
    DisableMcp(EmailArgs),
    /// Revoke all tokens of a person, or everything of everybody.
    Revoke(RevokeArgs),
}

/// A person to be created. The password is asked for, or read from standard input.
#[derive(Debug, Args)]
pub(super) struct CreateArgs {
    /// E-mail address to sign in with.
    email: String,
    /// Full name.
    #[arg(long)]
    name: String,
    /// Administrator, Auditor or Member.
    #[arg(long, default_value = "Member")]
    role: String,
    /// Company or team; created if there is none of that name.
    #[arg(long, default_value = "Default")]
    account: String,
    /// Leave MCP access disabled.
    #[arg(long)]
    no_mcp: bool,
    /// Read the password from the first line of standard input.
    #[arg(long)]
    password_stdin: bool,
}

#[derive(Debug, Args)]
pub(super) struct PasswordArgs {
    /// E-mail address.
    email: String,
    /// Read the password from the first line of standard input.
    #[arg(long)]
    password_stdin: bool,
}

#[derive(Debug, Args)]
pub(super) struct EmailArgs {
    /// E-mail address.
    email: String,
}

#[derive(Debug, Args)]
pub(super) struct RevokeArgs {
    /// E-mail address.
    #[arg(required_unless_present = "everybody", conflicts_with = "everybody")]
    email: Option<String>,
    /// Everybody's tokens, approvals, sessions and links sent by mail, and all keys of the REST API:
    /// after a restore, before the server serves again. Cannot be undone.
    #[arg(long)]
    everybody: bool,
}

/// Runs the command.
pub(super) async fn run(ctx: &Ctx, command: UserCommand) -> Result<ExitCode> {
    let actor = Actor::operator();
    match command {
        UserCommand::Create(create) => {
            let password = read_password(create.password_stdin)?;
            let person = NewPerson {
                email: create.email.clone(),
                name: create.name,
                password: Some(password),
                role: create.role,
                account: create.account,
                mcp_enabled: !create.no_mcp,
            };
            let id = people::create(ctx, &actor, person).await?;
            say!("Created user {id}: {}", create.email);
        }
        UserCommand::List => list(ctx).await?,
        UserCommand::SetPassword(set) => {
            let password = read_password(set.password_stdin)?;
            people::set_password(ctx, &actor, &set.email, &password).await?;
            say!("Set the password of {}. Their sessions and tokens have ended.", set.email);
        }
        UserCommand::ResetTwoFactor(user) => {
            let id = people::by_address(ctx, &user.email).await?.id;
            match two_factor::reset(ctx, &actor, None, id).await? {
                true => say!("{} can now sign in with the password alone.", user.email),
                false => say!("Two-factor sign-in of {} was off already.", user.email),
            }
        }
        UserCommand::EnableMcp(user) => set_access(ctx, &actor, &user.email, true).await?,
        UserCommand::DisableMcp(user) => set_access(ctx, &actor, &user.email, false).await?,
        UserCommand::Revoke(RevokeArgs { email: Some(email), .. }) => {
            let id = people::by_address(ctx, &email).await?.id;
            let tokens = revoke::all_of_user(ctx, &actor, id).await?;
            say!("Revoked {tokens} tokens of {email}.");
        }
        UserCommand::Revoke(RevokeArgs { email: None, .. }) => {
            let ended = stop::revoke_everything_here(ctx).await?;
            say!(
                "Revoked {} tokens of {} people, {} approvals and {} API keys, and ended {} sessions and {} links sent by mail: everything of everybody.",
                ended.tokens,
                ended.people,
                ended.approvals,
                ended.keys,
                ended.sessions,
                ended.links
            );
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn set_access(ctx: &Ctx, actor: &Actor, email: &str, enabled: bool) -> Result<()> {
    let id = people::by_address(ctx, email).await?.id;
    match access::set(ctx, actor, Authority::Operator, id, enabled).await? {
        Changed::Enabled => {
            say!("Enabled MCP access of {email}. Their AI clients can connect again.")
        }
        Changed::Disabled { tokens } => {
            say!("Disabled MCP access of {email} and revoked {tokens} tokens.")
        }
        Changed::Nothing => say!("MCP access of {email} was so already."),
    }
    Ok(())
}

async fn list(ctx: &Ctx) -> Result<()> {
    const AT_ONCE: i64 = 500;
    let mut after = UserId(0);
    loop {
        let page = ctx.db.read(move |conn| Ok(users::page(conn, after, AT_ONCE)?)).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.id;
        for user in &page {
            let access = if user.mcp_enabled { "enabled" } else { "disabled" };
            say!(
                "{}\t{}\t{}\t{}\t{}\t{access}",
                user.id,
                user.email,
                user.name,
                user.role,
                user.status
            );
        }
    }
}

/// Asks twice on a terminal; reads one line otherwise.
fn read_password(from_stdin: bool) -> Result<String> {
    let unreadable =
        |error: std::io::Error| Error::field("password", format!("cannot be read: {error}"));
    if from_stdin || !std::io::stdin().is_terminal() {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).map_err(unreadable)?;
        return Ok(line.trim_end_matches(['\r', '\n']).to_owned());
    }
    let password = rpassword::prompt_password("Password: ").map_err(unreadable)?;
    let again = rpassword::prompt_password("The same again: ").map_err(unreadable)?;
    if password == again {
        Ok(password)
    } else {
        Err(Error::field("password", "was not the same twice"))
    }
}
