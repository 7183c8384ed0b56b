"""Pin factories for gpiozero that it does not bring itself."""
