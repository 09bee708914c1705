//! The samples of partners' settings, read to the end: the sections that connectors read are theirs.
#![cfg(feature = "gateway")]

use std::path::Path;

use claimwire::{
    gateway::{
        connect::{core, folder, stream},
        tls,
    },
    partner::{Channel, Partners},
};

#[test]
fn connectors_read_their_sections_of_the_samples() {
    let partners = Partners::load(Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/partners")).expect("partners");
    let mut read = Vec::new();
    for partner in partners.iter() {
        for channel in partner.channels() {
            let name = partner.name();
            match channel {
                Channel::Core => drop(partner.channel::<core::settings::PartnerSettings>(channel).expect(name)),
                Channel::Stream => drop(partner.channel::<stream::PartnerSettings>(channel).expect(name)),
                Channel::Folder => drop(partner.channel::<folder::PartnerSettings>(channel).expect(name)),
                _ => panic!("a channel that this test does not know"),
            }
            read.push((name.to_owned(), channel.name()));
        }
        partner.transport::<tls::ClientSettings>().expect("tls");
    }
    let expected = [
        ("bayside-clinic", "stream"),
        ("bayside-clinic", "folder"),
        ("harbor-health", "core"),
        ("harbor-health", "folder"),
    ];
    assert_eq!(read, expected.map(|(name, channel)| (name.to_owned(), channel)));
}
