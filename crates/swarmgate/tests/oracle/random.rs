//! Random worlds: services made of few names, paths, hosts and fields, so that they collide, and requests made of the same.
//!
//! A world is the text of a case, so that one that finds something can be put among the cases as it is.
//! Not here: what is done with it (`suite`).

use crate::ask::{Ask, Hello, Request};
use crate::case::Case;
use std::fmt::Write as _;

/// Random requests of a world, beside what every case is asked.
pub(crate) const ASKS: usize = 60;

/// A sequence of numbers that a seed decides (splitmix64).
pub(crate) struct Dice(u64);

type Choices = &'static [&'static str];

const NAMES: Choices = &["a", "b", "a-b", "a1", "Z", "go-demo"];
const PATHS: Choices = &["/", "/a", "/ab", "/a/b", "/A", "/b", "/.well-known/x", "/a/b/c", "/%2541"];
const ENDS: Choices = &[".png", "b", "/b", "a"];
const REGEXES: Choices = &["^/a", "b$", "/(a|b)/", "^/[a-z]%2B$", "."];
const HOSTS: Choices = &["a.com", "b.com", "www.a.com", "*a.com", "*.a.com", "a.com,b.com"];
const ALGORITHMS: Choices = &["hdr(host)", "hdr_beg(host)", "hdr_dom(host)", "hdr_end(host)", "hdr_sub(host)"];
const HEADERS: Choices = &["X-V:1", "X-V:2", "X-V:1,X-W:a", "X-W:a b"];
const AGENTS: Choices = &["amiga", "amiga,atari", "curl"];
const METHODS: Choices = &["GET", "GET,HEAD", "POST", "PUT,DELETE"];
const USERS: Choices = &["u:p", "u:q,v:w"];
const REWRITES: Choices =
    &["/a,/b", "a,b,g", "/a/,/", "^/(\\w),/x\\1", "b*,c,g", "/a,/b:/b,/c", "^/a,", "(a)|(b),[\\1\\2],g"];
const LINES: Choices = &["^(\\S%2B)\\ /a(.*)&reqRepReplace=\\1\\ /x\\2", "^GET\\ (.*)&reqRepReplace=PUT\\ \\1"];
const TARGETS: Choices = &[
    "/",
    "/a",
    "/ab",
    "/a/b",
    "/A",
    "/b",
    "/b/a",
    "/x.png",
    "/.well-known/x/y",
    "/a?b=/a",
    "/a/b/c",
    "//a",
    "/abc",
    "/%41",
    "/a/../b",
    "*",
];
const ASKED_HOSTS: Choices =
    &["a.com", "b.com", "www.a.com", "x.a.com", "xa.com", "A.COM", "c.com", "a.com.evil", "b.com.a.com"];

impl Dice {
    pub(crate) fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Less than `sides`.
    fn roll(&mut self, sides: usize) -> usize {
        let sides = u64::try_from(sides).expect("a die has few sides");
        usize::try_from(self.next() % sides).expect("less than its sides")
    }

    fn one_in(&mut self, times: usize) -> bool {
        self.roll(times) == 0
    }

    fn pick(&mut self, choices: Choices) -> &'static str {
        choices[self.roll(choices.len())]
    }
}

/// The world of a seed.
pub(crate) fn world(seed: u64) -> Case {
    let mut dice = Dice::new(seed);
    let mut text = String::new();
    for (name, value) in [
        ("USERS", "g:h"),
        ("HTTPS_ONLY", "true"),
        ("SERVICE_DOMAIN_ALGO", "hdr(host)"),
        ("CONNECTION_MODE", "http-server-close"),
    ] {
        if dice.one_in(12) {
            let _ = writeln!(text, "context: {name}={value}");
        }
    }
    for _ in 0..=dice.roll(4) {
        let _ = writeln!(text, "{}", service(&mut dice));
    }
    let mut case = Case::parse(&format!("random-{seed}"), &text);
    case.asks = (0..ASKS).map(|_| ask(&mut dice)).collect();
    case
}

