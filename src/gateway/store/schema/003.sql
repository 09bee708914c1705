-- A remittance that came again, under another envelope: the one that came first, which its payments count with.
ALTER TABLE remittance ADD COLUMN repeats INTEGER REFERENCES remittance (id);
-- The state of the claim after the event, so that it follows from its events alone.
ALTER TABLE event ADD COLUMN state TEXT;
CREATE INDEX transaction_set_number ON transaction_set (partner, direction, control_number);
