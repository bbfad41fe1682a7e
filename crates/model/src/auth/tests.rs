//! Who passes. Hashes of each kind are held by `auth::hash`.

use super::*;

/// `my-pass`, `service-pass` and `secret-pass` as the C library's crypt(3) hashes them.
const MY_PASS: &str =
    "$6$rounds=1000$aaaaaaaa$TO.XEB0OGe4Z858fqMb5h4.eciirzbEFu1SxfkMlxBom7rNGYU6D9aRceVxhYFP8ajrnluLjyIF5TA6rsFWuK/";
const SERVICE_PASS: &str = "$5$rounds=1000$bbbbbbbb$IUibQWMNsOmPfYtuHtJ6uxyTiLV/VBZRqFFg10Z1Pu/";
const SECRET_PASS: &str = "$2b$04$abcdefghijklmnopqrstuuTG6d.sp3peJ6F9EzCIZGfe/12vDxgmu";

fn access_of(asked: Option<Asked<'_>>, global: &GlobalUsers) -> Access {
    Access::new("go-demo", asked.map(|asked| service_users(asked, global).users).as_ref(), global)
}

fn access(named: &str, global: &str) -> Access {
    let asked = (!named.is_empty()).then(|| Asked { named: Some(named), ..Asked::default() });
    access_of(asked, &global_users(global, false).users)
}

fn admits(access: &Access, credentials: &str) -> bool {
    let field = format!("Basic {}", BASE64.encode(credentials));
    admits_field(access, Some(field.as_bytes()))
}

fn admits_field(access: &Access, field: Option<&[u8]>) -> bool {
    match access.judge(field) {
        Admission::Yes => true,
        Admission::No => false,
        Admission::Ask(question) => question.is_right(),
    }
}

fn names(read: &Read<ServiceUsers>) -> Vec<&str> {
    read.users.users().iter().map(User::name).collect()
}

#[test]
fn behaviour_187_service_users_replace_global_ones() {
    let both = access("admin:password", "my-user:my-pass");
    assert!(admits(&both, "admin:password"));
    assert!(!admits(&both, "my-user:my-pass"));
    assert!(matches!(both, Access::Users { realm, .. } if realm == "go-demoRealm"));
}

#[test]
fn behaviour_140_users_with_passwords_are_exactly_the_users() {
    let global = global_users("g:g", false).users;
    let asked = Asked { named: Some("a:b,c:d"), secret: Some("e:f"), hashed: false };
    assert_eq!(names(&service_users(asked, &global)), ["a", "c"]);
}

#[test]
fn behaviour_140_a_name_alone_takes_its_password_from_the_secret_and_else_from_the_global_users() {
    let mixed = access("My-User,other:x", "my-user:my-pass,hidden:y");
    assert!(admits(&mixed, "my-user:my-pass") && admits(&mixed, "other:x"));
    assert!(!admits(&mixed, "hidden:y") && !admits(&mixed, "my-user:"));
    let global = global_users("one:global,two:global", false).users;
    let asked = Asked { named: Some("one,two"), secret: Some("ONE:secret\nthree:x"), hashed: false };
    let read = service_users(asked, &global);
    assert_eq!(names(&read), ["ONE"], "a named secret is asked, and nobody else");
    assert_eq!(read.complaints, ["1 of the users have no name or no password anywhere; they cannot pass"]);
}

#[test]
fn behaviour_140_a_secret_alone_gives_all_its_users() {
    let asked = Asked { secret: Some("one:1,two:2\n"), ..Asked::default() };
    assert_eq!(names(&service_users(asked, &GlobalUsers::Open)), ["one", "two"]);
}

#[test]
fn behaviour_140_users_asked_for_but_not_found_lock_the_service() {
    let locked = access("nobody", "");
    assert!(!admits(&locked, "nobody:") && !admits_field(&locked, None));
    assert!(!admits(&access("", "nonsense"), "nonsense:"));
    assert!(service_users(Asked::default(), &GlobalUsers::Open).users.is_locked());
    let (missing, broken) = (Asked { secret: Some(""), ..Asked::default() }, "a:$1$saltsalt$6SNdNaZLKst2LlSm7oPPL1");
    assert!(service_users(missing, &global_users("a:b", false).users).users.is_locked());
    let read = service_users(Asked { named: Some(broken), hashed: true, secret: None }, &GlobalUsers::Open);
    assert!(read.users.is_locked());
    let reason = "the password is no hash of SHA-256 ($5$), SHA-512 ($6$) or bcrypt ($2a$, $2b$, $2y$)";
    assert_eq!(read.complaints, [format!("user `a` cannot pass: {reason}")]);
}

