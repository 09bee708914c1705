//! Sealing: bytes at rest under keys, so that what is read is what was written or an error.
//!
//! Each payload has a data key of its own. The bytes are cut into chunks of [`CHUNK`]; each is compressed and
//! sealed by AES-256-GCM under the data key, with a nonce of its own. A chunk's seal covers the payload's id,
//! its number and whether it is the last, so a chunk that was altered, swapped with another or cut off does
//! not open. The data key is wrapped by the newest master key, and that seal covers the payload's id, length
//! and digests: they cannot be altered either. To change the master key only data keys are wrapped anew.

use std::sync::Arc;

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey},
    rand,
};
use secrecy::zeroize::Zeroizing;

use super::{
    Clock, Error, Keyring, Result,
    keyring::{KEY, Master},
    sealed::{PayloadId, Sealed},
};

/// Bytes of a payload in a chunk, before they are compressed. The last chunk may have fewer, or none.
pub(super) const CHUNK: usize = 256 * 1024;

/// What stands before a chunk's bytes: they are as they were.
const PLAIN: u8 = 0;

/// What stands before a chunk's bytes: they are an LZ4 block.
const LZ4: u8 = 1;

/// The keys that payloads are sealed with, and the clock. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Vault {
    keys: Arc<Keyring>,
    clock: Clock,
}

impl Vault {
    pub(super) fn new(keys: Keyring, clock: Clock) -> Self {
        Self { keys: Arc::new(keys), clock }
    }

    /// The clock.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The master keys.
    pub fn keys(&self) -> &Keyring {
        &self.keys
    }

    /// Wraps a data key under the newest master key. Returns the master key's id and the wrapped key.
    pub(super) fn wrap(&self, key: &DataKey, payload: &Sealed) -> Result<(String, Vec<u8>)> {
        let master = self.keys.newest()?;
        let mut wrapped = Vec::with_capacity(NONCE_LEN.saturating_add(KEY).saturating_add(AES_256_GCM.tag_len()));
        wrapped.extend_from_slice(key.bytes.as_slice());
        let nonce = cipher(master.bytes())?.seal_in_place_append_tag(Aad::from(bound(payload)), &mut wrapped);
        let nonce = nonce.map_err(|_| Error::Crypto)?;
        wrapped.splice(0..0, *nonce.as_ref());
        Ok((master.id.clone(), wrapped))
    }

    /// Unwraps a data key by the master key of an id.
    pub(super) fn unwrap(&self, key_id: &str, wrapped: &[u8], payload: &Sealed) -> Result<DataKey> {
        let master: &Master = self.keys.find(key_id)?;
        let altered = || Error::Seal(payload.id);
        let (nonce, sealed) = wrapped.split_first_chunk::<NONCE_LEN>().ok_or_else(altered)?;
        let mut opened = Zeroizing::new(sealed.to_vec());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let key = cipher(master.bytes())?.open_in_place(nonce, Aad::from(bound(payload)), &mut opened);
        let key = key.map_err(|_| altered())?;
        DataKey::of((&*key).try_into().map_err(|_| altered())?)
    }
}

/// The key of one payload.
pub(super) struct DataKey {
    bytes: Zeroizing<[u8; KEY]>,
    cipher: RandomizedNonceKey,
}

impl DataKey {
    /// A new one.
    pub(super) fn random() -> Result<Self> {
        let mut bytes = Zeroizing::new([0; KEY]);
        rand::fill(bytes.as_mut()).map_err(|_| Error::Crypto)?;
        Self::of(&bytes)
    }

    fn of(bytes: &[u8; KEY]) -> Result<Self> {
        Ok(Self { bytes: Zeroizing::new(*bytes), cipher: cipher(bytes)? })
    }

