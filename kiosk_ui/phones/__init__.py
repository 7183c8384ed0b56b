"""How phones reach the kiosk: addresses, its announced name, HTTPS, and recording in the page."""