#[test]
fn behaviours_31_and_140_whether_a_password_is_a_hash_follows_where_it_came_from() {
    let global = global_users(&format!("my-user:{MY_PASS}"), true).users;
    let plain = Asked { named: Some("my-user,other:plain"), ..Asked::default() };
    let access = access_of(Some(plain), &global);
    assert!(admits(&access, "my-user:my-pass") && admits(&access, "other:plain"));
    assert!(!admits(&access, &format!("my-user:{MY_PASS}")), "a hash is no password");
    let (named, secret) = (format!("own:{SERVICE_PASS},theirs"), format!("theirs:{SECRET_PASS}"));
    let hashed = Asked { named: Some(&named), secret: Some(&secret), hashed: true };
    let access = access_of(Some(hashed), &GlobalUsers::Open);
    assert!(admits(&access, "own:service-pass") && admits(&access, "theirs:secret-pass"));
    assert!(!admits(&access, "own:secret-pass") && !admits(&access, "theirs:service-pass"));
}

#[test]
fn behaviour_141_blanks_line_ends_and_incomplete_entries_are_harmless() {
    let read = global_users(" a:b ,\n\nc:d:e,,nopass,:noname,nopass:\n", false);
    assert!(matches!(&read.users, GlobalUsers::Only(users) if format!("{users:?}") == "[a:*****, c:*****]"));
    assert_eq!(read.complaints, ["3 of the users have no name or no password anywhere; they cannot pass"]);
    assert!(admits(&access("c:d:e", ""), "c:d:e"), "a password may hold a colon");
}

#[test]
fn only_the_exact_credentials_of_one_user_pass() {
    let users = access("admin:password", "");
    for wrong in ["admin:passwor", "admin:passwordx", "Admin:password", "admin", "", ":"] {
        assert!(!admits(&users, wrong), "{wrong:?}");
    }
    assert!(!admits_field(&users, None));
    assert!(!admits_field(&users, Some(b"Bearer YWRtaW46cGFzc3dvcmQ=")));
    assert!(!admits_field(&users, Some(b"Basic !!!")));
    assert!(
        admits_field(&users, Some(b"basic  YWRtaW46cGFzc3dvcmQ")),
        "case, blanks and padding of the scheme do not matter"
    );
    assert!(admits_field(&access("", ""), None), "nobody is asked where nobody is named");
}

#[test]
fn an_unknown_name_is_as_much_work_as_a_known_one_and_never_passes() {
    let global = global_users(&format!("my-user:{MY_PASS}"), true).users;
    let access = access_of(None, &global);
    let field = format!("Basic {}", BASE64.encode("nobody:my-pass"));
    let Admission::Ask(question) = access.judge(Some(field.as_bytes())) else { panic!("it is asked") };
    assert!(!question.is_right(), "the password is that of somebody else");
    let same = format!("Basic {}", BASE64.encode("my-user:my-pass"));
    let Admission::Ask(known) = access.judge(Some(same.as_bytes())) else { panic!("it is asked") };
    assert!(!question.pieces().eq(known.pieces()), "two answers have two names");
    assert_eq!(format!("{question:?} {access:?}"), r#"***** Users { realm: "defaultRealm", users: [my-user:*****] }"#);
    assert!(matches!(access.judge(Some(b"Basic bm9jb2xvbg==")), Admission::No), "these are no credentials");
}

#[test]
fn bug_a_login_cost_every_hash_of_a_name_that_was_repeated() {
    let read = global_users("a:first,a:second,b:x,a:third", false);
    assert!(matches!(&read.users, GlobalUsers::Only(users) if format!("{users:?}") == "[a:*****, b:*****]"));
    assert_eq!(read.complaints, ["2 of the users have the name of another one; only the first of a name can pass"]);
    let access = access("a:first,a:second", "");
    assert!(admits(&access, "a:first") && !admits(&access, "a:second"), "as HAProxy has it");
}
