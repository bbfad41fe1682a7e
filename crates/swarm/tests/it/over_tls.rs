//! A Docker Engine over TCP with TLS: both sides show a certificate, and neither believes a stranger.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use swarm::{DockerError, Listener, Settings, TlsFiles};
use tokio_rustls::TlsAcceptor;

use crate::docker::FakeDocker;
use crate::receiver::Receiver;
use crate::{settings, start};

/// Who vouches for Docker and for its clients.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Authority { issuer: CertifiedIssuer::self_signed(params, key).expect("an authority") }
    }

    fn certificate(&self, name: &str) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new([name.to_owned()]).expect("a name");
        (params.signed_by(&key, &self.issuer).expect("a certificate"), key)
    }

    fn files(&self) -> TlsFiles {
        let (certificate, key) = self.certificate("client");
        TlsFiles {
            ca: self.issuer.as_ref().pem().into_bytes(),
            cert: certificate.pem().into_bytes(),
            key: key.serialize_pem().into_bytes(),
        }
    }

    /// A daemon on loopback that wants clients of this authority.
    fn acceptor(&self) -> TlsAcceptor {
        let mut roots = RootCertStore::empty();
        roots.add(self.issuer.as_ref().der().clone()).expect("a certificate");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
        let (certificate, key) = self.certificate("127.0.0.1");
        let chain: Vec<CertificateDer<'static>> = vec![certificate.der().clone()];
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider knows its versions")
            .with_client_cert_verifier(verifier.build().expect("an authority is in it"))
            .with_single_cert(chain, PrivateKeyDer::try_from(key.serialize_der()).expect("a key"))
            .expect("they belong together");
        TlsAcceptor::from(Arc::new(config))
    }
}

#[tokio::test]
async fn docker_is_followed_over_tls() {
    let authority = Authority::new();
    let (mut docker, mut proxy) = (FakeDocker::start_on_tls(authority.acceptor()).await, Receiver::start().await);
    docker.sets("web", &[("com.df.notify", "true")]);
    let settings = Settings { docker_tls: Some(authority.files()), ..settings(&docker, &proxy) };
    let _listener = start(settings, &mut docker).await;
    assert!(proxy.hears().await.ends_with("serviceName=web"));
    docker.removes("web");
    assert!(proxy.hears().await.starts_with("GET /remove?"));
}

#[tokio::test]
async fn a_docker_of_another_authority_is_not_believed_and_believes_nobody_else() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let (docker, proxy) = (FakeDocker::start_on_tls(theirs.acceptor()).await, Receiver::start().await);
    let stranger = TlsFiles { ca: theirs.files().ca, ..ours.files() };
    for files in [ours.files(), stranger] {
        let settings = Settings { docker_tls: Some(files), ..settings(&docker, &proxy) };
        let listener = Listener::start(settings).expect("usable settings");
        assert!(matches!(listener.services().await, Err(DockerError::Failed { .. })));
    }
    assert_eq!(docker.calls(), Vec::<String>::new());
}
