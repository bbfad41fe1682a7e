//! HAProxy's connection modes: which side's connection goes on after a response.
//!
//! Not here: keeping connections (the proxy's pool).

/// What becomes of both connections after a response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConnectionMode {
    /// `http-keep-alive`: both go on.
    #[default]
    KeepAlive,
    /// `http-server-close`: the client's goes on, the server's serves one request.
    ServerClose,
    /// `httpclose`: neither goes on.
    Close,
}

impl ConnectionMode {
    /// Reads one of HAProxy's five words. `forceclose` has been another word for `httpclose` since HAProxy 2.0. `http-tunnel` looked at
    /// the first request only, which let the others past every rule; HAProxy dropped it in 2.1, and it is `http-keep-alive` since.
    pub fn parse(text: &str) -> Option<ConnectionMode> {
        match text.trim() {
            "http-keep-alive" | "http-tunnel" => Some(ConnectionMode::KeepAlive),
            "http-server-close" => Some(ConnectionMode::ServerClose),
            "httpclose" | "forceclose" => Some(ConnectionMode::Close),
            _ => None,
        }
    }

    /// The mode as HAProxy spells it.
    pub fn keyword(self) -> &'static str {
        match self {
            ConnectionMode::KeepAlive => "http-keep-alive",
            ConnectionMode::ServerClose => "http-server-close",
            ConnectionMode::Close => "httpclose",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_of_the_five_words_is_one_of_the_three_modes_that_haproxy_has_left() {
        let keyword = |text| ConnectionMode::parse(text).map(ConnectionMode::keyword);
        for mode in ["http-keep-alive", "http-server-close", "httpclose"] {
            assert_eq!(keyword(mode), Some(mode));
        }
        assert_eq!(keyword("forceclose"), Some("httpclose"));
        assert_eq!(keyword("http-tunnel"), Some("http-keep-alive"));
        assert_eq!(keyword("keep-alive"), None);
    }
}
