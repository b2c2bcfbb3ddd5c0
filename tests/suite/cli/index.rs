//! `portcullis index rebuild` (contract §3): what searches go through is right again afterwards.

use diesel::connection::SimpleConnection;
use diesel::{Connection, RunQueryDsl, SqliteConnection};

use crate::support::{fixture::stores_csv, process::run};

fn open(folder: &std::path::Path) -> SqliteConnection {
    let path = folder.join("portcullis.db");
    SqliteConnection::establish(path.to_str().unwrap()).unwrap()
}

fn number(conn: &mut SqliteConnection, sql: &str) -> i64 {
    #[derive(diesel::QueryableByName)]
    struct Number {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        number: i64,
    }
    diesel::sql_query(format!("SELECT ({sql}) AS number"))
        .get_result::<Number>(conn)
        .unwrap()
        .number
}

#[actix_web::test]
async fn rebuilding_brings_back_what_searches_go_through() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("stores.csv"), stores_csv()).unwrap();
    let imported = run(folder.path(), &["import", "stores", "stores.csv"], "").await;
    assert_eq!(imported.code, 0, "{imported:?}");
    let facets = "SELECT entries FROM facets WHERE kind = 'store'";
    let words = "SELECT count(*) FROM index_words WHERE index_words MATCH (SELECT 'f' || id FROM facets WHERE kind = 'store')";
    let mut conn = open(folder.path());
    let whole = [facets, words].map(|sql| number(&mut conn, sql));
    assert_eq!(whole[1], 60);
    // The entry of the newest store stays, so that nothing is missed when the program starts.
    conn.batch_execute(
        "DELETE FROM index_words WHERE rowid < (SELECT max(id) FROM stores);
         DELETE FROM index_entries WHERE id = (SELECT min(id) FROM stores);
         UPDATE facets SET entries = entries - 1 WHERE kind = 'store'",
    )
    .unwrap();
    assert_eq!(number(&mut conn, words), 1);
    drop(conn);

    let rebuilt = run(folder.path(), &["index", "rebuild"], "").await;
    assert_eq!((rebuilt.code, rebuilt.stderr.as_str()), (0, ""), "quiet in a pipe: {rebuilt:?}");
    assert_eq!(rebuilt.stdout, "The search index is written: 60 entries.\n");
    let mut conn = open(folder.path());
    assert_eq!([facets, words].map(|sql| number(&mut conn, sql)), whole);
    drop(conn);
    let again = run(folder.path(), &["index", "rebuild"], "").await;
    assert_eq!((again.code, again.stdout), (0, rebuilt.stdout), "and once more changes nothing");
}

#[actix_web::test]
async fn what_is_asked_wrongly_and_what_cannot_be_done_have_their_exit_codes() {
    let folder = tempfile::tempdir().unwrap();
    let wrong = run(folder.path(), &["index", "mend"], "").await;
    assert_eq!(wrong.code, 2, "{wrong:?}");
    let failed = run(folder.path(), &["--config", "no.toml", "index", "rebuild"], "").await;
    assert_eq!((failed.code, failed.stdout.as_str()), (1, ""), "{failed:?}");
    assert_eq!(failed.stderr.trim_end().lines().count(), 1, "{failed:?}");
}
