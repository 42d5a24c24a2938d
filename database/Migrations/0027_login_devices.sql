-- Browsers from which a user has logged in, as hashes of a random cookie, beside the networks. A change of the password removes
-- them. Servers of the previous version take them for networks, which no address matches.

ALTER TABLE login_clients ADD COLUMN is_device boolean NOT NULL DEFAULT false;
