//! The one TLS configuration of egress: which authorities are trusted, and what is offered by ALPN.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use super::EgressSetupError;

/// Trusts the platform's authorities, Mozilla's, and those of the extra file. Offers HTTP/2, then HTTP/1.1. Sessions
/// are resumed.
pub(super) fn client_config(extra_ca: Option<&Path>) -> Result<Arc<ClientConfig>, EgressSetupError> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let platform = rustls_native_certs::load_native_certs();
    for error in &platform.errors {
        tracing::warn!(%error, "some of the platform's certificate authorities cannot be read");
    }
    roots.add_parsable_certificates(platform.certs);
    if let Some(path) = extra_ca {
        add_file(&mut roots, path)?;
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(EgressSetupError::Tls)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn add_file(roots: &mut RootCertStore, path: &Path) -> Result<(), EgressSetupError> {
    let shown = || path.display().to_string();
    let unreadable = |source| EgressSetupError::ExtraCa { path: shown(), source };
    let mut any = false;
    for certificate in CertificateDer::pem_file_iter(path).map_err(unreadable)? {
        let certificate = certificate.map_err(unreadable)?;
        roots.add(certificate).map_err(|source| EgressSetupError::BadCertificate { path: shown(), source })?;
        any = true;
    }
    if any { Ok(()) } else { Err(EgressSetupError::NoCertificate { path: shown() }) }
}
