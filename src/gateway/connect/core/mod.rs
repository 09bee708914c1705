//! CAQH CORE connectivity vC2.2.0.
