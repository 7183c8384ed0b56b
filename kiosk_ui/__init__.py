"""The web part of the squat kiosk: kiosk screen, phone pages, scoring API, job queue and store.

    from kiosk_ui.app import create_app
    app = create_app(WebConfig(), services, face="network")

``python -m kiosk_ui`` runs the whole kiosk.
"""
