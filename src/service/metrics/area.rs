//! The parts of the server whose answers are timed apart.

/// A part of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Area {
    /// The MCP endpoint.
    Mcp,
    /// The REST API.
    Rest,
    /// The authorization server and the documents about it.
    OAuth,
    /// Pages for people.
    Console,
    /// The manual.
    Manual,
    /// Files, probes, and addresses where nothing is.
    Other,
}

/// All of them, in the order of their numbers.
pub const AREAS: [Area; 6] =
    [Area::Mcp, Area::Rest, Area::OAuth, Area::Console, Area::Manual, Area::Other];

impl Area {
    /// The part that a route belongs to.
    pub fn of(route: &str) -> Self {
        let below = |path: &str| route.starts_with(path);
        match route {
            "/mcp" => Self::Mcp,
            "/openapi.json" => Self::Rest,
            _ if below("/api/") => Self::Rest,
            _ if below("/oauth/") || below("/.well-known/") => Self::OAuth,
            _ if below("/docs") => Self::Manual,
            "/healthz" | "/readyz" | "/metrics" | "none" => Self::Other,
            _ if below("/static/") => Self::Other,
            _ => Self::Console,
        }
    }

    /// As the label says it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mcp => "mcp",
            Self::Rest => "rest",
            Self::OAuth => "oauth",
            Self::Console => "console",
            Self::Manual => "manual",
            Self::Other => "other",
        }
    }
}
