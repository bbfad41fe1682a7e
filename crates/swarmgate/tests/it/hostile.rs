//! Hostile labels: whatever stands in a parameter of one service, its neighbour goes on as before, haproxy.cfg keeps its lines, the log its
//! records, and no file is read.
//!
//! Every row of the table of parameters × every hostile text, by the API and by a listener's list.

use crate::harness::{Backend, FakeListener, Folder, Reply, TestProxy, Warnings, get};
use model::params::table::PARAMS;

/// Would be a line of its own, were it let out of its place.
const MARK: &str = "injected-directive";

/// Texts that are told to a program in each of the languages between a label and a server. `MARK` stands where it would take effect.
const TEXTS: &[&[u8]] = &[
    b"x\ninjected-directive on\n",
    b"x\rinjected-directive on",
    b"x\r\n    injected-directive on\r\n\r\nbackend injected-directive\r\n",
    b"x\0injected-directive",
    b"x\" injected-directive",
    b"x' injected-directive",
    b"x\\",
    b"x # injected-directive",
    b"x\x1b[2J\x07injected-directive",
    b"{{ .Users }}{{ printf \"injected-directive\" }}",
    b"%[env(PATH)] %[file(/etc/passwd)]",
    b"x\xff\xfeinjected-directive",
    b"../../../../../../etc/passwd",
    b"/run/secrets/x",
    b"\xe2\x80\xa8injected-directive\xc2\x85injected-directive",
];

/// All of them, one of ten thousand bytes, and the path of a file that exists.
fn texts(file: &str) -> Vec<Vec<u8>> {
    let more = [vec![b'x'; 10_000], file.as_bytes().to_vec()];
    TEXTS.iter().map(|text| text.to_vec()).chain(more).collect()
}

fn encoded(text: &[u8]) -> String {
    form_urlencoded::byte_serialize(text).collect()
}

/// A whole service with `name` set to `value`, as pairs.
fn service(port: u16, name: &'static str, value: String) -> Vec<(&'static str, String)> {
    let port = port.to_string();
    let base =
        [("serviceName", "hostile"), ("servicePath", "/hostile"), ("port", &port), ("outboundHostname", "127.0.0.1")];
    let base = base.into_iter().filter(|(known, _)| *known != name).map(|(known, value)| (known, value.to_owned()));
    base.chain([(name, value)]).collect()
}

/// A proxy with the service `neighbour` on `/neighbour`, and what haproxy.cfg says of it.
struct Scene {
    proxy: TestProxy,
    neighbour: Vec<String>,
    port: u16,
    folder: Folder,
}

const CONTENT: &str = "content-of-a-file";

impl Scene {
    async fn new(variables: &[(&str, &str)], adjust: impl FnOnce(&mut swarmgate::settings::ProxySettings)) -> Scene {
        let folder = Folder::new();
        folder.write("file", &format!("{CONTENT}:{CONTENT}\n"));
        let (proxy, backend) = (TestProxy::with(variables, adjust).await, Backend::start().await);
        let port = backend.port();
        backend.echoes();
        Scene { proxy, neighbour: Vec::new(), port, folder }
    }

    fn neighbour(&self) -> String {
        format!("serviceName=neighbour&servicePath=/neighbour&port={}&outboundHostname=127.0.0.1", self.port)
    }

    /// The neighbour is served as ever, and haproxy.cfg says of it what it said.
    async fn is_unharmed(&self, what: &str) {
        let reply = self.proxy.ask(&get("/neighbour/x?y")).await;
        assert_eq!((reply.status(), reply.body.as_str()), (200, "GET /neighbour/x?y HTTP/1.1"), "{what}");
        assert_eq!(self.proxy.ask(&get("/elsewhere")).await.status(), 503, "{what}");
        let config = self.proxy.api("/config").await;
        self.shows_no_file(&config, what);
        assert_eq!(lines_of_neighbour(&config.body), self.neighbour, "{what}");
        for line in config.body.lines() {
            let words = words(line).unwrap_or_else(|fault| panic!("{what}: {fault}: {line}"));
            assert!(words.first().is_none_or(|first| !first.starts_with(MARK)), "{what}: {line}");
        }
        let is_safe = |letter: char| letter == '\n' || !letter.is_control();
        assert!(config.body.chars().all(is_safe), "{what}: {}", config.body.escape_debug());
    }

    fn shows_no_file(&self, reply: &Reply, what: &str) {
        assert!(!reply.body.contains(CONTENT) && !reply.body.contains("root:x:"), "{what}: {}", reply.body);
    }
}

fn lines_of_neighbour(config: &str) -> Vec<String> {
    config.lines().filter(|line| line.contains("neighbour")).map(str::to_owned).collect()
}

