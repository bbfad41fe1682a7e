//! `STATS_*`: whether there is a page of statistics, where, and who may see it.
//!
//! Not here: the page (`statistics`), and answering requests for it (`proxy`).

use super::read::Reader;
use model::Frontend;
use model::auth::Credentials;

/// HAProxy's own, where nothing else is said.
const URI: &str = "/admin?stats";
/// The port that Docker Flow takes for "where everything else is".
const SHARED_PORT: u16 = 80;
/// The word for a page that everybody may see.
const NOBODY_IS_ASKED: &str = "none";

/// A page of statistics.
#[derive(Clone, Debug)]
pub struct StatisticsSettings {
    /// What its targets begin with.
    pub uri: String,
    /// The port that it has for itself; `None`: it is on every port of HTTP.
    pub port: Option<u16>,
    /// What must be shown; `None`: everybody may see it.
    pub credentials: Option<Credentials>,
}

/// `None`: there is no page, because a name or a password is missing.
pub(super) fn read(read: &mut Reader<'_>, frontends: &[Frontend]) -> Option<StatisticsSettings> {
    let (user, password) = (read.text_named_by("STATS_USER_ENV"), read.text_named_by("STATS_PASS_ENV"));
    if user.is_empty() || password.is_empty() {
        if user != password {
            read.warn("STATS_USER, STATS_PASS: one of them is empty, so there is no page of statistics".to_owned());
        }
        return None;
    }
    let is_open = user == NOBODY_IS_ASKED || password == NOBODY_IS_ASKED;
    Some(StatisticsSettings {
        uri: read_uri(read),
        port: read_port(read, frontends),
        credentials: (!is_open).then(|| Credentials::new(user, password)),
    })
}

fn read_uri(read: &mut Reader<'_>) -> String {
    let uri = read.text_named_by("STATS_URI_ENV");
    let is_target = uri.starts_with('/') && uri.bytes().all(|byte| byte.is_ascii_graphic());
    if !uri.is_empty() && !is_target {
        read.mistake(format!("STATS_URI: `{}` is not the beginning of a path: `/`, and no blanks", uri.escape_debug()));
    }
    if uri.is_empty() { URI.to_owned() } else { uri }
}

fn read_port(read: &mut Reader<'_>, frontends: &[Frontend]) -> Option<u16> {
    let is_bound = |port: u16| frontends.iter().any(|frontend| frontend.port == port);
    read.parsed_or("STATS_PORT", None, |text| match text {
        "" => Ok(None),
        text => match text.parse() {
            Ok(SHARED_PORT) => Ok(None),
            Ok(0) | Err(_) => Err("is not a port, 1 to 65535"),
            Ok(port) if is_bound(port) => {
                Err("is one of DEFAULT_PORTS or BIND_PORTS; without STATS_PORT the page is there, and on all others")
            }
            Ok(port) => Ok(Some(port)),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::StatisticsSettings;
    use crate::settings::{Variables, proxy};

    fn read(pairs: &[(&str, &str)]) -> Option<StatisticsSettings> {
        proxy(&pairs.iter().copied().collect::<Variables>()).unwrap().statistics
    }

    const BOTH: [(&str, &str); 2] = [("STATS_USER", "admin"), ("STATS_PASS", "s3cret")];

    #[test]
    fn behaviour_120_a_page_needs_a_user_and_a_password() {
        assert!(read(&[]).is_none() && read(&BOTH[..1]).is_none() && read(&BOTH[1..]).is_none());
        let page = read(&BOTH).unwrap();
        assert_eq!((page.uri.as_str(), page.port), ("/admin?stats", None));
        assert!(!format!("{page:?}").contains("s3cret"));
        assert!(page.credentials.is_some_and(|credentials| credentials.name() == "admin"));
        for open in [[("STATS_USER", "none"), BOTH[1]], [BOTH[0], ("STATS_PASS", "none")]] {
            assert!(read(&open).unwrap().credentials.is_none());
        }
    }

    #[test]
    fn behaviour_120_the_names_of_the_variables_can_be_others() {
        let named = [
            ("STATS_USER_ENV", "MY_USER"),
            ("STATS_PASS_ENV", "MY_PASS"),
            ("STATS_URI_ENV", "MY_URI"),
            ("MY_USER", "admin"),
            ("MY_PASS", "s3cret"),
            ("MY_URI", "/my-stats"),
            ("STATS_URI", "/unused"),
        ];
        assert_eq!(read(&named).unwrap().uri, "/my-stats");
        assert!(read(&[named[0], named[1], BOTH[0], BOTH[1]]).is_none(), "what is named is not set");
    }

    #[test]
    fn behaviour_120_a_port_of_its_own() {
        let port = |port: &'static str| read(&[BOTH[0], BOTH[1], ("STATS_PORT", port)]).unwrap().port;
        assert_eq!((port("80"), port("8404")), (None, Some(8404)));
        for (name, value, reason) in [
            ("STATS_PORT", "443", "`443` is one of DEFAULT_PORTS"),
            ("STATS_PORT", "x", "`x` is not a port"),
            ("STATS_URI", "stats", "`stats` is not the beginning of a path"),
        ] {
            let variables: Variables = [BOTH[0], BOTH[1], (name, value)].into_iter().collect();
            let told = proxy(&variables).unwrap_err().to_string();
            assert!(told.contains(&format!("{name}: {reason}")), "{told}");
        }
    }
}
