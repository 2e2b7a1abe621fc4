//! TLS for a granted endpoint, by rustls with ring. Owns what each mode verifies; it reads the root certificates.

use super::connect_error;
use crate::{
    ConnectorError,
    grants::{Address, Grant, TlsMode},
};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, IpAddr, Ipv4Addr, ServerName, UnixTime, pem::PemObject},
};
use std::{path::Path, sync::Arc};
use tokio_rustls::TlsConnector;

/// What a handshake with the endpoint takes.
pub(super) async fn client(grant: &Grant) -> Result<(TlsConnector, ServerName<'static>), ConnectorError> {
    let provider = Arc::new(ring::default_provider());
    let verifier = verifier(grant, &provider).await?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| connect_error::tls_setup(&grant.address, &error))?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    Ok((TlsConnector::from(Arc::new(config)), server_name(grant)?))
}

/// Whom the certificate is to name. Where nobody looks, any name will do: an address, so that none is sent.
fn server_name(grant: &Grant) -> Result<ServerName<'static>, ConnectorError> {
    let Address::Tcp(host, _) = &grant.address else { return Err(connect_error::tls_not_granted(&grant.address)) };
    match ServerName::try_from(host.clone()) {
        Ok(name) => Ok(name),
        Err(_) if grant.tls < TlsMode::VerifyFull => Ok(ServerName::IpAddress(IpAddr::V4(Ipv4Addr::from([0; 4])))),
        Err(_) => Err(connect_error::bad_name(&grant.address)),
    }
}

async fn verifier(
    grant: &Grant,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, ConnectorError> {
    if grant.tls < TlsMode::VerifyCa {
        return Ok(Arc::new(Nobody { provider: provider.clone() }));
    }
    let bad = |what: &str| connect_error::bad_roots(&grant.address, what);
    let path = grant.roots.clone();
    let read = move || path.as_deref().map_or_else(system_roots, file_roots);
    let roots = tokio::task::spawn_blocking(read).await.map_err(|error| bad(&error.to_string()))?;
    let roots = roots.map_err(|what| bad(&what))?;
    let chain = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .build()
        .map_err(|error| bad(&error.to_string()))?;
    Ok(if grant.tls == TlsMode::VerifyCa { Arc::new(AnyName { chain }) } else { chain })
}

fn system_roots() -> Result<RootCertStore, String> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(found.certs);
    if added == 0 { Err("the system has none".to_owned()) } else { Ok(roots) }
}

fn file_roots(path: &Path) -> Result<RootCertStore, String> {
    let shown = path.display();
    let pem = std::fs::read(path).map_err(|error| format!("{shown}: {error}"))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|_| format!("{shown} is no PEM"))?;
        roots.add(certificate).map_err(|error| format!("{shown}: {error}"))?;
    }
    if roots.is_empty() { Err(format!("{shown} holds none")) } else { Ok(roots) }
}

/// `prefer` and `require`: whoever answers. The handshake is still checked against the key that was shown.
#[derive(Debug)]
struct Nobody {
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Nobody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// `verify-ca`: signed by a known authority, for whomever. The chain is verified before the name, so that a wrong name
/// is the one complaint that is left.
#[derive(Debug)]
struct AnyName {
    chain: Arc<WebPkiServerVerifier>,
}

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match self.chain.verify_server_cert(certificate, between, name, ocsp, now) {
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.chain.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.chain.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.chain.supported_verify_schemes()
    }
}