/// A line of haproxy.cfg in words, as HAProxy divides it (configuration manual §2.2); a fault if it would not.
fn words(line: &str) -> Result<Vec<String>, &'static str> {
    let (mut words, mut word, mut letters) = (Vec::new(), None::<String>, line.chars());
    while let Some(letter) = letters.next() {
        match letter {
            ' ' | '\t' => words.extend(word.take()),
            '#' => break,
            '\\' => word.get_or_insert_default().push(letters.next().ok_or("nothing is behind a backslash")?),
            '\'' => loop {
                match letters.next().ok_or("a quote is not closed")? {
                    '\'' => break word.get_or_insert_default().push_str(""),
                    letter => word.get_or_insert_default().push(letter),
                }
            },
            '"' => loop {
                match letters.next().ok_or("a double quote is not closed")? {
                    '"' => break word.get_or_insert_default().push_str(""),
                    '\\' => word.get_or_insert_default().push(letters.next().ok_or("nothing is behind a backslash")?),
                    letter => word.get_or_insert_default().push(letter),
                }
            },
            letter => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    Ok(words)
}

#[test]
fn lines_are_divided_as_haproxy_does() {
    let divided = |line| words(line).map(|words| words.join("|"));
    assert_eq!(divided(r#"    a 'b c' "d \" e" f\ g # h"#).as_deref(), Ok(r#"a|b c|d " e|f g"#));
    assert!(divided("a 'b").is_err() && divided("a \"b").is_err() && divided("a \\").is_err());
}

#[tokio::test]
async fn no_parameter_by_the_api_harms_a_neighbour_or_leaves_its_place() {
    let warnings = Warnings::of_process();
    let mut scene = Scene::new(&[], |_| {}).await;
    scene.proxy.configure(&scene.neighbour()).await;
    scene.neighbour = lines_of_neighbour(&scene.proxy.api("/config").await.body);
    assert!(scene.neighbour.len() >= 4, "{:?}", scene.neighbour);
    for row in PARAMS {
        for text in texts(&scene.folder.text("file")) {
            let what = format!("{}={}", row.name, String::from_utf8_lossy(&text[..text.len().min(40)]).escape_debug());
            let pairs = service(scene.port, row.name, encoded(&text));
            let query: Vec<_> = pairs
                .iter()
                .map(|(name, value)| match *name == row.name {
                    true => format!("{name}={value}"),
                    false => format!("{name}={}", encoded(value.as_bytes())),
                })
                .collect();
            let reply = scene.proxy.api(&format!("/reconfigure?{}", query.join("&"))).await;
            assert!(matches!(reply.status(), 200 | 400 | 409), "{what}: {}", reply.body);
            assert_eq!(reply.json()["Status"] == "OK", reply.status() == 200, "{what}");
            scene.shows_no_file(&reply, &what);
            scene.is_unharmed(&what).await;
        }
        let json = scene.proxy.api("/config?type=json").await;
        assert!(json.json()["neighbour"].is_object(), "{}", row.name);
        scene.shows_no_file(&json, row.name);
        assert_eq!(scene.proxy.api("/remove?serviceName=hostile").await.status(), 200);
    }
    let broken: Vec<_> = warnings.with(MARK).into_iter().filter(|line| line.trim_start().starts_with(MARK)).collect();
    assert!(broken.is_empty(), "a record is one line: {broken:?}");
}

#[tokio::test]
async fn the_names_of_parameters_are_no_way_out_either() {
    let mut scene = Scene::new(&[], |_| {}).await;
    scene.proxy.configure(&scene.neighbour()).await;
    scene.neighbour = lines_of_neighbour(&scene.proxy.api("/config").await.body);
    for text in texts("/etc/passwd") {
        for prefix in ["", "servicePath.", "servicePath.1", "usersSecret"] {
            let name = format!("{prefix}{}", String::from_utf8_lossy(&text));
            let query = format!("serviceName=hostile&servicePath=/hostile&port=1&{}=x", encoded(name.as_bytes()));
            let reply = scene.proxy.api(&format!("/reconfigure?{query}")).await;
            assert!(reply.json()["Message"].is_string());
            scene.is_unharmed(&name.escape_debug().to_string()).await;
        }
    }
}

#[tokio::test]
async fn no_parameter_in_a_listeners_list_harms_a_neighbour_or_leaves_its_place() {
    let mut listener = FakeListener::start().await;
    let address = listener.address.clone();
    let mut scene = Scene::new(&[("RELOAD_INTERVAL", "1000")], |settings| settings.listeners.push(address)).await;
    scene.proxy.configure(&scene.neighbour()).await;
    scene.neighbour = lines_of_neighbour(&scene.proxy.api("/config").await.body);
    let file = scene.folder.text("file");
    let mut services = Vec::new();
    for row in PARAMS {
        for text in texts(&file) {
            let mut pairs = service(scene.port, row.name, String::from_utf8_lossy(&text).into_owned());
            if row.name != "serviceName" {
                pairs.retain(|(name, _)| *name != "serviceName");
                pairs.push(("serviceName", format!("hostile-{}", services.len())));
            }
            services.push(pairs.into_iter().collect::<std::collections::BTreeMap<_, _>>());
        }
    }
    listener.lists(&serde_json::to_string(&services).expect("texts"));
    listener.is_heard().await;
    let taken = scene.proxy.api("/config?type=json").await;
    scene.shows_no_file(&taken, "the whole list");
    let taken = taken.json().as_object().expect("services by name").len();
    assert!(taken > services.len() / 4 && taken < services.len(), "{taken} of {}", services.len());
    scene.is_unharmed("the whole list").await;
}