    /// Seals a chunk: nonce, what is compressed and how, tag.
    pub(super) fn seal(&self, place: Place, chunk: &[u8]) -> Result<Vec<u8>> {
        let most = lz4_flex::block::get_maximum_output_size(chunk.len()).max(chunk.len());
        let mut sealed = vec![0; most.saturating_add(1)];
        let (how, body) = sealed.split_first_mut().ok_or(Error::Crypto)?;
        let length = match lz4_flex::block::compress_into(chunk, body) {
            Ok(length) if length < chunk.len() => {
                *how = LZ4;
                length
            }
            _ => {
                *how = PLAIN;
                body.get_mut(..chunk.len()).ok_or(Error::Crypto)?.copy_from_slice(chunk);
                chunk.len()
            }
        };
        sealed.truncate(length.saturating_add(1));
        let nonce = self.cipher.seal_in_place_append_tag(Aad::from(place.bound()), &mut sealed);
        let nonce = nonce.map_err(|_| Error::Crypto)?;
        sealed.extend_from_slice(nonce.as_ref());
        Ok(sealed)
    }

    /// Opens a chunk.
    pub(super) fn open(&self, place: Place, mut sealed: Vec<u8>) -> Result<Vec<u8>> {
        let altered = || Error::Seal(place.payload);
        let (body, nonce) = sealed.split_last_chunk_mut::<NONCE_LEN>().ok_or_else(altered)?;
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened = self.cipher.open_in_place(nonce, Aad::from(place.bound()), body).map_err(|_| altered())?;
        match opened.split_first() {
            Some((&PLAIN, plain)) => Ok(plain.to_vec()),
            Some((&LZ4, block)) => {
                let mut plain = vec![0; CHUNK];
                let length = lz4_flex::block::decompress_into(block, &mut plain).map_err(|_| altered())?;
                plain.truncate(length);
                Ok(plain)
            }
            _ => Err(altered()),
        }
    }
}

/// Which chunk of which payload.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) payload: PayloadId,
    pub(super) number: u64,
    pub(super) last: bool,
}

impl Place {
    /// What a chunk's seal covers beside its bytes.
    fn bound(self) -> [u8; 25] {
        let mut bound = [0; 25];
        let parts = self.payload.0.as_bytes().iter().copied().chain(self.number.to_be_bytes());
        bound.iter_mut().zip(parts.chain([u8::from(self.last)])).for_each(|(to, from)| *to = from);
        bound
    }
}

/// What a wrapped key's seal covers beside the key.
fn bound(payload: &Sealed) -> Vec<u8> {
    let mut bound = payload.id.0.as_bytes().to_vec();
    bound.extend_from_slice(&payload.length.to_be_bytes());
    bound.extend_from_slice(&payload.sha1);
    bound.extend_from_slice(&payload.sha256);
    bound
}

fn cipher(key: &[u8; KEY]) -> Result<RandomizedNonceKey> {
    RandomizedNonceKey::new(&AES_256_GCM, key).map_err(|_| Error::Crypto)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_opens_in_its_own_place_and_nowhere_else() {
        let (key, other) = (DataKey::random().unwrap(), DataKey::random().unwrap());
        let place = Place { payload: PayloadId::new(), number: 7, last: false };
        for chunk in [&b""[..], b"a", &[0; CHUNK]] {
            let sealed = key.seal(place, chunk).unwrap();
            assert!(key.open(place, sealed.clone()).unwrap() == chunk);
            let elsewhere = [
                Place { payload: PayloadId::new(), ..place },
                Place { number: 8, ..place },
                Place { last: true, ..place },
            ];
            for wrong in elsewhere {
                assert_eq!(key.open(wrong, sealed.clone()).err(), Some(Error::Seal(wrong.payload)), "{wrong:?}");
            }
            assert!(other.open(place, sealed.clone()).is_err());
            assert_ne!(key.seal(place, chunk).unwrap(), sealed, "the nonce is another");
        }
    }

    #[test]
    fn bytes_that_compress_take_less_room_and_others_no_more_than_a_little() {
        let key = DataKey::random().unwrap();
        let place = Place { payload: PayloadId::new(), number: 0, last: true };
        let mut noise = vec![0; CHUNK];
        rand::fill(&mut noise).unwrap();
        assert!(key.seal(place, &[b'~'; CHUNK]).unwrap().len() < CHUNK / 100);
        let overhead = 1 + NONCE_LEN + AES_256_GCM.tag_len();
        assert_eq!(key.seal(place, &noise).unwrap().len(), CHUNK + overhead);
    }
}
