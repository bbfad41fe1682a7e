//! curl and nghttp2's h2load: HTTP/2 as programs speak it that are not of our making.
//!
//! Needs both; `scripts/test clients` runs it, plain `cargo test` does not.
//! Not here: frames (`http2`), and curl over TLS in general (`https`).

#[path = "../it"]
#[allow(
    dead_code,
    unused_imports,
    reason = "the other test binary speaks the whole language; this one needs its proxy and a server"
)]
mod it {
    pub(crate) mod harness;
}

mod curl;
mod h2load;

use it::harness::{Backend, Bundle, Folder, TestProxy};
use std::net::SocketAddr;
use std::process::Command;

/// A proxy with a certificate, and a server that answers each request with its own line.
struct Site {
    proxy: TestProxy,
    _certificates: Folder,
}

impl Site {
    async fn start(variables: &[(&str, &str)]) -> Site {
        let certificates = Folder::new();
        certificates.write("a.pem", &Bundle::new(&["localhost"]).pem);
        let folder = certificates.text("");
        let variables = [variables, &[("CERTS_DIR", folder.as_str())]].concat();
        let (proxy, backend) = (TestProxy::with(&variables, |_| {}).await, Backend::start().await);
        proxy.publish(&backend).await;
        backend.echoes();
        Site { proxy, _certificates: certificates }
    }

    fn plain(&self) -> String {
        url("http", self.proxy.address())
    }

    fn encrypted(&self) -> String {
        url("https", self.proxy.tls_address())
    }
}

fn url(scheme: &str, address: SocketAddr) -> String {
    format!("{scheme}://localhost:{}/demo", address.port())
}

/// What a program prints that ends well.
async fn run(program: &'static str, arguments: Vec<String>) -> String {
    let call = move || Command::new(program).args(&arguments).output();
    let output = tokio::task::spawn_blocking(call).await.expect("no panic");
    let output = output.unwrap_or_else(|error| panic!("{program} cannot be run: {error}"));
    let [said, complained] = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert!(output.status.success(), "{program}: {said}\n{complained}");
    said
}
