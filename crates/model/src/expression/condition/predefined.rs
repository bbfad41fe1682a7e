//! The ACLs that HAProxy knows by name (configuration manual §7.4).
//!
//! Not here: those that ask for the version of a request, or look into its body.

/// The name and the test of a predefined ACL.
pub(super) fn acl(name: &str) -> Option<(&'static str, &'static str)> {
    ACLS.into_iter().find(|(known, _)| *known == name)
}

const ACLS: [(&str, &str); 17] = [
    ("FALSE", "always_false"),
    ("HTTP", "always_true"),
    ("HTTP_CONTENT", "req.hdr_val(content-length) gt 0"),
    ("HTTP_URL_ABS", "url_reg ^[^/:]*://"),
    ("HTTP_URL_SLASH", "url_beg /"),
    ("HTTP_URL_STAR", "url *"),
    ("LOCALHOST", "src 127.0.0.1/8 ::1"),
    ("METH_CONNECT", "method CONNECT"),
    ("METH_DELETE", "method DELETE"),
    ("METH_GET", "method GET HEAD"),
    ("METH_HEAD", "method HEAD"),
    ("METH_OPTIONS", "method OPTIONS"),
    ("METH_POST", "method POST"),
    ("METH_PUT", "method PUT"),
    ("METH_TRACE", "method TRACE"),
    ("TRUE", "always_true"),
    ("WAIT_END", "always_true"),
];
