//! Durable activity rows per second: through the group-commit writer, and with a transaction for
//! each row, by so many callers that each wait for their row before they hand over the next.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on has nothing to tell")]

mod support {
    pub mod base;
    pub mod report;
}

use std::time::{Duration, Instant};

use portcullis::ids::{AccountId, ClientRowId, TokenId, UserId};
use portcullis::service::Ctx;
use portcullis::store::activity::{self, NewActivity};
use support::{base, report};

const CALLERS: [usize; 4] = [1, 8, 32, 128];

#[actix_web::main]
async fn main() {
    let base = base::open(([127, 0, 0, 1], 8080).into()).await;
    println!("callers   together rows/s   one by one rows/s   ratio");
    for callers in CALLERS {
        let (mut together, mut alone) = (Vec::new(), Vec::new());
        for _ in 0..report::rounds() {
            together.push(rows(&base.ctx, callers, report::time(), true).await);
            alone.push(rows(&base.ctx, callers, report::time(), false).await);
        }
        let ratio = report::median(together.iter().zip(&alone).map(|(a, b)| a / b).collect());
        let (together, alone) = (report::median(together), report::median(alone));
        println!("{callers:7} {together:17.0} {alone:19.0} {ratio:7.2}");
    }
}

/// Rows per second of that many callers.
async fn rows(ctx: &Ctx, callers: usize, time: Duration, together: bool) -> f64 {
    let started = Instant::now();
    let end = started + time;
    let caller = async |caller: usize| {
        let mut rows = 0_i64;
        while Instant::now() < end {
            let place = i64::try_from(caller).unwrap() * 1_000 + rows;
            let call = call(ctx, 1 + place % base::USERS);
            if together {
                let write = move |conn: &mut _| Ok(activity::insert(conn, &call)?);
                ctx.db.join_batch(write).await.unwrap();
            } else {
                ctx.db.write(move |conn| Ok(activity::insert(conn, &call)?)).await.unwrap();
            }
            rows += 1;
        }
        rows
    };
    let rows = futures_util::future::join_all((0..callers).map(caller)).await;
    rows.into_iter().sum::<i64>() as f64 / started.elapsed().as_secs_f64()
}

fn call(ctx: &Ctx, user: i64) -> NewActivity {
    NewActivity {
        request_id: "0196f0a1b2c37d4e8f00112233445566".into(),
        at: ctx.clock.now(),
        account_id: Some(AccountId(user)),
        user_id: Some(UserId(user)),
        client_id: Some(ClientRowId(1 + user % base::CLIENTS)),
        token_id: Some(TokenId(user)),
        api_key_id: None,
        address: Some("203.0.113.9".into()),
        surface: "mcp",
        operation: "search_stores".into(),
        outcome: "ok",
        status: 200,
        error_code: None,
        rows_returned: 25,
        credits_spent: 0,
        latency_us: 500,
    }
}
