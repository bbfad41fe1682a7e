//! The language, as tables: what a text is for one message, which conditions hold, and what is refused. A real HAProxy was asked.

use super::{Condition, Environment, Expression, Scope, Subject, words};
use crate::statement::{Extra, Section};
use core::net::SocketAddr;
use proptest::prelude::{ProptestConfig, proptest};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// `GET http-ish /a/b.png?x=1&y=2&x=3` over TLS, and its response.
struct Message {
    scope: Scope,
}

const REQUEST: &[(&str, &str)] = &[
    ("host", "h.example:80"),
    ("x", "1, 2"),
    ("x", "3"),
    ("cookie", "a=1; b=2; a=4"),
    ("x-forwarded-for", "10.1.2.3"),
    ("content-length", "5"),
    ("user-agent", "Curl/7 \"q, r\""),
    ("evil", "a\r\nb"),
];
const RESPONSE: &[(&str, &str)] = &[("server", "s/1"), ("set-cookie", "sid=7; Path=/"), ("x", "r")];

impl Subject for Message {
    fn source(&self) -> SocketAddr {
        "[::ffff:127.0.0.9]:40000".parse().unwrap()
    }

    fn local(&self) -> SocketAddr {
        "10.0.0.1:443".parse().unwrap()
    }

    fn is_tls(&self) -> bool {
        true
    }

    fn server_name(&self) -> Option<&str> {
        Some("h.example")
    }

    fn is_verified_client(&self) -> bool {
        false
    }

    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(784_111_777_042)
    }

    fn frontend(&self) -> &str {
        "services"
    }

    fn backend(&self) -> &str {
        "go-demo-be8080_0"
    }

    fn method(&self) -> &[u8] {
        b"GET"
    }

    fn target(&self) -> &[u8] {
        b"/a/b.png?x=1&y=2&x=3"
    }

    fn status(&self) -> Option<u16> {
        (self.scope == Scope::Response).then_some(404)
    }

    fn fields(&self, name: &str, visit: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        let fields = if self.scope == Scope::Request { REQUEST } else { RESPONSE };
        fields.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name)).any(|(_, value)| visit(value.as_bytes()))
    }
}

fn environment() -> Environment {
    Environment {
        host_name: "proxy-1".to_owned(),
        variables: [("REGION".to_owned(), "eu".to_owned())].into(),
        secrets: ["TOKEN".to_owned()].into(),
    }
}

/// What a text is for the message; an error's text where it is refused.
fn value(text: &str, scope: Scope) -> String {
    match Expression::parse(text, scope, &environment()) {
        Err(error) => error.to_string(),
        Ok(expression) => {
            let mut value = Vec::new();
            expression.write(&Message { scope }, &mut value);
            let again = Expression::parse(&expression.to_string(), scope, &environment());
            assert_eq!(again.as_ref(), Ok(&expression), "{text} is rendered as {expression}");
            String::from_utf8(value).unwrap()
        }
    }
}

fn condition(text: &str, scope: Scope) -> String {
    let parse = |text: &str| Condition::parse(&words(text, &environment())?, scope, &environment());
    match parse(text) {
        Err(error) => error.to_string(),
        Ok(None) => "no condition".to_owned(),
        Ok(Some(condition)) => {
            assert_eq!(parse(&condition.to_string()), Ok(Some(condition.clone())), "{text} is rendered as {condition}");
            condition.holds(&Message { scope }).to_string()
        }
    }
}