fn service(dice: &mut Dice) -> String {
    let mut query = format!("serviceName={}", dice.pick(NAMES));
    for (name, choices, rarity) in [
        ("aclName", NAMES, 6),
        ("serviceDomainAlgo", ALGORITHMS, 5),
        ("users", USERS, 8),
        ("isDefaultBackend", &["true"], 10),
        ("redirectWhenHttpProto", &["true"], 12),
        ("redirectUnlessHttpsProto", &["true"], 15),
        ("connectionMode", &["http-server-close", "http-keep-alive"], 10),
        ("reqRepSearch", LINES, 12),
    ] {
        if dice.one_in(rarity) {
            let _ = write!(query, "&{name}={}", dice.pick(choices));
        }
    }
    match dice.roll(3) {
        0 => {
            destination(dice, "", &mut query);
        }
        count => (1..=count).for_each(|index| destination(dice, &format!(".{index}"), &mut query)),
    }
    query
}

fn destination(dice: &mut Dice, index: &str, query: &mut String) {
    let (kind, paths): (&str, Choices) = match dice.roll(8) {
        0 => ("path_end", ENDS),
        1 => ("path_reg", REGEXES),
        2 => ("path", PATHS),
        3 => ("path_sub", ENDS),
        4 => ("path_beg -i", PATHS),
        _ => ("path_beg", PATHS),
    };
    let path =
        if dice.one_in(3) { format!("{},{}", dice.pick(paths), dice.pick(paths)) } else { dice.pick(paths).to_owned() };
    let _ = write!(query, "&port{index}={}&pathType{index}={kind}&servicePath{index}={path}", 8000 + dice.roll(3));
    if dice.one_in(5) {
        let _ = write!(query, "&servicePathExclude{index}={}", dice.pick(paths));
    }
    for (name, choices, rarity) in [
        ("serviceDomain", HOSTS, 3),
        ("serviceHeader", HEADERS, 6),
        ("userAgent", AGENTS, 8),
        ("allowedMethods", METHODS, 10),
        ("deniedMethods", METHODS, 10),
        ("denyHttp", &["true"], 12),
        ("httpsOnly", &["true"], 12),
        ("httpsRedirectCode", &["301", "307", "308"], 6),
        ("httpsPort", &["9000", "9001"], 8),
        ("srcPort", &["80", "443", "81"], 12),
        ("ignoreAuthorization", &["true"], 10),
        ("reqPathSearchReplace", REWRITES, 6),
        ("redirectFromDomain", &["b.com", "c.com"], 12),
    ] {
        if dice.one_in(rarity) {
            let _ = write!(query, "&{name}{index}={}", dice.pick(choices));
        }
    }
}

fn ask(dice: &mut Dice) -> Ask {
    let encrypted = dice.one_in(8);
    let count = if dice.one_in(10) { 3 } else { 1 };
    let requests = (0..count).map(|_| request(dice)).collect();
    Ask { port: if encrypted { 443 } else { 80 }, tls: encrypted.then(Hello::default), requests }
}

fn request(dice: &mut Dice) -> Request {
    let target = dice.pick(TARGETS);
    let mut request = Request::get(target, dice.pick(ASKED_HOSTS));
    for (name, values, rarity) in [
        ("X-V", &["1", "2", "1, 2", "x"][..], 3),
        ("X-W", &["a", "a b"], 5),
        ("User-Agent", &["Amiga/1", "curl/8", "x"], 3),
        ("Authorization", &["Basic dTpw", "Basic Zzpo", "Basic djp3", "Bearer x"], 2),
        ("X-Forwarded-Proto", &["http", "https"], 6),
        ("Accept-Encoding", &["gzip"], 8),
    ] {
        if dice.one_in(rarity) {
            request = request.with(name, values[dice.roll(values.len())]);
        }
    }
    request = request.method(if target == "*" {
        "OPTIONS"
    } else {
        dice.pick(&["GET", "GET", "GET", "HEAD", "POST", "PUT", "DELETE"])
    });
    match request.method.as_str() {
        "POST" | "PUT" => request.body("hello", dice.one_in(2)),
        _ => request,
    }
}
