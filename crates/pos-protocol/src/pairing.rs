//! Joining a business: the invitation that an owner makes, and the exchange that a register has with it.

use pos_domain::settings::ShopSettings;
use pos_domain::{DeviceId, DevicePublicKey, OutletId, TenantId};
use serde::{Deserialize, Serialize};

/// What `comptoir-server pair` prints and shows as a QR code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairingInvitation {
    /// 40 random bits as 8 characters of Crockford's base 32, shown as `XXXX-XXXX`.
    pub code: String,
    /// Where the server answers, such as `https://192.168.1.10:7443`.
    pub server: String,
    /// SHA-256 of the server certificate's public key (SubjectPublicKeyInfo), base64, as in RFC 7469. Empty for plain
    /// HTTP on loopback and for a server whose certificate is publicly trusted.
    pub pins: Vec<String>,
    /// When the code ends, in milliseconds since 1970 UTC.
    pub expires_at_ms: i64,
}

/// `POST /v1/pair`, the only request without a device token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairRequest {
    /// The code as typed; case, spaces and dashes do not matter.
    pub code: String,
    /// Made by the register.
    pub device_id: DeviceId,
    /// Name of the register, as printed.
    pub register: String,
    /// The register's public key; final documents are signed by its other half.
    pub public_key: DevicePublicKey,
    /// Series that the register has already numbered documents in. The server keeps it if it is free.
    pub series: Option<String>,
    /// Set when a shop begun without a server brings its own business: only an empty business takes it.
    pub bring: Option<Business>,
}

/// A business and its shop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Business {
    /// The business.
    pub tenant_id: TenantId,
    /// Its shop.
    pub outlet_id: OutletId,
    /// Its settings.
    pub settings: ShopSettings,
}

/// The answer to a pairing.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairResponse {
    /// 256 random bits, hex. Kept in the key store; the server keeps only its hash.
    pub token: String,
    /// The business that was joined.
    pub business: Business,
    /// Series in which this register numbers its documents.
    pub series: String,
}

impl std::fmt::Debug for PairResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PairResponse")
            .field("business", &self.business)
            .field("series", &self.series)
            .finish_non_exhaustive()
    }
}
