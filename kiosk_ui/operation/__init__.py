"""What the maintainer sees of a kiosk that runs: health, figures, the page, the report."""
