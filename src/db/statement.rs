//! Statements that are written out: prepared once on a connection and found again by their type.
//!
//! Diesel prepares every UPDATE and every upsert anew, because their text may depend on their
//! values, and preparing one takes longer than running it. What every call through the gate writes
//! is therefore spelled here, in a text that both databases read.

/// Makes a type of a statement. Its text is cut where values go, each with its name, its type and
/// its SQL type: `"UPDATE users SET name = " name: &'a str = Text, " WHERE id = " id: …`.
macro_rules! statement {
    ($(#[$doc:meta])* $name:ident { $($rest:tt)+ }) => {
        $crate::db::statement::statement!(@ $name, $(#[$doc])* $name { $($rest)+ });
    };
    ($(#[$doc:meta])* $name:ident<$life:lifetime> { $($rest:tt)+ }) => {
        $crate::db::statement::statement!(@ $name<'static>, $(#[$doc])* $name<$life> { $($rest)+ });
    };
    (
        @ $id:ty,
        $(#[$doc:meta])*
        $name:ident $(<$life:lifetime>)? {
            $($text:literal $field:ident: $kind:ty = $sql:ty),+ ; $end:literal
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub struct $name $(<$life>)? {
            $(#[doc = concat!("Bound after `", $text, "`.")] pub $field: $kind),+
        }

        impl $(<$life>)? $name $(<$life>)? {
            /// Runs it; returns the number of rows written.
            pub fn run(&self, conn: &mut $crate::db::Conn) -> diesel::QueryResult<usize> {
                use diesel::RunQueryDsl;
                $crate::db::statement::on_each!(conn, |conn| self.execute(conn))
            }
        }

        impl<$($life,)? C> diesel::RunQueryDsl<C> for &$name $(<$life>)? {}

        impl $(<$life>)? diesel::query_builder::QueryId for $name $(<$life>)? {
            type QueryId = $id;
        }

        impl<$($life,)? DB> diesel::query_builder::QueryFragment<DB> for $name $(<$life>)?
        where
            DB: diesel::backend::Backend,
            $(
                DB: diesel::sql_types::HasSqlType<$sql>,
                $kind: diesel::serialize::ToSql<$sql, DB>,
            )+
        {
            fn walk_ast<'b>(
                &'b self,
                mut out: diesel::query_builder::AstPass<'_, 'b, DB>,
            ) -> diesel::QueryResult<()> {
                $(
                    out.push_sql($text);
                    out.push_bind_param::<$sql, $kind>(&self.$field)?;
                )+
                out.push_sql($end);
                Ok(())
            }
        }
    };
}

/// Compiles what is done with a connection for each database by itself. Behind the type of both,
/// Diesel makes the text of a statement anew each time it runs.
macro_rules! on_each {
    ($conn:expr, |$inner:ident| $done:expr) => {
        match $conn {
            $crate::db::Conn::Sqlite($inner) => $done,
            $crate::db::Conn::Postgres($inner) => $done,
        }
    };
}

pub(crate) use {on_each, statement};
