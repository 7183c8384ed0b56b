"""``python -m kiosk_ui.coaching.export``: consented keypoints with labels, for training."""

from __future__ import annotations

from pathlib import Path

import click

from kiosk_ui.coaching.exported import bring_in_step, export_folder
from kiosk_ui.maintenance import data_option, opened


@click.command()
@data_option
def main(data_dir: Path | None) -> None:
    """Bring the folder of labelled keypoints in step with what people consent to."""
    with opened(data_dir) as scores:
        found = bring_in_step(scores, add=True)
        click.echo(f"{found.labelled} labelled sets, {found.added} new, {found.removed} removed")
        if found.other_pose_model:
            click.echo(f"{found.other_pose_model} left out: seen by an earlier pose model")
        if found.without_track:
            click.echo(f"{found.without_track} left out: their keypoints are not there")
        click.echo(f"for training: --data {export_folder(scores)}")


if __name__ == "__main__":
    main()
