//! An export as an answer: a file that is sent while it is read, so that its length costs no
//! memory.

use std::rc::Rc;

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::web::Bytes;
use futures_util::{StreamExt, stream};

use crate::clock::Timestamp;
use crate::domain::export::{self, Cell, Format};
use crate::error::{Error, Result};

/// Rows that are read, and sent, at once.
pub const BATCH: i64 = 1000;

/// A file to be sent.
#[derive(Debug, Clone)]
pub struct File {
    /// What is in it, as its name says: `mcp-users`.
    pub name: &'static str,
    /// Its form.
    pub format: Format,
    /// Stable names of the columns, for machines.
    pub columns: Vec<&'static str>,
    /// When it was asked for.
    pub at: Timestamp,
}

impl File {
    /// Its name: what is in it, the day, and how many rows where that is known.
    fn file_name(&self, rows: Option<i64>) -> String {
        let day = self.at.to_utc().format("%Y-%m-%d");
        let rows = rows.map(|rows| format!("-{rows}-rows")).unwrap_or_default();
        format!("{}-{day}{rows}.{}", self.name, self.format.extension())
    }
}

/// Sends a file. `next` reads the batch after a position and tells the position of the batch
/// after that, or nothing when there is none; `first` is where it begins.
///
/// A failure on the way breaks the connection off, so that nobody takes half a file for the whole.
pub fn send<P, F, N>(file: File, rows: Option<i64>, first: P, mut next: N) -> HttpResponse
where
    P: 'static,
    F: Future<Output = Result<(Vec<Vec<Cell>>, Option<P>)>> + 'static,
    N: FnMut(P) -> F + 'static,
{
    let head = Bytes::from(export::head(file.format, &file.columns));
    let disposition = format!("attachment; filename=\"{}\"", file.file_name(rows));
    let format = file.format;
    let columns: Rc<[&'static str]> = file.columns.into();
    let batches = stream::try_unfold(Some(first), move |position| {
        let (read, columns) = (position.map(&mut next), columns.clone());
        async move {
            let Some(read) = read else { return Ok::<_, Error>(None) };
            let (rows, position) = read.await?;
            let bytes = Bytes::from(export::rows(format, &columns, &rows));
            Ok(Some((bytes, position)))
        }
    });
    let body = stream::iter([Ok(head)]).chain(batches);
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, format.media_type()))
        .insert_header((CONTENT_DISPOSITION, disposition))
        .insert_header((CACHE_CONTROL, "no-store"))
        .streaming(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> File {
        File { name: "people", format: Format::Csv, columns: vec!["id"], at: Timestamp(0) }
    }

    #[actix_web::test]
    async fn batches_follow_each_other_until_there_is_none() {
        let response = send(file(), Some(5), 1_i64, |from| async move {
            let rows = (from..=5).take(2).map(|id| vec![Cell::from(id)]).collect();
            Ok((rows, (from + 2 <= 5).then_some(from + 2)))
        });
        let name = response.headers().get(CONTENT_DISPOSITION).unwrap().to_str().unwrap();
        assert_eq!(name, "attachment; filename=\"people-1970-01-01-5-rows.csv\"");
        let body = actix_web::body::to_bytes(response.into_body()).await.ok().unwrap();
        assert_eq!(body, "id\r\n1\r\n2\r\n3\r\n4\r\n5\r\n".as_bytes());
    }

    #[actix_web::test]
    async fn a_failure_on_the_way_is_no_end() {
        let failing = send(file(), None, 1_i64, |_| async { Err(Error::unavailable("gone")) });
        assert!(actix_web::body::to_bytes(failing.into_body()).await.is_err());
    }
}