#[test]
fn values_are_those_of_haproxy() {
    for (text, expected) in [
        ("plain", "plain"),
        ("", ""),
        ("100%% of  it", "100% of  it"),
        ("%[src]:%[src_port]", "127.0.0.9:40000"),
        ("%[dst]:%[dst_port]", "10.0.0.1:443"),
        ("%ci %cp %fi %fp", "127.0.0.9 40000 10.0.0.1 443"),
        ("%{+Q}ci", "\"127.0.0.9\""),
        ("%f %ft %b", "services services~ go-demo-be8080_0"),
        ("%[fe_name] %[be_name]", "services go-demo-be8080_0"),
        ("%t|%T|%Ts|%ms", "06/Nov/1994:08:49:37.042|06/Nov/1994:08:49:37 +0000|784111777|042"),
        ("%HM %HP %HQ %HU", "GET /a/b.png ?x=1&y=2&x=3 /a/b.png?x=1&y=2&x=3"),
        ("%[ssl_fc] %[ssl_fc_sni] %[ssl_c_used] %[ssl_c_verify]", "1 h.example 0 0"),
        ("%[method] %[path] %[query]", "GET /a/b.png x=1&y=2&x=3"),
        ("%[url] %[pathq]", "/a/b.png?x=1&y=2&x=3 /a/b.png?x=1&y=2&x=3"),
        ("%[base]", "h.example:80/a/b.png"),
        ("%[urlp(x)] %[url_param(y)] [%[urlp(z)]]", "1 2 []"),
        ("%[hdr(x)] %[req.hdr(X)] %[req.fhdr(x)]", "3 3 3"),
        ("%[hdr(x,1)] %[hdr(x,2)] %[hdr(x,-1)] %[hdr(x,-2)] [%[hdr(x,9)]]", "1 2 3 2 []"),
        ("%[req.fhdr(x,1)]", "1, 2"),
        ("%[hdr_cnt(x)] %[req.hdr_cnt(x)] %[req.fhdr_cnt(x)]", "3 3 2"),
        ("[%[hdr(nope)]]", "[]"),
        ("%[hdr(user-agent)]", "Curl/7 \"q, r\""),
        ("%[cook(a)] %[req.cook(b)] %[cook_cnt(a)]", "4 2 2"),
        ("%[hdr_ip(x-forwarded-for)] %[hdr_val(content-length)]", "10.1.2.3 5"),
        ("%[hostname] %H", "`%H` is no variable that can be asked for here; a plain `%` is written `%%`"),
        ("%[hostname] %[env(REGION)] [%[env(NOPE)]]", "proxy-1 eu []"),
        ("%[date,http_date]", "Sun, 06 Nov 1994 08:49:37 GMT"),
        ("%[date(60)] %[date(60),http_date]", "784111837 Sun, 06 Nov 1994 08:50:37 GMT"),
        ("%[date,utime(%Y-%m-%d)] %[date,ltime(%H:%M,3600)]", "1994-11-06 09:49"),
        ("%[str(a b)] %[int(5)] %[bool(true)] %[always_false]", "a b 5 1 0"),
        (r#"%[str("a,b)"),upper]"#, "A,B)"),
        ("%[str(a]b)]", "a]b"),
        ("%[path,upper] %[path,lower] %[path,length]", "/A/B.PNG /a/b.png 8"),
        ("%[path,regsub(^/a,/c)] %[path,regsub(/,|,g)]", "/c/b.png |a|b.png"),
        (r"%[path,regsub(B,x,i)] %[path,regsub('(b)\.','<\1>')]", "/a/x.png /a/<b>png"),
        ("%[path,field(2,/)] %[path,field(-1,.)] %[path,word(1,/)]", "a png a"),
        ("%[path,bytes(1,1)] [%[path,bytes(99)]]", "a []"),
        ("%[src,ipmask(8)] %[src,ipmask(255.255.0.0)]", "127.0.0.0 127.0.0.0"),
        ("%[str(a b),base64] %[str(YSBi),b64dec]", "YSBi a b"),
        ("%[str(a%20b),url_dec] %[str(a%2),url_dec]|", "a b |"),
        ("%[dst_port,add(1),mul(2),sub(8),div(10),mod(7)]", "4"),
        ("%[ssl_fc,iif(on,off)] %[ssl_fc,not]", "on 0"),
        ("%[hdr(evil)]", "a  b"),
        ("%[str(a%0d%0ab),url_dec]", "a  b"),
    ] {
        assert_eq!(value(text, Scope::Request), expected, "{text}");
    }
    assert_eq!(
        value("%[status] %ST %[res.hdr(server)] %[hdr(x)] %[method] %[res.cook(sid)]", Scope::Response),
        "404 404 s/1 r GET 7"
    );
}

#[test]
fn what_is_not_understood_is_refused_with_the_word() {
    for (text, expected) in [
        ("%[nope]", "`nope` is no sample that this proxy knows"),
        ("%[path,nope]", "`nope` is no converter that this proxy knows"),
        ("%[path,map(/etc/shadow)]", "`map` reads files, which no service may make the proxy do"),
        ("%[path", "`%[path` has no `]` behind its sample"),
        ("%[]", "`]` does not begin with the name of a sample or converter"),
        ("%[hdr(x]", "`hdr(x]` has no closing `)`"),
        ("%[hdr(\"x)]", "`hdr(\"x)]` has no closing quote in its arguments"),
        ("%[hdr]", "`hdr` takes 1 to 2 arguments, and has 0"),
        ("%[hdr(a b)]", "`a b` is not the name of a header field"),
        ("%[src(1)]", "`src(1)` takes 0 arguments, and has 1"),
        ("%[int(x)]", "`x` is not a number that `int` takes"),
        (
            "%[env(TOKEN)]",
            "`TOKEN` is a variable of the proxy's own or may hold something secret; it cannot be read from here",
        ),
        ("%[path,regsub(a(b),c)]", "`regsub(\"a(b\")` takes 2 to 3 arguments, and has 1"),
        ("%[path,regsub(a(,c)]", "`a(` is not a PCRE: missing closing parenthesis at byte 2"),
        ("%[path,regsub(a,b,z)]", "`z` is no flag of `regsub`; there are `g` and `i`"),
        ("%[status]", "`status` belongs to a response and cannot be asked for in a rule for requests"),
        ("%[path,field(0,/)]", "`field(0,/)` names no part: places begin at 1, and there are delimiters"),
        ("%[date,utime(%Q)]", "`%Q` is not a format of times: a letter behind a `%` is not known"),
        ("%[src,ipmask(33)]", "`33` is not the length of a mask, 0 to 32"),
        ("100%", "`%` is not understood; a plain `%` is written `%%`"),
        ("a % b", "`%` is not understood; a plain `%` is written `%%`"),
        ("%nope", "`%nope` is no variable that can be asked for here; a plain `%` is written `%%`"),
    ] {
        assert_eq!(value(text, Scope::Request), expected, "{text}");
    }
    for text in ["%[path]", "%[req.hdr(x)]", "%[cook(a)]", "%HU"] {
        assert!(value(text, Scope::Response).contains("belongs to a request"), "{text}");
    }
}

#[test]
fn conditions_hold_as_in_haproxy() {
    for (text, expected) in [
        ("", "no condition"),
        ("if { ssl_fc }", "true"),
        ("unless { ssl_fc }", "false"),
        ("if !{ ssl_fc }", "false"),
        ("if ! { ssl_fc }", "false"),
        ("if !!{ ssl_fc }", "true"),
        ("if { ssl_fc 1 }", "true"),
        ("if { ssl_fc,not }", "false"),
        ("if { path_beg /a }", "true"),
        ("if { path_beg /b /a/ }", "true"),
        ("if { path -m beg /A }", "false"),
        ("if { path_beg -i /A }", "true"),
        ("if { path -i -m beg /A }", "true"),
        ("if { path_end .png .jpg } { method GET }", "true"),
        ("if { path_dir a }", "true"),
        ("if { path_sub b.p }", "true"),
        ("if { path_dom png }", "true"),
        ("if { path_len 8 }", "true"),
        ("if { path_len 1:7 }", "false"),
        (r"if { path_reg ^/[a-z]/b\.png$ }", "true"),
        ("if { path_reg -i PNG$ }", "true"),
        ("if { path /a/b.png }", "true"),
        ("if { path,upper /A/B.PNG }", "true"),
        ("if { url_beg /a } { url_end x=3 }", "true"),
        ("if { base_beg h.example:80/a }", "true"),
        ("if { urlp(x) 3 }", "true"),
        ("if { urlp(x) -m found } !{ urlp(z) -m found }", "true"),
        ("if { hdr(x) 2 }", "true"),
        ("if { req.hdr(x) 4 }", "false"),
        ("if { hdr(x,1) 1 } !{ hdr(x,1) 3 }", "true"),
        ("if { hdr_cnt(x) ge 3 } { hdr_cnt(x) lt 4 } !{ hdr_cnt(x) gt 3 }", "true"),
        ("if { hdr(nope) -m found }", "false"),
        ("if !{ hdr(nope) -m found }", "true"),
        ("if { hdr(host) h.example:80 }", "true"),
        ("if { hdr_dom(host) -i EXAMPLE }", "true"),
        ("if { hdr_beg(host) h. } { hdr_end(host) :80 } { hdr_sub(host) xam }", "true"),
        ("if { hdr_reg(host) ^h\\..*:80$ }", "true"),
        ("if { hdr(user-agent) -m sub -i curl }", "true"),
        ("if { cook(a) 1 } { cook(a) 4 }", "true"),
        ("if { src 127.0.0.0/8 }", "true"),
        ("if { src 127.0.0.0/255.0.0.0 }", "true"),
        ("if { src 10.0.0.0/8 ::1 }", "false"),
        ("if { hdr_ip(x-forwarded-for) 10.0.0.0/8 }", "true"),
        ("if { hdr(x-forwarded-for) -m ip 10.0.0.0/8 }", "true"),
        ("if { dst_port 80 443 }", "true"),
        ("if { dst_port 1024: }", "false"),
        ("if { dst_port le 443 } { dst_port :500 } { dst_port 400:500 }", "true"),
        ("if { ssl_fc_sni h.example } { ssl_c_verify 0 } !{ ssl_c_used }", "true"),
        ("if { env(REGION) -m str eu us }", "true"),
        ("if { always_false } || { always_true }", "true"),
        ("if { always_false } or { ssl_fc } { always_false }", "false"),
        ("if TRUE !FALSE METH_GET HTTP_CONTENT HTTP_URL_SLASH LOCALHOST", "true"),
        ("if METH_POST || METH_HEAD || HTTP_URL_ABS", "false"),
        ("if { path -- -i /a/b.png }", "true"),
        ("if { int(-5) -5 }", "true"),
        ("if { str(a) -m len 1 }", "true"),
        ("if { req.hdr_val(content-length) -m bool }", "true"),
        ("if { path '/a/b.png' }", "true"),
    ] {
        assert_eq!(condition(text, Scope::Request), expected, "{text}");
    }
    let response = "if { status 404 } { status ge 400 } { res.hdr(server) s/1 } { scook(sid) 7 } { method GET }";
    assert_eq!(condition(response, Scope::Response), "true");
}

#[test]
fn a_condition_that_is_not_understood_is_refused() {
    for (text, expected) in [
        ("when { ssl_fc }", "`when` stands where only `if` or `unless` is possible; quote a value that holds blanks"),
        ("if", "`if` has no condition behind it, or `||` has none"),
        ("if { ssl_fc } ||", "`if` has no condition behind it, or `||` has none"),
        ("if { ssl_fc } && TRUE", "`&&` is no ACL that was defined before; a test stands in `{ … }`, with blanks"),
        ("if {ssl_fc}", "`{ssl_fc}` is no ACL that was defined before; a test stands in `{ … }`, with blanks"),
        ("if HTTP_1.0", "`HTTP_1.0` is no ACL that was defined before; a test stands in `{ … }`, with blanks"),
        ("if { ssl_fc", "`{` has no closing `}`, which is a word of its own"),
        ("if { }", "`{ }` tests nothing"),
        ("if !", "`!` has nothing behind it"),
        ("if { path }", "`path` is compared with nothing, which never holds; `-m found` asks whether it is there"),
        ("if { ssl_fc 0 }", "`0` is not compared with anything; use `!` to negate"),
        ("if { src -f /etc/shadow }", "`-f` reads a file, which no service may make the proxy do"),
        ("if { path -x /a }", "`-x` is not a flag that is known here: there are -i, -m and --"),
        ("if { path -m nope /a }", "`nope` is not a way of comparing (`-m`)"),
        ("if { path_nope /a }", "`path_nope` is no sample that this proxy knows"),
        ("if { path_beg(x /a }", "`path_beg(x` has no closing `)`"),
        ("if { path]x /a }", "`path]x` has `]x` behind its sample"),
        ("if { dst_port http }", "`http` is not a whole number, nor a range of them such as 1024:65535"),
        ("if { dst_port ge }", "`ge` has no number behind it"),
        ("if { src example.com }", "`example.com` is neither an address nor a network such as 10.0.0.0/8"),
        ("if { src 10.0.0.0/33 }", "`10.0.0.0/33` is neither an address nor a network such as 10.0.0.0/8"),
        ("if { path_reg a( }", "`a(` is not a PCRE: missing closing parenthesis at byte 2"),
    ] {
        assert_eq!(condition(text, Scope::Request), expected, "{text}");
    }
    assert!(condition("if { hdr(x) 1 }", Scope::Response).contains("`res.hdr` asks for the response's"));
    assert!(condition("if { path /a }", Scope::Response).contains("belongs to a request"));
}

/// Whatever was understood is understood again from its own rendering, and is the same.
pub(crate) fn check_lines(text: &str, section: Section) {
    let Ok(extra) = Extra::parse(text, section, &environment()) else { return };
    let rendered = extra.request.iter().map(|rule| format!("http-request {rule}"));
    let rendered = rendered.chain(extra.response.iter().map(|rule| format!("http-response {rule}")));
    for line in rendered {
        assert!(!line.contains(['\n', '\r', '\0']), "{line:?} leaves its line");
        // The names that a line uses are defined elsewhere in the text.
        let definitions: String =
            text.lines().filter(|line| line.trim_start().starts_with("acl")).map(|line| format!("{line}\n")).collect();
        let again = Extra::parse(&format!("{definitions}{line}"), section, &environment());
        let again = again.unwrap_or_else(|error| panic!("{line:?} of {text:?}: {error}"));
        let rules: Vec<_> = again
            .request
            .iter()
            .map(|rule| format!("http-request {rule}"))
            .chain(again.response.iter().map(|rule| format!("http-response {rule}")))
            .collect();
        assert_eq!(rules, [line]);
    }
}

/// Pieces that lines are made of, so that many of them are understood.
const PIECES: &str = concat!(
    "(http-request|http-response|acl x|set-header|add-header|del-header|X-A|replace-path|set-path|deny|redirect|location|prefix|code|301|",
    "if|unless|\\{|\\}|!|\\|\\||path_beg|path|hdr\\(x\\)|res.hdr\\(x\\)|src|10.0.0.0/8|-m|-i|beg|found|/a|x|ge|5|%\\[src\\]|%ci|%%|",
    "%\\[path,regsub\\(\"a b\",'c'\\)\\]|%\\[str\\(\"a,b\\)\"\\)\\]|'a b'|\"a\\\\\\$b\"|\\\\ |\\\\x41|#|\\\\1|,|\n|\u{e9}| | | )"
);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn lines_are_refused_or_rendered_as_they_were_understood(
        pieces in proptest::collection::vec(proptest::string::string_regex(PIECES).unwrap(), 0..14),
        start in "(http-request set-header X-A|http-response add-header X-B|http-request deny if|http-request replace-path|)",
    ) {
        let text = format!("{start} {}", pieces.join(" "));
        check_lines(&text, Section::Backend);
        let glued = format!("{start} {}", pieces.concat());
        check_lines(&glued, Section::Frontend);
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC*", wild in ".*") {
        check_lines(&text, Section::Backend);
        check_lines(&format!("http-request set-header X {wild}"), Section::Backend);
        let _ = value(&text, Scope::Request);
        let _ = condition(&format!("if {wild}"), Scope::Response);
    }
}
