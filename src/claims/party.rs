//! Who a claim is from, for and about, and the pieces that parties are made of.

use crate::record::{Date, Decimal, Layout, Text, record};

record! {
    /// Who made the file: a provider, a billing service or a clearinghouse.
    pub struct Submitter {
        entity: Text              = "NM102",
        name: Text                = "NM103",
        first_name: Option<Text>  = "NM104",
        middle_name: Option<Text> = "NM105",
        /// The electronic transmitter identification number that the receiver assigned.
        id: Text                  = "NM109",
        contacts: Vec<Contact>    = "PER",
        x12: Layout               = "*",
    }

    /// Who the file is sent to.
    pub struct Receiver {
        name: Text  = "NM103",
        /// The electronic transmitter identification number.
        id: Text    = "NM109",
        x12: Layout = "*",
    }

    /// The provider that bills and, unless it says otherwise, gets paid.
    pub struct BillingProvider {
        entity: Text                         = "2010AA/NM102",
        name: Text                           = "2010AA/NM103",
        first_name: Option<Text>             = "2010AA/NM104",
        middle_name: Option<Text>            = "2010AA/NM105",
        suffix: Option<Text>                 = "2010AA/NM107",
        npi: Option<Text>                    = "2010AA/NM109",
        taxonomy: Option<Text>               = "PRV03",
        /// Employer identification number (`EI`) or Social Security number (`SY`).
        tax_id_kind: Text                    = "2010AA/REF[EI]01",
        tax_id: Text                         = "2010AA/REF[EI]02",
        address: Address                     = "2010AA/.",
        /// License numbers and UPINs; what the payer calls this provider stands with the payer.
        identifiers: Vec<Identifier>         = "2010AA/REF[0B]",
        contacts: Vec<Contact>               = "2010AA/PER",
        /// The currency of all amounts, when it is not the US dollar.
        currency: Option<Text>               = "CUR02",
        pay_to_address: Option<PayToAddress> = "2010AB",
        pay_to_plan: Option<PayToPlan>       = "2010AC",
        x12: Layout                          = "*",
    }

    /// Where payments go when that is not the billing provider's own address.
    pub struct PayToAddress {
        entity: Text     = "NM102",
        address: Address = ".",
        x12: Layout      = "*",
    }

    /// The health plan to be paid instead of the provider, in subrogation demands.
    pub struct PayToPlan {
        name: Text                     = "NM103",
        id_kind: Text                  = "NM108",
        id: Text                       = "NM109",
        tax_id: Text                   = "REF[EI]02",
        address: Address               = ".",
        identifier: Option<Identifier> = "REF[2U]",
        x12: Layout                    = "*",
    }

    /// The insured, and the insured's coverage by the payer that is billed.
    pub struct Subscriber {
        /// Rank of this payer among all that cover the patient: `P` primary, `S` secondary, …
        responsibility: Text                         = "SBR01",
        /// `18` when the subscriber is the patient, otherwise absent.
        relationship: Option<Text>                   = "SBR02",
        group_number: Option<Text>                   = "SBR03",
        group_name: Option<Text>                     = "SBR04",
        /// Why Medicare pays second.
        insurance_type: Option<Text>                 = "SBR05",
        /// The payer's line of business: `MB` Medicare part B, `CI` commercial, …
        filing_indicator: Option<Text>               = "SBR09",
        entity: Text                                 = "2010BA/NM102",
        name: Text                                   = "2010BA/NM103",
        first_name: Option<Text>                     = "2010BA/NM104",
        middle_name: Option<Text>                    = "2010BA/NM105",
        suffix: Option<Text>                         = "2010BA/NM107",
        /// Member number (`MI`) or standard unique health identifier (`II`).
        member_id_kind: Option<Text>                 = "2010BA/NM108",
        member_id: Option<Text>                      = "2010BA/NM109",
        address: Option<Address>                     = "2010BA/.",
        birth_date: Option<Date>                     = "2010BA/DMG02",
        gender: Option<Text>                         = "2010BA/DMG03",
        death_date: Option<Date>                     = "PAT06",
        /// In pounds.
        weight: Option<Decimal>                      = "PAT08",
        pregnant: Option<bool>                       = "PAT09",
        social_security_number: Option<Text>         = "2010BA/REF[SY]02",
        property_casualty_claim_number: Option<Text> = "2010BA/REF[Y4]02",
        contact: Option<Contact>                     = "2010BA/PER",
        x12: Layout                                  = "*",
    }

