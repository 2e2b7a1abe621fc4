//! The channel binding "tls-server-end-point" (RFC 5929, section 4.1): the hash of the server's certificate, by the hash
//! of the certificate's own signature. Reads just so much DER as it takes to find that algorithm.

use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};

/// The binding's data; none where the signature names no single hash (Ed25519, or one that is not known here).
pub(super) fn of(certificate: &[u8]) -> Option<Vec<u8>> {
    Some(match signature_hash(certificate)? {
        Hash::Sha224 => Sha224::digest(certificate).to_vec(),
        Hash::Sha256 => Sha256::digest(certificate).to_vec(),
        Hash::Sha384 => Sha384::digest(certificate).to_vec(),
        Hash::Sha512 => Sha512::digest(certificate).to_vec(),
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hash {
    Sha224,
    /// Also in place of MD5 and SHA-1, as the RFC demands.
    Sha256,
    Sha384,
    Sha512,
}

const SEQUENCE: u8 = 0x30;
const OBJECT_IDENTIFIER: u8 = 0x06;
/// `[0] EXPLICIT hashAlgorithm` of RSASSA-PSS-params (RFC 4055, 3.1).
const PSS_HASH: u8 = 0xa0;

/// Certificate ::= SEQUENCE { tbsCertificate SEQUENCE, signatureAlgorithm AlgorithmIdentifier, … } (RFC 5280, 4.1).
fn signature_hash(certificate: &[u8]) -> Option<Hash> {
    let (body, _) = take(certificate, SEQUENCE)?;
    let (_, rest) = take(body, SEQUENCE)?;
    let (algorithm, _) = take(rest, SEQUENCE)?;
    let (identifier, parameters) = take(algorithm, OBJECT_IDENTIFIER)?;
    match identifier {
        RSASSA_PSS => pss_hash(parameters),
        other => SIGNATURES.iter().find(|(known, _)| *known == other).map(|(_, hash)| *hash),
    }
}

fn pss_hash(parameters: &[u8]) -> Option<Hash> {
    let (parameters, _) = take(parameters, SEQUENCE)?;
    // Its default is SHA-1.
    let Some((hash, _)) = take(parameters, PSS_HASH) else { return Some(Hash::Sha256) };
    let (identifier, _) = take(hash, SEQUENCE).and_then(|(algorithm, _)| take(algorithm, OBJECT_IDENTIFIER))?;
    HASHES.iter().find(|(known, _)| *known == identifier).map(|(_, hash)| *hash)
}

/// The contents of the value at the head, if it has this tag, and what follows it (ITU-T X.690, 8.1 and 10.1).
fn take(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&[found, first], rest) = der.split_first_chunk::<2>()?;
    if found != tag {
        return None;
    }
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

/// 1.2.840.113549.1.1.10
const RSASSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a];

/// RFC 3279, RFC 4055, RFC 5758.
const SIGNATURES: [(&[u8], Hash); 14] = [
    // 1.2.840.113549.1.1: RSA with MD5, SHA-1, SHA-256, SHA-384, SHA-512, SHA-224.
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x04], Hash::Sha256),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x05], Hash::Sha256),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b], Hash::Sha256),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0c], Hash::Sha384),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0d], Hash::Sha512),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0e], Hash::Sha224),
    // 1.2.840.10045.4: ECDSA with SHA-1, SHA-224, SHA-256, SHA-384, SHA-512.
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01], Hash::Sha256),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x01], Hash::Sha224),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02], Hash::Sha256),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03], Hash::Sha384),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x04], Hash::Sha512),
    // DSA with SHA-1 (1.2.840.10040.4.3), SHA-224 and SHA-256 (2.16.840.1.101.3.4.3).
    (&[0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x03], Hash::Sha256),
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x01], Hash::Sha224),
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x02], Hash::Sha256),
];

/// SHA-1 (1.3.14.3.2.26), and 2.16.840.1.101.3.4.2: SHA-256, SHA-384, SHA-512, SHA-224.
const HASHES: [(&[u8], Hash); 5] = [
    (&[0x2b, 0x0e, 0x03, 0x02, 0x1a], Hash::Sha256),
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01], Hash::Sha256),
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02], Hash::Sha384),
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03], Hash::Sha512),
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x04], Hash::Sha224),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate(algorithm: &'static rcgen::SignatureAlgorithm) -> Vec<u8> {
        let key = rcgen::KeyPair::generate_for(algorithm).unwrap();
        rcgen::CertificateParams::new(vec!["db".to_owned()]).unwrap().self_signed(&key).unwrap().der().to_vec()
    }

    #[test]
    fn the_signatures_hash_decides() {
        let sha256 = certificate(&rcgen::PKCS_ECDSA_P256_SHA256);
        assert_eq!(of(&sha256), Some(Sha256::digest(&sha256).to_vec()));
        let sha384 = certificate(&rcgen::PKCS_ECDSA_P384_SHA384);
        assert_eq!(of(&sha384), Some(Sha384::digest(&sha384).to_vec()));
        assert_eq!(of(&certificate(&rcgen::PKCS_ED25519)), None);
    }

    /// A certificate whose signature algorithm has this contents, made by hand.
    fn with_algorithm(algorithm: &[u8]) -> Vec<u8> {
        let wrap = |tag: u8, contents: &[u8]| [&[tag, u8::try_from(contents.len()).unwrap()], contents].concat();
        wrap(SEQUENCE, &[wrap(SEQUENCE, &[]), wrap(SEQUENCE, algorithm)].concat())
    }

    #[test]
    fn pss_names_its_hash_inside() {
        let identifier = [&[OBJECT_IDENTIFIER, 9], RSASSA_PSS].concat();
        let default = [identifier.clone(), vec![SEQUENCE, 0]].concat();
        assert_eq!(signature_hash(&with_algorithm(&default)), Some(Hash::Sha256));
        let sha512 = [&[OBJECT_IDENTIFIER, 9], HASHES[3].0].concat();
        let inner = [vec![SEQUENCE, 11], sha512].concat();
        let parameters = [vec![SEQUENCE, 15, PSS_HASH, 13], inner].concat();
        assert_eq!(signature_hash(&with_algorithm(&[identifier, parameters].concat())), Some(Hash::Sha512));
    }

    #[test]
    fn damaged_certificates_have_no_hash() {
        let good = certificate(&rcgen::PKCS_ECDSA_P256_SHA256);
        for end in 0..200 {
            assert_eq!(of(&good[..end]), None, "{end}");
        }
        assert_eq!(of(&[SEQUENCE, 0x84, 0xff, 0xff, 0xff, 0xff]), None);
    }
}
