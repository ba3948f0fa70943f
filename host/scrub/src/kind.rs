//! The kinds of personal data, and the token that takes the place of each. Knows nothing of how they are found.

/// A kind of personal data. The first eleven are those that Dapr's documentation lists; the last three are what
/// Dapr's library masks besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Phone,
    Email,
    Ip,
    StreetAddress,
    CreditCard,
    Ssn,
    Isbn,
    Mac,
    Sha1,
    Sha256,
    Md5,
    ZipCode,
    PoBox,
    Iban,
}

impl Kind {
    /// Every kind.
    pub(crate) const ALL: [Self; 14] = [
        Self::Phone,
        Self::Email,
        Self::Ip,
        Self::StreetAddress,
        Self::CreditCard,
        Self::Ssn,
        Self::Isbn,
        Self::Mac,
        Self::Sha1,
        Self::Sha256,
        Self::Md5,
        Self::ZipCode,
        Self::PoBox,
        Self::Iban,
    ];

    /// What stands in the text afterwards: Dapr's tokens, so that its clients recognise them.
    pub fn token(self) -> &'static str {
        match self {
            Self::Phone => "<PHONE_NUMBER>",
            Self::Email => "<EMAIL_ADDRESS>",
            Self::Ip => "<IP>",
            Self::StreetAddress => "<STREET_ADDRESS>",
            Self::CreditCard => "<CREDIT_CARD>",
            Self::Ssn => "<US_SSN>",
            Self::Isbn => "<ISBN>",
            Self::Mac => "<MAC_ADDRESS>",
            Self::Sha1 => "<SHA1_HEX>",
            Self::Sha256 => "<SHA_256_HEX>",
            Self::Md5 => "<MD5_HEX>",
            Self::ZipCode => "<ZIP_CODE>",
            Self::PoBox => "<PO_BOX>",
            Self::Iban => "<IBAN>",
        }
    }

    /// The name in files of labelled cases.
    pub fn label(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::Email => "email",
            Self::Ip => "ip",
            Self::StreetAddress => "address",
            Self::CreditCard => "credit_card",
            Self::Ssn => "ssn",
            Self::Isbn => "isbn",
            Self::Mac => "mac",
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
            Self::Md5 => "md5",
            Self::ZipCode => "zip_code",
            Self::PoBox => "po_box",
            Self::Iban => "iban",
        }
    }
}