    /// A patient who is not the subscriber.
    pub struct Patient {
        /// What the patient is to the subscriber: `01` spouse, `19` child, …
        relationship: Text                           = "PAT01",
        last_name: Text                              = "2010CA/NM103",
        first_name: Option<Text>                     = "2010CA/NM104",
        middle_name: Option<Text>                    = "2010CA/NM105",
        suffix: Option<Text>                         = "2010CA/NM107",
        address: Address                             = "2010CA/.",
        birth_date: Option<Date>                     = "2010CA/DMG02",
        gender: Text                                 = "2010CA/DMG03",
        death_date: Option<Date>                     = "PAT06",
        /// In pounds.
        weight: Option<Decimal>                      = "PAT08",
        pregnant: Option<bool>                       = "PAT09",
        /// Member or Social Security number, for property and casualty claims.
        identifier: Option<Identifier>               = "2010CA/REF[1W]",
        property_casualty_claim_number: Option<Text> = "2010CA/REF[Y4]02",
        contact: Option<Contact>                     = "2010CA/PER",
        x12: Layout                                  = "*",
    }

    /// The payer that is billed.
    pub struct Payer {
        name: Text                                    = "NM103",
        /// Payer identification (`PI`) or national plan identifier (`XV`).
        id_kind: Text                                 = "NM108",
        id: Text                                      = "NM109",
        address: Option<Address>                      = ".",
        identifiers: Vec<Identifier>                  = "REF[2U]",
        /// What this payer calls the billing provider.
        billing_provider_identifiers: Vec<Identifier> = "REF[G2]",
        x12: Layout                                   = "*",
    }

    /// A provider with a part in a claim or in one of its lines: rendering, referring,
    /// supervising, attending, …
    pub struct Provider {
        /// Which of the roles that fit the place; only referring providers leave a choice
        /// (`DN` referring, `P3` primary care).
        role: Option<Text>           = "NM101",
        entity: Text                 = "NM102",
        name: Text                   = "NM103",
        first_name: Option<Text>     = "NM104",
        middle_name: Option<Text>    = "NM105",
        suffix: Option<Text>         = "NM107",
        npi: Option<Text>            = "NM109",
        taxonomy: Option<Text>       = "PRV03",
        address: Option<Address>     = ".",
        identifiers: Vec<Identifier> = "REF",
        contact: Option<Contact>     = "PER",
        x12: Layout                  = "*",
    }

    /// The facility or laboratory where the service was given.
    pub struct Facility {
        name: Text                   = "NM103",
        npi: Option<Text>            = "NM109",
        address: Address             = ".",
        identifiers: Vec<Identifier> = "REF",
        contact: Option<Contact>     = "PER",
        x12: Layout                  = "*",
    }

    /// Where an ambulance took the patient up or set the patient down.
    pub struct Location {
        name: Option<Text> = "NM103",
        address: Address   = ".",
        x12: Layout        = "*",
    }

    /// A postal address.
    pub struct Address {
        line1: Text               = "N301",
        line2: Option<Text>       = "N302",
        city: Text                = "N401",
        /// State or province, in the United States and Canada.
        state: Option<Text>       = "N402",
        postal_code: Option<Text> = "N403",
        /// Two letters, outside the United States.
        country: Option<Text>     = "N404",
        /// Region of a country other than the United States and Canada.
        subdivision: Option<Text> = "N407",
    }

    /// Whom to ask, and how to reach them.
    pub struct Contact {
        name: Option<Text>          = "02",
        numbers: Vec<ContactNumber> = "03/2",
    }

    /// One way to reach a contact.
    pub struct ContactNumber {
        /// `TE` telephone, `EX` extension of the number before, `FX` fax, `EM` e-mail, `UR` web.
        kind: Text   = "+0",
        number: Text = "+1",
    }

    /// A further identifier of a party: a license, a number that a payer assigned, …
    pub struct Identifier {
        kind: Text             = "01",
        value: Text            = "02",
        /// The other payer that assigned it; only in the parties of a service line.
        payer_id: Option<Text> = "04-2",
    }
}
