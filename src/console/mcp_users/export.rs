//! `GET /admin/mcp/users/export`: the people of a view as CSV, with the columns that it shows.

use std::rc::Rc;

use actix_web::{HttpRequest, HttpResponse, web};

use super::parts;
use super::query::{Asked, Columns};
use crate::domain::export::{Cell, Format};
use crate::ids::UserId;
use crate::service::{Ctx, connections};
use crate::store::grid::{DotState, GridRow, GridSort};
use crate::web::error::Failure;
use crate::web::export::{BATCH, File, send};
use crate::web::viewer::{Admin, ViewMcpUsers};

/// `GET /admin/mcp/users/export`, with the query of a view. Rows come in the view's order.
///
/// # Errors
/// A view that cannot be read, or that the database cannot answer.
pub async fn export(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ViewMcpUsers>,
) -> Result<HttpResponse, Failure> {
    let asked = Asked::parse(request.query_string());
    // A filter that goes missing would let people into the file that were not asked for.
    if let Some(problem) = asked.problems.into_iter().next() {
        return Err(problem.into());
    }
    let view = asked.view;
    let (now, columns) = (ctx.clock.now(), view.columns);
    let words = match parts::filters_in_words(&view) {
        words if words.is_empty() => "Everybody".to_owned(),
        words => format!("Everybody who fits {words}"),
    };
    let query = view.to_grid_query(now);
    let ids: Rc<[UserId]> =
        connections::begin_export(&ctx, &viewer.actor, query, words, columns.to_string())
            .await?
            .into();
    let of_columns = columns.shown().flat_map(|column| names(column.sort).iter().copied());
    let names = std::iter::once("id").chain(of_columns).collect();
    let file = File { name: "mcp-users", format: Format::Csv, columns: names, at: now };
    let total = i64::try_from(ids.len()).ok();
    Ok(send(file, total, 0, move |from: usize| {
        let (ctx, ids) = (ctx.clone(), ids.clone());
        async move {
            let size = usize::try_from(BATCH).unwrap_or(usize::MAX);
            let batch: Vec<UserId> = ids.iter().skip(from).take(size).copied().collect();
            let next = Some(from + batch.len()).filter(|next| *next < ids.len());
            let rows = connections::export_batch(&ctx, batch).await?;
            Ok((rows.into_iter().map(|row| cells(row, columns)).collect(), next))
        }
    }))
}

/// The stable names of what a column holds.
fn names(column: GridSort) -> &'static [&'static str] {
    match column {
        GridSort::User => &["name", "email"],
        GridSort::Access => &["mcp_access", "status"],
        GridSort::Role => &["role"],
        GridSort::Clients => &["clients", "blocked_clients", "ended_clients"],
        GridSort::Tokens => &["active_tokens", "blocked_tokens"],
        GridSort::Credits => &["credits_used", "credits_limit"],
        GridSort::Added => &["added_to_mcp"],
        GridSort::LastUsed => &["last_used"],
    }
}

fn cells(row: GridRow, columns: Columns) -> Vec<Cell> {
    let clients = |state: DotState| {
        let names: Vec<_> = row
            .clients
            .iter()
            .filter(|dot| dot.state == state)
            .map(|dot| dot.name.as_str())
            .collect();
        names.join("; ")
    };
    let mut cells = vec![Cell::from(row.id.0)];
    for column in columns.shown() {
        match column.sort {
            GridSort::User => {
                cells.extend([Cell::from(row.name.as_str()), Cell::from(row.email.as_str())]);
            }
            GridSort::Access => {
                let access = if row.mcp_enabled { "enabled" } else { "disabled" };
                cells.extend([Cell::from(access), Cell::from(row.standing.name())]);
            }
            GridSort::Role => cells.push(row.role.as_str().into()),
            GridSort::Clients => {
                let states = [DotState::Active, DotState::Blocked, DotState::Ended];
                cells.extend(states.map(|state| Cell::from(clients(state))));
            }
            GridSort::Tokens => {
                let tokens = [row.active_tokens, row.blocked_tokens];
                let whole = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
                cells.extend(tokens.map(|count| Cell::from(whole(count))));
            }
            GridSort::Credits => {
                cells.extend([Cell::from(row.credits.used), Cell::from(row.credits.limit)]);
            }
            GridSort::Added => cells.push(row.added_at.into()),
            GridSort::LastUsed => cells.push(row.last_tool_at.into()),
        }
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::access::Standing;
    use crate::domain::credit::Credits;

    #[test]
    fn every_name_has_its_cell() {
        let row = GridRow {
            id: UserId(1),
            name: "Ann".into(),
            email: "ann@shop.example".into(),
            role: "Member".into(),
            standing: Standing::Active,
            mcp_enabled: true,
            added_at: None,
            last_tool_at: None,
            active_tokens: 0,
            blocked_tokens: 0,
            clients: Vec::new(),
            credits: Credits::default(),
        };
        for columns in [Columns::default(), Columns::of(&[]), Columns::of(&[GridSort::Credits])] {
            let expected =
                1 + columns.shown().map(|column| names(column.sort).len()).sum::<usize>();
            assert_eq!(cells(row.clone(), columns).len(), expected);
        }
    }
}
