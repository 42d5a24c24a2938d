-- Servers that an operator drains: they hand their sessions over and take no others. A new run of the server begins undrained.

ALTER TABLE servers ADD COLUMN draining boolean NOT NULL DEFAULT false;
