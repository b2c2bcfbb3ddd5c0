//! The way out: names to addresses, addresses to connections. Tests put a network of their own in
//! its place; which addresses are refused is decided above it and is the same for both.

use std::io;
use std::net::{IpAddr, SocketAddr};

use futures_util::future::BoxFuture;
use tokio::net::{TcpStream, lookup_host};

/// What a fetch needs of the network.
pub trait Network: Send + Sync {
    /// All addresses of a name.
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>>;

    /// A connection to exactly this address.
    fn connect(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<TcpStream>>;
}

/// The internet, by way of the system's resolver, which waits on a thread of its own.
#[derive(Debug)]
pub(super) struct Internet;

impl Network for Internet {
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            Ok(lookup_host((host, 443)).await?.map(|address| address.ip()).collect())
        })
    }

    fn connect(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<TcpStream>> {
        Box::pin(TcpStream::connect(address))
    }
}

#[cfg(test)]
mod tests {
    use super::{Internet, Network};
    use crate::domain::special_use::is_special_use;

    /// The system's resolver is asked, and what it says about this computer is not fetched from.
    ///
    /// Rows: D22
    #[actix_web::test]
    async fn this_computer_is_not_of_the_internet() {
        let addresses = Internet.resolve("localhost").await.unwrap();
        assert!(!addresses.is_empty());
        assert!(addresses.into_iter().all(is_special_use));
    }
}
