-- A remittance that came again, under another envelope: the one that came first, which its payments count with.
ALTER TABLE remittance ADD COLUMN repeats INTEGER REFERENCES remittance (id);
